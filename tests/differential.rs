//! strongSwan in place of either end, on a seeded sample of the mutated pairs: what the RFC decides,
//! its outcome and the rehearsal's must agree about.
//!
//! The rehearsal plays the foreign end by the RFC's behaviour instead of its vendor's. Where the
//! vendor's own behaviour would lead elsewhere, the case is counted and listed apart. Few of a sample
//! of everything are such, so some that are come beside it.
//!
//! Environment: `CROSSGATE_DIFFERENTIAL=N` takes another number of pairs; `CROSSGATE_MUTATION=TEXT`
//! takes those whose names have the text in them.

#![allow(
    clippy::disallowed_methods,
    reason = "the tests run in real time, unlike what lies below `gateway`"
)]

#[allow(dead_code, reason = "the mutation suite uses the rest of it")]
#[path = "mutations/base.rs"]
mod base;
#[allow(dead_code, reason = "the mutation suite uses the rest of it")]
#[path = "mutations/choice.rs"]
mod choice;
#[path = "mutations/edit.rs"]
mod edit;
#[path = "differential/expected.rs"]
mod expected;
#[path = "differential/live.rs"]
mod live;
#[path = "mutations/style.rs"]
mod style;
#[allow(dead_code, reason = "the whole-system tests use the rest of it")]
mod support;
#[path = "differential/swanctl.rs"]
mod swanctl;
#[allow(dead_code, reason = "the mutation suite uses the rest of it")]
#[path = "mutations/table.rs"]
mod table;

use choice::{Seed, Start, mutations, starts};
use crossgate_model::End;
use expected::{Case, Expected};
use std::sync::atomic::{AtomicUsize, Ordering};
use table::Mutation;

const SEED: u64 = 9;
const PAIRS: usize = 40;
/// Most of a case is waiting.
const THREADS: usize = 4;

/// Of the cases that a vendor's profile decides, as many come beside the sample for each role of
/// strongSwan.
const BY_PROFILE: usize = 5;
/// What they are about: the profiles differ from the RFC in what a responder answers to selectors.
const ABOUT: [&str; 2] = ["selectors", "same-selectors"];

/// One Child: strongSwan is asked for its first one only.
const BASES: [&str; 4] = ["site-to-site", "crypto-map", "gcm", "two-tunnels"];

/// A pair with strongSwan as one of its ends, and what came of it.
struct Outcome {
    name: String,
    foreign: End,
    starter: End,
    expected: Expected,
    came_up: bool,
}

#[test]
fn strongswan_comes_to_the_same_result_wherever_the_rfc_decides() {
    let cases = cases();
    println!("{} cases (seed {SEED})", cases.len());
    let outcomes = run(&cases);
    let mut agreed = [0, 0];
    let (mut by_profile, mut wrong) = (Vec::new(), Vec::new());
    for outcome in &outcomes {
        let line = outcome.line();
        if outcome.expected.by_rfc == outcome.came_up {
            agreed[usize::from(outcome.came_up)] += 1;
        } else {
            wrong.push(line.clone());
        }
        if outcome.expected.by_rfc != outcome.expected.by_profile {
            by_profile.push(line);
        }
    }
    let [down, up] = agreed;
    println!("agreed: {up} came up, {down} did not");
    println!("a vendor's profile decides otherwise: {}", by_profile.len());
    by_profile.iter().for_each(|line| println!("  {line}"));
    assert!(wrong.is_empty(), "disagreements:\n{}", wrong.join("\n"));
    let asked = ["CROSSGATE_MUTATION", "CROSSGATE_DIFFERENTIAL"];
    let asked = asked.iter().any(|name| std::env::var_os(name).is_some());
    assert!(asked || (up > 10 && down > 10), "the sample is one-sided");
    assert!(
        asked || by_profile.len() >= BY_PROFILE,
        "too few are decided by a profile"
    );
}

impl Outcome {
    fn line(&self) -> String {
        let word = |up: bool| if up { "up" } else { "not up" };
        let decides = self.expected.decides.as_ref();
        let decides = decides.map(|what| format!(" ({what})"));
        format!(
            "{}: strongSwan is {:?}, {:?} starts: {}; by the RFC {}, by the vendor's profile {}{}",
            self.name,
            self.foreign,
            self.starter,
            word(self.came_up),
            word(self.expected.by_rfc),
            word(self.expected.by_profile),
            decides.unwrap_or_default(),
        )
    }
}

fn cases() -> Vec<Case> {
    let starts = starts();
    let part = std::env::var("CROSSGATE_MUTATION").unwrap_or_default();
    let of = |start| mutations(start, SEED).into_iter().map(move |m| (start, m));
    let mut all: Vec<_> = starts.iter().flat_map(of).collect();
    all.retain(|(_, mutation)| {
        BASES.contains(&mutation.base) && !mutation.swapped && mutation.name.contains(&part)
    });
    let all = Seed(SEED).some_of(all, usize::MAX);
    let mut cases = of_everything(&all);
    for foreign in End::BOTH {
        let decided = by_profile(&all, foreign);
        let others = decided.filter(|case| !cases.iter().any(|known| known.is_same(case)));
        let others: Vec<Case> = others.take(BY_PROFILE).collect();
        cases.extend(others);
    }
    cases
}

/// Each pair with strongSwan in each role; who starts, changes from one to the next.
fn of_everything(all: &[(&Start, Mutation)]) -> Vec<Case> {
    let wanted = std::env::var("CROSSGATE_DIFFERENTIAL").ok();
    let wanted = wanted.map_or(PAIRS, |text| text.parse().expect("a number"));
    // Half of the pairs come up, by the rehearsal, and half do not.
    let mut missing = [wanted / 2, wanted - wanted / 2];
    let mut cases: Vec<Case> = Vec::new();
    for ((_, originals), mutation) in all {
        if missing == [0, 0] {
            break;
        }
        let texts = mutation.texts(originals);
        let starter = [End::First, End::Second][cases.len() / 2 % 2];
        let both = End::BOTH.map(|foreign| Case::new(&mutation.name, &texts, foreign, starter));
        if let [Some(a), Some(b)] = both {
            let missing = &mut missing[usize::from(a.expected.by_rfc && b.expected.by_rfc)];
            if *missing > 0 {
                *missing -= 1;
                cases.extend([a, b]);
            }
        }
    }
    cases
}

/// With strongSwan as that end, which answers, and whose vendor would answer otherwise.
fn by_profile<'a>(
    all: &'a [(&'a Start, Mutation)],
    foreign: End,
) -> impl Iterator<Item = Case> + 'a {
    let about = all.iter().filter(|(_, m)| ABOUT.contains(&m.kind));
    let cases = about.filter_map(move |((_, originals), mutation)| {
        let texts = mutation.texts(originals);
        Case::new(&mutation.name, &texts, foreign, foreign.other())
    });
    cases.filter(|case| case.expected.decides.is_some())
}

fn run(cases: &[Case]) -> Vec<Outcome> {
    let next = AtomicUsize::new(0);
    let one_thread = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(case) = cases.get(at) else {
                return done;
            };
            let expected = case.expected.clone();
            let came_up = live::comes_up(case, expected.by_rfc);
            let outcome = Outcome {
                name: case.name.clone(),
                foreign: case.foreign,
                starter: case.starter,
                expected,
                came_up,
            };
            eprintln!("{at} of {}: {}", cases.len(), outcome.line());
            done.push((at, outcome));
        }
    };
    let mut all = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(one_thread)).collect();
        let results = threads.into_iter().map(|thread| thread.join());
        let done = results.flat_map(|done| done.expect("no case panics"));
        done.collect::<Vec<_>>()
    });
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, outcome)| outcome).collect()
}
