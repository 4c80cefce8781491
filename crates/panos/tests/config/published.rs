//! Configurations that others published (`tests/data`): all that isn't obeyed is told.

use crate::check;
use expect_test::expect;

#[test]
fn lines_that_batfish_ignores() {
    let text = include_str!("../data/batfish_ignored_lines.panos-set");
    check(
        text,
        expect![[r#"
            hostname ignored-lines
            interface ethernet1/1 Physical []
            security RULE1: [] [] -> [] [] application [] service [] Deny
            note[not-obeyed] `shared authentication-profile` is not obeyed
              ^ fw:6:19 kept as it is
            note[not-obeyed] `shared server-profile` is not obeyed
              ^ fw:8:19 kept as it is
            note[not-obeyed] `deviceconfig system type` is not obeyed
              ^ fw:15:25 kept as it is
            note[not-obeyed] `deviceconfig system update-server` is not obeyed
              ^ fw:16:25 kept as it is
            note[not-obeyed] `deviceconfig system update-schedule` is not obeyed
              ^ fw:17:25 kept as it is
            note[not-obeyed] `deviceconfig system service` is not obeyed
              ^ fw:21:25 kept as it is
            note[not-obeyed] `deviceconfig system panorama-server` is not obeyed
              ^ fw:23:25 kept as it is
            note[not-obeyed] `network profiles monitor-profile` is not obeyed
              ^ fw:25:22 kept as it is
            note[not-obeyed] `network qos` is not obeyed
              ^ fw:28:13 kept as it is
            note[not-obeyed] `deviceconfig setting config` is not obeyed
              ^ fw:36:26 kept as it is
            note[not-obeyed] `deviceconfig setting management` is not obeyed
              ^ fw:37:26 kept as it is
            note[not-obeyed] `network interface ethernet layer3 ipv6 neighbor-discovery` is not obeyed
              ^ fw:44:56 kept as it is
            note[not-obeyed] `network interface ethernet layer3 ndp-proxy` is not obeyed
              ^ fw:45:51 kept as it is
            note[not-obeyed] `network interface ethernet layer3 lldp` is not obeyed
              ^ fw:46:51 kept as it is
            note[not-obeyed] `network virtual-router protocol` is not obeyed
              ^ fw:48:36 kept as it is, here and in one other place
            note[not-obeyed] `policy` is not obeyed
              ^ fw:51:5 kept as it is
            note[not-obeyed] `log-collector` is not obeyed
              ^ fw:65:5 kept as it is
            note[not-obeyed] `log-collector-group` is not obeyed
              ^ fw:67:5 kept as it is
            note[not-obeyed] `shared botnet` is not obeyed
              ^ fw:70:12 kept as it is
            note[not-obeyed] `shared admin-role` is not obeyed
              ^ fw:76:12 kept as it is
            warning[missing-value] the rule `RULE1` has no action
              ^ fw:86:29 taken as `deny`
            note[not-obeyed] `rulebase security rules target` is not obeyed
              ^ fw:86:35 kept as it is
            warning[not-obeyed] `category` of the rule `RULE1` is not looked at
              ^ fw:87:44 the rule applies without this condition
            note[not-obeyed] `log-settings` is not obeyed
              ^ fw:98:16 kept as it is
            note[panorama] this is a Panorama's export, read as the template `T1` makes a device
              ^ fw:103:14 its templates, the first wins: `T1`
              = no device group is known to belong to it, so there are only shared rules
              = not looked at: `DG1`, `DGNAME`
            note[not-obeyed] `shared log-settings` is not obeyed
              ^ fw:103:31 kept as it is
            note[not-obeyed] `profiles` is not obeyed
              ^ fw:106:16 kept as it is, here and in one other place
            note[not-obeyed] `profile-group` is not obeyed
              ^ fw:107:16 kept as it is
            note[not-obeyed] `mgt-config` is not obeyed
              ^ fw:113:24 kept as it is
        "#]],
    );
}

#[test]
fn batfish_ike_crypto_profiles() {
    let text = include_str!("../data/batfish_ike_crypto_profiles.panos-set");
    check(
        text,
        expect![[r#"
        hostname ike-crypto-profiles
        error[out-of-range] `seconds` is out of range
          ^ fw:11:79 found `8`, expected 180 to 65535
    "#]],
    );
}

#[test]
fn batfish_ipsec_crypto_profiles() {
    let text = include_str!("../data/batfish_ipsec_crypto_profiles.panos-set");
    check(
        text,
        expect![[r#"
        hostname ipsec-crypto-profiles
        error[out-of-range] `minutes` is out of range
          ^ fw:6:80 found `1`, expected 3 to 65535
    "#]],
    );
}

#[test]
fn iron_skillet() {
    let text = include_str!("../data/iron_skillet_mgmt_static.panos-xml");
    check(
        text,
        expect![[r#"
        hostname panos-01
        release 10.1.0 (pan-os 10.1.0)
        note[not-obeyed] `mgt-config` is not obeyed
          ^ fw:2:4 kept as it is
        note[not-obeyed] `shared log-settings` is not obeyed
          ^ fw:26:6 kept as it is
        note[not-obeyed] `shared reports` is not obeyed
          ^ fw:127:6 kept as it is
        note[not-obeyed] `shared report-group` is not obeyed
          ^ fw:290:6 kept as it is
        note[not-obeyed] `shared email-scheduler` is not obeyed
          ^ fw:323:6 kept as it is
        note[not-obeyed] `network profiles monitor-profile` is not obeyed
          ^ fw:340:12 kept as it is
        note[not-obeyed] `network profiles zone-protection-profile` is not obeyed
          ^ fw:347:12 kept as it is
        note[not-obeyed] `network ike crypto-profiles global-protect-app-crypto-profiles` is not obeyed
          ^ fw:514:14 kept as it is
        note[not-obeyed] `network qos` is not obeyed
          ^ fw:526:10 kept as it is
        note[not-obeyed] `network virtual-router protocol` is not obeyed
          ^ fw:560:14 kept as it is
        note[not-obeyed] `deviceconfig system ntp-servers` is not obeyed
          ^ fw:584:10 kept as it is
        note[not-obeyed] `deviceconfig system snmp-setting` is not obeyed
          ^ fw:592:10 kept as it is
        note[not-obeyed] `deviceconfig system update-schedule` is not obeyed
          ^ fw:599:10 kept as it is
        note[not-obeyed] `deviceconfig system type` is not obeyed
          ^ fw:639:10 kept as it is
        note[not-obeyed] `deviceconfig system dns-setting` is not obeyed
          ^ fw:647:12 kept as it is
        note[not-obeyed] `deviceconfig setting session` is not obeyed
          ^ fw:655:10 kept as it is
        note[not-obeyed] `deviceconfig setting tcp` is not obeyed
          ^ fw:658:10 kept as it is
        note[not-obeyed] `deviceconfig setting logging` is not obeyed
          ^ fw:665:10 kept as it is
        note[not-obeyed] `deviceconfig setting application` is not obeyed
          ^ fw:668:10 kept as it is
        note[not-obeyed] `deviceconfig setting config` is not obeyed
          ^ fw:672:10 kept as it is
        note[not-obeyed] `deviceconfig setting wildfire` is not obeyed
          ^ fw:675:10 kept as it is
        note[not-obeyed] `deviceconfig setting management` is not obeyed
          ^ fw:711:10 kept as it is
        note[not-obeyed] `deviceconfig setting ctd` is not obeyed
          ^ fw:726:10 kept as it is
        note[not-obeyed] `rulebase default-security-rules` is not obeyed
          ^ fw:744:14 kept as it is
        note[not-obeyed] `rulebase decryption` is not obeyed
          ^ fw:765:14 kept as it is
        note[not-obeyed] `log-settings` is not obeyed
          ^ fw:817:12 kept as it is
        note[not-obeyed] `profiles` is not obeyed
          ^ fw:890:12 kept as it is
        note[not-obeyed] `profile-group` is not obeyed
          ^ fw:2490:12 kept as it is
    "#]],
    );
}
