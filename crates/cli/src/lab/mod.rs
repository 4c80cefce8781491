//! `crossgate lab`: two files become a tunnel between two namespaces of this machine.

mod capture;
mod interrupt;
mod namespace;
mod network;
mod node;
mod ping;
#[cfg(test)]
mod plan_tests;
mod report;
mod running;
mod state;

use crate::hints::HintArgs;
use clap::{Args, ValueEnum};
use crossgate_gateway::control;
use crossgate_gateway::load::{self, Loaded};
use crossgate_model::plan::{Plan, Site};
use interrupt::Remains;
use network::Network;

use report::Progress;
use running::Running;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Run two configurations as a tunnel between network namespaces of this machine.
///
/// Exit status: 0 if traffic passed both ways and nothing in the clear, 1 if it did not, 2 if the
/// files or the machine can't serve.
#[derive(Debug, Args)]
pub struct LabArgs {
    /// The branch's configuration (IOS-XE or PAN-OS)
    #[arg(required_unless_present = "down", value_name = "BRANCH")]
    branch: Option<PathBuf>,
    /// The headquarters' configuration (IOS-XE or PAN-OS)
    #[arg(required_unless_present = "down", value_name = "HQ")]
    hq: Option<PathBuf>,
    /// Leave the lab running
    #[arg(long, requires = "name")]
    keep: bool,
    /// Name of a kept lab: `crossgate exec NAME/branch "show …"` talks to it
    #[arg(long)]
    name: Option<String>,
    /// Stop and remove a kept lab
    #[arg(long, value_name = "NAME", conflicts_with_all = ["branch", "keep", "name", "start", "keylog", "json"])]
    down: Option<String>,
    #[command(flatten)]
    hints: HintArgs,
    /// Which end initiates (default: as the files say)
    #[arg(long, value_enum)]
    start: Option<Starter>,
    /// Write Wireshark's key tables and the WAN capture into this folder
    #[arg(long, value_name = "DIR")]
    keylog: Option<PathBuf>,
    /// Echo requests each way and pair of networks
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1000))]
    count: u16,
    /// Print one JSON object on stdout
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Starter {
    Branch,
    Hq,
}

/// Why a lab could not be judged, and in which step.
#[derive(Debug)]
struct Unusable {
    step: &'static str,
    sentence: String,
}

impl Unusable {
    fn at<E: fmt::Display>(step: &'static str) -> impl Fn(E) -> Self {
        move |error| Self {
            step,
            sentence: error.to_string(),
        }
    }
}

/// The two files as read.
struct Inputs {
    branch: Loaded,
    hq: Loaded,
}

/// Folders of one lab, removed with it unless they are spared.
struct Folders {
    /// Control sockets, and the state of a kept lab.
    sockets: PathBuf,
    logs: PathBuf,
    remains: Remains,
}

impl Drop for Folders {
    fn drop(&mut self) {
        self.remains.remove_folders();
    }
}

pub fn run(args: &LabArgs) -> ExitCode {
    let done = match &args.down {
        Some(name) => down(name),
        None => lab(args, &Progress::start()),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(Unusable { step, sentence }) => {
            eprintln!("error: {step}: {sentence}");
            ExitCode::from(2)
        }
    }
}

fn down(name: &str) -> Result<bool, Unusable> {
    let processes = state::down(&socket_folder(name)?).map_err(Unusable::at("down"))?;
    eprintln!("lab {name} is down: {processes} processes stopped");
    Ok(true)
}

/// Whether traffic passed both ways and nothing in the clear.
fn lab(args: &LabArgs, progress: &Progress) -> Result<bool, Unusable> {
    let inputs = read(args, progress)?;
    let plan =
        Plan::new(&inputs.branch.gateway, &inputs.hq.gateway).map_err(Unusable::at("plan"))?;
    for assumption in &plan.assumptions {
        progress.step("assumed", assumption);
    }
    let folders = prepare(args)?;
    let files = [&inputs.branch.gateway, &inputs.hq.gateway];
    let network = Network::build(&plan, files).map_err(Unusable::at("network"))?;
    progress.step("network", picture(&plan));
    let lab = running::Lab {
        args,
        inputs: &inputs,
        plan: &plan,
        network: &network,
        folders: &folders,
        progress,
    };
    let running = Running::start(&lab)?;
    let outcome = running.exercise(&lab)?;
    running.show_status(&lab);
    running.explain(&lab, outcome.initiator);
    running.finish(&lab, outcome)
}

fn read(args: &LabArgs, progress: &Progress) -> Result<Inputs, Unusable> {
    let one = |path: &Option<PathBuf>| {
        let path = path.as_deref().unwrap_or(Path::new(""));
        load::load(path, &args.hints.hints()).map_err(Unusable::at("read"))
    };
    let inputs = Inputs {
        branch: one(&args.branch)?,
        hq: one(&args.hq)?,
    };
    let (branch, hq) = (&inputs.branch, &inputs.hq);
    progress.step(
        "read",
        format!("branch: {}\nhq: {}", branch.summary(), hq.summary()),
    );
    eprint!("{}{}", branch.findings_text(), hq.findings_text());
    Ok(inputs)
}

/// Checks name and machine, and makes the folders.
fn prepare(args: &LabArgs) -> Result<Folders, Unusable> {
    let unnamed = format!("lab-{}", std::process::id());
    let name = args.name.as_ref().unwrap_or(&unnamed);
    // Before root of a user namespace is taken: the folder is the caller's own.
    let sockets = socket_folder(name)?;
    if state::is_running(&sockets) {
        return Err(Unusable {
            step: "name",
            sentence: format!(
                "a lab named {name} is running; `crossgate lab --down {name}` stops it"
            ),
        });
    }
    namespace::prepare_machine().map_err(Unusable::at("machine"))?;
    let folders = Folders {
        sockets,
        logs: std::env::temp_dir().join(format!("crossgate-lab-{}", std::process::id())),
        remains: Remains::default(),
    };
    folders.remains.watch().map_err(Unusable::at("machine"))?;
    folders.remains.note_folder(folders.sockets.clone());
    folders.remains.note_folder(folders.logs.clone());
    let keylog = args.keylog.as_ref();
    for folder in [&folders.sockets, &folders.logs].into_iter().chain(keylog) {
        std::fs::create_dir_all(folder).map_err(|error| Unusable {
            step: "machine",
            sentence: format!("{} can't be made: {error}", folder.display()),
        })?;
    }
    Ok(folders)
}

fn socket_folder(name: &str) -> Result<PathBuf, Unusable> {
    let fit = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || !name.chars().all(fit) {
        return Err(Unusable {
            step: "name",
            sentence: format!(
                "`{}` can't be a lab's name; expected letters, digits, `-` and `_`",
                name.escape_debug()
            ),
        });
    }
    let folder = control::runtime_folder().map_err(Unusable::at("machine"))?;
    Ok(folder.join(name))
}

fn picture(plan: &Plan) -> String {
    let lans = |site: &Site| {
        let lans = site.lans.iter().map(|lan| lan.gateway.trunc().to_string());
        lans.collect::<Vec<_>>().join(", ")
    };
    let (branch, hq) = (&plan.branch, &plan.hq);
    let middle = if plan.one_segment() {
        "one segment"
    } else {
        "router"
    };
    format!(
        "{} — {} — {middle} — {} — {}",
        lans(branch),
        branch.wan.addr(),
        hq.wan.addr(),
        lans(hq)
    )
}
