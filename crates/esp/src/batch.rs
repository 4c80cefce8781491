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

    /// All packets, to be changed in place.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&M, &mut [u8])> {
        let (mut rest, mut at) = (self.octets.as_mut_slice(), 0);
        self.packets.iter().map(move |(meta, range)| {
            // They stand in the order of their ranges.
            let behind = std::mem::take(&mut rest);
            let behind = behind.split_at_mut_checked(range.start - at);
            let (packet, behind) = behind
                .and_then(|(_, behind)| behind.split_at_mut_checked(range.len()))
                .unwrap_or_default();
            (rest, at) = (behind, range.end);
            (meta, packet)
        })
    }

    pub(crate) fn push(&mut self, meta: M, packet: &[u8]) {
        let start = self.octets.len();
        self.octets.extend_from_slice(packet);
        self.packets.push((meta, start..self.octets.len()));
    }

    /// Lets `write` append one packet; if it fails, nothing of it stays.
    pub(crate) fn append<E>(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<M, E>,
    ) -> Result<usize, E> {
        let start = self.octets.len();
        match write(&mut self.octets) {
            Ok(meta) => {
                self.packets.push((meta, start..self.octets.len()));
                Ok(self.octets.len() - start)
            }
            Err(error) => {
                self.octets.truncate(start);
                Err(error)
            }
        }
    }

    /// Copies a packet in and lets `work` change it in place; what stays is the part of it that
    /// `work` names. If it fails, nothing stays.
    pub(crate) fn transform<E>(
        &mut self,
        packet: &[u8],
        work: impl FnOnce(&mut [u8]) -> Result<(M, Range<usize>), E>,
    ) -> Result<(), E> {
        let start = self.octets.len();
        self.octets.extend_from_slice(packet);
        match work(self.octets.get_mut(start..).unwrap_or_default()) {
            Ok((meta, part)) => {
                self.octets.truncate(start + part.end);
                self.packets
                    .push((meta, start + part.start..start + part.end));
                Ok(())
            }
            Err(error) => {
                self.octets.truncate(start);
                Err(error)
            }
        }
    }
}

impl<M> Default for Batch<M> {
    fn default() -> Self {
        Self::new()
    }
}
