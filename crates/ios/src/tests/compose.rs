//! A configuration made from a gateway reads back as that gateway.

use super::{gateway, read};
use crate::{Composed, compose};
use crossgate_crypto::{DhGroup, Encr, Integ};
use crossgate_diag::Spanned;
use crossgate_model::{EspProposal, Gateway, IkeVersion, NextHop};
use expect_test::{Expect, expect, expect_file};
use std::sync::Arc;
use std::time::Duration;

/// The text, and what came of reading it.
fn again(of: &Gateway) -> (Composed, Gateway) {
    let composed = compose(of);
    let back = read(&composed.text).reading.gateway;
    (composed, back)
}

macro_rules! examples {
    ($($test:ident $name:literal)*) => {$(
        #[test]
        fn $test() {
            let text = include_str!(concat!("../../../../examples/", $name, "/branch.cfg"));
            let model = read(text).reading.gateway;
            let (composed, back) = again(&model);
            assert_eq!(gateway(&back), gateway(&model));
            assert_eq!(composed.cannot, Vec::<String>::new());
            let file = concat!("../../tests/composed/", $name, ".cfg");
            expect_file![file].assert_eq(&composed.text);
        }
    )*};
}

examples! {
    any_any "any-any"
    as_published "as-published"
    crypto_map "crypto-map"
    gcm "gcm"
    several_proxy_ids "several-proxy-ids"
    site_to_site "site-to-site"
}

/// Names of the other vendor's things become IOS's; the rest must come back.
fn renamed(mut of: Gateway, names: &[(&str, &str)]) -> Gateway {
    let change = |name: &mut String| {
        let known = names.iter().find(|(there, _)| there == name);
        if let Some((_, here)) = known {
            *name = (*here).to_owned();
        }
    };
    for interface in &mut of.interfaces {
        change(&mut interface.name.value);
        interface.zone = None;
        interface.virtual_router = None;
    }
    for route in &mut of.routes {
        route.virtual_router = None;
        route.metric = 0;
        if let NextHop::Interface(name) | NextHop::Both(name, _) = &mut route.via {
            change(&mut name.value);
        }
    }
    for connection in &mut of.connections {
        if let Some(name) = &mut connection.local.interface {
            change(&mut name.value);
        }
        let several = connection.children.len() > 1;
        for (index, child) in connection.children.iter_mut().enumerate() {
            let tunnel = child.tunnel_interface.as_mut().expect("a tunnel interface");
            change(&mut tunnel.value);
            child.tunnel.value.clone_from(&tunnel.value);
            child.name.value = match several {
                true => format!("{}:{}", tunnel.value, index + 1),
                false => tunnel.value.clone(),
            };
        }
    }
    of
}

fn default<T>(value: T) -> Spanned<T> {
    Spanned::default_of(value)
}

/// A gateway as PAN-OS has it: other names of interfaces, lists of algorithms, a proxy ID for each
/// Child, zones, two virtual routers, and lifetimes in hours.
fn pan_shaped() -> Gateway {
    let text = include_str!("../../../../examples/several-proxy-ids/branch.cfg");
    let mut gateway = read(text).reading.gateway;
    gateway.dialect = "pan-os";
    gateway.release = Some(Spanned::default_of("11.1.0".into()));
    Arc::make_mut(&mut gateway.policy).access_lists.clear();
    let pan = [
        ("Tunnel7", "tunnel.7"),
        ("GigabitEthernet1", "ethernet1/1"),
        ("GigabitEthernet2", "ethernet1/2"),
        ("GigabitEthernet3", "ethernet1/3"),
    ];
    let mut gateway = renamed(gateway, &pan);
    for interface in &mut gateway.interfaces {
        interface.zone = Some(default("inside".into()));
        interface.bandwidth = None;
    }
    for route in &mut gateway.routes {
        route.distance = 10;
        route.metric = 10;
        route.virtual_router = Some(default("default".into()));
    }
    let connection = gateway.connections.first_mut().expect("one");
    connection.name = default("gw plant".into());
    connection.version = default(IkeVersion::V2Preferred);
    connection.lifetime = default(Duration::from_secs(24 * 3600));
    let liveness = connection.liveness.as_mut().expect("liveness");
    liveness.value.interval = Duration::from_secs(5);
    let ike = connection.proposals.first_mut().expect("a proposal");
    ike.name = Some(default("default".into()));
    ike.encr = vec![default(Encr::AesCbc256), default(Encr::AesGcm256)];
    ike.groups = vec![default(DhGroup::Ecp20), default(DhGroup::Modp14)];
    for (index, child) in connection.children.iter_mut().enumerate() {
        child.name = default(format!("plant:proxy-{index}"));
        child.tunnel = default("plant".into());
        child.lifetime.time = default(Duration::from_secs(30 * 3600));
        child.lifetime.kilobytes = None;
        child.replay_window = default(1024);
        let esp = child.proposals.first_mut().expect("a proposal");
        esp.name = Some(default("suite".into()));
        esp.esn = true;
        esp.encr = vec![default(Encr::AesGcm256), default(Encr::AesCbc256)];
        esp.integ = vec![
            default(Integ::HmacSha512_256),
            default(Integ::HmacSha256_128),
        ];
    }
    gateway
}

#[test]
fn another_vendor_s_gateway_keeps_what_ios_can_say() {
    let pan = pan_shaped();
    let (composed, back) = again(&pan);
    let here = [
        ("tunnel.7", "Tunnel7"),
        ("ethernet1/1", "GigabitEthernet0/0/0"),
        ("ethernet1/2", "GigabitEthernet0/0/1"),
        ("ethernet1/3", "GigabitEthernet0/0/2"),
    ];
    let mut wanted = renamed(pan, &here);
    // What the composer says that it changes, and what follows from the vendor.
    wanted.behaviour.name.clone_from(&back.behaviour.name);
    Arc::make_mut(&mut wanted.policy)
        .access_lists
        .clone_from(&back.policy.access_lists);
    let connection = wanted.connections.first_mut().expect("one");
    connection.name.value = "gw-plant".into();
    connection.version.value = IkeVersion::V2;
    let liveness = connection.liveness.as_mut().expect("liveness");
    liveness.value.interval = Duration::from_secs(10);
    let name = connection
        .proposals
        .first_mut()
        .and_then(|p| p.name.as_mut());
    name.expect("a name").value = "default-offer".into();
    for child in &mut connection.children {
        let suite = |name: &str, encr, integ: &[Integ]| EspProposal {
            name: Some(default(name.into())),
            encr: vec![default(encr)],
            integ: integ.iter().copied().map(Spanned::default_of).collect(),
            esn: true,
        };
        child.proposals = vec![
            suite("suite", Encr::AesGcm256, &[]),
            suite("suite-2", Encr::AesCbc256, &[Integ::HmacSha512_256]),
            suite("suite-3", Encr::AesCbc256, &[Integ::HmacSha256_128]),
        ];
    }
    assert_eq!(gateway(&back), gateway(&wanted));
    check_cannot(
        &composed,
        expect![[r#"
        `gw plant` falls back to IKEv1: here it speaks IKEv2 only
        `gw plant` asks whether its peer is alive after 5 s: here it is 10 s
        zones of interfaces are left out
    "#]],
    );
    expect_file!["../../tests/composed/pan-shaped.cfg"].assert_eq(&composed.text);
}

fn check_cannot(composed: &Composed, expected: Expect) {
    let told: String = composed.cannot.iter().map(|c| format!("{c}\n")).collect();
    expected.assert_eq(&told);
}

#[test]
fn whatever_a_file_has_comes_back_or_is_told() {
    let text = "\
version 17.9
hostname edge
crypto ikev2 proposal A
 encryption aes-cbc-256
 integrity sha256
 prf sha512
 group 14
crypto ikev2 proposal B
 encryption aes-gcm-256
 prf sha384
 group 20
crypto ikev2 policy ONE
 match address local 203.0.113.1
 proposal A
 proposal B
crypto ikev2 policy TWO
 match address local 203.0.113.129
 proposal B
crypto ikev2 keyring K
 peer ONE
  address 198.51.100.1
  pre-shared-key local lab-only-ours
  pre-shared-key remote lab-only-theirs
 peer TWO
  address 198.51.100.2
  pre-shared-key hex 00FF
crypto ikev2 profile ONE
 match identity remote fqdn domain example.net
 match identity remote address 198.51.100.0 255.255.255.0
 identity local email edge@example.net
 authentication remote pre-share
 authentication local pre-share
 keyring local K
 nat force-encap
 nat keepalive 30
crypto ikev2 profile TWO
 match identity remote any
 authentication remote rsa-sig
 authentication local pre-share
 keyring local K
 pki trustpoint CORP verify
 shutdown
crypto ikev2 fragmentation mtu 1400
crypto ikev2 cookie-challenge 100
crypto ikev2 limit max-sa 50
no crypto ipsec nat-transparency udp-encapsulation
crypto pki trustpoint CORP
crypto ipsec transform-set X esp-gcm 192
crypto ipsec profile P1
 set transform-set X
 set ikev2-profile ONE
 set security-association idle-time 600
 set security-association replay disable
 set security-association lifetime kilobytes disable
 responder-only
crypto map M 10 ipsec-isakmp
 set peer 198.51.100.2
 set transform-set X
 set ikev2-profile TWO
 match address 101
interface GigabitEthernet0/0/0
 ip address 203.0.113.1 255.255.255.128
 ip address 203.0.113.2 255.255.255.128 secondary
 ip access-group FILTER in
 ip nat outside
 bandwidth 50000
interface GigabitEthernet0/0/1
 ip address 203.0.113.129 255.255.255.128
 crypto map M
 ipv6 address 2001:db8::1/64
interface GigabitEthernet0/0/2
 ip address dhcp
 ip nat inside
 shutdown
interface Tunnel1
 description first
 ip unnumbered GigabitEthernet0/0/0
 shutdown
 tunnel source GigabitEthernet0/0/0
 tunnel mode ipsec ipv4
 tunnel destination 198.51.100.1
 tunnel protection ipsec profile P1
ip nat inside source list NAT interface GigabitEthernet0/0/0 overload
ip nat inside source static 10.0.0.5 203.0.113.2
ip route 10.2.0.0 255.255.0.0 Tunnel1 20 name far
ip route 10.9.0.0 255.255.0.0 Null0
ip route 0.0.0.0 0.0.0.0 GigabitEthernet0/0/0 203.0.113.126
ipv6 route ::/0 2001:db8::ff
access-list 101 permit tcp 10.0.0.0 0.0.0.255 eq 443 10.3.0.0 0.0.255.255 range 1024 65535
access-list 10 permit 10.0.0.0 0.0.0.255
ip access-list extended NAT
 deny ip 10.0.0.0 0.0.0.255 10.2.0.0 0.0.255.255
 permit ip 10.0.0.0 0.0.0.255 any
ip access-list extended FILTER
 permit ip any any
";
    let model = read(text).reading.gateway;
    let (composed, back) = again(&model);
    assert_eq!(gateway(&back), gateway(&model));
    check_cannot(
        &composed,
        expect![[r#"
        trustpoint CORP has to be enrolled by hand
    "#]],
    );
}

#[test]
fn reasons_stand_at_their_lines_and_a_debug_print_shows_no_key() {
    let text = include_str!("../../../../examples/site-to-site/branch.cfg");
    let composed = compose(&read(text).reading.gateway);
    let line = |number: usize| composed.text.lines().nth(number - 1).expect("a line");
    let at = |begins: &str| {
        let mut reasons = composed.reasons.iter();
        reasons.any(|(number, _)| line(*number).starts_with(begins))
    };
    assert!(at(" set pfs group14") && at(" dpd 10 3 periodic"));
    assert!(at("ip route 10.20.20.0 255.255.255.0 Tunnel0"));
    assert!(!format!("{composed:?}").contains("lab-only"));
}
