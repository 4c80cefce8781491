//! Access lists, and what of them can be a traffic selector.

use super::{check, with_tunnel};
use expect_test::expect;

#[test]
fn named_and_numbered_lists_with_all_kinds_of_addresses_and_ports() {
    let text = "\
version 17.9
access-list 10 permit 10.0.0.0 0.0.0.255
access-list 10 permit 10.0.1.1
access-list 10 deny any log
access-list 101 remark a note
access-list 101 permit ip 10.0.0.5 0.0.0.255 any
access-list 101 permit tcp any eq www host 10.1.1.1 range 1000 2000
access-list 101 deny udp any lt 1024 any gt 1023 log
access-list 101 permit udp any any eq isakmp
access-list 101 permit esp any any
access-list 101 permit 103 any any
access-list 101 permit icmp any any echo
access-list 101 permit tcp any any established
access-list 101 permit tcp any any eq 80 443
access-list 101 permit tcp any neq 22 any
access-list 101 permit ip 10.0.0.0 0.255.0.255 any
access-list 101 permit ip object-group A any
ip access-list standard S
 permit 10.0.0.0 0.0.0.255
ip access-list extended E
 20 permit ip any any
 10 permit ip host 10.0.0.1 any
 15 remark between
 30 permit ip host 10.0.0.2 any
 no 30
 permit ip host 10.0.0.3 any
 no permit ip host 10.0.0.3 any
access-list 199 permit ip any any
no access-list 199
";
    check(
        text,
        expect![[r#"
        - ios-xe 17.9
        list 10
          permit 10.0.0.0/24 <-> 0.0.0.0/0
          permit 10.0.1.1/32 <-> 0.0.0.0/0
          deny 0.0.0.0/0 <-> 0.0.0.0/0
        list 101
          permit 10.0.0.0/24 <-> 0.0.0.0/0
          permit 0.0.0.0/0 protocol 6 port 80 <-> 10.1.1.1/32 protocol 6 port 1000-2000
          deny 0.0.0.0/0 protocol 17 port 0-1023 <-> 0.0.0.0/0 protocol 17 port 1024-65535
          permit 0.0.0.0/0 protocol 17 <-> 0.0.0.0/0 protocol 17 port 500
          permit 0.0.0.0/0 protocol 50 <-> 0.0.0.0/0 protocol 50
          permit 0.0.0.0/0 protocol 103 <-> 0.0.0.0/0 protocol 103
          permit no selector
          permit no selector
          permit no selector
          permit no selector
          permit no selector
          permit no selector
        list S
          permit 10.0.0.0/24 <-> 0.0.0.0/0
        list E
          permit 10.0.0.1/32 <-> 0.0.0.0/0
          permit 0.0.0.0/0 <-> 0.0.0.0/0
    "#]],
    );
}

#[test]
fn entries_that_are_no_selector_are_told_where_a_tunnel_uses_them() {
    let policy = "interface Tunnel0\n tunnel protection ipsec policy ipv4 L\n";
    let with = |entries: &str| {
        format!(
            "{}{policy}ip access-list extended L\n{entries}",
            with_tunnel("")
        )
    };
    check(
        &with(" permit ip 10.0.0.0 0.255.0.255 any\n"),
        expect![[r#"
            - ios-xe 17.9
            GigabitEthernet1 Physical 203.0.113.10/24
            Tunnel0 Tunnel
            list L
              permit no selector
            error[bad-selector] 26:9+27 an entry of access list `L` is no traffic selector | its wildcard mask 0.255.0.255 selects no single range of addresses
            error[bad-selector] 24:38+1 25:25+1 access list `L` selects nothing to encrypt | used here
        "#]],
    );
    check(
        &with(" permit tcp any any eq 80 443\n permit ip any any\n"),
        expect![[r#"
            - ios-xe 17.9
            GigabitEthernet1 Physical 203.0.113.10/24
            Tunnel0 Tunnel
            list L
              permit no selector
              permit 0.0.0.0/0 <-> 0.0.0.0/0
            connection P AtStart
              GigabitEthernet1 203.0.113.10 -> 198.51.100.20
              address 203.0.113.10 | address 198.51.100.20
              auth key(12, ..y) | key(12, ..y)
              ike default: AES-CBC-256 / HMAC-SHA512-256,HMAC-SHA384-192 / PRF-HMAC-SHA512,PRF-HMAC-SHA384 / ECP-256,MODP-2048,ECP-521
              life 86400
              child Tunnel0 via Tunnel0: 0.0.0.0/0 <-> 0.0.0.0/0 Narrow
                esp T: AES-GCM-256 /  pfs none life 3600 s 4608000 kB window 64
            error[bad-selector] 26:9+21 an entry of access list `L` is no traffic selector | it lists several ports
        "#]],
    );
    check(
        &with(" permit tcp any any established\n"),
        expect![[r#"
            - ios-xe 17.9
            GigabitEthernet1 Physical 203.0.113.10/24
            Tunnel0 Tunnel
            list L
              permit no selector
            error[bad-selector] 26:9+23 an entry of access list `L` is no traffic selector | `established` selects by more than addresses and ports
            error[bad-selector] 24:38+1 25:25+1 access list `L` selects nothing to encrypt | used here
        "#]],
    );
    check(
        &with(""),
        expect![[r#"
            - ios-xe 17.9
            GigabitEthernet1 Physical 203.0.113.10/24
            Tunnel0 Tunnel
            list L
            error[bad-selector] 24:38+1 25:25+1 access list `L` selects nothing to encrypt | used here
        "#]],
    );
    let standard = format!(
        "{}{policy}ip access-list standard L\n permit any\n",
        with_tunnel("")
    );
    check(
        &standard,
        expect![[r#"
            - ios-xe 17.9
            GigabitEthernet1 Physical 203.0.113.10/24
            Tunnel0 Tunnel
            list L
              permit 0.0.0.0/0 <-> 0.0.0.0/0
            error[bad-selector] 24:38+1 25:25+1 access list `L` is a standard one | selects what to encrypt, which takes an extended list
        "#]],
    );
    check(
        &format!("{}{policy}", with_tunnel("")),
        expect![[r#"
            - ios-xe 17.9
            GigabitEthernet1 Physical 203.0.113.10/24
            Tunnel0 Tunnel
            error[undefined-name] 24:38+1 there is no access list `L` | named here, and defined nowhere
        "#]],
    );
}
