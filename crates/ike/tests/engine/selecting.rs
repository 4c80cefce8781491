//! Traffic selectors through whole exchanges: which configured Child an offer is for.

use crate::config::*;
use crate::door::*;
use crossgate_diag::Certainty;
use crossgate_model::behaviour::ResponderSelectors;
use crossgate_model::event::Side;
use crossgate_model::{Claim, EventKind, Gateway};

fn manner(gateway: &mut Gateway, manner: ResponderSelectors) {
    for child in &mut first(gateway).children {
        child.responder_selectors = Claim::new(manner, Certainty::Doc, "test");
    }
}

fn wide(gateway: &mut Gateway) {
    first(gateway).children[0].selectors = given(pair("0.0.0.0/0", "0.0.0.0/0"));
}

fn attempt(a: Gateway, b: Gateway) -> World {
    let mut world = World::of(a, b);
    world.act(Who::A, |engine, now| engine.acquire(now, "net"));
    world.run();
    world
}

/// An IOS VTI without an ACL starts: the responder takes its own selectors out of any–any.
#[test]
fn any_to_any_is_narrowed_to_what_the_responder_has() {
    for how in [
        ResponderSelectors::Narrow,
        ResponderSelectors::MustCoverConfigured,
    ] {
        let (mut a, mut b) = (gateway_a(), gateway_b());
        wide(&mut a);
        manner(&mut b, how);
        let world = attempt(a, b);
        world.is_up_once(&["net"]);
        let sa = world.a.sas_of("net")[0];
        assert_eq!(sa.local_selectors, [net("10.1.0.0/16")]);
        assert_eq!(sa.remote_selectors, [net("10.2.0.0/16")]);
        assert!(world.a.has("selectors-narrowed"));
    }
}

/// PAN-OS starts with its proxy ID towards a VTI: refused where the vendor wants any–any covered.
#[test]
fn specific_selectors_are_refused_by_a_responder_that_must_be_covered() {
    let (a, mut b) = (gateway_a(), gateway_b());
    wide(&mut b);
    manner(&mut b, ResponderSelectors::MustCoverConfigured);
    let world = attempt(a, b);
    let refused = EventKind::TsUnacceptable {
        refused_by: Side::Us,
        received: "10.2.0.0/16 <-> 10.1.0.0/16".into(),
        expected: "0.0.0.0/0 <-> 0.0.0.0/0".into(),
    };
    assert_eq!(world.b.event("ts-unacceptable"), &refused);
}

#[test]
fn an_initiator_that_takes_no_narrower_answer_deletes_the_child_with_the_peer() {
    let (mut a, b) = (gateway_a(), gateway_b());
    wide(&mut a);
    a.behaviour.accepts_narrowed_answer = Claim::new(false, Certainty::Undocumented, "test");
    let world = attempt(a, b);
    let refused = EventKind::TsUnacceptable {
        refused_by: Side::Us,
        received: "10.1.0.0/16 <-> 10.2.0.0/16".into(),
        expected: "0.0.0.0/0 <-> 0.0.0.0/0".into(),
    };
    assert_eq!(world.a.event("ts-unacceptable"), &refused);
    world.is_up_once(&[]);
    assert!(world.b.has("child-sa-deleted"), "B had installed it");
}

#[test]
fn the_child_that_fits_exactly_is_chosen_before_wider_ones() {
    let (mut a, mut b) = (gateway_a(), gateway_b());
    three_children(&mut a);
    three_children(&mut b);
    wide(&mut b);
    let mut world = World::of(a, b);
    for name in ["net2", "net3"] {
        world.act(Who::A, |engine, now| engine.acquire(now, name));
        world.run();
    }
    world.is_up_once(&["net2", "net3"]);
}

#[test]
fn between_equals_a_child_without_an_sa_is_chosen() {
    let (mut a, mut b) = (gateway_a(), gateway_b());
    wide(&mut a);
    let mut second = first(&mut a).children[0].clone();
    second.name = given("second".to_owned());
    first(&mut a).children.push(second);
    three_children(&mut b);
    let mut world = World::of(a, b);
    world.act(Who::A, |engine, now| engine.acquire(now, "net"));
    world.run();
    world.act(Who::A, |engine, now| engine.acquire(now, "second"));
    world.run();
    let of_b: Vec<&str> = world
        .b
        .installed
        .values()
        .map(|sa| sa.child.as_str())
        .collect();
    assert_eq!(of_b.len(), 2);
    assert_ne!(of_b[0], of_b[1]);
}

#[test]
fn a_disabled_child_is_not_chosen() {
    let (a, mut b) = (gateway_a(), gateway_b());
    first(&mut b).children[0].enabled = given(false);
    let world = attempt(a, b);
    let EventKind::TsUnacceptable { expected, .. } = world.b.event("ts-unacceptable") else {
        panic!("another event");
    };
    assert_eq!(expected, "nothing");
}

#[test]
fn protocols_and_ports_are_agreed_too() {
    let (mut a, mut b) = (gateway_a(), gateway_b());
    let only = |gateway: &mut Gateway, local: bool| {
        let pair = &mut first(gateway).children[0].selectors.value;
        pair.local = pair
            .local
            .only(6, if local { 443..=443 } else { 0..=u16::MAX });
        pair.remote = pair
            .remote
            .only(6, if local { 0..=u16::MAX } else { 443..=443 });
    };
    only(&mut a, false);
    only(&mut b, true);
    let world = attempt(a, b);
    world.is_up_once(&["net"]);
    let remote = world.a.sas_of("net")[0].remote_selectors[0];
    assert_eq!(remote.to_string(), "10.2.0.0/16 protocol 6 port 443");
}
