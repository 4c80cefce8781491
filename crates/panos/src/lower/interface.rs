//! Interfaces of layer 3: ethernet, aggregates and their subinterfaces, VLAN, loopback and tunnel.

use super::Scope;
use crate::schema::Schema;
use crate::tree::At;
use crossgate_diag::Spanned;
use crossgate_model::{Interface, InterfaceKind};
use ipnet::IpNet;
use std::collections::{BTreeMap, BTreeSet};

/// What an interface's MTU is where nothing is said.
const MTU: u16 = 1500;

pub fn interfaces(scope: &mut Scope<'_>) -> Vec<Interface> {
    let zones = zones(scope);
    let routers = routers(scope.device);
    let tunnels = tunnel_interfaces(scope.device);
    let is_named = |name: &str| {
        zones.contains_key(name) || routers.contains_key(name) || tunnels.contains(name)
    };
    let bodies: Vec<Body<'_>> = bodies(scope.device).collect();
    let meant = bodies
        .into_iter()
        .filter(|body| !body.is_bare_kind() || is_named(body.name.word()));
    let lowered = meant.map(|body| Interface {
        zone: zones.get(body.name.word()).cloned(),
        virtual_router: routers.get(body.name.word()).cloned(),
        ..interface(scope, body)
    });
    lowered.collect()
}

/// What the file says of an interface that isn't among those of layer 3.
pub enum Elsewhere {
    /// One of a kind that isn't looked at.
    OtherKind,
    /// A port, or a unit of one, without a word of layer 3.
    NotLayer3,
    Nowhere,
}

pub fn elsewhere(device: At<'_>, name: &str) -> Elsewhere {
    let Some(section) = device.path(&["network", "interface"]) else {
        return Elsewhere::Nowhere;
    };
    let parent = name.split_once('.').map_or(name, |(parent, _)| parent);
    let holds = |kind: At<'_>| {
        kind.get(name).is_some() || kind.get(parent).is_some_and(|port| has_unit(port, name))
    };
    // What PAN-OS has no such kind of, defines nothing.
    let schema = Schema::get();
    let is_kind = |kind: &At<'_>| {
        let path = ["devices", "network", "interface", kind.word()];
        schema.path(&path).is_some()
    };
    let (ports, others): (Vec<At<'_>>, _) = section
        .children()
        .filter(is_kind)
        .filter(|kind| !VIRTUAL.iter().any(|(word, _)| *word == kind.word()))
        .partition(|kind| PORTS.contains(&kind.word()));
    if others.into_iter().any(holds) {
        Elsewhere::OtherKind
    } else if ports.into_iter().any(holds) {
        Elsewhere::NotLayer3
    } else {
        Elsewhere::Nowhere
    }
}

fn has_unit(port: At<'_>, name: &str) -> bool {
    port.children()
        .any(|mode| mode.path(&["units", name]).is_some())
}

const PORTS: [&str; 2] = ["ethernet", "aggregate-ethernet"];
const VIRTUAL: [(&str, InterfaceKind); 3] = [
    ("vlan", InterfaceKind::Physical),
    ("loopback", InterfaceKind::Loopback),
    ("tunnel", InterfaceKind::Tunnel),
];

/// An interface's name, and the elements that say what it is at layer 3.
struct Body<'t> {
    name: At<'t>,
    layer3: At<'t>,
    kind: InterfaceKind,
    /// Where comment and link state stand.
    outer: At<'t>,
}

impl Body<'_> {
    /// PAN-OS has `tunnel`, `loopback` and `vlan` themselves as well as their units; without
    /// settings, only who names them means them.
    fn is_bare_kind(&self) -> bool {
        let schema = Schema::get();
        let kind = schema.path(&["devices", "network", "interface", self.name.word()]);
        let is_setting = |word: &str| {
            word != "units" && kind.is_some_and(|kind| schema.child(kind, word).is_some())
        };
        let mut said = self.layer3.children().map(At::word);
        VIRTUAL.iter().any(|(word, _)| *word == self.name.word()) && !said.any(is_setting)
    }
}

fn bodies<'t>(device: At<'t>) -> impl Iterator<Item = Body<'t>> {
    let section = device.path(&["network", "interface"]);
    section.into_iter().flat_map(|section| {
        let ports = PORTS.into_iter().flat_map(move |kind| {
            let ports = section.below(&[kind]);
            ports.filter_map(port).flat_map(with_units)
        });
        let others = VIRTUAL
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

/// The interface and its subinterfaces.
fn with_units<'t>(body: Body<'t>) -> impl Iterator<Item = Body<'t>> {
    let kind = body.kind;
    let units = body.layer3.below(&["units"]).map(move |u| same(u, kind));
    std::iter::once(body).chain(units)
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
            None => scope.tell_no_address(at, "expected an address such as 192.0.2.1/24"),
        }
    }
    addresses
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

/// The interfaces that IPsec tunnels name.
fn tunnel_interfaces(device: At<'_>) -> BTreeSet<&str> {
    let tunnels = device.below(&["network", "tunnel", "ipsec"]);
    let interfaces = tunnels.filter_map(|tunnel| tunnel.value(&["tunnel-interface"]));
    interfaces.map(At::word).collect()
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
