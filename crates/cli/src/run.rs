//! `crossgate run`: the daemon for one end.

use clap::{Args, ValueEnum};
use crossgate_gateway::{LogFormat, Options};
use std::path::PathBuf;
use std::process::ExitCode;

/// Run a gateway from its vendor's configuration file.
///
/// It speaks IKEv2 on UDP 500 and 4500, makes a TUN device for each tunnel interface, programs the
/// file's routes, and refuses what the file protects while its tunnel is down. SIGHUP reads the
/// file again; SIGTERM deletes the SAs with the peers and removes what was made.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The configuration: IOS-XE, or PAN-OS as XML or `set` commands
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Device of an interface of the configuration: ethernet1/1=eth0
    #[arg(long = "bind", value_name = "NAME=DEVICE", value_parser = binding)]
    binds: Vec<(String, String)>,
    /// Release of the vendor's system, where the file states none: 17.9
    #[arg(long, value_name = "NUMBER", value_parser = release)]
    release: Option<String>,
    /// What `crossgate exec` calls this daemon [default: the file's name]
    #[arg(long)]
    name: Option<String>,
    /// Path of the control socket [default: NAME.sock in the runtime folder]
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,
    /// Write all keys into this folder, as Wireshark's tables: for laboratories only
    #[arg(long, value_name = "DIR")]
    keylog: Option<PathBuf>,
    /// How the log on stderr is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    log_format: Format,
    /// Answer peers, but never initiate
    #[arg(long)]
    passive: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

pub fn run(args: &RunArgs) -> ExitCode {
    let options = Options {
        file: args.file.clone(),
        binds: args.binds.clone(),
        release: args.release.clone(),
        name: args.name.clone(),
        socket: args.socket.clone(),
        keylog: args.keylog.clone(),
        log_format: match args.log_format {
            Format::Text => LogFormat::Text,
            Format::Json => LogFormat::Json,
        },
        passive: args.passive,
    };
    match crossgate_gateway::run(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("crossgate: {failure}");
            ExitCode::from(2)
        }
    }
}

/// Major and minor number, and whatever follows: `17.9`, `17.09.04a`, `11.1.2-h3`.
pub fn release(text: &str) -> Result<String, String> {
    let mut parts = text.split('.');
    let numbers = [parts.next(), parts.next()];
    let begins_with_digit =
        |part: &Option<&str>| part.is_some_and(|p| p.starts_with(|c: char| c.is_ascii_digit()));
    if numbers.iter().all(begins_with_digit) {
        return Ok(text.to_owned());
    }
    Err("expected a release, such as 17.9".into())
}

fn binding(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, device)) if !name.is_empty() && !device.is_empty() => {
            Ok((name.to_owned(), device.to_owned()))
        }
        _ => Err("expected NAME=DEVICE, such as ethernet1/1=eth0".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::{binding, release};

    #[test]
    fn a_release_is_two_numbers_at_least() {
        assert!(release("17.9").is_ok() && release("17.09.04a").is_ok());
        assert!(release("17").is_err() && release("seventeen.nine").is_err());
    }

    #[test]
    fn a_binding_is_two_names_with_an_equals_sign_between() {
        let pair = ("tunnel.1".to_owned(), "eth0".to_owned());
        assert_eq!(binding("tunnel.1=eth0"), Ok(pair));
        for text in ["", "eth0", "=eth0", "ethernet1/1="] {
            assert!(binding(text).is_err(), "{text}");
        }
    }
}
