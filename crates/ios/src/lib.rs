//! The IOS-XE dialect: a configuration as text becomes a tree that keeps every line, then a typed
//! [`Config`], then the vendor-neutral [`Gateway`].
//!
//! - [`tree`]: lines, words and nesting; printing a tree gives its text back, byte for byte.
//! - `grammar`: which words open which mode, with abbreviations, as rows of one table per mode.
//! - [`config`]: what the rows say, still in IOS's terms and with every line's place.
//! - `lower`: from IOS's terms to connections and Children.
//! - [`behaviour`]: what a router of that release does where its file is silent.
//! - [`command`]: exec mode, and with `print` what its commands show.
//! - [`log`]: events in IOS's words.
//! - `language`: changes of a file as edits and commands.
//! - [`compose`]: a configuration made from a gateway.
//! - [`fuzzing`]: laws that hold for whatever is in a configuration.
//!
//! Reading never fails on a line: what isn't understood or can't be obeyed is a finding, and a
//! secret on any line, known or not, is masked in its [`Sources`].

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
pub mod config;
pub mod fuzzing;
mod grammar;
mod language;
pub mod log;
mod lower;
mod names;
mod print;
mod secrets;
pub mod tree;
mod words;

pub use compose::{Composed, compose};
pub use config::Config;
pub use names::interface_name;
pub use tree::Tree;

use crossgate_diag::{FileId, Finding, Sources, Span, Spanned};
use crossgate_model::Gateway;
use grammar::Context;
use std::fmt;

/// What one file says.
#[derive(Debug)]
pub struct Reading {
    pub tree: Tree,
    pub config: Config,
    pub gateway: Gateway,
    pub findings: Vec<Finding>,
}

/// Why a text can't be an IOS configuration, in one sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAConfiguration {
    pub sentence: String,
}

impl fmt::Display for NotAConfiguration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl std::error::Error for NotAConfiguration {}

/// How many lines of a text are commands of IOS's configuration mode: to tell dialects apart.
pub fn looks_like(text: &str) -> usize {
    if text.contains('\0') || text.trim_start().starts_with('<') {
        return 0;
    }
    // Its places are of no interest.
    let file = Sources::new().add("", "");
    tree::parse(text, file).0.commands()
}

/// Whether any line of a text is such a command: the first ones tell, as a rule, and a long text is
/// not read for it.
pub fn has_any(text: &str) -> bool {
    let mut head = HEAD;
    loop {
        let octets = text.as_bytes().get(..head).unwrap_or_default();
        let end = octets.iter().rposition(|octet| *octet == b'\n');
        let Some(lines) = end.and_then(|end| text.get(..end)) else {
            return looks_like(text) > 0;
        };
        if looks_like(lines) > 0 {
            return true;
        }
        head = head.saturating_mul(16);
    }
}

/// Octets.
const HEAD: usize = 1024;

/// Reads a configuration, and masks its secrets in `sources`.
pub fn read(sources: &mut Sources, file: FileId) -> Result<Reading, NotAConfiguration> {
    read_as(sources, file, None)
}

/// The same, for a router of that release (`17.9`) if the file states none.
pub fn read_as(
    sources: &mut Sources,
    file: FileId,
    release: Option<&str>,
) -> Result<Reading, NotAConfiguration> {
    let source = sources.get(file);
    let text = source.text();
    let read = refuse_no_text(text).and_then(|()| understand(text, file, release));
    let (reading, secrets) = read.map_err(|why| NotAConfiguration {
        sentence: format!("{} is not an IOS configuration: {why}", source.name()),
    })?;
    for secret in secrets {
        sources.redact(secret);
    }
    Ok(reading)
}

fn refuse_no_text(text: &str) -> Result<(), &'static str> {
    if text.trim().is_empty() {
        return Err("it is empty");
    }
    if text.contains('\0') {
        return Err("it has NUL bytes, so it is no text");
    }
    Ok(())
}

type Understood = Result<(Reading, Vec<Span>), &'static str>;

fn understand(text: &str, file: FileId, release: Option<&str>) -> Understood {
    let (tree, notes) = tree::parse(text, file);
    if tree.commands() == 0 {
        return Err("no line of it is a configuration command");
    }
    let secrets = secrets::find(text, &tree);
    let mut cx = Context::new(text, secrets, notes);
    let mut config = config::interpret(&tree, &mut cx);
    let told = release.map(|release| Spanned::default_of(release.to_owned()));
    config.version = config.version.or(told);
    let gateway = lower::lower(&config, &mut cx);
    let (findings, secrets) = cx.finish();
    let mut reading = Reading {
        tree,
        config,
        gateway,
        findings,
    };
    language::slip::mend(&mut reading, text, &secrets);
    Ok((reading, secrets))
}

#[cfg(test)]
mod tests;
