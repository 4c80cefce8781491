//! Packets one behind the other in one buffer, each with what belongs to it.
//!
//! One allocation serves a whole batch, and equal-sized packets for one peer stand at a packed
//! stride, which is what segmentation offload and ciphers across packets want.

use std::ops::Range;

/// Packets with a `M` each, in the order in which they came. Clear it and fill it again: it keeps its
/// memory.
#[derive(Clone, Debug)]
pub struct Batch<M> {
    /// Grows with the fullest batch; what is behind `used` is left of earlier ones, and written over
    /// before it is read.
    octets: Vec<u8>,
    used: usize,
    packets: Vec<(M, Range<usize>)>,
}

impl<M> Batch<M> {
    pub fn new() -> Self {
        Self {
            octets: Vec::new(),
            used: 0,
            packets: Vec::new(),
        }
    }

    pub fn clear(&mut self) {
        self.used = 0;
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

    /// Several packets as one piece, where nothing stands between them.
    pub fn together(&self, numbers: Range<usize>) -> Option<&[u8]> {
        let packets = self.packets.get(numbers)?;
        let (start, mut end) = (packets.first()?.1.start, packets.first()?.1.start);
        for (_, range) in packets {
            (range.start == end).then_some(())?;
            end = range.end;
        }
        self.octets.get(start..end)
    }

    /// All packets, to be changed in place.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&M, &mut [u8])> {
        // They stand in the order of their ranges.
        let ranges = self.packets.iter().map(|(_, range)| range.clone());
        let metas = self.packets.iter().map(|(meta, _)| meta);
        metas.zip(parts(&mut self.octets, ranges))
    }

    pub(crate) fn push(&mut self, meta: M, packet: &[u8]) {
        self.append(meta, packet.len(), |room| {
            room.copy_from_slice(packet);
            Some(())
        });
    }

    /// Lets `write` fill one packet of that length, and gives what that gave, and where the packet is;
    /// if it gives nothing, nothing of it stays.
    pub(crate) fn append<T>(
        &mut self,
        meta: M,
        length: usize,
        write: impl FnOnce(&mut [u8]) -> Option<T>,
    ) -> Option<(T, Range<usize>)> {
        let range = self.used..self.used + length;
        let written = write(self.room(length))?;
        self.used = range.end;
        self.packets.push((meta, range.clone()));
        Some((written, range))
    }

    /// So many octets behind the last packet.
    fn room(&mut self, length: usize) -> &mut [u8] {
        let end = self.used + length;
        if self.octets.len() < end {
            self.octets.resize(end, 0);
        }
        self.octets.get_mut(self.used..end).unwrap_or_default()
    }

    /// The packets at these places, which are named in their order, to be changed in place.
    pub(crate) fn at(
        &mut self,
        ranges: impl Iterator<Item = Range<usize>>,
    ) -> impl Iterator<Item = &mut [u8]> {
        parts(&mut self.octets, ranges)
    }

    /// The packet at that place.
    pub(crate) fn at_mut(&mut self, range: Range<usize>) -> &mut [u8] {
        self.octets.get_mut(range).unwrap_or_default()
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
