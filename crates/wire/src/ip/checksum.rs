//! The Internet checksum (RFC 1071).

use std::net::IpAddr;
use std::ops::Add;

/// Over an IPv4 header or an ICMP message; zero if the bytes hold their own right checksum.
pub fn checksum(bytes: &[u8]) -> u16 {
    Sum::of(bytes).checksum()
}

/// Over TCP, UDP or ICMPv6 with the pseudo-header of the addresses' family (RFC 9293 §3.1, RFC 8200 §8.1).
pub fn transport_checksum(
    source: IpAddr,
    destination: IpAddr,
    protocol: u8,
    segment: &[u8],
) -> u16 {
    let pseudo = Sum::of_pseudo_header(source, destination, protocol, segment.len());
    (pseudo + Sum::of(segment)).checksum()
}

/// A checksum that is being made of parts, each of which begins an even number of bytes behind the first.
///
/// Words of four bytes in the machine's own order, which compilers turn into a few instructions for many: the sum
/// doesn't care (RFC 1071 §2 (B) and (C)).
#[derive(Clone, Copy, Debug, Default)]
pub struct Sum(u64);

impl Sum {
    pub fn of(bytes: &[u8]) -> Self {
        let (words, rest) = bytes.as_chunks::<4>();
        let words: u64 = words.iter().map(|word| value(*word)).sum();
        Self(words + last(rest))
    }

    pub fn of_pseudo_header(
        source: IpAddr,
        destination: IpAddr,
        protocol: u8,
        length: usize,
    ) -> Self {
        let address = |address| match address {
            IpAddr::V4(v4) => Self::of(&v4.octets()),
            IpAddr::V6(v6) => Self::of(&v6.octets()),
        };
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        let rest = value(length.to_be_bytes()) + value([0, 0, 0, protocol]);
        address(source) + address(destination) + Self(rest)
    }

    /// Of `from`, which is copied to `to` on the way; of as much as both have.
    pub fn copying(from: &[u8], to: &mut [u8]) -> Self {
        let length = from.len().min(to.len());
        let (from, _) = from.split_at(length);
        let (to, _) = to.split_at_mut(length);
        let ((from, from_rest), (to, to_rest)) = (from.as_chunks::<4>(), to.as_chunks_mut::<4>());
        let mut words = 0;
        for (to, from) in to.iter_mut().zip(from) {
            *to = *from;
            words += value(*from);
        }
        to_rest.copy_from_slice(from_rest);
        Self(words + last(from_rest))
    }

    /// What stands in a header's checksum field.
    pub fn checksum(self) -> u16 {
        !self.folded()
    }

    /// What stands there while the rest of the packet is still to be added.
    pub fn folded(self) -> u16 {
        let mut sum = self.0;
        while sum > 0xffff {
            sum = (sum >> 16) + (sum & 0xffff);
        }
        u16::from_be(sum as u16)
    }
}

impl Add for Sum {
    type Output = Self;

    /// Packets are too short for it to overflow.
    fn add(self, other: Self) -> Self {
        Self(self.0.wrapping_add(other.0))
    }
}

fn value(word: [u8; 4]) -> u64 {
    u64::from(u32::from_ne_bytes(word))
}

/// Less than a word, with zeros behind it.
fn last(rest: &[u8]) -> u64 {
    let mut word = [0; 4];
    word.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    value(word)
}
