//! What is to happen, in the order of its time; of two things at one time, the one that was planned
//! first.

use crate::node::{Datagram, NodeId};
use crossgate_model::Time;
use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, VecDeque};

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

impl Planned {
    fn is_before(&self, other: &Self) -> bool {
        self.at < other.at || (self.at == other.at && self.order < other.order)
    }
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

/// What comes in the order of its time already stands in a lane, where nothing is compared: packets,
/// where the way takes them equally long, and flows that send equally often. The rest is in a heap.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    packets: VecDeque<Planned>,
    ticks: VecDeque<Planned>,
    heap: BinaryHeap<Reverse<Planned>>,
    order: u64,
}

#[derive(Clone, Copy)]
enum Place {
    Packets,
    Ticks,
    Heap,
}

impl Queue {
    #[inline]
    pub fn plan(&mut self, at: Time, due: Due) {
        let lane = match due {
            Due::Arrive { .. } => Some(&mut self.packets),
            Due::Tick(_) => Some(&mut self.ticks),
            _ => None,
        };
        let order = self.order;
        self.order += 1;
        let planned = Planned { at, order, due };
        match lane.filter(|lane| lane.back().is_none_or(|last| last.at <= at)) {
            Some(lane) => lane.push_back(planned),
            None => self.heap.push(Reverse(planned)),
        }
    }

    pub fn next(&self) -> Option<Time> {
        self.first().map(|(at, _)| at)
    }

    /// The next one and its time, unless that is later than `end`.
    #[inline]
    pub fn pop(&mut self, end: Time) -> Option<(Time, Due)> {
        let (at, place) = self.first().filter(|(at, _)| *at <= end)?;
        let planned = match place {
            Place::Packets => self.packets.pop_front(),
            Place::Ticks => self.ticks.pop_front(),
            Place::Heap => self.heap.pop().map(|Reverse(planned)| planned),
        };
        planned.map(|planned| (at, planned.due))
    }

    #[inline]
    fn first(&self) -> Option<(Time, Place)> {
        let heap = self.heap.peek().map(|Reverse(planned)| planned);
        let mut first = heap.map(|planned| (planned, Place::Heap));
        for (lane, place) in [(&self.packets, Place::Packets), (&self.ticks, Place::Ticks)] {
            if let Some(planned) = lane.front()
                && first.is_none_or(|(first, _)| planned.is_before(first))
            {
                first = Some((planned, place));
            }
        }
        first.map(|(planned, place)| (planned.at, place))
    }

    pub fn len(&self) -> usize {
        self.packets.len() + self.ticks.len() + self.heap.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn tick(name: u16) -> Due {
        Due::Tick(name)
    }

    #[test]
    fn the_order_is_that_of_the_times_and_then_of_the_plans() {
        let mut queue = Queue::default();
        let at = |seconds| Time::START + Duration::from_secs(seconds);
        queue.plan(at(3), tick(0));
        queue.plan(at(2), tick(1));
        queue.plan(at(3), Due::Change(2));
        queue.plan(at(3), tick(3));
        queue.plan(at(1), Due::Change(4));
        queue.plan(at(2), tick(5));
        let mut names = Vec::new();
        while let Some((_, due)) = queue.pop(at(3)) {
            names.push(match due {
                Due::Tick(name) => usize::from(name),
                Due::Change(name) => name,
                _ => unreachable!("nothing else was planned"),
            });
        }
        assert_eq!(names, [4, 1, 5, 0, 2, 3]);
        assert_eq!(queue.len(), 0);
    }

    #[test]
    fn nothing_comes_before_its_time() {
        let mut queue = Queue::default();
        let soon = Time::START + Duration::from_secs(1);
        queue.plan(soon, tick(0));
        assert!(queue.pop(Time::START).is_none());
        assert_eq!(queue.next(), Some(soon));
        assert!(queue.pop(soon).is_some());
    }
}
