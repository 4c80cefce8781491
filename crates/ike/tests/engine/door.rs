//! The one door of these tests: two engines, a wire between them that is worked message by message,
//! and a clock that is moved by hand.

use crate::config::{self, A, B};
use crossgate_crypto::CryptoRng;
use crossgate_ike::{Datagram, Engine, IkeKeys, Output};
use crossgate_model::event::Exchange;
use crossgate_model::{ChildSa, Event, EventKind, Gateway, Path, Time};
use crossgate_wire::ike::{ExchangeType, Header};
use rand_chacha::ChaCha20Rng;
use rand_core::{SeedableRng, TryCryptoRng, TryRng};
use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    A,
    B,
}

impl Who {
    pub fn other(self) -> Self {
        match self {
            Who::A => Who::B,
            Who::B => Who::A,
        }
    }
}

/// One datagram on its way, with the addresses that its sender used.
#[derive(Clone)]
pub struct Flight {
    pub from: Who,
    pub local: SocketAddr,
    pub remote: SocketAddr,
    pub payload: Vec<u8>,
}

impl Flight {
    pub fn header(&self) -> Header {
        Header::parse(&self.payload).unwrap()
    }

    /// `a INFORMATIONAL request 2`: whose original-initiator bit is left out.
    pub fn what(&self) -> String {
        let header = self.header();
        let from = format!("{:?}", self.from).to_lowercase();
        let kind = if header.flags.response() {
            "answer"
        } else {
            "request"
        };
        format!("{from} {} {kind} {}", header.exchange, header.message_id)
    }
}

impl fmt::Debug for Flight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what())
    }
}

/// First octets for the next nonces; what is left over is random.
type Nonces = Arc<Mutex<VecDeque<u8>>>;

/// Repeatable, and the nonces (draws of 32 octets) begin as the test says.
struct Dice {
    rng: ChaCha20Rng,
    nonces: Nonces,
}

impl TryRng for Dice {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.rng.try_next_u32()
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.rng.try_next_u64()
    }

    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), Infallible> {
        self.rng.try_fill_bytes(octets)?;
        if octets.len() == 32
            && let Some(first) = self.nonces.lock().unwrap().pop_front()
        {
            octets[0] = first;
        }
        Ok(())
    }
}

impl TryCryptoRng for Dice {}

fn is_crypto_rng(rng: Dice) -> Box<dyn CryptoRng + Send> {
    Box::new(rng)
}

/// One engine, and what came out of it.
pub struct End {
    pub engine: Engine,
    pub events: Vec<Event>,
    /// By inbound SPI: what the data plane has now.
    pub installed: BTreeMap<u32, ChildSa>,
    pub removed: Vec<u32>,
    pub keys: Vec<IkeKeys>,
    pub keepalives: usize,
    nonces: Nonces,
}

impl End {
    fn new(gateway: Gateway, seed: u64) -> Self {
        let nonces = Nonces::default();
        let rng = ChaCha20Rng::seed_from_u64(seed);
        let dice = Dice {
            rng,
            nonces: nonces.clone(),
        };
        Self {
            engine: Engine::new(Arc::new(gateway), is_crypto_rng(dice)),
            events: Vec::new(),
            installed: BTreeMap::new(),
            removed: Vec::new(),
            keys: Vec::new(),
            keepalives: 0,
            nonces,
        }
    }

    /// The next nonces begin with these octets.
    pub fn next_nonces(&self, first: &[u8]) {
        self.nonces.lock().unwrap().extend(first);
    }

    pub fn codes(&self) -> Vec<&'static str> {
        self.events.iter().map(|event| event.kind.code()).collect()
    }

    pub fn has(&self, code: &str) -> bool {
        self.codes().contains(&code)
    }

    pub fn count(&self, code: &str) -> usize {
        self.codes().into_iter().filter(|one| *one == code).count()
    }

    /// The only event of that code.
    pub fn event(&self, code: &str) -> &EventKind {
        let mut found = self.events.iter().filter(|event| event.kind.code() == code);
        let first = found
            .next()
            .unwrap_or_else(|| panic!("no {code} in {:#?}", self.codes()));
        assert!(found.next().is_none(), "two {code} in {:#?}", self.codes());
        &first.kind
    }

    pub fn counter(&self, name: &str) -> u64 {
        self.engine
            .counters()
            .get(name)
            .copied()
            .unwrap_or_default()
    }

    /// Installed SAs of a configured Child.
    pub fn sas_of(&self, child: &str) -> Vec<&ChildSa> {
        self.installed
            .values()
            .filter(|sa| sa.child == child)
            .collect()
    }

    /// Numbers of IKE SAs by state, of all connections.
    pub fn ike_states(&self, now: Time) -> Vec<crossgate_model::view::IkeState> {
        let views = self.engine.connections(now);
        views
            .into_iter()
            .flat_map(|c| c.ike_sas)
            .map(|sa| sa.state)
            .collect()
    }
}

/// A NAT in front of A: its address, and what is added to its ports.
#[derive(Clone, Copy, Debug)]
pub struct NatBox {
    pub address: IpAddr,
    pub shift: u16,
}

pub struct World {
    pub now: Time,
    pub a: End,
    pub b: End,
    pub wire: VecDeque<Flight>,
    pub nat: Option<NatBox>,
    /// Whose datagrams to port 4500 are lost on the way.
    pub filtered: Vec<Who>,
    /// Everything that was ever sent.
    pub sent: Vec<Flight>,
}

impl World {
    /// Two ends that suit each other.
    pub fn new() -> Self {
        Self::of(config::gateway_a(), config::gateway_b())
    }

    pub fn of(a: Gateway, b: Gateway) -> Self {
        Self {
            now: Time::START + Duration::from_secs(1),
            a: End::new(a, 1),
            b: End::new(b, 2),
            wire: VecDeque::new(),
            nat: None,
            filtered: Vec::new(),
            sent: Vec::new(),
        }
    }

    /// The same, after changes to both configurations.
    pub fn with(change: impl Fn(&mut Gateway)) -> Self {
        let (mut a, mut b) = (config::gateway_a(), config::gateway_b());
        change(&mut a);
        change(&mut b);
        Self::of(a, b)
    }

    /// Set up by A, all delivered.
    pub fn up() -> Self {
        let mut world = Self::new();
        world.bring_up();
        world
    }

    pub fn bring_up(&mut self) {
        self.act(Who::A, |engine, now| engine.acquire(now, "net"));
        self.run();
        assert_eq!(self.a.installed.len(), 1, "{:#?}", self.a.events);
        self.in_step();
        self.forget();
    }

    /// Everything that this end knew is gone; time goes on.
    pub fn restart(&mut self, who: Who, gateway: Gateway) {
        *self.end(who) = End::new(gateway, 3);
    }

    /// Forgets events and messages so far.
    pub fn forget(&mut self) {
        self.a.events.clear();
        self.b.events.clear();
        self.sent.clear();
    }

    pub fn end(&mut self, who: Who) -> &mut End {
        match who {
            Who::A => &mut self.a,
            Who::B => &mut self.b,
        }
    }

    /// A command; its outputs are taken at once.
    pub fn act<T>(&mut self, who: Who, command: impl FnOnce(&mut Engine, Time) -> T) -> T {
        let now = self.now;
        let result = command(&mut self.end(who).engine, now);
        self.drain(who);
        result
    }

    fn drain(&mut self, who: Who) {
        let now = self.now;
        let mut sent = Vec::new();
        let end = self.end(who);
        loop {
            let deadline = end.engine.poll_timeout();
            let Some(output) = end.engine.poll_output() else {
                break;
            };
            let due = deadline.expect("a deadline while output waits").at;
            assert!(
                due <= now,
                "the deadline is in the future while output waits"
            );
            match output {
                Output::Transmit {
                    local,
                    remote,
                    payload,
                } => {
                    sent.push(Flight {
                        from: who,
                        local,
                        remote,
                        payload,
                    });
                }
                Output::Keepalive { .. } => end.keepalives += 1,
                Output::InstallChild(sa) => {
                    let old = end.installed.insert(sa.spi_in, *sa);
                    assert!(old.is_none(), "one SPI installed twice");
                }
                Output::RemoveChild { spi_in } => {
                    assert!(
                        end.installed.remove(&spi_in).is_some(),
                        "removed and not there"
                    );
                    end.removed.push(spi_in);
                }
                Output::MoveChild { spi_in, path } => end.move_child(spi_in, path),
                Output::IkeKeys(keys) => end.keys.push(*keys),
                Output::Event(event) => end.events.push(event),
            }
        }
        self.sent.extend(sent.iter().cloned());
        self.wire.extend(sent);
    }

    /// Delivers everything until the wire is silent.
    pub fn run(&mut self) {
        for _ in 0..2000 {
            let Some(flight) = self.wire.pop_front() else {
                return;
            };
            self.arrive(flight);
        }
        panic!("the wire is never silent: {:?}", self.wire);
    }

    /// Hands a datagram to its receiver, through the NAT if there is one.
    pub fn arrive(&mut self, flight: Flight) {
        let Flight {
            from,
            mut local,
            mut remote,
            payload,
        } = flight;
        if remote.port() == 4500 && self.filtered.contains(&from) {
            return;
        }
        if let Some(nat) = self.nat {
            match from {
                Who::A => local = SocketAddr::new(nat.address, local.port() + nat.shift),
                Who::B if remote.port() < nat.shift => return,
                Who::B => {
                    remote = SocketAddr::new(A.parse().unwrap(), remote.port() - nat.shift);
                }
            }
        }
        let now = self.now;
        let datagram = Datagram {
            local: remote,
            remote: local,
            payload: &payload,
        };
        self.end(from.other()).engine.handle(now, datagram);
        self.drain(from.other());
    }

    /// Takes the first message that reads so off the wire.
    pub fn take(&mut self, what: &str) -> Flight {
        let at = self.wire.iter().position(|flight| flight.what() == what);
        let at = at.unwrap_or_else(|| panic!("no `{what}` in {:?}", self.wire));
        self.wire.remove(at).unwrap()
    }

    /// Delivers the first message that reads so, before all others.
    pub fn deliver(&mut self, what: &str) {
        let flight = self.take(what);
        self.arrive(flight);
    }

    pub fn lose(&mut self, what: &str) {
        self.take(what);
    }

    pub fn lose_all(&mut self) {
        self.wire.clear();
    }

    /// Lets time pass, timer by timer, delivering whatever is sent.
    pub fn pass(&mut self, duration: Duration) {
        self.pass_with(duration, Self::run);
    }

    pub fn seconds(&mut self, seconds: u64) {
        self.pass(Duration::from_secs(seconds));
    }

    /// Lets time pass while every message is lost.
    pub fn seconds_cut_off(&mut self, seconds: u64) {
        self.pass_with(Duration::from_secs(seconds), Self::lose_all);
    }

    pub fn pass_with(&mut self, duration: Duration, mut with_wire: impl FnMut(&mut Self)) {
        let end = self.now + duration;
        with_wire(self);
        for _ in 0..20_000 {
            let next = [Who::A, Who::B].map(|who| self.end(who).engine.poll_timeout());
            let due = |who: usize| next[who].map(|deadline| deadline.at);
            let Some(at) = [due(0), due(1)]
                .into_iter()
                .flatten()
                .min()
                .filter(|at| *at <= end)
            else {
                self.now = end;
                return;
            };
            self.now = self.now.max(at);
            for (who, due) in [(Who::A, due(0)), (Who::B, due(1))] {
                if due.is_some_and(|at| at <= self.now) {
                    self.act(who, |engine, now| engine.handle_timeout(now));
                }
            }
            with_wire(self);
        }
        panic!(
            "a timer spins: {:?}",
            [Who::A, Who::B].map(|w| self.end(w).engine.poll_timeout())
        );
    }

    /// Both data planes have the same SAs, mirrored, with the same keys.
    pub fn in_step(&self) {
        if let Err(why) = self.compare() {
            panic!("{why}");
        }
    }

    /// How the data planes differ, if they do.
    pub fn compare(&self) -> Result<(), String> {
        let (a, b) = (&self.a.installed, &self.b.installed);
        if a.len() != b.len() {
            return Err(format!("{} Child SAs at A, {} at B", a.len(), b.len()));
        }
        a.values().try_for_each(|sa| {
            let mirror = b.get(&sa.spi_out).filter(|mirror| is_mirror(sa, mirror));
            mirror
                .map(|_| ())
                .ok_or_else(|| format!("B has no mirror of {:08x}", sa.spi_in))
        })
    }

    /// Exactly one established IKE SA at each end, and one SA of each of these Children.
    pub fn is_up_once(&self, children: &[&str]) {
        use crossgate_model::view::IkeState::Established;
        self.in_step();
        for (name, end) in [("A", &self.a), ("B", &self.b)] {
            assert_eq!(end.ike_states(self.now), [Established], "IKE SAs of {name}");
            let mut installed: Vec<&str> =
                end.installed.values().map(|sa| sa.child.as_str()).collect();
            installed.sort_unstable();
            assert_eq!(installed, children, "Children of {name}");
        }
    }

    /// Nothing is left at either end.
    pub fn is_down(&self) {
        for end in [&self.a, &self.b] {
            assert!(end.installed.is_empty(), "{:?}", end.installed.keys());
            assert_eq!(end.ike_states(self.now), []);
        }
    }

    /// How often messages of that exchange were sent.
    pub fn sent_of(&self, exchange: Exchange) -> usize {
        let wanted = match exchange {
            Exchange::IkeSaInit => ExchangeType::IKE_SA_INIT,
            Exchange::IkeAuth => ExchangeType::IKE_AUTH,
            Exchange::CreateChildSa => ExchangeType::CREATE_CHILD_SA,
            Exchange::Informational => ExchangeType::INFORMATIONAL,
        };
        self.sent
            .iter()
            .filter(|flight| flight.header().exchange == wanted)
            .count()
    }
}

impl End {
    fn move_child(&mut self, spi_in: u32, path: Path) {
        let sa = self
            .installed
            .get_mut(&spi_in)
            .expect("moved and not there");
        sa.path = path;
    }
}

fn is_mirror(sa: &ChildSa, mirror: &ChildSa) -> bool {
    sa.spi_in == mirror.spi_out
        && sa.local_selectors == mirror.remote_selectors
        && sa.remote_selectors == mirror.local_selectors
        && (sa.encr, sa.integ, sa.esn) == (mirror.encr, mirror.integ, mirror.esn)
        && sa.keys_in.encr == mirror.keys_out.encr
        && sa.keys_in.integ == mirror.keys_out.integ
        && sa.keys_out.encr == mirror.keys_in.encr
        && sa.keys_out.integ == mirror.keys_in.integ
}

/// Where A and B are, as the NAT and forged messages need it.
pub fn address_of(who: Who) -> IpAddr {
    match who {
        Who::A => A.parse().unwrap(),
        Who::B => B.parse().unwrap(),
    }
}
