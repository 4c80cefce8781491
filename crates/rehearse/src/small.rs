//! Small worlds, searched exhaustively: every order, loss and delay of the messages between two
//! gateways, to a bounded depth.
//!
//! ```text
//!   the tunnel is up  ->  somebody rekeys  ->  deliver or lose any message that is under way,
//!                                              let the next timer fire, or send a packet
//! ```
//!
//! A world can't be copied, because its cryptography can't; so a state is reached by doing all of
//! its steps again. States that print the same (both engines, what is under way, what is still
//! allowed) are one: their future is the same, but for what is drawn.
//!
//! In each state what is under way is brought to its end without further loss. There both ends must
//! have the same SAs, one pair for each Child, and pass packets both ways.

use crate::node::{Carries, Datagram, Deed, Node, Station};
use crate::traffic::{Flow, Mark, Pattern};
use crate::world::Network;
use crossgate_crypto::CryptoRng;
use crossgate_model::operate::Operation;
use crossgate_model::view::IkeState;
use crossgate_model::{ChildSa, End, Time};
use crossgate_wire::esp::{EspPacket, Port4500, classify_4500};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

/// For what is under way to end: then each Child has one pair. A replaced one that nobody deletes
/// stays longer, and so is found.
const QUIESCENCE: Duration = Duration::from_secs(60);

/// Until an IKE SA is gone of which the peer never heard, because the answer that made it was lost:
/// the peer's retransmissions, a grace, and our own Delete's retransmissions.
const FORGETTING: Duration = Duration::from_secs(600);

/// Messages and timers of one run: more are two ends that never come to rest.
const TURNS_MAX: usize = 5_000;

/// What may happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The message at that place among those under way arrives.
    Deliver(usize),
    Lose(usize),
    /// The next timer of either end fires.
    Tick,
    /// A host behind that end sends a packet.
    Packet(End),
}

/// How far to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    pub losses: usize,
    pub ticks: usize,
    /// From each end.
    pub packets: usize,
    /// Then the search ends, and says that it isn't complete.
    pub states: usize,
}

impl Bounds {
    /// What these steps leave.
    fn after(self, steps: &[Step]) -> Left {
        let spent = |wanted: fn(&Step) -> bool| steps.iter().filter(|step| wanted(step)).count();
        Left {
            losses: self
                .losses
                .saturating_sub(spent(|s| matches!(s, Step::Lose(_)))),
            ticks: self.ticks.saturating_sub(spent(|s| *s == Step::Tick)),
            packets: [
                self.packets
                    .saturating_sub(spent(|s| *s == Step::Packet(End::First))),
                self.packets
                    .saturating_sub(spent(|s| *s == Step::Packet(End::Second))),
            ],
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Left {
    losses: usize,
    ticks: usize,
    packets: [usize; 2],
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Search {
    /// Distinct ones.
    pub states: usize,
    /// The longest way to one, in steps.
    pub depth: usize,
    /// Whether every state within the bounds was visited.
    pub complete: bool,
    /// The shortest way to something wrong.
    pub wrong: Option<Wrong>,
}

/// What is wrong, and how to get there.
#[derive(Clone, Debug)]
pub struct Wrong {
    pub steps: Vec<Step>,
    pub what: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, after {:?}", self.what, self.steps)
    }
}

/// What is done to a new gateway before anything happens.
type Prepare = fn(&mut Node);

/// Searches the world of two gateways, whose tunnel is up, from the moment at which the ends get
/// these orders. `None` where the network isn't two gateways with hosts behind both.
pub fn search(network: &Network, orders: &[(End, Operation)], bounds: Bounds) -> Option<Search> {
    search_with(network, orders, bounds, |_| {})
}

fn search_with(
    network: &Network,
    orders: &[(End, Operation)],
    bounds: Bounds,
    prepare: Prepare,
) -> Option<Search> {
    let mut found = Search {
        states: 0,
        depth: 0,
        complete: true,
        wrong: None,
    };
    let mut known = BTreeSet::new();
    let mut frontier = VecDeque::from([Vec::new()]);
    while let Some(steps) = frontier.pop_front() {
        let left = bounds.after(&steps);
        let mut world = Small::new(network, prepare)?;
        let reached = world.reach(orders, &steps);
        if !known.insert(world.fingerprint(left)) {
            continue;
        }
        found.states += 1;
        found.depth = found.depth.max(steps.len());
        let next = world.choices(left);
        if let Err(what) = reached.and_then(|()| world.settle()) {
            found.wrong = Some(Wrong { steps, what });
            return Some(found);
        }
        if found.states >= bounds.states {
            found.complete = frontier.is_empty() && next.is_empty();
            return Some(found);
        }
        frontier.extend(
            next.into_iter()
                .map(|step| [steps.as_slice(), &[step]].concat()),
        );
    }
    Some(found)
}

/// Two gateways, and what is under way between them.
struct Small {
    now: Time,
    nodes: [Node; 2],
    flows: [Flow; 2],
    under_way: Vec<(End, Datagram)>,
    /// By inbound SPI, at each end.
    installed: [BTreeMap<u32, ChildSa>; 2],
    /// SPI with sequence number, and SPI with the first octets behind, of everything sealed.
    numbers: BTreeSet<(u32, u32)>,
    ivs: BTreeSet<(u32, [u8; 8])>,
    sent: u32,
    delivered: usize,
    wrong: Option<String>,
}

impl Small {
    fn new(network: &Network, prepare: Prepare) -> Option<Self> {
        let [first, second] = network.gateways.as_slice() else {
            return None;
        };
        let mut flows = network.flows(Pattern::None).into_iter();
        let flows = [flows.next()?, flows.next()?];
        let nodes = [(first, 10_u64), (second, 20)].map(|(machine, seed)| {
            let die = |number: u64| -> Box<dyn CryptoRng + Send> {
                Box::new(ChaCha8Rng::seed_from_u64(seed + number))
            };
            let (gateway, around) = (machine.gateway.clone(), machine.around.clone());
            let mut node = Node::new(gateway, around, false, 1500, [die(1), die(2)]);
            prepare(&mut node);
            node
        });
        Some(Self {
            now: Time::START,
            nodes,
            flows,
            under_way: Vec::new(),
            installed: [BTreeMap::new(), BTreeMap::new()],
            numbers: BTreeSet::new(),
            ivs: BTreeSet::new(),
            sent: 0,
            delivered: 0,
            wrong: None,
        })
    }

    /// The tunnel comes up, the orders are given, the steps are done.
    fn reach(&mut self, orders: &[(End, Operation)], steps: &[Step]) -> Result<(), String> {
        for end in End::BOTH {
            self.with(end, |node, now| node.start(now));
        }
        let start = Operation::InitiateChild { tunnel: None };
        self.with(End::First, |node, now| node.operate(now, &start));
        self.settle()?;
        for (end, order) in orders {
            self.with(*end, |node, now| node.operate(now, order));
        }
        for step in steps {
            self.take(*step);
        }
        self.verdict()
    }

    fn verdict(&self) -> Result<(), String> {
        match &self.wrong {
            Some(what) => Err(what.clone()),
            None => Ok(()),
        }
    }

    fn choices(&self, left: Left) -> Vec<Step> {
        let places = 0..self.under_way.len();
        let mut choices: Vec<Step> = places.clone().map(Step::Deliver).collect();
        if left.losses > 0 {
            choices.extend(places.map(Step::Lose));
        }
        // A packet is faster than any timer: the old SA may go while it is under way, but not long
        // after.
        let packets = self
            .under_way
            .iter()
            .any(|(_, datagram)| esp(datagram).is_some());
        if left.ticks > 0 && !packets {
            choices.push(Step::Tick);
        }
        let may_send = End::BOTH.into_iter().zip(left.packets);
        choices.extend(
            may_send
                .filter(|(_, left)| *left > 0)
                .map(|(end, _)| Step::Packet(end)),
        );
        choices
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Deliver(place) => self.deliver(place),
            Step::Lose(place) if place < self.under_way.len() => {
                self.under_way.remove(place);
            }
            Step::Lose(_) => {}
            Step::Tick => self.tick(),
            Step::Packet(end) => self.packet(end),
        }
    }

    fn deliver(&mut self, place: usize) {
        if place < self.under_way.len() {
            let (to, datagram) = self.under_way.remove(place);
            self.with(to, |node, now| node.receive(now, &datagram));
        }
    }

    fn next_timer(&self) -> Option<Time> {
        self.nodes.iter().filter_map(Node::poll_timeout).min()
    }

    fn tick(&mut self) {
        if let Some(at) = self.next_timer() {
            self.now = self.now.max(at);
            for end in End::BOTH {
                self.with(end, Node::handle_timeout);
            }
        }
    }

    fn packet(&mut self, from: End) {
        self.sent += 1;
        let [first, second] = &self.flows;
        let (number, flow) = match from {
            End::First => (0, first),
            End::Second => (1, second),
        };
        let mark = Mark {
            flow: number,
            number: self.sent,
            answer: false,
        };
        match mark.packet(flow.source, flow.destination, flow) {
            Ok(octets) => self.with(from, |node, now| node.host_sends(now, &octets)),
            Err(error) => self.wrong = Some(error.to_string()),
        }
    }

    /// Everything arrives and every timer fires, until nothing is under way for a while; then both
    /// ends must agree, and packets pass.
    fn settle(&mut self) -> Result<(), String> {
        self.rest(QUIESCENCE)?;
        self.agree_on_children()?;
        self.pass_packets()?;
        self.rest(FORGETTING)?;
        self.has_one_ike_sa()
    }

    fn rest(&mut self, duration: Duration) -> Result<(), String> {
        let end = self.now + duration;
        for _ in 0..TURNS_MAX {
            self.verdict()?;
            if !self.under_way.is_empty() {
                self.deliver(0);
            } else if self.next_timer().is_some_and(|at| at <= end) {
                self.tick();
            } else {
                self.now = self.now.max(end);
                return Ok(());
            }
        }
        Err("the ends do not come to rest".into())
    }

    fn agree_on_children(&self) -> Result<(), String> {
        let [first, second] = &self.installed;
        let ours: BTreeSet<_> = first.values().map(|sa| (sa.spi_in, sa.spi_out)).collect();
        let theirs: BTreeSet<_> = second.values().map(|sa| (sa.spi_out, sa.spi_in)).collect();
        if ours != theirs {
            return Err("the ends have different Child SAs".into());
        }
        for (node, sas) in self.nodes.iter().zip(&self.installed) {
            let wanted = node.gateway().children().count();
            let names: BTreeSet<&str> = sas.values().map(|sa| sa.child.as_str()).collect();
            if sas.len() != wanted || names.len() != wanted {
                let have = sas.len();
                return Err(format!("{have} Child SAs are there, {wanted} are wanted"));
            }
        }
        Ok(())
    }

    fn has_one_ike_sa(&self) -> Result<(), String> {
        let connections = self
            .nodes
            .iter()
            .flat_map(|node| node.connections(self.now));
        for connection in connections {
            let states: Vec<_> = connection.ike_sas.iter().map(|sa| sa.state).collect();
            if states != [IkeState::Established] {
                return Err(format!("one IKE SA is wanted, these are there: {states:?}"));
            }
        }
        Ok(())
    }

    fn pass_packets(&mut self) -> Result<(), String> {
        for end in End::BOTH {
            let before = self.delivered;
            self.packet(end);
            while !self.under_way.is_empty() {
                self.deliver(0);
            }
            self.verdict()?;
            if self.delivered == before {
                return Err("at rest, a packet does not arrive".into());
            }
        }
        Ok(())
    }

    fn with(&mut self, end: End, act: impl FnOnce(&mut Node, Time)) {
        let [first, second] = &mut self.nodes;
        let node = match end {
            End::First => first,
            End::Second => second,
        };
        act(node, self.now);
        let deeds: Vec<Deed> = std::iter::from_fn(|| node.next_deed()).collect();
        for deed in deeds {
            self.carry(end, deed);
        }
    }

    fn carry(&mut self, end: End, deed: Deed) {
        match deed {
            Deed::Send(datagram) => self.send(end, *datagram),
            Deed::Deliver(_) => self.delivered += 1,
            Deed::Installed(sa) => drop(self.sas(end).insert(sa.spi_in, *sa)),
            Deed::Removed { spi_in } => drop(self.sas(end).remove(&spi_in)),
            Deed::NotInstalled(refused) => {
                let (child, why) = *refused;
                self.blame(format!("{child}: {why}"));
            }
            Deed::Dropped { by, reason } if by != Station::Socket => {
                self.blame(format!("a packet is dropped: {reason}"));
            }
            _ => {}
        }
    }

    fn sas(&mut self, end: End) -> &mut BTreeMap<u32, ChildSa> {
        let [first, second] = &mut self.installed;
        match end {
            End::First => first,
            End::Second => second,
        }
    }

    fn send(&mut self, from: End, datagram: Datagram) {
        if datagram.carries == Carries::Clear {
            self.blame("a packet leaves in the clear".into());
        }
        if let Some(packet) = esp(&datagram) {
            let spi = packet.header.spi;
            if !self.numbers.insert((spi, packet.header.sequence)) {
                self.blame("a sequence number is used again".into());
            }
            let iv = packet.body.first_chunk::<8>().copied().unwrap_or_default();
            if !self.ivs.insert((spi, iv)) {
                self.blame("an IV is used again".into());
            }
        }
        self.under_way.push((from.other(), datagram));
    }

    fn blame(&mut self, what: String) {
        self.wrong.get_or_insert(what);
    }

    /// Equal for states with the same future.
    fn fingerprint(&self, left: Left) -> u64 {
        let mut hasher = DefaultHasher::new();
        let mut under_way: Vec<_> = self
            .under_way
            .iter()
            .map(|(to, d)| (*to, &d.payload))
            .collect();
        // A bag, not a queue: any of them may be next.
        under_way.sort();
        format!("{left:?} {:?} {under_way:?}", self.now).hash(&mut hasher);
        for (node, sas) in self.nodes.iter().zip(&self.installed) {
            node.state().hash(&mut hasher);
            for spi_in in sas.keys() {
                format!("{:?}", node.sa_counters(*spi_in)).hash(&mut hasher);
            }
        }
        hasher.finish()
    }
}

/// The ESP packet in it, if it carries one.
fn esp(datagram: &Datagram) -> Option<EspPacket<'_>> {
    match datagram.carries {
        Carries::Esp => EspPacket::parse(&datagram.payload).ok(),
        Carries::Udp if datagram.to.port() == 4500 => match classify_4500(&datagram.payload) {
            Port4500::Esp(packet) => EspPacket::parse(packet).ok(),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests;
