//! What `check` says of a pair, and what becomes of it when it is rehearsed.

use crossgate_check::{Options, Side, explain, judge_pair, told_once};
use crossgate_diag::{FileId, Finding, Sources};
use crossgate_gateway::dialect::{Dialect, Hints, Read};
use crossgate_model::{End, Gateway, Verdict};
use crossgate_rehearse::observe::{self, Observation, observe};
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
    /// Those of reading before those of the rules, each cause once.
    pub findings: Vec<Finding>,
    pub sources: Sources,
    pub names: [&'static str; 2],
    pub files: [FileId; 2],
    gateways: [Gateway; 2],
}

impl Checked {
    /// What becomes of the pair when it is run.
    pub fn observed(&self) -> Observation {
        let [a, b] = &self.gateways;
        observe(a, b, observe::Options::default())
    }

    /// When the tunnel is up that this end starts, by the rehearsal.
    pub fn up_after(&self, starter: End) -> Option<Duration> {
        let observation = self.observed();
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
    let files = [
        sources.add(given.names[0], a),
        sources.add(given.names[1], b),
    ];
    let mut reads = [
        read(&mut sources, files[0], a)?,
        read(&mut sources, files[1], b)?,
    ];
    let sides = [0, 1].map(|at| Side {
        name: given.names[at],
        gateway: &reads[at].gateway,
        language: &*reads[at].language,
    });
    let report = judge_pair(&sources, sides, Options::default());
    let codes = report.findings.iter().map(|finding| finding.code).collect();
    let of_reading = reads
        .iter_mut()
        .flat_map(|read| std::mem::take(&mut read.findings));
    // As the program does: what our own gateway does without, the judge takes into account.
    let of_reading = of_reading.filter(|finding| finding.code != "only-judged");
    let findings = told_once(&sources, of_reading.collect(), report.findings);
    for finding in &findings {
        assert!(
            explain(finding.code).is_some(),
            "{} has no page",
            finding.code
        );
    }
    let gateways = reads.map(|read| read.gateway);
    let verdict = report.verdict.unwrap_or(Verdict::NeverComesUp);
    Ok(Checked {
        verdict,
        codes,
        rekeyer: rekeyer(verdict, &gateways),
        findings,
        sources,
        names: given.names,
        files,
        gateways,
    })
}

pub fn judged(given: &Given) -> Result<Judged, String> {
    let checked = checked(given)?;
    let observation = checked.observed();
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

fn read(sources: &mut Sources, file: FileId, text: &str) -> Result<Read, String> {
    let dialect = Dialect::of(text).ok_or("looks like no configuration")?;
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
