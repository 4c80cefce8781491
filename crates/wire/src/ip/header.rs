//! IP headers to send.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::checksum;
use crate::write::narrow_u16;
use crate::{Error, Part};

/// An IPv4 header without options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv4Header {
    pub source: Ipv4Addr,
    pub destination: Ipv4Addr,
    pub protocol: u8,
    pub tos: u8,
    pub ttl: u8,
    pub identification: u16,
    pub dont_fragment: bool,
}

/// An IPv6 header without extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv6Header {
    pub source: Ipv6Addr,
    pub destination: Ipv6Addr,
    pub next_header: u8,
    pub traffic_class: u8,
    /// 20 bits.
    pub flow_label: u32,
    pub hop_limit: u8,
}

/// What hosts commonly start with.
const TTL: u8 = 64;

impl Ipv4Header {
    pub fn new(source: Ipv4Addr, destination: Ipv4Addr, protocol: u8) -> Self {
        Ipv4Header {
            source,
            destination,
            protocol,
            tos: 0,
            ttl: TTL,
            identification: 0,
            dont_fragment: true,
        }
    }

    /// Appends 20 bytes, checksum included.
    pub fn emit(&self, payload_len: usize, out: &mut Vec<u8>) -> Result<(), Error> {
        let total_len = narrow_u16(
            Part::Ipv4Header,
            "total length",
            payload_len.saturating_add(20),
        )?;
        let [length_high, length_low] = total_len.to_be_bytes();
        let [id_high, id_low] = self.identification.to_be_bytes();
        let flags = if self.dont_fragment { 0x40 } else { 0 };
        let mut header = [0; 20];
        let [fixed @ .., s0, s1, s2, s3, d0, d1, d2, d3] = &mut header;
        *fixed = [
            0x45,
            self.tos,
            length_high,
            length_low,
            id_high,
            id_low,
            flags,
            0,
            self.ttl,
            self.protocol,
            0,
            0,
        ];
        [*s0, *s1, *s2, *s3] = self.source.octets();
        [*d0, *d1, *d2, *d3] = self.destination.octets();
        let sum = checksum(&header).to_be_bytes();
        let [_, _, _, _, _, _, _, _, _, _, sum_high, sum_low, ..] = &mut header;
        [*sum_high, *sum_low] = sum;
        out.extend_from_slice(&header);
        Ok(())
    }
}

impl Ipv6Header {
    pub fn new(source: Ipv6Addr, destination: Ipv6Addr, next_header: u8) -> Self {
        Ipv6Header {
            source,
            destination,
            next_header,
            traffic_class: 0,
            flow_label: 0,
            hop_limit: TTL,
        }
    }

    /// Appends 40 bytes.
    pub fn emit(&self, payload_len: usize, out: &mut Vec<u8>) -> Result<(), Error> {
        let payload_len = narrow_u16(Part::Ipv6Header, "payload length", payload_len)?;
        let first = 6 << 28 | u32::from(self.traffic_class) << 20 | self.flow_label & 0xf_ffff;
        out.extend_from_slice(&first.to_be_bytes());
        out.extend_from_slice(&payload_len.to_be_bytes());
        out.extend_from_slice(&[self.next_header, self.hop_limit]);
        out.extend_from_slice(&self.source.octets());
        out.extend_from_slice(&self.destination.octets());
        Ok(())
    }
}

/// A whole packet of the addresses' family, with default header fields; mixed families are sent as IPv6 with the
/// other address mapped.
pub fn build_packet(
    source: IpAddr,
    destination: IpAddr,
    protocol: u8,
    payload: &[u8],
) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            Ipv4Header::new(source, destination, protocol).emit(payload.len(), &mut out)?;
        }
        (source, destination) => {
            Ipv6Header::new(mapped(source), mapped(destination), protocol)
                .emit(payload.len(), &mut out)?;
        }
    }
    out.extend_from_slice(payload);
    Ok(out)
}

/// The address as IPv6 writes it.
pub(crate) fn mapped(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    }
}
