//! ESP as a protocol of its own, over IPv4 and IPv6: bursts, which leave and come many packets at a
//! time.

use crate::support::crossgate::{BARE, Crossgate};
use crate::support::flows::Flows;
use crate::support::ping;
use crate::support::processor;
use crate::support::tunnel::{Starts, Suite};
use crate::support::vendors::{Vendor, over_ipv6};
use crate::support::world::{End, Nat, World};
use std::thread::scope;
use std::time::Duration;

/// More at once than one system call moves.
const BURSTS: Flows = Flows {
    port: 4444,
    count: 2,
    packets: 4_000,
    burst: 100,
    pause: Duration::from_millis(25),
};

fn text(end: End, over: Over, world: &World) -> String {
    let tunnel = world.tunnel(End::A, Suite::CBC, Starts::Local);
    let tunnel = match end {
        End::A => tunnel,
        _ => tunnel.mirrored(),
    };
    let text = Vendor::PanOs.configuration(&tunnel);
    match over {
        Over::Ipv4 => text,
        Over::Ipv6 => over_ipv6(end, &text),
    }
}

#[derive(Clone, Copy, Debug)]
enum Over {
    Ipv4,
    Ipv6,
}

/// Both ways at once.
fn assert_bursts_arrive(world: &World, what: &str) {
    let ends = [End::A, End::B];
    let arrived = scope(|threads| {
        let flows = ends.map(|from| threads.spawn(move || BURSTS.send(world, from, from.other())));
        flows.map(|flows| flows.join().expect("flows that end"))
    });
    let whole: Vec<u32> = (0..BURSTS.packets).collect();
    for (from, flows) in ends.iter().zip(arrived) {
        assert_eq!(flows.len(), usize::from(BURSTS.count), "{what}");
        for arrived in flows.values() {
            let missing = whole.iter().filter(|number| !arrived.contains(number));
            assert!(
                *arrived == whole,
                "{what}, from {from:?}: {} came, {} are missing, the first out of its place is {:?}",
                arrived.len(),
                missing.count(),
                arrived.iter().zip(&whole).find(|(came, due)| came != due),
            );
        }
    }
}

#[test]
fn bursts_lose_double_and_disorder_nothing() {
    let _processor = processor();
    for over in [Over::Ipv4, Over::Ipv6] {
        let world = World::new(Nat::None);
        world.add_ipv6_outside();
        // So that none of it goes in UDP.
        for line in [
            "add table inet cut",
            "add chain inet cut forward { type filter hook forward priority 0; }",
            "add rule inet cut forward udp dport 4500 drop",
        ] {
            assert_eq!(world.shell("wan", &format!("nft '{line}' 2>&1")), "");
        }
        for more in [&[][..], &["--workers", "2"]] {
            let arguments = [BARE, more].concat();
            let [mut at_b, mut at_a] = [End::B, End::A].map(|end| {
                let text = text(end, over, &world);
                Crossgate::start_with(&world, end, Vendor::PanOs, &text, &arguments)
            });
            at_a.initiate();
            ping::assert_both_ways(&world);
            assert_bursts_arrive(&world, &format!("{over:?}, {arguments:?}"));
            for end in [&at_a, &at_b] {
                let shown = end.exec("request json");
                for counter in ["esp-send-failed", "receive-failed", "receive-queue-full"] {
                    assert!(!shown.contains(counter), "{shown}");
                }
            }
            for end in [&mut at_a, &mut at_b] {
                assert_eq!(end.stop(), Some(0));
            }
        }
    }
}
