//! Which networks lie beyond a gateway's tunnels: what may never leave in the clear.

use crate::config::{Gateway, InterfaceKind, NextHop};
use ipnet::IpNet;
use std::collections::BTreeSet;

/// What is routed into a tunnel, and where Children of tunnel interfaces lead. The default route is
/// left out: it says which way the rest goes, not what is protected. A Child's network inside a
/// routed one is refused with that: a route of its own would win over the way into the tunnel.
pub fn tunnelled_networks(gateway: &Gateway) -> BTreeSet<IpNet> {
    let mut networks: BTreeSet<IpNet> = routed_networks(gateway);
    let children = gateway.children().map(|(_, child)| child);
    let selected = children
        .filter(|child| child.tunnel_interface.is_some())
        .flat_map(|child| child.selectors.remote.nets())
        .filter(|net| net.prefix_len() > 0 && !is_inside(net, &networks));
    networks.extend(selected.collect::<Vec<_>>());
    networks
}

/// What static routes lead into tunnels; the default route is left out.
pub fn routed_networks(gateway: &Gateway) -> BTreeSet<IpNet> {
    let routes = gateway.routes.iter();
    routes
        .filter(|route| leads_into_tunnel(gateway, &route.via))
        .map(|route| route.destination.trunc())
        .filter(|net| net.prefix_len() > 0)
        .collect()
}

/// Whether one of the networks contains it.
pub fn is_inside(net: &IpNet, networks: &BTreeSet<IpNet>) -> bool {
    networks.iter().any(|wider| wider.contains(net))
}

/// Whether packets of that route go into a tunnel interface.
pub fn leads_into_tunnel(gateway: &Gateway, via: &NextHop) -> bool {
    let (NextHop::Interface(name) | NextHop::Both(name, _)) = via else {
        return false;
    };
    gateway
        .interface(name)
        .is_some_and(|i| i.kind == InterfaceKind::Tunnel)
}
