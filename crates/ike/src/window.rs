//! Message IDs: a window of one request each way (RFC 7296 §2.1–2.3), and sending again (§2.4).

use crossgate_model::Time;
use crossgate_model::behaviour::Retransmission;
use crossgate_model::event::Exchange;
use std::time::Duration;

/// Our requests: one at a time, the next one waits for the answer.
#[derive(Debug, Default)]
pub(crate) struct RequestWindow {
    pub next: u32,
    pub outstanding: Option<Outstanding>,
}

/// A request without an answer yet. Sending again sends the same octets.
#[derive(Debug)]
pub(crate) struct Outstanding {
    pub id: u32,
    pub exchange: Exchange,
    pub datagrams: Vec<Vec<u8>>,
    waits: Vec<Duration>,
    pub sent: u32,
    first: Time,
    pub due: Time,
}

/// What the retransmission timer leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tick {
    NotDue,
    /// Send again, for the so-manieth time.
    Again(u32),
    /// The peer counts as dead.
    GiveUp {
        sent: u32,
        seconds: u64,
    },
}

impl Outstanding {
    pub fn new(
        id: u32,
        exchange: Exchange,
        datagrams: Vec<Vec<u8>>,
        policy: &Retransmission,
        now: Time,
    ) -> Self {
        let first_wait = policy.waits.first().copied().unwrap_or_default();
        Self {
            id,
            exchange,
            datagrams,
            waits: policy.waits.clone(),
            sent: 1,
            first: now,
            due: now + first_wait,
        }
    }

    /// So far it went where the peer no longer is.
    pub fn start_over(&mut self, now: Time) {
        self.sent = 1;
        self.first = now;
        self.due = now;
    }

    pub fn tick(&mut self, now: Time) -> Tick {
        if now < self.due {
            return Tick::NotDue;
        }
        let turn = usize::try_from(self.sent).unwrap_or(usize::MAX);
        match self.waits.get(turn) {
            Some(wait) => {
                self.sent = self.sent.saturating_add(1);
                self.due = now + *wait;
                Tick::Again(self.sent)
            }
            None => Tick::GiveUp {
                sent: self.sent,
                seconds: now.since(self.first).as_secs(),
            },
        }
    }
}

impl RequestWindow {
    /// The message ID of the next request, which is used up by it.
    pub fn take_id(&mut self) -> u32 {
        let id = self.next;
        self.next = self.next.saturating_add(1);
        id
    }

    /// The request that a response with this ID answers is done.
    pub fn answered(&mut self, id: u32) -> Option<Outstanding> {
        self.outstanding.take_if(|request| request.id == id)
    }

    pub fn awaits(&self, id: u32, exchange: Exchange) -> bool {
        matches!(&self.outstanding, Some(o) if o.id == id && o.exchange == exchange)
    }
}

/// The peer's requests, and our last answer, which a repeated request gets again.
#[derive(Debug, Default)]
pub(crate) struct AnswerWindow {
    pub expected: u32,
    last: Option<(u32, Vec<Vec<u8>>)>,
}

/// Where a request's message ID lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Next,
    /// The one that we answered last.
    Repeated,
    Old,
    Future,
}

impl AnswerWindow {
    pub fn place(&self, id: u32) -> Place {
        match (&self.last, id.cmp(&self.expected)) {
            (_, std::cmp::Ordering::Equal) => Place::Next,
            (_, std::cmp::Ordering::Greater) => Place::Future,
            (Some((last, _)), _) if *last == id => Place::Repeated,
            _ => Place::Old,
        }
    }

    pub fn answer(&mut self, id: u32, datagrams: Vec<Vec<u8>>) {
        self.expected = id.saturating_add(1);
        self.last = Some((id, datagrams));
    }

    pub fn last_answer(&self) -> &[Vec<u8>] {
        self.last.as_ref().map_or(&[], |(_, datagrams)| datagrams)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Time {
        Time::START + Duration::from_secs(seconds)
    }

    #[test]
    fn a_request_is_sent_again_after_each_wait_and_given_up_after_the_last() {
        let policy = Retransmission::seconds(&[1, 2]);
        let mut request = Outstanding::new(7, Exchange::IkeAuth, vec![], &policy, at(0));
        assert_eq!(request.tick(at(0)), Tick::NotDue);
        assert_eq!(request.tick(at(1)), Tick::Again(2));
        assert_eq!(request.tick(at(2)), Tick::NotDue);
        assert_eq!(
            request.tick(at(3)),
            Tick::GiveUp {
                sent: 2,
                seconds: 3
            }
        );
    }

    #[test]
    fn requests_are_next_repeated_old_or_too_early() {
        let mut window = AnswerWindow::default();
        assert_eq!(window.place(0), Place::Next);
        assert_eq!(window.place(1), Place::Future);
        window.answer(0, vec![vec![1]]);
        window.answer(1, vec![vec![2]]);
        assert_eq!(window.place(0), Place::Old);
        assert_eq!(window.place(1), Place::Repeated);
        assert_eq!(window.last_answer(), [vec![2]]);
        assert_eq!(window.place(2), Place::Next);
    }

    #[test]
    fn only_the_outstanding_request_can_be_answered() {
        let mut window = RequestWindow::default();
        let policy = Retransmission::default();
        let id = window.take_id();
        window.outstanding = Some(Outstanding::new(
            id,
            Exchange::IkeAuth,
            vec![],
            &policy,
            at(0),
        ));
        assert!(window.awaits(0, Exchange::IkeAuth));
        assert!(!window.awaits(0, Exchange::Informational));
        assert!(window.answered(1).is_none());
        assert!(window.answered(0).is_some());
        assert!(window.answered(0).is_none());
    }
}
