//! What all cures together make of the files: as commands, or as corrected copies.

use super::judge::{Asked, Judged};
use super::output;
use crossgate_check::meant;
use crossgate_check::mend::{self, Judgement};
use crossgate_diag::{Amendment, Edit, Finding, Fix, Severity, Sources, apply};
use crossgate_gateway::load::{Configuration, read_text};
use crossgate_gateway::terminal;
use crossgate_model::Verdict;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// What the cures have made of the files.
pub struct Mended {
    /// The files as they would be.
    pub judged: Judged,
    applied: Vec<Applied>,
}

/// One cure, as it was at its turn.
struct Applied {
    code: &'static str,
    text: String,
    /// For each file: whether it changes, and what to type at its device.
    parts: Vec<Option<Vec<String>>>,
    copies_secret: bool,
}

/// Takes cures as long as they leave less to say than there was.
pub fn mend(judged: Judged, asked: &Asked) -> Mended {
    let mut applied = Vec::new();
    let asking = Asking { judged, asked };
    let mended = mend::mend(asking, |now, finding, fix| {
        applied.push(Applied::new(&now.judged, finding, fix));
    });
    Mended {
        judged: mended.judged,
        applied,
    }
}

/// Octets to read again in all, for trying mended words, and cures that have alternatives: some
/// seconds.
const TRIED_MAX: usize = 4 * 1024 * 1024;

/// The judgement with what comes of each mistyped word told with it, and without cures that don't
/// serve, where others do. Of large files with much to say, it stays as it is.
pub fn sift(judged: Judged, asked: &Asked) -> Judged {
    let mut asking = Asking { judged, asked };
    if asking.may_try(meant::trials(&asking.judged.findings)) {
        asking = meant::traced(asking);
    }
    if asking.may_try(mend::trials(&asking.judged.findings)) {
        asking.judged.findings = mend::sifted(&asking);
    }
    asking.judged
}

/// A judgement with what was asked, to be asked again.
struct Asking<'a> {
    judged: Judged,
    asked: &'a Asked,
}

impl Asking<'_> {
    /// Whether the files are short enough to be judged so often.
    fn may_try(&self, trials: usize) -> bool {
        let files = self.judged.files.iter();
        let texts = files.map(|f| self.judged.sources.get(f.file).text().len());
        texts.sum::<usize>().saturating_mul(trials) <= TRIED_MAX
    }
}

impl Judgement for Asking<'_> {
    fn findings(&self) -> &[Finding] {
        &self.judged.findings
    }

    fn verdict(&self) -> Option<Verdict> {
        self.judged.report.verdict
    }

    fn with(&self, fix: &Fix) -> Option<Self> {
        let (judged, asked) = (&self.judged, self.asked);
        let mut sources = Sources::new();
        let mut files = Vec::new();
        for file in &judged.files {
            let edits: Vec<Edit> = edits(fix, file).cloned().collect();
            let text = apply(judged.sources.get(file.file).text(), &edits);
            let (path, encoding) = (&file.path, file.encoding);
            files.push(read_text(&mut sources, path, text, encoding, &asked.hints).ok()?);
        }
        let judged = Judged::new(sources, files, asked);
        Some(Self { judged, asked })
    }

    fn retold(mut self, findings: Vec<Finding>) -> Self {
        self.judged.findings = findings;
        self
    }
}

fn edits<'a>(fix: &'a Fix, file: &Configuration) -> impl Iterator<Item = &'a Edit> {
    let id = file.file;
    let amendments = fix.amendments.iter().filter(move |a| a.file == id);
    amendments.flat_map(|amendment| &amendment.edits)
}

impl Applied {
    fn new(judged: &Judged, finding: &Finding, fix: &Fix) -> Self {
        let part = |file: &Configuration| {
            let mut amendments = fix.amendments.iter();
            amendments
                .find(|a| a.file == file.file)
                .map(|a| a.commands.clone())
        };
        Self {
            code: finding.code,
            parts: judged.files.iter().map(part).collect(),
            copies_secret: fix.amendments.iter().any(Amendment::names_secret),
            text: fix.text.clone(),
        }
    }

    fn touches(&self, file: usize) -> bool {
        self.parts.get(file).is_some_and(Option::is_some)
    }
}

impl Mended {
    /// What to paste, per device.
    pub fn commands(&self) -> String {
        let mut out = String::new();
        for (index, file) in self.judged.files.iter().enumerate() {
            let parts = self
                .applied
                .iter()
                .filter_map(|cure| cure.parts.get(index)?.as_ref());
            let commands: Vec<&String> = parts.flatten().collect();
            if commands.is_empty() {
                continue;
            }
            out.push_str(&file.dialect.comment(&file.path.display().to_string()));
            out.push('\n');
            for command in commands {
                out.push_str(command.trim_end());
                out.push('\n');
            }
        }
        out
    }

    /// What the reader of the commands has to know.
    pub fn beside_commands(&self) -> String {
        let mut out = String::new();
        if self.applied.is_empty() {
            out.push_str("no finding has a cure that can be pasted\n");
        }
        if self.applied.iter().any(|cure| cure.copies_secret) {
            out.push_str("a key is named, not spelled: type it in its place\n");
        }
        out.push_str(&self.left());
        out
    }

    fn left(&self) -> String {
        let left = self
            .judged
            .findings
            .iter()
            .filter(|f| f.severity > Severity::Note);
        let left = left.map(|f| format!("left: {}[{}]: {}\n", f.severity.word(), f.code, f.title));
        left.collect()
    }
}

/// Writes the corrected copies, and tells what was done and what is left.
pub fn write(mended: &Mended, force: bool) -> Result<String, String> {
    let mut out = String::new();
    let changed: Vec<(usize, &Configuration)> = mended
        .judged
        .files
        .iter()
        .enumerate()
        .filter(|(index, _)| mended.applied.iter().any(|cure| cure.touches(*index)))
        .collect();
    let copies: Vec<PathBuf> = changed
        .iter()
        .map(|(_, file)| copy_of(&file.path))
        .collect();
    if let Some(there) = copies
        .iter()
        .find(|path| !force && path.symlink_metadata().is_ok())
    {
        return Err(format!(
            "{} exists already; --force replaces it",
            there.display()
        ));
    }
    for ((index, file), copy) in changed.into_iter().zip(&copies) {
        let text = mended.judged.sources.get(file.file).text();
        write_new(copy, &file.encoding.encode(text))
            .map_err(|error| format!("cannot write {}: {error}", copy.display()))?;
        out.push_str(&format!("wrote {}\n", copy.display()));
        for cure in mended.applied.iter().filter(|cure| cure.touches(index)) {
            out.push_str(&format!("  {}: {}\n", cure.code, cure.text));
        }
    }
    if copies.is_empty() {
        out.push_str("wrote nothing: no finding has a cure that a program can apply\n");
    }
    out.push('\n');
    out.push_str(&output::text(&mended.judged, terminal::stdout()));
    Ok(out)
}

/// `hq.xml` becomes `hq.fixed.xml`.
fn copy_of(path: &Path) -> PathBuf {
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(".fixed");
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

/// Keys are in it, so that only its owner may read it. Whatever has that name is replaced, never
/// written through.
fn write_new(path: &Path, octets: &[u8]) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(octets)
}

#[cfg(test)]
mod tests {
    use super::copy_of;
    use std::path::Path;

    #[test]
    fn a_copy_stands_beside_its_original() {
        for (path, copy) in [
            ("a/hq.xml", "a/hq.fixed.xml"),
            ("branch", "branch.fixed"),
            ("site.1.cfg", "site.1.fixed.cfg"),
        ] {
            assert_eq!(copy_of(Path::new(path)), Path::new(copy));
        }
    }
}
