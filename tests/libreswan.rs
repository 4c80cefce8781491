//! Against Libreswan: all of IKE from either side, and the same keys at both ends. Its ESP needs a
//! kernel that has it: there (`kernel.rs`) traffic passes in place of keys being compared.

use crate::support::crossgate::Crossgate;
use crate::support::kernel::carries_their_tunnels;
use crate::support::ping;
use crate::support::pluto::Pluto;
use crate::support::tunnel::{Starts, Suite};
use crate::support::vendors::Vendor;
use crate::support::world::{End, Nat, World};

/// Two set up, three by rekeys.
const CHILDREN: usize = 5;

fn lifecycle(vendor: Vendor, starts: Starts, suite: Suite) {
    let world = World::new(Nat::None);
    let tunnel = world.tunnel(End::A, suite, starts);
    let theirs = Pluto::start(&world, End::B, &tunnel.mirrored());
    let ours = Crossgate::start(&world, vendor, &tunnel);
    let passes_traffic = || {
        if carries_their_tunnels() {
            ping::wait_for_answer(&world, End::A);
            ping::assert_both_ways(&world);
        }
    };

    bring_up(starts, &ours, &theirs);
    passes_traffic();
    ours.rekey_child();
    theirs.rekey_child();
    ours.rekey_ike();
    theirs.rekey_ike();
    ours.rekey_child();
    passes_traffic();
    theirs.terminate();
    ours.wait_for_text("ike-sa-deleted", "deleted by the peer");

    bring_up(starts, &ours, &theirs);
    passes_traffic();
    if !carries_their_tunnels() {
        assert_eq!(theirs.keys(), ours.keys());
    }
    assert_eq!(ours.keys().len(), 2 * CHILDREN);
    let known = theirs.ike_sas_deleted_by_peer();
    ours.delete();
    theirs.wait_for_delete(known);
    assert_eq!(ours.logged("child-sa-rekeyed").len(), 3);
    assert_eq!(ours.logged("ike-sa-rekeyed").len(), 2);
}

fn bring_up(starts: Starts, ours: &Crossgate, theirs: &Pluto) {
    match starts {
        Starts::Local => ours.initiate(),
        Starts::Remote => theirs.initiate(),
    }
}

#[test]
fn ios_initiates_cbc() {
    lifecycle(Vendor::Ios, Starts::Local, Suite::CBC);
}

#[test]
fn ios_responds_gcm() {
    lifecycle(Vendor::Ios, Starts::Remote, Suite::GCM);
}

#[test]
fn pan_os_initiates_gcm() {
    lifecycle(Vendor::PanOs, Starts::Local, Suite::GCM);
}

#[test]
fn pan_os_responds_cbc() {
    lifecycle(Vendor::PanOs, Starts::Remote, Suite::CBC);
}
