//! The laws of `crossgate_check::fuzzing` over the corpus of `fuzz/`, and over pairs made of it.
//!
//! `FUZZ_ROUNDS=100000 FUZZ_SEED=7 cargo test --release -p crossgate-check --test corpus` tries more.

use crossgate_check::fuzzing::{Read, pair};
use crossgate_diag::{FileId, Sources};
use crossgate_model::fuzzing::replay;
use std::path::PathBuf;

fn number(variable: &str, otherwise: usize) -> usize {
    let value = std::env::var(variable);
    value.map_or(otherwise, |value| value.parse().expect("a number"))
}

/// In the language that it looks like.
fn read(sources: &mut Sources, file: FileId) -> Option<Read> {
    let text = sources.get(file).text();
    if crossgate_ios::looks_like(text) > 0 {
        let reading = crossgate_ios::read(sources, file).ok()?;
        return Some((reading.gateway.clone(), Box::new(reading)));
    }
    let reading = crossgate_panos::read(sources, file).ok()?;
    Some((reading.gateway.clone(), Box::new(reading)))
}

#[test]
fn whatever_two_files_say_they_are_judged_alike_in_both_orders() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/check_pair");
    let mut corpus = Vec::new();
    for entry in std::fs::read_dir(&folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let data = std::fs::read(&path).expect("a file");
        corpus.push((path.display().to_string(), data));
    }
    corpus.sort();
    let (rounds, seed) = (number("FUZZ_ROUNDS", 30), number("FUZZ_SEED", 1));
    replay(&corpus, rounds, seed as u64, &|data| pair(data, &read))
        .unwrap_or_else(|why| panic!("{why}"));
}
