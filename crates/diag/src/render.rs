//! Findings as text for a person, and as JSON for a program.

use crate::finding::{Finding, Help, Label, Severity};
use crate::source::{FileId, SourceFile, Sources, Span};
use annotate_snippets::{AnnotationKind, Element, Group, Level, Patch, Renderer, Snippet};
use serde_json::{Value, json};

/// Lines this long and more are shown as a place, not quoted: a minified XML has one line.
const QUOTED_LINE_MAX: usize = 400;

/// Renders findings as a compiler does, worst first, in the order given among equals.
pub fn to_text(sources: &Sources, findings: &[Finding], colour: bool) -> String {
    let renderer = if colour {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let mut out = String::new();
    for finding in worst_first(findings) {
        out.push_str(&one(sources, finding, &renderer));
        out.push_str("\n\n");
    }
    out
}

/// One JSON object a finding, with its labels resolved to file, line and column.
pub fn to_json(sources: &Sources, findings: &[Finding]) -> Value {
    worst_first(findings)
        .into_iter()
        .map(|finding| {
            json!({
                "code": finding.code,
                "severity": finding.severity,
                "title": finding.title,
                "certainty": finding.certainty,
                "labels": finding.labels.iter().map(|l| label_json(sources, l)).collect::<Vec<_>>(),
                "notes": finding.notes,
                "help": finding.help.as_ref().map(|h| h.text.as_str()),
            })
        })
        .collect()
}

fn label_json(sources: &Sources, label: &Label) -> Value {
    let at = sources.position(label.span);
    json!({
        "file": sources.get(label.span.file).name(),
        "line": at.line,
        "column": at.column,
        "primary": label.primary,
        "text": label.text,
    })
}

fn worst_first(findings: &[Finding]) -> Vec<&Finding> {
    let mut sorted: Vec<_> = findings.iter().collect();
    sorted.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    sorted
}

fn one(sources: &Sources, finding: &Finding, renderer: &Renderer) -> String {
    let excerpts: Vec<Excerpt<'_>> = excerpts(sources, &finding.labels);
    let mut group = Group::with_title(
        level(finding.severity)
            .primary_title(finding.title.as_str())
            .id(finding.code),
    );
    for excerpt in &excerpts {
        group = group.element(excerpt.element());
    }
    if let Some(certainty) = finding.certainty {
        let text = format!("certainty: {}", certainty.words());
        group = group.element(Level::NOTE.no_name().message(text));
    }
    for note in &finding.notes {
        group = group.element(Level::NOTE.message(note.as_str()));
    }
    let mut report = vec![group];
    report.extend(finding.help.as_ref().map(|help| help_group(sources, help)));
    renderer.render(&report)
}

fn help_group<'a>(sources: &'a Sources, help: &'a Help) -> Group<'a> {
    let group = Group::with_title(Level::HELP.secondary_title(help.text.as_str()));
    let Some((span, by)) = &help.replace else {
        return group.element(Element::from(annotate_snippets::Padding));
    };
    let excerpt = Excerpt::around(sources, span.file, &[*span]);
    let range = excerpt.range(*span);
    group.element(
        Snippet::source(excerpt.text)
            .line_start(excerpt.first_line)
            .path(excerpt.file.name().to_owned())
            .patch(Patch::new(range, by.as_str())),
    )
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
        let masked = file.masked();
        Self {
            file,
            labels: Vec::new(),
            // Masking keeps offsets only where secrets are ASCII; where not, quote nothing.
            text: if masked.len() == text.len() {
                masked[from..to].to_owned()
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

    fn quotable(&self) -> bool {
        !self.text.is_empty() && self.text.lines().all(|line| line.len() < QUOTED_LINE_MAX)
    }

    fn element(&self) -> Element<'_> {
        if !self.quotable() {
            let at = self
                .labels
                .first()
                .map(|l| self.file.position(l.span.start as usize));
            let place = at.map_or(String::new(), |p| format!(":{}:{}", p.line, p.column));
            let texts: Vec<_> = self.labels.iter().map(|l| l.text.as_str()).collect();
            let text = format!("at {}{place}: {}", self.file.name(), texts.join("; "));
            return Level::NOTE.message(text).into();
        }
        let mut snippet = Snippet::source(self.text.as_str())
            .line_start(self.first_line)
            .path(self.file.name())
            .fold(true);
        for label in &self.labels {
            let kind = if label.primary {
                AnnotationKind::Primary
            } else {
                AnnotationKind::Context
            };
            snippet =
                snippet.annotation(kind.span(self.range(label.span)).label(label.text.as_str()));
        }
        snippet.into()
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

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn labels_in_two_files_a_note_and_a_fix() {
        let mut sources = Sources::new();
        let a = sources.add("hq.set", "one\nremote 10.10.10.0/23\n");
        let b = sources.add(
            "branch.cfg",
            "permit ip 10.10.10.0 0.0.0.255\nkey TopSecret\n",
        );
        let wrong = Span::new(a, 11..24);
        let finding = Finding::error(
            "ts-not-mirrored",
            "the proxy ID is not the mirror of the ACL",
        )
        .at(wrong, "HQ says /23")
        .beside(Span::new(b, 10..30), "the branch offers /24")
        .certain(crate::Certainty::Doc)
        .noted("shows whoever starts")
        .help_replace("narrow the proxy ID", wrong, "10.10.10.0/24".into());
        expect![[r#"
            error[ts-not-mirrored]: the proxy ID is not the mirror of the ACL
             --> hq.set:2:8
              |
            2 | remote 10.10.10.0/23
              |        ^^^^^^^^^^^^^ HQ says /23
              |
             ::: branch.cfg:1:11
              |
            1 | permit ip 10.10.10.0 0.0.0.255
              |           -------------------- the branch offers /24
              |
              = certainty: vendor document
              = note: shows whoever starts
            help: narrow the proxy ID
              |
            2 - remote 10.10.10.0/23
            2 + remote 10.10.10.0/24
              |

        "#]]
        .assert_eq(&to_text(&sources, &[finding], false));
    }

    #[test]
    fn a_secret_on_the_labelled_line_is_masked_everywhere() {
        let mut sources = Sources::new();
        let file = sources.add("a.cfg", "pre-shared-key TopSecret\n");
        sources.redact(Span::new(file, 15..24));
        let finding = Finding::warning("short-key", "the key is short")
            .at(Span::new(file, 15..24), "9 characters");
        let text = to_text(&sources, std::slice::from_ref(&finding), false);
        let json = to_json(&sources, &[finding]).to_string();
        assert!(text.contains("pre-shared-key *********"), "{text}");
        assert!(!text.contains("TopSecret") && !json.contains("TopSecret"));
    }

    #[test]
    fn a_line_too_long_to_quote_is_named_by_its_place() {
        let mut sources = Sources::new();
        let file = sources.add("min.xml", format!("{}<x/>", " ".repeat(1000)));
        let finding = Finding::note("unknown-element", "x is not known")
            .at(Span::new(file, 1000..1004), "here");
        assert!(to_text(&sources, &[finding], false).contains("at min.xml:1:1001: here"));
    }
}
