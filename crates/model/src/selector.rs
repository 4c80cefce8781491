//! Traffic selectors (RFC 7296 §3.13.1) and the arithmetic of narrowing (§2.9).

use ipnet::IpNet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A range of addresses, one protocol or any (0), and a range of ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Selector {
    pub start: IpAddr,
    /// Last address, included.
    pub end: IpAddr,
    /// IP protocol; 0 is any.
    pub protocol: u8,
    pub start_port: u16,
    /// Last port, included.
    pub end_port: u16,
}

impl Selector {
    pub const ANY_V4: Selector = Selector {
        start: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        end: IpAddr::V4(Ipv4Addr::BROADCAST),
        protocol: 0,
        start_port: 0,
        end_port: u16::MAX,
    };

    pub const ANY_V6: Selector = Selector {
        start: IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        end: IpAddr::V6(Ipv6Addr::new(
            0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff,
        )),
        protocol: 0,
        start_port: 0,
        end_port: u16::MAX,
    };

    /// All traffic of a network.
    pub fn net(net: IpNet) -> Self {
        Self {
            start: net.network(),
            end: net.broadcast(),
            protocol: 0,
            start_port: 0,
            end_port: u16::MAX,
        }
    }

    /// Only that protocol and those ports of it.
    #[must_use]
    pub fn only(self, protocol: u8, ports: std::ops::RangeInclusive<u16>) -> Self {
        Self {
            protocol,
            start_port: *ports.start(),
            end_port: *ports.end(),
            ..self
        }
    }

    pub fn is_any(&self) -> bool {
        *self == Self::ANY_V4 || *self == Self::ANY_V6
    }

    /// Whether a packet's address, protocol and port (0 where it has none) are inside.
    pub fn matches(&self, address: IpAddr, protocol: u8, port: u16) -> bool {
        same_family(self.start, address)
            && (self.start..=self.end).contains(&address)
            && (self.protocol == 0 || self.protocol == protocol)
            && (self.start_port..=self.end_port).contains(&port)
    }

    /// Whether all that `other` selects is selected.
    pub fn contains(&self, other: &Selector) -> bool {
        self.intersection(other) == Some(*other)
    }

    /// What both select; `None` if nothing.
    pub fn intersection(&self, other: &Selector) -> Option<Selector> {
        if !same_family(self.start, other.start) {
            return None;
        }
        let protocol = match (self.protocol, other.protocol) {
            (0, p) | (p, 0) => p,
            (a, b) if a == b => a,
            _ => return None,
        };
        let both = Selector {
            start: self.start.max(other.start),
            end: self.end.min(other.end),
            protocol,
            start_port: self.start_port.max(other.start_port),
            end_port: self.end_port.min(other.end_port),
        };
        (both.start <= both.end && both.start_port <= both.end_port).then_some(both)
    }

    /// The network, if the range of addresses is exactly one.
    pub fn as_net(&self) -> Option<IpNet> {
        let net = self.nets().into_iter().next()?;
        (net.network() == self.start && net.broadcast() == self.end).then_some(net)
    }

    /// The fewest networks that cover exactly the range: what a route table needs.
    pub fn nets(&self) -> Vec<IpNet> {
        match (self.start, self.end) {
            (IpAddr::V4(a), IpAddr::V4(b)) if a <= b => {
                ipnet::Ipv4Subnets::new(a, b, 0).map(IpNet::V4).collect()
            }
            (IpAddr::V6(a), IpAddr::V6(b)) if a <= b => {
                ipnet::Ipv6Subnets::new(a, b, 0).map(IpNet::V6).collect()
            }
            _ => Vec::new(),
        }
    }

    /// How many addresses it covers, saturating.
    pub fn address_count(&self) -> u128 {
        match (self.start, self.end) {
            (IpAddr::V4(a), IpAddr::V4(b)) => {
                u128::from(u32::from(b).saturating_sub(u32::from(a))) + 1
            }
            (IpAddr::V6(a), IpAddr::V6(b)) => u128::from(b)
                .saturating_sub(u128::from(a))
                .saturating_add(1),
            _ => 0,
        }
    }
}

fn same_family(a: IpAddr, b: IpAddr) -> bool {
    a.is_ipv4() == b.is_ipv4()
}

/// `10.1.0.0/16`, `10.1.0.1-10.1.0.9`, with `protocol 6 port 443` where not any.
impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_net() {
            Some(net) => write!(f, "{net}")?,
            None => write!(f, "{}-{}", self.start, self.end)?,
        }
        if self.protocol != 0 {
            write!(f, " protocol {}", self.protocol)?;
        }
        match (self.start_port, self.end_port) {
            (0, u16::MAX) => Ok(()),
            (a, b) if a == b => write!(f, " port {a}"),
            (a, b) => write!(f, " port {a}-{b}"),
        }
    }
}

/// What one Child SA carries, from this end's point of view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SelectorPair {
    pub local: Selector,
    pub remote: Selector,
}

impl SelectorPair {
    pub const ANY_V4: SelectorPair = SelectorPair {
        local: Selector::ANY_V4,
        remote: Selector::ANY_V4,
    };

    pub fn contains(&self, other: &SelectorPair) -> bool {
        self.local.contains(&other.local) && self.remote.contains(&other.remote)
    }

    pub fn intersection(&self, other: &SelectorPair) -> Option<SelectorPair> {
        Some(SelectorPair {
            local: self.local.intersection(&other.local)?,
            remote: self.remote.intersection(&other.remote)?,
        })
    }

    /// The same pair as the other end sees it.
    #[must_use]
    pub fn mirrored(&self) -> SelectorPair {
        SelectorPair {
            local: self.remote,
            remote: self.local,
        }
    }
}

impl fmt::Display for SelectorPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} <-> {}", self.local, self.remote)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(text: &str) -> Selector {
        Selector::net(text.parse().expect("a network"))
    }

    #[test]
    fn intersection_is_the_narrower_of_nested_ranges_and_none_of_disjoint_ones() {
        let cases = [
            ("10.0.0.0/8", "10.1.0.0/16", Some("10.1.0.0/16")),
            ("10.1.0.0/16", "0.0.0.0/0", Some("10.1.0.0/16")),
            ("10.1.0.0/16", "10.2.0.0/16", None),
            ("10.1.0.0/16", "::/0", None),
        ];
        for (a, b, both) in cases {
            assert_eq!(net(a).intersection(&net(b)), both.map(net), "{a} & {b}");
            assert_eq!(net(b).intersection(&net(a)), both.map(net), "{b} & {a}");
        }
    }

    #[test]
    fn protocols_and_ports_narrow_too() {
        let tcp = net("10.0.0.0/8").only(6, 0..=u16::MAX);
        let https = net("10.1.0.0/16").only(6, 443..=443);
        let udp = net("10.0.0.0/8").only(17, 0..=u16::MAX);
        assert_eq!(tcp.intersection(&https), Some(https));
        assert!(tcp.contains(&https) && !https.contains(&tcp));
        assert_eq!(tcp.intersection(&udp), None);
    }

    #[test]
    fn a_range_prints_as_the_network_that_it_is() {
        assert_eq!(net("10.10.10.0/24").to_string(), "10.10.10.0/24");
        assert_eq!(Selector::ANY_V4.to_string(), "0.0.0.0/0");
        let mut odd = net("10.10.10.0/24");
        odd.end = "10.10.10.9".parse().expect("an address");
        assert_eq!(odd.to_string(), "10.10.10.0-10.10.10.9");
        assert_eq!(odd.nets().len(), 2);
        assert_eq!(odd.address_count(), 10);
        let port = net("10.1.0.0/16").only(6, 80..=81);
        assert_eq!(port.to_string(), "10.1.0.0/16 protocol 6 port 80-81");
    }

    #[test]
    fn a_packet_at_the_edges_is_inside_and_one_beyond_is_not() {
        let selector = net("10.10.10.0/24").only(17, 500..=501);
        let at =
            |address: &str, port| selector.matches(address.parse().expect("address"), 17, port);
        assert!(at("10.10.10.0", 500) && at("10.10.10.255", 501));
        assert!(!at("10.10.9.255", 500) && !at("10.10.11.0", 500));
        assert!(!at("10.10.10.1", 499) && !at("10.10.10.1", 502));
    }
}
