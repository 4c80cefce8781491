//! Cures applied one after another, each to what the ones before it left, and judged again.

use crate::choose::wrong;
use crate::meant::traced;
use crate::once::because_of_it;
use crossgate_diag::{Finding, Fix, Severity};
use crossgate_model::Verdict;
use std::cmp::Reverse;
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

    /// The same judgement, with these findings instead.
    fn retold(self, findings: Vec<Finding>) -> Self;
}

/// What names a cure among all that were tried.
type Attempt = (&'static str, String, String);

/// Takes each finding's first cure that leaves less to say than there was, the worst findings first.
/// `applied` is told of each that was taken, with the judgement that it was taken from, which is
/// [`traced`], as the result is.
pub fn mend<J: Judgement>(judged: J, mut applied: impl FnMut(&J, &Finding, &Fix)) -> J {
    let mut now = judged;
    let mut tried = BTreeSet::new();
    for _ in 0..MAX_ROUNDS {
        let Some((finding, fix)) = next(&now, &tried) else {
            break;
        };
        let then = now.with(fix).map(traced);
        match then.filter(|then| cures(&now, then, finding)) {
            Some(then) => {
                applied(&now, finding, fix);
                now = then;
            }
            // One that was taken may be needed again: the same fault in another place.
            None => {
                tried.insert(attempt(finding, fix));
            }
        }
    }
    now
}

/// The findings, each without the cures of it that leave it or bring in something else, where it has
/// others. A rule sees its own cause only; this tries them.
pub fn sifted<J: Judgement>(judged: &J) -> Vec<Finding> {
    let sifted = |finding: &Finding| {
        let mut finding = finding.clone();
        if has_choice(&finding) {
            let tried = finding.fixes.iter();
            let sound: Vec<Fix> = tried
                .filter(|fix| is_sound(judged, &finding, fix))
                .cloned()
                .collect();
            if !sound.is_empty() {
                finding.fixes = sound;
            }
        }
        finding
    };
    judged.findings().iter().map(sifted).collect()
}

/// How often [`sifted`] has the files judged.
pub fn trials(findings: &[Finding]) -> usize {
    let choices = findings.iter().filter(|finding| has_choice(finding));
    choices.map(|finding| finding.fixes.len()).sum()
}

fn has_choice(finding: &Finding) -> bool {
    finding.fixes.len() > 1
}

fn is_sound<J: Judgement>(judged: &J, finding: &Finding, fix: &Fix) -> bool {
    let Some(then) = judged.with(fix).map(traced) else {
        return false;
    };
    let same = |judged: &J| {
        let findings = judged.findings().iter();
        findings.filter(|f| is_same(f, finding)).count()
    };
    same(&then) < same(judged) && new_troubles(judged.findings(), then.findings()).is_empty()
}

pub(crate) fn is_same(finding: &Finding, other: &Finding) -> bool {
    finding.code == other.code && finding.title == other.title
}

/// The errors and warnings of `then` that `before` says nothing of.
pub fn new_troubles<'a>(before: &[Finding], then: &'a [Finding]) -> Vec<&'a Finding> {
    let known = |finding: &Finding| {
        let mut all = before.iter();
        all.any(|f| {
            let is_it = f.code == finding.code && says_no_more(&finding.title, &f.title);
            // What one finding was told with is not new where it stands alone.
            let because = because_of_it(finding);
            is_it || f.notes.contains(&finding.title) || f.notes.contains(&because)
        })
    };
    let troubles = then.iter().filter(|f| f.severity > Severity::Note);
    troubles.filter(|finding| !known(finding)).collect()
}

/// Whether a title has only words of the other: less is left of one cause, or another end is named
/// first.
pub(crate) fn says_no_more(title: &str, than: &str) -> bool {
    let words = |text: &str| -> BTreeSet<String> {
        let words = text.split(|c: char| c.is_whitespace() || c == ',');
        words.map(str::to_owned).collect()
    };
    words(title).is_subset(&words(than))
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
    untried.min_by_key(|(finding, _)| Reverse(finding.severity))
}

/// Whether the finding is gone and all in all less is wrong, or less is left of one cause.
fn cures<J: Judgement>(now: &J, then: &J, finding: &Finding) -> bool {
    let same = |judged: &J| {
        let findings = judged.findings().iter();
        findings.filter(|f| is_same(f, finding)).count()
    };
    let is_rest = |f: &Finding| {
        f.code == finding.code && f.title != finding.title && says_no_more(&f.title, &finding.title)
    };
    let is_less = || {
        let has_rest = then.findings().iter().any(is_rest);
        has_rest && new_troubles(now.findings(), then.findings()).is_empty()
    };
    same(then) < same(now) && (wrong(then) < wrong(now) || wrong(then) == wrong(now) && is_less())
}

/// From best to worst, as far as a cure can make it better: one of two ends is more than none, and
/// a rekey that fails later is what an earlier one hid.
pub(crate) fn badness(verdict: Verdict) -> (u8, Reverse<u64>) {
    match verdict {
        Verdict::ComesUp => (0, Reverse(0)),
        Verdict::FailsAtRekey { seconds } => (1, Reverse(seconds)),
        Verdict::NoTraffic { from: Some(_) } => (2, Reverse(0)),
        Verdict::NoTraffic { from: None } => (3, Reverse(0)),
        Verdict::OnlyWhen { .. } => (4, Reverse(0)),
        Verdict::NeverComesUp => (5, Reverse(0)),
    }
}
