//! `crossgate check`: what will become of a tunnel, told before its files are deployed.

mod certificates;
mod fix;
pub mod fleet;
pub mod judge;
mod output;

use crate::hints::HintArgs;
use certificates::HandedOver;
use clap::{Args, ValueEnum};
use crossgate_check::{Options, Profile};
use crossgate_diag::{Look, Severity};
use crossgate_gateway::clock::Clock;
use crossgate_gateway::load::Hints;
use crossgate_gateway::terminal;
use judge::{Asked, Judged};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Judge a configuration, or two that are to be joined, before they are deployed.
///
/// Exit status: 0 if nothing stops the tunnel, 1 if errors were found (with `--deny warnings`:
/// errors or warnings), 2 if a file can't be read.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// One configuration, or the two ends of a tunnel in any order: IOS-XE, PAN-OS as XML or `set`
    #[arg(value_name = "FILE", required_unless_present = "fleet", num_args = 1..=2)]
    files: Vec<PathBuf>,
    /// Judge all tunnels among the files of a folder and its subfolders
    #[arg(long, value_name = "DIR", conflicts_with_all = ["files", "fix", "certificate"])]
    fleet: Option<PathBuf>,
    /// How the report is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// The same as --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// What makes the exit status 1 besides errors
    #[arg(long, value_enum, value_name = "WHAT")]
    deny: Option<Denied>,
    /// By which standard algorithms and keys are judged [default: RFC 8247 and RFC 8221]
    #[arg(long, value_enum, value_name = "NAME")]
    profile: Option<ProfileName>,
    #[command(flatten)]
    hints: HintArgs,
    /// A certificate that a file names and doesn't hold, or will get: that of trustpoint NAME, or of
    /// PAN-OS's certificate NAME; PEM (one or several) or DER, and never a key. END is a file's name
    /// without its extension, `first` or `second`. May be given several times
    #[arg(long, value_name = "[END:]NAME=FILE")]
    certificate: Vec<String>,
    /// A NAT stands between the ends
    #[arg(long)]
    nat: bool,
    /// Print only the commands to paste, per device
    #[arg(long, conflicts_with_all = ["format", "json"])]
    fix: bool,
    /// Instead of printing commands, write corrected copies beside the files: NAME.fixed.EXT
    #[arg(long, requires = "fix")]
    write: bool,
    /// Replace corrected copies that are there already
    #[arg(long, requires = "write")]
    force: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
    Sarif,
    Junit,
    Html,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Denied {
    Warnings,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ProfileName {
    /// NSA's Commercial National Security Algorithm Suite 2.0
    Cnsa2,
    /// BSI TR-02102-3
    Bsi,
    /// NIST SP 800-77 Rev. 1
    Nist,
}

pub fn run(args: &CheckArgs) -> ExitCode {
    match check(args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(sentence) => {
            eprintln!("crossgate: {sentence}");
            ExitCode::from(2)
        }
    }
}

/// What a person is told of two files, as text; nothing if there is no finding. What `known` earns
/// by itself is not told again. `nat_between` is as in [`Options`].
pub fn findings(
    files: &[PathBuf; 2],
    known: Option<&PathBuf>,
    nat_between: bool,
    hints: &Hints,
) -> Result<String, String> {
    let asked = Asked {
        options: Options {
            nat_between,
            ..Options::default()
        },
        hints: hints.clone(),
        certificates: Vec::new(),
    };
    let mut judged = Judged::of_files(files, &asked)?;
    if let Some(known) = known {
        let alone = Judged::of_files(std::slice::from_ref(known), &asked)?;
        let is_new = |code| alone.findings.iter().all(|finding| finding.code != code);
        judged.findings.retain(|finding| is_new(finding.code));
    }
    match judged.findings.is_empty() {
        true => Ok(String::new()),
        false => Ok(output::text(&judged, Look::PLAIN)),
    }
}

/// Whether nothing was found that counts as a failure.
fn check(args: &CheckArgs) -> Result<bool, String> {
    let asked = args.asked()?;
    if let Some(folder) = &args.fleet {
        return fleet(args, folder, &asked);
    }
    let judged = fix::sift(Judged::of_files(&args.files, &asked)?, &asked);
    if args.fix {
        let fails = args.fails(&judged);
        let mended = fix::mend(judged, &asked);
        if args.write {
            let report = fix::write(&mended, args.force)?;
            print(&report);
            return Ok(!args.fails(&mended.judged));
        }
        print(&mended.commands());
        eprint!("{}", mended.beside_commands());
        return Ok(!fails);
    }
    print(&output::render(
        &judged,
        args.format(),
        args.fails_from(),
        terminal::stdout(),
    ));
    Ok(!args.fails(&judged))
}

/// The same for a folder.
fn fleet(args: &CheckArgs, folder: &Path, asked: &Asked) -> Result<bool, String> {
    let told: fn(&fleet::Fleet) -> String = match args.format() {
        Format::Text => fleet::Fleet::text,
        Format::Json => |fleet| format!("{:#}\n", fleet.json()),
        _ => return Err("a fleet is told as text or json; --format asks for neither".into()),
    };
    let fleet = fleet::judge(folder, asked)?;
    print(&told(&fleet));
    if fleet.is_empty() {
        let folder = folder.display();
        return Err(format!("no file of {folder} is a configuration"));
    }
    Ok(!fleet.has(args.fails_from()))
}

impl CheckArgs {
    fn asked(&self) -> Result<Asked, String> {
        let profile = match self.profile {
            None => Profile::Baseline,
            Some(ProfileName::Cnsa2) => Profile::Cnsa2,
            Some(ProfileName::Bsi) => Profile::Bsi,
            Some(ProfileName::Nist) => Profile::Nist,
        };
        let certificates: Result<Vec<_>, String> = self
            .certificate
            .iter()
            .map(|option| HandedOver::read(option))
            .collect();
        Ok(Asked {
            certificates: certificates?,
            hints: self.hints.hints(),
            options: Options {
                profile,
                now: i64::try_from(Clock::start().unix().as_secs()).ok(),
                nat_between: self.nat,
            },
        })
    }

    fn format(&self) -> Format {
        match self.json {
            true => Format::Json,
            false => self.format,
        }
    }

    fn fails_from(&self) -> Severity {
        match self.deny {
            Some(Denied::Warnings) => Severity::Warning,
            None => Severity::Error,
        }
    }

    fn fails(&self, judged: &Judged) -> bool {
        let from = self.fails_from();
        judged.findings.iter().any(|f| f.severity >= from)
    }
}

/// A reader that has seen enough is no error.
fn print(text: &str) {
    io::stdout().write_all(text.as_bytes()).ok();
}
