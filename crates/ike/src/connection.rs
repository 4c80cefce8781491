//! A configured connection as the engine sees it: which of its Children are wanted, and when they
//! may be tried again.

use crate::book::Book;
use crate::limits::{RESTART_WAIT, RETRY_FIRST, RETRY_MOST};
use crossgate_model::event::DeleteReason;
use crossgate_model::{Child, Connection, Initiation, RemoteEnd, Time};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

#[derive(Debug)]
pub(crate) struct Watched {
    pub config: Arc<Connection>,
    /// By the configured Child's name.
    wants: BTreeMap<String, Want>,
    /// For a new IKE SA.
    ike: Backoff,
    /// As responder: until then the initiator is left to ask for its Children.
    pub patient_until: Time,
    /// When to look again, as far as time alone changes anything.
    pub next: Option<Time>,
}

/// What is wanted of one Child.
#[derive(Debug, Default)]
struct Want {
    wanted: bool,
    backoff: Backoff,
    last_failure: Option<String>,
}

/// Failed tries are followed by longer and longer pauses, within a bound.
#[derive(Debug, Default)]
struct Backoff {
    failures: u32,
    not_before: Time,
}

impl Backoff {
    /// `share` is a random part of 256 that keeps two ends from trying in step.
    fn fail(&mut self, now: Time, share: u8) {
        let doubled = RETRY_FIRST * 2u32.saturating_pow(self.failures.min(8));
        let pause = doubled.min(RETRY_MOST);
        self.failures = self.failures.saturating_add(1);
        self.pause(now, pause + pause / 4 * u32::from(share) / 256);
    }

    fn pause(&mut self, now: Time, pause: Duration) {
        self.not_before = self.not_before.max(now + pause);
    }

    /// A pause that no failure gave ends at once; what failed is not tried sooner for being wanted.
    fn hurry(&mut self) {
        if self.failures == 0 {
            self.not_before = Time::START;
        }
    }

    fn succeed(&mut self) {
        *self = Self::default();
    }
}

impl Watched {
    pub fn new(config: Arc<Connection>) -> Self {
        Self {
            config,
            wants: BTreeMap::new(),
            ike: Backoff::default(),
            patient_until: Time::START,
            next: None,
        }
    }

    /// The same connection, written elsewhere or with other timers.
    pub fn renewed(self, config: Arc<Connection>) -> Self {
        Self {
            config,
            next: None,
            ..self
        }
    }

    pub fn enabled_children(&self) -> impl Iterator<Item = &Child> {
        let enabled = self.config.enabled.value;
        self.config
            .children
            .iter()
            .filter(move |child| enabled && child.enabled.value)
    }

    pub fn child(&self, name: &str) -> Option<&Child> {
        self.enabled_children()
            .find(|child| child.name.value == name)
    }

    fn at_start(&self) -> bool {
        self.config.initiation.value == Initiation::AtStart
    }

    fn want(&mut self, child: &str) -> &mut Want {
        self.wants.entry(child.to_owned()).or_default()
    }

    /// Everything that the configuration wants without being asked.
    pub fn want_configured(&mut self) {
        let names: Vec<String> = self
            .enabled_children()
            .map(|c| c.name.value.clone())
            .collect();
        self.wants.retain(|name, _| names.contains(name));
        if self.at_start() {
            for name in names {
                self.want(&name).wanted = true;
            }
        }
    }

    /// Traffic wants it: at once after a deletion, but pauses after failures count. False where this end never starts, or where
    /// nobody is to be started to.
    pub fn acquire(&mut self, child: &str, book: &Book) -> bool {
        let config = &self.config;
        let anybody = matches!(config.remote, RemoteEnd::Any | RemoteEnd::Within(_));
        let reachable = !anybody || book.live_of(&config.name.value).next().is_some();
        let may = config.initiation.value != Initiation::Never && reachable;
        if may {
            let want = self.want(child);
            want.wanted = true;
            want.backoff.hurry();
            self.ike.hurry();
        }
        may
    }

    /// An operator wants it, now.
    pub fn demand(&mut self, child: &str) {
        let want = self.want(child);
        want.wanted = true;
        want.backoff.succeed();
        self.ike.succeed();
        self.patient_until = Time::START;
    }

    /// Nothing is wanted any more, until somebody asks.
    pub fn give_up(&mut self) {
        for want in self.wants.values_mut() {
            want.wanted = false;
        }
    }

    pub fn child_up(&mut self, child: &str) {
        let keeps = self.at_start();
        if keeps {
            let want = self.want(child);
            want.wanted = true;
            want.backoff.succeed();
            want.last_failure = None;
        } else {
            self.wants.remove(child);
        }
    }

    pub fn child_failed(&mut self, child: &str, why: String, now: Time, share: u8) {
        let keeps = self.at_start();
        let want = self.want(child);
        want.wanted &= keeps;
        want.backoff.fail(now, share);
        want.last_failure = Some(why);
    }

    pub fn child_gone(&mut self, child: &str, reason: DeleteReason, now: Time) {
        let at_start = self.at_start();
        let want = self.want(child);
        match reason {
            DeleteReason::Idle | DeleteReason::Shutdown => want.wanted = false,
            DeleteReason::Cleared | DeleteReason::ByPeer => {
                want.backoff.pause(now, RESTART_WAIT);
                want.wanted |= at_start;
            }
            _ => want.wanted |= at_start,
        }
    }

    pub fn ike_failed(&mut self, now: Time, share: u8) {
        self.ike.fail(now, share);
    }

    pub fn ike_deleted(&mut self, reason: DeleteReason, now: Time) {
        if matches!(reason, DeleteReason::Cleared | DeleteReason::ByPeer) {
            self.ike.pause(now, RESTART_WAIT);
        }
    }

    pub fn ike_up(&mut self) {
        self.ike.succeed();
    }

    /// Wanted Children in the configuration's order, and from when each may be asked for on an
    /// IKE SA that is there.
    pub fn wanted(&self) -> Vec<(String, Time)> {
        let names = self.enabled_children().map(|child| &child.name.value);
        let wants = names.filter_map(|name| Some((name, self.wants.get(name)?)));
        let wanted = wants.filter(|(_, want)| want.wanted);
        wanted
            .map(|(name, want)| (name.clone(), want.backoff.not_before))
            .collect()
    }

    /// From when a new IKE SA may be begun.
    pub fn ike_not_before(&self) -> Time {
        self.ike.not_before
    }

    pub fn last_failure(&self, child: &str) -> Option<&str> {
        self.wants.get(child)?.last_failure.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_bound_and_end_with_success() {
        let mut backoff = Backoff::default();
        let mut pauses = Vec::new();
        for _ in 0..6 {
            let now = backoff.not_before;
            backoff.fail(now, 0);
            pauses.push(backoff.not_before.since(now).as_secs());
        }
        assert_eq!(pauses, [10, 20, 40, 80, 120, 120]);
        backoff.succeed();
        assert_eq!(backoff.not_before, Time::START);
        backoff.fail(Time::START, 255);
        assert!(backoff.not_before > Time::START + RETRY_FIRST, "jitter");
    }
}
