//! Rekeys in peace: of a Child, of the IKE SA, by time, by kilobytes, by command.

use crate::config::*;
use crate::door::*;
use crossgate_crypto::DhGroup;
use crossgate_model::event::{DeleteReason, Exchange, Side};
use crossgate_model::operate::{Operation, Outcome};
use crossgate_model::view::Role;
use crossgate_model::{EventKind, OutboundUse};

fn rekey_child() -> Operation {
    Operation::RekeyChild { tunnel: None }
}

fn rekey_ike() -> Operation {
    Operation::RekeyIke { connection: None }
}

/// Lets time pass and asserts that each end always has an SA.
fn never_without(world: &mut World, duration: u64) {
    world.pass_with(seconds(duration), |world| {
        while let Some(flight) = world.wire.pop_front() {
            world.arrive(flight);
            assert!(!world.a.installed.is_empty() && !world.b.installed.is_empty());
        }
    });
}

#[test]
fn a_child_is_rekeyed_before_its_lifetime_ends_and_never_missing() {
    for pfs in [None, Some(DhGroup::Ecp20), Some(DhGroup::Modp14)] {
        let mut world = World::with(|gateway| first(gateway).children[0].pfs = pfs.map(given));
        world.bring_up();
        let before = world.a.sas_of("net")[0].clone();
        never_without(&mut world, 3600);
        world.is_up_once(&["net"]);
        let after = world.a.sas_of("net")[0];
        assert_ne!(after.spi_in, before.spi_in);
        assert!(after.keys_in.encr != before.keys_in.encr);
        assert_eq!(
            world.a.count("child-sa-rekeyed") + world.b.count("collision-resolved"),
            1
        );
        let views = world.a.engine.connections(world.now);
        assert_eq!(views[0].children[0].sas[0].pfs, pfs);
    }
}

#[test]
fn the_initiator_uses_the_new_sa_at_once_and_the_responder_after_the_peer() {
    let mut world = World::up();
    let old = world.a.sas_of("net")[0].spi_in;
    let outcome = world.act(Who::B, |engine, now| engine.operate(now, &rekey_child()));
    assert_eq!(
        outcome,
        Outcome::Done {
            ike_sas: 0,
            children: 1
        }
    );
    world.deliver("b CREATE_CHILD_SA request 0");
    assert_eq!(world.a.installed.len(), 2, "A has both before B does");
    world.deliver("a CREATE_CHILD_SA answer 0");
    assert_eq!(world.b.installed.len(), 2, "make before break");
    let newest = |end: &End| {
        end.installed
            .values()
            .max_by_key(|sa| sa.id)
            .cloned()
            .unwrap()
    };
    let (of_a, of_b) = (newest(&world.a), newest(&world.b));
    assert_eq!(
        (of_b.role, of_b.outbound),
        (Role::Initiator, OutboundUse::Immediately)
    );
    assert_eq!(
        (of_a.role, of_a.outbound),
        (Role::Responder, OutboundUse::AfterPeer)
    );
    world.run();
    assert_eq!(world.a.removed, [old]);
    assert_eq!(
        world.b.installed.len(),
        2,
        "what is under way is still opened"
    );
    world.seconds(2);
    world.is_up_once(&["net"]);
    let gone = EventKind::ChildDeleted {
        by: Side::Peer,
        spi_in: old,
        reason: DeleteReason::Rekeyed,
    };
    assert_eq!(world.a.event("child-sa-deleted"), &gone);
    let (spi_in, spi_out) = (of_a.spi_in, of_a.spi_out);
    let rekeyed = EventKind::ChildRekeyed {
        by: Side::Peer,
        old_spi_in: old,
        spi_in,
        spi_out,
    };
    assert_eq!(world.a.event("child-sa-rekeyed"), &rekeyed);
}

#[test]
fn kilobytes_lead_to_a_rekey_too_and_their_end_to_deletion() {
    let mut world = World::with(|gateway| {
        first(gateway).children[0].lifetime.kilobytes = Some(given(4608));
    });
    world.bring_up();
    let sa = world.a.sas_of("net")[0].clone();
    assert_eq!(
        (sa.soft_kilobytes, sa.hard_kilobytes),
        (Some(4352), Some(4608))
    );
    world.act(Who::A, |engine, now| engine.soft_expired(now, sa.spi_in));
    world.seconds(2);
    world.is_up_once(&["net"]);
    assert!(world.a.has("child-sa-rekeyed"));
    let spi_in = world.a.sas_of("net")[0].spi_in;
    world.act(Who::A, |engine, now| engine.hard_expired(now, spi_in));
    assert!(
        world.a.installed.is_empty(),
        "at once, not after the peer's answer"
    );
    world.run();
    assert!(world.b.installed.is_empty());
}

/// At a high rate the last kilobytes are used up within one round trip.
#[test]
fn a_child_that_expires_while_it_is_rekeyed_is_replaced_by_its_successor() {
    let mut world = World::up();
    let old = world.a.sas_of("net")[0].spi_in;
    world.act(Who::A, |engine, now| engine.soft_expired(now, old));
    world.act(Who::A, |engine, now| engine.hard_expired(now, old));
    world.deliver("a CREATE_CHILD_SA request 2");
    world.deliver("b CREATE_CHILD_SA answer 2");
    let successor = world.a.sas_of("net")[0].spi_in;
    world.run();
    world.seconds(30);
    world.is_up_once(&["net"]);
    assert_eq!(world.a.sas_of("net")[0].spi_in, successor);
    assert_eq!(
        world.sent_of(Exchange::CreateChildSa),
        2,
        "nothing is made twice"
    );
}

#[test]
fn narrowed_selectors_are_proposed_again_at_a_rekey() {
    let mut world = World::of(gateway_a(), {
        let mut b = gateway_b();
        first(&mut b).children[0].selectors = given(pair("10.2.2.0/24", "10.1.0.0/16"));
        b
    });
    world.act(Who::A, |engine, now| engine.acquire(now, "net"));
    world.run();
    let narrowed = EventKind::SelectorsNarrowed {
        offered: pair("10.1.0.0/16", "10.2.0.0/16"),
        agreed: pair("10.1.0.0/16", "10.2.2.0/24"),
    };
    assert_eq!(world.a.event("selectors-narrowed"), &narrowed);
    world.forget();
    world.act(Who::A, |engine, now| engine.operate(now, &rekey_child()));
    world.seconds(2);
    world.is_up_once(&["net"]);
    assert!(
        !world.a.has("selectors-narrowed"),
        "the offer was what had been agreed"
    );
    assert_eq!(
        world.a.sas_of("net")[0].remote_selectors,
        [net("10.2.2.0/24")]
    );
}

#[test]
fn the_ike_sa_is_rekeyed_and_its_children_live_on() {
    let mut world = World::with(three_children);
    for name in ["net", "net2", "net3"] {
        world.act(Who::A, |engine, now| engine.acquire(now, name));
        world.run();
    }
    let before = world.a.installed.keys().copied().collect::<Vec<_>>();
    world.forget();
    for starter in [Who::A, Who::B, Who::A] {
        world.act(starter, |engine, now| engine.operate(now, &rekey_ike()));
        world.run();
        world.seconds(11);
        world.is_up_once(&["net", "net2", "net3"]);
    }
    assert_eq!(
        before,
        world.a.installed.keys().copied().collect::<Vec<_>>()
    );
    assert_eq!(world.a.count("ike-sa-rekeyed"), 3);
    assert!(world.a.removed.is_empty(), "no Child was touched");
    let spis: Vec<u64> = world.a.keys.iter().map(|keys| keys.initiator_spi).collect();
    assert_eq!(spis.len(), 4);
    assert!(world.a.keys[0].sk_ei != world.a.keys[1].sk_ei);
    // Children can be rekeyed and made on the new one.
    world.act(Who::B, |engine, now| engine.operate(now, &rekey_child()));
    world.seconds(2);
    world.is_up_once(&["net", "net2", "net3"]);
}

#[test]
fn the_ike_sa_is_rekeyed_by_its_lifetime() {
    let mut world = World::with(|gateway| {
        first(gateway).lifetime = given(seconds(1800));
        first(gateway).children[0].lifetime.time = given(seconds(100_000));
    });
    world.bring_up();
    never_without(&mut world, 18_000);
    world.seconds(11);
    world.is_up_once(&["net"]);
    assert!(world.a.count("ike-sa-rekeyed") >= 10);
    assert!(!world.a.has("ike-sa-started"), "never anew");
}

#[test]
fn every_child_of_a_connection_is_rekeyed_alone() {
    let mut world = World::with(three_children);
    for name in ["net", "net2", "net3"] {
        world.act(Who::A, |engine, now| engine.acquire(now, name));
        world.run();
    }
    world.forget();
    world.seconds(4 * 3600);
    world.is_up_once(&["net", "net2", "net3"]);
    assert_eq!(world.sent_of(Exchange::IkeSaInit), 0);
    let rekeys = world.a.count("child-sa-rekeyed");
    assert!(
        rekeys >= 12,
        "{rekeys} rekeys of three Children in four hours"
    );
}

#[test]
fn a_replaced_child_that_the_peer_never_deletes_goes_after_a_while() {
    let mut world = World::up();
    world.act(Who::B, |engine, now| engine.operate(now, &rekey_child()));
    world.deliver("b CREATE_CHILD_SA request 0");
    assert_eq!(world.a.installed.len(), 2);
    world.lose_all();
    let patience = world.a.engine.poll_timeout().unwrap().at.since(world.now);
    assert_eq!(
        patience,
        seconds(153 + 30),
        "not before B must have given up repeating"
    );
    world.seconds_cut_off(184);
    assert_eq!(
        world.a.installed.len(),
        2,
        "the data plane keeps it until the answer"
    );
    assert!(
        world
            .sent
            .iter()
            .any(|flight| flight.what() == "a INFORMATIONAL request 2")
    );
}

#[test]
fn a_replaced_ike_sa_that_the_peer_never_deletes_goes_after_a_while() {
    let mut world = World::up();
    world.act(Who::B, |engine, now| engine.operate(now, &rekey_ike()));
    world.deliver("b CREATE_CHILD_SA request 0");
    assert_eq!(world.a.ike_states(world.now).len(), 2);
    world.lose_all();
    world.seconds_cut_off(184);
    let deleted = EventKind::IkeDeleted {
        by: Side::Us,
        reason: DeleteReason::Rekeyed,
    };
    assert_eq!(world.a.event("ike-sa-deleted"), &deleted);
    assert_eq!(world.a.installed.len(), 1, "the Child is with the new one");
}

/// While it waits for the peer's Delete, only its successor is there for a further rekey.
#[test]
fn a_replaced_ike_sa_is_not_rekeyed_once_more() {
    let mut world = World::up();
    world.act(Who::B, |engine, now| engine.operate(now, &rekey_ike()));
    world.deliver("b CREATE_CHILD_SA request 0");
    world.deliver("a CREATE_CHILD_SA answer 0");
    let delete = world.take("b INFORMATIONAL request 1");
    let outcome = world.act(Who::A, |engine, now| engine.operate(now, &rekey_ike()));
    let one = Outcome::Done {
        ike_sas: 1,
        children: 0,
    };
    assert_eq!(outcome, one);
    assert_eq!(world.wire.len(), 1, "{:?}", world.wire);
    world.arrive(delete);
    world.run();
    world.seconds(30);
    world.is_up_once(&["net"]);
}

/// Our own rekey waits behind a probe when the peer's comes.
#[test]
fn a_rekey_that_waits_is_forgotten_when_the_peer_was_first() {
    let mut a = gateway_a();
    first(&mut a).liveness = liveness(10, false, &[4, 4]);
    let mut world = World::of(a, gateway_b());
    world.bring_up();
    world.pass_with(seconds(10), |_| ());
    let probe = world.take("a INFORMATIONAL request 2");
    world.act(Who::A, |engine, now| engine.operate(now, &rekey_ike()));
    world.act(Who::B, |engine, now| engine.operate(now, &rekey_ike()));
    world.deliver("b CREATE_CHILD_SA request 0");
    world.arrive(probe);
    world.run();
    world.seconds(30);
    world.is_up_once(&["net"]);
    assert_eq!(world.a.count("ike-sa-rekeyed"), 1);
    assert_eq!(world.sent_of(Exchange::CreateChildSa), 2, "one rekey");
}

#[test]
fn operators_hear_of_names_that_are_unknown_and_of_nothing_there() {
    let mut world = World::new();
    let by_name = |name: &str| Operation::RekeyIke {
        connection: Some(name.into()),
    };
    let outcome = world.act(Who::A, |engine, now| {
        engine.operate(now, &by_name("nobody"))
    });
    assert_eq!(outcome, Outcome::NoSuchName);
    let outcome = world.act(Who::A, |engine, now| engine.operate(now, &by_name("peer")));
    assert_eq!(outcome, Outcome::NothingThere { id: 1 });
    let up = Operation::InitiateChild {
        tunnel: Some("tunnel".into()),
    };
    let outcome = world.act(Who::A, |engine, now| engine.operate(now, &up));
    assert_eq!(
        outcome,
        Outcome::Done {
            ike_sas: 0,
            children: 1
        }
    );
    world.run();
    world.is_up_once(&["net"]);
    let down = Operation::ClearChild {
        tunnel: Some("net".into()),
    };
    let outcome = world.act(Who::A, |engine, now| engine.operate(now, &down));
    assert_eq!(
        outcome,
        Outcome::Done {
            ike_sas: 0,
            children: 1
        }
    );
    world.run();
    world.is_up_once(&[]);
}
