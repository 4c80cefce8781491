//! What the fuzz target `check_pair` of `fuzz/` runs, and what the tests run over the same corpus:
//! laws that hold for whatever two files say.
//!
//! Which file is named first is the reader's choice and no fact of the network. So the verdict in
//! the other order is the same with its ends exchanged. How many findings there are of each cause is
//! not: where both ends have the same fault, the first one's may be told for both.

use crate::{Options, Profile, Report, Side, judge_one, judge_pair};
use crossgate_diag::{FileId, Sources};
use crossgate_model::fuzzing::{Law, findings_are_told, law, text};
use crossgate_model::{Gateway, Language, Verdict};

/// The line between the two texts.
pub const SEPARATOR: &str = "\n=====\n";

/// What a dialect makes of a text.
pub type Read = (Gateway, Box<dyn Language>);

/// Two texts that may be configurations, and a reader of both languages.
///
/// # Errors
/// The law that they broke.
pub fn pair(data: &[u8], read: &dyn Fn(&mut Sources, FileId) -> Option<Read>) -> Law {
    let text = text(data);
    let Some((first, second)) = text.split_once(SEPARATOR) else {
        return Ok(());
    };
    let mut sources = Sources::new();
    let files = [("first", first), ("second", second)].map(|(name, text)| sources.add(name, text));
    let [a, b] = files.map(|file| read(&mut sources, file));
    let (Some(a), Some(b)) = (a, b) else {
        return Ok(());
    };
    let [a, b] = [("first", &a), ("second", &b)].map(|(name, (gateway, language))| Side {
        name,
        gateway,
        language: &**language,
    });
    let options = options(data.len());
    for side in [a, b] {
        findings_are_told(
            &sources,
            &files,
            &judge_one(&sources, side, options).findings,
        )?;
    }
    let report = judge_pair(&sources, [a, b], options);
    findings_are_told(&sources, &files, &report.findings)?;
    is_the_same_in_the_other_order(&report, &judge_pair(&sources, [b, a], options))
}

/// Every length of a text asks for something else.
fn options(length: usize) -> Options {
    let profiles = [
        Profile::Baseline,
        Profile::Cnsa2,
        Profile::Bsi,
        Profile::Nist,
    ];
    let profile = profiles.get(length % 4).copied().unwrap_or_default();
    Options {
        profile,
        now: Some(1_790_000_000),
        nat_between: length.is_multiple_of(3),
    }
}

fn is_the_same_in_the_other_order(report: &Report, other: &Report) -> Law {
    let verdict = other.verdict.map(exchanged);
    law(report.verdict == verdict, || {
        format!("the verdict is {:?}, or {verdict:?}", report.verdict)
    })
}

fn exchanged(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::NoTraffic { from } => Verdict::NoTraffic {
            from: from.map(|end| end.other()),
        },
        Verdict::OnlyWhen { starts } => Verdict::OnlyWhen {
            starts: starts.other(),
        },
        same => same,
    }
}
