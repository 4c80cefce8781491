//! A new configuration while tunnels are up.

use crate::config::*;
use crate::door::*;
use crossgate_model::event::{DeleteReason, Side};
use crossgate_model::{EventKind, Gateway, Identity, IdentityMatch, Initiation};
use std::sync::Arc;

fn reload(world: &mut World, who: Who, gateway: Gateway) {
    world.act(who, |engine, now| {
        engine.reconfigure(now, Arc::new(gateway))
    });
    world.run();
}

fn with_three(mut gateway: Gateway) -> Gateway {
    three_children(&mut gateway);
    first(&mut gateway).initiation = given(Initiation::AtStart);
    gateway
}

fn three_up() -> World {
    let mut b = with_three(gateway_b());
    first(&mut b).initiation = given(Initiation::OnTraffic);
    let mut world = World::of(with_three(gateway_a()), b);
    world.act(Who::A, |engine, now| engine.start(now));
    world.run();
    world.is_up_once(&["net", "net2", "net3"]);
    world.forget();
    world
}

#[test]
fn the_same_configuration_again_touches_nothing() {
    let mut world = three_up();
    reload(&mut world, Who::A, with_three(gateway_a()));
    world.seconds(60);
    assert_eq!(world.a.codes(), [] as [&str; 0]);
    assert!(world.sent.is_empty());
    world.is_up_once(&["net", "net2", "net3"]);
}

#[test]
fn only_the_changed_child_goes_and_comes_back() {
    let mut world = three_up();
    let kept = world.a.sas_of("net")[0].spi_in;
    let mut changed = with_three(gateway_a());
    first(&mut changed).children[1].lifetime.time = given(seconds(600));
    reload(&mut world, Who::A, changed);
    let deleted = world.a.event("child-sa-deleted").clone();
    let reason = DeleteReason::Reconfigured;
    assert!(
        matches!(deleted, EventKind::ChildDeleted { by: Side::Us, reason: r, .. } if r == reason)
    );
    world.seconds(10);
    world.is_up_once(&["net", "net2", "net3"]);
    assert_eq!(world.a.sas_of("net")[0].spi_in, kept);
    assert_eq!(world.a.sas_of("net2")[0].hard_lifetime, seconds(600));
}

#[test]
fn a_removed_child_goes_and_a_new_one_comes() {
    let mut world = three_up();
    let mut changed = with_three(gateway_a());
    first(&mut changed).children.remove(0);
    reload(&mut world, Who::A, changed);
    world.seconds(10);
    world.is_up_once(&["net2", "net3"]);
    reload(&mut world, Who::A, with_three(gateway_a()));
    world.seconds(10);
    world.is_up_once(&["net", "net2", "net3"]);
}

#[test]
fn another_key_ends_the_ike_sa_and_begins_anew() {
    let mut world = three_up();
    let mut changed = with_three(gateway_a());
    first(&mut changed).local_auth = given(psk(b"new"));
    first(&mut changed).remote_auth = given(psk(b"new"));
    reload(&mut world, Who::A, changed);
    let gone = EventKind::IkeDeleted {
        by: Side::Us,
        reason: DeleteReason::Reconfigured,
    };
    assert_eq!(world.a.event("ike-sa-deleted"), &gone);
    world.seconds(5);
    assert!(
        world.b.has("authentication-failed"),
        "B still has the old key"
    );
    let mut changed = with_three(gateway_b());
    first(&mut changed).local_auth = given(psk(b"new"));
    first(&mut changed).remote_auth = given(psk(b"new"));
    first(&mut changed).initiation = given(Initiation::OnTraffic);
    reload(&mut world, Who::B, changed);
    world.seconds(60);
    world.is_up_once(&["net", "net2", "net3"]);
}

#[test]
fn a_removed_connection_goes_with_its_sas() {
    let mut world = three_up();
    let mut empty = gateway_a();
    empty.connections.clear();
    reload(&mut world, Who::A, empty);
    world.seconds(60);
    world.is_down();
}

#[test]
fn a_disabled_connection_goes_and_stays_away() {
    let mut world = three_up();
    let mut disabled = with_three(gateway_a());
    first(&mut disabled).enabled = given(false);
    reload(&mut world, Who::A, disabled);
    world.seconds(60);
    world.is_down();
    assert!(!world.a.has("ike-sa-started"));
}

#[test]
fn other_connections_are_untouched_by_a_change_of_one() {
    let mut world = three_up();
    let mut changed = with_three(gateway_a());
    let mut other = changed.connections[0].clone();
    other.name = given("other".to_owned());
    other.remote = crossgate_model::RemoteEnd::Address(given("203.0.113.77".parse().unwrap()));
    other.initiation = given(Initiation::Never);
    for child in &mut other.children {
        child.name.value.insert_str(0, "other-");
    }
    changed.connections.insert(0, other);
    reload(&mut world, Who::A, changed);
    world.seconds(60);
    assert_eq!(world.a.codes(), [] as [&str; 0]);
    let views = world.a.engine.connections(world.now);
    assert_eq!((views[0].ike_sas.len(), views[1].ike_sas.len()), (0, 1));
    world.in_step();
}

/// The peer has not said yet which of two connections it is for, when the reload takes one away.
#[test]
fn nobody_authenticates_for_a_connection_that_went_while_the_ike_sa_was_half_open() {
    let mut without = gateway_b();
    let somebody = Identity::Address("203.0.113.9".parse().unwrap());
    let mut withdrawn = without.connections[0].clone();
    withdrawn.name = given("withdrawn".to_owned());
    withdrawn.children[0].name = given("withdrawn-net".to_owned());
    first(&mut without).remote_identities = vec![given(IdentityMatch::Exactly(somebody))];
    let mut with = without.clone();
    with.connections.push(withdrawn);
    for (after, is_up) in [(with.clone(), true), (without, false)] {
        let mut world = World::of(gateway_a(), with.clone());
        world.act(Who::A, |engine, now| engine.acquire(now, "net"));
        world.deliver("a IKE_SA_INIT request 0");
        world.deliver("b IKE_SA_INIT answer 0");
        reload(&mut world, Who::B, after);
        assert_eq!(world.b.has("ike-sa-established"), is_up);
    }
}
