//! Zones and security rules.

use crate::door::check;
use expect_test::expect;

const SITE: &str = "
    interface trust 10.1.1.1/24 zone trust
    interface dmz 10.5.5.1/24 zone trust
    interface vpn - zone vpn
    interface wan 192.0.2.2/24 zone untrust
    zone trust trust
    route 10.2.0.0/16 dev vpn
    route 0.0.0.0/0 dev wan via 192.0.2.1
    address lan 10.1.1.0/24
    address far 10.2.0.0/16
    address some 10.2.0.10-10.2.0.19
    address both group:lan,far
    address name fqdn:hq.example.net
    service rdp 6 3389
";

fn with(rules: &str) -> String {
    format!("{SITE}\nzones\n{rules}")
}

#[test]
fn inside_a_zone_all_passes_and_between_zones_nothing_does() {
    check(
        &with(""),
        "
        trust 10.1.1.2 > 10.5.5.2 icmp
        trust 10.1.1.2 > 10.2.0.1 icmp
        vpn 10.2.0.1 > 10.1.1.2 icmp
        ",
        expect![[r#"
            dmz: 10.1.1.2 -> 10.5.5.2 ICMP [connected, trust>trust]
            drop no-security-rule [route 10.2.0.0/16, trust>vpn]
            drop no-security-rule [connected, vpn>trust]
        "#]],
    );
}

#[test]
fn the_first_rule_that_matches_decides_whatever_follows() {
    check(
        &with(
            "
            rule off deny from any to any disabled
            rule not-these deny from trust to vpn source lan destination some
            rule these allow from trust to vpn source lan destination far
            rule shadowed deny from trust to vpn source lan destination far
            ",
        ),
        "
        trust 10.1.1.2 > 10.2.0.9 icmp
        trust 10.1.1.2 > 10.2.0.10 icmp
        trust 10.1.1.2 > 10.2.0.19 icmp
        trust 10.1.1.2 > 10.2.0.20 icmp
        ",
        expect![[r#"
            vpn: 10.1.1.2 -> 10.2.0.9 ICMP [route 10.2.0.0/16, trust>vpn, rule these]
            drop denied-by-rule [route 10.2.0.0/16, trust>vpn, rule not-these]
            drop denied-by-rule [route 10.2.0.0/16, trust>vpn, rule not-these]
            vpn: 10.1.1.2 -> 10.2.0.20 ICMP [route 10.2.0.0/16, trust>vpn, rule these]
        "#]],
    );
}

#[test]
fn a_rule_is_only_for_its_zones_and_inside_a_zone_a_deny_holds_too() {
    check(
        &with(
            "
            rule wrong-way allow from vpn to trust
            rule quiet deny from trust to trust destination 10.5.5.0/24
            ",
        ),
        "
        trust 10.1.1.2 > 10.2.0.1 icmp
        trust 10.1.1.2 > 10.5.5.2 icmp
        ",
        expect![[r#"
            drop no-security-rule [route 10.2.0.0/16, trust>vpn]
            drop denied-by-rule [connected, trust>trust, rule quiet]
        "#]],
    );
}

#[test]
fn addresses_are_objects_groups_ranges_or_written_out_and_may_be_negated() {
    check(
        &with(
            "
            rule nested allow from any to vpn source both destination some
            rule literal allow from any to vpn source 10.1.1.7 destination 10.2.3.0/24
            rule range allow from any to vpn destination 10.2.4.1-10.2.4.2
            rule others allow from any to vpn source 10.1.1.0/25 negate-source
            ",
        ),
        "
        trust 10.1.1.2 > 10.2.0.10 icmp
        trust 10.1.1.7 > 10.2.3.1 icmp
        trust 10.1.1.8 > 10.2.3.1 icmp
        trust 10.1.1.8 > 10.2.4.2 icmp
        trust 10.1.1.127 > 10.2.9.1 icmp
        trust 10.1.1.128 > 10.2.9.1 icmp
        ",
        expect![[r#"
            vpn: 10.1.1.2 -> 10.2.0.10 ICMP [route 10.2.0.0/16, trust>vpn, rule nested]
            vpn: 10.1.1.7 -> 10.2.3.1 ICMP [route 10.2.0.0/16, trust>vpn, rule literal]
            drop no-security-rule [route 10.2.0.0/16, trust>vpn]
            vpn: 10.1.1.8 -> 10.2.4.2 ICMP [route 10.2.0.0/16, trust>vpn, rule range]
            drop no-security-rule [route 10.2.0.0/16, trust>vpn]
            vpn: 10.1.1.128 -> 10.2.9.1 ICMP [route 10.2.0.0/16, trust>vpn, rule others]
        "#]],
    );
}

#[test]
fn a_service_is_a_protocol_and_its_ports() {
    check(
        &with(
            "
            rule desktop allow from any to vpn service rdp
            rule web allow from any to vpn service service-https
            ",
        ),
        "
        trust 10.1.1.2 > 10.2.0.1 tcp 3389
        trust 10.1.1.2 > 10.2.0.1 tcp 3390
        trust 10.1.1.2 > 10.2.0.1 udp 3389
        trust 10.1.1.2 > 10.2.0.1 tcp 443
        trust 10.1.1.2 > 10.2.0.1 icmp
        ",
        expect![[r#"
            vpn: 10.1.1.2 -> 10.2.0.1 TCP port 3389 [route 10.2.0.0/16, trust>vpn, rule desktop]
            drop no-security-rule [route 10.2.0.0/16, trust>vpn]
            drop no-security-rule [route 10.2.0.0/16, trust>vpn]
            vpn: 10.1.1.2 -> 10.2.0.1 TCP port 443 [route 10.2.0.0/16, trust>vpn, rule web]
            drop no-security-rule [route 10.2.0.0/16, trust>vpn]
        "#]],
    );
}

#[test]
fn an_application_counts_where_the_header_shows_it() {
    check(
        &with(
            "
            rule pings allow from trust to vpn application ping
            rule keys allow from trust to untrust application ike,ipsec-esp
            rule web allow from vpn to trust application ssl service application-default
            ",
        ),
        "
        trust 10.1.1.2 > 10.2.0.1 icmp 7
        trust 10.1.1.2 > 10.2.0.1 tcp 22
        trust 10.1.1.2 > 198.51.100.1 udp 500
        trust 10.1.1.2 > 198.51.100.1 udp 4500
        trust 10.1.1.2 > 198.51.100.1 esp
        trust 10.1.1.2 > 198.51.100.1 udp 53
        vpn 10.2.0.1 > 10.1.1.2 icmp 8
        ",
        expect![[r#"
            vpn: 10.1.1.2 -> 10.2.0.1 ICMP [route 10.2.0.0/16, trust>vpn, rule pings]
            drop no-security-rule [route 10.2.0.0/16, trust>vpn]
            wan via 192.0.2.1: 10.1.1.2 -> 198.51.100.1 UDP port 500 [route 0.0.0.0/0, trust>untrust, rule keys]
            wan via 192.0.2.1: 10.1.1.2 -> 198.51.100.1 UDP port 4500 [route 0.0.0.0/0, trust>untrust, rule keys]
            wan via 192.0.2.1: 10.1.1.2 -> 198.51.100.1 ESP [route 0.0.0.0/0, trust>untrust, rule keys]
            drop no-security-rule [route 0.0.0.0/0, trust>untrust]
            drop no-security-rule [connected, vpn>trust]
        "#]],
    );
}

#[test]
fn of_what_no_header_shows_allows_match_and_denies_do_not_and_both_are_told() {
    check(
        &with(
            "
            rule games deny from trust to vpn application chess
            rule own allow from trust to vpn application our-protocol destination 10.2.1.0/24
            rule named allow from trust to vpn destination name
            ",
        ),
        "
        trust 10.1.1.2 > 10.2.1.1 tcp 7777
        trust 10.1.1.2 > 10.2.2.1 tcp 7777
        ",
        expect![[r#"
            vpn: 10.1.1.2 -> 10.2.1.1 TCP port 7777 [route 10.2.0.0/16, trust>vpn, undecided games: no header shows whether it is chess, undecided own: no header shows whether it is our-protocol, rule own]
            vpn: 10.1.1.2 -> 10.2.2.1 TCP port 7777 [route 10.2.0.0/16, trust>vpn, undecided games: no header shows whether it is chess, undecided named: only DNS knows the addresses of hq.example.net, rule named]
        "#]],
    );
}

#[test]
fn an_interface_in_no_zone_passes_nothing_unless_the_file_has_none_at_all() {
    check(
        "
        interface trust 10.1.1.1/24 zone trust
        interface vpn -
        zone trust trust
        zones
        route 10.2.0.0/16 dev vpn
        ",
        "trust 10.1.1.2 > 10.2.0.1 icmp",
        expect![[r#"
            drop no-zone [route 10.2.0.0/16]
        "#]],
    );
    check(
        "
        interface trust 10.1.1.1/24
        interface vpn -
        zones
        route 10.2.0.0/16 dev vpn
        ",
        "trust 10.1.1.2 > 10.2.0.1 icmp",
        expect![[r#"
            vpn: 10.1.1.2 -> 10.2.0.1 ICMP [route 10.2.0.0/16, ?>?]
        "#]],
    );
}

#[test]
fn packets_of_the_gateway_itself_stay_inside_the_outer_zone() {
    check(
        &with("rule no-esp deny from untrust to untrust application ipsec-esp"),
        "
        in wan 198.51.100.1 > 192.0.2.2 udp 500
        out wan 192.0.2.2 > 198.51.100.1 udp 500
        in wan 198.51.100.1 > 192.0.2.2 esp
        out wan 192.0.2.2 > 198.51.100.1 esp
        in wan 198.51.100.1 > 10.1.1.1 udp 500
        ",
        expect![[r#"
            local [untrust>untrust]
            wan: 192.0.2.2 -> 198.51.100.1 UDP port 500 [session]
            drop denied-by-rule [untrust>untrust, rule no-esp]
            drop denied-by-rule [untrust>untrust, rule no-esp]
            drop no-security-rule [untrust>trust]
        "#]],
    );
}
