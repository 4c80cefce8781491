//! What `check` says of a pair, and what becomes of it when it is rehearsed.

use crossgate_check::{Options, Side, judge_pair};
use crossgate_diag::Sources;
use crossgate_gateway::dialect::{Dialect, Read};
use crossgate_model::Verdict;

/// A pair of files that is judged, in the order in which they are given.
pub struct Given {
    pub names: [&'static str; 2],
    pub texts: [String; 2],
}

/// What both say; `Err` where a file can't be read at all, so that there is nothing to judge.
pub fn judged(given: &Given) -> Result<Judged, String> {
    let mut sources = Sources::new();
    let [a, b] = &given.texts;
    let reads = [
        read(&mut sources, given.names[0], a)?,
        read(&mut sources, given.names[1], b)?,
    ];
    let sides = [0, 1].map(|at| Side {
        name: given.names[at],
        gateway: &reads[at].gateway,
        language: &*reads[at].language,
    });
    let report = judge_pair(&sources, sides, Options::default());
    let said: Vec<&'static str> = report.findings.iter().map(|finding| finding.code).collect();
    Ok(Judged {
        check: report.verdict.unwrap_or(Verdict::NeverComesUp),
        codes: said,
    })
}

pub struct Judged {
    pub check: Verdict,
    /// Of the findings, for whoever looks into a disagreement.
    pub codes: Vec<&'static str>,
}

fn read(sources: &mut Sources, name: &str, text: &str) -> Result<Read, String> {
    let dialect = Dialect::of(text).ok_or("looks like no configuration")?;
    let file = sources.add(name, text);
    dialect.read(sources, file, None)
}
