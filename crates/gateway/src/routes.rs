//! Routes and rules that the daemon makes: what they are, and a record of them so that exactly
//! those are removed.

use crate::failure::Failure;
use crate::netlink::{Device, KernelRoute, Netlink};
use ipnet::IpNet;
use netlink_packet_route::route::{RouteProtocol, RouteType};
use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::net::IpAddr;

/// The kernel's main table.
pub const MAIN_TABLE: u32 = 254;
/// The table that policy-based Children are looked up in.
pub const POLICY_TABLE: u32 = 25_447;
/// Who made a route or rule, in the kernel's `rtprot` field: a number free for users.
pub const PROTOCOL: u8 = 206;
/// Metric of the routes that catch protected packets when nothing better is there.
pub const LAST_RESORT_METRIC: u32 = 4_278_198_272;

/// A route to be made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RouteSpec {
    pub table: u32,
    pub destination: IpNet,
    pub metric: u32,
    pub via: Via,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Via {
    /// Linux's name.
    Device(String),
    Gateway {
        address: IpAddr,
        device: Option<String>,
    },
    /// Packets are refused: protected traffic without its tunnel.
    Unreachable,
    /// Packets vanish: the configuration says so.
    Discard,
}

impl RouteSpec {
    /// A route that fails closed rather than leads somewhere.
    pub fn is_last_resort(&self) -> bool {
        self.via == Via::Unreachable
    }

    fn device(&self) -> Option<&str> {
        match &self.via {
            Via::Device(name) => Some(name),
            Via::Gateway { device, .. } => device.as_deref(),
            Via::Unreachable | Via::Discard => None,
        }
    }

    /// Whether the kernel's route is this one, whoever made it.
    fn is(&self, route: &KernelRoute, device: Option<u32>) -> bool {
        let same_way = match &self.via {
            Via::Device(_) => route.device == device && route.gateway.is_none(),
            Via::Gateway { address, .. } => {
                route.gateway == Some(*address) && (device.is_none() || route.device == device)
            }
            Via::Unreachable => route.kind == RouteType::Unreachable,
            Via::Discard => route.kind == RouteType::BlackHole,
        };
        same_way && route.table == self.table && route.destination == self.destination.trunc()
    }
}

impl fmt::Display for RouteSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.destination)?;
        match &self.via {
            Via::Device(name) => write!(f, " by {name}"),
            Via::Gateway { address, .. } => write!(f, " via {address}"),
            Via::Unreachable => f.write_str(" unreachable"),
            Via::Discard => f.write_str(" discarded"),
        }
    }
}

/// A rule that sends packets to a table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RuleSpec {
    pub v6: bool,
    pub priority: u32,
    pub source: Option<IpNet>,
    pub destination: Option<IpNet>,
    /// 0: any.
    pub ip_protocol: u8,
    pub source_ports: Option<(u16, u16)>,
    pub destination_ports: Option<(u16, u16)>,
    pub mark: Option<u32>,
    pub table: u32,
}

/// What came of asking for a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Programmed {
    /// It is ours, made now or by a daemon before us.
    Ours,
    /// An identical one of somebody else's is there, and stays.
    Existing,
    /// The kernel doesn't take it, and why.
    Refused(String),
}

/// Routes and rules that are ours.
#[derive(Default)]
pub struct Record {
    routes: BTreeSet<RouteSpec>,
    rules: BTreeSet<RuleSpec>,
    /// Those of them that an earlier daemon had made.
    adopted_routes: BTreeSet<RouteSpec>,
    adopted_rules: BTreeSet<RuleSpec>,
    /// Of a daemon that died, by its record, until [`Self::remove_others`].
    left_routes: BTreeSet<RouteSpec>,
    left_rules: BTreeSet<RuleSpec>,
}

impl Record {
    pub fn has_route(&self, route: &RouteSpec) -> bool {
        self.routes.contains(route)
    }

    /// Takes over what a daemon that died has made. Some of it may be gone.
    pub fn inherit(&mut self, routes: BTreeSet<RouteSpec>, rules: BTreeSet<RuleSpec>) {
        self.left_routes = routes;
        self.left_rules = rules;
    }

    /// All routes that are ours, or were a dead daemon's.
    pub fn all_routes(&self) -> BTreeSet<RouteSpec> {
        &self.routes | &self.left_routes
    }

    pub fn all_rules(&self) -> BTreeSet<RuleSpec> {
        &self.rules | &self.left_rules
    }

    /// The kernel has removed them with their device.
    pub fn forget_routes_by(&mut self, device: &str) {
        let stays = |route: &RouteSpec| route.device() != Some(device);
        self.routes.retain(stays);
        self.adopted_routes.retain(stays);
    }

    /// Removes a dead daemon's routes that lead somewhere else than those to `keep`, which could
    /// not be made beside them. What it closed stays closed.
    pub fn remove_left_ways(
        &mut self,
        netlink: &mut Netlink,
        devices: &[Device],
        keep: &BTreeSet<RouteSpec>,
    ) {
        let stays = |route: &RouteSpec| route.is_last_resort() || keep.contains(route);
        for route in self.left_routes.iter().filter(|route| !stays(route)) {
            delete(netlink, devices, route);
        }
        self.left_routes.retain(stays);
    }

    /// Makes a route, or adopts ours of an earlier run.
    pub fn add_route(
        &mut self,
        netlink: &mut Netlink,
        devices: &[Device],
        route: &RouteSpec,
    ) -> Result<Programmed, Failure> {
        let Ok(device) = index_of(devices, route.device()) else {
            let name = route.device().unwrap_or_default();
            return Ok(Programmed::Refused(format!("no device {name}")));
        };
        match netlink.add_route(route, device) {
            Ok(()) => {
                self.routes.insert(route.clone());
                Ok(Programmed::Ours)
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                self.meet_existing(netlink, route, device)
            }
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                Err(not_permitted("change routes"))
            }
            Err(error) => Ok(Programmed::Refused(error.to_string())),
        }
    }

    fn meet_existing(
        &mut self,
        netlink: &mut Netlink,
        route: &RouteSpec,
        device: Option<u32>,
    ) -> Result<Programmed, Failure> {
        let routes = netlink
            .routes()
            .map_err(|error| Failure::machine("read routes", error))?;
        match routes.iter().find(|found| route.is(found, device)) {
            Some(found) if found.protocol == RouteProtocol::Other(PROTOCOL) => {
                self.routes.insert(route.clone());
                self.adopted_routes.insert(route.clone());
                Ok(Programmed::Ours)
            }
            Some(_) => Ok(Programmed::Existing),
            None => Ok(Programmed::Refused(
                "another route to it with the same metric exists".into(),
            )),
        }
    }

    pub fn add_rule(&mut self, netlink: &mut Netlink, rule: &RuleSpec) -> Result<(), Failure> {
        if self.rules.contains(rule) {
            return Ok(());
        }
        match netlink.add_rule(rule) {
            Ok(()) => {}
            // The very same rule can only be ours: its protocol field is part of it.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                self.adopted_rules.insert(rule.clone());
            }
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                return Err(not_permitted("change routing rules"));
            }
            Err(error) => return Err(Failure::machine("add a routing rule", error)),
        }
        self.rules.insert(rule.clone());
        Ok(())
    }

    /// Forgets what was there before this run, so that it isn't removed.
    pub fn keep_adopted(&mut self) {
        self.inherit(BTreeSet::new(), BTreeSet::new());
        for route in std::mem::take(&mut self.adopted_routes) {
            self.routes.remove(&route);
        }
        for rule in std::mem::take(&mut self.adopted_rules) {
            self.rules.remove(&rule);
        }
    }

    /// Removes what is ours and not in `keep`. A route that went with its device is gone already.
    pub fn remove_others(
        &mut self,
        netlink: &mut Netlink,
        devices: &[Device],
        keep_routes: &BTreeSet<RouteSpec>,
        keep_rules: &BTreeSet<RuleSpec>,
    ) {
        for rule in self.all_rules().difference(keep_rules) {
            let _ = netlink.delete_rule(rule);
        }
        self.rules.retain(|rule| keep_rules.contains(rule));
        for route in self.all_routes().difference(keep_routes) {
            delete(netlink, devices, route);
        }
        self.inherit(BTreeSet::new(), BTreeSet::new());
        self.routes.retain(|route| keep_routes.contains(route));
    }

    /// Removes all that is ours.
    pub fn remove_all(&mut self, netlink: &mut Netlink, devices: &[Device]) {
        self.remove_others(netlink, devices, &BTreeSet::new(), &BTreeSet::new());
    }
}

/// A route may have gone with its device, or by another's hand.
fn delete(netlink: &mut Netlink, devices: &[Device], route: &RouteSpec) {
    if let Ok(device) = index_of(devices, route.device()) {
        let _ = netlink.delete_route(route, device);
    }
}

/// Whether somebody else's route leads the same way already, whatever its metric.
pub fn like(routes: &[KernelRoute], devices: &[Device], route: &RouteSpec) -> bool {
    let ours = |found: &KernelRoute| found.protocol == RouteProtocol::Other(PROTOCOL);
    let device = index_of(devices, route.device()).unwrap_or_default();
    routes
        .iter()
        .any(|found| !ours(found) && route.is(found, device))
}

/// `Ok(None)`: no device asked for.
fn index_of(devices: &[Device], name: Option<&str>) -> Result<Option<u32>, ()> {
    let Some(name) = name else { return Ok(None) };
    let device = devices.iter().find(|device| device.name == name);
    device.map(|device| Some(device.index)).ok_or(())
}

pub fn not_permitted(what: &'static str) -> Failure {
    Failure::NotPermitted {
        what,
        needs: "CAP_NET_ADMIN",
    }
}

/// A foreign route of the main table that would take packets for `destination` before a tunnel's
/// route of that metric does.
pub fn rival<'a>(
    routes: &'a [KernelRoute],
    destination: &IpNet,
    metric: u32,
) -> Option<&'a KernelRoute> {
    routes.iter().find(|route| {
        route.table == MAIN_TABLE
            && route.destination == destination.trunc()
            && route.metric <= metric
            && route.kind == RouteType::Unicast
            && route.protocol != RouteProtocol::Other(PROTOCOL)
    })
}
