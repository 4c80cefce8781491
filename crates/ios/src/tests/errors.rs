//! Wrong values: what was expected, what was found, and where.

use super::check_findings;
use expect_test::expect;

#[test]
fn values_out_of_range_or_of_another_kind_are_errors_with_their_place() {
    let text = "\
version seventeen
version 17.9
crypto ikev2 proposal A
 encryption aes-cbc-512 aes-cbc-256
 integrity sha256 crc32
 group 14 99
 encryption aes-cbc
crypto ikev2 policy Z
 proposal A
crypto ikev2 profile P
 lifetime 119
 lifetime 86401
 lifetime 28800x
 lifetime +300
 lifetime
 dpd 9 3 periodic
 dpd 10 61 periodic
 dpd 10 3 sometimes
 dpd 10
 identity local street 7
 match identity remote address 198.51.100.20 255.0.255.0
 match identity remote address 198.51.100.20 host
 match address local interface
 authentication local guess
 keyring local
crypto ikev2 keyring K
 peer A
  address 198.51.100.400
  pre-shared-key hex 0g
crypto ikev2 cookie-challenge 1001
crypto ikev2 fragmentation mtu 67
crypto ikev2 limit max-sa 0
crypto ipsec transform-set T esp-aes 512 esp-sha256-hmac
crypto ipsec transform-set
crypto ipsec profile I
 set pfs group3
 set security-association lifetime seconds 119
 set security-association lifetime fortnights 1
 set security-association replay window-size 100
interface Gi1
 ip address 10.0.0.1 255.255.0.255
 ip address 10.0.0
 mtu 63
 ip tcp adjust-mss 1461
ip route 10.0.0.0 255.0.0.0
ip route 10.0.0.0 0.0.0.255 Gi1
access-list 700 permit 1234.5678.9abc
access-list 101 permit tcp any eq 70000 any
access-list 101 permit teleport any any
access-list 101 forbid ip any any
crypto map M 70000 ipsec-isakmp
";
    check_findings(
        text,
        expect![[r#"
            error[invalid-value] 1:9+9 expected a release, such as 17.9, found `seventeen` | this value
            error[invalid-value] 4:13+11 expected an encryption algorithm, found `aes-cbc-512` | this value
            error[invalid-value] 5:19+5 expected an integrity algorithm, found `crc32` | this value
            error[invalid-value] 6:11+2 expected a Diffie-Hellman group, found `99` | this value
            error[invalid-value] 7:13+7 expected an encryption algorithm, found `aes-cbc` | this value
            error[invalid-value] 11:11+3 expected seconds from 120 to 86400, found `119` | this value
            error[invalid-value] 12:11+5 expected seconds from 120 to 86400, found `86401` | this value
            error[invalid-value] 13:11+6 expected seconds from 120 to 86400, found `28800x` | this value
            error[invalid-value] 14:11+4 expected seconds from 120 to 86400, found `+300` | this value
            error[missing-value] 15:2+8 incomplete command: expected seconds from 120 to 86400 | seconds from 120 to 86400 is missing
            error[invalid-value] 16:6+1 expected seconds from 10 to 3600, found `9` | this value
            error[invalid-value] 17:9+2 expected seconds between retries from 2 to 60, found `61` | this value
            error[invalid-value] 18:11+9 expected `periodic` or `on-demand`, found `sometimes` | this value
            error[missing-value] 19:2+6 incomplete command: expected seconds between retries from 2 to 60 | seconds between retries from 2 to 60 is missing
            error[invalid-value] 20:17+6 expected a kind of identity, found `street` | this value
            error[invalid-value] 21:46+11 expected a network mask, whose one bits are all before its zero bits, found `255.0.255.0` | this value
            error[invalid-value] 22:46+4 expected a network mask, found `host` | this value
            error[missing-value] 23:2+29 incomplete command: expected an interface | an interface is missing
            error[invalid-value] 24:23+5 expected an authentication method, found `guess` | this value
            error[missing-value] 25:2+13 incomplete command: expected a keyring's name | a keyring's name is missing
            error[invalid-value] 28:11+14 expected an IP address, found `198.51.100.400` | this value
            error[invalid-value] 29:22+2 expected pairs of hexadecimal digits, found a secret | this value
            error[invalid-value] 30:31+4 expected half-open IKE SAs from 0 to 1000, found `1001` | this value
            error[invalid-value] 31:32+2 expected octets from 68 to 1500, found `67` | this value
            error[invalid-value] 32:27+1 expected IKE SAs from 1 to 60000, found `0` | this value
            error[invalid-value] 33:38+3 expected a key's size in bits, found `512` | this value
            error[missing-value] 34:1+26 incomplete command: expected the transform set's name | the transform set's name is missing
            error[invalid-value] 36:10+6 expected a Diffie-Hellman group, found `group3` | this value
            error[invalid-value] 37:44+3 expected seconds from 120 to 2592000, found `119` | this value
            error[invalid-value] 38:36+10 expected a measure of the lifetime, found `fortnights` | this value
            error[invalid-value] 39:46+3 expected a window, found `100` | this value
            error[invalid-value] 41:22+13 expected a network mask, whose one bits are all before its zero bits, found `255.255.0.255` | this value
            error[invalid-value] 42:13+6 expected an IPv4 address, found `10.0.0` | this value
            error[invalid-value] 43:6+2 expected octets from 64 to 18000, found `63` | this value
            error[invalid-value] 44:20+4 expected octets from 500 to 1460, found `1461` | this value
            error[missing-value] 45:1+27 incomplete command: expected an interface or a next hop's address | an interface or a next hop's address is missing
            error[invalid-value] 46:19+9 expected a network mask, whose one bits are all before its zero bits, found `0.0.0.255` | this value
            error[invalid-value] 47:13+3 expected a number of IP access lists (1-199, 1300-2699), found `700` | this value
            error[invalid-value] 48:35+5 expected a port from 0 to 65535 or its name, found `70000` | this value
            error[invalid-value] 49:24+8 expected a protocol, found `teleport` | this value
            error[invalid-value] 50:17+6 expected `permit` or `deny`, found `forbid` | this value
            error[invalid-value] 51:14+5 expected a sequence number from 1 to 65535, found `70000` | this value
            note[unused] 10:22+1 nothing uses IKEv2 profile `P` | of no effect
            note[unused] 26:22+1 nothing uses IKEv2 keyring `K` | of no effect
            note[unused] 33:28+1 nothing uses transform set `T` | of no effect
            note[unused] 35:22+1 nothing uses IPsec profile `I` | of no effect
            note[not-obeyed] 48:13+3 no tunnel uses access list `101`, and packets are not filtered by it | of no effect
        "#]],
    );
}

#[test]
fn words_after_a_command_s_end_are_told() {
    let text = "\
version 17.9
hostname r1 r2
crypto ikev2 profile P
 lifetime 300 seconds
interface Gi1
 ip address 10.0.0.1 255.255.255.0 tertiary
 shutdown now
";
    check_findings(
        text,
        expect![[r#"
        warning[unknown-word] 2:13+2 the command is over before `r2` | not understood, and not obeyed
        warning[unknown-word] 4:15+7 the command is over before `seconds` | not understood, and not obeyed
        warning[unknown-word] 6:36+8 the command is over before `tertiary` | not understood, and not obeyed
        warning[unknown-word] 7:11+3 the command is over before `now` | not understood, and not obeyed
        note[unused] 3:22+1 nothing uses IKEv2 profile `P` | of no effect
    "#]],
    );
}

#[test]
fn names_that_nothing_defines_are_told_where_they_are_used() {
    let text = "\
version 17.9
crypto ikev2 policy Z
 proposal NO-PROPOSAL
crypto ikev2 profile P
 match identity remote any
 authentication remote pre-share
 authentication local pre-share
 keyring local NO-KEYRING
crypto ipsec profile I
 set transform-set NO-SET
 set ikev2-profile P
interface Tunnel0
 tunnel source Gi1
 tunnel destination 198.51.100.20
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile I
 tunnel protection ipsec policy ipv4 NO-LIST
interface Tunnel1
 tunnel source Gi1
 tunnel destination 198.51.100.21
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile NO-PROFILE
ip route 10.0.0.0 255.0.0.0 Tunnel9
";
    check_findings(
        text,
        expect![[r#"
            note[address-unknown] 13:16+3 interface `GigabitEthernet1` is not in the file: its address must come from outside the file | connections start from it
            error[undefined-name] 17:38+7 there is no access list `NO-LIST` | named here, and defined nowhere
            error[undefined-name] 10:20+6 there is no transform set `NO-SET` | named here, and defined nowhere
            error[undefined-name] 22:34+10 there is no IPsec profile `NO-PROFILE` | named here, and defined nowhere
            error[undefined-name] 8:16+10 there is no IKEv2 keyring `NO-KEYRING` | named here, and defined nowhere
            error[undefined-name] 3:11+11 there is no IKEv2 proposal `NO-PROPOSAL` | named here, and defined nowhere
            error[undefined-name] 23:29+7 there is no interface `Tunnel9` | named here, and defined nowhere
        "#]],
    );
}

#[test]
fn turning_isakmp_off_is_told_as_stopping_more_than_ikev1() {
    check_findings(
        "version 17.9\nno crypto isakmp enable\nno crypto isakmp policy 10\n",
        expect![[r#"
            warning[isakmp-disabled] 2:1+23 ISAKMP is off, which very likely stops IKEv2 as well | not obeyed here: IKEv2 goes on
        "#]],
    );
}
