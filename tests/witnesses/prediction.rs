//! The first witness: what `check` says of a pair.

use super::case::{Case, ENDS, Pair};
use crossgate_check::{Options, Report, Side, judge_pair, told_once};
use crossgate_diag::{Amendment, FileId, SourceFile, Sources, apply};
use crossgate_gateway::dialect::{Dialect, Hints, Read};
use crossgate_model::language::CannotSay;
use crossgate_model::{
    Change, Connection, End, Event, Gateway, Initiation, Language, RemoteEnd, Verdict,
};
use std::ops::RangeInclusive;
use std::time::Duration;

/// A pair that `check` has judged.
pub struct Judged {
    pub pair: Pair,
    pub gateways: [Gateway; 2],
    pub verdict: Verdict,
    files: [FileId; 2],
    report: Report,
}

/// Something that an end is to report, by its code.
pub type Reported = (End, String);

/// When a rekey is to fail.
pub struct Rekey {
    /// Whose it is.
    pub end: End,
    /// Seconds after the SA came up; the end draws its margin.
    pub within: RangeInclusive<u64>,
}

/// Instead of a vendor's words the codes of events, so that findings tell what they predict.
#[derive(Debug)]
struct Codes<'a>(&'a dyn Language);

impl Language for Codes<'_> {
    fn amend(&self, source: &SourceFile, change: &Change) -> Result<Amendment, CannotSay> {
        self.0.amend(source, change)
    }

    fn amend_all(
        &self,
        source: &SourceFile,
        changes: &[Change],
        wanted: &[Change],
    ) -> Result<Amendment, CannotSay> {
        self.0.amend_all(source, changes, wanted)
    }

    fn symptoms(&self, event: &Event) -> Vec<String> {
        vec![event.kind.code().to_owned()]
    }
}

impl Judged {
    pub fn new(pair: Pair, options: Options) -> Result<Self, String> {
        let mut sources = Sources::new();
        let [a, b] = [0, 1].map(|at| read(&mut sources, &pair.names[at], &pair.texts[at]));
        let ((a_id, a), (b_id, b)) = (a?, b?);
        let codes = [Codes(&*a.language), Codes(&*b.language)];
        let sides = [(0, &a), (1, &b)].map(|(at, read)| Side {
            name: ENDS[at],
            gateway: &read.gateway,
            language: &codes[at],
        });
        let mut report = judge_pair(&sources, sides, options);
        let of_reading = [a.findings.as_slice(), b.findings.as_slice()].concat();
        report.findings = told_once(&sources, of_reading, report.findings);
        Ok(Self {
            verdict: report.verdict.ok_or("a pair without a verdict")?,
            gateways: [a.gateway.clone(), b.gateway.clone()],
            files: [a_id, b_id],
            pair,
            report,
        })
    }

    /// Whether the finding is there, once, and the verdict is the page's.
    pub fn confirm(&self, case: &Case) -> Result<(), String> {
        let count = self.count(case.code);
        let verdict = self.verdict.sentence(ENDS).to_string();
        match (count, verdict == case.example.verdict) {
            (1, true) => Ok(()),
            (1, false) => Err(format!("the verdict is `{verdict}`")),
            (count, _) => Err(format!("found {count} times, not once")),
        }
    }

    /// Whether nothing is left of the finding, and the tunnel is said to serve.
    pub fn confirm_cured(&self, code: &str) -> Result<(), String> {
        match (self.count(code), self.verdict) {
            (0, Verdict::ComesUp) => Ok(()),
            (0, verdict) => Err(format!("the verdict is `{}`", verdict.sentence(ENDS))),
            (count, _) => Err(format!("found {count} times still")),
        }
    }

    fn count(&self, code: &str) -> usize {
        let findings = self.report.findings.iter();
        findings.filter(|finding| finding.code == code).count()
    }

    /// The events that the finding says will be reported.
    pub fn events(&self, code: &str) -> Vec<Reported> {
        let of_code = self.report.findings.iter().filter(|f| f.code == code);
        let symptoms = of_code.flat_map(|finding| &finding.symptoms);
        let end = |name: &str| {
            if name == ENDS[0] {
                End::First
            } else {
                End::Second
            }
        };
        let mut events: Vec<_> = symptoms.map(|s| (end(&s.end), s.line.clone())).collect();
        events.sort();
        events.dedup();
        events
    }

    /// The texts after the finding's first fix, where there is one that its languages can say.
    pub fn cured(&self, code: &str) -> Option<Pair> {
        let found = self.report.findings.iter().find(|f| f.code == code)?;
        let fix = found.fixes.first()?;
        let mut cured = self.pair.clone();
        for (id, text) in self.files.iter().zip(&mut cured.texts) {
            let amendments = fix.amendments.iter().filter(|a| a.file == *id);
            let edits: Vec<_> = amendments.flat_map(|a| a.edits.clone()).collect();
            *text = apply(text, &edits);
        }
        Some(cured)
    }

    /// Whose rekey the verdict is about, where it is about one.
    pub fn rekey(&self) -> Option<Rekey> {
        let Verdict::FailsAtRekey { seconds } = self.verdict else {
            return None;
        };
        End::BOTH.into_iter().find_map(|end| {
            let gateway = &self.gateways[end as usize];
            let margin = gateway.behaviour.child_rekey.value;
            let mut lives = gateway.children().map(|(_, c)| c.lifetime.time.value);
            let life = lives.find(|life| margin.soft(*life, 0) == Duration::from_secs(seconds))?;
            let earliest = margin.soft(life, u16::MAX).as_secs();
            Some(Rekey {
                end,
                within: earliest..=seconds,
            })
        })
    }

    /// Ends whose files let them start the tunnel.
    pub fn starters(&self) -> Vec<End> {
        let may_start = |connection: &Connection| {
            connection.initiation.value != Initiation::Never
                && !matches!(connection.remote, RemoteEnd::Any | RemoteEnd::Within(_))
        };
        let may = |end: &End| {
            let mut connections = self.gateways[*end as usize].connections.iter();
            connections.any(may_start)
        };
        End::BOTH.into_iter().filter(may).collect()
    }
}

fn read(sources: &mut Sources, name: &str, text: &str) -> Result<(FileId, Read), String> {
    let dialect = Dialect::of(text).ok_or_else(|| format!("{name} looks like no configuration"))?;
    let file = sources.add(name, text);
    Ok((file, dialect.read(sources, file, &Hints::default())?))
}
