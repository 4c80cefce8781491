//! A word that may have been meant to be one of several: which of them shows in what comes of each.

use crate::meant::MOST;
use crate::mend::{Judgement, badness};
use crossgate_diag::{Finding, Fix, Severity};
use std::cmp::Reverse;

/// As many equally good words are offered; more is no choice.
const OFFERED: usize = 3;

/// How often [`chosen`] has the files judged.
pub fn trials(findings: &[Finding]) -> usize {
    open(findings).map(|finding| finding.choices.len()).sum()
}

/// The judgement with each such word's best choices as its fixes. Where too many are as good, one of
/// them stands for all, and the finding goes on having its choices.
#[must_use]
pub fn chosen<J: Judgement>(judged: J) -> J {
    let count = open(judged.findings()).count();
    if count == 0 || count > MOST {
        return judged;
    }
    let findings = judged.findings().iter();
    let findings = findings.map(|finding| match is_open(finding) {
        true => choose(&judged, finding),
        false => finding.clone(),
    });
    let findings = findings.collect();
    judged.retold(findings)
}

fn open(findings: &[Finding]) -> impl Iterator<Item = &Finding> {
    findings.iter().filter(|finding| is_open(finding))
}

fn is_open(finding: &Finding) -> bool {
    finding.fixes.is_empty() && !finding.choices.is_empty()
}

/// Whether the word is still any of several.
pub(crate) fn is_undecided(finding: &Finding) -> bool {
    !finding.choices.is_empty()
}

fn choose<J: Judgement>(judged: &J, finding: &Finding) -> Finding {
    let mut chosen = finding.clone();
    let mut alone = wrong(judged);
    // Without the word's own finding.
    alone.1[0] = alone.1[0].saturating_sub(1);
    let fixes = finding.choices.iter().filter_map(|c| c.fix.as_ref());
    let tried = fixes.filter_map(|fix| Some((wrong(&judged.with(fix)?), fix)));
    let better: Vec<(Wrong, &Fix)> = tried.filter(|(wrong, _)| *wrong < alone).collect();
    let Some(least) = better.iter().map(|(wrong, _)| *wrong).min() else {
        return chosen;
    };
    let best = better.into_iter().filter(|(wrong, _)| *wrong == least);
    chosen.fixes = best.map(|(_, fix)| fix.clone()).collect();
    match chosen.fixes.len() <= OFFERED {
        true => {
            chosen.choices.clear();
            chosen.help = None;
            if judged.verdict().is_some() {
                let note = "of what may stand there, this goes best with the other file";
                chosen.notes.push(note.into());
            }
        }
        false => chosen.fixes.truncate(1),
    }
    chosen
}

/// The verdict, and how many errors, warnings and notes there are.
pub(crate) type Wrong = (Option<(u8, Reverse<u64>)>, [usize; 3]);

pub(crate) fn wrong<J: Judgement>(judged: &J) -> Wrong {
    let severities = [Severity::Error, Severity::Warning, Severity::Note];
    let count = |s| judged.findings().iter().filter(|f| f.severity == s).count();
    (judged.verdict().map(badness), severities.map(count))
}
