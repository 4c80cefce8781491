//! Lifetimes, in the units that PAN-OS has.

use super::*;

#[test]
fn an_ike_lifetime_of_a_day_in_the_unit_that_the_profile_has() {
    check_change(
        &Change::IkeLifetime {
            connection: connection(),
            to: seconds(86_400),
        },
        expect![[r#"
            > set network ike crypto-profiles ike-crypto-profiles ike-branch lifetime hours 24
            - set network ike crypto-profiles ike-crypto-profiles ike-branch lifetime hours 8
            + set network ike crypto-profiles ike-crypto-profiles ike-branch lifetime hours 24
            -   auth key of 41 octets, lifetime 28800s
            +   auth key of 41 octets, lifetime 86400s
            -                   <hours>8</hours>
            +                   <hours>24</hours>
        "#]],
    );
}

#[test]
fn a_child_lifetime_of_odd_seconds() {
    check_change(
        &Change::ChildLifetime {
            child: child(),
            to: seconds(4_000),
        },
        expect![[r#"
            > set network ike crypto-profiles ipsec-crypto-profiles esp-branch lifetime seconds 4000
            - set network ike crypto-profiles ipsec-crypto-profiles esp-branch lifetime hours 1
            + set network ike crypto-profiles ipsec-crypto-profiles esp-branch lifetime seconds 4000
            -   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
            +   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 4000s window 1024
            -                   <hours>1</hours>
            +                   <seconds>4000</seconds>
        "#]],
    );
}

#[test]
fn a_lifetime_that_fits_no_unit() {
    check_change(
        &Change::ChildLifetime {
            child: child(),
            to: seconds(100_001),
        },
        expect![[r#"
            cannot: a lifetime of 100001 s fits no unit: PAN-OS has 180 to 65535 seconds, or whole minutes, hours or days
        "#]],
    );
}

#[test]
fn kilobytes() {
    check_change(
        &Change::ChildKilobytes {
            child: child(),
            to: Some(4_608_000),
        },
        expect![[r#"
            > set network ike crypto-profiles ipsec-crypto-profiles esp-branch lifesize mb 4500
            + set network ike crypto-profiles ipsec-crypto-profiles esp-branch lifesize mb 4500
            -   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
            +   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s kilobytes 4608000 window 1024
            +                 <lifesize>
            +                   <mb>4500</mb>
            +                 </lifesize>
        "#]],
    );
}

#[test]
fn no_kilobytes() {
    let set =
        broken("set network ike crypto-profiles ipsec-crypto-profiles esp-branch lifesize gb 1\n");
    check_set(
        &set,
        &Change::ChildKilobytes {
            child: child(),
            to: None,
        },
        expect![[r#"
            > delete network ike crypto-profiles ipsec-crypto-profiles esp-branch lifesize
            - set network ike crypto-profiles ipsec-crypto-profiles esp-branch lifesize gb 1
            -   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s kilobytes 1048576 window 1024
            +   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
        "#]],
    );
}

#[test]
fn a_lifetime_in_another_unit() {
    let set = broken(
        "set network ike crypto-profiles ike-crypto-profiles ike-branch lifetime seconds 28800\n",
    );
    check_set(
        &set,
        &Change::IkeLifetime {
            connection: connection(),
            to: seconds(86_400),
        },
        expect![[r#"
            > set network ike crypto-profiles ike-crypto-profiles ike-branch lifetime days 1
            - set network ike crypto-profiles ike-crypto-profiles ike-branch lifetime seconds 28800
            + set network ike crypto-profiles ike-crypto-profiles ike-branch lifetime days 1
            -   auth key of 41 octets, lifetime 28800s
            +   auth key of 41 octets, lifetime 86400s
        "#]],
    );
}
