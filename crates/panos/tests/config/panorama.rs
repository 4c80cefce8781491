//! Panorama's exports: what a device gets of templates, stacks and device groups, and where it is
//! changed.

use crate::dump;
use crossgate_crypto::DhGroup;
use crossgate_diag::{Sources, apply};
use crossgate_model::{Change, Language};
use crossgate_panos::read_template;
use expect_test::{Expect, expect};
use std::time::Duration;

/// Made for these tests, after the vendor's documents.
const EXPORT: &str = include_str!("../data/panorama.xml");

fn told(text: &str, which: Option<&str>) -> String {
    let mut sources = Sources::new();
    let file = sources.add("panorama", text);
    match read_template(&mut sources, file, which) {
        Ok(reading) => {
            let gateway = dump::gateway(&reading.gateway);
            gateway + &dump::findings(&sources, &reading.findings)
        }
        Err(refusal) => format!("refused: {refusal}\n"),
    }
}

#[track_caller]
fn check(which: Option<&str>, expected: Expect) {
    expected.assert_eq(&told(EXPORT, which));
}

/// What is typed for a change, the lines that it touches, and what the gateway then is.
#[track_caller]
fn check_change(change: &Change, expected: Expect) {
    let mut sources = Sources::new();
    let file = sources.add("panorama", EXPORT);
    let reading = read_template(&mut sources, file, Some("007051000012345")).expect("a stack");
    let amendment = reading
        .amend(sources.get(file), change)
        .expect("it can be said");
    let mut report: String = amendment
        .commands
        .iter()
        .map(|c| format!("> {c}\n"))
        .collect();
    for edit in &amendment.edits {
        let place = sources.place(edit.span);
        report += &format!(
            "{place} {:?} -> {:?}\n",
            sources.text(edit.span),
            edit.shown()
        );
    }
    let before = told(EXPORT, Some("007051000012345"));
    let after = told(&apply(EXPORT, &amendment.edits), Some("007051000012345"));
    let model = |text: &str| -> Vec<String> {
        let lines = text.lines().map(str::to_owned);
        lines
            .take_while(|line| !line.contains('[') || !line.starts_with("note"))
            .collect()
    };
    let (before, after) = (model(&before), model(&after));
    for line in before.iter().filter(|line| !after.contains(line)) {
        report += &format!("- {line}\n");
    }
    for line in after.iter().filter(|line| !before.contains(line)) {
        report += &format!("+ {line}\n");
    }
    expected.assert_eq(&report);
}

#[test]
fn the_only_stack_with_a_gateway_is_meant() {
    check(
        None,
        expect![[r#"
            interface ethernet1/1 Physical [198.51.100.20/24] zone untrust router default
            interface tunnel.1 Tunnel [] mtu 1380 zone vpn router default
            connection gw, starts on traffic
              local  ethernet1/1  198.51.100.20 as address 198.51.100.20
              remote 203.0.113.10 as [address 203.0.113.10]
              auth key of 36 octets, lifetime 28800s
              nat false keepalive 20s, fragments None, liveness None
              ike  ike AES-CBC-256 / HMAC-SHA256-128 / PRF-HMAC-SHA256 / MODP-2048
              child tun on tun: 0.0.0.0/0 <-> 0.0.0.0/0 through tunnel.1 esp  esp AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
            zone untrust [ethernet1/1]
            zone vpn [tunnel.1]
            address lan-branch 10.10.10.0/24
            address lan-hq 10.20.20.0/24
            security block-bogons: [any] [192.0.2.0/24] -> [any] [any] application [any] service [any] Deny
            security all-sites: [vpn] [lan-branch] -> [vpn] [lan-hq] application [any] service [any] Allow
            security branch-to-hq: [vpn] [lan-branch] -> [untrust] [lan-hq] application [any] service [any] Allow
            security deny-rest: [any] [any] -> [any] [any] application [any] service [any] Deny
            note[not-obeyed] the Panorama's own `deviceconfig` says nothing of the device
              ^ panorama:39:8 kept as it is
            note[overridden] `dh-group` of `esp` is overridden
              ^ panorama:148:37 this of template `vpn` holds
              - panorama:83:37 this of template `base` is hidden
            note[overridden] `seconds` of `lifetime` is overridden
              ^ panorama:150:36 this of template `vpn` holds
              - panorama:85:38 this of template `base` is hidden
            note[panorama] this is a Panorama's export, read as the template stack `hq` makes a device
              ^ panorama:218:22 its templates, the first wins: `vpn`, `base`
              = with the rules and objects of the device group `hq-group`, `sites`
              = not looked at: `lab`, `unrelated`
              = values that only single devices have are left out
              ? name a device by its serial number to have its values
            note[overridden] `mtu` of `tunnel.1` is overridden
              ^ panorama:250:32 this of template stack `hq` holds
              - panorama:66:32 this of template `base` is hidden
            note[overridden] `ip-netmask` of `lan-branch` is overridden
              ^ panorama:330:27 this of device group `hq-group` holds
              - panorama:265:27 this of device group `sites` is hidden
        "#]],
    );
}

#[test]
fn a_device_has_variables_of_its_own() {
    let device = told(EXPORT, Some("007051000012345"));
    assert!(device.contains("remote 203.0.113.77 as"), "{device}");
    let other = told(EXPORT, Some("007051000067890"));
    assert!(other.contains("remote 203.0.113.10 as"), "{other}");
}

#[test]
fn a_template_without_a_stack() {
    check(
        Some("lab"),
        expect![[r#"
            hostname lab-fw
            address lan-hq 10.20.20.0/24
            security block-bogons: [any] [192.0.2.0/24] -> [any] [any] application [any] service [any] Deny
            note[not-obeyed] the Panorama's own `deviceconfig` says nothing of the device
              ^ panorama:39:8 kept as it is
            note[panorama] this is a Panorama's export, read as the template `lab` makes a device
              ^ panorama:203:22 its templates, the first wins: `lab`
              = no device group is known to belong to it, so there are only shared rules
              = not looked at: `base`, `vpn`, `hq`, `sites`, `hq-group`, `unrelated`
        "#]],
    );
}

#[test]
fn nobody_of_that_name() {
    check(
        Some("nothing"),
        expect![[r#"
        refused: it is a Panorama's export without a template stack, template or device `nothing`; it has `hq`, `lab`
    "#]],
    );
}

#[test]
fn several_that_may_be_meant_are_refused_with_their_names() {
    let two = EXPORT.replacen(
        "<template-stack>",
        "<template-stack><entry name=\"second\"><templates><member>vpn</member></templates></entry>",
        1,
    );
    expect![[r#"
        refused: it is a Panorama's export for several kinds of devices: name the one that is meant, of `second`, `hq`, `lab`
    "#]].assert_eq(&told(&two, None));
    assert!(told(&two, Some("hq")).contains("connection gw"));
}

#[test]
fn a_variable_without_a_value() {
    let without = EXPORT.replace("<ip-netmask>198.51.100.20/24</ip-netmask>", "");
    let told = told(&without, None);
    assert!(
        told.contains("error[undefined-name] the variable `$wan` has no value"),
        "{told}"
    );
}

#[test]
fn a_value_is_changed_where_it_wins() {
    let group = Some(DhGroup::Ecp19);
    let child = "tun".into();
    check_change(
        &Change::Pfs { child, group },
        expect![[r#"
        > set template vpn config network ike crypto-profiles ipsec-crypto-profiles esp dh-group group19
        panorama:148:37 "group14" -> "group19"
        -   child tun on tun: 0.0.0.0/0 <-> 0.0.0.0/0 through tunnel.1 esp  esp AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
        +   child tun on tun: 0.0.0.0/0 <-> 0.0.0.0/0 through tunnel.1 esp  esp AES-CBC-256 / HMAC-SHA256-128 pfs ECP-256 for 3600s window 1024
    "#]],
    );
    let (interface, octets) = ("tunnel.1".into(), 1360);
    check_change(
        &Change::Mtu { interface, octets },
        expect![[r#"
        > set template-stack hq config network interface tunnel units tunnel.1 mtu 1360
        panorama:250:32 "1380" -> "1360"
        - interface tunnel.1 Tunnel [] mtu 1380 zone vpn router default
        + interface tunnel.1 Tunnel [] mtu 1360 zone vpn router default
    "#]],
    );
}

#[test]
fn a_variable_is_changed_at_its_value() {
    let (connection, to) = ("gw".into(), "203.0.113.99".parse().expect("an address"));
    check_change(
        &Change::PeerAddress { connection, to },
        expect![[r#"
        > set template-stack hq devices 007051000012345 variable $peer type ip-netmask 203.0.113.99
        panorama:235:33 "203.0.113.77" -> "203.0.113.99"
        -   remote 203.0.113.77 as [address 203.0.113.77]
        +   remote 203.0.113.99 as [address 203.0.113.99]
    "#]],
    );
}

#[test]
fn what_is_new_goes_beside_its_siblings() {
    let (connection, interval) = ("gw".into(), Duration::from_secs(10));
    check_change(
        &Change::Liveness {
            connection,
            interval,
        },
        expect![[r#"
            > set template vpn config network ike gateway gw protocol ikev2 dpd enable yes
            > set template vpn config network ike gateway gw protocol ikev2 dpd interval 10
            panorama:165:73 "" -> "\n                            <dpd>\n                              <enable>yes</enable>\n                              <interval>10</interval>\n                            </dpd>"
            -   nat false keepalive 20s, fragments None, liveness None
            +   nat false keepalive 20s, fragments None, liveness Some(10s)
        "#]],
    );
    let interface = "tunnel.1".into();
    let destination = "10.10.10.0/24".parse().expect("a network");
    check_change(
        &Change::AddRoute {
            destination,
            interface,
        },
        expect![[r#"
            > set template vpn config network virtual-router default routing-table ip static-route to-10.10.10.0-24 destination 10.10.10.0/24
            > set template vpn config network virtual-router default routing-table ip static-route to-10.10.10.0-24 interface tunnel.1
            panorama:195:35 "" -> "\n                      <routing-table>\n                        <ip>\n                          <static-route>\n                            <entry name=\"to-10.10.10.0-24\">\n                              <destination>10.10.10.0/24</destination>\n                              <interface>tunnel.1</interface>\n                            </entry>\n                          </static-route>\n                        </ip>\n                      </routing-table>"
            + route  to-10.10.10.0-24 10.10.10.0/24 via tunnel.1 distance 10 metric 10 router default
        "#]],
    );
}

#[test]
fn a_rule_goes_into_the_device_group() {
    let net = |text: &str| text.parse().expect("a network");
    let change = Change::Allow {
        name: "hq-to-branch".into(),
        from: "untrust".into(),
        to: "vpn".into(),
        source: net("10.20.20.0/24"),
        destination: net("10.10.10.0/24"),
        above: Some("branch-to-hq".into()),
    };
    check_change(
        &change,
        expect![[r#"
            > set device-group hq-group pre-rulebase security rules hq-to-branch from untrust
            > set device-group hq-group pre-rulebase security rules hq-to-branch to vpn
            > set device-group hq-group pre-rulebase security rules hq-to-branch source 10.20.20.0/24
            > set device-group hq-group pre-rulebase security rules hq-to-branch destination 10.10.10.0/24
            > set device-group hq-group pre-rulebase security rules hq-to-branch application any
            > set device-group hq-group pre-rulebase security rules hq-to-branch service any
            > set device-group hq-group pre-rulebase security rules hq-to-branch action allow
            > move device-group hq-group pre-rulebase security rules hq-to-branch before branch-to-hq
            panorama:336:17 "" -> "<entry name=\"hq-to-branch\">\n                  <from>\n                    <member>untrust</member>\n                  </from>\n                  <to>\n                    <member>vpn</member>\n                  </to>\n                  <source>\n                    <member>10.20.20.0/24</member>\n                  </source>\n                  <destination>\n                    <member>10.10.10.0/24</member>\n                  </destination>\n                  <application>\n                    <member>any</member>\n                  </application>\n                  <service>\n                    <member>any</member>\n                  </service>\n                  <action>allow</action>\n                </entry>\n                "
            + security hq-to-branch: [untrust] [10.20.20.0/24] -> [vpn] [10.10.10.0/24] application [any] service [any] Allow
        "#]],
    );
}

/// As Panorama's command line prints it.
const COMMANDS: &str = "\
set template base config network interface ethernet ethernet1/1 layer3 ip $wan
set template base config network interface tunnel units tunnel.1
set template base config vsys vsys1 zone vpn network layer3 tunnel.1
set template vpn variable $peer type ip-netmask 203.0.113.10
set template vpn config network ike crypto-profiles ike-crypto-profiles ike encryption aes-256-cbc hash sha256 dh-group group14
set template vpn config network ike crypto-profiles ipsec-crypto-profiles esp esp encryption aes-256-cbc authentication sha256
set template vpn config network ike crypto-profiles ipsec-crypto-profiles esp dh-group group14
set template vpn config network ike gateway gw authentication pre-shared-key key lab-only-PanoramaKey0123456789abcdef
set template vpn config network ike gateway gw protocol version ikev2
set template vpn config network ike gateway gw protocol ikev2 ike-crypto-profile ike
set template vpn config network ike gateway gw local-address interface ethernet1/1
set template vpn config network ike gateway gw peer-address ip $peer
set template vpn config network tunnel ipsec tun auto-key ike-gateway gw
set template vpn config network tunnel ipsec tun auto-key ipsec-crypto-profile esp
set template vpn config network tunnel ipsec tun tunnel-interface tunnel.1
set template-stack hq templates [ vpn base ]
set template-stack hq variable $wan type ip-netmask 198.51.100.20/24
set template-stack hq devices 007051000012345
set device-group hq-group devices 007051000012345
set device-group hq-group pre-rulebase security rules branch-to-hq from vpn to any source any destination any application any service any action allow
";

#[test]
fn commands_of_a_panorama() {
    expect![[r#"
        interface ethernet1/1 Physical [198.51.100.20/24]
        interface tunnel.1 Tunnel [] zone vpn
        connection gw, starts on traffic
          local  ethernet1/1  198.51.100.20 as address 198.51.100.20
          remote 203.0.113.10 as [address 203.0.113.10]
          auth key of 36 octets, lifetime 28800s
          nat false keepalive 20s, fragments None, liveness None
          ike  ike AES-CBC-256 / HMAC-SHA256-128 / PRF-HMAC-SHA256 / MODP-2048
          child tun on tun: 0.0.0.0/0 <-> 0.0.0.0/0 through tunnel.1 esp  esp AES-CBC-256 / HMAC-SHA256-128 pfs MODP-2048 for 3600s window 1024
        zone vpn [tunnel.1]
        security branch-to-hq: [vpn] [any] -> [any] [any] application [any] service [any] Allow
        note[panorama] this is a Panorama's export, read as the template stack `hq` makes a device
          ^ panorama:16:20 its templates, the first wins: `vpn`, `base`
          = with the rules and objects of the device group `hq-group`
    "#]].assert_eq(&told(COMMANDS, None));
}

#[test]
fn commands_of_a_panorama_are_changed_where_the_value_wins() {
    let changes = [
        Change::Pfs {
            child: "tun".into(),
            group: Some(DhGroup::Ecp19),
        },
        Change::PeerAddress {
            connection: "gw".into(),
            to: "203.0.113.99".parse().expect("an address"),
        },
        Change::NatTraversal {
            connection: "gw".into(),
        },
        Change::Allow {
            name: "more".into(),
            from: "vpn".into(),
            to: "any".into(),
            source: "10.0.0.0/8".parse().expect("a network"),
            destination: "10.0.0.0/8".parse().expect("a network"),
            above: Some("branch-to-hq".into()),
        },
    ];
    let mut report = String::new();
    for change in changes {
        let mut sources = Sources::new();
        let file = sources.add("panorama", COMMANDS);
        let reading = read_template(&mut sources, file, None).expect("a stack");
        let amendment = reading
            .amend(sources.get(file), &change)
            .expect("it can be said");
        let after = apply(COMMANDS, &amendment.edits);
        let typed: String = amendment
            .commands
            .iter()
            .map(|c| format!("{c}\n"))
            .collect();
        let model = |text: &str| told(text, None).split("note[").next().map(str::to_owned);
        assert_eq!(
            model(&after),
            model(&format!("{COMMANDS}{typed}")),
            "{after}"
        );
        report += &amendment
            .commands
            .iter()
            .map(|c| format!("> {c}\n"))
            .collect::<String>();
        let new = after.lines().filter(|line| !COMMANDS.contains(line));
        report += &new.map(|line| format!("+ {line}\n")).collect::<String>();
    }
    expect![[r#"
        > set template vpn config network ike crypto-profiles ipsec-crypto-profiles esp dh-group group19
        + set template vpn config network ike crypto-profiles ipsec-crypto-profiles esp dh-group group19
        > set template vpn variable $peer type ip-netmask 203.0.113.99
        + set template vpn variable $peer type ip-netmask 203.0.113.99
        > set template vpn config network ike gateway gw protocol-common nat-traversal enable yes
        + set template vpn config network ike gateway gw protocol-common nat-traversal enable yes
        > set device-group hq-group pre-rulebase security rules more from vpn
        > set device-group hq-group pre-rulebase security rules more to any
        > set device-group hq-group pre-rulebase security rules more source 10.0.0.0/8
        > set device-group hq-group pre-rulebase security rules more destination 10.0.0.0/8
        > set device-group hq-group pre-rulebase security rules more application any
        > set device-group hq-group pre-rulebase security rules more service any
        > set device-group hq-group pre-rulebase security rules more action allow
        > move device-group hq-group pre-rulebase security rules more before branch-to-hq
        + set device-group hq-group pre-rulebase security rules more from vpn
        + set device-group hq-group pre-rulebase security rules more to any
        + set device-group hq-group pre-rulebase security rules more source 10.0.0.0/8
        + set device-group hq-group pre-rulebase security rules more destination 10.0.0.0/8
        + set device-group hq-group pre-rulebase security rules more application any
        + set device-group hq-group pre-rulebase security rules more service any
        + set device-group hq-group pre-rulebase security rules more action allow
    "#]].assert_eq(&report);
}
