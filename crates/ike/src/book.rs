//! Who has what: the SPIs in use, and which Child SA belongs to which IKE SA.

use crate::child::Origin;
use crate::selectors::SelectorsAgreed;
use crossgate_wire::ike::IkeSpi;
use std::collections::{BTreeMap, BTreeSet};

/// Kept beside the SAs themselves, so that one SA can ask about its siblings.
#[derive(Debug, Default)]
pub(crate) struct Book {
    /// By our own SPI, which the peer puts into each message.
    ike: BTreeMap<IkeSpi, u32>,
    /// By inbound SPI; `None` while only reserved.
    children: BTreeMap<u32, Option<Entry>>,
    /// Inbound SPIs by the configured Child's name.
    by_child: BTreeMap<String, BTreeSet<u32>>,
    /// Established IKE SAs that aren't being replaced or closed, by connection.
    live: BTreeSet<(String, u32)>,
}

/// An installed Child SA.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// The IKE SA that has it now.
    pub ike: u32,
    pub child: String,
    /// Of that Child's (RFC 9611); 0 for the SA that all may use.
    pub resource: u8,
    pub origin: Origin,
    pub selectors: SelectorsAgreed,
    /// False once it is replaced or being deleted.
    pub live: bool,
}

impl Book {
    pub fn knows_ike(&self, spi: IkeSpi) -> bool {
        self.ike.contains_key(&spi)
    }

    pub fn ike_by_spi(&self, spi: IkeSpi) -> Option<u32> {
        self.ike.get(&spi).copied()
    }

    pub fn add_ike(&mut self, spi: IkeSpi, id: u32) {
        self.ike.insert(spi, id);
    }

    pub fn forget_ike(&mut self, spi: IkeSpi) {
        self.ike.remove(&spi);
    }

    /// True if the SPI was in use already.
    pub fn reserve(&mut self, spi: u32) -> bool {
        if self.children.contains_key(&spi) {
            return true;
        }
        self.children.insert(spi, None);
        false
    }

    pub fn install(&mut self, spi: u32, entry: Entry) {
        self.by_child
            .entry(entry.child.clone())
            .or_default()
            .insert(spi);
        self.children.insert(spi, Some(entry));
    }

    pub fn forget(&mut self, spi: u32) {
        if let Some(Some(entry)) = self.children.remove(&spi)
            && let Some(spis) = self.by_child.get_mut(&entry.child)
        {
            spis.remove(&spi);
            if spis.is_empty() {
                self.by_child.remove(&entry.child);
            }
        }
    }

    pub fn entry(&self, spi: u32) -> Option<&Entry> {
        self.children.get(&spi)?.as_ref()
    }

    pub fn entry_mut(&mut self, spi: u32) -> Option<&mut Entry> {
        self.children.get_mut(&spi)?.as_mut()
    }

    /// The SAs of one configured Child in the order of SPIs, whichever IKE SA has them.
    pub fn of_child<'a>(&'a self, child: &str) -> impl Iterator<Item = (u32, &'a Entry)> + use<'a> {
        let spis = self.by_child.get(child).into_iter().flatten();
        spis.filter_map(|spi| Some((*spi, self.entry(*spi)?)))
    }

    /// Whether it has an SA that all resources may use.
    pub fn has_live(&self, child: &str) -> bool {
        self.of_child(child)
            .any(|(_, entry)| entry.live && entry.resource == 0)
    }

    /// Whether another one is for the same as that one.
    pub fn has_live_besides(&self, spi: u32) -> bool {
        let Some(one) = self.entry(spi) else {
            return false;
        };
        self.of_child(&one.child)
            .any(|(other, entry)| entry.live && other != spi && entry.resource == one.resource)
    }

    /// Those of the same Child and selectors that the other end asked for: crossing initiations.
    pub fn crossing(&self, spi: u32) -> Vec<u32> {
        let Some(one) = self.entry(spi) else {
            return Vec::new();
        };
        let others = self.of_child(&one.child).filter(|(other, entry)| {
            *other != spi
                && entry.live
                && entry.resource == one.resource
                && entry.origin.role != one.origin.role
                && entry.selectors == one.selectors
        });
        others.map(|(spi, _)| spi).collect()
    }

    pub fn set_live(&mut self, connection: &str, id: u32, live: bool) {
        let key = (connection.to_owned(), id);
        if live {
            self.live.insert(key);
        } else {
            self.live.remove(&key);
        }
    }

    /// IDs of the established IKE SAs of a connection, oldest first.
    pub fn live_of<'a>(&'a self, connection: &'a str) -> impl DoubleEndedIterator<Item = u32> + 'a {
        let from = (connection.to_owned(), 0);
        let to = (connection.to_owned(), u32::MAX);
        self.live.range(from..=to).map(|(_, id)| *id)
    }
}
