//! `check` against the engines: good pairs changed in every way that their languages have, each
//! judged and rehearsed. The two must say the same.
//!
//! Environment: `CROSSGATE_MUTATIONS=all` takes every mutation instead of a sample;
//! `CROSSGATE_MUTATION=TEXT` those whose names have the text in them, and leaves the files of the
//! first one for other programs (in the lab, too); `CROSSGATE_SEED=N` draws other pairs of mutations
//! and other samples; `CROSSGATE_FIXES=N` or `=all` tries the fixes of so many broken pairs.

#![allow(
    clippy::disallowed_methods,
    reason = "progress and the lab are in real time, unlike what lies below `gateway`"
)]

#[path = "mutations/base.rs"]
mod base;
#[path = "mutations/choice.rs"]
mod choice;
#[path = "mutations/edit.rs"]
mod edit;
#[path = "mutations/fixes.rs"]
mod fixes;
#[path = "mutations/judge.rs"]
mod judge;
#[path = "mutations/lab.rs"]
mod lab;
#[path = "mutations/mistyped.rs"]
mod mistyped;
#[path = "mutations/run.rs"]
mod run;
#[path = "mutations/style.rs"]
mod style;
#[path = "mutations/table.rs"]
mod table;
#[path = "mutations/unenforced.rs"]
mod unenforced;

use choice::{Seed, Start, mutations, starts};
use run::{Outcome, matrix, told};
use std::collections::{BTreeMap, BTreeSet};
use table::Mutation;

/// Chooses the pairs of mutations, and the samples.
const SEED: u64 = 3;
/// What a run has to have at least, by what the rehearsal observes.
const BROKEN: usize = 500;
const HARMLESS: usize = 200;
/// A sample has so many more of those that `check` says are broken or harmless: it may err.
const MORE: usize = 50;

#[test]
fn no_two_mutations_have_one_name_and_no_row_of_a_table_is_for_nothing() {
    let starts = starts();
    assert_eq!(table::unused(&starts), Vec::<String>::new());
    let mut names = BTreeSet::new();
    for (_, mutation) in all(&starts) {
        assert!(names.insert(mutation.name.clone()), "{}", mutation.name);
    }
}

fn seed() -> u64 {
    let asked = std::env::var("CROSSGATE_SEED").ok();
    asked.map_or(SEED, |text| {
        text.parse().expect("CROSSGATE_SEED is a number")
    })
}

fn all(starts: &[Start]) -> Vec<(&Start, Mutation)> {
    let of = |start| {
        mutations(start, seed())
            .into_iter()
            .map(move |m| (start, m))
    };
    starts.iter().flat_map(of).collect()
}

#[test]
fn check_says_what_a_rehearsal_observes() {
    let starts = starts();
    let all = all(&starts);
    let count = all.len();
    let (chosen, asked) = chosen(all);
    println!("{} of {count} mutations (seed {})", chosen.len(), seed());
    if let (Some((start, mutation)), true) = (chosen.first(), asked) {
        leave_files(start, mutation);
    }
    let outcomes = run::run(chosen);
    println!("{}\n{}", table_of_kinds(&outcomes), matrix(&outcomes));
    let wrong: Vec<&Outcome> = outcomes.iter().filter(|o| !o.agrees()).collect();
    for outcome in &outcomes {
        if asked || !outcome.agrees() {
            println!("{}", line(outcome));
        }
    }
    assert!(wrong.is_empty(), "{} disagreements", wrong.len());
    let broken = outcomes
        .iter()
        .filter(|o| o.is_good() == Some(false))
        .count();
    let harmless = outcomes
        .iter()
        .filter(|o| o.is_good() == Some(true))
        .count();
    println!("{broken} broken, {harmless} harmless");
    assert!(asked || broken >= BROKEN && harmless >= HARMLESS);
}

/// What the environment asks for, and whether it asks for certain ones.
fn chosen(mut all: Vec<(&Start, Mutation)>) -> (Vec<(&Start, Mutation)>, bool) {
    if let Ok(text) = std::env::var("CROSSGATE_MUTATION") {
        all.retain(|(_, mutation)| mutation.name.contains(&text));
        return (all, true);
    }
    if std::env::var("CROSSGATE_MUTATIONS").is_ok_and(|which| which == "all") {
        return (all, false);
    }
    println!("a sample; CROSSGATE_MUTATIONS=all takes every one");
    (sample(all), false)
}

/// In the seed's order, until there are enough that `check` says are good, and not.
fn sample(all: Vec<(&Start, Mutation)>) -> Vec<(&Start, Mutation)> {
    let mut wanted = [BROKEN + MORE, HARMLESS + MORE];
    let mut taken = Vec::new();
    for (start, mutation) in Seed(seed()).some_of(all, usize::MAX) {
        if wanted == [0, 0] {
            break;
        }
        let Ok(checked) = judge::checked(&run::given(start, &mutation)) else {
            continue;
        };
        let wanted = &mut wanted[usize::from(checked.verdict.is_good())];
        if *wanted > 0 {
            *wanted -= 1;
            taken.push((start, mutation));
        }
    }
    taken
}

#[test]
fn each_mistyped_keyword_of_a_firewall_is_one_finding_and_is_mended() {
    let (faults, tried) = mistyped::faults_of_a_firewall();
    println!("{tried} mistyped keywords");
    assert!(tried > 500 && faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn each_mistyped_keyword_of_a_router_is_one_finding_and_is_mended() {
    let (faults, tried) = mistyped::faults_of_a_router();
    println!("{tried} mistyped keywords");
    assert!(tried > 200 && faults.is_empty(), "{}", faults.join("\n"));
}

/// Of how many broken pairs all fixes are tried; `CROSSGATE_FIXES=N` or `=all` tries others.
const FIXED: usize = 200;

#[test]
fn every_fix_removes_its_finding_adds_none_and_together_they_bring_the_pair_up() {
    let starts = starts();
    let (chosen, asked) = broken(all(&starts));
    println!("{} broken pairs (seed {})", chosen.len(), seed());
    let tried = fixes::run(&chosen);
    let faults: Vec<&String> = tried.iter().flat_map(|tried| &tried.faults).collect();
    for fault in &faults {
        println!("{fault}");
    }
    println!("{}", fixes::table(&tried));
    let count = |end| tried.iter().filter(|tried| tried.end == end).count();
    println!(
        "with all fixes: {} come up, {} serve in part as is said, {} have an error left, {} are wrong",
        count(fixes::End::ComesUp),
        count(fixes::End::Partly),
        count(fixes::End::ErrorsLeft),
        count(fixes::End::Wrong),
    );
    assert!(faults.is_empty(), "{} faults", faults.len());
    assert!(asked || count(fixes::End::ComesUp) > 0);
}

/// Those that `check` says are broken: so many, or those that the environment asks for.
fn broken(mut all: Vec<(&Start, Mutation)>) -> (Vec<(&Start, Mutation)>, bool) {
    let named = std::env::var("CROSSGATE_MUTATION").ok();
    if let Some(text) = &named {
        all.retain(|(_, mutation)| mutation.name.contains(text));
    }
    let wanted = match std::env::var("CROSSGATE_FIXES").ok().as_deref() {
        None if named.is_some() => usize::MAX,
        None => FIXED,
        Some("all") => usize::MAX,
        Some(number) => number
            .parse()
            .expect("CROSSGATE_FIXES is a number or `all`"),
    };
    let is_broken = |(start, mutation): &(&Start, Mutation)| {
        let checked = judge::checked(&run::given(start, mutation));
        checked.is_ok_and(|checked| !checked.verdict.is_good())
    };
    let ordered = Seed(seed()).some_of(all, usize::MAX).into_iter();
    (
        ordered.filter(is_broken).take(wanted).collect(),
        named.is_some(),
    )
}

/// How many pairs of each prediction run in the lab.
const IN_THE_LAB: [(usize, usize); 6] = [(0, 14), (1, 8), (2, 8), (3, 6), (4, 8), (5, 16)];

/// So many of the sixty must be shown by the lab, rather than be excused because it can't.
const SHOWN: usize = 45;

#[test]
fn sixty_of_them_do_in_the_lab_what_check_says() {
    let starts = starts();
    let (chosen, asked) = match std::env::var("CROSSGATE_MUTATION") {
        Ok(_) => chosen(all(&starts)),
        Err(_) => (Seed(seed()).some_of(all(&starts), usize::MAX), false),
    };
    let sample = lab_sample(chosen, asked);
    let shown = lab::run(sample);
    for (mutation, shown) in &shown {
        println!("{shown:?}: {}", mutation.name);
    }
    let mut counts = BTreeMap::new();
    for (_, shown) in &shown {
        *counts.entry(shown.in_words()).or_insert(0) += 1;
    }
    println!("{counts:#?}");
    let count = |words: &str| counts.get(words).copied().unwrap_or_default();
    assert_eq!(count("differs"), 0);
    assert!(
        asked || count("agrees") >= SHOWN,
        "too many are excused: the lab can't show them"
    );
}

/// The first of each prediction, or all that were asked for.
fn lab_sample(
    chosen: Vec<(&Start, Mutation)>,
    asked: bool,
) -> Vec<(Mutation, judge::Given, judge::Checked)> {
    let mut left = IN_THE_LAB;
    let mut sample = Vec::new();
    for (start, mutation) in chosen {
        if left.iter().all(|(_, left)| *left == 0) {
            break;
        }
        let given = run::given(start, &mutation);
        let Ok(checked) = judge::checked(&given) else {
            continue;
        };
        let (_, left) = &mut left[run::kind(checked.verdict)];
        if *left > 0 || asked {
            *left = left.saturating_sub(1);
            sample.push((mutation, given, checked));
        }
    }
    sample
}

fn leave_files(start: &Start, mutation: &Mutation) {
    let folder = std::env::temp_dir().join("crossgate-mutation");
    std::fs::create_dir_all(&folder).expect("a folder");
    let given = run::given(start, mutation);
    for (name, text) in given.names.iter().zip(&given.texts) {
        std::fs::write(folder.join(name), text).expect("a file");
    }
    println!("{}: {}", folder.display(), mutation.name);
}

fn line(outcome: &Outcome) -> String {
    let name = &outcome.mutation.name;
    match &outcome.judged {
        Ok(judged) => format!(
            "{name}\n    check: {} {:?}\n    rehearsal: {}; {}",
            told(judged.check),
            judged.codes,
            told(judged.rehearsal),
            judged.evidence.join("; ")
        ),
        Err(why) => format!("{name}\n    unreadable: {why}"),
    }
}

/// How many of each kind there are from each base: broken/all.
fn table_of_kinds(outcomes: &[Outcome]) -> String {
    let mut counts: BTreeMap<&str, BTreeMap<&str, (usize, usize)>> = BTreeMap::new();
    for outcome in outcomes {
        let of_kind = counts.entry(outcome.mutation.kind).or_default();
        let (broken, all) = of_kind.entry(outcome.mutation.base).or_default();
        *broken += usize::from(outcome.is_good() == Some(false));
        *all += 1;
    }
    let mut text = format!("{:17}", "broken/all");
    for base in &base::BASES {
        text += &format!("{:>18}", base.name);
    }
    for (kind, of_base) in counts {
        text += &format!("\n{kind:17}");
        for base in &base::BASES {
            let (broken, all) = of_base.get(base.name).copied().unwrap_or_default();
            text += &format!("{:>18}", format!("{broken}/{all}"));
        }
    }
    text
}
