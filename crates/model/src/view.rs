//! The running state as plain values. Whatever a person or a program sees (both vendors' prints,
//! JSON, and faces to come) is a rendering of one [`Snapshot`].

use crate::operate::DebugTopic;
use crate::selector::SelectorPair;
use crossgate_crypto::{DhGroup, Encr, Integ, Prf};
use ipnet::IpNet;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// All that is to be known at one moment.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    pub system: SystemView,
    pub interfaces: Vec<InterfaceView>,
    /// As the kernel has them.
    pub routes: Vec<RouteView>,
    /// Every configured connection, up or not, in the configuration's order.
    pub connections: Vec<ConnectionView>,
    /// Events and refusals by name, the daemon's and the data plane's.
    pub counters: BTreeMap<&'static str, u64>,
    /// Debug topics that are on.
    pub debug: BTreeSet<DebugTopic>,
}

impl Snapshot {
    pub fn ike_sas(&self) -> impl Iterator<Item = (&ConnectionView, &IkeSaView)> {
        self.connections
            .iter()
            .flat_map(|c| c.ike_sas.iter().map(move |sa| (c, sa)))
    }

    /// Established Children with the connection and the configured Child that they are of.
    pub fn child_sas(&self) -> impl Iterator<Item = (&ConnectionView, &ChildView, &ChildSaView)> {
        self.connections.iter().flat_map(|c| {
            c.children
                .iter()
                .flat_map(move |child| child.sas.iter().map(move |sa| (c, child, sa)))
        })
    }
}

#[derive(Clone, Debug, Default)]
pub struct SystemView {
    pub hostname: String,
    /// The vendor release that the configuration states or implies.
    pub release: String,
    /// The program's own version.
    pub version: String,
    pub uptime: Duration,
    /// Seconds since 1970, UTC.
    pub unix_time: u64,
    pub management_address: Option<IpNet>,
    pub management_mac: Option<[u8; 6]>,
    /// The processor's instructions that packets are sealed and opened by: `vaes-512, sha-ni`; absent
    /// where the kernel does it.
    pub ciphers: Option<String>,
    /// Threads that seal and open; none where the daemon's own does, or the kernel.
    pub workers: Vec<WorkerView>,
}

#[derive(Clone, Debug, Default)]
pub struct WorkerView {
    /// From 1 on: what the inbound SPIs of its SAs say.
    pub number: u8,
    /// Linux's names of the tunnel devices that it has.
    pub devices: Vec<String>,
    /// Pairs, those that linger included.
    pub sas: usize,
    /// Of all Children that it has or had.
    pub totals: ChildCounters,
    /// By name. Only what has happened has an entry.
    pub counters: BTreeMap<&'static str, u64>,
}

#[derive(Clone, Debug)]
pub struct InterfaceView {
    /// The configuration's name.
    pub name: String,
    /// Linux's name, where it is bound or made.
    pub device: Option<String>,
    pub tunnel: bool,
    pub enabled: bool,
    pub line_up: bool,
    pub addresses: Vec<IpNet>,
    pub mtu: u32,
    pub mac: Option<[u8; 6]>,
    /// Megabits a second, where the device tells.
    pub speed: Option<u32>,
    pub description: Option<String>,
    pub zone: Option<String>,
    pub virtual_router: Option<String>,
    /// For a tunnel: its ends, where known.
    pub tunnel_ends: Option<(IpAddr, IpAddr)>,
    /// For a tunnel: the name of the interface that its packets leave by.
    pub tunnel_source: Option<String>,
    pub received: Traffic,
    pub sent: Traffic,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    pub packets: u64,
    pub bytes: u64,
    pub errors: u64,
    pub drops: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteKind {
    Connected,
    /// A host's own address.
    Local,
    Static,
    /// Made by the kernel or by somebody else.
    Other,
}

#[derive(Clone, Debug)]
pub struct RouteView {
    pub destination: IpNet,
    pub kind: RouteKind,
    pub gateway: Option<IpAddr>,
    /// The configuration's name, or Linux's where it has none.
    pub interface: Option<String>,
    pub distance: u8,
    pub metric: u32,
    pub virtual_router: Option<String>,
    /// Made to discard.
    pub discard: bool,
}

/// A configured connection and what there is of it.
#[derive(Clone, Debug)]
pub struct ConnectionView {
    /// From 1, in the configuration's order: PAN-OS's gateway ID.
    pub id: u32,
    pub name: String,
    pub local: Option<IpAddr>,
    pub remote: Option<IpAddr>,
    pub enabled: bool,
    pub ike_sas: Vec<IkeSaView>,
    pub children: Vec<ChildView>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Initiator,
    Responder,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IkeState {
    /// IKE_SA_INIT or IKE_AUTH under way.
    Negotiating,
    Established,
    Rekeying,
    Deleting,
}

#[derive(Clone, Debug)]
pub struct IkeSaView {
    /// Unique in the daemon's life, from 1: IOS-XE's tunnel and session ID, PAN-OS's SN.
    pub id: u32,
    pub state: IkeState,
    pub role: Role,
    pub local: SocketAddr,
    pub remote: SocketAddr,
    /// Of the original initiator.
    pub initiator_spi: u64,
    pub responder_spi: u64,
    /// Absent while IKE_SA_INIT is under way.
    pub suite: Option<IkeSuiteView>,
    pub local_identity: String,
    /// Empty until authenticated.
    pub remote_identity: String,
    pub local_auth: String,
    pub remote_auth: String,
    pub lifetime: Duration,
    pub age: Duration,
    /// Until the soft lifetime.
    pub rekey_in: Option<Duration>,
    pub nat_local: bool,
    pub nat_remote: bool,
    /// Liveness interval, where it is on.
    pub liveness: Option<Duration>,
    pub fragmentation: bool,
    /// The next request's message ID, ours and the peer's.
    pub next_request: u32,
    pub next_expected: u32,
    /// Requests of ours without an answer yet.
    pub outstanding: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IkeSuiteView {
    pub encr: Encr,
    /// Absent with an AEAD cipher.
    pub integ: Option<Integ>,
    pub prf: Prf,
    pub group: DhGroup,
}

/// A configured Child and its SAs (two while a rekey is under way, none when down).
#[derive(Clone, Debug)]
pub struct ChildView {
    /// From 1, over all connections: PAN-OS's tunnel ID.
    pub id: u32,
    pub name: String,
    pub tunnel: String,
    pub tunnel_interface: Option<String>,
    pub enabled: bool,
    /// As configured.
    pub selectors: SelectorPair,
    pub lifetime: Duration,
    pub kilobytes: Option<u64>,
    pub pfs: Option<DhGroup>,
    /// Newest first.
    pub sas: Vec<ChildSaView>,
    /// Over all its SAs, gone ones included.
    pub totals: ChildCounters,
    /// Why it is not up, in words, where something failed.
    pub last_failure: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encapsulation {
    /// IP protocol 50.
    Esp,
    /// ESP in UDP (RFC 3948).
    Udp { local_port: u16, remote_port: u16 },
}

#[derive(Clone, Debug)]
pub struct ChildSaView {
    /// Unique in the daemon's life.
    pub id: u32,
    /// The IKE SA that it belongs to.
    pub ike_id: u32,
    /// Who asked for this SA.
    pub role: Role,
    pub spi_in: u32,
    pub spi_out: u32,
    pub local: IpAddr,
    pub remote: IpAddr,
    /// As agreed.
    pub selectors: SelectorPair,
    pub encr: Encr,
    /// Absent with an AEAD cipher.
    pub integ: Option<Integ>,
    pub esn: bool,
    /// The group of this SA's own key exchange, if it had one.
    pub pfs: Option<DhGroup>,
    pub encapsulation: Encapsulation,
    pub lifetime: Duration,
    pub age: Duration,
    pub kilobytes: Option<u64>,
    pub replay_window: u32,
    /// Octets of inner packet that fit the path.
    pub inner_mtu: u16,
    pub path_mtu: u16,
    pub counters: ChildCounters,
    /// Message ID of the exchange that made it.
    pub message_id: u32,
}

/// What went through a Child SA, and what was refused and why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChildCounters {
    pub packets_in: u64,
    /// Octets of inner packets.
    pub bytes_in: u64,
    pub packets_out: u64,
    pub bytes_out: u64,
    /// The ICV did not verify.
    pub auth_errors: u64,
    /// Verified, but padding or inner packet made no sense.
    pub decrypt_errors: u64,
    pub replayed: u64,
    /// The inner packet is outside the agreed selectors.
    pub outside_selectors: u64,
    /// Could not be sealed: sequence numbers or lifetime at an end, or too big.
    pub send_errors: u64,
    /// Packets that waited or were dropped for want of an SA.
    pub no_sa: u64,
    /// Packets that made the engine ask for an SA.
    pub acquires: u64,
}

impl std::ops::Add for ChildCounters {
    type Output = Self;

    /// Field by field: a new one has to be added here as well.
    fn add(self, other: Self) -> Self {
        Self {
            packets_in: self.packets_in + other.packets_in,
            bytes_in: self.bytes_in + other.bytes_in,
            packets_out: self.packets_out + other.packets_out,
            bytes_out: self.bytes_out + other.bytes_out,
            auth_errors: self.auth_errors + other.auth_errors,
            decrypt_errors: self.decrypt_errors + other.decrypt_errors,
            replayed: self.replayed + other.replayed,
            outside_selectors: self.outside_selectors + other.outside_selectors,
            send_errors: self.send_errors + other.send_errors,
            no_sa: self.no_sa + other.no_sa,
            acquires: self.acquires + other.acquires,
        }
    }
}
