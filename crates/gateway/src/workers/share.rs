//! A worker's share of a tunnel interface that all workers have a share of: the packets of one queue
//! of its device. They are sealed here once there is an SA of this worker's for them, and until then
//! by the worker that has the SA for all, to which they are handed.
//!
//! A flow has one queue, and its packets leave in their order: before the first is sealed here, all
//! that were handed over have been sent, and a moment has passed in which the peer, whose threads
//! are several too, opens them.

use super::message::Handed;
use crate::tun::Queue;
use crossgate_model::Time;
use crossgate_offload::Reads;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Batches that are handed over and not yet sent; further packets stay in the kernel's queue.
const UNDER_WAY_MAX: u64 = 16;
/// Between the last packet that another worker sent and the first of ours.
const PAUSE: Duration = Duration::from_millis(5);

/// A queue of a device, and what becomes of its packets.
pub struct Share {
    pub queue: Queue,
    /// Who has the SA for all; absent where this worker has.
    first: Option<u8>,
    way: Way,
    handed: u64,
    done: Arc<AtomicU64>,
    /// What has found no room.
    left: Option<Handed>,
    /// Its packets may be read.
    is_open: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Here,
    /// They are handed to the first.
    Handed,
    /// Nothing is read until then.
    Pause(Time),
}

impl Share {
    /// `first` is the worker that has the SA for all, `worker` this one.
    pub fn new(queue: Queue, first: u8, worker: u8) -> Self {
        let first = (first != worker).then_some(first);
        Self {
            queue,
            first,
            way: if first.is_some() {
                Way::Handed
            } else {
                Way::Here
            },
            handed: 0,
            done: Arc::default(),
            left: None,
            is_open: true,
        }
    }

    /// To be asked whether there is an SA of this worker's for each Child, which not all need.
    pub fn is_shared(&self) -> bool {
        self.first.is_some()
    }

    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// Decides what becomes of the packets that are read next, by whether they can be sealed here,
    /// and whether they may be read.
    pub fn turn(&mut self, now: Time, is_ready: bool) {
        self.is_open = self.next_way(now, is_ready);
    }

    /// What has been read can be sealed here no more.
    pub fn check(&mut self, is_ready: bool) {
        if self.way == Way::Here && !is_ready {
            self.way = Way::Handed;
        }
    }

    fn next_way(&mut self, now: Time, is_ready: bool) -> bool {
        let under_way = self.handed - self.done.load(Ordering::Acquire);
        self.way = match self.way {
            Way::Here if self.first.is_none() => return true,
            Way::Here if is_ready => return true,
            Way::Here => Way::Handed,
            Way::Handed if is_ready && under_way == 0 => match self.handed {
                0 => Way::Here,
                _ => Way::Pause(now + PAUSE),
            },
            // What is under way is sent first.
            Way::Handed if is_ready => return false,
            Way::Handed => Way::Handed,
            Way::Pause(_) if !is_ready => Way::Handed,
            Way::Pause(until) if now < until => return false,
            Way::Pause(_) => Way::Here,
        };
        match self.way {
            Way::Here => true,
            Way::Handed => self.left.is_none() && under_way < UNDER_WAY_MAX,
            Way::Pause(_) => false,
        }
    }

    /// Hands packets to the first by `offer`, if that is their way now; whether it is.
    pub fn hand_over(
        &mut self,
        reads: &mut Reads,
        offer: impl FnOnce(u8, Handed) -> Result<(), Handed>,
    ) -> bool {
        let (Way::Handed, Some(first)) = (self.way, self.first) else {
            return false;
        };
        if reads.is_empty() {
            return true;
        }
        self.handed += 1;
        let handed = Handed {
            interface: self.queue.interface.clone(),
            reads: reads.take(),
            done: self.done.clone(),
        };
        self.left = offer(first, handed).err();
        true
    }

    /// Offers again what found no room.
    pub fn offer_again(&mut self, offer: impl FnOnce(u8, Handed) -> Result<(), Handed>) {
        if let (Some(left), Some(first)) = (self.left.take(), self.first) {
            self.left = offer(first, left).err();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Time {
        Time::START + Duration::from_millis(millis)
    }

    fn reads() -> Reads {
        let mut reads = Reads::default();
        let length = crossgate_offload::Header::LEN + 40;
        reads.room()[..length].fill(0);
        assert!(reads.keep(length), "one packet");
        reads
    }

    /// The second worker's share of what the first has.
    fn share() -> Share {
        Share::new(Queue::nowhere(), 1, 2)
    }

    /// Hands a batch over, and gives it as the first worker gets it.
    fn hand_over(share: &mut Share) -> Option<Handed> {
        let mut given = None;
        let passed = share.hand_over(&mut reads(), |to, handed| {
            assert_eq!(to, 1);
            given = Some(handed);
            Ok(())
        });
        assert_eq!(passed, given.is_some());
        given
    }

    fn is_sent(handed: &Handed) {
        handed.done.fetch_add(1, Ordering::Release);
    }

    #[test]
    fn who_shares_with_nobody_seals_all_at_once() {
        let mut share = Share::new(Queue::nowhere(), 2, 2);
        share.turn(at(0), false);
        assert!(share.is_open() && !share.is_shared());
        assert!(hand_over(&mut share).is_none());
    }

    #[test]
    fn nothing_is_sealed_here_before_all_that_was_handed_over_is_sent_and_a_moment_has_passed() {
        let mut share = share();
        share.turn(at(0), false);
        assert!(share.is_open());
        let handed = [hand_over(&mut share), hand_over(&mut share)].map(Option::unwrap);
        for sent in &handed {
            share.turn(at(1), true);
            assert!(!share.is_open(), "something is under way");
            is_sent(sent);
        }
        share.turn(at(2), true);
        assert!(!share.is_open());
        share.turn(at(6), true);
        assert!(!share.is_open(), "the moment has not passed");
        share.turn(at(7), true);
        assert!(share.is_open());
        assert!(hand_over(&mut share).is_none(), "sealed here");
    }

    #[test]
    fn an_sa_that_is_there_from_the_start_is_used_at_once_and_one_that_goes_hands_over_again() {
        let mut share = share();
        share.turn(at(0), true);
        assert!(share.is_open() && hand_over(&mut share).is_none());
        // It goes after the packets were read.
        share.check(false);
        assert!(hand_over(&mut share).is_some());
        share.turn(at(1), false);
        assert!(share.is_open());
        // It comes and goes while something is under way.
        share.turn(at(2), true);
        assert!(!share.is_open());
        share.turn(at(3), false);
        assert!(share.is_open() && hand_over(&mut share).is_some());
    }

    #[test]
    fn what_finds_no_room_is_kept_and_offered_again_and_the_rest_stays_with_the_kernel() {
        let mut share = share();
        share.turn(at(0), false);
        assert!(share.hand_over(&mut reads(), |_, handed| Err(handed)));
        share.turn(at(0), false);
        assert!(!share.is_open(), "no more before that has found room");
        let mut given = Vec::new();
        let mut offer = |_: u8, handed| {
            given.push(handed);
            Ok(())
        };
        share.offer_again(&mut offer);
        share.turn(at(0), false);
        assert!(share.is_open());
        for _ in 1..UNDER_WAY_MAX {
            share.hand_over(&mut reads(), &mut offer);
        }
        share.turn(at(0), false);
        assert!(!share.is_open(), "enough is under way");
        assert_eq!(given.len() as u64, UNDER_WAY_MAX);
        is_sent(&given[0]);
        share.turn(at(0), false);
        assert!(share.is_open());
    }
}
