//! IKE gateways and their crypto profiles.

use crate::{check, check_both};
use crate::{check_lines, check_lines_of, tunnel_and};
use expect_test::expect;

#[test]
fn all_of_a_gateway() {
    check_both(
        &tunnel_and(""),
        expect![[r#"
        interface ethernet1/1 Physical [198.51.100.20/24]
        interface tunnel.1 Tunnel []
        connection G, starts on traffic
          local  ethernet1/1  198.51.100.20 as address 198.51.100.20
          remote 203.0.113.10 as [address 203.0.113.10]
          auth key of 15 octets, lifetime 28800s
          nat false keepalive 20s, fragments None, liveness None
          ike  P AES-CBC-256 / HMAC-SHA256-128 / PRF-HMAC-SHA256 / MODP-2048
          child T on T: 0.0.0.0/0 <-> 0.0.0.0/0 through tunnel.1 esp  P AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
    "#]],
    );
}

#[test]
fn everything_that_a_gateway_may_say() {
    check_lines(
        "set network ike gateway G protocol ikev2 dpd interval 30 enable yes
set network ike gateway G protocol-common nat-traversal enable yes keep-alive-interval 60
set network ike gateway G protocol-common fragmentation enable yes
set network ike gateway G protocol-common passive-mode yes
set network ike gateway G local-address ip 198.51.100.20/24
set network ike gateway G local-id type fqdn id hq.example.net
set network ike gateway G peer-id type ufqdn id ops@example.net
set network ike gateway G disabled yes
set network ike gateway G comment \"a remark\"",
        &["connection", "local", "remote", "nat"],
        expect![[r#"
            connection G (off), never starts
            local  ethernet1/1  198.51.100.20 as fqdn hq.example.net
            remote 203.0.113.10 as [email ops@example.net]
            nat true keepalive 60s, fragments Some(576), liveness Some(30s)
        "#]],
    );
}

#[test]
fn a_profile_that_nothing_uses_is_told_but_for_those_that_every_device_has() {
    check_lines(
        "set network ike crypto-profiles ike-crypto-profiles SPARE dh-group group19
set network ike crypto-profiles ike-crypto-profiles default dh-group group19
set network ike crypto-profiles ipsec-crypto-profiles SPARE dh-group group19",
        &["note", "warning", "error"],
        expect![[r#"
            note[unused] nothing uses IKE crypto profile `SPARE`
              ^ fw:14:53 of no effect
            note[unused] nothing uses IPsec crypto profile `SPARE`
              ^ fw:16:55 of no effect
        "#]],
    );
}

#[test]
fn identities_of_every_type() {
    for (id, expected) in [
        (
            "type ipaddr id 192.0.2.7",
            expect![[r#"
            remote 203.0.113.10 as [address 192.0.2.7]
        "#]],
        ),
        (
            "type fqdn id branch.example.net",
            expect![[r#"
            remote 203.0.113.10 as [fqdn branch.example.net]
        "#]],
        ),
        (
            "type keyid id 0a0b0c",
            expect![[r#"
            remote 203.0.113.10 as [key-id \n\x0b\x0c]
        "#]],
        ),
        (
            "type keyid id xyz",
            expect![[r#"
            remote 203.0.113.10 as [address 203.0.113.10]
            error[invalid-value] `xyz` is no identity of type `keyid`
              ^ fw:14:49 expected an even number of hexadecimal digits
        "#]],
        ),
        (
            "type dn id CN=branch",
            expect![[r#"
            remote 203.0.113.10 as [address 203.0.113.10]
            error[not-obeyed] distinguished names as `peer-id` are not obeyed
              ^ fw:14:46 the address stands instead
        "#]],
        ),
        (
            "type fqdn matching wildcard id *.example.net",
            expect![[r#"
            remote 203.0.113.10 as [fqdn in domain example.net]
        "#]],
        ),
        (
            "type ufqdn matching wildcard id *@example.net",
            expect![[r#"
            remote 203.0.113.10 as [email in domain example.net]
        "#]],
        ),
        (
            "type ipaddr matching wildcard id 192.0.2.*",
            expect![[r#"
            remote 203.0.113.10 as [address in 192.0.2.0/24]
        "#]],
        ),
        (
            "type fqdn matching wildcard id a*b.example.net",
            expect![[r#"
            remote 203.0.113.10 as [fqdn a*b.example.net]
            error[not-obeyed] the wildcard in `a*b.example.net` is not obeyed
              ^ fw:14:66 taken as it is: expected `*` in front of a domain
        "#]],
        ),
    ] {
        let line = format!("set network ike gateway G peer-id {id}");
        check_lines(&line, &["remote "], expected);
    }
}

#[test]
fn a_peer_by_name_and_one_from_anywhere() {
    let by_name = "set network ike gateway G peer-address fqdn branch.example.net";
    check_lines(
        by_name,
        &["connection", "remote "],
        expect![[r#"
        connection G, starts on traffic
        remote branch.example.net as []
        note[said-twice] `peer-address` is said twice
          ^ fw:14:40 this one holds
          - fw:10:40 this one is replaced
    "#]],
    );
    let dynamic = "set network ike gateway G peer-address dynamic";
    check_lines(
        dynamic,
        &["connection", "remote "],
        expect![[r#"
        connection G, never starts
        remote any as []
        note[said-twice] `peer-address` is said twice
          ^ fw:14:40 this one holds
          - fw:10:40 this one is replaced
    "#]],
    );
}

#[test]
fn versions() {
    let preferred = "set network ike gateway G protocol version ikev2-preferred";
    check_lines(
        preferred,
        &["connection"],
        expect![[r#"
        connection G, starts on traffic
        note[said-twice] `version` is said twice
          ^ fw:14:44 this one holds
          - fw:7:44 this one is replaced
        warning[ikev2-preferred] this gateway may fall back to IKEv1, which this program doesn't speak
          ^ fw:14:44 taken as `ikev2`
          ? say `version ikev2` if the peer speaks it
    "#]],
    );
    let old = "set network ike gateway G protocol version ikev1";
    check_lines(
        old,
        &["connection"],
        expect![[r#"
        connection G (off), starts on traffic
        note[said-twice] `version` is said twice
          ^ fw:14:44 this one holds
          - fw:7:44 this one is replaced
        error[not-obeyed] the gateway `G` speaks IKEv1 only
          ^ fw:14:44 never brought up
          ? say `protocol version ikev2`
    "#]],
    );
    let unsaid = "delete network ike gateway G protocol version";
    check_lines(
        unsaid,
        &["connection"],
        expect![[r#"
        connection G (off), starts on traffic
        error[not-obeyed] the gateway `G` speaks IKEv1 only
          ^ fw:6:25 no `protocol version` here, and `ikev1` is the default
          ? say `protocol version ikev2`
    "#]],
    );
}

#[test]
fn a_peer_address_that_cannot_be_read_does_not_become_any_peer() {
    check_lines(
        "set network ike gateway G peer-address ip 203.0.113.300",
        &["connection"],
        expect![[r#"
            connection G (off), never starts
            note[said-twice] `ip` is said twice
              ^ fw:14:43 this one holds
              - fw:10:43 this one is replaced
            error[invalid-value] `203.0.113.300` is no address and no address object
              ^ fw:14:43 expected the peer's address
        "#]],
    );
}

#[test]
fn keys_encrypted_missing_and_too_long() {
    let encrypted = "set network ike gateway G authentication pre-shared-key key -AQ==Zm9vYmFy";
    check_lines(
        encrypted,
        &["connection", "auth"],
        expect![[r#"
            connection G, starts on traffic
            auth encrypted key, lifetime 28800s
            note[said-twice] `key` is said twice
              ^ fw:14:61 this one holds
              - fw:6:61 this one is replaced
            warning[key-not-comparable] this pre-shared key is encrypted with the device's master key
              ^ fw:14:61 it can't be used or compared
              ? write the key itself here
        "#]],
    );
    let missing = "delete network ike gateway G authentication";
    check_lines(
        missing,
        &["connection", "auth"],
        expect![[r#"
        connection G (off), starts on traffic
        auth no key, lifetime 28800s
        error[key-missing] the gateway `G` has no pre-shared key
          ^ fw:6:25 expected a `pre-shared-key key`
    "#]],
    );
    let long = format!(
        "set network ike gateway G authentication pre-shared-key key {}",
        "k".repeat(256)
    );
    check_lines(
        &long,
        &["connection", "auth"],
        expect![[r#"
        connection G, starts on traffic
        auth key of 256 octets, lifetime 28800s
        note[said-twice] `key` is said twice
          ^ fw:14:61 this one holds
          - fw:6:61 this one is replaced
        error[out-of-range] this pre-shared key has 256 characters
          ^ fw:14:61 expected 255 at most
    "#]],
    );
    let certificate =
        "set network ike gateway G authentication certificate local-certificate name C";
    check_lines(
        certificate,
        &["connection", "auth"],
        expect![[r#"
            connection G, starts on traffic
            auth digital signature, lifetime 28800s
            note[said-twice] `authentication` is said twice
              ^ fw:14:42 this one holds
              - fw:6:42 this one is replaced
            error[only-judged] authentication by certificate is not done here
              ^ fw:14:42 only a `pre-shared-key` is
        "#]],
    );
}

#[test]
fn liveness_has_an_interval_only() {
    let retry = "set network ike gateway G protocol ikev2 dpd enable yes interval 10 retry 3";
    check_lines(
        retry,
        &["nat"],
        expect![[r#"
        nat false keepalive 20s, fragments None, liveness Some(10s)
        warning[not-obeyed] IKEv2 liveness has no `retry`
          ^ fw:14:75 not obeyed
          = an unanswered probe is sent again for 7 min 15 s, whatever is said here
          ? leave it out
    "#]],
    );
    let too_often = "set network ike gateway G protocol ikev2 dpd enable yes interval 1";
    check_lines(
        too_often,
        &["nat"],
        expect![[r#"
        nat false keepalive 20s, fragments None, liveness Some(5s)
        error[out-of-range] `interval` is out of range
          ^ fw:14:66 found `1`, expected 2 to 100
    "#]],
    );
}

#[test]
fn lifetimes_in_every_unit_and_out_of_bounds() {
    let profile = "set network ike crypto-profiles ike-crypto-profiles P lifetime";
    for (lifetime, expected) in [
        (
            "seconds 28800",
            expect![[r#"
            auth key of 15 octets, lifetime 28800s
        "#]],
        ),
        (
            "minutes 5",
            expect![[r#"
            auth key of 15 octets, lifetime 300s
        "#]],
        ),
        (
            "hours 24",
            expect![[r#"
            auth key of 15 octets, lifetime 86400s
        "#]],
        ),
        (
            "days 2",
            expect![[r#"
            auth key of 15 octets, lifetime 172800s
        "#]],
        ),
        (
            "seconds 86400",
            expect![[r#"
            auth key of 15 octets, lifetime 28800s
            error[out-of-range] `seconds` is out of range
              ^ fw:14:72 found `86400`, expected 180 to 65535
              ? write `hours 24`
        "#]],
        ),
        (
            "seconds 179",
            expect![[r#"
            auth key of 15 octets, lifetime 28800s
            error[out-of-range] `seconds` is out of range
              ^ fw:14:72 found `179`, expected 180 to 65535
        "#]],
        ),
        (
            "fortnights 2",
            expect![[r#"
            auth key of 15 octets, lifetime 28800s
            warning[unknown-element] `fortnights` is not known and not obeyed
              ^ fw:14:64 no known element of `lifetime`
        "#]],
        ),
    ] {
        check_lines(&format!("{profile} {lifetime}"), &["auth"], expected);
    }
}

#[test]
fn gcm_takes_its_prf_from_the_group() {
    let base = "delete network ike crypto-profiles ike-crypto-profiles P
set network ike crypto-profiles ike-crypto-profiles P hash non-auth";
    for (algorithms, expected) in [
        (
            "encryption aes-256-gcm dh-group group19",
            expect![[r#"
            ike  P AES-GCM-256 /  / PRF-HMAC-SHA256 / ECP-256
        "#]],
        ),
        (
            "encryption aes-128-gcm dh-group [ group14 group20 ]",
            expect![[r#"
            ike  P AES-GCM-128 /  / PRF-HMAC-SHA256,PRF-HMAC-SHA384 / MODP-2048,ECP-384
        "#]],
        ),
        (
            "encryption aes-256-gcm dh-group group21",
            expect![[r#"
            ike  P AES-GCM-256 /  / PRF-HMAC-SHA512 / ECP-521
        "#]],
        ),
        (
            "encryption aes-256-gcm hash sha384 dh-group group20",
            expect![[r#"
                ike  P AES-GCM-256 / HMAC-SHA384-192 / PRF-HMAC-SHA384 / ECP-384
                note[hash-beside-gcm] a `hash` other than `non-auth` stands beside nothing but GCM
                  ^ fw:16:83 taken for the PRF only
                  = a vendor's page says that such a profile can't be committed, another shows one
                  ? say `hash non-auth`
            "#]],
        ),
        (
            "encryption aes-256-cbc dh-group group14",
            expect![[r#"
            error[missing-value] AES-CBC-256 needs an algorithm in `hash`
              ^ fw:16:66 encrypts without authenticating
        "#]],
        ),
        (
            "encryption [ aes-256-gcm aes-256-cbc ] hash sha384 dh-group group14",
            expect![[r#"
            ike  P AES-GCM-256,AES-CBC-256 / HMAC-SHA384-192 / PRF-HMAC-SHA384 / MODP-2048
        "#]],
        ),
    ] {
        let profile = "set network ike crypto-profiles ike-crypto-profiles P";
        check_lines(
            &format!("{base}\n{profile} {algorithms}"),
            &["ike "],
            expected,
        );
    }
}

#[test]
fn weak_and_unusable_algorithms_are_told_where_they_are_offered() {
    check_lines(
        "set network ike crypto-profiles ike-crypto-profiles P encryption 3des hash md5 dh-group group2
set network ike crypto-profiles ike-crypto-profiles unused encryption des hash md5 dh-group group1",
        &["ike "],
        expect![[r#"
            ike  P AES-CBC-256,3DES-CBC / HMAC-SHA256-128,HMAC-MD5-96 / PRF-HMAC-SHA256,PRF-HMAC-MD5 / MODP-2048,MODP-1024
            warning[unsupported-algorithm] `3des` can't be used
              ^ fw:14:66 never agreed to: this program doesn't have it
            warning[unsupported-algorithm] `md5` can't be used
              ^ fw:14:76 never agreed to: this program doesn't have it
            warning[weak-algorithm] `group2` is weak
              ^ fw:14:89 offered, and taken if the peer wants it
              = RFC 8247 and RFC 8221 say that it should not or must not be used
            note[unused] nothing uses IKE crypto profile `unused`
              ^ fw:15:53 of no effect
        "#]],
    );
}

#[test]
fn a_list_of_nothing_but_unknown_words_is_told_once() {
    check_lines(
        "delete network ike crypto-profiles ike-crypto-profiles P dh-group
set network ike crypto-profiles ike-crypto-profiles P dh-group group31",
        &["ike "],
        expect![[r#"
            error[invalid-value] `dh-group` can't have this value
              ^ fw:15:64 found `group31`, expected group1, group2, group5, group14, group15, group16, group19, group20 or group21
        "#]],
    );
}

#[test]
fn words_that_are_no_algorithm() {
    check_lines(
        "set network ike crypto-profiles ike-crypto-profiles P dh-group group24 encryption aes256",
        &["ike "],
        expect![[r#"
            ike  P AES-CBC-256 / HMAC-SHA256-128 / PRF-HMAC-SHA256 / MODP-2048
            error[invalid-value] `dh-group` can't have this value
              ^ fw:14:64 found `group24`, expected group1, group2, group5, group14, group15, group16, group19, group20 or group21
            error[invalid-value] `encryption` can't have this value
              ^ fw:14:83 found `aes256`, expected des, 3des, aes-128-cbc, aes-192-cbc, aes-256-cbc, aes-128-gcm or aes-256-gcm
        "#]],
    );
}

#[test]
fn predefined_profiles_are_known_without_being_written() {
    for (name, expected) in [
        (
            "default",
            expect![[r#"
                ike  default AES-CBC-128,3DES-CBC / HMAC-SHA1-96 / PRF-HMAC-SHA1 / MODP-1024
                child T on T: 0.0.0.0/0 <-> 0.0.0.0/0 through tunnel.1 esp  default AES-CBC-128,3DES-CBC / HMAC-SHA1-96 pfs MODP-1024 for 3600s window 1024
                warning[unsupported-algorithm] `3des` can't be used
                  ^ fw:5:61 never agreed to: this program doesn't have it
                warning[weak-algorithm] `group2` is weak
                  ^ fw:5:61 offered, and taken if the peer wants it
                  = RFC 8247 and RFC 8221 say that it should not or must not be used
                warning[unsupported-algorithm] `3des` can't be used
                  ^ fw:9:58 never agreed to: this program doesn't have it
                warning[weak-algorithm] `group2` is weak
                  ^ fw:9:58 offered, and taken if the peer wants it
                  = RFC 8247 and RFC 8221 say that it should not or must not be used
            "#]],
        ),
        (
            "Suite-B-GCM-128",
            expect![[r#"
                ike  Suite-B-GCM-128 AES-CBC-128 / HMAC-SHA256-128 / PRF-HMAC-SHA256 / ECP-256
                child T on T: 0.0.0.0/0 <-> 0.0.0.0/0 through tunnel.1 esp  Suite-B-GCM-128 AES-GCM-128 /  pfs ECP-256 for 3600s window 1024
            "#]],
        ),
        (
            "Suite-B-GCM-256",
            expect![[r#"
                ike  Suite-B-GCM-256 AES-CBC-256 / HMAC-SHA384-192 / PRF-HMAC-SHA384 / ECP-384
                child T on T: 0.0.0.0/0 <-> 0.0.0.0/0 through tunnel.1 esp  Suite-B-GCM-256 AES-GCM-256 /  pfs ECP-384 for 3600s window 1024
            "#]],
        ),
    ] {
        let commands = tunnel_and("");
        let others = commands.lines().filter(|l| !l.contains("crypto-profiles"));
        let named =
            others.map(|l| l.replace("crypto-profile P", &format!("crypto-profile {name}")));
        let commands: Vec<String> = named.collect();
        check_lines_of(&commands.join("\n"), &["ike ", "child"], expected);
    }
}

#[test]
fn names_that_nothing_defines() {
    check_lines(
        "set network ike gateway G protocol ikev2 ike-crypto-profile nowhere
set network ike gateway G local-address interface ethernet1/7
set network tunnel ipsec T auto-key ipsec-crypto-profile nothing
set network tunnel ipsec T tunnel-interface tunnel.9
set network tunnel ipsec U auto-key ike-gateway nobody
set network tunnel ipsec U tunnel-interface tunnel.1",
        &["connection", "local ", "child"],
        expect![[r#"
            connection G (off), starts on traffic
            local  ethernet1/7 as address 0.0.0.0
            child T (off) on T: 0.0.0.0/0 <-> 0.0.0.0/0 through tunnel.9 pfs none for 3600s window 1024
            note[unused] nothing uses IKE crypto profile `P`
              ^ fw:3:53 of no effect
            note[unused] nothing uses IPsec crypto profile `P`
              ^ fw:4:55 of no effect
            note[said-twice] `ike-crypto-profile` is said twice
              ^ fw:14:61 this one holds
              - fw:8:61 this one is replaced
            error[undefined-name] there is no IKE crypto profile `nowhere`
              ^ fw:14:61 nothing of this name is defined
            note[said-twice] `interface` is said twice
              ^ fw:15:51 this one holds
              - fw:9:51 this one is replaced
            error[undefined-name] there is no interface `ethernet1/7`
              ^ fw:15:51 nothing of this name is defined
            note[said-twice] `ipsec-crypto-profile` is said twice
              ^ fw:16:58 this one holds
              - fw:12:58 this one is replaced
            error[undefined-name] there is no IPsec crypto profile `nothing`
              ^ fw:16:58 nothing of this name is defined
            note[said-twice] `tunnel-interface` is said twice
              ^ fw:17:45 this one holds
              - fw:13:45 this one is replaced
            error[undefined-name] there is no interface `tunnel.9`
              ^ fw:17:45 nothing of this name is defined
            warning[unsupported-algorithm] `3des` can't be used
              ^ fw:18:26 never agreed to: this program doesn't have it
            warning[weak-algorithm] `group2` is weak
              ^ fw:18:26 offered, and taken if the peer wants it
              = RFC 8247 and RFC 8221 say that it should not or must not be used
            error[undefined-name] there is no IKE gateway `nobody`
              ^ fw:18:49 nothing of this name is defined
        "#]],
    );
}

#[test]
fn an_address_that_the_interface_lacks() {
    let line = "set network ike gateway G local-address ip 198.51.100.21/24";
    check_lines(
        line,
        &["local "],
        expect![[r#"
        local  ethernet1/1  198.51.100.21 as address 198.51.100.21
        error[address-not-on-interface] 198.51.100.21 is no address of `ethernet1/1`
          ^ fw:14:44 stated here
          - fw:1:54 the interface has this
    "#]],
    );
}

#[test]
fn a_gateway_alone_has_no_local_address_yet() {
    check(
        "set network ike gateway G authentication pre-shared-key key k
set network ike gateway G protocol version ikev2
set network ike gateway G local-address interface ethernet1/1
set network ike gateway G peer-address ip 203.0.113.10
",
        expect![[r#"
            connection G, starts on traffic
              local  ethernet1/1 as address 0.0.0.0
              remote 203.0.113.10 as [address 203.0.113.10]
              auth key of 1 octets, lifetime 28800s
              nat false keepalive 20s, fragments None, liveness None
              ike  default AES-CBC-128,3DES-CBC / HMAC-SHA1-96 / PRF-HMAC-SHA1 / MODP-1024
            warning[unsupported-algorithm] `3des` can't be used
              ^ fw:1:25 never agreed to: this program doesn't have it
            warning[weak-algorithm] `group2` is weak
              ^ fw:1:25 offered, and taken if the peer wants it
              = RFC 8247 and RFC 8221 say that it should not or must not be used
            warning[undefined-name] there is no interface `ethernet1/1`
              ^ fw:3:51 nothing of this name is defined
              = this file has no `network interface` section
        "#]],
    );
}

#[test]
fn limits_of_half_open_negotiations() {
    let (_, reading) = crate::reading_of(
        "set deviceconfig setting vpn ikev2 cookie-threshold 20 max-half-opened-sa 100",
    );
    let limits = reading.gateway.limits;
    assert_eq!(
        (limits.cookie_threshold.value, limits.max_half_open.value),
        (20, 100)
    );
    let (_, reading) = crate::reading_of("set deviceconfig system hostname fw");
    let limits = reading.gateway.limits;
    assert_eq!(
        (limits.cookie_threshold.value, limits.max_half_open.value),
        (500, 65_535)
    );
}
