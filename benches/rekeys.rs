//! What a hundred rekeys cost traffic that fills the tunnel: packets lost, out of order, and sent
//! again, beside the same load with no rekey, by turns.
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
use support::crossgate::Crossgate;
use support::ping;
use support::process::{Process, output, run, wait_until};
use support::tunnel::{Starts, Suite};
use support::vendors::Vendor;
use support::world::{End, Nat, World};

const PATIENCE: Duration = Duration::from_secs(15);

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
    /// Packets that the kernel dropped at a gateway's full socket.
    no_room: u64,
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
        "{:22}{:>8}{:>12}{:>8}{:>10}{:>12}{:>10}{:>9}",
        "", "rekeys", "packets", "lost", "disorder", "sent again", "no room", "Gb/s"
    );
    for load in Load::ALL {
        let mut sums = [Sum::default(), Sum::default()];
        for round in 0..rounds {
            for (sum, rekeys) in sums.iter_mut().zip([0, rekeys]) {
                eprintln!("round {}: {}, {rekeys} rekeys", round + 1, load.name());
                take(load, rekeys, time, sum);
            }
        }
        for sum in sums {
            println!(
                "{:22}{:>8}{:>12}{:>8}{:>10}{:>12}{:>10}{:>9.3}",
                load.name(),
                sum.rekeys,
                sum.packets,
                sum.lost,
                sum.out_of_order,
                sum.sent_again,
                sum.no_room,
                sum.bits / f64::from(rounds) / 1e9
            );
        }
    }
}

/// One world, one load, so many rekeys spread over its time.
fn take(load: Load, rekeys: u32, time: Duration, sum: &mut Sum) {
    let world = World::new(Nat::None);
    let tunnel = world.tunnel(End::A, Suite::CBC, Starts::Local);
    let more = ["--encapsulate", "all"];
    let answers = Crossgate::start_at(&world, End::B, Vendor::Ios, &tunnel.mirrored(), &more);
    let starts = Crossgate::start_at(&world, End::A, Vendor::Ios, &tunnel, &more);
    starts.initiate();
    ping::wait_for_answer(&world, End::A);
    let _server = server(&world);
    let before = no_room(&world);
    let mut command = world.command(End::A.lan_node(), "iperf3");
    let seconds = time.as_secs().to_string();
    command.args(["-c", &End::B.host().to_string(), "-J", "-t", &seconds]);
    if let Load::Udp(rate) = load {
        command.args(["-u", "-l", "1300", "-b", &format!("{rate}M")]);
    }
    let mut client = Process::start(&world, command, &world.dir("iperf3").join("client"));
    let begun = Instant::now();
    // The first and the last second are left alone.
    let step = (time - Duration::from_secs(2)) / rekeys.max(1);
    for number in 0..rekeys {
        let due = Duration::from_secs(1) + step * number;
        std::thread::sleep(due.saturating_sub(begun.elapsed()));
        // The ends take turns.
        if number % 2 == 0 {
            starts.exec("request rekey child");
        } else {
            answers.exec("request rekey child");
        }
    }
    client.wait(time + PATIENCE);
    sum.no_room += no_room(&world) - before;
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

fn no_room(world: &World) -> u64 {
    let of = |end: End| {
        let mut command = world.command(end.gateway_node(), "cat");
        let printed = run(command.arg("/proc/net/snmp"));
        let mut udp = printed.lines().filter(|line| line.starts_with("Udp:"));
        let (names, figures) = (udp.next()?, udp.next()?);
        let mut pairs = names.split(' ').zip(figures.split(' '));
        let (_, figure) = pairs.find(|(name, _)| *name == "RcvbufErrors")?;
        figure.parse::<u64>().ok()
    };
    [End::A, End::B].into_iter().filter_map(of).sum()
}
