//! What the ends must have settled soon, as long as nothing disturbs them: a Child has one pair of
//! SAs, and each end has the other end's.

use super::sas::Sas;
use crate::node::NodeId;
use crate::scenario::{Disturbance, Scenario};
use crate::trace::Sa;
use crossgate_model::Time;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

/// Messages that arrive settle whatever there is to settle within a second. Crossing initiations
/// keep both pairs for three, and a Delete may have to wait until an IKE rekey is done.
pub const SETTLED: Duration = Duration::from_secs(15);

/// How long the most patient end of a run waits.
#[derive(Clone, Copy, Debug, Default)]
pub struct Waits {
    /// Repeating a message, before it gives its peer up.
    pub repeats: Duration,
    /// Hearing nothing of its peer, before it asks whether it is there.
    pub liveness: Duration,
    /// Between the packets that keep a NAT's mapping.
    pub keepalive: Duration,
}

/// When a run was disturbed: from when until when.
#[derive(Debug, Default)]
pub(super) struct Disturbed {
    times: Vec<(Time, Option<Time>)>,
    waits: Waits,
}

impl Disturbed {
    /// A disturbance goes on until the last message that it stopped was repeated or given up; that of
    /// a NAT, until the end behind it has made itself heard. Orders of an operator disturb nothing:
    /// they are what the ends must settle.
    pub fn by(scenario: &Scenario, waits: Waits) -> Self {
        let is_order = |what: &Disturbance| {
            matches!(
                what,
                Disturbance::RekeyChild(_) | Disturbance::RekeyIke(_) | Disturbance::Commit(_)
            )
        };
        let all = scenario.disturbances.iter();
        let disturbing = all.filter(|planned| !is_order(&planned.what));
        let times = disturbing.map(|planned| {
            let ends = match planned.what {
                what if what.lasts() => planned.ends(),
                Disturbance::NatRebinding => Some(planned.at + waits.keepalive),
                _ => Some(planned.at),
            };
            let over = ends.map(|ends| Time::START + ends + waits.repeats);
            (Time::START + planned.at, over)
        });
        let times = times.collect();
        Self { times, waits }
    }

    /// Whether nothing disturbed from then until now.
    pub fn is_calm(&self, from: Time, now: Time) -> bool {
        let mut all = self.times.iter();
        !all.any(|(begins, over)| *begins <= now && over.is_none_or(|over| over >= from))
    }

    /// Whether an end may know nothing yet of what its peer did then: a disturbance kept the word of
    /// it, and the end has not found out by asking.
    pub fn hides(&self, then: Time, now: Time) -> bool {
        let found_out = then + self.waits.liveness + self.waits.repeats;
        !self.is_calm(then, then) && now <= found_out
    }

    fn is_overdue(&self, since: Time, now: Time) -> bool {
        now.since(since) > SETTLED && self.is_calm(since, now)
    }
}

/// What isn't settled, and since when.
#[derive(Debug, Default)]
pub(super) struct Unsettled {
    /// Children of an end that have more than one pair with a peer.
    doubled: BTreeMap<(NodeId, String, IpAddr), Time>,
    /// By end and inbound SPI: SAs of which no other end has the mirror.
    lone: BTreeMap<(NodeId, u32), Time>,
}

impl Unsettled {
    pub fn is_empty(&self) -> bool {
        self.doubled.is_empty() && self.lone.is_empty()
    }

    /// That SA came to that end, or went.
    pub fn note(&mut self, sas: &Sas, node: NodeId, sa: &Sa, now: Time) {
        let child = (node, sa.child.clone(), sa.path.remote);
        match sas.siblings(node, sa).count() {
            0 | 1 => drop(self.doubled.remove(&child)),
            _ => drop(self.doubled.entry(child).or_insert(now)),
        }
        self.note_lone(sas, node, sa, now);
        // Its mirror is alone without it.
        for (other, mirror) in sas.mirrors(node, sa) {
            self.note_lone(sas, other, mirror, now);
        }
    }

    fn note_lone(&mut self, sas: &Sas, node: NodeId, sa: &Sa, now: Time) {
        let is_there = sas.get(node, sa.spi_in).is_some();
        match is_there && !sas.is_mirrored(node, sa) {
            true => drop(self.lone.entry((node, sa.spi_in)).or_insert(now)),
            false => drop(self.lone.remove(&(node, sa.spi_in))),
        }
    }

    pub fn each_child_once(&self, disturbed: &Disturbed, now: Time) -> Result<(), String> {
        let mut all = self.doubled.iter();
        match all.find(|(_, since)| disturbed.is_overdue(**since, now)) {
            None => Ok(()),
            Some(((node, child, _), since)) => Err(format!(
                "gateway {} has {child} more than once for {:?}, undisturbed",
                node.0,
                now.since(*since)
            )),
        }
    }

    pub fn ends_agree(&self, disturbed: &Disturbed, now: Time) -> Result<(), String> {
        let mut all = self.lone.iter();
        match all.find(|(_, since)| disturbed.is_overdue(**since, now)) {
            None => Ok(()),
            Some(((node, spi_in), since)) => Err(format!(
                "gateway {} has SA {spi_in:08x} for {:?}, undisturbed, and its peer has no mirror",
                node.0,
                now.since(*since)
            )),
        }
    }
}
