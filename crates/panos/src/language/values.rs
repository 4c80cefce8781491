//! Values in PAN-OS's notations.

use super::cannot;
use crossgate_model::CannotSay;
use ipnet::IpNet;
use std::time::Duration;

/// A lifetime in that unit, or else in the largest that it is whole in; 86,400 s can't be written
/// as seconds.
pub fn lifetime_unit(lifetime: Duration, unit: Option<&str>) -> Option<(&'static str, u64)> {
    const UNITS: [(&str, u64, u64, u64); 4] = [
        ("days", 86_400, 1, 365),
        ("hours", 3600, 1, 65_535),
        ("minutes", 60, 3, 65_535),
        ("seconds", 1, 180, 65_535),
    ];
    let seconds = lifetime.as_secs();
    let fits = |&(_, length, least, most): &(&str, u64, u64, u64)| {
        seconds.is_multiple_of(length) && (least..=most).contains(&(seconds / length))
    };
    let said = UNITS.into_iter().filter(|(word, ..)| unit == Some(*word));
    let found = said.chain(UNITS).find(fits);
    found.map(|(word, length, ..)| (word, seconds / length))
}

/// Kilobytes in the largest unit that divides them.
pub fn lifesize(kilobytes: u64) -> Result<(&'static str, u64), CannotSay> {
    let units = [("tb", 30), ("gb", 20), ("mb", 10), ("kb", 0)];
    let mut fitting = units.into_iter().filter_map(|(unit, shift)| {
        let count = kilobytes >> shift;
        let fits = (1..=65_535).contains(&count) && count << shift == kilobytes;
        fits.then_some((unit, count))
    });
    fitting.next().ok_or_else(|| {
        CannotSay(format!(
            "{kilobytes} kilobytes fit no unit: PAN-OS has 1 to 65535 KB, MB, GB or TB"
        ))
    })
}

/// Key IDs are written in hexadecimal digits.
pub fn hexadecimal(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// `192.0.2.0/24` is `192.0.2.*`.
pub fn stars(net: &IpNet) -> Result<String, CannotSay> {
    let whole = net.prefix_len().is_multiple_of(8) && (8..=24).contains(&net.prefix_len());
    if !whole || !net.addr().is_ipv4() {
        return cannot(format!(
            "PAN-OS has no peer ID for {net}: only whole numbers at an address's end can be `*`"
        ));
    }
    let kept = usize::from(net.prefix_len() / 8);
    let address = net.network().to_string();
    let octets = address.split('.').enumerate();
    let octets = octets.map(|(at, octet)| if at < kept { octet } else { "*" });
    Ok(octets.collect::<Vec<_>>().join("."))
}

/// That name, or with a number at its end if something has it already; PAN-OS's names have a
/// greatest length.
pub fn unused(name: &str, longest: usize, is_used: impl Fn(&str) -> bool) -> String {
    let short = |room: usize| name.chars().take(room).collect::<String>();
    let numbered = (2..).map(|number| {
        let suffix = format!("-{number}");
        format!("{}{suffix}", short(longest - suffix.len()))
    });
    let mut candidates = std::iter::once(short(longest)).chain(numbered);
    candidates.find(|name| !is_used(name)).unwrap_or_default()
}
