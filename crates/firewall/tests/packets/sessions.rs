//! Answers to what was let through.

use crate::door::{check, gateway};
use crossgate_firewall::{Firewall, Flow, Outcome, Reason, SESSIONS};
use crossgate_model::Time;
use expect_test::expect;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

const ONE_WAY: &str = "
    interface trust 10.1.1.1/24 zone trust
    interface vpn - zone vpn
    interface vpn2 - zone vpn
    interface wan 192.0.2.2/24 zone untrust
    zone trust trust
    route 10.2.0.0/16 dev vpn
    rule out allow from trust to vpn
";

#[test]
fn an_answer_passes_without_a_rule_of_its_own_while_the_session_lives() {
    check(
        ONE_WAY,
        "
        vpn 10.2.0.1 > 10.1.1.2 icmp 5
        trust 10.1.1.2 > 10.2.0.1 icmp 5
        at 5 vpn 10.2.0.1 > 10.1.1.2 icmp 5
        at 10 trust 10.1.1.2 > 10.2.0.1 icmp 5
        at 16 vpn 10.2.0.1 > 10.1.1.2 icmp 5
        ",
        expect![[r#"
            drop no-security-rule [connected, vpn>trust]
            vpn: 10.1.1.2 -> 10.2.0.1 ICMP [route 10.2.0.0/16, trust>vpn, rule out]
            trust: 10.2.0.1 -> 10.1.1.2 ICMP [session, connected]
            vpn: 10.1.1.2 -> 10.2.0.1 ICMP [session, route 10.2.0.0/16]
            drop no-security-rule [connected, vpn>trust]
        "#]],
    );
}

#[test]
fn an_answer_has_the_ports_and_the_zone_of_its_session() {
    check(
        ONE_WAY,
        "
        trust 10.1.1.2 > 10.2.0.1 tcp 80
        vpn 10.2.0.1 > 10.1.1.2 tcp-from 81
        wan 10.2.0.1 > 10.1.1.2 tcp-from 80
        vpn2 10.2.0.1 > 10.1.1.2 tcp-from 80
        ",
        expect![[r#"
            vpn: 10.1.1.2 -> 10.2.0.1 TCP port 80 [route 10.2.0.0/16, trust>vpn, rule out]
            drop no-security-rule [connected, vpn>trust]
            drop no-security-rule [connected, untrust>trust]
            trust: 10.2.0.1 -> 10.1.1.2 TCP port 40000 [session, connected]
        "#]],
    );
}

#[test]
fn whoever_starts_ike_opens_the_way_for_the_other_end() {
    let one_way = "
        interface wan 192.0.2.2/24 zone untrust
        zone untrust wan
        rule peers-no deny from untrust to untrust source 198.51.100.1
    ";
    check(
        one_way,
        "
        in wan 198.51.100.1 > 192.0.2.2 udp 500
        out wan 192.0.2.2 > 198.51.100.1 udp 500
        at 29 in wan 198.51.100.1 > 192.0.2.2 udp 500
        at 60 in wan 198.51.100.1 > 192.0.2.2 udp 500
        ",
        expect![[r#"
            drop denied-by-rule [untrust>untrust, rule peers-no]
            wan: 192.0.2.2 -> 198.51.100.1 UDP port 500 [untrust>untrust]
            local [session]
            drop denied-by-rule [untrust>untrust, rule peers-no]
        "#]],
    );
}

#[test]
fn without_zones_an_answer_is_filtered_like_any_packet() {
    check(
        "
        interface lan 10.1.1.1/24
        interface wan 192.0.2.2/24 in FROM-WAN
        route 0.0.0.0/0 via 192.0.2.1
        list FROM-WAN permit any any 6
        ",
        "
        lan 10.1.1.2 > 10.2.0.1 icmp
        wan 10.2.0.1 > 10.1.1.2 icmp
        ",
        expect![[r#"
            wan via 192.0.2.1: 10.1.1.2 -> 10.2.0.1 ICMP [route 0.0.0.0/0]
            drop filtered [filter FROM-WAN end]
        "#]],
    );
}

/// Another one for each number: 256 pairs of hosts, and an identifier.
fn echo(n: u32) -> Flow {
    let host = |first: u32| IpAddr::V4(Ipv4Addr::from_bits(first | (n & 0xff)));
    Flow::echo(host(0x0a01_0100), host(0x0a02_0000), (n >> 8) as u16 + 1)
}

#[test]
fn a_full_table_refuses_until_idle_sessions_are_old() {
    let mut firewall = Firewall::new(Arc::new(gateway(ONE_WAY)));
    let send = |firewall: &mut Firewall, seconds, n| {
        let now = Time::after_start(Duration::from_secs(seconds));
        firewall.forward(now, "trust", echo(n))
    };
    for n in 0..SESSIONS as u32 {
        assert_eq!(send(&mut firewall, 1, n).dropped(), None, "{n}");
    }
    let one_more = SESSIONS as u32;
    let refused = send(&mut firewall, 1, one_more);
    assert_eq!(refused.dropped(), Some(Reason::SessionTableFull));
    assert_eq!(send(&mut firewall, 1, 7).dropped(), None);
    assert_eq!(send(&mut firewall, 8, one_more).dropped(), None);
}

#[test]
fn another_configuration_ends_the_sessions_that_it_does_not_allow() {
    let mut firewall = Firewall::new(Arc::new(gateway(ONE_WAY)));
    let answers = |firewall: &mut Firewall, n| {
        let verdict = firewall.forward(Time::START, "vpn", echo(n).reversed());
        matches!(verdict.outcome, Outcome::Forward { .. })
    };
    for n in [2, 3] {
        firewall.forward(Time::START, "trust", echo(n));
    }
    let host_3 = "rule not-3 deny from trust to vpn destination 10.2.0.3\n";
    let changed = ONE_WAY.replace("rule out", &format!("{host_3} rule out"));
    firewall.reconfigure(Time::START, Arc::new(gateway(&changed)));
    assert!(answers(&mut firewall, 2));
    assert!(!answers(&mut firewall, 3));
}
