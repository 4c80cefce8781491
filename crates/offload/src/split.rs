//! One super-packet into the packets that it stands for.

use crate::header::{Checksum, Header, Segmentation};
use crate::layout::{CWR, FIN, Layout, PSH, TCP_FLAGS_AT, TCP_SEQUENCE_AT, V4_ID_AT, get, put};
use crossgate_wire::ip::{Packet, Segments, Sum, protocol};
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
    /// The checksum would be outside the packet.
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

/// What was read from a TUN, understood but not yet cut: each of its packets is written where it is
/// wanted, with its checksums, in one pass over its octets.
#[derive(Clone, Copy, Debug)]
pub struct Split<'p> {
    octets: &'p [u8],
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    /// One packet, complete but for that checksum, if there is one to be made.
    Whole(Option<Checksum>),
    Super(Super),
}

/// A super-packet: the same headers, and a part of the payload for each packet.
#[derive(Clone, Copy, Debug)]
struct Super {
    layout: Layout,
    source: IpAddr,
    destination: IpAddr,
    /// Octets of payload of each packet but the last; never 0.
    segment_len: usize,
    count: usize,
}

/// Says what packets `octets`, as read from a TUN behind `header`, stands for: at least one.
pub fn split<'p>(header: &Header, octets: &'p [u8]) -> Result<Split<'p>, SplitError> {
    match header.segmentation {
        None => whole(header.checksum, octets),
        Some(kind) => segments(header, kind, octets),
    }
}

fn whole(checksum: Option<Checksum>, octets: &[u8]) -> Result<Split<'_>, SplitError> {
    if let Some(found) = checksum {
        let (start, offset) = (usize::from(found.start), usize::from(found.offset));
        let field = octets.get(start..).and_then(|part| part.get(offset..));
        field
            .and_then(|field| field.first_chunk::<2>())
            .ok_or(SplitError::ChecksumOutside { found })?;
    }
    let kind = Kind::Whole(checksum);
    Ok(Split { octets, kind })
}

fn segments<'p>(
    header: &Header,
    kind: Segmentation,
    octets: &'p [u8],
) -> Result<Split<'p>, SplitError> {
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
    let segment_len = usize::from(header.segment_len);
    let payload = packet.total_len() - layout.all;
    if segment_len == 0 || payload.div_ceil(segment_len) > SEGMENTS_MAX {
        let found = header.segment_len;
        return Err(SplitError::SegmentLength { found });
    }
    let kind = Kind::Super(Super {
        layout,
        source: packet.source,
        destination: packet.destination,
        segment_len,
        // Headers alone: a super-packet of nothing is still a packet.
        count: payload.div_ceil(segment_len).max(1),
    });
    let octets = packet.bytes;
    Ok(Split { octets, kind })
}

impl Segments for Split<'_> {
    fn whole(&self) -> &[u8] {
        self.octets
    }

    fn count(&self) -> usize {
        match &self.kind {
            Kind::Whole(_) => 1,
            Kind::Super(of) => of.count,
        }
    }

    fn length(&self, number: usize) -> Option<usize> {
        match &self.kind {
            Kind::Whole(_) => self.octets.length(number),
            Kind::Super(of) => {
                let (head, payload) = self.octets.split_at_checked(of.layout.all)?;
                let payload = of.payload(number, payload)?;
                Some(head.len() + payload.len())
            }
        }
    }

    fn write(&self, number: usize, packet: &mut [u8]) {
        match &self.kind {
            Kind::Whole(None) => self.octets.write(number, packet),
            Kind::Whole(Some(checksum)) => write_summed(*checksum, self.octets, packet),
            Kind::Super(of) => of.write(number, self.octets, packet),
        }
    }
}

/// One packet, with the checksum that was left to us.
fn write_summed(checksum: Checksum, octets: &[u8], packet: &mut [u8]) {
    let start = usize::from(checksum.start);
    let at = start + usize::from(checksum.offset);
    // The field holds the pseudo-header's sum, so that the sum over all of it is right. It covers what
    // may stand behind the packet, as a device's would.
    let sum = Sum::of(octets.get(start..).unwrap_or_default()).checksum();
    let is_udp = Packet::parse(octets).is_ok_and(|packet| packet.protocol == protocol::UDP);
    octets.write(0, packet);
    put(packet, at, non_zero_if(is_udp, sum).to_be_bytes());
}

/// A UDP checksum of zero would say that there is none (RFC 768).
fn non_zero_if(is_udp: bool, sum: u16) -> u16 {
    if sum == 0 && is_udp { 0xffff } else { sum }
}

impl Super {
    /// The part of the whole payload that one packet has.
    fn payload<'p>(&self, number: usize, all: &'p [u8]) -> Option<&'p [u8]> {
        let start = (number < self.count).then(|| number * self.segment_len)?;
        let end = all.len().min(start + self.segment_len);
        all.get(start..end)
    }

    /// A copy of the headers, with what this packet has of its own, and its part of the payload.
    fn write(&self, number: usize, octets: &[u8], packet: &mut [u8]) {
        let layout = &self.layout;
        let Some((head, payload)) = octets.split_at_checked(layout.all) else {
            return;
        };
        let total = packet.len();
        let (Some(payload), Some((own, to))) = (
            self.payload(number, payload),
            packet.split_at_mut_checked(layout.all),
        ) else {
            return;
        };
        own.copy_from_slice(head);
        if layout.v4 {
            let number = (number & 0xffff) as u16;
            let id = u16::from_be_bytes(get(own, V4_ID_AT)).wrapping_add(number);
            put(own, V4_ID_AT, id.to_be_bytes());
        }
        layout.set_lengths(own, total);
        if layout.tcp {
            self.tcp(number, own);
        }
        let at = layout.checksum_at();
        put(own, at, [0; 2]);
        let protocol = layout.protocol();
        let length = total - layout.ip;
        // A transport header is an even number of octets.
        let sum = Sum::of_pseudo_header(self.source, self.destination, protocol, length)
            + Sum::of(own.get(layout.ip..).unwrap_or_default())
            + Sum::copying(payload, to);
        let sum = non_zero_if(!layout.tcp, sum.checksum());
        put(own, at, sum.to_be_bytes());
    }

    /// The end of the data is marked on the last segment only, ECN's answer on the first (RFC 3168
    /// §6.1.2).
    fn tcp(&self, number: usize, head: &mut [u8]) {
        let at = self.layout.ip + TCP_SEQUENCE_AT;
        let offset = u32::try_from(number * self.segment_len).unwrap_or(u32::MAX);
        let sequence = u32::from_be_bytes(get(head, at)).wrapping_add(offset);
        put(head, at, sequence.to_be_bytes());
        let at = self.layout.ip + TCP_FLAGS_AT;
        let [mut flags] = get(head, at);
        if number + 1 < self.count {
            flags &= !(FIN | PSH);
        }
        if number > 0 {
            flags &= !CWR;
        }
        put(head, at, [flags]);
    }
}
