//! What an operator may ask of a running gateway, and what comes of it.
//!
//! A dialect turns a line of its vendor's language into a [`Reply`]: a print made from the
//! [`Station`] at once, or an [`Operation`] that the daemon carries out, with the function that
//! prints its [`Outcome`].

use crate::config::Gateway;
use crate::view::Snapshot;
use std::net::IpAddr;
use std::time::Duration;

/// What a command may look at.
pub struct Station<'a> {
    pub gateway: &'a Gateway,
    pub snapshot: &'a Snapshot,
    /// The configuration as written, its secrets masked.
    pub masked_config: &'a str,
}

/// What a line of an operator leads to.
pub enum Reply {
    Print(String),
    /// The line is not understood; the text is the vendor's own error print.
    Refused(String),
    Operate {
        operation: Operation,
        print: Print,
    },
}

/// Makes a vendor's print of what came of an operation.
pub type Print = Box<dyn FnOnce(&Operation, &Outcome) -> String + Send>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Bring up IKE SAs: all, or one connection's.
    InitiateIke {
        connection: Option<String>,
    },
    /// Bring up Children: all, or those of one tunnel (or one Child by name).
    InitiateChild {
        tunnel: Option<String>,
    },
    RekeyIke {
        connection: Option<String>,
    },
    RekeyChild {
        tunnel: Option<String>,
    },
    /// Delete IKE SAs with their Children.
    ClearIke {
        which: Which,
    },
    /// Delete Children only.
    ClearChild {
        tunnel: Option<String>,
    },
    Ping(Ping),
    /// Turn a debug topic on or off for whoever follows the log.
    Debug {
        topic: DebugTopic,
        on: bool,
    },
    DebugOff,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    All,
    Connection(String),
    Peer(IpAddr),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DebugTopic {
    Ike,
    IkePacket,
    IkeError,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ping {
    pub destination: IpAddr,
    pub source: Option<IpAddr>,
    pub count: u32,
    /// Octets of the IP packet.
    pub size: u16,
    pub timeout: Duration,
    /// Between two requests; zero: the next follows the answer.
    pub interval: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// How many were concerned.
    Done { ike_sas: u32, children: u32 },
    /// The name is not configured.
    NoSuchName,
    /// Configured, but there is no SA to act upon. `id` is the connection's number.
    NothingThere { id: u32 },
    /// One entry a request: the round trip, or `None`.
    Pinged(Vec<Option<Duration>>),
    /// It could not be tried at all, and why.
    Failed(String),
}
