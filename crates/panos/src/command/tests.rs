//! Prints of one fixture: a tunnel that is up with traffic, one that is down, and one behind NAT
//! with GCM.

use super::execute;
use crossgate_crypto::{DhGroup, Encr, Integ, Prf};
use crossgate_model::behaviour::Behaviour;
use crossgate_model::config::{Gateway, Limits, Policy};
use crossgate_model::operate::{Operation, Outcome, Reply, Station, Which};
use crossgate_model::view::*;
use crossgate_model::{Selector, SelectorPair};
use expect_test::{Expect, expect};
use std::time::Duration;

const ESTABLISHED: u64 = 1_780_607_353; // Jun.04 21:09:13

fn net(text: &str) -> Selector {
    Selector::net(text.parse().expect("a network"))
}

fn child(id: u32, name: &str) -> ChildView {
    ChildView {
        id,
        name: name.into(),
        tunnel: name.split(':').next().unwrap_or_default().into(),
        tunnel_interface: Some("tunnel.1".into()),
        enabled: true,
        selectors: SelectorPair {
            local: net("10.20.20.0/24"),
            remote: net("10.10.10.0/24"),
        },
        lifetime: Duration::from_secs(3600),
        kilobytes: None,
        pfs: Some(DhGroup::Modp14),
        sas: Vec::new(),
        totals: ChildCounters::default(),
        last_failure: None,
    }
}

fn child_sa() -> ChildSaView {
    ChildSaView {
        id: 7,
        ike_id: 3,
        role: Role::Responder,
        spi_in: 0xb5d0_9ab8,
        spi_out: 0x9fa6_9407,
        local: "198.51.100.20".parse().expect("address"),
        remote: "203.0.113.10".parse().expect("address"),
        selectors: child(1, "t").selectors,
        encr: Encr::AesCbc256,
        integ: Some(Integ::HmacSha256_128),
        esn: false,
        pfs: None,
        encapsulation: Encapsulation::Esp,
        lifetime: Duration::from_secs(3600),
        age: Duration::from_secs(155),
        kilobytes: None,
        replay_window: 1024,
        inner_mtu: 1438,
        path_mtu: 1500,
        counters: ChildCounters::default(),
        message_id: 1,
    }
}

fn ike_sa() -> IkeSaView {
    IkeSaView {
        id: 3,
        state: IkeState::Established,
        role: Role::Responder,
        local: "198.51.100.20:500".parse().expect("address"),
        remote: "203.0.113.10:500".parse().expect("address"),
        initiator_spi: 0x8669_654a_b024_e4ae,
        responder_spi: 0xcabd_66d7_02c0_2131,
        suite: Some(IkeSuiteView {
            encr: Encr::AesCbc256,
            integ: Some(Integ::HmacSha256_128),
            prf: Prf::HmacSha256,
            group: DhGroup::Modp14,
        }),
        local_identity: "address 198.51.100.20".into(),
        remote_identity: "address 203.0.113.10".into(),
        local_auth: "pre-shared key".into(),
        remote_auth: "pre-shared key".into(),
        lifetime: Duration::from_secs(28_800),
        age: Duration::from_secs(582),
        rekey_in: None,
        nat_local: false,
        nat_remote: false,
        liveness: Some(Duration::from_secs(10)),
        fragmentation: false,
        next_request: 37,
        next_expected: 35,
        outstanding: 0,
    }
}

fn snapshot() -> Snapshot {
    let mut up = child(1, "to-branch:lan");
    up.sas = vec![child_sa()];
    up.totals.packets_out = 5;
    up.totals.bytes_out = 420;
    Snapshot {
        system: SystemView {
            hostname: "hq".into(),
            release: "11.1.0".into(),
            version: "0.1.0".into(),
            uptime: Duration::from_secs(93_784),
            unix_time: ESTABLISHED + 582,
            management_address: Some("198.51.100.20/24".parse().expect("network")),
            management_mac: None,
            ciphers: None,
            workers: Vec::new(),
        },
        interfaces: vec![InterfaceView {
            name: "ethernet1/1".into(),
            device: Some("eth0".into()),
            tunnel: false,
            enabled: true,
            line_up: true,
            addresses: vec!["198.51.100.20/24".parse().expect("network")],
            mtu: 1500,
            mac: Some([0, 0x1b, 0x17, 0, 0, 1]),
            speed: Some(1000),
            description: None,
            zone: Some("untrust".into()),
            virtual_router: Some("default".into()),
            tunnel_ends: None,
            tunnel_source: None,
            received: Traffic::default(),
            sent: Traffic::default(),
        }],
        routes: vec![RouteView {
            destination: "10.10.10.0/24".parse().expect("network"),
            kind: RouteKind::Static,
            gateway: None,
            interface: Some("tunnel.1".into()),
            distance: 10,
            metric: 10,
            virtual_router: Some("default".into()),
            discard: false,
        }],
        connections: vec![
            ConnectionView {
                id: 1,
                name: "gw-branch".into(),
                local: Some("198.51.100.20".parse().expect("address")),
                remote: Some("203.0.113.10".parse().expect("address")),
                enabled: true,
                ike_sas: vec![ike_sa()],
                children: vec![up],
            },
            ConnectionView {
                id: 2,
                name: "gw-depot".into(),
                local: Some("198.51.100.20".parse().expect("address")),
                remote: Some("192.0.2.77".parse().expect("address")),
                enabled: true,
                ike_sas: Vec::new(),
                children: vec![child(2, "to-depot")],
            },
        ],
        counters: Default::default(),
        debug: Default::default(),
    }
}

fn gateway() -> Gateway {
    Gateway {
        dialect: "pan-os",
        hostname: None,
        release: None,
        behaviour: Behaviour::rfc7296(),
        interfaces: Vec::new(),
        routes: Vec::new(),
        connections: Vec::new(),
        limits: Limits::default(),
        policy: Policy::default().into(),
        throughput_cap: None,
        certificates: Vec::new(),
    }
}

fn reply(line: &str) -> Reply {
    reply_of(&snapshot(), line)
}

fn reply_of(snapshot: &Snapshot, line: &str) -> Reply {
    let gateway = gateway();
    execute(
        line,
        &Station {
            gateway: &gateway,
            snapshot,
            masked_config: "",
        },
    )
}

fn check(line: &str, expected: Expect) {
    let text = match reply(line) {
        Reply::Print(text) => text,
        Reply::Refused(text) => format!("refused: {text}"),
        Reply::Operate { operation, .. } => format!("{operation:?}"),
    };
    // Columns are padded to the end of the line, as devices do; the snapshots leave that out.
    let trimmed: Vec<&str> = text.lines().map(str::trim_end).collect();
    expected.assert_eq(&(trimmed.join("\n") + "\n"));
}

fn check_operation(line: &str, outcome: &Outcome, expected: Expect) {
    match reply(line) {
        Reply::Operate { operation, print } => expected.assert_eq(&print(&operation, outcome)),
        _ => unreachable!("{line} is an operation"),
    }
}

#[test]
fn ike_sas_with_their_children() {
    check(
        "show vpn ike-sa",
        expect![[r#"

        There is no IKEv1 phase-1 SA found.

        There is no IKEv1 phase-2 SA found.


        IKEv2 SAs
        Gateway ID      Peer-Address           Gateway Name           Role SN       Algorithm             Established     Expiration      Xt Child  ST
        ----------      ------------           ------------           ---- --       ---------             -----------     ----------      -- -----  --
        1               203.0.113.10           gw-branch              Resp 3        PSK/DH14/A256/SHA256  Jun.04 21:09:13 Jun.05 05:09:13 0  1      Established

        IKEv2 IPSec Child SAs
        Gateway Name           TnID     Tunnel                    ID       Parent   Role SPI(in)  SPI(out) MsgID    ST
        ------------           ----     ------                    --       ------   ---- -------  -------- -----    --
        gw-branch              1        to-branch:lan             7        3        Resp B5D09AB8 9FA69407 00000001 Mature

        Show IKEv2 SA: Total 2 gateways found. 1 ike sa found.
    "#]],
    );
    check(
        "show vpn ike-sa gateway gw-depot",
        expect![[r#"

        There is no IKEv1 phase-1 SA found.

        There is no IKEv1 phase-2 SA found.

        There is no IKEv2 SA found.
    "#]],
    );
    check(
        "show vpn ike-sa detail gateway gw-branch",
        expect![[r#"
            IKE Gateway gw-branch, ID 1 198.51.100.20 => 203.0.113.10
            Current time: Jun.04 21:18:55

            IKE SA:
            SPI: 8669654AB024E4AE:CABD66D702C02131 Resp
            State: Established
            SN: 3
            Authentication: PSK, peer PSK
            Proposal: AES256-CBC/SHA256/DH14
            ID local: ipaddr:198.51.100.20
            remote: ipaddr:203.0.113.10
            ID_i: IPv4_address:203.0.113.10
            ID_r: IPv4_address:198.51.100.20
            NAT: Not detected
            Message ID: rx 35, tx 37
            Liveness check: sending informational packet after idle 10 seconds
        "#]],
    );
    check(
        "show vpn ike-sa detail gateway gw-depot",
        expect![[r#"
        IKE SA for gateway ID 2 not found.
    "#]],
    );
}

#[test]
fn ipsec_sas_and_what_is_down() {
    check(
        "show vpn ipsec-sa",
        expect![[r#"

        GwID/client IP  TnID   Peer-Address           Tunnel(Gateway)                                Algorithm          SPI(in)  SPI(out) life(Sec/KB)             remain-time(Sec)
        --------------  ----   ------------           ---------------                                ---------          -------  -------- ------------             ----------------
        1               1      203.0.113.10           to-branch:lan(gw-branch)                       ESP/A256/SHA256    B5D09AB8 9FA69407 3600/Unlimited           3445

        Show IPSec SA: Total 2 tunnels found. 1 ipsec sa found.
    "#]],
    );
    check(
        "show vpn ipsec-sa tunnel to-depot",
        expect![[r#"
        IPSec SA for tunnel to-depot not found.
    "#]],
    );
}

#[test]
fn each_sa_of_a_tunnel_has_a_line() {
    let mut snapshot = snapshot();
    let mut older = child_sa();
    (older.id, older.spi_in, older.age) = (6, 0xb5d0_9ab7, Duration::from_secs(3500));
    snapshot.connections[0].children[0].sas.push(older);
    let Reply::Print(text) = reply_of(&snapshot, "show vpn ipsec-sa tunnel to-branch") else {
        unreachable!("it is a print");
    };
    let of_sas: Vec<&str> = text
        .lines()
        .filter(|l| l.contains("to-branch:lan("))
        .collect();
    let ends = [("B5D09AB8", " 3445"), ("B5D09AB7", " 100")];
    assert_eq!(of_sas.len(), ends.len(), "{text}");
    for (line, (spi, remain)) in of_sas.into_iter().zip(ends) {
        assert!(
            line.starts_with("1               1      203.0.113.10"),
            "{line}"
        );
        assert!(
            line.contains(spi) && line.trim_end().ends_with(remain),
            "{line}"
        );
    }
    assert!(
        text.ends_with("Total 1 tunnels found. 2 ipsec sa found.\n"),
        "{text}"
    );
}

#[test]
fn flows_tunnels_and_gateways() {
    check(
        "show vpn flow",
        expect![[r#"

        total tunnels configured: 2
        filter - type IPSec, state any

        total IPSec tunnel configured: 2
        total IPSec tunnel shown: 2

        id    name                          state   monitor local-ip                      peer-ip                       tunnel-i/f
        --    ----                          -----   ------- --------                      -------                       ----------
        1     to-branch:lan                 active  off     198.51.100.20                 203.0.113.10                  tunnel.1
        2     to-depot                      init    off     198.51.100.20                 192.0.2.77                    tunnel.1
    "#]],
    );
    check(
        "show vpn flow tunnel-id 1",
        expect![[r#"
        tunnel  ipsec-tunnel:to-branch:lan
                id:                     1
                type:                   IPSec
                gateway id:             1
                local ip:               198.51.100.20
                peer ip:                203.0.113.10
                inner interface:        tunnel.1
                outer interface:        ethernet1/1
                state:                  active
                tunnel mtu:             1438
                hard lifetime:          3600
                lifetime remain:        3445 sec
                lifesize remain:        N/A
                latest rekey:           155 seconds ago
                monitor:                off
                local spi:              B5D09AB8
                remote spi:             9FA69407
                key type:               auto key
                protocol:               ESP
                auth algorithm:         SHA256
                enc  algorithm:         AES256
                anti replay check:      yes
                anti replay window:     1024
                initiator:              no
                proxy-id:
                  local ip:             10.20.20.0/24
                  remote ip:            10.10.10.0/24
                  protocol:             0
                  local port:           0
                  remote port:          0
                authentication errors:  0
                decryption errors:      0
                inner packet warnings:  0
                replay packets:         0
                encap packets:          5
                decap packets:          0
                encap bytes:            420
                decap bytes:            0
                key acquire requests:   0
    "#]],
    );
    check(
        "show vpn tunnel",
        expect![[r#"

        TnID       Name(Gateway)                        Local Proxy IP     Ptl:Port      Remote Proxy IP    Ptl:Port                                        Proposals
        -------------------------------------------------------------------------------------------------------------------------------------------------------------
        1          to-branch:lan(gw-branch)             10.20.20.0/24      0:0           10.10.10.0/24      0:0                          ESP tunl [DH14]      3600-sec
        2          to-depot(gw-depot)                   10.20.20.0/24      0:0           10.10.10.0/24      0:0                          ESP tunl [DH14]      3600-sec

        Show IPSec tunnel config: Total 2 tunnels found
    "#]],
    );
    check(
        "show vpn gateway",
        expect![[r#"

        GwID     Name                 Peer-Address/ID                Local Address/ID               Protocol    Proposals
        ----     ----                 ---------------                ----------------               --------    ---------

        Show IKE gateway config: Total 2 gateways found.
    "#]],
    );
}

#[test]
fn routes_interfaces_and_the_system() {
    check(
        "show routing route destination 10.10.10.0/24",
        expect![[r#"
            flags: A:active, ?:loose, C:connect, H:host, S:static, ~:internal, R:rip, O:ospf, B:bgp,
                   Oi:ospf intra-area, Oo:ospf inter-area, O1:ospf ext-type-1, O2:ospf ext-type-2, E:ecmp, M:multicast


            VIRTUAL ROUTER: default (id 1)
              ==========
            destination                                 nexthop                                 metric flags      age   interface          next-AS
            10.10.10.0/24                               0.0.0.0                                 10     A S              tunnel.1
            total routes shown: 1
        "#]],
    );
    check(
        "show interface all",
        expect![[r#"
        total configured hardware interfaces: 1

        name                    id    speed/duplex/state/fec        mac address
        --------------------------------------------------------------------------------
        ethernet1/1             16    1000/full/up/auto             00:1b:17:00:00:01

        aggregation groups: 0


        total configured logical interfaces: 1

        name                id    vsys zone             forwarding               tag    address
        ------------------- ----- ---- ---------------- ------------------------ ------ ------------------
        ethernet1/1         16    1    untrust          vr:default               0      198.51.100.20/24
    "#]],
    );
    check(
        "show system info",
        expect![[r#"

        hostname: hq
        ip-address: 198.51.100.20
        netmask: 255.255.255.0
        default-gateway:
        ipv6-address: unknown
        ipv6-link-local-address: unknown
        ipv6-default-gateway:
        mac-address: unknown
        time: Thu Jun  4 21:18:55 2026
        uptime: 1 days, 2:03:04
        family: crossgate
        model: Crossgate 0.1.0
        serial: unknown
        sw-version: 11.1.0
        vpn-disable-mode: off
        multi-vsys: off
        operational-mode: normal

    "#]],
    );
}

#[test]
fn words_may_be_cut_short_and_errors_are_the_devices() {
    check(
        "sho vpn ipsec tun to-depot",
        expect![[r#"
        IPSec SA for tunnel to-depot not found.
    "#]],
    );
    check(
        "frobnicate",
        expect![[r#"
        refused: Unknown command: frobnicate
    "#]],
    );
    check(
        "show vpn",
        expect![[r#"
        refused: Invalid syntax.
    "#]],
    );
    check(
        "show vpn flow tunnel-id x",
        expect![[r#"
        refused: Invalid syntax.
    "#]],
    );
    check(
        "ping host nonsense",
        expect![[r#"
        refused: Invalid syntax.
    "#]],
    );
    check(
        "ping source 10.20.20.1 host 10.10.10.1 count 3",
        expect![[r#"
            Ping(Ping { destination: 10.10.10.1, source: Some(10.20.20.1), count: 3, size: 84, timeout: 1s, interval: 1s })
        "#]],
    );
}

#[test]
fn a_pipe_keeps_lines_that_match_or_do_not() {
    let whole = match reply("show system info") {
        Reply::Print(text) => text,
        _ => unreachable!("a print"),
    };
    for (line, kept) in [
        ("show system info | match address", "address"),
        ("show system info|mat address", "address"),
        ("show system info | match \"^ip|^net\"", "^ip|^net"),
    ] {
        let pattern = regex::Regex::new(kept).expect("a pattern");
        let lines = whole.lines().filter(|line| pattern.is_match(line));
        let expected: Vec<&str> = lines.collect();
        assert!(expected.len() > 1 && expected.len() < whole.lines().count());
        let Reply::Print(text) = reply(line) else {
            unreachable!("{line} is a print");
        };
        assert_eq!(text.lines().collect::<Vec<_>>(), expected, "{line}");
    }
    check(
        "show system info | except e",
        expect![[r#"

        multi-vsys: off

    "#]],
    );
    for line in [
        "show system info |",
        "show system info | match",
        "show system info | frobnicate x",
        "show system info | match (",
        "| match x",
    ] {
        assert!(matches!(reply(line), Reply::Refused(_)), "{line}");
    }
    let nothing = Outcome::NothingThere { id: 1 };
    check_operation(
        "clear vpn ipsec-sa | match gateway",
        &nothing,
        expect![[""]],
    );
}

#[test]
fn operations_answer_as_the_device_does() {
    let done = Outcome::Done {
        ike_sas: 1,
        children: 2,
    };
    check_operation(
        "test vpn ike-sa gateway gw-branch",
        &done,
        expect![[r#"

        Start time: Jun.04 21:18:55
        Initiate 1 IKE SA.
    "#]],
    );
    check_operation(
        "test vpn ipsec-sa tunnel to-branch",
        &done,
        expect![[r#"

        Start time: Jun.04 21:18:55
        Initiate 2 IPSec SA for tunnel to-branch.
    "#]],
    );
    check_operation(
        "clear vpn ike-sa",
        &done,
        expect![[r#"

        Clear IKE SA: 0 IKEv1 SA, 1 IKEv2 SA.
    "#]],
    );
    check_operation(
        "clear vpn ipsec-sa",
        &done,
        expect![[r#"

        Clear IPSec SA: 0 IKEv1 SA, 2 IKEv2 SA.
    "#]],
    );
    let nothing = Outcome::NothingThere { id: 1 };
    check_operation(
        "clear vpn ike-sa gateway gw-branch",
        &nothing,
        expect![[r#"
            IKE SA for gateway ID 1 not found.
        "#]],
    );
    check_operation(
        "clear vpn ipsec-sa tunnel to-branch",
        &nothing,
        expect![[r#"
            IPSec SA for tunnel to-branch not found.
        "#]],
    );
    let pinged = Outcome::Pinged(vec![Some(Duration::from_micros(700)), None]);
    check_operation(
        "ping host 10.10.10.1 count 2",
        &pinged,
        expect![[r#"
        PING 10.10.10.1 (10.10.10.1) 56(84) bytes of data.
        64 bytes from 10.10.10.1: icmp_seq=1 time=0.700 ms

        --- 10.10.10.1 ping statistics ---
        2 packets transmitted, 1 received, 50% packet loss
        rtt min/avg/max/mdev = 0.700/0.700/0.700/0.000 ms
    "#]],
    );
}

#[test]
fn clearing_one_gateway_names_it() {
    match reply("clear vpn ike-sa gateway gw-branch") {
        Reply::Operate { operation, .. } => assert_eq!(
            operation,
            Operation::ClearIke {
                which: Which::Connection("gw-branch".into())
            }
        ),
        _ => unreachable!("an operation"),
    }
}

#[test]
fn details_of_all_gateways_are_those_that_have_an_ike_sa() {
    let (Reply::Print(all), Reply::Print(one)) = (
        reply("show vpn ike-sa detail"),
        reply("show vpn ike-sa detail gateway gw-branch"),
    ) else {
        unreachable!("both are prints");
    };
    assert!(all.starts_with("IKE Gateway gw-branch"));
    assert_eq!(all, one, "the other gateway has none");
}

#[test]
fn clearing_what_is_not_there_names_no_tunnel_that_was_not_named() {
    let nothing = Outcome::NothingThere { id: 1 };
    check_operation(
        "clear vpn ipsec-sa",
        &nothing,
        expect![[r#"
            There is no IPSec SA found.
        "#]],
    );
    check_operation(
        "clear vpn ipsec-sa tunnel to-branch",
        &nothing,
        expect![[r#"
            IPSec SA for tunnel to-branch not found.
        "#]],
    );
}
