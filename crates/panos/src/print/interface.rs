//! `show interface all` and `logical`.

use crossgate_model::view::{InterfaceView, Snapshot};

pub fn all(snapshot: &Snapshot) -> String {
    let hardware: Vec<_> = snapshot.interfaces.iter().filter(|i| !i.tunnel).collect();
    let mut out = format!(
        "total configured hardware interfaces: {}\n\n",
        hardware.len()
    );
    out += "name                    id    speed/duplex/state/fec        mac address       \n";
    out += &format!("{}\n", "-".repeat(80));
    for (id, interface) in hardware.iter().enumerate() {
        out += &format!(
            "{:<23} {:<5} {:<29} {:<18}\n",
            interface.name,
            id + 16,
            speed(interface),
            mac(interface.mac),
        );
    }
    format!("{out}\naggregation groups: 0\n\n\n{}", logical(snapshot))
}

fn speed(interface: &InterfaceView) -> String {
    let up = interface.enabled && interface.line_up;
    match (interface.speed, up) {
        (Some(speed), true) => format!("{speed}/full/up/auto"),
        (None, true) => "[n/a]/[n/a]/up/[n/a]".into(),
        (_, false) => "ukn/ukn/down(autoneg)/ukn".into(),
    }
}

fn mac(mac: Option<[u8; 6]>) -> String {
    let octets = mac.unwrap_or_default().map(|octet| format!("{octet:02x}"));
    octets.join(":")
}

pub fn logical(snapshot: &Snapshot) -> String {
    let mut out = format!(
        "total configured logical interfaces: {}\n\n",
        snapshot.interfaces.len()
    );
    out += "name                id    vsys zone             forwarding               tag    address                                         \n";
    out += "------------------- ----- ---- ---------------- ------------------------ ------ ------------------\n";
    for (id, interface) in snapshot.interfaces.iter().enumerate() {
        let forwarding = match &interface.virtual_router {
            Some(router) => format!("vr:{router}"),
            None => "N/A".into(),
        };
        let mut addresses = interface.addresses.iter().map(ToString::to_string);
        out += &format!(
            "{:<19} {:<5} {:<4} {:<16} {:<24} {:<6} {:<18}\n",
            interface.name,
            id + 16,
            1,
            interface.zone.as_deref().unwrap_or(""),
            forwarding,
            0,
            addresses.next().unwrap_or_else(|| "N/A".into()),
        );
        for more in addresses {
            out += &format!("{:80}{more:<18}\n", "");
        }
    }
    out
}
