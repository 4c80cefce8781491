//! Mistyped words of a fleet's files: what they leave out has no row, so they are told by themselves.

use crossgate_check::meant;
use crossgate_diag::{Edit, Finding, Severity, Sources, apply};
use crossgate_gateway::load::{Configuration, Hints, read_text};

/// A word that was surely to be another one.
pub struct Mistyped {
    pub file: String,
    pub line: u32,
    pub severity: Severity,
    pub title: String,
    /// `write …`
    pub cure: String,
    /// Peers that the file has with all its words as they were meant, and lacks as they are.
    pub left_out: usize,
}

impl Mistyped {
    pub fn severity(&self) -> Severity {
        match self.left_out {
            0 => self.severity,
            _ => Severity::Error,
        }
    }
}

/// Those of one file.
pub fn of(name: &str, sources: &Sources, read: &Configuration, hints: &Hints) -> Vec<Mistyped> {
    let slips = meant::slips(&read.findings);
    if slips.is_empty() {
        return Vec::new();
    }
    let left_out = left_out(&slips, sources, read, hints);
    let told = slips.into_iter().filter_map(|finding| {
        Some(Mistyped {
            file: name.to_owned(),
            line: sources.position(finding.labels.first()?.span).line,
            severity: finding.severity,
            title: finding.title.clone(),
            cure: finding.fixes.first()?.text.clone(),
            left_out,
        })
    });
    told.collect()
}

fn left_out(slips: &[&Finding], sources: &Sources, read: &Configuration, hints: &Hints) -> usize {
    let fixes = slips.iter().filter_map(|finding| finding.fixes.first());
    let edits = fixes.flat_map(|fix| fix.amendments.iter().flat_map(|part| &part.edits));
    let edits: Vec<Edit> = edits.cloned().collect();
    let text = apply(sources.get(read.file).text(), &edits);
    let meant = read_text(&mut Sources::new(), &read.path, text, read.encoding, hints);
    let peers = meant.map_or(0, |meant| meant.gateway.connections.len());
    peers.saturating_sub(read.gateway.connections.len())
}
