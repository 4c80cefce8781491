//! Findings as one page for a browser: nothing is loaded, nothing runs, and it prints well.

use crate::finding::{Finding, Label, Severity};
use crate::fix::{Amendment, Fix};
use crate::render::{
    QUOTED_LINE_MAX, Summary, circumstances, diff, escaped, place, primary_first, symptoms, ways,
    worst_first,
};
use crate::source::Sources;
use std::fmt::Write;

const STYLE: &str = include_str!("page.css");

/// A whole document. Severities are words and signs, colour only repeats them.
pub fn to_html(sources: &Sources, findings: &[Finding], summary: &Summary<'_>) -> String {
    let title = escaped(summary.title);
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>crossgate check: {title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <header>\n<h1>{title}</h1>\n"
    );
    if let Some(verdict) = summary.verdict {
        let _ = writeln!(
            out,
            "<p class=\"verdict\">Verdict: {}</p>",
            escaped(verdict)
        );
    }
    let _ = writeln!(out, "<p>{}</p>\n</header>\n<main>", counted(findings));
    for finding in worst_first(findings) {
        article(sources, finding, summary, &mut out);
    }
    if !summary.assumptions.is_empty() {
        out.push_str("<section>\n<h2>Assumed</h2>\n<ul>\n");
        for assumption in summary.assumptions {
            let _ = writeln!(out, "<li>{}</li>", said(assumption));
        }
        out.push_str("</ul>\n</section>\n");
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

/// A sentence: what it has between backticks is code. An odd backtick is itself.
fn said(text: &str) -> String {
    let mut out = String::new();
    let text = escaped(text);
    let mut rest = text.as_str();
    while let Some((before, from)) = rest.split_once('`') {
        let Some((code, after)) = from.split_once('`') else {
            break;
        };
        let _ = write!(out, "{before}<code>{code}</code>");
        rest = after;
    }
    out + rest
}

fn counted(findings: &[Finding]) -> String {
    let of = |severity: Severity| {
        let count = findings.iter().filter(|f| f.severity == severity).count();
        let plural = if count == 1 { "" } else { "s" };
        format!("{count} {}{plural}", severity.word())
    };
    let severities = [Severity::Error, Severity::Warning, Severity::Note];
    severities.map(of).join(", ")
}

fn sign(severity: Severity) -> char {
    match severity {
        Severity::Error => '✖',
        Severity::Warning => '▲',
        Severity::Note => '●',
    }
}

fn article(sources: &Sources, finding: &Finding, summary: &Summary<'_>, out: &mut String) {
    let word = finding.severity.word();
    let sign = sign(finding.severity);
    let (code, title) = (escaped(finding.code), said(&finding.title));
    let _ = writeln!(
        out,
        "<article class=\"{word}\">\n<h2><span class=\"severity\"><span aria-hidden=\"true\">{sign}</span> \
         {word}</span> {title} <code>{code}</code></h2>"
    );
    for label in primary_first(finding) {
        out.push_str(&figure(sources, label));
    }
    for line in circumstances(finding).iter().chain(&finding.notes) {
        let _ = writeln!(out, "<p>{}</p>", said(line));
    }
    for (end, lines) in symptoms(finding) {
        let (end, lines) = (escaped(end), escaped(&lines.join("\n")));
        let _ = writeln!(out, "<p>{end} logs:</p>\n<pre>{lines}</pre>");
    }
    for (index, fix) in ways(finding).iter().enumerate() {
        let word = if index == 0 { "Help" } else { "Or" };
        way(sources, word, fix, out);
    }
    let mut rules = summary.rules.iter();
    if let Some((_, page)) = rules.find(|(known, _)| *known == finding.code) {
        let page = escaped(page);
        let _ = writeln!(
            out,
            "<details><summary>About {code}</summary>\n<pre>{page}</pre></details>"
        );
    }
    out.push_str("</article>\n");
}

/// A labelled line.
fn figure(sources: &Sources, label: &Label) -> String {
    let file = sources.get(label.span.file);
    let (start, end) = (label.span.start as usize, label.span.end as usize);
    let at = file.position(start);
    let line = file.masked_line(at.line);
    let (place, text) = (escaped(&place(sources, label)), said(&label.text));
    let caption = format!("<figcaption>{place}: {text}</figcaption>");
    if line.len() >= QUOTED_LINE_MAX {
        return format!("<figure>{caption}</figure>\n");
    }
    let marked = file.masked_range(start..end);
    let before: String = line.chars().take(at.column as usize - 1).collect();
    let marked = marked.lines().next().unwrap_or_default();
    let after = line
        .chars()
        .skip(at.column as usize - 1 + marked.chars().count());
    let after: String = after.collect();
    let class = if label.primary { "primary" } else { "beside" };
    format!(
        "<figure>{caption}<pre>{} <span class=\"number\">|</span> {}<mark class=\"{class}\">{}</mark>{}</pre></figure>\n",
        at.line,
        escaped(&before),
        escaped(marked),
        escaped(&after)
    )
}

fn way(sources: &Sources, word: &str, fix: &Fix, out: &mut String) {
    let _ = writeln!(out, "<h3>{word}: {}</h3>", said(&fix.text));
    for amendment in &fix.amendments {
        amended(sources, amendment, out);
    }
}

fn amended(sources: &Sources, amendment: &Amendment, out: &mut String) {
    let change = diff::change(sources, amendment);
    let name = escaped(change.file.name());
    if !change.hunks.is_empty() {
        let _ = write!(out, "<p>In {name}:</p>\n<pre>");
        for hunk in &change.hunks {
            for (sign, tag, lines) in [("-", "del", &hunk.gone), ("+", "ins", &hunk.come)] {
                for (index, line) in lines.iter().enumerate() {
                    let (number, line) = (hunk.line + index, escaped(line));
                    let _ = writeln!(out, "{number} <{tag}>{sign} {line}</{tag}>");
                }
            }
        }
        out.push_str("</pre>\n");
    }
    if !change.commands.is_empty() {
        let commands = escaped(&change.commands.join("\n"));
        let _ = writeln!(out, "<p>Type at {name}:</p>\n<pre>{commands}</pre>");
    }
}
