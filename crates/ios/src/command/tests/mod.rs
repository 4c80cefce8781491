//! Commands at one router's exec mode.

mod fixture;
mod lines;
mod operations;
mod prints;

use super::execute;
use crossgate_model::operate::{Outcome, Reply};
use expect_test::Expect;
use fixture::{Scene, scene};

/// What the router prints at that line, refusals included.
fn print(scene: &Scene, line: &str) -> String {
    match execute(line, &scene.station()) {
        Reply::Print(text) | Reply::Refused(text) => text,
        Reply::Operate { operation, .. } => format!("{operation:?}\n"),
    }
}

/// What the router prints of what came of an operation.
fn concluded(scene: &Scene, line: &str, outcome: &Outcome) -> String {
    match execute(line, &scene.station()) {
        Reply::Operate { operation, print } => print(&operation, outcome),
        Reply::Print(text) | Reply::Refused(text) => panic!("no operation, but {text}"),
    }
}

/// As a terminal shows it: the prompt with the line, and what comes of it below.
fn transcript(scene: &Scene, line: &str) -> String {
    let name = &scene.snapshot.system.hostname;
    let name = if name.is_empty() { "Router" } else { name };
    format!("{name}#{}\n{}", line.escape_debug(), print(scene, line))
}

/// The one door: a line, and the transcript.
fn check(line: &str, expected: Expect) {
    expected.assert_eq(&transcript(&scene(), line));
}
