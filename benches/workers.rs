//! What threads of their own bring: a hub with two tunnels and two TCP streams at once, one through
//! each, with one thread and with two by turns; and one tunnel with eight streams, with one thread at
//! each end, and shared by two (`--per-core`).
//!
//! `cargo bench -p crossgate --bench workers`, as root with iperf3; `ROUNDS=5 SECONDS=4` are the
//! defaults. Hub, both peers and all hosts share this machine's cores.

#![allow(
    clippy::disallowed_methods,
    reason = "a benchmark reads the clock, unlike what lies below `gateway`"
)]
#![allow(dead_code, unused_imports, reason = "the tests use the rest of it")]

#[path = "../tests/flood.rs"]
mod flood;
#[path = "../tests/support/mod.rs"]
mod support;

use serde_json::Value;
use std::env;
use std::process::Command;
use std::time::Duration;
use support::crossgate::Crossgate;
use support::ping;
use support::process::{Process, output, wait_until};
use support::tunnel::{Starts, Suite};
use support::vendors::Vendor;
use support::world::{End, Nat, World};

const PATIENCE: Duration = Duration::from_secs(15);
const COUNTS: [&str; 2] = ["1", "2"];

fn main() {
    let number = |name, otherwise: u32| {
        let given = env::var(name).ok().and_then(|text| text.parse().ok());
        given.unwrap_or(otherwise)
    };
    let (rounds, seconds) = (number("ROUNDS", 5), number("SECONDS", 4));
    if !output(Command::new("sh").args(["-c", "command -v iperf3"]))
        .status
        .success()
    {
        println!("iperf3 is missing: apt-get install iperf3");
        std::process::exit(2);
    }
    compare("two tunnels", rounds, |workers| take(workers, seconds));
    compare("one tunnel", rounds, |workers| take_one(workers, seconds));
}

/// By turns with one worker and with two.
fn compare(what: &str, rounds: u32, take: impl Fn(&str) -> f64) {
    let mut rates = [Vec::new(), Vec::new()];
    for round in 0..rounds {
        for (rates, workers) in rates.iter_mut().zip(COUNTS) {
            let rate = take(workers);
            eprintln!(
                "{what}, round {}: workers {workers}: {rate:.3} Gb/s",
                round + 1
            );
            rates.push(rate);
        }
    }
    let ratios = rates[1].iter().zip(&rates[0]).map(|(two, one)| two / one);
    let ratio = median(ratios.collect());
    for (rates, workers) in rates.into_iter().zip(COUNTS) {
        println!(
            "{what}, workers {workers}: {:.3} Gb/s, all streams",
            median(rates)
        );
    }
    println!("{what}, 2 to 1, median of the rounds' ratios: {ratio:.2}");
}

/// Gb/s of both streams, from the peers' LANs to the hub's.
fn take(workers: &str, seconds: u32) -> f64 {
    let world = World::new(Nat::None);
    let arguments = ["--encapsulate", "all", "--workers", workers];
    let _daemons = flood::hub_and_peers_with(&world, &arguments);
    let streams = [(End::B, "5201"), (End::C, "5202")];
    let _servers = streams.map(|(_, port)| server(&world, port));
    let clients = streams.map(|(from, port)| {
        ping::wait_for_answer(&world, from);
        let mut command = world.command(from.lan_node(), "iperf3");
        let (to, time) = (End::A.host().to_string(), seconds.to_string());
        command.args(["-c", &to, "-p", port, "-J", "-t", &time]);
        Process::start(&world, command, &world.dir("iperf3").join(port))
    });
    let rates = clients.map(|client| gigabits(client, seconds));
    rates.iter().sum()
}

/// What iperf3's client says that the other end has received.
fn gigabits(mut client: Process<'_>, seconds: u32) -> f64 {
    client.wait(Duration::from_secs(seconds.into()) + PATIENCE);
    let json: Value = serde_json::from_str(&client.printed()).expect("iperf3 prints JSON");
    let rate = json.pointer("/end/sum_received/bits_per_second");
    let rate = rate.and_then(Value::as_f64);
    rate.expect("iperf3 measures something") / 1e9
}

/// Gb/s of all streams through one tunnel, which two workers share.
fn take_one(workers: &str, seconds: u32) -> f64 {
    let world = World::new(Nat::None);
    let alone = ["--encapsulate", "all", "--workers", workers];
    let shared = [&alone[..], &["--per-core", "all"]].concat();
    let arguments = if workers == "1" { &alone[..] } else { &shared };
    let tunnel = world.tunnel(End::A, Suite::CBC, Starts::Local);
    let start = |end, tunnel| Crossgate::start_at(&world, end, Vendor::Ios, tunnel, arguments);
    let remote = tunnel.mirrored();
    let _at_b = start(End::B, &remote);
    let at_a = start(End::A, &tunnel);
    at_a.initiate();
    ping::wait_for_answer(&world, End::B);
    let _server = server(&world, "5201");
    let mut command = world.command(End::B.lan_node(), "iperf3");
    let (to, time) = (End::A.host().to_string(), seconds.to_string());
    command.args(["-c", &to, "-p", "5201", "-P", "8", "-J", "-t", &time]);
    let client = Process::start(&world, command, &world.dir("iperf3").join("client"));
    gigabits(client, seconds)
}

fn server<'w>(world: &'w World, port: &str) -> Process<'w> {
    let mut command = world.command(End::A.lan_node(), "iperf3");
    command.args(["-s", "--forceflush", "-p", port]);
    let log = world.dir("iperf3").join(format!("server-{port}"));
    let mut server = Process::start(world, command, &log);
    wait_until("iperf3's server", PATIENCE, || {
        server.assert_running();
        server.printed().contains("listening").then_some(())
    });
    server
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
