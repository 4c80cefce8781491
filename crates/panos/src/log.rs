//! Events in PAN-OS's own words: system log messages of the subtype `vpn`, or lines of ikemgr.log,
//! without times.
//!
//! Only texts that published logs show are made here. Each has its sample beside it; an event for
//! which none is known has none. The message about a failed IKE SA goes on with both ends'
//! addresses and SPIs, of which an event has only some: it is told up to there.

use crossgate_model::Event;
use crossgate_model::event::{EventKind, Exchange, Side};

/// The messages that an event makes.
pub fn lines(event: &Event) -> Vec<String> {
    line(&event.kind).into_iter().collect()
}

fn line(kind: &EventKind) -> Option<String> {
    match kind {
        // `IKEv2 child SA negotiation is failed: message lacks KE payload` (published system log)
        EventKind::PfsMismatch {
            refused_by: Side::Us,
            received,
            ..
        } if lacks_group(received) => {
            Some("IKEv2 child SA negotiation is failed: message lacks KE payload".into())
        }
        // `received ID_I (type ipaddr [10.222.191.127]) does not match peers id` (published log)
        EventKind::IdentityUnmatched { received, .. } => {
            let address = received.strip_prefix("address ")?;
            let message =
                format!("received ID_I (type ipaddr [{address}]) does not match peers id");
            Some(message)
        }
        // `IKEv2 IKE SA negotiation is failed as responder, non-rekey. Failed SA:
        // 1.1.1.1[4500]-2.2.2.2[51435] SPI:0239b91635ed0e98:426762ab448185a9.` (published log)
        EventKind::NoProposalChosen {
            exchange: Exchange::IkeSaInit,
            refused_by: Side::Us,
            ..
        } => Some("IKEv2 IKE SA negotiation is failed as responder, non-rekey.".into()),
        // `192.168.20.2[500] - 172.16.20.2[500]:0x7fa610013da0 authentication result: failure`
        // (vendor document, ikemgr.log of the responder)
        EventKind::AuthenticationFailed {
            refused_by: Side::Us,
            ..
        } => Some("authentication result: failure".into()),
        // `IKEv2 IKE SA is down determined by DPD.` (vendor's knowledge base, system log)
        EventKind::PeerDead {
            exchange: Exchange::Informational,
            ..
        } => Some("IKEv2 IKE SA is down determined by DPD.".into()),
        _ => None,
    }
}

/// How engines and judges call the absence of a KE payload.
fn lacks_group(received: &str) -> bool {
    received.starts_with("no ") || received.eq_ignore_ascii_case("none")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(kind: EventKind) -> Vec<String> {
        lines(&Event {
            connection: None,
            child: None,
            peer: None,
            ike_spis: None,
            kind,
        })
    }

    #[test]
    fn a_request_without_ke_is_told_and_one_with_another_group_is_not() {
        let mismatch = |received: &str| EventKind::PfsMismatch {
            refused_by: Side::Us,
            received: received.into(),
            expected: "MODP-2048".into(),
        };
        assert_eq!(
            told(mismatch("no PFS")),
            ["IKEv2 child SA negotiation is failed: message lacks KE payload"]
        );
        assert!(told(mismatch("MODP-1024")).is_empty());
    }

    #[test]
    fn only_a_liveness_check_without_answer_and_a_refusal_of_ours_have_words() {
        let dead = |exchange| {
            let (sent, seconds) = (10, 435);
            told(EventKind::PeerDead {
                exchange,
                sent,
                seconds,
            })
        };
        let down = ["IKEv2 IKE SA is down determined by DPD."];
        assert_eq!(dead(Exchange::Informational), down);
        assert!(dead(Exchange::IkeSaInit).is_empty());
        let failed = |refused_by| {
            told(EventKind::AuthenticationFailed {
                refused_by,
                method: "pre-shared key".into(),
                identity: "address 192.0.2.1".into(),
            })
        };
        assert_eq!(failed(Side::Us), ["authentication result: failure"]);
        assert!(failed(Side::Peer).is_empty());
    }

    #[test]
    fn only_an_address_is_known_to_print_as_a_peers_id() {
        let unmatched = |received: &str| EventKind::IdentityUnmatched {
            received: received.into(),
            expected: "address 192.0.2.1".into(),
        };
        assert_eq!(
            told(unmatched("address 10.222.191.127")),
            ["received ID_I (type ipaddr [10.222.191.127]) does not match peers id"]
        );
        assert!(told(unmatched("fqdn branch.example.net")).is_empty());
    }
}
