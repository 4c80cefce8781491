//! Algorithms and groups.

use super::*;

#[test]
fn ike_suite() {
    check_change(
        &Change::IkeSuite {
            connection: connection(),
            encr: Encr::AesGcm256,
            integ: None,
            prf: Prf::HmacSha384,
            group: DhGroup::Ecp20,
        },
        expect![[r#"
            > delete network ike crypto-profiles ike-crypto-profiles ike-branch encryption
            > set network ike crypto-profiles ike-crypto-profiles ike-branch encryption aes-256-gcm
            > delete network ike crypto-profiles ike-crypto-profiles ike-branch hash
            > set network ike crypto-profiles ike-crypto-profiles ike-branch hash non-auth
            > delete network ike crypto-profiles ike-crypto-profiles ike-branch dh-group
            > set network ike crypto-profiles ike-crypto-profiles ike-branch dh-group group20
            - set network ike crypto-profiles ike-crypto-profiles ike-branch encryption aes-256-cbc
            - set network ike crypto-profiles ike-crypto-profiles ike-branch hash sha256
            - set network ike crypto-profiles ike-crypto-profiles ike-branch dh-group group14
            + set network ike crypto-profiles ike-crypto-profiles ike-branch encryption aes-256-gcm
            + set network ike crypto-profiles ike-crypto-profiles ike-branch hash non-auth
            + set network ike crypto-profiles ike-crypto-profiles ike-branch dh-group group20
            -   ike  ike-branch AES-CBC-256 / HMAC-SHA256-128 / PRF-HMAC-SHA256 / MODP-2048
            +   ike  ike-branch AES-GCM-256 /  / PRF-HMAC-SHA384 / ECP-384
            -                   <member>aes-256-cbc</member>
            +                   <member>aes-256-gcm</member>
            -                   <member>sha256</member>
            +                   <member>non-auth</member>
            -                   <member>group14</member>
            +                   <member>group20</member>
        "#]],
    );
}

#[test]
fn ike_suite_with_hash() {
    check_change(
        &Change::IkeSuite {
            connection: connection(),
            encr: Encr::AesCbc128,
            integ: Some(Integ::HmacSha512_256),
            prf: Prf::HmacSha512,
            group: DhGroup::Modp14,
        },
        expect![[r#"
            > delete network ike crypto-profiles ike-crypto-profiles ike-branch encryption
            > set network ike crypto-profiles ike-crypto-profiles ike-branch encryption aes-128-cbc
            > delete network ike crypto-profiles ike-crypto-profiles ike-branch hash
            > set network ike crypto-profiles ike-crypto-profiles ike-branch hash sha512
            - set network ike crypto-profiles ike-crypto-profiles ike-branch encryption aes-256-cbc
            - set network ike crypto-profiles ike-crypto-profiles ike-branch hash sha256
            + set network ike crypto-profiles ike-crypto-profiles ike-branch encryption aes-128-cbc
            + set network ike crypto-profiles ike-crypto-profiles ike-branch hash sha512
            -   ike  ike-branch AES-CBC-256 / HMAC-SHA256-128 / PRF-HMAC-SHA256 / MODP-2048
            +   ike  ike-branch AES-CBC-128 / HMAC-SHA512-256 / PRF-HMAC-SHA512 / MODP-2048
            -                   <member>aes-256-cbc</member>
            +                   <member>aes-128-cbc</member>
            -                   <member>sha256</member>
            +                   <member>sha512</member>
        "#]],
    );
}

#[test]
fn a_prf_apart_from_the_hash_cannot_be_said() {
    check_change(
        &Change::IkeSuite {
            connection: connection(),
            encr: Encr::AesCbc128,
            integ: Some(Integ::HmacSha512_256),
            prf: Prf::HmacSha256,
            group: DhGroup::Ecp19,
        },
        expect![[r#"
            cannot: PAN-OS has one setting for the integrity algorithm and the PRF
        "#]],
    );
}

#[test]
fn esp_suite() {
    check_change(
        &Change::EspSuite {
            child: child(),
            encr: Encr::AesGcm128,
            integ: None,
        },
        expect![[r#"
            > delete network ike crypto-profiles ipsec-crypto-profiles esp-branch esp encryption
            > set network ike crypto-profiles ipsec-crypto-profiles esp-branch esp encryption aes-128-gcm
            > delete network ike crypto-profiles ipsec-crypto-profiles esp-branch esp authentication
            > set network ike crypto-profiles ipsec-crypto-profiles esp-branch esp authentication none
            - set network ike crypto-profiles ipsec-crypto-profiles esp-branch esp encryption aes-256-cbc
            - set network ike crypto-profiles ipsec-crypto-profiles esp-branch esp authentication sha256
            + set network ike crypto-profiles ipsec-crypto-profiles esp-branch esp encryption aes-128-gcm
            + set network ike crypto-profiles ipsec-crypto-profiles esp-branch esp authentication none
            -   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
            +   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-GCM-128 /  pfs MODP-2048 for 3600s window 1024
            -                     <member>aes-256-cbc</member>
            +                     <member>aes-128-gcm</member>
            -                     <member>sha256</member>
            +                     <member>none</member>
        "#]],
    );
}

#[test]
fn another_pfs_group() {
    check_change(
        &Change::Pfs {
            child: child(),
            group: Some(DhGroup::Ecp19),
        },
        expect![[r#"
            > set network ike crypto-profiles ipsec-crypto-profiles esp-branch dh-group group19
            - set network ike crypto-profiles ipsec-crypto-profiles esp-branch dh-group group14
            + set network ike crypto-profiles ipsec-crypto-profiles esp-branch dh-group group19
            -   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
            +   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs ECP-256 for 3600s window 1024
            -                 <dh-group>group14</dh-group>
            +                 <dh-group>group19</dh-group>
        "#]],
    );
}

#[test]
fn no_pfs() {
    check_change(
        &Change::Pfs {
            child: child(),
            group: None,
        },
        expect![[r#"
            > set network ike crypto-profiles ipsec-crypto-profiles esp-branch dh-group no-pfs
            - set network ike crypto-profiles ipsec-crypto-profiles esp-branch dh-group group14
            + set network ike crypto-profiles ipsec-crypto-profiles esp-branch dh-group no-pfs
            -   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
            +   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs none for 3600s window 1024
            -                 <dh-group>group14</dh-group>
            +                 <dh-group>no-pfs</dh-group>
        "#]],
    );
}

#[test]
fn a_hash_of_two() {
    check_set(
        ANY,
        &Change::IkeSuite {
            connection: "gw-store".into(),
            encr: Encr::AesCbc256,
            integ: Some(Integ::HmacSha512_256),
            prf: Prf::HmacSha512,
            group: DhGroup::Modp14,
        },
        expect![[r#"
            > delete network ike crypto-profiles ike-crypto-profiles ike-store hash
            > set network ike crypto-profiles ike-crypto-profiles ike-store hash sha512
            > delete network ike crypto-profiles ike-crypto-profiles ike-store dh-group
            > set network ike crypto-profiles ike-crypto-profiles ike-store dh-group group14
            - set network ike crypto-profiles ike-crypto-profiles ike-store hash [ sha512 sha384 ]
            - set network ike crypto-profiles ike-crypto-profiles ike-store dh-group [ group19 group14 ]
            + set network ike crypto-profiles ike-crypto-profiles ike-store hash sha512
            + set network ike crypto-profiles ike-crypto-profiles ike-store dh-group group14
            -   ike  ike-store AES-CBC-256 / HMAC-SHA512-256,HMAC-SHA384-192 / PRF-HMAC-SHA512,PRF-HMAC-SHA384 / ECP-256,MODP-2048
            +   ike  ike-store AES-CBC-256 / HMAC-SHA512-256 / PRF-HMAC-SHA512 / MODP-2048
        "#]],
    );
}
