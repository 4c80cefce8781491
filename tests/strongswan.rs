//! Against strongSwan, with traffic: every way of being set up, rekeyed and deleted, and every
//! way of failing.

use crate::support::charon::Charon;
use crate::support::crossgate::Crossgate;
use crate::support::ping::{self, Steady};
use crate::support::tunnel::{Identity, Ike, Network, Starts, Suite, Tunnel};
use crate::support::vendors::Vendor;
use crate::support::world::{End, Nat, World};
use Nat::{Before, None as NoNat};
use Starts::{Local, Remote};
use Vendor::{Ios, IosCryptoMap, PanOs};
use std::thread::sleep;
use std::time::Duration;

const RECEIVED_DELETE: &str = "received DELETE for IKE_SA";

/// One cell of the matrix lives through a whole life of a tunnel.
fn lifecycle(vendor: Vendor, starts: Starts, nat: Nat, suite: Suite) {
    let world = World::new(nat);
    let tunnel = world.tunnel(End::A, suite, starts);
    let theirs = Charon::start(&world, End::B, &tunnel.mirrored());
    let ours = Crossgate::start(&world, vendor, &tunnel);

    bring_up(starts, &ours, &theirs);
    ping::assert_both_ways(&world);

    let steady = [End::A, End::B].map(|from| Steady::start(&world, from));
    rekey_from_both_sides(&ours, &theirs, suite);
    steady.into_iter().for_each(Steady::stop_without_loss);
    assert_eq!(theirs.installed().len(), 1, "{}", theirs.log());

    theirs.terminate();
    ours.wait_for_text("ike-sa-deleted", "deleted by the peer");
    bring_up(starts, &ours, &theirs);
    ping::wait_for_answer(&world, End::A);
    ping::assert_both_ways(&world);

    let known = theirs.count_in_log(RECEIVED_DELETE);
    ours.delete();
    theirs.wait_for_another(RECEIVED_DELETE, known);
}

fn bring_up(starts: Starts, ours: &Crossgate, theirs: &Charon) {
    match starts {
        Local => ours.initiate(),
        Remote => assert!(theirs.initiate(), "{}", theirs.log()),
    }
}

/// The last Child rekey runs under an IKE SA that is itself a rekeyed one.
fn rekey_from_both_sides(ours: &Crossgate, theirs: &Charon, suite: Suite) {
    ours.rekey_child();
    let known = ours.logged("child-sa-rekeyed").len();
    theirs.rekey_child();
    ours.wait_for_another("child-sa-rekeyed", known);

    ours.rekey_ike();
    let known = ours.logged("ike-sa-rekeyed").len();
    theirs.rekey_ike();
    ours.wait_for_another("ike-sa-rekeyed", known);

    ours.rekey_child();
    let group = match suite.ike {
        Ike::Cbc14 => "MODP_2048",
        Ike::Gcm19 => "ECP_256",
    };
    // Only a Child's proposal tells of extended sequence numbers.
    let with_pfs = format!("/{group}/NO_EXT_SEQ");
    assert_eq!(theirs.count_in_log(&with_pfs), 3, "{}", theirs.log());
}

/// A test for each row, named after it.
macro_rules! cells {
    ($door:ident: $($name:ident ($($argument:expr),+);)+) => {$(
        #[test]
        fn $name() {
            $door($($argument),+);
        }
    )+};
}

cells! { lifecycle:
    ios_initiates_cbc(Ios, Local, NoNat, Suite::CBC);
    ios_initiates_gcm(Ios, Local, NoNat, Suite::GCM);
    ios_initiates_from_behind_nat_cbc(Ios, Local, Before(End::A), Suite::CBC);
    ios_initiates_from_behind_nat_gcm(Ios, Local, Before(End::A), Suite::GCM);
    ios_responds_cbc(Ios, Remote, NoNat, Suite::CBC);
    ios_responds_gcm(Ios, Remote, NoNat, Suite::GCM);
    ios_responds_to_peer_behind_nat_cbc(Ios, Remote, Before(End::B), Suite::CBC);
    ios_responds_to_peer_behind_nat_gcm(Ios, Remote, Before(End::B), Suite::GCM);
    crypto_map_initiates_cbc(IosCryptoMap, Local, NoNat, Suite::CBC);
    crypto_map_responds_to_peer_behind_nat_gcm(IosCryptoMap, Remote, Before(End::B), Suite::GCM);
    pan_os_initiates_cbc(PanOs, Local, NoNat, Suite::CBC);
    pan_os_initiates_gcm(PanOs, Local, NoNat, Suite::GCM);
    pan_os_initiates_from_behind_nat_cbc(PanOs, Local, Before(End::A), Suite::CBC);
    pan_os_initiates_from_behind_nat_gcm(PanOs, Local, Before(End::A), Suite::GCM);
    pan_os_responds_cbc(PanOs, Remote, NoNat, Suite::CBC);
    pan_os_responds_gcm(PanOs, Remote, NoNat, Suite::GCM);
    pan_os_responds_to_peer_behind_nat_cbc(PanOs, Remote, Before(End::B), Suite::CBC);
    pan_os_responds_to_peer_behind_nat_gcm(PanOs, Remote, Before(End::B), Suite::GCM);
}

/// What the two ends disagree about, made on their side.
struct Disagreement {
    make: fn(&mut Tunnel),
    event: &'static str,
    /// What the event's text says of our side, in lower case.
    of_ours: &'static str,
    /// What it says of theirs when it is us who see it.
    of_theirs: &'static str,
}

const KEY: Disagreement = Disagreement {
    make: |theirs| theirs.key = "another-key".to_owned(),
    event: "authentication-failed",
    of_ours: "",
    of_theirs: "198.51.100.20",
};

const PROPOSALS: Disagreement = Disagreement {
    make: |theirs| theirs.suite = Suite::GCM,
    event: "no-proposal-chosen",
    of_ours: "cbc",
    of_theirs: "gcm",
};

const IDENTITY: Disagreement = Disagreement {
    make: |theirs| theirs.local.identity = Identity::Fqdn("stranger.example"),
    event: "identity-unmatched",
    of_ours: "198.51.100.20",
    of_theirs: "stranger.example",
};

const SELECTORS: Disagreement = Disagreement {
    make: |theirs| theirs.local.network = Network([10, 20, 21]),
    event: "ts-unacceptable",
    of_ours: "10.20.20.0",
    of_theirs: "10.20.21.0",
};

/// The attempt ends in the event that names the cause with the values that are known here.
fn fails(vendor: Vendor, starts: Starts, disagreement: &Disagreement) {
    let world = World::new(Nat::None);
    let tunnel = world.tunnel(End::A, Suite::CBC, starts);
    let mut opposite = tunnel.mirrored();
    (disagreement.make)(&mut opposite);
    let theirs = Charon::start(&world, End::B, &opposite);
    let ours = Crossgate::start(&world, vendor, &tunnel);
    match starts {
        Local => drop(ours.exec("request initiate")),
        Remote => assert!(!theirs.initiate(), "{}", theirs.log()),
    }
    let text = ours.wait_for(disagreement.event).text.to_lowercase();
    assert!(text.contains(disagreement.of_ours), "{text}");
    if starts == Remote {
        assert!(text.contains(disagreement.of_theirs), "{text}");
    }
    assert_eq!(ping::answered(&world, End::A), 0);
}

cells! { fails:
    ios_initiates_with_another_key(Ios, Local, &KEY);
    ios_initiates_with_disjoint_proposals(Ios, Local, &PROPOSALS);
    ios_initiates_to_a_stranger(Ios, Local, &IDENTITY);
    ios_initiates_with_selectors_that_are_no_mirror(Ios, Local, &SELECTORS);
    ios_responds_with_another_key(Ios, Remote, &KEY);
    ios_responds_with_disjoint_proposals(Ios, Remote, &PROPOSALS);
    ios_responds_to_a_stranger(Ios, Remote, &IDENTITY);
    ios_responds_with_selectors_that_are_no_mirror(Ios, Remote, &SELECTORS);
    pan_os_initiates_with_another_key(PanOs, Local, &KEY);
    pan_os_initiates_with_disjoint_proposals(PanOs, Local, &PROPOSALS);
    pan_os_initiates_to_a_stranger(PanOs, Local, &IDENTITY);
    pan_os_initiates_with_selectors_that_are_no_mirror(PanOs, Local, &SELECTORS);
    pan_os_responds_with_another_key(PanOs, Remote, &KEY);
    pan_os_responds_with_disjoint_proposals(PanOs, Remote, &PROPOSALS);
    pan_os_responds_to_a_stranger(PanOs, Remote, &IDENTITY);
    pan_os_responds_with_selectors_that_are_no_mirror(PanOs, Remote, &SELECTORS);
}

/// PFS on our side alone: the first Child, made inside IKE_AUTH, shows nothing of it.
fn differs_in_pfs(vendor: Vendor, rekeyed_by: Starts) {
    let world = World::new(Nat::None);
    let tunnel = world.tunnel(End::A, Suite::CBC, Remote);
    let mut opposite = tunnel.mirrored();
    opposite.suite.pfs = false;
    let theirs = Charon::start(&world, End::B, &opposite);
    let ours = Crossgate::start(&world, vendor, &tunnel);
    bring_up(Remote, &ours, &theirs);
    ping::assert_both_ways(&world);
    match rekeyed_by {
        Local => drop(ours.exec("request rekey child")),
        Remote => theirs.rekey_child(),
    }
    let told = ours.wait_for("pfs-mismatch").text;
    assert!(told.contains("2048"), "{told}");
    ping::assert_both_ways(&world);
}

cells! { differs_in_pfs:
    ios_is_refused_a_rekey_with_pfs(Ios, Local);
    ios_refuses_a_rekey_without_pfs(Ios, Remote);
    pan_os_is_refused_a_rekey_with_pfs(PanOs, Local);
    pan_os_refuses_a_rekey_without_pfs(PanOs, Remote);
}

/// Full-sized packets, which don't fit into the tunnel as they are, and such as come in fragments.
fn carries_large_packets(vendor: Vendor) {
    let world = World::new(Nat::None);
    let tunnel = world.tunnel(End::A, Suite::CBC, Local);
    let theirs = Charon::start(&world, End::B, &tunnel.mirrored());
    let ours = Crossgate::start(&world, vendor, &tunnel);
    bring_up(Local, &ours, &theirs);
    for from in [End::A, End::B] {
        ping::wait_for_large_answer(&world, from, 1472);
        ping::wait_for_large_answer(&world, from, 4000);
    }
}

cells! { carries_large_packets:
    ios_carries_large_packets(Ios);
    pan_os_carries_large_packets(PanOs);
}

/// The peer comes from another port all of a sudden, and is answered there: its packets, then its IKE
/// messages too.
#[test]
fn a_peer_is_followed_whose_nat_gives_it_another_port() {
    let world = World::new(Before(End::B));
    let tunnel = world.tunnel(End::A, Suite::CBC, Remote);
    let theirs = Charon::start(&world, End::B, &tunnel.mirrored());
    let ours = Crossgate::start(&world, Ios, &tunnel);
    bring_up(Remote, &ours, &theirs);
    ping::assert_both_ways(&world);
    world.make_nat_forgetful();
    // The way in use is kept for as long as it was meant to be; from its next packet on, for a second.
    ping::assert_both_ways(&world);
    sleep(Duration::from_secs(4));
    assert_eq!(ours.logged("peer-moved").len(), 0);
    ping::wait_for_answer(&world, End::B);
    ours.wait_for("peer-moved");
    let steady = [End::A, End::B].map(|from| Steady::start(&world, from));
    ours.rekey_child();
    steady.into_iter().for_each(Steady::stop_without_loss);
    ours.delete();
    theirs.wait_for_another(RECEIVED_DELETE, 0);
}

/// `dpd 10 2 periodic` asks after 10 s of silence, and again every 2 s. PAN-OS takes minutes to
/// give up, by its documents: that is tested in virtual time.
#[test]
fn ios_notices_a_dead_peer() {
    let world = World::new(Nat::None);
    let tunnel = world.tunnel(End::A, Suite::CBC, Local);
    let theirs = Charon::start(&world, End::B, &tunnel.mirrored());
    let ours = Crossgate::start(&world, Ios, &tunnel);
    bring_up(Local, &ours, &theirs);
    world.cut_wan();
    ours.wait_for_within("peer-dead", Duration::from_secs(40));
    ours.wait_for_text("ike-sa-deleted", "peer dead");
}
