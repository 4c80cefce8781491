//! What `show` and other commands print, in the device's layouts. Each print is a function of view
//! values; what comes from the configuration's text comes through `running`.

pub mod algorithm;
pub mod debug;
pub mod ikev2_config;
pub mod ikev2_sa;
pub mod ikev2_session;
pub mod interface;
pub mod ipsec_sa;
pub mod ping;
pub mod route;
mod running;
pub mod selector;
pub mod session;
pub mod system;

use crossgate_model::operate::{Operation, Outcome};
use crossgate_model::view::{ChildSaView, ConnectionView, InterfaceView, Snapshot};
use std::fmt::{self, Display, Write};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Lines, one after another.
#[derive(Default)]
struct Page(String);

impl Page {
    fn line(&mut self, line: impl Display) {
        // Writing to a text can't fail.
        let _ = writeln!(self.0, "{line}");
    }

    fn blank(&mut self) {
        self.0.push('\n');
    }
}

/// What IOS answers to what it does without a word.
pub fn silent(_: &Operation, outcome: &Outcome) -> String {
    match outcome {
        Outcome::Failed(reason) => format!("% {reason}\n"),
        _ => String::new(),
    }
}

/// IOS writes IPv6 addresses in capitals.
fn address(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => address.to_string().to_uppercase(),
    }
}

fn some_address(known: Option<IpAddr>) -> String {
    known.map_or_else(|| "0.0.0.0".into(), address)
}

/// `203.0.113.10/500`.
fn end(end: SocketAddr) -> String {
    format!("{}/{}", address(end.ip()), end.port())
}

/// `0x397C36EE(964441838)`.
fn spi(spi: u32) -> String {
    format!("0x{spi:X}({spi})")
}

/// `00:27:42`, `3d18h`, `7w0d`, `1y12w`: the two largest units, once they are days.
fn elapsed(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, days) = (seconds / 3600, seconds / 86_400);
    match days {
        0 => hours_minutes_seconds(time),
        1..7 => format!("{days}d{:02}h", hours % 24),
        7..365 => format!("{}w{}d", days / 7, days % 7),
        _ => format!("{}y{}w", days / 365, days % 365 / 7),
    }
}

/// `23:32:18`, however many hours.
fn hours_minutes_seconds(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    format!("{hours:02}:{minutes:02}:{:02}", seconds % 60)
}

/// An identity without the word for its kind, which IOS doesn't print.
fn identity(text: &str) -> String {
    let kinds = ["address ", "fqdn ", "email ", "key-id ", "dn "];
    let stripped = kinds.iter().find_map(|kind| text.strip_prefix(kind));
    let value = stripped.unwrap_or(text);
    value.parse().map_or_else(|_| value.to_owned(), address)
}

/// The IKEv2 profile that a connection is named after.
fn profile(connection: &ConnectionView) -> &str {
    let name = connection.name.as_str();
    name.split_once('/').map_or(name, |(profile, _)| profile)
}

/// What is left of an SA's kilobytes in one direction, of which so many octets have gone through.
fn kilobytes_left(sa: &ChildSaView, bytes: u64) -> Option<u64> {
    sa.kilobytes.map(|all| all.saturating_sub(bytes / 1024))
}

fn seconds_left(sa: &ChildSaView) -> u64 {
    sa.lifetime.saturating_sub(sa.age).as_secs()
}

/// The interface, other than a tunnel, that has that address.
fn interface_with(snapshot: &Snapshot, own: Option<IpAddr>) -> Option<&InterfaceView> {
    let mut real = snapshot
        .interfaces
        .iter()
        .filter(|interface| !interface.tunnel);
    real.find(|interface| {
        interface
            .addresses
            .iter()
            .any(|net| Some(net.addr()) == own)
    })
}

/// Something that is not there, as IOS has it.
struct OrNone<T>(Option<T>);

impl<T: Display> Display for OrNone<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(value) => value.fmt(f),
            None => f.write_str("none"),
        }
    }
}
