//! Where the fields are that segments differ in, in packets without IP options or extensions.

use crossgate_wire::ip::{Packet, checksum, protocol};

pub(crate) const V4_LEN: usize = 20;
pub(crate) const V6_LEN: usize = 40;
pub(crate) const TCP_MIN: usize = 20;
pub(crate) const UDP_LEN: usize = 8;

pub(crate) const V4_TOTAL_AT: usize = 2;
pub(crate) const V4_ID_AT: usize = 4;
pub(crate) const V4_CHECKSUM_AT: usize = 10;
pub(crate) const V6_PAYLOAD_AT: usize = 4;

/// From the start of the TCP header.
pub(crate) const TCP_SEQUENCE_AT: usize = 4;
pub(crate) const TCP_FLAGS_AT: usize = 13;
pub(crate) const TCP_CHECKSUM_AT: usize = 16;
/// From the start of the UDP header.
pub(crate) const UDP_LENGTH_AT: usize = 4;
pub(crate) const UDP_CHECKSUM_AT: usize = 6;

pub(crate) const FIN: u8 = 0x01;
pub(crate) const PSH: u8 = 0x08;
pub(crate) const ACK: u8 = 0x10;
pub(crate) const CWR: u8 = 0x80;

/// Where the headers of a packet end that can be a segment, or be cut into some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) v4: bool,
    pub(crate) tcp: bool,
    /// Octets of the IP header.
    pub(crate) ip: usize,
    /// Octets of all headers.
    pub(crate) all: usize,
}

impl Layout {
    /// `None` for any other protocol, for fragments, and where the headers are not whole.
    pub(crate) fn of(packet: &Packet<'_>) -> Option<Self> {
        let ip = packet.header_len();
        let tcp = match packet.protocol {
            protocol::TCP => true,
            protocol::UDP => false,
            _ => return None,
        };
        if packet.fragment.is_some() {
            return None;
        }
        let transport = match tcp {
            true => tcp_len(packet.payload)?,
            false => UDP_LEN,
        };
        let all = ip + transport;
        (all <= packet.total_len()).then_some(Self {
            v4: packet.source.is_ipv4(),
            tcp,
            ip,
            all,
        })
    }

    /// Options and extensions, which not every segment may repeat.
    pub(crate) fn is_plain(&self) -> bool {
        self.ip == if self.v4 { V4_LEN } else { V6_LEN }
    }

    /// The transport's number.
    pub(crate) fn protocol(&self) -> u8 {
        if self.tcp {
            protocol::TCP
        } else {
            protocol::UDP
        }
    }

    /// Where in the packet the transport's checksum is.
    pub(crate) fn checksum_at(&self) -> usize {
        self.ip + self.checksum_offset()
    }

    /// The same, from the start of the transport header.
    pub(crate) fn checksum_offset(&self) -> usize {
        if self.tcp {
            TCP_CHECKSUM_AT
        } else {
            UDP_CHECKSUM_AT
        }
    }

    /// Writes the lengths that the packet now has, and the checksum of an IPv4 header.
    pub(crate) fn set_lengths(&self, head: &mut [u8], total: usize) {
        let octets = |length: usize| u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes();
        match self.v4 {
            true => {
                put(head, V4_TOTAL_AT, octets(total));
                put(head, V4_CHECKSUM_AT, [0; 2]);
                let sum = checksum(head.get(..self.ip).unwrap_or_default());
                put(head, V4_CHECKSUM_AT, sum.to_be_bytes());
            }
            false => put(head, V6_PAYLOAD_AT, octets(total - V6_LEN)),
        }
        if !self.tcp {
            put(head, self.ip + UDP_LENGTH_AT, octets(total - self.ip));
        }
    }
}

fn tcp_len(segment: &[u8]) -> Option<usize> {
    let len = usize::from(*segment.get(12)? >> 4) * 4;
    (len >= TCP_MIN).then_some(len)
}

pub(crate) fn put<const N: usize>(octets: &mut [u8], at: usize, value: [u8; N]) {
    if let Some(field) = octets.get_mut(at..at + N) {
        field.copy_from_slice(&value);
    }
}

pub(crate) fn get<const N: usize>(octets: &[u8], at: usize) -> [u8; N] {
    let field = octets.get(at..).and_then(|rest| rest.first_chunk());
    field.copied().unwrap_or([0; N])
}
