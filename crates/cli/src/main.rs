//! The program `crossgate`.

#![forbid(unsafe_code)]

mod check;
mod exec;
mod explain;
mod hints;
mod lab;
mod make;
mod paper;
mod pcap;
mod rehearse;
mod run;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// An IKEv2/IPsec gateway that speaks Cisco IOS-XE and PAN-OS configuration.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::CheckArgs),
    Explain(explain::ExplainArgs),
    Rehearse(rehearse::RehearseArgs),
    Generate(make::generate::GenerateArgs),
    Mirror(make::mirror::MirrorArgs),
    Convert(make::convert::ConvertArgs),
    Run(run::RunArgs),
    Exec(exec::ExecArgs),
    Lab(lab::LabArgs),
    Completions(paper::CompletionsArgs),
    Man(paper::ManArgs),
}

fn main() -> ExitCode {
    match &Cli::parse().command {
        Command::Check(args) => check::run(args),
        Command::Explain(args) => explain::run(args),
        Command::Rehearse(args) => rehearse::run(args),
        Command::Generate(args) => make::generate::run(args),
        Command::Mirror(args) => make::mirror::run(args),
        Command::Convert(args) => make::convert::run(args),
        Command::Run(args) => run::run(args),
        Command::Exec(args) => exec::run(args),
        Command::Lab(args) => lab::run(args),
        Command::Completions(args) => paper::completions(args),
        Command::Man(args) => paper::man(args),
    }
}

#[cfg(test)]
mod tests {
    use super::Cli;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_contradicts_itself_nowhere() {
        Cli::command().debug_assert();
    }
}
