//! `show interfaces` and `show ip interface brief`.

use super::{Page, address, running};
use crate::config::Config;
use crossgate_model::operate::Station;
use crossgate_model::view::{InterfaceView, Snapshot, Traffic};
use ipnet::IpNet;

pub fn all(station: &Station<'_>) -> String {
    let config = running::config(station.masked_config);
    let interfaces = station.snapshot.interfaces.iter();
    interfaces
        .map(|interface| block(interface, config.as_ref()))
        .collect()
}

pub fn one(station: &Station<'_>, interface: &InterfaceView) -> String {
    let config = running::config(station.masked_config);
    block(interface, config.as_ref())
}

fn block(interface: &InterfaceView, config: Option<&Config>) -> String {
    let mut page = Page::default();
    let kind = Kind::of(interface);
    heading(&mut page, interface, kind);
    link(&mut page, interface, kind);
    if interface.tunnel {
        tunnel(&mut page, interface, config);
    }
    queues(&mut page, interface, kind);
    traffic(&mut page, &interface.received, &interface.sent);
    if kind == Kind::Ethernet {
        page.line("     0 babbles, 0 late collision, 0 deferred");
        page.line("     0 lost carrier, 0 no carrier, 0 pause output");
    }
    page.line("     0 output buffer failures, 0 output buffers swapped out");
    page.0
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ethernet,
    Loopback,
    Tunnel,
}

impl Kind {
    fn of(interface: &InterfaceView) -> Self {
        match interface.tunnel {
            true => Self::Tunnel,
            false if crate::names::is_loopback(&interface.name) => Self::Loopback,
            false => Self::Ethernet,
        }
    }
}

/// Configured state and, after a comma, whether it works.
fn states(interface: &InterfaceView) -> (&'static str, &'static str) {
    match (interface.enabled, interface.line_up, interface.tunnel) {
        (false, ..) => ("administratively down", "down"),
        (true, true, _) => ("up", "up"),
        (true, false, true) => ("up", "down"),
        (true, false, false) => ("down", "down"),
    }
}

fn heading(page: &mut Page, interface: &InterfaceView, kind: Kind) {
    let (state, protocol) = states(interface);
    page.line(format_args!(
        "{} is {state}, line protocol is {protocol} ",
        interface.name
    ));
    let hardware = match kind {
        Kind::Ethernet => "vNIC",
        Kind::Loopback => "Loopback",
        Kind::Tunnel => "Tunnel",
    };
    match interface.mac.map(dotted) {
        Some(mac) => page.line(format_args!(
            "  Hardware is {hardware}, address is {mac} (bia {mac})"
        )),
        None => page.line(format_args!("  Hardware is {hardware}")),
    }
    if let Some(description) = &interface.description {
        page.line(format_args!("  Description: {description}"));
    }
    if let Some(net) = first_v4(interface) {
        page.line(format_args!("  Internet address is {net}"));
    }
}

/// `5254.0012.3456`.
fn dotted(mac: [u8; 6]) -> String {
    let [a, b, c, d, e, f] = mac;
    format!("{a:02x}{b:02x}.{c:02x}{d:02x}.{e:02x}{f:02x}")
}

fn first_v4(interface: &InterfaceView) -> Option<&IpNet> {
    interface
        .addresses
        .iter()
        .find(|net| matches!(net, IpNet::V4(_)))
}

fn link(page: &mut Page, interface: &InterfaceView, kind: Kind) {
    let speed = interface.speed.unwrap_or(1000);
    let (kilobits, delay, encapsulation) = match kind {
        Kind::Ethernet => (speed.saturating_mul(1000), 10, "ARPA"),
        Kind::Loopback => (8_000_000, 5000, "LOOPBACK"),
        Kind::Tunnel => (100, 50_000, "TUNNEL"),
    };
    let mtu = interface.mtu;
    page.line(format_args!(
        "  MTU {mtu} bytes, BW {kilobits} Kbit/sec, DLY {delay} usec, "
    ));
    page.line("     reliability 255/255, txload 1/255, rxload 1/255");
    page.line(format_args!(
        "  Encapsulation {encapsulation}, loopback not set"
    ));
    if kind == Kind::Ethernet {
        page.line("  Keepalive set (10 sec)");
        page.line(format_args!(
            "  Full Duplex, {speed}Mbps, link type is auto, media type is Virtual"
        ));
        page.line("  output flow-control is unsupported, input flow-control is unsupported");
        page.line("  ARP type: ARPA, ARP Timeout 04:00:00");
    } else {
        page.line("  Keepalive not set");
    }
}

fn tunnel(page: &mut Page, interface: &InterfaceView, config: Option<&Config>) {
    let evaluation = if interface.line_up { "up" } else { "down" };
    page.line(format_args!("  Tunnel linestate evaluation {evaluation}"));
    if let Some((local, remote)) = interface.tunnel_ends {
        let by = interface.tunnel_source.as_ref();
        let by = by.map(|name| format!(" ({name})")).unwrap_or_default();
        let (local, remote) = (address(local), address(remote));
        page.line(format_args!(
            "  Tunnel source {local}{by}, destination {remote}"
        ));
    }
    page.line("  Tunnel protocol/transport IPSEC/IP");
    page.line("  Tunnel TTL 255");
    page.line(format_args!(
        "  Tunnel transport MTU {} bytes",
        interface.mtu
    ));
    page.line("  Tunnel transmit bandwidth 8000 (kbps)");
    page.line("  Tunnel receive bandwidth 8000 (kbps)");
    if let Some(profile) = config.and_then(|config| protection(config, &interface.name)) {
        page.line(format_args!(
            "  Tunnel protection via IPSec (profile \"{profile}\")"
        ));
    }
}

/// The IPsec profile that the file puts on a tunnel.
fn protection<'c>(config: &'c Config, name: &str) -> Option<&'c str> {
    let mut interfaces = config.interfaces.iter();
    let interface = interfaces.find(|interface| interface.name.value == name)?;
    let profile = interface.tunnel.ipsec_profile.as_ref()?;
    Some(&profile.value)
}

fn queues(page: &mut Page, interface: &InterfaceView, kind: Kind) {
    let dropped = (interface.received.drops, interface.sent.drops);
    let depth = if kind == Kind::Ethernet { 40 } else { 0 };
    page.line("  Last input never, output never, output hang never");
    page.line("  Last clearing of \"show interface\" counters never");
    page.line(format_args!(
        "  Input queue: 0/375/{}/0 (size/max/drops/flushes); Total output drops: {}",
        dropped.0, dropped.1
    ));
    page.line("  Queueing strategy: fifo");
    page.line(format_args!("  Output queue: 0/{depth} (size/max)"));
    page.line("  5 minute input rate 0 bits/sec, 0 packets/sec");
    page.line("  5 minute output rate 0 bits/sec, 0 packets/sec");
}

fn traffic(page: &mut Page, received: &Traffic, sent: &Traffic) {
    page.line(format_args!(
        "     {} packets input, {} bytes, 0 no buffer",
        received.packets, received.bytes
    ));
    page.line("     Received 0 broadcasts (0 IP multicasts)");
    page.line("     0 runts, 0 giants, 0 throttles ");
    page.line(format_args!(
        "     {} input errors, 0 CRC, 0 frame, 0 overrun, 0 ignored, 0 abort",
        received.errors
    ));
    page.line(format_args!(
        "     {} packets output, {} bytes, 0 underruns",
        sent.packets, sent.bytes
    ));
    page.line("     Output 0 broadcasts (0 IP multicasts)");
    page.line(format_args!(
        "     {} output errors, 0 collisions, 0 interface resets",
        sent.errors
    ));
    page.line("     0 unknown protocol drops");
}

pub fn brief(snapshot: &Snapshot) -> String {
    let mut page = Page::default();
    page.line("Interface              IP-Address      OK? Method Status                Protocol");
    for interface in &snapshot.interfaces {
        let (state, protocol) = states(interface);
        let (at, method) = match first_v4(interface) {
            Some(net) => (net.addr().to_string(), "NVRAM"),
            None => ("unassigned".into(), "unset"),
        };
        let name = &interface.name;
        page.line(format_args!(
            "{name:<22} {at:<15} YES {method:<6} {state:<21} {protocol}"
        ));
    }
    page.0
}
