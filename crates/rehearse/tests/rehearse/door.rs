//! The one door of these tests: examples, changed where a test says so.

use crossgate_diag::Sources;
use crossgate_model::plan::Plan;
use crossgate_model::{Connection, Gateway, Time};
use crossgate_rehearse::observe::{Observation, Options, observe};
use crossgate_rehearse::scenario::{Planned, Scenario};
use crossgate_rehearse::{Detail, Network, World};
use std::path::Path;
use std::time::Duration;

pub const NAMES: [&str; 2] = ["branch", "hq"];

pub fn gateway(file: &str) -> Gateway {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../examples")
        .join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    let mut sources = Sources::new();
    let id = sources.add(file, text);
    match file.ends_with(".cfg") {
        true => crossgate_ios::read(&mut sources, id).unwrap().gateway,
        false => crossgate_panos::read(&mut sources, id).unwrap().gateway,
    }
}

/// The example's two ends.
pub fn pair(folder: &str) -> [Gateway; 2] {
    let hq = ["hq.set", "hq.xml"].map(|name| format!("{folder}/{name}"));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let hq = hq
        .into_iter()
        .find(|file| root.join(file).exists())
        .unwrap();
    [gateway(&format!("{folder}/branch.cfg")), gateway(&hq)]
}

pub fn connection(gateway: &mut Gateway) -> &mut Connection {
    &mut gateway.connections[0]
}

pub fn observed([first, second]: &[Gateway; 2]) -> Observation {
    observe(first, second, Options::default())
}

/// What decided, one line each.
pub fn told(observation: &Observation) -> String {
    let mut text = observation.verdict.sentence(NAMES).to_string();
    for evidence in &observation.evidence {
        let at = evidence.at.map(Time::since_start).unwrap_or_default();
        let (starter, end) = (evidence.starter, evidence.end);
        text += &format!(
            "\n{starter:?} started, {:.3} s, {end:?}: {}: {}",
            at.as_secs_f64(),
            evidence.code,
            evidence.text
        );
    }
    text
}

pub fn network([first, second]: &[Gateway; 2]) -> Network {
    let plan = Plan::new(first, second).unwrap();
    Network::of(first, second, &plan)
}

/// Hours, and what disturbs them.
pub fn scenario(hours: u64, seed: u64, events: &[&str]) -> Scenario {
    Scenario {
        seed,
        lasts: Duration::from_secs(hours * 3600),
        disturbances: events
            .iter()
            .map(|e| Planned::parse(e, &NAMES).unwrap())
            .collect(),
        ..Scenario::default()
    }
}

/// The site-to-site example in that scenario, from its beginning to its end.
pub fn run(scenario: Scenario, detail: Detail) -> World {
    let mut world = World::new(network(&pair("site-to-site")), scenario, detail);
    world.run();
    world.finish();
    world
}
