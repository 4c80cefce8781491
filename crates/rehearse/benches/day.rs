//! How long a virtual day takes: `cargo bench -p crossgate-rehearse`.

#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
#![allow(clippy::unwrap_used, reason = "an example that is missing ends it")]

use crossgate_diag::Sources;
use crossgate_model::Gateway;
use crossgate_model::plan::Plan;
use crossgate_rehearse::observe::{Options, observe};
use crossgate_rehearse::scenario::Traffic;
use crossgate_rehearse::traffic::Pattern;
use crossgate_rehearse::{Detail, Network, Scenario, World};
use std::path::Path;
use std::time::{Duration, Instant};

fn read(file: &str) -> Gateway {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut sources = Sources::new();
    let id = sources.add(file, std::fs::read_to_string(examples.join(file)).unwrap());
    match file.ends_with(".cfg") {
        true => crossgate_ios::read(&mut sources, id).unwrap().gateway,
        false => crossgate_panos::read(&mut sources, id).unwrap().gateway,
    }
}

fn main() {
    let branch = read("site-to-site/branch.cfg");
    let hq = read("site-to-site/hq.set");
    let plan = Plan::new(&branch, &hq).unwrap();
    let network = Network::of(&branch, &hq, &plan);
    let day = |flows: usize, what: &str| {
        let began = Instant::now();
        let scenario = Scenario {
            traffic: Traffic::None,
            ..Scenario::default()
        };
        let mut world = World::new(network.clone(), scenario, Detail::EVENTS);
        let every = Duration::from_secs(1);
        let pings = network.flows(Pattern::RequestAnswer { every });
        pings
            .into_iter()
            .take(flows)
            .for_each(|flow| world.add_flow(flow));
        world.run();
        world.finish();
        let totals = &world.trace().totals;
        println!(
            "24 h, {what}: {:?}, {} ESP packets, {} IKE messages, {} violations",
            began.elapsed(),
            totals.esp_packets,
            totals.ike_messages,
            world.violations().len()
        );
    };
    day(1, "a ping a second");
    day(2, "a ping a second each way");
    day(0, "nobody speaks");
    let began = Instant::now();
    let observation = observe(&branch, &hq, Options::default());
    println!(
        "an observation: {:?}, {:?}",
        began.elapsed(),
        observation.verdict
    );
}
