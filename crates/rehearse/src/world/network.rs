//! The network that a world is made of.

use super::{BEGIN, POWER_ON};
use crate::forwarding::Surroundings;
use crate::invariant::Waits;
use crate::node::NodeId;
use crate::traffic::{Flow, Pattern};
use crossgate_firewall::site;
use crossgate_model::plan::{Plan, Site};
use crossgate_model::{Connection, End, Gateway, Selector, SelectorPair};
use crossgate_wire::ip::protocol;
use ipnet::Ipv4Net;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

/// Where a host is spoken to that may be spoken to anywhere (RFC 863).
const DISCARD: u16 = 9;

/// Gateways, and who is behind them.
#[derive(Clone, Debug)]
pub struct Network {
    pub gateways: Vec<Machine>,
    /// Of which no packet may cross the WAN in the clear.
    pub protected: Vec<Ipv4Net>,
    /// Which hosts send each other packets.
    pub pairs: Vec<HostPair>,
    /// Between two packets of a host that sends evenly.
    pub pace: Duration,
    /// Its worlds are those of [`super::World::transparent`].
    pub transparent: bool,
    /// What is done to each gateway before it is switched on.
    #[cfg(test)]
    pub(crate) flaw: Option<fn(&mut crate::node::Node)>,
}

/// A gateway and its surroundings.
#[derive(Clone, Debug)]
pub struct Machine {
    pub name: String,
    /// Completed by what the plan assumes.
    pub gateway: Arc<Gateway>,
    /// What a commit puts into force, where that is something else.
    pub candidate: Option<Arc<Gateway>>,
    pub around: Arc<Surroundings>,
    pub wan: IpAddr,
}

/// Two hosts behind two gateways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostPair {
    pub gateways: [NodeId; 2],
    pub hosts: [Ipv4Addr; 2],
    /// What they send: ICMP, unless the policies take none.
    pub protocol: u8,
    /// At which each host is spoken to.
    pub ports: [u16; 2],
    /// Which host may ask the other: one whose own port the policies state only answers from it.
    pub asks: [bool; 2],
}

impl Network {
    /// The network that two configurations mean.
    pub fn of(first: &Gateway, second: &Gateway, plan: &Plan) -> Self {
        let ends = [(first, &plan.branch), (second, &plan.hq)];
        let places = End::BOTH.map(NodeId::from);
        Self {
            pairs: Self::pairs_of(first, second, plan, places),
            gateways: ends.map(|(gateway, site)| machine(gateway, site)).into(),
            protected: plan.protected(),
            pace: Duration::from_secs(1),
            transparent: false,
            #[cfg(test)]
            flaw: None,
        }
    }

    /// The same for worlds without ciphers and Diffie-Hellman: see [`super::World::transparent`].
    #[must_use]
    pub fn transparently(mut self) -> Self {
        self.transparent = true;
        self
    }

    /// The plan's hosts, behind gateways of those places.
    pub(super) fn pairs_of(
        first: &Gateway,
        second: &Gateway,
        plan: &Plan,
        gateways: [NodeId; 2],
    ) -> Vec<HostPair> {
        let ends = [(first, &plan.branch), (second, &plan.hq)];
        let connections = ends.map(|(gateway, site)| gateway.connection(&site.connection));
        let pairs = plan.pings.iter().map(|&(near, far)| {
            let probe = probe(connections, [near, far]);
            HostPair {
                gateways,
                hosts: [near, far],
                protocol: probe.protocol,
                ports: probe.ports.map(|port| port.unwrap_or(DISCARD)),
                asks: probe.ports.map(|port| port.is_none()),
            }
        });
        pairs.collect()
    }

    pub(super) fn waits(&self) -> Waits {
        let gateways = self.gateways.iter().map(|machine| &machine.gateway);
        let mut waits = Waits::default();
        for gateway in gateways {
            let repeats = gateway.behaviour.retransmission.value.total();
            waits.repeats = waits.repeats.max(repeats);
            for connection in &gateway.connections {
                waits.keepalive = waits.keepalive.max(connection.nat.keepalive.value);
                if let Some(liveness) = &connection.liveness {
                    let repeats = liveness.value.retransmission.total();
                    waits.repeats = waits.repeats.max(repeats);
                    waits.liveness = waits.liveness.max(liveness.value.interval);
                }
            }
        }
        waits
    }

    /// Between each pair of hosts, from those that may ask.
    pub fn flows(&self, pattern: Pattern) -> Vec<Flow> {
        let begins = POWER_ON + BEGIN;
        let both = self.pairs.iter().flat_map(|pair| {
            let [a, b] = pair.gateways;
            let [near, far] = pair.hosts;
            let [near_port, far_port] = pair.ports;
            let ways = [(a, b, near, far, far_port), (b, a, far, near, near_port)];
            let asked = ways.into_iter().zip(pair.asks).filter(|(_, asks)| *asks);
            asked.map(move |((from, to, source, destination, port), _)| Flow {
                from,
                to,
                source,
                destination,
                pattern,
                protocol: pair.protocol,
                port,
                begins,
            })
        });
        both.collect()
    }
}

pub(super) fn machine(gateway: &Gateway, site: &Site) -> Machine {
    let mut gateway = site::completed(gateway, site);
    let down = shut_tunnels(&gateway);
    let children = gateway.connections.iter_mut().flat_map(|c| &mut c.children);
    for child in children {
        let tunnel = child.tunnel_interface.as_ref();
        child.enabled.value &= tunnel.is_none_or(|tunnel| !down.contains(&tunnel.value));
    }
    let hosts = site.lans.iter();
    let hosts = hosts.map(|lan| (lan.host, site::arrival(&gateway, site, lan)));
    Machine {
        name: site.label.to_owned(),
        around: Arc::new(Surroundings {
            wan_interface: site.wan_interface.clone(),
            hosts: hosts.collect(),
        }),
        gateway: Arc::new(gateway),
        candidate: None,
        wan: site.wan.addr().into(),
    }
}

/// A tunnel interface that is shut down has no Child SA.
fn shut_tunnels(gateway: &Gateway) -> Vec<String> {
    let down = gateway.interfaces.iter().filter(|i| !i.enabled.value);
    down.map(|i| i.name.value.clone()).collect()
}

/// What two hosts send each other.
struct Probe {
    protocol: u8,
    /// Of each host, where the policies state one.
    ports: [Option<u16>; 2],
}

/// A packet that the policies of either end select between these hosts: a ping if they do, else
/// something of their own protocol.
fn probe(connections: [Option<&Connection>; 2], [near, far]: [Ipv4Addr; 2]) -> Probe {
    let of = |connection: Option<&Connection>, near: Ipv4Addr, far: Ipv4Addr| {
        let children = connection.into_iter().flat_map(|c| &c.children);
        let pairs = children.map(|child| child.selectors.value);
        let hit = |selector: &Selector, host: Ipv4Addr| {
            selector.matches(host.into(), selector.protocol, selector.start_port)
        };
        let fitting = pairs.filter(|pair| hit(&pair.local, near) && hit(&pair.remote, far));
        fitting.collect::<Vec<_>>()
    };
    let [ours, theirs] = connections;
    let ours = of(ours, near, far);
    let theirs = of(theirs, far, near);
    let mirrored = theirs.iter().map(SelectorPair::mirrored);
    let all: Vec<_> = ours.iter().copied().chain(mirrored).collect();
    let takes_icmp = |p: u8| p == 0 || p == protocol::ICMP;
    let any = Probe {
        protocol: protocol::ICMP,
        ports: [None, None],
    };
    let first = all
        .first()
        .filter(|_| all.iter().all(|pair| !takes_icmp(pair.local.protocol)));
    first.map_or(any, |pair| Probe {
        protocol: pair.local.protocol,
        ports: [pair.local, pair.remote].map(|side| stated_port(&side)),
    })
}

fn stated_port(selector: &Selector) -> Option<u16> {
    let is_any = (selector.start_port, selector.end_port) == (0, u16::MAX);
    (!is_any).then_some(selector.start_port)
}
