//! What was read from a TUN one after the other, in one buffer, which is used again for each batch.

use crate::header::Header;
use crate::split::{Split, split};
use crossgate_wire::ip::Segments;
use std::ops::Range;

/// Packets and super-packets as they were read, behind their headers.
#[derive(Debug, Default)]
pub struct Reads {
    octets: Vec<u8>,
    ranges: Vec<Range<usize>>,
    packets: usize,
}

/// Octets of the longest read: a super-packet with its header.
pub const READ_MAX: usize = Header::LEN + 65_535;

impl Reads {
    pub fn clear(&mut self) {
        self.ranges.clear();
        self.packets = 0;
    }

    /// How many reads there are.
    pub fn len(&self) -> usize {
        self.ranges.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// How many packets they stand for.
    pub fn packets(&self) -> usize {
        self.packets
    }

    /// Octets of all of them.
    pub fn octets(&self) -> usize {
        self.ranges.last().map_or(0, |last| last.end)
    }

    /// Where the next one is to be put, behind the others.
    pub fn room(&mut self) -> &mut [u8] {
        let start = self.octets();
        if self.octets.len() < start + READ_MAX {
            self.octets.resize(start + READ_MAX, 0);
        }
        let room = self.octets.get_mut(start..start + READ_MAX);
        room.unwrap_or_default()
    }

    /// Keeps what was put into the room, of that length; false if it is not what its header says.
    pub fn keep(&mut self, length: usize) -> bool {
        let start = self.octets();
        let range = start..start + length;
        let read = self.octets.get(range.clone()).and_then(parsed);
        let Some(count) = read.map(|read| read.count()) else {
            return false;
        };
        self.packets += count;
        self.ranges.push(range);
        true
    }

    pub fn iter(&self) -> impl Iterator<Item = Split<'_>> {
        let ranges = self.ranges.iter();
        ranges.filter_map(|range| parsed(self.octets.get(range.clone())?))
    }

    /// All of them, in memory of their own; none is left here.
    pub fn take(&mut self) -> Self {
        let octets = self.octets.get(..self.octets()).unwrap_or_default();
        let taken = Self {
            octets: octets.to_vec(),
            ranges: std::mem::take(&mut self.ranges),
            packets: self.packets,
        };
        self.clear();
        taken
    }
}

fn parsed(read: &[u8]) -> Option<Split<'_>> {
    let (header, octets) = Header::parse(read).ok()?;
    split(&header, octets).ok()
}
