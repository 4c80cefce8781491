//! The selectors of a packet (RFC 4301 §4.4.1.1).

use std::net::IpAddr;

use super::{Packet, protocol};
use crate::read::Reader;
use crate::{Error, Part};

/// What a traffic selector is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Flow {
    pub src: IpAddr,
    pub dst: IpAddr,
    pub proto: u8,
    /// `None` where a packet shows no ports: protocols without them, and fragments after the first, which match ANY
    /// and OPAQUE only. ICMP has type and code here (type in the high byte), mobility headers their type, and both
    /// have the same value on either side.
    pub sport: Option<u16>,
    pub dport: Option<u16>,
}

impl Flow {
    /// The same conversation seen from the other end.
    pub fn reversed(self) -> Self {
        Flow {
            src: self.dst,
            dst: self.src,
            proto: self.proto,
            sport: self.dport,
            dport: self.sport,
        }
    }

    #[inline]
    pub fn of(packet: &Packet<'_>) -> Result<Self, Error> {
        let (sport, dport) = match packet.is_later_fragment() {
            true => (None, None),
            false => {
                ports(packet)?.map_or((None, None), |(sport, dport)| (Some(sport), Some(dport)))
            }
        };
        Ok(Flow {
            src: packet.source,
            dst: packet.destination,
            proto: packet.protocol,
            sport,
            dport,
        })
    }
}

/// Reads a packet for its selectors alone.
pub fn flow(bytes: &[u8]) -> Result<Flow, Error> {
    Flow::of(&Packet::parse(bytes)?)
}

#[inline]
fn ports(packet: &Packet<'_>) -> Result<Option<(u16, u16)>, Error> {
    // Nearly all packets have these four, and each is asked for several times.
    if let Some(&[a, b, c, d]) = packet.payload.first_chunk::<4>() {
        let first = u16::from_be_bytes([a, b]);
        match packet.protocol {
            protocol::TCP | protocol::UDP => return Ok(Some((first, u16::from_be_bytes([c, d])))),
            protocol::ICMP | protocol::ICMPV6 => return Ok(Some(both(first))),
            _ => {}
        }
    }
    ports_of_others(packet)
}

#[inline(never)]
fn ports_of_others(packet: &Packet<'_>) -> Result<Option<(u16, u16)>, Error> {
    let mut reader = Reader::new(part(packet.protocol), packet.payload, packet.header_len());
    let pair = match packet.protocol {
        protocol::TCP | protocol::UDP | protocol::SCTP | protocol::DCCP | protocol::UDP_LITE => {
            (reader.u16()?, reader.u16()?)
        }
        protocol::ICMP | protocol::ICMPV6 => both(reader.u16()?),
        protocol::MOBILITY => {
            let [_, _, kind] = reader.array()?;
            both(u16::from(kind) << 8)
        }
        _ => return Ok(None),
    };
    Ok(Some(pair))
}

fn both(value: u16) -> (u16, u16) {
    (value, value)
}

fn part(protocol: u8) -> Part {
    match protocol {
        protocol::TCP => Part::TcpHeader,
        protocol::UDP => Part::UdpHeader,
        protocol::ICMP | protocol::ICMPV6 => Part::Icmp,
        _ => Part::TransportHeader,
    }
}
