//! Pings, and the error that says "too big" (RFC 792, RFC 1191, RFC 4443).

use std::net::IpAddr;

use super::{Packet, build_packet, checksum, protocol, transport_checksum};
use crate::read::Reader;
use crate::{Error, Part};

/// An echo request or its reply, ICMP or ICMPv6 by the family of the addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Echo<'a> {
    pub kind: EchoKind,
    pub identifier: u16,
    pub sequence: u16,
    pub data: &'a [u8],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EchoKind {
    Request,
    Reply,
}

impl<'a> Echo<'a> {
    /// `None` if the packet is something else. A wrong checksum is an error.
    pub fn parse(packet: &Packet<'a>) -> Result<Option<Self>, Error> {
        if packet.protocol != icmp_of(packet.source) || packet.fragment.is_some() {
            return Ok(None);
        }
        let mut reader = Reader::new(Part::Icmp, packet.payload, packet.header_len());
        let [kind, code, ..] = reader.array::<4>()?;
        let Some(kind) = echo_kind(packet.source, kind).filter(|_| code == 0) else {
            return Ok(None);
        };
        check_sum(packet)?;
        let (identifier, sequence) = (reader.u16()?, reader.u16()?);
        Ok(Some(Echo {
            kind,
            identifier,
            sequence,
            data: reader.rest(),
        }))
    }

    /// The whole packet, to be sent from `source`.
    pub fn build(&self, source: IpAddr, destination: IpAddr) -> Result<Vec<u8>, Error> {
        let [a, b] = self.identifier.to_be_bytes();
        let [c, d] = self.sequence.to_be_bytes();
        build_icmp(
            source,
            destination,
            [type_number(source, self.kind), 0],
            [a, b, c, d],
            self.data,
        )
    }

    /// What answers this request: same identifier, sequence and data.
    pub fn reply(&self) -> Self {
        Echo {
            kind: EchoKind::Reply,
            ..*self
        }
    }
}

/// The error for a packet that is larger than `mtu` and may not be fragmented, from `router` to its sender:
/// "fragmentation needed" (RFC 1191 §4) or "packet too big" (RFC 4443 §3.2).
///
/// `None` where no error may be sent: about an ICMP error, a later fragment, or a source or IPv4 destination that is
/// no single host (RFC 1122 §3.2.2, RFC 4443 §2.4e).
pub fn too_big(packet: &Packet<'_>, router: IpAddr, mtu: u16) -> Result<Option<Vec<u8>>, Error> {
    if !may_be_answered(packet) || router.is_ipv4() != packet.source.is_ipv4() {
        return Ok(None);
    }
    let (kind, most) = match packet.source {
        IpAddr::V4(_) => ([3, 4], MAX_V4_ERROR - 28),
        IpAddr::V6(_) => ([2, 0], MAX_V6_ERROR - 48),
    };
    let [high, low] = mtu.to_be_bytes();
    let quoted = packet.bytes.get(..most).unwrap_or(packet.bytes);
    build_icmp(router, packet.source, kind, [0, 0, high, low], quoted).map(Some)
}

/// How long an error may be with all headers (RFC 1812 §4.3.2.3, RFC 4443 §3.2).
const MAX_V4_ERROR: usize = 576;
const MAX_V6_ERROR: usize = 1280;

fn may_be_answered(packet: &Packet<'_>) -> bool {
    let to_many = match packet.destination {
        IpAddr::V4(v4) => v4.is_multicast() || v4.is_broadcast(),
        IpAddr::V6(_) => false,
    };
    let from_none = packet.source.is_unspecified() || packet.source.is_multicast();
    !(to_many || from_none || packet.is_later_fragment() || is_icmp_error(packet))
}

fn is_icmp_error(packet: &Packet<'_>) -> bool {
    let kind = packet.payload.first();
    match packet.protocol {
        protocol::ICMP => matches!(kind, None | Some(3 | 4 | 5 | 11 | 12)),
        protocol::ICMPV6 => kind.is_none_or(|kind| *kind < 128),
        _ => false,
    }
}

fn build_icmp(
    source: IpAddr,
    destination: IpAddr,
    [kind, code]: [u8; 2],
    rest: [u8; 4],
    data: &[u8],
) -> Result<Vec<u8>, Error> {
    let mut message = [&[kind, code, 0, 0], &rest, data].concat();
    let sum = icmp_checksum(source, destination, &message);
    crate::write::patch_u16(&mut message, 2, sum);
    build_packet(source, destination, icmp_of(source), &message)
}

fn check_sum(packet: &Packet<'_>) -> Result<(), Error> {
    match icmp_checksum(packet.source, packet.destination, packet.payload) {
        0 => Ok(()),
        wrong => Err(Error::Value {
            part: Part::Icmp,
            field: "checksum over all",
            offset: packet.header_len() + 2,
            expected: "0",
            found: wrong.into(),
        }),
    }
}

fn icmp_checksum(source: IpAddr, destination: IpAddr, message: &[u8]) -> u16 {
    match source {
        IpAddr::V4(_) => checksum(message),
        IpAddr::V6(_) => transport_checksum(source, destination, protocol::ICMPV6, message),
    }
}

fn icmp_of(address: IpAddr) -> u8 {
    if address.is_ipv4() {
        protocol::ICMP
    } else {
        protocol::ICMPV6
    }
}

fn type_number(source: IpAddr, kind: EchoKind) -> u8 {
    match (source, kind) {
        (IpAddr::V4(_), EchoKind::Request) => 8,
        (IpAddr::V4(_), EchoKind::Reply) => 0,
        (IpAddr::V6(_), EchoKind::Request) => 128,
        (IpAddr::V6(_), EchoKind::Reply) => 129,
    }
}

fn echo_kind(source: IpAddr, number: u8) -> Option<EchoKind> {
    [EchoKind::Request, EchoKind::Reply]
        .into_iter()
        .find(|kind| type_number(source, *kind) == number)
}
