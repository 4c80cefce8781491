//! How a line is understood: abbreviations, refusals, pipes and help.

use super::fixture::{scene, scene_with};
use super::{check, print, transcript};
use crate::command::table::{COMMANDS, WORDS};
use crate::command::words::Token;
use crossgate_model::operate::DebugTopic;
use expect_test::expect;
use std::collections::BTreeSet;

/// Whether both lines print the same, and something.
fn same(short: &str, long: &str) {
    let scene = scene();
    let printed = print(&scene, long);
    assert!(
        !printed.starts_with(['%', ' ']) || printed.contains("IKEv2"),
        "{long}: {printed}"
    );
    assert_eq!(print(&scene, short), printed, "{short}");
}

#[test]
fn words_may_be_cut_short_while_the_line_stays_unique() {
    same("sh cry ikev2 sa det", "show crypto ikev2 sa detailed");
    same("sh cry ike sa", "show crypto ikev2 sa");
    same("sh cr ses d", "show crypto session detail");
    same("sh int tu0", "show interfaces Tunnel0");
    same("sh int tunnel 0", "show interfaces Tunnel0");
    same("SHOW Interface TUNNEL0", "show interfaces Tunnel0");
    same("sh ip int br", "show ip interface brief");
    same("do show ip route", "show ip route");
    same("  show   version  ", "show version");
    same("sh run", "show running-config");
    same(
        "sh cry ips sa int tu 0 det",
        "show crypto ipsec sa interface Tunnel0 detail",
    );
    same(
        "sh cry ips sa det peer 198.51.100.20",
        "show crypto ipsec sa peer 198.51.100.20 detail",
    );
}

#[test]
fn an_abbreviation_that_the_rest_of_the_line_decides_is_none_too_many() {
    check(
        "u all",
        expect![[r#"
            branch#u all
            DebugOff
        "#]],
    );
    same("sh cl", "show clock");
    same("sh c ses", "show crypto session");
}

#[test]
fn an_abbreviation_that_nothing_decides_is_ambiguous() {
    check(
        "sh crypto i",
        expect![[r#"
            branch#sh crypto i
            % Ambiguous command:  "sh crypto i"
        "#]],
    );
    check(
        "show i",
        expect![[r#"
            branch#show i
            % Ambiguous command:  "show i"
        "#]],
    );
    check(
        "e",
        expect![[r#"
            branch#e
            % Ambiguous command:  "e"
        "#]],
    );
    check(
        "show crypto ikev2 s",
        expect![[r#"
            branch#show crypto ikev2 s
            % Ambiguous command:  "show crypto ikev2 s"
        "#]],
    );
}

#[test]
fn a_line_that_stops_early_is_incomplete() {
    check(
        "show",
        expect![[r#"
            branch#show
            % Incomplete command.

        "#]],
    );
    check(
        "show crypto ikev2",
        expect![[r#"
            branch#show crypto ikev2
            % Incomplete command.

        "#]],
    );
    check(
        "show crypto ipsec sa peer",
        expect![[r#"
            branch#show crypto ipsec sa peer
            % Incomplete command.

        "#]],
    );
    check(
        "show interfaces tunnel",
        expect![[r#"
            branch#show interfaces tunnel
            % Incomplete command.

        "#]],
    );
    check(
        "terminal length",
        expect![[r#"
            branch#terminal length
            % Incomplete command.

        "#]],
    );
    check(
        "show version |",
        expect![[r#"
            branch#show version |
            % Incomplete command.

        "#]],
    );
    check(
        "show version | include ",
        expect![[r#"
            branch#show version | include 
            % Incomplete command.

        "#]],
    );
}

/// As on a terminal whose prompt is `branch#`: seven columns before the line's first.
#[test]
fn the_caret_stands_below_the_first_character_that_fits_nothing() {
    check(
        "hostnane",
        expect![[r#"
            branch#hostnane
                   ^
            % Invalid input detected at '^' marker.

        "#]],
    );
    check(
        "show crypto ikev3 sa",
        expect![[r#"
            branch#show crypto ikev3 sa
                                   ^
            % Invalid input detected at '^' marker.

        "#]],
    );
    check(
        "show crypto ikev2 sa remote here",
        expect![[r#"
            branch#show crypto ikev2 sa remote here
                                               ^
            % Invalid input detected at '^' marker.

        "#]],
    );
    check(
        "show version now",
        expect![[r#"
            branch#show version now
                                ^
            % Invalid input detected at '^' marker.

        "#]],
    );
    check(
        "  show clack",
        expect![[r#"
            branch#  show clack
                            ^
            % Invalid input detected at '^' marker.

        "#]],
    );
    check(
        "do show clack",
        expect![[r#"
            branch#do show clack
                             ^
            % Invalid input detected at '^' marker.

        "#]],
    );
    check(
        "show interfaces Tunnel9",
        expect![[r#"
            branch#show interfaces Tunnel9
                                   ^
            % Invalid input detected at '^' marker.

        "#]],
    );
    check(
        "show interfaces Tunnel x",
        expect![[r#"
            branch#show interfaces Tunnel x
                                          ^
            % Invalid input detected at '^' marker.

        "#]],
    );
    check(
        "show ip route 2001:db8::1",
        expect![[r#"
            branch#show ip route 2001:db8::1
                                 ^
            % Invalid input detected at '^' marker.

        "#]],
    );
    check(
        "ping 10.20.20.1 repeat 0",
        expect![[r#"
            branch#ping 10.20.20.1 repeat 0
                                          ^
            % Invalid input detected at '^' marker.

        "#]],
    );
    check(
        "ping 10.20.20.1 repeat 5 repeat 6",
        expect![[r#"
            branch#ping 10.20.20.1 repeat 5 repeat 6
                                            ^
            % Invalid input detected at '^' marker.

        "#]],
    );
    check(
        "show version | inclade x",
        expect![[r#"
            branch#show version | inclade x
                                  ^
            % Invalid input detected at '^' marker.

        "#]],
    );
    check(
        "clear crypto session | include x",
        expect![[r#"
            branch#clear crypto session | include x
                                        ^
            % Invalid input detected at '^' marker.

        "#]],
    );
    check(
        "show crypto é",
        expect![[r#"
            branch#show crypto é
                               ^
            % Invalid input detected at '^' marker.

        "#]],
    );
}

#[test]
fn a_router_without_a_name_says_router_in_its_prompt() {
    let mut scene = scene_with(&[]);
    scene.snapshot.system.hostname.clear();
    expect![[r#"
        Router#show clack
                      ^
        % Invalid input detected at '^' marker.

    "#]]
    .assert_eq(&transcript(&scene, "show clack"));
}

#[test]
fn control_characters_of_a_line_do_not_come_back() {
    check(
        "e\u{1b}[31m",
        expect![[r#"
            branch#e\u{1b}[31m
                    ^
            % Invalid input detected at '^' marker.

        "#]],
    );
    check(
        "\u{0}",
        expect![[r#"
            branch#\0
                   ^
            % Invalid input detected at '^' marker.

        "#]],
    );
}

#[test]
fn what_clients_send_first_is_accepted() {
    for line in [
        "",
        "enable",
        "terminal length 0",
        "term width 511",
        "end",
        "exit",
        "\n",
    ] {
        assert_eq!(print(&scene(), line), "", "{line}");
    }
    check(
        "show version | include operating mode",
        expect![[r#"
            branch#show version | include operating mode
            Router operating mode: Autonomous
        "#]],
    );
    check(
        "show privilege",
        expect![[r#"
            branch#show privilege
            Current privilege level is 15
        "#]],
    );
}

#[test]
fn output_is_filtered_by_regular_expressions() {
    check(
        "show ip interface brief | include up +up",
        expect![[r#"
            branch#show ip interface brief | include up +up
            Tunnel0                169.254.20.1    YES NVRAM  up                    up
            Tunnel3                169.254.23.1    YES NVRAM  up                    up
            Loopback0              10.10.255.1     YES NVRAM  up                    up
            GigabitEthernet1       203.0.113.10    YES NVRAM  up                    up
        "#]],
    );
    check(
        "sh ip int br | i Tunnel(1|3)",
        expect![[r#"
            branch#sh ip int br | i Tunnel(1|3)
            Tunnel1                169.254.21.1    YES NVRAM  up                    down
            Tunnel3                169.254.23.1    YES NVRAM  up                    up
        "#]],
    );
    check(
        "show ip interface brief | exclude Tunnel|Loop",
        expect![[r#"
            branch#show ip interface brief | exclude Tunnel|Loop
            Interface              IP-Address      OK? Method Status                Protocol
            GigabitEthernet1       203.0.113.10    YES NVRAM  up                    up
            GigabitEthernet2       10.10.10.1      YES NVRAM  down                  down
            GigabitEthernet3       unassigned      YES unset  administratively down down
        "#]],
    );
    check(
        "show ip route | begin ^Gateway",
        expect![[r#"
            branch#show ip route | begin ^Gateway
            Gateway of last resort is 203.0.113.1 to network 0.0.0.0

            S*    0.0.0.0/0 [1/0] via 203.0.113.1
                  10.0.0.0/8 is variably subnetted, 4 subnets, 3 masks
            C        10.10.10.0/24 is directly connected, GigabitEthernet2
            L        10.10.10.1/32 is directly connected, GigabitEthernet2
            S        10.20.20.0/24 is directly connected, Tunnel0
            S        10.66.0.0/16 is directly connected, Null0
                  169.254.0.0/30 is subnetted, 1 subnets
            C        169.254.20.0 is directly connected, Tunnel0
                  172.16.0.0/24 is subnetted, 1 subnets
            S        172.16.0.0 [1/0] via 203.0.113.1
                                [1/0] via 203.0.113.2
            C     192.168.7.0/24 is directly connected, GigabitEthernet2
                  203.0.113.0/24 is variably subnetted, 2 subnets, 2 masks
            C        203.0.113.0/24 is directly connected, GigabitEthernet1
            L        203.0.113.10/32 is directly connected, GigabitEthernet1
        "#]],
    );
    check(
        "show running-config | section ikev2 keyring",
        expect![[r#"
            branch#show running-config | section ikev2 keyring
            crypto ikev2 keyring KEYS
             peer ANY
              address 0.0.0.0 0.0.0.0
              pre-shared-key ***************************
             !
        "#]],
    );
    check(
        "show running-config | section interface Tunnel[01]$",
        expect![[r#"
            branch#show running-config | section interface Tunnel[01]$
            interface Tunnel0
             description to headquarters
             ip address 169.254.20.1 255.255.255.252
             ip mtu 1400
             tunnel source GigabitEthernet1
             tunnel mode ipsec ipv4
             tunnel destination 198.51.100.20
             tunnel protection ipsec policy ipv4 HQ-TRAFFIC
             tunnel protection ipsec profile TO-HQ
            interface Tunnel1
             ip address 169.254.21.1 255.255.255.252
             tunnel source GigabitEthernet1
             tunnel mode ipsec ipv4
             tunnel destination 198.51.100.30
             tunnel protection ipsec profile TO-LAB
        "#]],
    );
    check(
        "show ip interface brief | count Tunnel",
        expect![[r#"
            branch#show ip interface brief | count Tunnel
            Number of lines which match regexp = 4
        "#]],
    );
    check(
        "show ip route | include _10.10.10.1/",
        expect![[r#"
            branch#show ip route | include _10.10.10.1/
            L        10.10.10.1/32 is directly connected, GigabitEthernet2
        "#]],
    );
    check(
        "show running-config | include PARTNER-TRAFFIC",
        expect![[r#"
            branch#show running-config | include PARTNER-TRAFFIC
             match address PARTNER-TRAFFIC
            ip access-list extended PARTNER-TRAFFIC
        "#]],
    );
    check(
        "show crypto ipsec sa | include settings ={Tunnel UDP",
        expect![[r#"
            branch#show crypto ipsec sa | include settings ={Tunnel UDP
                    in use settings ={Tunnel UDP-Encaps, }
                    in use settings ={Tunnel UDP-Encaps, }
        "#]],
    );
    check(
        "show version | include [",
        expect![[r#"
            branch#show version | include [
            % Invalid regular expression
        "#]],
    );
    check(
        r"show ip route | include \*",
        expect![[r#"
            branch#show ip route | include \\*
                   ia - IS-IS inter area, * - candidate default, U - per-user static route
            S*    0.0.0.0/0 [1/0] via 203.0.113.1
        "#]],
    );
}

#[test]
fn a_question_mark_asks_what_may_come_next() {
    check(
        "?",
        expect![[r#"
            branch#?
              clear     Reset functions
              debug     Debugging functions (see also 'undebug')
              enable    Turn on privileged commands
              end       Go to privileged exec mode
              exit      Exit from the EXEC
              no        Negate a command or set its defaults
              ping      Send echo messages
              show      Show running system information
              terminal  Set terminal line parameters
              undebug   Disable debugging functions (see also 'debug')
        "#]],
    );
    check(
        "sh?",
        expect![[r#"
            branch#sh?
            show
        "#]],
    );
    check(
        "show cl?",
        expect![[r#"
            branch#show cl?
            clock
        "#]],
    );
    check(
        "show crypto ikev2 ?",
        expect![[r#"
            branch#show crypto ikev2 ?
              policy    Show ikev2 policies
              profile   Shows ikev2 profiles
              proposal  Show ikev2 proposals
              sa        Shows ikev2 sas
              session   Shows ikev2 active session
        "#]],
    );
    check(
        "show crypto ipsec sa ?",
        expect![[r#"
            branch#show crypto ipsec sa ?
              detail     Details
              interface  Only of one interface
              peer       IP address of the peer
              |          Output modifiers
              <cr>
        "#]],
    );
    check(
        "show crypto ipsec sa peer ?",
        expect![[r#"
            branch#show crypto ipsec sa peer ?
              A.B.C.D  IP address of the peer
        "#]],
    );
    check(
        "ping 10.1.1.1 ?",
        expect![[r#"
            branch#ping 10.1.1.1 ?
              repeat   Repeat count
              size     Datagram size
              source   Source address or interface
              timeout  Timeout in seconds
              <cr>
        "#]],
    );
    check(
        "terminal length ?",
        expect![[r#"
            branch#terminal length ?
              <0-512>  Set number of lines on a screen
        "#]],
    );
    check(
        "debug crypto ikev2 ?",
        expect![[r#"
            branch#debug crypto ikev2 ?
              error     IKEv2 Error debugging
              internal  IKEv2 Internal debugging
              packet    IKEv2 Packet debugging
              <cr>
        "#]],
    );
    check(
        "show version | ?",
        expect![[r#"
            branch#show version | ?
              begin    Begin with the line that matches
              count    Count number of lines which match regexp
              exclude  Exclude lines that match
              include  Include lines that match
              section  Filter a section of output
        "#]],
    );
    check(
        "show nothing ?",
        expect![[r#"
            branch#show nothing ?
            % Unrecognized command
        "#]],
    );
    check(
        "x?",
        expect![[r#"
            branch#x?
            % Unrecognized command
        "#]],
    );
}

#[test]
fn every_word_of_every_row_is_explained() {
    for row in COMMANDS {
        assert!(!row.help.is_empty(), "{}", row.words);
        let fixed = row.words.split(" {").next().unwrap_or_default();
        let last = fixed.split(' ').next_back();
        for word in row
            .words
            .split([' ', '{', '}', '|'])
            .filter(|w| !w.is_empty())
        {
            let name = Token(Box::leak(word.to_owned().into_boxed_str())).value();
            let name = name.map_or(word, |(name, _)| name);
            let known = WORDS.iter().any(|(known, _)| *known == name);
            assert!(known || Some(word) == last, "`{name}` of `{}`", row.words);
        }
    }
}

#[test]
fn any_beginning_of_any_row_has_an_answer() {
    let scene = scene();
    for row in COMMANDS {
        for (end, _) in row.words.char_indices() {
            let cut = &row.words[..end];
            for line in [
                cut.to_owned(),
                format!("{cut}?"),
                format!("{cut} | s \u{e9}_{{"),
            ] {
                let answered = print(&scene, &line);
                assert!(!answered.contains('\u{1b}'), "{line}");
            }
        }
    }
}

#[test]
fn no_explanation_is_of_a_word_that_no_row_has() {
    for (word, _) in WORDS {
        let has = |text: &str| {
            text.split([' ', '{', '}', '|', '<', ':'])
                .any(|w| w == *word)
        };
        assert!(COMMANDS.iter().any(|row| has(row.words)), "{word}");
    }
}

#[test]
fn debugging_shows_the_topics_that_are_on() {
    let mut scene = scene();
    assert_eq!(print(&scene, "show debugging"), "");
    scene.snapshot.debug = BTreeSet::from([DebugTopic::IkePacket, DebugTopic::IkeError]);
    expect![[r#"
        branch#show debug
        IKEV2:
          IKEv2 packet debugging is on
          IKEv2 error debugging is on
    "#]]
    .assert_eq(&transcript(&scene, "show debug"));
}

#[test]
fn one_thing_of_a_kind_is_shown_by_its_name() {
    check(
        "show crypto ikev2 proposal GCM",
        expect![[r#"
            branch#show crypto ikev2 proposal GCM
             IKEv2 proposal: GCM 
                 Encryption : AES-GCM-256
                 Integrity  : none
                 PRF        : SHA384
                 DH Group   : DH_GROUP_384_ECP/Group 20
        "#]],
    );
    check(
        "show crypto ikev2 policy default",
        expect![[r#"
            branch#show crypto ikev2 policy default
             IKEv2 policy : default
                  Match fvrf : any
                  Match address local : any 
                  Proposal    : default 
        "#]],
    );
    check(
        "show crypto ikev2 profile nobody",
        expect![[r#"
        branch#show crypto ikev2 profile nobody
    "#]],
    );
    check(
        "show crypto ikev2 sa remote 198.51.100.60",
        expect![[r#"
            branch#show crypto ikev2 sa remote 198.51.100.60
             IPv4 Crypto IKEv2  SA 

            Tunnel-id Local                 Remote                fvrf/ivrf            Status 
            6         203.0.113.10/500      198.51.100.60/500     none/none            READY  
                  Encr: AES-CBC, keysize: 128, PRF: SHA1, Hash: SHA96, DH Grp:19, Auth sign: PSK, Auth verify: PSK
                  Life/Active Time: 28800/582 sec

             IPv6 Crypto IKEv2  SA 

        "#]],
    );
    check(
        "show crypto session remote 198.51.100.40",
        expect![[r#"
            branch#show crypto session remote 198.51.100.40
            Crypto session current status

            Interface: Tunnel2
            Session status: DOWN          
            Peer: 198.51.100.40 port 500 
              IPSEC FLOW: permit ip 0.0.0.0/0.0.0.0 0.0.0.0/0.0.0.0 
                    Active SAs: 0, origin: crypto map

        "#]],
    );
    check(
        "show ip route 10.10.10.1",
        expect![[r#"
            branch#show ip route 10.10.10.1
            Routing entry for 10.10.10.1/32
              Known via "connected", distance 0, metric 0 (connected, via interface)
              Routing Descriptor Blocks:
              * directly connected, via GigabitEthernet2
                  Route metric is 0, traffic share count is 1
        "#]],
    );
    check(
        "show ip route 172.16.0.0 255.255.255.0",
        expect![[r#"
            branch#show ip route 172.16.0.0 255.255.255.0
            Routing entry for 172.16.0.0/24
              Known via "static", distance 1, metric 0
              Routing Descriptor Blocks:
              * 203.0.113.1
                  Route metric is 0, traffic share count is 1
                203.0.113.2
                  Route metric is 0, traffic share count is 1
        "#]],
    );
    check(
        "show ip route 172.16.0.0 255.255.255.128",
        expect![[r#"
            branch#show ip route 172.16.0.0 255.255.255.128
            % Subnet not in table
        "#]],
    );
    check(
        "show ip route 172.16.0.0 255.0.255.0",
        expect![[r#"
            branch#show ip route 172.16.0.0 255.0.255.0
                                            ^
            % Invalid input detected at '^' marker.

        "#]],
    );
    check(
        "show ip route 172.16.0.9",
        expect![[r#"
            branch#show ip route 172.16.0.9
            Routing entry for 172.16.0.0/24
              Known via "static", distance 1, metric 0
              Routing Descriptor Blocks:
              * 203.0.113.1
                  Route metric is 0, traffic share count is 1
                203.0.113.2
                  Route metric is 0, traffic share count is 1
        "#]],
    );
    check(
        "show ip route 0.0.0.0",
        expect![[r#"
            branch#show ip route 0.0.0.0
            Routing entry for 0.0.0.0/0, supernet
              Known via "static", distance 1, metric 0, candidate default path
              Routing Descriptor Blocks:
              * 203.0.113.1
                  Route metric is 0, traffic share count is 1
        "#]],
    );
    check(
        "show ip route 10.99.0.1",
        expect![[r#"
            branch#show ip route 10.99.0.1
            % Subnet not in table
        "#]],
    );
    check(
        "show ip route 8.8.8.8",
        expect![[r#"
            branch#show ip route 8.8.8.8
            % Network not in table
        "#]],
    );
}
