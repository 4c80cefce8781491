//! The three witnesses: what a rule of `check` predicts, a rehearsal shows, and so does the lab.
//!
//! `UPDATE_EXPECT=1 cargo test -p crossgate --test witnesses` writes what they say into
//! `docs/witnesses.md`; without it, the file must say just that. `RULE=pfs-one-sided` (or several
//! codes, separated by commas) asks about these only, and leaves the file alone.

#![allow(
    clippy::disallowed_methods,
    reason = "progress and the lab are in real time, unlike what lies below `gateway`"
)]

#[path = "witnesses/case.rs"]
mod case;
#[path = "witnesses/lab.rs"]
mod lab;
#[path = "witnesses/prediction.rs"]
mod prediction;
#[path = "witnesses/rehearsal.rs"]
mod rehearsal;
#[path = "witnesses/table.rs"]
mod table;
#[path = "mutations/unenforced.rs"]
mod unenforced;
#[path = "witnesses/unshown.rs"]
mod unshown;
#[path = "witnesses/words.rs"]
mod words;

use case::{Case, cases, of_certificates, root, without_example};
use expect_test::expect_file;
use prediction::Judged;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use table::Row;

/// Labs at once.
const THREADS: usize = 2;

/// A row, and in what the witnesses disagree.
type Heard = (Row, Vec<String>);

#[test]
fn what_a_rule_predicts_is_rehearsed_and_run_and_gone_after_its_fix() {
    let only = std::env::var("RULE").ok();
    let mut chosen = cases();
    chosen.retain(|case| {
        only.as_ref()
            .is_none_or(|codes| codes.split(',').any(|c| c == case.code))
    });
    let heard = hear_all(&chosen);
    let disagreements: Vec<&str> = heard
        .iter()
        .flat_map(|(_, d)| d)
        .map(String::as_str)
        .collect();
    let mut rows: Vec<Row> = heard.iter().map(|(row, _)| row.clone()).collect();
    if only.is_some() {
        let lines: String = rows.iter().map(Row::line).collect();
        println!("{lines}");
    } else {
        rows.extend(of_certificates().map(|(code, example)| unseen(code, example)));
        assert!(rows.iter().all(Row::is_full), "{rows:#?}");
        expect_file![root().join("docs/witnesses.md")].assert_eq(&table::document(&rows));
    }
    assert!(disagreements.is_empty(), "\n{}\n", disagreements.join("\n"));
}

/// No rule may hide from the table behind a page without an example.
#[test]
fn every_rule_has_an_example() {
    let codes: Vec<_> = without_example().map(|rule| rule.code).collect();
    assert_eq!(codes, [""; 0]);
}

/// In the order of `cases`.
fn hear_all(cases: &[Case]) -> Vec<Heard> {
    let next = AtomicUsize::new(0);
    let began = Instant::now();
    let one_thread = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(case) = cases.get(at) else {
                return done;
            };
            done.push((at, hear(case)));
            let seconds = began.elapsed().as_secs();
            eprintln!(
                "{seconds:4} s  {} of {}: {}",
                at + 1,
                cases.len(),
                case.code
            );
        }
    };
    let mut all = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(one_thread)).collect();
        let results = threads.into_iter().map(|thread| thread.join());
        let done = results.flat_map(|done| done.expect("no witness panics"));
        done.collect::<Vec<_>>()
    });
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, heard)| heard).collect()
}

/// Asks all three about the example, and again after the cure.
fn hear(case: &Case) -> Heard {
    let options = case.example.options;
    let judge =
        |pair| Judged::new(pair, options).unwrap_or_else(|why| panic!("{}: {why}", case.code));
    let (judged, base) = (judge(case.pair()), judge(case.base()));
    let (cure, cured) = match judged.cured(case.code) {
        Some(pair) => ("the first fix", judge(pair)),
        None => ("no fix is offered: the example undone", judge(case.base())),
    };
    let mut disagreements = Vec::new();
    let mut cell = |witness: &str, said: Result<String, String>| {
        said.unwrap_or_else(|why| {
            disagreements.push(format!("{}: {witness}: {why}", case.code));
            format!("DISAGREES: {why}")
        })
    };
    let silent = |done: Result<(), String>| done.map(|()| "silent".to_owned());
    let row = Row {
        rule: format!("`{}`", case.code),
        predicted: case.example.verdict.clone(),
        check: cell("check", judged.confirm(case).map(|()| "says so".to_owned())),
        rehearsal: cell(
            "rehearsal",
            rehearsal::confirm(&judged, &base, case.code, options.nat_between),
        ),
        lab: cell("lab", of_lab(&judged, case.code)),
        cure: cure.to_owned(),
        cured: [
            cell("check, cured", silent(cured.confirm_cured(case.code))),
            cell(
                "rehearsal, cured",
                silent(rehearsal::confirm_cured(&cured, options.nat_between)),
            ),
            cell(
                "lab, cured",
                silent(lab::confirm_cured(&cured, judged.rekey().as_ref())),
            ),
        ],
    };
    (row, disagreements)
}

/// What a lab can't show is tried all the same: some day it can.
fn of_lab(judged: &Judged, code: &str) -> Result<String, String> {
    match (lab::confirm(judged, code), unshown::why(code)) {
        (Ok(told), Some(_)) => Err(format!(
            "shown by now, so not to be listed as unshown: {told}"
        )),
        (Err(_), Some(why)) => Ok(why.to_owned()),
        (said, None) => said,
    }
}

/// That `check` finds it, once, with that verdict, the rules' own test sees.
fn unseen(code: &str, example: crossgate_check::example::Example) -> Row {
    let unseen = || unshown::NO_CERTIFICATES.to_owned();
    Row {
        rule: format!("`{code}`"),
        predicted: example.verdict,
        check: "says so".to_owned(),
        rehearsal: unseen(),
        lab: unseen(),
        cure: "no fix is offered: the example undone".to_owned(),
        cured: ["silent".to_owned(), unseen(), unseen()],
    }
}
