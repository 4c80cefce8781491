//! Many scenarios, and the smallest one that fails.
//!
//! A scenario is bytes (see [`crate::scenario::bytes`]): a seed draws them, a fuzzer invents them, a
//! failure keeps them. Making a failure smaller is leaving bytes out and looking whether it still
//! fails alike.

use crate::invariant::{RECOVERY, Violation};
use crate::scenario::bytes::{HEAD, MOST, RECORD};
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

/// The bytes that a seed means.
pub fn bytes_of(seed: u64) -> Vec<u8> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let records = usize::try_from(rng.next_u32()).unwrap_or(0) % (MOST / 2);
    let mut bytes = vec![0; HEAD + records * RECORD];
    rng.fill_bytes(&mut bytes);
    bytes
}

/// Runs the seeds one by one; `told` hears of each, and ends the search by saying false.
pub fn explore(
    network: &Network,
    seeds: Range<u64>,
    mut told: impl FnMut(u64, &Outcome) -> bool,
) -> Vec<Failure> {
    let mut failures = Vec::new();
    for seed in seeds {
        let bytes = bytes_of(seed);
        let outcome = try_bytes(network, &bytes, Detail::EVENTS).0;
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
    let scenario = Scenario::from_bytes(bytes);
    let calm = scenario.calm_from().filter(|_| can_come_up(&scenario));
    let lasts = scenario.lasts;
    let mut world = World::new(network.clone(), scenario, detail);
    if let Some(calm) = calm {
        world.expect_service(Time::START + calm.max(Duration::from_secs(2)) + RECOVERY);
    }
    world.run();
    for second in 1..=QUIESCENCE {
        if world.agrees() {
            break;
        }
        world.run_until(Time::START + lasts + Duration::from_secs(second));
    }
    world.finish();
    let outcome = Outcome {
        violations: world.violations().to_vec(),
        totals: world.trace().totals.clone(),
    };
    (outcome, world)
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
    let mut best = bytes.to_vec();
    let mut runs = 0;
    let mut fails = |bytes: &[u8]| {
        runs += 1;
        runs <= SHRINKING_RUNS && try_bytes(network, bytes, Detail::EVENTS).0.violates(name)
    };
    while let Some(smaller) = smaller(&best).into_iter().find(|bytes| fails(bytes)) {
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
    without.chain(plainer).collect()
}
