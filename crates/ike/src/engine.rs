//! The engine: all connections of a gateway, both roles.
//!
//! Sans-IO: the caller hands in commands, datagrams and the time, then takes the outputs, then
//! sleeps until the deadline. The same inputs and the same random numbers give the same outputs.

mod demux;
mod drive;
mod effects;
mod operate;
mod reconfigure;
pub(crate) mod registry;

use crate::connection::Watched;
use crate::context::{Context, Ends};
use crate::cookie::CookieJar;
use crate::output::{Datagram, Deadline, Output, TimerName};
use crate::sa::IkeSa;
use crate::view;
use crossgate_crypto::{CryptoRng, Double};
use crossgate_model::event::DeleteReason;
use crossgate_model::operate::{Operation, Outcome};
use crossgate_model::view::ConnectionView;
use crossgate_model::{Gateway, Time};
use registry::Registry;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

/// IKEv2 for one gateway.
pub struct Engine {
    pub(crate) cx: Context,
    connections: Vec<Watched>,
    /// Their indexes, by name.
    by_name: BTreeMap<String, usize>,
    sas: Registry,
    jar: CookieJar,
    /// When each connection, by index, is to be looked at again: its [`Watched::next`].
    retries: BTreeSet<(Time, usize)>,
    /// Connections, by index, to be looked at before the call ends.
    dirty: BTreeSet<usize>,
    stopping: bool,
}

/// The whole state but for its randomness: two engines that print the same will do the same with the
/// same inputs and draws. Secrets print as their lengths.
impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("connections", &self.connections)
            .field("sas", &self.sas)
            .field("book", &self.cx.book)
            .field("stopping", &self.stopping)
            .finish_non_exhaustive()
    }
}

/// Commands.
impl Engine {
    pub fn new(gateway: Arc<Gateway>, rng: Box<dyn CryptoRng + Send>) -> Self {
        let connections = gateway.connections.iter().cloned().map(Arc::new);
        let connections: Vec<Watched> = connections.map(Watched::new).collect();
        Self {
            by_name: by_name(&connections),
            connections,
            cx: Context::new(gateway, rng),
            sas: Registry::default(),
            jar: CookieJar::default(),
            retries: BTreeSet::new(),
            dirty: BTreeSet::new(),
            stopping: false,
        }
    }

    /// An engine for a simulation: what `double` computes stands for Diffie-Hellman.
    pub fn doubled(
        gateway: Arc<Gateway>,
        rng: Box<dyn CryptoRng + Send>,
        double: Arc<dyn Double>,
    ) -> Self {
        let mut engine = Self::new(gateway, rng);
        engine.cx.double = Some(double);
        engine
    }

    /// Begins what the configuration wants at start.
    pub fn start(&mut self, now: Time) {
        self.advance(now);
        for index in 0..self.connections.len() {
            self.begin_watching(index);
        }
        self.settle();
    }

    /// From now on inbound SPIs of these configured Children say which worker opens their packets
    /// ([`crossgate_model::spi`]); those of others are random as a whole.
    ///
    /// A Child with several workers gets an SA for each, where the peer takes that (RFC 9611): the
    /// first worker's is the one that all may use.
    pub fn set_workers(&mut self, workers: BTreeMap<String, Vec<u8>>) {
        self.cx.workers = workers;
    }

    /// A packet wants this configured Child.
    pub fn acquire(&mut self, now: Time, child: &str) {
        self.advance(now);
        let known = self
            .connections
            .iter()
            .position(|watched| watched.child(child).is_some());
        let watched = known.and_then(|index| Some((index, self.connections.get_mut(index)?)));
        let book = &self.cx.book;
        match watched.map(|(index, watched)| (index, watched.acquire(child, book))) {
            Some((index, true)) => {
                self.dirty.insert(index);
            }
            _ => self.cx.count("acquire-not-started"),
        }
        self.settle();
    }

    pub fn operate(&mut self, now: Time, operation: &Operation) -> Outcome {
        self.advance(now);
        let outcome = self.carry_out(operation);
        self.settle();
        outcome
    }

    /// A new configuration: tunnels that the change doesn't concern stay.
    pub fn reconfigure(&mut self, now: Time, gateway: Arc<Gateway>) {
        self.advance(now);
        self.adopt(gateway);
        self.settle();
    }

    /// Deletes all SAs with their peers; [`Engine::is_quiet`] says when that is done.
    pub fn shutdown(&mut self, now: Time) {
        self.advance(now);
        self.stopping = true;
        for id in self.sas.ids() {
            self.delete_ike(id, DeleteReason::Shutdown);
        }
        self.settle();
    }

    /// Authentic ESP came in.
    pub fn traffic_seen(&mut self, now: Time, spi_in: u32) {
        self.advance(now);
        self.heed_traffic(spi_in, |sa, cx| sa.traffic_seen(cx, spi_in));
    }

    /// ESP went out.
    pub fn traffic_sent(&mut self, now: Time, spi_in: u32) {
        self.advance(now);
        self.heed_traffic(spi_in, |sa, cx| sa.traffic_sent(cx, spi_in));
    }

    /// The data plane carried enough kilobytes: a rekey is due.
    pub fn soft_expired(&mut self, now: Time, spi_in: u32) {
        self.advance(now);
        self.with_child(spi_in, |sa, cx| sa.child_soft_expired(cx, spi_in));
    }

    /// The data plane carries no more through it.
    pub fn hard_expired(&mut self, now: Time, spi_in: u32) {
        self.advance(now);
        let expired = DeleteReason::Expired;
        self.with_child(spi_in, |sa, cx| {
            sa.delete_children(cx, vec![spi_in], expired)
        });
    }

    /// Authentic ESP in UDP came from a new address or port.
    pub fn peer_moved(&mut self, now: Time, spi_in: u32, local: SocketAddr, remote: SocketAddr) {
        self.advance(now);
        self.with_child(spi_in, |sa, cx| sa.follow_peer(cx, Ends { local, remote }));
    }
}

/// Input.
impl Engine {
    pub fn handle(&mut self, now: Time, datagram: Datagram<'_>) {
        self.advance(now);
        let ends = Ends {
            local: datagram.local,
            remote: datagram.remote,
        };
        self.receive(datagram.payload, ends);
        self.settle();
    }

    /// Does what is due; what becomes due by that is the next call's.
    pub fn handle_timeout(&mut self, now: Time) {
        self.advance(now);
        for id in self.sas.due(self.cx.now) {
            self.with_sa(id, IkeSa::timeout);
        }
        let now = self.cx.now;
        let due = self.retries.iter().take_while(|(at, _)| *at <= now);
        self.dirty.extend(due.map(|(_, index)| *index));
        self.settle();
    }
}

/// Output.
impl Engine {
    pub fn poll_output(&mut self) -> Option<Output> {
        self.cx.outputs.pop_front()
    }

    pub fn has_output(&self) -> bool {
        !self.cx.outputs.is_empty()
    }

    /// Not in the future while output waits.
    pub fn poll_timeout(&self) -> Option<Deadline> {
        if self.has_output() {
            return Some(Deadline {
                at: self.cx.now,
                timer: TimerName::Output,
            });
        }
        let retry = self.retries.first().map(|(at, _)| Deadline {
            at: *at,
            timer: TimerName::Retry,
        });
        match (self.sas.next_deadline(), retry) {
            (Some(of_sa), Some(retry)) => Some(of_sa.min(retry)),
            (one, other) => one.or(other),
        }
    }
}

/// Getters.
impl Engine {
    /// Each configured connection with its SAs. Counters of Children are zero here: the data plane
    /// has them.
    pub fn connections(&self, now: Time) -> Vec<ConnectionView> {
        view::connections(&self.cx, &self.connections, &self.sas, now)
    }

    /// Events by code, and refused datagrams by reason.
    pub fn counters(&self) -> &BTreeMap<&'static str, u64> {
        &self.cx.counters
    }

    /// Whether no SA is left that still waits for its peer: after [`Engine::shutdown`], time to go.
    pub fn is_quiet(&self) -> bool {
        self.sas
            .all()
            .all(|sa| matches!(sa, IkeSa::Closing(sa) if !sa.awaits_answer()))
    }
}

/// Of two with one name, the first.
fn by_name(connections: &[Watched]) -> BTreeMap<String, usize> {
    let names = connections.iter().map(|watched| &watched.config.name.value);
    let backwards = names.enumerate().rev();
    backwards
        .map(|(index, name)| (name.clone(), index))
        .collect()
}

impl Engine {
    /// Time never goes back, whatever the caller's clock does.
    fn advance(&mut self, now: Time) {
        self.cx.now = self.cx.now.max(now);
    }
}
