//! Source NAT.

use crate::door::check;
use expect_test::expect;

const FIREWALL: &str = "
    interface trust 10.1.1.1/24 zone trust
    interface vpn - zone vpn
    interface wan 192.0.2.2/24 zone untrust
    zone trust trust
    route 10.2.0.0/16 dev vpn
    route 0.0.0.0/0 dev wan via 192.0.2.1
    rule all allow from trust to any source 10.1.1.0/24
";

#[test]
fn a_rule_without_translation_ends_the_search() {
    check(
        &format!(
            "{FIREWALL}
            nat off from any to any address 203.0.113.1 disabled
            nat keep from trust to vpn source 10.1.1.0/24 destination 10.2.0.0/16 keep
            nat hide from trust to any interface wan
            "
        ),
        "
        trust 10.1.1.2 > 10.2.0.1 icmp 3
        trust 10.1.1.2 > 198.51.100.1 icmp 4
        ",
        expect![[r#"
            vpn: 10.1.1.2 -> 10.2.0.1 ICMP [route 10.2.0.0/16, nat keep keeps, trust>vpn, rule all]
            wan via 192.0.2.1: 192.0.2.2 -> 198.51.100.1 ICMP [route 0.0.0.0/0, nat hide to 192.0.2.2, trust>untrust, rule all]
        "#]],
    );
}

#[test]
fn below_a_rule_that_translates_a_no_nat_rule_is_never_reached() {
    check(
        &format!(
            "{FIREWALL}
            nat hide from trust to any interface wan
            nat keep from trust to vpn source 10.1.1.0/24 destination 10.2.0.0/16 keep
            "
        ),
        "trust 10.1.1.2 > 10.2.0.1 icmp 3",
        expect![[r#"
            vpn: 192.0.2.2 -> 10.2.0.1 ICMP [route 10.2.0.0/16, nat hide to 192.0.2.2, trust>vpn, rule all]
        "#]],
    );
}

#[test]
fn the_security_rule_sees_addresses_before_nat_and_the_answer_comes_back_to_them() {
    check(
        &format!("{FIREWALL}\nnat hide from trust to untrust address 192.0.2.9"),
        "
        trust 10.1.1.2 > 198.51.100.1 tcp 80
        wan 198.51.100.1 > 192.0.2.9 tcp-from 80
        ",
        expect![[r#"
            wan via 192.0.2.1: 192.0.2.9 -> 198.51.100.1 TCP port 80 [route 0.0.0.0/0, nat hide to 192.0.2.9, trust>untrust, rule all]
            trust: 198.51.100.1 -> 10.1.1.2 TCP port 40000 [session, connected]
        "#]],
    );
}

#[test]
fn two_flows_that_would_look_alike_get_different_ports() {
    check(
        &format!("{FIREWALL}\nnat hide from trust to untrust interface wan"),
        "
        trust 10.1.1.2 > 198.51.100.1 icmp 9
        trust 10.1.1.3 > 198.51.100.1 icmp 9
        wan 198.51.100.1 > 192.0.2.2 icmp 9
        wan 198.51.100.1 > 192.0.2.2 icmp 1024
        at 7 trust 10.1.1.4 > 198.51.100.1 icmp 9
        ",
        expect![[r#"
            wan via 192.0.2.1: 192.0.2.2 -> 198.51.100.1 ICMP [route 0.0.0.0/0, nat hide to 192.0.2.2, trust>untrust, rule all]
            wan via 192.0.2.1: 192.0.2.2 -> 198.51.100.1 ICMP [route 0.0.0.0/0, nat hide to 192.0.2.2, trust>untrust, rule all]
            trust: 198.51.100.1 -> 10.1.1.2 ICMP [session, connected]
            trust: 198.51.100.1 -> 10.1.1.3 ICMP [session, connected]
            wan via 192.0.2.1: 192.0.2.2 -> 198.51.100.1 ICMP [route 0.0.0.0/0, nat hide to 192.0.2.2, trust>untrust, rule all]
        "#]],
    );
}

#[test]
fn an_address_that_is_not_known_translates_nothing_and_is_told() {
    check(
        &format!("{FIREWALL}\nnat hide from trust to untrust interface vpn"),
        "trust 10.1.1.2 > 198.51.100.1 icmp 9",
        expect![[r#"
            wan via 192.0.2.1: 10.1.1.2 -> 198.51.100.1 ICMP [route 0.0.0.0/0, undecided hide: the address that it translates to isn't known, nat hide keeps, trust>untrust, rule all]
        "#]],
    );
}

const ROUTER: &str = "
    interface lan 10.1.1.1/24
    interface wan 192.0.2.2/24
    interface tun -
    route 0.0.0.0/0 via 192.0.2.1
    route 10.2.0.0/16 dev tun
";

#[test]
fn an_access_list_says_which_packets_go_from_inside_to_outside_interfaces() {
    check(
        &format!(
            "{ROUTER}
            nat overload from lan to wan list NAT interface wan
            list NAT deny 10.1.1.0/24 10.3.0.0/16
            list NAT permit 10.1.1.0/24 any
            "
        ),
        "
        lan 10.1.1.2 > 10.2.0.1 icmp 1
        lan 10.1.1.2 > 10.3.0.1 icmp 1
        lan 10.1.1.2 > 10.4.0.1 icmp 1
        wan 10.4.0.1 > 192.0.2.2 icmp 1
        tun 10.1.1.9 > 10.4.0.1 icmp 2
        ",
        expect![[r#"
            tun: 10.1.1.2 -> 10.2.0.1 ICMP [route 10.2.0.0/16]
            wan via 192.0.2.1: 10.1.1.2 -> 10.3.0.1 ICMP [route 0.0.0.0/0]
            wan via 192.0.2.1: 192.0.2.2 -> 10.4.0.1 ICMP [route 0.0.0.0/0, nat overload to 192.0.2.2]
            lan: 10.4.0.1 -> 10.1.1.2 ICMP [session, connected]
            wan via 192.0.2.1: 10.1.1.9 -> 10.4.0.1 ICMP [route 0.0.0.0/0]
        "#]],
    );
}
