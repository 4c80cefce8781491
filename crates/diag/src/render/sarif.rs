//! Findings as SARIF 2.1.0 (OASIS standard, 27 March 2020), for code hosts and editors.

use crate::finding::{Finding, Label};
use crate::fix::{Amendment, Edit, Fix};
use crate::render::{Summary, circumstances, primary_first, symptoms, ways, worst_first};
use crate::source::{SourceFile, Sources, Span};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json";

/// One log of one run.
pub fn to_sarif(sources: &Sources, findings: &[Finding], summary: &Summary<'_>) -> Value {
    let known = summary.rules.iter().map(|(code, _)| *code);
    let codes: Vec<&str> = known
        .chain(findings.iter().map(|f| f.code))
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let rules = codes.iter().map(|code| rule(code, summary));
    let sorted = worst_first(findings).into_iter();
    let results = sorted.map(|finding| result(sources, finding, &codes));
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "crossgate",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules.collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "results": results.collect::<Vec<_>>(),
            "properties": {
                "judged": summary.title,
                "assumptions": summary.assumptions,
                "verdict": summary.verdict,
            },
        }],
    })
}

fn rule(code: &str, summary: &Summary<'_>) -> Value {
    let mut rules = summary.rules.iter();
    let Some((_, page)) = rules.find(|(known, _)| *known == code) else {
        return json!({ "id": code });
    };
    // A page begins with its code as the heading, and a paragraph on what it is about.
    let mut paragraphs = page.split("\n\n").map(str::trim);
    let about = paragraphs.find(|text| !text.starts_with('#') && !text.is_empty());
    json!({
        "id": code,
        "shortDescription": { "text": about.unwrap_or(code) },
        "help": { "text": page, "markdown": page },
    })
}

fn result(sources: &Sources, finding: &Finding, codes: &[&str]) -> Value {
    let (mut locations, mut related) = (Vec::new(), Vec::new());
    for label in primary_first(finding) {
        // The standard wants one location where several would have to be changed together.
        if locations.is_empty() {
            locations.push(location(sources, label, None));
        } else {
            related.push(location(sources, label, Some(related.len() + 1)));
        }
    }
    let fixes = finding.fixes.iter().filter_map(|f| fix(sources, f));
    let mut result = Map::new();
    let index = codes.iter().position(|code| *code == finding.code);
    let fields = [
        ("ruleId", json!(finding.code)),
        ("ruleIndex", json!(index)),
        ("level", json!(finding.severity.word())),
        ("message", json!({ "text": message(finding) })),
        ("locations", Value::Array(locations)),
        ("relatedLocations", Value::Array(related)),
        ("fixes", fixes.collect()),
        ("properties", properties(finding)),
    ];
    let empty = |value: &Value| value.as_array().is_some_and(Vec::is_empty);
    for (name, value) in fields.into_iter().filter(|(_, value)| !empty(value)) {
        result.insert(name.to_owned(), value);
    }
    Value::Object(result)
}

fn message(finding: &Finding) -> String {
    let ways = ways(finding);
    let ways = ways.iter().map(|fix| format!("help: {}", fix.text));
    let notes = finding.notes.iter().map(|note| format!("note: {note}"));
    let title = std::iter::once(finding.title.clone());
    let lines = title.chain(circumstances(finding)).chain(notes);
    lines.chain(ways).collect::<Vec<_>>().join("\n")
}

fn properties(finding: &Finding) -> Value {
    let logs = symptoms(finding).into_iter();
    json!({
        "when": finding.when,
        "starter": finding.starter,
        "certainty": finding.certainty,
        "symptoms": logs.map(|(end, lines)| json!({ "end": end, "lines": lines })).collect::<Vec<_>>(),
        "commands": finding.fixes.iter().map(|fix| fix.amendments.iter().map(|a| &a.commands).collect::<Vec<_>>()).collect::<Vec<_>>(),
    })
}

fn location(sources: &Sources, label: &Label, id: Option<usize>) -> Value {
    let file = sources.get(label.span.file);
    let mut location = json!({
        "physicalLocation": {
            "artifactLocation": artifact(file),
            "region": region(file, label.span),
        },
        "message": { "text": label.text },
    });
    if let (Some(id), Some(object)) = (id, location.as_object_mut()) {
        object.insert("id".to_owned(), json!(id));
    }
    location
}

fn artifact(file: &SourceFile) -> Value {
    json!({ "uri": uri(file.name()) })
}

/// A path as a URI reference (RFC 3986).
fn uri(path: &str) -> String {
    let mut out = String::from(if path.starts_with('/') { "file://" } else { "" });
    for octet in path.bytes() {
        match octet {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(octet));
            }
            _ => out.push_str(&format!("%{octet:02X}")),
        }
    }
    out
}

fn region(file: &SourceFile, span: Span) -> Value {
    let from = file.position(span.start as usize);
    let to = file.position(span.end as usize);
    json!({
        "startLine": from.line,
        "startColumn": from.column,
        "endLine": to.line,
        "endColumn": to.column,
    })
}

/// A fix that a program may apply; one that copies a secret is none, for it can't be shown.
fn fix(sources: &Sources, fix: &Fix) -> Option<Value> {
    let edits = || fix.amendments.iter().flat_map(|a| &a.edits);
    if edits().next().is_none() || edits().any(Edit::hides_secret) {
        return None;
    }
    let amendments = fix.amendments.iter().filter(|a| !a.edits.is_empty());
    let changes = amendments.map(|amendment| artifact_change(sources, amendment));
    Some(json!({
        "description": { "text": fix.text },
        "artifactChanges": changes.collect::<Vec<_>>(),
    }))
}

fn artifact_change(sources: &Sources, amendment: &Amendment) -> Value {
    let file = sources.get(amendment.file);
    let replacements = amendment.edits.iter().map(|edit| {
        json!({
            "deletedRegion": region(file, edit.span),
            "insertedContent": { "text": edit.shown() },
        })
    });
    json!({
        "artifactLocation": artifact(file),
        "replacements": replacements.collect::<Vec<_>>(),
    })
}
