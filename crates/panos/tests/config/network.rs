//! Interfaces, zones, routers and their routes.

use crate::check_both;
use expect_test::expect;

#[test]
fn interfaces_of_every_kind() {
    check_both(
        "set network interface ethernet ethernet1/1 layer3 ip 198.51.100.20/24
set network interface ethernet ethernet1/1 layer3 ip 198.51.100.21/32
set network interface ethernet ethernet1/1 layer3 mtu 1400 adjust-tcp-mss enable yes
set network interface ethernet ethernet1/1 layer3 ipv6 enabled yes address 2001:db8::1/64
set network interface ethernet ethernet1/1 comment WAN
set network interface ethernet ethernet1/2 layer3 units ethernet1/2.10 tag 10 ip 10.1.10.1/24
set network interface ethernet ethernet1/2 layer3 units ethernet1/2.10 comment users
set network interface ethernet ethernet1/3 layer3 dhcp-client enable yes
set network interface ethernet ethernet1/4 link-state down layer3 ip lan-address
set network interface ethernet ethernet1/5 layer2 lldp enable no
set network interface aggregate-ethernet ae1 layer3 ip 10.9.0.1/24
set network interface vlan units vlan.5 ip 10.5.0.1/24
set network interface loopback units loopback.1 ip 192.0.2.1 adjust-tcp-mss enable yes ipv4-mss-adjustment 100
set network interface tunnel units tunnel.1 ip 169.254.0.2/30 mtu 1420
set network interface tunnel units tunnel.2
set shared address lan-address ip-netmask 10.4.0.1/24
",
        expect![[r#"
            interface ethernet1/1 Physical [198.51.100.20/24,198.51.100.21/32,2001:db8::1/64] mtu 1400 mss 1360 -- WAN
            interface ethernet1/2 Physical []
            interface ethernet1/2.10 Physical [10.1.10.1/24] -- users
            interface ethernet1/3 Physical []
            interface ethernet1/4 Physical [10.4.0.1/24] down
            interface ae1 Physical [10.9.0.1/24]
            interface vlan.5 Physical [10.5.0.1/24]
            interface loopback.1 Loopback [192.0.2.1/32] mss 1400
            interface tunnel.1 Tunnel [169.254.0.2/30] mtu 1420
            interface tunnel.2 Tunnel []
            address lan-address 10.4.0.1/24
            note[not-obeyed] `network interface ethernet layer3 dhcp-client` is not obeyed
              ^ fw:8:51 kept as it is
            note[not-obeyed] `network interface ethernet layer2` is not obeyed
              ^ fw:10:44 kept as it is
        "#]],
    );
}

#[test]
fn interfaces_that_make_no_sense() {
    check_both(
        "set network interface ethernet ethernet1/1 layer3 ip nowhere
set network interface ethernet ethernet1/1 layer3 mtu 500
set network interface ethernet ethernet1/1 layer3 ip 300.1.1.1/24
set network interface ethernet ethernet1/1 layer3 mtuu 1500
",
        expect![[r#"
            interface ethernet1/1 Physical []
            error[invalid-value] `nowhere` is no address and no address object
              ^ fw:1:54 expected an address such as 192.0.2.1/24
            error[out-of-range] `mtu` is out of range
              ^ fw:2:55 found `500`, expected 576 to 9216
            error[invalid-value] `300.1.1.1/24` is no address and no address object
              ^ fw:3:54 expected an address such as 192.0.2.1/24
            warning[unknown-element] `mtuu` is not known and not obeyed
              ^ fw:4:51 no known element of `layer3`
              ? write `mtu`
        "#]],
    );
}

#[test]
fn routes_of_every_kind() {
    check_both(
        "set network interface tunnel units tunnel.1
set network interface ethernet ethernet1/1 layer3 ip 198.51.100.20/24
set network virtual-router default interface [ ethernet1/1 tunnel.1 ]
set network virtual-router default admin-dists static 20
set network virtual-router default routing-table ip static-route a destination 0.0.0.0/0 nexthop ip-address 198.51.100.1 interface ethernet1/1 metric 5
set network virtual-router default routing-table ip static-route b destination 10.10.10.0/24 interface tunnel.1 admin-dist 15
set network virtual-router default routing-table ip static-route c destination 10.0.0.0/8 nexthop discard
set network virtual-router default routing-table ip static-route d destination branch nexthop ip-address router
set network virtual-router default routing-table ip static-route e destination 10.3.0.0/16 nexthop next-vr other
set network virtual-router default routing-table ip static-route f destination 10.4.0.0/16 nexthop fqdn gw.example.net
set network virtual-router default routing-table ip static-route g nexthop discard
set network virtual-router default routing-table ip static-route h destination 10.5.0.0/16
set network virtual-router default routing-table ip static-route i destination 10.6.0.0/16 interface tunnel.9
set network virtual-router default routing-table ip static-route j destination 10.7.0.0/16 nexthop discard route-table no-install
set network virtual-router default routing-table ip static-route k destination 10.8.0.0/16 nexthop ip-address gone
set network virtual-router default routing-table ipv6 static-route v6 destination 2001:db8:10::/64 nexthop ipv6-address 2001:db8::2
set network logical-router lr vrf default interface tunnel.1
set network logical-router lr vrf default routing-table ip static-route a destination 10.99.0.0/16 nexthop discard
set address branch ip-netmask 10.1.0.0/16
set address router ip-netmask 198.51.100.2
",
        expect![[r#"
            interface ethernet1/1 Physical [198.51.100.20/24] router default
            interface tunnel.1 Tunnel [] router lr
            route  a 0.0.0.0/0 via ethernet1/1 198.51.100.1 distance 20 metric 5 router default
            route  b 10.10.10.0/24 via tunnel.1 distance 15 metric 10 router default
            route  c 10.0.0.0/8 via discard distance 20 metric 10 router default
            route  d 10.1.0.0/16 via 198.51.100.2 distance 20 metric 10 router default
            route  i 10.6.0.0/16 via tunnel.9 distance 20 metric 10 router default
            route  v6 2001:db8:10::/64 via 2001:db8::2 distance 10 metric 10 router default
            route  a 10.99.0.0/16 via discard distance 10 metric 10 router lr
            address branch 10.1.0.0/16
            address router 198.51.100.2/32
            warning[not-obeyed] next hop `next-vr` is not obeyed
              ^ fw:9:100 the route `e` is left out
            warning[not-obeyed] next hop `fqdn` is not obeyed
              ^ fw:10:100 the route `f` is left out
            error[missing-value] the route `g` has no destination
              ^ fw:11:66 expected a network
            error[missing-value] the route `h` leads nowhere
              ^ fw:12:66 expected an interface or a next hop
            error[undefined-name] there is no interface `tunnel.9`
              ^ fw:13:102 nothing of this name is defined
            note[not-obeyed] this route is not to be installed
              ^ fw:14:66 so there is no such route
            error[invalid-value] `gone` is no address and no address object
              ^ fw:15:111 expected the next hop's address
        "#]],
    );
}

#[test]
fn a_zone_and_a_router_of_an_interface_that_isnt_there() {
    check_both(
        "set network interface ethernet ethernet1/1 layer3 ip 198.51.100.20/24
set network interface ethernet ethernet1/2 virtual-wire lldp enable no
set network virtual-router default interface [ ethernet1/1 ethernet1/9 ]
set zone untrust network layer3 [ ethernet1/1 ethernet1/2 ethernet1/8 ]
",
        expect![[r#"
            interface ethernet1/1 Physical [198.51.100.20/24] zone untrust router default
            zone untrust [ethernet1/1,ethernet1/2,ethernet1/8]
            note[not-obeyed] `network interface ethernet virtual-wire` is not obeyed
              ^ fw:2:44 kept as it is
            error[undefined-name] there is no interface `ethernet1/9`
              ^ fw:3:60 nothing of this name is defined
            error[undefined-name] the interface `ethernet1/2` is none of layer 3
              ^ fw:4:47 expected an interface with `layer3`
            error[undefined-name] there is no interface `ethernet1/8`
              ^ fw:4:59 nothing of this name is defined
        "#]],
    );
}
