//! Configurations made from others, and from a description.

pub mod convert;
mod design;
pub mod generate;
mod key;
pub mod mirror;
mod other_end;
mod place;
mod said;
mod site;

use crossgate_diag::{Finding, Severity, Sources, to_text};
use crossgate_gateway::dialect::Written;
use crossgate_gateway::load::{Configuration, Hints};
use crossgate_gateway::terminal;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// A configuration, and where it is to stand.
struct Output {
    path: PathBuf,
    written: Written,
}

impl Output {
    fn new(path: PathBuf, written: Written) -> Self {
        Self { path, written }
    }

    /// Whether it is called so, whatever its extension.
    fn is_of(&self, name: &str) -> bool {
        self.path
            .with_extension("")
            .file_name()
            .is_some_and(|stem| stem == name)
    }

    fn refuse_old(&self, force: bool) -> Result<(), String> {
        match self.path.symlink_metadata() {
            Ok(_) if !force => Err(format!(
                "{} exists already; --force replaces it",
                self.path.display()
            )),
            _ => Ok(()),
        }
    }

    /// In the place of an old one, if there is one.
    fn write(&self) -> Result<(), String> {
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(format!("cannot replace {}: {error}", self.path.display()));
            }
            _ => {}
        }
        write_new(&self.path, &self.written.text)
    }
}

/// Tells on stderr what of a file was not understood, and so is not in what is made of it, and what
/// was passed over; whether there is nothing wrong with it.
fn is_understood(sources: &Sources, read: &Configuration) -> bool {
    let is_wrong = |finding: &Finding| finding.severity >= Severity::Warning;
    let is_skipped = |finding: &Finding| {
        finding.code.contains("skipped") || finding.code == "around-configuration"
    };
    let findings = read.findings.iter();
    let told = findings.filter(|finding| is_wrong(finding) || is_skipped(finding));
    let told: Vec<Finding> = told.cloned().collect();
    eprint!("{}", to_text(sources, &told, terminal::stderr()));
    !told.iter().any(is_wrong)
}

/// What `crossgate check` says of two files, beyond what `known` earns by itself; whether that is
/// nothing.
fn judged(
    files: &[PathBuf; 2],
    known: Option<&PathBuf>,
    nat: bool,
    hints: &Hints,
) -> Result<bool, String> {
    let report = crate::check::findings(files, known, nat, hints)?;
    let [first, second] = files.each_ref().map(|file| file.display().to_string());
    if !report.is_empty() {
        eprint!("{report}");
        return Ok(false);
    }
    let besides = known.map(|known| format!(" beyond those of {} alone", known.display()));
    let besides = besides.unwrap_or_default();
    let option = if nat { " --nat" } else { "" };
    eprintln!("crossgate check {first} {second}{option}: no finding{besides}");
    Ok(true)
}

/// A file that holds keys: its owner's alone, and never over another one.
fn write_new(path: &Path, text: &str) -> Result<(), String> {
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => format!("{} exists already", path.display()),
        _ => format!("cannot write {}: {error}", path.display()),
    })
}
