//! Replay windows, routes, zones, rules, and sizes of packets.

use super::*;

#[test]
fn a_replay_window() {
    check_change(
        &Change::ReplayWindow {
            child: child(),
            packets: 64,
        },
        expect![[r#"
            > set network tunnel ipsec tun-branch anti-replay-window 64
            + set network tunnel ipsec tun-branch anti-replay-window 64
            -   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
            +   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 64
            +               <anti-replay-window>64</anti-replay-window>
        "#]],
    );
}

#[test]
fn no_replay_window() {
    check_change(
        &Change::ReplayWindow {
            child: child(),
            packets: 0,
        },
        expect![[r#"
            > set network tunnel ipsec tun-branch anti-replay no
            + set network tunnel ipsec tun-branch anti-replay no
            -   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
            +   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 0
            +               <anti-replay>no</anti-replay>
        "#]],
    );
}

#[test]
fn a_route() {
    check_change(
        &Change::AddRoute {
            destination: "10.30.0.0/16".parse().expect("a network"),
            interface: "tunnel.1".into(),
        },
        expect![[r#"
            > set network virtual-router default routing-table ip static-route to-10.30.0.0-16 destination 10.30.0.0/16
            > set network virtual-router default routing-table ip static-route to-10.30.0.0-16 interface tunnel.1
            + set network virtual-router default routing-table ip static-route to-10.30.0.0-16 destination 10.30.0.0/16
            + set network virtual-router default routing-table ip static-route to-10.30.0.0-16 interface tunnel.1
            + route  to-10.30.0.0-16 10.30.0.0/16 via tunnel.1 distance 10 metric 10 router default
            +                   <entry name="to-10.30.0.0-16">
            +                     <destination>10.30.0.0/16</destination>
            +                     <interface>tunnel.1</interface>
            +                   </entry>
        "#]],
    );
}

#[test]
fn a_route_less() {
    check_change(
        &Change::RemoveRoute {
            destination: "10.10.10.0/24".parse().expect("a network"),
        },
        expect![[r#"
            > delete network virtual-router default routing-table ip static-route branch-lan
            - set network virtual-router default routing-table ip static-route branch-lan destination 10.10.10.0/24
            - set network virtual-router default routing-table ip static-route branch-lan interface tunnel.1
            - route  branch-lan 10.10.10.0/24 via tunnel.1 distance 10 metric 10 router default
            -                   <entry name="branch-lan">
            -                     <destination>10.10.10.0/24</destination>
            -                     <interface>tunnel.1</interface>
            -                   </entry>
        "#]],
    );
}

#[test]
fn another_zone() {
    check_change(
        &Change::SetZone {
            interface: "tunnel.1".into(),
            zone: "trust".into(),
        },
        expect![[r#"
            > delete vsys vsys1 zone vpn network layer3 tunnel.1
            > set vsys vsys1 zone trust network layer3 tunnel.1
            - set vsys vsys1 zone trust network layer3 ethernet1/2
            - set vsys vsys1 zone vpn network layer3 tunnel.1
            + set vsys vsys1 zone trust network layer3 [ ethernet1/2 tunnel.1 ]
            + set vsys vsys1 zone vpn network layer3
            - interface tunnel.1 Tunnel [] zone vpn router default -- to the branch
            + interface tunnel.1 Tunnel [] zone trust router default -- to the branch
            - zone trust [ethernet1/2]
            - zone vpn [tunnel.1]
            + zone trust [ethernet1/2,tunnel.1]
            + zone vpn []
            +                   <member>tunnel.1</member>
            -                   <member>tunnel.1</member>
        "#]],
    );
}

#[test]
fn a_new_zone() {
    check_change(
        &Change::SetZone {
            interface: "tunnel.1".into(),
            zone: "sites".into(),
        },
        expect![[r#"
            > delete vsys vsys1 zone vpn network layer3 tunnel.1
            > set vsys vsys1 zone sites network layer3 tunnel.1
            - set vsys vsys1 zone vpn network layer3 tunnel.1
            + set vsys vsys1 zone vpn network layer3
            + set vsys vsys1 zone sites network layer3 tunnel.1
            - interface tunnel.1 Tunnel [] zone vpn router default -- to the branch
            + interface tunnel.1 Tunnel [] zone sites router default -- to the branch
            - zone vpn [tunnel.1]
            + zone vpn []
            + zone sites [tunnel.1]
            +                 </layer3>
            +               </network>
            +             </entry>
            +             <entry name="sites">
            +               <network>
            +                 <layer3>
        "#]],
    );
}

#[test]
fn another_virtual_router() {
    check_change(
        &Change::SetVirtualRouter {
            interface: "tunnel.1".into(),
            router: "inside".into(),
        },
        expect![[r#"
            > delete network virtual-router default interface tunnel.1
            > set network virtual-router inside interface tunnel.1
            - set network virtual-router default interface [ ethernet1/1 ethernet1/2 tunnel.1 ]
            + set network virtual-router default interface [ ethernet1/1 ethernet1/2 ]
            + set network virtual-router inside interface tunnel.1
            - interface tunnel.1 Tunnel [] zone vpn router default -- to the branch
            + interface tunnel.1 Tunnel [] zone vpn router inside -- to the branch
            -               <member>tunnel.1</member>
            +           <entry name="inside">
            +             <interface>
            +               <member>tunnel.1</member>
            +             </interface>
            +           </entry>
        "#]],
    );
}

#[test]
fn a_rule_above_another() {
    check_change(
        &Change::Allow {
            name: "branch-2".into(),
            from: "vpn".into(),
            to: "trust".into(),
            source: "10.30.0.0/16".parse().expect("a network"),
            destination: "0.0.0.0/0".parse().expect("a network"),
            above: Some("hq-to-branch".into()),
        },
        expect![[r#"
            > set vsys vsys1 rulebase security rules branch-2 from vpn
            > set vsys vsys1 rulebase security rules branch-2 to trust
            > set vsys vsys1 rulebase security rules branch-2 source 10.30.0.0/16
            > set vsys vsys1 rulebase security rules branch-2 destination any
            > set vsys vsys1 rulebase security rules branch-2 application any
            > set vsys vsys1 rulebase security rules branch-2 service any
            > set vsys vsys1 rulebase security rules branch-2 action allow
            > move vsys vsys1 rulebase security rules branch-2 before hq-to-branch
            + set vsys vsys1 rulebase security rules branch-2 from vpn
            + set vsys vsys1 rulebase security rules branch-2 to trust
            + set vsys vsys1 rulebase security rules branch-2 source 10.30.0.0/16
            + set vsys vsys1 rulebase security rules branch-2 destination any
            + set vsys vsys1 rulebase security rules branch-2 application any
            + set vsys vsys1 rulebase security rules branch-2 service any
            + set vsys vsys1 rulebase security rules branch-2 action allow
            + security branch-2: [vpn] [10.30.0.0/16] -> [trust] [any] application [any] service [any] Allow
            +                 <entry name="branch-2">
            +                   <from>
            +                     <member>vpn</member>
            +                   </from>
            +                   <to>
            +                     <member>trust</member>
            +                   </to>
            +                   <source>
            +                     <member>10.30.0.0/16</member>
            +                   </source>
            +                   <destination>
            +                     <member>any</member>
            +                   </destination>
            +                   <application>
            +                     <member>any</member>
            +                   </application>
            +                   <service>
            +                     <member>any</member>
            +                   </service>
            +                   <action>allow</action>
            +                 </entry>
        "#]],
    );
}

#[test]
fn a_rule_at_the_end_with_a_name_that_is_taken() {
    check_change(
        &Change::Allow {
            name: "hq-to-branch".into(),
            from: "vpn".into(),
            to: "trust".into(),
            source: "10.30.0.0/16".parse().expect("a network"),
            destination: "10.20.20.0/24".parse().expect("a network"),
            above: None,
        },
        expect![[r#"
            > set vsys vsys1 rulebase security rules hq-to-branch-2 from vpn
            > set vsys vsys1 rulebase security rules hq-to-branch-2 to trust
            > set vsys vsys1 rulebase security rules hq-to-branch-2 source 10.30.0.0/16
            > set vsys vsys1 rulebase security rules hq-to-branch-2 destination 10.20.20.0/24
            > set vsys vsys1 rulebase security rules hq-to-branch-2 application any
            > set vsys vsys1 rulebase security rules hq-to-branch-2 service any
            > set vsys vsys1 rulebase security rules hq-to-branch-2 action allow
            + set vsys vsys1 rulebase security rules hq-to-branch-2 from vpn
            + set vsys vsys1 rulebase security rules hq-to-branch-2 to trust
            + set vsys vsys1 rulebase security rules hq-to-branch-2 source 10.30.0.0/16
            + set vsys vsys1 rulebase security rules hq-to-branch-2 destination 10.20.20.0/24
            + set vsys vsys1 rulebase security rules hq-to-branch-2 application any
            + set vsys vsys1 rulebase security rules hq-to-branch-2 service any
            + set vsys vsys1 rulebase security rules hq-to-branch-2 action allow
            + security hq-to-branch-2: [vpn] [10.30.0.0/16] -> [trust] [10.20.20.0/24] application [any] service [any] Allow
            +                 <entry name="hq-to-branch-2">
            +                   <from>
            +                     <member>vpn</member>
            +                   </from>
            +                   <to>
            +                     <member>trust</member>
            +                   </to>
            +                   <source>
            +                     <member>10.30.0.0/16</member>
            +                   </source>
            +                   <destination>
            +                     <member>10.20.20.0/24</member>
            +                   </destination>
            +                   <application>
            +                     <member>any</member>
            +                   </application>
            +                   <service>
            +                     <member>any</member>
            +                   </service>
            +                   <action>allow</action>
            +                 </entry>
        "#]],
    );
}

#[test]
fn a_no_nat_rule() {
    check_change(
        &Change::KeepAddresses {
            name: "keep".into(),
            from: "trust".into(),
            to: "vpn".into(),
            source: "10.20.20.0/24".parse().expect("a network"),
            destination: "10.30.0.0/16".parse().expect("a network"),
            above: Some("keep-vpn-addresses".into()),
        },
        expect![[r#"
            > set vsys vsys1 rulebase nat rules keep from trust
            > set vsys vsys1 rulebase nat rules keep to vpn
            > set vsys vsys1 rulebase nat rules keep source 10.20.20.0/24
            > set vsys vsys1 rulebase nat rules keep destination 10.30.0.0/16
            > set vsys vsys1 rulebase nat rules keep service any
            > move vsys vsys1 rulebase nat rules keep before keep-vpn-addresses
            + set vsys vsys1 rulebase nat rules keep from trust
            + set vsys vsys1 rulebase nat rules keep to vpn
            + set vsys vsys1 rulebase nat rules keep source 10.20.20.0/24
            + set vsys vsys1 rulebase nat rules keep destination 10.30.0.0/16
            + set vsys vsys1 rulebase nat rules keep service any
            + nat keep: [trust] [10.20.20.0/24] -> [vpn] [10.30.0.0/16] service any unchanged
            +                 <entry name="keep">
            +                   <from>
            +                     <member>trust</member>
            +                   </from>
            +                   <to>
            +                     <member>vpn</member>
            +                   </to>
            +                   <source>
            +                     <member>10.20.20.0/24</member>
            +                   </source>
            +                   <destination>
            +                     <member>10.30.0.0/16</member>
            +                   </destination>
            +                   <service>any</service>
            +                 </entry>
        "#]],
    );
}

#[test]
fn a_maximum_segment_size() {
    check_change(
        &Change::TcpMss {
            interface: "tunnel.1".into(),
            octets: 1360,
        },
        expect![[r#"
            > set network interface tunnel units tunnel.1 adjust-tcp-mss enable yes
            > set network interface tunnel units tunnel.1 adjust-tcp-mss ipv4-mss-adjustment 140
            + set network interface tunnel units tunnel.1 adjust-tcp-mss enable yes
            + set network interface tunnel units tunnel.1 adjust-tcp-mss ipv4-mss-adjustment 140
            - interface tunnel.1 Tunnel [] zone vpn router default -- to the branch
            + interface tunnel.1 Tunnel [] mss 1360 zone vpn router default -- to the branch
            +                 <adjust-tcp-mss>
            +                   <enable>yes</enable>
            +                   <ipv4-mss-adjustment>140</ipv4-mss-adjustment>
            +                 </adjust-tcp-mss>
        "#]],
    );
}

#[test]
fn an_mtu() {
    check_change(
        &Change::Mtu {
            interface: "ethernet1/1".into(),
            octets: 1400,
        },
        expect![[r#"
            > set network interface ethernet ethernet1/1 layer3 mtu 1400
            + set network interface ethernet ethernet1/1 layer3 mtu 1400
            - interface ethernet1/1 Physical [198.51.100.20/24] zone untrust router default -- to the Internet
            + interface ethernet1/1 Physical [198.51.100.20/24] mtu 1400 zone untrust router default -- to the Internet
            +                 <mtu>1400</mtu>
        "#]],
    );
}
