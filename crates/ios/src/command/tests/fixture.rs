//! One router with five peers: up with traffic and a rekey under way, negotiating, down, behind NAT
//! with GCM, and idle under a crypto map.

use crossgate_crypto::{DhGroup, Encr, Integ, Prf};
use crossgate_diag::Sources;
use crossgate_model::operate::Station;
use crossgate_model::view::*;
use crossgate_model::{Gateway, Selector, SelectorPair};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

pub const KEY: &str = "the-key-that-nobody-may-see";

const NOW: u64 = 1_780_607_353; // 21:09:13 UTC on Thu Jun 4 2026

/// A router at one moment.
pub struct Scene {
    pub gateway: Gateway,
    pub snapshot: Snapshot,
    pub masked_config: String,
}

impl Scene {
    pub fn station(&self) -> Station<'_> {
        Station {
            gateway: &self.gateway,
            snapshot: &self.snapshot,
            masked_config: &self.masked_config,
        }
    }
}

pub fn scene() -> Scene {
    let mut sources = Sources::new();
    let file = sources.add("branch.cfg", include_str!("branch.cfg"));
    let reading = crate::read(&mut sources, file).expect("a configuration");
    let snapshot = Snapshot {
        system: system(),
        interfaces: interfaces(),
        routes: routes(),
        connections: vec![hq(), lab(), spare(), cloud(), partner()],
        ..Snapshot::default()
    };
    for connection in &snapshot.connections {
        assert!(
            reading.gateway.connection(&connection.name).is_some(),
            "{} is in the file",
            connection.name
        );
    }
    Scene {
        gateway: reading.gateway,
        snapshot,
        masked_config: sources.get(file).masked(),
    }
}

/// The same router, with those of its peers.
pub fn scene_with(peers: &[&str]) -> Scene {
    let mut scene = scene();
    scene
        .snapshot
        .connections
        .retain(|connection| peers.contains(&connection.name.as_str()));
    scene
}

/// The same router with one peer, over IPv6.
pub fn scene_over_ipv6() -> Scene {
    let mut scene = scene();
    let mut connection = hq();
    let (local, remote) = (address("2001:db8:1101::131"), address("2001:db8:1201::122"));
    (connection.local, connection.remote) = (Some(local), Some(remote));
    for sa in &mut connection.ike_sas {
        sa.local = SocketAddr::new(local, 500);
        sa.remote = SocketAddr::new(remote, 500);
        sa.local_identity = format!("address {local}");
        sa.remote_identity = format!("address {remote}");
    }
    connection.children.truncate(1);
    for child in &mut connection.children {
        child.sas.truncate(1);
        for sa in &mut child.sas {
            (sa.local, sa.remote) = (local, remote);
            sa.selectors.local = Selector::net("2001:db8:10::/48".parse().expect("a network"));
            sa.selectors.remote = Selector::ANY_V6;
        }
    }
    scene.snapshot.connections = vec![connection];
    scene
}

/// The same router, whose one Child is for one server's HTTPS, from some odd addresses.
pub fn scene_of_one_service() -> Scene {
    let mut scene = scene();
    let mut connection = hq();
    let mut web = pair("10.10.10.0/24", "10.20.30.7/32");
    web.local = web.local.only(6, 0..=u16::MAX);
    web.local.start = address("10.10.10.9");
    web.remote = web.remote.only(6, 443..=443);
    connection.children.truncate(1);
    for child in &mut connection.children {
        child.sas.truncate(1);
        for sa in &mut child.sas {
            sa.selectors = web;
        }
    }
    scene.snapshot.connections = vec![connection];
    scene
}

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn net(text: &str) -> Selector {
    Selector::net(text.parse().expect("a network"))
}

fn pair(local: &str, remote: &str) -> SelectorPair {
    SelectorPair {
        local: net(local),
        remote: net(remote),
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn system() -> SystemView {
    SystemView {
        hostname: "branch".into(),
        release: "17.9".into(),
        version: "0.1.0".into(),
        uptime: seconds(27 * 86_400 + 1920),
        unix_time: NOW,
        ..SystemView::default()
    }
}

fn interface(name: &str, addresses: &[&str]) -> InterfaceView {
    InterfaceView {
        name: name.into(),
        device: None,
        tunnel: false,
        enabled: true,
        line_up: true,
        addresses: addresses
            .iter()
            .map(|a| a.parse().expect("a network"))
            .collect(),
        mtu: 1500,
        mac: None,
        speed: None,
        description: None,
        zone: None,
        virtual_router: None,
        tunnel_ends: None,
        tunnel_source: None,
        received: Traffic::default(),
        sent: Traffic::default(),
    }
}

fn tunnel(number: u32, up: bool, remote: &str) -> InterfaceView {
    let inner = format!("169.254.2{number}.1/30");
    InterfaceView {
        tunnel: true,
        line_up: up,
        mtu: 1400,
        tunnel_ends: Some((address("203.0.113.10"), address(remote))),
        tunnel_source: Some("GigabitEthernet1".into()),
        ..interface(&format!("Tunnel{number}"), &[&inner])
    }
}

fn interfaces() -> Vec<InterfaceView> {
    vec![
        InterfaceView {
            description: Some("to headquarters".into()),
            received: Traffic {
                packets: 4_112_421,
                bytes: 2_633_533_316,
                ..Traffic::default()
            },
            sent: Traffic {
                packets: 4_981_028,
                bytes: 409_215_038,
                drops: 3,
                ..Traffic::default()
            },
            ..tunnel(0, true, "198.51.100.20")
        },
        tunnel(1, false, "198.51.100.30"),
        tunnel(2, false, "198.51.100.40"),
        tunnel(3, true, "192.0.2.50"),
        InterfaceView {
            mtu: 1514,
            ..interface("Loopback0", &["10.10.255.1/32"])
        },
        InterfaceView {
            mac: Some([0x52, 0x54, 0, 0xff, 0x0e, 0x7e]),
            speed: Some(10_000),
            description: Some("Internet".into()),
            ..interface("GigabitEthernet1", &["203.0.113.10/24"])
        },
        InterfaceView {
            line_up: false,
            ..interface("GigabitEthernet2", &["10.10.10.1/24"])
        },
        InterfaceView {
            enabled: false,
            line_up: false,
            ..interface("GigabitEthernet3", &[])
        },
    ]
}

fn route(destination: &str, kind: RouteKind, interface: Option<&str>) -> RouteView {
    RouteView {
        destination: destination.parse().expect("a network"),
        kind,
        gateway: None,
        interface: interface.map(str::to_owned),
        distance: if kind == RouteKind::Static { 1 } else { 0 },
        metric: 0,
        virtual_router: None,
        discard: interface.is_none(),
    }
}

fn routes() -> Vec<RouteView> {
    use RouteKind::{Connected, Local, Static};
    let lan = Some("GigabitEthernet2");
    let wan = Some("GigabitEthernet1");
    let gateway = |mut route: RouteView, gateway: &str| {
        route.gateway = Some(address(gateway));
        route
    };
    vec![
        gateway(route("0.0.0.0/0", Static, wan), "203.0.113.1"),
        route("10.10.10.0/24", Connected, lan),
        route("10.10.10.1/32", Local, lan),
        route("10.20.20.0/24", Static, Some("Tunnel0")),
        route("10.66.0.0/16", Static, None),
        route("169.254.20.0/30", Connected, Some("Tunnel0")),
        gateway(route("172.16.0.0/24", Static, wan), "203.0.113.1"),
        gateway(route("172.16.0.0/24", Static, wan), "203.0.113.2"),
        route("192.168.7.0/24", Connected, lan),
        route("203.0.113.0/24", Connected, wan),
        route("203.0.113.10/32", Local, wan),
        route("2001:db8::/64", Connected, lan),
    ]
}

fn connection(id: u32, name: &str, remote: &str) -> ConnectionView {
    ConnectionView {
        id,
        name: name.into(),
        local: Some(address("203.0.113.10")),
        remote: Some(address(remote)),
        enabled: true,
        ike_sas: Vec::new(),
        children: Vec::new(),
    }
}

fn ike_sa(id: u32, remote: &str, port: u16) -> IkeSaView {
    IkeSaView {
        id,
        state: IkeState::Established,
        role: Role::Initiator,
        local: SocketAddr::new(address("203.0.113.10"), port),
        remote: SocketAddr::new(address(remote), port),
        initiator_spi: 0x8669_654a_b024_e4ae,
        responder_spi: 0xabd_66d7_02c0_2131,
        suite: Some(IkeSuiteView {
            encr: Encr::AesCbc256,
            integ: Some(Integ::HmacSha256_128),
            prf: Prf::HmacSha256,
            group: DhGroup::Modp14,
        }),
        local_identity: "address 203.0.113.10".into(),
        remote_identity: format!("address {remote}"),
        local_auth: "pre-shared key".into(),
        remote_auth: "pre-shared key".into(),
        lifetime: seconds(28_800),
        age: seconds(582),
        rekey_in: Some(seconds(25_000)),
        nat_local: false,
        nat_remote: false,
        liveness: Some(seconds(10)),
        fragmentation: false,
        next_request: 37,
        next_expected: 5,
        outstanding: 0,
    }
}

fn child(id: u32, name: &str, interface: Option<&str>, selectors: SelectorPair) -> ChildView {
    let tunnel = name.split_once(':').map_or(name, |(tunnel, _)| tunnel);
    ChildView {
        id,
        name: name.into(),
        tunnel: tunnel.into(),
        tunnel_interface: interface.map(str::to_owned),
        enabled: true,
        selectors,
        lifetime: seconds(3600),
        kilobytes: Some(4_608_000),
        pfs: None,
        sas: Vec::new(),
        totals: ChildCounters::default(),
        last_failure: None,
    }
}

fn child_sa(id: u32, remote: &str, selectors: SelectorPair) -> ChildSaView {
    ChildSaView {
        id,
        ike_id: 3,
        role: Role::Initiator,
        spi_in: 0x658f_7c11,
        spi_out: 0x397c_36ee,
        local: address("203.0.113.10"),
        remote: address(remote),
        selectors,
        encr: Encr::AesCbc256,
        integ: Some(Integ::HmacSha256_128),
        esn: false,
        pfs: None,
        encapsulation: Encapsulation::Esp,
        lifetime: seconds(3600),
        age: seconds(395),
        kilobytes: Some(4_608_000),
        replay_window: 64,
        inner_mtu: 1438,
        path_mtu: 1500,
        counters: ChildCounters {
            packets_in: 12,
            bytes_in: 1_800_000,
            packets_out: 15,
            bytes_out: 2048,
            ..ChildCounters::default()
        },
        message_id: 1,
    }
}

/// Up, and the first of its two Children is being rekeyed: two SAs.
fn hq() -> ConnectionView {
    let lans = pair("10.10.10.0/24", "10.20.20.0/24");
    let servers = pair("10.10.10.0/24", "10.20.30.0/28");
    let rekeyed = ChildSaView {
        age: seconds(5),
        spi_in: 0xcafe_0001,
        spi_out: 0xcafe_0002,
        role: Role::Responder,
        pfs: Some(DhGroup::Modp14),
        counters: ChildCounters::default(),
        ..child_sa(8, "198.51.100.20", lans)
    };
    let mut first = child(1, "Tunnel0:1", Some("Tunnel0"), lans);
    first.sas = vec![rekeyed, child_sa(7, "198.51.100.20", lans)];
    first.totals = ChildCounters {
        packets_in: 4_112_421,
        bytes_in: 2_633_533_316,
        packets_out: 4_981_028,
        bytes_out: 409_215_038,
        auth_errors: 1,
        decrypt_errors: 2,
        replayed: 3,
        outside_selectors: 4,
        send_errors: 5,
        no_sa: 6,
        acquires: 1,
    };
    ConnectionView {
        ike_sas: vec![ike_sa(3, "198.51.100.20", 500)],
        children: vec![first, child(2, "Tunnel0:2", Some("Tunnel0"), servers)],
        ..connection(1, "HQ", "198.51.100.20")
    }
}

fn lab() -> ConnectionView {
    ConnectionView {
        ike_sas: vec![IkeSaView {
            state: IkeState::Negotiating,
            responder_spi: 0,
            suite: None,
            local_identity: "fqdn branch.example.net".into(),
            remote_identity: String::new(),
            lifetime: seconds(86_400),
            age: seconds(4),
            liveness: None,
            next_request: 1,
            next_expected: 0,
            outstanding: 1,
            ..ike_sa(4, "198.51.100.30", 500)
        }],
        children: vec![child(3, "Tunnel1", Some("Tunnel1"), SelectorPair::ANY_V4)],
        ..connection(2, "LAB", "198.51.100.30")
    }
}

fn spare() -> ConnectionView {
    ConnectionView {
        children: vec![child(4, "Tunnel2", Some("Tunnel2"), SelectorPair::ANY_V4)],
        ..connection(3, "SPARE", "198.51.100.40")
    }
}

/// Behind NAT, with GCM everywhere and no limit of volume.
fn cloud() -> ConnectionView {
    let mut only = child(5, "Tunnel3", Some("Tunnel3"), SelectorPair::ANY_V4);
    only.kilobytes = None;
    only.totals.packets_in = 7;
    only.totals.packets_out = 9;
    only.sas = vec![ChildSaView {
        ike_id: 5,
        encr: Encr::AesGcm256,
        integ: None,
        kilobytes: None,
        encapsulation: Encapsulation::Udp {
            local_port: 4500,
            remote_port: 45_711,
        },
        spi_in: 0x46_9592,
        spi_out: 0x6de5_239c,
        replay_window: 0,
        inner_mtu: 1422,
        ..child_sa(9, "192.0.2.50", SelectorPair::ANY_V4)
    }];
    let mut sa = IkeSaView {
        role: Role::Responder,
        suite: Some(IkeSuiteView {
            encr: Encr::AesGcm256,
            integ: None,
            prf: Prf::HmacSha384,
            group: DhGroup::Ecp20,
        }),
        local_identity: "email branch@example.net".into(),
        remote_identity: "fqdn gw.cloud.example.net".into(),
        lifetime: seconds(86_400),
        age: seconds(4 * 86_400 + 3600),
        liveness: Some(seconds(30)),
        nat_local: true,
        fragmentation: true,
        ..ike_sa(5, "192.0.2.50", 4500)
    };
    sa.lifetime = seconds(7 * 86_400);
    sa.remote.set_port(45_711);
    ConnectionView {
        ike_sas: vec![sa],
        children: vec![only],
        ..connection(4, "CLOUD", "192.0.2.50")
    }
}

/// An IKE SA without a Child, of a crypto map.
fn partner() -> ConnectionView {
    let sa = IkeSaView {
        state: IkeState::Rekeying,
        suite: Some(IkeSuiteView {
            encr: Encr::AesCbc128,
            integ: Some(Integ::HmacSha1_96),
            prf: Prf::HmacSha1,
            group: DhGroup::Ecp19,
        }),
        liveness: None,
        ..ike_sa(6, "198.51.100.60", 500)
    };
    let selectors = pair("10.10.10.0/24", "10.60.0.0/16");
    ConnectionView {
        ike_sas: vec![sa],
        children: vec![child(6, "CMAP 10", None, selectors)],
        ..connection(5, "PARTNER", "198.51.100.60")
    }
}
