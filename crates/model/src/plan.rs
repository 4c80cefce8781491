//! From two configurations to the network that they mean, told in full: what `check` judges,
//! `rehearse` simulates and `lab` builds is one network.
//!
//! Whatever a file lacks is inferred from the other one, and each inference is a sentence in
//! [`Plan::assumptions`].

use crate::config::{Connection, Gateway, InterfaceKind, NextHop};
use crate::pairing;
use crate::selector::{Selector, SelectorPair};
use ipnet::{IpNet, Ipv4Net};
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

/// The whole network.
#[derive(Debug)]
pub struct Plan {
    pub branch: Site,
    pub hq: Site,
    /// Which hosts ping each other, from the branch's point of view.
    pub pings: Vec<(Ipv4Addr, Ipv4Addr)>,
    pub assumptions: Vec<String>,
}

/// One end: its gateway, and the hosts behind it.
#[derive(Debug)]
pub struct Site {
    /// `branch` or `hq`.
    pub label: &'static str,
    /// The connection that the lab is about.
    pub connection: String,
    /// The configuration's name of the interface towards the peer.
    pub wan_interface: String,
    /// Address of the gateway on the WAN.
    pub wan: Ipv4Net,
    /// The router's address on that WAN.
    pub wan_router: Ipv4Addr,
    /// The file has no route to the peer, so the lab makes a default one.
    pub needs_default_route: bool,
    pub lans: Vec<Lan>,
    /// Other interfaces that this gateway speaks to peers from.
    pub further: Vec<Line>,
}

/// A line to the outside that this network's tunnel doesn't use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The configuration's interface.
    pub interface: String,
    pub wan: Ipv4Net,
    pub wan_router: Ipv4Addr,
}

/// One network behind a gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lan {
    /// The configuration's interface, where it has one with an address there.
    pub interface: Option<String>,
    pub gateway: Ipv4Net,
    pub host: Ipv4Addr,
}

impl Lan {
    /// The same, with a host that is in that network as well, and has none of the addresses taken.
    fn with_host_in(self, net: Ipv4Net, taken: &BTreeSet<Ipv4Addr>) -> Option<Self> {
        let narrower = if net.prefix_len() > self.gateway.prefix_len() {
            net
        } else {
            self.gateway
        };
        let mut hosts = narrower.hosts();
        let host = hosts.find(|host| !taken.contains(host))?;
        Some(Self { host, ..self })
    }

    /// A network of which no interface of the file has an address. A single host gets a gateway
    /// beside it that is none of the other single `hosts`.
    fn made_for(net: Ipv4Net, hosts: &BTreeSet<Ipv4Addr>) -> Self {
        if net.prefix_len() == 32 {
            return Self {
                interface: None,
                gateway: beside(net.addr(), hosts).unwrap_or(net),
                host: net.addr(),
            };
        }
        let mut hosts = net.hosts();
        let gateway = hosts.next().unwrap_or(net.addr());
        Self {
            interface: None,
            gateway: Ipv4Net::new(gateway, net.prefix_len()).unwrap_or(net),
            host: hosts.next().unwrap_or(gateway),
        }
    }
}

/// A free address in the smallest network with that host, in which no host has the first address or
/// the last one.
fn beside(host: Ipv4Addr, hosts: &BTreeSet<Ipv4Addr>) -> Option<Ipv4Net> {
    let nets = (0..=31)
        .rev()
        .filter_map(|len| Ipv4Net::new(host, len).ok());
    nets.map(|net| net.trunc()).find_map(|net| {
        let (first, last) = (net.network(), net.broadcast());
        let are_usable =
            net.prefix_len() == 31 || !hosts.contains(&first) && !hosts.contains(&last);
        let free = || {
            net.hosts()
                .find(|other| *other != host && !hosts.contains(other))
        };
        let gateway = are_usable.then(free)??;
        Ipv4Net::new(gateway, net.prefix_len()).ok()
    })
}

/// Why two files make no lab.
#[derive(Debug, PartialEq, Eq)]
pub enum PlanError {
    NoConnection {
        label: &'static str,
    },
    NothingEnabled {
        label: &'static str,
    },
    NoWanAddress {
        label: &'static str,
        interface: String,
    },
    /// Where the other end expects its peer, another interface of the file is.
    AddressElsewhere {
        label: &'static str,
        interface: String,
        address: Ipv4Addr,
        owner: String,
    },
    NoLan {
        label: &'static str,
    },
    SameWan {
        address: Ipv4Addr,
    },
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoConnection { label } => write!(
                f,
                "the {label} file configures no IKEv2 peer that can be used; expected one with its \
                 tunnel: what to negotiate, with whom, for which traffic"
            ),
            Self::NothingEnabled { label } => write!(
                f,
                "no IKEv2 peer of the {label} file can be used: each is disabled, shut down, without \
                 a tunnel, or has an error (see the findings above)"
            ),
            Self::NoWanAddress { label, interface } => write!(
                f,
                "the IPv4 address of the {label}'s WAN interface {interface} is in neither file; \
                 give it in the {label} file, or name it as the peer's address in the other one"
            ),
            Self::AddressElsewhere {
                label,
                interface,
                address,
                owner,
            } => write!(
                f,
                "the tunnel of the {label} starts from {interface}, which has no address in its file, \
                 but the other end expects {address}, which is that of {owner}; let it start from {owner}"
            ),
            Self::NoLan { label } => write!(
                f,
                "no IPv4 network behind the {label} can be found in either file; expected one in \
                 the selectors, on an inside interface, or in the other end's routes into the tunnel"
            ),
            Self::SameWan { address } => write!(
                f,
                "both ends have the WAN address {address}; expected two different ones"
            ),
        }
    }
}

impl Plan {
    /// Of the two connections that mean each other most.
    pub fn new(branch: &Gateway, hq: &Gateway) -> Result<Self, PlanError> {
        let (ours, theirs) = matching_connections(branch, hq)?;
        Self::between((branch, ours), (hq, theirs))
    }

    /// Of these two connections.
    pub fn between(
        (branch, ours): (&Gateway, &Connection),
        (hq, theirs): (&Gateway, &Connection),
    ) -> Result<Self, PlanError> {
        let mut notes = Vec::new();
        let a = End {
            label: "branch",
            gateway: branch,
            connection: ours,
        };
        let b = End {
            label: "hq",
            gateway: hq,
            connection: theirs,
        };
        let branch = a.site(&b, &mut notes)?;
        let hq = b.site(&a, &mut notes)?;
        if branch.wan.addr() == hq.wan.addr() {
            let address = branch.wan.addr();
            return Err(PlanError::SameWan { address });
        }
        let pings = pings(&branch, &hq, ours, theirs);
        notes.extend([a, b].iter().flat_map(End::unpinged));
        Ok(Self {
            branch,
            hq,
            pings,
            assumptions: notes,
        })
    }

    /// Whether it is the network of these two.
    pub fn is_of(&self, ours: &Connection, theirs: &Connection) -> bool {
        self.branch.connection == ours.name.value && self.hq.connection == theirs.name.value
    }

    /// Both ends on one segment: then the router in between only bridges.
    pub fn one_segment(&self) -> bool {
        self.branch.wan.trunc() == self.hq.wan.trunc()
    }

    /// Networks of which no packet may cross the WAN in the clear.
    pub fn protected(&self) -> Vec<Ipv4Net> {
        let lans = self.branch.lans.iter().chain(&self.hq.lans);
        lans.map(|lan| lan.gateway.trunc()).collect()
    }
}

/// The two connections that mean each other, as far as addresses tell; else each file's first.
fn matching_connections<'a>(
    branch: &'a Gateway,
    hq: &'a Gateway,
) -> Result<(&'a Connection, &'a Connection), PlanError> {
    let (ours, theirs) = (usable(branch), usable(hq));
    let first = |label, gateway: &'a Gateway| {
        let none = match gateway.connections.is_empty() {
            true => PlanError::NoConnection { label },
            false => PlanError::NothingEnabled { label },
        };
        usable(gateway).first().copied().ok_or(none)
    };
    let (first_ours, first_theirs) = (first("branch", branch)?, first("hq", hq)?);
    let best = pairing::ranked(&ours, &theirs).first().copied();
    let best = best.and_then(|[i, j]| Some((*ours.get(i)?, *theirs.get(j)?)));
    Ok(best.unwrap_or((first_ours, first_theirs)))
}

fn usable(gateway: &Gateway) -> Vec<&Connection> {
    let all = gateway.connections.iter();
    all.filter(|connection| is_usable(connection)).collect()
}

/// Whether it and some traffic of it are on.
pub fn is_usable(connection: &Connection) -> bool {
    let mut children = connection.children.iter();
    connection.enabled.value && children.any(|child| child.enabled.value)
}

/// One file, and the connection of it that the lab is about.
#[derive(Clone, Copy)]
struct End<'a> {
    label: &'static str,
    gateway: &'a Gateway,
    connection: &'a Connection,
}

impl End<'_> {
    fn site(&self, other: &End<'_>, notes: &mut Vec<String>) -> Result<Site, PlanError> {
        let wan = self.wan(other, notes)?;
        let lans = self.lans(other, notes);
        if lans.is_empty() {
            return Err(PlanError::NoLan { label: self.label });
        }
        let next_hop = self.next_hop_on(wan);
        let leads_on = next_hop.is_some() || self.discards_peer();
        let needs_default_route = !leads_on || !self.has_route_to_peer();
        if needs_default_route {
            notes.push(format!(
                "{}: no route of the file leads to the peer; a default route by {} is made",
                self.label,
                wan_router(wan, next_hop)
            ));
        }
        Ok(Site {
            label: self.label,
            connection: self.connection.name.value.clone(),
            wan_interface: self.wan_interface(),
            wan,
            wan_router: wan_router(wan, next_hop),
            needs_default_route,
            further: self.further(&lans),
            lans,
        })
    }

    /// With an address and a network of their own.
    fn further(&self, lans: &[Lan]) -> Vec<Line> {
        let is_inside = |name: &str| {
            lans.iter()
                .any(|lan| lan.interface.as_deref() == Some(name))
        };
        let main = self.wan_interface();
        let names = self.outside().into_iter();
        let others = names.filter(|name| *name != main && !is_inside(name));
        others.filter_map(|name| self.line(name)).collect()
    }

    fn line(&self, interface: &str) -> Option<Line> {
        let known = self.gateway.interface(interface)?;
        let mut addresses = known.addresses.iter();
        let wan = addresses.find_map(|net| match net.value {
            IpNet::V4(net) => Some(net),
            IpNet::V6(_) => None,
        })?;
        Some(Line {
            interface: interface.to_owned(),
            wan,
            wan_router: wan_router(wan, self.next_hop_on(wan)),
        })
    }

    /// The interfaces that connections speak from.
    fn outside(&self) -> BTreeSet<&str> {
        let named = usable(self.gateway).into_iter();
        named
            .filter_map(|connection| Some(connection.local.interface.as_ref()?.value.as_str()))
            .collect()
    }

    /// Children that no ping can test.
    fn unpinged(&self) -> Vec<String> {
        let children = self.connection.children.iter();
        let deaf = children.filter(|child| !takes_icmp(&child.selectors.local));
        deaf.map(|child| {
            format!(
                "{}: {} takes no ICMP ({}), so no ping can test it",
                self.label, child.name.value, child.selectors.value
            )
        })
        .collect()
    }

    fn wan_interface(&self) -> String {
        let named = self.connection.local.interface.as_ref();
        named.map_or_else(|| "wan".to_owned(), |name| name.value.clone())
    }

    /// The WAN address: the file's own, else where the other file looks for this end.
    fn wan(&self, other: &End<'_>, notes: &mut Vec<String>) -> Result<Ipv4Net, PlanError> {
        let interface = self.wan_interface();
        let stated = self.connection.local.address.as_ref().map(|a| a.value);
        let stated = stated.filter(|a| !a.is_unspecified());
        let address = match stated {
            Some(IpAddr::V4(address)) => address,
            _ => self.wan_from_peer(other, &interface, notes)?,
        };
        let known = self.interface_net(&interface, address);
        if known.is_none() && stated.is_some() {
            notes.push(format!(
                "{}: the prefix of {address} is taken to be /24",
                self.label
            ));
        }
        let net = Ipv4Net::new(address, 24).unwrap_or_default();
        Ok(known.unwrap_or(net))
    }

    fn wan_from_peer(
        &self,
        other: &End<'_>,
        interface: &str,
        notes: &mut Vec<String>,
    ) -> Result<Ipv4Addr, PlanError> {
        let Some(IpAddr::V4(address)) = other.connection.remote.address() else {
            let interface = interface.to_owned();
            return Err(PlanError::NoWanAddress {
                label: self.label,
                interface,
            });
        };
        let has_it = |other: &&crate::Interface| {
            let mut own = other.addresses.iter();
            own.any(|net| net.addr() == IpAddr::V4(address))
        };
        if let Some(owner) = self.gateway.interfaces.iter().find(has_it) {
            return Err(PlanError::AddressElsewhere {
                label: self.label,
                interface: interface.to_owned(),
                address,
                owner: owner.name.value.clone(),
            });
        }
        notes.push(format!(
            "{}: the file does not give {interface} an address; {address}/24 is taken, where the {} file expects its peer",
            self.label, other.label
        ));
        Ok(address)
    }

    /// With the network's length, which a second address of an interface may not say.
    fn interface_net(&self, name: &str, address: Ipv4Addr) -> Option<Ipv4Net> {
        let addresses = self.gateway.interface(name)?.addresses.iter();
        let mut nets = addresses.filter_map(|net| match net.value {
            IpNet::V4(net) => Some(net),
            IpNet::V6(_) => None,
        });
        let own = nets.clone().find(|net| net.addr() == address)?;
        let around = nets.find(|net| net.contains(&address) && net.prefix_len() < 32);
        let length = around.filter(|_| own.prefix_len() == 32);
        length.map_or(Some(own), |net| {
            Ipv4Net::new(address, net.prefix_len()).ok()
        })
    }

    /// The next hop of a static route of the file that lies on the WAN.
    fn next_hop_on(&self, wan: Ipv4Net) -> Option<Ipv4Addr> {
        self.gateway
            .routes
            .iter()
            .find_map(|route| match &route.via {
                NextHop::Address(hop) | NextHop::Both(_, hop) => match hop.value {
                    IpAddr::V4(hop) if wan.contains(&hop) && hop != wan.addr() => Some(hop),
                    _ => None,
                },
                _ => None,
            })
    }

    /// Wherever it leads. A peer that may be anywhere is looked for by the route of any.
    fn has_route_to_peer(&self) -> bool {
        let peer = self.connection.remote.address();
        let mut routes = self.gateway.routes.iter();
        peer.is_none_or(|peer| routes.any(|route| route.destination.contains(&peer)))
    }

    /// Whether the file's best route to the peer leads nowhere: none is made beside it.
    fn discards_peer(&self) -> bool {
        let Some(peer) = self.connection.remote.address() else {
            return false;
        };
        let routes = self.gateway.routes.iter();
        let fitting = routes.filter(|route| route.destination.contains(&peer));
        let best =
            fitting.max_by_key(|route| (route.destination.prefix_len(), Reverse(route.distance)));
        best.is_some_and(|route| matches!(route.via, NextHop::Discard))
    }

    /// The networks behind this end: what its own selectors say; else what is on its inside
    /// interfaces; else what the other end expects here.
    fn lans(&self, other: &End<'_>, notes: &mut Vec<String>) -> Vec<Lan> {
        let own = nets(self.connection, |pair| pair.local);
        let inside = self.inside_interfaces();
        let taken = self.own_addresses();
        let lans = distinct(own);
        if !lans.is_empty() {
            return made(lans, &inside, &taken);
        }
        if !inside.is_empty() {
            return inside;
        }
        let expected = distinct(nets(other.connection, |pair| pair.remote));
        let expected = if expected.is_empty() {
            distinct(other.routes_into_tunnel())
        } else {
            expected
        };
        for net in &expected {
            notes.push(format!(
                "{}: the file names no inside network; {net} is taken, where the {} file expects it",
                self.label, other.label
            ));
        }
        made(expected, &inside, &taken)
    }

    fn own_addresses(&self) -> BTreeSet<Ipv4Addr> {
        let interfaces = self.gateway.interfaces.iter();
        let nets = interfaces.flat_map(|interface| &interface.addresses);
        nets.filter_map(|net| match net.value {
            IpNet::V4(net) => Some(net.addr()),
            IpNet::V6(_) => None,
        })
        .collect()
    }

    fn inside_interfaces(&self) -> Vec<Lan> {
        let (wan, taken) = (self.wan_interface(), self.own_addresses());
        let outside = self.outside();
        let inside = self.gateway.interfaces.iter().filter(|interface| {
            let name = interface.name.value.as_str();
            interface.kind == InterfaceKind::Physical
                && interface.enabled.value
                && name != wan
                && !outside.contains(name)
        });
        inside
            .filter_map(|interface| {
                let gateway = interface.addresses.iter().find_map(|net| match net.value {
                    IpNet::V4(net) if net.prefix_len() < 31 => Some(net),
                    _ => None,
                })?;
                let host = gateway.hosts().find(|host| !taken.contains(host))?;
                let interface = Some(interface.name.value.clone());
                Some(Lan {
                    interface,
                    gateway,
                    host,
                })
            })
            .collect()
    }

    fn routes_into_tunnel(&self) -> Vec<Ipv4Net> {
        let is_tunnel = |name: &str| {
            let interface = self.gateway.interface(name);
            interface.is_some_and(|i| i.kind == InterfaceKind::Tunnel)
        };
        let routes = self.gateway.routes.iter().filter(|route| match &route.via {
            NextHop::Interface(name) | NextHop::Both(name, _) => is_tunnel(name),
            _ => false,
        });
        routes
            .filter_map(|route| match route.destination.value {
                IpNet::V4(net) if net.prefix_len() > 0 => Some(net.trunc()),
                _ => None,
            })
            .collect()
    }
}

fn nets(connection: &Connection, side: impl Fn(&SelectorPair) -> Selector) -> Vec<Ipv4Net> {
    let selectors = connection
        .children
        .iter()
        .map(|child| side(&child.selectors));
    selectors
        .filter(|selector| !selector.is_any())
        .filter_map(|selector| match selector.nets().first() {
            Some(IpNet::V4(net)) if net.prefix_len() > 0 => Some(*net),
            _ => None,
        })
        .collect()
}

/// A LAN of each network: on the file's interface if one has an address there or around it; of
/// several, the one with the longest prefix, as its route is.
fn made(nets: Vec<Ipv4Net>, inside: &[Lan], taken: &BTreeSet<Ipv4Addr>) -> Vec<Lan> {
    let single = nets.iter().filter(|net| net.prefix_len() == 32);
    let hosts: BTreeSet<Ipv4Addr> = single.map(Ipv4Net::addr).collect();
    let on_interface = |net: &Ipv4Net| {
        let fitting = inside
            .iter()
            .filter(|lan| net.contains(&lan.gateway.addr()) || lan.gateway.contains(net));
        let longest = fitting.min_by_key(|lan| Reverse(lan.gateway.prefix_len()));
        longest.and_then(|lan| lan.clone().with_host_in(*net, taken))
    };
    let nets = nets.into_iter();
    nets.map(|net| on_interface(&net).unwrap_or_else(|| Lan::made_for(net, &hosts)))
        .collect()
}

fn distinct(mut nets: Vec<Ipv4Net>) -> Vec<Ipv4Net> {
    let mut known = BTreeSet::new();
    nets.retain(|net| known.insert(*net));
    nets
}

/// The router's address: the file's next hop, else the first free one.
fn wan_router(wan: Ipv4Net, next_hop: Option<Ipv4Addr>) -> Ipv4Addr {
    let free = || wan.hosts().find(|host| *host != wan.addr());
    next_hop.or_else(free).unwrap_or(wan.addr())
}

/// One pair of hosts for each pair of selectors that either file has and that ICMP may use.
fn pings(
    branch: &Site,
    hq: &Site,
    ours: &Connection,
    theirs: &Connection,
) -> Vec<(Ipv4Addr, Ipv4Addr)> {
    let wanted = ours.children.iter().map(|child| child.selectors.value);
    let theirs = theirs
        .children
        .iter()
        .map(|child| child.selectors.mirrored());
    let mut pairs = Vec::new();
    for selectors in wanted.chain(theirs) {
        let from = branch.lans.iter().find(|lan| admits(&selectors.local, lan));
        let to = hq.lans.iter().find(|lan| admits(&selectors.remote, lan));
        if let (Some(from), Some(to)) = (from, to)
            && !pairs.contains(&(from.host, to.host))
        {
            pairs.push((from.host, to.host));
        }
    }
    if let (true, Some(from), Some(to)) = (pairs.is_empty(), branch.lans.first(), hq.lans.first()) {
        pairs.push((from.host, to.host));
    }
    pairs
}

fn admits(selector: &Selector, lan: &Lan) -> bool {
    selector.matches(IpAddr::V4(lan.host), selector.protocol, selector.start_port)
        && takes_icmp(selector)
}

fn takes_icmp(selector: &Selector) -> bool {
    const ICMP: u8 = 1;
    selector.protocol == 0 || selector.protocol == ICMP
}
