//! The search finds gateways that are broken on purpose.

use super::*;
use crate::node::Node;
use crossgate_crypto::DhGroup;
use crossgate_diag::{Sources, Spanned};
use crossgate_ike::Fault;
use crossgate_model::Gateway;
use crossgate_model::plan::Plan;
use std::sync::Arc;

/// The site-to-site example, hurried, with that flaw at both ends.
fn flawed(flaw: fn(&mut Node)) -> Network {
    let mut sources = Sources::new();
    let branch = include_str!("../../../../examples/site-to-site/branch.cfg");
    let hq = include_str!("../../../../examples/site-to-site/hq.set");
    let (branch, hq) = (sources.add("branch", branch), sources.add("hq", hq));
    let branch = crossgate_ios::read(&mut sources, branch).unwrap().gateway;
    let hq = crossgate_panos::read(&mut sources, hq).unwrap().gateway;
    let plan = Plan::new(&branch, &hq).unwrap();
    let mut network = Network::of(&branch, &hq, &plan).hurried();
    network.flaw = Some(flaw);
    network
}

/// The first seed that shows it, which is below `within`; and what a few disturbances show of it.
#[track_caller]
fn is_found(network: &Network, within: u64, name: &str) {
    let fails = |bytes: &[u8]| run(network, bytes, Detail::EVENTS).0.violates(name);
    let mut seeds = (0..within).map(|seed| (seed, Pace::Minutes.bytes_of(seed)));
    let Some((seed, bytes)) = seeds.find(|(_, bytes)| fails(bytes)) else {
        panic!("{within} seeds violate no {name}");
    };
    let small = shrink_by(&bytes, fails);
    let records = (small.len() - HEAD).div_ceil(RECORD);
    println!("{name}: by seed {seed}, and with {records} disturbances");
    assert!(records <= 2, "{:?}", Scenario::from_bytes(&small));
    assert!(run(network, &small, Detail::EVENTS).0.violates(name));
}

#[test]
fn without_a_flaw_the_same_seeds_show_nothing() {
    let sound = flawed(|_| {});
    for seed in 0..40 {
        let (outcome, _) = run(&sound, &Pace::Minutes.bytes_of(seed), Detail::EVENTS);
        assert_eq!(outcome.violations, [], "seed {seed}");
    }
}

/// The branch offers a group first that the peer takes none of.
#[test]
fn a_wish_for_another_group_that_is_not_heeded_is_found() {
    let mut network = flawed(|node| node.plant(Fault::NoRetryOnInvalidKe));
    let groups = [DhGroup::Ecp19, DhGroup::X25519].map(Spanned::default_of);
    let gateway: &mut Gateway = Arc::make_mut(&mut network.gateways[0].gateway);
    gateway.connections[0].proposals[0].groups = groups.to_vec();
    is_found(&network, 20, "serves-again");
}

#[test]
fn an_iv_that_comes_again_is_found() {
    is_found(&flawed(Node::repeat_ivs), 20, "iv-never-reused");
}

/// Both ends order a rekey of the same SA now and then.
#[test]
fn a_wrong_loser_of_a_collision_is_found() {
    let network = flawed(|node| node.plant(Fault::WrongLoser));
    is_found(&network, 100, "child-settled");
}

/// A packet must leave while the answer to a rekey is under way.
#[test]
fn sending_before_the_peer_can_receive_is_found() {
    let network = flawed(|node| node.plant(Fault::EarlyOutbound));
    is_found(&network, 200, "peer-can-receive");
}

#[test]
fn an_old_sa_that_is_never_deleted_is_found() {
    let network = flawed(|node| node.plant(Fault::NoDelete));
    is_found(&network, 20, "child-settled");
}
