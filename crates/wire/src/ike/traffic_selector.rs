//! Traffic selectors (RFC 7296 §3.13).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::display::separated;
use super::{PayloadType, TsType};
use crate::ip::mapped;
use crate::read::Reader;
use crate::write::{narrow_u8, patch_length};
use crate::{Error, Part};

/// The traffic of one side, TSi or TSr.
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// | Number of TSs |                 RESERVED                      |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                       <Traffic Selectors>                     ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TsPayload {
    pub entries: Vec<TsEntry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TsEntry {
    Range(TrafficSelector),
    Unknown(UnknownSelector),
}

/// A range of addresses, with a protocol and a range of ports.
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |   TS Type     |IP Protocol ID |       Selector Length         |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |           Start Port          |           End Port            |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                         Starting Address                      ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                         Ending Address                        ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrafficSelector {
    /// 0: any.
    pub ip_protocol: u8,
    /// Ports are inclusive; 0 to 65535 is any, 65535 to 0 is OPAQUE. For ICMP, type and code share the field.
    pub start_port: u16,
    pub end_port: u16,
    /// Addresses are inclusive, and of one family. `start` above `end` is kept: it matches nothing.
    pub start: IpAddr,
    pub end: IpAddr,
}

/// A selector of a type that we don't read; a narrowing responder leaves it out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownSelector {
    pub kind: TsType,
    pub ip_protocol: u8,
    pub body: Vec<u8>,
}

impl TsPayload {
    pub fn new(ranges: impl IntoIterator<Item = TrafficSelector>) -> Self {
        TsPayload {
            entries: ranges.into_iter().map(TsEntry::Range).collect(),
        }
    }

    /// The selectors that we understand, in the sender's order.
    pub fn ranges(&self) -> impl Iterator<Item = &TrafficSelector> {
        self.entries.iter().filter_map(|entry| match entry {
            TsEntry::Range(range) => Some(range),
            TsEntry::Unknown(_) => None,
        })
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let count_at = reader.offset();
        let count = usize::from(reader.u8()?);
        reader.array::<3>()?;
        let mut entries = Vec::new();
        // One more than was announced proves the count wrong; the rest needs no reading.
        while !reader.is_empty() && entries.len() <= count {
            entries.push(TsEntry::read(reader)?);
        }
        if entries.len() != count {
            let (part, found) = (reader.part(), entries.len());
            return Err(Error::Count {
                part,
                field: "selectors",
                offset: count_at,
                expected: count,
                found,
            });
        }
        Ok(TsPayload { entries })
    }

    pub(crate) fn emit_body(&self, kind: PayloadType, out: &mut Vec<u8>) -> Result<(), Error> {
        let count = narrow_u8(Part::Payload(kind), "selectors", self.entries.len())?;
        out.extend_from_slice(&[count, 0, 0, 0]);
        self.entries.iter().try_for_each(|entry| entry.emit(out))
    }
}

impl TsEntry {
    fn read(outer: &mut Reader<'_>) -> Result<Self, Error> {
        let part = Part::TrafficSelector;
        let mut header = outer.within(part);
        let kind = TsType(header.u8()?);
        let ip_protocol = header.u8()?;
        let offset = header.offset();
        let length = usize::from(header.u16()?);
        let Some(body_len) = length.checked_sub(SELECTOR_HEADER_LEN) else {
            return Err(Error::Length {
                part,
                field: "at least",
                offset,
                expected: SELECTOR_HEADER_LEN,
                found: length,
            });
        };
        let mut body = header.sub(part, body_len)?;
        *outer = header.within(outer.part());
        let entry = match kind {
            TsType::IPV4_ADDR_RANGE => {
                TsEntry::Range(TrafficSelector::read(ip_protocol, &mut body, v4)?)
            }
            TsType::IPV6_ADDR_RANGE => {
                TsEntry::Range(TrafficSelector::read(ip_protocol, &mut body, v6)?)
            }
            _ => TsEntry::Unknown(UnknownSelector {
                kind,
                ip_protocol,
                body: body.rest().to_vec(),
            }),
        };
        body.finish()?;
        Ok(entry)
    }

    fn emit(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        let start = out.len();
        match self {
            TsEntry::Range(range) => range.emit(out),
            TsEntry::Unknown(unknown) => {
                out.extend_from_slice(&[unknown.kind.0, unknown.ip_protocol, 0, 0]);
                out.extend_from_slice(&unknown.body);
            }
        }
        patch_length(out, Part::TrafficSelector, start, 2)
    }
}

impl TrafficSelector {
    /// Any protocol and any port between two addresses of one family.
    pub fn addresses(start: IpAddr, end: IpAddr) -> Self {
        TrafficSelector {
            ip_protocol: 0,
            start_port: 0,
            end_port: u16::MAX,
            start,
            end,
        }
    }

    pub fn is_any_port(&self) -> bool {
        (self.start_port, self.end_port) == (0, u16::MAX)
    }

    /// Matches packets whose ports can't be seen, such as later fragments (RFC 7296 §3.13.1).
    pub fn is_opaque_port(&self) -> bool {
        (self.start_port, self.end_port) == (u16::MAX, 0)
    }

    fn read(ip_protocol: u8, reader: &mut Reader<'_>, address: ReadAddress) -> Result<Self, Error> {
        Ok(TrafficSelector {
            ip_protocol,
            start_port: reader.u16()?,
            end_port: reader.u16()?,
            start: address(reader)?,
            end: address(reader)?,
        })
    }

    /// The length field is left zero for the caller. Mixed families, which the type can't forbid, go out as IPv6 with
    /// the other address mapped.
    fn emit(&self, out: &mut Vec<u8>) {
        let both = match (self.start, self.end) {
            (IpAddr::V4(start), IpAddr::V4(end)) => (
                TsType::IPV4_ADDR_RANGE,
                [start.octets(), end.octets()].concat(),
            ),
            (start, end) => (
                TsType::IPV6_ADDR_RANGE,
                [mapped(start).octets(), mapped(end).octets()].concat(),
            ),
        };
        out.extend_from_slice(&[both.0.0, self.ip_protocol, 0, 0]);
        out.extend_from_slice(&self.start_port.to_be_bytes());
        out.extend_from_slice(&self.end_port.to_be_bytes());
        out.extend_from_slice(&both.1);
    }
}

impl fmt::Display for TrafficSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.start, self.end)?;
        if self.ip_protocol != 0 {
            write!(f, " protocol {}", self.ip_protocol)?;
        }
        if self.is_opaque_port() {
            write!(f, " port opaque")?;
        } else if !self.is_any_port() {
            write!(f, " port {}-{}", self.start_port, self.end_port)?;
        }
        Ok(())
    }
}

impl fmt::Display for TsEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TsEntry::Range(range) => write!(f, "{range}"),
            TsEntry::Unknown(unknown) => write!(f, "{}", unknown.kind),
        }
    }
}

impl fmt::Display for TsPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        separated(f, ", ", &self.entries)
    }
}

const SELECTOR_HEADER_LEN: usize = 4;

type ReadAddress = fn(&mut Reader<'_>) -> Result<IpAddr, Error>;

fn v4(reader: &mut Reader<'_>) -> Result<IpAddr, Error> {
    reader
        .array::<4>()
        .map(|octets| Ipv4Addr::from(octets).into())
}

fn v6(reader: &mut Reader<'_>) -> Result<IpAddr, Error> {
    reader
        .array::<16>()
        .map(|octets| Ipv6Addr::from(octets).into())
}
