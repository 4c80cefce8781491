//! Many seeds of mixed disturbances on the site-to-site example, hastened to runs of minutes or as
//! the files say:
//!
//! ```text
//! cargo run --release -p crossgate-rehearse --example explore -- minutes 0..1000000 FOLDER
//! ```
//!
//! Each failure is told, made as small as it goes, and saved in the folder, from which `crossgate
//! rehearse --replay FILE` shows it.

#![allow(clippy::unwrap_used, reason = "an example that is missing ends it")]

use crossgate_diag::Sources;
use crossgate_model::Gateway;
use crossgate_model::plan::Plan;
use crossgate_rehearse::explore::{Failure, Pace, explore, shrink};
use crossgate_rehearse::scenario::Scenario;
use crossgate_rehearse::{Detail, Network, explore::try_bytes};
use std::path::Path;

const NAMES: [&str; 2] = ["branch", "hq"];

/// Seeds between two lines of progress.
const STEP: u64 = 10_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let usage = "expected: minutes|hours FROM..TO FOLDER";
    let [pace, seeds, folder] = &arguments[..] else {
        panic!("{usage}");
    };
    let pace = match pace.as_str() {
        "minutes" => Pace::Minutes,
        "hours" => Pace::Hours,
        _ => panic!("{usage}"),
    };
    let (from, to) = seeds.split_once("..").expect(usage);
    let (mut from, to): (u64, u64) = (from.parse().expect(usage), to.parse().expect(usage));
    let network = network();
    let mut failures = 0;
    while from < to {
        let next = to.min(from + STEP);
        let found = explore(&network, from..next, pace, |_, _| true);
        for failure in &found {
            tell(&network, failure, Path::new(folder));
        }
        failures += found.len();
        from = next;
        println!("to seed {next}: {failures} failures");
    }
}

fn tell(network: &Network, failure: &Failure, folder: &Path) {
    for violation in &failure.violations {
        let at = violation.at.since_start();
        println!(
            "seed {}, {at:?}: {}: {}",
            failure.seed, violation.name, violation.what
        );
        let small = shrink(network, &failure.bytes, violation.name);
        for planned in Scenario::from_bytes(&small).disturbances {
            println!("    {}", planned.text(&NAMES));
        }
        let (outcome, _) = try_bytes(network, &small, Detail::MESSAGES);
        let again = outcome.violations.iter().find(|v| v.name == violation.name);
        for line in again.iter().flat_map(|violation| &violation.tail) {
            println!("    | {line}");
        }
        let file = folder.join(format!("{}-{}.scenario", violation.name, failure.seed));
        std::fs::write(file, small).unwrap();
    }
}

fn network() -> Network {
    let (branch, hq) = (read("branch.cfg"), read("hq.set"));
    let plan = Plan::new(&branch, &hq).unwrap();
    Network::of(&branch, &hq, &plan)
}

fn read(file: &str) -> Gateway {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/site-to-site");
    let mut sources = Sources::new();
    let id = sources.add(file, std::fs::read_to_string(folder.join(file)).unwrap());
    match file.ends_with(".cfg") {
        true => crossgate_ios::read(&mut sources, id).unwrap().gateway,
        false => crossgate_panos::read(&mut sources, id).unwrap().gateway,
    }
}
