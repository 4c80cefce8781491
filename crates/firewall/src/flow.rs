//! A packet as far as rules look at it.

use crossgate_model::SelectorPair;
use std::cmp::Ordering;
use std::fmt;
use std::net::IpAddr;

pub const ICMP: u8 = 1;
pub const TCP: u8 = 6;
pub const UDP: u8 = 17;
pub const ESP: u8 = 50;
pub const AH: u8 = 51;
pub const ICMPV6: u8 = 58;
const SCTP: u8 = 132;

/// Addresses, protocol and ports of a packet. An ICMP echo has its identifier as both ports, as
/// PAN-OS's sessions do; 0 where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Flow {
    pub source: IpAddr,
    pub destination: IpAddr,
    /// Of the IP header.
    pub protocol: u8,
    pub source_port: u16,
    pub destination_port: u16,
}

/// In the order of the fields.
impl Ord for Flow {
    fn cmp(&self, other: &Self) -> Ordering {
        Key::of(self).cmp(&Key::of(other))
    }
}

impl PartialOrd for Flow {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A flow as tables are searched for it, which they are for each packet: IPv4's is two numbers. The
/// order is that of the fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    V4(u64, u64),
    Other(IpAddr, IpAddr, u8, u16, u16),
}

impl Key {
    #[inline]
    pub fn of(flow: &Flow) -> Self {
        let (from, to) = (flow.source_port, flow.destination_port);
        match (flow.source, flow.destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                let addresses =
                    u64::from(source.to_bits()) << 32 | u64::from(destination.to_bits());
                let ports = u64::from(from) << 16 | u64::from(to);
                Self::V4(addresses, u64::from(flow.protocol) << 32 | ports)
            }
            (source, destination) => Self::Other(source, destination, flow.protocol, from, to),
        }
    }
}

impl Flow {
    /// A ping from one host to another.
    pub fn echo(source: impl Into<IpAddr>, destination: impl Into<IpAddr>, id: u16) -> Self {
        let source = source.into();
        Self {
            source,
            destination: destination.into(),
            protocol: if source.is_ipv4() { ICMP } else { ICMPV6 },
            source_port: id,
            destination_port: id,
        }
    }

    pub fn udp(source: (IpAddr, u16), destination: (IpAddr, u16)) -> Self {
        Self {
            source: source.0,
            destination: destination.0,
            protocol: UDP,
            source_port: source.1,
            destination_port: destination.1,
        }
    }

    /// ESP without UDP around it.
    pub fn esp(source: IpAddr, destination: IpAddr) -> Self {
        Self {
            source,
            destination,
            protocol: ESP,
            source_port: 0,
            destination_port: 0,
        }
    }

    /// The answer to it.
    #[must_use]
    pub fn reversed(self) -> Self {
        Self {
            source: self.destination,
            destination: self.source,
            protocol: self.protocol,
            source_port: self.destination_port,
            destination_port: self.source_port,
        }
    }

    /// The ports that a selector sees: an identifier is none.
    fn ports(&self) -> (u16, u16) {
        match self.protocol {
            TCP | UDP | SCTP => (self.source_port, self.destination_port),
            _ => (0, 0),
        }
    }

    /// Whether it goes from the pair's local to its remote side.
    pub fn is_in(&self, pair: &SelectorPair) -> bool {
        let (from, to) = self.ports();
        pair.local.matches(self.source, self.protocol, from)
            && pair.remote.matches(self.destination, self.protocol, to)
    }
}

/// `10.1.1.2 -> 10.2.2.2 protocol 17 port 500`.
impl fmt::Display for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}", self.source, self.destination)?;
        match self.protocol {
            TCP => write!(f, " TCP port {}", self.destination_port),
            UDP => write!(f, " UDP port {}", self.destination_port),
            ICMP | ICMPV6 => f.write_str(" ICMP"),
            ESP => f.write_str(" ESP"),
            other => write!(f, " protocol {other}"),
        }
    }
}
