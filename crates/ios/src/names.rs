//! Interface names: `Gi0/0/0`, `int tunnel 1`.

use crossgate_diag::surely;

/// Types in the order in which an abbreviation that fits several means the first.
const TYPES: [&str; 37] = [
    "GigabitEthernet",
    "TenGigabitEthernet",
    "FastEthernet",
    "Ethernet",
    "Tunnel",
    "Loopback",
    "Vlan",
    "Port-channel",
    "Serial",
    "Dialer",
    "Cellular",
    "TwoGigabitEthernet",
    "FiveGigabitEthernet",
    "TwentyFiveGigE",
    "FortyGigabitEthernet",
    "FiftyGigE",
    "HundredGigE",
    "FourHundredGigE",
    "AppGigabitEthernet",
    "BDI",
    "BVI",
    "Null",
    "Virtual-Template",
    "Virtual-Access",
    "VirtualPortGroup",
    "Async",
    "ATM",
    "Multilink",
    "MFR",
    "NVI",
    "nve",
    "pseudowire",
    "POS",
    "LISP",
    "Embedded-Service-Engine",
    "Wlan-GigabitEthernet",
    "ucse",
];

/// The name in full: `Gi0/0/0` is `GigabitEthernet0/0/0`. What isn't a known type stays as it is.
pub fn interface_name(written: &str) -> String {
    let (kind, number) = split(written);
    match full_type(kind) {
        Some(full) if is_number(number) => format!("{full}{number}"),
        _ => written.to_owned(),
    }
}

/// Slot, port, subinterface: `0/0/0`, `0/1.200`, `1:0`.
pub(crate) fn is_number(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit())
        && word
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, '/' | '.' | ':'))
}

/// A known interface type or an abbreviation of one, without a number.
pub(crate) fn is_type(word: &str) -> bool {
    full_type(word).is_some()
}

/// What a name was surely to be whose type isn't known: `Tunel0`.
pub(crate) fn interface_meant(written: &str) -> Option<String> {
    let (kind, number) = split(written);
    if !is_number(number) || is_type(kind) {
        return None;
    }
    Some(format!("{}{number}", surely(kind, TYPES)?))
}

/// An interface of a known type, with its number.
pub(crate) fn is_interface(word: &str) -> bool {
    let (kind, number) = split(word);
    is_number(number) && is_type(kind)
}

/// The speed that the type of interface means, in Mbit/s.
pub(crate) fn megabits(name: &str) -> Option<u64> {
    let (kind, _) = split(name);
    match kind {
        "Ethernet" => Some(10),
        "FastEthernet" => Some(100),
        "GigabitEthernet" | "AppGigabitEthernet" => Some(1000),
        "TwoGigabitEthernet" => Some(2500),
        "FiveGigabitEthernet" => Some(5000),
        "TenGigabitEthernet" => Some(10_000),
        "TwentyFiveGigE" => Some(25_000),
        "FortyGigabitEthernet" => Some(40_000),
        "FiftyGigE" => Some(50_000),
        "HundredGigE" => Some(100_000),
        "FourHundredGigE" => Some(400_000),
        _ => None,
    }
}

pub(crate) fn is_loopback(name: &str) -> bool {
    name.starts_with("Loopback")
}

pub(crate) fn is_template(name: &str) -> bool {
    name.starts_with("Virtual-Template")
}

fn split(written: &str) -> (&str, &str) {
    let at = written
        .find(|c: char| c.is_ascii_digit())
        .unwrap_or(written.len());
    written.split_at_checked(at).unwrap_or((written, ""))
}

fn full_type(kind: &str) -> Option<&'static str> {
    let kind = kind.to_ascii_lowercase();
    let fits = |full: &&&str| full.to_ascii_lowercase().starts_with(&kind);
    TYPES
        .iter()
        .find(fits)
        .filter(|_| !kind.is_empty())
        .copied()
}
