//! Findings as test results, for whatever runs pipelines: one testcase a rule.

use crate::finding::Finding;
use crate::render::{Look, Summary, escaped, to_text, worst_first};
use crate::source::Sources;
use std::collections::BTreeSet;
use std::fmt::Write;

/// JUnit's XML as its consumers agree on it: a rule that found something which counts as a failure
/// has failed; what else it found is its output.
pub fn to_junit(sources: &Sources, findings: &[Finding], summary: &Summary<'_>) -> String {
    let known = summary.rules.iter().map(|(code, _)| *code);
    let codes: BTreeSet<&str> = known.chain(findings.iter().map(|f| f.code)).collect();
    let failed = |code: &&&str| {
        let mut of_code = findings.iter().filter(|f| f.code == **code);
        of_code.any(|f| f.severity >= summary.fails_from)
    };
    let failures = codes.iter().filter(failed).count();
    let counts = format!(
        "tests=\"{}\" failures=\"{failures}\" errors=\"0\"",
        codes.len()
    );
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let title = escaped(summary.title);
    let _ = writeln!(out, "<testsuites name=\"crossgate check\" {counts}>");
    let _ = writeln!(out, "  <testsuite name=\"{title}\" {counts}>");
    for code in &codes {
        let of_code: Vec<Finding> = findings
            .iter()
            .filter(|f| f.code == *code)
            .cloned()
            .collect();
        testcase(sources, code, &of_code, summary, &mut out);
    }
    let verdict = summary.verdict.map(|verdict| format!("verdict: {verdict}"));
    let assumed = summary.assumptions.iter().map(|a| format!("assumed {a}"));
    let said: Vec<String> = assumed.chain(verdict).collect();
    if !said.is_empty() {
        let _ = writeln!(
            out,
            "    <system-out>{}</system-out>",
            escaped(&said.join("\n"))
        );
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

fn testcase(
    sources: &Sources,
    code: &str,
    findings: &[Finding],
    summary: &Summary<'_>,
    out: &mut String,
) {
    let (code, title) = (escaped(code), escaped(summary.title));
    let open = format!("    <testcase classname=\"{title}\" name=\"{code}\"");
    let Some(worst) = worst_first(findings).into_iter().next() else {
        let _ = writeln!(out, "{open}/>");
        return;
    };
    let text = escaped(&to_text(sources, findings, Look::PLAIN));
    let _ = writeln!(out, "{open}>");
    if worst.severity >= summary.fails_from {
        let (kind, message) = (worst.severity.word(), escaped(&worst.title));
        let _ = writeln!(
            out,
            "      <failure type=\"{kind}\" message=\"{message}\">{text}</failure>"
        );
    } else {
        let _ = writeln!(out, "      <system-out>{text}</system-out>");
    }
    let _ = writeln!(out, "    </testcase>");
}
