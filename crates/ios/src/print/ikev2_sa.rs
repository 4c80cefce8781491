//! `show crypto ikev2 sa`, and the lines that other prints share with it.

use super::{Page, algorithm, end, identity};
use crossgate_model::Connection;
use crossgate_model::operate::Station;
use crossgate_model::view::{ConnectionView, IkeSaView, IkeState, Role};
use std::net::IpAddr;
use std::time::Duration;

/// Requests that either end may have outstanding: the window of RFC 7296 §2.3 that we ask for and
/// keep to.
const WINDOW: u32 = 1;

/// Octets of IPv4 and UDP headers, which IOS takes off the configured size of fragments.
const HEADERS: u16 = 28;

pub fn print(station: &Station<'_>, peer: Option<IpAddr>, detailed: bool) -> String {
    let wanted = |sa: &IkeSaView| peer.is_none_or(|peer| sa.remote.ip() == peer);
    let sas: Vec<_> = station
        .snapshot
        .ike_sas()
        .filter(|(_, sa)| wanted(sa))
        .collect();
    if sas.is_empty() {
        return String::new();
    }
    let mut page = Page::default();
    for (title, v4) in [("IPv4", true), ("IPv6", false)] {
        page.line(format_args!(" {title} Crypto IKEv2  SA "));
        page.blank();
        for (connection, sa) in sas.iter().filter(|(_, sa)| sa.local.is_ipv4() == v4) {
            sa_lines(&mut page, station, connection, sa, detailed);
            page.blank();
        }
    }
    page.0
}

/// One IKE SA with its heading.
pub(super) fn sa_lines(
    page: &mut Page,
    station: &Station<'_>,
    connection: &ConnectionView,
    sa: &IkeSaView,
    detailed: bool,
) {
    heading(page, sa);
    page.line(format_args!("      {}", suite(sa)));
    let (life, active) = (sa.lifetime.as_secs(), active(sa).as_secs());
    page.line(format_args!("      Life/Active Time: {life}/{active} sec"));
    if detailed {
        identifiers(page, sa);
        message_ids(page, sa);
        settings(page, station.gateway.connection(&connection.name), sa);
    }
}

/// An IPv6 address fits no column.
fn heading(page: &mut Page, sa: &IkeSaView) {
    let (id, status) = (sa.id, status(sa.state));
    if sa.local.is_ipv4() {
        let (local, remote) = (end(sa.local), end(sa.remote));
        page.line(format_args!(
            "{:<10}{:<22}{:<22}{:<21}{:<7}",
            "Tunnel-id", "Local", "Remote", "fvrf/ivrf", "Status"
        ));
        page.line(format_args!(
            "{id:<9} {local:<21} {remote:<21} {:<21}{status:<7}",
            "none/none"
        ));
        return;
    }
    page.line("Tunnel-id    fvrf/ivrf              Status");
    page.line(format_args!("{id:<10} {:<21} {status:<7}", "none/none"));
    page.line(format_args!("Local  {}", end(sa.local)));
    page.line(format_args!("Remote  {}", end(sa.remote)));
}

/// A rekey doesn't show: the old SA stays READY until the new one is.
fn status(state: IkeState) -> &'static str {
    match state {
        IkeState::Negotiating => "IN-NEG",
        IkeState::Established | IkeState::Rekeying => "READY",
        IkeState::Deleting => "DELETE",
    }
}

fn suite(sa: &IkeSaView) -> String {
    let algorithms = match &sa.suite {
        Some(suite) => format!(
            "Encr: {}, PRF: {}, Hash: {}, DH Grp:{}",
            algorithm::cipher(suite.encr),
            algorithm::prf(suite.prf),
            suite.integ.map_or("None", algorithm::integrity),
            suite.group.iana_id(),
        ),
        None => "Encr: Unknown - 0, PRF: Unknown - 0, Hash: None, DH Grp:0".into(),
    };
    let sign = sa.suite.map_or(UNKNOWN, |_| method(&sa.local_auth));
    let verified = sa.suite.filter(|_| sa.state != IkeState::Negotiating);
    let verify = verified.map_or(UNKNOWN, |_| method(&sa.remote_auth));
    format!("{algorithms}, Auth sign: {sign}, Auth verify: {verify}")
}

const UNKNOWN: &str = "Unknown - 0";

/// IOS's word for a method of authentication.
fn method(text: &str) -> &'static str {
    let words = [
        ("pre-shared", "PSK"),
        ("psk", "PSK"),
        ("ecdsa", "ECDSA"),
        ("rsa", "RSA"),
        ("eap", "EAP"),
    ];
    let text = text.to_ascii_lowercase();
    let found = words.iter().find(|(part, _)| text.contains(part));
    found.map_or(UNKNOWN, |(_, word)| word)
}

/// An SA under negotiation is not active yet.
fn active(sa: &IkeSaView) -> Duration {
    match sa.state {
        IkeState::Negotiating => Duration::ZERO,
        _ => sa.age,
    }
}

fn identifiers(page: &mut Page, sa: &IkeSaView) {
    let (local, remote) = match sa.role {
        Role::Initiator => (sa.initiator_spi, sa.responder_spi),
        Role::Responder => (sa.responder_spi, sa.initiator_spi),
    };
    page.line(format_args!("      CE id: 0, Session-id: {}", sa.id));
    page.line(format_args!(
        "      Local spi: {local:016X}       Remote spi: {remote:016X}"
    ));
    page.line(format_args!("      Status Description: {}", progress(sa)));
    page.line(format_args!(
        "      Local id: {}",
        identity(&sa.local_identity)
    ));
    if !sa.remote_identity.is_empty() {
        page.line(format_args!(
            "      Remote id: {}",
            identity(&sa.remote_identity)
        ));
    }
}

fn progress(sa: &IkeSaView) -> &'static str {
    match (sa.state, sa.role, sa.suite.is_some()) {
        (IkeState::Established | IkeState::Rekeying, ..) => "Negotiation done",
        (IkeState::Deleting, ..) => "Deleting IKE SA",
        (IkeState::Negotiating, Role::Initiator, false) => "Initiator waiting for INIT response",
        (IkeState::Negotiating, Role::Initiator, true) => "Initiator waiting for AUTH response",
        (IkeState::Negotiating, Role::Responder, _) => "Responder waiting for AUTH message",
    }
}

fn message_ids(page: &mut Page, sa: &IkeSaView) {
    let (local, remote) = (sa.next_request, sa.next_expected);
    let mut pair = |what: &str, local: u32, remote: u32| {
        let (ours, theirs) = (format!("Local {what}:"), format!("Remote {what}:"));
        page.line(format_args!(
            "      {ours:<19}{local:<15}{theirs:<20}{remote:<10}"
        ));
    };
    pair("req msg id", local, remote);
    pair("next msg id", local, remote);
    pair("req queued", local, remote);
    pair("window", WINDOW, WINDOW);
}

fn settings(page: &mut Page, configured: Option<&Connection>, sa: &IkeSaView) {
    let liveness = configured.and_then(|c| c.liveness.as_ref());
    let first_wait = liveness.and_then(|l| l.value.retransmission.waits.first());
    let interval = sa.liveness.unwrap_or_default().as_secs();
    let retry = sa.liveness.and(first_wait).map_or(0, Duration::as_secs);
    let size = configured
        .and_then(|c| c.fragmentation.as_ref())
        .filter(|_| sa.fragmentation);
    page.line(format_args!(
        "      DPD configured for {interval} seconds, retry {retry}"
    ));
    page.line(match sa.fragmentation {
        true => "      IETF Std Fragmentation  enabled.",
        false => "      Fragmentation not  configured.",
    });
    page.line("      Dynamic Route Update: disabled");
    if let Some(size) = size {
        let mtu = size.value.saturating_sub(HEADERS);
        page.line(format_args!(
            "      IETF Std Fragmentation MTU in use: {mtu} bytes."
        ));
    }
    page.line("      Extended Authentication not configured.");
    page.line(format_args!("      NAT-T is {}", translation(sa)));
    page.line("      Cisco Trust Security SGT is disabled");
    let initiator = if sa.role == Role::Initiator {
        "Yes"
    } else {
        "No"
    };
    page.line(format_args!("      Initiator of SA : {initiator}"));
}

/// On which side of the WAN addresses are translated: ours is inside.
fn translation(sa: &IkeSaView) -> &'static str {
    match (sa.nat_local, sa.nat_remote) {
        (false, false) => "not detected  ",
        (true, false) => "detected  inside",
        (false, true) => "detected  outside",
        (true, true) => "detected  inside outside",
    }
}
