//! Datagrams from strangers, broken ones, and authentic ones that make no sense: nothing panics,
//! everything is counted by its reason, nothing is answered at greater length than it was asked.

use crate::config::*;
use crate::door::*;
use crate::forge::Forger;
use crossgate_model::event::{DeleteReason, Exchange, Side};
use crossgate_model::operate::Operation;
use crossgate_model::{EventKind, RemoteEnd};
use crossgate_wire::ike::{
    Delete, ExchangeType, Header, IkeSpi, Message, Nonce, Notify, NotifyType, Payload, PayloadType,
    ProtocolId, TrafficSelector, TsPayload, UnknownPayload,
};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use std::net::SocketAddr;

fn from_a(payload: Vec<u8>) -> Flight {
    let end = |who| SocketAddr::new(address_of(who), 500);
    Flight {
        from: Who::A,
        local: end(Who::A),
        remote: end(Who::B),
        payload,
    }
}

#[test]
fn an_unknown_spi_is_answered_seldom_and_an_answer_with_one_never() {
    let mut world = World::up();
    let probe = Operation::RekeyChild { tunnel: None };
    world.act(Who::A, |engine, now| engine.operate(now, &probe));
    let mut flight = world.take("a CREATE_CHILD_SA request 2");
    flight.payload[8..16].fill(9);
    for _ in 0..50 {
        world.arrive(flight.clone());
    }
    assert_eq!(world.b.counter("unknown-ike-spi"), 50);
    assert_eq!(world.wire.len(), 10, "ten a second at most");
    let answer = Message::parse(&world.wire[0].payload).unwrap();
    assert_eq!(
        answer.payloads,
        [Payload::Notify(Notify::new(NotifyType::INVALID_IKE_SPI))]
    );
    assert!(
        world
            .wire
            .iter()
            .all(|f| f.payload.len() < flight.payload.len())
    );
    world.lose_all();
    flight.payload[19] |= 0x20;
    world.arrive(flight);
    assert!(world.wire.is_empty());
    assert!(!world.b.has("ike-sa-deleted"));
}

#[test]
fn unprotected_errors_after_the_first_exchange_change_nothing() {
    let mut world = World::new();
    world.act(Who::A, |engine, now| engine.acquire(now, "net"));
    world.deliver("a IKE_SA_INIT request 0");
    world.deliver("b IKE_SA_INIT answer 0");
    let request = world.wire[0].header();
    let forged = Message {
        header: request.response(),
        payloads: vec![Payload::Notify(Notify::new(
            NotifyType::AUTHENTICATION_FAILED,
        ))],
    };
    let mut flight = world.wire[0].clone();
    flight.from = Who::B;
    (flight.local, flight.remote) = (flight.remote, flight.local);
    flight.payload = forged.emit().unwrap();
    world.arrive(flight);
    assert_eq!(world.a.counter("unprotected"), 1);
    world.run();
    world.is_up_once(&["net"]);
}

#[test]
fn ikev1_is_recognised_counted_and_told_which_version_is_spoken() {
    let mut world = World::new();
    let mut payload = vec![0u8; 28];
    payload[0] = 1;
    payload[17] = 0x10;
    payload[18] = 2;
    payload[27] = 28;
    for _ in 0..30 {
        world.arrive(from_a(payload.clone()));
    }
    assert_eq!(world.b.counter("ikev1-datagram"), 30);
    assert!(world.wire.len() <= 10);
    let answer = Message::parse(&world.wire[0].payload).unwrap();
    let version = Payload::Notify(Notify::new(NotifyType::INVALID_MAJOR_VERSION));
    assert_eq!(answer.payloads, [version]);
    let said = &world.b.events[0].kind;
    assert_eq!(
        said,
        &EventKind::MessageRejected {
            exchange: None,
            reason: "version 1.0 message, expected IKEv2".into()
        }
    );
}

/// An IKEv1 peer answers our answer with a notification of its own, and IKEv1 marks no answers.
#[test]
fn ikev1_messages_that_begin_nothing_are_not_answered() {
    let (main_mode, informational) = (2, 5);
    for (exchange, responder_cookie) in [(informational, 0), (main_mode, 7)] {
        let mut world = World::new();
        let mut payload = vec![0u8; 28];
        payload[0] = 1;
        payload[8] = responder_cookie;
        payload[17] = 0x10;
        payload[18] = exchange;
        payload[27] = 28;
        world.arrive(from_a(payload));
        assert_eq!(world.b.counter("ikev1-datagram"), 1);
        assert!(world.wire.is_empty(), "{:?}", world.wire);
    }
}

#[test]
fn a_critical_payload_of_unknown_type_is_refused_by_name_before_and_after_authentication() {
    let unknown = || {
        Payload::Unknown(UnknownPayload {
            kind: PayloadType(200),
            critical: true,
            body: vec![1, 2, 3],
        })
    };
    let refusal = Payload::Notify(Notify::unsupported_critical(PayloadType(200)));
    let mut world = World::new();
    world.act(Who::A, |engine, now| engine.acquire(now, "net"));
    let mut flight = world.take("a IKE_SA_INIT request 0");
    let mut message = Message::parse(&flight.payload).unwrap();
    message.payloads.push(unknown());
    flight.payload = message.emit().unwrap();
    world.arrive(flight);
    let answer = world.take("b IKE_SA_INIT answer 0");
    assert_eq!(
        Message::parse(&answer.payload).unwrap().payloads,
        std::slice::from_ref(&refusal)
    );

    let mut world = World::up();
    let mut forger = Forger::new(&world, Who::B);
    let flight = forger.message(ExchangeType::INFORMATIONAL, 0, false, &[unknown()]);
    world.arrive(flight);
    let answer = world.take("a INFORMATIONAL answer 0");
    assert_eq!(forger.read(&answer), [refusal]);
    world.is_up_once(&["net"]);
}

#[test]
fn an_authentic_request_that_cannot_be_read_ends_the_ike_sa_with_invalid_syntax() {
    let mut world = World::up();
    let mut forger = Forger::new(&world, Who::B);
    let (exchange, first) = (ExchangeType::INFORMATIONAL, PayloadType::NOTIFY);
    let flight = forger.octets(exchange, 0, false, first, &[0, 0, 0, 99, 1]);
    world.arrive(flight);
    let answer = world.take("a INFORMATIONAL answer 0");
    let syntax = Payload::Notify(Notify::new(NotifyType::INVALID_SYNTAX));
    assert_eq!(forger.read(&answer), [syntax]);
    let gone = EventKind::IkeDeleted {
        by: Side::Us,
        reason: DeleteReason::Failed,
    };
    assert_eq!(world.a.event("ike-sa-deleted"), &gone);
    assert!(world.a.installed.is_empty());
}

#[test]
fn exchanges_out_of_place_are_refused_in_every_state() {
    // Before authentication.
    let mut world = World::new();
    world.act(Who::A, |engine, now| engine.acquire(now, "net"));
    world.deliver("a IKE_SA_INIT request 0");
    world.deliver("b IKE_SA_INIT answer 0");
    let mut forger = Forger::new(&world, Who::A);
    for exchange in [
        ExchangeType::CREATE_CHILD_SA,
        ExchangeType::INFORMATIONAL,
        ExchangeType::IKE_INTERMEDIATE,
    ] {
        let flight = forger.message(exchange, 1, false, &[]);
        world.arrive(flight);
    }
    assert_eq!(world.b.counter("exchange-before-auth"), 3);
    world.run();
    world.is_up_once(&["net"]);
    // After it.
    for exchange in [ExchangeType::IKE_AUTH, ExchangeType::IKE_INTERMEDIATE] {
        let mut world = World::up();
        let mut forger = Forger::new(&world, Who::A);
        let flight = forger.message(exchange, 2, false, &[]);
        world.arrive(flight);
        assert!(world.b.has("message-rejected") && world.b.installed.is_empty());
    }
}

#[test]
fn replayed_and_reflected_messages_do_nothing() {
    let mut world = World::new();
    world.act(Who::A, |engine, now| engine.acquire(now, "net"));
    world.run();
    for _ in 0..2 {
        let rekey = Operation::RekeyChild { tunnel: None };
        world.act(Who::A, |engine, now| engine.operate(now, &rekey));
        world.seconds(2);
    }
    let everything = world.sent.clone();
    world.forget();
    for flight in &everything {
        world.arrive(flight.clone());
        world.lose_all();
    }
    for flight in everything {
        let back = Flight {
            from: flight.from.other(),
            local: flight.remote,
            remote: flight.local,
            ..flight
        };
        world.arrive(back);
        world.lose_all();
    }
    assert_eq!(world.a.codes(), [] as [&str; 0]);
    assert_eq!(world.b.codes(), [] as [&str; 0]);
    assert!(world.b.counter("old-message-id") > 0);
    world.is_up_once(&["net"]);
    let rekey = Operation::RekeyChild { tunnel: None };
    world.act(Who::B, |engine, now| engine.operate(now, &rekey));
    world.seconds(2);
    world.is_up_once(&["net"]);
}

#[test]
fn a_message_from_beyond_the_window_waits_for_its_turn_elsewhere() {
    let mut world = World::up();
    let mut forger = Forger::new(&world, Who::B);
    let flight = forger.message(ExchangeType::INFORMATIONAL, 1, false, &[]);
    world.arrive(flight);
    assert_eq!(world.a.counter("message-id-beyond-window"), 1);
    assert!(world.wire.is_empty());
}

#[test]
fn a_peer_that_rekeys_the_same_child_twice_gets_both_and_loses_nothing() {
    let mut world = World::up();
    let old = world.a.sas_of("net")[0].clone();
    let mut forger = Forger::new(&world, Who::B);
    for id in 0..2 {
        let rekey = rekey_payloads(&old, 0x1000 + id);
        let flight = forger.message(ExchangeType::CREATE_CHILD_SA, id, false, &rekey);
        world.arrive(flight);
    }
    assert_eq!(world.a.count("child-sa-rekeyed"), 2);
    assert_eq!(
        world.a.sas_of("net").len(),
        3,
        "nothing goes before the peer says so"
    );
    let delete = Payload::Delete(Delete::esp(vec![old.spi_out, 0x1000]));
    let flight = forger.message(ExchangeType::INFORMATIONAL, 2, false, &[delete]);
    world.arrive(flight);
    let left: Vec<u32> = world.a.sas_of("net").iter().map(|sa| sa.spi_out).collect();
    assert_eq!(left, [0x1001]);
}

/// PAN-OS answers a rekey and deletes the old SA within half a millisecond; a thread pool swaps them.
#[test]
fn a_delete_of_the_old_child_that_overtakes_the_rekeys_answer_loses_nothing() {
    let mut world = World::up();
    let old = world.a.sas_of("net")[0].clone();
    let rekey = Operation::RekeyChild { tunnel: None };
    world.act(Who::A, |engine, now| engine.operate(now, &rekey));
    world.deliver("a CREATE_CHILD_SA request 2");
    let mut forger = Forger::new(&world, Who::B);
    let delete = Payload::Delete(Delete::esp(vec![old.spi_out]));
    let flight = forger.message(ExchangeType::INFORMATIONAL, 0, false, &[delete]);
    world.arrive(flight);
    let answer = world.take("a INFORMATIONAL answer 0");
    let half = Payload::Delete(Delete::esp(vec![old.spi_in]));
    assert_eq!(forger.read(&answer), [half]);
    world.deliver("b CREATE_CHILD_SA answer 2");
    assert_eq!(world.a.sas_of("net").len(), 1);
    assert!(
        world.wire.is_empty(),
        "nothing is left to delete: {:?}",
        world.wire
    );
    world.seconds(30);
    assert_eq!(world.a.sas_of("net").len(), 1, "and nothing is made twice");
}

fn rekey_payloads(old: &crossgate_model::ChildSa, spi: u32) -> Vec<Payload> {
    use crossgate_wire::ike::{EncrId, EsnId, Proposal, SaPayload, Transform};
    let mut proposal = Proposal::new(1, ProtocolId::ESP);
    proposal.spi = spi.to_be_bytes().to_vec();
    proposal.transforms = vec![
        Transform::encr(EncrId::AES_GCM_16, Some(128)),
        Transform::esn(EsnId::NO_ESN),
    ];
    let ts = |selectors: &[crossgate_model::Selector]| {
        TsPayload::new(
            selectors
                .iter()
                .map(|s| TrafficSelector::addresses(s.start, s.end)),
        )
    };
    let rekeys = Notify::about_child(NotifyType::REKEY_SA, ProtocolId::ESP, old.spi_out);
    vec![
        Payload::Notify(rekeys),
        Payload::Sa(SaPayload::new(vec![proposal])),
        Payload::Nonce(Nonce { data: vec![3; 32] }),
        Payload::TsI(ts(&old.remote_selectors)),
        Payload::TsR(ts(&old.local_selectors)),
    ]
}

#[test]
fn esp_spis_that_are_reserved_are_not_taken() {
    let mut world = World::up();
    let old = world.a.sas_of("net")[0].clone();
    let mut forger = Forger::new(&world, Who::B);
    let payloads = rekey_payloads(&old, 255);
    let flight = forger.message(ExchangeType::CREATE_CHILD_SA, 0, false, &payloads);
    world.arrive(flight);
    assert!(world.a.has("no-proposal-chosen"));
    assert_eq!(world.a.sas_of("net").len(), 1);
}

#[test]
fn sas_of_one_child_are_bounded_and_the_bound_is_told() {
    let mut world = World::up();
    let old = world.a.sas_of("net")[0].clone();
    let mut forger = Forger::new(&world, Who::B);
    for id in 0..20 {
        let payloads = rekey_payloads(&old, 0x1000 + id);
        let flight = forger.message(ExchangeType::CREATE_CHILD_SA, id, false, &payloads);
        world.arrive(flight);
    }
    assert_eq!(world.a.sas_of("net").len(), 8);
    assert_eq!(world.a.count("limit-reached"), 13);
}

/// The request as its sender repeats it, if the answer is a cookie.
pub fn with_cookie(mut request: Flight, answer: &Flight) -> Option<Flight> {
    let answer = Message::parse(&answer.payload).unwrap();
    let is_cookie =
        |payload: &Payload| matches!(payload, Payload::Notify(n) if n.kind == NotifyType::COOKIE);
    let cookie = answer.payloads.into_iter().find(is_cookie)?;
    let mut message = Message::parse(&request.payload).unwrap();
    message.payloads.insert(0, cookie);
    request.payload = message.emit().unwrap();
    Some(request)
}

/// However few half-open SAs are allowed, and however late cookies are configured to begin.
#[test]
fn first_messages_of_nobody_do_not_use_up_the_room_for_half_open_ike_sas() {
    let mut b = gateway_b();
    b.limits.max_half_open = given(4);
    let mut world = World::of(gateway_a(), b);
    world.act(Who::A, |engine, now| engine.acquire(now, "net"));
    let request = world.take("a IKE_SA_INIT request 0");
    for turn in 0..10 {
        let mut spoofed = request.clone();
        spoofed.payload[0] = turn;
        spoofed.payload[1] = 77;
        world.arrive(spoofed);
        world.lose_all();
    }
    world.arrive(request);
    world.run();
    assert!(world.b.has("ike-sa-established"), "{:?}", world.b.codes());
    assert_eq!(world.b.counter("dropped-at-limit"), 0);
}

#[test]
fn half_open_ike_sas_are_bounded_and_expire() {
    let mut b = gateway_b();
    first(&mut b).remote = RemoteEnd::Any;
    b.limits.max_half_open = given(3);
    let mut world = World::of(gateway_a(), b);
    world.act(Who::A, |engine, now| engine.acquire(now, "net"));
    let request = world.take("a IKE_SA_INIT request 0");
    for turn in 0..10 {
        let mut another = request.clone();
        another.payload[0] = turn;
        another.payload[1] = 77;
        world.arrive(another.clone());
        if let Some(again) = world
            .wire
            .pop_front()
            .and_then(|answer| with_cookie(another, &answer))
        {
            world.arrive(again);
        }
        world.lose_all();
    }
    assert_eq!(world.b.ike_states(world.now).len(), 3);
    assert_eq!(world.b.counter("dropped-at-limit"), 7);
    assert!(world.b.has("limit-reached"));
    world.pass_with(seconds(31), World::lose_all);
    assert_eq!(world.b.ike_states(world.now), []);
    assert_eq!(world.b.counter("half-open-expired"), 3);
}

#[test]
fn first_messages_in_the_peers_name_do_not_keep_us_from_starting() {
    let initiate = Operation::InitiateIke { connection: None };
    for by_operator in [false, true] {
        let mut world = World::new();
        world.act(Who::A, |engine, now| engine.acquire(now, "net"));
        let spoofed = world.take("a IKE_SA_INIT request 0");
        world.restart(Who::A, gateway_a());
        world.arrive(spoofed);
        world.lose("b IKE_SA_INIT answer 0");
        world.act(Who::B, |engine, now| match by_operator {
            true => drop(engine.operate(now, &initiate)),
            false => engine.acquire(now, "net"),
        });
        world.deliver("b IKE_SA_INIT request 0");
        world.seconds(31);
        world.is_up_once(&["net"]);
    }
}

#[test]
fn an_ike_auth_from_an_address_that_the_connection_does_not_admit_is_refused() {
    let mut world = World::new();
    world.act(Who::A, |engine, now| engine.acquire(now, "net"));
    world.deliver("a IKE_SA_INIT request 0");
    world.deliver("b IKE_SA_INIT answer 0");
    let mut moved = world.take("a IKE_AUTH request 1");
    moved.local.set_ip("203.0.113.7".parse().unwrap());
    world.arrive(moved);
    assert!(!world.b.has("ike-sa-established"), "{:?}", world.b.codes());
    assert!(world.b.installed.is_empty());
}

#[test]
fn an_answer_that_was_not_offered_is_refused_and_deleted_with_the_peer() {
    let mut world = World::up();
    world.act(Who::A, |engine, now| {
        engine.operate(now, &Operation::RekeyChild { tunnel: None })
    });
    world.lose("a CREATE_CHILD_SA request 2");
    let old = world.a.sas_of("net")[0].clone();
    let mut forger = Forger::new(&world, Who::B);
    // Wider than what was offered.
    let mut payloads = rekey_payloads(&old, 0x1000);
    payloads.remove(0);
    let any = TrafficSelector::addresses(
        "0.0.0.0".parse().unwrap(),
        "255.255.255.255".parse().unwrap(),
    );
    payloads.truncate(2);
    payloads.push(Payload::TsI(TsPayload::new([any])));
    payloads.push(Payload::TsR(TsPayload::new([any])));
    let flight = forger.message(ExchangeType::CREATE_CHILD_SA, 2, true, &payloads);
    world.arrive(flight);
    let EventKind::TsUnacceptable {
        refused_by,
        received,
        expected,
    } = world.a.event("ts-unacceptable")
    else {
        panic!("another event");
    };
    assert_eq!(*refused_by, Side::Us);
    assert_eq!(received, "0.0.0.0/0 <-> 0.0.0.0/0");
    assert_eq!(expected, "10.1.0.0/16 <-> 10.2.0.0/16");
    let delete = world.take("a INFORMATIONAL request 3");
    assert!(matches!(forger.read(&delete)[..], [Payload::Delete(_)]));
    assert_eq!(world.a.sas_of("net").len(), 1, "the old one goes on");
}

#[test]
fn a_child_rekey_with_the_wrong_groups_ke_payload_is_told_the_right_one() {
    use crossgate_crypto::DhGroup;
    use crossgate_wire::ike::{DhId, KeyExchange, Transform};
    let mut world = World::with(|gateway| {
        first(gateway).children[0].pfs = Some(given(DhGroup::Ecp20));
    });
    world.bring_up();
    let old = world.a.sas_of("net")[0].clone();
    let mut forger = Forger::new(&world, Who::B);
    let mut payloads = rekey_payloads(&old, 0x1000);
    if let Payload::Sa(sa) = &mut payloads[1] {
        let groups = [DhId::ECP_256, DhId::ECP_384].map(Transform::dh);
        sa.proposals[0].transforms.extend(groups);
    }
    payloads.insert(
        3,
        Payload::Ke(KeyExchange {
            group: DhId::ECP_256,
            data: vec![4; 64],
        }),
    );
    let flight = forger.message(ExchangeType::CREATE_CHILD_SA, 0, false, &payloads);
    world.arrive(flight);
    let answer = world.take("a CREATE_CHILD_SA answer 0");
    let wanted = Payload::Notify(Notify::invalid_ke(DhId::ECP_384));
    assert_eq!(forger.read(&answer), [wanted]);
    let told = EventKind::InvalidKe {
        offered: 19,
        wanted: 20,
    };
    assert_eq!(world.a.event("invalid-ke-payload"), &told);
}

#[test]
fn an_ike_rekey_whose_group_the_peer_does_not_want_is_tried_with_the_one_it_wants() {
    use crossgate_crypto::DhGroup;
    use crossgate_wire::ike::DhId;
    let mut world = World::with(|gateway| {
        first(gateway).proposals[0].groups = vec![given(DhGroup::Ecp20), given(DhGroup::Ecp19)];
    });
    world.bring_up();
    let rekey = Operation::RekeyIke { connection: None };
    world.act(Who::A, |engine, now| engine.operate(now, &rekey));
    world.lose("a CREATE_CHILD_SA request 2");
    let mut forger = Forger::new(&world, Who::B);
    let wants = Payload::Notify(Notify::invalid_ke(DhId::ECP_256));
    let flight = forger.message(ExchangeType::CREATE_CHILD_SA, 2, true, &[wants]);
    world.arrive(flight);
    let again = world.take("a CREATE_CHILD_SA request 3");
    let group = forger
        .read(&again)
        .into_iter()
        .find_map(|payload| match payload {
            Payload::Ke(ke) => Some(ke.group),
            _ => None,
        });
    assert_eq!(group, Some(DhId::ECP_256));
}

#[test]
fn an_error_in_an_informational_is_told() {
    let mut world = World::up();
    let mut forger = Forger::new(&world, Who::B);
    let payload = Payload::Notify(Notify::new(NotifyType::INVALID_SELECTORS));
    let flight = forger.message(ExchangeType::INFORMATIONAL, 0, false, &[payload]);
    world.arrive(flight);
    let notify = "INVALID_SELECTORS".to_owned();
    let told = EventKind::PeerRefused {
        exchange: Exchange::Informational,
        notify,
    };
    assert_eq!(world.a.event("peer-refused"), &told);
    world.run();
    world.is_up_once(&["net"]);
}

#[test]
fn a_request_with_a_responder_spi_or_a_message_id_is_no_first_request() {
    let mut world = World::new();
    world.act(Who::A, |engine, now| engine.acquire(now, "net"));
    let request = world.take("a IKE_SA_INIT request 0");
    for at in [8, 23] {
        let mut odd = request.clone();
        odd.payload[at] = 1;
        world.arrive(odd);
    }
    assert_eq!(world.b.ike_states(world.now), []);
    assert_eq!(world.b.counter("unknown-ike-spi"), 2);
}

/// Ten thousand times some octets of a recorded run are changed, cut or doubled, and delivered to
/// both ends.
#[test]
fn ten_thousand_mutations_never_panic_and_are_all_counted_or_answered() {
    let mut rng = ChaCha20Rng::seed_from_u64(11);
    let mut world = World::with(three_children);
    world.bring_up();
    world.act(Who::A, |engine, now| engine.acquire(now, "net2"));
    world.run();
    for operation in [
        Operation::RekeyChild { tunnel: None },
        Operation::RekeyIke { connection: None },
    ] {
        world.act(Who::B, |engine, now| engine.operate(now, &operation));
        world.seconds(3);
    }
    let mut recorded = world.sent.clone();
    let fresh = {
        let mut other = World::new();
        other.act(Who::A, |engine, now| engine.acquire(now, "net"));
        other.run();
        other.sent
    };
    recorded.extend(fresh);
    world.forget();
    for turn in 0..10_000u32 {
        let mut flight = recorded[(rng.next_u32() as usize) % recorded.len()].clone();
        for _ in 0..=rng.next_u32() % 4 {
            mutate(&mut flight.payload, &mut rng);
        }
        world.arrive(flight);
        world.lose_all();
        if turn % 500 == 0 {
            world.seconds_cut_off(1);
        }
    }
    world.seconds(60);
    world.in_step();
    assert_eq!(world.a.sas_of("net").len(), 1, "what stands goes on");
    let counted: u64 = world.b.engine.counters().values().sum();
    assert!(counted > 3_000, "{counted} refusals at B");
}

fn mutate(octets: &mut Vec<u8>, rng: &mut ChaCha20Rng) {
    if octets.is_empty() {
        return;
    }
    let at = rng.next_u32() as usize % octets.len();
    match rng.next_u32() % 6 {
        0 => octets[at] = rng.next_u32().to_le_bytes()[0],
        1 => octets[at] ^= 1 << (rng.next_u32() % 8),
        2 => octets.truncate(at),
        3 => {
            let copy = octets[at..].to_vec();
            octets.extend(copy);
        }
        4 => octets.insert(at, 0xff),
        _ => {
            // The length field is made right again, so that more than the first check is met.
            let length = u32::try_from(octets.len()).unwrap();
            if let Some(field) = octets.get_mut(24..28) {
                field.copy_from_slice(&length.to_be_bytes());
            }
        }
    }
}

#[test]
fn the_spis_and_the_header_of_an_answer_are_the_requests() {
    let mut world = World::new();
    world.act(Who::A, |engine, now| engine.acquire(now, "net"));
    let request: Header = world.wire[0].header();
    world.deliver("a IKE_SA_INIT request 0");
    let answer = world.wire[0].header();
    assert_eq!(answer.initiator_spi, request.initiator_spi);
    assert_ne!(answer.responder_spi, IkeSpi::ZERO);
    assert!(answer.flags.response() && !answer.flags.initiator());
}
