//! Findings for programs.

use crate::finding::{Finding, Label};
use crate::fix::{Amendment, Edit, Fix};
use crate::render::worst_first;
use crate::source::Sources;
use serde_json::{Value, json};

/// One JSON object a finding, with its labels resolved to file, line and column. Worst first.
pub fn to_json(sources: &Sources, findings: &[Finding]) -> Value {
    let sorted = worst_first(findings);
    sorted.into_iter().map(|f| finding(sources, f)).collect()
}

fn finding(sources: &Sources, finding: &Finding) -> Value {
    let labels = finding.labels.iter().map(|l| label(sources, l));
    let symptoms = finding.symptoms.iter();
    let fixes = finding.fixes.iter().map(|f| fix(sources, f));
    json!({
        "code": finding.code,
        "severity": finding.severity,
        "title": finding.title,
        "when": finding.when,
        "starter": finding.starter,
        "certainty": finding.certainty,
        "labels": labels.collect::<Vec<_>>(),
        "symptoms": symptoms.map(|s| json!({ "end": s.end, "line": s.line })).collect::<Vec<_>>(),
        "notes": finding.notes,
        "help": finding.help.as_ref().map(|h| h.text.as_str()),
        "fixes": fixes.collect::<Vec<_>>(),
    })
}

fn label(sources: &Sources, label: &Label) -> Value {
    let at = sources.position(label.span);
    json!({
        "file": sources.get(label.span.file).name(),
        "line": at.line,
        "column": at.column,
        "primary": label.primary,
        "text": label.text,
    })
}

fn fix(sources: &Sources, fix: &Fix) -> Value {
    let changes = fix.amendments.iter().map(|a| amendment(sources, a));
    json!({ "text": fix.text, "changes": changes.collect::<Vec<_>>() })
}

fn amendment(sources: &Sources, amendment: &Amendment) -> Value {
    let edits = amendment.edits.iter().map(|e| edit(sources, e));
    json!({
        "file": sources.get(amendment.file).name(),
        "edits": edits.collect::<Vec<_>>(),
        "commands": amendment.commands,
    })
}

fn edit(sources: &Sources, edit: &Edit) -> Value {
    let file = sources.get(edit.span.file);
    let (start, end) = (edit.span.start as usize, edit.span.end as usize);
    let (from, to) = (file.position(start), file.position(end));
    json!({
        "line": from.line,
        "column": from.column,
        "end_line": to.line,
        "end_column": to.column,
        "old": file.masked_range(start..end),
        "new": edit.shown(),
        "hides_secret": edit.hides_secret(),
    })
}
