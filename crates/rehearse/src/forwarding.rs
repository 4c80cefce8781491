//! Where a gateway sends a packet: the production firewall's answer, in the node's terms.

use crate::node::{Carries, Datagram};
use crossgate_firewall::{
    self as firewall, Decided, Firewall, Flow, Hop, InterfaceId, Outcome, Reason,
};
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

/// The interfaces that packets come in by, as the firewall numbers them.
#[derive(Debug)]
struct Entries {
    wan: InterfaceId,
    hosts: Vec<(IpAddr, InterfaceId)>,
    /// That of the last packet out of a tunnel.
    tunnel: Option<(Arc<str>, InterfaceId)>,
}

impl Entries {
    fn new(firewall: &mut Firewall, around: &Surroundings) -> Self {
        let hosts = around.hosts.iter();
        let hosts = hosts.map(|(host, by)| (IpAddr::V4(*host), firewall.interface_id(by)));
        Self {
            hosts: hosts.collect(),
            wan: firewall.interface_id(&around.wan_interface),
            tunnel: None,
        }
    }

    fn of(
        &mut self,
        firewall: &mut Firewall,
        arrival: Arrival<'_>,
        source: &IpAddr,
    ) -> Option<InterfaceId> {
        match arrival {
            Arrival::Tunnel(None) => Some(self.wan),
            Arrival::Tunnel(Some(name)) => Some(match &self.tunnel {
                Some((last, id)) if Arc::ptr_eq(last, name) => *id,
                _ => {
                    let id = firewall.interface_id(name);
                    self.tunnel = Some((name.clone(), id));
                    id
                }
            }),
            Arrival::Host => {
                let found = self.hosts.iter().find(|(host, _)| host == source);
                found.map(|(_, id)| *id)
            }
        }
    }
}

/// Where to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way<'a> {
    /// Towards the hosts behind this gateway.
    Inside,
    /// Into the tunnel of that interface, or of the policies without one.
    Tunnel(Option<&'a str>),
    /// Out on the WAN, in the clear.
    Wan,
    Refused(&'static str),
}

/// By which way a packet came.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Arrival<'a> {
    Host,
    /// Out of the tunnel of that interface, or of the policies without one.
    Tunnel(Option<&'a Arc<str>>),
}

#[derive(Debug)]
pub(crate) struct Forwarding {
    firewall: Firewall,
    entries: Entries,
    site: Site,
    ways: Ways,
}

/// What decides where a packet goes that the firewall lets through.
#[derive(Debug)]
struct Site {
    gateway: Arc<Gateway>,
    around: Arc<Surroundings>,
    /// What the daemon's routes of last resort refuse to send elsewhere.
    tunnelled: BTreeSet<IpNet>,
}

impl Forwarding {
    pub fn new(gateway: Arc<Gateway>, around: Arc<Surroundings>) -> Self {
        let mut firewall = Firewall::new(gateway.clone());
        Self {
            entries: Entries::new(&mut firewall, &around),
            firewall,
            site: Site {
                tunnelled: tunnelled_networks(&gateway),
                gateway,
                around,
            },
            ways: Ways::default(),
        }
    }

    pub fn reconfigure(&mut self, now: Time, gateway: Arc<Gateway>) {
        self.ways = Ways::default();
        self.site.gateway = gateway.clone();
        self.site.tunnelled = tunnelled_networks(&gateway);
        self.firewall.reconfigure(now, gateway);
    }

    /// Where it goes, and the packet as it is then, if NAT changed it.
    pub fn way(
        &mut self,
        now: Time,
        arrival: Arrival<'_>,
        octets: &[u8],
    ) -> (Way<'_>, Option<Vec<u8>>) {
        let Ok(packet) = Packet::parse(octets) else {
            return (Way::Refused("not-ip"), None);
        };
        let Some(flow) = flow_of(&packet) else {
            return (Way::Refused("not-ip"), None);
        };
        let (site, ways) = (&self.site, &mut self.ways);
        let (entries, firewall) = (&mut self.entries, &mut self.firewall);
        let Some(arrival) = entries.of(firewall, arrival, &packet.source) else {
            return (Way::Refused("unknown-host"), None);
        };
        let forward = firewall::Way::Forward;
        let told = firewall.decide(now, forward, arrival, &flow, |decided| {
            match &**decided.outcome {
                Outcome::Drop(reason) => Err(reason.word()),
                Outcome::Local => Err("for-the-gateway"),
                Outcome::Forward { hop, flow: after } => {
                    let translated = decided.is_translated.then(|| rewritten(&packet, after));
                    let place = ways.find(decided.outcome, after, || site.towards(hop, after));
                    Ok((place, translated))
                }
            }
        });
        match told {
            Ok((place, translated)) => (self.ways.at(place), translated),
            Err(reason) => (Way::Refused(reason), None),
        }
    }

    /// A packet for the gateway itself that came in by the WAN; why it may not.
    pub fn input(&mut self, now: Time, datagram: &Datagram) -> Option<Reason> {
        self.own(now, firewall::Way::Input, datagram)
    }

    /// A packet of the gateway's own.
    pub fn output(&mut self, now: Time, datagram: &Datagram) -> Option<Reason> {
        self.own(now, firewall::Way::Output, datagram)
    }

    fn own(&mut self, now: Time, way: firewall::Way, datagram: &Datagram) -> Option<Reason> {
        let flow = outer(datagram);
        let decide = |decided: Decided<'_>| decided.outcome.dropped();
        self.firewall
            .decide(now, way, self.entries.wan, &flow, decide)
    }
}

/// Where packets went for which the firewall says the same as before.
#[derive(Debug, Default)]
struct Ways {
    known: BTreeMap<Flow, Taken>,
    /// What was asked for last, which the next packets are the likeliest to ask for.
    recent: Vec<Taken>,
    /// Which of them is replaced next.
    oldest: usize,
}

/// The firewall's answer, and what it comes to.
#[derive(Clone, Debug)]
struct Taken {
    outcome: Arc<Outcome>,
    towards: Towards,
}

#[derive(Clone, Copy, Debug)]
enum Towards {
    Inside,
    /// Of the interface that the firewall names.
    Tunnel,
    /// Into that of a policy of no tunnel interface.
    Policy,
    Wan,
    LastResort,
}

/// Flows whose way is kept; one more, and all are looked for anew.
const WAYS: usize = 65_536;

const RECENT: usize = 4;

impl Ways {
    /// The way of a packet is that of the one before it, if the firewall's answer is the very same.
    fn find(
        &mut self,
        outcome: &Arc<Outcome>,
        flow: &Flow,
        towards: impl FnOnce() -> Towards,
    ) -> usize {
        let same = |taken: &Taken| Arc::ptr_eq(&taken.outcome, outcome);
        if let Some(place) = self.recent.iter().position(same) {
            return place;
        }
        let known = self.known.get(flow).filter(|taken| same(taken)).cloned();
        let taken = known.unwrap_or_else(|| {
            if self.known.len() >= WAYS {
                self.known.clear();
            }
            let taken = Taken {
                outcome: outcome.clone(),
                towards: towards(),
            };
            self.known.insert(*flow, taken.clone());
            taken
        });
        let place = self.oldest;
        self.oldest = (place + 1) % RECENT;
        match self.recent.get_mut(place) {
            Some(oldest) => *oldest = taken,
            None => self.recent.push(taken),
        }
        place
    }

    fn at(&self, place: usize) -> Way<'_> {
        let Some(taken) = self.recent.get(place) else {
            return Way::Refused("no-route");
        };
        match (taken.towards, &*taken.outcome) {
            (Towards::Inside, _) => Way::Inside,
            (Towards::Tunnel, Outcome::Forward { hop, .. }) => Way::Tunnel(Some(&hop.interface)),
            (Towards::Tunnel | Towards::Policy, _) => Way::Tunnel(None),
            (Towards::Wan, _) => Way::Wan,
            (Towards::LastResort, _) => Way::Refused("last-resort"),
        }
    }
}

impl Site {
    fn towards(&self, hop: &Hop, flow: &Flow) -> Towards {
        let interface = hop.interface.as_str();
        let kind = self.gateway.interface(interface).map(|i| i.kind);
        if kind == Some(InterfaceKind::Tunnel) {
            Towards::Tunnel
        } else if self.policy_takes(interface, flow) {
            Towards::Policy
        } else if self.is_last_resort(hop, flow.destination) {
            Towards::LastResort
        } else if interface == self.around.wan_interface {
            Towards::Wan
        } else {
            Towards::Inside
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
}

fn outer(datagram: &Datagram) -> Flow {
    let (from, to) = (datagram.from, datagram.to);
    match datagram.carries {
        Carries::Esp => Flow::esp(from.ip(), to.ip()),
        Carries::Udp | Carries::Clear => Flow::udp((from.ip(), from.port()), (to.ip(), to.port())),
    }
}

/// An ICMP echo has its identifier as both ports.
fn flow_of(packet: &Packet<'_>) -> Option<Flow> {
    let at = |offset: usize| {
        let field = packet.payload.get(offset..)?.first_chunk::<2>()?;
        Some(u16::from_be_bytes(*field))
    };
    let (source_port, destination_port) = match packet.protocol {
        protocol::ICMP | protocol::ICMPV6 => {
            let identifier = at(4)?;
            (identifier, identifier)
        }
        protocol::TCP | protocol::UDP => (at(0)?, at(2)?),
        _ => (0, 0),
    };
    Some(Flow {
        source: packet.source,
        destination: packet.destination,
        protocol: packet.protocol,
        source_port,
        destination_port,
    })
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
