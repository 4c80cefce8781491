//! Which packets of a batch can be handed to the kernel as one.
//!
//! The kernel takes a super-packet's checksums on trust, so a packet joins one only after its own
//! have been verified: otherwise what was damaged on its way would arrive with a right checksum.

use crate::header::{Checksum, Header, Segmentation};
use crate::layout::{
    ACK, Layout, PSH, TCP_FLAGS_AT, TCP_SEQUENCE_AT, UDP_CHECKSUM_AT, UDP_LENGTH_AT,
    V4_CHECKSUM_AT, V4_ID_AT, V4_TOTAL_AT, V6_PAYLOAD_AT, get, put,
};
use crossgate_wire::ip::{Flow, Packet, Sum, checksum, transport_checksum};
use std::ops::Range;

/// The longest IP packet, and so the longest super-packet.
const TOTAL_MAX: usize = 65_535;
/// Packets in one super-packet.
pub const MEMBERS_MAX: usize = 64;
/// Super-packets that are open at a time: flows whose packets come by turns.
const OPEN_MAX: usize = 16;
/// The longest headers that are changed: IPv6 and TCP with all its options.
const HEAD_MAX: usize = 40 + 60;

/// What the kernel takes in one piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abilities {
    pub tcp: bool,
    pub udp: bool,
}

/// Some packets of a batch that are written as one; most often a single one.
#[derive(Clone, Debug)]
pub struct Group {
    pub header: Header,
    head: [u8; HEAD_MAX],
    /// Octets of `head` in use: none where the packet goes as it is.
    head_len: usize,
    /// Octets of each member that `head` stands for.
    skip: usize,
    first: usize,
    last: usize,
    state: Option<Growing>,
}

/// A group that could take another packet.
#[derive(Clone, Debug)]
struct Growing {
    flow: Flow,
    layout: Layout,
    /// Octets of payload of each member but the last.
    segment_len: usize,
    total: usize,
    members: usize,
    /// What the next member is to have.
    sequence: u32,
    id: u16,
    /// The last was shorter, or pushed.
    closed: bool,
}

/// Groups a batch; clear it and use it again.
#[derive(Debug)]
pub struct Coalescer {
    abilities: Abilities,
    groups: Vec<Group>,
    /// For each packet, the next of its group.
    next: Vec<Option<usize>>,
    /// Groups that may grow, the youngest last.
    open: Vec<usize>,
}

impl Coalescer {
    pub fn new(abilities: Abilities) -> Self {
        Self {
            abilities,
            groups: Vec::new(),
            next: Vec::new(),
            open: Vec::new(),
        }
    }

    pub fn clear(&mut self) {
        self.groups.clear();
        self.next.clear();
        self.open.clear();
    }

    /// Takes the next packet of the batch: the first is number 0.
    pub fn push(&mut self, packet: &[u8]) {
        let number = self.next.len();
        self.next.push(None);
        match Candidate::of(packet, self.abilities) {
            Candidate::Segment(segment) => self.place(number, &segment),
            Candidate::Apart(flow) => {
                self.close(&flow);
                self.groups.push(Group::alone(number));
            }
            // It may belong to any flow: nothing behind it overtakes it.
            Candidate::Opaque => {
                self.open.clear();
                self.groups.push(Group::alone(number));
            }
        }
    }

    /// What is to be written, in this order.
    pub fn groups(&mut self) -> impl Iterator<Item = (&Group, Members<'_>)> {
        self.groups.iter_mut().for_each(Group::finish);
        self.groups.iter().map(|group| {
            let next = &self.next;
            let at = Some(group.first);
            (group, Members { next, at })
        })
    }

    fn place(&mut self, number: usize, segment: &Segment<'_>) {
        if let Some(group) = self.find(&segment.flow)
            && group.takes(segment)
        {
            let last = group.join(number, segment);
            if let Some(next) = self.next.get_mut(last) {
                *next = Some(number);
            }
            return;
        }
        self.close(&segment.flow);
        if self.open.len() == OPEN_MAX {
            self.open.remove(0);
        }
        self.open.push(self.groups.len());
        self.groups.push(Group::with(number, segment));
    }

    fn find(&mut self, flow: &Flow) -> Option<&mut Group> {
        let groups = &self.groups;
        let is_of = |at: &&usize| groups.get(**at).is_some_and(|group| group.is_of(flow));
        let at = *self.open.iter().find(is_of)?;
        self.groups.get_mut(at)
    }

    /// A flow's packets stay in their order: its older group takes none any more.
    fn close(&mut self, flow: &Flow) {
        let groups = &self.groups;
        let is_of = |at: &usize| groups.get(*at).is_some_and(|group| group.is_of(flow));
        self.open.retain(|at| !is_of(at));
    }
}

/// The numbers of a group's packets.
#[derive(Clone, Debug)]
pub struct Members<'c> {
    next: &'c [Option<usize>],
    at: Option<usize>,
}

impl Iterator for Members<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let at = self.at?;
        self.at = self.next.get(at).copied().flatten();
        Some(at)
    }
}

impl Group {
    fn alone(number: usize) -> Self {
        Self {
            header: Header::default(),
            head: [0; HEAD_MAX],
            head_len: 0,
            skip: 0,
            first: number,
            last: number,
            state: None,
        }
    }

    fn with(number: usize, segment: &Segment<'_>) -> Self {
        let mut group = Self::alone(number);
        let len = segment.layout.all;
        if let (Some(to), Some(from)) = (group.head.get_mut(..len), segment.packet.bytes.get(..len))
        {
            to.copy_from_slice(from);
        }
        group.state = Some(Growing {
            flow: segment.flow,
            layout: segment.layout,
            segment_len: segment.payload_len,
            total: segment.packet.total_len(),
            members: 1,
            sequence: segment.sequence.wrapping_add(len32(segment.payload_len)),
            id: segment.id.wrapping_add(1),
            closed: !segment.may_be_followed(),
        });
        group
    }

    /// What stands before the members' payloads; empty where the one member goes as it is.
    pub fn head(&self) -> &[u8] {
        self.head.get(..self.head_len).unwrap_or_default()
    }

    /// What of a member is written.
    pub fn part<'p>(&self, member: &'p [u8]) -> &'p [u8] {
        member.get(self.skip..).unwrap_or_default()
    }

    fn is_of(&self, flow: &Flow) -> bool {
        self.state.as_ref().is_some_and(|state| state.flow == *flow)
    }

    /// The next of the flow, and alike in all that a segment can't have of its own.
    fn takes(&self, segment: &Segment<'_>) -> bool {
        let Some(state) = &self.state else {
            return false;
        };
        !state.closed
            && state.layout == segment.layout
            && segment.payload_len <= state.segment_len
            && state.members < MEMBERS_MAX
            && state.total + segment.payload_len <= TOTAL_MAX
            && (!state.layout.tcp || state.sequence == segment.sequence)
            && (!state.layout.v4 || segment.packet.dont_fragment || state.id == segment.id)
            && segment.alike(&self.head)
    }

    /// Gives the packet that was the last until now.
    fn join(&mut self, number: usize, segment: &Segment<'_>) -> usize {
        if let Some(state) = &mut self.state {
            state.total += segment.payload_len;
            state.members += 1;
            state.sequence = state.sequence.wrapping_add(len32(segment.payload_len));
            state.id = state.id.wrapping_add(1);
            state.closed = !segment.may_be_followed() || segment.payload_len < state.segment_len;
            let at = state.layout.ip + TCP_FLAGS_AT;
            if state.layout.tcp && segment.flags & PSH != 0 {
                let [flags] = get(&self.head, at);
                put(&mut self.head, at, [flags | PSH]);
            }
        }
        std::mem::replace(&mut self.last, number)
    }

    /// Writes the headers of a super-packet.
    fn finish(&mut self) {
        let Some(state) = self.state.take_if(|state| state.members > 1) else {
            return;
        };
        let layout = &state.layout;
        layout.set_lengths(&mut self.head, state.total);
        let (flow, length) = (&state.flow, state.total - layout.ip);
        let sum = Sum::of_pseudo_header(flow.src, flow.dst, layout.protocol(), length);
        let field = sum.folded().to_be_bytes();
        put(&mut self.head, layout.checksum_at(), field);
        self.head_len = layout.all;
        self.skip = layout.all;
        self.header = Header {
            checksum: Some(Checksum {
                start: len16(layout.ip),
                offset: len16(layout.checksum_offset()),
            }),
            segmentation: Some(match (layout.tcp, layout.v4) {
                (true, true) => Segmentation::Tcp4 { ecn: false },
                (true, false) => Segmentation::Tcp6 { ecn: false },
                (false, _) => Segmentation::Udp,
            }),
            header_len: len16(layout.all),
            segment_len: len16(state.segment_len),
        };
    }
}

/// What a packet can be beside others.
enum Candidate<'p> {
    Segment(Segment<'p>),
    /// It keeps its place in its flow, and goes alone.
    Apart(Flow),
    /// It shows no flow.
    Opaque,
}

/// A packet that could be one of several.
struct Segment<'p> {
    packet: Packet<'p>,
    layout: Layout,
    flow: Flow,
    payload_len: usize,
    /// Of TCP; zero for UDP.
    sequence: u32,
    flags: u8,
    /// Of IPv4; zero for IPv6.
    id: u16,
}

impl<'p> Candidate<'p> {
    fn of(octets: &'p [u8], abilities: Abilities) -> Self {
        let parsed = Packet::parse(octets).and_then(|packet| Ok((packet, Flow::of(&packet)?)));
        let Ok((packet, flow)) = parsed else {
            return Self::Opaque;
        };
        let Some(layout) = Layout::of(&packet).filter(Layout::is_plain) else {
            return Self::Opaque;
        };
        let segment = Segment::of(packet, layout, flow);
        let able = match layout.tcp {
            true => abilities.tcp,
            false => abilities.udp,
        };
        // SYN, FIN, RST, URG and ECN's answers go alone.
        let plain = !layout.tcp || segment.flags & !PSH == ACK;
        let exact = octets.len() == segment.packet.total_len();
        if able && plain && exact && segment.payload_len > 0 && segment.is_intact() {
            Self::Segment(segment)
        } else {
            Self::Apart(flow)
        }
    }
}

impl<'p> Segment<'p> {
    fn of(packet: Packet<'p>, layout: Layout, flow: Flow) -> Self {
        let tcp = |at| {
            if layout.tcp {
                layout.ip + at
            } else {
                usize::MAX
            }
        };
        let [flags] = get(packet.bytes, tcp(TCP_FLAGS_AT));
        let id_at = if layout.v4 { V4_ID_AT } else { usize::MAX };
        Self {
            payload_len: packet.total_len() - layout.all,
            sequence: u32::from_be_bytes(get(packet.bytes, tcp(TCP_SEQUENCE_AT))),
            flags,
            id: u16::from_be_bytes(get(packet.bytes, id_at)),
            packet,
            layout,
            flow,
        }
    }

    fn may_be_followed(&self) -> bool {
        self.flags & PSH == 0
    }

    /// All its checksums are there and right.
    fn is_intact(&self) -> bool {
        let (packet, layout) = (&self.packet, &self.layout);
        let header = packet.bytes.get(..layout.ip).unwrap_or_default();
        if layout.v4 && checksum(header) != 0 {
            return false;
        }
        if !layout.tcp && get(packet.payload, UDP_CHECKSUM_AT) == [0; 2] {
            return false;
        }
        let (source, destination) = (packet.source, packet.destination);
        transport_checksum(source, destination, packet.protocol, packet.payload) == 0
    }

    /// Its headers, without what each segment has of its own.
    fn alike(&self, head: &[u8]) -> bool {
        let (len, mut same) = (self.layout.all, [0; HEAD_MAX]);
        let (Some(to), Some(from)) = (same.get_mut(..len), self.packet.bytes.get(..len)) else {
            return false;
        };
        to.copy_from_slice(from);
        for field in own_fields(&self.layout) {
            if let (Some(to), Some(from)) = (same.get_mut(field.clone()), head.get(field)) {
                to.copy_from_slice(from);
            }
        }
        if self.layout.tcp {
            let at = self.layout.ip + TCP_FLAGS_AT;
            let ([flags], [of_head]) = (get(&same, at), get(head, at));
            put(&mut same, at, [flags & !PSH | of_head & PSH]);
        }
        same.get(..len) == head.get(..len)
    }
}

/// Where segments of one super-packet differ.
fn own_fields(layout: &Layout) -> [Range<usize>; 5] {
    let none = 0..0;
    let [lengths, id, sum] = match layout.v4 {
        true => [
            V4_TOTAL_AT..V4_TOTAL_AT + 2,
            V4_ID_AT..V4_ID_AT + 2,
            V4_CHECKSUM_AT..V4_CHECKSUM_AT + 2,
        ],
        false => [V6_PAYLOAD_AT..V6_PAYLOAD_AT + 2, none.clone(), none],
    };
    let at = layout.checksum_at();
    let position = match layout.tcp {
        true => layout.ip + TCP_SEQUENCE_AT..layout.ip + TCP_SEQUENCE_AT + 4,
        false => layout.ip + UDP_LENGTH_AT..layout.ip + UDP_LENGTH_AT + 2,
    };
    [lengths, id, sum, position, at..at + 2]
}

fn len16(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}

fn len32(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
