//! A simulated world: gateways, the hosts behind them, the way between, and virtual time.
//!
//! Everything that happens is in one queue, ordered by time and, of equal times, by when it was
//! planned; everything that is drawn comes from one generator. So a seed is a run, byte for byte.

mod changes;
mod hurried;
mod narrow;
mod network;
mod star;
mod telling;

pub use network::{HostPair, Machine, Network};

use crate::double::{Doubled, Transparent};
use crate::invariant::{Violation, Watch};
use crate::keys::Keys;
use crate::lens::Lens;
use crate::node::{Carries, Datagram, Deed, Dice, Node, NodeId};
use crate::queue::{Due, Queue};
use crate::scenario::{Planned, Scenario, Start, Traffic};
use crate::trace::{Detail, Happening, Sa, Trace};
use crate::traffic::{Counts, Flow, Mark, PATIENCE, Pattern, Running};
use crate::wan::{Conditions, Fate, Loss, Nat};
use crossgate_ike::IkeKeys;
use crossgate_model::operate::Operation;
use crossgate_model::view::ConnectionView;
use crossgate_model::{ChildSa, End, Gateway, Time};
use crossgate_wire::ip::Packet;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// Packets and timers that may be under way.
pub const QUEUE_LIMIT: usize = 200_000;

/// Timers of one node that are due at one moment: more are a timer that is never done.
const SPINS_MAX: u32 = 10_000;

/// How long after its removal an SA's keys may still be there.
const ERASURE: Duration = Duration::from_secs(crossgate_esp::LINGER.as_secs() + 1);

/// When the gateways are switched on.
const POWER_ON: Time = Time::START;

/// When an operator starts the tunnel, and hosts begin to send.
pub const BEGIN: Duration = Duration::from_secs(1);

/// The whole simulation.
pub struct World {
    now: Time,
    network: Network,
    double: Doubled,
    /// Absent while switched off.
    nodes: Vec<Option<Node>>,
    passive: Vec<bool>,
    /// When each node's timer is planned to be looked at.
    wakes: Vec<Option<Time>>,
    spins: Vec<u32>,
    addresses: BTreeMap<IpAddr, NodeId>,
    scenario: Scenario,
    way: Conditions,
    /// Disturbances that go on, by their place in the scenario.
    active: BTreeMap<usize, Planned>,
    nats: Vec<Nat>,
    flows: Vec<Running>,
    /// Those that send when something happens.
    curious: Vec<u16>,
    /// When each request was sent that may not be answered yet, and by which flow.
    asked: VecDeque<(Time, u16)>,
    queue: Queue,
    rng: ChaCha8Rng,
    next_number: u64,
    /// The last IKE_SA_INIT request to each node: what a flood imitates.
    first_requests: Vec<Option<Datagram>>,
    lens: Lens,
    keys: Keys,
    detail: Detail,
    trace: Trace,
    watch: Watch,
    /// Room for a host's packet.
    packet: Vec<u8>,
}

/// Commands.
impl World {
    /// All gateways are on, nothing has happened yet.
    pub fn new(network: Network, scenario: Scenario, detail: Detail) -> Self {
        let double = network.transparent.then(|| Arc::new(Transparent) as _);
        Self::made(network, scenario, detail, double)
    }

    /// The same without ciphers and Diffie-Hellman, whose places are held by what costs next to
    /// nothing: packets keep their sizes, and whatever is drawn or timed is as in [`World::new`].
    pub fn transparent(network: Network, scenario: Scenario, detail: Detail) -> Self {
        Self::new(network.transparently(), scenario, detail)
    }

    fn made(network: Network, scenario: Scenario, detail: Detail, double: Doubled) -> Self {
        let count = network.gateways.len();
        let mut world = Self {
            now: POWER_ON,
            nodes: (0..count).map(|_| None).collect(),
            passive: vec![false; count],
            wakes: vec![None; count],
            spins: vec![0; count],
            addresses: BTreeMap::new(),
            way: scenario.way.clone(),
            active: BTreeMap::new(),
            nats: Vec::new(),
            flows: Vec::new(),
            curious: Vec::new(),
            asked: VecDeque::new(),
            queue: Queue::default(),
            rng: ChaCha8Rng::seed_from_u64(scenario.seed),
            next_number: 0,
            first_requests: vec![None; count],
            lens: Lens::default(),
            keys: Keys::default(),
            detail,
            trace: Trace::default(),
            watch: Watch::default(),
            packet: Vec::new(),
            double,
            network,
            scenario,
        };
        world.furnish();
        world
    }

    fn furnish(&mut self) {
        for (index, machine) in self.network.gateways.iter().enumerate() {
            let node = node_id(index);
            self.addresses.insert(machine.wan, node);
        }
        if let Some(end) = self.scenario.nat
            && let Some(machine) = self.network.gateways.get(end as usize)
        {
            self.nats.push(Nat::new(end.into(), machine.wan));
        }
        if let Start::Only(end) = self.scenario.start
            && let Some(passive) = self.passive.get_mut(end.other() as usize)
        {
            *passive = true;
        }
        self.plan_traffic();
        self.plan_changes();
        let waits = self.network.waits();
        self.watch.expect_disturbances(&self.scenario, waits);
    }

    fn plan_traffic(&mut self) {
        let every = self.network.pace;
        let pattern = match self.scenario.traffic {
            Traffic::None => Pattern::None,
            Traffic::Constant => Pattern::Constant { every },
            Traffic::RequestAnswer => Pattern::RequestAnswer { every },
            Traffic::Bursts => Pattern::Bursts {
                packets: 20,
                every: Duration::from_secs(60),
            },
        };
        for flow in self.network.flows(pattern) {
            self.add_flow(flow);
        }
    }

    /// One more conversation.
    pub fn add_flow(&mut self, flow: Flow) {
        let index = u16::try_from(self.flows.len()).unwrap_or(u16::MAX);
        if matches!(flow.pattern, Pattern::Curious { .. }) {
            self.curious.push(index);
        }
        let running = Running::new(flow);
        if let Some(due) = running.due {
            self.queue.plan(due, Due::Tick(index));
        }
        self.flows.push(running);
    }

    /// Switches the gateways on; the scenario begins.
    pub fn begin(&mut self) {
        for index in 0..self.nodes.len() {
            self.power_on(node_id(index));
        }
        let starters: &[End] = match self.scenario.start {
            Start::Files => &[],
            Start::Only(End::First) => &[End::First],
            Start::Only(End::Second) => &[End::Second],
            Start::Both => &End::BOTH,
        };
        if !starters.is_empty() {
            self.run_until(POWER_ON + BEGIN);
        }
        for end in starters {
            self.operate((*end).into(), &Operation::InitiateChild { tunnel: None });
        }
    }

    /// From the beginning to the end of the scenario.
    pub fn run(&mut self) {
        self.begin();
        self.run_until(POWER_ON + self.scenario.lasts);
    }

    pub fn run_until(&mut self, end: Time) {
        while let Some((at, due)) = self.queue.pop(end) {
            self.now = self.now.max(at);
            self.turn(due);
            if self.queue.len() > QUEUE_LIMIT {
                self.tell(Happening::Overflow { limit: QUEUE_LIMIT });
                break;
            }
        }
        self.now = self.now.max(end);
    }

    /// An operator's command at a gateway.
    pub fn operate(&mut self, node: NodeId, operation: &Operation) {
        self.with_node(node, |node, now| node.operate(now, operation));
    }

    /// Ends the run: what is left undone is judged.
    pub fn finish(&mut self) {
        self.give_up_pings();
        let before = self.watch.violations().len();
        self.watch.finish(self.now);
        self.show_tail(before);
    }

    /// From then on, no packet may be lost: see [`Watch::expect_service`].
    pub fn expect_service(&mut self, from: Time) {
        self.watch.expect_service(from);
    }
}

/// Getters.
impl World {
    pub fn now(&self) -> Time {
        self.now
    }

    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// Of a run whose octets are kept; without them keys are of no use.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    pub fn into_trace(self) -> Trace {
        self.trace
    }

    pub fn network(&self) -> &Network {
        &self.network
    }

    pub fn names(&self) -> Vec<&str> {
        let machines = self.network.gateways.iter();
        machines.map(|machine| machine.name.as_str()).collect()
    }

    /// What a gateway's operator would see; nothing while it is off.
    pub fn connections(&self, node: NodeId) -> Vec<ConnectionView> {
        let node = self.nodes.get(node.index()).and_then(Option::as_ref);
        node.map(|node| node.connections(self.now))
            .unwrap_or_default()
    }

    /// The configuration that is in force at a gateway; none while it is off.
    pub fn gateway(&self, node: NodeId) -> Option<&Gateway> {
        let node = self.nodes.get(node.index())?.as_ref()?;
        Some(node.gateway())
    }

    /// What a gateway's engines refused, by name.
    pub fn counters(&self, node: NodeId) -> BTreeMap<&'static str, u64> {
        let node = self.nodes.get(node.index()).and_then(Option::as_ref);
        node.map(Node::counters).unwrap_or_default()
    }

    pub fn violations(&self) -> &[Violation] {
        self.watch.violations()
    }

    /// What became of each flow's packets.
    pub fn flow_counts(&self) -> impl Iterator<Item = (&Flow, Counts)> {
        let flows = self.flows.iter();
        flows.map(|running| (&running.flow, running.counts))
    }

    /// Whether both ends have the same SAs, and no exchange is under way.
    pub fn agrees(&self) -> bool {
        self.watch.agreement().is_ok()
    }
}

fn node_id(index: usize) -> NodeId {
    NodeId(u16::try_from(index).unwrap_or(u16::MAX))
}

impl World {
    fn turn(&mut self, due: Due) {
        match due {
            Due::Wake(node) => self.wake(node),
            Due::Arrive {
                number,
                ike,
                datagram,
            } => self.arrive(number, ike, datagram),
            Due::TooBig {
                node,
                mtu,
                datagram,
            } => self.with_node(node, |node, now| node.too_big(now, mtu, &datagram)),
            Due::Tick(flow) => self.tick(flow),
            Due::Change(index) => self.change(index),
            Due::Erased { node, spi_in } => self.look_for_keys(node, spi_in),
            Due::Flood(index) => self.flood(index),
        }
    }

    fn dice(&mut self) -> Dice {
        let mut die = || -> Box<dyn crossgate_crypto::CryptoRng + Send> {
            let mut seed = [0; 32];
            self.rng.fill_bytes(&mut seed);
            Box::new(ChaCha8Rng::from_seed(seed))
        };
        [die(), die()]
    }

    fn power_on(&mut self, id: NodeId) {
        let dice = self.dice();
        let (Some(machine), Some(passive)) = (
            self.network.gateways.get(id.index()),
            self.passive.get(id.index()),
        ) else {
            return;
        };
        let (gateway, around) = (machine.gateway.clone(), machine.around.clone());
        #[cfg_attr(not(test), expect(unused_mut, reason = "only a test breaks it"))]
        let mut node = Node::made(
            gateway,
            around,
            *passive,
            self.scenario.way.mtu,
            dice,
            self.double.clone(),
        );
        #[cfg(test)]
        if let Some(flaw) = self.network.flaw {
            flaw(&mut node);
        }
        if let Some(place) = self.nodes.get_mut(id.index()) {
            *place = Some(node);
        }
        self.tell(Happening::PoweredOn { node: id });
        self.with_node(id, Node::start);
    }

    fn power_off(&mut self, id: NodeId) {
        if let Some(place) = self.nodes.get_mut(id.index())
            && place.take().is_some()
        {
            self.tell(Happening::PoweredOff { node: id });
        }
    }

    /// Lets a node do something, and carries out what comes of it.
    fn with_node(&mut self, id: NodeId, act: impl FnOnce(&mut Node, Time)) {
        let now = self.now;
        let Some(Some(node)) = self.nodes.get_mut(id.index()) else {
            return;
        };
        act(node, now);
        self.plan_wake(id);
        self.carry_out(id);
    }

    /// In their order. What a host behind that node answers meanwhile comes behind them.
    fn carry_out(&mut self, id: NodeId) {
        while let Some(Some(node)) = self.nodes.get_mut(id.index())
            && let Some(deed) = node.next_deed()
        {
            self.carry(id, deed);
        }
    }

    fn carry(&mut self, id: NodeId, deed: Deed) {
        match deed {
            Deed::Send(datagram) => self.send(id, datagram),
            Deed::Deliver(packet) => {
                self.at_host(id, &packet);
                if let Some(Some(node)) = self.nodes.get_mut(id.index()) {
                    node.spare().keep_packet(packet);
                }
            }
            Deed::Opened { spi_in, sequence } => self.tell_opened(id, spi_in, sequence),
            deed => self.carry_seldom(id, deed),
        }
    }

    /// What isn't about each packet.
    #[inline(never)]
    fn carry_seldom(&mut self, id: NodeId, deed: Deed) {
        match deed {
            Deed::Send(_) | Deed::Deliver(_) | Deed::Opened { .. } => {}
            Deed::Event(event) => {
                self.tell(Happening::Event { node: id, event });
                self.excite_flows();
            }
            Deed::Installed(sa) => self.installed(id, *sa),
            Deed::NotInstalled(refused) => {
                let (child, why) = *refused;
                self.tell(Happening::NotInstalled {
                    node: id,
                    child,
                    why,
                });
            }
            Deed::Removed { spi_in } => {
                let at = self.now + ERASURE;
                self.queue.plan(at, Due::Erased { node: id, spi_in });
                self.tell(Happening::Removed { node: id, spi_in });
            }
            Deed::Moved { spi_in, path } => self.tell(Happening::Moved {
                node: id,
                spi_in,
                path: *path,
            }),
            Deed::Keys(keys) => self.learn(*keys),
            Deed::Waits { packets } => self.tell(Happening::Waits { node: id, packets }),
            Deed::Dropped { by, reason } => self.tell(Happening::Dropped {
                node: id,
                by,
                reason,
            }),
        }
    }

    fn installed(&mut self, node: NodeId, sa: ChildSa) {
        if self.detail.octets {
            self.keys.children.push(sa.clone());
        }
        let sa = Box::new(described(sa));
        self.tell(Happening::Installed { node, sa });
    }

    fn learn(&mut self, keys: IkeKeys) {
        self.lens.learn(&keys);
        if self.detail.octets {
            self.keys.ike.push(keys);
        }
    }

    fn plan_wake(&mut self, id: NodeId) {
        let Some(Some(node)) = self.nodes.get(id.index()) else {
            return;
        };
        let (Some(at), Some(planned)) = (node.poll_timeout(), self.wakes.get_mut(id.index()))
        else {
            return;
        };
        let at = at.max(self.now);
        if planned.is_none_or(|planned| at < planned) {
            *planned = Some(at);
            self.queue.plan(at, Due::Wake(id));
        }
    }

    fn wake(&mut self, id: NodeId) {
        let now = self.now;
        let Some(planned) = self.wakes.get_mut(id.index()) else {
            return;
        };
        // Another one was planned for sooner, and has done this one's work.
        if planned.is_none_or(|planned| planned != now) {
            return;
        }
        *planned = None;
        self.with_node(id, Node::handle_timeout);
        self.heed_spins(id);
    }

    /// A gateway whose timer is never done is switched off, so that the run ends.
    fn heed_spins(&mut self, id: NodeId) {
        let again = self.wakes.get(id.index()).copied().flatten() == Some(self.now);
        let Some(spins) = self.spins.get_mut(id.index()) else {
            return;
        };
        *spins = if again { *spins + 1 } else { 0 };
        if *spins < SPINS_MAX {
            return;
        }
        *spins = 0;
        let node = self.nodes.get(id.index()).and_then(Option::as_ref);
        let timer = node.and_then(Node::next_timer);
        self.tell(Happening::Stuck {
            node: id,
            timer: format!("{timer:?}"),
        });
        self.power_off(id);
    }

    fn send(&mut self, from: NodeId, mut datagram: Box<Datagram>) {
        let number = self.next_number;
        self.next_number += 1;
        let ike = self.tell_sent(from, number, &datagram);
        if datagram.carries == Carries::Clear {
            self.tell_plaintext(from, &datagram);
        }
        let nat = self.nats.iter_mut().find(|nat| nat.inside == from);
        let stopped = nat.and_then(|nat| nat.out(self.now, &mut datagram));
        let fate = match stopped {
            Some(loss) => Fate::Lost(loss),
            None => self.way.fate(&datagram, &mut self.rng),
        };
        match fate {
            Fate::Lost(why) => {
                self.tell_of_packet(Happening::Lost { number, why }, ike);
                self.tell_sender(from, why, datagram);
            }
            Fate::Arrives(after) => self.plan_arrival(number, ike, after, datagram),
            Fate::ArrivesTwice(first, second) => {
                self.plan_arrival(number, ike, first, datagram.clone());
                self.plan_arrival(number, ike, second, datagram);
            }
        }
    }

    fn plan_arrival(&mut self, number: u64, ike: bool, after: Duration, datagram: Box<Datagram>) {
        let due = Due::Arrive {
            number,
            ike,
            datagram,
        };
        self.queue.plan(self.now + after, due);
    }

    fn arrive(&mut self, number: u64, ike: bool, mut datagram: Box<Datagram>) {
        match self.receiver(&mut datagram) {
            Ok(to) => {
                self.tell_delivered(number, to, ike);
                if ike {
                    self.remember_first_request(to, &datagram);
                }
                self.with_node(to, |node, now| node.receive_from(now, datagram));
            }
            Err(why) => self.tell_of_packet(Happening::Lost { number, why }, ike),
        }
    }

    fn receiver(&self, datagram: &mut Datagram) -> Result<NodeId, Loss> {
        let nat = self.nats.iter().find(|nat| nat.outside == datagram.to.ip());
        if let Some(loss) = nat.and_then(|nat| nat.inward(self.now, datagram)) {
            return Err(loss);
        }
        let node = self.addresses.get(&datagram.to.ip()).copied();
        let node = node.ok_or(Loss::NoSuchHost)?;
        let on = self.nodes.get(node.index()).is_some_and(Option::is_some);
        on.then_some(node).ok_or(Loss::PoweredOff)
    }

    /// A packet reached a network behind that gateway.
    fn at_host(&mut self, gateway: NodeId, octets: &[u8]) {
        let Ok(packet) = Packet::parse(octets) else {
            return;
        };
        let Some(mark) = Mark::read(&packet) else {
            return;
        };
        match mark.answer {
            true => self.answered(gateway, mark),
            false => self.asked(gateway, &packet, mark),
        }
    }

    fn asked(&mut self, gateway: NodeId, packet: &Packet<'_>, mark: Mark) {
        let Some(flow) = self.flows.get_mut(usize::from(mark.flow)) else {
            return;
        };
        // Where networks overlap, it may have come to its own side's host.
        if flow.flow.to != gateway {
            return;
        }
        let (number, answered) = (mark.number, flow.is_answered());
        if flow.arrive(number) {
            self.tell_ping_arrived(mark.flow, number);
        }
        // To whom it came from, which a NAT may have changed.
        let (IpAddr::V4(here), IpAddr::V4(there)) = (packet.destination, packet.source) else {
            return;
        };
        let answer = Mark {
            answer: true,
            ..mark
        };
        let mut octets = std::mem::take(&mut self.packet);
        if answered
            && let Some(flow) = self.flows.get_mut(usize::from(mark.flow))
            && flow.write(answer, (here, there), &mut octets).is_ok()
        {
            self.host_sends(gateway, &octets);
        }
        self.packet = octets;
    }

    fn answered(&mut self, gateway: NodeId, mark: Mark) {
        let now = self.now;
        let flow = self.flows.get_mut(usize::from(mark.flow));
        let flow = flow.filter(|flow| flow.flow.from == gateway);
        if let Some(after) = flow.and_then(|flow| flow.answer(mark.number, now)) {
            self.tell_ping_answered(mark.flow, mark.number, after);
        }
    }

    fn host_sends(&mut self, gateway: NodeId, packet: &[u8]) {
        let now = self.now;
        if let Some(Some(node)) = self.nodes.get_mut(gateway.index()) {
            node.host_sends(now, packet);
            self.plan_wake(gateway);
        }
    }

    fn tick(&mut self, index: u16) {
        let now = self.now;
        let Some(flow) = self.flows.get_mut(usize::from(index)) else {
            return;
        };
        if flow.due.is_none_or(|due| due > now) {
            return;
        }
        let (packets, from) = (flow.tick(now), flow.flow.from);
        if let Some(due) = flow.due {
            self.queue.plan(due, Due::Tick(index));
        }
        self.give_up_pings();
        for _ in 0..packets {
            let flow = self.flows.get_mut(usize::from(index));
            let mut packet = std::mem::take(&mut self.packet);
            let Some(Ok(number)) = flow.map(|flow| flow.packet(index, now, &mut packet)) else {
                return;
            };
            self.asked.push_back((now, index));
            self.tell_ping_sent(index, number);
            self.host_sends(from, &packet);
            self.packet = packet;
            self.carry_out(from);
        }
    }

    fn excite_flows(&mut self) {
        let now = self.now;
        for index in &self.curious {
            if let Some(flow) = self.flows.get_mut(usize::from(*index))
                && flow.excite(now)
                && let Some(due) = flow.due
            {
                self.queue.plan(due, Due::Tick(*index));
            }
        }
    }

    /// Those that have waited too long.
    fn give_up_pings(&mut self) {
        let now = self.now;
        let mut late = Vec::new();
        while let Some((sent, flow)) = self.asked.front()
            && now >= *sent + PATIENCE
        {
            // Most have been answered, or given up with one before.
            let index = usize::from(*flow);
            if self.flows.get(index).is_some_and(|flow| flow.is_late(now)) {
                late.push(*flow);
            }
            self.asked.pop_front();
        }
        if !late.is_empty() {
            self.give_up_pings_of(late);
        }
    }

    #[inline(never)]
    fn give_up_pings_of(&mut self, mut late: Vec<u16>) {
        let now = self.now;
        late.sort_unstable();
        late.dedup();
        for flow in late {
            let index = usize::from(flow);
            while let Some(lost) = self.flows.get_mut(index).and_then(|flow| flow.give_up(now)) {
                self.tell(Happening::PingLost {
                    flow,
                    number: lost.number,
                    sent: lost.sent,
                    arrived: lost.arrived,
                });
            }
        }
    }

    fn look_for_keys(&mut self, id: NodeId, spi_in: u32) {
        let node = self.nodes.get(id.index()).and_then(Option::as_ref);
        let left = node.is_some_and(|node| node.sa_counters(spi_in).is_some());
        if left && !self.watch.has(id, spi_in) {
            self.tell(Happening::KeysLeft { node: id, spi_in });
        }
    }
}

fn described(sa: ChildSa) -> Sa {
    Sa {
        connection: sa.connection,
        child: sa.child,
        role: sa.role,
        spi_in: sa.spi_in,
        spi_out: sa.spi_out,
        local: sa.local_selectors,
        remote: sa.remote_selectors,
        path: sa.path,
        replay_window: sa.replay_window,
        hard_lifetime: sa.hard_lifetime,
    }
}
