//! `show vpn tunnel`: the configured tunnels with their selectors.

use super::{is_meant, tunnel_of};
use crossgate_model::Selector;
use crossgate_model::operate::Station;
use crossgate_model::view::ChildView;

pub fn table(station: &Station<'_>, name: Option<&str>) -> String {
    let snapshot = station.snapshot;
    let mut rows = String::new();
    let mut found = 0;
    for connection in &snapshot.connections {
        for child in connection
            .children
            .iter()
            .filter(|child| is_meant(child, name))
        {
            found += 1;
            let pair = &child.selectors;
            rows += &format!(
                "{:<10} {:<36} {:<18} {:<13} {:<18} {:<13} {:>30} {:>13}\n",
                child.id,
                tunnel_of(connection, child),
                net(&pair.local),
                port(&pair.local),
                net(&pair.remote),
                port(&pair.remote),
                proposals(station, child),
                format!("{}-sec", child.lifetime.as_secs()),
            );
        }
    }
    if let (Some(name), 0) = (name, found) {
        return format!("IPSec tunnel {} not found.\n", name.escape_debug());
    }
    let head = format!(
        "{:<10} {:<36} {:<18} {:<13} {:<18} {:<13} {:>43}",
        "TnID",
        "Name(Gateway)",
        "Local Proxy IP",
        "Ptl:Port",
        "Remote Proxy IP",
        "Ptl:Port",
        "Proposals"
    );
    format!(
        "\n{head}\n{}\n{rows}\nShow IPSec tunnel config: Total {found} tunnels found\n",
        "-".repeat(head.len())
    )
}

fn net(selector: &Selector) -> String {
    let net = selector.as_net().map(|net| net.to_string());
    net.unwrap_or_else(|| format!("{}-{}", selector.start, selector.end))
}

fn port(selector: &Selector) -> String {
    let port = if selector.start_port == selector.end_port {
        selector.start_port
    } else {
        0
    };
    format!("{}:{port}", selector.protocol)
}

/// `ESP tunl [DH14][AES256][SHA256]`, as configured.
fn proposals(station: &Station<'_>, child: &ChildView) -> String {
    let pfs = child.pfs.map_or("NOPFS".to_owned(), super::group);
    let mut text = format!("ESP tunl [{pfs}]");
    let configured = station
        .gateway
        .children()
        .find(|(_, c)| c.name.value == child.name);
    for proposal in configured.iter().flat_map(|(_, c)| &c.proposals) {
        for encr in &proposal.encr {
            let bits = encr
                .key_length_attribute()
                .map_or(String::new(), |b| b.to_string());
            let gcm = if encr.is_aead() { "-GCM16" } else { "" };
            text += &format!("[AES{bits}{gcm}]");
        }
        for integ in &proposal.integ {
            text += &format!("[{}]", super::integ(integ.value));
        }
    }
    text
}
