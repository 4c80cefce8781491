//! Throughput and round trip from LAN to LAN through two gateways, each candidate in a world of
//! namespaces of its own and all of them by turns: no tunnel at all, our daemon at both ends,
//! strongSwan's userspace ESP at both ends, wireguard-go at both ends.
//!
//! `cargo bench -p crossgate --bench tunnel`, as root; `ROUNDS=5 SECONDS=5` measure longer, and
//! `CANDIDATES=GCM` takes those alone whose names have that in them, to look at them closer;
//! `PICTURE=docs/tunnel.svg` draws the table.

#![allow(
    clippy::disallowed_methods,
    reason = "a benchmark reads the clock, unlike what lies below `gateway`"
)]
#![allow(dead_code, reason = "the tests use the rest of it")]

#[path = "tunnel/report.rs"]
mod report;
#[path = "../tests/support/mod.rs"]
mod support;

use serde_json::Value;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use std::{env, fs};
use support::charon::Charon;
use support::crossgate::{BARE, Crossgate, IN_UDP};
use support::ping;
use support::process::{Process, output, run, wait_until};
use support::tunnel::{Starts, Suite};
use support::vendors::Vendor;
use support::world::{End, Nat, World};

const PATIENCE: Duration = Duration::from_secs(15);

/// Who carries the packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Candidate {
    Plain,
    Ours { suite: Suite, udp: bool },
    StrongSwan(Suite),
    WireGuardGo,
}

impl Candidate {
    const ALL: [Self; 7] = [
        Self::Plain,
        CBC,
        GCM,
        Self::Ours {
            suite: Suite::CBC,
            udp: false,
        },
        Self::StrongSwan(Suite::CBC),
        Self::StrongSwan(Suite::GCM),
        Self::WireGuardGo,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain veth, no tunnel",
            Self::Ours { suite, udp: true } if suite == Suite::CBC => "ours, CBC + SHA-256",
            Self::Ours { udp: true, .. } => "ours, GCM",
            Self::Ours { .. } => "ours, CBC + SHA-256, protocol 50",
            Self::StrongSwan(suite) if suite == Suite::CBC => "strongSwan, CBC + SHA-256",
            Self::StrongSwan(_) => "strongSwan, GCM",
            Self::WireGuardGo => "wireguard-go",
        }
    }
}

const CBC: Candidate = Candidate::Ours {
    suite: Suite::CBC,
    udp: true,
};
const GCM: Candidate = Candidate::Ours {
    suite: Suite::GCM,
    udp: true,
};

/// What one turn of one candidate gave; `None` where nothing arrived.
#[derive(Clone, Copy, Debug, Default)]
struct Measured {
    /// Gb/s of one TCP connection, and of four.
    tcp: [Option<f64>; 2],
    /// Seconds of all processors for a gigabyte of the one connection.
    cost: Option<f64>,
    /// Thousands of UDP packets of 64 and of 1300 octets that arrive in a second.
    packets: [Option<f64>; 2],
    /// Milliseconds, idle and beside four TCP connections.
    round_trip: [Option<f64>; 2],
}

fn main() {
    let number = |name, otherwise| {
        let given = env::var(name).ok().and_then(|text| text.parse().ok());
        given.unwrap_or(otherwise)
    };
    let (rounds, seconds) = (number("ROUNDS", 3), number("SECONDS", 3));
    for program in ["iperf3", "wireguard-go", "wg"] {
        let found = output(Command::new("sh").args(["-c", &format!("command -v {program}")]));
        if !found.status.success() {
            println!("{program} is missing: apt-get install iperf3 wireguard-go wireguard-tools");
            std::process::exit(2);
        }
    }
    let wanted = env::var("CANDIDATES").unwrap_or_default();
    let candidates = Candidate::ALL.iter().copied();
    let candidates: Vec<Candidate> = candidates.filter(|c| c.name().contains(&wanted)).collect();
    let mut all = vec![Vec::new(); candidates.len()];
    for round in 0..rounds {
        for (candidate, measured) in candidates.iter().zip(&mut all) {
            eprintln!("round {} of {rounds}: {}", round + 1, candidate.name());
            measured.push(take(*candidate, seconds));
        }
    }
    print!("{}", report::table(&candidates, &all));
    print!("{}", report::ratios(&candidates, &all));
    if let Ok(path) = env::var("PICTURE") {
        let picture = report::picture(&candidates, &all);
        // Cargo runs this in the folder of the package.
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../..")
            .join(path);
        let written = fs::write(&path, picture);
        written.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}

/// Brings it up, and measures.
fn take(candidate: Candidate, seconds: u32) -> Measured {
    let world = World::new(Nat::None);
    match candidate {
        Candidate::Plain => {
            route_plainly(&world);
            measure(&world, seconds)
        }
        Candidate::Ours { suite, udp } => {
            let tunnel = world.tunnel(End::A, suite, Starts::Local);
            let more = if udp { IN_UDP } else { BARE };
            let mirrored = tunnel.mirrored();
            let answers = Crossgate::start_at(&world, End::B, Vendor::Ios, &mirrored, more);
            let starts = Crossgate::start_at(&world, End::A, Vendor::Ios, &tunnel, more);
            starts.initiate();
            let measured = measure(&world, seconds);
            drop((starts, answers));
            measured
        }
        Candidate::StrongSwan(suite) => {
            let tunnel = world.tunnel(End::A, suite, Starts::Local);
            let answers = Charon::start(&world, End::B, &tunnel.mirrored());
            let starts = Charon::start(&world, End::A, &tunnel);
            assert!(starts.initiate(), "strongSwan's tunnel comes up");
            let measured = measure(&world, seconds);
            drop((starts, answers));
            measured
        }
        Candidate::WireGuardGo => {
            let ends = [End::A, End::B].map(|end| wireguard(&world, end));
            connect(&world, &ends);
            measure(&world, seconds)
        }
    }
}

fn measure(world: &World, seconds: u32) -> Measured {
    ping::wait_for_answer(world, End::A);
    let server = world.command(End::B.lan_node(), "iperf3");
    let mut server = {
        let mut command = server;
        command.args(["-s", "--forceflush"]);
        Process::start(world, command, &world.dir("iperf3").join("server"))
    };
    wait_until("iperf3's server", PATIENCE, || {
        server.assert_running();
        server.printed().contains("listening").then_some(())
    });
    let before = busy();
    let one = iperf3(world, seconds, &["-P", "1"]);
    let spent = busy() - before;
    let octets = |json: &Value| json.pointer("/end/sum_received/bytes")?.as_f64();
    let cost = one
        .as_ref()
        .and_then(octets)
        .map(|octets| spent / octets * 1e9);
    let four = iperf3(world, seconds, &["-P", "4"]);
    let idle = round_trip(world);
    let beside = {
        let mut command = world.command(End::A.lan_node(), "iperf3");
        let time = (seconds + 2).to_string();
        command.args(["-c", &End::B.host().to_string(), "-P", "4", "-t", &time]);
        let mut load = Process::start(world, command, &world.dir("iperf3").join("load"));
        std::thread::sleep(Duration::from_secs(1));
        let beside = round_trip(world);
        load.wait(PATIENCE);
        beside
    };
    let small = iperf3(world, seconds, &["-u", "-b", "0", "-l", "64"]);
    let large = iperf3(world, seconds, &["-u", "-b", "0", "-l", "1300"]);
    let gigabits = |json: &Value| {
        let rate = json.pointer("/end/sum_received/bits_per_second")?;
        Some(rate.as_f64()? / 1e9)
    };
    Measured {
        tcp: [&one, &four].map(|json| json.as_ref().and_then(gigabits)),
        cost,
        packets: [&small, &large].map(|json| json.as_ref().and_then(thousands)),
        round_trip: [idle, beside],
    }
}

/// Datagrams that arrived, a second.
fn thousands(json: &Value) -> Option<f64> {
    let sum = json.pointer("/end/sum")?;
    let field = |name: &str| sum.get(name)?.as_f64();
    let arrived = field("packets")? - field("lost_packets")?;
    Some(arrived / field("seconds")? / 1e3)
}

fn iperf3(world: &World, seconds: u32, arguments: &[&str]) -> Option<Value> {
    let mut command = world.command(End::A.lan_node(), "iperf3");
    let time = seconds.to_string();
    command.args(["-c", &End::B.host().to_string(), "-J", "-t", &time]);
    let printed = output(command.args(arguments)).stdout;
    let json: Value = serde_json::from_slice(&printed).ok()?;
    json.get("error").is_none().then_some(json)
}

/// Milliseconds, the mean of two hundred.
fn round_trip(world: &World) -> Option<f64> {
    let mut command = world.command(End::A.lan_node(), "ping");
    command.args(["-q", "-c", "200", "-i", "0.005", &End::B.host().to_string()]);
    let printed = output(&mut command).stdout;
    let printed = String::from_utf8_lossy(&printed).into_owned();
    let (_, figures) = printed.split_once("min/avg/max/mdev = ")?;
    figures.split('/').nth(1)?.parse().ok()
}

/// Seconds that all processors have worked since the machine came up.
fn busy() -> f64 {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    let first = stat.lines().next().unwrap_or_default();
    let ticks = first.split_whitespace().skip(1);
    let ticks: Vec<f64> = ticks.filter_map(|tick| tick.parse().ok()).collect();
    // Hundredths: user, nice, system, idle, waiting, interrupts, soft interrupts.
    let worked = ticks.iter().enumerate().take(7);
    let worked = worked.filter(|(place, _)| ![3, 4].contains(place));
    worked.map(|(_, tick)| tick).sum::<f64>() / 100.0
}

/// The LANs reach each other through the WAN as it is.
fn route_plainly(world: &World) {
    let route = |node: &str, to: End, via: std::net::Ipv4Addr| {
        let (to, via) = (to.network().to_string(), via.to_string());
        run(world
            .command(node, "ip")
            .args(["route", "add", &to, "via", &via]));
    };
    for end in [End::A, End::B] {
        route(end.gateway_node(), end.other(), end.router());
        route("wan", end, end.wan());
    }
}

/// wireguard-go at one end, not yet knowing the other.
struct WireGuard<'w> {
    end: End,
    key: String,
    _process: Process<'w>,
}

fn wireguard(world: &World, end: End) -> WireGuard<'_> {
    let dir = world.dir(&format!("wireguard-{}", end.gateway_node()));
    let mut command = world.command(end.gateway_node(), "wireguard-go");
    // Its control socket has the device's name, and is the machine's.
    command.args(["-f", &device(end)]);
    let process = Process::start(world, command, &dir.join("log"));
    let key = dir.join("key");
    fs::write(&key, run(Command::new("wg").arg("genkey"))).expect("the world's folder is writable");
    let set = ["set", &device(end), "listen-port", "51820", "private-key"];
    wait_until("wireguard-go", PATIENCE, || {
        let mut command = world.command(end.gateway_node(), "wg");
        let done = output(command.args(set).arg(&key));
        done.status.success().then_some(())
    });
    let public =
        run(world
            .command(end.gateway_node(), "wg")
            .args(["show", &device(end), "public-key"]));
    WireGuard {
        end,
        key: public.trim().to_owned(),
        _process: process,
    }
}

fn device(end: End) -> String {
    let letter = if end == End::A { "a" } else { "b" };
    format!("cgb{letter}{}", std::process::id() % 1_000_000)
}

fn connect(world: &World, ends: &[WireGuard<'_>; 2]) {
    let [a, b] = ends;
    for (own, other) in [(a, b), (b, a)] {
        let (node, device) = (own.end.gateway_node(), device(own.end));
        let endpoint = format!("{}:51820", other.end.wan());
        let network = other.end.network().to_string();
        let peer = ["set", &device, "peer", &other.key, "endpoint", &endpoint];
        run(world
            .command(node, "wg")
            .args(peer)
            .args(["allowed-ips", &network]));
        run(world
            .command(node, "ip")
            .args(["link", "set", &device, "mtu", "1400", "up"]));
        run(world
            .command(node, "ip")
            .args(["route", "add", &network, "dev", &device]));
    }
}
