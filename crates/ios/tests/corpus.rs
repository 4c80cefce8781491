//! The laws of `crossgate_ios::fuzzing` over the corpus of `fuzz/`, and over texts made of it.
//!
//! `FUZZ_ROUNDS=100000 FUZZ_SEED=7 cargo test --release -p crossgate-ios --test corpus` tries more.

use crossgate_ios::fuzzing;
use crossgate_model::fuzzing::replay;
use std::path::PathBuf;

fn number(variable: &str, otherwise: usize) -> usize {
    let value = std::env::var(variable);
    value.map_or(otherwise, |value| value.parse().expect("a number"))
}

#[test]
fn whatever_is_in_a_configuration_the_laws_hold() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/ios_config");
    let mut corpus = Vec::new();
    for entry in std::fs::read_dir(&folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let data = std::fs::read(&path).expect("a file");
        corpus.push((path.display().to_string(), data));
    }
    corpus.sort();
    let (rounds, seed) = (number("FUZZ_ROUNDS", 1_000), number("FUZZ_SEED", 1));
    replay(&corpus, rounds, seed as u64, &fuzzing::configuration)
        .unwrap_or_else(|why| panic!("{why}"));
}
