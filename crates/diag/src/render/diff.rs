//! An amendment as the lines that go and the lines that come, secrets masked.

use crate::fix::{Amendment, Edit};
use crate::render::QUOTED_LINE_MAX;
use crate::source::{SourceFile, Sources};

/// A place where lines change.
#[derive(Debug, PartialEq, Eq)]
pub struct Hunk {
    /// Number of the first line, from 1.
    pub line: usize,
    pub gone: Vec<String>,
    pub come: Vec<String>,
}

/// One file's part of a fix, ready to be shown.
#[derive(Debug)]
pub struct Change<'a> {
    pub file: &'a SourceFile,
    /// Empty where a line is too long to be shown.
    pub hunks: Vec<Hunk>,
    /// Commands, if they say more than the hunks.
    pub commands: &'a [String],
}

pub fn change<'a>(sources: &'a Sources, amendment: &'a Amendment) -> Change<'a> {
    let file = sources.get(amendment.file);
    let hunks = hunks(file, &amendment.edits);
    let shown = |command: &String| {
        let mut lines = hunks.iter().flat_map(|hunk| &hunk.come);
        lines.any(|line| line.trim() == command.trim())
    };
    let said = amendment.commands.iter().all(shown);
    Change {
        file,
        commands: if said { &[] } else { &amendment.commands },
        hunks,
    }
}

fn hunks(file: &SourceFile, edits: &[Edit]) -> Vec<Hunk> {
    let mut sorted: Vec<&Edit> = edits.iter().collect();
    sorted.sort_by_key(|edit| edit.span);
    let mut hunks = Vec::new();
    let mut rest = sorted.as_slice();
    while let Some((first, others)) = rest.split_first() {
        let mut end = line_end(file, first.span.end as usize);
        let more = others.iter().take_while(|edit| {
            let joins = (edit.span.start as usize) < end;
            if joins {
                end = end.max(line_end(file, edit.span.end as usize));
            }
            joins
        });
        let (together, after) = rest.split_at(1 + more.count());
        hunks.extend(hunk(file, together, end));
        rest = after;
    }
    if hunks.iter().any(Hunk::is_too_long) {
        return Vec::new();
    }
    hunks
}

impl Hunk {
    fn is_too_long(&self) -> bool {
        let mut lines = self.gone.iter().chain(&self.come);
        lines.any(|line| line.len() >= QUOTED_LINE_MAX)
    }
}

/// Edits whose lines touch, up to the end of the last of them.
fn hunk(file: &SourceFile, edits: &[&Edit], end: usize) -> Option<Hunk> {
    let start = line_start(file, edits.first()?.span.start as usize);
    let mut new = String::new();
    let mut at = start;
    for edit in edits {
        new.push_str(&file.masked_range(at..edit.span.start as usize));
        new.push_str(edit.shown());
        at = edit.span.end as usize;
    }
    new.push_str(&file.masked_range(at..end));
    let old = file.masked_range(start..end);
    let (mut gone, mut come) = (lines(&old), lines(&new));
    let mut line = file.position(start).line as usize;
    let same = gone.iter().zip(&come).take_while(|(a, b)| a == b).count();
    gone.drain(..same);
    come.drain(..same);
    line += same;
    while !gone.is_empty() && gone.last() == come.last() {
        gone.pop();
        come.pop();
    }
    (!gone.is_empty() || !come.is_empty()).then_some(Hunk { line, gone, come })
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

fn line_start(file: &SourceFile, at: usize) -> usize {
    let before = file.text().get(..at).unwrap_or_default();
    before.rfind('\n').map_or(0, |newline| newline + 1)
}

/// One past the line feed of the line that holds the byte before `at`, or that byte's line itself.
fn line_end(file: &SourceFile, at: usize) -> usize {
    let after = file.text().get(at..).unwrap_or_default();
    let newline = after.find('\n').map(|newline| at + newline + 1);
    newline.unwrap_or(file.text().len())
}
