//! The pairs under `examples/`, which the program's own demonstrations run.

use crate::{check, dump, reading_of};
use crossgate_panos::looks_like;
use expect_test::expect;

const HQ_XML: &str = include_str!("../../../../examples/site-to-site/hq.xml");
const HQ_SET: &str = include_str!("../../../../examples/site-to-site/hq.set");
const AS_PUBLISHED: &str = include_str!("../../../../examples/as-published/hq.xml");

#[test]
fn hq_in_xml() {
    check(
        HQ_XML,
        expect![[r#"
        hostname hq-fw
        release 11.1.0 (pan-os 11.1.0)
        interface ethernet1/1 Physical [198.51.100.20/24] zone untrust router default -- to the Internet
        interface ethernet1/2 Physical [10.20.20.1/24] zone trust router default -- HQ LAN
        interface tunnel.1 Tunnel [] zone vpn router default -- to the branch
        route  internet 0.0.0.0/0 via ethernet1/1 198.51.100.1 distance 10 metric 10 router default
        route  branch-lan 10.10.10.0/24 via tunnel.1 distance 10 metric 10 router default
        connection gw-branch, starts on traffic
          local  ethernet1/1  198.51.100.20 as address 198.51.100.20
          remote 203.0.113.10 as [address 203.0.113.10]
          auth key of 41 octets, lifetime 28800s
          nat true keepalive 20s, fragments None, liveness Some(10s)
          ike  ike-branch AES-CBC-256 / HMAC-SHA256-128 / PRF-HMAC-SHA256 / MODP-2048
          child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
        zone untrust [ethernet1/1]
        zone trust [ethernet1/2]
        zone vpn [tunnel.1]
        address lan-hq 10.20.20.0/24
        address lan-branch 10.10.10.0/24
        security branch-to-hq: [vpn] [lan-branch] -> [trust] [lan-hq] application [any] service [any] Allow
        security hq-to-branch: [trust] [lan-hq] -> [vpn] [lan-branch] application [any] service [any] Allow
        security lan-to-internet: [trust] [lan-hq] -> [untrust] [any] application [any] service [any] Allow
        nat keep-vpn-addresses: [trust] [lan-hq] -> [vpn] [lan-branch] service any unchanged
        nat internet-access: [trust] [lan-hq] -> [untrust] [any] service any from ethernet1/1
    "#]],
    );
}

#[test]
fn hq_in_set_form_is_the_same_but_for_the_release() {
    let (_, xml) = reading_of(HQ_XML);
    let (_, set) = reading_of(HQ_SET);
    assert_eq!(set.findings.len(), 0);
    let mut xml = xml.gateway;
    xml.release = None;
    assert_eq!(dump::gateway(&set.gateway), dump::gateway(&xml));
}

#[test]
fn the_published_parameters() {
    check(
        AS_PUBLISHED,
        expect![[r#"
        hostname hq-edge
        release 11.1.0 (pan-os 11.1.0)
        interface ethernet1/1 Physical [198.51.100.20/24] zone untrust router default -- WAN
        interface ethernet1/2 Physical [10.20.20.1/24] zone trust router default -- HQ users
        interface tunnel.1 Tunnel [] zone vpn router default -- site tunnel
        route  wan-default 0.0.0.0/0 via ethernet1/1 198.51.100.1 distance 10 metric 10 router default
        route  branch-users 10.10.10.0/24 via tunnel.1 distance 10 metric 10 router default
        connection isr-gateway, starts on traffic
          local  ethernet1/1  198.51.100.20 as address 198.51.100.20
          remote 203.0.113.10 as [address 203.0.113.10]
          auth key of 36 octets, lifetime 28800s
          nat true keepalive 20s, fragments None, liveness Some(10s)
          ike  isr-ike AES-CBC-256 / HMAC-SHA256-128 / PRF-HMAC-SHA256 / MODP-2048
          child isr-tunnel:users on isr-tunnel: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  isr-esp AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
        zone untrust [ethernet1/1]
        zone trust [ethernet1/2]
        zone vpn [tunnel.1]
        security from-branch: [vpn] [10.10.10.0/24] -> [trust] [10.20.20.0/24] application [any] service [any] Allow
        security to-branch: [trust] [10.20.20.0/24] -> [vpn] [10.10.10.0/24] application [any] service [any] Allow
    "#]],
    );
}

#[test]
fn the_dialect_is_recognised() {
    assert_eq!(looks_like(HQ_XML), 100);
    assert_eq!(looks_like(HQ_SET), 99);
    assert_eq!(
        looks_like("hostname x\ncrypto ikev2 proposal P\n set pfs group14\n"),
        0
    );
    assert_eq!(looks_like(""), 0);
}
