//! What a peer or an address may make us hold, and how long it may put us off.

use crate::config::*;
use crate::door::*;
use crate::forge::Forger;
use crate::hostile::with_cookie;
use crossgate_model::RemoteEnd;
use crossgate_model::event::{DeleteReason, EventKind, Exchange, Side};
use crossgate_model::operate::Operation;
use crossgate_wire::ike::{ExchangeType, NotifyType, Payload, PayloadType, UnknownPayload};

const REKEY_IKE: Operation = Operation::RekeyIke { connection: None };
const REKEY_CHILD: Operation = Operation::RekeyChild { tunnel: None };

/// Initiators with SPIs of their own, all from the same address.
fn arrive_from(world: &mut World, request: &Flight, turns: std::ops::Range<u8>, honest: bool) {
    for turn in turns {
        let mut another = request.clone();
        (another.payload[0], another.payload[1]) = (turn, 77);
        world.arrive(another.clone());
        let answer = world.wire.pop_front();
        let with_cookie = answer.and_then(|answer| with_cookie(another, &answer));
        if let Some(again) = with_cookie.filter(|_| honest) {
            world.arrive(again);
        }
        world.lose_all();
    }
}

#[test]
fn one_address_holds_a_share_of_the_half_open_ike_sas_and_leaves_room_for_others() {
    let mut b = gateway_b();
    first(&mut b).remote = RemoteEnd::Any;
    let mut world = World::of(gateway_a(), b);
    world.act(Who::A, |engine, now| engine.acquire(now, "net"));
    let request = world.take("a IKE_SA_INIT request 0");
    arrive_from(&mut world, &request, 0..65, true);
    assert_eq!(world.b.ike_states(world.now).len(), 64);
    assert_eq!(world.b.counter("dropped-at-limit"), 1);
    assert_eq!(
        world.b.counter("cookie-required"),
        10,
        "told ten times a second"
    );
    let mut neighbour = request;
    neighbour.local.set_ip("192.0.2.200".parse().unwrap());
    world.arrive(neighbour);
    assert_eq!(world.b.ike_states(world.now).len(), 65);
}

#[test]
fn whoever_only_pretends_to_be_the_peer_does_not_keep_the_peer_out() {
    let mut world = World::new();
    world.act(Who::A, |engine, now| engine.acquire(now, "net"));
    let request = world.take("a IKE_SA_INIT request 0");
    arrive_from(&mut world, &request, 0..200, false);
    assert_eq!(
        world.b.ike_states(world.now).len(),
        16,
        "then cookies are asked for"
    );
    assert_eq!(world.b.counter("dropped-at-limit"), 0);
    world.arrive(request);
    world.run();
    assert!(world.b.has("ike-sa-established"), "{:?}", world.b.codes());
}

#[test]
fn a_peer_that_rekeys_its_ike_sa_again_and_again_without_deleting_keeps_a_few() {
    let mut world = World::up();
    for _ in 0..12 {
        world.act(Who::B, |engine, now| engine.operate(now, &REKEY_IKE));
        world.deliver("b CREATE_CHILD_SA request 0");
        world.deliver("a CREATE_CHILD_SA answer 0");
        world.lose_all();
    }
    assert_eq!(world.a.counter("replaced-ike-sas-bounded"), 8);
    assert_eq!(world.a.installed.len(), 1, "the Child is with the newest");
    world.seconds(400);
    world.is_up_once(&["net"]);
}

#[test]
fn a_peer_that_puts_a_rekey_off_for_minutes_loses_the_ike_sa() {
    let mut world = World::up();
    let mut forger = Forger::new(&world, Who::B);
    let mut id = 2;
    world.act(Who::A, |engine, now| engine.operate(now, &REKEY_CHILD));
    let busy = [crossgate_wire::ike::Notify::new(
        NotifyType::TEMPORARY_FAILURE,
    )];
    let busy = busy.map(Payload::Notify);
    let began = world.now;
    while !world.a.has("ike-sa-deleted") {
        let asked = format!("a CREATE_CHILD_SA request {id}");
        if world.wire.iter().any(|flight| flight.what() == asked) {
            world.lose_all();
            world.arrive(forger.message(ExchangeType::CREATE_CHILD_SA, id, true, &busy));
            id += 1;
        }
        world.pass_with(seconds(1), |_| {});
        assert!(world.now.since(began) < seconds(300), "asked {id} times");
    }
    assert!(world.now.since(began) >= seconds(180));
    let refused = world.a.event("peer-refused");
    assert!(
        matches!(
            refused,
            EventKind::PeerRefused {
                exchange: Exchange::CreateChildSa,
                ..
            }
        ),
        "{refused:?}"
    );
    let deleted = EventKind::IkeDeleted {
        by: Side::Us,
        reason: DeleteReason::Failed,
    };
    assert_eq!(world.a.event("ike-sa-deleted"), &deleted);
}

#[test]
fn an_answer_with_a_critical_payload_that_we_do_not_know_ends_the_ike_sa() {
    let mut world = World::up();
    world.act(Who::A, |engine, now| engine.operate(now, &REKEY_CHILD));
    world.lose("a CREATE_CHILD_SA request 2");
    let mut forger = Forger::new(&world, Who::B);
    let unknown = Payload::Unknown(UnknownPayload {
        kind: PayloadType(200),
        critical: true,
        body: vec![1, 2, 3],
    });
    world.arrive(forger.message(ExchangeType::CREATE_CHILD_SA, 2, true, &[unknown]));
    let rejected = world.a.event("message-rejected").to_string();
    assert!(
        rejected.contains("critical payload of unknown type"),
        "{rejected}"
    );
    assert!(world.a.has("ike-sa-deleted"));
    assert!(world.a.installed.is_empty());
}
