//! The one thing that a tunnel changes in TCP: the largest segment that a connection may use.

use super::{Packet, protocol};
use crate::write::patch_u16;

/// Lowers the MSS option of a SYN to `limit` and corrects the checksum; says whether it changed anything.
///
/// Whatever isn't a well-formed SYN with a larger MSS is left alone: this helps connections and judges nothing.
pub fn clamp_mss(packet: &mut [u8], limit: u16) -> bool {
    let Some((option_at, found)) = find_mss(packet).filter(|(_, found)| *found > limit) else {
        return false;
    };
    let Some(tcp_at) = tcp_offset(packet) else {
        return false;
    };
    let sum = read_u16(packet, tcp_at + CHECKSUM_AT).unwrap_or_default();
    // A value at an odd place adds its bytes to the sum the other way round.
    let place = |value: u16| {
        if (option_at - tcp_at) % 2 == 0 {
            value
        } else {
            value.swap_bytes()
        }
    };
    patch_u16(packet, option_at, limit);
    patch_u16(
        packet,
        tcp_at + CHECKSUM_AT,
        replace_in_sum(sum, place(found), place(limit)),
    );
    true
}

/// Whether the packet opens a TCP connection, or answers that: what [`clamp_mss`] is for.
pub fn is_syn(packet: &Packet<'_>) -> bool {
    packet.protocol == protocol::TCP
        && !packet.is_later_fragment()
        && packet
            .payload
            .get(FLAGS_AT)
            .is_some_and(|flags| flags & SYN != 0)
}

const FLAGS_AT: usize = 13;
const CHECKSUM_AT: usize = 16;
const MIN_HEADER_LEN: usize = 20;
const SYN: u8 = 0x02;

const END_OF_OPTIONS: u8 = 0;
const NO_OPERATION: u8 = 1;
const MSS: u8 = 2;

/// Where the value of the MSS option is, and the value.
fn find_mss(packet: &[u8]) -> Option<(usize, u16)> {
    let start = tcp_offset(packet)?;
    let tcp = packet.get(start..)?;
    let header_len = usize::from(*tcp.get(12)? >> 4) * 4;
    if tcp.get(FLAGS_AT)? & SYN == 0 {
        return None;
    }
    let mut options = tcp.get(MIN_HEADER_LEN..header_len)?;
    loop {
        let at = start + header_len - options.len();
        options = match *options {
            [END_OF_OPTIONS, ..] | [] => return None,
            [NO_OPERATION, ..] => options.get(1..)?,
            [MSS, 4, high, low, ..] => return Some((at + 2, u16::from_be_bytes([high, low]))),
            [_, length, ..] if length >= 2 => options.get(usize::from(length)..)?,
            _ => return None,
        };
    }
}

fn tcp_offset(packet: &[u8]) -> Option<usize> {
    let packet = Packet::parse(packet).ok()?;
    (packet.protocol == protocol::TCP && !packet.is_later_fragment()).then(|| packet.header_len())
}

fn read_u16(bytes: &[u8], at: usize) -> Option<u16> {
    bytes
        .get(at..)?
        .first_chunk::<2>()
        .map(|field| u16::from_be_bytes(*field))
}

/// RFC 1624 §3, equation 3.
fn replace_in_sum(sum: u16, old: u16, new: u16) -> u16 {
    let mut total = u32::from(!sum) + u32::from(!old) + u32::from(new);
    while total > 0xffff {
        total = (total >> 16) + (total & 0xffff);
    }
    !(total as u16)
}
