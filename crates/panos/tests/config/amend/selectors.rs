//! Proxy IDs.

use super::*;

#[test]
fn other_selectors() {
    check_change(
        &Change::Selectors {
            child: child(),
            to: pair("10.20.20.0/24", "10.10.8.0/22"),
        },
        expect![[r#"
            > set network tunnel ipsec tun-branch auto-key proxy-id lan-to-lan remote 10.10.8.0/22
            - set network tunnel ipsec tun-branch auto-key proxy-id lan-to-lan remote 10.10.10.0/24
            + set network tunnel ipsec tun-branch auto-key proxy-id lan-to-lan remote 10.10.8.0/22
            -   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
            +   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.8.0/22 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
            -                     <remote>10.10.10.0/24</remote>
            +                     <remote>10.10.8.0/22</remote>
        "#]],
    );
}

#[test]
fn selectors_of_one_port() {
    check_change(
        &Change::Selectors {
            child: child(),
            to: SelectorPair {
                local: Selector::net("10.20.20.0/24".parse().expect("a network"))
                    .only(6, 443..=443),
                remote: Selector::net("10.10.10.0/24".parse().expect("a network"))
                    .only(6, 0..=u16::MAX),
            },
        },
        expect![[r#"
            > delete network tunnel ipsec tun-branch auto-key proxy-id lan-to-lan protocol
            > set network tunnel ipsec tun-branch auto-key proxy-id lan-to-lan protocol tcp local-port 443
            > set network tunnel ipsec tun-branch auto-key proxy-id lan-to-lan protocol tcp remote-port 0
            - set network tunnel ipsec tun-branch auto-key proxy-id lan-to-lan protocol any
            + set network tunnel ipsec tun-branch auto-key proxy-id lan-to-lan protocol tcp local-port 443
            + set network tunnel ipsec tun-branch auto-key proxy-id lan-to-lan protocol tcp remote-port 0
            -   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
            +   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 protocol 6 port 443 <-> 10.10.10.0/24 protocol 6 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
            -                     <protocol>
            -                       <any/>
            -                     </protocol>
            +                     <protocol>
            +                       <tcp>
            +                         <local-port>443</local-port>
            +                         <remote-port>0</remote-port>
            +                       </tcp>
            +                     </protocol>
        "#]],
    );
}

#[test]
fn everything_selected_is_no_proxy_id() {
    check_change(
        &Change::Selectors {
            child: child(),
            to: SelectorPair::ANY_V4,
        },
        expect![[r#"
            > delete network tunnel ipsec tun-branch auto-key proxy-id
            - set network tunnel ipsec tun-branch auto-key proxy-id lan-to-lan protocol any
            - set network tunnel ipsec tun-branch auto-key proxy-id lan-to-lan local 10.20.20.0/24
            - set network tunnel ipsec tun-branch auto-key proxy-id lan-to-lan remote 10.10.10.0/24
            -   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
            +   child tun-branch on tun-branch: 0.0.0.0/0 <-> 0.0.0.0/0 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
            -                 <proxy-id>
            -                   <entry name="lan-to-lan">
            -                     <protocol>
            -                       <any/>
            -                     </protocol>
            -                     <local>10.20.20.0/24</local>
            -                     <remote>10.10.10.0/24</remote>
            -                   </entry>
            -                 </proxy-id>
        "#]],
    );
}

#[test]
fn selectors_of_the_other_family() {
    check_change(
        &Change::Selectors {
            child: child(),
            to: pair("2001:db8:1::/64", "2001:db8:2::/64"),
        },
        expect![[r#"
            > delete network tunnel ipsec tun-branch auto-key proxy-id
            > set network tunnel ipsec tun-branch auto-key proxy-id-v6 lan-to-lan protocol any
            > set network tunnel ipsec tun-branch auto-key proxy-id-v6 lan-to-lan local 2001:db8:1::/64
            > set network tunnel ipsec tun-branch auto-key proxy-id-v6 lan-to-lan remote 2001:db8:2::/64
            - set network tunnel ipsec tun-branch auto-key proxy-id lan-to-lan protocol any
            - set network tunnel ipsec tun-branch auto-key proxy-id lan-to-lan local 10.20.20.0/24
            - set network tunnel ipsec tun-branch auto-key proxy-id lan-to-lan remote 10.10.10.0/24
            + set network tunnel ipsec tun-branch auto-key proxy-id-v6 lan-to-lan protocol any
            + set network tunnel ipsec tun-branch auto-key proxy-id-v6 lan-to-lan local 2001:db8:1::/64
            + set network tunnel ipsec tun-branch auto-key proxy-id-v6 lan-to-lan remote 2001:db8:2::/64
            -   child tun-branch:lan-to-lan on tun-branch: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
            +   child tun-branch:lan-to-lan on tun-branch: 2001:db8:1::/64 <-> 2001:db8:2::/64 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
            -                 <proxy-id>
            +                 <proxy-id-v6>
            -                     <local>10.20.20.0/24</local>
            -                     <remote>10.10.10.0/24</remote>
            +                     <local>2001:db8:1::/64</local>
            +                     <remote>2001:db8:2::/64</remote>
            -                 </proxy-id>
            +                 </proxy-id-v6>
        "#]],
    );
}

#[test]
fn more_selectors() {
    check_change(
        &Change::AddSelectors {
            beside: child(),
            pair: pair("10.20.20.0/24", "10.30.0.0/16"),
        },
        expect![[r#"
            > set network tunnel ipsec tun-branch auto-key proxy-id 10.20.20.0-24-10.30.0.0-16 protocol any
            > set network tunnel ipsec tun-branch auto-key proxy-id 10.20.20.0-24-10.30.0.0-16 local 10.20.20.0/24
            > set network tunnel ipsec tun-branch auto-key proxy-id 10.20.20.0-24-10.30.0.0-16 remote 10.30.0.0/16
            + set network tunnel ipsec tun-branch auto-key proxy-id 10.20.20.0-24-10.30.0.0-16 protocol any
            + set network tunnel ipsec tun-branch auto-key proxy-id 10.20.20.0-24-10.30.0.0-16 local 10.20.20.0/24
            + set network tunnel ipsec tun-branch auto-key proxy-id 10.20.20.0-24-10.30.0.0-16 remote 10.30.0.0/16
            +   child tun-branch:10.20.20.0-24-10.30.0.0-16 on tun-branch: 10.20.20.0/24 <-> 10.30.0.0/16 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
            +                   <entry name="10.20.20.0-24-10.30.0.0-16">
            +                     <protocol>
            +                       <any/>
            +                     </protocol>
            +                     <local>10.20.20.0/24</local>
            +                     <remote>10.30.0.0/16</remote>
            +                   </entry>
        "#]],
    );
}

#[test]
fn the_last_selectors_cannot_be_removed() {
    check_change(
        &Change::RemoveSelectors { child: child() },
        expect![[r#"
        cannot: without its last proxy ID the tunnel would select everything
    "#]],
    );
}

#[test]
fn another_of_several_proxy_ids() {
    check_set(
        SEVERAL,
        &Change::Selectors {
            child: "tun-plant:machines".into(),
            to: pair("10.60.0.0/22", "10.50.3.0/24"),
        },
        expect![[r#"
            > set network tunnel ipsec tun-plant auto-key proxy-id machines remote 10.50.3.0/24
            - set network tunnel ipsec tun-plant auto-key proxy-id machines remote 10.50.2.0/24
            + set network tunnel ipsec tun-plant auto-key proxy-id machines remote 10.50.3.0/24
            -   child tun-plant:machines on tun-plant: 10.60.0.0/22 <-> 10.50.2.0/24 through tunnel.7 esp  esp-plant AES-CBC-256 / HMAC-SHA256-128 pfs ECP-256 for 3600s window 1024
            +   child tun-plant:machines on tun-plant: 10.60.0.0/22 <-> 10.50.3.0/24 through tunnel.7 esp  esp-plant AES-CBC-256 / HMAC-SHA256-128 pfs ECP-256 for 3600s window 1024
        "#]],
    );
}

#[test]
fn one_of_several_proxy_ids_less() {
    check_set(
        SEVERAL,
        &Change::RemoveSelectors {
            child: "tun-plant:machines".into(),
        },
        expect![[r#"
            > delete network tunnel ipsec tun-plant auto-key proxy-id machines
            - set network tunnel ipsec tun-plant auto-key proxy-id machines protocol any
            - set network tunnel ipsec tun-plant auto-key proxy-id machines local 10.60.0.0/22
            - set network tunnel ipsec tun-plant auto-key proxy-id machines remote 10.50.2.0/24
            -   child tun-plant:machines on tun-plant: 10.60.0.0/22 <-> 10.50.2.0/24 through tunnel.7 esp  esp-plant AES-CBC-256 / HMAC-SHA256-128 pfs ECP-256 for 3600s window 1024
        "#]],
    );
}

#[test]
fn everything_selected_beside_others() {
    check_set(
        SEVERAL,
        &Change::Selectors {
            child: "tun-plant:machines".into(),
            to: SelectorPair::ANY_V4,
        },
        expect![[r#"
            > set network tunnel ipsec tun-plant auto-key proxy-id machines local 0.0.0.0/0
            > set network tunnel ipsec tun-plant auto-key proxy-id machines remote 0.0.0.0/0
            - set network tunnel ipsec tun-plant auto-key proxy-id machines local 10.60.0.0/22
            - set network tunnel ipsec tun-plant auto-key proxy-id machines remote 10.50.2.0/24
            + set network tunnel ipsec tun-plant auto-key proxy-id machines local 0.0.0.0/0
            + set network tunnel ipsec tun-plant auto-key proxy-id machines remote 0.0.0.0/0
            -   child tun-plant:machines on tun-plant: 10.60.0.0/22 <-> 10.50.2.0/24 through tunnel.7 esp  esp-plant AES-CBC-256 / HMAC-SHA256-128 pfs ECP-256 for 3600s window 1024
            +   child tun-plant:machines on tun-plant: 0.0.0.0/0 <-> 0.0.0.0/0 through tunnel.7 esp  esp-plant AES-CBC-256 / HMAC-SHA256-128 pfs ECP-256 for 3600s window 1024
        "#]],
    );
}

#[test]
fn the_first_selectors() {
    check_set(
        ANY,
        &Change::Selectors {
            child: "tun-store".into(),
            to: pair("192.168.80.0/24", "192.168.70.0/24"),
        },
        expect![[r#"
            > set network tunnel ipsec tun-store auto-key proxy-id 192.168.80.0-24-192.168.70.0-24 protocol any
            > set network tunnel ipsec tun-store auto-key proxy-id 192.168.80.0-24-192.168.70.0-24 local 192.168.80.0/24
            > set network tunnel ipsec tun-store auto-key proxy-id 192.168.80.0-24-192.168.70.0-24 remote 192.168.70.0/24
            + set network tunnel ipsec tun-store auto-key proxy-id 192.168.80.0-24-192.168.70.0-24 protocol any
            + set network tunnel ipsec tun-store auto-key proxy-id 192.168.80.0-24-192.168.70.0-24 local 192.168.80.0/24
            + set network tunnel ipsec tun-store auto-key proxy-id 192.168.80.0-24-192.168.70.0-24 remote 192.168.70.0/24
            -   child tun-store on tun-store: 0.0.0.0/0 <-> 0.0.0.0/0 through tunnel.70 esp  esp-store AES-CBC-128 / HMAC-SHA1-96 pfs none for 3600s window 1024
            +   child tun-store:192.168.80.0-24-192.168.70.0-24 on tun-store: 192.168.80.0/24 <-> 192.168.70.0/24 through tunnel.70 esp  esp-store AES-CBC-128 / HMAC-SHA1-96 pfs none for 3600s window 1024
        "#]],
    );
}

#[test]
fn the_first_proxy_id_ends_the_selection_of_everything() {
    check_set(
        ANY,
        &Change::AddSelectors {
            beside: "tun-store".into(),
            pair: pair("192.168.80.0/24", "192.168.70.0/24"),
        },
        expect![[r#"
            > set network tunnel ipsec tun-store auto-key proxy-id 192.168.80.0-24-192.168.70.0-24 protocol any
            > set network tunnel ipsec tun-store auto-key proxy-id 192.168.80.0-24-192.168.70.0-24 local 192.168.80.0/24
            > set network tunnel ipsec tun-store auto-key proxy-id 192.168.80.0-24-192.168.70.0-24 remote 192.168.70.0/24
            + set network tunnel ipsec tun-store auto-key proxy-id 192.168.80.0-24-192.168.70.0-24 protocol any
            + set network tunnel ipsec tun-store auto-key proxy-id 192.168.80.0-24-192.168.70.0-24 local 192.168.80.0/24
            + set network tunnel ipsec tun-store auto-key proxy-id 192.168.80.0-24-192.168.70.0-24 remote 192.168.70.0/24
            -   child tun-store on tun-store: 0.0.0.0/0 <-> 0.0.0.0/0 through tunnel.70 esp  esp-store AES-CBC-128 / HMAC-SHA1-96 pfs none for 3600s window 1024
            +   child tun-store:192.168.80.0-24-192.168.70.0-24 on tun-store: 192.168.80.0/24 <-> 192.168.70.0/24 through tunnel.70 esp  esp-store AES-CBC-128 / HMAC-SHA1-96 pfs none for 3600s window 1024
        "#]],
    );
}

/// Several changes of one file are said apart from each other, each of the file as it is.
#[test]
fn several_new_selectors_at_once() {
    let (_, any) = reading_of(ANY);
    let xml = crossgate_panos::to_xml(&any.tree, crossgate_panos::Secrets::Written);
    for text in [ANY.to_owned(), xml] {
        let (sources, reading) = reading_of(&text);
        let child = || "tun-store".to_owned();
        let changes = [
            Change::Selectors {
                child: child(),
                to: pair("192.168.80.0/24", "192.168.70.0/24"),
            },
            Change::AddSelectors {
                beside: child(),
                pair: pair("192.168.80.0/24", "192.168.71.0/24"),
            },
        ];
        let source = sources.get(reading.file);
        let edits = changes.iter().flat_map(|change| {
            let amendment = reading.amend(source, change).expect("it can be said");
            amendment.edits
        });
        let after = apply(&text, &edits.collect::<Vec<_>>());
        let (_, again) = reading_of(&after);
        let pairs = again.gateway.connections[0].children.iter();
        let pairs: Vec<String> = pairs.map(|c| c.selectors.value.to_string()).collect();
        assert_eq!(
            pairs,
            [
                "192.168.80.0/24 <-> 192.168.70.0/24",
                "192.168.80.0/24 <-> 192.168.71.0/24"
            ],
            "{after}"
        );
    }
}
