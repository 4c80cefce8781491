//! What lengthens IKE_SA_INIT: cookies and another group; and fragments in what follows.

use crate::config::*;
use crate::door::*;
use crate::forge::Forger;
use crossgate_crypto::{DhGroup, Encr};
use crossgate_model::event::Side;
use crossgate_model::operate::Operation;
use crossgate_model::{EventKind, Gateway, IdentityMatch};
use crossgate_wire::ike::{ExchangeType, PayloadType};

#[test]
fn under_load_a_responder_asks_for_a_cookie_and_keeps_no_state_before_it_is_back() {
    let mut b = gateway_b();
    b.limits.cookie_threshold = given(0);
    let mut world = World::of(gateway_a(), b);
    world.act(Who::A, |engine, now| engine.acquire(now, "net"));
    world.deliver("a IKE_SA_INIT request 0");
    assert_eq!(world.b.ike_states(world.now), []);
    let required = EventKind::CookieRequired { by: Side::Us };
    assert_eq!(world.b.event("cookie-required"), &required);
    world.run();
    world.is_up_once(&["net"]);
    assert_eq!(
        world.a.event("cookie-required"),
        &EventKind::CookieRequired { by: Side::Peer }
    );
}

#[test]
fn a_responder_that_asks_for_cookies_without_end_is_left() {
    let mut b = gateway_b();
    b.limits.cookie_threshold = given(0);
    let mut world = World::of(gateway_a(), b);
    world.act(Who::A, |engine, now| engine.acquire(now, "net"));
    let request = world.take("a IKE_SA_INIT request 0");
    world.arrive(request.clone());
    // The first cookie again and again, whatever A shows.
    let cookie = world.take("b IKE_SA_INIT answer 0");
    for _ in 0..6 {
        world.arrive(cookie.clone());
    }
    assert!(!world.a.has("limit-reached"));
    world.arrive(cookie);
    assert!(world.a.has("limit-reached"));
    assert_eq!(world.a.ike_states(world.now), []);
}

#[test]
fn another_group_costs_one_round_trip_and_only_if_it_was_proposed() {
    for (offered, works) in [
        (vec![DhGroup::Ecp19, DhGroup::Ecp20], true),
        (vec![DhGroup::Ecp19], false),
    ] {
        let mut a = gateway_a();
        first(&mut a).proposals[0].groups = offered.into_iter().map(given).collect();
        let mut world = World::of(a, gateway_b());
        world.act(Who::A, |engine, now| engine.acquire(now, "net"));
        world.run();
        assert_eq!(world.a.installed.len() == 1, works);
        if works {
            let invalid = EventKind::InvalidKe {
                offered: 19,
                wanted: 20,
            };
            assert_eq!(world.a.event("invalid-ke-payload"), &invalid);
            assert_eq!(world.b.event("invalid-ke-payload"), &invalid);
        }
    }
}

#[test]
fn a_cookie_and_another_group_together_still_authenticate() {
    let (mut a, mut b) = (gateway_a(), gateway_b());
    first(&mut a).proposals[0].groups = vec![given(DhGroup::X25519), given(DhGroup::Ecp20)];
    b.limits.cookie_threshold = given(0);
    let mut world = World::of(a, b);
    world.act(Who::A, |engine, now| engine.acquire(now, "net"));
    world.run();
    world.is_up_once(&["net"]);
    assert_eq!(
        world.sent_of(crossgate_model::event::Exchange::IkeSaInit),
        6
    );
}

#[test]
fn combined_mode_and_other_ciphers_in_one_list_become_two_proposals() {
    for wanted in [Encr::AesGcm256, Encr::AesCbc128] {
        let (mut a, mut b) = (gateway_a(), gateway_b());
        let both = vec![given(Encr::AesGcm256), given(Encr::AesCbc128)];
        let connection = first(&mut a);
        connection.proposals[0].encr = both.clone();
        connection.children[0].proposals[0].encr = both;
        connection.children[0].proposals[0].integ = connection.proposals[0].integ.clone();
        let connection = first(&mut b);
        connection.proposals[0].encr = vec![given(wanted)];
        connection.children[0].proposals[0].encr = vec![given(wanted)];
        connection.children[0].proposals[0].integ = connection.proposals[0].integ.clone();
        let mut world = World::of(a, b);
        world.act(Who::A, |engine, now| engine.acquire(now, "net"));
        world.run();
        world.is_up_once(&["net"]);
        assert_eq!(world.a.sas_of("net")[0].encr, wanted);
    }
}

#[test]
fn between_several_connections_for_one_address_the_identity_decides() {
    use crossgate_model::Identity;
    let mut b = gateway_b();
    let mut other = b.connections[0].clone();
    other.name = given("other".to_owned());
    other.remote_identities = vec![given(IdentityMatch::Exactly(Identity::Fqdn("x".into())))];
    other.remote_auth = given(psk(b"another key"));
    other.children[0].name = given("other-net".to_owned());
    b.connections.insert(0, other);
    let mut world = World::of(gateway_a(), b);
    world.act(Who::A, |engine, now| engine.acquire(now, "net"));
    world.run();
    assert!(world.b.has("ike-sa-established"));
    assert_eq!(world.b.sas_of("net").len(), 1);
    let views = world.b.engine.connections(world.now);
    assert_eq!((views[0].ike_sas.len(), views[1].ike_sas.len()), (0, 1));
    assert_eq!((views[1].id, views[1].children[0].id), (2, 2));
}

fn with_fragments(size: u16) -> impl Fn(&mut Gateway) {
    move |gateway| {
        first(gateway).fragmentation = Some(given(size));
        // Many proposals make IKE_AUTH long.
        let proposal = first(gateway).children[0].proposals[0].clone();
        first(gateway).children[0].proposals = vec![proposal; 40];
    }
}

#[test]
fn long_messages_go_in_fragments_where_both_ends_can() {
    for size in [68, 256, 576, 1280] {
        let mut world = World::with(with_fragments(size));
        world.act(Who::A, |engine, now| engine.acquire(now, "net"));
        world.run();
        world.is_up_once(&["net"]);
        let fragments: Vec<&Flight> = world
            .sent
            .iter()
            .filter(|f| f.header().next_payload == PayloadType::SKF)
            .collect();
        assert!(fragments.len() >= 2, "{size}");
        let most = usize::from(size.max(200)) - 20 - 8 - 4;
        assert!(fragments.iter().all(|f| f.payload.len() <= most), "{size}");
        assert!(world.a.engine.connections(world.now)[0].ike_sas[0].fragmentation);
    }
}

#[test]
fn fragments_are_not_sent_where_one_end_cannot() {
    let (mut a, mut b) = (gateway_a(), gateway_b());
    with_fragments(576)(&mut a);
    with_fragments(576)(&mut b);
    first(&mut b).fragmentation = None;
    let mut world = World::of(a, b);
    world.act(Who::A, |engine, now| engine.acquire(now, "net"));
    world.run();
    world.is_up_once(&["net"]);
    let fragmented = |f: &Flight| f.header().next_payload == PayloadType::SKF;
    assert!(!world.sent.iter().any(fragmented));
}

#[test]
fn fragments_arrive_in_any_order_and_a_lost_one_is_repeated() {
    for lost in [0, 1, 2] {
        let mut world = World::with(with_fragments(576));
        world.act(Who::A, |engine, now| engine.acquire(now, "net"));
        world.deliver("a IKE_SA_INIT request 0");
        world.deliver("b IKE_SA_INIT answer 0");
        assert!(world.wire.len() >= 3, "several fragments");
        world.wire.make_contiguous().reverse();
        world.wire.remove(lost);
        world.run();
        assert!(world.b.installed.is_empty());
        world.seconds(3);
        world.is_up_once(&["net"]);
    }
}

#[test]
fn a_repeated_request_in_fragments_gets_one_answer() {
    let mut world = World::with(with_fragments(576));
    world.act(Who::A, |engine, now| engine.acquire(now, "net"));
    world.deliver("a IKE_SA_INIT request 0");
    world.deliver("b IKE_SA_INIT answer 0");
    let request: Vec<Flight> = world.wire.drain(..).collect();
    for flight in request.iter().cloned() {
        world.arrive(flight);
    }
    let answer = world.wire.len();
    for flight in request {
        world.arrive(flight);
    }
    assert_eq!(world.wire.len(), 2 * answer);
}

#[test]
fn fragments_of_one_and_too_many_of_them_are_bounded() {
    let mut world = World::with(with_fragments(576));
    world.bring_up();
    let mut forger = Forger::new(&world, Who::B);
    let mut send = |world: &mut World, id, which| {
        let flight = forger.fragment(ExchangeType::INFORMATIONAL, id, which, &[]);
        world.arrive(flight);
    };
    send(&mut world, 0, (1, 65));
    assert_eq!(world.a.counter("too-many-fragments"), 1);
    send(&mut world, 0, (1, 2));
    send(&mut world, 0, (1, 2));
    assert_eq!(world.a.counter("repeated-fragment"), 1);
    assert!(world.wire.is_empty(), "nothing was whole");
    // One of one is odd, and yet whole.
    send(&mut world, 0, (1, 3));
    send(&mut world, 0, (2, 3));
    send(&mut world, 0, (3, 3));
    assert_eq!(
        world.take("a INFORMATIONAL answer 0").header().message_id,
        0
    );
}

#[test]
fn no_fragment_is_ever_alone() {
    let alone = |flight: &Flight| {
        let datagram = crossgate_wire::ike::Datagram::parse(&flight.payload).unwrap();
        let protection = datagram.protected.map(|protected| protected.protection);
        protection
            == Some(crossgate_wire::ike::Protection::Fragment {
                number: 1,
                total: 1,
            })
    };
    for size in (60..400).step_by(7) {
        let mut world = World::with(|gateway| first(gateway).fragmentation = Some(given(size)));
        world.act(Who::A, |engine, now| engine.acquire(now, "net"));
        world.run();
        let rekey = Operation::RekeyIke { connection: None };
        world.act(Who::A, |engine, now| engine.operate(now, &rekey));
        world.run();
        assert!(!world.sent.iter().any(alone), "{size}");
        assert_eq!(world.a.count("ike-sa-rekeyed"), 1);
    }
}
