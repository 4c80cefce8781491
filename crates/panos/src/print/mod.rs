//! PAN-OS's prints: small functions of view values.
//!
//! Layouts follow published prints of devices; where none was found, the comment says so.

pub mod flow;
pub mod gateway;
pub mod ike_sa;
pub mod interface;
pub mod ipsec_sa;
pub mod operation;
pub mod routing;
pub mod system;
pub mod tunnel;

use crossgate_crypto::{DhGroup, Encr, Integ, Prf};
use crossgate_model::view::{ChildView, ConnectionView};
use jiff::Timestamp;

/// `Jun.04 21:09:13`, in UTC: the zone that our boxes are in.
pub fn clock(unix_time: u64) -> String {
    moment(unix_time, "%b.%d %H:%M:%S")
}

fn moment(unix_time: u64, format: &str) -> String {
    let seconds = i64::try_from(unix_time).unwrap_or(0);
    let time = Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH);
    time.strftime(format).to_string()
}

/// `A256`. The GCM ciphers' short names are not in any published print that we know.
fn encr(encr: Encr) -> String {
    let bits = encr.key_length_attribute();
    match bits {
        Some(bits) if encr.is_aead() => format!("G{bits}"),
        Some(bits) => format!("A{bits}"),
        None => encr.name().to_owned(),
    }
}

fn integ(integ: Integ) -> &'static str {
    match integ {
        Integ::HmacMd5_96 => "MD5",
        Integ::HmacSha1_96 => "SHA1",
        Integ::HmacSha256_128 => "SHA256",
        Integ::HmacSha384_192 => "SHA384",
        Integ::HmacSha512_256 => "SHA512",
    }
}

fn prf(prf: Prf) -> &'static str {
    match prf {
        Prf::HmacMd5 => "MD5",
        Prf::HmacSha1 => "SHA1",
        Prf::HmacSha256 => "SHA256",
        Prf::HmacSha384 => "SHA384",
        Prf::HmacSha512 => "SHA512",
    }
}

fn group(group: DhGroup) -> String {
    format!("DH{}", group.iana_id())
}

/// The name that PAN-OS prints of a tunnel's gateway and itself: `TUNNEL(GATEWAY)`.
fn tunnel_of(connection: &ConnectionView, child: &ChildView) -> String {
    format!("{}({})", child.name, connection.name)
}

/// Whether a name given by an operator means that Child: itself, or its whole tunnel.
fn is_meant(child: &ChildView, name: Option<&str>) -> bool {
    name.is_none_or(|name| child.name == name || child.tunnel == name)
}

/// Pads each cell to its column's width; a longer cell pushes the rest, as the device lets it.
fn row(widths: &[usize], cells: &[&str]) -> String {
    let mut line = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        line.push_str(&format!("{cell:<width$}"));
        if cell.len() >= *width && *width > 0 {
            line.push(' ');
        }
    }
    line.push('\n');
    line
}

/// A heading with its underline, each word as wide as the print underlines it.
fn heading(widths: &[usize], titles: &[&str]) -> String {
    let lines: Vec<String> = titles.iter().map(|title| "-".repeat(title.len())).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    row(widths, titles) + &row(widths, &lines)
}
