//! Files become a judgement: what reading them and what the rules found.

use super::certificates::{self, HandedOver};
use crossgate_check::{Options, Report, Side, judge_one, judge_pair, told_once};
use crossgate_diag::{Finding, Severity, Sources};
use crossgate_gateway::Failure;
use crossgate_gateway::load::{Configuration, Hints, load_into};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What the reader wants to know, and knows.
#[derive(Clone, Debug)]
pub struct Asked {
    pub options: Options,
    pub hints: Hints,
    pub certificates: Vec<HandedOver>,
}

/// An end by the word that the reader has for it.
pub struct End;

impl End {
    /// Its place among the files; `names` are what each is called.
    pub fn named(names: &[String], word: &str) -> Option<usize> {
        let by_name = names.iter().position(|name| name == word);
        let by_place = || ["first", "second"].iter().position(|place| *place == word);
        by_name.or_else(by_place).filter(|end| *end < names.len())
    }

    /// What may be said.
    pub fn words(names: &[String]) -> String {
        let places = ["first", "second"].into_iter().take(names.len());
        let words = names.iter().map(String::as_str).chain(places);
        words
            .map(|word| format!("`{word}`"))
            .collect::<Vec<_>>()
            .join(", ")
    }
}

/// One or two files, and all that is to be said about them.
pub struct Judged {
    pub sources: Sources,
    pub files: Vec<Configuration>,
    /// What each file is called in sentences.
    pub names: Vec<String>,
    /// Those of reading before those of the rules.
    pub findings: Vec<Finding>,
    pub report: Report,
}

impl Judged {
    pub fn of_files(paths: &[PathBuf], asked: &Asked) -> Result<Self, String> {
        if let [first, second] = paths {
            refuse_same_file(first, second)?;
        }
        let mut sources = Sources::new();
        let read = |path: &PathBuf| load_into(&mut sources, path, &asked.hints);
        let files: Result<Vec<Configuration>, Failure> = paths.iter().map(read).collect();
        let files = files.map_err(|failure| failure.to_string())?;
        if let [first, second] = files.as_slice() {
            refuse_same_text(&sources, first, second)?;
        }
        certificates::refuse_misplaced(&files, &names(&files), &asked.certificates)?;
        Ok(Self::new(sources, files, asked))
    }

    pub fn new(mut sources: Sources, mut files: Vec<Configuration>, asked: &Asked) -> Self {
        let names = names(&files);
        let of_certificates =
            certificates::hand_over(&mut sources, &mut files, &names, &asked.certificates);
        let sides: Vec<Side<'_>> = files
            .iter()
            .zip(&names)
            .map(|(file, name)| side(file, name))
            .collect();
        let mut report = match sides.as_slice() {
            [first, second, ..] => judge_pair(&sources, [*first, *second], asked.options),
            [only] => judge_one(&sources, *only, asked.options),
            [] => Report {
                findings: Vec::new(),
                verdict: None,
                tunnels: Vec::new(),
                assumptions: Vec::new(),
            },
        };
        if let [first, second] = names.as_slice() {
            for assumption in &mut report.assumptions {
                *assumption = in_their_names(assumption, [first, second]);
            }
        }
        let of_rules = std::mem::take(&mut report.findings);
        let of_reading = files
            .iter_mut()
            .flat_map(|f| std::mem::take(&mut f.findings))
            .filter_map(of_device)
            .chain(of_certificates);
        let findings = told_once(&sources, of_reading.collect(), of_rules);
        Self {
            sources,
            files,
            names,
            findings,
            report,
        }
    }

    pub fn count(&self, severity: Severity) -> usize {
        let findings = self.findings.iter();
        findings.filter(|f| f.severity == severity).count()
    }

    /// What becomes of the tunnel, with the ends' names; nothing of one file alone.
    pub fn verdict(&self) -> Option<String> {
        let verdict = self.report.verdict?;
        Some(verdict.sentence(self.pair_of_names()?).to_string())
    }

    pub fn pair_of_names(&self) -> Option<[&str; 2]> {
        match self.names.as_slice() {
            [first, second] => Some([first, second]),
            _ => None,
        }
    }
}

/// What our own gateway does without, the judge takes into account. Where it can't bring a tunnel up
/// for that, it is worth knowing all the same.
fn of_device(finding: Finding) -> Option<Finding> {
    match (finding.code, finding.severity) {
        ("only-judged", Severity::Error) => {
            let severity = Severity::Note;
            let note = Finding {
                severity,
                ..finding
            };
            Some(note.noted("the devices do it, and are judged as doing it; `rehearse`, `lab` and `run` can't yet"))
        }
        ("only-judged", _) => None,
        _ => Some(finding),
    }
}

fn side<'a>(file: &'a Configuration, name: &'a str) -> Side<'a> {
    Side {
        name,
        gateway: &file.gateway,
        language: file.language.as_ref(),
    }
}

fn refuse_same_file(first: &Path, second: &Path) -> Result<(), String> {
    let whole = |path: &Path| path.canonicalize().ok();
    if whole(first).is_some() && whole(first) == whole(second) {
        return Err(format!(
            "{} and {} are the same file; expected the files of the tunnel's two ends",
            first.display(),
            second.display()
        ));
    }
    Ok(())
}

fn refuse_same_text(
    sources: &Sources,
    first: &Configuration,
    second: &Configuration,
) -> Result<(), String> {
    if sources.get(first.file).text() == sources.get(second.file).text() {
        return Err(format!(
            "{} and {} hold the same text; expected the files of the tunnel's two ends",
            first.path.display(),
            second.path.display()
        ));
    }
    Ok(())
}

/// File stems; where those are equal hostnames, then paths.
fn names(files: &[Configuration]) -> Vec<String> {
    let kinds = [stem, hostname, path];
    let distinct = kinds.iter().find_map(|kind| {
        let names: Option<Vec<String>> = files.iter().map(kind).collect();
        names.filter(|names| names.iter().collect::<BTreeSet<_>>().len() == names.len())
    });
    distinct.unwrap_or_else(|| vec!["first".into(), "second".into()])
}

fn stem(file: &Configuration) -> Option<String> {
    Some(file.path.file_stem()?.to_string_lossy().into_owned())
}

fn hostname(file: &Configuration) -> Option<String> {
    Some(file.gateway.hostname.as_ref()?.value.clone())
}

fn path(file: &Configuration) -> Option<String> {
    Some(file.path.display().to_string())
}

/// The network's plan calls the ends `branch` and `hq`, in the order in which they were given.
pub fn in_their_names(assumption: &str, names: [&str; 2]) -> String {
    let mut text = assumption.to_owned();
    for (label, name) in ["branch", "hq"].into_iter().zip(names) {
        if let Some(rest) = assumption.strip_prefix(&format!("{label}: ")) {
            text = format!("{name}: {rest}");
        }
    }
    for (label, name) in ["branch", "hq"].into_iter().zip(names) {
        text = text.replace(&format!("the {label} file"), &format!("the file of {name}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assumptions_are_told_in_the_readers_names() {
        let text = "hq: the file names no network; N is taken, where the branch file expects it";
        assert_eq!(
            in_their_names(text, ["left", "branch"]),
            "branch: the file names no network; N is taken, where the file of left expects it"
        );
    }
}
