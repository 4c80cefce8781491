//! Several SAs of one Child, each for a worker of its own (RFC 9611).

use crate::config::*;
use crate::door::*;
use crate::forge::Forger;
use crossgate_model::operate::Operation;
use crossgate_model::spi::worker_of;
use crossgate_model::{EventKind, Initiation, Time};
use crossgate_wire::ike::{
    ExchangeType, Nonce, Notify, NotifyType, Payload, Proposal, ProtocolId, SaPayload, TsEntry,
};
use std::collections::BTreeMap;

const REKEY_CHILD: Operation = Operation::RekeyChild { tunnel: None };
const REKEY_IKE: Operation = Operation::RekeyIke { connection: None };
const CLEAR_CHILD: Operation = Operation::ClearChild { tunnel: None };

/// Ends with so many workers for "net"; without any where it is 0.
fn ends(a: u8, b: u8) -> World {
    with_workers(World::new(), a, b)
}

pub fn with_workers(mut world: World, a: u8, b: u8) -> World {
    for (who, count) in [(Who::A, a), (Who::B, b)] {
        if count > 0 {
            let workers = BTreeMap::from([("net".to_owned(), (1..=count).collect())]);
            world.end(who).engine.set_workers(workers);
        }
    }
    world
}

fn begin(world: &mut World, who: Who) {
    world.act(who, |engine, now| engine.acquire(now, "net"));
}

fn up(a: u8, b: u8) -> World {
    let mut world = ends(a, b);
    begin(&mut world, Who::A);
    world.run();
    world.in_step();
    world
}

/// The workers of its SAs, sorted.
fn workers(end: &End) -> Vec<u8> {
    let mut workers: Vec<u8> = end.installed.keys().map(|spi| worker_of(*spi)).collect();
    workers.sort_unstable();
    workers
}

fn each_has_one(world: &World, count: u8) {
    world.in_step();
    for end in [&world.a, &world.b] {
        assert_eq!(workers(end), (1..=count).collect::<Vec<_>>());
    }
}

fn spi_of(end: &End, worker: u8) -> u32 {
    let mut spis = end.installed.keys();
    *spis.find(|spi| worker_of(**spi) == worker).expect("its SA")
}

fn asked_by(world: &World, who: Who) -> usize {
    let asked = |flight: &&Flight| {
        let header = flight.header();
        flight.from == who
            && header.exchange == ExchangeType::CREATE_CHILD_SA
            && !header.flags.response()
    };
    world.sent.iter().filter(asked).count()
}

fn resource_info(payloads: &[Payload]) -> Option<&Notify> {
    payloads.iter().find_map(|payload| match payload {
        Payload::Notify(notify) if notify.kind == NotifyType::SA_RESOURCE_INFO => Some(notify),
        _ => None,
    })
}

#[test]
fn each_worker_gets_an_sa_of_its_own_with_the_same_selectors_and_suite() {
    let mut world = ends(3, 3);
    begin(&mut world, Who::A);
    world.deliver("a IKE_SA_INIT request 0");
    world.deliver("b IKE_SA_INIT answer 0");
    let (of_a, of_b) = (Forger::new(&world, Who::B), Forger::new(&world, Who::A));
    let asked = of_a.read(&world.wire[0]);
    let first = resource_info(&asked).expect("what we would have");
    assert_eq!((first.protocol, first.spi.len()), (ProtocolId::NONE, 0));
    assert!(first.data.is_empty(), "the first is for all");
    world.deliver("a IKE_AUTH request 1");
    assert!(resource_info(&of_b.read(&world.wire[0])).is_some());
    world.deliver("b IKE_AUTH answer 1");
    for (id, number) in [(2, 1), (3, 2)] {
        let asked = of_a.read(&world.wire[0]);
        assert_eq!(
            resource_info(&asked).expect("which").data,
            [0, 0, 0, number]
        );
        world.deliver(&format!("a CREATE_CHILD_SA request {id}"));
        assert!(resource_info(&of_b.read(&world.wire[0])).is_some());
        world.deliver(&format!("b CREATE_CHILD_SA answer {id}"));
    }
    assert!(world.wire.is_empty());
    each_has_one(&world, 3);
    let all = world.a.sas_of("net");
    let same = |one: &&&crossgate_model::ChildSa| {
        (one.encr, &one.local_selectors, &one.remote_selectors)
            == (
                all[0].encr,
                &all[0].local_selectors,
                &all[0].remote_selectors,
            )
    };
    assert_eq!(all.iter().filter(same).count(), 3);
    assert!(all[0].keys_in.encr != all[1].keys_in.encr);
    let shown = world.a.engine.connections(world.now);
    assert_eq!(shown[0].children[0].sas.len(), 3);
}

#[test]
fn a_peer_that_takes_no_more_is_not_asked_again() {
    for (a, b) in [(4, 2), (4, 3), (15, 2)] {
        let mut world = up(a, b);
        each_has_one(&world, b);
        let refused = world.a.event("peer-refused").to_string();
        assert!(refused.contains("TS_MAX_QUEUE"), "{refused}");
        assert!(matches!(
            world.b.event("limit-reached"),
            EventKind::LimitReached { limit, .. } if *limit == u32::from(b)
        ));
        let asked = asked_by(&world, Who::A);
        assert_eq!(asked, usize::from(b), "the last one was refused");
        world.seconds(1000);
        assert_eq!(asked_by(&world, Who::A), asked);
        assert_eq!(asked_by(&world, Who::B), 0);
        // Nor after a rekey.
        world.act(Who::A, |engine, now| engine.operate(now, &REKEY_CHILD));
        world.seconds(1000);
        each_has_one(&world, b);
        assert_eq!(asked_by(&world, Who::A), asked + usize::from(b));
    }
}

#[test]
fn who_has_fewer_workers_than_its_peer_asks_for_as_many_as_it_has() {
    let world = up(2, 5);
    each_has_one(&world, 2);
    assert!(!world.a.has("peer-refused"));
}

#[test]
fn a_peer_that_does_not_show_the_notify_is_asked_for_nothing() {
    for (a, b) in [(3, 0), (0, 3), (3, 1), (1, 3)] {
        let mut world = up(a, b);
        world.seconds(1000);
        assert_eq!(asked_by(&world, Who::A) + asked_by(&world, Who::B), 0);
        assert_eq!(world.a.installed.len(), 1);
    }
}

#[test]
fn each_is_rekeyed_for_the_same_worker_as_before() {
    for who in [Who::A, Who::B] {
        let mut world = up(3, 3);
        for _ in 0..3 {
            let before: Vec<u32> = world.a.installed.keys().copied().collect();
            world.act(who, |engine, now| engine.operate(now, &REKEY_CHILD));
            world.seconds(5);
            each_has_one(&world, 3);
            assert!(
                before
                    .iter()
                    .all(|spi| !world.a.installed.contains_key(spi))
            );
        }
        // By time, at both ends: some cross.
        for _ in 0..20 {
            world.seconds(900);
            world.seconds(10);
            each_has_one(&world, 3);
        }
        assert!(!world.a.has("child-sa-deleted") || world.a.has("child-sa-rekeyed"));
    }
}

#[test]
fn crossing_rekeys_of_all_leave_one_for_each_worker() {
    for seed in 0..8u8 {
        let mut world = up(3, 3);
        world
            .a
            .next_nonces(&[seed, 200 - seed, seed.wrapping_mul(77)]);
        world.act(Who::A, |engine, now| engine.operate(now, &REKEY_CHILD));
        world.act(Who::B, |engine, now| engine.operate(now, &REKEY_CHILD));
        world.seconds(5);
        each_has_one(&world, 3);
    }
}

#[test]
fn they_go_with_a_rekeyed_ike_sa() {
    let mut world = up(3, 3);
    world.act(Who::B, |engine, now| engine.operate(now, &REKEY_IKE));
    world.seconds(5);
    each_has_one(&world, 3);
    // Who asked for the first one goes on asking.
    let gone = spi_of(&world.b, 2);
    world.act(Who::B, |engine, now| engine.hard_expired(now, gone));
    world.seconds(10);
    each_has_one(&world, 3);
    assert!(!world.b.installed.contains_key(&gone));
}

#[test]
fn one_that_is_deleted_comes_back_and_the_others_stay() {
    for who in [Who::A, Who::B] {
        for worker in [1, 2, 3] {
            let mut world = up(3, 3);
            let gone = spi_of(world.end(who), worker);
            world.act(who, |engine, now| engine.hard_expired(now, gone));
            world.run();
            assert_eq!(world.end(who).installed.len(), 2, "{who:?} {worker}");
            world.in_step();
            if worker == 1 {
                // Traffic wants the one for all; either end may ask for it.
                begin(&mut world, who);
            }
            world.seconds(20);
            each_has_one(&world, 3);
        }
    }
}

#[test]
fn all_that_are_cleared_stay_away_until_traffic_wants_them() {
    let mut world = up(3, 3);
    world.act(Who::B, |engine, now| engine.operate(now, &CLEAR_CHILD));
    world.seconds(60);
    assert!(world.a.installed.is_empty());
    begin(&mut world, Who::B);
    world.seconds(20);
    each_has_one(&world, 3);
}

#[test]
fn ends_that_begin_at_once_settle_for_one_for_each_worker() {
    for turn in 0..12u8 {
        let world = World::with(|gateway| {
            first(gateway).initiation = given(Initiation::AtStart);
        });
        let mut world = with_workers(world, 3, 3);
        world.b.next_nonces(&[turn * 20]);
        for who in [Who::A, Who::B] {
            world.act(who, |engine, now| engine.start(now));
        }
        // Some messages of one end are late.
        for _ in 0..turn {
            if let Some(flight) = world.wire.pop_back() {
                world.wire.push_front(flight);
            }
            if let Some(flight) = world.wire.pop_front() {
                world.arrive(flight);
            }
        }
        world.seconds(60);
        each_has_one(&world, 3);
    }
}

#[test]
fn an_answer_that_is_lost_delays_and_a_dead_peer_ends_all() {
    let mut world = ends(3, 3);
    begin(&mut world, Who::A);
    while !world
        .wire
        .iter()
        .any(|f| f.what() == "b CREATE_CHILD_SA answer 2")
    {
        let flight = world.wire.pop_front().expect("something under way");
        world.arrive(flight);
    }
    world.lose("b CREATE_CHILD_SA answer 2");
    world.seconds(60);
    each_has_one(&world, 3);
    world.act(Who::A, |engine, now| engine.operate(now, &REKEY_IKE));
    world.seconds_cut_off(400);
    assert!(world.a.installed.is_empty());
}

#[test]
fn idle_ones_end_together_and_one_that_is_used_keeps_the_others() {
    let world = World::with(|gateway| {
        first(gateway).children[0].lifetime.idle = Some(given(seconds(100)));
    });
    let mut world = with_workers(world, 3, 3);
    begin(&mut world, Who::A);
    world.run();
    for _ in 0..5 {
        world.seconds(60);
        for who in [Who::A, Who::B] {
            let spi = spi_of(world.end(who), 2);
            world.act(who, |engine, now: Time| engine.traffic_seen(now, spi));
        }
    }
    each_has_one(&world, 3);
    world.seconds(200);
    assert!(world.a.installed.is_empty() && world.b.installed.is_empty());
}

/// A Child that the peer asks for again and again, with the notify.
fn ask_again(world: &mut World, forger: &mut Forger, id: u32) -> Vec<Payload> {
    let mut proposal = Proposal::new(1, ProtocolId::ESP);
    let sa = world.a.sas_of("net")[0].clone();
    let asked = world.sent.iter().rev().find_map(|flight| {
        let of_b = Forger::new(world, Who::B);
        let is_first = flight.what() == "a IKE_AUTH request 1";
        is_first.then(|| of_b.read(flight))
    });
    let mut payloads = Vec::new();
    for payload in asked.expect("the first request") {
        match payload {
            Payload::Sa(theirs) => proposal.transforms = theirs.proposals[0].transforms.clone(),
            ts @ (Payload::TsI(_) | Payload::TsR(_)) => payloads.push(ts),
            _ => {}
        }
    }
    proposal.spi = (sa.spi_in ^ (id << 16)).to_be_bytes().to_vec();
    let nonce = Nonce {
        data: vec![id as u8; 32],
    };
    let info = Notify::new(NotifyType::SA_RESOURCE_INFO);
    let front = [
        Payload::Sa(SaPayload::new(vec![proposal])),
        Payload::Nonce(nonce),
    ];
    let all = [&front[..], &payloads, &[Payload::Notify(info)]].concat();
    world.arrive(forger.message(ExchangeType::CREATE_CHILD_SA, id, false, &all));
    let answer = world.wire.pop_front().expect("an answer");
    Forger::new(world, Who::A).read(&answer)
}

#[test]
fn a_peer_that_asks_for_thousands_gets_as_many_as_there_are_workers() {
    for (count, expected) in [(3u8, 3usize), (0, 1)] {
        let mut world = up(0, count);
        let mut forger = Forger::new(&world, Who::A);
        for id in 2..200 {
            let answer = ask_again(&mut world, &mut forger, id);
            let refused = answer.iter().any(|payload| {
                matches!(payload, Payload::Notify(n) if n.kind == NotifyType::TS_MAX_QUEUE)
            });
            let has_room = (id as usize) < 1 + expected;
            assert_eq!(refused, !has_room, "{id} of {count}: {answer:?}");
        }
        assert_eq!(world.b.installed.len(), expected);
    }
}

/// What the data plane would drop at one worker, another would carry.
#[test]
fn an_answer_with_other_selectors_than_the_first_sa_s_is_not_taken() {
    let mut world = ends(2, 2);
    begin(&mut world, Who::A);
    let last = "a CREATE_CHILD_SA request 2";
    while !world.wire.iter().any(|flight| flight.what() == last) {
        let flight = world.wire.pop_front().expect("something under way");
        world.arrive(flight);
    }
    let mut forger = Forger::new(&world, Who::B);
    let request = world.take(last);
    let narrower = |payload: Payload| match payload {
        Payload::TsI(mut ts) => {
            if let TsEntry::Range(selector) = &mut ts.entries[0] {
                selector.end = selector.start;
            }
            Payload::TsI(ts)
        }
        other => other,
    };
    let answer: Vec<Payload> = forger.read(&request).into_iter().map(narrower).collect();
    world.arrive(forger.message(ExchangeType::CREATE_CHILD_SA, 2, true, &answer));
    assert_eq!(workers(&world.a), [1]);
    assert!(world.a.has("ts-unacceptable"), "{:?}", world.a.codes());
    world.lose_all();
}
