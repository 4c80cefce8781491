//! Events in IOS-XE's own words: log messages, and what `debug crypto ikev2` adds.
//!
//! Only texts that published captures of devices show are made here; an event for which none is
//! known has none, and is told in the daemon's own log.

use crate::print::algorithm;
use crossgate_crypto::{DhGroup, Encr, Integ, Prf};
use crossgate_model::event::{DeleteReason, Event, EventKind, Exchange, Side};
use crossgate_model::operate::DebugTopic;
use std::net::{IpAddr, SocketAddr};

/// The numbers by which IOS names a negotiation: those of the IKE SA's view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers {
    pub session: u32,
    pub sa: u32,
}

/// A log message that an event makes on every router. `identity` is the peer's, where known.
pub fn syslog(event: &Event, identity: Option<&str>) -> Option<String> {
    let state = match event.kind {
        EventKind::IkeEstablished { .. } => "UP. ",
        EventKind::IkeDeleted { reason, .. } if ends_a_session(reason) => "DOWN.",
        _ => return None,
    };
    let peer = event.peer?;
    let identity = identity.map_or_else(|| peer.ip().to_string(), str::to_owned);
    Some(format!(
        "%CRYPTO-5-IKEV2_SESSION_STATUS: Crypto tunnel v2 is {state} Peer {}       Id: {identity}",
        end(peer)
    ))
}

/// An IKE SA that has a successor, or never was established, ends without a message.
fn ends_a_session(reason: DeleteReason) -> bool {
    use DeleteReason::{Failed, Redundant, Rekeyed};
    !matches!(reason, Rekeyed | Redundant | Failed)
}

/// The message about a tunnel interface that has come up or gone down.
pub fn line_protocol(interface: &str, up: bool) -> String {
    let state = if up { "up" } else { "down" };
    format!("%LINEPROTO-5-UPDOWN: Line protocol on Interface {interface}, changed state to {state}")
}

/// What `debug crypto ikev2` of that topic prints of an event.
pub fn debug_lines(event: &Event, topic: DebugTopic, numbers: Option<Numbers>) -> Vec<String> {
    let place = place(numbers);
    let line = |source: &'static str| {
        let place = &place;
        move |text: String| format!("{source}:{place}{text}")
    };
    let errors = || errors(&event.kind).into_iter().map(line("IKEv2-ERROR"));
    let progress = || progress(&event.kind).into_iter().map(line("IKEv2"));
    match topic {
        DebugTopic::IkeError => errors().collect(),
        DebugTopic::Ike => progress()
            .chain(errors())
            .chain(aside(&event.kind))
            .collect(),
        DebugTopic::IkePacket => Vec::new(),
    }
}

/// A message on the wire, for `debug crypto ikev2 packet`.
#[derive(Clone, Debug)]
pub struct Packet<'a> {
    pub sent: bool,
    pub local: SocketAddr,
    pub remote: SocketAddr,
    pub initiator_spi: u64,
    pub responder_spi: u64,
    pub message_id: u32,
    pub exchange: Exchange,
    pub response: bool,
    /// In order, by IOS's names: `SA`, `KE`, `NOTIFY(NAT_DETECTION_SOURCE_IP)`.
    pub payloads: &'a [String],
}

/// A message as `debug crypto ikev2 packet` shows it.
pub fn packet_lines(packet: &Packet<'_>, numbers: Option<Numbers>) -> Vec<String> {
    let (local, remote, place) = (end(packet.local), end(packet.remote), place(numbers));
    let way = match packet.sent {
        true => format!("Sending Packet [To {remote}/From {local}/VRF i0:f0]"),
        false => format!("Received Packet [From {remote}/To {local}/VRF i0:f0]"),
    };
    let kind = if packet.response {
        "RESPONSE"
    } else {
        "REQUEST"
    };
    vec![
        format!("IKEv2:{place}{way} "),
        format!(
            "Initiator SPI : {:016X} - Responder SPI : {:016X} Message id: {}",
            packet.initiator_spi, packet.responder_spi, packet.message_id
        ),
        format!("IKEv2 {} Exchange {kind} ", packet.exchange),
        "Payload contents: ".into(),
        format!(" {} ", packet.payloads.join(" ")),
    ]
}

fn place(numbers: Option<Numbers>) -> String {
    numbers.map_or_else(String::new, |Numbers { session, sa }| {
        format!("(SESSION ID = {session},SA ID = {sa}):")
    })
}

/// `10.0.23.2:500`; IPv6 addresses have no brackets in IOS.
fn end(end: SocketAddr) -> String {
    match end.ip() {
        IpAddr::V4(address) => format!("{address}:{}", end.port()),
        IpAddr::V6(address) => format!("{}:{}", address.to_string().to_uppercase(), end.port()),
    }
}

fn errors(kind: &EventKind) -> Vec<String> {
    let texts = match kind {
        EventKind::NoProposalChosen {
            exchange: Exchange::IkeSaInit,
            refused_by: Side::Us,
            received,
            expected,
        } => return policies(received, expected),
        EventKind::NoProposalChosen {
            exchange: Exchange::IkeSaInit,
            refused_by: Side::Peer,
            ..
        } => &[": Received no proposal chosen notify"],
        EventKind::AuthenticationFailed { .. } => [
            ": Failed to authenticate the IKE SA",
            ": Auth exchange failed",
        ]
        .as_slice(),
        EventKind::AuthMethodMismatch { .. } => &[": Auth exchange failed"],
        EventKind::IdentityUnmatched { .. } => &[": Failed to locate an item in the database"],
        _ => &[],
    };
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// The responder's evidence: both offers, with the sentence run together with them as on a device.
fn policies(received: &str, expected: &str) -> Vec<String> {
    let line = |whose: &str, offer: &str| {
        let policy = proposals(offer);
        format!("{whose} Policies: : Failed to find a matching policy{policy}")
    };
    vec![line("Received", received), line("Expected", expected)]
}

/// `Proposal 1:  ENCRYPTION: AES-CBC-128 PRF: SHA512 …` of an event's notation, in which `/` parts
/// the types of transforms, `,` the alternatives and "or" the proposals. What has no algorithm
/// that IOS has a name for stays as it is.
fn proposals(offer: &str) -> String {
    let numbered = (1..).zip(offer.split(" or "));
    numbered
        .map(|(number, proposal)| format!("Proposal {number}: {}", transforms(proposal)))
        .collect()
}

fn transforms(proposal: &str) -> String {
    let names = || proposal.split(['/', ',']);
    let types = [
        (
            "ENCRYPTION",
            named(names(), &Encr::ALL, Encr::name, algorithm::cipher_and_bits),
        ),
        ("PRF", named(names(), &Prf::ALL, Prf::name, algorithm::prf)),
        (
            "INTEGRITY",
            named(names(), &Integ::ALL, Integ::name, algorithm::integrity),
        ),
        (
            "DH GROUP",
            named(names(), &DhGroup::ALL, DhGroup::name, algorithm::group),
        ),
    ];
    if types.iter().all(|(_, words)| words.is_empty()) {
        return format!(" {proposal}");
    }
    let known = types.iter().filter(|(_, words)| !words.is_empty());
    known
        .map(|(title, words)| format!(" {title}: {}", words.join(" ")))
        .collect()
}

/// Those of the names that are of one type, in IOS's words.
fn named<'a, T: Copy, S: ToString>(
    names: impl Iterator<Item = &'a str>,
    all: &[T],
    name: fn(T) -> &'static str,
    word: fn(T) -> S,
) -> Vec<String> {
    let find = |wanted: &str| all.iter().find(|known| name(**known) == wanted);
    names
        .filter_map(find)
        .map(|known| word(*known).to_string())
        .collect()
}

fn progress(kind: &EventKind) -> Vec<String> {
    let text = match kind {
        EventKind::Retransmitted { .. } => "Retransmitting packet ",
        EventKind::NatDetected {
            local: false,
            remote: false,
        } => "NAT not found",
        EventKind::IkeDeleted { .. } => "Deleting SA",
        _ => return Vec::new(),
    };
    vec![text.to_owned()]
}

/// Lines that IOS prints without numbers.
fn aside(kind: &EventKind) -> Option<String> {
    let unmatched = matches!(kind, EventKind::IdentityUnmatched { .. });
    unmatched.then(|| "IKEv2:% IKEv2 profile not found".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    const NUMBERS: Option<Numbers> = Some(Numbers { session: 89, sa: 1 });

    fn event(kind: EventKind) -> Event {
        Event {
            connection: Some("HQ".into()),
            child: None,
            peer: Some("10.0.23.2:500".parse().expect("an end")),
            ike_spis: None,
            kind,
        }
    }

    /// The one door: an event, and all that IOS would say of it, debug topic by debug topic.
    fn check(kind: EventKind, expected: Expect) {
        let event = event(kind);
        let mut said: Vec<String> = syslog(&event, None).into_iter().collect();
        for topic in [DebugTopic::IkeError, DebugTopic::Ike, DebugTopic::IkePacket] {
            let lines = debug_lines(&event, topic, NUMBERS);
            said.extend(lines.into_iter().map(|line| format!("{topic:?}: {line}")));
        }
        let said: String = said.into_iter().map(|line| line + "\n").collect();
        expected.assert_eq(&said);
    }

    #[test]
    fn sessions_come_up_and_go_down() {
        let suite = "AES-CBC-256/HMAC-SHA256-128/PRF-HMAC-SHA256/MODP-2048".to_owned();
        check(
            EventKind::IkeEstablished { suite, nat: false },
            expect![[r#"
                %CRYPTO-5-IKEV2_SESSION_STATUS: Crypto tunnel v2 is UP.  Peer 10.0.23.2:500       Id: 10.0.23.2
            "#]],
        );
        check(
            EventKind::IkeDeleted {
                by: Side::Us,
                reason: DeleteReason::Rekeyed,
            },
            expect![[r#"
                Ike: IKEv2:(SESSION ID = 89,SA ID = 1):Deleting SA
            "#]],
        );
        check(
            EventKind::IkeDeleted {
                by: Side::Peer,
                reason: DeleteReason::ByPeer,
            },
            expect![[r#"
                %CRYPTO-5-IKEV2_SESSION_STATUS: Crypto tunnel v2 is DOWN. Peer 10.0.23.2:500       Id: 10.0.23.2
                Ike: IKEv2:(SESSION ID = 89,SA ID = 1):Deleting SA
            "#]],
        );
    }

    #[test]
    fn a_session_tells_the_peers_identity_where_it_is_known_and_nothing_without_a_peer() {
        let mut up = event(EventKind::IkeEstablished {
            suite: String::new(),
            nat: false,
        });
        up.peer = Some("[2001:db8::2]:4500".parse().expect("an end"));
        let said = syslog(&up, Some("hq.example.net")).unwrap_or_default();
        expect!["%CRYPTO-5-IKEV2_SESSION_STATUS: Crypto tunnel v2 is UP.  Peer 2001:DB8::2:4500       Id: hq.example.net"].assert_eq(&said);
        up.peer = None;
        assert_eq!(syslog(&up, None), None);
    }

    #[test]
    fn a_responder_shows_both_offers_that_have_nothing_in_common() {
        let refused = |received: &str, expected: &str| EventKind::NoProposalChosen {
            exchange: Exchange::IkeSaInit,
            refused_by: Side::Us,
            received: received.into(),
            expected: expected.into(),
        };
        check(
            refused(
                "AES-CBC-128/HMAC-SHA512-256/PRF-HMAC-SHA512/ECP-384",
                "AES-CBC-256/HMAC-SHA512-256/PRF-HMAC-SHA512/ECP-384",
            ),
            expect![[r#"
                IkeError: IKEv2-ERROR:(SESSION ID = 89,SA ID = 1):Received Policies: : Failed to find a matching policyProposal 1:  ENCRYPTION: AES-CBC-128 PRF: SHA512 INTEGRITY: SHA512 DH GROUP: DH_GROUP_384_ECP/Group 20
                IkeError: IKEv2-ERROR:(SESSION ID = 89,SA ID = 1):Expected Policies: : Failed to find a matching policyProposal 1:  ENCRYPTION: AES-CBC-256 PRF: SHA512 INTEGRITY: SHA512 DH GROUP: DH_GROUP_384_ECP/Group 20
                Ike: IKEv2-ERROR:(SESSION ID = 89,SA ID = 1):Received Policies: : Failed to find a matching policyProposal 1:  ENCRYPTION: AES-CBC-128 PRF: SHA512 INTEGRITY: SHA512 DH GROUP: DH_GROUP_384_ECP/Group 20
                Ike: IKEv2-ERROR:(SESSION ID = 89,SA ID = 1):Expected Policies: : Failed to find a matching policyProposal 1:  ENCRYPTION: AES-CBC-256 PRF: SHA512 INTEGRITY: SHA512 DH GROUP: DH_GROUP_384_ECP/Group 20
            "#]],
        );
        check(
            refused(
                "AES-GCM-256/PRF-HMAC-SHA384,PRF-HMAC-SHA256/ECP-384,X25519 or 3DES-CBC/HMAC-MD5-96/PRF-HMAC-MD5/MODP-1024",
                "nothing",
            ),
            expect![[r#"
                IkeError: IKEv2-ERROR:(SESSION ID = 89,SA ID = 1):Received Policies: : Failed to find a matching policyProposal 1:  ENCRYPTION: AES-GCM-256 PRF: SHA384 SHA256 DH GROUP: DH_GROUP_384_ECP/Group 20 DH_GROUP_X25519/Group 31Proposal 2:  ENCRYPTION: 3DES PRF: MD5 INTEGRITY: MD596 DH GROUP: DH_GROUP_1024_MODP/Group 2
                IkeError: IKEv2-ERROR:(SESSION ID = 89,SA ID = 1):Expected Policies: : Failed to find a matching policyProposal 1:  nothing
                Ike: IKEv2-ERROR:(SESSION ID = 89,SA ID = 1):Received Policies: : Failed to find a matching policyProposal 1:  ENCRYPTION: AES-GCM-256 PRF: SHA384 SHA256 DH GROUP: DH_GROUP_384_ECP/Group 20 DH_GROUP_X25519/Group 31Proposal 2:  ENCRYPTION: 3DES PRF: MD5 INTEGRITY: MD596 DH GROUP: DH_GROUP_1024_MODP/Group 2
                Ike: IKEv2-ERROR:(SESSION ID = 89,SA ID = 1):Expected Policies: : Failed to find a matching policyProposal 1:  nothing
            "#]],
        );
    }

    #[test]
    fn failures_are_told_in_the_words_of_captures() {
        check(
            EventKind::NoProposalChosen {
                exchange: Exchange::IkeSaInit,
                refused_by: Side::Peer,
                received: String::new(),
                expected: String::new(),
            },
            expect![[r#"
                IkeError: IKEv2-ERROR:(SESSION ID = 89,SA ID = 1):: Received no proposal chosen notify
                Ike: IKEv2-ERROR:(SESSION ID = 89,SA ID = 1):: Received no proposal chosen notify
            "#]],
        );
        check(
            EventKind::AuthenticationFailed {
                refused_by: Side::Us,
                method: "pre-shared key".into(),
                identity: "address 10.0.23.2".into(),
            },
            expect![[r#"
                IkeError: IKEv2-ERROR:(SESSION ID = 89,SA ID = 1):: Failed to authenticate the IKE SA
                IkeError: IKEv2-ERROR:(SESSION ID = 89,SA ID = 1):: Auth exchange failed
                Ike: IKEv2-ERROR:(SESSION ID = 89,SA ID = 1):: Failed to authenticate the IKE SA
                Ike: IKEv2-ERROR:(SESSION ID = 89,SA ID = 1):: Auth exchange failed
            "#]],
        );
        let (received, expected) = ("EAP".to_owned(), "pre-shared key".to_owned());
        check(
            EventKind::AuthMethodMismatch { received, expected },
            expect![[r#"
                IkeError: IKEv2-ERROR:(SESSION ID = 89,SA ID = 1):: Auth exchange failed
                Ike: IKEv2-ERROR:(SESSION ID = 89,SA ID = 1):: Auth exchange failed
            "#]],
        );
        check(
            EventKind::IdentityUnmatched {
                received: "fqdn a".into(),
                expected: "fqdn b".into(),
            },
            expect![[r#"
                IkeError: IKEv2-ERROR:(SESSION ID = 89,SA ID = 1):: Failed to locate an item in the database
                Ike: IKEv2-ERROR:(SESSION ID = 89,SA ID = 1):: Failed to locate an item in the database
                Ike: IKEv2:% IKEv2 profile not found
            "#]],
        );
        check(
            EventKind::Retransmitted {
                exchange: Exchange::IkeAuth,
                attempt: 2,
            },
            expect![[r#"
                Ike: IKEv2:(SESSION ID = 89,SA ID = 1):Retransmitting packet 
            "#]],
        );
        check(
            EventKind::NatDetected {
                local: false,
                remote: false,
            },
            expect![[r#"
                Ike: IKEv2:(SESSION ID = 89,SA ID = 1):NAT not found
            "#]],
        );
    }

    #[test]
    fn what_no_capture_shows_is_not_made_up() {
        check(EventKind::PeerUnknown, expect![[r#""#]]);
        check(
            EventKind::NatDetected {
                local: true,
                remote: false,
            },
            expect![[r#""#]],
        );
        check(
            EventKind::TsUnacceptable {
                refused_by: Side::Us,
                received: "10.1.0.0/24".into(),
                expected: "10.2.0.0/24".into(),
            },
            expect![[r#""#]],
        );
    }

    #[test]
    fn lines_without_numbers_have_no_brackets() {
        let event = event(EventKind::AuthMethodMismatch {
            received: String::new(),
            expected: String::new(),
        });
        let lines = debug_lines(&event, DebugTopic::IkeError, None);
        assert_eq!(lines, ["IKEv2-ERROR:: Auth exchange failed"]);
    }

    #[test]
    fn a_tunnel_interface_changes_its_line_protocol() {
        let said = [
            line_protocol("Tunnel46", true),
            line_protocol("Tunnel46", false),
        ];
        expect![[r#"
            %LINEPROTO-5-UPDOWN: Line protocol on Interface Tunnel46, changed state to up
            %LINEPROTO-5-UPDOWN: Line protocol on Interface Tunnel46, changed state to down"#]]
        .assert_eq(&said.join("\n"));
    }

    #[test]
    fn packets_are_shown_with_their_payloads() {
        let payloads = ["SA", "KE", "N", "NOTIFY(NAT_DETECTION_SOURCE_IP)"].map(str::to_owned);
        let mut packet = Packet {
            sent: true,
            local: "203.0.113.10:500".parse().expect("an end"),
            remote: "198.51.100.20:500".parse().expect("an end"),
            initiator_spi: 0x1d41_8169_b24b_f95a,
            responder_spi: 0,
            message_id: 0,
            exchange: Exchange::IkeSaInit,
            response: false,
            payloads: &payloads,
        };
        let mut said = packet_lines(&packet, NUMBERS);
        (packet.sent, packet.response) = (false, true);
        packet.responder_spi = 0xa645_046f_7342_60c6;
        said.extend(packet_lines(&packet, NUMBERS));
        expect![[r#"
            IKEv2:(SESSION ID = 89,SA ID = 1):Sending Packet [To 198.51.100.20:500/From 203.0.113.10:500/VRF i0:f0] 
            Initiator SPI : 1D418169B24BF95A - Responder SPI : 0000000000000000 Message id: 0
            IKEv2 IKE_SA_INIT Exchange REQUEST 
            Payload contents: 
             SA KE N NOTIFY(NAT_DETECTION_SOURCE_IP) 
            IKEv2:(SESSION ID = 89,SA ID = 1):Received Packet [From 198.51.100.20:500/To 203.0.113.10:500/VRF i0:f0] 
            Initiator SPI : 1D418169B24BF95A - Responder SPI : A645046F734260C6 Message id: 0
            IKEv2 IKE_SA_INIT Exchange RESPONSE 
            Payload contents: 
             SA KE N NOTIFY(NAT_DETECTION_SOURCE_IP) "#]].assert_eq(&said.join("\n"));
    }
}
