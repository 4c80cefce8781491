//! From a configured gateway to policies.

use crate::{Clamp, Policy};
use crossgate_model::behaviour::ResponderSelectors;
use crossgate_model::{
    Auth, Behaviour, Certainty, Child, Claim, Connection, Gateway, Identity, IkeVersion,
    Initiation, Interface, InterfaceKind, Lifetime, LocalEnd, Nat, RemoteEnd, SelectorPair,
    Spanned,
};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

fn value<T>(value: T) -> Spanned<T> {
    Spanned::default_of(value)
}

fn child(name: &str, interface: Option<&str>, enabled: bool) -> Child {
    Child {
        name: value(name.into()),
        tunnel: value(name.into()),
        tunnel_interface: interface.map(|name| value(name.into())),
        selectors: value(SelectorPair::ANY_V4),
        responder_selectors: Claim::new(ResponderSelectors::Narrow, Certainty::Rfc, "a test"),
        proposals: Vec::new(),
        pfs: None,
        lifetime: Lifetime {
            time: value(Duration::from_secs(3600)),
            kilobytes: None,
            idle: None,
        },
        replay_window: value(64),
        oversize: Default::default(),
        enabled: value(enabled),
    }
}

fn connection(name: &str, enabled: bool, children: Vec<Child>) -> Connection {
    let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
    Connection {
        name: value(name.into()),
        version: value(IkeVersion::V2),
        local: LocalEnd {
            interface: None,
            address: None,
        },
        remote: RemoteEnd::Any,
        proposals: Vec::new(),
        local_identity: value(Identity::Address(address)),
        remote_identities: Vec::new(),
        local_auth: value(Auth::RsaSignature),
        remote_auth: value(Auth::RsaSignature),
        certificates: Default::default(),
        post_quantum: None,
        lifetime: value(Duration::from_secs(86_400)),
        liveness: None,
        nat: Nat {
            enabled: value(true),
            force_encapsulation: value(false),
            agrees_on_udp: false,
            keepalive: value(Duration::from_secs(20)),
        },
        fragmentation: None,
        initiation: value(Initiation::Never),
        enabled: value(enabled),
        children,
    }
}

fn gateway(connections: Vec<Connection>) -> Gateway {
    Gateway {
        dialect: "test",
        hostname: None,
        release: None,
        behaviour: Behaviour::rfc7296(),
        interfaces: Vec::new(),
        routes: Vec::new(),
        connections,
        limits: Default::default(),
        policy: Default::default(),
        throughput_cap: None,
        certificates: Vec::new(),
    }
}

#[test]
fn policies_are_those_of_enabled_children_of_enabled_connections() {
    let up = vec![
        child("tunnel", Some("Tunnel0"), true),
        child("switched-off", Some("Tunnel0"), false),
        child("map", None, true),
    ];
    let down = vec![child("of-a-disabled-peer", Some("Tunnel1"), true)];
    let gateway = gateway(vec![
        connection("up", true, up),
        connection("down", false, down),
    ]);
    let policy = |child: &str, interface: Option<&str>| Policy {
        child: child.into(),
        tunnel_interface: interface.map(Into::into),
        selectors: SelectorPair::ANY_V4,
        handling: Default::default(),
    };
    let expected = [policy("tunnel", Some("Tunnel0")), policy("map", None)];
    assert_eq!(Policy::all_of(&gateway), expected);
}

fn interface(name: &str, kind: InterfaceKind, net: &str) -> Interface {
    Interface {
        name: value(name.into()),
        kind,
        description: None,
        addresses: vec![value(net.parse().expect("an address"))],
        learnt_address: None,
        enabled: value(true),
        mtu: None,
        tcp_mss: None,
        zone: None,
        virtual_router: None,
        filter_in: None,
        filter_out: None,
        bandwidth: None,
    }
}

#[test]
fn sizes_are_those_of_the_interfaces_on_the_way() {
    let mut tunnel = interface("Tunnel0", InterfaceKind::Tunnel, "169.254.0.1/30");
    (tunnel.mtu, tunnel.tcp_mss) = (Some(value(1300)), Some(value(1240)));
    let mut inside = interface("Inside", InterfaceKind::Physical, "10.1.0.1/16");
    (inside.mtu, inside.tcp_mss) = (Some(value(1200)), Some(value(1350)));
    let children = vec![child("lan", Some("Tunnel0"), true)];
    let mut gateway = gateway(vec![connection("peer", true, children)]);
    gateway.interfaces = vec![tunnel, inside];
    let policies = Policy::all_of(&gateway);
    let handling = &policies[0].handling;
    assert_eq!(handling.tunnel_mtu, Some(1300));
    let clamp = |hosts: Option<&str>, mss| Clamp {
        hosts: hosts.map(|hosts| hosts.parse().expect("a network")),
        mss,
    };
    let clamps = [clamp(None, 1240), clamp(Some("10.1.0.0/16"), 1350)];
    assert_eq!(handling.clamps, clamps);
}
