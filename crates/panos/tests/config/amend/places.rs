//! Where in the text a change goes.

use super::*;

#[test]
fn a_profile_that_another_gateway_has_stays() {
    let set =
        broken("set network ike gateway other protocol ikev2 ike-crypto-profile ike-branch\n");
    check_set(
        &set,
        &Change::IkeSuite {
            connection: connection(),
            encr: Encr::AesCbc256,
            integ: Some(Integ::HmacSha384_192),
            prf: Prf::HmacSha384,
            group: DhGroup::Ecp20,
        },
        expect![[r#"
            > set network ike crypto-profiles ike-crypto-profiles ike-branch-gw-branch lifetime hours 8
            > set network ike crypto-profiles ike-crypto-profiles ike-branch-gw-branch encryption aes-256-cbc
            > set network ike crypto-profiles ike-crypto-profiles ike-branch-gw-branch hash sha384
            > set network ike crypto-profiles ike-crypto-profiles ike-branch-gw-branch dh-group group20
            > set network ike gateway gw-branch protocol ikev2 ike-crypto-profile ike-branch-gw-branch
            + set network ike crypto-profiles ike-crypto-profiles ike-branch-gw-branch lifetime hours 8
            + set network ike crypto-profiles ike-crypto-profiles ike-branch-gw-branch encryption aes-256-cbc
            + set network ike crypto-profiles ike-crypto-profiles ike-branch-gw-branch hash sha384
            + set network ike crypto-profiles ike-crypto-profiles ike-branch-gw-branch dh-group group20
            - set network ike gateway gw-branch protocol ikev2 ike-crypto-profile ike-branch
            + set network ike gateway gw-branch protocol ikev2 ike-crypto-profile ike-branch-gw-branch
            -   ike  ike-branch AES-CBC-256 / HMAC-SHA256-128 / PRF-HMAC-SHA256 / MODP-2048
            +   ike  ike-branch-gw-branch AES-CBC-256 / HMAC-SHA384-192 / PRF-HMAC-SHA384 / ECP-384
        "#]],
    );
}

#[test]
fn a_built_in_profile_stays() {
    let set = broken("delete network tunnel ipsec tun-branch auto-key ipsec-crypto-profile\n");
    check_set(
        &set,
        &Change::Pfs {
            child: child(),
            group: Some(DhGroup::Modp14),
        },
        expect![[r#"
            > set network ike crypto-profiles ipsec-crypto-profiles default-tun-branch esp encryption [ aes-128-cbc 3des ]
            > set network ike crypto-profiles ipsec-crypto-profiles default-tun-branch esp authentication sha1
            > set network ike crypto-profiles ipsec-crypto-profiles default-tun-branch lifetime hours 1
            > set network ike crypto-profiles ipsec-crypto-profiles default-tun-branch dh-group group14
            > set network tunnel ipsec tun-branch auto-key ipsec-crypto-profile default-tun-branch
            + set network ike crypto-profiles ipsec-crypto-profiles default-tun-branch esp encryption [ aes-128-cbc 3des ]
            + set network ike crypto-profiles ipsec-crypto-profiles default-tun-branch esp authentication sha1
            + set network ike crypto-profiles ipsec-crypto-profiles default-tun-branch lifetime hours 1
            + set network ike crypto-profiles ipsec-crypto-profiles default-tun-branch dh-group group14
            + set network tunnel ipsec tun-branch auto-key ipsec-crypto-profile default-tun-branch
            -   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  default AES-CBC-128,3DES-CBC / HMAC-SHA1-96 pfs MODP-1024 for 3600s window 1024
            +   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  default-tun-branch AES-CBC-128,3DES-CBC / HMAC-SHA1-96 pfs MODP-2048 for 3600s window 1024
        "#]],
    );
}

#[test]
fn a_line_after_edit_goes_to_the_end() {
    let set = broken(
        "edit network virtual-router default\nset routing-table ip static-route two destination 10.40.0.0/16\nset routing-table ip static-route two interface tunnel.1\n",
    );
    check_set(
        &set,
        &Change::AddRoute {
            destination: "10.30.0.0/16".parse().expect("a network"),
            interface: "tunnel.1".into(),
        },
        expect![[r#"
            > set network virtual-router default routing-table ip static-route to-10.30.0.0-16 destination 10.30.0.0/16
            > set network virtual-router default routing-table ip static-route to-10.30.0.0-16 interface tunnel.1
            + top
            + set network virtual-router default routing-table ip static-route to-10.30.0.0-16 destination 10.30.0.0/16
            + set network virtual-router default routing-table ip static-route to-10.30.0.0-16 interface tunnel.1
            + route  to-10.30.0.0-16 10.30.0.0/16 via tunnel.1 distance 10 metric 10 router default
        "#]],
    );
}

#[test]
fn what_is_said_with_other_things_in_one_line() {
    let set = broken(
        "set network ike crypto-profiles ipsec-crypto-profiles esp-branch lifetime hours 2 dh-group group19\n",
    );
    check_set(
        &set,
        &Change::Pfs {
            child: child(),
            group: None,
        },
        expect![[r#"
            > set network ike crypto-profiles ipsec-crypto-profiles esp-branch dh-group no-pfs
            - set network ike crypto-profiles ipsec-crypto-profiles esp-branch lifetime hours 2 dh-group group19
            + set network ike crypto-profiles ipsec-crypto-profiles esp-branch lifetime hours 2 dh-group no-pfs
            -   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs ECP-256 for 7200s window 1024
            +   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs none for 7200s window 1024
        "#]],
    );
}

/// Words that stand where only members may: they go by themselves, not with what is around them.
#[test]
fn words_beside_the_members_of_a_list_go_alone() {
    let suite = Change::IkeSuite {
        connection: connection(),
        encr: Encr::AesCbc256,
        integ: Some(Integ::HmacSha384_192),
        prf: Prf::HmacSha384,
        group: DhGroup::Ecp20,
    };
    let member = "<member>aes-256-cbc</member>";
    let strays = [
        format!("{member} , "),
        format!(", {member}"),
        format!("<![CDATA[,]]>{member}"),
        format!("<aes-128-cbc/>{member}"),
        format!("{member}<aes-128-cbc>x</aes-128-cbc>"),
        "<member>aes-256-cbc<!-- --> 3des</member>".to_owned(),
        "aes-256-cbc 3des".to_owned(),
    ];
    let wanted = model(&amend(HQ_XML, &suite).expect("as it is").1);
    for stray in strays {
        let text = HQ_XML.replacen(member, &stray, 1);
        let (_, after) = amend(&text, &suite).unwrap_or_else(|why| panic!("{stray}: {why}"));
        eprintln!("{stray}: {}", difference(&text, &after));
        assert_eq!(model(&after), wanted, "{stray}");
        assert!(!after.contains(&stray), "{stray}");
    }
}
