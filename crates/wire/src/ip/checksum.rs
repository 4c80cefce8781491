//! The Internet checksum (RFC 1071).

use std::net::IpAddr;

/// Over an IPv4 header or an ICMP message; zero if the bytes hold their own right checksum.
pub fn checksum(bytes: &[u8]) -> u16 {
    fold(sum(bytes))
}

/// Over TCP, UDP or ICMPv6 with the pseudo-header of the addresses' family (RFC 9293 §3.1, RFC 8200 §8.1).
pub fn transport_checksum(
    source: IpAddr,
    destination: IpAddr,
    protocol: u8,
    segment: &[u8],
) -> u16 {
    let addresses = address_sum(source) + address_sum(destination);
    let length = u32::try_from(segment.len()).unwrap_or(u32::MAX);
    fold(addresses + sum(&length.to_be_bytes()) + u64::from(protocol) + sum(segment))
}

fn address_sum(address: IpAddr) -> u64 {
    match address {
        IpAddr::V4(v4) => sum(&v4.octets()),
        IpAddr::V6(v6) => sum(&v6.octets()),
    }
}

/// Words of four octets in the machine's own order, which compilers turn into a few instructions
/// for many: the sum doesn't care (RFC 1071 §2 (B) and (C)).
fn sum(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<4>();
    let words: u64 = words
        .iter()
        .map(|word| u64::from(u32::from_ne_bytes(*word)))
        .sum();
    let mut last = [0; 4];
    last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    let folded = folded(words + u64::from(u32::from_ne_bytes(last)));
    u64::from(u16::from_be(folded))
}

fn fold(sum: u64) -> u16 {
    !folded(sum)
}

fn folded(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    sum as u16
}
