//! What the data plane has to tell the engine that negotiates for it.

use std::collections::BTreeMap;
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
    /// One alone needs no tree: most are polled before there is another.
    alone: Option<(Key, Notice)>,
    others: BTreeMap<Key, Notice>,
}

type Key = (Kind, u32);

/// Also the order in which they are handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    HardExpired,
    SoftExpired,
    Moved,
    Acquire,
    Seen,
    Sent,
}

const OF_SA: [Kind; 5] = [
    Kind::HardExpired,
    Kind::SoftExpired,
    Kind::Moved,
    Kind::Seen,
    Kind::Sent,
];

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
        self.insert((Kind::Seen, spi_in), Notice::Seen { spi_in });
    }

    pub(crate) fn sent(&mut self, spi_in: u32) {
        self.insert((Kind::Sent, spi_in), Notice::Sent { spi_in });
    }

    fn insert(&mut self, key: Key, notice: Notice) {
        match &mut self.alone {
            Some((known, alone)) if *known == key => *alone = notice,
            None if self.others.is_empty() => self.alone = Some((key, notice)),
            _ => drop(self.others.insert(key, notice)),
        }
    }

    fn remove(&mut self, key: Key) {
        self.others.remove(&key);
        self.alone.take_if(|(known, _)| *known == key);
    }

    /// Whoever removed the SA need not hear of it.
    pub(crate) fn forget_sa(&mut self, spi_in: u32) {
        for kind in OF_SA {
            self.remove((kind, spi_in));
        }
    }

    pub(crate) fn forget_child(&mut self, child_id: u32) {
        self.remove((Kind::Acquire, child_id));
    }

    pub(crate) fn pop(&mut self) -> Option<Notice> {
        let first = self.others.first_key_value().map(|(key, _)| *key);
        let alone = |(key, _): &mut (Key, Notice)| first.is_none_or(|first| *key < first);
        if let Some((_, notice)) = self.alone.take_if(alone) {
            return Some(notice);
        }
        self.others.pop_first().map(|(_, notice)| notice)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.alone.is_none() && self.others.is_empty()
    }
}
