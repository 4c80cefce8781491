//! A file becomes a gateway.

use crate::dialect::Dialect;
use crate::failure::Failure;
use crossgate_diag::{Finding, Severity, Sources, to_json, to_text};
use crossgate_model::{Gateway, Language};
use serde_json::Value;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

/// A configuration as read, with all that is to be said about it.
#[derive(Debug)]
pub struct Loaded {
    pub path: PathBuf,
    pub sources: Sources,
    pub findings: Vec<Finding>,
    pub gateway: Gateway,
    pub language: Box<dyn Language>,
    pub dialect: Dialect,
    /// The text, its secrets masked.
    pub masked_config: String,
}

/// Reads a configuration of either vendor. Findings are no failure: see [`Loaded::usable`].
/// `release` is for files that state none.
pub fn load(path: &Path, release: Option<&str>) -> Result<Loaded, Failure> {
    let octets = std::fs::read(path).map_err(|error| Failure::Unreadable {
        path: path.to_owned(),
        error,
    })?;
    let not_one = |reason: &str| Failure::NotAConfiguration {
        path: path.to_owned(),
        reason: reason.to_owned(),
    };
    let text = String::from_utf8(octets).map_err(|_| not_one("it is no text"))?;
    let dialect = Dialect::of(&text).ok_or_else(|| not_one("nothing in it is understood"))?;
    let mut sources = Sources::new();
    let file = sources.add(path.display().to_string(), text);
    let read = dialect
        .read(&mut sources, file, release)
        .map_err(|reason| not_one(&reason))?;
    Ok(Loaded {
        path: path.to_owned(),
        masked_config: sources.get(file).redacted(),
        sources,
        findings: read.findings,
        gateway: read.gateway,
        language: read.language,
        dialect,
    })
}

impl Loaded {
    /// Whether a daemon can do anything with it.
    pub fn usable(&self) -> Result<(), Failure> {
        let unusable = |reason| Failure::Unusable {
            path: self.path.clone(),
            reason,
        };
        if self.gateway.connections.iter().any(|c| c.enabled.value) {
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

    /// Findings for a person at stderr: in colour on a terminal that wants it.
    pub fn findings_text(&self) -> String {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let colour = std::io::stderr().is_terminal() && !unwanted;
        to_text(&self.sources, &self.findings, colour)
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

fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}
