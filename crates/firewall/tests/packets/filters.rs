//! Packet filters of interfaces.

use crate::door::check;
use expect_test::expect;

#[test]
fn the_first_entry_that_matches_decides_and_the_end_of_the_list_denies() {
    check(
        "
        interface lan 10.1.1.1/24 in FROM-LAN
        interface wan 192.0.2.2/24 out TO-WAN
        route 0.0.0.0/0 via 192.0.2.1
        list FROM-LAN deny 10.1.1.0/25 10.2.0.0/16 6 22
        list FROM-LAN permit 10.1.1.0/25 any
        list FROM-LAN deny 10.1.1.7/32 any
        list TO-WAN permit any 10.2.0.0/16
        ",
        "
        lan 10.1.1.2 > 10.2.0.1 tcp 22
        lan 10.1.1.2 > 10.2.0.1 tcp 23
        lan 10.1.1.7 > 10.2.0.1 udp 22
        lan 10.1.1.200 > 10.2.0.1 icmp
        lan 10.1.1.2 > 10.3.0.1 icmp
        ",
        expect![[r#"
            drop filtered [filter FROM-LAN 10.1.1.0/25 protocol 6 <-> 10.2.0.0/16 protocol 6 port 22]
            wan via 192.0.2.1: 10.1.1.2 -> 10.2.0.1 TCP port 23 [filter FROM-LAN 10.1.1.0/25 <-> 0.0.0.0/0, route 0.0.0.0/0, filter TO-WAN 0.0.0.0/0 <-> 10.2.0.0/16]
            wan via 192.0.2.1: 10.1.1.7 -> 10.2.0.1 UDP port 22 [filter FROM-LAN 10.1.1.0/25 <-> 0.0.0.0/0, route 0.0.0.0/0, filter TO-WAN 0.0.0.0/0 <-> 10.2.0.0/16]
            drop filtered [filter FROM-LAN end]
            drop filtered [filter FROM-LAN 10.1.1.0/25 <-> 0.0.0.0/0, route 0.0.0.0/0, filter TO-WAN end]
        "#]],
    );
}

#[test]
fn a_list_that_is_not_defined_stops_nothing() {
    check(
        "
        interface lan 10.1.1.1/24 in NOTHING
        interface wan 192.0.2.2/24
        ",
        "lan 10.1.1.2 > 192.0.2.3 icmp",
        expect![[r#"
            wan: 10.1.1.2 -> 192.0.2.3 ICMP [connected]
        "#]],
    );
}

#[test]
fn a_filter_towards_the_gateway_must_permit_ike_and_esp_and_none_looks_at_what_it_sends() {
    check(
        "
        interface wan 192.0.2.2/24 in FROM-WAN out TO-WAN
        list FROM-WAN permit 198.51.100.1/32 192.0.2.2/32 17 500
        list TO-WAN deny any any
        ",
        "
        in wan 198.51.100.1 > 192.0.2.2 udp 500
        in wan 198.51.100.1 > 192.0.2.2 udp 4500
        in wan 198.51.100.1 > 192.0.2.2 esp
        out wan 192.0.2.2 > 198.51.100.1 udp 500
        out wan 192.0.2.2 > 198.51.100.1 esp
        ",
        expect![[r#"
            local [filter FROM-WAN 198.51.100.1/32 protocol 17 <-> 192.0.2.2/32 protocol 17 port 500]
            drop filtered [filter FROM-WAN end]
            drop filtered [filter FROM-WAN end]
            wan: 192.0.2.2 -> 198.51.100.1 UDP port 500 []
            wan: 192.0.2.2 -> 198.51.100.1 ESP []
        "#]],
    );
}

#[test]
fn what_a_crypto_map_protects_is_not_filtered_inside_but_is_translated_before() {
    let router = "
        interface lan 10.1.1.1/24
        interface wan 192.0.2.2/24 in FROM-WAN out TO-WAN
        route 0.0.0.0/0 via 192.0.2.1
        map wan 10.1.1.0/24 10.2.0.0/16
        list FROM-WAN deny any any
        list TO-WAN deny any any
        list NAT permit 10.1.1.0/24 any
    ";
    let packets = "
        lan 10.1.1.2 > 10.2.0.1 icmp
        wan 10.2.0.1 > 10.1.1.2 icmp
        wan 10.3.0.1 > 10.1.1.2 icmp
        lan 10.1.1.2 > 10.3.0.1 icmp
    ";
    check(
        router,
        packets,
        expect![[r#"
        wan via 192.0.2.1: 10.1.1.2 -> 10.2.0.1 ICMP [route 0.0.0.0/0]
        lan: 10.2.0.1 -> 10.1.1.2 ICMP [connected]
        drop filtered [filter FROM-WAN 0.0.0.0/0 <-> 0.0.0.0/0]
        drop filtered [route 0.0.0.0/0, filter TO-WAN 0.0.0.0/0 <-> 0.0.0.0/0]
    "#]],
    );
    let with_nat = format!("{router}\nnat overload from lan to wan list NAT interface wan");
    check(
        &with_nat,
        "lan 10.1.1.2 > 10.2.0.1 icmp",
        expect![[r#"
        drop filtered [route 0.0.0.0/0, nat overload to 192.0.2.2, filter TO-WAN 0.0.0.0/0 <-> 0.0.0.0/0]
    "#]],
    );
}
