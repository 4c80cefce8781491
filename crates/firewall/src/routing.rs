//! The route of a packet: the longest prefix over connected networks and static routes, then the
//! lower distance, then the lower metric; of equals, the one that is configured first.

use crate::verdict::RouteStep;
use crossgate_model::{Gateway, Interface, InterfaceKind, NextHop, Route};
use ipnet::IpNet;
use std::net::IpAddr;

/// Next hops that are found by way of another route: so many are looked up for one packet.
const MAX_LOOKUPS: u8 = 32;

/// Where a packet leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    pub interface: String,
    /// The neighbour to send it to; absent where the destination itself is the neighbour.
    pub next_hop: Option<IpAddr>,
    /// Index in [`Gateway::routes`]; absent for a connected network.
    pub route: Option<usize>,
}

/// What the table says of a destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It is the gateway's own address.
    Local,
    Hop(Hop),
    /// By the route of that index.
    Discard(usize),
    Nothing,
}

/// The virtual router that a lookup is within.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Table<'a> {
    All,
    Of(&'a str),
    /// Of an interface that is in none, where others are.
    Missing,
}

impl Table<'_> {
    fn has_route(self, route: &Route) -> bool {
        match (self, &route.virtual_router) {
            (Self::Missing, _) => false,
            // A route that is only assumed is in every one.
            (Self::All, _) | (_, None) => true,
            (Self::Of(name), Some(router)) => router.value == name,
        }
    }

    /// `routers`: whether the gateway has any, which takes all its interfaces to know.
    fn has_interface(self, routers: bool, interface: &Interface) -> bool {
        match (self, table_of(routers, interface)) {
            (Self::Missing, _) => false,
            (Self::All, _) | (_, Table::All) => true,
            (of, is) => of == is,
        }
    }
}

pub fn lookup(gateway: &Gateway, arrival: Option<&str>, destination: IpAddr) -> Found {
    if owner(gateway, destination).is_some() {
        return Found::Local;
    }
    let mut search = Search {
        gateway,
        table: table(gateway, arrival),
        routers: has_routers(gateway),
        lookups: MAX_LOOKUPS,
    };
    search.find(destination, None)
}

/// Whether the interface is in no virtual router where others are.
pub fn lacks_router(gateway: &Gateway, interface: &str) -> bool {
    table(gateway, Some(interface)) == Table::Missing
}

/// Whether it is a tunnel interface that passes nothing because it has no address, where its vendor
/// wants one.
pub fn is_bare(gateway: &Gateway, interface: &Interface) -> bool {
    gateway.behaviour.tunnel_needs_address.value
        && interface.kind == InterfaceKind::Tunnel
        && interface.addresses.is_empty()
        && interface.learnt_address.is_none()
}

/// The interface that a route leads to, its next hop looked up where it is only an address.
pub fn interface_of(gateway: &Gateway, route: &Route) -> Option<String> {
    match &route.via {
        NextHop::Interface(name) | NextHop::Both(name, _) => Some(name.value.clone()),
        NextHop::Address(address) => match lookup(gateway, None, address.value) {
            Found::Hop(hop) => Some(hop.interface),
            _ => None,
        },
        NextHop::Discard => None,
    }
}

/// The interface that has that address.
pub fn owner(gateway: &Gateway, address: IpAddr) -> Option<&Interface> {
    let mut enabled = gateway.interfaces.iter().filter(|i| i.enabled.value);
    enabled.find(|i| i.addresses.iter().any(|net| net.addr() == address))
}

/// The route as a step quotes it.
pub(crate) fn quoted(
    gateway: &Gateway,
    interface: Option<&str>,
    route: Option<usize>,
) -> RouteStep {
    let route = route.and_then(|index| gateway.routes.get(index));
    RouteStep {
        interface: interface.map(str::to_owned),
        destination: route.map(|route| route.destination),
    }
}

fn table<'a>(gateway: &'a Gateway, arrival: Option<&str>) -> Table<'a> {
    let interface = arrival.and_then(|name| gateway.interface(name));
    interface.map_or(Table::All, |interface| {
        table_of(has_routers(gateway), interface)
    })
}

fn has_routers(gateway: &Gateway) -> bool {
    let mut interfaces = gateway.interfaces.iter();
    interfaces.any(|interface| interface.virtual_router.is_some())
}

fn table_of(routers: bool, interface: &Interface) -> Table<'_> {
    match &interface.virtual_router {
        Some(router) => Table::Of(&router.value),
        // An interface that no line states is assumed to be where it is needed.
        None if routers && interface.name.span.is_some() => Table::Missing,
        None => Table::All,
    }
}

/// One packet's lookup, with those that it takes to find next hops.
struct Search<'a> {
    gateway: &'a Gateway,
    table: Table<'a>,
    /// Whether the gateway has virtual routers.
    routers: bool,
    /// So many more.
    lookups: u8,
}

impl<'a> Search<'a> {
    /// `longer_than`: only by prefixes that are.
    fn find(&mut self, to: IpAddr, longer_than: Option<u8>) -> Found {
        let gateway = self.gateway;
        let connected = self.connected(to);
        let routes = gateway.routes.iter().enumerate();
        let routes = routes
            .filter(|(_, route)| route.destination.contains(&to) && self.table.has_route(route))
            .filter(|(_, route)| {
                longer_than.is_none_or(|len| route.destination.prefix_len() > len)
            });
        let mut candidates: Vec<_> = routes
            .map(|(index, route)| (rank(route), index, route))
            .collect();
        candidates.sort_by_key(|&(rank, index, _)| (rank, index));
        for (_, index, route) in candidates {
            // A connected network has distance 0.
            if let Some((len, interface)) = connected
                && len >= route.destination.prefix_len()
            {
                return connected_hop(interface);
            }
            match self.resolve(index, route) {
                Found::Nothing => {}
                found => return found,
            }
        }
        connected.map_or(Found::Nothing, |(_, interface)| connected_hop(interface))
    }

    /// Where a route leads; nothing if it doesn't count because its interface or next hop is
    /// missing.
    fn resolve(&mut self, index: usize, route: &Route) -> Found {
        match &route.via {
            NextHop::Discard => Found::Discard(index),
            NextHop::Interface(name) => self.through(index, name, None),
            NextHop::Both(name, address) => self.through(index, name, Some(address.value)),
            NextHop::Address(address) => self.by_neighbour(index, route, address.value),
        }
    }

    fn through(&self, index: usize, interface: &str, next_hop: Option<IpAddr>) -> Found {
        let known = self.gateway.interface(interface);
        let counts = |i: &Interface| {
            i.enabled.value
                && self.table.has_interface(self.routers, i)
                && !is_bare(self.gateway, i)
        };
        match known.is_some_and(counts) {
            true => Found::Hop(Hop {
                interface: interface.to_owned(),
                next_hop,
                route: Some(index),
            }),
            false => Found::Nothing,
        }
    }

    /// A next hop without its interface: connected, or found by another route, but not by way of
    /// this one.
    fn by_neighbour(&mut self, index: usize, route: &Route, address: IpAddr) -> Found {
        if self.lookups == 0 || owner(self.gateway, address).is_some() {
            return Found::Nothing;
        }
        self.lookups -= 1;
        let own = route.destination.value;
        let longer_than = IpNet::contains(&own, &address).then_some(own.prefix_len());
        match self.find(address, longer_than) {
            Found::Hop(hop) => Found::Hop(Hop {
                interface: hop.interface,
                next_hop: hop.next_hop.or(Some(address)),
                route: Some(index),
            }),
            _ => Found::Nothing,
        }
    }

    /// The longest connected network that has the address, with its length.
    fn connected(&self, to: IpAddr) -> Option<(u8, &'a Interface)> {
        let interfaces = self.gateway.interfaces.iter();
        let up =
            interfaces.filter(|i| i.enabled.value && self.table.has_interface(self.routers, i));
        let nets = up.flat_map(|i| i.addresses.iter().map(move |net| (net.value, i)));
        let mut best: Option<(u8, &Interface)> = None;
        for (net, interface) in nets.filter(|(net, _)| IpNet::contains(net, &to)) {
            if best.is_none_or(|(len, _)| net.prefix_len() > len) {
                best = Some((net.prefix_len(), interface));
            }
        }
        best
    }
}

/// Better first.
fn rank(route: &Route) -> (std::cmp::Reverse<u8>, u8, u32) {
    let len = route.destination.prefix_len();
    (std::cmp::Reverse(len), route.distance, route.metric)
}

fn connected_hop(interface: &Interface) -> Found {
    Found::Hop(Hop {
        interface: interface.name.value.clone(),
        next_hop: None,
        route: None,
    })
}
