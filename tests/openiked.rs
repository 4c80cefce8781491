//! Against OpenIKED: all of IKE from either side, and the same keys at both ends. Its ESP needs a
//! kernel that has it: there (`kernel.rs`) traffic passes in place of keys being compared, and it
//! has no reason to rekey a Child SA.

use crate::support::crossgate::Crossgate;
use crate::support::iked::{self, Iked};
use crate::support::kernel::carries_their_tunnels;
use crate::support::ping;
use crate::support::tunnel::{Starts, Suite};
use crate::support::vendors::Vendor;
use crate::support::world::{End, Nat, World};
use std::time::Duration;

/// One set up, three by rekeys.
const CHILDREN: usize = 4;

/// How a connection ends.
enum Delete {
    Ours,
    Theirs,
}

/// It rekeys its IKE SA by its own clock; where it starts, it does so when it starts.
fn lifecycle(vendor: Vendor, starts: Starts, suite: Suite, delete: Delete) {
    let world = World::new(Nat::None);
    let tunnel = world.tunnel(End::A, suite, starts);
    let opposite = tunnel.mirrored();
    let start_theirs = || Iked::start(&world, End::B, &opposite, Duration::from_secs(6));
    let (ours, theirs) = match starts {
        Starts::Local => {
            let theirs = start_theirs();
            let ours = Crossgate::start(&world, vendor, &tunnel);
            ours.initiate();
            (ours, theirs)
        }
        Starts::Remote => {
            let ours = Crossgate::start(&world, vendor, &tunnel);
            (ours, start_theirs())
        }
    };
    ours.wait_for("child-sa-installed");
    let is_carried = carries_their_tunnels();
    let passes_traffic = || {
        if is_carried {
            ping::wait_for_answer(&world, End::A);
            ping::assert_both_ways(&world);
        }
    };

    passes_traffic();
    ours.rekey_child();
    if !is_carried {
        let known = ours.logged("child-sa-rekeyed").len();
        theirs.rekey_child();
        ours.wait_for_another("child-sa-rekeyed", known);
    }
    ours.rekey_ike();
    ours.wait_for_text("ike-sa-rekeyed", "by the peer");
    ours.rekey_child();
    passes_traffic();

    match delete {
        Delete::Ours => {
            ours.delete();
            theirs.wait_for_log("ikev2_ikesa_recv_delete: received delete");
        }
        Delete::Theirs => {
            theirs.terminate(&opposite);
            ours.wait_for_text("ike-sa-deleted", "deleted by the peer");
        }
    }
    if !is_carried {
        assert_eq!(theirs.keys(), ours.keys());
        assert_eq!(ours.keys().len(), 2 * CHILDREN);
    }
}

#[test]
fn ios_initiates_cbc_and_deletes() {
    lifecycle(Vendor::Ios, Starts::Local, iked::CBC, Delete::Ours);
}

#[test]
fn ios_responds_gcm_and_is_deleted() {
    lifecycle(Vendor::Ios, Starts::Remote, iked::GCM, Delete::Theirs);
}

#[test]
fn pan_os_initiates_gcm_and_is_deleted() {
    lifecycle(Vendor::PanOs, Starts::Local, iked::GCM, Delete::Theirs);
}

#[test]
fn pan_os_responds_cbc_and_deletes() {
    lifecycle(Vendor::PanOs, Starts::Remote, iked::CBC, Delete::Ours);
}
