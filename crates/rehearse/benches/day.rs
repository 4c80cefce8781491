//! How long virtual days take, against what was promised: `cargo bench -p crossgate-rehearse`.
//!
//! Nothing here fails by the clock: the machine may have other things to do. Each line tells the
//! processor's time of the thread that ran the world (Linux counts it, so that others' work is left
//! out as far as that goes) and the time that passed, of the best of a few runs.
//!
//! `cargo bench -p crossgate-rehearse -- star` measures one of `day`, `seeds`, `star`, `more` alone,
//! and `real` or `transparent` one of the two days; `BRANCHES=100` makes the star smaller.

#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
#![allow(clippy::unwrap_used, reason = "an example that is missing ends it")]

#[path = "../tests/rehearse/branches.rs"]
mod branches;

use branches::{example, read};
use crossgate_model::plan::Plan;
use crossgate_rehearse::observe::{Options, observe};
use crossgate_rehearse::scenario::Traffic;
use crossgate_rehearse::traffic::Pattern;
use crossgate_rehearse::{Detail, Network, Scenario, World};
use std::time::{Duration, Instant};

const DAY: Duration = Duration::from_secs(24 * 3600);
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
/// Of which the best counts.
const RUNS: usize = 5;
const SEEDS: u64 = 1000;
const BRANCHES: usize = 1000;
const CORES: u64 = 2;

type Make = fn(Network, Scenario, Detail) -> World;

/// Argument, title, world, and milliseconds that were promised.
const DAYS: [(&str, &str, Make, u64); 2] = [
    ("real", "real cryptography", World::new, 400),
    ("transparent", "transparent", World::transparent, 100),
];

fn main() {
    let network = pair();
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let parts = ["day", "real", "transparent", "seeds", "star", "more"];
    let all = !asked.iter().any(|arg| parts.contains(&arg.as_str()));
    let wants = |part: &str| all || asked.iter().any(|arg| arg == part);
    for (word, title, make, promised) in DAYS {
        if wants("day") || asked.iter().any(|arg| arg == word) {
            let title = format!("24 h, a ping a second, {title}");
            let told = || day(&network, make, 1, 0);
            best(&title, Duration::from_millis(promised), told);
        }
    }
    if wants("seeds") {
        seeds(&network, "transparent", World::transparent, MINUTE);
        seeds(&network, "real cryptography", World::new, Duration::ZERO);
    }
    if wants("star") {
        star();
    }
    if wants("more") {
        more(&network);
    }
}

/// What nothing was promised for.
fn more(network: &Network) {
    for (title, flows) in [("24 h, a ping a second each way", 2), ("24 h, idle", 0)] {
        best(title, Duration::ZERO, || day(network, World::new, flows, 0));
    }
    let (branch, hq) = (
        read("branch.cfg", example("branch.cfg")),
        read("hq.set", example("hq.set")),
    );
    best("an observation", Duration::ZERO, || {
        format!("{:?}", observe(&branch, &hq, Options::default()).verdict)
    });
}

/// The guide's tunnel for a day; what there was of it.
fn day(network: &Network, make: Make, flows: usize, seed: u64) -> String {
    let scenario = Scenario {
        seed,
        traffic: Traffic::None,
        ..Scenario::default()
    };
    let mut world = make(network.clone(), scenario, Detail::EVENTS);
    let pings = network.flows(Pattern::RequestAnswer { every: SECOND });
    for flow in pings.into_iter().take(flows) {
        world.add_flow(flow);
    }
    ended(world)
}

fn ended(mut world: World) -> String {
    world.run();
    world.finish();
    let totals = &world.trace().totals;
    format!(
        "{} ESP packets, {} IKE messages, {} of {} pings lost, {} violations",
        totals.esp_packets,
        totals.ike_messages,
        totals.pings_lost,
        totals.pings_sent,
        world.violations().len()
    )
}

/// Threads that share the seeds evenly.
fn seeds(network: &Network, what: &str, make: Make, promised: Duration) {
    let title = format!("{SEEDS} seeds of that day, {what}, {CORES} threads");
    told(&title, promised, || {
        std::thread::scope(|scope| {
            let threads = (0..CORES).map(|first| {
                scope.spawn(move || {
                    let own = (0..SEEDS).filter(|seed| seed % CORES == first);
                    own.for_each(|seed| {
                        day(network, make, 1, seed);
                    });
                    spent()
                })
            });
            let threads: Vec<_> = threads.collect();
            let spent = threads.into_iter().map(|thread| thread.join().unwrap());
            format!("{:.1?} of processors", spent.sum::<Duration>())
        })
    });
}

fn star() {
    let asked = std::env::var("BRANCHES").ok();
    let count = asked.and_then(|n| n.parse().ok()).unwrap_or(BRANCHES);
    let network = branches::star(count, MINUTE);
    for (what, make) in [
        ("transparent", World::transparent as Make),
        ("real cryptography", World::new),
    ] {
        let title = format!("24 h of {count} branches and a hub, a ping a minute each, {what}");
        told(&title, 5 * MINUTE, || {
            let scenario = Scenario {
                lasts: DAY,
                ..Scenario::default()
            };
            ended(make(network.clone(), scenario, Detail::EVENTS))
        });
    }
}

fn best(title: &str, promised: Duration, run: impl Fn() -> String) {
    let runs = (0..RUNS).map(|_| timed(&run));
    let best = runs.min_by_key(|(spent, ..)| *spent).unwrap();
    tell(title, promised, best);
}

fn told(title: &str, promised: Duration, run: impl Fn() -> String) {
    tell(title, promised, timed(run));
}

fn timed(run: impl Fn() -> String) -> (Duration, Duration, String) {
    let (began, before) = (Instant::now(), spent());
    let what = run();
    (spent() - before, began.elapsed(), what)
}

fn tell(title: &str, promised: Duration, (spent, passed, what): (Duration, Duration, String)) {
    let promised = match promised {
        Duration::ZERO => String::new(),
        limit => format!(", promised {limit:?}"),
    };
    println!("{title}: {passed:.3?} passed, {spent:.3?} of this thread{promised}; {what}");
}

/// Of this thread, as Linux counts it: the first field is nanoseconds on a processor.
fn spent() -> Duration {
    let schedule = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let first = schedule.split_whitespace().next();
    Duration::from_nanos(first.and_then(|n| n.parse().ok()).unwrap_or_default())
}

fn pair() -> Network {
    let branch = read("branch.cfg", example("branch.cfg"));
    let hq = read("hq.set", example("hq.set"));
    let plan = Plan::new(&branch, &hq).unwrap();
    Network::of(&branch, &hq, &plan)
}
