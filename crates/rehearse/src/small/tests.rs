//! Small worlds of the site-to-site example, whole and broken.

use super::*;
use crossgate_crypto::DhGroup;
use crossgate_diag::{Sources, Spanned};
use crossgate_ike::Fault;
use crossgate_model::Gateway;
use crossgate_model::plan::Plan;

const REKEY_CHILD: Operation = Operation::RekeyChild { tunnel: None };
const REKEY_IKE: Operation = Operation::RekeyIke { connection: None };

/// The example, with the fastest key exchange and nothing that happens by itself.
fn network() -> Network {
    network_with(|_| {})
}

fn network_with(change: fn(&mut [Gateway; 2])) -> Network {
    let mut sources = Sources::new();
    let branch = include_str!("../../../../examples/site-to-site/branch.cfg");
    let hq = include_str!("../../../../examples/site-to-site/hq.set");
    let (branch, hq) = (sources.add("branch", branch), sources.add("hq", hq));
    let branch = crossgate_ios::read(&mut sources, branch).unwrap().gateway;
    let hq = crossgate_panos::read(&mut sources, hq).unwrap().gateway;
    let mut pair = [branch, hq];
    for gateway in &mut pair {
        let connection = &mut gateway.connections[0];
        connection.liveness = None;
        connection.proposals[0].groups = vec![Spanned::default_of(DhGroup::X25519)];
        connection.children[0].pfs = None;
    }
    change(&mut pair);
    let plan = Plan::new(&pair[0], &pair[1]).unwrap();
    Network::of(&pair[0], &pair[1], &plan)
}

fn found(orders: &[(End, Operation)], bounds: Bounds, prepare: Prepare) -> Search {
    let found = search_with(&network(), orders, bounds, prepare).unwrap();
    println!(
        "{orders:?}: {} distinct states, at most {} steps deep{}",
        found.states,
        found.depth,
        if found.complete { "" } else { ", cut short" }
    );
    found
}

/// What the plain test run searches to the end: one loss, and a timer where only one end rekeys.
/// `CROSSGATE_SMALL_WORLDS=2,3,1,100000` goes further: losses, timers, packets from each end, and
/// states at most.
fn bounds(orders: usize) -> Bounds {
    let wanted = std::env::var("CROSSGATE_SMALL_WORLDS").ok();
    let numbers = wanted.map(|text| {
        let numbers = text.split(',').map(|n| n.parse().expect("a number"));
        numbers.collect::<Vec<usize>>()
    });
    let ticks = usize::from(orders == 1);
    let numbers = numbers.unwrap_or(vec![1, ticks, 0, 5_000]);
    let [losses, ticks, packets, states] = numbers[..] else {
        panic!("CROSSGATE_SMALL_WORLDS has four numbers");
    };
    Bounds {
        losses,
        ticks,
        packets,
        states,
    }
}

#[track_caller]
fn holds(orders: &[(End, Operation)]) {
    let found = found(orders, bounds(orders.len()), |_| {});
    if let Some(wrong) = found.wrong {
        panic!("{wrong}");
    }
    let asked = std::env::var_os("CROSSGATE_SMALL_WORLDS").is_some();
    assert!(found.complete || asked, "not all states were visited");
}

#[test]
fn a_child_rekey_survives_every_order_and_loss() {
    holds(&[(End::First, REKEY_CHILD)]);
}

#[test]
fn an_ike_rekey_survives_every_order_and_loss() {
    holds(&[(End::Second, REKEY_IKE)]);
}

#[test]
fn child_rekeys_from_both_ends_survive_every_order_and_loss() {
    holds(&[(End::First, REKEY_CHILD), (End::Second, REKEY_CHILD)]);
}

#[test]
fn ike_rekeys_from_both_ends_survive_every_order_and_loss() {
    holds(&[(End::First, REKEY_IKE), (End::Second, REKEY_IKE)]);
}

#[test]
fn a_child_rekey_that_meets_an_ike_rekey_survives_every_order_and_loss() {
    holds(&[(End::First, REKEY_CHILD), (End::Second, REKEY_IKE)]);
}

#[track_caller]
fn is_found(orders: &[(End, Operation)], prepare: Prepare, what: &str) {
    is_found_in(&network(), orders, prepare, what);
}

#[track_caller]
fn is_found_in(network: &Network, orders: &[(End, Operation)], prepare: Prepare, what: &str) {
    let bounds = Bounds {
        losses: 1,
        ticks: 2,
        packets: 1,
        states: 500,
    };
    let found = search_with(network, orders, bounds, prepare).unwrap();
    let wrong = found.wrong.expect("the planted fault is found");
    println!("{wrong}");
    assert!(wrong.what.contains(what), "{wrong}");
}

#[test]
fn a_wrong_loser_of_a_collision_is_found() {
    is_found(
        &[(End::First, REKEY_CHILD), (End::Second, REKEY_CHILD)],
        |node| node.plant(Fault::WrongLoser),
        "2 Child SAs are there, 1 are wanted",
    );
}

#[test]
fn sending_before_the_peer_can_receive_is_found() {
    is_found(
        &[(End::First, REKEY_CHILD)],
        |node| node.plant(Fault::EarlyOutbound),
        "a packet is dropped: in-unknown-spi",
    );
}

#[test]
fn an_old_sa_that_is_never_deleted_is_found() {
    is_found(
        &[(End::First, REKEY_CHILD)],
        |node| node.plant(Fault::NoDelete),
        "2 Child SAs are there, 1 are wanted",
    );
}

/// The branch offers a group first that the peer does not take: nothing ever comes up.
#[test]
fn a_wish_for_another_group_that_is_not_heeded_is_found() {
    let network = network_with(|[branch, _]| {
        let groups = [DhGroup::Ecp19, DhGroup::X25519].map(Spanned::default_of);
        branch.connections[0].proposals[0].groups = groups.to_vec();
    });
    let prepare: Prepare = |node| node.plant(Fault::NoRetryOnInvalidKe);
    is_found_in(
        &network,
        &[],
        prepare,
        "0 Child SAs are there, 1 are wanted",
    );
}

#[test]
fn an_iv_that_comes_again_is_found() {
    is_found(&[], Node::repeat_ivs, "IV");
}
