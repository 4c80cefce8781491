//! `show vpn ike-sa`: layout of a PAN-OS 10.x print.

use super::{clock, encr, group, heading, integ, prf, row};
use crossgate_model::view::{
    ChildView, ConnectionView, IkeSaView, IkeState, IkeSuiteView, Role, Snapshot,
};

const SA_WIDTHS: &[usize] = &[16, 23, 23, 5, 9, 22, 16, 16, 3, 7, 8];
const CHILD_WIDTHS: &[usize] = &[23, 9, 26, 9, 9, 5, 9, 9, 9, 16];
const NO_IKEV1: &str =
    "\nThere is no IKEv1 phase-1 SA found.\n\nThere is no IKEv1 phase-2 SA found.\n\n";

const NO_IKEV2: &str = "There is no IKEv2 SA found.\n";

pub fn table(snapshot: &Snapshot, gateway: Option<&str>) -> String {
    let meant = |c: &&ConnectionView| gateway.is_none_or(|name| c.name == name);
    let connections: Vec<_> = snapshot.connections.iter().filter(meant).collect();
    if let (Some(name), true) = (gateway, connections.is_empty()) {
        return format!("IKE gateway {} not found.\n", name.escape_debug());
    }
    let found: usize = connections.iter().map(|c| c.ike_sas.len()).sum();
    if found == 0 {
        return format!("{NO_IKEV1}{NO_IKEV2}");
    }
    let mut out = format!("{NO_IKEV1}\nIKEv2 SAs\n");
    out += &heading(
        SA_WIDTHS,
        &[
            "Gateway ID",
            "Peer-Address",
            "Gateway Name",
            "Role",
            "SN",
            "Algorithm",
            "Established",
            "Expiration",
            "Xt",
            "Child",
            "ST",
        ],
    );
    for connection in &connections {
        for sa in &connection.ike_sas {
            out += &sa_row(snapshot, connection, sa);
        }
    }
    out += &children(&connections);
    let total = snapshot.connections.len();
    out + &format!("\nShow IKEv2 SA: Total {total} gateways found. {found} ike sa found.\n")
}

fn sa_row(snapshot: &Snapshot, connection: &ConnectionView, sa: &IkeSaView) -> String {
    let began = snapshot.system.unix_time.saturating_sub(sa.age.as_secs());
    let established = !matches!(sa.state, IkeState::Negotiating);
    let time = |at| {
        if established {
            clock(at)
        } else {
            String::new()
        }
    };
    row(
        SA_WIDTHS,
        &[
            &connection.id.to_string(),
            &sa.remote.ip().to_string(),
            &connection.name,
            role(sa.role),
            &sa.id.to_string(),
            &algorithm(sa),
            &time(began),
            &time(began + sa.lifetime.as_secs()),
            "0",
            &children_of(connection, sa).count().to_string(),
            state(sa.state),
        ],
    )
}

fn children_of<'a>(
    connection: &'a ConnectionView,
    sa: &'a IkeSaView,
) -> impl Iterator<Item = &'a ChildView> {
    let mine = |child: &&ChildView| child.sas.iter().any(|c| c.ike_id == sa.id);
    connection.children.iter().filter(mine)
}

fn children(connections: &[&ConnectionView]) -> String {
    let mut rows = String::new();
    for connection in connections {
        for child in &connection.children {
            for sa in &child.sas {
                rows += &row(
                    CHILD_WIDTHS,
                    &[
                        &connection.name,
                        &child.id.to_string(),
                        &child.name,
                        &sa.id.to_string(),
                        &sa.ike_id.to_string(),
                        role(sa.role),
                        &format!("{:08X}", sa.spi_in),
                        &format!("{:08X}", sa.spi_out),
                        &format!("{:08X}", sa.message_id),
                        "Mature",
                    ],
                );
            }
        }
    }
    if rows.is_empty() {
        return rows;
    }
    let titles = [
        "Gateway Name",
        "TnID",
        "Tunnel",
        "ID",
        "Parent",
        "Role",
        "SPI(in)",
        "SPI(out)",
        "MsgID",
        "ST",
    ];
    format!(
        "\nIKEv2 IPSec Child SAs\n{}{rows}",
        heading(CHILD_WIDTHS, &titles)
    )
}

/// `show vpn ike-sa detail gateway NAME`.
/// All IKE SAs, or one gateway's.
pub fn detail(snapshot: &Snapshot, gateway: Option<&str>) -> String {
    let Some(name) = gateway else {
        let all: String = snapshot
            .connections
            .iter()
            .map(|c| sas(snapshot, c))
            .collect();
        return if all.is_empty() {
            NO_IKEV2.to_owned()
        } else {
            all
        };
    };
    match snapshot.connections.iter().find(|c| c.name == name) {
        None => format!("IKE gateway {} not found.\n", name.escape_debug()),
        Some(connection) if connection.ike_sas.is_empty() => {
            format!("IKE SA for gateway ID {} not found.\n", connection.id)
        }
        Some(connection) => sas(snapshot, connection),
    }
}

fn sas(snapshot: &Snapshot, connection: &ConnectionView) -> String {
    let sas = connection.ike_sas.iter();
    sas.map(|sa| one(snapshot, connection, sa)).collect()
}

fn one(snapshot: &Snapshot, connection: &ConnectionView, sa: &IkeSaView) -> String {
    let (id_i, id_r) = match sa.role {
        Role::Initiator => (&sa.local_identity, &sa.remote_identity),
        Role::Responder => (&sa.remote_identity, &sa.local_identity),
    };
    let mut out = format!(
        "IKE Gateway {}, ID {} {} => {}\n",
        connection.name,
        connection.id,
        sa.local.ip(),
        sa.remote.ip()
    );
    out += &format!(
        "Current time: {}\n\nIKE SA:\n",
        clock(snapshot.system.unix_time)
    );
    out += &format!(
        "SPI: {:016X}:{:016X} {}\n",
        sa.initiator_spi,
        sa.responder_spi,
        role(sa.role)
    );
    out += &format!("State: {}\nSN: {}\n", state(sa.state), sa.id);
    out += &format!(
        "Authentication: {}, peer {}\n",
        auth(&sa.local_auth),
        auth(&sa.remote_auth)
    );
    out += &format!(
        "Proposal: {}\n",
        sa.suite.as_ref().map(proposal).unwrap_or_default()
    );
    out += &format!(
        "ID local: {}\nremote: {}\n",
        named(&sa.local_identity, "ipaddr"),
        named(&sa.remote_identity, "ipaddr")
    );
    out += &format!(
        "ID_i: {}\nID_r: {}\n",
        named(id_i, "IPv4_address"),
        named(id_r, "IPv4_address")
    );
    out += &format!("NAT: {}\n", nat(sa));
    out += &format!(
        "Message ID: rx {}, tx {}\n",
        sa.next_expected, sa.next_request
    );
    if let Some(interval) = sa.liveness {
        let seconds = interval.as_secs();
        out +=
            &format!("Liveness check: sending informational packet after idle {seconds} seconds\n");
    }
    out
}

/// The device's short word for a method of authentication.
fn auth(method: &str) -> &str {
    match method {
        "pre-shared key" => "PSK",
        "" => "",
        _ => "CERT",
    }
}

/// `ipaddr:198.51.100.20` of `address 198.51.100.20`; other kinds keep their own word.
fn named(identity: &str, address: &str) -> String {
    match identity.split_once(' ') {
        Some(("address", value)) => format!("{address}:{value}"),
        Some((kind, value)) => format!("{kind}:{value}"),
        None => identity.to_owned(),
    }
}

fn nat(sa: &IkeSaView) -> &'static str {
    match (sa.nat_local, sa.nat_remote) {
        (false, false) => "Not detected",
        (true, false) => "ME",
        (false, true) => "PEER",
        (true, true) => "ME PEER",
    }
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Initiator => "Init",
        Role::Responder => "Resp",
    }
}

fn state(state: IkeState) -> &'static str {
    match state {
        IkeState::Negotiating => "Init_sent",
        IkeState::Established => "Established",
        IkeState::Rekeying => "Rekeying",
        IkeState::Deleting => "Deleting",
    }
}

/// `PSK/DH14/A256/SHA256`.
fn algorithm(sa: &IkeSaView) -> String {
    let Some(suite) = &sa.suite else {
        return auth(&sa.local_auth).to_owned();
    };
    let hash = suite.integ.map_or(prf(suite.prf), integ);
    format!(
        "{}/{}/{}/{hash}",
        auth(&sa.local_auth),
        group(suite.group),
        encr(suite.encr)
    )
}

/// `AES256-CBC/SHA256/DH14`.
fn proposal(suite: &IkeSuiteView) -> String {
    let bits = suite
        .encr
        .key_length_attribute()
        .map_or(String::new(), |b| b.to_string());
    let cipher = match suite.integ {
        Some(_) => format!("AES{bits}-CBC"),
        None => format!("AES{bits}-GCM16"),
    };
    let hash = suite.integ.map_or(prf(suite.prf), integ);
    format!("{cipher}/{hash}/{}", group(suite.group))
}
