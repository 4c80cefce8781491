//! Pairs of texts, read and judged.

use crossgate_check::example::{Example, HandedOver};
use crossgate_check::given::{self, Given};
use crossgate_check::{Options, Report, Side, judge_pair};
use crossgate_crypto::pem;
use crossgate_diag::{FileId, Finding, Fix, Severity, Sources, Span, apply};
use crossgate_model::{Gateway, Language};
use std::path::{Path, PathBuf};

pub const NAMES: [&str; 2] = ["branch", "hq"];

pub fn here() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Two texts with the names of their files.
#[derive(Clone, Debug)]
pub struct Pair {
    pub files: [(String, String); 2],
}

impl Pair {
    /// A folder of `examples/`; of the PAN-OS end the `set` form, where there is one.
    pub fn of(folder: &str) -> Result<Self, String> {
        let folder = here().join("../../examples").join(folder);
        let text = |name: &str| {
            let text = std::fs::read_to_string(folder.join(name));
            text.map(|text| (name.to_owned(), text))
                .map_err(|why| format!("{}: {why}", folder.join(name).display()))
        };
        let hq = text("hq.set").or_else(|_| text("hq.xml"))?;
        Ok(Self {
            files: [text("branch.cfg")?, hq],
        })
    }

    pub fn changed(&self, example: &Example) -> Result<Self, String> {
        for file in example.files() {
            if self.files.iter().all(|(name, _)| name != file) {
                return Err(format!("{} has no file {file}", example.base));
            }
        }
        let [(a, branch), (b, hq)] = &self.files;
        let branch = example.apply(a, branch)?;
        let hq = example.apply(b, hq)?;
        Ok(Self {
            files: [(a.clone(), branch), (b.clone(), hq)],
        })
    }

    pub fn judged(&self, options: Options) -> Result<Judged, String> {
        self.judged_with(options, &[])
    }

    pub fn judged_with(
        &self,
        options: Options,
        certificates: &[HandedOver],
    ) -> Result<Judged, String> {
        let mut sources = Sources::new();
        let [a, b] = &self.files;
        let mut a = Read::new(&mut sources, &a.0, &a.1)?;
        let mut b = Read::new(&mut sources, &b.0, &b.1)?;
        for handed_over in certificates {
            let end = if handed_over.end == NAMES[0] {
                &mut a
            } else {
                &mut b
            };
            let name = handed_over.name.as_str();
            if !given::names(&end.gateway).contains(&name) {
                return Err(format!("{} names no certificate {name}", handed_over.end));
            }
            let given = given(&mut sources, &handed_over.file)?;
            given::hand_over(&mut end.gateway, name, &given);
        }
        let sides = [a.side(NAMES[0]), b.side(NAMES[1])];
        let report = judge_pair(&sources, sides, options);
        Ok(Judged {
            at_reading: [a.findings.as_slice(), b.findings.as_slice()].concat(),
            files: [a.file, b.file],
            sources,
            report,
        })
    }
}

/// The certificates of a file of `tests/data/`.
fn given(sources: &mut Sources, name: &str) -> Result<Vec<Given>, String> {
    let path = here().join("tests/data").join(name);
    let text = std::fs::read_to_string(&path).map_err(|why| format!("{name}: {why}"))?;
    let file = sources.add(name, text.as_str());
    let given = pem::blocks(&text).into_iter().map(|block| {
        Some(Given {
            der: block.octets()?,
            place: Some(Span::new(file, block.first_line())),
        })
    });
    let given: Option<Vec<Given>> = given.collect();
    given.ok_or_else(|| format!("{name} is no PEM"))
}

/// One text, understood.
pub struct Read {
    pub file: FileId,
    pub gateway: Gateway,
    pub findings: Vec<Finding>,
    language: Box<dyn Language>,
}

impl Read {
    pub fn new(sources: &mut Sources, name: &str, text: &str) -> Result<Self, String> {
        let file = sources.add(name, text);
        match Path::new(name)
            .extension()
            .is_some_and(|kind| kind == "cfg")
        {
            true => {
                let read = crossgate_ios::read(sources, file).map_err(|why| why.to_string())?;
                Ok(Self {
                    file,
                    gateway: read.gateway.clone(),
                    findings: read.findings.clone(),
                    language: Box::new(read),
                })
            }
            false => {
                let read = crossgate_panos::read(sources, file).map_err(|why| why.to_string())?;
                Ok(Self {
                    file,
                    gateway: read.gateway.clone(),
                    findings: read.findings.clone(),
                    language: Box::new(read),
                })
            }
        }
    }

    pub fn side<'a>(&'a self, name: &'a str) -> Side<'a> {
        Side {
            name,
            gateway: &self.gateway,
            language: &*self.language,
        }
    }
}

/// What is said of a pair.
pub struct Judged {
    pub sources: Sources,
    pub report: Report,
    /// What the dialects found.
    pub at_reading: Vec<Finding>,
    files: [FileId; 2],
}

impl Judged {
    pub fn of_code(&self, code: &str) -> Vec<&Finding> {
        let all = self.report.findings.iter();
        all.filter(|finding| finding.code == code).collect()
    }

    pub fn verdict(&self) -> String {
        let verdict = self.report.verdict.expect("a pair has a verdict");
        verdict.sentence(NAMES).to_string()
    }

    /// Errors and warnings of the judge that `before` does not have.
    pub fn new_troubles<'a>(&'a self, before: &Judged) -> Vec<&'a Finding> {
        new_troubles(&self.report.findings, &before.report.findings)
    }

    /// The same of the dialects.
    pub fn new_troubles_at_reading<'a>(&'a self, before: &Judged) -> Vec<&'a Finding> {
        new_troubles(&self.at_reading, &before.at_reading)
    }

    /// The texts after a fix.
    pub fn fixed(&self, pair: &Pair, fix: &Fix) -> Pair {
        let mut fixed = pair.clone();
        for (id, (_, text)) in self.files.iter().zip(&mut fixed.files) {
            let amendments = fix.amendments.iter().filter(|a| a.file == *id);
            let edits: Vec<_> = amendments.flat_map(|a| a.edits.clone()).collect();
            *text = apply(text, &edits);
        }
        fixed
    }
}

/// Equal causes have equal codes and titles.
fn new_troubles<'a>(now: &'a [Finding], before: &[Finding]) -> Vec<&'a Finding> {
    let known = |finding: &Finding| {
        let same = |other: &Finding| other.code == finding.code && other.title == finding.title;
        before.iter().any(same)
    };
    let troubles = now.iter().filter(|f| f.severity > Severity::Note);
    troubles.filter(|finding| !known(finding)).collect()
}

pub fn titles(findings: &[&Finding]) -> String {
    let lines = findings
        .iter()
        .map(|f| format!("{}[{}]: {}", f.severity.word(), f.code, f.title));
    lines.collect::<Vec<_>>().join("; ")
}
