//! What goes into the engine and what comes out of it.

use crossgate_crypto::{IkeSuite, Secret};
use crossgate_model::{ChildSa, Event, Path, Time};
use std::net::SocketAddr;

/// An IKE message as it arrived, without the non-ESP marker.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    pub local: SocketAddr,
    pub remote: SocketAddr,
    pub payload: &'a [u8],
}

/// What the caller is to do, in this order.
#[derive(Debug)]
pub enum Output {
    /// An IKE message; the caller adds the non-ESP marker where the local port is 4500.
    Transmit {
        local: SocketAddr,
        remote: SocketAddr,
        payload: Vec<u8>,
    },
    /// One octet 0xFF (RFC 3948 §2.3).
    Keepalive {
        local: SocketAddr,
        remote: SocketAddr,
    },
    InstallChild(Box<ChildSa>),
    RemoveChild {
        spi_in: u32,
    },
    MoveChild {
        spi_in: u32,
        path: Path,
    },
    /// For a key log only.
    IkeKeys(Box<IkeKeys>),
    Event(Event),
}

/// The keys of an IKE SA, as a key log wants them.
#[derive(Clone, Debug)]
pub struct IkeKeys {
    pub connection: String,
    pub initiator_spi: u64,
    pub responder_spi: u64,
    pub suite: IkeSuite,
    /// With the salt, where the cipher has one.
    pub sk_ei: Secret,
    pub sk_er: Secret,
    /// Empty for combined-mode ciphers.
    pub sk_ai: Secret,
    pub sk_ar: Secret,
}

/// When [`crate::Engine::handle_timeout`] is due, and for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline {
    pub at: Time,
    pub timer: TimerName,
}

/// What a deadline is for: a loop that spins names its culprit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TimerName {
    /// Output waits to be polled.
    Output,
    Retransmit,
    HalfOpen,
    /// A closed SA is forgotten.
    Linger,
    Liveness,
    NatKeepalive,
    IkeRekey,
    IkeExpiry,
    ChildRekey,
    ChildExpiry,
    ChildIdle,
    /// A replaced or duplicate SA goes.
    Cleanup,
    /// A request waits for its time.
    Task,
    /// A connection is tried again.
    Retry,
}
