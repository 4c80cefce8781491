//! Findings for whoever reads them: a person at a terminal or in a browser, a program, a code
//! host, a test runner. One renderer, one file.

mod diff;
mod html;
mod json;
mod junit;
mod look;
mod sarif;
mod text;

pub use html::to_html;
pub use json::to_json;
pub use junit::to_junit;
pub use look::Look;
pub use sarif::to_sarif;
pub use text::to_text;

use crate::finding::{Finding, Label, Severity};
use crate::fix::{Amendment, Edit, Fix};
use crate::source::{Sources, Span};

/// Lines this long and more are shown as a place, not quoted: a minified XML has one line.
const QUOTED_LINE_MAX: usize = 400;

/// What a report says beside its findings.
#[derive(Clone, Debug)]
pub struct Summary<'a> {
    /// What was judged: `branch.cfg and hq.set`.
    pub title: &'a str,
    /// What was taken for granted, sentence by sentence.
    pub assumptions: &'a [String],
    /// As a sentence's end: `comes up`.
    pub verdict: Option<&'a str>,
    /// Each rule that was asked: its code, and its page in Markdown.
    pub rules: Vec<(&'a str, &'a str)>,
    /// A finding this bad and worse counts as a failure.
    pub fails_from: Severity,
}

fn worst_first(findings: &[Finding]) -> Vec<&Finding> {
    let mut sorted: Vec<_> = findings.iter().collect();
    sorted.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    sorted
}

/// The labels on the mistake itself first.
fn primary_first(finding: &Finding) -> Vec<&Label> {
    let mut labels: Vec<_> = finding.labels.iter().collect();
    labels.sort_by_key(|label| !label.primary);
    labels
}

/// `in IKE_AUTH; shows whoever starts; certainty: RFC`.
fn circumstances(finding: &Finding) -> Option<String> {
    let parts = [
        finding.when.as_ref().map(|when| format!("when: {when}")),
        finding.starter.as_ref().map(|who| format!("shows {who}")),
        finding
            .certainty
            .map(|certainty| format!("certainty: {}", certainty.words())),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// What each end's log says: ends in order of their first line.
fn symptoms(finding: &Finding) -> Vec<(&str, Vec<&str>)> {
    let mut ends: Vec<(&str, Vec<&str>)> = Vec::new();
    for symptom in &finding.symptoms {
        match ends.iter_mut().find(|(end, _)| *end == symptom.end) {
            Some((_, lines)) => lines.push(&symptom.line),
            None => ends.push((&symptom.end, vec![&symptom.line])),
        }
    }
    ends
}

/// Text that steers no terminal and fits into XML: control characters become visible.
fn clean(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' => c,
            '\t' => ' ',
            '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
            _ if c.is_control() => '\u{fffd}',
            _ => c,
        })
        .collect()
}

/// For text and attributes of HTML and XML.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

/// What to do about it: each alone is a cure.
fn ways(finding: &Finding) -> Vec<Fix> {
    let help = finding.help.iter().map(|help| Fix {
        text: help.text.clone(),
        amendments: help.replace.iter().map(replacement).collect(),
    });
    help.chain(finding.fixes.iter().cloned()).collect()
}

fn replacement((span, by): &(Span, String)) -> Amendment {
    Amendment {
        file: span.file,
        edits: vec![Edit::new(*span, by.as_str())],
        commands: Vec::new(),
    }
}

/// `branch.cfg:12:3`.
fn place(sources: &Sources, label: &Label) -> String {
    sources.place(label.span)
}

#[cfg(test)]
mod tests;
