//! `show version`, `show clock` and `show running-config`.

use super::Page;
use crossgate_model::view::Snapshot;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::time::Duration;

/// In the frame of an IOS-XE router's print, which programs read, the truth about what runs here.
pub fn version(snapshot: &Snapshot) -> String {
    let system = &snapshot.system;
    let (release, program) = (&system.release, &system.version);
    let release = if release.is_empty() { "17.0" } else { release };
    let name = if system.hostname.is_empty() {
        "Router"
    } else {
        &system.hostname
    };
    let uptime = uptime(system.uptime);
    let ports = snapshot
        .interfaces
        .iter()
        .filter(|i| i.name.contains("GigabitEthernet"))
        .count();
    let mut page = Page::default();
    page.line(format_args!("Cisco IOS XE Software, Version {release}"));
    page.line(format_args!(
        "Cisco IOS Software [Crossgate], Crossgate Software (CROSSGATE), Version {release}, RELEASE SOFTWARE (crossgate-{program})"
    ));
    page.line("This is Crossgate, which speaks the language of IOS-XE. It is not a Cisco product.");
    page.line("Copyright (c) 2026-2026 the developers of Crossgate");
    page.blank();
    page.line("ROM: Crossgate");
    page.blank();
    page.line(format_args!("{name} uptime is {uptime}"));
    page.line(format_args!(
        "Uptime for this control processor is {uptime}"
    ));
    page.line("System returned to ROM by reload");
    page.line(format_args!(
        "System image file is \"bootflash:crossgate-{program}\""
    ));
    page.line("Last reload reason: reload");
    page.blank();
    page.line(format_args!(
        "cisco Crossgate (VXE) processor (revision {program}) with 0K/0K bytes of memory."
    ));
    page.line("Processor board ID CROSSGATE");
    page.line("Router operating mode: Autonomous");
    page.line(format_args!("{ports} Gigabit Ethernet interfaces"));
    page.blank();
    page.line("Configuration register is 0x2102");
    page.0
}

/// `3 weeks, 6 days, 32 minutes`.
fn uptime(time: Duration) -> String {
    let minutes = time.as_secs() / 60;
    let (hours, days) = (minutes / 60, minutes / 1440);
    let units = [
        ("year", days / 365),
        ("week", days % 365 / 7),
        ("day", days % 365 % 7),
        ("hour", hours % 24),
        ("minute", minutes % 60),
    ];
    let shown = units
        .iter()
        .filter(|(unit, count)| *count > 0 || (*unit == "minute" && minutes == 0));
    let parts: Vec<String> = shown
        .map(|(unit, count)| format!("{count} {unit}{}", if *count == 1 { "" } else { "s" }))
        .collect();
    parts.join(", ")
}

/// `21:09:13.000 UTC Thu Jun 4 2026`.
pub fn clock(unix_time: u64) -> String {
    let seconds = i64::try_from(unix_time).unwrap_or_default();
    let now = Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH);
    let now = now.to_zoned(TimeZone::UTC);
    format!("{}\n", now.strftime("%H:%M:%S.000 UTC %a %b %-d %Y"))
}

pub fn running_config(masked: &str) -> String {
    let text = masked.trim_end();
    let end = if text
        .lines()
        .next_back()
        .is_some_and(|line| line.trim() == "end")
    {
        ""
    } else {
        "\nend"
    };
    let body = format!("{text}{end}\n");
    format!(
        "Building configuration...\n\nCurrent configuration : {} bytes\n{body}\n",
        body.len()
    )
}
