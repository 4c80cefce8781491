//! What setting up a tunnel costs the end that answers: ours and strongSwan by turns, with the same
//! initiator, the guide's suite, and the tunnel taken down again each time.
//!
//! `cargo bench -p crossgate --bench setup`, as root; `ROUNDS=5 TUNNELS=40` are the defaults.

#![allow(
    clippy::disallowed_methods,
    reason = "a benchmark reads the clock, unlike what lies below `gateway`"
)]
#![allow(dead_code, reason = "the tests use the rest of it")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::env;
use std::time::Duration;
use support::charon::Charon;
use support::crossgate::Crossgate;
use support::tunnel::{Starts, Suite};
use support::vendors::Vendor;
use support::world::{End, Nat, World};

/// Times as many as strongSwan sets up.
const RATIO_WANTED: f64 = 3.0;
const TIME_WANTED: Duration = Duration::from_millis(3);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Candidate {
    Ours,
    StrongSwan,
}

/// The end that answers.
enum Answering<'w> {
    Ours(Crossgate<'w>),
    StrongSwan(Charon<'w>),
}

impl Answering<'_> {
    fn spent(&self) -> Duration {
        match self {
            Self::Ours(crossgate) => crossgate.processor_time(),
            Self::StrongSwan(charon) => charon.processor_time(),
        }
    }
}

fn main() {
    let number = |name, otherwise: u32| {
        let given = env::var(name).ok().and_then(|text| text.parse().ok());
        given.unwrap_or(otherwise)
    };
    let (rounds, tunnels) = (number("ROUNDS", 5), number("TUNNELS", 40));
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 1..=rounds {
        let [one, other] = [Candidate::Ours, Candidate::StrongSwan].map(|c| take(c, tunnels));
        eprintln!("round {round} of {rounds}: ours {one:.2?}, strongSwan {other:.2?} a tunnel");
        ours.push(one.as_secs_f64());
        theirs.push(other.as_secs_f64());
    }
    let ratios = ours.iter().zip(&theirs).map(|(ours, theirs)| theirs / ours);
    let ratio = median(ratios.collect());
    let [ours, theirs] = [ours, theirs].map(|spent| Duration::from_secs_f64(median(spent)));
    println!("processor time of the answering daemon for a tunnel that comes up and is deleted:");
    println!(
        "ours {ours:.2?} ({}), strongSwan {theirs:.2?}",
        reached(ours <= TIME_WANTED, "at most 3 ms")
    );
    let what = reached(ratio >= RATIO_WANTED, "at least 3");
    println!("tunnels a second, ours to strongSwan's, median of the rounds: {ratio:.2} ({what})");
}

fn reached(is_reached: bool, goal: &str) -> String {
    format!(
        "{goal}: {}",
        if is_reached { "reached" } else { "not reached" }
    )
}

/// Processor time for one tunnel, all of it.
fn take(candidate: Candidate, tunnels: u32) -> Duration {
    let world = World::new(Nat::None);
    let tunnel = world.tunnel(End::A, Suite::CBC, Starts::Local);
    let mirrored = tunnel.mirrored();
    let answering = match candidate {
        Candidate::Ours => Answering::Ours(Crossgate::start_at(
            &world,
            End::B,
            Vendor::PanOs,
            &mirrored,
            &[],
        )),
        Candidate::StrongSwan => {
            Answering::StrongSwan(Charon::start_quietly(&world, End::B, &mirrored))
        }
    };
    let starting = Crossgate::start(&world, Vendor::PanOs, &tunnel);
    let up_and_down = || {
        starting.initiate();
        starting.delete();
    };
    // The first pays for what is made once.
    up_and_down();
    let before = answering.spent();
    (0..tunnels).for_each(|_| up_and_down());
    (answering.spent() - before) / tunnels
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
