//! What the command line says of itself: completions for shells, and man pages.

use crate::Cli;
use clap::{Args, CommandFactory};
use clap_complete::Shell;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// Print the completion script of a shell.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// For example: `crossgate completions bash > /etc/bash_completion.d/crossgate`
    shell: Shell,
}

/// Write the man pages, one a command, into a folder.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// For example: `crossgate man /usr/local/share/man/man1`
    folder: PathBuf,
}

pub fn completions(args: &CompletionsArgs) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "crossgate", &mut script);
    // A reader that has seen enough is no error.
    io::stdout().write_all(&script).ok();
    ExitCode::SUCCESS
}

pub fn man(args: &ManArgs) -> ExitCode {
    match clap_mangen::generate_to(Cli::command(), &args.folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!(
                "error: man pages can't be written into {}: {error}",
                args.folder.display()
            );
            ExitCode::from(2)
        }
    }
}
