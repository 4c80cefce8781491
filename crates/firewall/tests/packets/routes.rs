//! Which route is taken.

use crate::door::check;
use expect_test::expect;

#[test]
fn the_longest_prefix_wins_and_its_edges_are_inside() {
    check(
        "
        interface lan 10.1.1.1/24
        interface wan 192.0.2.2/24
        interface tun -
        route 0.0.0.0/0 via 192.0.2.1
        route 10.2.0.0/16 dev tun
        route 10.2.4.0/22 via 192.0.2.9
        ",
        "
        lan 10.1.1.2 > 10.2.0.0 icmp
        lan 10.1.1.2 > 10.2.3.255 icmp
        lan 10.1.1.2 > 10.2.4.0 icmp
        lan 10.1.1.2 > 10.2.7.255 icmp
        lan 10.1.1.2 > 10.2.8.0 icmp
        lan 10.1.1.2 > 10.3.0.0 icmp
        tun 10.2.1.1 > 10.1.1.255 icmp
        lan 10.1.1.2 > 192.0.2.7 icmp
        ",
        expect![[r#"
            tun: 10.1.1.2 -> 10.2.0.0 ICMP [route 10.2.0.0/16]
            tun: 10.1.1.2 -> 10.2.3.255 ICMP [route 10.2.0.0/16]
            wan via 192.0.2.9: 10.1.1.2 -> 10.2.4.0 ICMP [route 10.2.4.0/22]
            wan via 192.0.2.9: 10.1.1.2 -> 10.2.7.255 ICMP [route 10.2.4.0/22]
            tun: 10.1.1.2 -> 10.2.8.0 ICMP [route 10.2.0.0/16]
            wan via 192.0.2.1: 10.1.1.2 -> 10.3.0.0 ICMP [route 0.0.0.0/0]
            lan: 10.2.1.1 -> 10.1.1.255 ICMP [connected]
            wan: 10.1.1.2 -> 192.0.2.7 ICMP [connected]
        "#]],
    );
}

#[test]
fn of_one_prefix_the_lower_distance_then_the_lower_metric_then_the_first_wins() {
    check(
        "
        interface lan 10.1.1.1/24
        interface a -
        interface b -
        interface c -
        route 10.2.0.0/16 dev a distance 10 metric 1
        route 10.2.0.0/16 dev b distance 5 metric 9
        route 10.3.0.0/16 dev a metric 20
        route 10.3.0.0/16 dev b metric 10
        route 10.4.0.0/16 dev c
        route 10.4.0.0/16 dev a
        ",
        "
        lan 10.1.1.2 > 10.2.0.1 icmp
        lan 10.1.1.2 > 10.3.0.1 icmp
        lan 10.1.1.2 > 10.4.0.1 icmp
        ",
        expect![[r#"
            b: 10.1.1.2 -> 10.2.0.1 ICMP [route 10.2.0.0/16]
            b: 10.1.1.2 -> 10.3.0.1 ICMP [route 10.3.0.0/16]
            c: 10.1.1.2 -> 10.4.0.1 ICMP [route 10.4.0.0/16]
        "#]],
    );
}

#[test]
fn a_connected_network_beats_a_static_route_of_its_length_and_loses_to_a_longer_one() {
    check(
        "
        interface lan 10.1.1.1/24
        interface tun -
        route 10.1.1.0/24 dev tun
        route 10.1.1.128/25 dev tun
        ",
        "
        tun 10.2.0.1 > 10.1.1.127 icmp
        lan 10.1.1.2 > 10.1.1.128 icmp
        ",
        expect![[r#"
            lan: 10.2.0.1 -> 10.1.1.127 ICMP [connected]
            tun: 10.1.1.2 -> 10.1.1.128 ICMP [route 10.1.1.128/25]
        "#]],
    );
}

#[test]
fn a_route_by_what_is_down_or_unknown_or_unreachable_does_not_count() {
    check(
        "
        interface lan 10.1.1.1/24
        interface wan 192.0.2.2/24
        interface tun - down
        interface old 198.51.100.1/24 down
        route 0.0.0.0/0 via 192.0.2.1
        route 10.2.0.0/16 dev tun
        route 10.3.0.0/16 dev nowhere
        route 10.4.0.0/16 via 10.4.0.1
        route 10.5.0.0/16 dev nowhere via 192.0.2.1
        ",
        "
        lan 10.1.1.2 > 10.2.0.1 icmp
        lan 10.1.1.2 > 10.3.0.1 icmp
        lan 10.1.1.2 > 10.4.0.1 icmp
        lan 10.1.1.2 > 10.5.0.1 icmp
        lan 10.1.1.2 > 198.51.100.9 icmp
        old 198.51.100.9 > 10.1.1.2 icmp
        missing 198.51.100.9 > 10.1.1.2 icmp
        ",
        expect![[r#"
            wan via 192.0.2.1: 10.1.1.2 -> 10.2.0.1 ICMP [route 0.0.0.0/0]
            wan via 192.0.2.1: 10.1.1.2 -> 10.3.0.1 ICMP [route 0.0.0.0/0]
            wan via 192.0.2.1: 10.1.1.2 -> 10.4.0.1 ICMP [route 0.0.0.0/0]
            wan via 192.0.2.1: 10.1.1.2 -> 10.5.0.1 ICMP [route 0.0.0.0/0]
            wan via 192.0.2.1: 10.1.1.2 -> 198.51.100.9 ICMP [route 0.0.0.0/0]
            drop interface-down []
            drop interface-down []
        "#]],
    );
}

#[test]
fn a_next_hop_may_be_found_by_another_route_but_not_by_going_round() {
    check(
        "
        interface lan 10.1.1.1/24
        interface wan 192.0.2.2/24
        route 10.2.0.0/16 via 10.9.9.9
        route 10.9.9.0/24 via 192.0.2.1
        route 10.5.0.0/16 via 10.6.0.1
        route 10.6.0.0/16 via 10.5.0.1
        ",
        "
        lan 10.1.1.2 > 10.2.0.1 icmp
        lan 10.1.1.2 > 10.5.0.9 icmp
        ",
        expect![[r#"
            wan via 192.0.2.1: 10.1.1.2 -> 10.2.0.1 ICMP [route 10.2.0.0/16]
            drop no-route []
        "#]],
    );
}

#[test]
fn a_discarding_route_drops_and_an_own_address_is_local() {
    check(
        "
        interface lan 10.1.1.1/24
        interface wan 192.0.2.2/24
        route 0.0.0.0/0 via 192.0.2.1
        route 10.0.0.0/8 discard
        ",
        "
        lan 10.1.1.2 > 10.2.0.1 icmp
        lan 10.1.1.2 > 192.0.2.2 icmp
        lan 10.1.1.2 > 11.0.0.0 icmp
        ",
        expect![[r#"
            drop discarded [route 10.0.0.0/8]
            local []
            wan via 192.0.2.1: 10.1.1.2 -> 11.0.0.0 ICMP [route 0.0.0.0/0]
        "#]],
    );
}

#[test]
fn without_a_route_there_is_no_way() {
    check(
        "interface lan 10.1.1.1/24",
        "lan 10.1.1.2 > 10.2.0.1 icmp",
        expect![[r#"
            drop no-route []
        "#]],
    );
}

#[test]
fn each_virtual_router_has_a_table_of_its_own() {
    check(
        "
        interface lan 10.1.1.1/24 router red
        interface other 10.7.7.1/24 router blue
        interface tun - router red
        interface wan 192.0.2.2/24 router blue
        interface lost 10.8.8.1/24
        route 10.2.0.0/16 dev tun router red
        route 0.0.0.0/0 via 192.0.2.1 router blue
        route 10.3.0.0/16 dev wan router red
        ",
        "
        lan 10.1.1.2 > 10.2.0.1 icmp
        other 10.7.7.2 > 10.2.0.1 icmp
        lan 10.1.1.2 > 10.3.0.1 icmp
        lan 10.1.1.2 > 10.7.7.2 icmp
        lost 10.8.8.2 > 10.2.0.1 icmp
        ",
        expect![[r#"
            tun: 10.1.1.2 -> 10.2.0.1 ICMP [route 10.2.0.0/16]
            wan via 192.0.2.1: 10.7.7.2 -> 10.2.0.1 ICMP [route 0.0.0.0/0]
            drop no-route []
            drop no-route []
            drop no-virtual-router []
        "#]],
    );
}

#[test]
fn the_gateways_own_packets_neither_vanish_nor_enter_a_tunnel() {
    check(
        "
        interface wan 192.0.2.2/24
        interface tun - tunnel
        route 0.0.0.0/0 via 192.0.2.1
        route 198.51.100.0/24 dev tun
        route 198.51.100.20/32 via 192.0.2.1
        route 203.0.113.0/24 discard
        ",
        "
        out wan 192.0.2.2 > 198.51.100.20 udp 500
        out wan 192.0.2.2 > 198.51.100.21 udp 500
        out wan 192.0.2.2 > 203.0.113.1 esp
        ",
        expect![[r#"
            wan: 192.0.2.2 -> 198.51.100.20 UDP port 500 []
            drop into-tunnel []
            drop discarded [route 203.0.113.0/24]
        "#]],
    );
}

#[test]
fn the_gateways_own_packets_need_no_route_of_the_file_but_a_virtual_router() {
    check(
        "
        interface wan 192.0.2.2/24 router a
        interface spare 198.51.100.2/24
        ",
        "
        out wan 192.0.2.2 > 203.0.113.1 udp 500
        out spare 198.51.100.2 > 203.0.113.1 udp 500
        ",
        expect![[r#"
            wan: 192.0.2.2 -> 203.0.113.1 UDP port 500 []
            drop no-virtual-router []
        "#]],
    );
}
