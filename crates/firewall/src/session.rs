//! Flows that were let through, so that their answers are, and NAT is undone on these.

use crate::flow::{Flow, ICMP, ICMPV6, Key, TCP, UDP};
use crate::security::zone_of;
use crate::verdict::Reason;
use crossgate_model::{Gateway, Time};
use std::collections::BTreeMap;
use std::time::Duration;

/// Sessions at most.
pub const SESSIONS: usize = 65_536;
/// Idle ones are looked for this often, once the table is full.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);
/// Ports that are given where the packet's own is taken.
const FIRST_PORT: u16 = 1024;

/// How long a session lives without packets (PAN-OS's defaults: "Session settings and timeouts").
fn idle_time(protocol: u8) -> Duration {
    Duration::from_secs(match protocol {
        TCP => 3600,
        ICMP | ICMPV6 => 6,
        _ => 30,
    })
}

#[derive(Debug)]
struct Session {
    arrival: String,
    leaving: String,
    /// The packet as it came.
    first: Flow,
    /// The packet as it left.
    translated: Flow,
    until: Time,
}

impl Session {
    /// What its answers are found by.
    fn answer(&self) -> Key {
        Key::of(&self.translated.reversed())
    }
}

/// Where a session is, and the packet as it leaves: for whoever has many packets of one flow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    pub leaves: Flow,
    /// With other addresses or ports than it came with.
    pub is_translated: bool,
    slot: usize,
    /// Holds as long as no session is made or forgotten.
    generation: u64,
}

/// Found by the first packet's flow, and by that of the answers.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    slots: Vec<Session>,
    free: Vec<usize>,
    by_first: BTreeMap<Key, usize>,
    by_answer: BTreeMap<Key, usize>,
    /// Counts the changes.
    generation: u64,
    swept: Time,
}

impl Sessions {
    pub fn is_empty(&self) -> bool {
        self.by_first.is_empty()
    }

    /// The session of a packet, which lives on by it.
    pub fn find(
        &mut self,
        gateway: &Gateway,
        now: Time,
        arrival: &str,
        flow: &Flow,
    ) -> Option<Found> {
        if self.by_first.is_empty() {
            return None;
        }
        let (key, generation) = (Key::of(flow), self.generation);
        if let Some(slot) = self.by_first.get(&key).copied()
            && let Some(session) = self.slots.get_mut(slot)
            && session.until > now
            && session.arrival == arrival
        {
            session.until = now + idle_time(flow.protocol);
            return Some(Found {
                leaves: session.translated,
                is_translated: session.translated != *flow,
                slot,
                generation,
            });
        }
        let slot = *self.by_answer.get(&key)?;
        let session = self.slots.get_mut(slot)?;
        if session.until <= now || !same_zone(gateway, arrival, &session.leaving) {
            return None;
        }
        session.until = now + idle_time(flow.protocol);
        let leaves = session.first.reversed();
        Some(Found {
            leaves,
            is_translated: leaves != *flow,
            slot,
            generation,
        })
    }

    /// The same for a packet like the one that it was found for, while the configuration is the same;
    /// false if it must be looked for anew.
    #[inline]
    pub fn touch(&mut self, now: Time, found: &Found) -> bool {
        let session = self.slots.get_mut(found.slot);
        let session = session.filter(|session| session.until > now);
        let Some(session) = session.filter(|_| found.generation == self.generation) else {
            return false;
        };
        session.until = now + idle_time(session.first.protocol);
        true
    }

    pub fn add(
        &mut self,
        now: Time,
        arrival: &str,
        leaving: &str,
        flow: Flow,
        translated: Flow,
    ) -> Result<(), Reason> {
        let key = Key::of(&flow);
        if self.by_first.len() >= SESSIONS && !self.by_first.contains_key(&key) {
            self.sweep(now);
        }
        if self.by_first.len() >= SESSIONS && !self.by_first.contains_key(&key) {
            return Err(Reason::SessionTableFull);
        }
        self.forget(key);
        self.generation += 1;
        let session = Session {
            arrival: arrival.to_owned(),
            leaving: leaving.to_owned(),
            first: flow,
            translated,
            until: now + idle_time(flow.protocol),
        };
        // One that has the same answers has expired.
        let expired = self.by_answer.get(&session.answer());
        let expired = expired.and_then(|slot| self.slots.get(*slot));
        if let Some(expired) = expired.map(|expired| Key::of(&expired.first)) {
            self.forget(expired);
        }
        self.put(key, session);
        Ok(())
    }

    fn put(&mut self, key: Key, session: Session) {
        let answer = session.answer();
        let slot = self.free.pop().unwrap_or(self.slots.len());
        match self.slots.get_mut(slot) {
            Some(place) => *place = session,
            None => self.slots.push(session),
        }
        self.by_first.insert(key, slot);
        self.by_answer.insert(answer, slot);
    }

    fn forget(&mut self, first: Key) {
        if let Some(slot) = self.by_first.remove(&first) {
            self.generation += 1;
            let answer = self.slots.get(slot).map(Session::answer);
            answer.map(|answer| self.by_answer.remove(&answer));
            self.free.push(slot);
        }
    }

    /// All, with where their first packets arrived; none remains.
    pub fn take(&mut self) -> Vec<(String, Flow)> {
        let gone = std::mem::take(self);
        (self.swept, self.generation) = (gone.swept, gone.generation + 1);
        let slots = gone.by_first.into_values();
        let sessions = slots.filter_map(|slot| gone.slots.get(slot));
        sessions
            .map(|session| (session.arrival.clone(), session.first))
            .collect()
    }

    /// The translated packet, with its own source port if no answer would be taken for another
    /// session's, else with the lowest free one.
    pub fn with_free_port(&self, now: Time, first: &Flow, translated: Flow) -> Option<Flow> {
        let is_free = |flow: &Flow| self.is_free(now, first, flow);
        if is_free(&translated) {
            return Some(translated);
        }
        if !matches!(translated.protocol, TCP | UDP | ICMP | ICMPV6) {
            return None;
        }
        let mut others = (FIRST_PORT..=u16::MAX).map(|port| with_source_port(translated, port));
        others.find(is_free)
    }

    fn is_free(&self, now: Time, first: &Flow, translated: &Flow) -> bool {
        let Some(taken) = self.by_answer.get(&Key::of(&translated.reversed())) else {
            return true;
        };
        let session = self.slots.get(*taken);
        session.is_some_and(|session| session.first == *first)
            || session.is_none_or(|session| session.until <= now)
    }

    fn sweep(&mut self, now: Time) {
        if now.since(self.swept) < SWEEP_INTERVAL && self.swept != Time::START {
            return;
        }
        self.swept = now;
        let over = |slot: &usize| self.slots.get(*slot).is_none_or(|s| s.until <= now);
        let over = self.by_first.iter().filter(|(_, slot)| over(slot));
        let over: Vec<Key> = over.map(|(key, _)| *key).collect();
        over.into_iter().for_each(|first| self.forget(first));
    }
}

/// An echo has its identifier as both.
fn with_source_port(flow: Flow, port: u16) -> Flow {
    let destination_port = match flow.protocol {
        ICMP | ICMPV6 => port,
        _ => flow.destination_port,
    };
    Flow {
        source_port: port,
        destination_port,
        ..flow
    }
}

/// Answers may come by another interface of the zone that the first packet left to.
fn same_zone(gateway: &Gateway, a: &str, b: &str) -> bool {
    if a == b || !gateway.policy.zones_need_rules {
        return true;
    }
    let zones = zone_of(gateway, a).known().zip(zone_of(gateway, b).known());
    zones.is_none_or(|(a, b)| a.value == b.value)
}
