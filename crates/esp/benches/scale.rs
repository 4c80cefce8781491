//! What many SAs cost: sealing and opening over so many pairs taken by turns against one pair, in
//! one process and alternating, by best decile; time to install and to remove; octets a pair.
//!
//! `cargo bench -p crossgate-esp --bench scale`, with `-- 10000` for another number of pairs.

#![allow(
    clippy::disallowed_methods,
    reason = "a benchmark reads the clock, unlike what lies below `gateway`"
)]

use crossgate_crypto::{Encr, Integ, Secret};
use crossgate_esp::{DataPlane, OpenOutput, Policy, Received, SealOutput};
use crossgate_model::view::{Encapsulation, Role};
use crossgate_model::{ChildSa, DirectionKeys, OutboundUse, Path, Selector, SelectorPair, Time};
use crossgate_wire::ip::Udp;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use std::alloc::System;
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const SUITES: [(Encr, Option<Integ>, &str); 2] = [
    (Encr::AesCbc256, Some(Integ::HmacSha256_128), "CBC+SHA-256"),
    (Encr::AesGcm256, None, "GCM"),
];
/// Octets of inner packet.
const LENGTHS: [usize; 2] = [64, 1400];
const PACKETS: usize = 32;
/// Batches of each candidate before the other has its turn.
const TURN: usize = 64;
/// Each pair is used so often, but there are never fewer than so many batches in all.
const ROUNDS: usize = 3;
const LEAST_BATCHES: usize = 8_000;
/// Octets that a pair may take, hot and cold state of both directions.
const LIMIT: f64 = 2048.0;
/// How fast all pairs are to be against one, for each of the lengths.
const GOALS: [f64; 2] = [0.65, 0.85];
const WINDOW: u32 = 64;
const DEVICE: &str = "Tunnel0";
const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

fn main() {
    let named = std::env::args().filter_map(|argument| argument.parse().ok());
    let mut counts: Vec<usize> = named.collect();
    if counts.is_empty() {
        counts = vec![64, 1_000, 10_000, 100_000];
    }
    for (encr, integ, name) in SUITES {
        for count in &counts {
            measure(*count, (encr, integ), name);
        }
    }
}

fn measure(count: usize, suite: (Encr, Option<Integ>), name: &str) {
    let (mut one, mut many) = (World::new(1, suite), World::new(count, suite));
    let made = &many.made;
    println!("{name}, {count} pairs:");
    println!(
        "  a pair takes {:.0} octets in {:.1} allocations (at most {LIMIT}), its policy {:.0}",
        made.octets, made.allocations, made.of_policy
    );
    println!("  installed in {:.2} us a pair", made.install);
    assert!(made.octets <= LIMIT, "a pair takes too much");
    for (length, goal) in LENGTHS.into_iter().zip(GOALS) {
        let (mut of_one, mut of_many) = (Times::default(), Times::default());
        many.warm_up(length);
        for _ in 0..(count * ROUNDS / PACKETS).max(LEAST_BATCHES) / TURN {
            one.turn(length, &mut of_one);
            many.turn(length, &mut of_many);
        }
        for (what, one, many) in [
            ("seal", &mut of_one.seal, &mut of_many.seal),
            ("open", &mut of_one.open, &mut of_many.open),
        ] {
            let (one, many) = (best_decile(one), best_decile(many));
            println!(
                "  {what} {length:4} octets: {one:4.0} ns a packet over one pair, {many:4.0} over all: {:.2} times as fast (at least {goal})",
                one / many
            );
        }
    }
    println!("  removed in {:.2} us a pair", many.remove());
}

/// Nanoseconds a packet, of each batch.
#[derive(Default)]
struct Times {
    seal: Vec<f64>,
    open: Vec<f64>,
}

fn best_decile(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 10]
}

/// What the pairs of the hub cost, each.
struct Made {
    octets: f64,
    allocations: f64,
    of_policy: f64,
    /// Microseconds.
    install: f64,
}

/// A gateway with so many peers, and all of them in one.
struct World {
    count: usize,
    hub: DataPlane,
    peers: DataPlane,
    made: Made,
    /// Which pair is next.
    next: usize,
    sealed: SealOutput,
    opened: OpenOutput,
}

impl World {
    fn new(count: usize, suite: (Encr, Option<Integ>)) -> Self {
        let (mut hub, of_policy, _) = counted(count, || plane(count, true));
        let mut took = Duration::ZERO;
        let ((), octets, allocations) = counted(count, || {
            took = install(&mut hub, count, true, suite);
        });
        let mut peers = plane(count, false);
        install(&mut peers, count, false, suite);
        Self {
            count,
            hub,
            peers,
            made: Made {
                octets,
                allocations,
                of_policy,
                install: micros(took, count),
            },
            next: 0,
            sealed: SealOutput::default(),
            opened: OpenOutput::default(),
        }
    }

    fn warm_up(&mut self, length: usize) {
        for _ in 0..self.count.div_ceil(PACKETS) {
            self.batch(length, &mut Times::default());
        }
    }

    fn turn(&mut self, length: usize, times: &mut Times) {
        (0..TURN).for_each(|_| self.batch(length, times));
    }

    /// A batch, each packet of which is of another pair where there are enough.
    fn batch(&mut self, length: usize, times: &mut Times) {
        let numbers: Vec<usize> = (0..PACKETS).map(|_| self.take_number()).collect();
        let packets: Vec<_> = numbers.iter().map(|n| packet(*n, length)).collect();
        self.sealed.clear();
        self.opened.clear();
        let (hub, sealed) = (&mut self.hub, &mut self.sealed);
        let packets = packets.iter().map(Vec::as_slice);
        let began = Instant::now();
        hub.seal(Time::START, Some(DEVICE), packets, sealed);
        times.seal.push(nanos(began));
        while hub.poll_notice().is_some() {}
        assert_eq!(sealed.sealed.len(), PACKETS, "{:?}", sealed.outcomes);
        let arriving = sealed.sealed.iter_mut().zip(&numbers);
        let arriving = arriving.map(|((meta, packet), n)| Received {
            path: path(*n, false),
            tos: meta.tos,
            packet,
        });
        let mut arriving: Vec<_> = arriving.collect();
        let began = Instant::now();
        self.peers
            .open(Time::START, &mut arriving, &mut self.opened);
        times.open.push(nanos(began));
        while self.peers.poll_notice().is_some() {}
        let opened = &self.opened;
        assert_eq!(opened.packets.len(), PACKETS, "{:?}", opened.outcomes);
    }

    /// All of them by turns, but never neighbours.
    fn take_number(&mut self) -> usize {
        self.next = (self.next + 1) % self.count;
        self.next * 7919 % self.count
    }

    /// Microseconds a pair.
    fn remove(mut self) -> f64 {
        let began = Instant::now();
        (0..self.count).for_each(|n| self.hub.remove(Time::START, spi(n, true)));
        let took = began.elapsed();
        assert!(self.hub.counters(spi(0, true)).is_none());
        micros(took, self.count)
    }
}

/// What `make` gives, and the octets and allocations that it leaves, for each of so many.
fn counted<T>(count: usize, make: impl FnOnce() -> T) -> (T, f64, f64) {
    let before = ALLOCATOR.stats();
    let made = make();
    let after = ALLOCATOR.stats();
    let left = |came: [usize; 2], went: [usize; 2]| {
        let (came, went) = (came[1] - came[0], went[1] - went[0]);
        (came as f64 - went as f64) / count as f64
    };
    let octets = left(
        [before.bytes_allocated, after.bytes_allocated],
        [before.bytes_deallocated, after.bytes_deallocated],
    );
    let allocations = left(
        [before.allocations, after.allocations],
        [before.deallocations, after.deallocations],
    );
    (made, octets, allocations)
}

fn plane(count: usize, of_hub: bool) -> DataPlane {
    let policies = (0..count).map(|n| policy(n, of_hub)).collect();
    DataPlane::new(policies, Box::new(ChaCha20Rng::seed_from_u64(1)))
}

fn install(
    plane: &mut DataPlane,
    count: usize,
    of_hub: bool,
    suite: (Encr, Option<Integ>),
) -> Duration {
    let mut took = Duration::ZERO;
    for pair in (0..count).map(|n| pair(n, of_hub, suite)) {
        let began = Instant::now();
        plane.install(Time::START, pair).expect("a pair");
        took += began.elapsed();
    }
    took
}

fn nanos(began: Instant) -> f64 {
    began.elapsed().as_nanos() as f64 / PACKETS as f64
}

fn micros(took: Duration, count: usize) -> f64 {
    took.as_nanos() as f64 / count as f64 / 1e3
}

fn name(number: usize) -> String {
    format!("branch-{number}")
}

fn policy(number: usize, of_hub: bool) -> Policy {
    Policy {
        child: name(number),
        tunnel_interface: Some(DEVICE.into()),
        selectors: selectors(number, of_hub),
        handling: Default::default(),
    }
}

/// The hub has 10.0.0.0/8, each branch a /24 from 11.0.0.0 on.
fn selectors(number: usize, of_hub: bool) -> SelectorPair {
    let range = |start: Ipv4Addr, end: Ipv4Addr| Selector {
        start: start.into(),
        end: end.into(),
        ..Selector::ANY_V4
    };
    let first = network(number);
    let pair = SelectorPair {
        local: range(Ipv4Addr::new(10, 0, 0, 0), Ipv4Addr::new(10, 255, 255, 255)),
        remote: range(first.into(), (first + 255).into()),
    };
    if of_hub { pair } else { pair.mirrored() }
}

fn network(number: usize) -> u32 {
    u32::from(Ipv4Addr::new(11, 0, 0, 0)) + number as u32 * 256
}

/// Scattered, as random ones are, and none twice.
fn spi(number: usize, into_hub: bool) -> u32 {
    let scattered = (number as u32 + 1).wrapping_mul(0x9e37_79b1);
    (scattered ^ u32::from(into_hub) << 31).max(256)
}

fn path(number: usize, of_hub: bool) -> Path {
    let branch = u32::from(Ipv4Addr::new(100, 64, 0, 0)) + number as u32;
    let branch = Ipv4Addr::from(branch).into();
    let (local, remote) = match of_hub {
        true => (LOCAL, branch),
        false => (branch, LOCAL),
    };
    Path {
        local,
        remote,
        encapsulation: Encapsulation::Udp {
            local_port: 4500,
            remote_port: 4500,
        },
    }
}

fn pair(number: usize, of_hub: bool, (encr, integ): (Encr, Option<Integ>)) -> ChildSa {
    let keys = |into_hub: bool| {
        let octet = (number as u8) ^ u8::from(into_hub);
        DirectionKeys {
            encr: Secret::new(vec![octet; encr.keymat_len()]),
            integ: Secret::new(vec![!octet; integ.map_or(0, Integ::key_len)]),
        }
    };
    let selectors = selectors(number, of_hub);
    ChildSa {
        id: number as u32,
        connection: name(number),
        child: name(number),
        role: match of_hub {
            true => Role::Responder,
            false => Role::Initiator,
        },
        spi_in: spi(number, of_hub),
        spi_out: spi(number, !of_hub),
        encr,
        integ,
        esn: false,
        keys_in: keys(of_hub),
        keys_out: keys(!of_hub),
        local_selectors: vec![selectors.local],
        remote_selectors: vec![selectors.remote],
        path: path(number, of_hub),
        outbound: OutboundUse::Immediately,
        replay_window: WINDOW,
        soft_kilobytes: None,
        hard_kilobytes: None,
        hard_lifetime: Duration::from_secs(3600 + number as u64 % 900),
    }
}

/// From a host of the hub's to one of a branch.
fn packet(number: usize, length: usize) -> Vec<u8> {
    let data = vec![0x5a; length - 28];
    let udp = Udp {
        source_port: 1000,
        destination_port: 2000,
        payload: &data,
    };
    let destination = Ipv4Addr::from(network(number) + 7);
    let packet = udp.build(Ipv4Addr::new(10, 1, 2, 3).into(), destination.into());
    packet.expect("a packet")
}
