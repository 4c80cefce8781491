//! IKE_SA_INIT and IKE_AUTH between two ends that suit each other.

use crate::config::*;
use crate::door::*;
use crossgate_crypto::{DhGroup, Encr, Integ, Prf};
use crossgate_model::event::{DeleteReason, Side};
use crossgate_model::operate::{Operation, Outcome, Which};
use crossgate_model::view::{Encapsulation, Role};
use crossgate_model::{EventKind, Initiation, OutboundUse};

#[test]
fn four_messages_make_an_ike_sa_and_its_first_child() {
    let mut world = World::new();
    world.act(Who::A, |engine, now| engine.acquire(now, "net"));
    world.run();
    let sent: Vec<String> = world.sent.iter().map(Flight::what).collect();
    assert_eq!(
        sent,
        [
            "a IKE_SA_INIT request 0",
            "b IKE_SA_INIT answer 0",
            "a IKE_AUTH request 1",
            "b IKE_AUTH answer 1"
        ]
    );
    world.is_up_once(&["net"]);
    assert_eq!(
        world.a.codes(),
        ["ike-sa-started", "ike-sa-established", "child-sa-installed"]
    );
    assert_eq!(world.b.codes(), world.a.codes());
    let suite = "AES-CBC-256/HMAC-SHA256-128/PRF-HMAC-SHA256/ECP-384".to_owned();
    let established = EventKind::IkeEstablished { suite, nat: false };
    assert_eq!(world.a.event("ike-sa-established"), &established);
    let (of_a, of_b) = (world.a.sas_of("net")[0], world.b.sas_of("net")[0]);
    assert_eq!(
        (of_a.role, of_a.outbound),
        (Role::Initiator, OutboundUse::Immediately)
    );
    assert_eq!(
        (of_b.role, of_b.outbound),
        (Role::Responder, OutboundUse::AfterPeer)
    );
    assert_eq!(of_a.path.encapsulation, Encapsulation::Esp);
}

#[test]
fn an_operators_clear_deletes_everything_at_both_ends() {
    let mut world = World::up();
    let clear = Operation::ClearIke { which: Which::All };
    let outcome = world.act(Who::A, |engine, now| engine.operate(now, &clear));
    assert_eq!(
        outcome,
        Outcome::Done {
            ike_sas: 1,
            children: 1
        }
    );
    world.run();
    assert!(world.a.installed.is_empty() && world.b.installed.is_empty());
    let by_us = EventKind::IkeDeleted {
        by: Side::Us,
        reason: DeleteReason::Cleared,
    };
    let by_peer = EventKind::IkeDeleted {
        by: Side::Peer,
        reason: DeleteReason::ByPeer,
    };
    assert_eq!(world.a.event("ike-sa-deleted"), &by_us);
    assert_eq!(world.b.event("ike-sa-deleted"), &by_peer);
    world.seconds(30);
    world.is_down();
}

#[test]
fn every_suite_sets_up_in_both_directions() {
    let ike_ciphers = [
        (Encr::AesCbc128, Some(Integ::HmacSha1_96)),
        (Encr::AesCbc192, Some(Integ::HmacSha256_128)),
        (Encr::AesCbc256, Some(Integ::HmacSha384_192)),
        (Encr::AesCbc256, Some(Integ::HmacSha512_256)),
        (Encr::AesGcm128, None),
        (Encr::AesGcm256, None),
    ];
    let prfs = [
        Prf::HmacSha1,
        Prf::HmacSha256,
        Prf::HmacSha384,
        Prf::HmacSha512,
    ];
    let groups = [
        DhGroup::Modp2,
        DhGroup::Modp5,
        DhGroup::Modp14,
        DhGroup::Modp15,
        DhGroup::Modp16,
        DhGroup::Ecp19,
        DhGroup::Ecp20,
        DhGroup::Ecp21,
        DhGroup::X25519,
    ];
    let most = ike_ciphers.len().max(prfs.len()).max(groups.len());
    for turn in 0..most {
        let (encr, integ) = ike_ciphers[turn % ike_ciphers.len()];
        let (prf, group) = (prfs[turn % prfs.len()], groups[turn % groups.len()]);
        let mut world = World::with(|gateway| {
            let connection = first(gateway);
            let ike = &mut connection.proposals[0];
            ike.encr = vec![given(encr)];
            ike.integ = integ.into_iter().map(given).collect();
            ike.prf = vec![given(prf)];
            ike.groups = vec![given(group)];
            let esp = &mut connection.children[0].proposals[0];
            esp.encr = vec![given(encr)];
            esp.integ = integ.into_iter().map(given).collect();
            esp.esn = turn % 2 == 0;
        });
        let starter = if turn % 2 == 0 { Who::A } else { Who::B };
        world.act(starter, |engine, now| engine.acquire(now, "net"));
        world.run();
        world.is_up_once(&["net"]);
        let suite = (encr, integ, turn % 2 == 0);
        let installed = world.a.sas_of("net")[0];
        assert_eq!((installed.encr, installed.integ, installed.esn), suite);
    }
}

#[test]
fn a_connection_that_starts_itself_brings_up_all_of_its_children() {
    let (mut a, mut b) = (gateway_a(), gateway_b());
    three_children(&mut a);
    three_children(&mut b);
    first(&mut a).initiation = given(Initiation::AtStart);
    let mut world = World::of(a, b);
    world.act(Who::A, |engine, now| engine.start(now));
    world.run();
    world.is_up_once(&["net", "net2", "net3"]);
}
