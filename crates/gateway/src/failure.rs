//! Why the daemon can't serve: each a sentence for the operator, each exit status 2.

use ipnet::IpNet;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;

/// What ended the daemon before or instead of its work.
#[derive(Debug)]
pub enum Failure {
    /// The file can't be read.
    Unreadable { path: PathBuf, error: io::Error },
    /// The file is no configuration of a known dialect.
    NotAConfiguration { path: PathBuf, reason: String },
    /// A configuration, but nothing in it can be run.
    Unusable { path: PathBuf, reason: String },
    /// `--bind` names an interface that the configuration doesn't have.
    UnknownInterface { name: String, known: Vec<String> },
    /// `--bind` names a device that the machine doesn't have.
    UnknownDevice { name: String, device: String },
    /// A connection's interface leads to no device.
    Unbound {
        interface: String,
        connection: String,
    },
    /// A connection says neither interface nor address.
    NoLocalEnd { connection: String },
    /// The configured address is on no device, or not on the bound one.
    AddressMissing {
        address: IpAddr,
        interface: String,
        device: Option<String>,
    },
    /// The file leaves the address to the device, and that has none.
    NoAddress { interface: String, device: String },
    /// Another process has the port.
    PortInUse { address: IpAddr, port: u16 },
    /// `--name` would be a path, or hidden.
    BadName { name: String },
    /// Another daemon has the control socket.
    NameInUse { name: String },
    /// The device's name is taken.
    TunInUse { device: String },
    /// The kernel can't be the data plane.
    NoKernelPlane { reason: String },
    /// Another device of the kernel's has the name, or both ends.
    VtiInUse {
        device: String,
        local: IpAddr,
        remote: IpAddr,
    },
    /// No /dev/net/tun.
    NoTun { error: io::Error },
    /// A capability is missing.
    NotPermitted {
        what: &'static str,
        needs: &'static str,
    },
    /// A foreign route would carry protected packets past the tunnel.
    RouteTaken { destination: IpNet, device: String },
    /// The machine refused something else.
    Machine { what: String, error: io::Error },
}

impl Failure {
    /// For errors of the machine: `what` completes "cannot …".
    pub fn machine(what: impl Into<String>, error: impl Into<io::Error>) -> Self {
        Self::Machine {
            what: what.into(),
            error: error.into(),
        }
    }
}

/// For `map_err`: `what` completes "cannot …".
pub fn of<E: Into<io::Error>>(what: &'static str) -> impl FnOnce(E) -> Failure {
    move |error| Failure::machine(what, error)
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, error } => {
                write!(f, "cannot read {}: {error}", path.display())
            }
            Self::NotAConfiguration { path, reason } => write!(
                f,
                "{} cannot be read as an IOS-XE or PAN-OS configuration: {reason}",
                path.display()
            ),
            Self::Unusable { path, reason } => {
                write!(f, "{} cannot be run: {reason}", path.display())
            }
            Self::UnknownInterface { name, known } => write!(
                f,
                "--bind {name}: the configuration has no such interface; it has {}",
                listed(known)
            ),
            Self::UnknownDevice { name, device } => {
                write!(
                    f,
                    "--bind {name}={device}: this machine has no device {device}"
                )
            }
            Self::Unbound {
                interface,
                connection,
            } => write!(
                f,
                "no device is bound to {interface}, which {connection} leaves by: add --bind {interface}=DEVICE"
            ),
            Self::NoLocalEnd { connection } => write!(
                f,
                "{connection} says neither from which interface nor from which address it speaks"
            ),
            Self::AddressMissing {
                address,
                interface,
                device: Some(device),
            } => write!(
                f,
                "address {address} of {interface} is not there: device {device} does not have it"
            ),
            Self::AddressMissing {
                address,
                interface,
                device: None,
            } => write!(
                f,
                "address {address} of {interface} is not there: no device of this machine has it"
            ),
            Self::NoAddress { interface, device } => write!(
                f,
                "neither the configuration of {interface} nor device {device} has an address to speak from"
            ),
            Self::PortInUse { address, port } => write!(
                f,
                "UDP port {port} of {address} is in use by another program: stop it, two cannot speak IKE from one address"
            ),
            Self::BadName { name } => write!(
                f,
                "`{}` can't be a daemon's name: expected letters, digits or signs other than `/`, no `.` in front",
                name.escape_debug()
            ),
            Self::NameInUse { name } => write!(
                f,
                "the name {name} is in use by a running daemon: stop it, or give this one another --name"
            ),
            Self::TunInUse { device } => write!(
                f,
                "device {device} exists already and is not ours: another daemon or program has made it"
            ),
            Self::NoKernelPlane { reason } => write!(
                f,
                "this kernel cannot carry the tunnels: {reason}; or run with --data-plane user"
            ),
            Self::VtiInUse {
                device,
                local,
                remote,
            } => write!(
                f,
                "device {device} cannot be made: the name, or a tunnel device from {local} to {remote}, exists already; the kernel has one for each pair of ends: remove it, or run with --data-plane user"
            ),
            Self::NoTun { error } => write!(
                f,
                "cannot open /dev/net/tun ({error}): load the kernel's tun module, or give this container the device"
            ),
            Self::NotPermitted { what, needs } => {
                write!(f, "not permitted to {what}: needs {needs} (run as root)")
            }
            Self::RouteTaken {
                destination,
                device,
            } => write!(
                f,
                "a route to {destination} by {device} exists already and would carry it past the tunnel: remove it"
            ),
            Self::Machine { what, error } => write!(f, "cannot {what}: {error}"),
        }
    }
}

impl std::error::Error for Failure {}

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        return "none".into();
    }
    names.join(", ")
}
