//! Who the peer is, its key, and whether it lives.

use super::*;

#[test]
fn a_key_is_named_and_not_spelled() {
    check_change(
        &Change::PresharedKey {
            connection: connection(),
            key: Secret::from(KEY.to_owned()),
            name: "the key of branch".into(),
        },
        expect![[r#"
            > set network ike gateway gw-branch authentication pre-shared-key key <the key of branch>
            - set network ike gateway gw-branch authentication pre-shared-key key lab-only-7Qm2vX9tRb4LwZ8sKd3HnP6yJf5Gc1Ae
            + set network ike gateway gw-branch authentication pre-shared-key key "lab-only-An<other&\"Key 42"
            -   auth key of 41 octets, lifetime 28800s
            +   auth key of 25 octets, lifetime 28800s
            -                   <key>lab-only-7Qm2vX9tRb4LwZ8sKd3HnP6yJf5Gc1Ae</key>
            +                   <key>lab-only-An&lt;other&amp;&quot;Key 42</key>
        "#]],
    );
}

#[test]
fn a_local_identity() {
    check_change(
        &Change::LocalIdentity {
            connection: connection(),
            to: Identity::Fqdn("hq.example.net".into()),
        },
        expect![[r#"
            > set network ike gateway gw-branch local-id type fqdn
            > set network ike gateway gw-branch local-id id hq.example.net
            + set network ike gateway gw-branch local-id type fqdn
            + set network ike gateway gw-branch local-id id hq.example.net
            -   local  ethernet1/1  198.51.100.20 as address 198.51.100.20
            +   local  ethernet1/1  198.51.100.20 as fqdn hq.example.net
            +               <local-id>
            +                 <type>fqdn</type>
            +                 <id>hq.example.net</id>
            +               </local-id>
        "#]],
    );
}

#[test]
fn a_remote_identity() {
    check_change(
        &Change::RemoteIdentity {
            connection: connection(),
            to: IdentityMatch::Exactly(Identity::KeyId(vec![0x0a, 0xff])),
        },
        expect![[r#"
            > set network ike gateway gw-branch peer-id type keyid
            > set network ike gateway gw-branch peer-id id 0aff
            + set network ike gateway gw-branch peer-id type keyid
            + set network ike gateway gw-branch peer-id id 0aff
            -   remote 203.0.113.10 as [address 203.0.113.10]
            +   remote 203.0.113.10 as [key-id \n\xff]
            +               <peer-id>
            +                 <type>keyid</type>
            +                 <id>0aff</id>
            +               </peer-id>
        "#]],
    );
}

#[test]
fn a_remote_identity_of_a_domain() {
    check_change(
        &Change::RemoteIdentity {
            connection: connection(),
            to: IdentityMatch::FqdnDomain("example.net".into()),
        },
        expect![[r#"
            > set network ike gateway gw-branch peer-id type fqdn
            > set network ike gateway gw-branch peer-id id *.example.net
            > set network ike gateway gw-branch peer-id matching wildcard
            + set network ike gateway gw-branch peer-id type fqdn
            + set network ike gateway gw-branch peer-id id *.example.net
            + set network ike gateway gw-branch peer-id matching wildcard
            -   remote 203.0.113.10 as [address 203.0.113.10]
            +   remote 203.0.113.10 as [fqdn in domain example.net]
            +               <peer-id>
            +                 <type>fqdn</type>
            +                 <id>*.example.net</id>
            +                 <matching>wildcard</matching>
            +               </peer-id>
        "#]],
    );
}

#[test]
fn any_identity_of_a_known_peer_cannot_be_said() {
    check_change(
        &Change::RemoteIdentity {
            connection: connection(),
            to: IdentityMatch::Any,
        },
        expect![[r#"
            cannot: PAN-OS takes a peer at a known address by that identity or another
        "#]],
    );
}

#[test]
fn a_peer_address() {
    check_change(
        &Change::PeerAddress {
            connection: connection(),
            to: "203.0.113.99".parse().expect("an address"),
        },
        expect![[r#"
            > set network ike gateway gw-branch peer-address ip 203.0.113.99
            - set network ike gateway gw-branch peer-address ip 203.0.113.10
            + set network ike gateway gw-branch peer-address ip 203.0.113.99
            -   remote 203.0.113.10 as [address 203.0.113.10]
            +   remote 203.0.113.99 as [address 203.0.113.99]
            -                 <ip>203.0.113.10</ip>
            +                 <ip>203.0.113.99</ip>
        "#]],
    );
}

#[test]
fn liveness() {
    check_change(
        &Change::Liveness {
            connection: connection(),
            interval: seconds(30),
        },
        expect![[r#"
            > set network ike gateway gw-branch protocol ikev2 dpd interval 30
            - set network ike gateway gw-branch protocol ikev2 dpd interval 10
            + set network ike gateway gw-branch protocol ikev2 dpd interval 30
            -   nat true keepalive 20s, fragments None, liveness Some(10s)
            +   nat true keepalive 20s, fragments None, liveness Some(30s)
            -                     <interval>10</interval>
            +                     <interval>30</interval>
        "#]],
    );
}

#[test]
fn liveness_every_ten_minutes_cannot_be_said() {
    check_change(
        &Change::Liveness {
            connection: connection(),
            interval: seconds(600),
        },
        expect![[r#"
            cannot: PAN-OS probes every 2 to 100 seconds, and not every 600
        "#]],
    );
}

#[test]
fn an_address_for_a_dynamic_peer() {
    let set = broken("set network ike gateway gw-branch peer-address dynamic\n");
    check_set(
        &set,
        &Change::PeerAddress {
            connection: connection(),
            to: "203.0.113.10".parse().expect("an address"),
        },
        expect![[r#"
            > set network ike gateway gw-branch peer-address ip 203.0.113.10
            - set network ike gateway gw-branch peer-address dynamic
            + set network ike gateway gw-branch peer-address ip 203.0.113.10
            - connection gw-branch, never starts
            + connection gw-branch, starts on traffic
            -   remote any as []
            +   remote 203.0.113.10 as [address 203.0.113.10]
        "#]],
    );
}

#[test]
fn any_identity_of_a_dynamic_peer() {
    let set = broken(
        "set network ike gateway gw-branch peer-address dynamic\nset network ike gateway gw-branch peer-id type fqdn id b.example.net\n",
    );
    check_set(
        &set,
        &Change::RemoteIdentity {
            connection: connection(),
            to: IdentityMatch::Any,
        },
        expect![[r#"
            > delete network ike gateway gw-branch peer-id
            - set network ike gateway gw-branch peer-id type fqdn id b.example.net
            -   remote any as [fqdn b.example.net]
            +   remote any as []
        "#]],
    );
}
