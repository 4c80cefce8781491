//! What one SA does to others, or to its connection. The engine carries it out after the SA's own
//! turn, in order.

use crate::child::Child;
use crate::sa::IkeSa;
use crate::sa::tasks::Task;
use crossgate_model::event::DeleteReason;
use crossgate_model::{Identity, Time};
use std::collections::BTreeMap;

#[derive(Debug)]
pub(crate) enum Effect {
    /// A new IKE SA, made by a rekey.
    Spawn(Box<IkeSa>),
    /// IKE_AUTH succeeded.
    Established(Box<Arrival>),
    /// An IKE SA is no more, or never came to be; its connection may be tried again.
    IkeGone { connection: String, end: End },
    ChildUp {
        connection: String,
        child: String,
        spi_in: u32,
    },
    ChildFailed {
        connection: String,
        child: String,
        why: String,
    },
    ChildGone {
        connection: String,
        child: String,
        /// That the SA was for (RFC 9611); 0 for all.
        resource: u8,
        reason: DeleteReason,
    },
    /// A collision of IKE rekeys is decided: the Children follow the survivor.
    TakeChildren { from: u32, to: u32 },
    /// A collision is decided for the SA that is yet to be made: meanwhile the Children are where
    /// they were.
    GiveBack {
        to: u32,
        children: BTreeMap<u32, Box<Child>>,
        tasks: Vec<(Time, Task)>,
    },
    /// It is decided for this SA: its own requests may begin.
    Release(u32),
}

/// A newly authenticated peer.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub id: u32,
    pub connection: String,
    pub identity: Identity,
    /// When its IKE_SA_INIT began: SAs from before are stale if the peer has forgotten them.
    pub began: Time,
    /// The peer said INITIAL_CONTACT.
    pub first_contact: bool,
    /// We asked; otherwise the peer did and is left to ask for its Children first.
    pub by_us: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The negotiation failed, or the peer is dead.
    Failed,
    /// Deleted in order.
    Deleted(DeleteReason),
    /// Can't succeed before the configuration changes.
    Hopeless,
}
