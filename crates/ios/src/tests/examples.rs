//! The examples that the repository offers.

use super::{check, check_findings};
use expect_test::expect;

const SITE_TO_SITE: &str = include_str!("../../../../examples/site-to-site/branch.cfg");
const AS_PUBLISHED: &str = include_str!("../../../../examples/as-published/branch.cfg");

#[test]
fn a_vti_with_a_policy_has_the_selectors_of_its_access_list() {
    check(
        SITE_TO_SITE,
        expect![[r#"
        branch-rtr ios-xe 17.9
        Tunnel0 Tunnel 169.254.20.1/30 mtu 1400 mss 1360 "to headquarters"
        GigabitEthernet0/0/0 Physical 203.0.113.10/24 "Internet"
        GigabitEthernet0/0/1 Physical 10.10.10.1/24 mss 1360 "branch LAN"
        route 0.0.0.0/0 via 203.0.113.1 [1]
        route 10.20.20.0/24 via Tunnel0 [1] "HQ-LAN"
        list LAB-TRAFFIC
          permit 10.10.10.0/24 <-> 10.20.20.0/24
        connection LAB-HQ AtStart
          GigabitEthernet0/0/0 203.0.113.10 -> 198.51.100.20
          address 203.0.113.10 | address 198.51.100.20
          auth key(41, ..e) | key(41, ..e)
          ike LAB-IKE: AES-CBC-256 / HMAC-SHA256-128 / PRF-HMAC-SHA256 / MODP-2048
          life 28800 dpd 10 5x3 periodic
          child Tunnel0 via Tunnel0: 10.10.10.0/24 <-> 10.20.20.0/24 Narrow
            esp LAB-ESP: AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 life 3600 s 4608000 kB window 64
    "#]],
    );
    check_findings(
        SITE_TO_SITE,
        expect![[r#"
        note[not-obeyed] 4:1+38 5:1+36 not obeyed, because it doesn't concern tunnels: management of the device
    "#]],
    );
}

#[test]
fn a_vti_without_a_policy_has_any_to_any_and_the_missing_wan_is_told() {
    check(
        AS_PUBLISHED,
        expect![[r#"
        - ios-xe 17 (assumed)
        Tunnel0 Tunnel 169.254.0.1/30 "to headquarters"
        route 10.20.20.0/24 via Tunnel0 [1]
        connection PUB-PROFILE AtStart
          GigabitEthernet0/0/0 - -> 198.51.100.20
          address 0.0.0.0 | address 198.51.100.20
          auth key(36, ..x) | key(36, ..x)
          ike PUB-IKE: AES-CBC-256 / HMAC-SHA256-128 / PRF-HMAC-SHA256 / MODP-2048
          life 28800 dpd 10 5x3 periodic
          child Tunnel0 via Tunnel0: 0.0.0.0/0 <-> 0.0.0.0/0 MustCoverConfigured
            esp PUB-ESP: AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 life 3600 s 4608000 kB window 64
    "#]],
    );
    check_findings(
        AS_PUBLISHED,
        expect![[r#"
        note[assumed-release] the file states no release: taken for IOS-XE 17
        note[address-unknown] 36:16+20 interface `GigabitEthernet0/0/0` is not in the file: its address must come from outside the file | connections start from it
    "#]],
    );
}
