//! The network that a world is made of.

use super::{BEGIN, POWER_ON};
use crate::forwarding::Surroundings;
use crate::node::NodeId;
use crate::traffic::{Flow, Pattern};
use crossgate_firewall::site;
use crossgate_model::plan::{Plan, Site};
use crossgate_model::{Connection, End, Gateway, Selector};
use crossgate_wire::ip::protocol;
use ipnet::Ipv4Net;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

/// Gateways, and who is behind them.
#[derive(Clone, Debug)]
pub struct Network {
    pub gateways: Vec<Machine>,
    /// Of which no packet may cross the WAN in the clear.
    pub protected: Vec<Ipv4Net>,
    /// Which hosts send each other packets.
    pub pairs: Vec<HostPair>,
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
    pub ports: [u16; 2],
}

impl Network {
    /// The network that two configurations mean.
    pub fn of(first: &Gateway, second: &Gateway, plan: &Plan) -> Self {
        let ends = [(first, &plan.branch), (second, &plan.hq)];
        let connections = ends.map(|(gateway, site)| gateway.connection(&site.connection));
        let pairs = plan.pings.iter().map(|&(near, far)| {
            let (protocol, ports) = probe(connections, [near, far]);
            HostPair {
                gateways: [End::First.into(), End::Second.into()],
                hosts: [near, far],
                protocol,
                ports,
            }
        });
        Self {
            pairs: pairs.collect(),
            gateways: ends.map(|(gateway, site)| machine(gateway, site)).into(),
            protected: plan.protected(),
        }
    }

    /// Both ways between each pair of hosts.
    pub fn flows(&self, pattern: Pattern) -> Vec<Flow> {
        let begins = POWER_ON + BEGIN;
        let both = self.pairs.iter().flat_map(|pair| {
            let [a, b] = pair.gateways;
            let [near, far] = pair.hosts;
            let [near_port, far_port] = pair.ports;
            [(a, b, near, far, far_port), (b, a, far, near, near_port)].map(
                |(from, to, source, destination, port)| Flow {
                    from,
                    to,
                    source,
                    destination,
                    pattern,
                    protocol: pair.protocol,
                    port,
                    begins,
                },
            )
        });
        both.collect()
    }
}

fn machine(gateway: &Gateway, site: &Site) -> Machine {
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

/// A packet that the policies of either end select between these hosts: a ping if they do, else
/// something of their own protocol. Gives the ports at which each host is spoken to.
fn probe(connections: [Option<&Connection>; 2], [near, far]: [Ipv4Addr; 2]) -> (u8, [u16; 2]) {
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
    let all = ours
        .iter()
        .copied()
        .chain(theirs.iter().map(|pair| pair.mirrored()));
    let all: Vec<_> = all.collect();
    let takes_icmp = |p: u8| p == 0 || p == protocol::ICMP;
    if all.is_empty() || all.iter().any(|pair| takes_icmp(pair.local.protocol)) {
        return (protocol::ICMP, [0, 0]);
    }
    let port = |first: u16| if first == 0 { 9 } else { first };
    all.first().map_or((protocol::ICMP, [0, 0]), |pair| {
        let ports = [pair.local.start_port, pair.remote.start_port];
        (pair.local.protocol, ports.map(port))
    })
}
