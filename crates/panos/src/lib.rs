//! The PAN-OS dialect.
//!
//! Configuration in: a text in XML or in `set` form becomes one [`Tree`] that keeps every word with
//! its place; the tree is compared with the [`schema`], so that whatever isn't obeyed is told; and
//! it is lowered to the vendor-neutral [`Gateway`], with PAN-OS's defaults and
//! [`behaviour`].
//!
//! Reading never fails on what a PAN-OS might hold: a part that makes no sense is a finding. Only a
//! text that can't be a configuration at all is refused, in one sentence.

#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic
    )
)]

pub mod behaviour;
pub mod command;
mod compose;
mod examine;
pub mod fuzzing;
mod language;
pub mod log;
mod lower;
mod namesake;
mod panorama;
pub mod print;
pub mod schema;
mod secrets;
mod set;
mod slip;
pub mod tree;
mod words;
mod write;
mod xml;

pub use compose::{Composed, compose};
use crossgate_diag::{FileId, Finding, Sources};
use crossgate_model::Gateway;
use std::fmt;
use std::sync::OnceLock;
pub use tree::Tree;
pub use write::{Secrets, to_set, to_xml};

/// How a configuration is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Xml,
    Set,
}

/// What was read.
#[derive(Debug)]
pub struct Reading {
    pub file: FileId,
    pub form: Form,
    pub tree: Tree,
    pub gateway: Gateway,
    /// In the order of the text.
    pub findings: Vec<Finding>,
    /// Of a text in `set` form, once something is to change in it.
    commands: OnceLock<language::in_set::Commands>,
    /// The same of a document; `None` inside if it isn't whole.
    outline: OnceLock<Option<language::outline::Outline>>,
}

/// Why a text is no PAN-OS configuration: one sentence about the file, without its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAConfiguration {
    sentence: String,
    choices: Vec<String>,
}

impl NotAConfiguration {
    fn new(sentence: impl Into<String>) -> Self {
        Self {
            sentence: sentence.into(),
            choices: Vec::new(),
        }
    }

    /// Of a Panorama's export for several kinds of devices: the names one of which
    /// [`read_template`] wants. Of whatever else, none.
    pub fn choices(&self) -> &[String] {
        &self.choices
    }
}

impl fmt::Display for NotAConfiguration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl std::error::Error for NotAConfiguration {}

/// How much a text looks like this dialect: 0 not at all, 100 beyond doubt.
pub fn looks_like(text: &str) -> u8 {
    if is_xml(text) {
        return 100;
    }
    let commands = words::commands(text);
    let ours = commands.iter().filter(|c| match c.words.split_first() {
        Some((verb, path)) if verb.is("set") || verb.is("delete") => set::is_path(path),
        _ => false,
    });
    let ours = ours.count();
    let share = ours * 99 / commands.len().max(1);
    share.max(usize::from(ours > 0)) as u8
}

/// A document, or a session in which one was shown.
fn is_xml(text: &str) -> bool {
    xml::start(text).is_some()
}

/// Reads a configuration, in XML or in `set` form. Secrets are masked in `sources` from then on.
///
/// # Errors
/// The text can't be a configuration, or is a Panorama's for several kinds of devices.
pub fn read(sources: &mut Sources, file: FileId) -> Result<Reading, NotAConfiguration> {
    read_template(sources, file, None)
}

/// The same; of a Panorama's export, what that template stack, template or device (by its serial
/// number) gets. Without a name it is the only one that has an IKE gateway.
///
/// # Errors
/// As for [`read`], or a Panorama's export has none of that name.
pub fn read_template(
    sources: &mut Sources,
    file: FileId,
    which: Option<&str>,
) -> Result<Reading, NotAConfiguration> {
    let text = sources.get(file).text();
    let form = if is_xml(text) { Form::Xml } else { Form::Set };
    let (mut tree, mut findings, secrets) = if form == Form::Xml {
        let parsed = xml::parse(text, file)?;
        (parsed.tree, parsed.findings, parsed.secrets)
    } else {
        let parsed = set::parse(text, Some(file));
        if parsed.understood == 0 {
            return Err(NotAConfiguration::new(nothing_understood(text)));
        }
        (parsed.tree, parsed.findings, parsed.secrets)
    };
    for secret in secrets {
        sources.redact(secret);
    }
    let mut of_panorama = None;
    if panorama::is_export(&tree) {
        let (effective, told) = panorama::effective(&tree, which)?;
        of_panorama = Some(std::mem::replace(&mut tree, effective));
        findings.extend(told);
    }
    findings.extend(examine::examine(&mut tree));
    if form == Form::Set {
        findings.extend(namesake::tell(tree.root()));
    }
    let (gateway, told) = lower::lower(&tree);
    findings.extend(told);
    findings.sort_by_key(|finding| finding.labels.first().map(|label| label.span));
    let mut reading = Reading {
        file,
        form,
        tree,
        gateway,
        findings,
        commands: OnceLock::new(),
        outline: OnceLock::new(),
    };
    slip::mend(&mut reading, of_panorama.as_ref(), sources.get(file).text());
    Ok(reading)
}

impl Reading {
    /// The text's commands, read once.
    fn commands(&self, text: &str) -> &language::in_set::Commands {
        let read = || language::in_set::Commands::read(text, self.file);
        self.commands.get_or_init(read)
    }

    /// Where the document's elements stand, read once.
    fn outline(&self, text: &str) -> Option<&language::outline::Outline> {
        let read = || language::outline::Outline::of(text);
        self.outline.get_or_init(read).as_ref()
    }
}

fn nothing_understood(text: &str) -> &'static str {
    if text.trim().is_empty() {
        "it is empty"
    } else {
        "it is neither XML nor `set` commands of PAN-OS"
    }
}
