//! What a router logs of an event, with what `debug crypto ikev2` adds: genuine texts only.

use crate::log;
use crossgate_model::Event;
use crossgate_model::operate::DebugTopic;

pub(super) fn of(event: &Event) -> Vec<String> {
    let said = log::syslog(event, None).into_iter();
    said.chain(log::debug_lines(event, DebugTopic::IkeError, None))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossgate_model::EventKind;
    use crossgate_model::event::{Exchange, Side};

    fn symptoms(kind: EventKind) -> Vec<String> {
        of(&Event {
            connection: None,
            child: None,
            peer: Some("10.0.23.2:500".parse().expect("an end")),
            ike_spis: None,
            kind,
        })
    }

    #[test]
    fn an_event_is_told_in_genuine_texts_or_not_at_all() {
        let differ = EventKind::AuthenticationFailed {
            refused_by: Side::Us,
            method: "pre-shared key".into(),
            identity: "address 10.0.23.2".into(),
        };
        assert_eq!(
            symptoms(differ),
            [
                "IKEv2-ERROR:: Failed to authenticate the IKE SA",
                "IKEv2-ERROR:: Auth exchange failed"
            ]
        );
        let refused = EventKind::NoProposalChosen {
            exchange: Exchange::IkeSaInit,
            refused_by: Side::Peer,
            received: String::new(),
            expected: String::new(),
        };
        assert_eq!(
            symptoms(refused),
            ["IKEv2-ERROR:: Received no proposal chosen notify"]
        );
        assert!(symptoms(EventKind::CookieRequired { by: Side::Us }).is_empty());
    }
}
