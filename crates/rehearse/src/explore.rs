//! Many scenarios, and the smallest one that fails.
//!
//! A scenario is bytes (see [`crate::scenario::bytes`]): a seed draws them, a fuzzer invents them, a
//! failure keeps them. Making a failure smaller is leaving bytes out and looking whether it still
//! fails alike.

use crate::invariant::{HURRIED_RECOVERY, RECOVERY, Violation};
use crate::scenario::bytes::{HEAD, MOST, RECORD, is_hurried, set_hurried};
use crate::scenario::{Scenario, Start};
use crate::trace::{Detail, Totals};
use crate::world::{Network, World};
use crossgate_model::Time;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use std::ops::Range;
use std::time::Duration;

/// How long a run is prolonged, second by second, until no exchange is under way.
const QUIESCENCE: u64 = 60;

/// A hurried run that has served for so long after its last disturbance must go on to do so, and
/// ends after as long again: a Child lives shorter.
const SERVED: Duration = Duration::from_secs(150);

/// Runs that making a failure smaller may take.
const SHRINKING_RUNS: usize = 400;

/// What became of one scenario.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub violations: Vec<Violation>,
    pub totals: Totals,
}

impl Outcome {
    fn violates(&self, name: &str) -> bool {
        self.violations
            .iter()
            .any(|violation| violation.name == name)
    }
}

/// A seed whose run failed.
#[derive(Clone, Debug)]
pub struct Failure {
    pub seed: u64,
    pub bytes: Vec<u8>,
    pub violations: Vec<Violation>,
}

/// How long the runs of a search are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// The ends live and wait as their files say.
    Hours,
    /// They live and wait shorter: see [`Network::hurried`]. Hundreds of such runs take no longer
    /// than one of hours.
    Minutes,
}

impl Pace {
    /// The bytes that a seed means.
    pub fn bytes_of(self, seed: u64) -> Vec<u8> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let records = usize::try_from(rng.next_u32()).unwrap_or(0) % (MOST / 2);
        let mut bytes = vec![0; HEAD + records * RECORD];
        rng.fill_bytes(&mut bytes);
        set_hurried(&mut bytes, self == Self::Minutes);
        bytes
    }
}

/// The bytes that a seed means, for a run of hours.
pub fn bytes_of(seed: u64) -> Vec<u8> {
    Pace::Hours.bytes_of(seed)
}

/// Runs the seeds one by one; `told` hears of each, and ends the search by saying false.
pub fn explore(
    network: &Network,
    seeds: Range<u64>,
    pace: Pace,
    mut told: impl FnMut(u64, &Outcome) -> bool,
) -> Vec<Failure> {
    let network = match pace {
        Pace::Hours => network.clone(),
        Pace::Minutes => network.hurried(),
    };
    let mut failures = Vec::new();
    for seed in seeds {
        let bytes = pace.bytes_of(seed);
        let outcome = run(&network, &bytes, Detail::EVENTS).0;
        let go_on = told(seed, &outcome);
        if !outcome.violations.is_empty() {
            failures.push(Failure {
                seed,
                bytes,
                violations: outcome.violations,
            });
        }
        if !go_on {
            break;
        }
    }
    failures
}

/// Runs the scenario that the bytes mean, and some seconds more until both ends are silent.
pub fn try_bytes(network: &Network, bytes: &[u8], detail: Detail) -> (Outcome, World) {
    match is_hurried(bytes) {
        true => run(&network.hurried(), bytes, detail),
        false => run(network, bytes, detail),
    }
}

/// In the network as it is.
fn run(network: &Network, bytes: &[u8], detail: Detail) -> (Outcome, World) {
    let scenario = Scenario::from_bytes(bytes);
    let calm = scenario.calm_from().filter(|_| can_come_up(&scenario));
    let lasts = scenario.lasts;
    let mut world = World::new(network.clone(), scenario, detail);
    let calm = calm.map(|calm| Time::START + calm.max(Duration::from_secs(2)));
    let hurried = is_hurried(bytes);
    if let Some(calm) = calm {
        let recovery = if hurried { HURRIED_RECOVERY } else { RECOVERY };
        world.expect_service(calm + recovery);
    }
    world.begin();
    match calm.filter(|_| hurried) {
        Some(calm) => until_it_has_served(&mut world, calm, Time::START + lasts),
        None => world.run_until(Time::START + lasts),
    }
    for _ in 0..QUIESCENCE {
        if world.agrees() {
            break;
        }
        world.run_until(world.now() + Duration::from_secs(1));
    }
    world.finish();
    let outcome = Outcome {
        violations: world.violations().to_vec(),
        totals: world.trace().totals.clone(),
    };
    (outcome, world)
}

/// Most are well soon after the last disturbance, and need no more of the time that they have.
fn until_it_has_served(world: &mut World, calm: Time, end: Time) {
    let mut from = calm;
    while world.now() < end {
        world.run_until(from);
        let before = world.trace().totals.clone();
        from = from + SERVED / 2;
        world.run_until(from);
        let after = &world.trace().totals;
        let arrives = after.pings_arrived > before.pings_arrived || after.pings_sent == 0;
        if arrives && after.pings_lost == before.pings_lost && world.agrees() {
            world.expect_service(from);
            return world.run_until((from + SERVED).min(end));
        }
    }
}

/// Nobody reaches an end behind a NAT who hasn't heard from it.
fn can_come_up(scenario: &Scenario) -> bool {
    match (scenario.nat, scenario.start) {
        (Some(hidden), Start::Only(starter)) => hidden == starter,
        _ => true,
    }
}

/// The fewest and smallest bytes that still violate the same invariant.
pub fn shrink(network: &Network, bytes: &[u8], name: &str) -> Vec<u8> {
    shrink_by(bytes, |bytes| {
        let (outcome, _) = try_bytes(network, bytes, Detail::EVENTS);
        outcome.violates(name)
    })
}

fn shrink_by(bytes: &[u8], fails: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut best = bytes.to_vec();
    let mut runs = 0;
    let mut still_fails = |bytes: &[u8]| {
        runs += 1;
        runs <= SHRINKING_RUNS && fails(bytes)
    };
    let mut next = |best: &[u8]| smaller(best).into_iter().find(|b| still_fails(b));
    while let Some(smaller) = next(&best) {
        best = smaller;
    }
    best
}

/// Candidates, the boldest first: without a disturbance, then with an octet of zero.
fn smaller(bytes: &[u8]) -> Vec<Vec<u8>> {
    let records = bytes.len().saturating_sub(HEAD).div_ceil(RECORD);
    let without = (0..records).map(|index| {
        let from = HEAD + index * RECORD;
        let to = (from + RECORD).min(bytes.len());
        let mut fewer = bytes.to_vec();
        fewer.drain(from..to);
        fewer
    });
    let plainer = bytes.iter().enumerate().filter(|(_, octet)| **octet != 0);
    let plainer = plainer.map(|(index, _)| {
        let octets = bytes.iter().enumerate();
        let octets = octets.map(|(at, octet)| if at == index { 0 } else { *octet });
        octets.collect()
    });
    // It stays a run of minutes, or of hours.
    let hurried = is_hurried(bytes);
    let all = without.chain(plainer).map(|mut smaller: Vec<u8>| {
        set_hurried(&mut smaller, hurried);
        smaller
    });
    all.filter(|smaller| smaller != bytes).collect()
}

#[cfg(test)]
mod tests;
