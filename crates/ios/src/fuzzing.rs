//! What the fuzz target `ios_config` of `fuzz/` runs, and what the tests run over the same corpus:
//! laws that hold for whatever is in a configuration.

use crate::grammar::Resolved;
use crate::tree::{Command, Kind, Line, slice};
use crate::{Reading, compose, looks_like, read};
use crossgate_diag::{FileId, Sources};
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
    for (_, text) in amended(&reading, sources.get(file), &reading.gateway, chosen)? {
        is_one_again(&text)?;
    }
    composed_reads_back(&reading)?;
    no_secret_is_shown(&sources, file, chosen)
}

/// Every line is obeyed, says nothing, or is pointed at by a finding.
fn no_line_is_lost(sources: &Sources, file: FileId, reading: &Reading) -> Law {
    let text = sources.get(file).text();
    let labels = reading.findings.iter().flat_map(|finding| &finding.labels);
    let told: BTreeSet<u32> = labels
        .flat_map(|label| [label.span.start, label.span.end.saturating_sub(1)])
        .collect();
    let mut lost = None;
    each_obeyed(text, &reading.tree.lines, true, &mut |line, obeyed| {
        let says_nothing = matches!(line.kind, Kind::Blank | Kind::Comment | Kind::Leave);
        let is_told = told.range(line.raw.start..line.raw.end).next().is_some();
        if !(obeyed || says_nothing || is_told) {
            lost.get_or_insert(line.raw);
        }
    });
    law(lost.is_none(), || {
        let place = lost.map(|span| sources.place(span)).unwrap_or_default();
        format!("nothing is told of the line at {place}")
    })
}

/// Each line, and whether it is one of a mode whose commands are obeyed, and such a command.
fn each_obeyed(text: &str, lines: &[Line], in_obeyed: bool, see: &mut impl FnMut(&Line, bool)) {
    for line in lines {
        let obeyed = match &line.kind {
            Kind::Command(command) => in_obeyed && is_obeyed(text, line, command),
            _ => false,
        };
        see(line, obeyed);
        let opens = matches!(&line.kind, Kind::Command(command) if !command.no);
        each_obeyed(text, &line.lines, obeyed && opens, see);
    }
}

fn is_obeyed(text: &str, line: &Line, command: &Command) -> bool {
    let words: Vec<&str> = line.words.iter().map(|word| slice(text, *word)).collect();
    // A `no` of what isn't done here anyway is obeyed by doing nothing.
    let resolved = command.mode.resolve(&words);
    matches!(resolved, Resolved::Row { obeyed, .. } if obeyed || command.no)
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
        .filter(|code| **code != "no-key")
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
