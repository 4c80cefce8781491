//! `show vpn gateway`: the configured IKE gateways.

use super::{group, heading, integ, row};
use crossgate_model::config::{Auth, Connection, Identity};
use crossgate_model::operate::Station;
use crossgate_model::view::ConnectionView;
use std::net::IpAddr;

const WIDTHS: &[usize] = &[9, 21, 31, 31, 12, 24];

pub fn table(station: &Station<'_>, name: Option<&str>) -> String {
    let meant = |c: &&ConnectionView| name.is_none_or(|name| c.name == name);
    let views: Vec<_> = station.snapshot.connections.iter().filter(meant).collect();
    let mut rows = String::new();
    for view in &views {
        if let Some(connection) = station.gateway.connection(&view.name) {
            rows += &gateway(view, connection);
        }
    }
    if let (Some(name), true) = (name, views.is_empty()) {
        return format!("IKE gateway {} not found.\n", name.escape_debug());
    }
    let titles = [
        "GwID",
        "Name",
        "Peer-Address/ID",
        "Local Address/ID",
        "Protocol",
        "Proposals",
    ];
    format!(
        "\n{}{rows}\nShow IKE gateway config: Total {} gateways found.\n",
        heading(WIDTHS, &titles),
        views.len()
    )
}

fn gateway(view: &ConnectionView, connection: &Connection) -> String {
    let local = view.local.map_or("unknown".to_owned(), |a| {
        with_id(a, &connection.local_identity)
    });
    row(
        WIDTHS,
        &[
            &view.id.to_string(),
            &view.name,
            &connection.remote.to_string(),
            &local,
            "IKEv2",
            &proposals(connection),
        ],
    )
}

/// The address, and the identity where it is another.
fn with_id(address: IpAddr, identity: &Identity) -> String {
    match identity {
        Identity::Address(_) => address.to_string(),
        Identity::Fqdn(name) => format!("{address}(fqdn:{name})"),
        Identity::Email(name) => format!("{address}(email:{name})"),
        other => format!("{address}({other})"),
    }
}

fn proposals(connection: &Connection) -> String {
    let auth = match connection.local_auth.value {
        Auth::Psk(_) => "PSK",
        _ => "CERT",
    };
    let mut text = format!("[{auth}]");
    for proposal in &connection.proposals {
        for dh in &proposal.groups {
            text += &format!("[{}]", group(dh.value));
        }
        for encr in &proposal.encr {
            let bits = encr
                .key_length_attribute()
                .map_or(String::new(), |b| b.to_string());
            text += &format!("[AES{bits}]");
        }
        for hash in &proposal.integ {
            text += &format!("[{}]", integ(hash.value));
        }
    }
    text + &format!("{}-sec", connection.lifetime.as_secs())
}
