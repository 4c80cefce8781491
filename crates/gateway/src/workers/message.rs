//! What the thread that speaks IKE and the workers say to each other.

use crate::path_mtu::Told;
use crate::sockets::Endpoint;
use crate::tun::Queue;
use crossgate_esp::{Notice, Policy, Received, Report};
use crossgate_model::{ChildSa, Path};
use crossgate_offload::Reads;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::mpsc::SyncSender;

/// Commands to one worker; whoever finds no room waits.
pub const COMMANDS_MAX: usize = 1024;
/// Packets of other threads for one worker; what finds no room is dropped and counted.
pub const STRAYS_MAX: usize = 512;
/// Batches of other workers for one worker; who finds no room waits.
pub const HANDED_MAX: usize = 256;
/// Words of all workers; whoever finds no room tries again.
pub const WORDS_MAX: usize = 1024;

/// To a worker, who obeys in their order, and before it opens what came later.
pub enum Command {
    /// In place of all that it had.
    Policies(Vec<Policy>),
    /// And whether it is for this worker's share of what another one has.
    Install(Box<ChildSa>, bool),
    Remove(u32),
    Move(u32, Path),
    /// The peers have been sent what makes the SAs usable that were installed.
    Settled,
    /// What the device takes that the way to that peer begins at.
    PathMtu(IpAddr, u16),
    /// A router's word about a packet of this worker's.
    TooBig {
        remote: IpAddr,
        mtu: u32,
        quoted: Vec<u8>,
    },
    Endpoint(Box<Endpoint>),
    /// And the worker that seals what this one has no SA of its own for; itself, where it shares the
    /// device with nobody.
    Queue(Box<Queue>, u8),
    /// Lets go of all else, and says when that is done.
    Keep {
        addresses: BTreeSet<IpAddr>,
        devices: BTreeSet<String>,
        done: SyncSender<()>,
    },
    Look(SyncSender<WorkerReport>),
    Stop,
}

/// From a worker.
pub enum Word {
    Notice(Notice),
    /// In a train of ESP there was a message.
    Ike {
        local: SocketAddr,
        remote: SocketAddr,
        message: Vec<u8>,
    },
    /// An ICMP error about a packet of ours, or of another worker's.
    Told(Told),
    PathMtuLowered {
        remote: IpAddr,
        mtu: u16,
    },
    NotInstalled {
        child: String,
        error: String,
    },
    /// Somebody has deleted a TUN; it is let go of.
    DeviceGone(String),
}

/// What was read from one worker's share of a device, for the worker that has the SA for all.
pub struct Handed {
    pub interface: Option<Arc<str>>,
    pub reads: Reads,
    /// Counts those that are sealed and sent.
    pub done: Arc<AtomicU64>,
}

/// An ESP packet that came to a thread that can't open it.
pub struct Stray {
    path: Path,
    tos: u8,
    packet: Box<[u8]>,
}

impl Stray {
    pub fn received(&mut self) -> Received<'_> {
        Received {
            path: self.path,
            tos: self.tos,
            packet: &mut self.packet,
        }
    }
}

impl From<Received<'_>> for Stray {
    fn from(received: Received<'_>) -> Self {
        Self {
            path: received.path,
            tos: received.tos,
            packet: (&*received.packet).into(),
        }
    }
}

/// One worker at one moment.
#[derive(Clone, Debug, Default)]
pub struct WorkerReport {
    pub esp: Report,
    /// Linux's names of its TUNs.
    pub devices: Vec<String>,
    /// What happened that is not the data plane's business.
    pub counters: BTreeMap<&'static str, u64>,
}
