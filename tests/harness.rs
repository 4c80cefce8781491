//! The harness by itself: that the peers and worlds work before our program is judged by them.

use crate::support::charon::Charon;
use crate::support::iked::{self, Iked};
use crate::support::keys::SaKeys;
use crate::support::ping::{self, Steady};
use crate::support::pluto::Pluto;
use crate::support::tunnel::{Starts, Suite};
use crate::support::world::{End, Nat, World};
use std::collections::BTreeSet;
use std::time::Duration;

/// Two strongSwan daemons do in a world all that is asked of our program later.
fn two_charons(suite: Suite, nat: Nat) {
    let world = World::new(nat);
    let tunnel = world.tunnel(End::A, suite, Starts::Local);
    let ours = Charon::start(&world, End::A, &tunnel);
    let theirs = Charon::start(&world, End::B, &tunnel.mirrored());
    assert!(ours.initiate(), "{}", ours.log());
    ping::assert_both_ways(&world);

    let steady = Steady::start(&world, End::A);
    ours.rekey_child();
    theirs.rekey_child();
    ours.rekey_ike();
    theirs.rekey_ike();
    theirs.rekey_child();
    steady.stop_without_loss();

    theirs.terminate();
    assert_eq!(ours.installed(), []);
}

#[test]
fn two_charons_with_cbc() {
    two_charons(Suite::CBC, Nat::None);
}

#[test]
fn two_charons_with_gcm_through_nat() {
    two_charons(Suite::GCM, Nat::Before(End::A));
}

#[test]
fn libreswan_answers_rekeys_and_deletes() {
    let world = World::new(Nat::None);
    let tunnel = world.tunnel(End::A, Suite::CBC, Starts::Local);
    let charon = Charon::start(&world, End::A, &tunnel);
    let pluto = Pluto::start(&world, End::B, &tunnel.mirrored());
    assert!(charon.initiate(), "{}", charon.log());
    charon.rekey_child();
    pluto.rekey_child();
    pluto.rekey_ike();
    charon.rekey_ike();
    assert_keys_of_current_child(&charon, &pluto.keys());
    pluto.terminate();
    assert_eq!(charon.installed(), []);
}

#[test]
fn openiked_starts_rekeys_and_deletes() {
    let world = World::new(Nat::None);
    let tunnel = world.tunnel(End::A, iked::CBC, Starts::Remote);
    let charon = Charon::start(&world, End::A, &tunnel);
    let iked = Iked::start(&world, End::B, &tunnel.mirrored(), Duration::from_secs(5));
    charon.wait_for_log("CHILD_SA lan{1} established");
    charon.rekey_child();
    iked.rekey_child();
    charon.wait_for_log("outbound CHILD_SA lan{3} established");
    charon.rekey_ike();
    charon.wait_for_log("IKE_SA site[3] rekeyed");
    assert_keys_of_current_child(&charon, &iked.keys());
    iked.terminate(&tunnel.mirrored());
    charon.wait_for_log("IKE_SA deleted");
}

/// Both directions of the Child SA that is in use were logged by the peer.
fn assert_keys_of_current_child(charon: &Charon, keys: &BTreeSet<SaKeys>) {
    let [(inbound, outbound)] = charon.installed()[..] else {
        panic!("one Child SA expected, found {:?}", charon.installed());
    };
    for spi in [inbound, outbound] {
        let logged = keys.iter().find(|keys| keys.spi == spi);
        let keys = logged.unwrap_or_else(|| panic!("no keys for {spi:08x} in {keys:?}"));
        assert_eq!(keys.encryption.len(), 64, "{keys:?}");
    }
}
