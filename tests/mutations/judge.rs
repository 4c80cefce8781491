//! What `check` says of a pair, and what becomes of it when it is rehearsed.

use crossgate_check::{Options, Side, judge_pair};
use crossgate_diag::Sources;
use crossgate_gateway::dialect::{Dialect, Hints, Read};
use crossgate_model::{End, Gateway, Verdict};
use crossgate_rehearse::observe::{self, observe};
use std::time::Duration;

/// A pair of files that is judged, in the order in which they are given.
pub struct Given {
    pub names: [&'static str; 2],
    pub texts: [String; 2],
}

/// What is predicted of a pair.
pub struct Checked {
    pub verdict: Verdict,
    /// Of the findings, for whoever looks into a disagreement.
    pub codes: Vec<&'static str>,
    /// Where a rekey is to fail: whose.
    pub rekeyer: Option<End>,
    gateways: [Gateway; 2],
}

impl Checked {
    /// When the tunnel is up that this end starts, by the rehearsal.
    pub fn up_after(&self, starter: End) -> Option<Duration> {
        let [a, b] = &self.gateways;
        let observation = observe(a, b, observe::Options::default());
        let mut starts = observation.starts.iter();
        starts.find(|run| run.starter == starter)?.up_after
    }
}

/// Prediction and observation.
pub struct Judged {
    pub check: Verdict,
    pub codes: Vec<&'static str>,
    pub rehearsal: Verdict,
    /// What the rehearsal saw first.
    pub evidence: Vec<String>,
}

/// Sentences that tell a reader what happened; the rest follows from it.
const EVIDENCE: usize = 3;

/// `Err` where a file can't be read at all, so that there is nothing to judge.
pub fn checked(given: &Given) -> Result<Checked, String> {
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
    let gateways = reads.map(|read| read.gateway);
    let verdict = report.verdict.unwrap_or(Verdict::NeverComesUp);
    Ok(Checked {
        verdict,
        codes: report.findings.iter().map(|finding| finding.code).collect(),
        rekeyer: rekeyer(verdict, &gateways),
        gateways,
    })
}

pub fn judged(given: &Given) -> Result<Judged, String> {
    let checked = checked(given)?;
    let [a, b] = &checked.gateways;
    let observation = observe(a, b, observe::Options::default());
    let evidence = observation.evidence.into_iter();
    Ok(Judged {
        rehearsal: observation.verdict,
        evidence: evidence
            .map(|evidence| evidence.text)
            .take(EVIDENCE)
            .collect(),
        check: checked.verdict,
        codes: checked.codes,
    })
}

fn read(sources: &mut Sources, name: &str, text: &str) -> Result<Read, String> {
    let dialect = Dialect::of(text).ok_or("looks like no configuration")?;
    let file = sources.add(name, text);
    dialect.read(sources, file, &Hints::default())
}

/// The end that has a Child SA to rekey at that time.
fn rekeyer(verdict: Verdict, gateways: &[Gateway; 2]) -> Option<End> {
    let Verdict::FailsAtRekey { seconds } = verdict else {
        return None;
    };
    let rekeys_then = |end: &End| {
        let gateway = &gateways[*end as usize];
        let margin = gateway.behaviour.child_rekey.value;
        let mut lives = gateway
            .children()
            .map(|(_, child)| child.lifetime.time.value);
        lives.any(|life| margin.soft(life, 0) == Duration::from_secs(seconds))
    };
    End::BOTH.into_iter().find(rekeys_then)
}
