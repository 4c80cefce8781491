//! `crossgate generate`: both ends' configurations from one description.

use super::design::{Design, Wrong, design};
use super::key::{Key, key};
use super::said::in_words;
use super::site::{Description, Vendor};
use super::{Output, judged};
use clap::Args;
use crossgate_diag::Sources;
use crossgate_gateway::dialect::Form;
use crossgate_gateway::load::Hints;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const EXAMPLE: &str = include_str!("../../../../examples/generate/site.toml");

/// Write the configurations of both ends of a tunnel from one description of two sites.
///
/// For each site a file NAME.cfg (IOS-XE), or NAME.set and NAME.xml (PAN-OS), readable for their
/// owner only, because they hold the pre-shared key. What is written is then judged as `crossgate
/// check` does. Exit status: 0 if nothing is found, 1 if something is, 2 if the description can't
/// be used or the files not be written.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  crossgate generate --example > site.toml
  crossgate generate site.toml --out tunnel
  crossgate generate site.toml --out tunnel --force --explain | less
  crossgate check tunnel/branch.cfg tunnel/hq.set
  crossgate lab tunnel/branch.cfg tunnel/hq.xml")]
pub struct GenerateArgs {
    /// The description, in TOML
    #[arg(value_name = "SITE.TOML", required_unless_present = "example")]
    file: Option<PathBuf>,
    /// The folder to write to; it is made if it isn't there
    #[arg(long, value_name = "DIR", required_unless_present = "example")]
    out: Option<PathBuf>,
    /// Replace files that are there already
    #[arg(long)]
    force: bool,
    /// Say of each line why it is there, on stdout: FILE:LINE: why
    #[arg(long)]
    explain: bool,
    /// Print a description to begin with
    #[arg(long, conflicts_with_all = ["file", "out", "force", "explain"])]
    example: bool,
}

pub fn run(args: &GenerateArgs) -> ExitCode {
    let done = match (&args.file, &args.out) {
        (Some(file), Some(out)) => generate(args, file, out),
        _ => {
            // A reader that has seen enough is no error.
            io::stdout().write_all(EXAMPLE.as_bytes()).ok();
            Ok(true)
        }
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(sentence) => {
            eprintln!("crossgate: {sentence}");
            ExitCode::from(2)
        }
    }
}

/// Whether the judge has nothing to say.
fn generate(args: &GenerateArgs, file: &Path, out: &Path) -> Result<bool, String> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        let file = file.display();
        match error.kind() {
            ErrorKind::InvalidData => format!("{file} is no text: expected TOML in UTF-8"),
            _ => format!("cannot read {file}: {error}"),
        }
    })?;
    let folder = file.parent().unwrap_or(Path::new(""));
    let (design, key) = understand(&text, folder).map_err(|wrong| place(file, &text, &wrong))?;
    let outputs = outputs(&design, out);
    for output in &outputs {
        output.refuse_old(args.force)?;
    }
    std::fs::create_dir_all(out)
        .map_err(|error| format!("cannot make {}: {error}", out.display()))?;
    for output in &outputs {
        output.write()?;
        eprintln!("wrote {}", output.path.display());
    }
    tell_key(&key, &outputs);
    if args.explain {
        explain(&outputs);
    }
    let [first, second] = &design.names;
    let of = |name: &String| {
        let known = outputs.iter().find(|output| output.is_of(name));
        known.map(|output| output.path.clone()).unwrap_or_default()
    };
    judged(
        &[of(first), of(second)],
        None,
        design.nat,
        &Hints::default(),
    )
}

fn understand(text: &str, folder: &Path) -> Result<(Design, Key), Wrong> {
    let description: Description = toml::from_str(text).map_err(|error| Wrong {
        at: error.span().unwrap_or(0..0),
        sentence: in_words(error.message()),
    })?;
    let key = key(&description.tunnel, folder)?;
    let design = design(&description, &key.secret)?;
    Ok((design, key))
}

/// `site.toml:12:8: sentence`.
fn place(file: &Path, text: &str, wrong: &Wrong) -> String {
    let mut sources = Sources::new();
    let id = sources.add(file.display().to_string(), text);
    let at = sources.get(id).position(wrong.at.start.min(text.len()));
    let file = file.display();
    format!("{file}:{}:{}: {}", at.line, at.column, wrong.sentence)
}

fn outputs(design: &Design, out: &Path) -> Vec<Output> {
    let mut outputs = Vec::new();
    for ((name, vendor), gateway) in design
        .names
        .iter()
        .zip(design.vendors)
        .zip(&design.gateways)
    {
        let forms: &[(Form, &str)] = match vendor {
            Vendor::IosXe => &[(Form::IosXe, "cfg")],
            Vendor::PanOs => &[(Form::PanOsSet, "set"), (Form::PanOsXml, "xml")],
        };
        for (form, extension) in forms {
            let path = out.join(format!("{name}.{extension}"));
            outputs.push(Output::new(path, form.write(gateway)));
        }
    }
    outputs
}

/// Where the key is; never what it is.
fn tell_key(key: &Key, outputs: &[Output]) {
    let spelled = String::from_utf8_lossy(key.secret.expose());
    let places = outputs.iter().filter_map(|output| {
        let mut lines = output.written.text.lines();
        let line = lines.position(|line| line.contains(&*spelled))?;
        Some(format!("{}:{}", output.path.display(), line + 1))
    });
    let places: Vec<String> = places.collect();
    let origin = match key.is_new {
        true => "a new one, 256 bits of the system's randomness",
        false => "the given one",
    };
    eprintln!(
        "the pre-shared key is {origin}; it stands in {}",
        places.join(", ")
    );
}

fn explain(outputs: &[Output]) {
    let mut text = String::new();
    for output in outputs {
        for (line, why) in &output.written.reasons {
            text.push_str(&format!("{}:{line}: {why}\n", output.path.display()));
        }
    }
    io::stdout().write_all(text.as_bytes()).ok();
}
