//! The same seed is the same run.

use crate::door::*;
use crossgate_rehearse::explore::{Pace, explore};
use crossgate_rehearse::scenario::{Planned, Scenario};
use crossgate_rehearse::{Detail, Network, World};

const EVENTS: &[&str] = &[
    "loss 20% from 5m to 20m",
    "duplicate 10% from 10m to 30m",
    "delay 40ms±30ms from 15m to 40m",
    "reboot branch at 25m for 2m",
    "rekey child both at 41m",
];

fn text(seed: u64) -> String {
    let world = run(scenario(1, seed, EVENTS), Detail::EVERYTHING);
    world.trace().text(&NAMES)
}

#[test]
fn one_seed_is_one_run_and_another_is_another() {
    let first = text(7);
    assert!(first.lines().count() > 10_000);
    // Not with assert_eq: it would print them.
    assert!(first == text(7), "two runs of one seed differ");
    assert!(first != text(8), "two seeds give one run");
}

#[test]
fn what_is_recorded_changes_nothing() {
    let events = |detail| {
        let world = run(scenario(1, 3, EVENTS), detail);
        let events = world.trace().events();
        let events = events.map(|(at, node, event)| format!("{at:?} {node:?} {}", event.kind));
        (events.collect::<Vec<_>>(), world.trace().totals.clone())
    };
    assert_eq!(events(Detail::EVENTS), events(Detail::EVERYTHING));
}

/// What the transparent double leaves out costs no virtual time and draws nothing.
#[test]
fn a_transparent_world_has_the_same_day() {
    let network = network(&pair("site-to-site"));
    let day = |make: fn(Network, Scenario, Detail) -> World| {
        let mut world = make(network.clone(), scenario(3, 5, EVENTS), Detail::EVENTS);
        world.run();
        world.finish();
        assert_eq!(world.violations(), []);
        (world.trace().text(&NAMES), world.trace().totals.clone())
    };
    let (real, totals) = day(World::new);
    assert!(real.lines().count() > 20 && totals.sas_installed > 4);
    assert_eq!((real, totals), day(World::transparent));
}

/// Nor does it change what becomes of a seed, whatever is done to the ends: `--runs` relies on that.
#[test]
fn a_transparent_search_has_the_same_outcomes() {
    let outcomes = |network: &Network| {
        let mut all = Vec::new();
        explore(network, 0..40, Pace::Minutes, |seed, outcome| {
            let violated: Vec<_> = outcome.violations.iter().map(|v| v.name).collect();
            all.push((seed, violated, outcome.totals.clone()));
            true
        });
        all
    };
    let network = network(&pair("site-to-site"));
    let real = outcomes(&network);
    assert!(real.iter().any(|(.., totals)| totals.lost_on_the_way > 0));
    assert_eq!(real, outcomes(&network.transparently()));
}

#[test]
fn an_event_reads_as_it_is_written() {
    let cases = [
        "loss 5% at 10m for 1h",
        "loss 0.25% at 0s",
        "duplicate 1% at 1s for 2s",
        "reorder 50% at 1h1m1s",
        "delay 40ms±10ms at 0s",
        "mtu 1400 at 5m",
        "block udp 500 at 1h for 5m",
        "block udp 4500 at 1h for 5m",
        "block esp at 1h for 5m",
        "block fragments at 1h",
        "link down at 3h for 1m",
        "rebind nat at 20m",
        "reboot branch at 2h for 1m",
        "power-loss hq at 2h for 30s",
        "clock hq +1h at 3h",
        "clock branch -30s at 3h",
        "address branch 203.0.113.99 at 1h",
        "commit hq at 1h",
        "flood hq 1000/s at 1h for 10s",
        "rekey child both at 30m",
        "rekey ike branch at 30m",
    ];
    for text in cases {
        let planned = Planned::parse(text, &NAMES);
        assert_eq!(planned.map(|p| p.text(&NAMES)), Ok(text.to_owned()));
    }
    for (text, same) in [
        (
            "block udp 4500 from 1h to 1h5m",
            "block udp 4500 at 1h for 5m",
        ),
        ("loss 5% from 600 until 11m", "loss 5% at 10m for 1m"),
        ("reboot first at 2h", "reboot branch at 2h for 1m"),
    ] {
        let planned = Planned::parse(text, &NAMES);
        assert_eq!(planned.map(|p| p.text(&NAMES)), Ok(same.to_owned()));
    }
    for text in [
        "",
        "loss",
        "loss 5",
        "loss 101%",
        "loss 0.00001%",
        "reboot nobody at 1h",
        "mtu 70000",
        "loss 5% at",
        "loss 5% at 1x",
        "loss 5% from 2h to 1h",
        "explode at 1h",
        "clock hq 5s",
    ] {
        assert!(Planned::parse(text, &NAMES).is_err(), "{text}");
    }
}

#[test]
fn any_bytes_are_a_scenario() {
    let empty = Scenario::from_bytes(&[]);
    assert_eq!(empty.disturbances, []);
    let full = Scenario::from_bytes(&[0xa7; 500]);
    assert_eq!(full.disturbances.len(), 16);
    assert!(full.calm_from().is_some_and(|calm| calm < full.lasts));
}
