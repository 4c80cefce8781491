//! Cures applied one after another, each to what the ones before it left, and judged again.

use crossgate_diag::{Finding, Fix, Severity};
use crossgate_model::Verdict;
use std::collections::BTreeSet;

/// Cures that are tried in all.
const MAX_ROUNDS: usize = 200;

/// Files that were read and judged; this crate can't read them itself.
pub trait Judgement: Sized {
    /// All that was found, at reading too.
    fn findings(&self) -> &[Finding];

    fn verdict(&self) -> Option<Verdict>;

    /// The files with that fix in them, read and judged again; nothing if they can't be read then.
    fn with(&self, fix: &Fix) -> Option<Self>;
}

/// What names a cure among all that were tried.
type Attempt = (&'static str, String, String);

/// Takes each finding's first cure that leaves less to say than there was, the worst findings first.
/// `applied` is told of each that was taken, with the judgement that it was taken from.
pub fn mend<J: Judgement>(judged: J, mut applied: impl FnMut(&J, &Finding, &Fix)) -> J {
    let mut now = judged;
    let mut tried = BTreeSet::new();
    for _ in 0..MAX_ROUNDS {
        let Some((finding, fix)) = next(&now, &tried) else {
            break;
        };
        tried.insert(attempt(finding, fix));
        if let Some(then) = now.with(fix).filter(|then| cures(&now, then, finding)) {
            applied(&now, finding, fix);
            now = then;
        }
    }
    now
}

fn attempt(finding: &Finding, fix: &Fix) -> Attempt {
    (finding.code, finding.title.clone(), fix.text.clone())
}

/// The worst finding's first cure that wasn't tried.
fn next<'a, J: Judgement>(
    judged: &'a J,
    tried: &BTreeSet<Attempt>,
) -> Option<(&'a Finding, &'a Fix)> {
    let findings = judged.findings().iter();
    let fixes = findings.flat_map(|f| f.fixes.iter().map(move |fix| (f, fix)));
    let untried = fixes.filter(|(finding, fix)| !tried.contains(&attempt(finding, fix)));
    // Of equally bad ones, the first.
    untried.min_by_key(|(finding, _)| std::cmp::Reverse(finding.severity))
}

/// Whether the finding is gone and all in all less is wrong.
fn cures<J: Judgement>(now: &J, then: &J, finding: &Finding) -> bool {
    let same = |judged: &J| {
        let findings = judged.findings().iter();
        let same = findings.filter(|f| f.code == finding.code && f.title == finding.title);
        same.count()
    };
    let wrong = |judged: &J| {
        let severities = [Severity::Error, Severity::Warning, Severity::Note];
        let count = |s| judged.findings().iter().filter(|f| f.severity == s).count();
        (judged.verdict(), severities.map(count))
    };
    same(then) < same(now) && wrong(then) < wrong(now)
}
