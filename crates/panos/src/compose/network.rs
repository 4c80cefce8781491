//! Interfaces, virtual routers and static routes.

use super::tunnel::{Tunnel, nets};
use super::{Writer, names};
use crate::write::quoted;
use crossgate_model::{Interface, NextHop, Route};
use std::collections::BTreeMap;

const MTU: u16 = 1500;
const NAME: usize = 31;
/// What static routes have where nothing is said.
const DISTANCE: u8 = 10;
const METRIC: u32 = 10;
/// Mb/s that a port may be set to.
const SPEEDS: [u64; 7] = [10, 100, 1000, 10_000, 25_000, 40_000, 100_000];
const ROUTER: &str = "default";

impl Writer<'_> {
    pub fn interfaces(&mut self) {
        for interface in &self.gateway.interfaces {
            self.interface(interface);
        }
    }

    /// A part of a configuration may name interfaces that it doesn't have. A new one beside them
    /// makes it look whole, so they are there by name then.
    pub fn named_interfaces(&mut self, tunnels: &[Tunnel]) {
        let has_new = tunnels.iter().any(|tunnel| tunnel.is_new);
        if !self.gateway.interfaces.is_empty() || !has_new {
            return;
        }
        for name in names::named(self.gateway) {
            let name = self.names.interface(name);
            let (_, layer3, _) = place(&name);
            self.set(&layer3, &[]);
            self.cannot(format!(
                "the addresses of `{name}`, which the file doesn't tell"
            ));
        }
    }

    fn interface(&mut self, interface: &Interface) {
        let name = self.names.interface(&interface.name);
        let (path, layer3, is_port) = place(&name);
        let before = self.commands.len();
        for address in &interface.addresses {
            let address = address.value.to_string();
            match address.contains(':') {
                false => self.set(&layer3, &["ip", &address]),
                true => {
                    self.set(&layer3, &["ipv6", "enabled", "yes"]);
                    let words = ["ipv6", "address", &address, "enable-on-interface", "yes"];
                    self.set(&layer3, &words);
                }
            }
        }
        if let Some(mtu) = &interface.mtu {
            match mtu.value {
                576..=9216 => self.set(&layer3, &["mtu", &mtu.value.to_string()]),
                other => self.cannot(format!("an MTU of {other}")),
            }
        }
        self.segment_size(interface, &layer3);
        // A port is none of layer 3 unless it says so.
        if self.commands.len() == before {
            self.set(&layer3, &[]);
        }
        if let Some(bits) = interface.bandwidth.filter(|_| is_port) {
            let megabits = bits.value / 1_000_000;
            if SPEEDS.contains(&megabits) {
                self.set(&path, &["link-speed", &megabits.to_string()]);
            }
        }
        if let Some(text) = &interface.description {
            self.set(&path, &["comment", &text.value]);
        }
        match (interface.enabled.value, is_port) {
            (true, _) => {}
            (false, true) => self.set(&path, &["link-state", "down"]),
            (false, false) => self.cannot(format!("`{name}` turned off")),
        }
        if name != interface.name.value {
            self.because(&path, format!("stands for `{}`", interface.name.value));
        }
        for filter in interface.filter_in.iter().chain(&interface.filter_out) {
            self.cannot(format!(
                "the packet filter `{}`: zones and rules are to do it",
                filter.value
            ));
        }
    }

    /// PAN-OS states what is taken off the MTU.
    fn segment_size(&mut self, interface: &Interface, layer3: &str) {
        let Some(size) = &interface.tcp_mss else {
            return;
        };
        let mtu = interface.mtu.as_ref().map_or(MTU, |mtu| mtu.value);
        match mtu
            .checked_sub(size.value)
            .filter(|less| (40..=300).contains(less))
        {
            Some(less) => {
                self.set(layer3, &["adjust-tcp-mss", "enable", "yes"]);
                let words = ["adjust-tcp-mss", "ipv4-mss-adjustment", &less.to_string()];
                self.set(layer3, &words);
            }
            None => self.cannot(format!(
                "a TCP segment size of {} with an MTU of {mtu}: PAN-OS takes 40 to 300 off it",
                size.value
            )),
        }
    }

    pub fn routers(&mut self, tunnels: &[Tunnel]) {
        let mut members: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let has_routers = self
            .gateway
            .interfaces
            .iter()
            .any(|i| i.virtual_router.is_some());
        for interface in &self.gateway.interfaces {
            let router = match &interface.virtual_router {
                Some(router) => router.value.clone(),
                None if has_routers => continue,
                None => ROUTER.into(),
            };
            let name = self.names.interface(&interface.name);
            members.entry(router).or_default().push(name);
        }
        let first = members.keys().next().cloned().unwrap_or(ROUTER.into());
        for tunnel in tunnels.iter().filter(|tunnel| tunnel.is_new) {
            members
                .entry(first.clone())
                .or_default()
                .push(tunnel.interface.clone());
        }
        for (router, interfaces) in &members {
            let path = format!("network virtual-router {} interface", quoted(router));
            self.list(&path, interfaces);
        }
        for route in &self.gateway.routes {
            self.route(route, &first);
        }
        for tunnel in tunnels.iter().filter(|tunnel| tunnel.is_new) {
            self.routes_into(tunnel, &first);
        }
    }

    fn route(&mut self, route: &Route, first: &str) {
        let router = route
            .virtual_router
            .as_ref()
            .map_or(first, |r| r.value.as_str());
        let wanted = match &route.name {
            Some(name) => name.value.clone(),
            None => format!("to-{}", route.destination.value),
        };
        let path = self.route_path(router, &wanted, route.destination.addr().is_ipv4());
        self.set(
            &path,
            &["destination", &route.destination.value.to_string()],
        );
        let hop = |address: std::net::IpAddr| match address.is_ipv4() {
            true => "ip-address",
            false => "ipv6-address",
        };
        match &route.via {
            NextHop::Interface(interface) => {
                let interface = self.names.interface(interface);
                self.set(&path, &["interface", &interface]);
            }
            NextHop::Address(address) => {
                let words = ["nexthop", hop(address.value), &address.value.to_string()];
                self.set(&path, &words);
            }
            NextHop::Both(interface, address) => {
                let interface = self.names.interface(interface);
                self.set(&path, &["interface", &interface]);
                let words = ["nexthop", hop(address.value), &address.value.to_string()];
                self.set(&path, &words);
            }
            NextHop::Discard => self.set(&path, &["nexthop", "discard"]),
        }
        self.preference(route, &path);
    }

    fn preference(&mut self, route: &Route, path: &str) {
        match route.distance {
            DISTANCE => {}
            11..=240 => self.set(path, &["admin-dist", &route.distance.to_string()]),
            other => self.because(
                path,
                format!("its distance of {other} is 10, where PAN-OS's static routes begin"),
            ),
        }
        if route.metric != METRIC && (1..=65_535).contains(&route.metric) {
            self.set(path, &["metric", &route.metric.to_string()]);
        }
    }

    fn route_path(&mut self, router: &str, wanted: &str, v4: bool) -> String {
        let name = self.name("static-route", wanted, NAME);
        let family = if v4 { "ip" } else { "ipv6" };
        format!(
            "network virtual-router {} routing-table {family} static-route {}",
            quoted(router),
            quoted(&name)
        )
    }

    /// A tunnel without an interface has caught its packets wherever they were routed.
    fn routes_into(&mut self, tunnel: &Tunnel, router: &str) {
        for net in nets(tunnel.pairs.iter().map(|pair| pair.remote)) {
            let path = self.route_path(router, &format!("to-{net}"), net.addr().is_ipv4());
            self.set(&path, &["destination", &net.to_string()]);
            self.set(&path, &["interface", &tunnel.interface]);
            self.because(&path, "what the tunnel selects has to be routed into it");
        }
    }
}

/// Paths of an interface's entry and of what it has at layer 3, and whether it is a port.
fn place(name: &str) -> (String, String, bool) {
    let section = "network interface";
    let parent = name.split_once('.').map(|(parent, _)| parent);
    let virtual_kind = ["tunnel", "loopback", "vlan"]
        .into_iter()
        .find(|kind| parent.unwrap_or(name) == *kind);
    if let Some(kind) = virtual_kind {
        let path = match parent {
            Some(_) => format!("{section} {kind} units {name}"),
            None => format!("{section} {kind}"),
        };
        return (path.clone(), path, false);
    }
    let kind = match name.starts_with("ae") {
        true => "aggregate-ethernet",
        false => "ethernet",
    };
    match parent {
        Some(parent) => {
            let path = format!("{section} {kind} {parent} layer3 units {name}");
            (path.clone(), path, false)
        }
        None => {
            let path = format!("{section} {kind} {name}");
            (path.clone(), format!("{path} layer3"), true)
        }
    }
}
