//! `show crypto session`: every peer's tunnels, up or not.

use super::{
    Page, elapsed, end, hours_minutes_seconds, identity, interface_with, kilobytes_left, profile,
    seconds_left, selector, some_address,
};
use crossgate_model::view::{ChildView, ConnectionView, IkeSaView, IkeState, Snapshot};
use std::net::IpAddr;

pub fn print(snapshot: &Snapshot, peer: Option<IpAddr>, detailed: bool) -> String {
    let mut page = Page::default();
    page.line("Crypto session current status");
    page.blank();
    if detailed {
        legend(&mut page);
    }
    let wanted = |c: &&ConnectionView| c.enabled && (peer.is_none() || c.remote == peer);
    for connection in snapshot.connections.iter().filter(wanted) {
        for (interface, children) in by_interface(snapshot, connection) {
            let session = Session {
                interface,
                connection,
                children,
            };
            session.print(&mut page, detailed);
        }
    }
    page.0
}

fn legend(page: &mut Page) {
    page.line("Code: C - IKE Configuration mode, D - Dead Peer Detection     ");
    page.line("K - Keepalives, N - NAT-traversal, T - cTCP encapsulation     ");
    page.line("X - IKE Extended Authentication, F - IKE Fragmentation");
    page.line("R - IKE Auto Reconnect, U - IKE Dynamic Route Update");
    page.line("S - SIP VPN");
    page.blank();
}

/// A connection's Children by the interface that they are configured on, in the file's order.
fn by_interface<'s>(
    snapshot: &'s Snapshot,
    connection: &'s ConnectionView,
) -> Vec<(String, Vec<&'s ChildView>)> {
    let mut groups: Vec<(String, Vec<&ChildView>)> = Vec::new();
    for child in connection.children.iter().filter(|child| child.enabled) {
        let interface = interface_of(snapshot, connection, child);
        match groups.iter_mut().find(|(known, _)| *known == interface) {
            Some((_, children)) => children.push(child),
            None => groups.push((interface, vec![child])),
        }
    }
    groups
}

/// The tunnel, or where a crypto map is applied: the interface that has our address.
pub fn interface_of(snapshot: &Snapshot, connection: &ConnectionView, child: &ChildView) -> String {
    let applied = || interface_with(snapshot, connection.local).map(|i| i.name.clone());
    let interface = child.tunnel_interface.clone().or_else(applied);
    interface.unwrap_or_else(|| "(none)".into())
}

struct Session<'s> {
    interface: String,
    connection: &'s ConnectionView,
    children: Vec<&'s ChildView>,
}

impl Session<'_> {
    fn print(&self, page: &mut Page, detailed: bool) {
        let up = self
            .connection
            .ike_sas
            .iter()
            .find(|sa| sa.state != IkeState::Negotiating);
        page.line(format_args!("Interface: {}", self.interface));
        if let Some(sa) = up {
            page.line(format_args!("Profile: {}", profile(self.connection)));
            if detailed {
                page.line(format_args!("Uptime: {}", elapsed(sa.age)));
            }
        }
        page.line(format_args!("Session status: {:<14}", self.status()));
        self.peer(page, up, detailed);
        for sa in &self.connection.ike_sas {
            ike_sa(page, sa, detailed);
        }
        for child in &self.children {
            flow(page, child, detailed);
        }
        page.blank();
    }

    fn status(&self) -> &'static str {
        let negotiating = |sa: &IkeSaView| sa.state == IkeState::Negotiating;
        let ike_up = !self.connection.ike_sas.iter().all(negotiating);
        let flows_up = self.children.iter().any(|child| !child.sas.is_empty());
        match (ike_up, flows_up, self.connection.ike_sas.is_empty()) {
            (true, true, _) => "UP-ACTIVE",
            (true, false, _) => "UP-IDLE",
            (false, true, _) => "UP-NO-IKE",
            (false, false, false) => "DOWN-NEGOTIATING",
            (false, false, true) => "DOWN",
        }
    }

    fn peer(&self, page: &mut Page, up: Option<&IkeSaView>, detailed: bool) {
        let known = self.connection.ike_sas.first();
        let port = known.map_or(500, |sa| sa.remote.port());
        let remote = known.map(|sa| sa.remote.ip()).or(self.connection.remote);
        let peer = some_address(remote);
        if !detailed {
            page.line(format_args!("Peer: {peer} port {port} "));
            return;
        }
        page.line(format_args!(
            "Peer: {peer} port {port} fvrf: (none) ivrf: (none)"
        ));
        let id = up
            .map(|sa| identity(&sa.remote_identity))
            .filter(|id| !id.is_empty());
        page.line(format_args!(
            "      Phase1_id: {}",
            id.as_deref().unwrap_or("(none)")
        ));
        page.line("      Desc: (none)");
    }
}

fn ike_sa(page: &mut Page, sa: &IkeSaView, detailed: bool) {
    let active = sa.state != IkeState::Negotiating;
    let state = if active { "Active" } else { "Inactive" };
    page.line(format_args!("  Session ID: {}  ", sa.id));
    if sa.local.is_ipv4() {
        let (local, remote) = (end(sa.local), end(sa.remote));
        page.line(format_args!(
            "  IKEv2 SA: local {local} remote {remote} {state} "
        ));
    } else {
        page.line(format_args!("  IKEv2 SA: local {}", end(sa.local)));
        page.line(format_args!("          remote {} {state} ", end(sa.remote)));
    }
    if detailed {
        let left = match active {
            true => hours_minutes_seconds(sa.lifetime.saturating_sub(sa.age)),
            false => "0".into(),
        };
        let able = capabilities(sa);
        page.line(format_args!(
            "          Capabilities:{able} connid:{} lifetime:{left}",
            sa.id
        ));
    }
}

/// Letters of the legend.
fn capabilities(sa: &IkeSaView) -> String {
    let letters = [
        ('D', sa.liveness.is_some()),
        ('N', sa.nat_local || sa.nat_remote),
        ('F', sa.fragmentation),
    ];
    let able: String = letters
        .iter()
        .filter(|(_, on)| *on)
        .map(|(letter, _)| letter)
        .collect();
    if able.is_empty() {
        "(none)".into()
    } else {
        able
    }
}

/// A configured Child with its counters, which outlive its SAs.
fn flow(page: &mut Page, child: &ChildView, detailed: bool) {
    let newest = child.sas.first();
    let selectors = newest.map_or(&child.selectors, |sa| &sa.selectors);
    page.line(format_args!(
        "  IPSEC FLOW: permit {} {} {} ",
        selector::protocol(&selectors.local),
        selector::flow(&selectors.local),
        selector::flow(&selectors.remote),
    ));
    let halves = child.sas.len() * 2;
    page.line(format_args!(
        "        Active SAs: {halves}, origin: crypto map"
    ));
    if !detailed {
        return;
    }
    let left = |bytes: u64| match newest.map(|sa| (kilobytes_left(sa, bytes), seconds_left(sa))) {
        Some((Some(kilobytes), seconds)) => format!("{kilobytes}/{seconds}"),
        Some((None, seconds)) => format!("KB Vol Rekey Disabled/{seconds}"),
        None => "0/0".into(),
    };
    let bytes = newest.map(|sa| sa.counters).unwrap_or_default();
    let totals = &child.totals;
    page.line(format_args!(
        "        Inbound:  #pkts dec'ed {} drop {} life (KB/Sec) {}",
        totals.packets_in,
        totals.auth_errors + totals.decrypt_errors + totals.replayed + totals.outside_selectors,
        left(bytes.bytes_in),
    ));
    page.line(format_args!(
        "        Outbound: #pkts enc'ed {} drop {} life (KB/Sec) {}",
        totals.packets_out,
        totals.send_errors + totals.no_sa,
        left(bytes.bytes_out),
    ));
}
