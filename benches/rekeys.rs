//! What a hundred rekeys cost traffic that fills the tunnel: packets lost, and where; out of order;
//! and sent again. Beside the same load with no rekey, by turns, where the daemons are given as many
//! commands that do nothing: on a busy machine starting a program costs packets, too.
//!
//! `cargo bench -p crossgate --bench rekeys`, as root; `ROUNDS=3 REKEYS=100 SECONDS=20` are the
//! defaults.

#![allow(
    clippy::disallowed_methods,
    reason = "a benchmark reads the clock, unlike what lies below `gateway`"
)]
#![allow(dead_code, reason = "the tests use the rest of it")]

#[path = "../tests/support/mod.rs"]
mod support;

use serde_json::Value;
use std::env;
use std::process::Command;
use std::time::{Duration, Instant};
use support::crossgate::{Crossgate, IN_UDP};
use support::ping;
use support::process::{Process, output, run, wait_until};
use support::tunnel::{Starts, Suite};
use support::vendors::Vendor;
use support::world::{End, Nat, World};

const PATIENCE: Duration = Duration::from_secs(15);
const REKEY: &str = "request rekey child";
/// A command that does nothing.
const IDLE: &str = "request workers";

/// What is sent from LAN to LAN.
#[derive(Clone, Copy)]
enum Load {
    /// As fast as it goes.
    Tcp,
    /// Megabits a second, in packets of 1300 octets.
    Udp(u32),
}

impl Load {
    const ALL: [Self; 4] = [Self::Udp(100), Self::Udp(400), Self::Udp(1000), Self::Tcp];

    fn name(self) -> String {
        match self {
            Self::Tcp => "TCP, all that goes".into(),
            Self::Udp(rate) => format!("UDP, {rate} Mb/s"),
        }
    }
}

/// Sums of all rounds.
#[derive(Default)]
struct Sum {
    rekeys: u64,
    packets: u64,
    lost: u64,
    out_of_order: u64,
    sent_again: u64,
    bits: f64,
    dropped: Dropped,
}

/// Where the kernel dropped packets because there was no room.
#[derive(Clone, Copy, Default)]
struct Dropped {
    /// At a gateway's socket.
    sockets: u64,
    /// At a gateway's TUN.
    tuns: u64,
    /// At the socket of the host that they were for: they had come through the tunnel.
    hosts: u64,
}

impl Dropped {
    fn so_far(world: &World) -> Self {
        let both =
            |of: fn(&World, End) -> u64| [End::A, End::B].map(|end| of(world, end)).iter().sum();
        Self {
            sockets: both(|world, end| full_sockets(world, end.gateway_node())),
            tuns: both(full_tuns),
            hosts: both(|world, end| full_sockets(world, end.lan_node())),
        }
    }

    fn add_since(&mut self, before: Self, world: &World) {
        let now = Self::so_far(world);
        self.sockets += now.sockets - before.sockets;
        self.tuns += now.tuns - before.tuns;
        self.hosts += now.hosts - before.hosts;
    }
}

fn main() {
    let number = |name, otherwise: u32| {
        let given = env::var(name).ok().and_then(|text| text.parse().ok());
        given.unwrap_or(otherwise)
    };
    let (rounds, rekeys) = (number("ROUNDS", 3), number("REKEYS", 100));
    let time = Duration::from_secs(number("SECONDS", 20).into());
    if !output(Command::new("sh").args(["-c", "command -v iperf3"]))
        .status
        .success()
    {
        println!("iperf3 is missing: apt-get install iperf3");
        std::process::exit(2);
    }
    println!(
        "{:22}{:>8}{:>12}{:>9}{:>10}{:>10}{:>10}{:>10}{:>12}{:>9}",
        "",
        "rekeys",
        "packets",
        "lost",
        "at hosts",
        "at TUNs",
        "sockets",
        "disorder",
        "sent again",
        "Gb/s"
    );
    for load in Load::ALL {
        let mut sums = [Sum::default(), Sum::default()];
        for round in 0..rounds {
            for (sum, command) in sums.iter_mut().zip([IDLE, REKEY]) {
                eprintln!(
                    "round {}: {}, {rekeys} of {command}",
                    round + 1,
                    load.name()
                );
                take(load, (rekeys, command), time, sum);
            }
        }
        for sum in sums {
            println!(
                "{:22}{:>8}{:>12}{:>9}{:>10}{:>10}{:>10}{:>10}{:>12}{:>9.3}",
                load.name(),
                sum.rekeys,
                sum.packets,
                sum.lost,
                sum.dropped.hosts,
                sum.dropped.tuns,
                sum.dropped.sockets,
                sum.out_of_order,
                sum.sent_again,
                sum.bits / f64::from(rounds) / 1e9
            );
        }
    }
}

/// One world, one load, so many commands spread over its time.
fn take(load: Load, (commands, command): (u32, &str), time: Duration, sum: &mut Sum) {
    let world = World::new(Nat::None);
    let tunnel = world.tunnel(End::A, Suite::CBC, Starts::Local);
    let answers = Crossgate::start_at(&world, End::B, Vendor::Ios, &tunnel.mirrored(), IN_UDP);
    let starts = Crossgate::start_at(&world, End::A, Vendor::Ios, &tunnel, IN_UDP);
    starts.initiate();
    ping::wait_for_answer(&world, End::A);
    let _server = server(&world);
    let before = Dropped::so_far(&world);
    let mut iperf3 = world.command(End::A.lan_node(), "iperf3");
    let seconds = time.as_secs().to_string();
    iperf3.args(["-c", &End::B.host().to_string(), "-J", "-t", &seconds]);
    if let Load::Udp(rate) = load {
        iperf3.args(["-u", "-l", "1300", "-b", &format!("{rate}M")]);
    }
    let mut client = Process::start(&world, iperf3, &world.dir("iperf3").join("client"));
    let begun = Instant::now();
    // The first and the last second are left alone.
    let step = (time - Duration::from_secs(2)) / commands.max(1);
    for number in 0..commands {
        let due = Duration::from_secs(1) + step * number;
        std::thread::sleep(due.saturating_sub(begun.elapsed()));
        // The ends take turns.
        if number % 2 == 0 {
            starts.exec(command);
        } else {
            answers.exec(command);
        }
    }
    client.wait(time + PATIENCE);
    sum.dropped.add_since(before, &world);
    let done = starts.logged("child-sa-rekeyed").len() + answers.logged("child-sa-rekeyed").len();
    sum.rekeys += u64::try_from(done).unwrap_or_default() / 2;
    add(
        sum,
        &serde_json::from_str(&client.printed()).unwrap_or_default(),
    );
}

fn add(sum: &mut Sum, json: &Value) {
    let figure = |place: &str| json.pointer(place).and_then(Value::as_f64);
    let count = |place: &str| json.pointer(place).and_then(Value::as_u64).unwrap_or(0);
    let rate = [
        "/end/sum/bits_per_second",
        "/end/sum_received/bits_per_second",
    ];
    let rate = rate.into_iter().filter_map(figure).next_back();
    sum.bits += rate.expect("iperf3 measures something");
    sum.packets += count("/end/sum/packets");
    sum.lost += count("/end/sum/lost_packets");
    sum.out_of_order += count("/end/streams/0/udp/out_of_order");
    sum.sent_again += count("/end/sum_sent/retransmits");
}

fn server(world: &World) -> Process<'_> {
    let mut command = world.command(End::B.lan_node(), "iperf3");
    command.args(["-s", "--forceflush"]);
    let mut server = Process::start(world, command, &world.dir("iperf3").join("server"));
    wait_until("iperf3's server", PATIENCE, || {
        server.assert_running();
        server.printed().contains("listening").then_some(())
    });
    server
}

/// Datagrams that found a socket of that node full.
fn full_sockets(world: &World, node: &str) -> u64 {
    let printed = run(world.command(node, "cat").arg("/proc/net/snmp"));
    let mut udp = printed.lines().filter(|line| line.starts_with("Udp:"));
    let mut lines = || Some(udp.next()?.split(' '));
    let pairs = lines()
        .zip(lines())
        .map(|(names, figures)| names.zip(figures));
    let figure = pairs.and_then(|mut pairs| pairs.find(|(name, _)| *name == "RcvbufErrors"));
    let figure = figure.and_then(|(_, figure)| figure.parse().ok());
    figure.expect("Linux counts what finds no room")
}

/// Packets that found the TUN's queue of that gateway full.
fn full_tuns(world: &World, end: End) -> u64 {
    let mut command = world.command(end.gateway_node(), "ip");
    let printed = run(command.args(["-json", "-stats", "link", "show", "type", "tun"]));
    let devices: Value = serde_json::from_str(&printed).expect("ip prints JSON");
    let dropped = |device: &Value| {
        device
            .pointer("/stats64/tx/dropped")
            .and_then(Value::as_u64)
    };
    let devices = devices.as_array().into_iter().flatten();
    devices.filter_map(dropped).sum()
}
