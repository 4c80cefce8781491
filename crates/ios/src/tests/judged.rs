//! Lines that are read for whoever judges the file, and not obeyed.

use super::{check, check_findings, check_warnings, with_tunnel};
use expect_test::expect;

#[test]
fn packet_filters_bandwidth_and_translation_of_interfaces() {
    check(
        "\
version 17.9
interface GigabitEthernet0/0/0
 ip address 203.0.113.10 255.255.255.0
 ip access-group OUTSIDE-IN in
 ip access-group 102 out
 ip nat outside
 bandwidth 50000
interface GigabitEthernet0/0/1
 ip address 10.10.10.1 255.255.255.0
 ip nat inside
 speed 100
interface TenGigabitEthernet0/1/0
 ip nat inside
 bandwidth inherit
 ip access-group GONE in
 no ip access-group GONE in
ip nat inside source list NAT interface GigabitEthernet0/0/0 overload
ip nat inside source route-map RM pool P overload
ip nat inside source static 10.10.10.5 203.0.113.5
ip nat inside source static tcp 10.10.10.6 80 interface Gi0/0/0 8080
ip nat pool P 203.0.113.20 203.0.113.29 netmask 255.255.255.0
route-map RM permit 20
 match ip address ALL-10
route-map RM deny 10
 match ip address VPN
ip access-list extended NAT
 deny ip 10.10.10.0 0.0.0.255 10.20.20.0 0.0.0.255
 permit ip 10.10.10.0 0.0.0.255 any
",
        expect![[r#"
            - ios-xe 17.9
            GigabitEthernet0/0/0 Physical 203.0.113.10/24 in OUTSIDE-IN out 102 50000000 bit/s
            GigabitEthernet0/0/1 Physical 10.10.10.1/24 100000000 bit/s
            TenGigabitEthernet0/1/0 Physical
            list NAT
              deny 10.10.10.0/24 <-> 10.20.20.0/24
              permit 10.10.10.0/24 <-> 0.0.0.0/0
            nat "static 10.10.10.5" GigabitEthernet0/0/1,TenGigabitEthernet0/1/0 -> GigabitEthernet0/0/0 by 10.10.10.5 to 203.0.113.5
            nat "static 10.10.10.6" GigabitEthernet0/0/1,TenGigabitEthernet0/1/0 -> GigabitEthernet0/0/0 by 10.10.10.6 to GigabitEthernet0/0/0
            nat "list NAT" GigabitEthernet0/0/1,TenGigabitEthernet0/1/0 -> GigabitEthernet0/0/0 by list NAT to GigabitEthernet0/0/0
            nat "route-map RM 10 VPN" GigabitEthernet0/0/1,TenGigabitEthernet0/1/0 -> GigabitEthernet0/0/0 by list VPN to itself
            nat "route-map RM 20 ALL-10" GigabitEthernet0/0/1,TenGigabitEthernet0/1/0 -> GigabitEthernet0/0/0 by list ALL-10 to 203.0.113.20
            warning[only-judged] 4:2+29 `ip access-group` is not obeyed: packets are not filtered here yet | known, but not obeyed
            warning[only-judged] 5:2+23 `ip access-group` is not obeyed: packets are not filtered here yet | known, but not obeyed
            warning[only-judged] 6:2+14 `ip nat` is not obeyed: addresses are not translated | known, but not obeyed
            warning[only-judged] 10:2+13 `ip nat` is not obeyed: addresses are not translated | known, but not obeyed
            warning[only-judged] 13:2+13 `ip nat` is not obeyed: addresses are not translated | known, but not obeyed
            warning[only-judged] 15:2+23 `ip access-group` is not obeyed: packets are not filtered here yet | known, but not obeyed
            warning[only-judged] 17:1+69 `ip nat inside source` is not obeyed: addresses are not translated | known, but not obeyed
            warning[only-judged] 18:1+49 `ip nat inside source` is not obeyed: addresses are not translated | known, but not obeyed
            warning[only-judged] 19:1+50 `ip nat inside source` is not obeyed: addresses are not translated | known, but not obeyed
            warning[only-judged] 20:1+68 `ip nat inside source` is not obeyed: addresses are not translated | known, but not obeyed
            warning[only-judged] 21:1+61 `ip nat pool` is not obeyed: addresses are not translated | known, but not obeyed
        "#]],
    );
}

#[test]
fn what_is_judged_only_is_told_as_not_obeyed() {
    check_warnings(
        "\
version 17.9
interface GigabitEthernet0/0/0
 ip access-group OUTSIDE-IN in
 ip nat outside
",
        expect![[r#"
            warning[only-judged] 3:2+29 `ip access-group` is not obeyed: packets are not filtered here yet | known, but not obeyed
            warning[only-judged] 4:2+14 `ip nat` is not obeyed: addresses are not translated | known, but not obeyed
        "#]],
    );
}

#[test]
fn the_licence_bounds_the_throughput_of_an_isr_alone() {
    let boot = "license boot level securityk9\n";
    let cap = |text: &str| {
        let read = super::read(&format!("hostname r1\n{text}"));
        read.reading.gateway.throughput_cap.is_some()
    };
    assert!(cap(boot));
    assert!(cap(&format!("license udi pid ISR4331/K9 sn FDO1\n{boot}")));
    assert!(!cap(&format!(
        "license udi pid C8300-1N1S-6T sn FDO1\n{boot}"
    )));
    assert!(!cap(&format!("license feature hseck9\n{boot}")));
    assert!(!cap("license boot level appxk9\n"));
    assert!(!cap(&format!("{boot}no {boot}")));
}

#[test]
fn ikev1_is_a_connection_that_stays_off() {
    check(
        "\
version 15.9
crypto isakmp policy 20
 encr aes 256
 hash sha256
 authentication pre-share
 group 14
 lifetime 28800
crypto isakmp policy 10
crypto isakmp key lab-only-old-key address 198.51.100.1
crypto isakmp key 6 lab-only-encrypted address 198.51.100.2 255.255.255.255 no-xauth
crypto ipsec transform-set T esp-3des esp-sha-hmac
crypto ipsec profile OLD
 set transform-set T
crypto map M 10 ipsec-isakmp
 set peer 198.51.100.2
 set transform-set T
 match address 101
interface GigabitEthernet0/0
 ip address 203.0.113.1 255.255.255.0
 crypto map M
interface Tunnel3
 tunnel source GigabitEthernet0/0
 tunnel destination 198.51.100.1
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile OLD
access-list 101 permit ip 10.1.0.0 0.0.255.255 10.2.0.0 0.0.255.255
",
        expect![[r#"
            - ios-xe 15.9
            GigabitEthernet0/0 Physical 203.0.113.1/24
            Tunnel3 Tunnel
            list 101
              permit 10.1.0.0/16 <-> 10.2.0.0/16
            connection M 10 OnTraffic disabled IKEv1
              GigabitEthernet0/0 203.0.113.1 -> 198.51.100.2
              address 203.0.113.1 | 
              auth encrypted | encrypted
              ike 10: DES-CBC / HMAC-SHA1-96 / PRF-HMAC-SHA1 / MODP-768
              ike 20: AES-CBC-256 / HMAC-SHA256-128 / PRF-HMAC-SHA256 / MODP-2048
              life 86400
              child M 10 via policy: 10.1.0.0/16 <-> 10.2.0.0/16 Narrow
                esp T: 3DES-CBC / HMAC-SHA1-96 pfs none life 3600 s 4608000 kB window 64
            connection Tunnel3 OnTraffic disabled IKEv1
              GigabitEthernet0/0 203.0.113.1 -> 198.51.100.1
              address 203.0.113.1 | 
              auth key(16, ..y) | key(16, ..y)
              ike 10: DES-CBC / HMAC-SHA1-96 / PRF-HMAC-SHA1 / MODP-768
              ike 20: AES-CBC-256 / HMAC-SHA256-128 / PRF-HMAC-SHA256 / MODP-2048
              life 86400
              child Tunnel3 via Tunnel3: 0.0.0.0/0 <-> 0.0.0.0/0 MustCoverConfigured
                esp T: 3DES-CBC / HMAC-SHA1-96 pfs none life 3600 s 4608000 kB window 64
            warning[weak-algorithm] 11:30+8 3DES-CBC is weak | should not be offered any more
            warning[not-obeyed] 14:12+1 the crypto map entry `M 10` is for IKEv1, which is not spoken here | has no `set ikev2-profile`
            warning[not-obeyed] 25:34+3 the IPsec profile `OLD` is for IKEv1, which is not spoken here | has no `set ikev2-profile`
        "#]],
    );
}

#[test]
fn ikev1_left_beside_ikev2_is_told_once() {
    let text = with_tunnel(
        "\
crypto isakmp policy 10
 encr aes
 authentication pre-share
crypto isakmp key lab-only-old-key address 198.51.100.1
",
    );
    check_findings(
        &text,
        expect![[r#"
        note[default-proposal] 23:16+16 no IKEv2 policy of the file applies: the release's default proposal is offered | to peers of connections from here
        warning[ikev1-left-on] 2:1+23 3:2+8 4:2+24 5:1+55 IKEv1 is configured beside IKEv2 | lets a peer negotiate IKEv1; not obeyed here
    "#]],
    );
}

#[test]
fn certificates_and_trustpoints_of_the_file() {
    check(
        "\
version 17.9
crypto pki trustpoint CORP
 enrollment terminal
 revocation-check crl
!
crypto pki certificate chain CORP
 certificate 5A01
  3082010A 02820101 00
  \tquit
 certificate ca 01
  3082020B FF
  quit
 certificate ca 02 nvram:corp#2CA.cer
!
crypto ikev2 profile P
 match identity remote fqdn hq.example.net
 authentication remote rsa-sig
 authentication local rsa-sig
 pki trustpoint CORP sign
 pki trustpoint OTHER verify
crypto ipsec profile I
 set ikev2-profile P
interface GigabitEthernet1
 ip address 203.0.113.10 255.255.255.0
interface Tunnel0
 tunnel source GigabitEthernet1
 tunnel destination 198.51.100.20
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile I
",
        expect![[r#"
            - ios-xe 17.9
            GigabitEthernet1 Physical 203.0.113.10/24
            Tunnel0 Tunnel
            certificate CORP own 9 octets
            certificate CORP CA 5 octets
            connection P AtStart
              shows CORP trusts OTHER undefined OTHER
              GigabitEthernet1 203.0.113.10 -> 198.51.100.20
              address 203.0.113.10 | fqdn hq.example.net
              auth RSA signature | RSA signature
              ike default: AES-CBC-256 / HMAC-SHA512-256,HMAC-SHA384-192 / PRF-HMAC-SHA512,PRF-HMAC-SHA384 / ECP-256,MODP-2048,ECP-521
              life 86400
              child Tunnel0 via Tunnel0: 0.0.0.0/0 <-> 0.0.0.0/0 MustCoverConfigured
                esp default: AES-CBC-128 / HMAC-SHA1-96 pfs none life 3600 s 4608000 kB window 64
            warning[only-judged] 19:2+24 `pki trustpoint` is not obeyed: ends authenticate with pre-shared keys only | known, but not obeyed
            warning[only-judged] 20:2+27 `pki trustpoint` is not obeyed: ends authenticate with pre-shared keys only | known, but not obeyed
            error[only-judged] 18:23+7 17:24+7 authentication by RSA signature is not done here | only `pre-share` is
        "#]],
    );
}

#[test]
fn post_quantum_protection_is_read_from_wherever_it_stands() {
    let of = |text: &str| {
        let read = super::read(text);
        let connection = read.reading.gateway.connections.first().expect("one");
        connection.post_quantum.map(|kind| kind.value)
    };
    let base = with_tunnel("");
    let with = |after: &str, line: &str| base.replace(after, &format!("{after}{line}"));
    use crossgate_model::PostQuantum::{MlKem, Ppk};
    assert_eq!(of(&base), None);
    let ppk = "  ppk manual id HQ key lab-only-ppk\n";
    let key = "  pre-shared-key lab-only-key\n";
    assert_eq!(of(&with(key, ppk)), Some(Ppk));
    let pfs = " set pfs group19 pqc mlkem768\n";
    let set = " set transform-set T\n";
    assert_eq!(of(&with(set, pfs)), Some(MlKem));
    let proposal = "\
crypto ikev2 proposal PQ
 encryption aes-cbc-256
 integrity sha256
 group 19
 pqc mlkem768 optional
crypto ikev2 policy PQ
 proposal PQ
";
    assert_eq!(of(&with_tunnel(proposal)), Some(MlKem));
}
