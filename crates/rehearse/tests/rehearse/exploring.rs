//! Seeds, and failures made small.

use crate::door::*;
use crossgate_rehearse::explore::{Pace, explore, shrink, try_bytes};
use crossgate_rehearse::scenario::bytes::{HEAD, RECORD};
use crossgate_rehearse::{Detail, Scenario};

/// `CROSSGATE_REHEARSE_SEEDS=0..100000` explores others than the test's own.
#[test]
fn whatever_is_done_to_them_the_invariants_hold() {
    let seeds = match std::env::var("CROSSGATE_REHEARSE_SEEDS") {
        Ok(range) => {
            let (from, to) = range.split_once("..").unwrap();
            from.parse().unwrap()..to.parse().unwrap()
        }
        Err(_) => 0..4,
    };
    let network = network(&pair("site-to-site"));
    let failures = explore(&network, seeds, Pace::Hours, |_, _| true);
    for failure in &failures {
        let scenario = Scenario::from_bytes(&failure.bytes);
        println!("seed {}: {scenario:?}", failure.seed);
        for violation in &failure.violations {
            println!(
                "  {} at {:?}: {}",
                violation.name, violation.at, violation.what
            );
        }
    }
    let seeds: Vec<u64> = failures.iter().map(|failure| failure.seed).collect();
    assert_eq!(seeds, [0; 0]);
}

/// One end expects a key that the other doesn't have: everything lost is a violation, and of all
/// disturbances none is needed for it.
#[test]
fn a_failure_is_made_as_small_as_it_can_be() {
    let mut pair = pair("site-to-site");
    let local = &mut connection(&mut pair[0]).local_auth.value;
    *local = crossgate_model::Auth::RsaSignature;
    let network = network(&pair);
    // Three disturbances of two hours.
    let mut bytes = vec![1; HEAD + 3 * RECORD];
    bytes[HEAD - 3] = 0;
    let (outcome, _) = try_bytes(&network, &bytes, Detail::EVENTS);
    assert!(outcome.violations.iter().any(|v| v.name == "serves-again"));
    let small = shrink(&network, &bytes, "serves-again");
    let scenario = Scenario::from_bytes(&small);
    assert_eq!(scenario.disturbances, []);
    assert!(
        small.iter().filter(|octet| **octet != 0).count() <= 2,
        "{small:?}"
    );
}

#[test]
fn whatever_is_done_to_hurried_ends_the_invariants_hold() {
    let network = network(&pair("site-to-site"));
    let failures = explore(&network, 0..60, Pace::Minutes, |_, _| true);
    let seeds: Vec<u64> = failures.iter().map(|failure| failure.seed).collect();
    assert_eq!(seeds, [0; 0]);
}

/// Saved failures that were mended: the folder of `fuzz/` may grow by what a fuzzer finds.
#[test]
fn whatever_failed_once_holds_now() {
    let network = network(&pair("site-to-site"));
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["tests/data/failures", "../../fuzz/corpus/scenario"];
    let mut count = 0;
    for folder in folders {
        for file in std::fs::read_dir(root.join(folder)).unwrap() {
            let file = file.unwrap().path();
            let (outcome, _) = try_bytes(&network, &std::fs::read(&file).unwrap(), Detail::EVENTS);
            assert_eq!(outcome.violations, [], "{}", file.display());
            count += 1;
        }
    }
    assert!(count >= 4, "{count} files");
}
