//! A mistyped word is one cause, whatever comes of it: the files are judged as they were meant too,
//! and what is gone then is what the word did.
//!
//! A dialect that reads a word which is nearly one that it knows says so, with the fix that mends
//! it. The lines below a mistyped header aren't obeyed, so that names are undefined, keys missing
//! and tunnels not meant: that is told in the word's finding, and not beside it. What is wrong apart
//! from the word, and may be hidden by it, is told of the files as they were meant. The verdict
//! stays that of the files as they are.

use crate::choose::{self, chosen, is_undecided};
use crate::mend::{Judgement, badness, says_no_more};
use crate::once::because_of_it;
use crossgate_diag::{Before, Finding, Fix, Severity};

/// What dialects call a word that means nothing where it stands. With a fix, they know what it was
/// to be.
const UNKNOWN: [&str; 6] = [
    "unknown-line",
    "unknown-word",
    "unknown-element",
    "invalid-value",
    "undefined-name",
    SUSPECTED,
];

/// A peer's address that is another than the peer's: keys and identities are looked for by it.
const ELSEWHERE: &str = "peer-address-not-mirrored";

/// A name that may be right. It is told where less is wrong with the other one.
const SUSPECTED: &str = "nearly-named";

/// Mistyped words that are told from each other. A file with more wasn't mistyped.
pub(crate) const MOST: usize = 8;

/// How often a mended word may show another one, in the lines below it.
const ROUNDS: usize = 3;

/// The findings of mistyped words, each with the fix that writes what was meant; none where they are
/// too many.
pub fn slips(findings: &[Finding]) -> Vec<&Finding> {
    let slips = findings.iter().filter(|finding| is_slip(finding));
    let mut slips: Vec<&Finding> = slips.collect();
    if slips.len() > MOST {
        slips.clear();
    }
    slips
}

/// How often [`traced`] has the files judged, about.
pub fn trials(findings: &[Finding]) -> usize {
    let open = choose::trials(findings);
    match slips(findings).len() + usize::from(open > 0) {
        0 => 0,
        slips => open + 2 * slips + 1,
    }
}

/// The judgement with each mistyped word told once, with all that comes of it.
#[must_use]
pub fn traced<J: Judgement>(judged: J) -> J {
    traced_within(judged, ROUNDS)
}

fn traced_within<J: Judgement>(judged: J, rounds: usize) -> J {
    let judged = chosen(judged);
    match told(&judged, rounds) {
        Some(findings) => judged.retold(findings),
        None => judged,
    }
}

fn is_slip(finding: &Finding) -> bool {
    let is_wrong = UNKNOWN.contains(&finding.code) || finding.code == ELSEWHERE;
    is_wrong && !finding.fixes.is_empty()
}

/// Nothing where nothing is to be told otherwise.
fn told<J: Judgement>(judged: &J, rounds: usize) -> Option<Vec<Finding>> {
    let slips = slips(judged.findings());
    if slips.is_empty() || rounds == 0 {
        return None;
    }
    // A word that does harm once it is mended is better left alone.
    let (slips, left): (Vec<&Finding>, Vec<&Finding>) =
        slips.into_iter().partition(|slip| serves(judged, slip));
    let all = together(&slips);
    let meant = match slips.is_empty() {
        true => None,
        false => Some(traced_within(judged.with(&all)?, rounds - 1)),
    };
    let Some(meant) = meant else {
        let findings = judged.findings().iter();
        return Some(findings.filter_map(|f| without_fix(f, &left)).collect());
    };
    let mut findings = Vec::new();
    for (index, slip) in slips.iter().enumerate() {
        let mut others = slips.clone();
        others.remove(index);
        let without = match others.is_empty() {
            true => None,
            false => Some(judged.with(&together(&others))?),
        };
        let without = without.as_ref().unwrap_or(judged).findings();
        let mut told = with_what_comes_of_it(slip, without, meant.findings());
        if is_undecided(&told) {
            // It was one of many as good: that is the reader's choice.
            told.fixes.clear();
            told.choices.clear();
        }
        findings.push(told);
    }
    let edits = all.amendments.iter().flat_map(|part| &part.edits);
    let before = Before::new(edits);
    findings.extend(meant.findings().iter().map(|f| before.finding(f)));
    Some(findings)
}

/// The first fixes of all of them as one.
fn together(slips: &[&Finding]) -> Fix {
    let mut all = Fix {
        text: String::new(),
        amendments: Vec::new(),
    };
    for part in slips
        .iter()
        .filter_map(|slip| slip.fixes.first())
        .flat_map(|fix| &fix.amendments)
    {
        match all.amendments.iter_mut().find(|p| p.file == part.file) {
            Some(known) => known.join(part.clone()),
            None => all.amendments.push(part.clone()),
        }
    }
    all
}

/// Whether the files as they were meant come to no less than as they are; with a suspected name, to
/// more.
fn serves<J: Judgement>(judged: &J, slip: &Finding) -> bool {
    let Some(then) = judged.with(&together(&[slip])) else {
        return false;
    };
    if slip.code == SUSPECTED {
        let wrong = |judged: &J| {
            let troubles = judged.findings().iter();
            let troubles = troubles.filter(|finding| finding.severity > Severity::Note);
            (judged.verdict().map(badness), troubles.count())
        };
        return wrong(&then) < wrong(judged);
    }
    match (judged.verdict(), then.verdict()) {
        (Some(now), Some(then)) => badness(then) <= badness(now),
        _ => errors(then.findings()) <= errors(judged.findings()),
    }
}

fn errors(findings: &[Finding]) -> usize {
    let errors = findings.iter().filter(|f| f.severity == Severity::Error);
    errors.count()
}

/// `without` is what is found while that word alone is mistyped, `meant` while none is.
fn with_what_comes_of_it(slip: &Finding, without: &[Finding], meant: &[Finding]) -> Finding {
    let mut told = slip.clone();
    for comes in without.iter().filter(|f| f.severity > Severity::Note) {
        let stays = |f: &Finding| f.code == comes.code && says_no_more(&comes.title, &f.title);
        if is_slip(comes) || meant.iter().any(stays) {
            continue;
        }
        told.severity = told.severity.max(comes.severity);
        let note = because_of_it(comes);
        if !told.notes.contains(&note) {
            told.notes.push(note);
        }
        if told.symptoms.is_empty() && comes.severity == Severity::Error {
            told.symptoms.clone_from(&comes.symptoms);
        }
    }
    told
}

/// Nothing is left of a name that was only suspected.
fn without_fix(finding: &Finding, left: &[&Finding]) -> Option<Finding> {
    let mut finding = finding.clone();
    if left.iter().any(|slip| is_same_place(slip, &finding)) {
        if finding.code == SUSPECTED {
            return None;
        }
        for fix in std::mem::take(&mut finding.fixes) {
            let note = format!("to {} in its place would make it worse", fix.text);
            finding.notes.push(note);
        }
    }
    Some(finding)
}

fn is_same_place(slip: &Finding, finding: &Finding) -> bool {
    let place = |finding: &Finding| finding.labels.first().map(|label| label.span);
    slip.code == finding.code && slip.title == finding.title && place(slip) == place(finding)
}
