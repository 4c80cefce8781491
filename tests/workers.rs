//! A hub whose two tunnels are moved by two threads: rekeys under load lose and disorder nothing, a
//! flood of one tunnel leaves the other alone, and each thread gets what is its own.

use crate::flood::{Counted, flood, forged, hub_and_peers_with, send};
use crate::support::crossgate::Crossgate;
use crate::support::flows::Flows;
use crate::support::ping::{self, Steady};
use crate::support::process::wait_until;
use crate::support::processor;
use crate::support::tunnel::{Starts, Suite};
use crate::support::vendors::Vendor;
use crate::support::world::{End, Nat, World};
use nix::sys::socket::{setsockopt, sockopt};
use serde_json::Value;
use std::net::UdpSocket;
use std::thread::{scope, sleep};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(10);
const TWO: &[&str] = &["--encapsulate", "all", "--workers", "2"];
/// The same with ESP as a protocol of its own.
const TWO_BARE: &[&str] = &["--no-encapsulate", "all", "--workers", "2"];
const PORT: u16 = 4242;
/// Packets of one stream: six seconds.
const STREAM: u32 = 12_000;
const REKEYS: u32 = 8;

/// The hub's workers, as it shows them.
fn workers(of: &Crossgate<'_>) -> Vec<Value> {
    let shown: Value = serde_json::from_str(&of.exec("request json")).expect("JSON");
    shown["workers"].as_array().expect("workers").clone()
}

/// One flow from one LAN to another, a port for each pair; gives what arrived, in its order.
fn stream(world: &World, from: End, to: End) -> Vec<u32> {
    let flow = Flows {
        port: PORT + (from as u16) * 4 + to as u16,
        count: 1,
        packets: STREAM,
        burst: 10,
        pause: Duration::from_millis(5),
    };
    let arrived = flow.send(world, from, to);
    arrived.into_values().next().unwrap_or_default()
}

/// What is missing, and where the order breaks.
fn assert_whole_and_in_order(arrived: &[u32], name: &str) {
    let missing: Vec<u32> = (0..STREAM).filter(|n| !arrived.contains(n)).collect();
    let back = arrived.windows(2).find(|pair| pair[1] <= pair[0]);
    assert!(
        missing.is_empty() && back.is_none(),
        "{name}: {} missing ({:?}…), first step back: {back:?}",
        missing.len(),
        missing.first()
    );
}

#[test]
fn rekeys_of_two_tunnels_under_load_lose_and_disorder_nothing() {
    let _processor = processor();
    let world = World::new(Nat::None);
    let [hub, at_b, at_c] = hub_and_peers_with(&world, TWO);
    let pairs = [
        (End::A, End::B),
        (End::B, End::A),
        (End::A, End::C),
        (End::C, End::A),
    ];
    scope(|threads| {
        let world = &world;
        let streams =
            pairs.map(|(from, to)| (from, to, threads.spawn(move || stream(world, from, to))));
        // Streams begin within the first of the six seconds.
        sleep(Duration::from_secs(1));
        for turn in 0..REKEYS {
            // Both of the hub's at once, or one of each peer's.
            if turn % 2 == 0 {
                hub.exec("request rekey child");
            } else {
                at_b.exec("request rekey child");
                at_c.exec("request rekey child");
            }
            sleep(Duration::from_millis(450));
        }
        for (from, to, stream) in streams {
            let arrived = stream.join().expect("a stream that ends");
            assert_whole_and_in_order(&arrived, &format!("{from:?} to {to:?}"));
        }
    });
    let rekeyed = hub.logged("child-sa-rekeyed").len();
    assert_eq!(rekeyed, 2 * REKEYS as usize, "of two tunnels");
    assert!(hub.logged("install-failed").is_empty());
    // Each tunnel was one worker's alone, and the kernel gave each its own.
    let shown = workers(&hub);
    assert_eq!(shown.len(), 2);
    for worker in shown {
        assert_eq!(worker["devices"].as_array().map(Vec::len), Some(1));
        for direction in ["packets_in", "packets_out"] {
            let moved = worker["totals"][direction].as_u64().expect("a counter");
            assert!(moved >= STREAM.into(), "{direction}: {worker}");
        }
        assert_eq!(worker["counters"]["handed-over"], Value::Null, "{worker}");
    }
    for (end, number) in [(End::B, 1), (End::C, 2)] {
        let spi = Counted::by(&hub).spi_in(end);
        assert_eq!(spi >> 12 & 0xf, number, "{spi:08x} of {end:?}");
    }
}

#[test]
fn floods_of_one_worker_s_tunnel_harm_no_other_worker_s() {
    let world = World::new(Nat::None);
    let [hub, _at_b, at_c] = hub_and_peers_with(&world, TWO);
    let before = Counted::by(&hub);
    let known = before.spi_in(End::C);
    let steady = [End::A, End::B].map(|from| Steady::start(&world, from));
    let count = 12_000;
    flood(&world, "wan", count, |number| forged(known, number));
    let (node, to) = (End::C.lan_node(), End::A.host());
    send(&world, node, to, 9, count, |number| vec![number as u8; 400]);
    wait_until("each packet of the floods in a counter", PATIENCE, || {
        let (now, sent) = (Counted::by(&hub), Counted::by(&at_c));
        let lost = now.named("receive-queue-full") - before.named("receive-queue-full");
        let bad = now.named("in-bad-icv") - before.named("in-bad-icv");
        let received = now.total(End::C, "packets_in") - before.total(End::C, "packets_in");
        let sealed = sent.total(End::A, "packets_out");
        (bad + received + lost >= count as u64 + sealed * 9 / 10 && sealed >= count as u64 * 9 / 10)
            .then_some(())
    });
    steady.into_iter().for_each(Steady::stop_without_loss);
    // All of it was the second worker's work.
    let shown = workers(&hub);
    assert_eq!(shown[0]["counters"]["in-bad-icv"], Value::Null);
    assert!(shown[1]["counters"]["in-bad-icv"].as_u64() > Some(0));
}

/// What stands in another thread's train, or was sent to mislead.
#[test]
fn what_comes_to_the_wrong_thread_is_handed_over_or_counted() {
    let world = World::new(Nat::None);
    let [hub, _at_b, at_c] = hub_and_peers_with(&world, TWO);
    let spi = |worker: u32| 0xabcd_0123 | worker << 12;
    let unknown = |worker: &Value| {
        let counted = &worker["counters"]["in-unknown-spi"];
        counted.as_u64().unwrap_or(0)
    };
    // Setting up may have had one already.
    let had = workers(&hub);
    let before = Counted::by(&hub);
    // Nobody's: of each worker there is, and of those that there are not.
    let count = 15 * 20;
    flood(&world, "wan", count, |number| {
        forged(spi(number as u32 % 15 + 1), number)
    });
    wait_until("each of them in a counter", PATIENCE, || {
        let unknown = Counted::by(&hub).named("in-unknown-spi") - before.named("in-unknown-spi");
        (unknown == count as u64).then_some(())
    });
    let shown = workers(&hub);
    assert_eq!(unknown(&shown[1]) - unknown(&had[1]), 20);
    assert_eq!(unknown(&shown[0]) - unknown(&had[0]), count as u64 - 20);
    // Behind an SPI of the first worker's stands one of the second's, and a message of IKE.
    let known = Counted::by(&hub).spi_in(End::C);
    let train: Vec<u8> = [spi(1), known, 0]
        .iter()
        .flat_map(|spi| forged(*spi, 0))
        .collect();
    world.inside("wan", || send_train(&train, forged(0, 0).len()));
    wait_until(
        "the second of the train, opened by its worker",
        PATIENCE,
        || {
            let shown = workers(&hub);
            let given = shown[0]["counters"]["handed-over"].as_u64();
            let bad = shown[1]["counters"]["in-bad-icv"].as_u64();
            (given == Some(1) && bad == Some(1)).then_some(())
        },
    );
    drop(at_c);
}

/// One buffer, cut by the kernel of whoever receives it.
fn send_train(octets: &[u8], segment: usize) {
    let socket = UdpSocket::bind("0.0.0.0:0").expect("a socket");
    let segment = i32::try_from(segment).expect("a short datagram");
    setsockopt(&socket, sockopt::UdpGsoSegment, &segment).expect("trains");
    let sent = socket.send_to(octets, (End::A.wan(), 4500));
    sent.expect("the train leaves");
}

#[test]
fn a_device_that_is_deleted_and_one_that_is_no_longer_configured_leave_their_workers() {
    let world = World::new(Nat::None);
    let [mut hub, _at_b, _at_c] = hub_and_peers_with(&world, TWO_BARE);
    let devices = |of: &Crossgate<'_>| -> Vec<usize> {
        let shown = workers(of);
        let counts = shown.iter().map(|worker| worker["devices"].as_array());
        counts
            .map(|devices| devices.expect("devices").len())
            .collect()
    };
    assert_eq!(devices(&hub), [1, 1]);
    let shown = workers(&hub);
    let device = shown[1]["devices"][0].as_str().expect("a device");
    world.shell(End::A.gateway_node(), &format!("ip link delete {device}"));
    hub.wait_for("tunnel-device-remade");
    assert_eq!(devices(&hub), [1, 1]);
    for from in [End::B, End::C] {
        ping::wait_for_answer(&world, from);
    }
    let tunnel = world.tunnel(End::A, Suite::CBC, Starts::Remote);
    hub.reload(&Vendor::Ios.configuration(&tunnel));
    hub.wait_for_another("reloaded", 1);
    assert_eq!(devices(&hub), [1, 0]);
    ping::assert_both_ways(&world);
    assert_eq!(hub.stop(), Some(0));
    let left = world.shell(End::A.gateway_node(), "ip -oneline link");
    assert!(!left.contains(device), "{left}");
}
