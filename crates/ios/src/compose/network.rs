//! Interfaces, routes and address translation.

use super::ipsec::profile_name;
use super::names::word;
use super::{Carrier, Tunnel, Writer};
use crate::names::megabits;
use crate::words::net_with_mask;
use crossgate_model::config::{InterfaceKind, SourceTranslation};
use crossgate_model::{Child, Interface, LocalEnd, NatRule, NextHop, RemoteEnd, Route};
use ipnet::IpNet;

impl Writer<'_> {
    pub(super) fn interfaces(&mut self, tunnels: &[Tunnel<'_>]) {
        let mut done: Vec<String> = Vec::new();
        for interface in &self.gateway.interfaces {
            let name = self.names.interface(&interface.name);
            let header = format!("interface {name}");
            match name == interface.name.value {
                true => self.line(header),
                false => self.because(
                    header,
                    format!("{} of the other file", interface.name.value),
                ),
            }
            self.settings(&name, interface);
            let tunnel = tunnels.iter().find(|tunnel| is_in(tunnel, &name));
            if let Some(tunnel) = tunnel {
                if interface.addresses.is_empty() {
                    self.unnumbered(&tunnel.connection.local);
                }
                self.tunnel(tunnel);
            }
            let map = tunnels.iter().find_map(|tunnel| map_on(tunnel, interface));
            if let Some(map) = map {
                self.because(
                    format!(" crypto map {map}"),
                    "encrypts what leaves through here and its access lists select",
                );
            }
            self.state(interface, tunnel);
            self.line("!");
            done.push(name);
        }
        for tunnel in tunnels {
            let Carrier::Interface { name } = &tunnel.carrier else {
                continue;
            };
            if !done.contains(name) {
                self.line(format!("interface {name}"));
                self.unnumbered(&tunnel.connection.local);
                self.tunnel(tunnel);
                self.line("!");
            }
        }
    }

    fn settings(&mut self, name: &str, interface: &Interface) {
        if let Some(text) = &interface.description {
            let text: String = text.chars().filter(|c| !c.is_control()).collect();
            self.line(format!(" description {text}"));
        }
        if let Some((_, unit)) = name.split_once('.') {
            self.line(format!(" encapsulation dot1Q {unit}"));
        }
        let mut primary = true;
        for net in &interface.addresses {
            let said = net_with_mask(net.value);
            match (net.value, primary) {
                (IpNet::V6(_), _) => self.line(format!(" ipv6 address {said}")),
                (IpNet::V4(_), true) => self.line(format!(" ip address {said}")),
                (IpNet::V4(_), false) => self.line(format!(" ip address {said} secondary")),
            }
            primary &= net.value.addr().is_ipv6();
        }
        let learns = interface.learnt_address.is_some() && interface.addresses.is_empty();
        if learns && interface.kind != InterfaceKind::Tunnel {
            self.line(" ip address dhcp");
        }
        if let Some(mtu) = interface.mtu {
            self.line(format!(" ip mtu {}", mtu.value));
        }
        if let Some(mss) = interface.tcp_mss {
            let kept = mss.value.clamp(500, 1460);
            self.because(
                format!(" ip tcp adjust-mss {kept}"),
                "TCP segments fit the tunnel without fragments",
            );
        }
        let filters = [("in", &interface.filter_in), ("out", &interface.filter_out)];
        for (way, filter) in filters {
            if let Some(filter) = filter {
                self.line(format!(" ip access-group {} {way}", word(filter)));
            }
        }
        let bits = interface.bandwidth.map(|bits| bits.value);
        if let Some(bits) = bits.filter(|b| megabits(name).map(|m| m * 1_000_000) != Some(*b)) {
            self.line(format!(" bandwidth {}", bits / 1000));
        }
        self.nat_side(interface);
        if interface.zone.is_some() {
            self.cannot("zones of interfaces are left out");
        }
    }

    fn nat_side(&mut self, interface: &Interface) {
        let rules = &self.gateway.policy.nat_rules;
        let is_it = |rule: &&NatRule| is_sayable(rule);
        let of = |names: &[crossgate_diag::Spanned<String>]| names.contains(&interface.name);
        let inside = rules.iter().filter(is_it).any(|rule| of(&rule.from));
        let outside = rules.iter().filter(is_it).any(|rule| of(&rule.to));
        if inside {
            self.line(" ip nat inside");
        } else if outside {
            self.line(" ip nat outside");
        }
    }

    /// A tunnel interface routes nothing without an address, its own or another's.
    fn unnumbered(&mut self, local: &LocalEnd) {
        if let Some(interface) = &local.interface {
            let name = self.names.interface(interface);
            self.because(
                format!(" ip unnumbered {name}"),
                "a tunnel interface routes nothing without an address",
            );
        }
    }

    fn tunnel(&mut self, tunnel: &Tunnel<'_>) {
        let connection = tunnel.connection;
        let source = self.source(&connection.local);
        match source {
            Some(source) => self.line(format!(" tunnel source {source}")),
            None => self.cannot(format!("{} has no local end", tunnel.title())),
        }
        self.because(
            format!(" tunnel mode ipsec {}", families(tunnel)),
            "IPsec alone, without the GRE that is the default",
        );
        let destination = match &connection.remote {
            RemoteEnd::Address(address) => address.value.to_string(),
            RemoteEnd::Name(name) => word(name),
            RemoteEnd::Any => "dynamic".to_owned(),
            RemoteEnd::Within(net) => {
                self.cannot(format!(
                    "{} serves any peer, not {} alone",
                    tunnel.title(),
                    net.value
                ));
                "dynamic".to_owned()
            }
        };
        self.line(format!(" tunnel destination {destination}"));
        if let Some(list) = &tunnel.list {
            self.because(
                format!(" tunnel protection ipsec policy ipv4 {list}"),
                "one Child SA for each entry, instead of one from any to any (IOS-XE 16.12 and later)",
            );
        }
        if let Carrier::Interface { name } = &tunnel.carrier {
            let profile = profile_name(name);
            self.line(format!(" tunnel protection ipsec profile {profile}"));
        }
    }

    /// The interface, or the address where it isn't the first one of the interface.
    fn source(&self, local: &LocalEnd) -> Option<String> {
        let address = local.address.map(|address| address.value);
        let Some(name) = &local.interface else {
            return address.map(|address| address.to_string());
        };
        let known = self.gateway.interface(name);
        let first = known.and_then(|interface| {
            let mut own = interface.addresses.iter().map(|net| net.addr());
            own.find(|own| address.is_none_or(|a| a.is_ipv4() == own.is_ipv4()))
        });
        match (address, first) {
            (Some(address), Some(first)) if address != first => Some(address.to_string()),
            _ => Some(self.names.interface(name)),
        }
    }

    fn state(&mut self, interface: &Interface, tunnel: Option<&Tunnel<'_>>) {
        let off = tunnel.is_some_and(|tunnel| tunnel.children.iter().all(|c| !c.enabled.value));
        if !interface.enabled.value || off {
            self.line(" shutdown");
        } else if interface.kind == InterfaceKind::Physical {
            self.line(" no shutdown");
        }
    }

    pub(super) fn routes(&mut self) {
        let mut routers: Vec<&str> = Vec::new();
        for route in &self.gateway.routes {
            let router = route.virtual_router.as_ref();
            routers.extend(router.map(|router| router.value.as_str()));
            self.route(route);
        }
        routers.sort_unstable();
        routers.dedup();
        if routers.len() > 1 {
            self.cannot("routes of several virtual routers are in one table here");
        }
        self.line("!");
    }

    fn route(&mut self, route: &Route) {
        let path = match route.destination.value {
            IpNet::V4(_) => "ip route",
            IpNet::V6(_) => "ipv6 route",
        };
        let via = match &route.via {
            NextHop::Interface(name) => self.names.interface(name),
            NextHop::Address(address) => address.value.to_string(),
            NextHop::Both(name, address) => {
                format!("{} {}", self.names.interface(name), address.value)
            }
            NextHop::Discard => "Null0".to_owned(),
        };
        let mut line = format!("{path} {} {via}", net_with_mask(route.destination.value));
        if route.distance != 1 {
            line += &format!(" {}", route.distance);
        }
        if let Some(name) = &route.name {
            line += &format!(" name {}", word(name));
        }
        let why = match &route.via {
            NextHop::Interface(name) if self.is_tunnel(name) => "these networks are in the tunnel",
            _ => "as the gateway routes",
        };
        self.because(line, why);
    }

    fn is_tunnel(&self, name: &str) -> bool {
        let known = self.gateway.interface(name);
        known.is_some_and(|interface| interface.kind == InterfaceKind::Tunnel)
    }

    pub(super) fn translations(&mut self) {
        for rule in &self.gateway.policy.nat_rules {
            let source = rule.source.first().map(|name| name.value.as_str());
            let line = match (&rule.access_list, &rule.source_translation, source) {
                (Some(list), SourceTranslation::Interface(name), _) => {
                    let name = self.names.interface(name);
                    format!(
                        "ip nat inside source list {} interface {name} overload",
                        word(list)
                    )
                }
                (None, SourceTranslation::Addresses(to), Some(from)) if is_sayable(rule) => {
                    let to = to.first().map_or("", |to| to.value.as_str());
                    format!("ip nat inside source static {from} {to}")
                }
                _ => {
                    self.cannot(format!("NAT rule `{}` is left out", rule.name.value));
                    continue;
                }
            };
            self.line(line);
        }
    }
}

/// Rules between interfaces; those between zones are another vendor's.
fn is_sayable(rule: &NatRule) -> bool {
    let is_address = |name: &str| name.parse::<std::net::IpAddr>().is_ok();
    match (&rule.access_list, &rule.source_translation) {
        (Some(_), SourceTranslation::Interface(_)) => true,
        (None, SourceTranslation::Addresses(to)) => {
            let literal = |names: &[crossgate_diag::Spanned<String>]| matches!(names, [only] if is_address(only));
            literal(to) && literal(&rule.source)
        }
        _ => false,
    }
}

fn map_on<'t>(tunnel: &'t Tunnel<'_>, interface: &Interface) -> Option<&'t str> {
    match &tunnel.carrier {
        Carrier::Entry { map, on, .. } if on.as_ref() == Some(&interface.name.value) => Some(map),
        _ => None,
    }
}

fn is_in(tunnel: &Tunnel<'_>, interface: &str) -> bool {
    matches!(&tunnel.carrier, Carrier::Interface { name } if name == interface)
}

/// What is outside, and what is carried where that is another family.
fn families(tunnel: &Tunnel<'_>) -> &'static str {
    let connection = tunnel.connection;
    let carries_v6 = |child: &&Child| child.selectors.local.start.is_ipv6();
    let carries_v6 = tunnel.children.iter().any(carries_v6);
    let outside = match &connection.remote {
        RemoteEnd::Address(address) => Some(address.value),
        RemoteEnd::Within(net) => Some(net.value.addr()),
        RemoteEnd::Name(_) | RemoteEnd::Any => connection.local.address.map(|a| a.value),
    };
    match (outside.map_or(carries_v6, |a| a.is_ipv6()), carries_v6) {
        (false, false) => "ipv4",
        (false, true) => "ipv4 v6-overlay",
        (true, false) => "ipv6 v4-overlay",
        (true, true) => "ipv6",
    }
}
