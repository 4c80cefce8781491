//! Transform sets, IPsec profiles, crypto maps.

use super::{PROFILE, TUNNEL, check, check_warnings, with_tunnel};
use crossgate_model::{Fragmentation, OuterDf};
use expect_test::expect;

const MAP: &str = "\
crypto ipsec transform-set T esp-aes 256 esp-sha256-hmac
ip access-list extended LIST
 permit ip 10.1.0.0 0.0.255.255 10.2.0.0 0.0.255.255
 permit tcp host 10.3.0.1 eq 443 10.2.0.0 0.0.255.255
crypto map M 20 ipsec-isakmp
 description to headquarters
 set peer 198.51.100.20
 set transform-set T
 set ikev2-profile P
 set pfs group19
 match address LIST
interface GigabitEthernet1
 ip address 203.0.113.10 255.255.255.0
 crypto map M
";

#[test]
fn each_permitting_entry_of_a_map_s_list_is_a_child() {
    check(
        &format!("version 17.9\n{PROFILE}{MAP}"),
        expect![[r#"
        - ios-xe 17.9
        GigabitEthernet1 Physical 203.0.113.10/24
        list LIST
          permit 10.1.0.0/16 <-> 10.2.0.0/16
          permit 10.3.0.1/32 protocol 6 port 443 <-> 10.2.0.0/16 protocol 6
        connection P OnTraffic
          GigabitEthernet1 203.0.113.10 -> 198.51.100.20
          address 203.0.113.10 | address 198.51.100.20
          auth key(12, ..y) | key(12, ..y)
          ike default: AES-CBC-256 / HMAC-SHA512-256,HMAC-SHA384-192 / PRF-HMAC-SHA512,PRF-HMAC-SHA384 / ECP-256,MODP-2048,ECP-521
          life 86400
          child M 20:1 via policy: 10.1.0.0/16 <-> 10.2.0.0/16 Narrow
            esp T: AES-CBC-256 / HMAC-SHA256-128 pfs ECP-256 life 3600 s 4608000 kB window 64
          child M 20:2 via policy: 10.3.0.1/32 protocol 6 port 443 <-> 10.2.0.0/16 protocol 6 Narrow
            esp T: AES-CBC-256 / HMAC-SHA256-128 pfs ECP-256 life 3600 s 4608000 kB window 64
    "#]],
    );
}

#[test]
fn a_deny_is_told_only_where_a_later_entry_permits_what_it_denies() {
    let with = |entries: &str| {
        let list = format!("ip access-list extended LIST\n{entries}");
        format!("version 17.9\n{PROFILE}{MAP}{list}")
    };
    // The list permits 10.1.0.0/16 to 10.2.0.0/16 as number 10, and a server's port as number 20.
    check_warnings(&with(" deny ip any any"), expect![[""]]);
    check_warnings(&with(" 5 deny ip 10.9.0.0 0.0.255.255 any"), expect![[""]]);
    check_warnings(
        &with(" 5 deny ip host 10.1.0.9 any"),
        expect![[r#"
            warning[bad-selector] 26:4+4 an entry of access list `LIST` denies | not obeyed: a traffic selector can't exclude
        "#]],
    );
}

#[test]
fn entries_come_in_the_order_of_their_numbers_and_of_several_peers_the_first_is_used() {
    let more = "\
crypto map M 10 ipsec-isakmp
 set peer hq.example.net
 set peer 198.51.100.20 default
 set ikev2-profile P
 match address 101
access-list 101 permit ip any any
crypto map M local-address Loopback0
interface Loopback0
 ip address 192.0.2.1 255.255.255.255
interface GigabitEthernet2
 ip address 203.0.113.130 255.255.255.128
 shutdown
 crypto map M
";
    check(
        &format!("version 17.9\n{PROFILE}{MAP}{more}"),
        expect![[r#"
            - ios-xe 17.9
            GigabitEthernet1 Physical 203.0.113.10/24
            Loopback0 Loopback 192.0.2.1/32
            GigabitEthernet2 Physical 203.0.113.130/25 shut
            list LIST
              permit 10.1.0.0/16 <-> 10.2.0.0/16
              permit 10.3.0.1/32 protocol 6 port 443 <-> 10.2.0.0/16 protocol 6
            list 101
              permit 0.0.0.0/0 <-> 0.0.0.0/0
            connection P OnTraffic
              Loopback0 192.0.2.1 -> 198.51.100.20
              address 192.0.2.1 | address 198.51.100.20
              auth key(12, ..y) | key(12, ..y)
              ike default: AES-CBC-256 / HMAC-SHA512-256,HMAC-SHA384-192 / PRF-HMAC-SHA512,PRF-HMAC-SHA384 / ECP-256,MODP-2048,ECP-521
              life 86400
              child M 10 via policy: 0.0.0.0/0 <-> 0.0.0.0/0 Narrow
                esp default: AES-CBC-128 / HMAC-SHA1-96 pfs none life 3600 s 4608000 kB window 64
              child M 20:1 via policy: 10.1.0.0/16 <-> 10.2.0.0/16 Narrow
                esp T: AES-CBC-256 / HMAC-SHA256-128 pfs ECP-256 life 3600 s 4608000 kB window 64
              child M 20:2 via policy: 10.3.0.1/32 protocol 6 port 443 <-> 10.2.0.0/16 protocol 6 Narrow
                esp T: AES-CBC-256 / HMAC-SHA256-128 pfs ECP-256 life 3600 s 4608000 kB window 64
              child M 10 GigabitEthernet2 via policy: 0.0.0.0/0 <-> 0.0.0.0/0 Narrow disabled
                esp default: AES-CBC-128 / HMAC-SHA1-96 pfs none life 3600 s 4608000 kB window 64
              child M 20 GigabitEthernet2:1 via policy: 10.1.0.0/16 <-> 10.2.0.0/16 Narrow disabled
                esp T: AES-CBC-256 / HMAC-SHA256-128 pfs ECP-256 life 3600 s 4608000 kB window 64
              child M 20 GigabitEthernet2:2 via policy: 10.3.0.1/32 protocol 6 port 443 <-> 10.2.0.0/16 protocol 6 Narrow disabled
                esp T: AES-CBC-256 / HMAC-SHA256-128 pfs ECP-256 life 3600 s 4608000 kB window 64
            warning[not-obeyed] 26:11+14 27:11+13 only the first peer of an entry is tried | not obeyed
        "#]],
    );
}

#[test]
fn one_profile_for_several_peers_and_local_ends_has_names_that_tell_them_apart() {
    let more = "\
interface Tunnel1
 tunnel source GigabitEthernet1
 tunnel destination 198.51.100.21
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile I
interface Tunnel2
 tunnel source 192.0.2.77
 tunnel destination 198.51.100.20
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile I shared
interface Tunnel3
 tunnel source GigabitEthernet1
 tunnel destination 198.51.100.20
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile I
 shutdown
crypto ikev2 keyring K
 peer ALL
  address 0.0.0.0 0.0.0.0
  pre-shared-key all";
    check(
        &format!("{}{more}", with_tunnel("")),
        expect![[r#"
        - ios-xe 17.9
        GigabitEthernet1 Physical 203.0.113.10/24
        Tunnel0 Tunnel
        Tunnel1 Tunnel
        Tunnel2 Tunnel
        Tunnel3 Tunnel shut
        connection P/198.51.100.20@GigabitEthernet1 AtStart
          GigabitEthernet1 203.0.113.10 -> 198.51.100.20
          address 203.0.113.10 | address 198.51.100.20
          auth key(12, ..y) | key(12, ..y)
          ike default: AES-CBC-256 / HMAC-SHA512-256,HMAC-SHA384-192 / PRF-HMAC-SHA512,PRF-HMAC-SHA384 / ECP-256,MODP-2048,ECP-521
          life 86400
          child Tunnel0 via Tunnel0: 0.0.0.0/0 <-> 0.0.0.0/0 MustCoverConfigured
            esp T: AES-GCM-256 /  pfs none life 3600 s 4608000 kB window 64
          child Tunnel3 via Tunnel3: 0.0.0.0/0 <-> 0.0.0.0/0 MustCoverConfigured disabled
            esp T: AES-GCM-256 /  pfs none life 3600 s 4608000 kB window 64
        connection P/198.51.100.21 AtStart
          GigabitEthernet1 203.0.113.10 -> 198.51.100.21
          address 203.0.113.10 | address 198.51.100.20
          auth key(3, ..l) | key(3, ..l)
          ike default: AES-CBC-256 / HMAC-SHA512-256,HMAC-SHA384-192 / PRF-HMAC-SHA512,PRF-HMAC-SHA384 / ECP-256,MODP-2048,ECP-521
          life 86400
          child Tunnel1 via Tunnel1: 0.0.0.0/0 <-> 0.0.0.0/0 MustCoverConfigured
            esp T: AES-GCM-256 /  pfs none life 3600 s 4608000 kB window 64
        connection P/198.51.100.20@192.0.2.77 AtStart
          - 192.0.2.77 -> 198.51.100.20
          address 192.0.2.77 | address 198.51.100.20
          auth key(12, ..y) | key(12, ..y)
          ike default: AES-CBC-256 / HMAC-SHA512-256,HMAC-SHA384-192 / PRF-HMAC-SHA512,PRF-HMAC-SHA384 / ECP-256,MODP-2048,ECP-521
          life 86400
          child Tunnel2 via Tunnel2: 0.0.0.0/0 <-> 0.0.0.0/0 MustCoverConfigured
            esp T: AES-GCM-256 /  pfs none life 3600 s 4608000 kB window 64
    "#]],
    );
}

#[test]
fn what_a_map_entry_lacks_is_told() {
    let text = format!("version 17.9\n{PROFILE}{MAP}");
    check(
        &text.replace(" set peer 198.51.100.20\n", ""),
        expect![[r#"
            - ios-xe 17.9
            GigabitEthernet1 Physical 203.0.113.10/24
            list LIST
              permit 10.1.0.0/16 <-> 10.2.0.0/16
              permit 10.3.0.1/32 protocol 6 port 443 <-> 10.2.0.0/16 protocol 6
            error[incomplete-map] 15:12+1 crypto map `M 20` has no `set peer` | the entry encrypts nothing
        "#]],
    );
    check(
        &text.replace(" match address LIST\n", ""),
        expect![[r#"
            - ios-xe 17.9
            GigabitEthernet1 Physical 203.0.113.10/24
            list LIST
              permit 10.1.0.0/16 <-> 10.2.0.0/16
              permit 10.3.0.1/32 protocol 6 port 443 <-> 10.2.0.0/16 protocol 6
            error[incomplete-map] 15:12+1 crypto map `M 20` has no `match address` | the entry encrypts nothing
        "#]],
    );
    check(
        &text.replace(" set ikev2-profile P\n", " set isakmp-profile V1\n"),
        expect![[r#"
            - ios-xe 17.9
            GigabitEthernet1 Physical 203.0.113.10/24
            list LIST
              permit 10.1.0.0/16 <-> 10.2.0.0/16
              permit 10.3.0.1/32 protocol 6 port 443 <-> 10.2.0.0/16 protocol 6
            connection M 20 OnTraffic disabled IKEv1
              GigabitEthernet1 203.0.113.10 -> 198.51.100.20
              address 203.0.113.10 | 
              auth missing | missing
              life 86400
              child M 20:1 via policy: 10.1.0.0/16 <-> 10.2.0.0/16 Narrow
                esp T: AES-CBC-256 / HMAC-SHA256-128 pfs ECP-256 life 3600 s 4608000 kB window 64
              child M 20:2 via policy: 10.3.0.1/32 protocol 6 port 443 <-> 10.2.0.0/16 protocol 6 Narrow
                esp T: AES-CBC-256 / HMAC-SHA256-128 pfs ECP-256 life 3600 s 4608000 kB window 64
            warning[not-obeyed] 15:12+1 19:21+2 the crypto map entry `M 20` is for IKEv1, which is not spoken here | has no `set ikev2-profile`
        "#]],
    );
    check(
        &text.replace("peer 198.51.100.20", "peer 198.51.100.X"),
        expect![[r#"
            - ios-xe 17.9
            GigabitEthernet1 Physical 203.0.113.10/24
            list LIST
              permit 10.1.0.0/16 <-> 10.2.0.0/16
              permit 10.3.0.1/32 protocol 6 port 443 <-> 10.2.0.0/16 protocol 6
            error[invalid-value] 17:11+12 expected an IP address or a host name, found `198.51.100.X` | this value
        "#]],
    );
    check(
        &text.replace(" crypto map M\n", " crypto map N\n"),
        expect![[r#"
            - ios-xe 17.9
            GigabitEthernet1 Physical 203.0.113.10/24
            list LIST
              permit 10.1.0.0/16 <-> 10.2.0.0/16
              permit 10.3.0.1/32 protocol 6 port 443 <-> 10.2.0.0/16 protocol 6
            error[undefined-name] 24:13+1 crypto map `N` has no entry that can be obeyed | applied here
        "#]],
    );
}

#[test]
fn a_transform_set_has_numbers_of_64_bits_where_it_says_so() {
    let sets = "\
crypto ipsec transform-set LONG esp-aes 256 esp-sha256-hmac
 mode tunnel
 esn
crypto ipsec transform-set SHORT esp-gcm 256
 esn
 no esn
crypto ipsec profile I
 set transform-set LONG SHORT";
    let tunnel = TUNNEL.replace(" set transform-set T\n", "");
    check(
        &format!("version 17.9\n{PROFILE}{sets}\n{tunnel}"),
        expect![[r#"
            - ios-xe 17.9
            GigabitEthernet1 Physical 203.0.113.10/24
            Tunnel0 Tunnel
            connection P AtStart
              GigabitEthernet1 203.0.113.10 -> 198.51.100.20
              address 203.0.113.10 | address 198.51.100.20
              auth key(12, ..y) | key(12, ..y)
              ike default: AES-CBC-256 / HMAC-SHA512-256,HMAC-SHA384-192 / PRF-HMAC-SHA512,PRF-HMAC-SHA384 / ECP-256,MODP-2048,ECP-521
              life 86400
              child Tunnel0 via Tunnel0: 0.0.0.0/0 <-> 0.0.0.0/0 MustCoverConfigured
                esp LONG: AES-CBC-256 / HMAC-SHA256-128 esn; SHORT: AES-GCM-256 /  pfs none life 3600 s 4608000 kB window 64
        "#]],
    );
}

#[test]
fn transform_sets_of_all_kinds() {
    let text = "\
crypto ipsec transform-set A esp-aes esp-sha-hmac
crypto ipsec transform-set B esp-aes 192 esp-sha384-hmac
 mode transport
crypto ipsec transform-set C esp-gcm
crypto ipsec transform-set D esp-3des esp-md5-hmac
crypto ipsec transform-set E esp-aes 256
crypto ipsec transform-set F esp-null esp-sha-hmac
crypto ipsec transform-set G esp-gcm 256 esp-sha-hmac
crypto ipsec profile I
 set transform-set A B C D E F G default NONE";
    let tunnel = TUNNEL.replace(" set transform-set T\n", "");
    check(
        &format!("version 17.9\n{text}\n{PROFILE}{tunnel}"),
        expect![[r#"
            - ios-xe 17.9
            GigabitEthernet1 Physical 203.0.113.10/24
            Tunnel0 Tunnel
            connection P AtStart
              GigabitEthernet1 203.0.113.10 -> 198.51.100.20
              address 203.0.113.10 | address 198.51.100.20
              auth key(12, ..y) | key(12, ..y)
              ike default: AES-CBC-256 / HMAC-SHA512-256,HMAC-SHA384-192 / PRF-HMAC-SHA512,PRF-HMAC-SHA384 / ECP-256,MODP-2048,ECP-521
              life 86400
              child Tunnel0 via Tunnel0: 0.0.0.0/0 <-> 0.0.0.0/0 MustCoverConfigured
                esp A: AES-CBC-128 / HMAC-SHA1-96; B: AES-CBC-192 / HMAC-SHA384-192; C: AES-GCM-128 / ; D: 3DES-CBC / HMAC-MD5-96; G: AES-GCM-256 / ; default: AES-CBC-128 / HMAC-SHA1-96 pfs none life 3600 s 4608000 kB window 64
            warning[not-obeyed] 4:7+9 transport mode is not spoken: tunnel mode is used | asked for here
            warning[weak-algorithm] 6:30+8 3DES-CBC is weak | should not be offered any more
            warning[weak-algorithm] 6:39+12 HMAC-MD5-96 is weak | should not be offered any more
            warning[not-obeyed] 8:30+8 `esp-null` is not obeyed: packets are always encrypted | left out of the set
            warning[not-obeyed] 9:42+12 GCM takes no integrity algorithm beside it | left out: GCM authenticates by itself
            error[incomplete-transform-set] 7:28+1 11:28+1 transform set `E` has no integrity | not offered
            error[incomplete-transform-set] 8:28+1 11:30+1 transform set `F` has no encryption | not offered
            error[undefined-name] 11:42+4 there is no transform set `NONE` | named here, and defined nowhere
        "#]],
    );
}

#[test]
fn a_profile_without_a_set_offers_the_default_one() {
    let tunnel = TUNNEL.replace(" set transform-set T\n", "");
    check(
        &format!("version 17.9\n{PROFILE}{tunnel}"),
        expect![[r#"
        - ios-xe 17.9
        GigabitEthernet1 Physical 203.0.113.10/24
        Tunnel0 Tunnel
        connection P AtStart
          GigabitEthernet1 203.0.113.10 -> 198.51.100.20
          address 203.0.113.10 | address 198.51.100.20
          auth key(12, ..y) | key(12, ..y)
          ike default: AES-CBC-256 / HMAC-SHA512-256,HMAC-SHA384-192 / PRF-HMAC-SHA512,PRF-HMAC-SHA384 / ECP-256,MODP-2048,ECP-521
          life 86400
          child Tunnel0 via Tunnel0: 0.0.0.0/0 <-> 0.0.0.0/0 MustCoverConfigured
            esp default: AES-CBC-128 / HMAC-SHA1-96 pfs none life 3600 s 4608000 kB window 64
    "#]],
    );
}

/// What a Child does with packets that are too long, given lines before and in its interface.
fn oversize(global: &str, own: &str) -> (OuterDf, Fragmentation) {
    let text = with_tunnel(global).replace("interface Tunnel0", &format!("interface Tunnel0{own}"));
    let gateway = super::door::read(&text).reading.gateway;
    let again = super::door::read(&crate::compose(&gateway).text);
    let of = |gateway: &crossgate_model::Gateway| {
        let (_, child) = gateway.children().next().expect("a Child");
        let oversize = child.oversize;
        (oversize.outer_df.value, oversize.fragmentation.value)
    };
    let read = of(&gateway);
    assert_eq!(of(&again.reading.gateway), read, "composed and read again");
    read
}

#[test]
fn an_interface_s_own_treatment_of_long_packets_comes_before_the_global_one() {
    use Fragmentation::{AfterEncryption, BeforeEncryption};
    let global = "crypto ipsec df-bit set\ncrypto ipsec fragmentation after-encryption";
    let own = "\n crypto ipsec df-bit clear\n crypto ipsec fragmentation before-encryption";
    let taken_back = "crypto ipsec df-bit set\nno crypto ipsec df-bit";
    for (global, own, expected) in [
        ("", "", (OuterDf::Copy, BeforeEncryption)),
        (global, "", (OuterDf::Set, AfterEncryption)),
        (global, own, (OuterDf::Clear, BeforeEncryption)),
        ("", own, (OuterDf::Clear, BeforeEncryption)),
        (taken_back, "", (OuterDf::Copy, BeforeEncryption)),
    ] {
        assert_eq!(oversize(global, own), expected, "{global}{own}");
    }
}

#[test]
fn lifetimes_of_a_profile_come_before_the_global_ones() {
    let global = "\
crypto ipsec security-association lifetime seconds 1800 kilobytes disable
crypto ipsec security-association idle-time 600
crypto ipsec security-association replay window-size 1024
no crypto ipsec nat-transparency udp-encapsulation";
    check(
        &with_tunnel(global),
        expect![[r#"
        - ios-xe 17.9
        GigabitEthernet1 Physical 203.0.113.10/24
        Tunnel0 Tunnel
        connection P AtStart
          GigabitEthernet1 203.0.113.10 -> 198.51.100.20
          address 203.0.113.10 | address 198.51.100.20
          auth key(12, ..y) | key(12, ..y)
          ike default: AES-CBC-256 / HMAC-SHA512-256,HMAC-SHA384-192 / PRF-HMAC-SHA512,PRF-HMAC-SHA384 / ECP-256,MODP-2048,ECP-521
          life 86400 no nat-t
          child Tunnel0 via Tunnel0: 0.0.0.0/0 <-> 0.0.0.0/0 MustCoverConfigured
            esp T: AES-GCM-256 /  pfs none life 1800 s - kB idle 600 window 1024
    "#]],
    );
    let own = "\
crypto ipsec profile I
 set security-association lifetime days 2
 set security-association lifetime kilobytes 100000
 set security-association idle-time 900
 set security-association replay disable
 responder-only";
    check(
        &format!("{}{own}", with_tunnel(global)),
        expect![[r#"
        - ios-xe 17.9
        GigabitEthernet1 Physical 203.0.113.10/24
        Tunnel0 Tunnel
        connection P Never
          GigabitEthernet1 203.0.113.10 -> 198.51.100.20
          address 203.0.113.10 | address 198.51.100.20
          auth key(12, ..y) | key(12, ..y)
          ike default: AES-CBC-256 / HMAC-SHA512-256,HMAC-SHA384-192 / PRF-HMAC-SHA512,PRF-HMAC-SHA384 / ECP-256,MODP-2048,ECP-521
          life 86400 no nat-t
          child Tunnel0 via Tunnel0: 0.0.0.0/0 <-> 0.0.0.0/0 MustCoverConfigured
            esp T: AES-GCM-256 /  pfs none life 172800 s 100000 kB idle 900 window 0
    "#]],
    );
}

#[test]
fn a_bare_pfs_means_what_the_release_says() {
    let text =
        |release| format!("version {release}\n{PROFILE}{TUNNEL}crypto ipsec profile I\n set pfs\n");
    check(
        &text("17.18"),
        expect![[r#"
        - ios-xe 17.18
        GigabitEthernet1 Physical 203.0.113.10/24
        Tunnel0 Tunnel
        connection P AtStart
          GigabitEthernet1 203.0.113.10 -> 198.51.100.20
          address 203.0.113.10 | address 198.51.100.20
          auth key(12, ..y) | key(12, ..y)
          ike default: AES-CBC-256 / HMAC-SHA512-256,HMAC-SHA384-192 / PRF-HMAC-SHA512,PRF-HMAC-SHA384 / ECP-256,MODP-2048,ECP-521
          life 86400
          child Tunnel0 via Tunnel0: 0.0.0.0/0 <-> 0.0.0.0/0 MustCoverConfigured
            esp T: AES-GCM-256 /  pfs MODP-2048 life 3600 s 4608000 kB window 64
    "#]],
    );
    check(
        &text("26.1"),
        expect![[r#"
        - ios-xe 26.1
        GigabitEthernet1 Physical 203.0.113.10/24
        Tunnel0 Tunnel
        connection P AtStart
          GigabitEthernet1 203.0.113.10 -> 198.51.100.20
          address 203.0.113.10 | address 198.51.100.20
          auth key(12, ..y) | key(12, ..y)
          ike default: AES-CBC-256 / HMAC-SHA512-256,HMAC-SHA384-192 / PRF-HMAC-SHA512,PRF-HMAC-SHA384 / ECP-256,MODP-2048,ECP-521
          life 86400
          child Tunnel0 via Tunnel0: 0.0.0.0/0 <-> 0.0.0.0/0 MustCoverConfigured
            esp T: AES-GCM-256 /  pfs none life 3600 s - kB window 64
        error[missing-value] 23:2+7 `set pfs` needs a group in this release | the group is missing
    "#]],
    );
}
