//! The route of a packet: the longest prefix over connected networks and static routes, then the
//! lower distance, then the lower metric; of equals, the one that is configured first.

use crate::verdict::RouteStep;
use crossgate_model::{Gateway, Interface, NextHop, Route};
use ipnet::IpNet;
use std::net::IpAddr;

/// Next hops that are found by way of another route: so many at most.
const MAX_RECURSION: u8 = 8;

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
pub(crate) enum Found {
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

    fn has_interface(self, gateway: &Gateway, interface: &Interface) -> bool {
        match (self, table_of(gateway, interface)) {
            (Self::Missing, _) => false,
            (Self::All, _) | (_, Table::All) => true,
            (of, is) => of == is,
        }
    }
}

pub(crate) fn lookup(gateway: &Gateway, arrival: Option<&str>, destination: IpAddr) -> Found {
    if owner(gateway, destination).is_some() {
        return Found::Local;
    }
    find(gateway, table(gateway, arrival), destination, MAX_RECURSION)
}

/// Whether the interface is in no virtual router where others are.
pub(crate) fn lacks_router(gateway: &Gateway, interface: &str) -> bool {
    table(gateway, Some(interface)) == Table::Missing
}

/// The interface that has that address.
pub(crate) fn owner(gateway: &Gateway, address: IpAddr) -> Option<&Interface> {
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
    interface.map_or(Table::All, |interface| table_of(gateway, interface))
}

fn table_of<'a>(gateway: &Gateway, interface: &'a Interface) -> Table<'a> {
    let exist = || {
        gateway
            .interfaces
            .iter()
            .any(|i| i.virtual_router.is_some())
    };
    match &interface.virtual_router {
        Some(router) => Table::Of(&router.value),
        // An interface that no line states is assumed to be where it is needed.
        None if interface.name.span.is_some() && exist() => Table::Missing,
        None => Table::All,
    }
}

fn find(gateway: &Gateway, table: Table<'_>, to: IpAddr, depth: u8) -> Found {
    let connected = connected(gateway, table, to);
    let routes = gateway.routes.iter().enumerate();
    let routes =
        routes.filter(|(_, route)| route.destination.contains(&to) && table.has_route(route));
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
        match resolve(gateway, table, index, route, depth) {
            Found::Nothing => {}
            found => return found,
        }
    }
    connected.map_or(Found::Nothing, |(_, interface)| connected_hop(interface))
}

/// Better first.
fn rank(route: &Route) -> (std::cmp::Reverse<u8>, u8, u32) {
    let len = route.destination.prefix_len();
    (std::cmp::Reverse(len), route.distance, route.metric)
}

/// The longest connected network that has the address, with its length.
fn connected<'a>(
    gateway: &'a Gateway,
    table: Table<'_>,
    to: IpAddr,
) -> Option<(u8, &'a Interface)> {
    let interfaces = gateway.interfaces.iter();
    let up = interfaces.filter(|i| i.enabled.value && table.has_interface(gateway, i));
    let nets = up.flat_map(|i| i.addresses.iter().map(move |net| (net.value, i)));
    let mut best: Option<(u8, &Interface)> = None;
    for (net, interface) in nets.filter(|(net, _)| IpNet::contains(net, &to)) {
        if best.is_none_or(|(len, _)| net.prefix_len() > len) {
            best = Some((net.prefix_len(), interface));
        }
    }
    best
}

fn connected_hop(interface: &Interface) -> Found {
    Found::Hop(Hop {
        interface: interface.name.value.clone(),
        next_hop: None,
        route: None,
    })
}

/// Where a route leads; nothing if it doesn't count because its interface or next hop is missing.
fn resolve(gateway: &Gateway, table: Table<'_>, index: usize, route: &Route, depth: u8) -> Found {
    let through = |interface: &str, next_hop| {
        let known = gateway.interface(interface);
        let counts = |i: &Interface| i.enabled.value && table.has_interface(gateway, i);
        match known.is_some_and(counts) {
            true => Found::Hop(Hop {
                interface: interface.to_owned(),
                next_hop,
                route: Some(index),
            }),
            false => Found::Nothing,
        }
    };
    match &route.via {
        NextHop::Discard => Found::Discard(index),
        NextHop::Interface(name) => through(name, None),
        NextHop::Both(name, address) => through(name, Some(address.value)),
        NextHop::Address(address) => by_neighbour(gateway, table, index, address.value, depth),
    }
}

/// A next hop without its interface: connected, or found by another route.
fn by_neighbour(
    gateway: &Gateway,
    table: Table<'_>,
    index: usize,
    address: IpAddr,
    depth: u8,
) -> Found {
    let Some(depth) = depth.checked_sub(1) else {
        return Found::Nothing;
    };
    if owner(gateway, address).is_some() {
        return Found::Nothing;
    }
    match find(gateway, table, address, depth) {
        Found::Hop(hop) if hop.route != Some(index) => Found::Hop(Hop {
            interface: hop.interface,
            next_hop: hop.next_hop.or(Some(address)),
            route: Some(index),
        }),
        _ => Found::Nothing,
    }
}
