//! Which line belongs to which.

use super::around;
use super::blob::{self, Blob};
use super::lines::{self, Physical};
use super::sections;
use super::{Command, Kind, Line, Tree, slice};
use crate::grammar::{Mode, Resolved};
use crossgate_diag::{FileId, Finding, Span};
use std::rc::Rc;

/// Deeper nesting than any mode of IOS has; what is deeper still stays on that level.
const DEPTH_MAX: usize = 16;

/// Never fails: what makes no sense is a line of kind `Unknown`.
pub fn parse(text: &str, file: FileId) -> (Tree, Vec<Finding>) {
    let physical = lines::physical(text);
    let mut nest = Nest {
        text,
        file,
        done: Vec::new(),
        open: Vec::new(),
        findings: Vec::new(),
    };
    for section in sections::find(text, &physical) {
        let lines = physical.get(..section.lines.end).unwrap_or(&physical);
        match section.skip {
            true => nest.skip(lines, section.lines.start),
            false => nest.read(lines, section.lines.start),
        }
    }
    nest.close_to(0);
    let lines = nest.done;
    (Tree { file, lines }, nest.findings)
}

/// A line whose own lines are still coming.
struct Open {
    line: Line,
    indent: usize,
    /// Of the lines in it; none where they aren't understood anyway.
    mode: Option<Mode>,
    /// How deep the first line in it was.
    inner_indent: Option<usize>,
}

impl Open {
    /// Its own lines are deeper than itself, so that a line as shallow as itself is none of them.
    fn is_indented(&self) -> bool {
        self.inner_indent.is_some_and(|inner| inner > self.indent)
    }

    fn is_flat(&self) -> bool {
        self.inner_indent.is_some_and(|inner| inner <= self.indent)
    }

    /// Whether a line is in this mode, whatever its words mean elsewhere.
    fn has_surely(&self, deeper: bool, inner: &Resolved) -> bool {
        let outside = !deeper && self.is_indented();
        !outside && matches!(inner, Resolved::Row { exact: true, .. })
    }

    /// Whether a line is in this mode, given what its words mean here and around here.
    fn has(&self, deeper: bool, inner: &Resolved, outer: Option<&Outer>) -> bool {
        match (inner, outer) {
            // The blanks say that this mode is over, and the words agree.
            (_, Some(_)) if !deeper && self.is_indented() => false,
            // A command in full is meant before an abbreviation of another.
            (Resolved::Row { exact: false, .. } | Resolved::Ambiguous(_), Some(outer))
                if outer.exact =>
            {
                false
            }
            (Resolved::Row { .. }, _) => true,
            (Resolved::Nothing, Some(outer)) if !deeper || outer.obeyed => false,
            _ => deeper || self.is_flat(),
        }
    }
}

struct Nest<'t> {
    text: &'t str,
    file: FileId,
    done: Vec<Line>,
    open: Vec<Open>,
    findings: Vec<Finding>,
}

/// What becomes of a line: how many open ones it leaves open, and what it is.
struct Place {
    keep: usize,
    kind: Kind,
    opens: Option<Option<Mode>>,
}

impl<'t> Nest<'t> {
    /// Reads the lines from that index on.
    fn read(&mut self, physical: &[Physical], mut at: usize) {
        while let Some(line) = physical.get(at) {
            at += self.take(physical, at, line);
        }
    }

    /// All lines from that index on are one that isn't read.
    fn skip(&mut self, physical: &[Physical], at: usize) {
        let (Some(first), Some(last)) = (physical.get(at), physical.last()) else {
            return;
        };
        self.close_to(0);
        self.append(Line {
            raw: Span::new(self.file, first.raw.start..last.raw.end),
            words: lines::words(self.text, first.content.clone(), self.file),
            kind: Kind::Skipped,
            lines: Vec::new(),
        });
    }

    /// Takes the line at that index, and all that belong to it as one text; says how many.
    fn take(&mut self, physical: &[Physical], at: usize, line: &Physical) -> usize {
        let content = self.text.get(line.content.clone()).unwrap_or("");
        let (around, prompt) = around::recognise(content);
        let start = line.content.start + prompt;
        let words = lines::words(self.text, start..line.content.end, self.file);
        let texts: Vec<&str> = words.iter().map(|w| slice(self.text, *w)).collect();
        let kind = plain_kind(&texts, around, self.text.get(line.raw.clone()));
        let more = match kind {
            None => self.blob_lines(physical, at, &texts, &words),
            Some(_) => 0,
        };
        let last = physical.get(at + more).unwrap_or(line);
        let raw = Span::new(self.file, line.raw.start..last.raw.end);
        // Behind a prompt, blanks say nothing.
        let indent = if start == line.content.start {
            line.indent
        } else {
            0
        };
        let new = Line {
            raw,
            words,
            kind: Kind::Unknown,
            lines: Vec::new(),
        };
        match kind {
            Some(Kind::Leave) => self.leave(new, indent, &texts),
            Some(kind) => self.append(Line { kind, ..new }),
            None => self.place(new, indent, &texts),
        }
        more + 1
    }

    fn blob_lines(
        &mut self,
        physical: &[Physical],
        at: usize,
        texts: &[&str],
        words: &[Span],
    ) -> usize {
        match blob::begins(self.text, physical, at, texts) {
            Blob::Lines(count) => count,
            Blob::Endless => {
                let span = words.first().copied();
                self.findings.push(
                    Finding::error("endless-text", "this text has no end in the file")
                        .at(span, "its closing character never comes again"),
                );
                0
            }
        }
    }

    /// `exit` closes the innermost mode, `end` all.
    fn leave(&mut self, line: Line, indent: usize, texts: &[&str]) {
        let line = Line {
            kind: Kind::Leave,
            ..line
        };
        if texts
            .first()
            .is_some_and(|word| word.eq_ignore_ascii_case("end"))
        {
            self.append(line);
            return self.close_to(0);
        }
        // A line that opened no mode can't be left by a word that isn't deeper than itself.
        while self
            .open
            .last()
            .is_some_and(|top| top.mode.is_none() && top.indent >= indent)
        {
            self.close_to(self.open.len() - 1);
        }
        self.append(line);
        self.close_to(self.open.len().saturating_sub(1));
    }

    fn place(&mut self, line: Line, indent: usize, texts: &[&str]) {
        let place = self.find_place(indent, texts);
        self.close_to(place.keep);
        if let Some(top) = self.open.last_mut() {
            top.inner_indent.get_or_insert(indent);
        }
        let line = Line {
            kind: place.kind,
            ..line
        };
        match place.opens {
            Some(mode) if self.open.len() < DEPTH_MAX => self.open.push(Open {
                line,
                indent,
                mode,
                inner_indent: None,
            }),
            _ => self.append(line),
        }
    }

    fn find_place(&self, indent: usize, texts: &[&str]) -> Place {
        let mut meanings = Meanings::new(texts);
        for (depth, open) in self.open.iter().enumerate().rev() {
            let deeper = indent > open.indent;
            let Some(mode) = open.mode else {
                if deeper {
                    return Place::unknown(depth + 1);
                }
                continue;
            };
            let inner = meanings.of(mode);
            if open.has_surely(deeper, &inner) {
                return Place::row(depth + 1, mode, &inner);
            }
            let outer = self.resolve_outside(depth, &mut meanings);
            if open.has(deeper, &inner, outer.as_ref()) {
                return Place::row(depth + 1, mode, &inner);
            }
        }
        Place::row(0, Mode::Global, &meanings.of(Mode::Global))
    }

    /// What the words mean in the modes around the one at that depth.
    fn resolve_outside(&self, depth: usize, meanings: &mut Meanings<'_>) -> Option<Outer> {
        let around = self.open.iter().take(depth).rev().filter_map(|o| o.mode);
        around
            .chain([Mode::Global])
            .find_map(|mode| match *meanings.of(mode) {
                Resolved::Row { exact, obeyed, .. } => Some(Outer { exact, obeyed }),
                _ => None,
            })
    }

    fn append(&mut self, line: Line) {
        match self.open.last_mut() {
            Some(open) => open.line.lines.push(line),
            None => self.done.push(line),
        }
    }

    fn close_to(&mut self, depth: usize) {
        while self.open.len() > depth {
            if let Some(open) = self.open.pop() {
                self.append(open.line);
            }
        }
    }
}

/// What the words of one line mean in the modes in which they were looked up so far.
struct Meanings<'w> {
    words: &'w [&'w str],
    known: Vec<(Mode, Rc<Resolved>)>,
}

impl<'w> Meanings<'w> {
    fn new(words: &'w [&'w str]) -> Self {
        let known = Vec::new();
        Self { words, known }
    }

    fn of(&mut self, mode: Mode) -> Rc<Resolved> {
        if let Some((_, resolved)) = self.known.iter().find(|(known, _)| *known == mode) {
            return resolved.clone();
        }
        let resolved = Rc::new(mode.resolve(self.words));
        self.known.push((mode, resolved.clone()));
        resolved
    }
}

/// What words mean around a mode.
struct Outer {
    exact: bool,
    obeyed: bool,
}

impl Place {
    fn unknown(keep: usize) -> Self {
        Self {
            keep,
            kind: Kind::Unknown,
            opens: Some(None),
        }
    }

    fn row(keep: usize, mode: Mode, resolved: &Resolved) -> Self {
        match resolved {
            Resolved::Row {
                rule,
                no,
                named_by,
                opens,
                ..
            } => Self {
                keep,
                kind: Kind::Command(Command {
                    mode,
                    rule: *rule,
                    no: *no,
                    named_by: *named_by,
                }),
                opens: *opens,
            },
            Resolved::Ambiguous(words) => Self {
                kind: Kind::Ambiguous(words.clone()),
                ..Self::unknown(keep)
            },
            Resolved::Nothing => Self::unknown(keep),
        }
    }
}

/// What a line is whatever mode it stands in.
fn plain_kind(texts: &[&str], around: bool, raw: Option<&str>) -> Option<Kind> {
    match texts {
        _ if around => Some(Kind::Around),
        [] if raw.is_some_and(|raw| !raw.trim().is_empty()) => Some(Kind::Around),
        [] => Some(Kind::Blank),
        [first, ..] if first.starts_with('!') => Some(Kind::Comment),
        [word]
            if ["exit", "end"]
                .iter()
                .any(|leave| word.eq_ignore_ascii_case(leave)) =>
        {
            Some(Kind::Leave)
        }
        _ => None,
    }
}
