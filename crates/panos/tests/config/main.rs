//! Configurations in, gateways and findings out: all tests go through [`check`].

mod dump;
mod examples;

use crossgate_diag::Sources;
use crossgate_panos::{Reading, read};
use expect_test::Expect;

/// Reads a text; everything that came of it, as text.
pub fn reading_of(text: &str) -> (Sources, Reading) {
    let mut sources = Sources::new();
    let file = sources.add("fw", text);
    let reading = read(&mut sources, file).expect("a configuration");
    (sources, reading)
}

pub fn told(text: &str) -> String {
    let mut sources = Sources::new();
    let file = sources.add("fw", text);
    match read(&mut sources, file) {
        Ok(reading) => {
            let gateway = dump::gateway(&reading.gateway);
            gateway + &dump::findings(&sources, &reading.findings)
        }
        Err(refusal) => format!("refused: {refusal}\n"),
    }
}

/// What comes of a text, in either form.
#[track_caller]
pub fn check(text: &str, expected: Expect) {
    expected.assert_eq(&told(text));
}
