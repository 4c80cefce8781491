//! A judgement as text, JSON, SARIF, JUnit's XML or HTML.

use super::Format;
use super::judge::Judged;
use crossgate_check::Tunnel;
use crossgate_diag::{Look, Severity, Summary, to_html, to_json, to_junit, to_sarif, to_text};
use serde_json::{Value, json};

/// The whole report. A finding as bad as `fails_from` is a failed test in JUnit's.
pub fn render(judged: &Judged, format: Format, fails_from: Severity, look: Look) -> String {
    let title = title(judged);
    let verdict = judged.verdict();
    let summary = Summary {
        title: &title,
        assumptions: &judged.report.assumptions,
        verdict: verdict.as_deref(),
        rules: crossgate_check::all()
            .map(|rule| (rule.code, rule.page))
            .collect(),
        fails_from,
    };
    let (sources, findings) = (&judged.sources, judged.findings.as_slice());
    match format {
        Format::Text => text(judged, look),
        Format::Json => pretty(&json(judged)),
        Format::Sarif => pretty(&to_sarif(sources, findings, &summary)),
        Format::Junit => to_junit(sources, findings, &summary),
        Format::Html => to_html(sources, findings, &summary),
    }
}

fn title(judged: &Judged) -> String {
    let files = judged
        .files
        .iter()
        .map(|file| file.path.display().to_string());
    files.collect::<Vec<_>>().join(" and ")
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

/// Characters before the second line of what is broken.
const HANGING: usize = 2;

/// The findings, and below them what they come to; the verdict is the last line.
pub fn text(judged: &Judged, look: Look) -> String {
    let mut out = to_text(&judged.sources, &judged.findings, look);
    for assumption in &judged.report.assumptions {
        let assumed = look.broken(&format!("assumed {assumption}"), HANGING);
        out.push_str(&format!("{}\n", assumed.replace('\n', "\n  ")));
    }
    out.push_str(&format!("found {}\n", counted(judged)));
    if let (Some(names), [_, _, ..]) = (judged.pair_of_names(), judged.report.tunnels.as_slice()) {
        for tunnel in &judged.report.tunnels {
            out.push_str(&format!("tunnel {}\n", tunnel_line(tunnel, names)));
        }
    }
    if let Some(verdict) = judged.verdict() {
        out.push_str(&format!("verdict: {verdict}\n"));
    }
    out
}

fn tunnel_line(tunnel: &Tunnel, names: [&str; 2]) -> String {
    let [first, second] = &tunnel.connections;
    format!("{first} – {second}: {}", tunnel.verdict.sentence(names))
}

fn counted(judged: &Judged) -> String {
    let of = |severity: Severity| {
        let count = judged.count(severity);
        let plural = if count == 1 { "" } else { "s" };
        format!("{count} {}{plural}", severity.word())
    };
    [Severity::Error, Severity::Warning, Severity::Note]
        .map(of)
        .join(", ")
}

fn json(judged: &Judged) -> Value {
    let files = judged.files.iter().zip(&judged.names).map(|(file, name)| {
        json!({
            "path": file.path.display().to_string(),
            "name": name,
            "dialect": file.dialect.name,
            "encoding": file.encoding.name(),
        })
    });
    let names = judged.pair_of_names().unwrap_or_default();
    let tunnels = judged.report.tunnels.iter().map(|tunnel| {
        json!({
            "connections": tunnel.connections,
            "verdict": tunnel.verdict.sentence(names).to_string(),
            "good": tunnel.verdict.is_good(),
        })
    });
    json!({
        "files": files.collect::<Vec<_>>(),
        "findings": to_json(&judged.sources, &judged.findings),
        "assumptions": judged.report.assumptions,
        "tunnels": tunnels.collect::<Vec<_>>(),
        "verdict": judged.verdict(),
        "comes_up": judged.report.verdict.map(|verdict| verdict.is_good()),
    })
}
