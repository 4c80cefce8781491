//! The sending half of an SA: a sequence number, an IV, a sealed packet (RFC 4303 §3.3).

use crate::iv::Ivs;
use crate::transform::Sealer;
use crossgate_kernels::{Packet, SealKey};
use crossgate_wire::esp::{HEADER_LEN, Header, write_trailer};

/// The share of the sequence numbers, in tenths, after which a rekey is due.
const SOFT_TENTHS: u64 = 9;

#[derive(Debug)]
pub(crate) struct Outbound {
    spi: u32,
    transform: Sealer,
    /// The number of the packet sealed last; the first is 1.
    last: u64,
    /// Sequence numbers never start over (RFC 4303 §3.3.3).
    limit: u64,
}

impl Outbound {
    pub(crate) fn new(spi: u32, transform: Sealer) -> Self {
        let limit = if transform.esn() {
            u64::MAX
        } else {
            u64::from(u32::MAX)
        };
        Self {
            spi,
            transform,
            last: 0,
            limit,
        }
    }

    pub(crate) fn spi(&self) -> u32 {
        self.spi
    }

    pub(crate) fn fetch_key(&self) {
        self.transform.fetch_key();
    }

    /// The number on the wire of the packet sealed last, if there was one.
    pub(crate) fn last_sent(&self) -> Option<u32> {
        (self.last > 0).then(|| low_half(self.last))
    }

    pub(crate) fn sealed_len(&self, payload: usize) -> usize {
        self.transform.sealed_len(payload)
    }

    pub(crate) fn is_nearly_exhausted(&self) -> bool {
        self.last >= self.limit / 10 * SOFT_TENTHS
    }

    pub(crate) fn is_exhausted(&self) -> bool {
        self.last >= self.limit
    }

    /// Makes a packet ready to be sealed: `write` puts the payload, of that length, in its place.
    /// `packet` is as long as [`Outbound::sealed_len`] says. Gives the sequence number; nothing, if there is
    /// none left.
    ///
    /// A CBC IV comes from the generator, because it must not be predictable (RFC 3602 §3). A GCM
    /// IV must only never come twice with one key (RFC 4106 §3.1), and the sequence number doesn't.
    pub(crate) fn prepare(
        &mut self,
        ivs: &mut Ivs,
        next_header: u8,
        length: usize,
        write: impl FnOnce(&mut [u8]),
        packet: &mut [u8],
    ) -> Option<u64> {
        if self.is_exhausted() {
            return None;
        }
        // Whatever follows: this number is used up.
        self.last += 1;
        let header = Header {
            spi: self.spi,
            sequence: low_half(self.last),
        };
        let end = packet.len().checked_sub(self.transform.icv_len())?;
        let covered = packet.get_mut(..end)?;
        let (front, rest) = covered.split_first_chunk_mut::<HEADER_LEN>()?;
        *front = header.to_bytes();
        let (iv, rest) = rest.split_at_mut_checked(self.transform.iv_len())?;
        match self.transform.is_combined() {
            true => *iv.first_chunk_mut()? = self.last.to_be_bytes(),
            false => ivs.fill(iv),
        }
        let (payload, trailer) = rest.split_at_mut_checked(length)?;
        write(payload);
        write_trailer(trailer, next_header);
        self.transform.write_doubled_icv(self.last, packet);
        Some(self.last)
    }

    /// What the kernels are to seal of a packet that was prepared; nothing in a simulation.
    pub(crate) fn to_seal<'p>(
        &'p self,
        sequence: u64,
        octets: &'p mut [u8],
    ) -> Option<Packet<'p, SealKey>> {
        self.transform.to_seal(sequence, octets)
    }

    #[cfg(test)]
    pub(crate) fn jump_to(&mut self, last: u64) {
        self.last = last;
    }
}

fn low_half(sequence: u64) -> u32 {
    let [.., a, b, c, d] = sequence.to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}
