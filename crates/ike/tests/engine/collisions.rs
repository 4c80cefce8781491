//! Both ends do something to the same SA at once (RFC 7296 §2.8.1, §2.8.2, §2.25). Nonces are given,
//! and messages are delivered one by one: nothing here is a race.

use crate::config::*;
use crate::door::*;
use crate::forge::Forger;
use crossgate_model::event::{DeleteReason, Side};
use crossgate_model::operate::{Operation, Which};
use crossgate_model::{EventKind, Initiation};
use crossgate_wire::ike::{ExchangeType, PayloadType};

const LOW: u8 = 1;
const HIGH: u8 = 200;

fn rekey_child(engine: &mut crossgate_ike::Engine, now: crossgate_model::Time) {
    engine.operate(now, &Operation::RekeyChild { tunnel: None });
}

fn rekey_ike(engine: &mut crossgate_ike::Engine, now: crossgate_model::Time) {
    engine.operate(now, &Operation::RekeyIke { connection: None });
}

fn clear_child(engine: &mut crossgate_ike::Engine, now: crossgate_model::Time) {
    engine.operate(now, &Operation::ClearChild { tunnel: None });
}

fn clear_ike(engine: &mut crossgate_ike::Engine, now: crossgate_model::Time) {
    engine.operate(now, &Operation::ClearIke { which: Which::All });
}

/// Both ask to rekey; each nonce of A's exchange, then of B's, begins with these octets.
fn both(
    world: &mut World,
    act: fn(&mut crossgate_ike::Engine, crossgate_model::Time),
    a: [u8; 2],
    b: [u8; 2],
) {
    // Each end draws its own request's nonce first, then the one of its answer.
    world.a.next_nonces(&[a[0], b[1]]);
    world.b.next_nonces(&[b[0], a[1]]);
    world.act(Who::A, act);
    world.act(Who::B, act);
}

fn survivor(world: &World) -> [Side; 2] {
    [&world.a, &world.b].map(|end| match end.event("collision-resolved") {
        EventKind::CollisionResolved { survivor } => *survivor,
        _ => unreachable!(),
    })
}

/// ```text
///   A                          B
///   req1: REKEY_SA    -->  <-- req2: REKEY_SA
///                     <--  --> resp1, resp2
///   D(old) or D(new1) -->  <-- D(new2) or D(old)
/// ```
#[test]
fn child_rekeys_cross_and_the_lowest_of_the_four_nonces_loses() {
    for (a, b, who_stays) in [
        ([HIGH, HIGH], [HIGH, LOW], Who::A),
        ([HIGH, HIGH], [LOW, HIGH], Who::A),
        ([LOW, HIGH], [HIGH, HIGH], Who::B),
        ([HIGH, LOW], [HIGH, HIGH], Who::B),
    ] {
        let mut world = World::up();
        both(&mut world, rekey_child, a, b);
        world.deliver("a CREATE_CHILD_SA request 2");
        world.deliver("b CREATE_CHILD_SA request 0");
        world.deliver("a CREATE_CHILD_SA answer 0");
        world.deliver("b CREATE_CHILD_SA answer 2");
        // The old one and the winner; who asked for the other one doesn't send on it any more.
        let left = [&world.a, &world.b].map(|end| end.installed.len());
        let expected = match who_stays {
            Who::A => [3, 2],
            Who::B => [2, 3],
        };
        assert_eq!(left, expected);
        let expected = match who_stays {
            Who::A => [Side::Us, Side::Peer],
            Who::B => [Side::Peer, Side::Us],
        };
        assert_eq!(survivor(&world), expected);
        // Redundant SAs are removed after the loser is known: one delete by each.
        world.run();
        assert_eq!(world.sent.len(), 8, "{:?}", world.sent);
        world.seconds(2);
        world.is_up_once(&["net"]);
        let stays = world.a.sas_of("net")[0];
        let by_a = stays.role == crossgate_model::view::Role::Initiator;
        assert_eq!(by_a, who_stays == Who::A);
    }
}

#[test]
fn child_rekeys_cross_and_one_answer_is_lost() {
    for lost in ["a CREATE_CHILD_SA answer 0", "b CREATE_CHILD_SA answer 2"] {
        let mut world = World::up();
        both(&mut world, rekey_child, [LOW, HIGH], [HIGH, HIGH]);
        world.deliver("a CREATE_CHILD_SA request 2");
        world.deliver("b CREATE_CHILD_SA request 0");
        world.lose(lost);
        world.run();
        world.seconds(5);
        world.is_up_once(&["net"]);
        assert_eq!(survivor(&world), [Side::Peer, Side::Us]);
    }
}

/// A's request is late: B has finished its own rekey when it arrives.
#[test]
fn a_child_rekey_that_comes_after_the_peers_own_was_finished_finds_no_sa_and_nothing_is_lost() {
    let mut world = World::up();
    both(&mut world, rekey_child, [HIGH, HIGH], [LOW, HIGH]);
    let late = world.take("a CREATE_CHILD_SA request 2");
    world.run();
    assert_eq!(
        world.a.installed.len(),
        1,
        "B's new one; B deleted the old one"
    );
    world.arrive(late);
    world.run();
    assert!(
        !world.a.has("collision-resolved"),
        "only A could know of a collision"
    );
    world.seconds(5);
    world.is_up_once(&["net"]);
}

/// B deletes the old SA before it hears of A's rekey of it.
#[test]
fn a_child_rekey_of_an_sa_that_the_peer_is_deleting_is_refused_for_now() {
    let mut world = World::up();
    world.act(Who::A, rekey_child);
    world.act(Who::B, clear_child);
    world.deliver("a CREATE_CHILD_SA request 2");
    world.deliver("b CREATE_CHILD_SA answer 2");
    assert!(!world.a.has("child-sa-rekeyed"));
    world.run();
    world.seconds(10);
    world.is_up_once(&[]);
    assert_eq!(
        world.a.event("child-sa-deleted"),
        &EventKind::ChildDeleted {
            by: Side::Peer,
            spi_in: world.a.removed[0],
            reason: DeleteReason::ByPeer,
        }
    );
}

/// The Delete overtakes the rekey's answer, or comes before the request was seen.
#[test]
fn a_child_rekey_crosses_with_a_delete_in_every_order() {
    for order in [
        ["b INFORMATIONAL request 0", "a CREATE_CHILD_SA request 2"],
        ["a CREATE_CHILD_SA request 2", "b INFORMATIONAL request 0"],
    ] {
        let mut world = World::up();
        world.act(Who::A, rekey_child);
        world.act(Who::B, clear_child);
        for what in order {
            world.deliver(what);
        }
        world.run();
        world.seconds(40);
        world.in_step();
        assert_eq!(world.a.ike_states(world.now).len(), 1);
    }
}

#[test]
fn a_child_rekey_while_the_ike_sa_is_rekeyed_is_put_off_and_then_done() {
    let mut world = World::up();
    world.act(Who::A, rekey_ike);
    world.act(Who::B, rekey_child);
    world.deliver("b CREATE_CHILD_SA request 0");
    world.deliver("a CREATE_CHILD_SA answer 0");
    assert!(!world.b.has("child-sa-rekeyed"), "TEMPORARY_FAILURE");
    world.run();
    world.seconds(15);
    assert!(world.b.has("child-sa-rekeyed"), "on the new IKE SA");
    assert!(world.a.has("ike-sa-rekeyed"));
    world.is_up_once(&["net"]);
}

#[test]
fn an_ike_rekey_with_a_child_rekey_outstanding_is_put_off_and_then_done() {
    let mut world = World::up();
    world.act(Who::A, rekey_ike);
    world.act(Who::B, rekey_child);
    world.deliver("a CREATE_CHILD_SA request 2");
    world.deliver("b CREATE_CHILD_SA answer 2");
    assert!(!world.a.has("ike-sa-rekeyed"), "TEMPORARY_FAILURE");
    world.run();
    world.seconds(20);
    assert_eq!(world.a.count("ike-sa-rekeyed"), 1);
    assert!(world.b.has("child-sa-rekeyed"));
    world.is_up_once(&["net"]);
}

#[test]
fn ike_rekeys_cross_and_the_lowest_of_the_four_nonces_loses() {
    for (a, b, who_stays) in [
        ([HIGH, HIGH], [LOW, HIGH], Who::A),
        ([HIGH, HIGH], [HIGH, LOW], Who::A),
        ([LOW, HIGH], [HIGH, HIGH], Who::B),
        ([HIGH, LOW], [HIGH, HIGH], Who::B),
    ] {
        let mut world = World::up();
        both(&mut world, rekey_ike, a, b);
        world.deliver("a CREATE_CHILD_SA request 2");
        world.deliver("b CREATE_CHILD_SA request 0");
        world.deliver("a CREATE_CHILD_SA answer 0");
        world.deliver("b CREATE_CHILD_SA answer 2");
        let expected = match who_stays {
            Who::A => [Side::Us, Side::Peer],
            Who::B => [Side::Peer, Side::Us],
        };
        assert_eq!(survivor(&world), expected);
        world.run();
        world.seconds(15);
        world.is_up_once(&["net"]);
        // The survivor works: its Children can be rekeyed from both ends.
        for who in [Who::A, Who::B] {
            world.act(who, rekey_child);
            world.seconds(2);
            world.is_up_once(&["net"]);
        }
        let role = world.a.engine.connections(world.now)[0].ike_sas[0].role;
        assert_eq!(
            role == crossgate_model::view::Role::Initiator,
            who_stays == Who::A
        );
    }
}

#[test]
fn ike_rekeys_cross_and_one_answer_is_lost() {
    for lost in ["a CREATE_CHILD_SA answer 0", "b CREATE_CHILD_SA answer 2"] {
        for (a, b) in [([LOW, HIGH], [HIGH, HIGH]), ([HIGH, HIGH], [LOW, HIGH])] {
            let mut world = World::up();
            both(&mut world, rekey_ike, a, b);
            world.deliver("a CREATE_CHILD_SA request 2");
            world.deliver("b CREATE_CHILD_SA request 0");
            world.lose(lost);
            world.run();
            // What the end without the answer never knew of, the other one deletes after a while.
            world.seconds(400);
            world.is_up_once(&["net"]);
        }
    }
}

/// A's own half ends with an answer that can't be read: the peer's half is then an SA like any.
#[test]
fn an_unreadable_answer_in_an_ike_rekey_collision_leaves_the_peers_half() {
    let mut world = World::up();
    let mut forger = Forger::new(&world, Who::B);
    both(&mut world, rekey_ike, [HIGH, HIGH], [HIGH, HIGH]);
    world.lose("a CREATE_CHILD_SA request 2");
    world.deliver("b CREATE_CHILD_SA request 0");
    let (exchange, first) = (ExchangeType::CREATE_CHILD_SA, PayloadType::NOTIFY);
    let flight = forger.octets(exchange, 2, true, first, &[0, 0, 0, 99, 1]);
    world.arrive(flight);
    world.run();
    assert_eq!(
        world.a.installed.len(),
        1,
        "the Child is with the peer's half"
    );
    world.act(Who::B, clear_ike);
    world.run();
    let gone = EventKind::ChildDeleted {
        by: Side::Peer,
        spi_in: world.a.removed[0],
        reason: DeleteReason::ByPeer,
    };
    assert_eq!(world.a.event("child-sa-deleted"), &gone);
}

/// A noticed a collision, B did not: B's rekey is done when A's request arrives.
#[test]
fn an_ike_rekey_that_only_one_end_saw_collide_is_forgotten_by_that_end() {
    for (a, b) in [([LOW, HIGH], [HIGH, HIGH]), ([HIGH, HIGH], [LOW, HIGH])] {
        let mut world = World::up();
        both(&mut world, rekey_ike, a, b);
        let late = world.take("a CREATE_CHILD_SA request 2");
        world.deliver("b CREATE_CHILD_SA request 0");
        world.deliver("a CREATE_CHILD_SA answer 0");
        world.arrive(late);
        world.run();
        world.seconds(15);
        world.is_up_once(&["net"]);
        assert!(!world.a.has("collision-resolved"));
    }
}

#[test]
fn deletes_of_the_same_child_cross() {
    let mut world = World::up();
    world.act(Who::A, clear_child);
    world.act(Who::B, clear_child);
    world.run();
    world.is_up_once(&[]);
    assert_eq!(world.a.count("child-sa-deleted"), 1);
    assert_eq!(world.b.count("child-sa-deleted"), 1);
}

#[test]
fn deletes_of_the_ike_sa_cross() {
    let mut world = World::up();
    world.act(Who::A, clear_ike);
    world.act(Who::B, clear_ike);
    world.run();
    world.seconds(30);
    world.is_down();
}

#[test]
fn a_delete_of_the_ike_sa_crosses_with_its_rekey() {
    for order in [[Who::A, Who::B], [Who::B, Who::A]] {
        let mut world = World::up();
        world.act(Who::A, rekey_ike);
        world.act(Who::B, clear_ike);
        let (mut of_a, mut of_b) = (
            Some(world.take("a CREATE_CHILD_SA request 2")),
            Some(world.take("b INFORMATIONAL request 0")),
        );
        for who in order {
            let flight = if who == Who::A {
                of_a.take()
            } else {
                of_b.take()
            };
            world.arrive(flight.unwrap());
        }
        world.run();
        world.seconds(30);
        world.is_down();
    }
}

/// Both start at the same moment, and neither knows of the other yet.
#[test]
fn crossing_initiations_end_in_one_ike_sa_and_one_child() {
    for (a, b) in [([LOW, HIGH], [HIGH, HIGH]), ([HIGH, HIGH], [LOW, HIGH])] {
        let mut world = World::with(|gateway| {
            first(gateway).initiation = given(Initiation::AtStart);
        });
        world.a.next_nonces(&[a[0], b[1]]);
        world.b.next_nonces(&[b[0], a[1]]);
        world.act(Who::A, |engine, now| engine.start(now));
        world.act(Who::B, |engine, now| engine.start(now));
        world.pass_with(seconds(30), |world| {
            let was_up = !world.a.installed.is_empty() && !world.b.installed.is_empty();
            while let Some(flight) = world.wire.pop_front() {
                world.arrive(flight);
                let is_up = !world.a.installed.is_empty() && !world.b.installed.is_empty();
                assert!(is_up || !was_up, "never without once it was up");
            }
        });
        world.is_up_once(&["net"]);
    }
}

/// The Child of the first of two crossing initiations is rekeyed by both ends, while the second
/// one's IKE_AUTH arrives: before, between or after their messages, in every order of these.
#[test]
fn crossing_initiations_end_in_one_child_though_both_ends_rekey_meanwhile() {
    for (a, b) in [([LOW, HIGH], [HIGH, HIGH]), ([HIGH, HIGH], [LOW, HIGH])] {
        for (late, order) in (0..8).flat_map(|late| (0..32u32).map(move |order| (late, order))) {
            let mut world = World::new();
            world.a.next_nonces(&[a[0], b[1]]);
            world.b.next_nonces(&[b[0], a[1]]);
            world.act(Who::A, |engine, now| engine.acquire(now, "net"));
            world.act(Who::B, |engine, now| engine.acquire(now, "net"));
            for turn in ["request", "answer"] {
                world.deliver(&format!("a IKE_SA_INIT {turn} 0"));
                world.deliver(&format!("b IKE_SA_INIT {turn} 0"));
            }
            let mut auth = Some(world.take("b IKE_AUTH request 1"));
            world.run();
            world.act(Who::A, rekey_child);
            world.act(Who::B, rekey_child);
            for turn in 0.. {
                let from = [Who::A, Who::B][(order >> (turn % 5)) as usize & 1];
                let at = world.wire.iter().position(|flight| flight.from == from);
                if let Some(auth) = auth.take_if(|_| turn == late) {
                    world.arrive(auth);
                } else if let Some(flight) = world.wire.remove(at.unwrap_or(0)) {
                    world.arrive(flight);
                } else if auth.is_none() {
                    break;
                }
            }
            world.seconds(30);
            world.is_up_once(&["net"]);
        }
    }
}

#[test]
fn crossing_initiations_with_several_children_end_in_one_of_each() {
    let mut world = World::with(|gateway| {
        three_children(gateway);
        first(gateway).initiation = given(Initiation::AtStart);
    });
    world.act(Who::A, |engine, now| engine.start(now));
    world.act(Who::B, |engine, now| engine.start(now));
    world.seconds(40);
    world.in_step();
    let mut children: Vec<&str> = world
        .a
        .installed
        .values()
        .map(|sa| sa.child.as_str())
        .collect();
    children.sort_unstable();
    assert_eq!(
        children,
        ["net", "net2", "net3"],
        "whichever IKE SA has them"
    );
}

/// One end's own IKE_AUTH overtakes: the peer's INITIAL_CONTACT must not kill what crossed with it.
#[test]
fn initial_contact_of_a_crossing_initiation_kills_nothing() {
    let mut world = World::new();
    world.act(Who::A, |engine, now| engine.acquire(now, "net"));
    world.act(Who::B, |engine, now| engine.acquire(now, "net"));
    world.deliver("a IKE_SA_INIT request 0");
    world.deliver("b IKE_SA_INIT request 0");
    world.deliver("a IKE_SA_INIT answer 0");
    world.deliver("b IKE_SA_INIT answer 0");
    let late = world.take("b IKE_AUTH request 1");
    world.run();
    assert!(world.a.has("ike-sa-established"));
    world.arrive(late);
    world.run();
    assert!(!world.a.has("ike-sa-deleted"));
    world.seconds(30);
    world.is_up_once(&["net"]);
}

/// The link goes down in the middle of an IKE rekey, and comes back before anybody gives up.
#[test]
fn a_link_bounce_in_an_ike_rekey_leaves_the_new_ike_sa() {
    for lost in ["a CREATE_CHILD_SA request 2", "b CREATE_CHILD_SA answer 2"] {
        let mut world = World::up();
        world.act(Who::A, rekey_ike);
        if lost.starts_with('b') {
            world.deliver("a CREATE_CHILD_SA request 2");
        }
        world.lose(lost);
        world.seconds_cut_off(20);
        world.seconds(60);
        world.is_up_once(&["net"]);
        assert_eq!(world.a.count("ike-sa-rekeyed"), 1);
        assert!(world.a.removed.is_empty() && world.b.removed.is_empty());
    }
}

#[test]
fn every_message_of_a_child_rekey_may_be_lost_once() {
    for lost in 0..4 {
        for starter in [Who::A, Who::B] {
            let mut world = World::up();
            world.act(starter, rekey_child);
            lose_nth(&mut world, lost);
            world.seconds(10);
            world.is_up_once(&["net"]);
            let rekeys = world.a.count("child-sa-rekeyed");
            assert_eq!(rekeys, 1, "losing message {lost} of a rekey by {starter:?}");
        }
    }
}

#[test]
fn every_message_of_an_ike_rekey_may_be_lost_once() {
    for lost in 0..4 {
        let mut world = World::up();
        world.act(Who::A, rekey_ike);
        lose_nth(&mut world, lost);
        world.seconds(30);
        world.is_up_once(&["net"]);
        assert_eq!(world.a.count("ike-sa-rekeyed"), 1, "losing message {lost}");
    }
}

#[test]
fn every_message_of_a_set_up_may_be_lost_once_or_come_twice() {
    for turn in 0..4 {
        let mut world = World::new();
        world.act(Who::A, |engine, now| engine.acquire(now, "net"));
        lose_nth(&mut world, turn);
        world.seconds(10);
        world.is_up_once(&["net"]);
        let mut world = World::new();
        world.act(Who::A, |engine, now| engine.acquire(now, "net"));
        for _ in 0..turn {
            let flight = world.wire.pop_front().unwrap();
            world.arrive(flight);
        }
        let twice = world.wire.front().unwrap().clone();
        world.wire.push_front(twice);
        world.run();
        world.seconds(40);
        world.is_up_once(&["net"]);
    }
}

/// Delivers all but the nth message from now on.
fn lose_nth(world: &mut World, nth: usize) {
    for turn in 0.. {
        let Some(flight) = world.wire.pop_front() else {
            assert!(turn > nth, "there were only {turn} messages");
            return;
        };
        if turn != nth {
            world.arrive(flight);
        } else if world.wire.is_empty() {
            return;
        }
    }
}

/// Every pair of commands, in every interleaving of the first messages.
#[test]
fn any_two_actions_at_once_end_in_step() {
    type Act = fn(&mut crossgate_ike::Engine, crossgate_model::Time);
    let acts: [Act; 4] = [rekey_child, rekey_ike, clear_child, clear_ike];
    for (i, act_a) in acts.iter().enumerate() {
        for (j, act_b) in acts.iter().enumerate() {
            for order in 0..32u32 {
                let mut world = World::up();
                world.act(Who::A, act_a);
                world.act(Who::B, act_b);
                let mut bits = order;
                while !world.wire.is_empty() {
                    let from = if bits & 1 == 0 { Who::A } else { Who::B };
                    bits >>= 1;
                    let at = world.wire.iter().position(|flight| flight.from == from);
                    let flight = world.wire.remove(at.unwrap_or(0)).unwrap();
                    world.arrive(flight);
                }
                world.seconds(60);
                world.in_step();
                let (a, b) = (world.a.ike_states(world.now), world.b.ike_states(world.now));
                assert_eq!(a.len(), b.len(), "actions {i} and {j} in order {order:b}");
                assert!(a.len() <= 1 && world.a.installed.len() <= 1);
                let survives = i < 2 && j < 2;
                assert_eq!(
                    world.a.installed.len() == 1,
                    survives,
                    "{i} and {j}, {order:b}"
                );
            }
        }
    }
}

/// A sends IKE_AUTH because an operator wants it: nothing begins again by itself.
fn authenticating() -> World {
    let mut world = World::new();
    let initiate = Operation::InitiateIke { connection: None };
    world.act(Who::A, |engine, now| engine.operate(now, &initiate));
    world.deliver("a IKE_SA_INIT request 0");
    world.deliver("b IKE_SA_INIT answer 0");
    world
}

/// The peer has an IKE SA by then, which nobody else would delete.
#[test]
fn what_is_cleared_while_ike_auth_is_under_way_is_deleted_when_it_is_answered() {
    let mut world = authenticating();
    world.deliver("a IKE_AUTH request 1");
    assert_eq!(world.b.installed.len(), 1);
    world.act(Who::A, clear_ike);
    world.seconds(15);
    world.is_down();
}

#[test]
fn what_is_cleared_while_ike_auth_is_lost_is_not_asked_for_again() {
    let mut world = authenticating();
    let lost = world.take("a IKE_AUTH request 1");
    world.act(Who::A, clear_ike);
    world.seconds(60);
    let same = world.sent.iter().filter(|f| f.payload == lost.payload);
    assert_eq!(same.count(), 1);
    world.is_down();
}
