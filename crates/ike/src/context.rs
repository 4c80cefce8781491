//! What every part of the engine works with: the time, randomness, the configuration, and the
//! queues of what is to be done.

use crate::book::Book;
use crate::effect::Effect;
use crate::output::Output;
use crate::rate::RateLimit;
use crate::sa::Peering;
use crossgate_crypto::{CryptoError, CryptoRng, DhGroup, DhKeyPair, Double, Secret};
use crossgate_model::{Event, EventKind, Gateway, Path, Time, spi};
use crossgate_wire::ike::IkeSpi;
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

pub(crate) struct Context {
    pub gateway: Arc<Gateway>,
    pub now: Time,
    pub rng: Box<dyn CryptoRng + Send>,
    /// In place of Diffie-Hellman, in a simulation that asks for it.
    pub double: Option<Arc<dyn Double>>,
    pub outputs: VecDeque<Output>,
    pub effects: VecDeque<Effect>,
    pub counters: BTreeMap<&'static str, u64>,
    pub book: Book,
    /// Whose inbound SPIs say a worker, by the configured Child's name: a worker for each resource
    /// that it has SAs for.
    pub workers: BTreeMap<String, Vec<u8>>,
    /// Unprotected answers and events that anybody can cause.
    pub unknown: RateLimit,
    last_ike_id: u32,
    last_child_id: u32,
    #[cfg(feature = "planted-faults")]
    pub fault: Option<crate::fault::Fault>,
}

impl Context {
    pub fn new(gateway: Arc<Gateway>, rng: Box<dyn CryptoRng + Send>) -> Self {
        Self {
            gateway,
            now: Time::START,
            rng,
            double: None,
            outputs: VecDeque::new(),
            effects: VecDeque::new(),
            counters: BTreeMap::new(),
            book: Book::default(),
            workers: BTreeMap::new(),
            unknown: RateLimit::new(crate::limits::UNKNOWN_PER_SECOND),
            last_ike_id: 0,
            last_child_id: 0,
            #[cfg(feature = "planted-faults")]
            fault: None,
        }
    }

    pub fn count(&mut self, name: &'static str) {
        *self.counters.entry(name).or_default() += 1;
    }

    pub fn next_ike_id(&mut self) -> u32 {
        self.last_ike_id = self.last_ike_id.wrapping_add(1);
        self.last_ike_id
    }

    pub fn next_child_id(&mut self) -> u32 {
        self.last_child_id = self.last_child_id.wrapping_add(1);
        self.last_child_id
    }

    pub fn random<const N: usize>(&mut self) -> [u8; N] {
        let mut octets = [0; N];
        self.rng.fill_bytes(&mut octets);
        octets
    }

    pub fn nonce(&mut self) -> Vec<u8> {
        self.random::<{ crate::limits::NONCE_LEN }>().to_vec()
    }

    pub fn secret(&mut self, len: usize) -> Secret {
        Secret::random(len, &mut *self.rng)
    }

    pub fn key_pair(&mut self, group: DhGroup) -> Result<DhKeyPair, CryptoError> {
        match &self.double {
            None => DhKeyPair::generate(group, &mut *self.rng),
            Some(double) => Ok(DhKeyPair::doubled(group, &mut *self.rng, double.clone())),
        }
    }

    /// A key pair for the peer's value, and what it agrees on with that.
    pub fn agree(
        &mut self,
        group: DhGroup,
        peer: &[u8],
    ) -> Result<(DhKeyPair, Secret), CryptoError> {
        if self.double.is_none() {
            return DhKeyPair::answer(group, peer, &mut *self.rng);
        }
        let pair = self.key_pair(group)?;
        let shared = pair.agree(peer)?;
        Ok((pair, shared))
    }

    /// A random share of `most`.
    pub fn jitter(&mut self, most: Duration) -> Duration {
        let draw = u32::from(u16::from_be_bytes(self.random()));
        most * draw / 65_536
    }

    /// An SPI of our own for an IKE SA: random, not zero, not in use.
    pub fn ike_spi(&mut self) -> IkeSpi {
        loop {
            let spi = IkeSpi(self.random());
            if !spi.is_zero() && !self.book.knows_ike(spi) {
                return spi;
            }
        }
    }

    /// An inbound SPI for an SA of that Child; 0 to 255 are reserved (RFC 4303 §2.1).
    pub fn esp_spi(&mut self, child: &str, resource: u8) -> u32 {
        let workers = self.workers.get(child);
        let worker = workers.and_then(|workers| workers.get(usize::from(resource)).copied());
        loop {
            let spi = u32::from_be_bytes(self.random());
            let spi = worker.map_or(spi, |worker| spi::for_worker(spi, worker));
            if spi > u32::from(u8::MAX) && !self.book.reserve(spi) {
                return spi;
            }
        }
    }

    /// The resources beside 0 that a Child may have SAs for (RFC 9611), by their numbers.
    pub fn resources(&self, child: &str) -> std::ops::Range<u8> {
        let workers = self.workers.get(child).map_or(1, Vec::len);
        1..u8::try_from(workers).unwrap_or(u8::MAX)
    }

    pub fn transmit(&mut self, ends: Ends, payload: Vec<u8>) {
        self.outputs.push_back(Output::Transmit {
            local: ends.local,
            remote: ends.remote,
            payload,
        });
    }

    pub fn transmit_all(&mut self, ends: Ends, datagrams: &[Vec<u8>]) {
        for datagram in datagrams {
            self.transmit(ends, datagram.clone());
        }
    }

    pub fn remove_child(&mut self, spi_in: u32) {
        self.book.forget(spi_in);
        self.outputs.push_back(Output::RemoveChild { spi_in });
    }

    pub fn move_child(&mut self, spi_in: u32, path: Path) {
        self.outputs.push_back(Output::MoveChild { spi_in, path });
    }

    /// When an SA that the peer has replaced is deleted, should the peer not do so. Not before the
    /// peer can have missed our answer for good: while it asks again it still uses the old SA.
    pub fn replaced_until(&self) -> Time {
        let repeats = self.gateway.behaviour.retransmission.value.total();
        self.now + repeats + crate::limits::REPLACED_GRACE
    }

    /// Tells of what concerns an IKE SA, or one Child of it.
    pub fn event(&mut self, peering: &Peering, child: Option<&str>, kind: EventKind) {
        self.count(kind.code());
        self.outputs.push_back(Output::Event(Event {
            connection: Some(peering.config.name.value.clone()),
            child: child.map(str::to_owned),
            peer: Some(peering.ends.remote),
            ike_spis: Some((peering.spi_i.into(), peering.spi_r.into())),
            kind,
        }));
    }

    /// Tells of what belongs to no IKE SA.
    pub fn event_without_sa(
        &mut self,
        connection: Option<&str>,
        peer: Option<SocketAddr>,
        kind: EventKind,
    ) {
        self.count(kind.code());
        self.outputs.push_back(Output::Event(Event {
            connection: connection.map(str::to_owned),
            child: None,
            peer,
            ike_spis: None,
            kind,
        }));
    }

    /// Our own side failed where nothing should.
    pub fn internal(&mut self, peering: &Peering, failure: crate::error::Failure) {
        self.count("internal-failure");
        let reason = format!("our own failure: {failure}");
        self.event(
            peering,
            None,
            EventKind::MessageRejected {
                exchange: None,
                reason,
            },
        );
    }
}

/// Both outer addresses with their ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ends {
    pub local: SocketAddr,
    pub remote: SocketAddr,
}
