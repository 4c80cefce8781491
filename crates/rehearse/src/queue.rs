//! What is to happen, in the order of its time; of two things at one time, the one that was planned
//! first.

use crate::node::{Datagram, NodeId};
use crossgate_model::Time;
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

#[derive(Debug)]
pub(crate) enum Due {
    /// A timer of the node may be due.
    Wake(NodeId),
    Arrive {
        number: u64,
        ike: bool,
        datagram: Box<Datagram>,
    },
    /// A router on the way tells the sender that a packet was too big for it.
    TooBig {
        node: NodeId,
        mtu: u16,
        datagram: Box<Datagram>,
    },
    /// A flow sends.
    Tick(u16),
    /// An index into the scenario's changes.
    Change(usize),
    /// The keys of a removed SA are to be gone by now.
    Erased { node: NodeId, spi_in: u32 },
    /// A packet of a flood.
    Flood(usize),
}

#[derive(Debug)]
struct Planned {
    at: Time,
    order: u64,
    due: Due,
}

impl PartialEq for Planned {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Planned {}

impl PartialOrd for Planned {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Planned {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

#[derive(Debug, Default)]
pub(crate) struct Queue {
    heap: BinaryHeap<Reverse<Planned>>,
    order: u64,
}

impl Queue {
    pub fn plan(&mut self, at: Time, due: Due) {
        let order = self.order;
        self.order += 1;
        self.heap.push(Reverse(Planned { at, order, due }));
    }

    pub fn next(&self) -> Option<Time> {
        self.heap.peek().map(|Reverse(planned)| planned.at)
    }

    pub fn pop(&mut self) -> Option<Due> {
        self.heap.pop().map(|Reverse(planned)| planned.due)
    }

    pub fn len(&self) -> usize {
        self.heap.len()
    }
}
