//! What stands below a line that opens nothing: told, and never taken for the block's before it.

use super::{check, check_findings};
use expect_test::expect;

#[test]
fn lines_below_a_misspelt_head_are_told_with_it() {
    let text = "\
version 17.9
interface GigabitEthernet1
 ip address 203.0.113.10 255.255.255.0
interfce Tunnel0
 ip address 10.0.0.1 255.255.255.252
 tunnel mode ipsec ipv4
crypto ikev2 keyring K
 peer HQ
  address 198.51.100.20
 pear BRANCH
  address 198.51.100.30
  pre-shared-key a-secret-of-the-branch
crypto ipsec tranform-set T esp-gcm 256
 mode tunnel
";
    check(
        text,
        expect![[r#"
            - ios-xe 17.9
            GigabitEthernet1 Physical 203.0.113.10/24
            warning[unknown-line] 4:1+16 5:2+35 6:2+22 `interfce Tunnel0` is not a known command of global mode | not obeyed
            warning[unknown-line] 10:2+11 11:3+21 12:3+37 `pear BRANCH` is not a known command of an IKEv2 keyring | not obeyed
            warning[unknown-line] 13:1+39 14:2+11 `crypto ipsec tranform-set` is not a known command of global mode | not obeyed
        "#]],
    );
    check_findings(
        text,
        expect![[r#"
            warning[unknown-line] 4:1+16 5:2+35 6:2+22 `interfce Tunnel0` is not a known command of global mode | not obeyed
            warning[unknown-line] 10:2+11 11:3+21 12:3+37 `pear BRANCH` is not a known command of an IKEv2 keyring | not obeyed
            warning[unknown-line] 13:1+39 14:2+11 `crypto ipsec tranform-set` is not a known command of global mode | not obeyed
            note[unused] 7:22+1 nothing uses IKEv2 keyring `K` | of no effect
        "#]],
    );
}

#[test]
fn lines_below_a_head_with_wrong_arguments_stand_beside_its_mistake() {
    let text = "\
version 17.9
interface GigabitEthernet1
 ip address 203.0.113.10 255.255.255.0
interface
 ip address 10.0.0.1 255.255.255.252
% Incomplete command.
 shutdown
crypto map M 65536 ipsec-isakmp
 set peer 198.51.100.20
crypto ikev2 proposal
 encryption aes-cbc-256
interface range GigabitEthernet2 - 3
 ip address 10.0.0.1 255.255.255.252
crypto isakmp policy many
 group 14
";
    check(
        text,
        expect![[r#"
        - ios-xe 17.9
        GigabitEthernet1 Physical 203.0.113.10/24
        error[missing-value] 4:1+9 5:2+35 7:2+8 incomplete command: expected an interface's name | an interface's name is missing
        error[invalid-value] 8:14+5 9:2+22 expected a sequence number from 1 to 65535, found `65536` | this value
        error[missing-value] 10:1+21 11:2+22 incomplete command: expected the proposal's name | the proposal's name is missing
        warning[not-obeyed] 12:11+26 13:2+35 `range GigabitEthernet2 - 3` is not obeyed: ranges of interfaces are not expanded | the rest of the line is
        error[invalid-value] 14:22+4 expected a priority from 1 to 65535, found `many` | this value
    "#]],
    );
    check_findings(
        text,
        expect![[r#"
        error[missing-value] 4:1+9 5:2+35 7:2+8 incomplete command: expected an interface's name | an interface's name is missing
        error[invalid-value] 8:14+5 9:2+22 expected a sequence number from 1 to 65535, found `65536` | this value
        error[missing-value] 10:1+21 11:2+22 incomplete command: expected the proposal's name | the proposal's name is missing
        warning[not-obeyed] 12:11+26 13:2+35 `range GigabitEthernet2 - 3` is not obeyed: ranges of interfaces are not expanded | the rest of the line is
        error[invalid-value] 14:22+4 expected a priority from 1 to 65535, found `many` | this value
        note[not-obeyed] 15:2+8 `crypto isakmp policy` is not obeyed: IKEv1 is not spoken here, only IKEv2
        note[around-configuration] 6:1+21 not part of the configuration: what a terminal shows around it
    "#]],
    );
}

#[test]
fn without_blanks_a_misspelt_head_leaves_the_router_where_it_was() {
    // As on a terminal: the wrong line is refused, and what follows is the open block's.
    let text = "\
version 17.9
interface GigabitEthernet1
ip address 203.0.113.10 255.255.255.0
interfce Tunnel0
ip address 10.0.0.1 255.255.255.252
";
    check(
        text,
        expect![[r#"
        - ios-xe 17.9
        GigabitEthernet1 Physical 10.0.0.1/30
        warning[unknown-line] 4:1+16 `interfce Tunnel0` is not a known command of an interface | not obeyed
    "#]],
    );
}

#[test]
fn words_without_their_value_are_told() {
    check_findings(
        "\
version 17.9
interface GigabitEthernet1
 description
 ip address 203.0.113.10 255.255.255.0
crypto ipsec profile I
 set security-association idle-time 60 default
 set pfs group19 pqc
ip route 10.0.0.0 255.0.0.0 203.0.113.1 track
ip route 10.0.0.0 255.0.0.0 GigabitEthernet1 dhcp
",
        expect![[r#"
            error[missing-value] 3:2+11 incomplete command: expected a description | a description is missing
            warning[not-obeyed] 6:40+7 `default` is not obeyed: there is no default peer to go back to | the rest of the line is
            warning[not-obeyed] 7:18+3 `pqc` is not obeyed: ML-KEM is not negotiated (RFC 9370) | the rest of the line is
            warning[not-obeyed] 8:41+5 `track` is not obeyed: the route stays whatever is tracked or learnt | the rest of the line is
            warning[not-obeyed] 9:46+4 `dhcp` is not obeyed: the route stays whatever is tracked or learnt | the rest of the line is
            note[unused] 5:22+1 nothing uses IPsec profile `I` | of no effect
        "#]],
    );
}
