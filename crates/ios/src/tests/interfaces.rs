//! Interfaces, tunnels, routes.

use super::{
    PROFILE, TUNNEL, all_findings, check, check_findings, check_warnings, read, with_tunnel,
};
use expect_test::expect;

#[test]
fn addresses_sizes_and_state() {
    let text = "\
version 17.9
hostname r1
interface GigabitEthernet0/0/0.100
 description  spaces  inside
 encapsulation dot1Q 100
 ip address 10.0.0.1 255.255.255.0
 ip address 10.0.1.1 255.255.255.0 secondary
 ip address 10.0.0.2 255.255.255.0
 ipv6 address 2001:db8::1/64
 mtu 9000
 ip mtu 1400
 ip tcp adjust-mss 1360
 shutdown
interface Loopback0
 ip address 192.0.2.1 255.255.255.255
 no ip address
interface Vlan10
 ip address dhcp
 no shutdown
interface Dialer1
 ip address negotiated
";
    check(
        text,
        expect![[r#"
        r1 ios-xe 17.9
        GigabitEthernet0/0/0.100 Physical 10.0.0.2/24 10.0.1.1/24 2001:db8::1/64 mtu 1400 mss 1360 shut "spaces  inside"
        Loopback0 Loopback
        Vlan10 Physical
        Dialer1 Physical
    "#]],
    );
}

#[test]
fn discovery_of_a_paths_mtu_is_what_is_done_and_other_numbers_are_told() {
    let told = |line: &str| {
        let findings = all_findings(&read(&(with_tunnel("") + line)));
        findings.matches("path's MTU").count()
    };
    assert_eq!(told(" tunnel path-mtu-discovery\n"), 0);
    assert_eq!(told(" tunnel path-mtu-discovery age-timer 10\n"), 0);
    assert_eq!(told(" no tunnel path-mtu-discovery\n"), 0);
    assert_eq!(told(" tunnel path-mtu-discovery age-timer infinite\n"), 1);
    assert_eq!(told(" tunnel path-mtu-discovery min-mtu 1200\n"), 1);
}

#[test]
fn a_source_that_learns_its_address_leaves_the_identity_open() {
    let text = with_tunnel("").replace("ip address 203.0.113.10 255.255.255.0", "ip address dhcp");
    check(
        &text,
        expect![[r#"
        - ios-xe 17.9
        GigabitEthernet1 Physical
        Tunnel0 Tunnel
        connection P AtStart
          GigabitEthernet1 - -> 198.51.100.20
          address 0.0.0.0 | address 198.51.100.20
          auth key(12, ..y) | key(12, ..y)
          ike default: AES-CBC-256 / HMAC-SHA512-256,HMAC-SHA384-192 / PRF-HMAC-SHA512,PRF-HMAC-SHA384 / ECP-256,MODP-2048,ECP-521
          life 86400
          child Tunnel0 via Tunnel0: 0.0.0.0/0 <-> 0.0.0.0/0 MustCoverConfigured
            esp T: AES-GCM-256 /  pfs none life 3600 s 4608000 kB window 64
    "#]],
    );
    check_findings(
        &text,
        expect![[r#"
            note[address-unknown] 19:16+16 17:2+15 interface `GigabitEthernet1` learns its address elsewhere: its address must come from outside the file | connections start from it
            note[default-proposal] 19:16+16 no IKEv2 policy of the file applies: the release's default proposal is offered | to peers of connections from here
        "#]],
    );
    let mut gateway = super::read(&text).reading.gateway;
    let net = "203.0.113.99/24".parse().expect("a network");
    gateway.assume_address("GigabitEthernet1", net);
    let connection = gateway.connection("P").expect("the connection");
    assert_eq!(
        connection.local_identity.to_string(),
        "address 203.0.113.99"
    );
    assert_eq!(connection.local.address.map(|a| a.value), Some(net.addr()));
    assert!(
        gateway
            .interfaces
            .iter()
            .any(|i| i.addresses.iter().any(|a| a.value == net))
    );
}

#[test]
fn a_stated_identity_stays_when_an_address_is_assumed() {
    let text = with_tunnel("crypto ikev2 profile P\n identity local key-id branch7");
    let text = text.replace("ip address 203.0.113.10 255.255.255.0", "ip address dhcp");
    let mut gateway = super::read(&text).reading.gateway;
    gateway.assume_address(
        "GigabitEthernet1",
        "203.0.113.99/24".parse().expect("a network"),
    );
    let connection = gateway.connection("P").expect("the connection");
    assert_eq!(connection.local_identity.to_string(), "key-id branch7");
}

#[test]
fn an_interface_that_only_the_tunnel_names_appears_when_its_address_is_assumed() {
    let text = with_tunnel("").replace(
        "interface GigabitEthernet1\n ip address 203.0.113.10 255.255.255.0\n",
        "",
    );
    let mut gateway = super::read(&text).reading.gateway;
    assert!(gateway.interface("GigabitEthernet1").is_none());
    gateway.assume_address(
        "GigabitEthernet1",
        "203.0.113.10/24".parse().expect("a network"),
    );
    assert!(gateway.interface("GigabitEthernet1").is_some());
}

#[test]
fn a_tunnel_without_ends_or_of_another_mode_is_told() {
    check(
        &with_tunnel("").replace(" tunnel destination 198.51.100.20\n", ""),
        expect![[r#"
            - ios-xe 17.9
            GigabitEthernet1 Physical 203.0.113.10/24
            Tunnel0 Tunnel
            error[incomplete-tunnel] 18:11+7 Tunnel0 is protected, but has no `tunnel destination` | the tunnel can't come up
        "#]],
    );
    check(
        &with_tunnel("").replace(" tunnel source GigabitEthernet1\n", ""),
        expect![[r#"
            - ios-xe 17.9
            GigabitEthernet1 Physical 203.0.113.10/24
            Tunnel0 Tunnel
            error[incomplete-tunnel] 18:11+7 Tunnel0 is protected, but has no `tunnel source` | the tunnel can't come up
        "#]],
    );
    check(
        &with_tunnel("").replace(" tunnel mode ipsec ipv4\n", ""),
        expect![[r#"
            - ios-xe 17.9
            GigabitEthernet1 Physical 203.0.113.10/24
            Tunnel0 Tunnel
            warning[not-obeyed] 18:11+7 the mode of Tunnel0 is not obeyed: the default mode, GRE, is not spoken; the tunnel stays down | needs `tunnel mode ipsec ipv4`
        "#]],
    );
    check(
        &with_tunnel("").replace("mode ipsec ipv4", "mode gre multipoint"),
        expect![[r#"
            - ios-xe 17.9
            GigabitEthernet1 Physical 203.0.113.10/24
            Tunnel0 Tunnel
            warning[not-obeyed] 21:14+14 the mode of Tunnel0 is not obeyed: the tunnel stays down | needs `tunnel mode ipsec ipv4`
        "#]],
    );
    check_warnings(
        &with_tunnel("").replace("mode ipsec ipv4", "mode ipsec dual-overlay"),
        expect![[r#"
            warning[not-obeyed] 21:14+18 the mode of Tunnel0 is not obeyed: only IPv4 is carried through it | needs `tunnel mode ipsec ipv4`
        "#]],
    );
    check(
        &with_tunnel("").replace("mode ipsec ipv4", "mode ipsec ipv9"),
        expect![[r#"
            - ios-xe 17.9
            GigabitEthernet1 Physical 203.0.113.10/24
            Tunnel0 Tunnel
            error[invalid-value] 21:14+10 expected a tunnel mode, such as `ipsec ipv4`, found `ipsec ipv9` | this value
        "#]],
    );
    check(
        &with_tunnel("").replace(" set ikev2-profile P\n", ""),
        expect![[r#"
            - ios-xe 17.9
            GigabitEthernet1 Physical 203.0.113.10/24
            Tunnel0 Tunnel
            connection Tunnel0 OnTraffic disabled IKEv1
              GigabitEthernet1 203.0.113.10 -> 198.51.100.20
              address 203.0.113.10 | 
              auth missing | missing
              life 86400
              child Tunnel0 via Tunnel0: 0.0.0.0/0 <-> 0.0.0.0/0 MustCoverConfigured
                esp T: AES-GCM-256 /  pfs none life 3600 s 4608000 kB window 64
            warning[not-obeyed] 21:34+1 the IPsec profile `I` is for IKEv1, which is not spoken here | has no `set ikev2-profile`
        "#]],
    );
}

#[test]
fn a_template_is_no_tunnel() {
    let text = with_tunnel("").replace(
        "interface Tunnel0",
        "interface Virtual-Template1 type tunnel",
    );
    check(
        &text,
        expect![[r#"
            - ios-xe 17.9
            GigabitEthernet1 Physical 203.0.113.10/24
            warning[not-obeyed] 18:11+17 Virtual-Template1 is not obeyed: no peer gets an interface from it | only `interface Tunnel` is a tunnel
        "#]],
    );
}

#[test]
fn the_local_address_is_of_the_peer_s_family() {
    let text = with_tunnel("")
        .replace(
            " ip address 203",
            " ipv6 address 2001:db8::10/64\n ip address 203",
        )
        .replace("198.51.100.20", "2001:db8:1::20")
        .replace("ipsec ipv4", "ipsec ipv6");
    check(
        &text,
        expect![[r#"
        - ios-xe 17.9
        GigabitEthernet1 Physical 203.0.113.10/24 2001:db8::10/64
        Tunnel0 Tunnel
        connection P AtStart
          GigabitEthernet1 2001:db8::10 -> 2001:db8:1::20
          address 2001:db8::10 | address 2001:db8:1::20
          auth key(12, ..y) | key(12, ..y)
          ike default: AES-CBC-256 / HMAC-SHA512-256,HMAC-SHA384-192 / PRF-HMAC-SHA512,PRF-HMAC-SHA384 / ECP-256,MODP-2048,ECP-521
          life 86400
          child Tunnel0 via Tunnel0: ::/0 <-> ::/0 MustCoverConfigured
            esp T: AES-GCM-256 /  pfs none life 3600 s 4608000 kB window 64
    "#]],
    );
}

#[test]
fn the_mode_says_what_is_outside_and_what_is_carried() {
    for (mode, destination, carried) in [
        ("ipv4", "198.51.100.20", "0.0.0.0/0"),
        ("ipv4 v6-overlay", "198.51.100.20", "::/0"),
        ("ipv6 v4-overlay", "2001:db8:1::20", "0.0.0.0/0"),
        ("ipv6", "2001:db8:1::20", "::/0"),
    ] {
        let text = with_tunnel("")
            .replace(
                " ip address 203",
                " ipv6 address 2001:db8::10/64\n ip address 203",
            )
            .replace("198.51.100.20", destination)
            .replace("ipsec ipv4", &format!("ipsec {mode}"));
        let gateway = read(&text).reading.gateway;
        let children = gateway.children().map(|(_, child)| &child.selectors);
        let selectors: Vec<String> = children.map(|s| s.remote.to_string()).collect();
        assert_eq!(selectors, [carried], "{mode}");
        let composed = crate::compose(&gateway);
        let line = format!(" tunnel mode ipsec {mode}\n");
        assert!(composed.text.contains(&line), "{mode}: {}", composed.text);
    }
    check_warnings(
        &with_tunnel("").replace("mode ipsec ipv4", "mode ipsec ipv6 v4-overlay"),
        expect![[r#"
            error[incomplete-tunnel] 20:21+13 21:14+21 the mode of Tunnel0 is for IPv6 outside, its destination is IPv4 | the tunnel can't come up
        "#]],
    );
    check_warnings(
        &with_tunnel("").replace("mode ipsec ipv4", "mode ipsec ipv4 v4-overlay"),
        expect![[r#"
            error[invalid-value] 21:14+21 expected a tunnel mode, such as `ipsec ipv4`, found `ipsec ipv4 v4-overlay` | this value
        "#]],
    );
}

#[test]
fn a_policy_makes_one_child_for_each_entry() {
    let more = "\
ip access-list extended L
 permit ip 10.1.0.0 0.0.255.255 10.2.0.0 0.0.255.255
 deny ip 10.1.0.0 0.0.0.255 any
 permit ip host 10.1.0.1 10.3.0.0 0.0.255.255
interface Tunnel0
 tunnel protection ipsec policy ipv4 L";
    check(
        &format!("{}{more}", with_tunnel("")),
        expect![[r#"
        - ios-xe 17.9
        GigabitEthernet1 Physical 203.0.113.10/24
        Tunnel0 Tunnel
        list L
          permit 10.1.0.0/16 <-> 10.2.0.0/16
          deny 10.1.0.0/24 <-> 0.0.0.0/0
          permit 10.1.0.1/32 <-> 10.3.0.0/16
        connection P AtStart
          GigabitEthernet1 203.0.113.10 -> 198.51.100.20
          address 203.0.113.10 | address 198.51.100.20
          auth key(12, ..y) | key(12, ..y)
          ike default: AES-CBC-256 / HMAC-SHA512-256,HMAC-SHA384-192 / PRF-HMAC-SHA512,PRF-HMAC-SHA384 / ECP-256,MODP-2048,ECP-521
          life 86400
          child Tunnel0:1 via Tunnel0: 10.1.0.0/16 <-> 10.2.0.0/16 Narrow
            esp T: AES-GCM-256 /  pfs none life 3600 s 4608000 kB window 64
          child Tunnel0:2 via Tunnel0: 10.1.0.1/32 <-> 10.3.0.0/16 Narrow
            esp T: AES-GCM-256 /  pfs none life 3600 s 4608000 kB window 64
        warning[bad-selector] 25:2+30 an entry of access list `L` denies | not obeyed: a traffic selector can't exclude
    "#]],
    );
    let one_line = more.replace("policy ipv4 L", "profile I policy ipv4 L");
    let children = |text: &str| {
        let gateway = super::read(text).reading.gateway;
        gateway
            .children()
            .map(|(_, c)| c.name.value.clone())
            .collect::<Vec<_>>()
    };
    let text = format!("{}{one_line}", with_tunnel(""));
    assert_eq!(children(&text), ["Tunnel0:1", "Tunnel0:2"]);
    let old = with_tunnel("").replace("version 17.9", "version 16.9");
    check(
        &format!("{old}{more}"),
        expect![[r#"
            - ios-xe 16.9
            GigabitEthernet1 Physical 203.0.113.10/24
            Tunnel0 Tunnel
            list L
              permit 10.1.0.0/16 <-> 10.2.0.0/16
              deny 10.1.0.0/24 <-> 0.0.0.0/0
              permit 10.1.0.1/32 <-> 10.3.0.0/16
            connection P AtStart
              GigabitEthernet1 203.0.113.10 -> 198.51.100.20
              address 203.0.113.10 | address 198.51.100.20
              auth key(12, ..y) | key(12, ..y)
              ike default: AES-CBC-256,AES-CBC-192,AES-CBC-128 / HMAC-SHA512-256,HMAC-SHA384-192,HMAC-SHA256-128,HMAC-SHA1-96,HMAC-MD5-96 / PRF-HMAC-SHA512,PRF-HMAC-SHA384,PRF-HMAC-SHA256,PRF-HMAC-SHA1,PRF-HMAC-MD5 / MODP-1536,MODP-1024
              life 86400
              child Tunnel0 via Tunnel0: 0.0.0.0/0 <-> 0.0.0.0/0 MustCoverConfigured
                esp T: AES-GCM-256 /  pfs none life 3600 s 4608000 kB window 64
            warning[release-too-old] 28:38+1 1:9+4 this release has no `tunnel protection ipsec policy` | that router refuses it, so the tunnel is from any to any
        "#]],
    );
}

#[test]
fn the_tunnel_may_name_an_ikev2_profile_of_its_own() {
    let more = "\
crypto ikev2 profile Q
 match identity remote any
 authentication remote pre-share
 authentication local pre-share
 keyring local K
interface Tunnel0
 tunnel protection ipsec profile I ikev2-profile Q";
    check(
        &format!("{}{more}", with_tunnel("")),
        expect![[r#"
        - ios-xe 17.9
        GigabitEthernet1 Physical 203.0.113.10/24
        Tunnel0 Tunnel
        connection Q AtStart
          GigabitEthernet1 203.0.113.10 -> 198.51.100.20
          address 203.0.113.10 | any
          auth key(12, ..y) | key(12, ..y)
          ike default: AES-CBC-256 / HMAC-SHA512-256,HMAC-SHA384-192 / PRF-HMAC-SHA512,PRF-HMAC-SHA384 / ECP-256,MODP-2048,ECP-521
          life 86400
          child Tunnel0 via Tunnel0: 0.0.0.0/0 <-> 0.0.0.0/0 MustCoverConfigured
            esp T: AES-GCM-256 /  pfs none life 3600 s 4608000 kB window 64
    "#]],
    );
}

#[test]
fn routes_of_all_forms() {
    let text = "\
version 17.9
interface Tunnel7
ip route 0.0.0.0 0.0.0.0 203.0.113.1
ip route 10.1.0.0 255.255.0.0 Tunnel7
ip route 10.2.0.0 255.255.0.0 tunnel 7 250
ip route 10.3.0.0 255.255.0.0 Gi0/0/0 192.0.2.1 20 name TO-HQ permanent
ip route 10.4.0.5 255.255.0.0 Null0 tag 7
ip route 10.5.0.0 255.255.0.0 192.0.2.1 track 1
ip route 10.6.0.0 255.255.0.0 Tunnel8
ip route 10.7.0.0 255.255.0.0 192.0.2.1
no ip route 10.7.0.0 255.255.0.0 192.0.2.1
ip route vrf RED 10.8.0.0 255.255.0.0 192.0.2.1
ip route 10.9.0.0 255.255.0.0 300.1.1.1
ipv6 route 2001:db8:1::/48 Tunnel7
ipv6 route ::/0 2001:db8::1
";
    check(
        text,
        expect![[r#"
            - ios-xe 17.9
            Tunnel7 Tunnel
            route 0.0.0.0/0 via 203.0.113.1 [1]
            route 10.1.0.0/16 via Tunnel7 [1]
            route 10.2.0.0/16 via Tunnel7 [250]
            route 10.3.0.0/16 via GigabitEthernet0/0/0 192.0.2.1 [20] "TO-HQ"
            route 10.4.0.0/16 via discard [1]
            route 10.5.0.0/16 via 192.0.2.1 [1]
            route 10.6.0.0/16 via Tunnel8 [1]
            route 2001:db8:1::/48 via Tunnel7 [1]
            route ::/0 via 2001:db8::1 [1]
            warning[not-obeyed] 8:41+7 `track 1` is not obeyed: the route stays whatever is tracked or learnt | the rest of the line is
            error[invalid-value] 13:31+9 expected an interface or an IP address, found `300.1.1.1` | this value
            error[undefined-name] 9:31+7 there is no interface `Tunnel8` | named here, and defined nowhere
        "#]],
    );
}

#[test]
fn interface_names_are_written_in_full() {
    let names = [
        ("Gi0/0/0", "GigabitEthernet0/0/0"),
        ("gig1", "GigabitEthernet1"),
        ("te1/0/1", "TenGigabitEthernet1/0/1"),
        ("tu10", "Tunnel10"),
        ("t1", "TenGigabitEthernet1"),
        ("lo0", "Loopback0"),
        ("Gi2.300", "GigabitEthernet2.300"),
        ("Po1", "Port-channel1"),
        ("203.0.113.1", "203.0.113.1"),
        ("outside", "outside"),
        ("", ""),
    ];
    for (written, full) in names {
        assert_eq!(crate::interface_name(written), full, "{written}");
    }
}

#[test]
fn the_whole_of_a_tunnel_is_read_from_the_smallest_file() {
    check(
        &format!("{PROFILE}{TUNNEL}"),
        expect![[r#"
        - ios-xe 17 (assumed)
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
