//! What happens when nothing comes: SAs expire, removed ones are erased, waiting ends.

use super::DataPlane;
use crate::counters::DropReason;
use crate::spd::{ChildId, WAITING_TIME};
use crossgate_model::Time;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

/// How long a removed SA that has a successor still opens what was on its way.
pub const LINGER: Duration = Duration::from_secs(2);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// The end of an SA's lifetime.
    Expire(u32),
    /// The end of a removed SA's lingering.
    Erase(u32),
    /// The end of a packet's waiting.
    Waiting(ChildId),
    /// The end of belief in what a router said of the way to a peer.
    PathMtu(IpAddr),
}

/// At most two for each SA, one for each Child and one for each peer.
#[derive(Debug, Default)]
pub(super) struct Timers {
    all: BTreeSet<(Time, Timer)>,
    /// That of the first, which is asked for with every packet.
    next: Option<Time>,
}

impl Timers {
    pub(super) fn insert(&mut self, at: Time, timer: Timer) {
        self.all.insert((at, timer));
        self.note_next();
    }

    pub(super) fn remove(&mut self, at: Time, timer: Timer) {
        self.all.remove(&(at, timer));
        self.note_next();
    }

    fn note_next(&mut self) {
        self.next = self.all.first().map(|(at, _)| *at);
    }

    fn pop_due(&mut self, now: Time) -> Option<Timer> {
        if self.next? > now {
            return None;
        }
        let first = self.all.pop_first();
        self.note_next();
        first.map(|(_, timer)| timer)
    }
}

impl DataPlane {
    /// When to call [`DataPlane::handle_timeout`]; in the past while something waits to be polled.
    pub fn poll_timeout(&self) -> Option<Time> {
        if !self.notices.is_empty() || self.has_released() {
            return Some(Time::START);
        }
        self.timers.next
    }

    pub fn handle_timeout(&mut self, now: Time) {
        while let Some(timer) = self.timers.pop_due(now) {
            match timer {
                Timer::Expire(spi_in) => self.end_sa(spi_in, DropReason::SendLifetimeEnded),
                Timer::Erase(spi_in) => self.erase(spi_in),
                Timer::Waiting(id) => self.give_up_waiting(now, id),
                Timer::PathMtu(remote) => self.age_path_mtu(remote),
            }
        }
    }

    fn give_up_waiting(&mut self, now: Time, id: ChildId) {
        let Some(child) = self.spd.child_mut(id) else {
            return;
        };
        child.timed = false;
        for _ in 0..child.give_up_waiting(now) {
            DropReason::WaitedTooLong.count(&mut child.counters);
            self.drops.count(DropReason::WaitedTooLong);
        }
        if child.waiting.is_empty() {
            self.released.remove(&id);
        }
        self.watch_queue(id);
    }

    /// Sets the timer for the packet that has waited longest, if none is set.
    pub(super) fn watch_queue(&mut self, id: ChildId) {
        if let Some(child) = self.spd.child_mut(id)
            && let Some(first) = child.waiting.front()
            && !child.timed
        {
            child.timed = true;
            let at = first.since + WAITING_TIME;
            self.timers.insert(at, Timer::Waiting(id));
        }
    }
}
