//! Two of our own ends carry ESP in UDP where there is no NAT, unless one of them is told not to, or
//! the way between them doesn't let UDP port 4500 pass.

use crate::support::crossgate::{BARE, Crossgate};
use crate::support::ping;
use crate::support::tunnel::{Starts, Suite};
use crate::support::vendors::Vendor;
use crate::support::world::{End, Nat, World};

const ESP: &str = "ip protocol esp";
const PORT_4500: &str = "udp dport 4500";
const SHOWN_IN_UDP: &str = "UDP-Encaps";

/// A branch that initiates and a hub, each with arguments of its own; up.
fn pair<'w>(world: &'w World, arguments: [&[&str]; 2]) -> [Crossgate<'w>; 2] {
    let tunnel = world.tunnel(End::A, Suite::CBC, Starts::Local);
    let [of_branch, of_hub] = arguments;
    let hub = Crossgate::start_at(world, End::B, Vendor::PanOs, &tunnel.mirrored(), of_hub);
    let branch = Crossgate::start_at(world, End::A, Vendor::Ios, &tunnel, of_branch);
    branch.initiate();
    [branch, hub]
}

#[test]
fn two_of_us_pass_a_filter_that_lets_no_esp_through() {
    let world = World::new(Nat::None);
    world.filter_wan(ESP);
    let [branch, hub] = pair(&world, [&[]; 2]);
    ping::assert_both_ways(&world);
    assert!(branch.exec("show crypto ipsec sa").contains(SHOWN_IN_UDP));
    for end in [&branch, &hub] {
        assert!(end.logged("nat-detected").is_empty());
    }
    branch.rekey_child();
    branch.rekey_ike();
    ping::assert_both_ways(&world);
}

#[test]
fn one_end_that_is_told_not_to_is_enough() {
    for arguments in [[BARE, &[]], [&[], BARE]] {
        let world = World::new(Nat::None);
        world.filter_wan(PORT_4500);
        let [branch, _hub] = pair(&world, arguments);
        ping::assert_both_ways(&world);
        assert!(branch.logged("float-unanswered").is_empty());
        assert!(!branch.exec("show crypto ipsec sa").contains(SHOWN_IN_UDP));
    }
}

/// Either way is enough: what the hub has taken on port 4500 and couldn't answer there doesn't keep
/// it there.
#[test]
fn a_filter_of_port_4500_costs_some_seconds_and_no_tunnel() {
    let from = |end: End| format!("ip saddr {} {PORT_4500}", end.wan());
    for filter in [PORT_4500.to_owned(), from(End::A), from(End::B)] {
        let world = World::new(Nat::None);
        world.filter_wan(&filter);
        let [branch, hub] = pair(&world, [&[]; 2]);
        ping::assert_both_ways(&world);
        assert_eq!(branch.logged("float-unanswered").len(), 1, "{filter}");
        assert!(!branch.exec("show crypto ipsec sa").contains(SHOWN_IN_UDP));
        hub.rekey_child();
        ping::assert_both_ways(&world);
    }
}
