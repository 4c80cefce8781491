//! One super-packet into the packets that it stands for.

use crate::header::{Checksum, Header, Segmentation};
use crate::layout::{CWR, FIN, Layout, PSH, TCP_FLAGS_AT, TCP_SEQUENCE_AT, V4_ID_AT, get, put};
use crate::packets::Packets;
use crossgate_wire::ip::{Packet, checksum, protocol, transport_checksum};
use std::fmt;
use std::net::IpAddr;

/// The most packets that one super-packet is cut into: 64 KiB at a little under the least MSS that
/// Linux takes (48).
pub const SEGMENTS_MAX: usize = 1_500;

/// Why a super-packet can't be cut: its header says what the packet is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SplitError {
    /// No IP packet, or shorter than it says.
    NotIp,
    /// The kind of segmentation doesn't fit the protocol, or the packet is a fragment.
    NotOfThatKind,
    /// The checksum would be outside the transport header.
    ChecksumOutside { found: Checksum },
    /// Segments without payload, or more than [`SEGMENTS_MAX`].
    SegmentLength { found: u16 },
}

impl fmt::Display for SplitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotIp => write!(f, "super-packet: expected a whole IP packet"),
            Self::NotOfThatKind => {
                write!(
                    f,
                    "super-packet: the packet is not of the kind that its GSO type says"
                )
            }
            Self::ChecksumOutside { found } => write!(
                f,
                "super-packet: no checksum can be at {} + {}",
                found.start, found.offset
            ),
            Self::SegmentLength { found } => write!(
                f,
                "super-packet: expected at most {SEGMENTS_MAX} segments, found segments of {found} octets"
            ),
        }
    }
}

impl std::error::Error for SplitError {}

/// Appends the packets that `octets`, as read from a TUN behind `header`, stands for, each with its
/// checksums. After an error nothing is appended.
pub fn split(header: &Header, octets: &[u8], out: &mut Packets) -> Result<(), SplitError> {
    match header.segmentation {
        None => whole(header, octets, out),
        Some(kind) => segments(header, kind, octets, out),
    }
}

/// One packet, whose checksum may still be to be made.
fn whole(header: &Header, octets: &[u8], out: &mut Packets) -> Result<(), SplitError> {
    let Some(sum) = header.checksum else {
        out.push(octets, &[]);
        return Ok(());
    };
    let outside = SplitError::ChecksumOutside { found: sum };
    let at = usize::from(sum.start) + usize::from(sum.offset);
    let covered = octets.get(usize::from(sum.start)..).ok_or(outside)?;
    octets.get(at..at + 2).ok_or(outside)?;
    // The field holds the pseudo-header's sum, so that the sum over all of it is right.
    let value = non_zero_if_udp(octets, checksum(covered));
    put(out.push(octets, &[]), at, value.to_be_bytes());
    Ok(())
}

/// A UDP checksum of zero would say that there is none (RFC 768).
fn non_zero_if_udp(octets: &[u8], sum: u16) -> u16 {
    let is_udp = Packet::parse(octets).is_ok_and(|packet| packet.protocol == protocol::UDP);
    if sum == 0 && is_udp { 0xffff } else { sum }
}

fn segments(
    header: &Header,
    kind: Segmentation,
    octets: &[u8],
    out: &mut Packets,
) -> Result<(), SplitError> {
    let packet = Packet::parse(octets).map_err(|_| SplitError::NotIp)?;
    let layout = Layout::of(&packet).ok_or(SplitError::NotOfThatKind)?;
    let fits = match kind {
        Segmentation::Tcp4 { .. } => layout.v4 && layout.tcp,
        Segmentation::Tcp6 { .. } => !layout.v4 && layout.tcp,
        Segmentation::Udp => !layout.tcp,
    };
    if !fits {
        return Err(SplitError::NotOfThatKind);
    }
    let (head, payload) = packet
        .bytes
        .split_at_checked(layout.all)
        .ok_or(SplitError::NotIp)?;
    let length = usize::from(header.segment_len);
    if length == 0 || payload.len().div_ceil(length) > SEGMENTS_MAX {
        let found = header.segment_len;
        return Err(SplitError::SegmentLength { found });
    }
    let mut cut = Cut {
        layout,
        source: packet.source,
        destination: packet.destination,
        index: 0,
        offset: 0,
    };
    let mut pieces = payload.chunks(length).peekable();
    if pieces.peek().is_none() {
        // Headers alone: a super-packet of nothing is still a packet.
        cut.segment(out.push(head, &[]), true);
    }
    while let Some(piece) = pieces.next() {
        cut.segment(out.push(head, piece), pieces.peek().is_none());
        cut.index = cut.index.wrapping_add(1);
        cut.offset += piece.len();
    }
    Ok(())
}

/// How far a super-packet is cut.
struct Cut {
    layout: Layout,
    source: IpAddr,
    destination: IpAddr,
    index: u16,
    /// Of payload before this segment.
    offset: usize,
}

impl Cut {
    /// Makes a segment of a copy of the super-packet's headers and its part of the payload.
    fn segment(&self, packet: &mut [u8], last: bool) {
        let layout = &self.layout;
        if layout.v4 {
            let id = u16::from_be_bytes(get(packet, V4_ID_AT)).wrapping_add(self.index);
            put(packet, V4_ID_AT, id.to_be_bytes());
        }
        let total = packet.len();
        layout.set_lengths(packet, total);
        if layout.tcp {
            self.tcp(packet, last);
        }
        let at = layout.checksum_at();
        put(packet, at, [0; 2]);
        let segment = packet.get(layout.ip..).unwrap_or_default();
        let number = if layout.tcp {
            protocol::TCP
        } else {
            protocol::UDP
        };
        let sum = transport_checksum(self.source, self.destination, number, segment);
        let sum = if sum == 0 && !layout.tcp { 0xffff } else { sum };
        put(packet, at, sum.to_be_bytes());
    }

    /// The end of the data is marked on the last segment only, ECN's answer on the first (RFC 3168
    /// §6.1.2).
    fn tcp(&self, packet: &mut [u8], last: bool) {
        let at = self.layout.ip + TCP_SEQUENCE_AT;
        let offset = u32::try_from(self.offset).unwrap_or(u32::MAX);
        let sequence = u32::from_be_bytes(get(packet, at)).wrapping_add(offset);
        put(packet, at, sequence.to_be_bytes());
        let at = self.layout.ip + TCP_FLAGS_AT;
        let [mut flags] = get(packet, at);
        if !last {
            flags &= !(FIN | PSH);
        }
        if self.index > 0 {
            flags &= !CWR;
        }
        put(packet, at, [flags]);
    }
}
