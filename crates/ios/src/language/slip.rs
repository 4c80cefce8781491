//! A mistyped name or keyword among a command's words, typed right.
//!
//! Whoever reads it says in its finding what was surely meant; here that becomes a fix.

use super::patch::commands;
use crate::Reading;
use crate::grammar::{line_inside, typed_below, words};
use crate::tree::{Line, slice};
use crossgate_diag::{AS_IN_THE_FILE, Amendment, Choice, Edit, Finding, Fix, Span, of_all_places};

/// What is typed, and inside of what.
type Typed = Vec<(Vec<String>, String)>;

/// Gives each mistyped word its fix.
pub(crate) fn mend(reading: &mut Reading, text: &str, secrets: &[Span]) {
    let findings = std::mem::take(&mut reading.findings);
    let mut findings = of_all_places(findings, |finding| {
        (finding.code == "undefined-name").then(String::new)
    });
    for finding in &mut findings {
        let choices = finding.choices.iter();
        let choices = choices.map(|choice| Choice {
            word: choice.word.clone(),
            fix: fix(reading, text, secrets, finding, &choice.word),
        });
        let choices = choices.collect();
        finding.choices = choices;
        let meant = finding.help.as_ref().and_then(|help| help.replace.as_ref());
        let meant = meant.and_then(|(_, right)| fix(reading, text, secrets, finding, right));
        if let Some(fix) = meant {
            finding.fixes.push(fix);
            finding.help = None;
        }
    }
    reading.findings = findings;
}

fn fix(
    reading: &Reading,
    text: &str,
    secrets: &[Span],
    finding: &Finding,
    right: &str,
) -> Option<Fix> {
    let is_secret = |word: Span| {
        let mut secrets = secrets.iter();
        secrets.any(|secret| secret.start < word.end && word.start < secret.end)
    };
    let as_typed = |word: Span| match is_secret(word) {
        true => AS_IN_THE_FILE,
        false => slice(text, word),
    };
    let places = finding.labels.iter().filter(|label| label.primary);
    let places: Vec<Span> = places.map(|label| label.span).collect();
    let mut typed = Typed::new();
    for place in &places {
        let mut headers = Vec::new();
        let has_it = |line: &Line| line.words.contains(place);
        let line = line_inside(&reading.tree.lines, &has_it, &mut headers)?;
        let said = |line: &Line| words(line, &as_typed);
        let mut headers: Vec<String> = headers.into_iter().map(said).collect();
        let mended = |word: Span| match word == *place {
            true => right,
            false => as_typed(word),
        };
        if finding.code == "undefined-name" {
            // The router has taken the line with the name that nothing has.
            typed.push((headers.clone(), format!("no {}", said(line))));
            typed.push((headers, words(line, &mended)));
        } else {
            typed_below(
                &as_typed,
                line,
                words(line, &mended),
                &mut headers,
                &mut typed,
            );
        }
    }
    let edits = places.iter().map(|place| Edit::new(*place, right));
    let mut edits: Vec<Edit> = edits.collect();
    edits.sort_by_key(|edit| edit.span);
    Some(Fix {
        text: format!("write `{right}`"),
        amendments: vec![Amendment {
            file: reading.tree.file,
            edits,
            commands: commands(&typed),
        }],
    })
}
