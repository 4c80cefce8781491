//! What the fixes are good for that `check` offers for broken pairs: each alone, and all together.

use super::choice::Start;
use super::judge::{Checked, Given, checked};
use super::run::{agree, each, given, told};
use super::table::Mutation;
use crossgate_check::meant::traced;
use crossgate_check::mend::{Judgement, mend, new_troubles, sifted};
use crossgate_diag::{Edit, Finding, Fix, Severity, apply};
use crossgate_model::Verdict;
use std::collections::BTreeMap;

/// Of one rule's findings.
#[derive(Clone, Debug, Default)]
struct Count {
    findings: usize,
    /// Fixes that were tried alone, and those of them that kept their word.
    tried: usize,
    good: usize,
    /// Findings that offer nothing: a language can't say it, or the rule knows no cure.
    by_hand: usize,
    without: usize,
    /// Errors that all fixes together left.
    left: usize,
}

/// What was tried of one broken pair.
pub struct Tried {
    counts: BTreeMap<&'static str, Count>,
    /// With all fixes, by the rehearsal; nothing where errors are left that have no fix.
    pub end: End,
    /// Where a fix, or all of them, did not keep their word.
    pub faults: Vec<String>,
}

/// What all fixes together come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    ComesUp,
    /// Errors are left for which no fix is offered.
    ErrorsLeft,
    /// No error is left, but it serves only in part, as the verdict says.
    Partly,
    /// Anything else; the faults tell what.
    Wrong,
}

impl Judgement for Checked {
    fn findings(&self) -> &[Finding] {
        &self.findings
    }

    fn verdict(&self) -> Option<Verdict> {
        Some(self.verdict)
    }

    fn with(&self, fix: &Fix) -> Option<Self> {
        let texts = self.files.map(|file| {
            let amendments = fix.amendments.iter().filter(|part| part.file == file);
            let edits: Vec<Edit> = amendments.flat_map(|part| part.edits.clone()).collect();
            apply(self.sources.get(file).text(), &edits)
        });
        let names = self.names;
        checked(&Given { names, texts }).ok()
    }

    fn retold(mut self, findings: Vec<Finding>) -> Self {
        self.findings = findings;
        self
    }
}

/// In the order of `work`, with those left out that no fix can be asked of.
pub fn run(work: &[(&Start, Mutation)]) -> Vec<Tried> {
    each(work, |(start, mutation)| {
        let judged = checked(&given(start, mutation)).expect("it was judged before");
        tried(judged, &mutation.name)
    })
}

fn tried(judged: Checked, name: &str) -> Tried {
    let mut judged = traced(judged);
    judged.findings = sifted(&judged);
    let mut tried = Tried {
        counts: BTreeMap::new(),
        end: End::Wrong,
        faults: Vec::new(),
    };
    for finding in &judged.findings {
        let count = tried.counts.entry(finding.code).or_default();
        count.findings += 1;
        let by_hand = finding.notes.iter().any(|note| note.contains("by hand"));
        match (finding.fixes.is_empty(), by_hand) {
            (true, true) => count.by_hand += 1,
            (true, false) => count.without += 1,
            (false, _) => {}
        }
        for fix in &finding.fixes {
            count.tried += 1;
            match alone(&judged, finding, fix) {
                Ok(()) => count.good += 1,
                Err(why) => tried.faults.push(format!(
                    "{name}\n    {}[{}] {}\n    {}: {why}",
                    finding.severity.word(),
                    finding.code,
                    finding.title,
                    fix.text,
                )),
            }
        }
    }
    together(judged, name, &mut tried);
    tried
}

/// The finding is gone after its fix, and nothing is wrong that wasn't.
fn alone(judged: &Checked, finding: &Finding, fix: &Fix) -> Result<(), String> {
    let Some(then) = judged.with(fix).map(traced) else {
        return Err("the files can't be read then".into());
    };
    let same = |judged: &Checked| {
        let all = judged.findings.iter();
        all.filter(|f| f.code == finding.code && f.title == finding.title)
            .count()
    };
    if same(&then) >= same(judged) {
        return Err("the finding is still there".into());
    }
    let new = new_troubles(&judged.findings, &then.findings);
    if new.is_empty() {
        return Ok(());
    }
    let new: Vec<String> = new.into_iter().map(in_words).collect();
    Err(format!("new: {}", new.join("; ")))
}

fn in_words(finding: &Finding) -> String {
    format!(
        "{}[{}] {}",
        finding.severity.word(),
        finding.code,
        finding.title
    )
}

/// After all fixes no error is left that has one, and the pair does what is said of it then.
fn together(judged: Checked, name: &str, tried: &mut Tried) {
    let mended = mend(judged, |_, _, _| {});
    let observed = mended.observed().verdict;
    let mut wrong = Vec::new();
    if !agree(mended.verdict, observed) {
        let said = told(mended.verdict);
        wrong.push(format!("check: {said}; rehearsal: {}", told(observed)));
    }
    let errors = mended
        .findings
        .iter()
        .filter(|f| f.severity == Severity::Error);
    let errors: Vec<&Finding> = errors.collect();
    for error in &errors {
        tried.counts.entry(error.code).or_default().left += 1;
        if !error.fixes.is_empty() {
            wrong.push(format!("left, though it has a fix: {}", in_words(error)));
        }
    }
    tried.end = match (wrong.is_empty(), errors.is_empty(), observed.is_good()) {
        (false, ..) => End::Wrong,
        (true, false, _) => End::ErrorsLeft,
        (true, true, true) => End::ComesUp,
        (true, true, false) => End::Partly,
    };
    if !wrong.is_empty() {
        let wrong = wrong.join("\n    ");
        tried.faults.push(format!("{name}\n    all fixes: {wrong}"));
    }
}

/// By rule.
pub fn table(all: &[Tried]) -> String {
    let mut sums: BTreeMap<&str, Count> = BTreeMap::new();
    for (code, count) in all.iter().flat_map(|tried| &tried.counts) {
        let sum = sums.entry(code).or_default();
        sum.findings += count.findings;
        sum.tried += count.tried;
        sum.good += count.good;
        sum.by_hand += count.by_hand;
        sum.without += count.without;
        sum.left += count.left;
    }
    let mut text = format!(
        "{:34}{:>9}{:>13}{:>6}{:>9}{:>8}{:>13}",
        "rule", "findings", "fixes tried", "good", "by hand", "no fix", "errors left"
    );
    for (code, sum) in sums {
        text += &format!(
            "\n{code:34}{:>9}{:>13}{:>6}{:>9}{:>8}{:>13}",
            sum.findings, sum.tried, sum.good, sum.by_hand, sum.without, sum.left
        );
    }
    text
}
