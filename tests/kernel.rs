//! The kernel's ESP as our data plane, in a kernel that has it: the cells of the matrix that are run
//! elsewhere with our own data plane, run there again.

use crate::support::kernel::{Carries, run_inside};
use std::time::Duration;

/// Nine tunnels or so; one takes ten to twenty seconds on a busy machine.
const LIMIT: Duration = Duration::from_secs(300);

/// strongSwan's ESP in its own process wants UDP: the kernel takes ours out of it.
#[test]
fn carries_our_tunnels_in_udp() {
    run_inside(
        Carries::Ours,
        &[
            "strongswan::ios_initiates_from_behind_nat_cbc",
            "strongswan::pan_os_responds_to_peer_behind_nat_gcm",
        ],
        LIMIT,
    );
}

/// The kernel's ESP at both ends, told by strongSwan there and by us here.
#[test]
fn carries_both_ends_tunnels() {
    run_inside(
        Carries::Both,
        &[
            "strongswan::ios_initiates_cbc",
            "strongswan::ios_responds_gcm",
            "strongswan::crypto_map_initiates_cbc",
            "strongswan::pan_os_initiates_gcm",
            "strongswan::pan_os_responds_cbc",
        ],
        LIMIT,
    );
}
