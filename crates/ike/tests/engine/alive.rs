//! Liveness, idleness, restarts.

use crate::config::*;
use crate::door::*;
use crossgate_model::event::{DeleteReason, Exchange, Side};
use crossgate_model::{EventKind, Gateway, Identity, Initiation};

#[test]
fn a_silent_peer_is_asked_after_the_interval_and_counts_as_dead_after_the_waits() {
    let mut world =
        World::with(|gateway| first(gateway).liveness = liveness(10, false, &[2, 2, 2]));
    world.bring_up();
    world.seconds(60);
    let asked = world.sent_of(Exchange::Informational);
    assert!(
        (10..=26).contains(&asked),
        "{asked} messages of liveness in a minute"
    );
    assert!(!world.a.has("peer-dead"));
    world.forget();
    world.seconds_cut_off(40);
    for end in [&world.a, &world.b] {
        let dead = EventKind::PeerDead {
            exchange: Exchange::Informational,
            sent: 3,
            seconds: 6,
        };
        assert_eq!(end.event("peer-dead"), &dead);
        let gone = EventKind::IkeDeleted {
            by: Side::Us,
            reason: DeleteReason::PeerDead,
        };
        assert_eq!(end.event("ike-sa-deleted"), &gone);
    }
    world.is_down();
}

/// PAN-OS's documented schedule: 7 min 15 s after the first unanswered probe.
#[test]
fn by_the_schedule_of_pan_os_a_dead_peer_is_noticed_after_minutes() {
    const WAITS: [u64; 10] = [5, 10, 20, 40, 60, 60, 60, 60, 60, 60];
    let mut world = World::with(|gateway| first(gateway).liveness = liveness(10, false, &WAITS));
    world.bring_up();
    world.seconds_cut_off(10 + 434);
    assert!(!world.a.has("peer-dead"));
    world.seconds_cut_off(12);
    let dead = EventKind::PeerDead {
        exchange: Exchange::Informational,
        sent: 10,
        seconds: 435,
    };
    assert_eq!(world.a.event("peer-dead"), &dead);
    world.is_down();
}

#[test]
fn traffic_from_the_peer_is_sign_enough() {
    let mut world = World::with(|gateway| first(gateway).liveness = liveness(10, false, &[2]));
    world.bring_up();
    for _ in 0..20 {
        world.seconds(5);
        for who in [Who::A, Who::B] {
            let spi_in = *world.end(who).installed.keys().next().unwrap();
            world.act(who, |engine, now| engine.traffic_seen(now, spi_in));
        }
    }
    assert_eq!(world.sent_of(Exchange::Informational), 0);
}

#[test]
fn on_demand_nobody_is_asked_until_there_is_something_to_send() {
    let mut world = World::with(|gateway| first(gateway).liveness = liveness(10, true, &[2]));
    world.bring_up();
    world.seconds(100);
    assert_eq!(world.sent_of(Exchange::Informational), 0);
    let spi_in = *world.a.installed.keys().next().unwrap();
    world.act(Who::A, |engine, now| engine.traffic_sent(now, spi_in));
    world.seconds(1);
    assert_eq!(
        world.sent_of(Exchange::Informational),
        2,
        "asked and answered"
    );
}

#[test]
fn a_connection_that_starts_itself_comes_back_after_its_peer_was_dead() {
    let mut a = gateway_a();
    first(&mut a).liveness = liveness(10, false, &[2, 2]);
    first(&mut a).initiation = given(Initiation::AtStart);
    let mut b = gateway_b();
    first(&mut b).liveness = liveness(10, false, &[2, 2]);
    let mut world = World::of(a, b);
    world.act(Who::A, |engine, now| engine.start(now));
    world.run();
    world.is_up_once(&["net"]);
    world.seconds_cut_off(60);
    assert!(world.a.has("peer-dead") && world.b.has("peer-dead"));
    world.seconds(300);
    world.is_up_once(&["net"]);
}

/// A has restarted and remembers nothing; B still has the old SAs.
#[test]
fn initial_contact_of_a_restarted_peer_removes_what_it_has_forgotten() {
    let mut world = World::up();
    world.seconds(10);
    world.restart(Who::A, gateway_a());
    world.act(Who::A, |engine, now| engine.acquire(now, "net"));
    world.run();
    let gone = EventKind::IkeDeleted {
        by: Side::Peer,
        reason: DeleteReason::PeerRestarted,
    };
    assert_eq!(world.b.event("ike-sa-deleted"), &gone);
    world.seconds(15);
    world.is_up_once(&["net"]);
}

/// A has two connections with the same peer, each for a Child of B's one.
fn two_connections() -> [Gateway; 2] {
    let (mut a, mut b) = (gateway_a(), gateway_b());
    let mut second = first(&mut a).clone();
    second.name = given("second".to_owned());
    second.children[0] = child("net2", pair("10.1.2.0/24", "10.2.2.0/24"));
    a.connections.push(second);
    let of_b = child("net2", pair("10.2.2.0/24", "10.1.2.0/24"));
    first(&mut b).children.push(of_b);
    [a, b]
}

fn bring_both_up(world: &mut World) {
    for name in ["net", "net2"] {
        world.act(Who::A, |engine, now| engine.acquire(now, name));
        world.run();
    }
}

fn have_both(world: &World) {
    for end in [&world.a, &world.b] {
        let counts = ["net", "net2"].map(|name| end.sas_of(name).len());
        assert_eq!(counts, [1, 1]);
    }
}

/// The second one's INITIAL_CONTACT would have B delete what the first one stands on.
#[test]
fn a_second_connection_with_the_same_peer_is_no_initial_contact() {
    let [a, b] = two_connections();
    let mut world = World::of(a, b);
    bring_both_up(&mut world);
    have_both(&world);
    assert!(!world.b.has("ike-sa-deleted"));
}

/// To B each identity of A's is another peer, and each has restarted.
#[test]
fn a_second_connection_under_another_identity_has_its_own_initial_contact() {
    let [mut a, mut b] = two_connections();
    let name = Identity::Fqdn("second.example.net".to_owned());
    a.connections[1].local_identity = given(name);
    first(&mut b).remote_identities.clear();
    let mut world = World::of(a.clone(), b);
    bring_both_up(&mut world);
    world.seconds(10);
    assert!(!world.b.has("ike-sa-deleted"));
    world.restart(Who::A, a);
    bring_both_up(&mut world);
    assert_eq!(world.b.count("ike-sa-deleted"), 2);
    world.seconds(15);
    have_both(&world);
}

#[test]
fn an_idle_child_goes_and_comes_back_with_traffic() {
    let mut world = World::with(|gateway| {
        first(gateway).children[0].lifetime.idle = Some(given(seconds(120)));
    });
    world.bring_up();
    for _ in 0..4 {
        world.seconds(60);
        let spi_in = world.a.sas_of("net")[0].spi_in;
        world.act(Who::A, |engine, now| engine.traffic_sent(now, spi_in));
        let spi_in = world.b.sas_of("net")[0].spi_in;
        world.act(Who::B, |engine, now| engine.traffic_seen(now, spi_in));
    }
    world.is_up_once(&["net"]);
    world.seconds(125);
    world.is_up_once(&[]);
    let deletes = world.a.events.iter().chain(&world.b.events);
    let idle = |kind: &EventKind| {
        matches!(
            kind,
            EventKind::ChildDeleted {
                reason: DeleteReason::Idle,
                ..
            }
        )
    };
    assert!(deletes.into_iter().any(|event| idle(&event.kind)));
    world.act(Who::A, |engine, now| engine.acquire(now, "net"));
    world.seconds(10);
    world.is_up_once(&["net"]);
}

#[test]
fn the_hard_lifetime_ends_an_ike_sa_that_cannot_be_rekeyed() {
    let mut world = World::with(|gateway| first(gateway).lifetime = given(seconds(600)));
    world.bring_up();
    world.pass_with(seconds(601), |world| {
        // Whatever asks for a rekey is lost.
        world
            .wire
            .retain(|f| f.header().exchange != crossgate_wire::ike::ExchangeType::CREATE_CHILD_SA);
        world.run();
    });
    assert!(
        world.a.installed.is_empty(),
        "fail closed at the end of the lifetime"
    );
}

#[test]
fn shutdown_deletes_with_the_peer_and_then_is_quiet() {
    let mut world = World::with(|gateway| first(gateway).initiation = given(Initiation::AtStart));
    world.act(Who::A, |engine, now| engine.start(now));
    world.run();
    assert!(!world.a.engine.is_quiet());
    world.act(Who::A, |engine, now| engine.shutdown(now));
    assert!(world.a.installed.is_empty(), "at once");
    assert!(!world.a.engine.is_quiet());
    world.run();
    assert!(world.a.engine.is_quiet());
    let by_us = EventKind::IkeDeleted {
        by: Side::Us,
        reason: DeleteReason::Shutdown,
    };
    assert_eq!(world.a.event("ike-sa-deleted"), &by_us);
    world.seconds_cut_off(100);
    assert_eq!(world.a.count("ike-sa-started"), 1, "nothing begins again");
}

#[test]
fn a_child_that_the_peer_deleted_comes_back_where_the_connection_starts_itself() {
    let (mut a, mut b) = (gateway_a(), gateway_b());
    three_children(&mut a);
    three_children(&mut b);
    first(&mut a).initiation = given(Initiation::AtStart);
    let mut world = World::of(a, b);
    world.act(Who::A, |engine, now| engine.start(now));
    world.run();
    let clear = crossgate_model::operate::Operation::ClearChild {
        tunnel: Some("net2".into()),
    };
    world.act(Who::B, |engine, now| engine.operate(now, &clear));
    world.run();
    world.is_up_once(&["net", "net3"]);
    world.seconds(10);
    world.is_up_once(&["net", "net2", "net3"]);
}

#[test]
fn after_the_peers_delete_traffic_brings_the_tunnel_back_at_once() {
    let mut world = World::with(|gateway| {
        first(gateway).initiation.value = Initiation::OnTraffic;
    });
    world.act(Who::A, |engine, now| engine.acquire(now, "net"));
    world.run();
    world.is_up_once(&["net"]);
    let clear = crossgate_model::operate::Operation::ClearIke {
        which: crossgate_model::operate::Which::All,
    };
    world.act(Who::B, |engine, now| engine.operate(now, &clear));
    world.run();
    world.is_down();
    world.act(Who::A, |engine, now| engine.acquire(now, "net"));
    world.run();
    world.is_up_once(&["net"]);
}
