//! What the fuzz target `ios_config` of `fuzz/` runs, and what the tests run over the same corpus:
//! laws that hold for whatever is in a configuration.

use crate::grammar::Context;
use crate::tree::{Kind, Line};
use crate::{Reading, compose, looks_like, read};
use crossgate_diag::{Amendment, FileId, Finding, Sources};
use crossgate_model::fuzzing::{
    Law, amended, errors, findings_are_told, law, marked, no_mark_is_shown,
};
use std::collections::BTreeSet;

/// Of all kinds of changes one run tries each so manieth: which, is the text's length's matter.
const CHANGES_APART: usize = 7;

/// A text that may be a configuration.
///
/// # Errors
/// The law that it broke.
pub fn configuration(data: &[u8]) -> Law {
    let text = crossgate_model::fuzzing::text(data);
    let mut sources = Sources::new();
    let file = sources.add("fuzz.cfg", text.as_str());
    let (tree, _) = crate::tree::parse(&text, file);
    law(tree.print(&text) == text, || "it prints otherwise".into())?;
    let reading = match read(&mut sources, file) {
        Ok(reading) => reading,
        Err(why) => {
            return law(looks_like(&text) == 0, || {
                format!("{why}, but looks like one")
            });
        }
    };
    findings_are_told(&sources, &[file], &reading.findings)?;
    no_line_is_lost(&sources, file, &reading)?;
    let chosen = (data.len(), CHANGES_APART);
    for (change, text) in amended(&reading, sources.get(file), &reading.gateway, chosen)? {
        if !takes_all(&reading, &change, &text) {
            is_one_again(&text)?;
        }
    }
    composed_reads_back(&reading)?;
    no_secret_is_shown(&sources, file, chosen)
}

/// Every line is carried out, says nothing, or is pointed at by a finding; and of all findings
/// that say of lines only that they aren't obeyed, no two speak of the same.
fn no_line_is_lost(sources: &Sources, file: FileId, reading: &Reading) -> Law {
    let text = sources.get(file).text();
    let secrets = crate::secrets::find(text, &reading.tree);
    let mut cx = Context::new(text, secrets, Vec::new());
    cx.watch();
    crate::config::interpret(&reading.tree, &mut cx);
    let carried_out = cx.into_watched();
    let told = told(&reading.findings);
    let mut broken = None;
    reading.tree.each(&mut |line| {
        let says_nothing = matches!(line.kind, Kind::Blank | Kind::Comment | Kind::Leave);
        let is_told = told.range(line.raw.start..line.raw.end).next().is_some();
        if !(carried_out.contains(&line.raw.start) || says_nothing || is_told) {
            broken.get_or_insert(line.raw);
        }
    });
    law(broken.is_none(), || {
        let place = broken.map(|span| sources.place(span)).unwrap_or_default();
        format!("nothing is told of the line at {place}")
    })?;
    none_is_told_twice(sources, reading)
}

/// What findings are called that say of whole lines that they aren't obeyed, whatever they say.
const OF_WHOLE_LINES: [&str; 4] = [
    "unknown-line",
    "ambiguous-command",
    "around-configuration",
    "skipped-section",
];

/// No two of those findings speak of the same line, nor does one of them twice.
fn none_is_told_twice(sources: &Sources, reading: &Reading) -> Law {
    let of_lines = |finding: &&Finding| OF_WHOLE_LINES.contains(&finding.code);
    let findings = reading.findings.iter().filter(of_lines);
    let mut told = BTreeSet::new();
    for label in findings.flat_map(|finding| &finding.labels) {
        law(told.insert(label.span.start), || {
            format!("the line at {} is told twice", sources.place(label.span))
        })?;
    }
    Ok(())
}

/// Where the places begin and end that any finding speaks about.
fn told(findings: &[Finding]) -> BTreeSet<u32> {
    let labels = findings.iter().flat_map(|finding| &finding.labels);
    let ends = labels.flat_map(|label| [label.span.start, label.span.end.saturating_sub(1)]);
    ends.collect()
}

/// Whether a change takes the only commands away that the file has.
fn takes_all(reading: &Reading, change: &Amendment, changed: &str) -> bool {
    let is_taken = |line: &Line| {
        let at = line.span().start;
        let mut edits = change.edits.iter();
        edits.any(|edit| edit.span.start <= at && at < edit.span.end)
    };
    let mut left = 0;
    reading.tree.each(&mut |line| {
        left += usize::from(matches!(line.kind, Kind::Command(_)) && !is_taken(line));
    });
    left == 0 && looks_like(changed) == 0
}

/// What a change made of it is a configuration still.
fn is_one_again(text: &str) -> Law {
    let mut sources = Sources::new();
    let file = sources.add("changed.cfg", text);
    let reading = read(&mut sources, file).map_err(|why| why.sentence)?;
    findings_are_told(&sources, &[file], &reading.findings)
}

/// What is composed of it has no error that it didn't have itself, but for a key that isn't known
/// and so can't be composed.
fn composed_reads_back(reading: &Reading) -> Law {
    let mut sources = Sources::new();
    let file = sources.add("composed.cfg", compose(&reading.gateway).text);
    let Ok(again) = read(&mut sources, file) else {
        // A gateway of which nothing can be said.
        return Ok(());
    };
    findings_are_told(&sources, &[file], &again.findings)?;
    let known = errors(&reading.findings);
    let new = errors(&again.findings);
    let new: Vec<_> = new
        .difference(&known)
        .filter(|code| **code != "key-missing")
        .collect();
    law(new.is_empty(), || format!("composed, it has {new:?}"))
}

fn no_secret_is_shown(sources: &Sources, file: FileId, chosen: (usize, usize)) -> Law {
    let Some((text, count)) = marked(sources.get(file)) else {
        return Ok(());
    };
    let mut sources = Sources::new();
    let file = sources.add("fuzz.cfg", text);
    let Ok(reading) = read(&mut sources, file) else {
        return Ok(());
    };
    let changes = amended(&reading, sources.get(file), &reading.gateway, chosen)?;
    let changes: Vec<_> = changes.into_iter().map(|(change, _)| change).collect();
    no_mark_is_shown(&sources, file, &reading.findings, &changes, count)
}
