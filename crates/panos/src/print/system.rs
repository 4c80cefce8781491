//! `show system info` and `show clock`.

use super::moment;
use crossgate_model::view::SystemView;

pub fn info(system: &SystemView) -> String {
    let address = system.management_address.map(|net| net.addr().to_string());
    let mask = system
        .management_address
        .map(|net| net.netmask().to_string());
    let mac = system
        .management_mac
        .map(|mac| mac.map(|o| format!("{o:02x}")).join(":"));
    let unknown = || "unknown".to_owned();
    let lines = [
        ("hostname", system.hostname.clone()),
        ("ip-address", address.unwrap_or_else(unknown)),
        ("netmask", mask.unwrap_or_else(unknown)),
        ("default-gateway", String::new()),
        ("ipv6-address", unknown()),
        ("ipv6-link-local-address", unknown()),
        ("ipv6-default-gateway", String::new()),
        ("mac-address", mac.unwrap_or_else(unknown)),
        ("time", moment(system.unix_time, "%a %b %e %H:%M:%S %Y")),
        ("uptime", uptime(system)),
        ("family", "crossgate".into()),
        ("model", format!("Crossgate {}", system.version)),
        ("serial", unknown()),
        ("sw-version", system.release.clone()),
        ("vpn-disable-mode", "off".into()),
        ("multi-vsys", "off".into()),
        ("operational-mode", "normal".into()),
    ];
    let text: String = lines
        .iter()
        .map(|(name, value)| format!("{name}: {value}\n"))
        .collect();
    format!("\n{text}\n")
}

fn uptime(system: &SystemView) -> String {
    let seconds = system.uptime.as_secs();
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    format!(
        "{days} days, {}:{:02}:{:02}",
        rest / 3600,
        rest / 60 % 60,
        rest % 60
    )
}

pub fn clock(system: &SystemView) -> String {
    moment(system.unix_time, "%a %b %e %H:%M:%S UTC %Y\n")
}
