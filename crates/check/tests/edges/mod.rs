//! What the rules about peers, certificates and hardening say of pairs that differ a little from
//! the examples: the edges at which a rule speaks or keeps silent.

use crate::support::Pair;
use crossgate_check::rules::{certificates, hardening, peers};
use crossgate_check::{Options, Profile};

/// A word of a file, and what stands there instead.
type Edit = (&'static str, &'static str);

/// The codes that those rules tell of a pair of `examples/` after the edits, in order.
fn codes(base: &str, edits: &[Edit], options: Options) -> Vec<&'static str> {
    let mut pair = Pair::of(base).expect("a pair");
    for (from, to) in edits {
        let mut found = false;
        for (_, text) in &mut pair.files {
            found |= text.contains(from);
            *text = text.replace(from, to);
        }
        assert!(found, "{base} has no `{from}`");
    }
    let judged = pair.judged(options).expect("readable");
    let groups = [peers::RULES, certificates::RULES, hardening::RULES];
    let rules: Vec<_> = groups
        .iter()
        .flat_map(|rules| rules.iter().map(|rule| rule.code))
        .collect();
    let codes = judged.report.findings.iter().map(|finding| finding.code);
    codes.filter(|code| rules.contains(code)).collect()
}

fn check(base: &str, edits: &[Edit], expected: &[&str]) {
    let found = codes(base, edits, Options::default());
    assert_eq!(found, expected, "{base} with {edits:?}");
}

fn check_by(profile: Profile, base: &str, expected: &[&str]) {
    let options = Options {
        profile,
        ..Options::default()
    };
    assert_eq!(codes(base, &[], options), expected, "{base} by {profile:?}");
}

const KEY: &str = "lab-only-7Qm2vX9tRb4LwZ8sKd3HnP6yJf5Gc1Ae";

#[test]
fn the_examples_get_what_they_deserve_and_no_more() {
    for base in [
        "site-to-site",
        "two-tunnels",
        "as-published",
        "gcm",
        "crypto-map",
        "several-proxy-ids",
        "any-any",
        "certificates",
    ] {
        check(base, &[], &[]);
    }
}

#[test]
fn each_profile_asks_for_what_it_asks_for() {
    let weak = "weak-algorithm";
    check_by(Profile::Nist, "site-to-site", &[]);
    check_by(Profile::Nist, "any-any", &[weak]);
    check_by(
        Profile::Bsi,
        "site-to-site",
        &[weak, weak, "no-post-quantum"],
    );
    check_by(Profile::Bsi, "gcm", &["no-post-quantum"]);
    check_by(Profile::Cnsa2, "gcm", &["no-post-quantum"]);
    check_by(
        Profile::Cnsa2,
        "site-to-site",
        &[weak, weak, "no-post-quantum"],
    );
}

#[test]
fn all_that_is_weak_in_one_offer_is_one_finding() {
    let many = (" group 14", " group 14 5 2 24");
    check("site-to-site", &[many], &["weak-algorithm"]);
    let both = ("dh-group group14", "dh-group group5");
    let pfs = ("set pfs group14", "set pfs group5");
    check(
        "site-to-site",
        &[many, both, pfs],
        &["weak-algorithm", "weak-algorithm"],
    );
    // One proposal of two tunnels.
    check(
        "two-tunnels",
        &[(" group 19 14", " group 19 14 2")],
        &["weak-algorithm"],
    );
    check(
        "site-to-site",
        &[("sha256", "sha1"), ("esp-sha1-hmac", "esp-sha-hmac")],
        &[],
    );
}

#[test]
fn a_key_is_told_of_once_and_as_the_worst_that_it_is() {
    let instead = |key| [(KEY, key)];
    check(
        "site-to-site",
        &instead("YourStrongPreSharedKey123!"),
        &["guessable-key"],
    );
    check(
        "site-to-site",
        &instead("kX9-vQ2_mT7.wZ4bN8"),
        &["short-key"],
    );
    check(
        "site-to-site",
        &instead("7Qm2vX9tRb4LwZ8sKd3HnP6yJf5Gc1A"),
        &["short-key"],
    );
    check(
        "site-to-site",
        &instead("7Qm2vX9tRb4LwZ8sKd3HnP6yJf5Gc1Ae"),
        &[],
    );
    check(
        "site-to-site",
        &instead("passwordpasswordpasswordpassword"),
        &["guessable-key"],
    );
    // Each end has its own.
    let one = (
        "  pre-shared-key lab-only-7Qm2vX9tRb4LwZ8sKd3HnP6yJf5Gc1Ae",
        "  pre-shared-key cisco123",
    );
    check("site-to-site", &[one], &["guessable-key"]);
    // Nobody knows it.
    let encrypted = (
        "  pre-shared-key lab-only-7Qm2vX9tRb4LwZ8sKd3HnP6yJf5Gc1Ae",
        "  pre-shared-key 6 cisco123",
    );
    check("site-to-site", &[encrypted], &[]);
}

#[test]
fn liveness_at_one_end_is_another_rules_matter() {
    check("site-to-site", &[("\n dpd 10 3 periodic", "")], &[]);
}

#[test]
fn behind_a_nat_addresses_are_not_compared() {
    let elsewhere = [("peer-address ip 203.0.113.10", "peer-address ip 192.0.2.1")];
    check("site-to-site", &elsewhere, &["peer-address-not-mirrored"]);
    let options = Options {
        nat_between: true,
        ..Options::default()
    };
    assert_eq!(codes("site-to-site", &elsewhere, options), [""; 0]);
}

#[test]
fn a_connection_may_start_from_a_loopback() {
    let loopback = [
        (
            "interface GigabitEthernet0/0/1\n",
            "interface Loopback0\n ip address 203.0.113.11 255.255.255.255\n!\ninterface GigabitEthernet0/0/1\n",
        ),
        (
            "tunnel source GigabitEthernet0/0/0",
            "tunnel source Loopback0",
        ),
        (
            "peer-address ip 203.0.113.10",
            "peer-address ip 203.0.113.11",
        ),
    ];
    check("site-to-site", &loopback, &[]);
}

#[test]
fn the_way_to_the_peer_may_not_lead_through_the_tunnel() {
    let into = [(
        "ip route 10.20.20.0 255.255.255.0 Tunnel0 name HQ-LAN",
        "ip route 10.20.20.0 255.255.255.0 Tunnel0 name HQ-LAN\nip route 198.51.100.0 255.255.255.0 Tunnel0",
    )];
    check("site-to-site", &into, &["wrong-interface"]);
}

#[test]
fn a_borrowed_address_is_an_address() {
    let line = "ip address 169.254.20.1 255.255.255.252";
    check(
        "site-to-site",
        &[(line, "ip unnumbered GigabitEthernet0/0/1")],
        &[],
    );
    check(
        "site-to-site",
        &[(line, "no ip address")],
        &["tunnel-interface-without-address"],
    );
}

#[test]
fn a_file_without_zones_has_them_elsewhere() {
    let zones = [
        (
            "set vsys vsys1 zone untrust network layer3 ethernet1/1\n",
            "",
        ),
        ("set vsys vsys1 zone trust network layer3 ethernet1/2\n", ""),
        ("set vsys vsys1 zone vpn network layer3 tunnel.1\n", ""),
    ];
    check("site-to-site", &zones, &[]);
    check("site-to-site", &zones[2..], &["tunnel-without-zone"]);
}

#[test]
fn the_zone_outside_is_not_the_inside() {
    let outside = [
        (
            "zone untrust network layer3 ethernet1/1",
            "zone untrust network layer3 [ ethernet1/1 tunnel.1 ]",
        ),
        (
            "zone vpn network layer3 tunnel.1",
            "zone vpn network layer3 [ ]",
        ),
        (
            "rules branch-to-hq from vpn",
            "rules branch-to-hq from untrust",
        ),
        ("rules hq-to-branch to vpn", "rules hq-to-branch to untrust"),
    ];
    check("site-to-site", &outside, &[]);
}

#[test]
fn a_rule_is_any_any_only_where_it_names_nothing() {
    let any = |from, to| (from, to);
    let wide = [
        any(
            "rules hq-to-branch source lan-hq",
            "rules hq-to-branch source any",
        ),
        any(
            "rules hq-to-branch destination lan-branch",
            "rules hq-to-branch destination any",
        ),
    ];
    check("site-to-site", &wide, &["any-any-rule"]);
    check("site-to-site", &wide[..1], &[]);
    // Not the tunnel's.
    let internet = any(
        "rules lan-to-internet source lan-hq",
        "rules lan-to-internet source any",
    );
    check("site-to-site", &[internet], &[]);
}

#[test]
fn an_interface_towards_the_peer_that_is_down_is_told_of() {
    let down = [
        (
            " description Internet\n",
            " description Internet\n shutdown\n",
        ),
        (
            "255.255.255.0\n no shutdown\n!\ninterface GigabitEthernet0/0/1",
            "255.255.255.0\n!\ninterface GigabitEthernet0/0/1",
        ),
    ];
    check("site-to-site", &down, &["tunnel-interface-down"]);
}
