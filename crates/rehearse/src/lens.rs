//! Looks inside protected IKE messages: the world knows the keys of both ends.

use crate::trace::{Content, IkeMessage};
use crossgate_crypto::SkKeys;
use crossgate_ike::IkeKeys;
use crossgate_wire::ike::{Datagram, NON_ESP_MARKER, Payload, Protection, parse_payloads};
use std::collections::BTreeMap;

/// Keys of every IKE SA that was ever made, for whoever sent: initiator's, responder's.
#[derive(Default)]
pub(crate) struct Lens {
    keys: BTreeMap<(u64, u64), [SkKeys; 2]>,
}

impl Lens {
    pub fn learn(&mut self, keys: &IkeKeys) {
        let suite = &keys.suite;
        let of =
            |encryption, integrity| SkKeys::new(suite.encr, suite.integ, encryption, integrity);
        let pair = (of(&keys.sk_ei, &keys.sk_ai), of(&keys.sk_er, &keys.sk_ar));
        if let (Ok(initiator), Ok(responder)) = pair {
            let spis = (keys.initiator_spi, keys.responder_spi);
            self.keys.insert(spis, [initiator, responder]);
        }
    }

    /// Fills in what the message's payloads are.
    pub fn look(&self, payload: &[u8], content: &mut Content) {
        let Content::Ike(message) = content else {
            return;
        };
        let octets = payload.strip_prefix(&NON_ESP_MARKER).unwrap_or(payload);
        if let Ok(datagram) = Datagram::parse(octets) {
            self.read(&datagram, message);
        }
    }

    fn read(&self, datagram: &Datagram<'_>, message: &mut IkeMessage) {
        message.payloads = datagram.payloads.iter().map(name).collect();
        let Some(protected) = datagram.protected else {
            return;
        };
        if let Protection::Fragment { number, total } = protected.protection {
            message.fragment = Some((number, total));
            return;
        }
        let header = datagram.header;
        let spis = (header.initiator_spi.into(), header.responder_spi.into());
        let sender = usize::from(!header.flags.initiator());
        let keys = self.keys.get(&spis).and_then(|keys| keys.get(sender));
        let content = keys.and_then(|keys| keys.open(protected.aad, protected.body).ok());
        let inside = content.and_then(|content| parse_payloads(protected.first, &content).ok());
        match inside {
            Some(inside) => message.payloads.extend(inside.iter().map(name)),
            None => message.payloads.push("SK".into()),
        }
    }
}

/// As in the RFC's figures: `SA`, `N(REKEY_SA)`.
fn name(payload: &Payload) -> String {
    match payload {
        Payload::Notify(notify) => format!("N({})", notify.kind),
        other => other.kind().to_string(),
    }
}
