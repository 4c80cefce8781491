//! What a gateway's configuration asks of the machine: sockets, devices, routes and rules, as
//! values. Starting makes a plan real; reloading makes the difference of two plans real.

use crate::bind::Bindings;
use crate::failclosed;
use crate::routes::{MAIN_TABLE, POLICY_TABLE, RouteSpec, RuleSpec, Via};
use crate::sockets::NAT_PORT;
use crate::sys::tun::NAME_MAX;
use crossgate_crypto::{Encr, Integ};
use crossgate_model::tunnelled::leads_into_tunnel;
use crossgate_model::view::Encapsulation;
use crossgate_model::{
    Child, EspProposal, Gateway, Interface, InterfaceKind, NextHop, Path, Route,
};
use ipnet::IpNet;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// The device of all Children that have no tunnel interface of their own.
const POLICY_DEVICE: &str = "cg-policy0";
/// Of the route into it.
const POLICY_METRIC: u32 = 256;
/// What every IPv4 device must take (RFC 791); below it the kernel turns IPv4 off.
const LEAST_MTU: u16 = 68;

/// The state that the machine is to have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Where IKE is spoken from.
    pub locals: BTreeSet<IpAddr>,
    pub tunnels: Vec<Tunnel>,
    pub last_resorts: BTreeSet<RouteSpec>,
    pub rules: BTreeSet<RuleSpec>,
    /// Into tunnels: without them a tunnel carries nothing.
    pub tunnel_routes: BTreeSet<RouteSpec>,
    /// The configuration's other static routes.
    pub plain_routes: BTreeSet<RouteSpec>,
    /// What can't be done, in words.
    pub remarks: Vec<String>,
}

/// A tunnel's device to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tunnel {
    /// The configuration's name; `None` for policy-based Children.
    pub interface: Option<String>,
    /// Linux's.
    pub device: String,
    pub addresses: Vec<IpNet>,
    pub mtu: u16,
    /// Each worker is to have a share of it.
    pub is_shared: bool,
    /// Outer addresses of what it carries, local and, where it is known, remote.
    pub ends: BTreeSet<(IpAddr, Option<IpAddr>)>,
}

impl Plan {
    /// `path_mtu` tells the MTU of the path from a local address.
    pub fn new(
        gateway: &Gateway,
        bindings: &Bindings,
        locals: BTreeSet<IpAddr>,
        path_mtu: &dyn Fn(IpAddr) -> u16,
    ) -> Self {
        let mut plan = Self {
            locals,
            tunnels: tunnels(gateway, path_mtu),
            last_resorts: failclosed::last_resorts(gateway),
            rules: failclosed::policy_rules(gateway),
            ..Self::default()
        };
        plan.policy_routes(gateway);
        for route in &gateway.routes {
            plan.static_route(gateway, bindings, route);
        }
        plan
    }

    /// Each worker is to have a share of these interfaces.
    pub fn share(&mut self, interfaces: &BTreeSet<String>) {
        for tunnel in &mut self.tunnels {
            let name = tunnel.interface.as_ref();
            tunnel.is_shared = name.is_some_and(|name| interfaces.contains(name));
        }
    }

    fn policy_routes(&mut self, gateway: &Gateway) {
        let networks = failclosed::policy_networks(gateway).into_iter();
        self.tunnel_routes
            .extend(networks.map(|destination| RouteSpec {
                table: POLICY_TABLE,
                destination,
                metric: POLICY_METRIC,
                via: Via::Device(POLICY_DEVICE.into()),
            }));
    }

    fn static_route(&mut self, gateway: &Gateway, bindings: &Bindings, route: &Route) {
        let destination = route.destination.trunc();
        let spec = |destination, via| RouteSpec {
            table: MAIN_TABLE,
            destination,
            metric: metric(route),
            via,
        };
        if leads_into_tunnel(gateway, &route.via) {
            // A tunnel that is not made leaves the route of last resort.
            let interface = interface_of(&route.via).unwrap_or_default();
            if let Some(tunnel) = self.tunnel(interface) {
                let via = Via::Device(tunnel.device.clone());
                let beside = match destination.prefix_len() {
                    0 => failclosed::reached_by_default(gateway, interface),
                    _ => BTreeSet::new(),
                };
                let all = beside.into_iter().chain([destination]);
                for net in all {
                    match attached(gateway, bindings, net) {
                        Some(own) => self.remarks.push(format!(
                            "route to {net} into {interface} is left out: it is the network of {own}, whose own route comes first"
                        )),
                        None => {
                            self.tunnel_routes.insert(spec(net, via.clone()));
                        }
                    }
                }
            }
            return;
        }
        match plain_via(bindings, &route.via) {
            Ok(via) => {
                self.plain_routes.insert(spec(destination, via));
            }
            Err(interface) => self.remarks.push(format!(
                "route to {} is left out: {interface} is not bound to a device",
                route.destination.value
            )),
        }
    }

    /// The device of a tunnel interface.
    pub fn tunnel(&self, interface: &str) -> Option<&Tunnel> {
        let named = |t: &&Tunnel| t.interface.as_deref() == Some(interface);
        self.tunnels.iter().find(named)
    }

    /// All routes, those of last resort included.
    pub fn routes(&self) -> BTreeSet<RouteSpec> {
        let sets = [&self.last_resorts, &self.tunnel_routes, &self.plain_routes];
        sets.into_iter().flatten().cloned().collect()
    }
}

/// The inside interface that has that very network, where it is bound. What a connection leaves by is
/// none: packets that a tunnel should carry would go out there in the clear.
fn attached<'a>(gateway: &'a Gateway, bindings: &Bindings, destination: IpNet) -> Option<&'a str> {
    let leaves_by = |name: &str| {
        let mut named = gateway.connections.iter().map(|c| &c.local.interface);
        named.any(|local| local.as_ref().is_none_or(|local| local.value == name))
    };
    let inside = gateway.interfaces.iter().filter(|interface| {
        interface.kind == InterfaceKind::Physical
            && interface.enabled.value
            && bindings.device(&interface.name.value).is_some()
            && !leaves_by(&interface.name.value)
    });
    let mut names = inside.filter_map(|interface| {
        let mut nets = interface.addresses.iter().map(|net| net.value.trunc());
        nets.any(|net| net == destination)
            .then_some(interface.name.value.as_str())
    });
    names.next()
}

/// A lower distance wins, then a lower metric; the kernel has one number for both.
fn metric(route: &Route) -> u32 {
    u32::from(route.distance) * 256 + route.metric.min(255)
}

fn interface_of(via: &NextHop) -> Option<&str> {
    match via {
        NextHop::Interface(name) | NextHop::Both(name, _) => Some(name),
        NextHop::Address(_) | NextHop::Discard => None,
    }
}

/// The way of a route that leads into no tunnel; the interface's name if that is not bound.
fn plain_via(bindings: &Bindings, via: &NextHop) -> Result<Via, String> {
    let device = match interface_of(via) {
        Some(name) => Some(bindings.device(name).ok_or(name)?.to_owned()),
        None => None,
    };
    Ok(match (via, device) {
        (NextHop::Discard, _) => Via::Discard,
        (NextHop::Address(address) | NextHop::Both(_, address), device) => Via::Gateway {
            address: address.value,
            device,
        },
        (NextHop::Interface(_), device) => Via::Device(device.unwrap_or_default()),
    })
}

/// A device for each tunnel interface that is up and has Children, and one for policies.
fn tunnels(gateway: &Gateway, path_mtu: &dyn Fn(IpAddr) -> u16) -> Vec<Tunnel> {
    let mut inner: BTreeMap<Option<&str>, (u16, BTreeSet<_>)> = BTreeMap::new();
    for (connection, child) in gateway.children().filter(|(c, _)| c.enabled.value) {
        let Some(local) = connection.local.address.as_ref().map(|a| a.value) else {
            continue;
        };
        let mtu = inner_mtu(child, local, path_mtu(local));
        let name = child
            .tunnel_interface
            .as_ref()
            .map(|name| name.value.as_str());
        let (least, ends) = inner.entry(name).or_insert((mtu, BTreeSet::new()));
        *least = mtu.min(*least);
        ends.insert((local, connection.remote.address()));
    }
    let tunnels = inner.into_iter();
    tunnels
        .filter_map(|(name, (mtu, ends))| {
            let tunnel = match name {
                None => Some(policy_tunnel(mtu)),
                Some(name) => interface_tunnel(gateway.interface(name), name, mtu),
            };
            tunnel.map(|tunnel| Tunnel { ends, ..tunnel })
        })
        .collect()
}

fn policy_tunnel(mtu: u16) -> Tunnel {
    Tunnel {
        interface: None,
        device: POLICY_DEVICE.into(),
        addresses: Vec::new(),
        mtu,
        is_shared: false,
        ends: BTreeSet::new(),
    }
}

/// `None` if the interface is shut down.
fn interface_tunnel(block: Option<&Interface>, name: &str, mtu: u16) -> Option<Tunnel> {
    if block.is_some_and(|b| !b.enabled.value) {
        return None;
    }
    let addresses = block.map(|b| b.addresses.iter().map(|a| a.value).collect());
    Some(Tunnel {
        interface: Some(name.to_owned()),
        device: device_name(name),
        addresses: addresses.unwrap_or_default(),
        mtu: block.and_then(|b| b.mtu.as_ref()).map_or(mtu, |m| m.value),
        is_shared: false,
        ends: BTreeSet::new(),
    })
}

/// Octets of inner packet that fit whatever of the Child's proposals is agreed, in UDP.
fn inner_mtu(child: &Child, local: IpAddr, outer: u16) -> u16 {
    let path = Path {
        local,
        remote: local,
        encapsulation: Encapsulation::Udp {
            local_port: NAT_PORT,
            remote_port: NAT_PORT,
        },
    };
    let suites = child.proposals.iter().flat_map(suites);
    let fitting = suites.map(|(encr, integ)| crossgate_esp::inner_mtu(outer, encr, integ, &path));
    fitting.min().unwrap_or(outer).max(LEAST_MTU)
}

/// Every pair of algorithms that a proposal can end in.
pub fn suites(proposal: &EspProposal) -> Vec<(Encr, Option<Integ>)> {
    let mut suites = Vec::new();
    for encr in proposal.encr.iter().map(|e| e.value) {
        if encr.is_aead() {
            suites.push((encr, None));
        } else {
            suites.extend(proposal.integ.iter().map(|i| (encr, Some(i.value))));
        }
    }
    suites
}

/// `Tunnel0` → `tunnel0`, `tunnel.1` → `tunnel.1`: Linux takes 15 octets without `/` and spaces.
fn device_name(interface: &str) -> String {
    let allowed = |c: &char| c.is_ascii_graphic() && !matches!(c, '/' | ':' | '%');
    let name: String = interface
        .to_ascii_lowercase()
        .chars()
        .filter(allowed)
        .collect();
    // The end tells one tunnel from another.
    name[name.len().saturating_sub(NAME_MAX)..].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bind::{bind, local_addresses};
    use crate::testing::{BRANCH, HQ, device, gateway, hq_devices};
    use expect_test::{Expect, expect};
    use std::fmt::Write;

    /// Shows what a configuration asks of a machine.
    fn check(text: &str, devices: &[crate::netlink::Device], expected: Expect) {
        let gateway = gateway(text);
        let bindings = bind(&gateway, &[], devices).expect("bound");
        let locals = local_addresses(&gateway, &bindings, devices).expect("addresses");
        let plan = Plan::new(&gateway, &bindings, locals, &|_| 1500);
        expected.assert_eq(&show(&plan));
    }

    fn show(plan: &Plan) -> String {
        let mut text = String::new();
        for t in &plan.tunnels {
            let _ = writeln!(text, "tunnel {:?} {} mtu {}", t.interface, t.device, t.mtu);
        }
        for rule in &plan.rules {
            let _ = writeln!(text, "rule {}", show_rule(rule));
        }
        for route in plan.routes() {
            let RouteSpec { table, metric, .. } = route;
            let _ = writeln!(text, "route {route} table {table} metric {metric}");
        }
        for remark in &plan.remarks {
            let _ = writeln!(text, "remark: {remark}");
        }
        text
    }

    fn show_rule(rule: &RuleSpec) -> String {
        let net = |net: Option<IpNet>| net.map_or("any".into(), |net| net.to_string());
        format!(
            "{} {} {:?} -> {} {:?} protocol {} mark {:?}: table {}",
            rule.priority,
            net(rule.source),
            rule.source_ports,
            net(rule.destination),
            rule.destination_ports,
            rule.ip_protocol,
            rule.mark,
            rule.table
        )
    }

    #[test]
    fn a_tunnel_interface_is_a_device_with_routes_and_routes_of_last_resort() {
        check(
            HQ,
            &hq_devices(),
            expect![[r#"
                tunnel Some("tunnel.1") tunnel.1 mtu 1400
                route 0.0.0.0/0 via 198.51.100.1 table 254 metric 2570
                route 10.10.0.0/16 by tunnel.1 table 254 metric 2570
                route 10.10.0.0/16 unreachable table 254 metric 4278198272
                route 192.0.2.0/24 discarded table 254 metric 2570
            "#]],
        );
    }

    #[test]
    fn a_network_that_only_a_default_route_leads_to_has_a_way_beside_its_refusal() {
        let text = HQ.replace("R1 destination 10.10.0.0/16", "R1 destination 0.0.0.0/0");
        check(
            &text,
            &hq_devices(),
            expect![[r#"
            tunnel Some("tunnel.1") tunnel.1 mtu 1400
            route 0.0.0.0/0 by tunnel.1 table 254 metric 2570
            route 0.0.0.0/0 via 198.51.100.1 table 254 metric 2570
            route 10.10.10.0/24 by tunnel.1 table 254 metric 2570
            route 10.10.10.0/24 unreachable table 254 metric 4278198272
            route 192.0.2.0/24 discarded table 254 metric 2570
        "#]],
        );
    }

    #[test]
    fn a_route_to_an_inside_interface_s_own_network_is_left_out_and_said() {
        let text = HQ.replace(
            "R1 destination 10.10.0.0/16",
            "R1 destination 10.20.20.0/24",
        );
        check(
            &text,
            &hq_devices(),
            expect![[r#"
            tunnel Some("tunnel.1") tunnel.1 mtu 1400
            route 0.0.0.0/0 via 198.51.100.1 table 254 metric 2570
            route 10.10.10.0/24 unreachable table 254 metric 4278198272
            route 10.20.20.0/24 unreachable table 254 metric 4278198272
            route 192.0.2.0/24 discarded table 254 metric 2570
            remark: route to 10.20.20.0/24 into tunnel.1 is left out: it is the network of ethernet1/2, whose own route comes first
        "#]],
        );
    }

    #[test]
    fn so_is_one_that_a_default_route_needs_beside_it() {
        let text = HQ
            .replace("R1 destination 10.10.0.0/16", "R1 destination 0.0.0.0/0")
            .replace("P remote 10.10.10.0/24", "P remote 10.20.20.0/24");
        check(
            &text,
            &hq_devices(),
            expect![[r#"
            tunnel Some("tunnel.1") tunnel.1 mtu 1400
            route 0.0.0.0/0 by tunnel.1 table 254 metric 2570
            route 0.0.0.0/0 via 198.51.100.1 table 254 metric 2570
            route 10.20.20.0/24 unreachable table 254 metric 4278198272
            route 192.0.2.0/24 discarded table 254 metric 2570
            remark: route to 10.20.20.0/24 into tunnel.1 is left out: it is the network of ethernet1/2, whose own route comes first
        "#]],
        );
    }

    /// Beyond it whoever listens would read the packets.
    #[test]
    fn a_route_to_the_network_that_a_connection_leaves_by_stays_and_is_refused() {
        let text = HQ.replace(
            "R1 destination 10.10.0.0/16",
            "R1 destination 198.51.100.0/24",
        );
        check(
            &text,
            &hq_devices(),
            expect![[r#"
            tunnel Some("tunnel.1") tunnel.1 mtu 1400
            route 0.0.0.0/0 via 198.51.100.1 table 254 metric 2570
            route 10.10.10.0/24 unreachable table 254 metric 4278198272
            route 192.0.2.0/24 discarded table 254 metric 2570
            route 198.51.100.0/24 by tunnel.1 table 254 metric 2570
            route 198.51.100.0/24 unreachable table 254 metric 4278198272
        "#]],
        );
    }

    #[test]
    fn a_crypto_map_is_rules_to_a_table_of_its_own() {
        let devices = [device("wan", &["203.0.113.10/24"])];
        check(
            BRANCH,
            &devices,
            expect![[r#"
            tunnel None cg-policy0 mtu 1422
            rule 5200 any None -> any None protocol 0 mark Some(25447): table 254
            rule 5201 10.10.10.0/24 None -> 10.20.20.0/24 Some((443, 443)) protocol 6 mark None: table 25447
            route 10.20.20.0/24 by cg-policy0 table 25447 metric 256
            route 10.20.20.0/24 unreachable table 25447 metric 4278198272
        "#]],
        );
    }

    #[test]
    fn a_tunnel_that_is_shut_down_leaves_its_networks_closed() {
        let shut = HQ.replace(
            "GW protocol version",
            "GW disabled yes\nset network ike gateway GW protocol version",
        );
        let open = HQ
            .replace("GW", "GW2")
            .replace("TUN", "TUN2")
            .replace("tunnel.1", "tunnel.2");
        check(
            &(shut + &open),
            &hq_devices(),
            expect![[r#"
                tunnel Some("tunnel.2") tunnel.2 mtu 1400
                route 0.0.0.0/0 via 198.51.100.1 table 254 metric 2570
                route 10.10.0.0/16 by tunnel.2 table 254 metric 2570
                route 10.10.0.0/16 unreachable table 254 metric 4278198272
                route 192.0.2.0/24 discarded table 254 metric 2570
            "#]],
        );
    }

    #[test]
    fn device_names_fit_linux_and_keep_their_end() {
        assert_eq!(device_name("Tunnel0"), "tunnel0");
        assert_eq!(device_name("tunnel.1"), "tunnel.1");
        assert_eq!(device_name("Tunnel 4294967295/12"), "nel429496729512");
    }
}
