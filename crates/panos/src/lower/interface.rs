//! Interfaces of layer 3: ethernet, aggregates and their subinterfaces, VLAN, loopback and tunnel.

use super::Scope;
use crate::tree::At;
use crossgate_diag::{Finding, Spanned};
use crossgate_model::{Interface, InterfaceKind};
use ipnet::IpNet;
use std::collections::BTreeMap;

/// What an interface's MTU is where nothing is said.
const MTU: u16 = 1500;

pub fn interfaces(scope: &mut Scope<'_>) -> Vec<Interface> {
    let zones = zones(scope);
    let routers = routers(scope.device);
    let bodies: Vec<Body<'_>> = bodies(scope.device).collect();
    let lowered = bodies.into_iter().map(|body| Interface {
        zone: zones.get(body.name.word()).cloned(),
        virtual_router: routers.get(body.name.word()).cloned(),
        ..interface(scope, body)
    });
    lowered.collect()
}

/// Whether the configuration has an interface of that name, of whatever kind.
pub fn is_named(device: At<'_>, name: &str) -> bool {
    let Some(section) = device.path(&["network", "interface"]) else {
        return false;
    };
    let parent = name.split_once('.').map_or(name, |(parent, _)| parent);
    section
        .children()
        .any(|kind| kind.get(name).is_some() || kind.get(parent).is_some_and(|p| unit(p, name)))
}

fn unit(parent: At<'_>, name: &str) -> bool {
    parent
        .children()
        .any(|mode| mode.path(&["units", name]).is_some())
}

/// An interface's name, and the elements that say what it is at layer 3.
struct Body<'t> {
    name: At<'t>,
    layer3: At<'t>,
    kind: InterfaceKind,
    /// Where comment and link state stand.
    outer: At<'t>,
}

fn bodies<'t>(device: At<'t>) -> impl Iterator<Item = Body<'t>> {
    let section = device.path(&["network", "interface"]);
    section.into_iter().flat_map(|section| {
        let ports = ["ethernet", "aggregate-ethernet"];
        let ports = ports.into_iter().flat_map(move |kind| {
            let ports = section.below(&[kind]);
            ports.filter_map(port).flat_map(with_units)
        });
        let others = [
            ("vlan", InterfaceKind::Physical),
            ("loopback", InterfaceKind::Loopback),
            ("tunnel", InterfaceKind::Tunnel),
        ];
        let others = others
            .into_iter()
            .filter_map(move |(word, kind)| section.get(word).map(|at| same(at, kind)));
        ports.chain(others.flat_map(with_units))
    })
}

fn port(entry: At<'_>) -> Option<Body<'_>> {
    Some(Body {
        name: entry,
        layer3: entry.get("layer3")?,
        kind: InterfaceKind::Physical,
        outer: entry,
    })
}

fn same(entry: At<'_>, kind: InterfaceKind) -> Body<'_> {
    Body {
        name: entry,
        layer3: entry,
        kind,
        outer: entry,
    }
}

/// The interface and its subinterfaces. PAN-OS has `tunnel`, `loopback` and `vlan` themselves as
/// well as their units; without settings, nobody means them.
fn with_units<'t>(body: Body<'t>) -> impl Iterator<Item = Body<'t>> {
    let kind = body.kind;
    let units = body.layer3.below(&["units"]).map(move |u| same(u, kind));
    let is_port = body.outer.id() != body.layer3.id();
    let has_settings = body.layer3.children().any(|c| c.word() != "units");
    let itself = (is_port || has_settings).then_some(body);
    itself.into_iter().chain(units)
}

fn interface(scope: &mut Scope<'_>, body: Body<'_>) -> Interface {
    let Body { layer3, outer, .. } = body;
    let mtu = layer3.number::<u16>(&["mtu"]);
    let state = outer.value(&["link-state"]);
    let comment = outer.value(&["comment"]);
    Interface {
        name: body.name.name(),
        kind: body.kind,
        description: comment.or_else(|| layer3.value(&["comment"])).map(At::name),
        addresses: addresses(scope, layer3),
        learnt_address: layer3.get("dhcp-client").and_then(At::span),
        enabled: match state {
            Some(state) => state.spanned(state.word() != "down"),
            None => Spanned::default_of(true),
        },
        tcp_mss: tcp_mss(layer3, mtu.map_or(MTU, |mtu| mtu.value)),
        mtu,
        zone: None,
        virtual_router: None,
        filter_in: None,
        filter_out: None,
        bandwidth: bandwidth(outer),
    }
}

/// A link's speed is stated in Mb/s.
fn bandwidth(port: At<'_>) -> Option<Spanned<u64>> {
    let speed = port.number::<u64>(&["link-speed"])?;
    Some(speed.map(|megabits| megabits * 1_000_000))
}

fn addresses(scope: &mut Scope<'_>, layer3: At<'_>) -> Vec<Spanned<IpNet>> {
    let v4 = layer3.below(&["ip"]);
    let v6 = layer3.path(&["ipv6"]).filter(|v6| v6.is_yes(&["enabled"]));
    let v6 = v6.into_iter().flat_map(|v6| v6.below(&["address"]));
    let v6 = v6.filter(|a| a.flag(&["enable-on-interface"]).is_none_or(|f| f.value));
    let mut addresses = Vec::new();
    for at in v4.chain(v6) {
        match scope.book.net(at) {
            Some(net) => addresses.push(net),
            None => scope.tell(no_address(at)),
        }
    }
    addresses
}

fn no_address(at: At<'_>) -> Finding {
    let title = format!("`{}` is no address and no address object", at.shown());
    Finding::error("invalid-value", title).at(at.span(), "expected an address such as 192.0.2.1/24")
}

/// PAN-OS states what is taken off the MTU; the model wants what is left (RFC 9293 §3.7.1).
fn tcp_mss(layer3: At<'_>, mtu: u16) -> Option<Spanned<u16>> {
    let adjust = layer3.get("adjust-tcp-mss")?;
    let enable = adjust.flag(&["enable"]).filter(|enable| enable.value)?;
    let less = adjust.number::<u16>(&["ipv4-mss-adjustment"]);
    let less = less.unwrap_or(enable.map(|_| 40));
    Some(less.map(|less| mtu.saturating_sub(less)))
}

/// The zone of each interface.
fn zones(scope: &Scope<'_>) -> BTreeMap<String, Spanned<String>> {
    let mut zones = BTreeMap::new();
    for zone in scope.systems().flat_map(|vsys| vsys.below(&["zone"])) {
        for member in zone.values(&["network", "layer3"]) {
            zones.insert(
                member.word().to_owned(),
                member.spanned(zone.word().to_owned()),
            );
        }
    }
    zones
}

/// The virtual router of each interface.
fn routers(device: At<'_>) -> BTreeMap<String, Spanned<String>> {
    let mut routers = BTreeMap::new();
    for router in super::route::routers(device) {
        for member in router.body.values(&["interface"]) {
            let name = member.spanned(router.name.word().to_owned());
            routers.insert(member.word().to_owned(), name);
        }
    }
    routers
}
