//! A gateway's file completed by the network that a pair of files means: what the plan assumes,
//! the firewall has to know, or it would drop what the plan's hosts send.

use crate::routing::{self, Found};
use crossgate_model::plan::{Lan, Site};
use crossgate_model::{Gateway, Interface, InterfaceKind, NextHop, Route, Spanned};
use ipnet::{IpNet, Ipv4Net};
use std::net::IpAddr;

/// Of the default route that the plan makes: worse than any that is configured.
const LAST_DISTANCE: u8 = u8::MAX;

/// The gateway with the WAN address, the LANs and the default route that the plan gives it, where
/// its file has none.
pub fn completed(gateway: &Gateway, site: &Site) -> Gateway {
    let mut gateway = gateway.clone();
    gateway.assume_address(&site.wan_interface, site.wan.into());
    for lan in &site.lans {
        if inside(&gateway, site, lan).is_none() {
            let interface = assumed(lan.gateway);
            gateway.interfaces.push(interface);
        }
    }
    if site.needs_default_route {
        gateway.routes.push(default_route(site));
    }
    gateway
}

/// Whether [`completed`] would add nothing.
pub fn is_complete(gateway: &Gateway, site: &Site) -> bool {
    let mut lans = site.lans.iter();
    !site.needs_default_route
        && !gateway.awaits_address(&site.wan_interface)
        && lans.all(|lan| inside(gateway, site, lan).is_some())
}

/// By which interface of the completed gateway the packets of that LAN's hosts arrive.
pub fn arrival(gateway: &Gateway, site: &Site, lan: &Lan) -> String {
    let inside = inside(gateway, site, lan);
    inside.unwrap_or_else(|| assumed_name(lan.gateway))
}

/// The LAN's own interface, or the one towards it.
fn inside(gateway: &Gateway, site: &Site, lan: &Lan) -> Option<String> {
    if let Some(interface) = &lan.interface {
        return Some(interface.clone());
    }
    let Found::Hop(hop) = routing::lookup(gateway, None, IpAddr::V4(lan.host)) else {
        return None;
    };
    let kind = gateway.interface(&hop.interface).map(|i| i.kind);
    let is_inside = hop.interface != site.wan_interface && kind != Some(InterfaceKind::Tunnel);
    is_inside.then_some(hop.interface)
}

fn assumed_name(lan: Ipv4Net) -> String {
    format!("LAN {}", lan.trunc())
}

fn assumed(lan: Ipv4Net) -> Interface {
    Interface {
        name: Spanned::default_of(assumed_name(lan)),
        kind: InterfaceKind::Physical,
        description: None,
        addresses: vec![Spanned::default_of(IpNet::V4(lan))],
        learnt_address: None,
        enabled: Spanned::default_of(true),
        mtu: None,
        tcp_mss: None,
        zone: None,
        virtual_router: None,
        filter_in: None,
        filter_out: None,
        bandwidth: None,
    }
}

fn default_route(site: &Site) -> Route {
    let interface = Spanned::default_of(site.wan_interface.clone());
    let router = Spanned::default_of(IpAddr::V4(site.wan_router));
    Route {
        name: None,
        destination: Spanned::default_of(IpNet::V4(Ipv4Net::default())),
        via: NextHop::Both(interface, router),
        distance: LAST_DISTANCE,
        metric: 0,
        virtual_router: None,
    }
}
