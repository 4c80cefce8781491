//! The laws of `crossgate_panos::fuzzing` over the corpora of `fuzz/`, and over texts made of them.
//!
//! `FUZZ_ROUNDS=100000 FUZZ_SEED=7 cargo test --release -p crossgate-panos --test corpus` tries more.

use crossgate_model::fuzzing::{Law, replay};
use crossgate_panos::fuzzing;
use std::path::PathBuf;

fn number(variable: &str, otherwise: usize) -> usize {
    let value = std::env::var(variable);
    value.map_or(otherwise, |value| value.parse().expect("a number"))
}

#[track_caller]
fn check(target: &str, laws: fn(&[u8]) -> Law) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    let mut corpus = Vec::new();
    for entry in std::fs::read_dir(folder.join(target)).expect("a folder") {
        let path = entry.expect("an entry").path();
        let data = std::fs::read(&path).expect("a file");
        corpus.push((path.display().to_string(), data));
    }
    corpus.sort();
    let (rounds, seed) = (number("FUZZ_ROUNDS", 200), number("FUZZ_SEED", 1));
    replay(&corpus, rounds, seed as u64, &laws).unwrap_or_else(|why| panic!("{why}"));
}

#[test]
fn whatever_is_in_a_document_the_laws_hold() {
    check("panos_xml", fuzzing::document);
}

#[test]
fn whatever_is_in_commands_the_laws_hold() {
    check("panos_set", fuzzing::commands);
}
