//! `crossgate mirror`: the other end that fits an existing one.

use super::convert::{Target, masked};
use super::other_end::{Wanted, other_end};
use super::{Output, judged};
use clap::Args;
use crossgate_diag::Sources;
use crossgate_gateway::dialect::Written;
use crossgate_gateway::load::{Hints, load_into};
use crossgate_model::{Connection, Gateway};
use ipnet::Ipv4Net;
use std::io::{self, Write};
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::ExitCode;

/// Write the configuration of the other end that fits an existing one.
///
/// Addresses, identities, selectors and keys change sides; algorithms, lifetimes and PFS stay.
/// What of the file is not understood, and what the other language can't say, is listed on stderr. With --out both files are then judged as
/// `crossgate check` does. Exit status: 0 if nothing is left to say, 1 if something is, 2 if the
/// file can't be mirrored or the new one not be written.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  crossgate mirror branch.cfg --to panos-set --local 10.20.20.1/24 \\
      --wan 198.51.100.20/24 --next-hop 198.51.100.1 --out hq.set
  crossgate mirror hq.xml --to ios --connection gw-branch --out branch.cfg
  crossgate mirror branch.cfg --to ios --lan-interface GigabitEthernet2")]
pub struct MirrorArgs {
    /// The end that there is: IOS-XE, or PAN-OS as XML or `set` commands
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The language of the other end
    #[arg(long, value_enum, value_name = "LANGUAGE")]
    to: Target,
    /// Which connection of the file, if it has several
    #[arg(long, value_name = "NAME")]
    connection: Option<String>,
    /// Address of the other end on its LAN, once for each [default: the first of each network]
    #[arg(long, value_name = "ADDRESS/LENGTH")]
    local: Vec<Ipv4Net>,
    /// A network behind the file's own end, once for each, if the file doesn't say
    #[arg(long, value_name = "NETWORK")]
    remote: Vec<Ipv4Net>,
    /// Address of the other end on its WAN [default: the file's peer address, /24]
    #[arg(long, value_name = "ADDRESS/LENGTH")]
    wan: Option<Ipv4Net>,
    /// The router on that WAN
    #[arg(long, value_name = "ADDRESS")]
    next_hop: Option<Ipv4Addr>,
    /// Where the file's own end is, if the file doesn't say
    #[arg(long, value_name = "ADDRESS")]
    peer: Option<Ipv4Addr>,
    /// What the other end is called [default: peer]
    #[arg(long, value_name = "NAME")]
    hostname: Option<String>,
    /// What the other end shows of itself, where the file accepts several: a name or an address
    #[arg(long, value_name = "IDENTITY")]
    identity: Option<String>,
    /// Interface of the WAN, as its vendor calls it
    #[arg(long, value_name = "NAME")]
    wan_interface: Option<String>,
    /// Interface of a LAN, in the order of --local
    #[arg(long, value_name = "NAME")]
    lan_interface: Vec<String>,
    /// Interface of the tunnel
    #[arg(long, value_name = "NAME")]
    tunnel_interface: Option<String>,
    /// Write this new file, key included; without it the text is printed, its key masked
    #[arg(long, value_name = "PATH")]
    out: Option<PathBuf>,
    /// Replace the file if it is there already
    #[arg(long, requires = "out")]
    force: bool,
    /// Release of IOS-XE: of a file that states none, and of what is written
    #[arg(long, value_name = "NUMBER", value_parser = crate::hints::release)]
    release: Option<String>,
    /// Which device a Panorama's export is read as: a template stack, a template, or the serial
    /// number of a device
    #[arg(long, value_name = "NAME")]
    template: Option<String>,
}

pub fn run(args: &MirrorArgs) -> ExitCode {
    match mirror(args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(sentence) => {
            eprintln!("crossgate: {sentence}");
            ExitCode::from(2)
        }
    }
}

/// Whether nothing is left to say.
fn mirror(args: &MirrorArgs) -> Result<bool, String> {
    let mut sources = Sources::new();
    let read = load_into(&mut sources, &args.file, &args.hints());
    let read = read.map_err(|failure| failure.to_string())?;
    let is_understood = super::is_understood(&sources, &read);
    let file = args.file.display().to_string();
    let connection = chosen(&read.gateway, args.connection.as_deref(), &file)?;
    let other = other_end(&read.gateway, connection, &args.wanted(), &file)?;
    for assumption in &other.assumptions {
        eprintln!("assumed {assumption}");
    }
    let written = args.to.form().write(&other.gateway);
    let cannot: Vec<String> = other
        .cannot
        .iter()
        .chain(&written.cannot)
        .cloned()
        .collect();
    let is_fine = deliver(args, written)?;
    for sentence in &cannot {
        eprintln!("not said: {sentence}");
    }
    Ok(is_understood && is_fine && cannot.is_empty())
}

fn deliver(args: &MirrorArgs, written: Written) -> Result<bool, String> {
    let Some(path) = &args.out else {
        // A reader that has seen enough is no error.
        io::stdout()
            .write_all(masked(written.text)?.as_bytes())
            .ok();
        return Ok(true);
    };
    let output = Output::new(path.clone(), written);
    output.refuse_old(args.force)?;
    output.write()?;
    eprintln!("wrote {}", path.display());
    let files = [args.file.clone(), path.clone()];
    judged(&files, Some(&args.file), false, &args.hints())
}

impl MirrorArgs {
    fn hints(&self) -> Hints {
        Hints {
            release: self.release.clone(),
            template: self.template.clone(),
        }
    }

    fn wanted(&self) -> Wanted<'_> {
        Wanted {
            vendor: self.to.vendor(),
            release: self.release.as_deref(),
            hostname: self.hostname.as_deref(),
            locals: &self.local,
            remotes: &self.remote,
            wan: self.wan,
            next_hop: self.next_hop,
            peer: self.peer,
            identity: self.identity.as_deref(),
            wan_interface: self.wan_interface.as_deref(),
            lan_interfaces: &self.lan_interface,
            tunnel_interface: self.tunnel_interface.as_deref(),
        }
    }
}

fn chosen<'g>(
    gateway: &'g Gateway,
    wanted: Option<&str>,
    file: &str,
) -> Result<&'g Connection, String> {
    let all = gateway.connections.iter();
    let names: Vec<String> = all.map(|c| format!("`{}`", c.name.value)).collect();
    let names = names.join(", ");
    if let Some(wanted) = wanted {
        let known = gateway.connection(wanted);
        return known.ok_or_else(|| {
            format!(
                "{file} has no connection `{}`; it has {names}",
                wanted.escape_debug()
            )
        });
    }
    match gateway.connections.as_slice() {
        [] => Err(format!(
            "{file} describes no IKEv2 peer; expected one to mirror"
        )),
        [only] => Ok(only),
        _ => Err(format!(
            "{file} has several connections; choose one with --connection: {names}"
        )),
    }
}
