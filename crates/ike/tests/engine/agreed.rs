//! ESP in UDP without a NAT, between two ends that agree on it; and what becomes of it where port
//! 4500 is filtered.

use crate::config::*;
use crate::door::*;
use crossgate_model::EventKind;
use crossgate_model::operate::Operation;
use crossgate_model::view::Encapsulation;

const UDP: Encapsulation = Encapsulation::Udp {
    local_port: 4500,
    remote_port: 4500,
};

fn willing(who: &[Who]) -> World {
    let (mut a, mut b) = (gateway_a(), gateway_b());
    first(&mut a).nat.agrees_on_udp = who.contains(&Who::A);
    first(&mut b).nat.agrees_on_udp = who.contains(&Who::B);
    World::of(a, b)
}

fn both() -> World {
    willing(&[Who::A, Who::B])
}

/// How A, and how B, sends ESP.
fn carried(world: &World) -> [Encapsulation; 2] {
    world.is_up_once(&["net"]);
    [&world.a, &world.b].map(|end| end.sas_of("net")[0].path.encapsulation)
}

fn start(world: &mut World) {
    world.act(Who::A, |engine, now| engine.acquire(now, "net"));
    world.run();
}

#[test]
fn two_ends_that_would_carry_esp_in_udp_from_the_first_packet() {
    let mut world = both();
    start(&mut world);
    assert_eq!(carried(&world), [UDP; 2]);
    let ports = |what: &str| {
        let mut all = world.sent.iter().filter(|flight| flight.what() == what);
        all.next().map(|f| (f.local.port(), f.remote.port()))
    };
    assert_eq!(ports("a IKE_SA_INIT request 0"), Some((500, 500)));
    assert_eq!(ports("a IKE_AUTH request 1"), Some((4500, 4500)));
    // No NAT was found, and there is none to keep open.
    assert!(!world.a.has("nat-detected") && !world.b.has("nat-detected"));
    world.seconds(60);
    assert_eq!(world.a.keepalives + world.b.keepalives, 0);
}

#[test]
fn one_end_alone_does_not_agree() {
    for who in [Who::A, Who::B] {
        let mut world = willing(&[who]);
        start(&mut world);
        assert_eq!(carried(&world), [Encapsulation::Esp; 2], "{who:?} would");
        assert!(world.sent.iter().all(|flight| flight.local.port() == 500));
    }
}

#[test]
fn without_nat_traversal_nobody_agrees() {
    let (mut a, mut b) = (gateway_a(), gateway_b());
    for gateway in [&mut a, &mut b] {
        first(gateway).nat.agrees_on_udp = true;
    }
    first(&mut b).nat.enabled = given(false);
    let mut world = World::of(a, b);
    start(&mut world);
    assert_eq!(carried(&world), [Encapsulation::Esp; 2]);
}

#[test]
fn an_ike_sa_and_a_child_that_are_rekeyed_stay_in_udp() {
    let mut world = both();
    start(&mut world);
    for rekey in [
        Operation::RekeyIke { connection: None },
        Operation::RekeyChild { tunnel: None },
    ] {
        for who in [Who::A, Who::B] {
            world.act(who, |engine, now| engine.operate(now, &rekey));
            world.seconds(40);
            assert_eq!(carried(&world), [UDP; 2], "{rekey:?} by {who:?}");
        }
    }
}

#[test]
fn where_port_4500_is_filtered_either_way_the_tunnel_comes_up_without_udp() {
    for filtered in [vec![Who::A], vec![Who::B], vec![Who::A, Who::B]] {
        let mut world = both();
        world.filtered.clone_from(&filtered);
        start(&mut world);
        world.seconds(10);
        assert_eq!(
            carried(&world),
            [Encapsulation::Esp; 2],
            "{filtered:?} filtered"
        );
        assert_eq!(
            world.a.event("float-unanswered"),
            &EventKind::FloatUnanswered
        );
        // What is negotiated later goes where the tunnel is.
        for who in [Who::A, Who::B] {
            world.forget();
            let rekey = Operation::RekeyIke { connection: None };
            world.act(who, |engine, now| engine.operate(now, &rekey));
            world.seconds(40);
            assert_eq!(carried(&world), [Encapsulation::Esp; 2]);
            assert!(world.sent.iter().all(|flight| flight.local.port() == 500));
        }
    }
}

/// The responder took the request on port 4500, and the one on port 500 never comes: it learns from
/// the next one.
#[test]
fn an_answer_that_is_late_is_as_good_and_the_ends_come_together() {
    let mut world = both();
    world.act(Who::A, |engine, now| engine.acquire(now, "net"));
    world.deliver("a IKE_SA_INIT request 0");
    world.deliver("b IKE_SA_INIT answer 0");
    world.deliver("a IKE_AUTH request 1");
    let late = world.take("b IKE_AUTH answer 1");
    world.seconds_cut_off(5);
    assert!(world.a.has("float-unanswered"));
    world.arrive(late);
    world.run();
    assert_eq!(carried(&world), [Encapsulation::Esp, UDP]);
    let probe = Operation::RekeyChild { tunnel: None };
    world.act(Who::A, |engine, now| engine.operate(now, &probe));
    world.seconds(40);
    assert_eq!(carried(&world), [Encapsulation::Esp; 2]);
    assert!(world.b.has("peer-moved"));
}

/// A NAT says what is to be done, and nothing is tried beside it.
#[test]
fn behind_a_nat_there_is_nothing_to_agree_on() {
    let (mut a, mut b) = (gateway_a(), gateway_b());
    for gateway in [&mut a, &mut b] {
        first(gateway).nat.agrees_on_udp = true;
    }
    first(&mut b).remote = crossgate_model::RemoteEnd::Any;
    let mut world = World::of(a, b);
    world.nat = Some(NatBox {
        address: "203.0.113.7".parse().unwrap(),
        shift: 20_000,
    });
    start(&mut world);
    world.is_up_once(&["net"]);
    world.filtered = vec![Who::A, Who::B];
    world.seconds_cut_off(300);
    assert!(!world.a.has("float-unanswered"));
}
