//! One IPv4 packet into fragments (RFC 791 §3.2).

use std::net::IpAddr;

use super::{Packet, checksum};
use crate::write::patch_u16;

const FIXED_HEADER: usize = 20;
const TOTAL_LEN_AT: usize = 2;
const IDENTIFICATION_AT: usize = 4;
const FLAGS_AT: usize = 6;
const CHECKSUM_AT: usize = 10;

const DONT_FRAGMENT: u16 = 0x4000;
const MORE_FRAGMENTS: u16 = 0x2000;
/// Offsets count in eights.
const OFFSET_UNIT: usize = 8;
const OFFSET_MAX: usize = 0x1fff;

const END_OF_OPTIONS: u8 = 0;
const NO_OPERATION: u8 = 1;
/// Of an option's number: it stands in every fragment.
const COPIED: u8 = 0x80;

/// The packet in pieces of at most `mtu` octets each, whatever its DF bit says; a piece keeps that
/// bit. A packet that fits is one piece.
///
/// `identification` is for a packet whose own one means nothing: one that says "don't fragment" and
/// is no fragment itself (RFC 6864 §4).
///
/// `None` for IPv6, which no router fragments, and where `mtu` has no room for eight octets of data.
pub fn fragments(packet: &Packet<'_>, mtu: u16, identification: u16) -> Option<Vec<Vec<u8>>> {
    let (IpAddr::V4(_), IpAddr::V4(_)) = (packet.source, packet.destination) else {
        return None;
    };
    if packet.total_len() <= usize::from(mtu) {
        return Some(vec![packet.bytes.to_vec()]);
    }
    let (first_header, data) = packet.bytes.split_at_checked(packet.header_len())?;
    let later_header = header_of_later(first_header)?;
    let flags = u16::from_be_bytes(*first_header.get(FLAGS_AT..)?.first_chunk()?);
    let cut = Cut {
        identification: is_atomic(packet).then_some(identification),
        dont_fragment: flags & DONT_FRAGMENT,
        more_follow: flags & MORE_FRAGMENTS != 0,
    };
    let before = packet
        .fragment
        .map_or(0, |fragment| usize::from(fragment.offset));
    let (mut pieces, mut at) = (Vec::new(), 0);
    while at < data.len() {
        let header = if at == 0 { first_header } else { &later_header };
        let room = usize::from(mtu).checked_sub(header.len())? / OFFSET_UNIT * OFFSET_UNIT;
        let rest = data.get(at..).filter(|_| room > 0)?;
        let (piece, is_last) = match rest.split_at_checked(room) {
            Some((piece, behind)) if !behind.is_empty() => (piece, false),
            _ => (rest, true),
        };
        pieces.push(cut.piece(header, piece, before + at, is_last)?);
        at += piece.len();
    }
    Some(pieces)
}

/// What the pieces have in common.
struct Cut {
    /// In place of the packet's own.
    identification: Option<u16>,
    dont_fragment: u16,
    /// The packet is a fragment itself, and not the last.
    more_follow: bool,
}

impl Cut {
    fn piece(&self, header: &[u8], data: &[u8], offset: usize, is_last: bool) -> Option<Vec<u8>> {
        let units = offset / OFFSET_UNIT;
        let units = u16::try_from(units).ok().filter(|_| units <= OFFSET_MAX)?;
        let more = match is_last && !self.more_follow {
            true => 0,
            false => MORE_FRAGMENTS,
        };
        let mut piece = [header, data].concat();
        let length = u16::try_from(piece.len()).ok()?;
        patch_u16(&mut piece, TOTAL_LEN_AT, length);
        if let Some(identification) = self.identification {
            patch_u16(&mut piece, IDENTIFICATION_AT, identification);
        }
        patch_u16(&mut piece, FLAGS_AT, self.dont_fragment | more | units);
        patch_u16(&mut piece, CHECKSUM_AT, 0);
        let sum = checksum(piece.get(..header.len())?);
        patch_u16(&mut piece, CHECKSUM_AT, sum);
        Some(piece)
    }
}

fn is_atomic(packet: &Packet<'_>) -> bool {
    packet.dont_fragment && packet.fragment.is_none()
}

/// With those options only that every fragment has.
fn header_of_later(first: &[u8]) -> Option<Vec<u8>> {
    let (fixed, mut options) = first.split_at_checked(FIXED_HEADER)?;
    let mut header = fixed.to_vec();
    loop {
        let length = match *options {
            [] | [END_OF_OPTIONS, ..] => break,
            [NO_OPERATION, ..] => 1,
            [_, length, ..] if length >= 2 => usize::from(length),
            // No option, whatever it is: left out.
            _ => break,
        };
        let Some((option, behind)) = options.split_at_checked(length) else {
            break;
        };
        if option.first().is_some_and(|number| number & COPIED != 0) {
            header.extend_from_slice(option);
        }
        options = behind;
    }
    header.resize(header.len().next_multiple_of(4), END_OF_OPTIONS);
    let words = u8::try_from(header.len() / 4).ok()?;
    if let Some(first) = header.first_mut() {
        *first = 0x40 | words;
    }
    Some(header)
}
