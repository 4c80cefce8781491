//! Events in PAN-OS's own words: system log messages of the subtype `vpn`, without times.
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
