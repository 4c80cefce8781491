//! `crossgate exec`: an operator's command, run by a daemon.

use clap::Args;
use crossgate_gateway::control;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

/// Run a command of the vendor's language on a running gateway.
#[derive(Debug, Args)]
pub struct ExecArgs {
    /// The daemon: its name, LAB/END of a kept lab, or the path of its control socket
    #[arg(value_name = "SOCKET-or-NAME")]
    daemon: String,
    /// The command, such as "show crypto ikev2 sa" or "show vpn ike-sa"
    #[arg(required_unless_present = "follow")]
    command: Option<String>,
    /// Stream the daemon's log, after the command if there is one
    #[arg(long)]
    follow: bool,
}

pub fn run(args: &ExecArgs) -> ExitCode {
    let socket = match control::find(&args.daemon) {
        Ok(socket) => socket,
        Err(missing) => return complain(&missing),
    };
    match exec(args, &socket) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        // Whoever read our output has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => complain(&format!("{} did not answer: {error}", args.daemon)),
    }
}

/// Whether the command was taken.
fn exec(args: &ExecArgs, socket: &Path) -> io::Result<bool> {
    let mut taken = true;
    if let Some(command) = &args.command {
        let answer = control::request(socket, command)?;
        show(&answer.text)?;
        taken = answer.ok;
    }
    if args.follow && taken {
        for line in control::follow(socket)? {
            show(&line?.text)?;
        }
    }
    Ok(taken)
}

fn show(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    if !text.is_empty() && !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    out.flush()
}

fn complain(sentence: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("crossgate: {sentence}");
    ExitCode::from(2)
}
