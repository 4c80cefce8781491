//! Gateways written down: what is read back is the same gateway.

use crate::{dump, reading_of};
use crossgate_crypto::{DhGroup, Secret};
use crossgate_diag::{Severity, Spanned};
use crossgate_model::{
    AccessList, Auth, Gateway, Initiation, NatRule, Policy, PresharedKey, SourceTranslation,
};
use crossgate_panos::{Secrets, compose};
use expect_test::expect;
use std::sync::Arc;
use std::time::Duration;

const EXAMPLES: [&str; 7] = [
    include_str!("../../../../examples/site-to-site/hq.set"),
    include_str!("../../../../examples/site-to-site/hq.xml"),
    include_str!("../../../../examples/any-any/hq.set"),
    include_str!("../../../../examples/as-published/hq.xml"),
    include_str!("../../../../examples/crypto-map/hq.set"),
    include_str!("../../../../examples/gcm/hq.set"),
    include_str!("../../../../examples/several-proxy-ids/hq.set"),
];
const HQ: &str = EXAMPLES[0];

fn model(gateway: &Gateway) -> Vec<String> {
    let mut gateway = gateway.clone();
    gateway.release = None;
    let text = dump::gateway(&gateway);
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    // Rules count in their order; what defines something doesn't.
    lines.sort_by_key(
        |line| match line.starts_with("security") || line.starts_with("nat ") {
            true => String::new(),
            false => line.clone(),
        },
    );
    lines
}

/// Every example as it is: nothing is lost, in neither form.
#[test]
fn what_was_read_reads_back() {
    for text in EXAMPLES {
        let (_, reading) = reading_of(text);
        let composed = compose(&reading.gateway);
        assert_eq!(composed.cannot, Vec::<String>::new());
        let codes = |reading: &crossgate_panos::Reading| -> Vec<&str> {
            reading.findings.iter().map(|f| f.code).collect()
        };
        for again in [
            composed.set(Secrets::Written),
            composed.xml(Secrets::Written),
        ] {
            let (_, second) = reading_of(&again);
            assert_eq!(model(&second.gateway), model(&reading.gateway), "{again}");
            assert_eq!(codes(&second), codes(&reading), "{again}");
        }
        assert!(!composed.set(Secrets::Masked).contains("lab-only"));
        assert!(!format!("{composed:?}").contains("lab-only"));
    }
}

/// As a router's file would be read: without zones, with its own names of interfaces.
fn router(text: &str) -> Gateway {
    let (_, reading) = reading_of(text);
    let mut gateway = reading.gateway;
    gateway.dialect = "ios-xe";
    gateway.policy = Policy::default().into();
    let renamed = |name: &mut Spanned<String>| {
        name.value = match name.value.as_str() {
            "ethernet1/1" => "GigabitEthernet0/0/0".into(),
            "ethernet1/2" => "GigabitEthernet0/0/1".into(),
            other => other.replace("tunnel.", "Tunnel"),
        };
    };
    for interface in &mut gateway.interfaces {
        renamed(&mut interface.name);
        interface.zone = None;
        interface.virtual_router = None;
    }
    for route in &mut gateway.routes {
        use crossgate_model::NextHop;
        route.virtual_router = None;
        route.name = None;
        route.distance = 1;
        match &mut route.via {
            NextHop::Interface(name) | NextHop::Both(name, _) => renamed(name),
            _ => {}
        }
    }
    for connection in &mut gateway.connections {
        connection.local.interface.iter_mut().for_each(renamed);
        for child in &mut connection.children {
            child.tunnel_interface.iter_mut().for_each(renamed);
        }
    }
    gateway
}

fn numbered(gateway: &mut Gateway, tunnel: &str) {
    for child in &mut gateway.connections[0].children {
        child.tunnel.value = tunnel.into();
    }
    let children = gateway.connections[0].children.iter_mut();
    for (index, child) in children.enumerate() {
        child.name.value = format!("{tunnel}:{}", index + 1);
    }
}

fn written(gateway: &Gateway) -> String {
    let composed = compose(gateway);
    let set = composed.set(Secrets::Written);
    let (sources, again) = reading_of(&set);
    let (_, xml) = reading_of(&composed.xml(Secrets::Written));
    assert_eq!(model(&again.gateway), model(&xml.gateway));
    let mut out = dump::gateway(&again.gateway) + &dump::findings(&sources, &again.findings);
    out.extend(
        composed
            .cannot
            .iter()
            .map(|what| format!("cannot: {what}\n")),
    );
    let reasons = composed.reasons.iter();
    out.extend(reasons.map(|(path, why)| format!("{path}: {why}\n")));
    out
}

#[test]
fn a_tunnel_interface_with_a_policy_gets_zones_and_rules() {
    let mut gateway = router(HQ);
    numbered(&mut gateway, "Tunnel1");
    let connection = &mut gateway.connections[0];
    connection.name.value = "PROFILE/hq".into();
    connection.proposals[0]
        .groups
        .push(Spanned::default_of(DhGroup::Modp24));
    connection.lifetime.value = Duration::from_secs(86_400);
    connection.initiation.value = Initiation::AtStart;
    let other = Auth::Psk(PresharedKey::Known(Secret::from("other".to_owned())));
    connection.remote_auth.value = other;
    expect![[r#"
        hostname hq-fw
        interface ethernet1/1 Physical [198.51.100.20/24] zone untrust router default -- to the Internet
        interface ethernet1/2 Physical [10.20.20.1/24] zone trust router default -- HQ LAN
        interface tunnel.1 Tunnel [] zone vpn router default -- to the branch
        route  to-0.0.0.0-0 0.0.0.0/0 via ethernet1/1 198.51.100.1 distance 10 metric 10 router default
        route  to-10.10.10.0-24 10.10.10.0/24 via tunnel.1 distance 10 metric 10 router default
        connection PROFILE-hq, starts on traffic
          local  ethernet1/1  198.51.100.20 as address 198.51.100.20
          remote 203.0.113.10 as [address 203.0.113.10]
          auth key of 41 octets, lifetime 86400s
          nat true keepalive 20s, fragments None, liveness Some(10s)
          ike  ike-branch AES-CBC-256 / HMAC-SHA256-128 / PRF-HMAC-SHA256 / MODP-2048
          child Tunnel1:proxy-1 on Tunnel1: 10.20.20.0/24 <-> 10.10.10.0/24 through tunnel.1 esp  esp-branch AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
        zone untrust [ethernet1/1]
        zone trust [ethernet1/2]
        zone vpn [tunnel.1]
        address local-1 10.20.20.0/24
        address remote-1 10.10.10.0/24
        security vpn-in: [vpn] [remote-1] -> [trust] [local-1] application [any] service [any] Allow
        security vpn-out: [trust] [local-1] -> [vpn] [remote-1] application [any] service [any] Allow
        security to-internet: [trust] [any] -> [untrust] [any] application [any] service [any] Allow
        cannot: the group MODP-2048-256
        cannot: `PROFILE/hq` has another key for each direction
        network interface ethernet ethernet1/1: stands for `GigabitEthernet0/0/0`
        network interface ethernet ethernet1/2: stands for `GigabitEthernet0/0/1`
        network interface tunnel units tunnel.1: stands for `Tunnel1`
        network ike crypto-profiles ike-crypto-profiles ike-branch: what `PROFILE/hq` offers for IKE
        network ike gateway PROFILE-hq protocol-common: PAN-OS starts a tunnel when there is traffic for it, or its monitor is on
        network ike gateway PROFILE-hq: the peer 203.0.113.10
        network ike crypto-profiles ipsec-crypto-profiles esp-branch: what `Tunnel1` offers for ESP
        network tunnel ipsec Tunnel1: the tunnel `Tunnel1`
        network virtual-router default routing-table ip static-route to-0.0.0.0-0: its distance of 1 is 10, where PAN-OS's static routes begin
        network virtual-router default routing-table ip static-route to-10.10.10.0-24: its distance of 1 is 10, where PAN-OS's static routes begin
        vsys vsys1 zone: PAN-OS lets nothing pass between interfaces without zones and rules
        vsys vsys1 rulebase security rules vpn-in: the gateway let pass what goes from vpn to trust
        vsys vsys1 rulebase security rules vpn-out: the gateway let pass what goes from trust to vpn
        vsys vsys1 rulebase security rules to-internet: the gateway let pass what goes from trust to untrust
    "#]].assert_eq(&written(&gateway));
}

#[test]
fn a_crypto_map_gets_a_tunnel_interface_and_routes_into_it() {
    let mut gateway = router(EXAMPLES[6]);
    numbered(&mut gateway, "MAP 10");
    gateway
        .interfaces
        .retain(|interface| !interface.name.starts_with("Tunnel"));
    gateway.routes.truncate(1);
    for child in &mut gateway.connections[0].children {
        child.tunnel_interface = None;
    }
    let name = |name: &str| Spanned::default_of(name.to_owned());
    let policy = Arc::make_mut(&mut gateway.policy);
    policy.nat_rules.push(NatRule {
        name: name("NAT"),
        access_list: Some(name("NAT")),
        from: vec![name("GigabitEthernet0/0/1")],
        to: vec![name("GigabitEthernet0/0/0")],
        source: Vec::new(),
        destination: Vec::new(),
        service: None,
        source_translation: SourceTranslation::Interface(name("GigabitEthernet0/0/0")),
        enabled: true,
    });
    policy.access_lists.push(AccessList {
        name: name("NAT"),
        entries: Vec::new(),
    });
    expect![[r#"
        hostname centre-fw
        interface ethernet1/1 Physical [198.51.100.60/24] zone untrust router default
        interface ethernet1/2 Physical [10.60.0.1/22] zone trust router default
        interface tunnel.1 Tunnel [] zone vpn router default
        route  to-0.0.0.0-0 0.0.0.0/0 via ethernet1/1 198.51.100.1 distance 10 metric 10 router default
        route  to-10.50.1.0-24 10.50.1.0/24 via tunnel.1 distance 10 metric 10 router default
        route  to-10.50.2.0-24 10.50.2.0/24 via tunnel.1 distance 10 metric 10 router default
        connection gw-plant, starts on traffic
          local  ethernet1/1  198.51.100.60 as address 198.51.100.60
          remote 203.0.113.50 as [address 203.0.113.50]
          auth key of 35 octets, lifetime 86400s
          nat false keepalive 20s, fragments None, liveness Some(10s)
          ike  ike-plant AES-CBC-256 / HMAC-SHA256-128 / PRF-HMAC-SHA256 / ECP-256
          child MAP-10:proxy-1 on MAP-10: 10.60.0.0/22 <-> 10.50.1.0/24 through tunnel.1 esp  esp-plant AES-CBC-256 / HMAC-SHA256-128 pfs ECP-256 for 3600s window 1024
          child MAP-10:proxy-2 on MAP-10: 10.60.0.0/22 <-> 10.50.2.0/24 through tunnel.1 esp  esp-plant AES-CBC-256 / HMAC-SHA256-128 pfs ECP-256 for 3600s window 1024
          child MAP-10:proxy-3 on MAP-10: 192.0.2.60/32 <-> 10.50.2.0/24 through tunnel.1 esp  esp-plant AES-CBC-256 / HMAC-SHA256-128 pfs ECP-256 for 3600s window 1024
        zone untrust [ethernet1/1]
        zone trust [ethernet1/2]
        zone vpn [tunnel.1]
        address local-1 10.60.0.0/22
        address local-2 192.0.2.60/32
        address remote-1 10.50.1.0/24
        address remote-2 10.50.2.0/24
        security vpn-in: [vpn] [remote-1,remote-2] -> [trust] [local-1,local-2] application [any] service [any] Allow
        security vpn-out: [trust] [local-1,local-2] -> [vpn] [remote-1,remote-2] application [any] service [any] Allow
        security to-internet: [trust] [any] -> [untrust] [any] application [any] service [any] Allow
        nat keep-vpn-addresses: [trust] [local-1,local-2] -> [vpn] [remote-1,remote-2] service any unchanged
        nat internet-access: [trust] [any] -> [untrust] [any] service any from ethernet1/1
        network interface ethernet ethernet1/1: stands for `GigabitEthernet0/0/0`
        network interface ethernet ethernet1/2: stands for `GigabitEthernet0/0/1`
        network ike crypto-profiles ike-crypto-profiles ike-plant: what `gw-plant` offers for IKE
        network ike gateway gw-plant: the peer 203.0.113.50
        network ike crypto-profiles ipsec-crypto-profiles esp-plant: what `MAP 10` offers for ESP
        network tunnel ipsec MAP-10: PAN-OS's tunnels have an interface each, into which their traffic is routed
        network tunnel ipsec MAP-10: the tunnel `MAP 10`
        network virtual-router default routing-table ip static-route to-0.0.0.0-0: its distance of 1 is 10, where PAN-OS's static routes begin
        network virtual-router default routing-table ip static-route to-10.50.1.0-24: what the tunnel selects has to be routed into it
        network virtual-router default routing-table ip static-route to-10.50.2.0-24: what the tunnel selects has to be routed into it
        vsys vsys1 zone: PAN-OS lets nothing pass between interfaces without zones and rules
        vsys vsys1 rulebase security rules vpn-in: the gateway let pass what goes from vpn to trust
        vsys vsys1 rulebase security rules vpn-out: the gateway let pass what goes from trust to vpn
        vsys vsys1 rulebase security rules to-internet: the gateway let pass what goes from trust to untrust
        vsys vsys1 rulebase nat rules keep-vpn-addresses: traffic of the tunnels keeps its addresses
        vsys vsys1 rulebase nat rules internet-access: stands for the NAT rule `NAT`
    "#]].assert_eq(&written(&gateway));
}

#[test]
fn a_tunnel_for_everything_gets_rules_for_what_is_routed() {
    let gateway = router(EXAMPLES[2]);
    let text = written(&gateway);
    assert!(
        text.contains("security vpn-in: [vpn] [remote-1] -> [trust] [local-1]"),
        "{text}"
    );
    assert!(text.contains("address remote-1 192.168.70.0/24"), "{text}");
    assert!(text.contains("address local-1 192.168.80.0/24"), "{text}");
}

/// The interface of its peer is defined where the file was cut out of: a new one beside it must not
/// make it an undefined name.
#[test]
fn a_part_without_interfaces_gets_those_that_it_names() {
    let (_, reading) = reading_of(
        "set network ike gateway gw local-address interface ethernet1/1\n\
         set network ike gateway gw peer-address ip 203.0.113.10\n\
         set network ike gateway gw protocol version ikev2\n\
         set network ike gateway gw authentication pre-shared-key key lab-only-Xt3bK8nFw6Qz5Mj\n\
         set network tunnel ipsec tun auto-key ike-gateway gw\n\
         set zone untrust network layer3 eth0\n",
    );
    let composed = compose(&reading.gateway);
    assert_eq!(
        composed.cannot,
        [
            "the addresses of `ethernet1/1`, which the file doesn't tell",
            "the addresses of `ethernet1/2`, which the file doesn't tell"
        ]
    );
    let (_, again) = reading_of(&composed.set(Secrets::Written));
    let errors = again.findings.iter();
    let errors: Vec<_> = errors.filter(|f| f.severity == Severity::Error).collect();
    assert!(errors.is_empty(), "{errors:?}");
}
