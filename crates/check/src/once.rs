//! One finding for one cause, where reading a file and judging a pair both speak of it.
//!
//! A dialect sees one file and can say what a line lacks; a rule sees both ends and can say what
//! becomes of the tunnel. Of one place and one code, the rule's finding is told. Of the codes in
//! [`ABSORBED`], it is told with what the dialect's has to add; and of a tunnel that reading left out
//! ([`LEAVES_OUT`]), the dialect's alone. A rule that says no more than that something can't be used is
//! told with the one thing that reading told and that can be why.

use crate::words::TOLD_AT_READING;
use crossgate_diag::{FileId, Finding, Label, Severity, Sources};
use std::collections::BTreeSet;

/// How near two findings have to be, to be of one cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Near {
    /// The dialect's code always means the rule's cause, wherever in the file it stands.
    File,
    /// The dialect's code means many things: they share a line.
    Line,
}

/// A rule's code, and what dialects call its cause.
const ABSORBED: &[(&str, Near, &[&str])] = &[
    ("key-missing", Near::File, &["key-missing"]),
    ("key-not-comparable", Near::File, &["key-not-comparable"]),
    ("ike-version-differs", Near::Line, &["not-obeyed"]),
    (
        "ike-proposals-disjoint",
        Near::File,
        &[
            "incomplete-proposal",
            "incomplete-policy",
            "default-proposal",
            "unused-proposal",
        ],
    ),
    (
        "esp-proposals-disjoint",
        Near::File,
        &["incomplete-transform-set", "default-transform-set"],
    ),
    ("ts-not-mirrored", Near::File, &["release-too-old"]),
    ("connection-disabled", Near::Line, &["not-obeyed"]),
    (
        "auth-method-mismatch",
        Near::Line,
        &["not-obeyed", "only-judged"],
    ),
    ("certificate-missing", Near::Line, &["only-judged"]),
    ("wrong-interface", Near::Line, &["address-unknown"]),
];

/// What leaves a tunnel out. That the files then mean none with each other follows from it.
const LEAVES_OUT: &[&str] = &[
    "incomplete-map",
    "incomplete-profile",
    "incomplete-tunnel",
    "profile-elsewhere",
];

/// All findings, those of reading before those of the rules.
pub fn told_once(
    sources: &Sources,
    of_reading: Vec<Finding>,
    mut of_rules: Vec<Finding>,
) -> Vec<Finding> {
    let said: BTreeSet<_> = of_rules.iter().flat_map(|f| places(sources, f)).collect();
    let mut findings = of_reading;
    findings.retain(|finding| {
        let mut rules = of_rules.iter_mut();
        match rules.find(|rule| absorbs(sources, rule, finding)) {
            Some(rule) => {
                absorb(sources, rule, finding);
                false
            }
            None => !places(sources, finding).any(|at| said.contains(&at)),
        }
    });
    if findings.iter().any(|f| LEAVES_OUT.contains(&f.code)) {
        of_rules.retain(|rule| rule.code != "no-tunnel-meant");
    }
    of_rules.retain(|rule| match cause(rule, &mut findings) {
        Some(cause) => {
            cause.notes.push(because_of_it(rule));
            cause.severity = cause.severity.max(rule.severity);
            cause.when = cause.when.take().or_else(|| rule.when.clone());
            cause.starter = cause.starter.take().or_else(|| rule.starter.clone());
            false
        }
        None => true,
    });
    findings.extend(of_rules);
    findings
}

/// As a consequence is told with its cause.
pub(crate) fn because_of_it(finding: &Finding) -> String {
    format!("because of it, {}", finding.title)
}

/// What a rule's finding only follows from, if reading told one thing that can be it: it says that
/// something can't be used, or that there is nothing to judge.
fn cause<'f>(rule: &Finding, of_reading: &'f mut [Finding]) -> Option<&'f mut Finding> {
    let told_at_reading = |note: &String| note.ends_with(TOLD_AT_READING);
    let (file, least) = match rule.code {
        "no-tunnel-meant" => (None, Severity::Warning),
        "child-disabled" | "connection-disabled" if rule.notes.iter().any(told_at_reading) => {
            let place = rule.labels.iter().find(|label| label.primary)?;
            (Some(place.span.file), Severity::Error)
        }
        _ => return None,
    };
    let may_be = |finding: &Finding| {
        let mut labels = finding.labels.iter();
        finding.severity >= least
            && labels.any(|label| label.primary && file.is_none_or(|it| it == label.span.file))
    };
    let mut all = of_reading.iter_mut().filter(|finding| may_be(finding));
    let only = all.next()?;
    // A word that was mistyped is told with all that comes of it elsewhere.
    let is_cause = all.next().is_none() && only.fixes.is_empty() && only.choices.is_empty();
    is_cause.then_some(only)
}

/// The lines of the mistake itself; a rule may tell of several at once.
fn places<'a>(
    sources: &'a Sources,
    finding: &'a Finding,
) -> impl Iterator<Item = (&'static str, FileId, u32)> + 'a {
    let primary = finding.labels.iter().filter(|label| label.primary);
    primary.map(|label| {
        let (file, line) = line(sources, label);
        (finding.code, file, line)
    })
}

fn line(sources: &Sources, label: &Label) -> (FileId, u32) {
    (label.span.file, sources.position(label.span).line)
}

fn absorbs(sources: &Sources, rule: &Finding, finding: &Finding) -> bool {
    let mut table = ABSORBED.iter();
    let of_rule = table.find(|(code, ..)| *code == rule.code);
    let Some((_, near, _)) = of_rule.filter(|(.., codes)| codes.contains(&finding.code)) else {
        return false;
    };
    let is_near = |label: &Label| {
        let mut own = rule.labels.iter().filter(|own| own.primary);
        own.any(|own| match near {
            Near::File => own.span.file == label.span.file,
            Near::Line => line(sources, own) == line(sources, label),
        })
    };
    finding
        .labels
        .iter()
        .any(|label| label.primary && is_near(label))
}

/// The rule's finding with the places that only the dialect named, and as severe as the worse.
fn absorb(sources: &Sources, rule: &mut Finding, finding: &Finding) {
    let known: Vec<_> = rule.labels.iter().map(|own| line(sources, own)).collect();
    let unknown = |label: &&Label| !known.contains(&line(sources, label));
    let more: Vec<_> = finding.labels.iter().filter(unknown).cloned().collect();
    if !more.is_empty() {
        rule.notes.push(finding.title.clone());
    }
    rule.labels.extend(more.into_iter().map(|label| Label {
        primary: false,
        ..label
    }));
    rule.severity = rule.severity.max(finding.severity);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossgate_diag::Span;

    fn three_lines() -> (Sources, FileId) {
        let mut sources = Sources::new();
        let file = sources.add("a.cfg", "one\ntwo\nthree\n");
        (sources, file)
    }

    #[test]
    fn of_one_place_and_code_the_rules_finding_is_told() {
        let (sources, file) = three_lines();
        let at = |code, range| Finding::warning(code, "").at(Span::new(file, range), "");
        let of_reading = vec![at("a", 0..3), at("b", 0..3), at("a", 8..9)];
        let findings = told_once(&sources, of_reading, vec![at("a", 2..3)]);
        let told = findings.iter().map(|f| (f.code, f.labels[0].span.start));
        assert_eq!(told.collect::<Vec<_>>(), [("b", 0), ("a", 8), ("a", 2)]);
    }

    #[test]
    fn a_rule_of_several_places_says_what_a_dialect_says_of_each() {
        let (sources, file) = three_lines();
        let at = |range| Finding::warning("a", "").at(Span::new(file, range), "");
        let of_rules = vec![at(0..3).at(Span::new(file, 4..7), "")];
        let findings = told_once(&sources, vec![at(0..3), at(4..7), at(8..9)], of_rules);
        let told = findings.iter().map(|f| f.labels[0].span.start);
        assert_eq!(told.collect::<Vec<_>>(), [8, 0]);
    }

    #[test]
    fn a_rule_takes_over_what_a_dialect_calls_by_another_name() {
        let (sources, file) = three_lines();
        let lacking =
            Finding::error("key-missing", "peer `P` has no key").at(Span::new(file, 8..9), "");
        let rule = Finding::error("key-missing", "no key").at(Span::new(file, 0..3), "");
        let findings = told_once(&sources, vec![lacking], vec![rule]);
        let [one] = findings.as_slice() else {
            panic!("{findings:?}");
        };
        let labels: Vec<_> = one
            .labels
            .iter()
            .map(|l| (l.span.start, l.primary))
            .collect();
        assert_eq!(
            (one.code, labels),
            ("key-missing", vec![(0, true), (8, false)])
        );
        assert_eq!(one.notes, ["peer `P` has no key"]);
    }

    #[test]
    fn what_follows_from_the_one_thing_that_reading_told_is_told_with_it() {
        let (sources, file) = three_lines();
        let at = |code, range| Finding::error(code, "no").at(Span::new(file, range), "");
        let follows = || vec![Finding::error("no-tunnel-meant", "none is meant")];
        let told = told_once(&sources, vec![at("undefined-name", 0..3)], follows());
        let told: Vec<_> = told.iter().map(|f| (f.code, f.notes.clone())).collect();
        let note = "because of it, none is meant".to_owned();
        assert_eq!(told, [("undefined-name", vec![note])]);
        let several = vec![at("undefined-name", 0..3), at("invalid-value", 4..7)];
        assert_eq!(told_once(&sources, several, follows()).len(), 3);
    }

    #[test]
    fn a_note_that_takes_over_a_warning_is_one() {
        let (sources, file) = three_lines();
        let hidden = Finding::warning("key-not-comparable", "hidden").at(Span::new(file, 0..3), "");
        let rule = Finding::note("key-not-comparable", "").at(Span::new(file, 0..3), "");
        let findings = told_once(&sources, vec![hidden], vec![rule]);
        let told = findings.iter().map(|f| (f.code, f.severity, f.notes.len()));
        let wanted = [("key-not-comparable", Severity::Warning, 0)];
        assert_eq!(told.collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn a_code_of_many_meanings_is_taken_over_on_the_same_line_only() {
        let (sources, file) = three_lines();
        let at = |code, range| Finding::error(code, "").at(Span::new(file, range), "");
        let of_reading = vec![at("not-obeyed", 0..3), at("not-obeyed", 4..7)];
        let findings = told_once(&sources, of_reading, vec![at("ike-version-differs", 4..7)]);
        let told = findings.iter().map(|f| (f.code, f.labels[0].span.start));
        let wanted = [("not-obeyed", 0), ("ike-version-differs", 4)];
        assert_eq!(told.collect::<Vec<_>>(), wanted);
    }
}
