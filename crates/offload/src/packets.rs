//! Packets one behind the other in one buffer, which is used again for each batch.

use std::ops::Range;

#[derive(Clone, Debug, Default)]
pub struct Packets {
    octets: Vec<u8>,
    ranges: Vec<Range<usize>>,
}

impl Packets {
    pub fn clear(&mut self) {
        self.octets.clear();
        self.ranges.clear();
    }

    pub fn len(&self) -> usize {
        self.ranges.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Octets of all packets.
    pub fn octets(&self) -> usize {
        self.octets.len()
    }

    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let ranges = self.ranges.iter();
        ranges.map(|range| self.octets.get(range.clone()).unwrap_or_default())
    }

    /// The packet that came last.
    pub fn last_mut(&mut self) -> Option<&mut [u8]> {
        self.octets.get_mut(self.ranges.last()?.clone())
    }

    /// Adds a packet of two parts, and gives it to be finished.
    pub(crate) fn push(&mut self, head: &[u8], rest: &[u8]) -> &mut [u8] {
        let start = self.octets.len();
        self.octets.extend_from_slice(head);
        self.octets.extend_from_slice(rest);
        self.ranges.push(start..self.octets.len());
        self.octets.get_mut(start..).unwrap_or_default()
    }
}
