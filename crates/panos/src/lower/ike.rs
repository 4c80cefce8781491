//! IKE gateways as connections.

use super::profile::{self, IkeProfile};
use super::tunnel::ChildrenOf;
use super::{Scope, certificate, identity};
use crate::behaviour;
use crate::tree::At;
use crossgate_crypto::Secret;
use crossgate_diag::{Certainty, Finding, Spanned};
use crossgate_model::behaviour::Liveness;
use crossgate_model::{
    Auth, Connection, IkeVersion, Initiation, LocalEnd, Nat, PostQuantum, PresharedKey, RemoteEnd,
};
use std::net::IpAddr;
use std::time::Duration;

/// Seconds between liveness probes where `interval` isn't said (schema).
const DPD_INTERVAL: u64 = 5;
/// Seconds between NAT keepalives (schema).
const NAT_KEEPALIVE: u64 = 20;
/// Octets of an IKE fragment: "the maximum fragmented packet size is 576 bytes" in the vendor's
/// words.
const FRAGMENT: u16 = 576;
/// How exported keys begin that are encrypted with the device's master key.
const ENCRYPTED_KEY: &str = "-AQ==";
const KEY_LENGTH_MAX: usize = 255;

pub fn connections(scope: &mut Scope<'_>, mut children: ChildrenOf) -> Vec<Connection> {
    let gateways: Vec<At<'_>> = scope.device.below(&["network", "ike", "gateway"]).collect();
    let mut connections = Vec::new();
    for gateway in gateways {
        let children = children.remove(gateway.word()).unwrap_or_default();
        connections.push(Connection {
            children,
            ..connection(scope, gateway)
        });
    }
    connections
}

fn connection<'t>(scope: &mut Scope<'t>, gateway: At<'t>) -> Connection {
    let known_remote = remote_end(scope, gateway);
    let knows_peer = known_remote.is_some();
    let remote = known_remote.unwrap_or(RemoteEnd::Any);
    let local = local_end(scope, gateway, remote.address());
    let address = local.address.as_ref().map(|a| a.value);
    let auth = authentication(scope, gateway);
    let profile = profile::ike(scope, gateway);
    let version = version(scope, gateway);
    let speaks_ikev2 = version.value != IkeVersion::V1;
    let can_work = speaks_ikev2 && knows_peer && profile.is_some() && is_stated(&auth);
    tell_what_is_ignored(scope, gateway);
    let (proposals, lifetime) = match profile {
        Some(IkeProfile { proposal, lifetime }) => (vec![proposal], lifetime),
        None => (
            Vec::new(),
            Spanned::default_of(Duration::from_secs(8 * 3600)),
        ),
    };
    Connection {
        name: gateway.name(),
        version,
        certificates: certificate::used_by(scope, gateway),
        post_quantum: post_quantum(scope, gateway),
        proposals,
        lifetime,
        local_identity: identity::local(scope, gateway, address),
        remote_identities: identity::remote(scope, gateway, remote.address()),
        local_auth: auth.clone(),
        remote_auth: auth,
        liveness: liveness(gateway),
        nat: nat(gateway),
        fragmentation: fragmentation(gateway),
        initiation: initiation(gateway, &remote),
        enabled: enabled(gateway, can_work),
        local,
        remote,
        children: Vec::new(),
    }
}

/// `disabled yes`, or something without which the gateway can't work (told elsewhere).
pub fn enabled(at: At<'_>, can_work: bool) -> Spanned<bool> {
    match at.flag(&["disabled"]) {
        Some(disabled) if disabled.value => disabled.map(|_| false),
        _ => Spanned::default_of(can_work),
    }
}

/// The schema's default is IKEv1, so a gateway has to say that it speaks IKEv2.
fn version(scope: &mut Scope<'_>, gateway: At<'_>) -> Spanned<IkeVersion> {
    let version = gateway.value(&["protocol", "version"]);
    let speaks = match version.map(At::word) {
        Some("ikev2") => IkeVersion::V2,
        Some("ikev2-preferred") => {
            let title = "this gateway may fall back to IKEv1, which this program doesn't speak";
            let warning = Finding::warning("ikev2-preferred", title)
                .at(version.and_then(At::span), "taken as `ikev2`")
                .help("say `version ikev2` if the peer speaks it");
            scope.tell(warning);
            IkeVersion::V2Preferred
        }
        _ => {
            let place = version.unwrap_or(gateway).span();
            let label = match version {
                Some(_) => "never brought up",
                None => "no `protocol version` here, and `ikev1` is the default",
            };
            let title = format!("the gateway `{}` speaks IKEv1 only", gateway.shown());
            let error = Finding::error("not-obeyed", title)
                .at(place, label)
                .certain(Certainty::Doc)
                .help("say `protocol version ikev2`");
            scope.tell(error);
            IkeVersion::V1
        }
    };
    match version {
        Some(at) => at.spanned(speaks),
        None => Spanned::default_of(speaks),
    }
}

fn local_end(scope: &mut Scope<'_>, gateway: At<'_>, remote: Option<IpAddr>) -> LocalEnd {
    let interface = gateway.value(&["local-address", "interface"]);
    if let Some(interface) = interface {
        scope.expect_interface(interface);
    }
    let stated = gateway
        .value(&["local-address", "ip"])
        .or_else(|| gateway.value(&["local-address", "floating-ip"]));
    let address = match stated {
        Some(stated) => stated_address(scope, stated, interface),
        None => first_address(scope, interface, remote),
    };
    LocalEnd {
        interface: interface.map(At::name),
        address,
    }
}

fn stated_address(
    scope: &mut Scope<'_>,
    stated: At<'_>,
    interface: Option<At<'_>>,
) -> Option<Spanned<IpAddr>> {
    let Some(address) = scope.book.address(stated) else {
        scope.tell_no_address(stated, "expected an address of the interface");
        return None;
    };
    let known = interface.and_then(|at| scope.interface(at.word()));
    let has = |known: &crossgate_model::Interface| {
        let mut own = known.addresses.iter();
        known.addresses.is_empty() || own.any(|net| net.addr() == address.value)
    };
    if let Some(known) = known.filter(|known| !has(known)) {
        let title = format!("{} is no address of `{}`", address.value, known.name.value);
        let error = Finding::error("address-not-on-interface", title)
            .at(stated.span(), "stated here")
            .beside(
                known.addresses.first().and_then(|a| a.span),
                "the interface has this",
            );
        scope.tell(error);
    }
    Some(address)
}

/// The interface's first address, of the peer's family where that is known.
fn first_address(
    scope: &Scope<'_>,
    interface: Option<At<'_>>,
    remote: Option<IpAddr>,
) -> Option<Spanned<IpAddr>> {
    let interface = scope.interface(interface?.word())?;
    let mut own = interface.addresses.iter();
    let fits = |net: &&Spanned<ipnet::IpNet>| {
        remote.is_none_or(|remote| remote.is_ipv4() == net.addr().is_ipv4())
    };
    own.find(fits).map(|net| net.map(|net| net.addr()))
}

/// `None` (and told) where an address is meant and none can be read: it must not become any peer.
fn remote_end(scope: &mut Scope<'_>, gateway: At<'_>) -> Option<RemoteEnd> {
    let peer = gateway.get("peer-address");
    if let Some(ip) = peer.and_then(|peer| peer.value(&["ip"])) {
        let address = scope.book.address(ip);
        if address.is_none() {
            scope.tell_no_address(ip, "expected the peer's address");
        }
        return address.map(RemoteEnd::Address);
    }
    if let Some(name) = peer.and_then(|peer| peer.value(&["fqdn"])) {
        return Some(RemoteEnd::Name(name.name()));
    }
    if peer.and_then(|peer| peer.get("dynamic")).is_none() {
        let title = format!("the gateway `{}` has no peer address", gateway.shown());
        let warning = Finding::warning("missing-value", title).at(
            gateway.span(),
            "taken as `peer-address dynamic`: it waits for the peer",
        );
        scope.tell(warning);
    }
    Some(RemoteEnd::Any)
}

fn authentication(scope: &mut Scope<'_>, gateway: At<'_>) -> Spanned<Auth> {
    let section = gateway.get("authentication");
    if let Some(certificate) = section.and_then(|section| section.get("certificate")) {
        let error = Finding::error(
            "only-judged",
            "authentication by certificate is not done here",
        )
        .at(certificate.span(), "only a `pre-shared-key` is");
        scope.tell(error);
        return certificate.spanned(Auth::DigitalSignature);
    }
    let key = section.and_then(|section| section.value(&["pre-shared-key", "key"]));
    let Some(key) = key else {
        let title = format!("the gateway `{}` has no pre-shared key", gateway.shown());
        let error = Finding::error("key-missing", title);
        scope.tell(error.at(
            section.unwrap_or(gateway).span(),
            "expected a `pre-shared-key key`",
        ));
        return gateway.spanned(Auth::Psk(PresharedKey::Missing));
    };
    key.spanned(Auth::Psk(preshared_key(scope, key)))
}

fn preshared_key(scope: &mut Scope<'_>, key: At<'_>) -> PresharedKey {
    if key.word().starts_with(ENCRYPTED_KEY) {
        let title = "this pre-shared key is encrypted with the device's master key";
        let warning = Finding::warning("key-not-comparable", title)
            .at(key.span(), "it can't be used or compared")
            .help("write the key itself here");
        scope.tell(warning);
        return PresharedKey::Encrypted;
    }
    let length = key.word().chars().count();
    if length > KEY_LENGTH_MAX {
        let title = format!("this pre-shared key has {length} characters");
        let error = Finding::error("out-of-range", title).certain(Certainty::Doc);
        scope.tell(error.at(key.span(), format!("expected {KEY_LENGTH_MAX} at most")));
    }
    PresharedKey::Known(Secret::from(key.word().to_owned()))
}

/// An encrypted key is one, and so is a certificate, although none of ours: whoever needs it says so.
fn is_stated(auth: &Auth) -> bool {
    !matches!(auth, Auth::Psk(PresharedKey::Missing))
}

/// On if said, or if an interval is.
fn liveness(gateway: At<'_>) -> Option<Spanned<Liveness>> {
    let dpd = gateway.path(&["protocol", "ikev2", "dpd"])?;
    let enable = dpd.flag(&["enable"]);
    let interval = dpd.number::<u64>(&["interval"]);
    let on = enable
        .as_ref()
        .map_or(interval.is_some(), |enable| enable.value);
    let span = interval.as_ref().and_then(|i| i.span);
    on.then(|| Spanned {
        span: span.or(enable.and_then(|enable| enable.span)),
        value: Liveness {
            interval: Duration::from_secs(interval.map_or(DPD_INTERVAL, |i| i.value)),
            on_demand: false,
            retransmission: behaviour::liveness_retransmission().value,
        },
    })
}

fn nat(gateway: At<'_>) -> Nat {
    let common = ["protocol-common", "nat-traversal"];
    let section = gateway.path(&common);
    let enabled = section.and_then(|nat| nat.flag(&["enable"]));
    let keepalive = section.and_then(|nat| nat.number::<u64>(&["keep-alive-interval"]));
    Nat {
        enabled: enabled.unwrap_or(Spanned::default_of(false)),
        force_encapsulation: Spanned::default_of(false),
        agrees_on_udp: false,
        keepalive: keepalive
            .unwrap_or(Spanned::default_of(NAT_KEEPALIVE))
            .map(Duration::from_secs),
    }
}

fn fragmentation(gateway: At<'_>) -> Option<Spanned<u16>> {
    let enable = gateway.flag(&["protocol-common", "fragmentation", "enable"])?;
    enable.value.then(|| enable.map(|_| FRAGMENT))
}

fn initiation(gateway: At<'_>, remote: &RemoteEnd) -> Spanned<Initiation> {
    match gateway.flag(&["protocol-common", "passive-mode"]) {
        Some(passive) if passive.value => passive.map(|_| Initiation::Never),
        _ if *remote == RemoteEnd::Any => Spanned::default_of(Initiation::Never),
        _ => Spanned::default_of(Initiation::OnTraffic),
    }
}

/// PPKs (RFC 8784), or key exchanges with ML-KEM (RFC 9370): judged, and never negotiated here.
fn post_quantum(scope: &mut Scope<'_>, gateway: At<'_>) -> Option<Spanned<PostQuantum>> {
    let kinds = [
        (["pq-kem", "enable"], PostQuantum::MlKem),
        (["pq-ppk", "enabled"], PostQuantum::Ppk),
    ];
    let mut said = kinds.into_iter().filter_map(|([element, flag], kind)| {
        let flag = gateway.flag(&["protocol", "ikev2", element, flag])?;
        flag.value.then(|| (element, flag.map(|_| kind)))
    });
    let (element, kind) = said.next()?;
    let title = format!("`{element}` is not obeyed");
    let warning = Finding::warning("not-obeyed", title);
    scope.tell(warning.at(kind.span, "negotiated without it"));
    Some(kind)
}

fn tell_what_is_ignored(scope: &mut Scope<'_>, gateway: At<'_>) {
    if let Some(retry) = gateway.value(&["protocol", "ikev2", "dpd", "retry"]) {
        let warning = Finding::warning("not-obeyed", "IKEv2 liveness has no `retry`")
            .at(retry.span(), "not obeyed")
            .noted("an unanswered probe is sent again for 7 min 15 s, whatever is said here")
            .certain(Certainty::Doc)
            .help("leave it out");
        scope.tell(warning);
    }
    let required = gateway.is_yes(&["protocol", "ikev2", "require-cookie"]);
    if required && super::cookies_always(scope.device).is_none() {
        let place = gateway.value(&["protocol", "ikev2", "require-cookie"]);
        let note = Finding::note("not-obeyed", "`require-cookie` is not obeyed by gateway").at(
            place.and_then(At::span),
            "cookies are asked for under load only, unless every gateway requires them",
        );
        scope.tell(note);
    }
}
