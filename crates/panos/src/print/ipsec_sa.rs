//! `show vpn ipsec-sa`: layout of a PAN-OS 10.x print.

use super::{encr, heading, integ, is_meant, row, tunnel_of};
use crossgate_model::view::{ChildSaView, ChildView, ConnectionView, Snapshot};

const WIDTHS: &[usize] = &[16, 7, 23, 47, 19, 9, 9, 25, 16];

pub fn table(snapshot: &Snapshot, tunnel: Option<&str>) -> String {
    let mut rows = String::new();
    let (mut tunnels, mut found) = (0, 0);
    for connection in &snapshot.connections {
        for child in connection
            .children
            .iter()
            .filter(|child| is_meant(child, tunnel))
        {
            tunnels += 1;
            // Several while one replaces another, and where workers share the tunnel.
            for sa in &child.sas {
                found += 1;
                rows += &sa_row(connection, child, sa);
            }
        }
    }
    if let (Some(name), 0) = (tunnel, found) {
        return format!("IPSec SA for tunnel {} not found.\n", name.escape_debug());
    }
    if found == 0 {
        return "\nThere is no IPSec SA found.\n".into();
    }
    let titles = [
        "GwID/client IP",
        "TnID",
        "Peer-Address",
        "Tunnel(Gateway)",
        "Algorithm",
        "SPI(in)",
        "SPI(out)",
        "life(Sec/KB)",
        "remain-time(Sec)",
    ];
    format!(
        "\n{}{rows}\nShow IPSec SA: Total {tunnels} tunnels found. {found} ipsec sa found.\n",
        heading(WIDTHS, &titles)
    )
}

fn sa_row(connection: &ConnectionView, child: &ChildView, sa: &ChildSaView) -> String {
    let life = sa
        .kilobytes
        .map_or("Unlimited".to_owned(), |kb| kb.to_string());
    row(
        WIDTHS,
        &[
            &connection.id.to_string(),
            &child.id.to_string(),
            &sa.remote.to_string(),
            &tunnel_of(connection, child),
            &format!("ESP/{}/{}", encr(sa.encr), sa.integ.map_or("NULL", integ)),
            &format!("{:08X}", sa.spi_in),
            &format!("{:08X}", sa.spi_out),
            &format!("{}/{life}", sa.lifetime.as_secs()),
            &sa.lifetime.saturating_sub(sa.age).as_secs().to_string(),
        ],
    )
}
