//! IPsec tunnels, proxy IDs and IPsec crypto profiles.

use crate::check_lines;
use expect_test::expect;

#[test]
fn each_proxy_id_is_a_child() {
    check_lines(
        "set network tunnel ipsec T auto-key proxy-id lan local 10.20.20.0/24 remote 10.10.10.0/24 protocol any
set network tunnel ipsec T auto-key proxy-id host local 10.20.21.1 remote 10.10.11.0/24
set network tunnel ipsec T auto-key proxy-id gre local 10.20.20.0/24 remote 10.10.10.0/24 protocol number 47
set network tunnel ipsec T auto-key proxy-id web local 10.20.20.0/24 remote 10.10.10.0/24 protocol tcp local-port 443 remote-port 0
set network tunnel ipsec T auto-key proxy-id dns local 10.20.20.0/24 remote 10.10.10.0/24 protocol udp remote-port 53
set network tunnel ipsec T auto-key proxy-id-v6 six local 2001:db8:20::/64 remote 2001:db8:10::/64
set network tunnel ipsec T auto-key proxy-id open",
        &["child"],
        expect![[r#"
            child T:lan on T: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  P AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
            child T:host on T: 10.20.21.1/32 <-> 10.10.11.0/24 through tunnel.1 esp  P AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
            child T:gre on T: 10.20.20.0/24 protocol 47 <-> 10.10.10.0/24 protocol 47 through tunnel.1 esp  P AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
            child T:web on T: 10.20.20.0/24 protocol 6 port 443 <-> 10.10.10.0/24 protocol 6 through tunnel.1 esp  P AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
            child T:dns on T: 10.20.20.0/24 protocol 17 <-> 10.10.10.0/24 protocol 17 port 53 through tunnel.1 esp  P AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
            child T:open on T: 0.0.0.0/0 <-> 0.0.0.0/0 through tunnel.1 esp  P AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
            child T:six on T: 2001:db8:20::/64 <-> 2001:db8:10::/64 through tunnel.1 esp  P AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
        "#]],
    );
}

#[test]
fn no_proxy_id_selects_everything() {
    check_lines(
        "",
        &["child"],
        expect![[r#"
        child T on T: 0.0.0.0/0 <-> 0.0.0.0/0 through tunnel.1 esp  P AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
    "#]],
    );
}

#[test]
fn proxy_ids_that_make_no_sense() {
    check_lines(
        "set network tunnel ipsec T auto-key proxy-id bits local 10.20.20.7/24 remote 10.10.10.0/24
set network tunnel ipsec T auto-key proxy-id word local headquarters remote 10.10.10.0/24
set network tunnel ipsec T auto-key proxy-id family local 2001:db8::/64 remote 10.10.10.0/24
set network tunnel ipsec T auto-key proxy-id port local 10.0.0.0/8 protocol tcp local-port 70000
set network tunnel ipsec T auto-key proxy-id a-name-that-goes-on-and-on-and-on-until-it-is-much-too-long-for-pan",
        &["child"],
        expect![[r#"
            child T:bits on T: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  P AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
            child T:port on T: 10.0.0.0/8 protocol 6 <-> 0.0.0.0/0 protocol 6 through tunnel.1 esp  P AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
            child T:a-name-that-goes-on-and-on-and-on-until-it-is-much-too-long-for-pan on T: 0.0.0.0/0 <-> 0.0.0.0/0 through tunnel.1 esp  P AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
            warning[host-bits] `10.20.20.7/24` has address bits after its prefix
              ^ fw:14:57 taken as 10.20.20.0/24
            error[invalid-value] `headquarters` is no IPv4 network
              ^ fw:15:57 expected `local` of a proxy ID
              = this proxy ID is left out
            error[invalid-value] `2001:db8::/64` is no IPv4 network
              ^ fw:16:59 expected `local` of a proxy ID
              = this proxy ID is left out
            error[out-of-range] `local-port` is out of range
              ^ fw:17:92 found `70000`, expected 0 to 65535
            warning[out-of-range] the name `T:a-name-that-goes-on-and-on-and-on-until-it-is-much-too-long-for-pan` is longer than 63 characters
              ^ fw:18:46 tunnel and proxy ID together
        "#]],
    );
}

#[test]
fn what_a_tunnel_may_say() {
    check_lines(
        "set network tunnel ipsec T anti-replay no
set network tunnel ipsec T copy-tos yes
set network tunnel ipsec T comment remark
set network tunnel ipsec T tunnel-monitor enable yes destination-ip 10.10.10.1
set network tunnel ipsec T disabled yes",
        &["child"],
        expect![[r#"
            child T (off) on T: 0.0.0.0/0 <-> 0.0.0.0/0 through tunnel.1 esp  P AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 0
            note[not-obeyed] `copy-tos` is not obeyed
              ^ fw:15:37 the outer header has its own
            note[not-obeyed] `network tunnel ipsec tunnel-monitor` is not obeyed
              ^ fw:17:28 kept as it is
        "#]],
    );
    let window = "set network tunnel ipsec T anti-replay yes anti-replay-window 4096";
    check_lines(
        window,
        &["child"],
        expect![[r#"
        child T on T: 0.0.0.0/0 <-> 0.0.0.0/0 through tunnel.1 esp  P AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 4096
    "#]],
    );
}

#[test]
fn what_is_not_supported_keeps_a_tunnel_down() {
    for (line, expected) in [
        (
            "set network tunnel ipsec T ipsec-mode transport",
            expect![[r#"
            child T (off) on T: 0.0.0.0/0 <-> 0.0.0.0/0 through tunnel.1 esp  P AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
            error[not-obeyed] transport mode is not supported
              ^ fw:14:39 the tunnel is never brought up
        "#]],
        ),
        (
            "set network tunnel ipsec T enable-gre-encapsulation yes",
            expect![[r#"
            child T (off) on T: 0.0.0.0/0 <-> 0.0.0.0/0 through tunnel.1 esp  P AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
            error[not-obeyed] GRE in IPsec is not supported
              ^ fw:14:53 the tunnel is never brought up
        "#]],
        ),
        (
            "delete network tunnel ipsec T tunnel-interface",
            expect![[r#"
            child T (off) on T: 0.0.0.0/0 <-> 0.0.0.0/0 esp  P AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
            error[missing-value] the tunnel `T` has no tunnel interface
              ^ fw:11:26 expected `tunnel-interface`
        "#]],
        ),
        (
            "delete network tunnel ipsec T auto-key",
            expect![[r#"
                note[unused] nothing uses IPsec crypto profile `P`
                  ^ fw:4:55 of no effect
                error[not-obeyed] the tunnel `T` is not keyed by IKE
                  ^ fw:11:26 expected `auto-key`; never brought up
            "#]],
        ),
        (
            "set network ike crypto-profiles ipsec-crypto-profiles P ah authentication sha256",
            expect![[r#"
                child T (off) on T: 0.0.0.0/0 <-> 0.0.0.0/0 through tunnel.1 pfs none for 3600s window 1024
                error[unsupported-algorithm] AH is not supported
                  ^ fw:14:57 expected `esp`
            "#]],
        ),
    ] {
        check_lines(line, &["child"], expected);
    }
}

#[test]
fn ipsec_crypto_profiles() {
    let base = "delete network ike crypto-profiles ipsec-crypto-profiles P";
    let profile = "set network ike crypto-profiles ipsec-crypto-profiles P";
    for (algorithms, expected) in [
        (
            "esp encryption [ aes-256-gcm aes-128-gcm ] authentication none\nPROFILE dh-group no-pfs",
            expect![[r#"
            child T on T: 0.0.0.0/0 <-> 0.0.0.0/0 through tunnel.1 esp  P AES-GCM-256,AES-GCM-128 /  pfs none for 3600s window 1024
        "#]],
        ),
        (
            "esp encryption aes-128-cbc authentication [ sha256 sha512 ]\nPROFILE lifesize gb 4",
            expect![[r#"
            child T on T: 0.0.0.0/0 <-> 0.0.0.0/0 through tunnel.1 esp  P AES-CBC-128 / HMAC-SHA256-128,HMAC-SHA512-256 pfs MODP-1024 for 3600s kilobytes 4194304 window 1024
            warning[weak-algorithm] PFS is with group 2, which is weak
              ^ fw:15:55 no `dh-group` here
              = PAN-OS's schema has `group2` where nothing is said
              ? say `dh-group group14` or better, or `no-pfs`
        "#]],
        ),
        (
            "esp encryption aes-256-cbc authentication none\nPROFILE dh-group group20",
            expect![[r#"
            child T (off) on T: 0.0.0.0/0 <-> 0.0.0.0/0 through tunnel.1 pfs none for 3600s window 1024
            error[missing-value] AES-CBC-256 needs an algorithm in `esp authentication`
              ^ fw:15:72 encrypts without authenticating
        "#]],
        ),
        (
            "esp encryption [ aes-128-ccm null aes-192-cbc ] authentication sha1\nPROFILE dh-group group5",
            expect![[r#"
            child T on T: 0.0.0.0/0 <-> 0.0.0.0/0 through tunnel.1 esp  P AES-CBC-192 / HMAC-SHA1-96 pfs MODP-1536 for 3600s window 1024
            warning[unsupported-algorithm] `aes-128-ccm` can't be used
              ^ fw:15:74 never agreed to: this program doesn't have it
            warning[unsupported-algorithm] `null` can't be used
              ^ fw:15:86 never agreed to: this program doesn't have it
            warning[weak-algorithm] `group5` is weak
              ^ fw:16:66 offered, and taken if the peer wants it
              = RFC 8247 and RFC 8221 say that it should not or must not be used
        "#]],
        ),
        (
            "esp encryption aes-256-cbc authentication sha256\nPROFILE dh-group group31",
            expect![[r#"
            child T (off) on T: 0.0.0.0/0 <-> 0.0.0.0/0 through tunnel.1 pfs none for 3600s window 1024
            error[invalid-value] `dh-group` can't have this value
              ^ fw:16:66 found `group31`, expected no-pfs, group1, group2, group5, group14, group15, group16, group19, group20 or group21
        "#]],
        ),
        (
            "dh-group group14",
            expect![[r#"
            child T (off) on T: 0.0.0.0/0 <-> 0.0.0.0/0 through tunnel.1 pfs none for 3600s window 1024
            error[missing-value] the crypto profile `P` has no `esp encryption`
              ^ fw:15:55 nothing can be offered without one
        "#]],
        ),
    ] {
        let algorithms = algorithms.replace("PROFILE", profile);
        check_lines(
            &format!("{base}\n{profile} {algorithms}"),
            &["child"],
            expected,
        );
    }
}

#[test]
fn two_tunnels_with_one_fault_tell_it_once() {
    check_lines(
        "set network ike crypto-profiles ipsec-crypto-profiles P dh-group group2
set network tunnel ipsec U auto-key ike-gateway G
set network tunnel ipsec U auto-key ipsec-crypto-profile P
set network tunnel ipsec U tunnel-interface tunnel.1",
        &["child"],
        expect![[r#"
            child T on T: 0.0.0.0/0 <-> 0.0.0.0/0 through tunnel.1 esp  P AES-CBC-256 / HMAC-SHA256-128 pfs MODP-1024 for 3600s window 1024
            child U on U: 0.0.0.0/0 <-> 0.0.0.0/0 through tunnel.1 esp  P AES-CBC-256 / HMAC-SHA256-128 pfs MODP-1024 for 3600s window 1024
            note[said-twice] `dh-group` is said twice
              ^ fw:14:66 this one holds
              - fw:5:66 this one is replaced
            warning[weak-algorithm] `group2` is weak
              ^ fw:14:66 offered, and taken if the peer wants it
              = RFC 8247 and RFC 8221 say that it should not or must not be used
        "#]],
    );
}
