//! tshark reads a whole captured run with the key tables that we write.

use crate::support::capture::{Capture, decrypted};
use crate::support::charon::Charon;
use crate::support::crossgate::Crossgate;
use crate::support::ping;
use crate::support::tunnel::{Starts, Suite};
use crate::support::vendors::Vendor;
use crate::support::world::{End, Nat, World};

fn whole_run_is_read(vendor: Vendor, suite: Suite) {
    let world = World::new(Nat::None);
    let tunnel = world.tunnel(End::A, suite, Starts::Local);
    let theirs = Charon::start(&world, End::B, &tunnel.mirrored());
    let capture = Capture::start(&world);
    let ours = Crossgate::start(&world, vendor, &tunnel);
    ours.initiate();
    ping::assert_both_ways(&world);
    ours.rekey_child();
    ping::assert_both_ways(&world);
    ours.rekey_ike();
    theirs.rekey_child();
    ping::assert_both_ways(&world);
    theirs.terminate();
    ours.wait_for_text("ike-sa-deleted", "deleted by the peer");
    let file = capture.stop();

    let packets = |filter: &str| decrypted(&file, &ours.key_tables(), filter, &["frame.number"]);
    assert_eq!(
        packets("isakmp.typepayload == 46 && !isakmp.enc.decrypted"),
        NOTHING
    );
    assert_eq!(packets("esp && !ip.addr == 10.10.10.10"), NOTHING);
    assert_eq!(packets("esp.icv_bad == 1"), NOTHING);
    assert_eq!(
        packets("ip.addr == 10.10.10.10 && !esp"),
        NOTHING,
        "in the clear"
    );
    // IKE_AUTH, three rekeys with their deletes, and the last delete: two messages each.
    assert!(packets("isakmp.enc.decrypted").len() >= 16);
    // Three times both ways three pings, each with its answer.
    assert!(packets("esp.icv_good == 1 && icmp").len() >= 36);
}

const NOTHING: Vec<Vec<String>> = Vec::new();

#[test]
fn ios_cbc() {
    whole_run_is_read(Vendor::Ios, Suite::CBC);
}

#[test]
fn pan_os_gcm() {
    whole_run_is_read(Vendor::PanOs, Suite::GCM);
}
