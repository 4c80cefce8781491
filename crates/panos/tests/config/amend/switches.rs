//! What is on or off.

use super::*;

#[test]
fn what_pan_os_does_not_have() {
    check_change(
        &Change::EnableIke,
        expect![[r#"
        cannot: PAN-OS has no command that turns IKE off altogether
    "#]],
    );
}

#[test]
fn ikev2_only() {
    let set = broken("set network ike gateway gw-branch protocol version ikev2-preferred\n");
    check_set(
        &set,
        &Change::Ikev2Only {
            connection: connection(),
        },
        expect![[r#"
            > set network ike gateway gw-branch protocol version ikev2
            - set network ike gateway gw-branch protocol version ikev2-preferred
            + set network ike gateway gw-branch protocol version ikev2
        "#]],
    );
}

#[test]
fn ikev1_keeps_its_profile() {
    let set = broken(
        "delete network ike gateway gw-branch protocol ikev2\nset network ike gateway gw-branch protocol version ikev1\nset network ike gateway gw-branch protocol ikev1 ike-crypto-profile ike-branch\n",
    );
    check_set(
        &set,
        &Change::Ikev2Only {
            connection: connection(),
        },
        expect![[r#"
            > set network ike gateway gw-branch protocol version ikev2
            > set network ike gateway gw-branch protocol ikev2 ike-crypto-profile ike-branch
            - set network ike gateway gw-branch protocol version ikev1
            + set network ike gateway gw-branch protocol version ikev2
            + set network ike gateway gw-branch protocol ikev2 ike-crypto-profile ike-branch
            - connection gw-branch (off), starts on traffic
            + connection gw-branch, starts on traffic
            -   ike  default AES-CBC-128,3DES-CBC / HMAC-SHA1-96 / PRF-HMAC-SHA1 / MODP-1024
            +   ike  ike-branch AES-CBC-256 / HMAC-SHA256-128 / PRF-HMAC-SHA256 / MODP-2048
        "#]],
    );
}

#[test]
fn passive_no_more() {
    let set = broken("set network ike gateway gw-branch protocol-common passive-mode yes\n");
    check_set(
        &set,
        &Change::Initiate {
            connection: connection(),
        },
        expect![[r#"
            > set network ike gateway gw-branch protocol-common passive-mode no
            - set network ike gateway gw-branch protocol-common passive-mode yes
            + set network ike gateway gw-branch protocol-common passive-mode no
            - connection gw-branch, never starts
            + connection gw-branch, starts on traffic
        "#]],
    );
}

#[test]
fn nat_traversal() {
    let set = broken("set network ike gateway gw-branch protocol-common nat-traversal enable no\n");
    check_set(
        &set,
        &Change::NatTraversal {
            connection: connection(),
        },
        expect![[r#"
            > set network ike gateway gw-branch protocol-common nat-traversal enable yes
            - set network ike gateway gw-branch protocol-common nat-traversal enable no
            + set network ike gateway gw-branch protocol-common nat-traversal enable yes
            -   nat false keepalive 20s, fragments None, liveness Some(10s)
            +   nat true keepalive 20s, fragments None, liveness Some(10s)
        "#]],
    );
}

#[test]
fn a_gateway_enabled() {
    let set = broken("set network ike gateway gw-branch disabled yes\n");
    check_set(
        &set,
        &Change::EnableConnection {
            connection: connection(),
        },
        expect![[r#"
            > set network ike gateway gw-branch disabled no
            - set network ike gateway gw-branch disabled yes
            + set network ike gateway gw-branch disabled no
            - connection gw-branch (off), starts on traffic
            + connection gw-branch, starts on traffic
        "#]],
    );
}

#[test]
fn a_tunnel_enabled() {
    let set = broken("set network tunnel ipsec tun-branch disabled yes\n");
    check_set(
        &set,
        &Change::EnableChild { child: child() },
        expect![[r#"
        > set network tunnel ipsec tun-branch disabled no
        - set network tunnel ipsec tun-branch disabled yes
        + set network tunnel ipsec tun-branch disabled no
        -   child tun-branch:lan-to-lan (off) on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
        +   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
    "#]],
    );
}

#[test]
fn an_interface_enabled() {
    let set = broken("set network interface ethernet ethernet1/1 link-state down\n");
    check_set(
        &set,
        &Change::EnableInterface {
            interface: "ethernet1/1".into(),
        },
        expect![[r#"
            > set network interface ethernet ethernet1/1 link-state auto
            - set network interface ethernet ethernet1/1 link-state down
            + set network interface ethernet ethernet1/1 link-state auto
            - interface ethernet1/1 Physical [198.51.100.20/24] zone untrust router default down -- to the Internet
            + interface ethernet1/1 Physical [198.51.100.20/24] zone untrust router default -- to the Internet
        "#]],
    );
}
