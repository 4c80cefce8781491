//! Verdicts of pairs.

use crate::door::*;
use crossgate_crypto::{DhGroup, Secret};
use crossgate_model::{
    Auth, End, Initiation, InterfaceKind, NatRule, NextHop, PresharedKey, Selector,
    SourceTranslation, Spanned, Verdict,
};
use crossgate_rehearse::Observation;
use crossgate_rehearse::observe::{Options, observe};
use std::sync::Arc;
use std::time::Duration;

fn proves(observation: &Observation, code: &str) -> bool {
    observation
        .evidence
        .iter()
        .any(|evidence| evidence.code == code)
}

#[test]
fn every_example_comes_up_whoever_starts() {
    for folder in [
        "site-to-site",
        "any-any",
        "crypto-map",
        "gcm",
        "several-proxy-ids",
        "two-tunnels",
        "two-lines",
    ] {
        let observation = observed(&pair(folder));
        assert_eq!(
            observation.verdict,
            Verdict::ComesUp,
            "{folder}: {}",
            told(&observation)
        );
        assert_eq!(observation.starts.len(), 2, "{folder}");
    }
}

#[test]
fn the_published_pair_comes_up_only_when_the_branch_starts() {
    let observation = observed(&pair("as-published"));
    let wanted = Verdict::OnlyWhen { starts: End::First };
    assert_eq!(observation.verdict, wanted, "{}", told(&observation));
}

#[test]
fn a_wrong_key_never_comes_up() {
    let mut pair = pair("site-to-site");
    let key = PresharedKey::Known(Secret::copy_of(b"another-key-that-nobody-else-has"));
    let connection = connection(&mut pair[0]);
    connection.local_auth.value = Auth::Psk(key.clone());
    connection.remote_auth.value = Auth::Psk(key);
    let observation = observed(&pair);
    assert_eq!(
        observation.verdict,
        Verdict::NeverComesUp,
        "{}",
        told(&observation)
    );
    assert!(
        proves(&observation, "authentication-failed"),
        "{}",
        told(&observation)
    );
}

#[test]
fn disjoint_proposals_never_come_up() {
    let mut pair = pair("site-to-site");
    connection(&mut pair[1]).proposals[0].groups[0].value = DhGroup::Ecp20;
    let observation = observed(&pair);
    assert_eq!(
        observation.verdict,
        Verdict::NeverComesUp,
        "{}",
        told(&observation)
    );
    assert!(
        proves(&observation, "no-proposal-chosen"),
        "{}",
        told(&observation)
    );
}

/// HQ rekeys first, within the last 15 to 10 % of the hour, and without a KE payload.
#[test]
fn a_responder_that_insists_on_pfs_fails_at_the_first_rekey() {
    let mut pair = pair("site-to-site");
    connection(&mut pair[1]).children[0].pfs = None;
    let observation = observed(&pair);
    let Verdict::FailsAtRekey { seconds } = observation.verdict else {
        panic!("{}", told(&observation));
    };
    assert!((3060..=3240).contains(&seconds), "{}", told(&observation));
    assert!(
        proves(&observation, "pfs-mismatch"),
        "{}",
        told(&observation)
    );
}

/// IOS without PFS takes the group that its peer wants, and HQ asks first.
#[test]
fn an_end_without_pfs_that_takes_any_group_comes_up() {
    let mut pair = pair("site-to-site");
    connection(&mut pair[0]).children[0].pfs = None;
    let observation = observed(&pair);
    assert_eq!(
        observation.verdict,
        Verdict::ComesUp,
        "{}",
        told(&observation)
    );
}

/// The branch's lifetime ends first: it rekeys 30 s before, without PFS, and HQ wants it.
#[test]
fn the_end_with_the_shorter_lifetime_decides_when_it_fails() {
    let mut pair = pair("site-to-site");
    let child = &mut connection(&mut pair[0]).children[0];
    child.pfs = None;
    child.lifetime.time.value = Duration::from_secs(1800);
    let observation = observed(&pair);
    let wanted = Verdict::FailsAtRekey { seconds: 1770 };
    assert_eq!(observation.verdict, wanted, "{}", told(&observation));
}

#[test]
fn without_a_rule_for_them_packets_of_that_end_do_not_arrive() {
    let mut pair = pair("site-to-site");
    let rules = &mut Arc::make_mut(&mut pair[1].policy).security_rules;
    rules.retain(|rule| rule.name.value != "hq-to-branch");
    let observation = observed(&pair);
    let wanted = Verdict::NoTraffic {
        from: Some(End::Second),
    };
    assert_eq!(observation.verdict, wanted, "{}", told(&observation));
    assert!(
        proves(&observation, "no-security-rule"),
        "{}",
        told(&observation)
    );
}

#[test]
fn where_both_files_only_let_their_ends_answer_nobody_starts() {
    let mut pair = pair("site-to-site");
    connection(&mut pair[0]).initiation.value = Initiation::Never;
    let observation = observed(&pair);
    assert_eq!(
        observation.verdict,
        Verdict::ComesUp,
        "{}",
        told(&observation)
    );
    assert_eq!(observation.starts.len(), 1);
    connection(&mut pair[1]).initiation.value = Initiation::Never;
    let observation = observed(&pair);
    assert_eq!(observation.verdict, Verdict::NeverComesUp);
    assert!(proves(&observation, "nobody-starts"));
}

#[test]
fn the_same_file_twice_means_no_tunnel() {
    let branch = gateway("site-to-site/branch.cfg");
    let observation = observed(&[branch.clone(), branch]);
    assert_eq!(observation.verdict, Verdict::NeverComesUp);
    assert!(
        proves(&observation, "no-tunnel-meant"),
        "{}",
        told(&observation)
    );
}

#[test]
fn an_end_behind_a_nat_needs_nat_traversal_for_its_packets() {
    let mut pair = pair("site-to-site");
    let nat = Some(End::First);
    let options = Options { seed: 0, nat };
    let [first, second] = &pair;
    let observation = observe(first, second, options);
    assert_eq!(
        observation.verdict,
        Verdict::ComesUp,
        "{}",
        told(&observation)
    );
    connection(&mut pair[1]).nat.enabled.value = false;
    let [first, second] = &pair;
    let observation = observe(first, second, options);
    let wanted = Verdict::NoTraffic { from: None };
    assert_eq!(observation.verdict, wanted, "{}", told(&observation));
}

#[test]
fn a_tunnel_interface_that_is_shut_down_has_no_child() {
    let mut pair = pair("site-to-site");
    let tunnel = pair[0]
        .interfaces
        .iter_mut()
        .find(|i| i.name.value == "Tunnel0");
    tunnel.unwrap().enabled.value = false;
    let observation = observed(&pair);
    assert_eq!(
        observation.verdict,
        Verdict::NeverComesUp,
        "{}",
        told(&observation)
    );
}

#[test]
fn an_encrypted_key_is_taken_to_be_the_peers_and_said_so() {
    let mut pair = pair("site-to-site");
    let connection = connection(&mut pair[1]);
    connection.local_auth.value = Auth::Psk(PresharedKey::Encrypted);
    connection.remote_auth.value = Auth::Psk(PresharedKey::Encrypted);
    let observation = observed(&pair);
    assert_eq!(
        observation.verdict,
        Verdict::ComesUp,
        "{}",
        told(&observation)
    );
    assert!(
        observation
            .assumptions
            .iter()
            .any(|a| a.contains("encrypted"))
    );
}

#[test]
fn a_tunnel_that_its_own_packets_would_travel_in_never_comes_up() {
    let mut pair = pair("site-to-site");
    let mut routes = pair[0].routes.iter_mut();
    let default = routes.find(|route| route.destination.prefix_len() == 0);
    default.unwrap().via = NextHop::Interface(Spanned::default_of("Tunnel0".into()));
    let observation = observed(&pair);
    let told = told(&observation);
    assert_eq!(observation.verdict, Verdict::NeverComesUp, "{told}");
    assert!(proves(&observation, "into-tunnel"), "{told}");
}

#[test]
fn a_tunnel_interface_without_address_passes_nothing_either_way_and_nothing_in_the_clear() {
    let mut pair = pair("site-to-site");
    let mut interfaces = pair[0].interfaces.iter_mut();
    let tunnel = interfaces.find(|i| i.kind == InterfaceKind::Tunnel);
    tunnel.unwrap().addresses.clear();
    let observation = observed(&pair);
    let told = told(&observation);
    assert_eq!(
        observation.verdict,
        Verdict::NoTraffic { from: None },
        "{told}"
    );
    assert!(proves(&observation, "last-resort"), "{told}");
    assert!(!proves(&observation, "plaintext"), "{told}");
}

#[test]
fn a_connection_does_not_speak_from_an_address_of_another_interface() {
    let mut pair = pair("site-to-site");
    let local = &mut connection(&mut pair[1]).local;
    local.interface.as_mut().unwrap().value = "ethernet1/2".into();
    let observation = observed(&pair);
    let told = told(&observation);
    assert_eq!(observation.verdict, Verdict::NeverComesUp, "{told}");
    assert!(proves(&observation, "no-local-address"), "{told}");
}

/// The router's second tunnel has no peer there, and gives up after two minutes.
#[test]
fn of_several_tunnels_only_the_planned_ones_rekeys_count() {
    let mut pair = pair("two-tunnels");
    connection(&mut pair[1]).children[0].pfs = None;
    let observation = observed(&pair);
    let told = told(&observation);
    let Verdict::FailsAtRekey { seconds } = observation.verdict else {
        panic!("{told}");
    };
    assert!(seconds > 600, "{told}");
    assert!(!proves(&observation, "peer-dead"), "{told}");
}

/// The router's second tunnel points at the first one's peer too, and believes nothing of what that one
/// says of itself. Each time it gives up, the peer reports the end of an IKE SA: one that carried nothing.
#[test]
fn a_second_tunnel_that_fails_with_the_same_peer_leaves_the_first_alone() {
    let mut pair = pair("two-tunnels");
    let [first, second] = pair[0].connections.as_mut_slice() else {
        panic!("two tunnels");
    };
    second.remote = first.remote.clone();
    second.local_auth = first.local_auth.clone();
    second.remote_auth = first.remote_auth.clone();
    let observation = observed(&pair);
    let told = told(&observation);
    assert_eq!(observation.verdict, Verdict::ComesUp, "{told}");
}

/// HQ's server is at port 443, so that its packets from there are answers.
#[test]
fn hosts_whose_port_the_policies_state_only_answer() {
    let mut pair = pair("site-to-site");
    let https = |selector: &mut Selector| {
        selector.protocol = 6;
        (selector.start_port, selector.end_port) = (443, 443);
    };
    let tcp = |selector: &mut Selector| selector.protocol = 6;
    let branch = &mut connection(&mut pair[0]).children[0].selectors.value;
    tcp(&mut branch.local);
    https(&mut branch.remote);
    let hq = &mut connection(&mut pair[1]).children[0].selectors.value;
    https(&mut hq.local);
    tcp(&mut hq.remote);
    let observation = observed(&pair);
    let told = told(&observation);
    assert_eq!(observation.verdict, Verdict::ComesUp, "{told}");
}

/// The tunnel takes any address, so that the packets arrive; but not the way back.
#[test]
fn packets_whose_answers_go_past_the_tunnel_are_no_traffic() {
    let mut pair = pair("any-any");
    let wan = "ethernet1/1".to_owned();
    Arc::make_mut(&mut pair[1].policy).nat_rules.insert(
        0,
        NatRule {
            name: Spanned::default_of("hides".into()),
            from: Vec::new(),
            to: Vec::new(),
            source: Vec::new(),
            destination: Vec::new(),
            service: None,
            source_translation: SourceTranslation::Interface(Spanned::default_of(wan)),
            enabled: true,
            access_list: None,
        },
    );
    let observation = observed(&pair);
    let told = told(&observation);
    let from = Some(End::Second);
    assert_eq!(observation.verdict, Verdict::NoTraffic { from }, "{told}");
}
