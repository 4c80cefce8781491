//! What a packet's IP header says, of either family (RFC 791, RFC 8200).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::protocol;
use crate::read::Reader;
use crate::{Error, Part};

/// Most IPv6 extension headers that are looked through for the upper protocol.
pub const MAX_EXTENSIONS: usize = 8;

/// An IP packet, read up to the header of the next protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    pub source: IpAddr,
    pub destination: IpAddr,
    /// The upper protocol: what follows IPv6's extension headers.
    pub protocol: u8,
    /// Type of service, or traffic class; its low two bits are ECN.
    pub tos: u8,
    /// Time to live, or hop limit.
    pub ttl: u8,
    /// IPv6 is never fragmented on the way, so it is always set there.
    pub dont_fragment: bool,
    /// Present if this isn't the whole packet.
    pub fragment: Option<Fragment>,
    /// The packet without what was behind its own length, such as traffic-flow padding (RFC 4303 §2.7).
    pub bytes: &'a [u8],
    /// From the upper protocol's header on, or the fragment's data.
    pub payload: &'a [u8],
}

/// Which part of a packet a fragment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment {
    pub identification: u32,
    /// In bytes.
    pub offset: u16,
    /// Others follow.
    pub more: bool,
}

impl<'a> Packet<'a> {
    /// Checks lengths, not checksums. Bytes behind the packet's own length are left out of `bytes`.
    #[inline(always)]
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        match bytes.first().map(|first| first >> 4) {
            Some(6) => parse_v6(bytes),
            Some(4) => parse_v4(bytes),
            Some(found) => Err(Error::Value {
                part: Part::IpHeader,
                field: "IP version",
                offset: 0,
                expected: "4 or 6",
                found: found.into(),
            }),
            None => Err(Error::Truncated {
                part: Part::IpHeader,
                offset: 0,
                expected: 1,
                found: 0,
            }),
        }
    }

    /// 4 or 6.
    pub fn version(&self) -> u8 {
        if self.source.is_ipv4() { 4 } else { 6 }
    }

    /// By the header's own word.
    pub fn total_len(&self) -> usize {
        self.bytes.len()
    }

    /// With options or extension headers.
    pub fn header_len(&self) -> usize {
        self.bytes.len() - self.payload.len()
    }

    /// A fragment without the upper protocol's header.
    pub fn is_later_fragment(&self) -> bool {
        self.fragment.is_some_and(|fragment| fragment.offset > 0)
    }
}

const IPV4_HEADER_LEN: usize = 20;

#[inline(always)]
fn parse_v4(bytes: &[u8]) -> Result<Packet<'_>, Error> {
    // The whole header at once: this is asked for several times for each packet.
    let Some(header) = bytes.first_chunk::<IPV4_HEADER_LEN>() else {
        return Err(truncated_v4(bytes));
    };
    let [
        first,
        tos,
        l0,
        l1,
        i0,
        i1,
        f0,
        f1,
        ttl,
        protocol,
        _,
        _,
        addresses @ ..,
    ] = *header;
    let [s0, s1, s2, s3, d0, d1, d2, d3] = addresses;
    let header_len = usize::from(first & 0x0f) * 4;
    let total_len = usize::from(u16::from_be_bytes([l0, l1]));
    let identification = u16::from_be_bytes([i0, i1]);
    let flags_and_offset = u16::from_be_bytes([f0, f1]);
    let source = Ipv4Addr::new(s0, s1, s2, s3).into();
    let destination = Ipv4Addr::new(d0, d1, d2, d3).into();
    let bytes = cut(Part::Ipv4Header, 2, bytes, total_len)?;
    if header_len < IPV4_HEADER_LEN {
        let (part, expected) = (Part::Ipv4Header, IPV4_HEADER_LEN);
        return Err(Error::Length {
            part,
            field: "at least",
            offset: 0,
            expected,
            found: header_len,
        });
    }
    cut(Part::Ipv4Header, 0, bytes, header_len)?;
    let payload = bytes.get(header_len..).unwrap_or_default();
    Ok(Packet {
        source,
        destination,
        protocol,
        tos,
        ttl,
        dont_fragment: flags_and_offset & 0x4000 != 0,
        fragment: fragment(
            identification.into(),
            flags_and_offset << 3,
            flags_and_offset & 0x2000 != 0,
        ),
        bytes,
        payload,
    })
}

/// Which field of the header isn't there.
#[cold]
fn truncated_v4(bytes: &[u8]) -> Error {
    let mut reader = Reader::new(Part::Ipv4Header, bytes, 0);
    let fields = [1, 1, 2, 2, 2, 4, 4, 4];
    let mut missing = fields.into_iter().filter_map(|len| reader.take(len).err());
    missing.next().unwrap_or(Error::Truncated {
        part: Part::Ipv4Header,
        offset: 0,
        expected: IPV4_HEADER_LEN,
        found: bytes.len(),
    })
}

fn parse_v6(bytes: &[u8]) -> Result<Packet<'_>, Error> {
    let mut reader = Reader::new(Part::Ipv6Header, bytes, 0);
    let tos = (reader.u32()? >> 20 & 0xff) as u8;
    let payload_len = usize::from(reader.u16()?);
    let next_header = reader.u8()?;
    let ttl = reader.u8()?;
    let source = Ipv6Addr::from(reader.array::<16>()?).into();
    let destination = Ipv6Addr::from(reader.array::<16>()?).into();
    let bytes = cut(Part::Ipv6Header, 4, bytes, reader.offset() + payload_len)?;
    let mut content = reader.sub(Part::Ipv6Extension, payload_len)?;
    let (protocol, fragment) = skip_extensions(next_header, &mut content)?;
    let payload = content.rest();
    Ok(Packet {
        source,
        destination,
        protocol,
        tos,
        ttl,
        dont_fragment: true,
        fragment,
        bytes,
        payload,
    })
}

/// Leaves the reader at the upper protocol's header, or at the data of a later fragment.
fn skip_extensions(first: u8, reader: &mut Reader<'_>) -> Result<(u8, Option<Fragment>), Error> {
    let mut next = first;
    let mut found = None;
    for _ in 0..MAX_EXTENSIONS {
        match next {
            protocol::HOP_BY_HOP | protocol::ROUTING | protocol::DESTINATION_OPTIONS => {
                next = reader.u8()?;
                let length = usize::from(reader.u8()?) * 8 + 6;
                reader.take(length)?;
            }
            protocol::FRAGMENT => {
                let [following, _] = reader.array::<2>()?;
                let offset_and_more = reader.u16()?;
                next = following;
                found = fragment(
                    reader.u32()?,
                    offset_and_more & !7,
                    offset_and_more & 1 != 0,
                );
                if found.is_some_and(|fragment| fragment.offset > 0) {
                    return Ok((next, found));
                }
            }
            _ => return Ok((next, found)),
        }
    }
    Err(Error::TooMany {
        part: Part::Ipv6Extension,
        offset: reader.offset(),
        limit: MAX_EXTENSIONS,
    })
}

/// `None` for offset 0 without more: a whole packet, even under a fragment header (RFC 8200 §4.5).
fn fragment(identification: u32, offset: u16, more: bool) -> Option<Fragment> {
    (more || offset > 0).then_some(Fragment {
        identification,
        offset,
        more,
    })
}

fn cut(part: Part, field_at: usize, bytes: &[u8], length: usize) -> Result<&[u8], Error> {
    let found = bytes.len();
    bytes.get(..length).ok_or(Error::Truncated {
        part,
        offset: field_at,
        expected: length,
        found,
    })
}
