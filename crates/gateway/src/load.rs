//! A file becomes a gateway.

use crate::dialect::Dialect;
pub use crate::dialect::Hints;
use crate::encoding::{Encoding, decode};
use crate::failure::Failure;
use crate::terminal;
use crossgate_diag::{FileId, Finding, Severity, Sources, to_json, to_text};
use crossgate_model::{Auth, Connection, Gateway, Language};
use serde_json::Value;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Octets of the largest file that is read: a device's whole technical support file fits.
pub const LARGEST_FILE: u64 = 256 << 20;

/// A configuration among the sources of a run.
#[derive(Debug)]
pub struct Configuration {
    pub path: PathBuf,
    pub file: FileId,
    pub encoding: Encoding,
    pub findings: Vec<Finding>,
    pub gateway: Gateway,
    pub language: Box<dyn Language>,
    pub dialect: Dialect,
}

/// A configuration as read, with all that is to be said about it.
#[derive(Debug)]
pub struct Loaded {
    pub path: PathBuf,
    pub sources: Sources,
    pub findings: Vec<Finding>,
    pub gateway: Gateway,
    pub dialect: Dialect,
    /// The text, its secrets masked.
    pub masked_config: String,
}

/// Reads a configuration of either vendor. Findings are no failure: see [`Loaded::usable`].
pub fn load(path: &Path, hints: &Hints) -> Result<Loaded, Failure> {
    let mut sources = Sources::new();
    let read = load_into(&mut sources, path, hints)?;
    Ok(Loaded {
        path: read.path,
        masked_config: sources.get(read.file).redacted(),
        sources,
        findings: read.findings,
        gateway: read.gateway,
        dialect: read.dialect,
    })
}

/// The same, beside the other files of a run.
pub fn load_into(
    sources: &mut Sources,
    path: &Path,
    hints: &Hints,
) -> Result<Configuration, Failure> {
    let octets = octets(path).map_err(|error| Failure::Unreadable {
        path: path.to_owned(),
        error,
    })?;
    let (text, encoding) = decode(octets).map_err(|reason| not_one(path, reason))?;
    read_text(sources, path, text, encoding, hints)
}

/// A text that is, or is to become, the content of a file in that encoding.
pub fn read_text(
    sources: &mut Sources,
    path: &Path,
    text: String,
    encoding: Encoding,
    hints: &Hints,
) -> Result<Configuration, Failure> {
    let dialect = Dialect::of(&text).ok_or_else(|| not_one(path, not_understood(&text)))?;
    let file = sources.add(path.display().to_string(), text);
    let mut read = dialect
        .read(sources, file, hints)
        .map_err(|reason| not_one(path, &reason))?;
    if encoding == Encoding::Latin1 {
        let title = format!("{} is no UTF-8, and read as Latin-1", path.display());
        read.findings.insert(0, Finding::note("not-utf8", title));
    }
    Ok(Configuration {
        path: path.to_owned(),
        file,
        encoding,
        findings: read.findings,
        gateway: read.gateway,
        language: read.language,
        dialect,
    })
}

fn not_one(path: &Path, reason: &str) -> Failure {
    Failure::NotAConfiguration {
        path: path.to_owned(),
        reason: reason.to_owned(),
    }
}

fn not_understood(text: &str) -> &'static str {
    match text.trim().is_empty() {
        true => "it is empty",
        false => "nothing in it is understood",
    }
}

fn octets(path: &Path) -> io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    // One more than is allowed tells that there is more; pipes don't say their size.
    let bounded = File::open(path)?.take(LARGEST_FILE + 1);
    io::BufReader::new(bounded).read_to_end(&mut octets)?;
    if octets.len() as u64 > LARGEST_FILE {
        let sentence = format!(
            "it has more than {} MB; expected a configuration of at most that size",
            LARGEST_FILE >> 20
        );
        return Err(io::Error::other(sentence));
    }
    Ok(octets)
}

impl Loaded {
    /// Whether a daemon can do anything with it.
    pub fn usable(&self) -> Result<(), Failure> {
        let unusable = |reason| Failure::Unusable {
            path: self.path.clone(),
            reason,
        };
        if self.gateway.connections.iter().any(can_run) {
            return Ok(());
        }
        Err(unusable(
            match (self.errors(), self.gateway.connections.is_empty()) {
                (0, true) => "it describes no IKEv2 peer".into(),
                (0, false) => "all its IKEv2 peers are disabled".into(),
                (errors, _) => format!("no IKEv2 peer is left after {errors} errors"),
            },
        ))
    }

    /// How many findings are errors.
    pub fn errors(&self) -> usize {
        let findings = self.findings.iter();
        findings.filter(|f| f.severity == Severity::Error).count()
    }

    /// Findings for a person at stderr.
    pub fn findings_text(&self) -> String {
        to_text(&self.sources, &self.findings, terminal::stderr())
    }

    pub fn findings_json(&self) -> Value {
        to_json(&self.sources, &self.findings)
    }

    /// One line: what was read.
    pub fn summary(&self) -> String {
        let gateway = &self.gateway;
        let hostname = gateway.hostname.as_ref().map(|name| name.value.as_str());
        format!(
            "{} ({}, {}): {}, {}, {}",
            self.path.display(),
            gateway.behaviour.name,
            hostname.unwrap_or("no hostname"),
            counted(gateway.connections.len(), "IKE peer"),
            counted(gateway.children().count(), "Child SA"),
            counted(self.findings.len(), "finding"),
        )
    }
}

/// Signatures are judged, not made: an end can run that proves itself by a key, and one that expects
/// a signature refuses what it gets.
fn can_run(connection: &Connection) -> bool {
    connection.enabled.value && matches!(connection.local_auth.value, Auth::Psk(_))
}

fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}
