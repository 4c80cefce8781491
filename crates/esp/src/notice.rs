//! What the data plane has to tell the engine that negotiates for it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

/// SPIs are ours: those of the pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A packet waits for an SA of that configured Child.
    Acquire { child: Arc<str> },
    /// Kilobytes or sequence numbers are nearly used up: a rekey is due.
    SoftExpired { spi_in: u32 },
    /// Nothing is sealed or opened with this pair any more.
    HardExpired { spi_in: u32 },
    /// An authentic packet in UDP came from elsewhere than the pair's packets go (RFC 7296 §2.23).
    Moved {
        spi_in: u32,
        local: SocketAddr,
        remote: SocketAddr,
    },
    /// Authentic packets come in; at most about once a second for each pair.
    Seen { spi_in: u32 },
    /// Packets go out; at most about once a second for each pair.
    Sent { spi_in: u32 },
}

/// What has not been polled yet: at most one notice of each kind for each SA and Child, so it is
/// bounded by their number.
#[derive(Debug, Default)]
pub(crate) struct Notices {
    /// They come before the signs of life.
    events: BTreeMap<Key, Notice>,
    seen: Signs,
    sent: Signs,
}

/// SPIs in their order. One alone needs no tree: most are polled before there is another.
#[derive(Debug, Default)]
struct Signs {
    least: Option<u32>,
    /// All greater.
    others: BTreeSet<u32>,
}

impl Signs {
    #[inline]
    fn insert(&mut self, spi_in: u32) {
        match self.least {
            None => self.least = Some(spi_in),
            Some(least) if least == spi_in => {}
            Some(least) => {
                self.others.insert(least.max(spi_in));
                self.least = Some(least.min(spi_in));
            }
        }
    }

    fn remove(&mut self, spi_in: u32) {
        if self.least == Some(spi_in) {
            self.pop();
        } else {
            self.others.remove(&spi_in);
        }
    }

    #[inline]
    fn pop(&mut self) -> Option<u32> {
        let least = self.least.take()?;
        if !self.others.is_empty() {
            self.least = self.others.pop_first();
        }
        Some(least)
    }

    fn is_empty(&self) -> bool {
        self.least.is_none()
    }
}

type Key = (Kind, u32);

/// Also the order in which they are handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    HardExpired,
    SoftExpired,
    Moved,
    Acquire,
}

const OF_SA: [Kind; 3] = [Kind::HardExpired, Kind::SoftExpired, Kind::Moved];

impl Notices {
    pub(crate) fn acquire(&mut self, child_id: u32, child: Arc<str>) {
        let notice = Notice::Acquire { child };
        self.insert((Kind::Acquire, child_id), notice);
    }

    pub(crate) fn soft_expired(&mut self, spi_in: u32) {
        let notice = Notice::SoftExpired { spi_in };
        self.insert((Kind::SoftExpired, spi_in), notice);
    }

    pub(crate) fn hard_expired(&mut self, spi_in: u32) {
        let notice = Notice::HardExpired { spi_in };
        self.insert((Kind::HardExpired, spi_in), notice);
    }

    pub(crate) fn moved(&mut self, spi_in: u32, local: SocketAddr, remote: SocketAddr) {
        let notice = Notice::Moved {
            spi_in,
            local,
            remote,
        };
        self.insert((Kind::Moved, spi_in), notice);
    }

    pub(crate) fn seen(&mut self, spi_in: u32) {
        self.seen.insert(spi_in);
    }

    pub(crate) fn sent(&mut self, spi_in: u32) {
        self.sent.insert(spi_in);
    }

    fn insert(&mut self, key: Key, notice: Notice) {
        self.events.insert(key, notice);
    }

    /// Whoever removed the SA need not hear of it.
    pub(crate) fn forget_sa(&mut self, spi_in: u32) {
        for kind in OF_SA {
            self.events.remove(&(kind, spi_in));
        }
        self.seen.remove(spi_in);
        self.sent.remove(spi_in);
    }

    pub(crate) fn forget_child(&mut self, child_id: u32) {
        self.events.remove(&(Kind::Acquire, child_id));
    }

    pub(crate) fn pop(&mut self) -> Option<Notice> {
        if let Some((_, notice)) = self.events.pop_first() {
            return Some(notice);
        }
        if let Some(spi_in) = self.seen.pop() {
            return Some(Notice::Seen { spi_in });
        }
        let spi_in = self.sent.pop()?;
        Some(Notice::Sent { spi_in })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.events.is_empty() && self.seen.is_empty() && self.sent.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_come_once_each_in_their_order_and_after_what_happened() {
        let mut notices = Notices::default();
        for spi_in in [5, 3, 9, 3, 5, 7] {
            notices.sent(spi_in);
        }
        notices.seen(8);
        notices.seen(4);
        notices.hard_expired(6);
        notices.forget_sa(7);
        notices.forget_sa(3);
        let told: Vec<_> = std::iter::from_fn(|| notices.pop()).collect();
        let expected = [
            Notice::HardExpired { spi_in: 6 },
            Notice::Seen { spi_in: 4 },
            Notice::Seen { spi_in: 8 },
            Notice::Sent { spi_in: 5 },
            Notice::Sent { spi_in: 9 },
        ];
        assert_eq!(told, expected);
        assert!(notices.is_empty());
    }
}
