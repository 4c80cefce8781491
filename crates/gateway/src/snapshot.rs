//! The running state as plain values: what the kernel, the engines and the configuration say of
//! one moment, put together.

use crate::bind::Bindings;
use crate::netlink::{Device, KernelRoute};
use crate::plan::{Plan, Tunnel};
use crate::routes::{LAST_RESORT_METRIC, MAIN_TABLE, PROTOCOL};
use crossgate_model::operate::DebugTopic;
use crossgate_model::view::{
    ConnectionView, InterfaceView, RouteKind, RouteView, Snapshot, SystemView, Traffic, WorkerView,
};
use crossgate_model::{Gateway, Interface, InterfaceKind, NextHop, Route};
use ipnet::IpNet;
use netlink_packet_route::route::{RouteProtocol, RouteScope, RouteType};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

/// The kernel's table of own addresses.
const LOCAL_TABLE: u32 = 255;

/// What a snapshot is made of.
pub struct Scene<'a> {
    pub gateway: &'a Gateway,
    pub bindings: &'a Bindings,
    pub plan: &'a Plan,
    pub devices: &'a [Device],
    pub routes: &'a [KernelRoute],
    /// With the data plane's counters.
    pub connections: Vec<ConnectionView>,
    pub counters: BTreeMap<&'static str, u64>,
    pub ciphers: Option<String>,
    pub workers: Vec<WorkerView>,
    pub debug: &'a BTreeSet<DebugTopic>,
    pub uptime: Duration,
    pub unix: Duration,
}

impl Scene<'_> {
    pub fn snapshot(self) -> Snapshot {
        Snapshot {
            system: self.system(),
            interfaces: self.interfaces(),
            routes: self.routes(),
            counters: self.counters,
            debug: self.debug.clone(),
            connections: self.connections,
        }
    }

    fn system(&self) -> SystemView {
        let text = |value: &Option<crossgate_model::Spanned<String>>| {
            value.as_ref().map(|v| v.value.clone()).unwrap_or_default()
        };
        // The machine has no management port of its own: the first bound device stands for it.
        let first = self.bindings.iter().find_map(|(_, name)| self.device(name));
        SystemView {
            hostname: text(&self.gateway.hostname),
            release: text(&self.gateway.release),
            version: env!("CARGO_PKG_VERSION").into(),
            uptime: self.uptime,
            unix_time: self.unix.as_secs(),
            management_address: first.and_then(|d| d.addresses.first().copied()),
            management_mac: first.and_then(|d| d.mac),
            ciphers: self.ciphers.clone(),
            workers: self.workers.clone(),
        }
    }

    fn device(&self, name: &str) -> Option<&Device> {
        self.devices.iter().find(|device| device.name == name)
    }

    fn interfaces(&self) -> Vec<InterfaceView> {
        let blocks = self.gateway.interfaces.iter();
        let mut views: Vec<_> = blocks.map(|block| self.interface(block)).collect();
        for (name, device) in self.bindings.iter() {
            if self.gateway.interface(name).is_none() {
                views.push(physical(name, None, self.device(device)));
            }
        }
        views
    }

    fn interface(&self, block: &Interface) -> InterfaceView {
        let name = block.name.value.as_str();
        match (block.kind, self.plan.tunnel(name)) {
            (InterfaceKind::Tunnel, tunnel) => self.tunnel(block, tunnel),
            _ => {
                let device = self.bindings.device(name).and_then(|d| self.device(d));
                physical(name, Some(block), device)
            }
        }
    }

    fn tunnel(&self, block: &Interface, tunnel: Option<&Tunnel>) -> InterfaceView {
        let name = block.name.value.as_str();
        let device = tunnel.and_then(|t| self.device(&t.device));
        let mut view = physical(name, Some(block), device);
        let carries = |c: &&ConnectionView| {
            let mut children = c.children.iter();
            children.any(|child| child.tunnel_interface.as_deref() == Some(name))
        };
        let connection = self.connections.iter().find(carries);
        let up = connection.is_some_and(|c| {
            let mut children = c.children.iter();
            children.any(|ch| ch.tunnel_interface.as_deref() == Some(name) && !ch.sas.is_empty())
        });
        let survives = self.gateway.behaviour.interface_survives_dead_peer.value;
        view.line_up &= up || survives;
        view.tunnel = true;
        view.tunnel_ends = connection.and_then(|c| Some((c.local?, c.remote?)));
        view.tunnel_source = connection.and_then(|c| self.source_of(&c.name));
        view
    }

    fn source_of(&self, connection: &str) -> Option<String> {
        let local = &self.gateway.connection(connection)?.local;
        local.interface.as_ref().map(|name| name.value.clone())
    }

    fn routes(&self) -> Vec<RouteView> {
        self.routes.iter().filter_map(|r| self.route(r)).collect()
    }

    /// `None` for what is not a router's route: broadcasts, other tables, last resorts, devices
    /// that the configuration doesn't know.
    fn route(&self, route: &KernelRoute) -> Option<RouteView> {
        if route.metric == LAST_RESORT_METRIC || is_link_local(&route.destination) {
            return None;
        }
        let device = route.device.and_then(|index| self.device_of_index(index));
        let interface = device.and_then(|device| self.interface_name(&device.name));
        if route.device.is_some() && interface.is_none() {
            return None;
        }
        let configured = self.configured(route, interface);
        if configured.is_none() && route.protocol == RouteProtocol::Other(PROTOCOL) {
            // It only keeps a configured one company.
            return None;
        }
        let kind = match (route.table, route.kind) {
            (LOCAL_TABLE, RouteType::Local) => RouteKind::Local,
            (MAIN_TABLE, RouteType::Unicast | RouteType::BlackHole) => {
                main_kind(route, configured.is_some())
            }
            _ => return None,
        };
        Some(RouteView {
            destination: route.destination,
            kind,
            gateway: route.gateway,
            interface: interface.map(str::to_owned),
            distance: configured.map_or(u8::from(kind == RouteKind::Other), |r| r.distance),
            metric: configured.map_or(route.metric, |r| r.metric),
            virtual_router: self.virtual_router(configured, interface),
            discard: route.kind == RouteType::BlackHole,
        })
    }

    fn device_of_index(&self, index: u32) -> Option<&Device> {
        self.devices.iter().find(|device| device.index == index)
    }

    fn interface_name(&self, device: &str) -> Option<&str> {
        let tunnels = self.plan.tunnels.iter();
        let mut tunnel = tunnels.filter(|t| t.device == device);
        match tunnel.next() {
            Some(tunnel) => tunnel.interface.as_deref(),
            None => self.bindings.interface(device),
        }
    }

    /// The static route of the configuration that the kernel's one is.
    fn configured(&self, route: &KernelRoute, interface: Option<&str>) -> Option<&Route> {
        let same_way = |via: &NextHop| match via {
            NextHop::Interface(name) => interface == Some(name.value.as_str()),
            NextHop::Address(address) | NextHop::Both(_, address) => {
                route.gateway == Some(address.value)
            }
            NextHop::Discard => route.kind == RouteType::BlackHole,
        };
        let mut routes = self.gateway.routes.iter();
        routes.find(|r| r.destination.trunc() == route.destination && same_way(&r.via))
    }

    fn virtual_router(&self, route: Option<&Route>, interface: Option<&str>) -> Option<String> {
        let of_interface = || self.gateway.interface(interface?)?.virtual_router.as_ref();
        let of_route = route.and_then(|r| r.virtual_router.as_ref());
        of_route
            .or_else(of_interface)
            .map(|name| name.value.clone())
    }
}

fn main_kind(route: &KernelRoute, configured: bool) -> RouteKind {
    if configured {
        return RouteKind::Static;
    }
    if route.protocol == RouteProtocol::Kernel && route.scope == RouteScope::Link {
        return RouteKind::Connected;
    }
    RouteKind::Other
}

fn physical(name: &str, block: Option<&Interface>, device: Option<&Device>) -> InterfaceView {
    let text = |value: Option<&crossgate_model::Spanned<String>>| value.map(|v| v.value.clone());
    let stated = || block.map(|b| b.addresses.iter().map(|a| a.value).collect());
    let enabled = block.is_none_or(|b| b.enabled.value);
    let mtu = block
        .and_then(|b| b.mtu.as_ref())
        .map(|m| u32::from(m.value));
    InterfaceView {
        name: name.to_owned(),
        device: device.map(|d| d.name.clone()),
        tunnel: false,
        enabled,
        line_up: enabled && device.is_some_and(|d| d.up && d.running),
        addresses: device
            .map(|d| global(&d.addresses))
            .or_else(stated)
            .unwrap_or_default(),
        mtu: device.map(|d| d.mtu).or(mtu).unwrap_or(1500),
        mac: device.and_then(|d| d.mac),
        speed: device.and_then(|d| speed(&d.name)),
        description: text(block.and_then(|b| b.description.as_ref())),
        zone: text(block.and_then(|b| b.zone.as_ref())),
        virtual_router: text(block.and_then(|b| b.virtual_router.as_ref())),
        tunnel_ends: None,
        tunnel_source: None,
        received: device.map_or(Traffic::default(), |d| d.received),
        sent: device.map_or(Traffic::default(), |d| d.sent),
    }
}

/// Without the link-local addresses that every device has.
fn global(addresses: &[IpNet]) -> Vec<IpNet> {
    let global = addresses.iter().filter(|net| !is_link_local(net));
    global.copied().collect()
}

fn is_link_local(net: &IpNet) -> bool {
    match net.addr() {
        IpAddr::V4(_) => false,
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    }
}

/// Megabits a second; virtual devices don't tell, or say -1.
fn speed(device: &str) -> Option<u32> {
    let text = std::fs::read_to_string(format!("/sys/class/net/{device}/speed")).ok()?;
    text.trim().parse().ok()
}
