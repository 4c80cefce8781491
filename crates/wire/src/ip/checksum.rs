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

fn sum(bytes: &[u8]) -> u64 {
    let (words, odd) = bytes.as_chunks::<2>();
    let words: u64 = words
        .iter()
        .map(|word| u64::from(u16::from_be_bytes(*word)))
        .sum();
    words + odd.first().map_or(0, |last| u64::from(*last) << 8)
}

fn fold(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    !(sum as u16)
}
