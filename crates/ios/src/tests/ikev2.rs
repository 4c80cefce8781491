//! Proposals, policies, keyrings, profiles and what holds for all of them.

use super::{PROFILE, TUNNEL, check, check_warnings, with_tunnel};
use expect_test::expect;

#[test]
fn without_a_policy_the_release_s_default_proposal_is_offered() {
    check(
        &with_tunnel(""),
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
            esp T: AES-GCM-256 /  pfs none life 3600 s 4608000 kB window 64
    "#]],
    );
    check(
        &format!("version 16.7\n{PROFILE}{TUNNEL}"),
        expect![[r#"
        - ios-xe 16.7
        GigabitEthernet1 Physical 203.0.113.10/24
        Tunnel0 Tunnel
        connection P AtStart
          GigabitEthernet1 203.0.113.10 -> 198.51.100.20
          address 203.0.113.10 | address 198.51.100.20
          auth key(12, ..y) | key(12, ..y)
          ike default: AES-CBC-256,AES-CBC-192,AES-CBC-128 / HMAC-SHA512-256,HMAC-SHA384-192,HMAC-SHA256-128,HMAC-SHA1-96,HMAC-MD5-96 / PRF-HMAC-SHA512,PRF-HMAC-SHA384,PRF-HMAC-SHA256,PRF-HMAC-SHA1,PRF-HMAC-MD5 / MODP-1536,MODP-1024
          life 86400
          child Tunnel0 via Tunnel0: 0.0.0.0/0 <-> 0.0.0.0/0 MustCoverConfigured
            esp T: AES-GCM-256 /  pfs none life 3600 s 4608000 kB window 64
    "#]],
    );
}

#[test]
fn a_proposal_that_no_policy_names_is_told_and_the_default_offered() {
    let text = "crypto ikev2 proposal A\n encryption aes-cbc-128\n integrity sha1\n group 14";
    check(
        &with_tunnel(text),
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
            esp T: AES-GCM-256 /  pfs none life 3600 s 4608000 kB window 64
        warning[unused-proposal] 2:23+1 no IKEv2 policy names proposal `A`: the default proposal is offered instead | never offered
    "#]],
    );
}

#[test]
fn lists_keep_their_order_and_prf_has_its_own_line_with_gcm() {
    let text = "\
crypto ikev2 proposal A
 encryption aes-gcm-256 aes-gcm-128
 prf sha512 sha384
 group 20 19 16
crypto ikev2 proposal B
 encryption aes-cbc-256 aes-cbc-192 3des
 integrity sha384 sha1
 group 14 5
crypto ikev2 policy Z
 proposal A
 proposal B
 proposal default";
    check(
        &with_tunnel(text),
        expect![[r#"
        - ios-xe 17.9
        GigabitEthernet1 Physical 203.0.113.10/24
        Tunnel0 Tunnel
        connection P AtStart
          GigabitEthernet1 203.0.113.10 -> 198.51.100.20
          address 203.0.113.10 | address 198.51.100.20
          auth key(12, ..y) | key(12, ..y)
          ike A: AES-GCM-256,AES-GCM-128 /  / PRF-HMAC-SHA512,PRF-HMAC-SHA384 / ECP-384,ECP-256,MODP-4096
          ike B: AES-CBC-256,AES-CBC-192,3DES-CBC / HMAC-SHA384-192,HMAC-SHA1-96 / PRF-HMAC-SHA384,PRF-HMAC-SHA1 / MODP-2048,MODP-1536
          ike default: AES-CBC-256 / HMAC-SHA512-256,HMAC-SHA384-192 / PRF-HMAC-SHA512,PRF-HMAC-SHA384 / ECP-256,MODP-2048,ECP-521
          life 86400
          child Tunnel0 via Tunnel0: 0.0.0.0/0 <-> 0.0.0.0/0 MustCoverConfigured
            esp T: AES-GCM-256 /  pfs none life 3600 s 4608000 kB window 64
        warning[weak-algorithm] 7:37+4 3DES-CBC is weak | should not be offered any more
        warning[weak-algorithm] 9:11+1 MODP-1536 is weak | should not be offered any more
    "#]],
    );
}

#[test]
fn a_policy_for_the_local_address_comes_before_a_general_one() {
    let text = "\
crypto ikev2 proposal A
 encryption aes-cbc-128
 integrity sha1
 group 14
crypto ikev2 proposal B
 encryption aes-cbc-256
 integrity sha256
 group 19
crypto ikev2 policy GENERAL
 proposal A
crypto ikev2 policy ELSEWHERE
 match address local 192.0.2.1
 proposal A
crypto ikev2 policy HERE
 match fvrf any
 match address local 203.0.113.10
 proposal B";
    check(
        &with_tunnel(text),
        expect![[r#"
        - ios-xe 17.9
        GigabitEthernet1 Physical 203.0.113.10/24
        Tunnel0 Tunnel
        connection P AtStart
          GigabitEthernet1 203.0.113.10 -> 198.51.100.20
          address 203.0.113.10 | address 198.51.100.20
          auth key(12, ..y) | key(12, ..y)
          ike B: AES-CBC-256 / HMAC-SHA256-128 / PRF-HMAC-SHA256 / ECP-256
          life 86400
          child Tunnel0 via Tunnel0: 0.0.0.0/0 <-> 0.0.0.0/0 MustCoverConfigured
            esp T: AES-GCM-256 /  pfs none life 3600 s 4608000 kB window 64
    "#]],
    );
}

#[test]
fn proposals_that_lack_something_are_not_offered() {
    let text = "\
crypto ikev2 proposal NO-PRF
 encryption aes-gcm-256
 group 19
crypto ikev2 proposal NO-GROUP
 encryption aes-cbc-256
 integrity sha256
crypto ikev2 proposal NO-INTEGRITY
 encryption aes-cbc-256
 prf sha256
 group 14
crypto ikev2 proposal NOTHING
crypto ikev2 policy Z
 proposal NO-PRF
 proposal NO-GROUP
 proposal NO-INTEGRITY
 proposal NOTHING
 proposal NOWHERE
crypto ikev2 policy EMPTY";
    check(
        &with_tunnel(text),
        expect![[r#"
            - ios-xe 17.9
            GigabitEthernet1 Physical 203.0.113.10/24
            Tunnel0 Tunnel
            connection P AtStart
              GigabitEthernet1 203.0.113.10 -> 198.51.100.20
              address 203.0.113.10 | address 198.51.100.20
              auth key(12, ..y) | key(12, ..y)
              life 86400
              child Tunnel0 via Tunnel0: 0.0.0.0/0 <-> 0.0.0.0/0 MustCoverConfigured
                esp T: AES-GCM-256 /  pfs none life 3600 s 4608000 kB window 64
            error[undefined-name] 18:11+7 there is no IKEv2 proposal `NOWHERE` | named here, and defined nowhere
            warning[incomplete-policy] 19:21+5 IKEv2 policy `EMPTY` names no proposal | not used
            error[incomplete-proposal] 2:23+6 3:13+11 IKEv2 proposal `NO-PRF` has no `prf` | not offered
            error[incomplete-proposal] 5:23+8 IKEv2 proposal `NO-GROUP` has no `group` | not offered
            error[incomplete-proposal] 8:23+12 IKEv2 proposal `NO-INTEGRITY` has no `integrity` | not offered
            error[incomplete-proposal] 12:23+7 IKEv2 proposal `NOTHING` has no `encryption` | not offered
        "#]],
    );
}

#[test]
fn a_value_that_is_unknown_is_told_once() {
    let text = "\
crypto ikev2 proposal A
 encryption aes-cbc-256
 integrity sha256
 group 31
crypto ikev2 policy A
 proposal A";
    check_warnings(
        &with_tunnel(text),
        expect![[r#"
            error[invalid-value] 5:8+2 expected a Diffie-Hellman group, found `31` | this value
        "#]],
    );
    let later_taken_back = text.replace("group 31", "group 31\n no group");
    check_warnings(
        &with_tunnel(&later_taken_back),
        expect![[r#"
            error[invalid-value] 5:8+2 expected a Diffie-Hellman group, found `31` | this value
            error[incomplete-proposal] 2:23+1 IKEv2 proposal `A` has no `group` | not offered
        "#]],
    );
}

#[test]
fn the_default_proposal_can_be_changed() {
    let text = "\
crypto ikev2 proposal default
 encryption aes-cbc-192
 integrity sha512
 group 21";
    check(
        &with_tunnel(text),
        expect![[r#"
        - ios-xe 17.9
        GigabitEthernet1 Physical 203.0.113.10/24
        Tunnel0 Tunnel
        connection P AtStart
          GigabitEthernet1 203.0.113.10 -> 198.51.100.20
          address 203.0.113.10 | address 198.51.100.20
          auth key(12, ..y) | key(12, ..y)
          ike default: AES-CBC-192 / HMAC-SHA512-256 / PRF-HMAC-SHA512 / ECP-521
          life 86400
          child Tunnel0 via Tunnel0: 0.0.0.0/0 <-> 0.0.0.0/0 MustCoverConfigured
            esp T: AES-GCM-256 /  pfs none life 3600 s 4608000 kB window 64
    "#]],
    );
}

#[test]
fn both_directions_may_have_their_own_key_and_hexadecimal_is_octets() {
    let text = format!(
        "version 17.9\n{}{TUNNEL}",
        PROFILE.replace(
            "pre-shared-key lab-only-key",
            "pre-shared-key local 0 ours\n  pre-shared-key remote hex 0A0b7a"
        )
    );
    check(
        &text,
        expect![[r#"
        - ios-xe 17.9
        GigabitEthernet1 Physical 203.0.113.10/24
        Tunnel0 Tunnel
        connection P AtStart
          GigabitEthernet1 203.0.113.10 -> 198.51.100.20
          address 203.0.113.10 | address 198.51.100.20
          auth key(4, ..s) | key(3, ..z)
          ike default: AES-CBC-256 / HMAC-SHA512-256,HMAC-SHA384-192 / PRF-HMAC-SHA512,PRF-HMAC-SHA384 / ECP-256,MODP-2048,ECP-521
          life 86400
          child Tunnel0 via Tunnel0: 0.0.0.0/0 <-> 0.0.0.0/0 MustCoverConfigured
            esp T: AES-GCM-256 /  pfs none life 3600 s 4608000 kB window 64
    "#]],
    );
}

#[test]
fn a_key_of_type_6_is_there_and_unknown() {
    let text = format!("version 17.9\n{PROFILE}{TUNNEL}");
    let text = text.replace("pre-shared-key lab", "pre-shared-key 6 lab");
    check(
        &text,
        expect![[r#"
        - ios-xe 17.9
        GigabitEthernet1 Physical 203.0.113.10/24
        Tunnel0 Tunnel
        connection P AtStart
          GigabitEthernet1 203.0.113.10 -> 198.51.100.20
          address 203.0.113.10 | address 198.51.100.20
          auth encrypted | encrypted
          ike default: AES-CBC-256 / HMAC-SHA512-256,HMAC-SHA384-192 / PRF-HMAC-SHA512,PRF-HMAC-SHA384 / ECP-256,MODP-2048,ECP-521
          life 86400
          child Tunnel0 via Tunnel0: 0.0.0.0/0 <-> 0.0.0.0/0 MustCoverConfigured
            esp T: AES-GCM-256 /  pfs none life 3600 s 4608000 kB window 64
        warning[key-not-comparable] 5:20+12 the key is written encrypted (type 6), so it can be neither used nor compared | only the router that wrote it can decrypt it
    "#]],
    );
}

#[test]
fn of_several_peers_the_longest_address_wins() {
    let text = "\
crypto ikev2 keyring K
 peer ALL
  address 0.0.0.0 0.0.0.0
  pre-shared-key for-all
 peer NET
  address 198.51.100.0 255.255.255.0
  pre-shared-key for-net-1
 peer OTHER
  address 198.51.100.21
  pre-shared-key for-other-2";
    let text = format!("version 17.9\n{text}\n{PROFILE}{TUNNEL}");
    check(
        &text,
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
            esp T: AES-GCM-256 /  pfs none life 3600 s 4608000 kB window 64
    "#]],
    );
    let text = text.replace("  address 198.51.100.20\n", "  address 192.0.2.20\n");
    check(
        &text,
        expect![[r#"
        - ios-xe 17.9
        GigabitEthernet1 Physical 203.0.113.10/24
        Tunnel0 Tunnel
        connection P AtStart
          GigabitEthernet1 203.0.113.10 -> 198.51.100.20
          address 203.0.113.10 | address 198.51.100.20
          auth key(9, ..1) | key(9, ..1)
          ike default: AES-CBC-256 / HMAC-SHA512-256,HMAC-SHA384-192 / PRF-HMAC-SHA512,PRF-HMAC-SHA384 / ECP-256,MODP-2048,ECP-521
          life 86400
          child Tunnel0 via Tunnel0: 0.0.0.0/0 <-> 0.0.0.0/0 MustCoverConfigured
            esp T: AES-GCM-256 /  pfs none life 3600 s 4608000 kB window 64
    "#]],
    );
}

#[test]
fn a_peer_by_name_has_its_key_by_host_name_or_identity() {
    let text = "\
version 17.9
crypto ikev2 keyring K
 peer A
  description by its name
  hostname HQ.example.net
  pre-shared-key by-name
 peer B
  identity fqdn hq.example.org
  pre-shared-key by-identity
crypto ikev2 profile P
 match identity remote fqdn hq.example.org
 match identity remote fqdn domain example.com
 match identity remote email domain example.com
 match identity remote email a@example.com
 match identity remote key-id vpn7
 match identity remote address 192.0.2.0 255.255.255.0
 match identity remote address 2001:db8::1
 match identity remote any
 authentication remote pre-share
 authentication local pre-share
 keyring local K
 identity local fqdn branch.example.net
";
    let tunnel = TUNNEL.replace("destination 198.51.100.20", "destination hq.example.net");
    check(
        &format!("{text}{tunnel}"),
        expect![[r#"
        - ios-xe 17.9
        GigabitEthernet1 Physical 203.0.113.10/24
        Tunnel0 Tunnel
        connection P AtStart
          GigabitEthernet1 203.0.113.10 -> hq.example.net
          fqdn branch.example.net | fqdn hq.example.org, fqdn in domain example.com, email in domain example.com, email a@example.com, key-id vpn7, address in 192.0.2.0/24, address 2001:db8::1, any
          auth key(7, ..e) | key(7, ..e)
          ike default: AES-CBC-256 / HMAC-SHA512-256,HMAC-SHA384-192 / PRF-HMAC-SHA512,PRF-HMAC-SHA384 / ECP-256,MODP-2048,ECP-521
          life 86400
          child Tunnel0 via Tunnel0: 0.0.0.0/0 <-> 0.0.0.0/0 MustCoverConfigured
            esp T: AES-GCM-256 /  pfs none life 3600 s 4608000 kB window 64
    "#]],
    );
    let tunnel = TUNNEL.replace("destination 198.51.100.20", "destination dynamic");
    check(
        &format!("{text}{tunnel}"),
        expect![[r#"
        - ios-xe 17.9
        GigabitEthernet1 Physical 203.0.113.10/24
        Tunnel0 Tunnel
        connection P AtStart
          GigabitEthernet1 203.0.113.10 -> any
          fqdn branch.example.net | fqdn hq.example.org, fqdn in domain example.com, email in domain example.com, email a@example.com, key-id vpn7, address in 192.0.2.0/24, address 2001:db8::1, any
          auth key(11, ..y) | key(11, ..y)
          ike default: AES-CBC-256 / HMAC-SHA512-256,HMAC-SHA384-192 / PRF-HMAC-SHA512,PRF-HMAC-SHA384 / ECP-256,MODP-2048,ECP-521
          life 86400
          child Tunnel0 via Tunnel0: 0.0.0.0/0 <-> 0.0.0.0/0 MustCoverConfigured
            esp T: AES-GCM-256 /  pfs none life 3600 s 4608000 kB window 64
    "#]],
    );
}

#[test]
fn keys_may_stand_in_the_profile() {
    let profile = PROFILE
        .replace("remote pre-share", "remote pre-share key theirs")
        .replace("local pre-share", "local pre-share key 0 ours")
        .replace(" keyring local K\n", "");
    check(
        &format!("version 17.9\n{profile}{TUNNEL}"),
        expect![[r#"
        - ios-xe 17.9
        GigabitEthernet1 Physical 203.0.113.10/24
        Tunnel0 Tunnel
        connection P AtStart
          GigabitEthernet1 203.0.113.10 -> 198.51.100.20
          address 203.0.113.10 | address 198.51.100.20
          auth key(4, ..s) | key(6, ..s)
          ike default: AES-CBC-256 / HMAC-SHA512-256,HMAC-SHA384-192 / PRF-HMAC-SHA512,PRF-HMAC-SHA384 / ECP-256,MODP-2048,ECP-521
          life 86400
          child Tunnel0 via Tunnel0: 0.0.0.0/0 <-> 0.0.0.0/0 MustCoverConfigured
            esp T: AES-GCM-256 /  pfs none life 3600 s 4608000 kB window 64
    "#]],
    );
}

#[test]
fn a_profile_s_values_come_before_the_global_ones() {
    let global = "\
crypto ikev2 dpd 60 5 on-demand
crypto ikev2 nat keepalive 30
crypto ikev2 fragmentation mtu 1200
crypto ikev2 cookie-challenge 50
crypto ikev2 limit max-in-negotation-sa 100 incoming
crypto ikev2 limit max-sa 200
crypto ikev2 diagnose error 50";
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
          life 86400 dpd 60 5x5 on demand fragments 1200 keepalive 30
          child Tunnel0 via Tunnel0: 0.0.0.0/0 <-> 0.0.0.0/0 MustCoverConfigured
            esp T: AES-GCM-256 /  pfs none life 3600 s 4608000 kB window 64
    "#]],
    );
    let own = "\
crypto ikev2 profile P
 lifetime 7200
 dpd 10 2 periodic
 nat keepalive 15
 nat force-encap
 initial-contact force
 shutdown";
    check(
        &format!("{}{own}", with_tunnel(global)),
        expect![[r#"
        - ios-xe 17.9
        GigabitEthernet1 Physical 203.0.113.10/24
        Tunnel0 Tunnel
        connection P AtStart disabled
          GigabitEthernet1 203.0.113.10 -> 198.51.100.20
          address 203.0.113.10 | address 198.51.100.20
          auth key(12, ..y) | key(12, ..y)
          ike default: AES-CBC-256 / HMAC-SHA512-256,HMAC-SHA384-192 / PRF-HMAC-SHA512,PRF-HMAC-SHA384 / ECP-256,MODP-2048,ECP-521
          life 7200 dpd 10 5x2 periodic fragments 1200 keepalive 15 forced
          child Tunnel0 via Tunnel0: 0.0.0.0/0 <-> 0.0.0.0/0 MustCoverConfigured
            esp T: AES-GCM-256 /  pfs none life 3600 s 4608000 kB window 64
    "#]],
    );
    let limits = super::read(&with_tunnel(global)).reading.gateway.limits;
    assert_eq!(limits.cookie_threshold.value, 50);
    assert_eq!(limits.max_half_open.value, 100);
    assert_eq!(limits.max_ike_sas.value, 200);
}

#[test]
fn no_takes_back_what_a_line_said() {
    let text = "\
crypto ikev2 proposal A
 encryption aes-cbc-256
 integrity sha256
 group 14
no crypto ikev2 proposal A
crypto ikev2 fragmentation
no crypto ikev2 fragmentation
crypto ikev2 dpd 60 5 on-demand
no crypto ikev2 dpd
crypto ikev2 profile P
 lifetime 7200
 no lifetime 7200
 match identity remote address 192.0.2.1
 no match identity remote address 192.0.2.1 255.255.255.255";
    check(
        &with_tunnel(text),
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
            esp T: AES-GCM-256 /  pfs none life 3600 s 4608000 kB window 64
    "#]],
    );
}

#[test]
fn no_needs_no_value() {
    let text = "\
version 17.9
no hostname
no crypto ikev2 cookie-challenge
no crypto ikev2 limit max-sa
no crypto ikev2 nat keepalive
no crypto ipsec security-association lifetime kilobytes
crypto ikev2 proposal A
 no encryption
 no integrity
crypto ikev2 keyring K
 peer A
  no address
  no hostname
  no identity
  no pre-shared-key
crypto ikev2 profile P
 no keyring local
 no lifetime
 no dpd
 no identity local
 no authentication local
 no nat keepalive
 no shutdown
crypto ipsec profile I
 no set pfs
 no set transform-set
 no set ikev2-profile
 no set security-association idle-time
interface Tunnel0
 no description
 no ip address
 no mtu
 no ip tcp adjust-mss
 no tunnel source
 no tunnel mode
 no tunnel protection ipsec profile
 no crypto map
";
    check(
        text,
        expect![[r#"
            - ios-xe 17.9
            Tunnel0 Tunnel
            warning[incomplete-proposal] 7:23+1 IKEv2 proposal `A` has no `encryption` | not offered
            warning[unused-proposal] 7:23+1 no IKEv2 policy names proposal `A`: the default proposal is offered instead | never offered
        "#]],
    );
}

#[test]
fn what_a_profile_lacks_or_asks_in_vain_is_told() {
    let text = format!("version 17.9\n{PROFILE}{TUNNEL}");
    check(
        &text.replace(" keyring local K\n", ""),
        expect![[r#"
        - ios-xe 17.9
        GigabitEthernet1 Physical 203.0.113.10/24
        Tunnel0 Tunnel
        connection P AtStart
          GigabitEthernet1 203.0.113.10 -> 198.51.100.20
          address 203.0.113.10 | address 198.51.100.20
          auth missing | missing
          ike default: AES-CBC-256 / HMAC-SHA512-256,HMAC-SHA384-192 / PRF-HMAC-SHA512,PRF-HMAC-SHA384 / ECP-256,MODP-2048,ECP-521
          life 86400
          child Tunnel0 via Tunnel0: 0.0.0.0/0 <-> 0.0.0.0/0 MustCoverConfigured
            esp T: AES-GCM-256 /  pfs none life 3600 s 4608000 kB window 64
        error[key-missing] 6:22+1 IKEv2 profile `P` has no keyring | authenticates by pre-shared key without `keyring local`
    "#]],
    );
    check(
        &text.replace(" match identity remote address 198.51.100.20\n", ""),
        expect![[r#"
            - ios-xe 17.9
            GigabitEthernet1 Physical 203.0.113.10/24
            Tunnel0 Tunnel
            error[incomplete-profile] 6:22+1 IKEv2 profile `P` has no `match identity remote` | incomplete, so that no tunnel can use it
        "#]],
    );
    check(
        &text.replace("remote pre-share", "remote rsa-sig"),
        expect![[r#"
            - ios-xe 17.9
            GigabitEthernet1 Physical 203.0.113.10/24
            Tunnel0 Tunnel
            connection P AtStart
              shows - trusts undefined pki trustpoint
              GigabitEthernet1 203.0.113.10 -> 198.51.100.20
              address 203.0.113.10 | address 198.51.100.20
              auth key(12, ..y) | RSA signature
              ike default: AES-CBC-256 / HMAC-SHA512-256,HMAC-SHA384-192 / PRF-HMAC-SHA512,PRF-HMAC-SHA384 / ECP-256,MODP-2048,ECP-521
              life 86400
              child Tunnel0 via Tunnel0: 0.0.0.0/0 <-> 0.0.0.0/0 MustCoverConfigured
                esp T: AES-GCM-256 /  pfs none life 3600 s 4608000 kB window 64
            error[only-judged] 8:24+7 authentication by RSA signature is not done here | only `pre-share` is
        "#]],
    );
    let more = "\
crypto ikev2 profile P
 match address local interface Gi2
 match certificate MAP
 ivrf RED
 virtual-template 1
 pki trustpoint TP
 keyring aaa LIST
 aaa authorization group psk list L";
    check(
        &format!("{text}{more}"),
        expect![[r#"
            - ios-xe 17.9
            GigabitEthernet1 Physical 203.0.113.10/24
            Tunnel0 Tunnel
            warning[not-obeyed] 24:2+21 `match certificate` is not obeyed: ends authenticate with pre-shared keys only | known, but not obeyed
            warning[not-obeyed] 25:2+8 `ivrf` is not obeyed: there is one routing table, the global one | known, but not obeyed
            warning[not-obeyed] 26:2+18 `virtual-template` is not obeyed: remote access and FlexVPN servers are not served | known, but not obeyed
            warning[only-judged] 27:2+17 `pki trustpoint` is not obeyed: ends authenticate with pre-shared keys only | known, but not obeyed
            warning[not-obeyed] 28:2+16 `keyring aaa` is not obeyed: keys come from the file only | known, but not obeyed
            warning[not-obeyed] 29:2+34 `aaa` is not obeyed: remote access and FlexVPN servers are not served | known, but not obeyed
            error[profile-elsewhere] 23:32+3 18:16+16 IKEv2 profile `P` is not for this local end | only for this
        "#]],
    );
}
