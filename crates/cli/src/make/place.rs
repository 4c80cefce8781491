//! A gateway in its network: interfaces, routes, rules and NAT around one connection, as each
//! vendor's operator would have them.

use super::site::Vendor;
use crossgate_crypto::Encr;
use crossgate_diag::{Sources, Span, Spanned};
use crossgate_esp::{DEFAULT_PATH_MTU, inner_mtu};
use crossgate_model::behaviour::{Claim, ResponderSelectors};
use crossgate_model::config::{AddressObject, AddressValue, InterfaceKind, Policy, Zone};
use crossgate_model::view::Encapsulation;
use crossgate_model::{
    AccessEntry, AccessList, Action, Behaviour, Connection, EspProposal, Gateway, Interface,
    Limits, NatRule, NextHop, Path, Route, SecurityRule, Selector, SelectorPair, SourceTranslation,
};
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

const ANY: &str = "any";
/// PAN-OS's zones.
const OUTSIDE: &str = "untrust";
const INSIDE: &str = "trust";
const TUNNELS: &str = "vpn";
/// What is to be translated by IOS-XE.
const INTERNET: &str = "INTERNET";

/// A gateway without its connections.
#[derive(Clone, Debug)]
pub struct Place {
    pub vendor: Vendor,
    pub release: Option<String>,
    pub hostname: Option<String>,
    pub wan: Port,
    /// The router on the WAN.
    pub next_hop: Option<IpAddr>,
    pub lans: Vec<Port>,
    pub tunnel: TunnelPort,
    /// Whether the LANs reach the Internet, by NAT.
    pub internet: bool,
    /// What the other end is called.
    pub peer: String,
}

/// An interface, and its address with the prefix length.
#[derive(Clone, Debug)]
pub struct Port {
    pub interface: String,
    pub address: IpNet,
}

#[derive(Clone, Debug)]
pub struct TunnelPort {
    pub interface: String,
    pub address: Option<IpNet>,
    /// Octets of an IP packet, and of a TCP segment.
    pub mtu: Option<u16>,
    pub mss: Option<u16>,
}

const NAT_TRAVERSAL: u16 = 4500;
/// Octets of IPv4 and TCP headers without options.
pub const TCP_HEADERS: u16 = 40;

/// Octets of the largest TCP segment that fits with any of the offers, even if a NAT on the way
/// has ESP wrapped in UDP.
pub fn fitting(proposals: &[EspProposal]) -> u16 {
    let path = Path {
        local: Ipv4Addr::UNSPECIFIED.into(),
        remote: Ipv4Addr::UNSPECIFIED.into(),
        encapsulation: Encapsulation::Udp {
            local_port: NAT_TRAVERSAL,
            remote_port: NAT_TRAVERSAL,
        },
    };
    let room = |encr: Encr, integ| inner_mtu(DEFAULT_PATH_MTU, encr, integ, &path);
    let of_one = |proposal: &EspProposal| {
        let integ = proposal.integ.iter().map(|integ| Some(integ.value));
        let integ: Vec<_> = integ.chain([None]).collect();
        let ciphers = proposal.encr.iter().map(|encr| encr.value);
        let all = ciphers.flat_map(|encr| integ.iter().map(move |integ| room(encr, *integ)));
        all.min()
    };
    let least = proposals.iter().filter_map(of_one).min();
    least
        .unwrap_or(DEFAULT_PATH_MTU)
        .saturating_sub(TCP_HEADERS)
}

/// What is written, as opposed to left to a default.
pub fn stated<T>(value: T) -> Spanned<T> {
    Spanned::at(value, Span::new(Sources::new().add("", ""), 0..0))
}

/// Only the peer's offer as it is configured, or what both select of it (RFC 7296 §2.9).
pub const SELECTORS: Claim<ResponderSelectors> = Claim::new(
    ResponderSelectors::Narrow,
    crossgate_diag::Certainty::Rfc,
    "RFC 7296 §2.9",
);

/// Names by each vendor's habit.
impl Vendor {
    pub fn wan(self) -> String {
        match self {
            Self::IosXe => "GigabitEthernet0/0/0".into(),
            Self::PanOs => "ethernet1/1".into(),
        }
    }

    /// Of the LAN with that number, from 0.
    pub fn lan(self, number: usize) -> String {
        match self {
            Self::IosXe => format!("GigabitEthernet0/0/{}", number + 1),
            Self::PanOs => format!("ethernet1/{}", number + 2),
        }
    }

    pub fn tunnel(self) -> String {
        match self {
            Self::IosXe => "Tunnel0".into(),
            Self::PanOs => "tunnel.1".into(),
        }
    }

    /// What the connection to a peer is called.
    pub fn connection(self, peer: &str) -> String {
        match self {
            Self::IosXe => peer.to_ascii_uppercase(),
            Self::PanOs => format!("gw-{peer}"),
        }
    }

    /// Names of the offers for IKE and ESP.
    pub fn offers(self, peer: &str) -> [String; 2] {
        match self {
            Self::IosXe => ["IKE", "ESP"].map(|kind| format!("{}-{kind}", peer.to_uppercase())),
            Self::PanOs => ["ike", "esp"].map(|kind| format!("{kind}-{peer}")),
        }
    }

    /// What a tunnel is called that has that interface.
    pub fn tunnel_name(self, peer: &str, interface: &str) -> String {
        match self {
            Self::IosXe => interface.to_owned(),
            Self::PanOs => format!("tun-{peer}"),
        }
    }

    /// What a Child is called, of `count`; numbers are from 0.
    pub fn child(self, tunnel: &str, number: usize, count: usize) -> String {
        match (self, count) {
            (Self::IosXe, 1) => tunnel.to_owned(),
            (Self::IosXe, _) => format!("{tunnel}:{}", number + 1),
            (Self::PanOs, _) => format!("{tunnel}:net-{}", number + 1),
        }
    }
}

/// The gateway with that connection. `networks` are those that it joins: behind this end, and
/// behind the other.
pub fn gateway(place: &Place, connection: Connection, networks: &Networks) -> Gateway {
    Gateway {
        dialect: match place.vendor {
            Vendor::IosXe => "ios-xe",
            Vendor::PanOs => "pan-os",
        },
        hostname: place.hostname.clone().map(stated),
        release: place.release.clone().map(stated),
        behaviour: Behaviour::rfc7296(),
        interfaces: interfaces(place),
        routes: routes(place, &networks.remote),
        policy: Arc::new(match place.vendor {
            Vendor::IosXe => translation(place, networks),
            Vendor::PanOs => zones_and_rules(place, networks),
        }),
        connections: vec![connection],
        limits: Limits::default(),
        throughput_cap: None,
        certificates: Vec::new(),
    }
}

#[derive(Clone, Debug, Default)]
pub struct Networks {
    pub local: Vec<IpNet>,
    pub remote: Vec<IpNet>,
}

fn interfaces(place: &Place) -> Vec<Interface> {
    let wan = port(place, &place.wan, "to the Internet".into(), OUTSIDE);
    let lans = place.lans.iter();
    let lans = lans.map(|lan| port(place, lan, "LAN".into(), INSIDE));
    let mut tunnel = interface(
        place,
        &place.tunnel.interface,
        InterfaceKind::Tunnel,
        TUNNELS,
    );
    tunnel.description = Some(stated(format!("to {}", place.peer)));
    tunnel.addresses = place.tunnel.address.into_iter().map(stated).collect();
    tunnel.mtu = place.tunnel.mtu.map(stated);
    tunnel.tcp_mss = place.tunnel.mss.map(stated);
    [wan].into_iter().chain(lans).chain([tunnel]).collect()
}

fn port(place: &Place, port: &Port, description: String, zone: &str) -> Interface {
    Interface {
        description: Some(stated(description)),
        addresses: vec![stated(port.address)],
        ..interface(place, &port.interface, InterfaceKind::Physical, zone)
    }
}

fn interface(place: &Place, name: &str, kind: InterfaceKind, zone: &str) -> Interface {
    let is_pan = place.vendor == Vendor::PanOs;
    Interface {
        name: stated(name.to_owned()),
        kind,
        description: None,
        addresses: Vec::new(),
        learnt_address: None,
        enabled: stated(true),
        mtu: None,
        tcp_mss: None,
        zone: is_pan.then(|| stated(zone.to_owned())),
        virtual_router: is_pan.then(|| stated("default".to_owned())),
        filter_in: None,
        filter_out: None,
        bandwidth: None,
    }
}

fn routes(place: &Place, remote: &[IpNet]) -> Vec<Route> {
    let wan = stated(place.wan.interface.clone());
    let default = place.next_hop.map(|hop| {
        let via = match place.vendor {
            Vendor::IosXe => NextHop::Address(stated(hop)),
            Vendor::PanOs => NextHop::Both(wan, stated(hop)),
        };
        let everything = if hop.is_ipv4() {
            IpNet::default()
        } else {
            v6()
        };
        route(place, "internet".into(), everything, via)
    });
    let tunnel = stated(place.tunnel.interface.clone());
    let into_tunnel = (1..).zip(remote).map(|(number, net)| {
        let name = format!("{}-{number}", place.peer);
        route(place, name, *net, NextHop::Interface(tunnel.clone()))
    });
    default.into_iter().chain(into_tunnel).collect()
}

fn v6() -> IpNet {
    IpNet::V6(ipnet::Ipv6Net::default())
}

fn route(place: &Place, name: String, destination: IpNet, via: NextHop) -> Route {
    // What static routes have where nothing is said.
    let (distance, metric) = match place.vendor {
        Vendor::IosXe => (1, 0),
        Vendor::PanOs => (10, 10),
    };
    Route {
        name: Some(stated(name)),
        destination: stated(destination),
        via,
        distance,
        metric,
        virtual_router: None,
    }
}

/// IOS-XE: what leaves by the WAN gets its address, except what is for the other end.
fn translation(place: &Place, networks: &Networks) -> Policy {
    if !place.internet {
        return Policy::default();
    }
    let mut entries = Vec::new();
    for local in &networks.local {
        for remote in &networks.remote {
            entries.push(entry(Action::Deny, *local, *remote));
        }
    }
    for lan in &place.lans {
        entries.push(entry(Action::Allow, lan.address.trunc(), IpNet::default()));
    }
    let rule = NatRule {
        access_list: Some(stated(INTERNET.to_owned())),
        from: place
            .lans
            .iter()
            .map(|lan| stated(lan.interface.clone()))
            .collect(),
        source: Vec::new(),
        destination: Vec::new(),
        service: None,
        ..to_wan(place, INTERNET)
    };
    Policy {
        nat_rules: vec![rule],
        access_lists: vec![AccessList {
            name: stated(INTERNET.to_owned()),
            entries,
        }],
        ..Policy::default()
    }
}

fn entry(action: Action, from: IpNet, to: IpNet) -> AccessEntry {
    let pair = SelectorPair {
        local: Selector::net(from),
        remote: Selector::net(to),
    };
    AccessEntry {
        action: stated(action),
        selectors: Some(stated(pair)),
    }
}

/// A rule that gives packets the address of the WAN; whose, its owner says.
fn to_wan(place: &Place, name: &str) -> NatRule {
    NatRule {
        name: stated(name.to_owned()),
        access_list: None,
        from: words(&[INSIDE]),
        to: vec![stated(place.wan.interface.clone())],
        source: Vec::new(),
        destination: words(&[ANY]),
        service: Some(stated(ANY.to_owned())),
        source_translation: SourceTranslation::Interface(stated(place.wan.interface.clone())),
        enabled: true,
    }
}

/// PAN-OS: a zone for each side, rules for the tunnel both ways, and for the Internet.
fn zones_and_rules(place: &Place, networks: &Networks) -> Policy {
    let (here, there) = objects(networks, &place.peer);
    let names = |objects: &[AddressObject]| objects.iter().map(|o| o.name.clone()).collect();
    let (local, remote): (Vec<_>, Vec<_>) = (names(&here), names(&there));
    let mut rules = vec![
        allow("vpn-in", [TUNNELS, INSIDE], &remote, &local),
        allow("vpn-out", [INSIDE, TUNNELS], &local, &remote),
    ];
    let mut nat_rules = Vec::new();
    if place.internet {
        let lans = (1..).zip(&place.lans);
        let lans: Vec<_> = lans
            .map(|(number, _)| stated(format!("lan-{number}")))
            .collect();
        rules.push(allow(
            "to-internet",
            [INSIDE, OUTSIDE],
            &lans,
            &words(&[ANY]),
        ));
        let keep = NatRule {
            to: words(&[TUNNELS]),
            source: local,
            destination: remote,
            source_translation: SourceTranslation::None,
            ..to_wan(place, "keep-vpn-addresses")
        };
        let translate = NatRule {
            to: words(&[OUTSIDE]),
            source: lans,
            ..to_wan(place, "internet-access")
        };
        nat_rules = vec![keep, translate];
    }
    Policy {
        zones_need_rules: true,
        zones: zones(place),
        addresses: addresses(place, here, there).into_iter().collect(),
        security_rules: rules,
        nat_rules,
        ..Policy::default()
    }
}

fn zones(place: &Place) -> Vec<Zone> {
    let lans = place.lans.iter().map(|lan| stated(lan.interface.clone()));
    let zone = |name: &str, interfaces| Zone {
        name: stated(name.to_owned()),
        interfaces,
    };
    vec![
        zone(OUTSIDE, vec![stated(place.wan.interface.clone())]),
        zone(INSIDE, lans.collect()),
        zone(TUNNELS, vec![stated(place.tunnel.interface.clone())]),
    ]
}

/// Names for the networks that are joined.
fn objects(networks: &Networks, peer: &str) -> (Vec<AddressObject>, Vec<AddressObject>) {
    let named = |stem: &str, nets: &[IpNet]| -> Vec<AddressObject> {
        let numbered = (1..).zip(nets);
        let object = numbered.map(|(number, net)| object(format!("{stem}-{number}"), *net));
        object.collect()
    };
    (
        named("local", &networks.local),
        named(peer, &networks.remote),
    )
}

fn addresses(
    place: &Place,
    here: Vec<AddressObject>,
    there: Vec<AddressObject>,
) -> Vec<AddressObject> {
    let lans = (1..).zip(&place.lans).filter(|_| place.internet);
    let lans = lans.map(|(number, lan)| object(format!("lan-{number}"), lan.address.trunc()));
    lans.chain(here).chain(there).collect()
}

fn object(name: String, net: IpNet) -> AddressObject {
    AddressObject {
        name: stated(name),
        value: AddressValue::Net(stated(net)),
    }
}

fn allow(
    name: &str,
    [from, to]: [&str; 2],
    source: &[Spanned<String>],
    destination: &[Spanned<String>],
) -> SecurityRule {
    SecurityRule {
        name: stated(name.to_owned()),
        from: words(&[from]),
        to: words(&[to]),
        source: source.to_vec(),
        destination: destination.to_vec(),
        application: words(&[ANY]),
        service: words(&[ANY]),
        action: stated(Action::Allow),
        negate_source: false,
        negate_destination: false,
        enabled: true,
    }
}

fn words(words: &[&str]) -> Vec<Spanned<String>> {
    words
        .iter()
        .map(|word| stated((*word).to_owned()))
        .collect()
}
