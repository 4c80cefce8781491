//! One gateway of the world: the engine, the data plane and the packet rules of production, joined
//! as the daemon joins them. No clock, no socket: time comes in, [`Deed`]s go out.
//!
//! The order is the daemon's: all outputs of the engine, then packets that waited for an SA, then
//! what the data plane has to say, until all are silent.

use crate::double::Doubled;
use crate::forwarding::{Arrival, Forwarding, Surroundings, Way};
use crate::spare::Spare;
use crossgate_crypto::CryptoRng;
use crossgate_esp::{
    DataPlane, DropReason, Notice, OpenOutcome, OpenOutput, Policy, Received, SealOutcome,
    SealOutput, TooBig,
};
use crossgate_ike::{self as ike, Engine, IkeKeys, Output};
use crossgate_model::operate::Operation;
use crossgate_model::view::{ChildCounters, ConnectionView, Encapsulation};
use crossgate_model::{ChildSa, End, Event, Gateway, Initiation, Path, Time};
use crossgate_wire::esp::{KEEPALIVE, Port4500, classify_4500};
use crossgate_wire::ike::with_non_esp_marker;
use crossgate_wire::ip::Packet;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

const IKE_PORT: u16 = 500;
const NAT_PORT: u16 = 4500;

/// A gateway of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeId(pub u16);

impl NodeId {
    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }
}

impl From<End> for NodeId {
    fn from(end: End) -> Self {
        Self(end as u16)
    }
}

/// What a packet on the WAN is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carries {
    Udp,
    /// IP protocol 50: ports are 0.
    Esp,
    /// A host's own packet, whole, and in the clear.
    Clear,
}

/// One packet on the WAN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datagram {
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub carries: Carries,
    /// Of the outer header.
    pub tos: u8,
    pub df: bool,
    pub payload: Vec<u8>,
}

/// What a node does to the world. Kept small, as it is handed on: what is seldom is in a box.
#[derive(Debug)]
pub(crate) enum Deed {
    Send(Box<Datagram>),
    /// To a host behind it.
    Deliver(Vec<u8>),
    Event(Box<Event>),
    Installed(Box<ChildSa>),
    /// The data plane refused that Child's SA, and why.
    NotInstalled(Box<(String, String)>),
    Removed {
        spi_in: u32,
    },
    Moved {
        spi_in: u32,
        path: Box<Path>,
    },
    Keys(Box<IkeKeys>),
    Opened {
        spi_in: u32,
        sequence: u32,
    },
    /// A packet waits for an SA; so many of a Child do now.
    Waits {
        packets: usize,
    },
    /// By the data plane or the rules, with the counter's name.
    Dropped {
        by: Station,
        reason: &'static str,
    },
}

/// Who dropped a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Station {
    DataPlane,
    Firewall,
    /// Port 4500 and the raw socket, before any engine.
    Socket,
}

/// How far a node's clock is from the world's.
#[derive(Clone, Copy, Debug, Default)]
struct Clock {
    ahead: Duration,
    behind: Duration,
}

impl Clock {
    fn local(self, world: Time) -> Time {
        match self.is_right() {
            true => world,
            false => world + self.ahead - self.behind,
        }
    }

    fn world(self, local: Time) -> Time {
        match self.is_right() {
            true => local,
            false => local + self.behind - self.ahead,
        }
    }

    fn is_right(self) -> bool {
        self.ahead.is_zero() && self.behind.is_zero()
    }
}

pub(crate) struct Node {
    gateway: Arc<Gateway>,
    engine: Engine,
    plane: DataPlane,
    forwarding: Forwarding,
    clock: Clock,
    path_mtu: u16,
    /// Addresses that it sends from and listens at.
    owned: Vec<IpAddr>,
    /// Packets that waited for an SA in vain, so far.
    given_up: u64,
    /// Answers, but never initiates.
    passive: bool,
    /// Absent while they are being filled and emptied.
    sealed: Option<Box<SealOutput>>,
    opened: Option<Box<OpenOutput>>,
    spare: Spare,
    deeds: VecDeque<Deed>,
}

/// Two generators of a node's own.
pub(crate) type Dice = [Box<dyn CryptoRng + Send>; 2];

/// Commands.
impl Node {
    pub fn new(
        gateway: Arc<Gateway>,
        around: Arc<Surroundings>,
        passive: bool,
        path_mtu: u16,
        dice: Dice,
    ) -> Self {
        Self::made(gateway, around, passive, path_mtu, dice, None)
    }

    /// With something else in the place of cryptography, if the world has that.
    pub fn made(
        gateway: Arc<Gateway>,
        around: Arc<Surroundings>,
        passive: bool,
        path_mtu: u16,
        dice: Dice,
        double: Doubled,
    ) -> Self {
        let gateway = if passive {
            held_back(&gateway)
        } else {
            gateway
        };
        let [for_engine, for_plane] = dice;
        let policies = Policy::all_of(&gateway);
        let (engine, plane) = match &double {
            None => (
                Engine::new(gateway.clone(), for_engine),
                DataPlane::new(policies, for_plane),
            ),
            Some(double) => (
                Engine::doubled(gateway.clone(), for_engine, double.clone()),
                DataPlane::doubled(policies, for_plane, double.clone()),
            ),
        };
        let mut node = Self {
            engine,
            plane,
            owned: owned(&gateway),
            forwarding: Forwarding::new(gateway.clone(), around),
            gateway,
            clock: Clock::default(),
            path_mtu,
            given_up: 0,
            passive,
            sealed: None,
            opened: None,
            spare: Spare::default(),
            deeds: VecDeque::new(),
        };
        node.set_path_mtus();
        node
    }

    pub fn start(&mut self, now: Time) {
        let now = self.clock.local(now);
        self.engine.start(now);
        self.drain(now);
    }

    pub fn operate(&mut self, now: Time, operation: &Operation) {
        let now = self.clock.local(now);
        self.engine.operate(now, operation);
        self.drain(now);
    }

    /// Deletes all SAs with their peers.
    pub fn shutdown(&mut self, now: Time) {
        let now = self.clock.local(now);
        self.engine.shutdown(now);
        self.drain(now);
    }

    /// Another configuration, in the order of the daemon: policies first.
    pub fn reconfigure(&mut self, now: Time, gateway: Arc<Gateway>) {
        let gateway = match self.passive {
            true => held_back(&gateway),
            false => gateway,
        };
        let now = self.clock.local(now);
        self.plane.set_policies(Policy::all_of(&gateway));
        self.forwarding.reconfigure(now, gateway.clone());
        self.gateway = gateway.clone();
        self.owned = owned(&self.gateway);
        self.set_path_mtus();
        self.engine.reconfigure(now, gateway);
        self.drain(now);
    }

    /// The clock jumps: forwards or backwards.
    pub fn step_clock(&mut self, forwards: bool, by: Duration) {
        match forwards {
            true => self.clock.ahead += by,
            false => self.clock.behind += by,
        }
    }

    fn set_path_mtus(&mut self) {
        for connection in &self.gateway.connections {
            if let Some(remote) = connection.remote.address() {
                self.plane.set_path_mtu(remote, self.path_mtu);
            }
        }
    }
}

/// Nothing is sent from, or heard at, an address that no interface has that is up, or another one
/// than the connections of that address name.
fn owned(gateway: &Gateway) -> Vec<IpAddr> {
    let mut named: BTreeMap<IpAddr, BTreeSet<&str>> = BTreeMap::new();
    for local in gateway.connections.iter().map(|c| &c.local) {
        if let (Some(address), Some(interface)) = (&local.address, &local.interface) {
            let names = named.entry(address.value).or_default();
            names.insert(interface.value.as_str());
        }
    }
    let up = gateway.interfaces.iter().filter(|i| i.enabled.value);
    let addresses = up.flat_map(|i| i.addresses.iter().map(move |net| (net.addr(), i)));
    addresses
        .filter(|(address, interface)| {
            let names = named.get(address);
            names.is_none_or(|names| names.contains(interface.name.value.as_str()))
        })
        .map(|(address, _)| address)
        .collect()
}

/// As with the daemon's `--passive`.
fn held_back(gateway: &Gateway) -> Arc<Gateway> {
    let mut gateway = gateway.clone();
    for connection in &mut gateway.connections {
        connection.initiation.value = Initiation::Never;
    }
    Arc::new(gateway)
}

/// Input.
impl Node {
    /// A host behind this gateway sends a packet.
    pub fn host_sends(&mut self, now: Time, packet: &[u8]) {
        let now = self.clock.local(now);
        self.forward(now, Arrival::Host, packet);
        self.drain(now);
    }

    /// A packet came in from the WAN; what it came in is kept.
    pub fn receive_from(&mut self, now: Time, datagram: Box<Datagram>) {
        self.receive(now, &datagram);
        self.spare.keep_datagram(datagram);
    }

    /// A packet came in from the WAN.
    pub fn receive(&mut self, now: Time, datagram: &Datagram) {
        let now = self.clock.local(now);
        if !self.owned.contains(&datagram.to.ip()) {
            return self.drop_packet(Station::Socket, "no-local-address");
        }
        if let Some(reason) = self.forwarding.input(now, datagram) {
            return self.drop_packet(Station::Firewall, reason.word());
        }
        match datagram.carries {
            Carries::Clear => self.drop_packet(Station::Firewall, "clear-from-wan"),
            Carries::Esp => self.esp(now, datagram, Encapsulation::Esp, &datagram.payload),
            Carries::Udp if datagram.to.port() == NAT_PORT => self.on_nat_port(now, datagram),
            Carries::Udp if datagram.to.port() == IKE_PORT => {
                self.ike(now, datagram, &datagram.payload);
            }
            Carries::Udp => self.drop_packet(Station::Socket, "no-such-port"),
        }
        self.drain(now);
    }

    fn on_nat_port(&mut self, now: Time, datagram: &Datagram) {
        match classify_4500(&datagram.payload) {
            Port4500::Ike(message) => self.ike(now, datagram, message),
            Port4500::Esp(packet) => {
                let encapsulation = Encapsulation::Udp {
                    local_port: NAT_PORT,
                    remote_port: datagram.from.port(),
                };
                self.esp(now, datagram, encapsulation, packet);
            }
            Port4500::Keepalive => {}
            Port4500::Runt => self.drop_packet(Station::Socket, "runts-on-4500"),
        }
    }

    fn ike(&mut self, now: Time, datagram: &Datagram, payload: &[u8]) {
        let (local, remote) = (datagram.to, datagram.from);
        let message = ike::Datagram {
            local,
            remote,
            payload,
        };
        self.engine.handle(now, message);
    }

    fn esp(&mut self, now: Time, datagram: &Datagram, encapsulation: Encapsulation, packet: &[u8]) {
        let path = Path {
            local: datagram.to.ip(),
            remote: datagram.from.ip(),
            encapsulation,
        };
        let mut inner = packet.to_vec();
        let mut received = Received {
            path,
            tos: datagram.tos,
            packet: &mut inner,
        };
        let mut opened = self.opened.take().unwrap_or_default();
        self.plane.open_one(now, &mut received, &mut opened);
        for outcome in &opened.outcomes {
            if let OpenOutcome::Dropped(reason) = outcome {
                self.drop_packet(Station::DataPlane, reason.name());
            }
        }
        for meta in &opened.packets {
            let (spi_in, sequence) = (meta.spi_in, sequence_of(packet));
            self.deeds.push_back(Deed::Opened { spi_in, sequence });
            let arrival = Arrival::Tunnel(meta.interface.as_ref());
            self.forward(now, arrival, received.packet);
        }
        opened.clear();
        self.opened = Some(opened);
        self.heed_notices(now);
    }

    /// A router's word that this datagram was longer than `mtu`.
    pub fn too_big(&mut self, now: Time, mtu: u16, datagram: &Datagram) {
        let now = self.clock.local(now);
        let said = TooBig {
            remote: datagram.to.ip(),
            mtu: mtu.into(),
            quoted: &datagram.payload,
        };
        // Whether it is believed is in the counters.
        let _ = self.plane.too_big(now, said);
        self.drain(now);
    }

    pub fn handle_timeout(&mut self, now: Time) {
        let now = self.clock.local(now);
        if self.engine.poll_timeout().is_some_and(|due| due.at <= now) {
            self.engine.handle_timeout(now);
        }
        if self.plane.poll_timeout().is_some_and(|at| at <= now) {
            self.plane.handle_timeout(now);
            self.count_given_up();
        }
        self.drain(now);
    }
}

fn sequence_of(packet: &[u8]) -> u32 {
    let esp = crossgate_wire::esp::EspPacket::parse(packet);
    esp.map_or(0, |esp| esp.header.sequence)
}

/// Output.
impl Node {
    /// What it has wanted done for longest.
    pub fn next_deed(&mut self) -> Option<Deed> {
        self.deeds.pop_front()
    }

    /// What it may use again for what it sends and delivers.
    pub fn spare(&mut self) -> &mut Spare {
        &mut self.spare
    }

    pub fn poll_timeout(&self) -> Option<Time> {
        let engine = self.engine.poll_timeout().map(|due| due.at);
        let next = match (engine, self.plane.poll_timeout()) {
            (Some(engine), Some(plane)) => engine.min(plane),
            (one, other) => one.or(other)?,
        };
        Some(self.clock.world(next))
    }
}

/// Getters.
impl Node {
    /// The configuration in force.
    pub fn gateway(&self) -> &Arc<Gateway> {
        &self.gateway
    }

    pub fn connections(&self, now: Time) -> Vec<ConnectionView> {
        self.engine.connections(self.clock.local(now))
    }

    pub fn is_quiet(&self) -> bool {
        self.engine.is_quiet()
    }

    /// Of an SA that the data plane still has.
    pub fn sa_counters(&self, spi_in: u32) -> Option<ChildCounters> {
        self.plane.counters(spi_in)
    }

    /// Refusals by name, of both engines.
    pub fn counters(&self) -> BTreeMap<&'static str, u64> {
        let mut all = self.engine.counters().clone();
        for (name, count) in self.plane.drops().iter().chain(self.plane.tallies()) {
            *all.entry(name).or_default() += count;
        }
        all
    }

    /// All that decides what the engine will do, but for its randomness.
    pub fn state(&self) -> String {
        format!("{:?}", self.engine)
    }

    #[cfg(test)]
    pub fn plant(&mut self, fault: ike::Fault) {
        self.engine.plant(fault);
    }

    /// A data plane that draws the same IV for every packet. For a gateway that isn't started yet.
    #[cfg(test)]
    pub fn repeat_ivs(&mut self) {
        self.plane = DataPlane::new(Policy::all_of(&self.gateway), Box::new(Repeats));
        self.set_path_mtus();
    }

    /// Which timer is next: for a loop that spins.
    pub fn next_timer(&self) -> Option<ike::TimerName> {
        self.engine.poll_timeout().map(|due| due.timer)
    }
}

impl Node {
    fn forward(&mut self, now: Time, arrival: Arrival<'_>, packet: &[u8]) {
        let (way, translated) = self.forwarding.way(now, arrival, packet);
        let packet = translated.as_deref().unwrap_or(packet);
        match way {
            Way::Inside => self.deliver(packet),
            Way::Tunnel(interface) => {
                let mut sealed = self.sealed.take().unwrap_or_default();
                self.plane.seal_one(now, interface, packet, &mut sealed);
                self.send_sealed(now, sealed);
                self.heed_notices(now);
            }
            Way::Wan => self.send_clear(packet),
            Way::Refused(reason) => self.drop_packet(Station::Firewall, reason),
        }
    }

    fn deliver(&mut self, packet: &[u8]) {
        let packet = self.spare.packet(packet);
        self.deeds.push_back(Deed::Deliver(packet));
    }

    fn send_clear(&mut self, packet: &[u8]) {
        if let Ok(inner) = Packet::parse(packet) {
            let mut datagram = self.spare.datagram(packet);
            datagram.from = SocketAddr::new(inner.source, 0);
            datagram.to = SocketAddr::new(inner.destination, 0);
            datagram.carries = Carries::Clear;
            datagram.tos = inner.tos;
            datagram.df = inner.dont_fragment;
            self.deeds.push_back(Deed::Send(datagram));
        }
    }

    /// Sends what is in the batch, and keeps its room.
    fn send_sealed(&mut self, now: Time, mut sealed: Box<SealOutput>) {
        for outcome in &sealed.outcomes {
            match outcome {
                SealOutcome::Dropped(reason) => {
                    self.drop_packet(Station::DataPlane, reason.name());
                }
                SealOutcome::TooBig { .. } => self.drop_packet(Station::DataPlane, "out-too-big"),
                SealOutcome::Waits => {
                    let packets = self.plane.waiting();
                    self.deeds.push_back(Deed::Waits { packets });
                }
                SealOutcome::Sealed
                | SealOutcome::SealedInFragments
                | SealOutcome::SealedOversize => {}
            }
        }
        for (meta, packet) in sealed.sealed.iter() {
            let mut datagram = self.spare.datagram(packet);
            address(&mut datagram, &meta.path);
            (datagram.tos, datagram.df) = (meta.tos, meta.df);
            self.send(now, datagram);
        }
        for (_, packet) in sealed.answers.iter() {
            self.deliver(packet);
        }
        sealed.clear();
        self.sealed = Some(sealed);
    }

    /// Does what the engines have to say, in their order, until they are silent.
    fn drain(&mut self, now: Time) {
        loop {
            if self.engine.has_output() {
                self.act_all(now);
            }
            self.release(now);
            if !self.heed_notices(now) {
                return;
            }
        }
    }

    #[inline(never)]
    fn act_all(&mut self, now: Time) {
        while let Some(output) = self.engine.poll_output() {
            self.act(now, output);
        }
    }

    fn release(&mut self, now: Time) {
        if self.plane.has_released() {
            let mut sealed = self.sealed.take().unwrap_or_default();
            self.plane.release(now, &mut sealed);
            self.send_sealed(now, sealed);
        }
    }

    fn act(&mut self, now: Time, output: Output) {
        match output {
            Output::Transmit {
                local,
                remote,
                payload,
            } => {
                let payload = match local.port() {
                    NAT_PORT => with_non_esp_marker(&payload),
                    _ => payload,
                };
                self.send_udp(now, local, remote, payload);
            }
            Output::Keepalive { local, remote } => {
                self.send_udp(now, local, remote, KEEPALIVE.to_vec());
            }
            Output::InstallChild(sa) => self.install(now, sa),
            Output::RemoveChild { spi_in } => {
                self.plane.remove(now, spi_in);
                self.deeds.push_back(Deed::Removed { spi_in });
            }
            Output::MoveChild { spi_in, path } => {
                self.plane.move_path(spi_in, path);
                let path = Box::new(path);
                self.deeds.push_back(Deed::Moved { spi_in, path });
            }
            Output::IkeKeys(keys) => self.deeds.push_back(Deed::Keys(keys)),
            Output::Event(event) => self.deeds.push_back(Deed::Event(Box::new(event))),
        }
    }

    fn install(&mut self, now: Time, sa: Box<ChildSa>) {
        self.plane.set_path_mtu(sa.path.remote, self.path_mtu);
        match self.plane.install(now, (*sa).clone()) {
            Ok(()) => self.deeds.push_back(Deed::Installed(sa)),
            Err(error) => {
                let refused = Box::new((sa.child, error.to_string()));
                self.deeds.push_back(Deed::NotInstalled(refused));
            }
        }
    }

    fn send_udp(&mut self, now: Time, from: SocketAddr, to: SocketAddr, payload: Vec<u8>) {
        let datagram = Datagram {
            from,
            to,
            carries: Carries::Udp,
            tos: 0,
            df: false,
            payload,
        };
        self.send(now, Box::new(datagram));
    }

    fn send(&mut self, now: Time, datagram: Box<Datagram>) {
        if !self.owned.contains(&datagram.from.ip()) {
            return self.drop_packet(Station::Socket, "no-local-address");
        }
        match self.forwarding.output(now, &datagram) {
            None => self.deeds.push_back(Deed::Send(datagram)),
            Some(reason) => self.drop_packet(Station::Firewall, reason.word()),
        }
    }

    /// Forwards what the data plane has to tell; whether there was anything.
    fn heed_notices(&mut self, now: Time) -> bool {
        let any = self.plane.has_notices();
        if any {
            self.heed_all(now);
        }
        any
    }

    #[inline(never)]
    fn heed_all(&mut self, now: Time) {
        while let Some(notice) = self.plane.poll_notice() {
            self.heed(now, notice);
        }
    }

    fn heed(&mut self, now: Time, notice: Notice) {
        match notice {
            Notice::Acquire { .. } if self.passive => {}
            Notice::Acquire { child } => self.engine.acquire(now, &child),
            Notice::SoftExpired { spi_in } => self.engine.soft_expired(now, spi_in),
            Notice::HardExpired { spi_in } => self.engine.hard_expired(now, spi_in),
            Notice::Moved {
                spi_in,
                local,
                remote,
            } => self.engine.peer_moved(now, spi_in, local, remote),
            Notice::Seen { spi_in } => self.engine.traffic_seen(now, spi_in),
            Notice::Sent { spi_in } => self.engine.traffic_sent(now, spi_in),
        }
    }

    /// The data plane only counts those that its timer drops.
    fn count_given_up(&mut self) {
        let name = DropReason::WaitedTooLong.name();
        let total = self.plane.drops().get(name).copied().unwrap_or(0);
        for _ in self.given_up..total {
            self.drop_packet(Station::DataPlane, name);
        }
        self.given_up = total;
    }

    fn drop_packet(&mut self, by: Station, reason: &'static str) {
        self.deeds.push_back(Deed::Dropped { by, reason });
    }
}

/// From one end of the path to the other.
fn address(datagram: &mut Datagram, path: &Path) {
    let (carries, local_port, remote_port) = match path.encapsulation {
        Encapsulation::Esp => (Carries::Esp, 0, 0),
        Encapsulation::Udp {
            local_port,
            remote_port,
        } => (Carries::Udp, local_port, remote_port),
    };
    datagram.carries = carries;
    datagram.from = SocketAddr::new(path.local, local_port);
    datagram.to = SocketAddr::new(path.remote, remote_port);
}

/// A generator that is broken.
#[cfg(test)]
struct Repeats;

#[cfg(test)]
impl rand_core::TryRng for Repeats {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(0x5555_5555)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(0x5555_5555_5555_5555)
    }

    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), Self::Error> {
        octets.fill(0x55);
        Ok(())
    }
}

#[cfg(test)]
impl rand_core::TryCryptoRng for Repeats {}
