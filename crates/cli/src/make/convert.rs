//! `crossgate convert`: one vendor's configuration in another's words.

use super::site::Vendor;
use crate::hints::HintArgs;
use clap::{Args, ValueEnum};
use crossgate_diag::Sources;
use crossgate_gateway::dialect::{Form, Written};
use crossgate_gateway::encoding::Encoding;
use crossgate_gateway::load::{Hints, load_into, read_text};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Write the VPN part of a configuration in another vendor's language.
///
/// What of the file is not understood, and what the other language can't say, is listed on stderr.
/// Exit status: 0 if all of it could be said, 1 if something could not, 2 if the file can't be read
/// or written.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  crossgate convert branch.cfg --to panos-set
  crossgate convert branch.cfg --to panos-xml --out branch.xml
  crossgate convert hq.xml --to ios --out hq.cfg")]
pub struct ConvertArgs {
    /// The configuration: IOS-XE, or PAN-OS as XML or `set` commands
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The language to write
    #[arg(long, value_enum, value_name = "LANGUAGE")]
    to: Target,
    /// Write this new file, keys included; without it the text is printed, its keys masked
    #[arg(long, value_name = "PATH")]
    out: Option<PathBuf>,
    #[command(flatten)]
    hints: HintArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Target {
    Ios,
    #[value(alias = "panos")]
    PanosSet,
    PanosXml,
}

impl Target {
    pub fn form(self) -> Form {
        match self {
            Self::Ios => Form::IosXe,
            Self::PanosSet => Form::PanOsSet,
            Self::PanosXml => Form::PanOsXml,
        }
    }

    pub fn vendor(self) -> Vendor {
        match self {
            Self::Ios => Vendor::IosXe,
            Self::PanosSet | Self::PanosXml => Vendor::PanOs,
        }
    }
}

pub fn run(args: &ConvertArgs) -> ExitCode {
    match convert(args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(sentence) => {
            eprintln!("crossgate: {sentence}");
            ExitCode::from(2)
        }
    }
}

/// Whether all of it could be said.
fn convert(args: &ConvertArgs) -> Result<bool, String> {
    let mut sources = Sources::new();
    let read = load_into(&mut sources, &args.file, &args.hints.hints());
    let read = read.map_err(|failure| failure.to_string())?;
    let is_understood = super::is_understood(&sources, &read);
    let Written { text, cannot, .. } = args.to.form().write(&read.gateway);
    match &args.out {
        Some(path) => super::write_new(path, &text)?,
        // A reader that has seen enough is no error.
        None => drop(io::stdout().write_all(masked(text)?.as_bytes())),
    }
    for sentence in &cannot {
        eprintln!("not said: {sentence}");
    }
    Ok(is_understood && cannot.is_empty())
}

/// What is written, read again, which finds its keys.
pub fn masked(text: String) -> Result<String, String> {
    let mut sources = Sources::new();
    let read = read_text(
        &mut sources,
        Path::new("what is written"),
        text,
        Encoding::Utf8,
        &Hints::default(),
    );
    let file = read.map_err(|failure| failure.to_string())?.file;
    Ok(sources.get(file).redacted())
}
