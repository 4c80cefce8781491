//! Negotiations that fail: each ends in an event that names both sides' values, at the side that
//! knows the cause.

use crate::config::*;
use crate::door::*;
use crossgate_crypto::{DhGroup, Encr, Integ, Prf};
use crossgate_diag::Certainty;
use crossgate_model::behaviour::{FirstChildFailure, PfsUnset, ResponderSelectors};
use crossgate_model::event::{DeleteReason, Exchange, Side};
use crossgate_model::{
    Auth, Claim, EventKind, Gateway, Identity, IdentityMatch, Initiation, PresharedKey, RemoteEnd,
};

/// A starts; B is changed.
fn attempt(change_b: impl Fn(&mut Gateway)) -> World {
    attempt_of(|_| {}, change_b)
}

fn attempt_of(change_a: impl Fn(&mut Gateway), change_b: impl Fn(&mut Gateway)) -> World {
    let (mut a, mut b) = (gateway_a(), gateway_b());
    change_a(&mut a);
    change_b(&mut b);
    let mut world = World::of(a, b);
    world.act(Who::A, |engine, now| engine.acquire(now, "net"));
    world.run();
    world
}

fn failure_of(world: &World, child: &str) -> Option<String> {
    let views = world.a.engine.connections(world.now);
    let children = views.into_iter().flat_map(|view| view.children);
    children
        .filter(|view| view.name == child)
        .find_map(|view| view.last_failure)
}

#[test]
fn a_wrong_key_is_named_by_both_ends() {
    let mut world = attempt(|b| {
        first(b).remote_auth = given(psk(b"another key"));
        first(b).local_auth = given(psk(b"another key"));
    });
    assert_eq!(
        world.b.event("authentication-failed"),
        &EventKind::AuthenticationFailed {
            refused_by: Side::Us,
            method: "pre-shared key".into(),
            identity: format!("address {A}"),
        }
    );
    assert_eq!(
        world.a.event("authentication-failed"),
        &EventKind::AuthenticationFailed {
            refused_by: Side::Peer,
            method: "pre-shared key".into(),
            identity: format!("address {A}"),
        }
    );
    assert!(
        failure_of(&world, "net")
            .unwrap()
            .contains("doesn't say why")
    );
    world.seconds(60);
    world.is_down();
}

#[test]
fn a_responder_with_a_wrong_key_is_told_and_forgets_the_ike_sa() {
    let mut world = attempt(|b| first(b).local_auth = given(psk(b"another key")));
    let by_us = EventKind::AuthenticationFailed {
        refused_by: Side::Us,
        method: "pre-shared key".into(),
        identity: format!("address {B}"),
    };
    assert_eq!(world.a.event("authentication-failed"), &by_us);
    assert!(world.b.has("ike-sa-established"), "B could not know before");
    let told = EventKind::AuthenticationFailed {
        refused_by: Side::Peer,
        method: "pre-shared key".into(),
        identity: format!("address {B}"),
    };
    assert_eq!(world.b.event("authentication-failed"), &told);
    assert!(world.b.installed.is_empty() && world.a.installed.is_empty());
    world.seconds(60);
    world.is_down();
}

#[test]
fn a_wrong_identity_is_named_with_what_was_expected() {
    let world = attempt(|b| {
        let wanted = IdentityMatch::Exactly(Identity::Fqdn("branch.example.net".into()));
        first(b).remote_identities = vec![given(wanted)];
    });
    let unmatched = EventKind::IdentityUnmatched {
        received: format!("address {A}"),
        expected: "fqdn branch.example.net".into(),
    };
    assert_eq!(world.b.event("identity-unmatched"), &unmatched);
    assert!(world.a.has("authentication-failed"), "all that A can know");
}

#[test]
fn a_responder_with_a_wrong_identity_is_refused_by_the_initiator() {
    let world = attempt(|b| first(b).local_identity = given(Identity::Fqdn("hq".into())));
    let unmatched = EventKind::IdentityUnmatched {
        received: "fqdn hq".into(),
        expected: format!("address {B}"),
    };
    assert_eq!(world.a.event("identity-unmatched"), &unmatched);
    assert!(world.b.installed.is_empty());
}

#[test]
fn disjoint_ike_proposals_are_named_side_by_side() {
    let world = attempt(|b| {
        let proposal = &mut first(b).proposals[0];
        proposal.encr = vec![given(Encr::AesCbc128), given(Encr::AesGcm256)];
        proposal.groups = vec![given(DhGroup::Modp14)];
    });
    let ours = "AES-CBC-256/HMAC-SHA256-128/PRF-HMAC-SHA256/ECP-384";
    let theirs = "AES-CBC-128/HMAC-SHA256-128/PRF-HMAC-SHA256/MODP-2048 or \
                  AES-GCM-256/PRF-HMAC-SHA256/MODP-2048";
    let by = |refused_by, received: &str, expected: &str| EventKind::NoProposalChosen {
        exchange: Exchange::IkeSaInit,
        refused_by,
        received: received.into(),
        expected: expected.into(),
    };
    assert_eq!(
        world.b.event("no-proposal-chosen"),
        &by(Side::Us, ours, theirs)
    );
    let at_a = by(Side::Peer, "NO_PROPOSAL_CHOSEN", ours);
    assert_eq!(world.a.event("no-proposal-chosen"), &at_a);
}

#[test]
fn disjoint_esp_proposals_leave_the_ike_sa_and_name_both_sides() {
    let world = attempt(|b| {
        let proposal = &mut first(b).children[0].proposals[0];
        proposal.encr = vec![given(Encr::AesCbc128)];
        proposal.integ = vec![given(Integ::HmacSha256_128)];
    });
    let refused = EventKind::NoProposalChosen {
        exchange: Exchange::IkeAuth,
        refused_by: Side::Us,
        received: "AES-GCM-128/no ESN".into(),
        expected: "AES-CBC-128/HMAC-SHA256-128/no ESN".into(),
    };
    assert_eq!(world.b.event("no-proposal-chosen"), &refused);
    assert!(world.a.has("ike-sa-established") && world.a.installed.is_empty());
    world.is_up_once(&[]);
}

#[test]
fn selectors_that_do_not_mirror_are_named_side_by_side() {
    let world = attempt(|b| {
        let child = &mut first(b).children[0];
        child.selectors = given(pair("10.2.0.0/16", "10.1.0.0/23"));
        child.responder_selectors = Claim::new(ResponderSelectors::Exact, Certainty::Rfc, "test");
    });
    let refused = EventKind::TsUnacceptable {
        refused_by: Side::Us,
        received: "10.2.0.0/16 <-> 10.1.0.0/16".into(),
        expected: "10.2.0.0/16 <-> 10.1.0.0/23".into(),
    };
    assert_eq!(world.b.event("ts-unacceptable"), &refused);
    let at_a = EventKind::TsUnacceptable {
        refused_by: Side::Peer,
        received: "TS_UNACCEPTABLE".into(),
        expected: "10.1.0.0/16 <-> 10.2.0.0/16".into(),
    };
    assert_eq!(world.a.event("ts-unacceptable"), &at_a);
    world.is_up_once(&[]);
}

#[test]
fn the_first_childs_failure_ends_the_ike_sa_where_that_is_the_vendors_manner() {
    let delete = |gateway: &mut Gateway| {
        gateway.behaviour.first_child_failure =
            Claim::new(FirstChildFailure::DeleteIkeSa, Certainty::Doc, "test");
    };
    let other_selectors = |b: &mut Gateway| {
        first(b).children[0].selectors = given(pair("10.9.0.0/16", "10.8.0.0/16"));
    };
    for by_a in [true, false] {
        let mut world = attempt_of(
            |a| {
                if by_a {
                    delete(a)
                }
            },
            |b| {
                other_selectors(b);
                if !by_a {
                    delete(b);
                }
            },
        );
        let end = if by_a { &world.a } else { &world.b };
        let reason = DeleteReason::FirstChildFailed;
        let deleted = EventKind::IkeDeleted {
            by: Side::Us,
            reason,
        };
        assert_eq!(end.event("ike-sa-deleted"), &deleted);
        world.seconds(30);
        world.is_down();
    }
}

#[test]
fn a_method_other_than_the_configured_one_is_named() {
    let world = attempt(|b| first(b).remote_auth = given(Auth::RsaSignature));
    let mismatch = EventKind::AuthMethodMismatch {
        received: "pre-shared key".into(),
        expected: "RSA signature".into(),
    };
    assert_eq!(world.b.event("auth-method-mismatch"), &mismatch);
    assert!(world.a.has("authentication-failed"));
}

#[test]
fn a_key_that_the_file_does_not_tell_prevents_the_start_and_is_said() {
    for (key, word) in [
        (PresharedKey::Encrypted, "encrypted"),
        (PresharedKey::Missing, "no pre"),
    ] {
        let world = attempt_of(
            |a| first(a).local_auth = given(Auth::Psk(key.clone())),
            |_| {},
        );
        assert!(world.sent.is_empty());
        let EventKind::CannotStart { reason } = world.a.event("cannot-start") else {
            panic!("another event");
        };
        assert!(reason.contains(word), "{reason}");
        let world = attempt(|b| first(b).local_auth = given(Auth::Psk(key.clone())));
        assert!(world.b.has("cannot-start") && world.a.has("authentication-failed"));
    }
}

#[test]
fn a_peer_of_whom_nobody_knows_is_refused_and_told_about() {
    let elsewhere = RemoteEnd::Address(given("203.0.113.9".parse().unwrap()));
    let world = attempt(|b| first(b).remote = elsewhere.clone());
    assert_eq!(world.b.event("peer-unknown"), &EventKind::PeerUnknown);
    assert!(world.a.has("no-proposal-chosen"));
    assert_eq!(world.b.ike_states(world.now), []);
}

#[test]
fn a_peer_that_is_not_there_counts_as_dead_after_the_last_wait() {
    let mut world = World::new();
    world.act(Who::A, |engine, now| engine.acquire(now, "net"));
    world.seconds_cut_off(200);
    let dead = EventKind::PeerDead {
        exchange: Exchange::IkeSaInit,
        sent: 8,
        seconds: 153,
    };
    assert_eq!(world.a.event("peer-dead"), &dead);
    assert_eq!(world.a.count("retransmitted"), 7);
    let sent: Vec<&Vec<u8>> = world.sent.iter().map(|flight| &flight.payload).collect();
    assert!(
        sent.windows(2).all(|two| two[0] == two[1]),
        "the same octets each time"
    );
    assert_eq!(world.a.ike_states(world.now), []);
}

#[test]
fn a_connection_that_starts_itself_tries_again_and_again_with_growing_pauses() {
    let (mut a, mut b) = (gateway_a(), gateway_b());
    first(&mut a).initiation = given(Initiation::AtStart);
    first(&mut b).proposals[0].encr = vec![given(Encr::AesCbc128)];
    let mut world = World::of(a, b);
    world.act(Who::A, |engine, now| engine.start(now));
    world.seconds(600);
    let tries = world.a.count("ike-sa-started");
    assert!((7..=9).contains(&tries), "{tries} tries in ten minutes");
}

#[test]
fn algorithms_that_are_weak_or_unusable_are_reported_at_start() {
    let mut world = World::with(|gateway| {
        let proposal = &mut first(gateway).proposals[0];
        proposal.encr = vec![given(Encr::TripleDes), given(Encr::AesCbc256)];
        proposal.groups = vec![given(DhGroup::Modp24), given(DhGroup::Modp2)];
        proposal.prf = vec![given(Prf::HmacMd5), given(Prf::HmacSha1)];
    });
    world.act(Who::A, |engine, now| engine.start(now));
    let said: Vec<String> = world
        .a
        .events
        .iter()
        .map(|event| event.kind.to_string())
        .collect();
    for (what, manner) in [
        ("3DES-CBC", "not implemented"),
        ("MODP-2048-256", "not implemented"),
        ("PRF-HMAC-MD5", "not implemented"),
        ("MODP-1024", "weak"),
    ] {
        let is_said = |text: &String| text.starts_with(what) && text.contains(manner);
        assert!(said.iter().any(is_said), "{what} in {said:?}");
    }
    world.act(Who::A, |engine, now| engine.acquire(now, "net"));
    world.run();
    world.is_up_once(&["net"]);
}

#[test]
fn pfs_on_one_side_shows_at_the_first_rekey_and_not_before() {
    let with_pfs = |gateway: &mut Gateway| {
        first(gateway).children[0].pfs = Some(given(DhGroup::Ecp20));
        first(gateway).children[0].lifetime.time = given(seconds(7200));
    };
    // The initiator has none: the responder that wants it knows.
    let mut world = attempt_of(|_| {}, with_pfs);
    world.is_up_once(&["net"]);
    world.seconds(3550);
    let missing = world
        .b
        .events
        .iter()
        .find(|e| e.kind.code() == "pfs-mismatch")
        .unwrap();
    let expected = EventKind::PfsMismatch {
        refused_by: Side::Us,
        received: "no PFS".into(),
        expected: "ECP-384".into(),
    };
    assert_eq!(missing.kind, expected);
    let at_a = world
        .a
        .events
        .iter()
        .find(|e| e.kind.code() == "pfs-mismatch")
        .unwrap();
    let expected = EventKind::PfsMismatch {
        refused_by: Side::Peer,
        received: "NO_PROPOSAL_CHOSEN".into(),
        expected: "no PFS".into(),
    };
    assert_eq!(at_a.kind, expected);
}

#[test]
fn a_responder_without_pfs_takes_the_peers_group_or_refuses_it_as_its_vendor_does() {
    for (manner, accepted) in [
        (PfsUnset::AcceptPeersGroup, true),
        (PfsUnset::Refuse, false),
    ] {
        let mut world = attempt_of(
            |a| {
                first(a).children[0].pfs = Some(given(DhGroup::Ecp20));
                first(a).children[0].lifetime.time = given(seconds(600));
            },
            |b| b.behaviour.pfs_unset = Claim::new(manner, Certainty::Doc, "test"),
        );
        world.seconds(595);
        assert_eq!(world.a.has("child-sa-rekeyed"), accepted, "{manner:?}");
        assert_eq!(world.b.has("pfs-mismatch"), !accepted, "{manner:?}");
        world.in_step();
    }
}

#[test]
fn different_pfs_groups_are_named_at_the_rekey() {
    let mut world = attempt_of(
        |a| first(a).children[0].pfs = Some(given(DhGroup::Ecp20)),
        |b| {
            first(b).children[0].pfs = Some(given(DhGroup::Ecp19));
            first(b).children[0].lifetime.time = given(seconds(7200));
        },
    );
    world.seconds(3500);
    let mismatch = world
        .b
        .events
        .iter()
        .find(|e| e.kind.code() == "pfs-mismatch")
        .unwrap();
    let expected = EventKind::PfsMismatch {
        refused_by: Side::Us,
        received: "ECP-384".into(),
        expected: "ECP-256".into(),
    };
    assert_eq!(mismatch.kind, expected);
    world.seconds(200);
    assert!(
        world.a.installed.is_empty(),
        "the hard lifetime ends it: nothing is left in use"
    );
}
