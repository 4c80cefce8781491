//! Where a gateway sends a packet: the production firewall's answer, in the node's terms.

use crate::node::{Carries, Datagram};
use crossgate_firewall::{self as firewall, Firewall, Flow, Hop, Outcome, Reason};
use crossgate_model::tunnelled::tunnelled_networks;
use crossgate_model::{Gateway, InterfaceKind, Time};
use crossgate_wire::ip::{Packet, checksum, protocol};
use ipnet::IpNet;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

/// What the network around a gateway is, where its file doesn't say.
#[derive(Clone, Debug)]
pub struct Surroundings {
    pub wan_interface: String,
    /// Hosts behind it, each with the interface by which its packets arrive.
    pub hosts: Vec<(Ipv4Addr, String)>,
}

impl Surroundings {
    fn arrival<'a>(&'a self, arrival: Arrival<'a>, source: IpAddr) -> Option<&'a str> {
        match arrival {
            Arrival::Tunnel(interface) => Some(interface.unwrap_or(&self.wan_interface)),
            Arrival::Host => {
                let mut hosts = self.hosts.iter();
                let found = hosts.find(|(host, _)| IpAddr::V4(*host) == source);
                found.map(|(_, interface)| interface.as_str())
            }
        }
    }
}

/// Where to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Towards the hosts behind this gateway.
    Inside,
    /// Into the tunnel of that interface, or of the policies without one.
    Tunnel(Option<Arc<str>>),
    /// Out on the WAN, in the clear.
    Wan,
    Refused(&'static str),
}

/// By which way a packet came.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Arrival<'a> {
    Host,
    /// Out of the tunnel of that interface, or of the policies without one.
    Tunnel(Option<&'a str>),
}

#[derive(Debug)]
pub(crate) struct Forwarding {
    gateway: Arc<Gateway>,
    firewall: Firewall,
    around: Arc<Surroundings>,
    /// What the daemon's routes of last resort refuse to send elsewhere.
    tunnelled: BTreeSet<IpNet>,
    /// Where packets went for which the firewall says the same as before.
    ways: BTreeMap<Flow, (Arc<Outcome>, Way)>,
}

/// Flows whose way is kept; one more, and all are looked for anew.
const WAYS: usize = 65_536;

impl Forwarding {
    pub fn new(gateway: Arc<Gateway>, around: Arc<Surroundings>) -> Self {
        Self {
            firewall: Firewall::new(gateway.clone()),
            tunnelled: tunnelled_networks(&gateway),
            gateway,
            around,
            ways: BTreeMap::new(),
        }
    }

    pub fn reconfigure(&mut self, now: Time, gateway: Arc<Gateway>) {
        self.gateway = gateway.clone();
        self.ways.clear();
        self.tunnelled = tunnelled_networks(&gateway);
        self.firewall.reconfigure(now, gateway);
    }

    /// Where it goes, and the packet as it is then, if NAT changed it.
    pub fn way(
        &mut self,
        now: Time,
        arrival: Arrival<'_>,
        octets: &[u8],
    ) -> (Way, Option<Vec<u8>>) {
        let Some((packet, flow)) = read(octets) else {
            return (Way::Refused("not-ip"), None);
        };
        let Some(arrival) = self.around.arrival(arrival, packet.source) else {
            return (Way::Refused("unknown-host"), None);
        };
        let forward = firewall::Way::Forward;
        let outcome = self.firewall.decide(now, forward, arrival, flow);
        match &*outcome {
            Outcome::Drop(reason) => (Way::Refused(reason.word()), None),
            Outcome::Local => (Way::Refused("for-the-gateway"), None),
            Outcome::Forward { hop, flow: after } => {
                let translated = (*after != flow).then(|| rewritten(&packet, after));
                (self.known_way(&outcome, hop, after), translated)
            }
        }
    }

    /// The way of a packet is that of the one before it, if the firewall's answer is the very same.
    fn known_way(&mut self, outcome: &Arc<Outcome>, hop: &Hop, flow: &Flow) -> Way {
        if let Some((known, way)) = self.ways.get(flow)
            && Arc::ptr_eq(known, outcome)
        {
            return way.clone();
        }
        let way = self.through(hop, flow);
        if self.ways.len() >= WAYS {
            self.ways.clear();
        }
        self.ways.insert(*flow, (outcome.clone(), way.clone()));
        way
    }

    fn through(&self, hop: &Hop, flow: &Flow) -> Way {
        let interface = hop.interface.as_str();
        let kind = self.gateway.interface(interface).map(|i| i.kind);
        if kind == Some(InterfaceKind::Tunnel) {
            Way::Tunnel(Some(interface.into()))
        } else if self.policy_takes(interface, flow) {
            Way::Tunnel(None)
        } else if self.is_last_resort(hop, flow.destination) {
            Way::Refused("last-resort")
        } else if interface == self.around.wan_interface {
            Way::Wan
        } else {
            Way::Inside
        }
    }

    /// Whether a network beyond a tunnel is longer than the route that would be taken.
    fn is_last_resort(&self, hop: &Hop, to: IpAddr) -> bool {
        let route = hop.route.and_then(|route| self.gateway.routes.get(route));
        let taken = route.map(|route| route.destination.prefix_len());
        let mut tunnelled = self.tunnelled.iter();
        taken.is_some_and(|len| tunnelled.any(|net| net.contains(&to) && net.prefix_len() > len))
    }

    /// What a policy on the leaving interface selects is for the data plane.
    fn policy_takes(&self, leaving: &str, flow: &Flow) -> bool {
        self.gateway.children().any(|(connection, child)| {
            let on = connection.local.interface.as_ref();
            connection.enabled.value
                && child.enabled.value
                && child.tunnel_interface.is_none()
                && on.is_none_or(|on| on.value == leaving)
                && flow.is_in(&child.selectors)
        })
    }

    /// A packet for the gateway itself that came in by the WAN; why it may not.
    pub fn input(&mut self, now: Time, datagram: &Datagram) -> Option<Reason> {
        let flow = outer(datagram);
        let wan = self.around.wan_interface.as_str();
        let input = firewall::Way::Input;
        self.firewall.decide(now, input, wan, flow).dropped()
    }

    /// A packet of the gateway's own.
    pub fn output(&mut self, now: Time, datagram: &Datagram) -> Option<Reason> {
        let flow = outer(datagram);
        let wan = self.around.wan_interface.as_str();
        let output = firewall::Way::Output;
        self.firewall.decide(now, output, wan, flow).dropped()
    }
}

fn outer(datagram: &Datagram) -> Flow {
    let (from, to) = (datagram.from, datagram.to);
    match datagram.carries {
        Carries::Esp => Flow::esp(from.ip(), to.ip()),
        Carries::Udp | Carries::Clear => Flow::udp((from.ip(), from.port()), (to.ip(), to.port())),
    }
}

/// An ICMP echo has its identifier as both ports.
fn read(octets: &[u8]) -> Option<(Packet<'_>, Flow)> {
    let packet = Packet::parse(octets).ok()?;
    let at = |offset: usize| {
        let field = packet.payload.get(offset..)?.first_chunk::<2>()?;
        Some(u16::from_be_bytes(*field))
    };
    let (source_port, destination_port) = match packet.protocol {
        protocol::ICMP | protocol::ICMPV6 => (at(4)?, at(4)?),
        protocol::TCP | protocol::UDP => (at(0)?, at(2)?),
        _ => (0, 0),
    };
    let flow = Flow {
        source: packet.source,
        destination: packet.destination,
        protocol: packet.protocol,
        source_port,
        destination_port,
    };
    Some((packet, flow))
}

/// The packet with the addresses and ports of `flow`.
fn rewritten(packet: &Packet<'_>, flow: &Flow) -> Vec<u8> {
    let mut octets = packet.bytes.to_vec();
    let (header, payload) = octets.split_at_mut(packet.header_len());
    if let (IpAddr::V4(source), IpAddr::V4(destination)) = (flow.source, flow.destination) {
        put(header, 12, &source.octets());
        put(header, 16, &destination.octets());
        put(header, 10, &[0, 0]);
        let sum = checksum(header);
        put(header, 10, &sum.to_be_bytes());
    }
    match flow.protocol {
        protocol::ICMP => {
            put(payload, 4, &flow.source_port.to_be_bytes());
            put(payload, 2, &[0, 0]);
            let sum = checksum(payload);
            put(payload, 2, &sum.to_be_bytes());
        }
        protocol::TCP | protocol::UDP => {
            put(payload, 0, &flow.source_port.to_be_bytes());
            put(payload, 2, &flow.destination_port.to_be_bytes());
        }
        _ => {}
    }
    octets
}

fn put(octets: &mut [u8], at: usize, value: &[u8]) {
    let place = octets.get_mut(at..at + value.len());
    for (octet, value) in place.into_iter().flatten().zip(value) {
        *octet = *value;
    }
}
