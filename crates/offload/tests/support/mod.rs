//! Packets to try things on.

use crossgate_offload::{Checksum, Header, Segmentation};
use crossgate_wire::ip::{
    Flow, Packet, Segments, build_packet, checksum, flow as flow_of, transport_checksum,
};
use std::net::IpAddr;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    V4,
    V6,
}

impl Family {
    fn ends(self) -> [IpAddr; 2] {
        let ends = match self {
            Self::V4 => ["10.1.0.1", "10.2.0.1"],
            Self::V6 => ["2001:db8:1::1", "2001:db8:2::1"],
        };
        ends.map(|end| end.parse().expect("an address"))
    }
}

/// A connection at a moment.
#[derive(Clone, Debug)]
pub struct Tcp {
    pub family: Family,
    pub port: u16,
    pub flags: u8,
    pub ack: u32,
    pub window: u16,
    pub ttl: u8,
    pub tos: u8,
    pub stamp: u32,
    pub df: bool,
}

impl Tcp {
    pub fn new(family: Family) -> Self {
        Self {
            family,
            port: 5201,
            flags: 0x10,
            ack: 7,
            window: 500,
            ttl: 63,
            tos: 0,
            stamp: 1,
            df: true,
        }
    }

    pub fn ip(&self) -> usize {
        if self.family == Family::V4 { 20 } else { 40 }
    }

    pub fn headers(&self) -> usize {
        self.ip() + 32
    }

    pub fn train(&self, start: u32, lengths: &[usize]) -> Vec<Vec<u8>> {
        let mut at = start;
        let segments = (0..).zip(lengths).map(|(id, length)| {
            let segment = self.at(at, id, *length);
            at += *length as u32;
            segment
        });
        segments.collect()
    }

    /// The segment at that place of the stream; the sequence numbers wrap early.
    pub fn at(&self, at: u32, id: u16, length: usize) -> Vec<u8> {
        let mut segment = Vec::new();
        segment.extend_from_slice(&40_000_u16.to_be_bytes());
        segment.extend_from_slice(&self.port.to_be_bytes());
        segment.extend_from_slice(&(u32::MAX - 1500).wrapping_add(at).to_be_bytes());
        segment.extend_from_slice(&self.ack.to_be_bytes());
        segment.extend_from_slice(&[0x80, self.flags]);
        segment.extend_from_slice(&self.window.to_be_bytes());
        segment.extend_from_slice(&[0; 4]);
        segment.extend_from_slice(&[1, 1, 8, 10]);
        segment.extend_from_slice(&self.stamp.to_be_bytes());
        segment.extend_from_slice(&[0, 0, 0, 2]);
        segment.extend((0..length).map(|n| (at as usize + n) as u8));
        let mut packet = finished(self.family, 6, 16, segment, id);
        match self.family {
            Family::V4 => {
                packet[1] = self.tos;
                packet[6] = if self.df { 0x40 } else { 0 };
                packet[8] = self.ttl;
                sum_header(&mut packet);
            }
            Family::V6 => {
                packet[1] |= self.tos << 4;
                packet[7] = self.ttl;
            }
        }
        packet
    }
}

pub fn udp(family: Family, id: u16, length: usize) -> Vec<u8> {
    let mut datagram = Vec::new();
    datagram.extend_from_slice(&[0x12, 0x34, 0x56, 0x78]);
    datagram.extend_from_slice(&(length as u16 + 8).to_be_bytes());
    datagram.extend_from_slice(&[0; 2]);
    datagram.extend((0..length).map(|n| (n * 3 + usize::from(id)) as u8));
    finished(family, 17, 6, datagram, id)
}

fn finished(family: Family, protocol: u8, sum_at: usize, mut part: Vec<u8>, id: u16) -> Vec<u8> {
    let [source, destination] = family.ends();
    let sum = transport_checksum(source, destination, protocol, &part);
    part[sum_at..sum_at + 2].copy_from_slice(&sum.to_be_bytes());
    let mut packet = build_packet(source, destination, protocol, &part).expect("a packet");
    if family == Family::V4 {
        packet[4..6].copy_from_slice(&id.to_be_bytes());
        packet[6] = 0x40;
        sum_header(&mut packet);
    }
    packet
}

fn sum_header(packet: &mut [u8]) {
    packet[10..12].fill(0);
    let sum = checksum(&packet[..20]);
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
}

/// The packets that a super-packet stands for, each written over what was there before.
pub fn written(split: &impl Segments) -> Vec<Vec<u8>> {
    let lengths = (0..split.count()).map_while(|number| split.length(number));
    let packets = lengths.enumerate().map(|(number, length)| {
        let mut packet = vec![0xee; length];
        split.write(number, &mut packet);
        packet
    });
    packets.collect()
}

/// Super-packets of TCP and UDP of both families with so much payload, plain and with options or
/// extension headers; with flags that not every packet repeats, and numbers that wrap.
pub fn wholes(length: usize) -> Vec<(Vec<u8>, Segmentation)> {
    let mut all = Vec::new();
    for family in [Family::V4, Family::V6] {
        let tcp = Tcp {
            // CWR, ACK, PSH and FIN.
            flags: 0x99,
            df: false,
            tos: 2,
            ..Tcp::new(family)
        };
        let kind = match family {
            Family::V4 => Segmentation::Tcp4 { ecn: true },
            Family::V6 => Segmentation::Tcp6 { ecn: true },
        };
        let of_tcp = (tcp.at(0, 0xfffe, length), kind);
        let of_udp = (udp(family, 0xfffe, length), Segmentation::Udp);
        for (plain, kind) in [of_tcp, of_udp] {
            all.push((with_more_header(&plain, family), kind));
            all.push((plain, kind));
        }
    }
    all
}

/// Eight octets of options of IPv4 or of a destination-options header of IPv6, all of them padding.
fn with_more_header(packet: &[u8], family: Family) -> Vec<u8> {
    let (head, rest) = packet.split_at(if family == Family::V4 { 20 } else { 40 });
    let more: [u8; 8] = match family {
        Family::V4 => [1; 8],
        Family::V6 => [head[6], 0, 1, 4, 0, 0, 0, 0],
    };
    let mut longer = [head, &more, rest].concat();
    match family {
        Family::V4 => longer[0] = 0x47,
        Family::V6 => longer[6] = 60,
    }
    set_lengths(&mut longer);
    longer
}

/// One packet after the other, each made whole and then summed.
pub fn cut_plainly(whole: &[u8], segment_len: usize) -> Vec<Vec<u8>> {
    let read = Packet::parse(whole).expect("a packet");
    let (ip, is_tcp) = (read.header_len(), read.protocol == 6);
    let head = ip
        + if is_tcp {
            usize::from(whole[ip + 12] >> 4) * 4
        } else {
            8
        };
    let (head, payload) = whole.split_at(head);
    let mut pieces: Vec<&[u8]> = payload.chunks(segment_len).collect();
    if pieces.is_empty() {
        pieces.push(&[]);
    }
    let (mut offset, last) = (0, pieces.len() - 1);
    let packets = pieces.iter().enumerate().map(|(number, piece)| {
        let mut packet = [head, piece].concat();
        if read.source.is_ipv4() {
            let id = u16::from_be_bytes([packet[4], packet[5]]).wrapping_add(number as u16);
            packet[4..6].copy_from_slice(&id.to_be_bytes());
        }
        let sum_at = ip + if is_tcp { 16 } else { 6 };
        if is_tcp {
            let field = ip + 4..ip + 8;
            let first = u32::from_be_bytes(packet[field.clone()].try_into().expect("four"));
            packet[field].copy_from_slice(&first.wrapping_add(offset as u32).to_be_bytes());
            packet[ip + 13] &= if number == last { 0xff } else { !0x09 };
            packet[ip + 13] &= if number == 0 { 0xff } else { !0x80 };
        } else {
            let length = (packet.len() - ip) as u16;
            packet[ip + 4..ip + 6].copy_from_slice(&length.to_be_bytes());
        }
        set_lengths(&mut packet);
        packet[sum_at..sum_at + 2].fill(0);
        let (from, to) = (read.source, read.destination);
        let sum = match transport_checksum(from, to, read.protocol, &packet[ip..]) {
            0 if !is_tcp => 0xffff,
            sum => sum,
        };
        packet[sum_at..sum_at + 2].copy_from_slice(&sum.to_be_bytes());
        offset += piece.len();
        packet
    });
    packets.collect()
}

/// IP's own, and the sum of its header.
fn set_lengths(packet: &mut [u8]) {
    let total = packet.len() as u16;
    if packet[0] >> 4 == 6 {
        packet[4..6].copy_from_slice(&(total - 40).to_be_bytes());
        return;
    }
    packet[2..4].copy_from_slice(&total.to_be_bytes());
    packet[10..12].fill(0);
    let header = usize::from(packet[0] & 0x0f) * 4;
    let sum = checksum(&packet[..header]);
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
}

pub fn make_fragment(packet: &mut [u8]) {
    packet[6] = 0x20;
    packet[7] = 4;
    sum_header(packet);
}

pub fn checksums_are_right(packet: &[u8]) -> bool {
    let read = Packet::parse(packet).expect("a packet");
    let header = read.source.is_ipv6() || checksum(&packet[..read.header_len()]) == 0;
    let (from, to) = (read.source, read.destination);
    header && transport_checksum(from, to, read.protocol, read.payload) == 0
}

/// As the kernel gives a packet whose checksum it leaves to a device.
pub fn with_pseudo_sum(packet: &[u8]) -> (Vec<u8>, Checksum) {
    let read = Packet::parse(packet).expect("a packet");
    let offset = if read.protocol == 6 { 16 } else { 6 };
    let start = read.header_len();
    // Over no octets but with the length of all: by taking the data's own sum away again.
    let mut partial = packet.to_vec();
    let at = start + offset;
    partial[at..at + 2].fill(0);
    let all = transport_checksum(
        read.source,
        read.destination,
        read.protocol,
        &partial[start..],
    );
    let data = checksum(&partial[start..]);
    let pseudo = u32::from(!all) + u32::from(data);
    let pseudo = ((pseudo >> 16) + (pseudo & 0xffff)) as u16;
    partial[at..at + 2].copy_from_slice(&pseudo.to_be_bytes());
    let checksum = Checksum {
        start: start as u16,
        offset: offset as u16,
    };
    (partial, checksum)
}

/// The identification of a packet that may not be fragmented means nothing (RFC 6864 §4.1).
pub fn without_id(packet: &[u8]) -> Vec<u8> {
    let mut packet = packet.to_vec();
    if packet[0] >> 4 == 4 && packet[6] & 0x40 != 0 {
        packet[4..6].fill(0);
        packet[10..12].fill(0);
    }
    packet
}

pub fn flow(packet: &[u8]) -> Option<Flow> {
    flow_of(packet).ok()
}

pub fn flows(packets: &[Vec<u8>]) -> Vec<Option<Flow>> {
    let mut flows: Vec<_> = packets.iter().map(|packet| flow(packet)).collect();
    flows.sort();
    flows.dedup();
    flows
}

/// Numbers of a seed (splitmix64).
pub struct Draw(u64);

impl Draw {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    /// A header of a kind that there is, mostly, whatever else it says: small numbers, so that some
    /// are right.
    pub fn header(&mut self) -> Vec<u8> {
        let mut octets: Vec<u8> = (0..Header::LEN).map(|_| self.below(8) as u8).collect();
        // No segmentation, TCP over IPv4 and IPv6, also with ECN's answer, UDP; and none that there is.
        octets[1] = [0, 1, 4, 0x81, 0x84, 5, 7][self.below(7) as usize];
        // The high half of the segments' length.
        octets[5] &= self.below(2) as u8;
        octets
    }

    pub fn damage(&mut self, octets: &mut Vec<u8>) {
        for _ in 0..self.below(4) {
            let at = self.below(octets.len().max(1) as u64) as usize;
            if let Some(octet) = octets.get_mut(at) {
                *octet = self.below(256) as u8;
            }
        }
        if self.below(4) == 0 {
            octets.truncate(self.below(octets.len() as u64 + 1) as usize);
        }
    }

    /// Some connections' packets by turns, with now and then a loss, a datagram or a damaged one.
    pub fn batch(&mut self) -> Vec<Vec<u8>> {
        let families = [Family::V4, Family::V6];
        let mut flows: Vec<_> = (0..=self.below(20))
            .map(|port| {
                let tcp = Tcp::new(families[self.below(2) as usize]);
                let port = port as u16;
                (Tcp { port, ..tcp }, 0, 0)
            })
            .collect();
        let count = 1 + self.below(60);
        let packets = (0..count).map(|_| {
            let which = self.below(flows.len() as u64) as usize;
            let (tcp, at, id) = &mut flows[which];
            *id += 1;
            let length = [200, 200, 200, 200, 100, 0][self.below(6) as usize];
            tcp.flags = [0x10, 0x10, 0x10, 0x18, 0x11][self.below(5) as usize];
            let mut packet = tcp.at(*at, *id, length);
            *at += length as u32 + u32::from(self.below(9) == 0);
            match self.below(12) {
                0 => udp(families[self.below(2) as usize], *id, length),
                1 => {
                    *packet.last_mut().expect("octets") ^= 1;
                    packet
                }
                _ => packet,
            }
        });
        packets.collect()
    }
}
