//! `show vpn flow`: tunnels as the data plane has them.

use super::{encr, heading, integ, row};
use crossgate_model::Selector;
use crossgate_model::operate::Station;
use crossgate_model::view::{ChildSaView, ChildView, ConnectionView, Role, Snapshot};
use std::net::IpAddr;
use std::time::Duration;

const WIDTHS: &[usize] = &[6, 30, 8, 8, 30, 30, 11];

pub fn table(snapshot: &Snapshot) -> String {
    let all: Vec<_> = all(snapshot).collect();
    let total = all.len();
    let mut out = format!(
        "\ntotal tunnels configured: {total}\nfilter - type IPSec, state any\n\n\
         total IPSec tunnel configured: {total}\ntotal IPSec tunnel shown: {total}\n\n"
    );
    let titles = [
        "id",
        "name",
        "state",
        "monitor",
        "local-ip",
        "peer-ip",
        "tunnel-i/f",
    ];
    out += &heading(WIDTHS, &titles);
    for (connection, child) in all {
        out += &row(
            WIDTHS,
            &[
                &child.id.to_string(),
                &child.name,
                state(child),
                "off",
                &address(connection.local),
                &address(connection.remote),
                child.tunnel_interface.as_deref().unwrap_or(""),
            ],
        );
    }
    out
}

fn all(snapshot: &Snapshot) -> impl Iterator<Item = (&ConnectionView, &ChildView)> {
    let connections = snapshot.connections.iter();
    connections.flat_map(|c| c.children.iter().map(move |child| (c, child)))
}

fn state(child: &ChildView) -> &'static str {
    match (child.enabled, child.sas.is_empty()) {
        (true, false) => "active",
        // A tunnel interface without monitoring stays up without an SA.
        (true, true) => "init",
        (false, _) => "inactive",
    }
}

fn address(address: Option<IpAddr>) -> String {
    address.map_or("0.0.0.0".to_owned(), |a| a.to_string())
}

/// `show vpn flow name NAME`: each Child of the tunnel, or the one named.
pub fn by_name(station: &Station<'_>, name: &str) -> String {
    let found: String = all(station.snapshot)
        .filter(|(_, child)| super::is_meant(child, Some(name)))
        .map(|(connection, child)| detail(station.snapshot, connection, child))
        .collect();
    if found.is_empty() {
        return format!("tunnel {} not found.\n", name.escape_debug());
    }
    found
}

/// `show vpn flow tunnel-id N`.
pub fn by_id(snapshot: &Snapshot, id: u32) -> String {
    let found = all(snapshot).find(|(_, child)| child.id == id);
    found.map_or_else(
        || format!("tunnel {id} not found.\n"),
        |(connection, child)| detail(snapshot, connection, child),
    )
}

fn detail(snapshot: &Snapshot, connection: &ConnectionView, child: &ChildView) -> String {
    let outer = snapshot
        .interfaces
        .iter()
        .find(|i| {
            connection
                .local
                .is_some_and(|a| i.addresses.iter().any(|net| net.addr() == a))
        })
        .map_or("", |i| i.name.as_str());
    let mut out = format!("tunnel  ipsec-tunnel:{}\n", child.name);
    let mut line = |name: &str, value: &str| {
        out.push_str(&format!("        {:<24}{value}\n", format!("{name}:")));
    };
    line("id", &child.id.to_string());
    line("type", "IPSec");
    line("gateway id", &connection.id.to_string());
    line("local ip", &address(connection.local));
    line("peer ip", &address(connection.remote));
    line(
        "inner interface",
        child.tunnel_interface.as_deref().unwrap_or(""),
    );
    line("outer interface", outer);
    line("state", state(child));
    if let Some(sa) = child.sas.first() {
        sa_lines(sa, &mut line);
    }
    selector_lines(child, &mut line);
    counter_lines(child, &mut line);
    out
}

fn sa_lines(sa: &ChildSaView, line: &mut impl FnMut(&str, &str)) {
    let remain = sa.lifetime.saturating_sub(sa.age);
    let seconds = |d: Duration| d.as_secs().to_string();
    line("tunnel mtu", &sa.inner_mtu.to_string());
    line("hard lifetime", &seconds(sa.lifetime));
    line("lifetime remain", &format!("{} sec", remain.as_secs()));
    let size = sa.kilobytes.map_or("N/A".to_owned(), |kb| {
        let used = (sa.counters.bytes_out.max(sa.counters.bytes_in)) / 1024;
        format!("{} KB", kb.saturating_sub(used))
    });
    line("lifesize remain", &size);
    line("latest rekey", &format!("{} seconds ago", sa.age.as_secs()));
    line("monitor", "off");
    line("local spi", &format!("{:08X}", sa.spi_in));
    line("remote spi", &format!("{:08X}", sa.spi_out));
    line("key type", "auto key");
    line("protocol", "ESP");
    line("auth algorithm", sa.integ.map_or("NOT ESTABLISHED", integ));
    line("enc  algorithm", &cipher(sa));
    line(
        "anti replay check",
        if sa.replay_window > 0 { "yes" } else { "no" },
    );
    line("anti replay window", &sa.replay_window.to_string());
    line(
        "initiator",
        if sa.role == Role::Initiator {
            "yes"
        } else {
            "no"
        },
    );
}

fn cipher(sa: &ChildSaView) -> String {
    match sa.encr.key_length_attribute() {
        Some(bits) if sa.encr.is_aead() => format!("AES{bits}-GCM16"),
        Some(bits) => format!("AES{bits}"),
        None => encr(sa.encr),
    }
}

fn selector_lines(child: &ChildView, line: &mut impl FnMut(&str, &str)) {
    let pair = child.sas.first().map_or(child.selectors, |sa| sa.selectors);
    let net = |s: &Selector| {
        s.as_net()
            .map_or_else(|| s.to_string(), |net| net.to_string())
    };
    let port = |s: &Selector| {
        if s.start_port == s.end_port {
            s.start_port
        } else {
            0
        }
    };
    line("proxy-id", "");
    line("  local ip", &net(&pair.local));
    line("  remote ip", &net(&pair.remote));
    line("  protocol", &pair.local.protocol.to_string());
    line("  local port", &port(&pair.local).to_string());
    line("  remote port", &port(&pair.remote).to_string());
}

fn counter_lines(child: &ChildView, line: &mut impl FnMut(&str, &str)) {
    let c = &child.totals;
    line("authentication errors", &c.auth_errors.to_string());
    line("decryption errors", &c.decrypt_errors.to_string());
    line("inner packet warnings", &c.outside_selectors.to_string());
    line("replay packets", &c.replayed.to_string());
    line("encap packets", &c.packets_out.to_string());
    line("decap packets", &c.packets_in.to_string());
    line("encap bytes", &c.bytes_out.to_string());
    line("decap bytes", &c.bytes_in.to_string());
    line("key acquire requests", &c.acquires.to_string());
}
