//! NAT detection, the float to port 4500, moving peers, keepalives (RFC 7296 §2.23).

use crate::config::*;
use crate::door::*;
use crossgate_model::EventKind;
use crossgate_model::view::Encapsulation;
use std::net::SocketAddr;

const PUBLIC: &str = "203.0.113.7";

fn natted(shift: u16) -> World {
    let (a, mut b) = (gateway_a(), gateway_b());
    first(&mut b).remote = crossgate_model::RemoteEnd::Any;
    let mut world = World::of(a, b);
    world.nat = Some(NatBox {
        address: PUBLIC.parse().unwrap(),
        shift,
    });
    world
}

fn public(port: u16) -> SocketAddr {
    SocketAddr::new(PUBLIC.parse().unwrap(), port)
}

#[test]
fn a_nat_before_the_initiator_is_seen_by_both_and_esp_goes_in_udp() {
    let mut world = natted(20_000);
    world.act(Who::A, |engine, now| engine.acquire(now, "net"));
    world.run();
    world.is_up_once(&["net"]);
    let seen = |local, remote| EventKind::NatDetected { local, remote };
    assert_eq!(world.a.event("nat-detected"), &seen(true, false));
    assert_eq!(world.b.event("nat-detected"), &seen(false, true));
    let last = world.sent.last().unwrap();
    assert_eq!((last.local.port(), last.remote), (4500, public(24_500)));
    let udp = |local_port, remote_port| Encapsulation::Udp {
        local_port,
        remote_port,
    };
    assert_eq!(world.a.sas_of("net")[0].path.encapsulation, udp(4500, 4500));
    let path = world.b.sas_of("net")[0].path;
    assert_eq!(
        (path.remote, path.encapsulation),
        (PUBLIC.parse().unwrap(), udp(4500, 24_500))
    );
}

#[test]
fn only_the_end_behind_the_nat_sends_keepalives() {
    let mut world = natted(20_000);
    world.act(Who::A, |engine, now| engine.acquire(now, "net"));
    world.seconds(105);
    assert_eq!((world.a.keepalives, world.b.keepalives), (5, 0));
}

#[test]
fn a_peer_behind_a_nat_is_followed_to_its_new_port_by_authentic_messages() {
    let mut world = natted(20_000);
    world.act(Who::A, |engine, now| engine.acquire(now, "net"));
    world.run();
    world.forget();
    world.nat.as_mut().unwrap().shift = 30_000;
    let rekey = crossgate_model::operate::Operation::RekeyChild { tunnel: None };
    world.act(Who::A, |engine, now| engine.operate(now, &rekey));
    world.seconds(2);
    let moved = EventKind::PeerMoved {
        from: public(24_500),
        to: public(34_500),
    };
    assert_eq!(world.b.event("peer-moved"), &moved);
    world.is_up_once(&["net"]);
    let udp = Encapsulation::Udp {
        local_port: 4500,
        remote_port: 34_500,
    };
    assert_eq!(world.b.sas_of("net")[0].path.encapsulation, udp);
}

/// Only the end behind the NAT can make itself heard again.
#[test]
fn what_a_peer_was_asked_where_it_no_longer_is_it_is_asked_again_where_it_is() {
    let mut world = natted(20_000);
    world.act(Who::A, |engine, now| engine.acquire(now, "net"));
    world.run();
    let sa = world.b.sas_of("net")[0].clone();
    world.forget();
    // Whatever B sends is lost until A has been heard: shortly before B would give it up.
    let rekey = crossgate_model::operate::Operation::RekeyChild { tunnel: None };
    world.act(Who::B, |engine, now| engine.operate(now, &rekey));
    let patience = crossgate_model::behaviour::Retransmission::default().total();
    world.seconds_cut_off(patience.as_secs() - 5);
    world.nat.as_mut().unwrap().shift = 35_500;
    let local = SocketAddr::new(B.parse().unwrap(), 4500);
    world.act(Who::B, |engine, now| {
        engine.peer_moved(now, sa.spi_in, local, public(40_000));
    });
    world.seconds(10);
    assert!(!world.b.has("peer-dead"));
    world.is_up_once(&["net"]);
}

#[test]
fn a_peer_behind_a_nat_is_followed_by_authentic_esp_too_and_another_peer_is_not() {
    for (world, moves) in [(natted(20_000), true), (World::new(), false)] {
        let mut world = world;
        world.act(Who::A, |engine, now| engine.acquire(now, "net"));
        world.run();
        let sa = world.b.sas_of("net")[0].clone();
        let local = SocketAddr::new(B.parse().unwrap(), 4500);
        world.act(Who::B, |engine, now| {
            engine.peer_moved(now, sa.spi_in, local, public(40_000));
        });
        assert_eq!(world.b.has("peer-moved"), moves);
        let udp = Encapsulation::Udp {
            local_port: 4500,
            remote_port: 40_000,
        };
        let now = world.b.sas_of("net")[0].path.encapsulation;
        assert_eq!(now == udp, moves);
    }
}

#[test]
fn a_replayed_message_from_elsewhere_moves_nobody() {
    let mut world = natted(20_000);
    world.act(Who::A, |engine, now| engine.acquire(now, "net"));
    world.run();
    let old = world
        .sent
        .iter()
        .find(|f| f.what() == "a IKE_AUTH request 1")
        .unwrap()
        .clone();
    world.nat.as_mut().unwrap().shift = 35_000;
    world.arrive(old);
    assert!(
        !world.b.has("peer-moved"),
        "only the answer goes where the repetition came from"
    );
}

#[test]
fn encapsulation_can_be_forced_by_either_end_without_any_nat() {
    for by_a in [true, false] {
        let (mut a, mut b) = (gateway_a(), gateway_b());
        let forced = if by_a { &mut a } else { &mut b };
        first(forced).nat.force_encapsulation = given(true);
        let mut world = World::of(a, b);
        world.act(Who::A, |engine, now| engine.acquire(now, "net"));
        world.run();
        world.is_up_once(&["net"]);
        let udp = Encapsulation::Udp {
            local_port: 4500,
            remote_port: 4500,
        };
        assert_eq!(
            world.a.sas_of("net")[0].path.encapsulation,
            udp,
            "forced by A: {by_a}"
        );
        assert_eq!(
            world.b.sas_of("net")[0].path.encapsulation,
            udp,
            "forced by A: {by_a}"
        );
        world.seconds(60);
        assert_eq!(
            world.a.keepalives + world.b.keepalives,
            0,
            "no NAT to keep open"
        );
    }
}

#[test]
fn without_nat_traversal_nothing_is_detected_and_nothing_floats() {
    let (mut a, b) = (gateway_a(), gateway_b());
    first(&mut a).nat.enabled = given(false);
    let mut world = World::of(a, b);
    world.act(Who::A, |engine, now| engine.acquire(now, "net"));
    world.run();
    world.is_up_once(&["net"]);
    assert!(!world.b.has("nat-detected"));
    assert!(world.sent.iter().all(|flight| flight.local.port() == 500));
}

#[test]
fn a_responder_follows_an_initiator_that_floats_without_a_nat() {
    let mut world = World::new();
    world.act(Who::A, |engine, now| engine.acquire(now, "net"));
    world.deliver("a IKE_SA_INIT request 0");
    world.deliver("b IKE_SA_INIT answer 0");
    let mut auth = world.take("a IKE_AUTH request 1");
    auth.local.set_port(4500);
    auth.remote.set_port(4500);
    world.arrive(auth);
    let answer = world.take("b IKE_AUTH answer 1");
    assert_eq!((answer.local.port(), answer.remote.port()), (4500, 4500));
    world.arrive(answer);
    assert_eq!(
        world.b.sas_of("net")[0].path.encapsulation,
        Encapsulation::Esp
    );
}
