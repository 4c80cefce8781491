//! Packets one behind the other in one buffer, each with what belongs to it.
//!
//! One allocation serves a whole batch, and equal-sized packets for one peer stand at a packed
//! stride, which is what segmentation offload and ciphers across packets want.

use std::ops::Range;

/// Packets with a `M` each, in the order in which they came. Clear it and fill it again: it keeps its
/// memory.
#[derive(Clone, Debug)]
pub struct Batch<M> {
    octets: Vec<u8>,
    packets: Vec<(M, Range<usize>)>,
}

impl<M> Batch<M> {
    pub fn new() -> Self {
        Self {
            octets: Vec::new(),
            packets: Vec::new(),
        }
    }

    pub fn clear(&mut self) {
        self.octets.clear();
        self.packets.clear();
    }

    pub fn len(&self) -> usize {
        self.packets.len()
    }

    pub fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&M, &[u8])> {
        self.packets.iter().map(|(meta, range)| {
            let octets = self.octets.get(range.clone()).unwrap_or_default();
            (meta, octets)
        })
    }

    /// A packet by its number, from 0 on.
    pub fn get(&self, number: usize) -> Option<(&M, &[u8])> {
        let (meta, range) = self.packets.get(number)?;
        let octets = self.octets.get(range.clone()).unwrap_or_default();
        Some((meta, octets))
    }

    /// All packets, to be changed in place.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&M, &mut [u8])> {
        // They stand in the order of their ranges.
        let ranges = self.packets.iter().map(|(_, range)| range.clone());
        let metas = self.packets.iter().map(|(meta, _)| meta);
        metas.zip(parts(&mut self.octets, ranges))
    }

    pub(crate) fn push(&mut self, meta: M, packet: &[u8]) {
        let start = self.octets.len();
        self.octets.extend_from_slice(packet);
        self.packets.push((meta, start..self.octets.len()));
    }

    /// Lets `write` append one packet, and gives what that gave, and where the packet is; if it gives
    /// nothing, nothing of it stays.
    pub(crate) fn append<T>(
        &mut self,
        meta: M,
        write: impl FnOnce(&mut Vec<u8>) -> Option<T>,
    ) -> Option<(T, Range<usize>)> {
        let start = self.octets.len();
        let Some(written) = write(&mut self.octets) else {
            self.octets.truncate(start);
            return None;
        };
        let range = start..self.octets.len();
        self.packets.push((meta, range.clone()));
        Some((written, range))
    }

    /// Copies a packet in that isn't one of the batch yet; [`Batch::keep`] makes it one.
    pub(crate) fn stage(&mut self, packet: &[u8]) -> Range<usize> {
        let start = self.octets.len();
        self.octets.extend_from_slice(packet);
        start..self.octets.len()
    }

    /// The staged packets, which are named in the order in which they were staged, to be changed in
    /// place.
    pub(crate) fn staged(
        &mut self,
        ranges: impl Iterator<Item = Range<usize>>,
    ) -> impl Iterator<Item = &mut [u8]> {
        parts(&mut self.octets, ranges)
    }

    /// One staged packet.
    pub(crate) fn staged_mut(&mut self, range: Range<usize>) -> &mut [u8] {
        self.octets.get_mut(range).unwrap_or_default()
    }

    /// Takes a staged packet in, or a part of it; those before it were taken in before.
    pub(crate) fn keep(&mut self, meta: M, range: Range<usize>) {
        self.packets.push((meta, range));
    }

    /// Lets go of a packet, by its number.
    pub(crate) fn remove(&mut self, number: usize) {
        if number < self.packets.len() {
            self.packets.remove(number);
        }
    }
}

/// The parts of a buffer that ascending ranges name.
fn parts(
    octets: &mut [u8],
    ranges: impl Iterator<Item = Range<usize>>,
) -> impl Iterator<Item = &mut [u8]> {
    let (mut rest, mut at) = (octets, 0);
    ranges.map(move |range| {
        let behind = std::mem::take(&mut rest);
        let behind = range
            .start
            .checked_sub(at)
            .and_then(|gap| behind.split_at_mut_checked(gap));
        let (part, behind) = behind
            .and_then(|(_, behind)| behind.split_at_mut_checked(range.len()))
            .unwrap_or_default();
        (rest, at) = (behind, range.end);
        part
    })
}

impl<M> Default for Batch<M> {
    fn default() -> Self {
        Self::new()
    }
}
