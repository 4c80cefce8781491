//! Findings for a person at a terminal, as compilers show theirs.

use crate::finding::{Finding, Label, Severity};
use crate::fix::{Amendment, Edit};
use crate::render::diff::{self, Hunk};
use crate::render::{Look, QUOTED_LINE_MAX, circumstances, clean, symptoms, ways, worst_first};
use crate::source::{FileId, SourceFile, Sources, Span};
use annotate_snippets::{AnnotationKind, Element, Group, Level, Renderer, Snippet};

/// Octets between the labels of one finding in one file; beyond, they are only named.
const EXCERPT_MAX: usize = 200_000;

/// Renders findings worst first, in the order given among equals.
pub fn to_text(sources: &Sources, findings: &[Finding], look: Look) -> String {
    let mut out = String::new();
    for finding in worst_first(findings) {
        out.push_str(&cause(sources, finding, look));
        out.push('\n');
        out.push_str(
            &Ways {
                sources,
                finding,
                colour: look.colour,
            }
            .text(),
        );
        out.push('\n');
    }
    out
}

/// What is wrong, where, and what else there is to say.
fn cause(sources: &Sources, finding: &Finding, look: Look) -> String {
    let renderer = match look.colour {
        true => Renderer::styled(),
        false => Renderer::plain(),
    };
    let excerpts: Vec<Excerpt<'_>> = excerpts(sources, &finding.labels);
    let lines = excerpts.iter().map(Excerpt::last_line).max().unwrap_or(0);
    let gutter = lines.to_string().len();
    let prose = |name: &str, text: &str| {
        let indent = gutter + " = ".len() + name.len();
        look.broken(&clean(text), indent)
    };
    let title = level(finding.severity).primary_title(finding.title.as_str());
    let mut group = Group::with_title(title.id(finding.code));
    for excerpt in &excerpts {
        group = group.element(excerpt.element());
    }
    if let Some(text) = circumstances(finding) {
        group = group.element(Level::NOTE.no_name().message(prose("", &text)));
    }
    for (end, lines) in symptoms(finding) {
        let name = clean(&format!("{end} logs"));
        let lines = clean(&lines.join("\n"));
        group = group.element(Level::NOTE.with_name(name).message(lines));
    }
    for note in &finding.notes {
        group = group.element(Level::NOTE.message(prose("note: ", note)));
    }
    renderer.render(&[group])
}

fn level(severity: Severity) -> Level<'static> {
    match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    }
}

/// The lines of one file that a finding speaks of, masked.
struct Excerpt<'a> {
    file: &'a SourceFile,
    labels: Vec<&'a Label>,
    text: String,
    /// Offset in the file of the first byte of `text`.
    offset: usize,
    first_line: usize,
}

impl<'a> Excerpt<'a> {
    fn around(sources: &'a Sources, id: FileId, spans: &[Span]) -> Self {
        let file = sources.get(id);
        let text = file.text();
        let start = spans.iter().map(|s| s.start as usize).min().unwrap_or(0);
        let end = spans.iter().map(|s| s.end as usize).max().unwrap_or(0);
        let start = floor_boundary(text, start);
        let end = floor_boundary(text, end.max(start));
        let from = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let to = text[end..].find('\n').map_or(text.len(), |at| end + at);
        let masked = match to - from < EXCERPT_MAX {
            true => file.masked_range(from..to),
            false => String::new(),
        };
        Self {
            file,
            labels: Vec::new(),
            // Masking keeps offsets only where secrets are ASCII; where not, quote nothing.
            text: if masked.len() == to - from {
                masked
            } else {
                String::new()
            },
            offset: from,
            first_line: file.position(from).line as usize,
        }
    }

    fn range(&self, span: Span) -> std::ops::Range<usize> {
        let clamp = |at: u32| {
            (at as usize)
                .saturating_sub(self.offset)
                .min(self.text.len())
        };
        clamp(span.start)..clamp(span.end)
    }

    fn last_line(&self) -> usize {
        self.first_line + self.text.lines().count().saturating_sub(1)
    }

    /// Whether each line that a label is on is short enough.
    fn quotable(&self) -> bool {
        let short = |label: &&Label| {
            let line = self.file.position(label.span.start as usize).line;
            self.file.masked_line(line).len() < QUOTED_LINE_MAX
        };
        !self.text.is_empty() && self.labels.iter().all(short)
    }

    fn element(&self) -> Element<'_> {
        if !self.quotable() {
            return Level::NOTE.message(self.named()).into();
        }
        let mut snippet = Snippet::source(self.text.as_str())
            .line_start(self.first_line)
            .path(clean(self.file.name()))
            .fold(true);
        for label in &self.labels {
            let kind = if label.primary {
                AnnotationKind::Primary
            } else {
                AnnotationKind::Context
            };
            snippet =
                snippet.annotation(kind.span(self.range(label.span)).label(clean(&label.text)));
        }
        snippet.into()
    }

    /// The labels as places and words.
    fn named(&self) -> String {
        let at = |label: &&Label| {
            let at = self.file.position(label.span.start as usize);
            let (line, column) = (at.line, at.column);
            clean(&format!(
                "at {}:{line}:{column}: {}",
                self.file.name(),
                label.text
            ))
        };
        let texts: Vec<_> = self.labels.iter().map(at).collect();
        texts.join("\n")
    }
}

fn excerpts<'a>(sources: &'a Sources, labels: &'a [Label]) -> Vec<Excerpt<'a>> {
    let mut files: Vec<FileId> = Vec::new();
    for label in labels {
        if !files.contains(&label.span.file) {
            files.push(label.span.file);
        }
    }
    files
        .into_iter()
        .map(|id| {
            let mine: Vec<_> = labels.iter().filter(|l| l.span.file == id).collect();
            let spans: Vec<_> = mine.iter().map(|l| l.span).collect();
            Excerpt {
                labels: mine,
                ..Excerpt::around(sources, id, &spans)
            }
        })
        .collect()
}

fn floor_boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len()))
        .rev()
        .find(|&i| text.is_char_boundary(i))
        .unwrap_or(0)
}

/// The ways out of one finding: `help: …`, `or: …`, each with what it changes.
struct Ways<'a> {
    sources: &'a Sources,
    finding: &'a Finding,
    colour: bool,
}

/// As annotate-snippets paints: bright cyan, red, green, bright blue.
const HELP: &str = "\x1b[1m\x1b[96m";
const GONE: &str = "\x1b[91m";
const COME: &str = "\x1b[92m";
const FRAME: &str = "\x1b[1m\x1b[94m";

impl Ways<'_> {
    fn text(&self) -> String {
        let mut out = String::new();
        let mut word = "help";
        for fix in ways(self.finding) {
            let colon = format!("{}: {}\n", self.paint(HELP, word), clean(&fix.text));
            out.push_str(&colon);
            for amendment in &fix.amendments {
                self.amendment(amendment, &mut out);
            }
            word = "or";
        }
        out
    }

    fn amendment(&self, amendment: &Amendment, out: &mut String) {
        let change = diff::change(self.sources, amendment);
        let last = change.hunks.iter().map(Hunk::last_line).max().unwrap_or(0);
        let gutter = last.to_string().len();
        let bar = self.paint(FRAME, "|");
        let name = clean(change.file.name());
        if !change.hunks.is_empty() {
            if self.is_elsewhere(amendment.file) {
                let line = change.hunks.first().map_or(0, |hunk| hunk.line);
                let arrow = self.paint(FRAME, "-->");
                out.push_str(&format!("{:gutter$}{arrow} {name}:{line}\n", ""));
            }
            out.push_str(&format!("{:gutter$} {bar}\n", ""));
            for (index, hunk) in change.hunks.iter().enumerate() {
                if index > 0 {
                    out.push_str(&format!("{}\n", self.paint(FRAME, "...")));
                }
                self.hunk(hunk, gutter, out);
            }
            out.push_str(&format!("{:gutter$} {bar}\n", ""));
        } else if amendment.commands.is_empty() {
            for edit in &amendment.edits {
                out.push_str(&self.unquoted(edit, gutter));
            }
        }
        let mut label = format!("type at {name}: ");
        let width = label.chars().count();
        for command in change.commands {
            let equals = if label.is_empty() { " " } else { "=" };
            let equals = self.paint(FRAME, equals);
            let command = clean(command.trim_end());
            out.push_str(&format!(
                "{:gutter$} {equals} {label:width$}{command}\n",
                ""
            ));
            label.clear();
        }
    }

    fn is_elsewhere(&self, file: FileId) -> bool {
        let mut labels = self.finding.labels.iter();
        let primary = labels.find(|label| label.primary);
        primary.is_none_or(|label| label.span.file != file)
            || self
                .finding
                .labels
                .iter()
                .any(|label| label.span.file != file)
    }

    fn hunk(&self, hunk: &Hunk, gutter: usize, out: &mut String) {
        for (sign, colour, lines) in [('-', GONE, &hunk.gone), ('+', COME, &hunk.come)] {
            for (index, line) in lines.iter().enumerate() {
                let number = self.paint(FRAME, &format!("{:>gutter$}", hunk.line + index));
                let line = self.paint(colour, format!("{sign} {}", clean(line)).trim_end());
                out.push_str(&format!("{number} {line}\n"));
            }
        }
    }

    /// A change in a line that is too long to be shown.
    fn unquoted(&self, edit: &Edit, gutter: usize) -> String {
        let file = self.sources.get(edit.span.file);
        let old = file.masked_range(edit.span.start as usize..edit.span.end as usize);
        let equals = self.paint(FRAME, "=");
        let place = clean(&self.sources.place(edit.span));
        let (old, new) = (clean(&old), clean(edit.shown()));
        format!(
            "{:gutter$} {equals} at {place}: `{new}` in place of `{old}`\n",
            ""
        )
    }

    fn paint(&self, colour: &str, text: &str) -> String {
        match self.colour {
            true => format!("{colour}{text}\x1b[0m"),
            false => text.to_owned(),
        }
    }
}

impl Hunk {
    fn last_line(&self) -> usize {
        self.line + self.gone.len().max(self.come.len()).saturating_sub(1)
    }
}
