//! Forms of one configuration: indented, pasted flat, abbreviated, with a terminal around it.

use super::{check, check_findings, read, with_tunnel};
use crate::tree::Kind;
use expect_test::expect;

/// The gateway's debug print without places, so that forms can be compared.
fn meaning(text: &str) -> Vec<String> {
    let gateway = read(text).reading.gateway;
    gateway
        .connections
        .iter()
        .map(|c| {
            format!(
                "{} {:?} {} {} {:?} {} {:?}",
                c.name.value,
                c.local.address.map(|a| a.value),
                c.remote,
                c.local_identity.value,
                c.remote_identities
                    .iter()
                    .map(|i| i.to_string())
                    .collect::<Vec<_>>(),
                c.lifetime.as_secs(),
                c.children
                    .iter()
                    .map(|child| (child.name.value.clone(), child.selectors.value))
                    .collect::<Vec<_>>(),
            )
        })
        .chain(gateway.interfaces.iter().map(|i| {
            format!(
                "{} {:?}",
                i.name.value,
                i.addresses.iter().map(|a| a.value).collect::<Vec<_>>()
            )
        }))
        .collect()
}

fn example() -> &'static str {
    include_str!("../../../../examples/site-to-site/branch.cfg")
}

#[test]
fn a_flat_paste_means_the_same_as_the_indented_file() {
    let flat: String = example()
        .lines()
        .map(|line| format!("{}\n", line.trim()))
        .collect();
    assert_eq!(meaning(&flat), meaning(example()));
}

#[test]
fn line_ends_of_other_systems_and_deeper_blanks_change_nothing() {
    assert_eq!(
        meaning(&example().replace('\n', "\r\n")),
        meaning(example())
    );
    let deep: String = example()
        .lines()
        .map(|line| match line.strip_prefix(' ') {
            Some(inner) => format!("    {inner}\n"),
            None => format!("{line}\n"),
        })
        .collect();
    assert_eq!(meaning(&deep), meaning(example()));
    assert_eq!(
        meaning(&format!("\u{feff}{}", example())),
        meaning(example())
    );
    let nbsp = example()
        .replace("\n ", "\n\u{a0}")
        .replace("esp-aes 256", "esp-aes\u{a0}256");
    assert_eq!(meaning(&nbsp), meaning(example()));
    assert_eq!(meaning(example().trim_end()), meaning(example()));
}

#[test]
fn a_terminal_s_transcript_means_the_same_as_the_file() {
    let mut shown = String::from(
        "branch-rtr#term len 0\nbranch-rtr#show running-config\nBuilding configuration...\n\n\
         Current configuration : 2134 bytes\n!\n! Last configuration change at 10:00:00 UTC\n",
    );
    for (index, line) in example().lines().enumerate() {
        if index % 20 == 19 {
            shown.push_str(" --More-- \u{8}\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}        \u{8}\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}");
        }
        shown.push_str(line);
        shown.push('\n');
    }
    shown.push_str("\nbranch-rtr#\n");
    assert_eq!(meaning(&shown), meaning(example()));
    check_findings(
        &shown,
        expect![[r#"
        note[not-obeyed] 11:1+38 12:1+36 not obeyed, because it doesn't concern tunnels: management of the device
        note[around-configuration] 1:1+21 2:1+30 3:1+25 5:1+34 76:1+11 not part of the configuration: what a terminal shows around it
    "#]],
    );
}

#[test]
fn commands_typed_at_configuration_prompts_are_read() {
    let text = "\
r1#conf t
Enter configuration commands, one per line.  End with CNTL/Z.
r1(config)#hostname r2
r2(config)#interface Gi1
r2(config-if)#ip address 10.0.0.1 255.255.255.0
r2(config-if)#ip adress 10.0.0.2 255.255.255.0
                  ^
% Invalid input detected at '^' marker.
r2(config-if)#exit
r2(config)#do show ip route
r2(config)#end
r2#
*Mar  1 00:01:02.003: %SYS-5-CONFIG_I: Configured from console by console
r2#wr
[OK]
";
    check(
        text,
        expect![[r#"
            r2 ios-xe 17 (assumed)
            GigabitEthernet1 Physical 10.0.0.1/24
            warning[unknown-line] 6:15+32 `ip adress` is not a known command of an interface | not obeyed
        "#]],
    );
    check_findings(
        text,
        expect![[r#"
            warning[unknown-line] 6:15+32 `ip adress` is not a known command of an interface | not obeyed
            note[assumed-release] the file states no release: taken for IOS-XE 17
            note[around-configuration] 1:1+9 2:1+61 7:19+1 8:1+39 10:1+27 12:1+3 13:1+73 14:1+5 15:1+4 not part of the configuration: what a terminal shows around it
        "#]],
    );
}

#[test]
fn keywords_may_be_abbreviated_as_long_as_they_are_unique() {
    let text = "\
ver 17.9
host r1
cry ikev2 prop A
 enc aes-cbc-256
 integ sha256
 gr 14
cry ikev2 pol Z
 prop A
cry ikev2 keyr K
 pe HQ
  addr 198.51.100.20
  pre lab-only-key
cry ikev2 prof P
 match id rem addr 198.51.100.20 255.255.255.255
 auth rem pre
 auth loc pre
 keyr loc K
 life 7200
cry ips tr T esp-gcm 256
cry ips prof I
 set tr T
 set ikev2 P
 set pfs group19
int gi 1
 ip add 203.0.113.10 255.255.255.0
 no shut
int tu 0
 tun so gi1
 tun dest 198.51.100.20
 tun mod ipsec ipv4
 tun prot ips prof I
";
    check(
        text,
        expect![[r#"
        r1 ios-xe 17.9
        GigabitEthernet1 Physical 203.0.113.10/24
        Tunnel0 Tunnel
        connection P AtStart
          GigabitEthernet1 203.0.113.10 -> 198.51.100.20
          address 203.0.113.10 | address 198.51.100.20
          auth key(12, ..y) | key(12, ..y)
          ike A: AES-CBC-256 / HMAC-SHA256-128 / PRF-HMAC-SHA256 / MODP-2048
          life 7200
          child Tunnel0 via Tunnel0: 0.0.0.0/0 <-> 0.0.0.0/0 MustCoverConfigured
            esp T: AES-GCM-256 /  pfs ECP-256 life 3600 s 4608000 kB window 64
    "#]],
    );
}

#[test]
fn an_abbreviation_of_several_keywords_is_an_error() {
    let text = "version 17.9\ncrypto ikev2 p A\n encryption aes-cbc-256\ncrypto ikev2 profile P\n d 10 3 periodic\n";
    check_findings(
        text,
        expect![[r#"
        error[ambiguous-command] 2:1+16 3:2+22 `crypto ikev2` abbreviates several commands | may mean `proposal`, `policy`, `profile`
        error[ambiguous-command] 5:2+15 `d 10` abbreviates several commands | may mean `description`, `dpd`, `dynamic`
        note[unused] 4:22+1 nothing uses IKEv2 profile `P` | of no effect
    "#]],
    );
}

#[test]
fn exit_leaves_one_mode_and_end_all() {
    let text = "\
version 17.9
crypto ikev2 keyring K
peer A
address 192.0.2.1
exit
exit
hostname r1
interface Gi1
description one
end
description two
";
    check_findings(
        text,
        expect![[r#"
            note[unknown-line] 11:1+15 `description two` is not a known command of global mode | not obeyed
            note[unused] 2:22+1 nothing uses IKEv2 keyring `K` | of no effect
        "#]],
    );
    let read = read(text);
    assert_eq!(read.reading.config.keyrings[0].peers.len(), 1);
}

#[test]
fn global_commands_end_a_mode_without_exit() {
    let text = "\
version 17.9
interface Gi1
ip address 10.0.0.1 255.255.255.0
ip route 0.0.0.0 0.0.0.0 10.0.0.2
interface Gi2
ip address 10.0.1.1 255.255.255.0
crypto map M 10 ipsec-isakmp
set peer 192.0.2.1
crypto map M 20 ipsec-isakmp
interface Gi3
crypto map M
ip access-list extended L
permit ip any any
hostname r1
";
    check(
        text,
        expect![[r#"
            r1 ios-xe 17.9
            GigabitEthernet1 Physical 10.0.0.1/24
            GigabitEthernet2 Physical 10.0.1.1/24
            GigabitEthernet3 Physical
            route 0.0.0.0/0 via 10.0.0.2 [1]
            list L
              permit 0.0.0.0/0 <-> 0.0.0.0/0
            warning[not-obeyed] 7:12+1 the crypto map entry `M 10` is for IKEv1, which is not spoken here | has no `set ikev2-profile`
            warning[not-obeyed] 9:12+1 the crypto map entry `M 20` is for IKEv1, which is not spoken here | has no `set ikev2-profile`
        "#]],
    );
}

#[test]
fn texts_of_several_lines_are_one_command() {
    let text = "\
version 17.9
banner motd ^C
interface Gi9
 ip address 10.9.9.9 255.255.255.0
^C
banner login #one line#
banner exec ~
hostname wrong
~ rest
crypto pki certificate chain TP
 certificate self-signed 01
  30820330 30820218 A0030201
  300D0609 2A864886
  \tquit
macro name M
interface Gi8
@
hostname r1
banner motd %no end
interface Gi1
";
    check_findings(
        text,
        expect![[r#"
        error[endless-text] 19:1+6 this text has no end in the file | its closing character never comes again
        note[not-obeyed] 10:1+31 11:2+26 not obeyed, because it doesn't concern tunnels: ends authenticate with pre-shared keys only
        note[not-obeyed] 2:1+14 6:1+23 7:1+13 15:1+12 19:1+19 not obeyed, because it doesn't concern tunnels: management of the device
    "#]],
    );
    let read = read(text);
    assert_eq!(read.reading.config.interfaces.len(), 1);
    assert_eq!(read.reading.gateway.hostname.expect("a name").value, "r1");
}

#[test]
fn lines_that_nobody_knows_are_told_with_what_belongs_to_them() {
    let text = "\
version 17.9
frobnicate the network
 with these
  and those
hostname r1
interface Gi1
 frobnicate this
 ip address 10.0.0.1 255.255.255.0
crypto ikev2 profile P
 frobnicate that
  deeper
router bgp 65000
 neighbor 10.0.0.2 remote-as 65001
 address-family ipv4
  network 10.0.0.0
 exit-address-family
line vty 0 4
 transport input ssh
";
    check_findings(
        text,
        expect![[r#"
            note[unknown-line] 2:1+22 3:2+10 4:3+9 `frobnicate the` is not a known command of global mode | not obeyed
            warning[unknown-line] 7:2+15 `frobnicate this` is not a known command of an interface | not obeyed
            warning[unknown-line] 10:2+15 11:3+6 `frobnicate that` is not a known command of an IKEv2 profile | not obeyed
            note[unused] 9:22+1 nothing uses IKEv2 profile `P` | of no effect
            note[not-obeyed] 12:1+16 13:2+33 14:2+19 15:3+16 16:2+19 not obeyed, because it doesn't concern tunnels: dynamic routing, whose routes are not learnt here
            note[not-obeyed] 17:1+12 18:2+19 not obeyed, because it doesn't concern tunnels: management of the device
        "#]],
    );
}

#[test]
fn lines_below_one_that_opens_no_section_are_told() {
    let text = "\
version 17.9
hostname r1
no interface Tunnel7
 ip address 10.0.0.1 255.255.255.0
 tunnel source Gi1
";
    check_findings(
        text,
        expect![[r#"
        warning[unknown-line] 4:2+33 3:1+20 5:2+17 `no interface` opens no section: what stands below it is not obeyed | not obeyed
    "#]],
    );
}

#[test]
fn what_a_terminal_shows_below_lines_that_are_not_obeyed_is_told() {
    let text = "\
version 17.9
hostname r1
menu m title #
#
line vty 0 4
 ^
crypto isakmp key abc address 192.0.2.1
 shutdown
";
    check_findings(
        text,
        expect![[r#"
        note[not-obeyed] 7:1+39 8:2+8 `crypto isakmp key` is not obeyed: IKEv1 is not spoken here, only IKEv2
        note[not-obeyed] 3:1+14 5:1+12 not obeyed, because it doesn't concern tunnels: management of the device
        note[around-configuration] 6:2+1 not part of the configuration: what a terminal shows around it
    "#]],
    );
}

#[test]
fn every_line_that_says_something_is_obeyed_or_told() {
    let files = [
        example().to_owned(),
        include_str!("../../tests/data/batfish_cisco_crypto.ios").to_owned(),
        include_str!("../../tests/data/azure_asr_route_based.ios").to_owned(),
        with_tunnel(""),
    ];
    for text in &files {
        let read = read(text);
        let told = |start: u32| {
            let labels = read.reading.findings.iter().flat_map(|f| &f.labels);
            labels.clone().any(|label| label.span.start == start)
        };
        read.reading.tree.each(&mut |line| {
            if line.kind == Kind::Unknown {
                let first = line.words.first().expect("an unknown line has words");
                let place = read.sources.place(*first);
                assert!(told(first.start), "{place} is dropped in silence");
            }
        });
    }
}
