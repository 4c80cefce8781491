//! `crossgate run`: the daemon for one end.

use crate::hints::HintArgs;
use clap::{Args, ValueEnum};
use crossgate_gateway::{LogFormat, Options, PlaneChoice};
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
    #[command(flatten)]
    hints: HintArgs,
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
    /// Carry this tunnel's ESP in UDP, NAT or not, whoever the peer is; `all` for every tunnel
    #[arg(long = "encapsulate", value_name = "TUNNEL")]
    encapsulate: Vec<String>,
    /// Carry this tunnel's ESP in UDP only if there is a NAT; `all` for every tunnel. Without it, ESP
    /// is in UDP, which is much faster here, if the peer is a Crossgate that would as well, both
    /// files have NAT traversal, and IKE gets through on UDP port 4500
    #[arg(long = "no-encapsulate", value_name = "TUNNEL")]
    no_encapsulate: Vec<String>,
    /// Who seals and opens packets: this program, the kernel (IPsec and VTI devices), or the kernel
    /// where it can
    #[arg(long, value_enum, default_value_t = DataPlane::User)]
    data_plane: DataPlane,
    /// With the kernel's data plane, ask network cards to encrypt; cards that can't are no hindrance
    #[arg(long)]
    offload: bool,
    /// Threads that seal and open, which share the tunnel interfaces; with 1 the daemon's own thread does
    /// it beside all else
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=15))]
    workers: u8,
    /// Give each worker a share of this tunnel, with an SA of its own (RFC 9611) where the peer takes
    /// that, as Crossgate does which was told the same; `all` for every tunnel with an interface
    #[arg(long = "per-core", value_name = "TUNNEL")]
    per_core: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DataPlane {
    User,
    Kernel,
    Auto,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

pub fn run(args: &RunArgs) -> ExitCode {
    if args.data_plane == DataPlane::Kernel && args.workers > 1 {
        eprintln!(
            "crossgate: --workers {} is of user space: the kernel has its own threads. Leave it out, or say --data-plane user",
            args.workers
        );
        return ExitCode::from(2);
    }
    let mut with = args.encapsulate.iter();
    if let Some(name) = with.find(|name| args.no_encapsulate.contains(name)) {
        eprintln!(
            "crossgate: --encapsulate {name} and --no-encapsulate {name} say the opposite: leave one out"
        );
        return ExitCode::from(2);
    }
    if !args.per_core.is_empty() && args.workers < 2 {
        eprintln!(
            "crossgate: --per-core {} shares a tunnel among workers: say --workers 2 or more",
            args.per_core.join(" --per-core ")
        );
        return ExitCode::from(2);
    }
    let options = Options {
        file: args.file.clone(),
        binds: args.binds.clone(),
        hints: args.hints.hints(),
        name: args.name.clone(),
        socket: args.socket.clone(),
        keylog: args.keylog.clone(),
        log_format: match args.log_format {
            Format::Text => LogFormat::Text,
            Format::Json => LogFormat::Json,
        },
        passive: args.passive,
        encapsulate: args.encapsulate.clone(),
        no_encapsulate: args.no_encapsulate.clone(),
        data_plane: match args.data_plane {
            DataPlane::User => PlaneChoice::User,
            DataPlane::Kernel => PlaneChoice::Kernel,
            DataPlane::Auto => PlaneChoice::Auto,
        },
        offload: args.offload,
        workers: args.workers,
        per_core: args.per_core.clone(),
    };
    match crossgate_gateway::run(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("crossgate: {failure}");
            ExitCode::from(2)
        }
    }
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
    use super::binding;

    #[test]
    fn a_binding_is_two_names_with_an_equals_sign_between() {
        let pair = ("tunnel.1".to_owned(), "eth0".to_owned());
        assert_eq!(binding("tunnel.1=eth0"), Ok(pair));
        for text in ["", "eth0", "=eth0", "ethernet1/1="] {
            assert!(binding(text).is_err(), "{text}");
        }
    }
}
