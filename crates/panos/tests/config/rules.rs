//! Zones, objects, security and NAT rules.

use crate::{check, check_both};
use expect_test::expect;

#[test]
fn objects_of_every_kind() {
    check_both(
        "set address net ip-netmask 10.1.0.0/16 description remark tag [ a b ]
set address host ip-netmask 10.1.0.1
set address range ip-range 10.1.0.1-10.1.0.9
set address name fqdn www.example.net
set address wild ip-wildcard 10.0.0.0/0.0.248.255
set address wrong ip-netmask 10.1.0.0/40
set address-group both static [ net host ]
set service web protocol tcp port 80,443,8000-8080
set service dns protocol udp port 53 source-port 1024-65535
set service wrong protocol tcp port http
set service-group all members [ web dns ]
",
        expect![[r#"
            address net 10.1.0.0/16
            address host 10.1.0.1/32
            address range 10.1.0.1-10.1.0.9
            address name www.example.net
            address both [net,host]
            service web protocol 6 [] -> [80..=80, 443..=443, 8000..=8080]
            service dns protocol 17 [1024..=65535] -> [53..=53]
            service wrong protocol 6 [] -> []
            service all [web,dns]
            error[invalid-value] the address object `wild` has no address that is obeyed
              ^ fw:5:30 expected a network, a range or a name
            error[invalid-value] the address object `wrong` has no address that is obeyed
              ^ fw:6:30 expected a network, a range or a name
            error[invalid-value] `http` is no list of ports
              ^ fw:10:37 expected ports such as 80,8000-8080
        "#]],
    );
}

#[test]
fn rules_in_order_shared_ones_around() {
    check(
        "set shared post-rulebase security rules last from any to any source any destination any application any service any action drop
set rulebase security rules one from trust to vpn source net destination any application [ web-browsing ssl ] service application-default action allow
set rulebase security rules two from [ trust vpn ] to any source any negate-source yes destination 10.0.0.0/8 application any service any action reset-both disabled yes log-end yes
set shared pre-rulebase security rules first from any to any source any destination any application any service any action deny
set rulebase nat rules keep from trust to vpn source any destination any service any
set rulebase nat rules hide from trust to untrust source any destination any service any source-translation dynamic-ip-and-port interface-address interface ethernet1/1
set rulebase nat rules pool from trust to untrust source any destination any source-translation dynamic-ip-and-port translated-address [ 192.0.2.1 192.0.2.2 ]
set rulebase nat rules fixed from trust to untrust source any destination any source-translation static-ip translated-address 192.0.2.3
set rulebase nat rules inward from untrust to untrust source any destination 192.0.2.4 destination-translation translated-address 10.0.0.4
",
        expect![[r#"
            security first: [any] [any] -> [any] [any] application [any] service [any] Deny
            security one: [trust] [net] -> [vpn] [any] application [web-browsing,ssl] service [application-default] Allow
            security two (off): [trust,vpn] not [any] -> [any] [10.0.0.0/8] application [any] service [any] Deny
            security last: [any] [any] -> [any] [any] application [any] service [any] Deny
            nat keep: [trust] [any] -> [vpn] [any] service any unchanged
            nat hide: [trust] [any] -> [untrust] [any] service any from ethernet1/1
            nat pool: [trust] [any] -> [untrust] [any] from [192.0.2.1,192.0.2.2]
            nat fixed: [trust] [any] -> [untrust] [any] from [192.0.2.3]
            nat inward: [untrust] [any] -> [untrust] [192.0.2.4] unchanged
            warning[undefined-name] there is no interface `ethernet1/1`
              ^ fw:6:157 nothing of this name is defined
              = this file has no `network interface` section
            note[not-obeyed] `rulebase nat rules destination-translation` is not obeyed
              ^ fw:9:88 kept as it is
        "#]],
    );
}

#[test]
fn what_a_rule_says_and_isnt_looked_at_is_told() {
    check_both(
        "set zone trust network layer3 ethernet1/1
set rulebase security rules R from trust to dmz source any destination any application any service any
set rulebase security rules R source-user [ alice bob ] rule-type intrazone category any schedule night
set rulebase nat rules N from trust to any source any destination any nat-type nat64 to-interface ethernet1/3
",
        expect![[r#"
            zone trust [ethernet1/1]
            security R: [trust] [any] -> [dmz] [any] application [any] service [any] Deny
            nat N: [trust] [any] -> [any] [any] unchanged
            warning[undefined-name] there is no interface `ethernet1/1`
              ^ fw:1:31 nothing of this name is defined
              = this file has no `network interface` section
            warning[missing-value] the rule `R` has no action
              ^ fw:2:29 taken as `deny`
            error[undefined-name] there is no zone `dmz`
              ^ fw:2:45 nothing of this name is defined
            warning[not-obeyed] `source-user` of the rule `R` is not looked at
              ^ fw:3:45 the rule applies without this condition
            warning[not-obeyed] `rule-type` of the rule `R` is not looked at
              ^ fw:3:67 the rule applies without this condition
            warning[not-obeyed] `schedule` of the rule `R` is not looked at
              ^ fw:3:99 the rule applies without this condition
            warning[not-obeyed] a part of the NAT rule `N` is not obeyed
              ^ fw:4:80 the rule applies without this
            warning[not-obeyed] a part of the NAT rule `N` is not obeyed
              ^ fw:4:99 the rule applies without this
        "#]],
    );
}

#[test]
fn two_virtual_systems() {
    check_both(
        "set vsys vsys1 zone trust network layer3 ethernet1/1
set vsys vsys2 zone dmz network layer3 ethernet1/2
",
        expect![[r#"
            zone trust [ethernet1/1]
            zone dmz [ethernet1/2]
            warning[undefined-name] there is no interface `ethernet1/1`
              ^ fw:1:42 nothing of this name is defined
              = this file has no `network interface` section
            warning[not-obeyed] several virtual systems are read as if they were one
              ^ fw:2:10 its zones, objects and rules join the first one's
            warning[undefined-name] there is no interface `ethernet1/2`
              ^ fw:2:40 nothing of this name is defined
              = this file has no `network interface` section
        "#]],
    );
}
