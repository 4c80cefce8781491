//! Messages that no engine of ours sends, sealed with an end's real keys.

use crate::door::*;
use crossgate_crypto::SkKeys;
use crossgate_ike::IkeKeys;
use crossgate_wire::ike::{
    Datagram, ExchangeType, Flags, Header, IkeSpi, Payload, build_plain_chain, parse_payloads,
    sk_prefix, skf_prefix,
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

/// Speaks as `who` on the newest IKE SA, from message `id` on. A's engine was its initiator unless
/// said otherwise.
pub struct Forger {
    who: Who,
    keys: IkeKeys,
    initiator: bool,
    rng: ChaCha20Rng,
}

impl Forger {
    pub fn new(world: &World, who: Who) -> Self {
        Self {
            who,
            keys: world.a.keys.last().unwrap().clone(),
            initiator: who == Who::A,
            rng: ChaCha20Rng::seed_from_u64(7),
        }
    }

    fn sealing(&self, by_initiator: bool) -> SkKeys {
        let suite = &self.keys.suite;
        let (encr, integ) = if by_initiator {
            (&self.keys.sk_ei, &self.keys.sk_ai)
        } else {
            (&self.keys.sk_er, &self.keys.sk_ar)
        };
        SkKeys::new(suite.encr, suite.integ, encr, integ).unwrap()
    }

    fn header(&self, exchange: ExchangeType, id: u32, response: bool) -> Header {
        let spi = |value: u64| IkeSpi::from(value);
        let (i, r) = (spi(self.keys.initiator_spi), spi(self.keys.responder_spi));
        Header::new(i, r, exchange, Flags::new(self.initiator, response), id)
    }

    /// A whole message with these payloads.
    pub fn message(
        &mut self,
        exchange: ExchangeType,
        id: u32,
        response: bool,
        payloads: &[Payload],
    ) -> Flight {
        let (first, plain) = build_plain_chain(payloads).unwrap();
        self.octets(exchange, id, response, first, &plain)
    }

    /// A whole message whose content is these octets, whatever they mean.
    pub fn octets(
        &mut self,
        exchange: ExchangeType,
        id: u32,
        response: bool,
        first: crossgate_wire::ike::PayloadType,
        plain: &[u8],
    ) -> Flight {
        let mut keys = self.sealing(self.initiator);
        let header = self.header(exchange, id, response);
        let prefix = sk_prefix(&header, first, keys.sealed_len(plain.len())).unwrap();
        let body = keys.seal(&mut self.rng, &prefix, plain).unwrap();
        self.flight([prefix, body].concat())
    }

    /// One fragment.
    pub fn fragment(
        &mut self,
        exchange: ExchangeType,
        id: u32,
        (number, total): (u16, u16),
        payloads: &[Payload],
    ) -> Flight {
        let (first, plain) = build_plain_chain(payloads).unwrap();
        let mut keys = self.sealing(self.initiator);
        let header = self.header(exchange, id, false);
        let len = keys.sealed_len(plain.len());
        let prefix = skf_prefix(&header, first, number, total, len).unwrap();
        let body = keys.seal(&mut self.rng, &prefix, &plain).unwrap();
        self.flight([prefix, body].concat())
    }

    fn flight(&self, payload: Vec<u8>) -> Flight {
        let end = |who| std::net::SocketAddr::new(address_of(who), 500);
        Flight {
            from: self.who,
            local: end(self.who),
            remote: end(self.who.other()),
            payload,
        }
    }

    /// What is inside a message of the other end.
    pub fn read(&self, flight: &Flight) -> Vec<Payload> {
        let datagram = Datagram::parse(&flight.payload).unwrap();
        let protected = datagram.protected.unwrap();
        let keys = self.sealing(!self.initiator);
        let plain = keys.open(protected.aad, protected.body).unwrap();
        parse_payloads(protected.first, &plain).unwrap()
    }
}
