//! One tunnel on two workers at both ends, each with an SA of its own (RFC 9611): flows are shared
//! among them, rekeys under load lose and disorder nothing, and a peer that knows nothing of it isn't
//! disturbed.

use crate::support::charon::Charon;
use crate::support::crossgate::Crossgate;
use crate::support::flows::Flows;
use crate::support::ping;
use crate::support::process::wait_until;
use crate::support::processor;
use crate::support::tunnel::{Starts, Suite};
use crate::support::vendors::Vendor;
use crate::support::world::{End, Nat, World};
use serde_json::Value;
use std::collections::BTreeMap;
use std::thread::{scope, sleep};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(10);
const SHARED: &[&str] = &[
    "--workers",
    "2",
    "--per-core",
    "all",
    "--no-encapsulate",
    "all",
];
const SHARED_IN_UDP: &[&str] = &[
    "--workers",
    "2",
    "--per-core",
    "all",
    "--encapsulate",
    "all",
];
const ALONE: &[&str] = &["--workers", "2"];
/// So many that they hardly ever have one queue.
const FLOWS: u16 = 16;
/// Of each flow.
const PACKETS: u32 = 1_500;
/// For six seconds.
const LOAD: Flows = Flows {
    port: 4343,
    count: FLOWS,
    packets: PACKETS,
    burst: 1,
    pause: Duration::from_millis(4),
};
const REKEYS: u32 = 8;

/// Of each flow at least so many packets, in their order.
fn assert_in_order(arrived: &BTreeMap<u16, Vec<u32>>, least: u32, name: &str) {
    assert_eq!(arrived.len(), usize::from(FLOWS), "{name}");
    for (port, arrived) in arrived {
        let back = arrived.windows(2).find(|pair| pair[1] <= pair[0]);
        assert!(
            back.is_none() && arrived.len() >= least as usize,
            "{name}, port {port}: {} of {PACKETS}, first step back: {back:?}",
            arrived.len()
        );
    }
}

/// Flows both ways, and meanwhile something else; all arrive whole and in their order.
fn with_flows(world: &World, meanwhile: impl FnOnce()) {
    with_flows_of(world, PACKETS, meanwhile);
}

/// The same where at least so many of each flow are to arrive.
fn with_flows_of(world: &World, least: u32, meanwhile: impl FnOnce()) {
    let _processor = processor();
    scope(|threads| {
        let pairs = [(End::A, End::B), (End::B, End::A)];
        let streams =
            pairs.map(|(from, to)| (from, threads.spawn(move || LOAD.send(world, from, to))));
        // They begin within the first of the six seconds.
        sleep(Duration::from_secs(1));
        meanwhile();
        for (from, stream) in streams {
            let arrived = stream.join().expect("flows that end");
            assert_in_order(&arrived, least, &format!("from {from:?}"));
        }
    });
}

fn shown(of: &Crossgate<'_>) -> Value {
    serde_json::from_str(&of.exec("request json")).expect("JSON")
}

/// The workers that SAs of the tunnel say, sorted.
fn workers_of_sas(of: &Crossgate<'_>) -> Vec<u32> {
    let shown = shown(of);
    let sas = &shown["connections"][0]["children"][0]["sas"];
    let spi = |sa: &Value| {
        let spi = sa["spi_in"].as_str().expect("an SPI");
        u32::from_str_radix(spi, 16).expect("an SPI")
    };
    let sas = sas.as_array().expect("SAs").iter();
    let mut workers: Vec<u32> = sas.map(|sa| spi(sa) >> 12 & 0xf).collect();
    workers.sort_unstable();
    workers
}

/// Both ends with those arguments; the second SA is there, and used.
fn pair<'w>(world: &'w World, arguments: [&[&str]; 2], sas: &[u32]) -> [Crossgate<'w>; 2] {
    let tunnel = world.tunnel(End::A, Suite::CBC, Starts::Local);
    let remote = tunnel.mirrored();
    let at_b = Crossgate::start_at(world, End::B, Vendor::Ios, &remote, arguments[1]);
    let at_a = Crossgate::start_at(world, End::A, Vendor::Ios, &tunnel, arguments[0]);
    at_a.initiate();
    for end in [&at_a, &at_b] {
        wait_until("an SA for each worker", PATIENCE, || {
            (workers_of_sas(end) == sas).then_some(())
        });
    }
    ping::assert_both_ways(world);
    [at_a, at_b]
}

fn moved(worker: &Value, direction: &str) -> u64 {
    worker["totals"][direction].as_u64().expect("a counter")
}

/// Packets that the second worker has read, and the first has sealed.
fn passed_on(of: &Crossgate<'_>) -> u64 {
    let passed = &shown(of)["workers"][1]["counters"]["passed-on-to-seal"];
    passed.as_u64().unwrap_or_default()
}

#[test]
fn rekeys_of_both_sas_of_a_tunnel_under_load_lose_and_disorder_nothing() {
    for arguments in [SHARED_IN_UDP, SHARED] {
        let world = World::new(Nat::None);
        let [at_a, at_b] = pair(&world, [arguments; 2], &[1, 2]);
        let printed = at_a.exec("show crypto ipsec sa");
        let halves = printed.lines().filter(|l| l.trim().starts_with("spi: "));
        assert_eq!(halves.count(), 4, "of two pairs: {printed}");
        let before = at_a.logged("child-sa-rekeyed").len();
        let passed_before = [&at_a, &at_b].map(passed_on);
        with_flows(&world, || {
            for turn in 0..REKEYS {
                let end = if turn % 2 == 0 { &at_a } else { &at_b };
                end.exec("request rekey child");
                sleep(Duration::from_millis(450));
            }
        });
        let rekeyed = at_a.logged("child-sa-rekeyed").len() - before;
        assert_eq!(rekeyed, 2 * REKEYS as usize, "two SAs each time");
        assert_eq!(workers_of_sas(&at_a), [1, 2]);
        assert_eq!([&at_a, &at_b].map(passed_on), passed_before);
        for end in [&at_a, &at_b] {
            for worker in shown(end)["workers"].as_array().expect("workers") {
                for direction in ["packets_in", "packets_out"] {
                    let least = u64::from(PACKETS);
                    assert!(moved(worker, direction) >= least, "{direction}: {worker}");
                }
                assert_eq!(worker["counters"]["handed-over"], Value::Null, "{worker}");
                assert_eq!(worker["devices"].as_array().map(Vec::len), Some(1));
            }
        }
    }
}

#[test]
fn with_one_sa_alone_flows_of_all_queues_leave_in_their_order() {
    // The peer has workers and isn't told to share the tunnel, or the other way round.
    for arguments in [[SHARED_IN_UDP, ALONE], [ALONE, SHARED]] {
        let world = World::new(Nat::None);
        let ends = pair(&world, arguments, &[1]);
        with_flows(&world, || {
            for _ in 0..REKEYS {
                ends[0].exec("request rekey child");
                sleep(Duration::from_millis(450));
            }
        });
        let of_both = ends.iter().zip(arguments);
        let mut sharing = of_both.filter(|(_, arguments)| arguments.contains(&"--per-core"));
        let (sharing, _) = sharing.next().expect("one that shares");
        let second = &shown(sharing)["workers"][1];
        assert!(passed_on(sharing) >= PACKETS.into(), "{second}");
        assert_eq!(
            (moved(second, "packets_in"), moved(second, "packets_out")),
            (0, 0)
        );
    }
}

#[test]
fn a_tunnel_that_comes_back_and_one_whose_device_was_deleted_are_shared_again() {
    let world = World::new(Nat::None);
    let [at_a, at_b] = pair(&world, [SHARED_IN_UDP; 2], &[1, 2]);
    at_a.delete();
    ping::wait_for_answer(&world, End::A);
    for end in [&at_a, &at_b] {
        wait_until("an SA for each worker", PATIENCE, || {
            (workers_of_sas(end) == [1, 2]).then_some(())
        });
    }
    let device = shown(&at_a)["workers"][1]["devices"][0].clone();
    let device = device.as_str().expect("a device");
    world.shell(End::A.gateway_node(), &format!("ip link delete {device}"));
    at_a.wait_for("tunnel-device-remade");
    assert_eq!(
        at_a.logged("tunnel-device-gone").len(),
        1,
        "one worker tells"
    );
    ping::wait_for_answer(&world, End::A);
    sleep(Duration::from_millis(100));
    with_flows(&world, || {});
    for worker in shown(&at_a)["workers"].as_array().expect("workers") {
        assert_eq!(worker["devices"].as_array().map(Vec::len), Some(1));
        assert!(moved(worker, "packets_out") >= PACKETS.into(), "{worker}");
    }
}

/// It takes a second SA with the same selectors for a duplicate; so it gets none.
#[test]
fn a_strongswan_that_does_not_know_the_notify_has_one_sa_and_is_not_disturbed() {
    for starts in [Starts::Local, Starts::Remote] {
        let world = World::new(Nat::None);
        let tunnel = world.tunnel(End::A, Suite::CBC, starts);
        let theirs = Charon::start(&world, End::B, &tunnel.mirrored());
        let ours = Crossgate::start_at(&world, End::A, Vendor::Ios, &tunnel, SHARED);
        match starts {
            Starts::Local => ours.initiate(),
            Starts::Remote => assert!(theirs.initiate(), "{}", theirs.log()),
        }
        ping::assert_both_ways(&world);
        ours.rekey_child();
        theirs.rekey_child();
        ours.rekey_ike();
        // Its own data plane loses some under load.
        with_flows_of(&world, PACKETS * 9 / 10, || {});
        // What we were given has left.
        let first = &shown(&ours)["workers"][0];
        let given = u64::from(FLOWS) * u64::from(PACKETS);
        assert!(moved(first, "packets_out") >= given, "{first}");
        assert_eq!(workers_of_sas(&ours), [1]);
        assert_eq!(theirs.installed().len(), 1);
        assert!(ours.logged("peer-refused").is_empty());
    }
}
