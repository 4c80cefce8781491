//! The sending half of an SA: a sequence number, an IV, a sealed packet (RFC 4303 §3.3).

use crate::iv::Ivs;
use crate::transform::Sealer;
use crossgate_kernels::{Packet, SealKey};
use crossgate_wire::esp::{Header, append_trailer};

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

    /// Appends what is to be sealed, with `payload` in it, and gives its sequence number; nothing, if
    /// there is none left.
    ///
    /// A CBC IV comes from the generator, because it must not be predictable (RFC 3602 §3). A GCM
    /// IV must only never come twice with one key (RFC 4106 §3.1), and the sequence number doesn't.
    pub(crate) fn prepare(
        &mut self,
        ivs: &mut Ivs,
        next_header: u8,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Option<u64> {
        if self.is_exhausted() {
            return None;
        }
        // Whatever follows: this number is used up.
        self.last += 1;
        let start = out.len();
        out.reserve(self.sealed_len(payload.len()));
        let header = Header {
            spi: self.spi,
            sequence: low_half(self.last),
        };
        out.extend_from_slice(&header.to_bytes());
        self.push_iv(ivs, out);
        out.extend_from_slice(payload);
        append_trailer(out, payload.len(), self.transform.block_len(), next_header);
        self.transform.append_icv(self.last, out, start);
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

    fn push_iv(&self, ivs: &mut Ivs, out: &mut Vec<u8>) {
        match self.transform.is_combined() {
            true => out.extend_from_slice(&self.last.to_be_bytes()),
            false => ivs.append(self.transform.iv_len(), out),
        }
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
