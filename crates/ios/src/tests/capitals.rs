//! Keywords are the same in capitals, names are not.

use super::{all_findings, check, gateway, read};
use expect_test::expect;

const FILES: [&str; 13] = [
    include_str!("../../../../examples/any-any/branch.cfg"),
    include_str!("../../../../examples/crypto-map/branch.cfg"),
    include_str!("../../../../examples/gcm/branch.cfg"),
    include_str!("../../../../examples/several-proxy-ids/branch.cfg"),
    include_str!("../../../../examples/site-to-site/branch.cfg"),
    include_str!("../../tests/data/azure_asr_route_based.ios"),
    include_str!("../../tests/data/azure_isr_policy_based.ios"),
    include_str!("../../tests/data/azure_isr_route_based.ios"),
    include_str!("../../tests/data/batfish_cisco_crypto.ios"),
    include_str!("../../tests/data/batfish_ios_crypto_ipsec_profile.ios"),
    include_str!("../../tests/data/batfish_ios_crypto_map.ios"),
    include_str!("../../tests/data/batfish_ios_crypto_transform_set.ios"),
    include_str!("../../tests/data/batfish_ios_ipsec_gh_5849.ios"),
];

/// What came of a text, told in capitals, so that only the names' letters are lost.
fn meaning(text: &str) -> String {
    let read = read(text);
    let told = gateway(&read.reading.gateway) + &all_findings(&read);
    told.to_ascii_uppercase()
}

#[test]
fn a_file_in_capitals_means_the_same() {
    for text in FILES {
        let capitals = text.to_ascii_uppercase();
        assert_same_lines(&meaning(&capitals), &meaning(text));
    }
}

/// Shows the first line that differs, of prints that are long.
fn assert_same_lines(actual: &str, expected: &str) {
    for (actual, expected) in actual.lines().zip(expected.lines()) {
        assert_eq!(actual, expected);
    }
    assert_eq!(actual.lines().count(), expected.lines().count());
}

#[test]
fn names_in_other_letters_are_other_names() {
    check(
        "\
VERSION 17.9
INTERFACE tunnel0
 NO SHUTDOWN
 IP ADDRESS 10.0.0.1 255.255.255.0
Interface TUNNEL0
 Shutdown
IP ACCESS-LIST EXTENDED Traffic
 PERMIT TCP ANY HOST 10.1.1.1 EQ WWW
IP ACCESS-LIST EXTENDED TRAFFIC
 10 DENY IP ANY ANY
EXIT
HOSTNAME Branch
END
",
        expect![[r#"
            Branch ios-xe 17.9
            Tunnel0 Tunnel 10.0.0.1/24 shut
            list Traffic
              permit 0.0.0.0/0 protocol 6 <-> 10.1.1.1/32 protocol 6 port 80
            list TRAFFIC
              deny 0.0.0.0/0 <-> 0.0.0.0/0
        "#]],
    );
}
