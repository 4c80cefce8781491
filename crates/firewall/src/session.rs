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

/// By the first packet's flow, and by that of the answers.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    by_first: BTreeMap<Key, Session>,
    by_answer: BTreeMap<Key, Key>,
    swept: Time,
}

impl Sessions {
    /// The packet as it leaves, if it is of a session.
    pub fn find(
        &mut self,
        gateway: &Gateway,
        now: Time,
        arrival: &str,
        flow: &Flow,
    ) -> Option<Flow> {
        let key = Key::of(flow);
        if let Some(session) = self.by_first.get_mut(&key)
            && session.until > now
            && session.arrival == arrival
        {
            session.until = now + idle_time(flow.protocol);
            return Some(session.translated);
        }
        let first = self.by_answer.get(&key)?;
        let session = self.by_first.get_mut(first)?;
        if session.until <= now || !same_zone(gateway, arrival, &session.leaving) {
            return None;
        }
        session.until = now + idle_time(flow.protocol);
        Some(session.first.reversed())
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
        let session = Session {
            arrival: arrival.to_owned(),
            leaving: leaving.to_owned(),
            first: flow,
            translated,
            until: now + idle_time(flow.protocol),
        };
        if let Some(old) = self.by_first.insert(key, session) {
            self.by_answer.remove(&old.answer());
        }
        let expired = self.by_answer.insert(Key::of(&translated.reversed()), key);
        if let Some(expired) = expired.filter(|expired| *expired != key) {
            self.by_first.remove(&expired);
        }
        Ok(())
    }

    /// All, with where their first packets arrived; none remains.
    pub fn take(&mut self) -> Vec<(String, Flow)> {
        self.by_answer.clear();
        let sessions = std::mem::take(&mut self.by_first);
        sessions
            .into_values()
            .map(|session| (session.arrival, session.first))
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
        let session = self.by_first.get(taken);
        *taken == Key::of(first) || session.is_none_or(|session| session.until <= now)
    }

    fn sweep(&mut self, now: Time) {
        if now.since(self.swept) < SWEEP_INTERVAL && self.swept != Time::START {
            return;
        }
        self.swept = now;
        let by_answer = &mut self.by_answer;
        self.by_first.retain(|_, session| {
            let lives = session.until > now;
            if !lives {
                by_answer.remove(&session.answer());
            }
            lives
        });
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
