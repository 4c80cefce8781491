//! `show crypto ipsec sa`: each configured selector pair with its counters and its SAs.

use super::session::interface_of;
use super::{
    Page, algorithm, interface_with, kilobytes_left, seconds_left, selector, some_address, spi,
};
use crossgate_model::view::{
    ChildSaView, ChildView, ConnectionView, Encapsulation, Role, Snapshot,
};
use std::net::IpAddr;

/// Which of them; `None` is all.
#[derive(Default)]
pub struct Which {
    pub peer: Option<IpAddr>,
    pub interface: Option<String>,
}

pub fn print(snapshot: &Snapshot, which: &Which, detailed: bool) -> String {
    let mut page = Page::default();
    page.blank();
    let mut last = None;
    for flow in flows(snapshot, which) {
        if last.as_ref() != Some(&flow.interface) {
            flow.heading(&mut page);
        }
        flow.print(&mut page, detailed);
        last = Some(flow.interface);
    }
    if last.is_none() {
        page.line("No SAs found");
    }
    page.0
}

fn flows<'s>(snapshot: &'s Snapshot, which: &Which) -> Vec<Flow<'s>> {
    let connections = snapshot.connections.iter().filter(|c| c.enabled);
    let children = connections.flat_map(|c| c.children.iter().map(move |child| (c, child)));
    let flows = children
        .filter(|(_, child)| child.enabled)
        .map(|(connection, child)| Flow {
            interface: interface_of(snapshot, connection, child),
            leaves_by: leaves_by(snapshot, connection, child),
            connection,
            child,
        });
    flows.filter(|flow| flow.is_of(which)).collect()
}

/// The interface that the encrypted packets leave by.
fn leaves_by(snapshot: &Snapshot, connection: &ConnectionView, child: &ChildView) -> String {
    let mut interfaces = snapshot.interfaces.iter();
    let tunnel = interfaces.find(|i| child.tunnel_interface.as_ref() == Some(&i.name));
    let stated = tunnel.and_then(|tunnel| tunnel.tunnel_source.clone());
    let owner = || interface_with(snapshot, connection.local).map(|i| i.name.clone());
    stated.or_else(owner).unwrap_or_else(|| "(none)".into())
}

struct Flow<'s> {
    interface: String,
    leaves_by: String,
    connection: &'s ConnectionView,
    child: &'s ChildView,
}

#[derive(Clone, Copy)]
enum Direction {
    Inbound,
    Outbound,
}

impl Flow<'_> {
    fn is_of(&self, which: &Which) -> bool {
        let peer = which.peer.is_none_or(|peer| self.remote() == Some(peer));
        let interface = which.interface.as_ref();
        peer && interface.is_none_or(|name| name.eq_ignore_ascii_case(&self.interface))
    }

    fn newest(&self) -> Option<&ChildSaView> {
        self.child.sas.first()
    }

    fn local(&self) -> Option<IpAddr> {
        self.newest().map(|sa| sa.local).or(self.connection.local)
    }

    fn remote(&self) -> Option<IpAddr> {
        self.newest().map(|sa| sa.remote).or(self.connection.remote)
    }

    /// The map that was configured, or the one that IOS makes of a tunnel's protection.
    fn map_tag(&self) -> String {
        if self.child.tunnel_interface.is_some() {
            return format!("{}-head-0", self.interface);
        }
        let tunnel = self.child.tunnel.as_str();
        tunnel
            .split_once(' ')
            .map_or(tunnel, |(map, _)| map)
            .to_owned()
    }

    fn heading(&self, page: &mut Page) {
        let local = some_address(self.local());
        page.line(format_args!("interface: {}", self.interface));
        page.line(format_args!(
            "    Crypto map tag: {}, local addr {local}",
            self.map_tag()
        ));
        page.blank();
    }

    fn print(&self, page: &mut Page, detailed: bool) {
        self.idents(page);
        self.counters(page);
        if detailed {
            self.all_errors(page)
        } else {
            self.errors(page)
        }
        page.blank();
        self.path(page);
        page.blank();
        for (direction, title) in [
            (Direction::Inbound, "inbound"),
            (Direction::Outbound, "outbound"),
        ] {
            page.line(format_args!("     {title} esp sas:"));
            for sa in &self.child.sas {
                self.sa(page, sa, direction, detailed);
            }
            page.blank();
            page.line(format_args!("     {title} ah sas:"));
            page.blank();
            page.line(format_args!("     {title} pcp sas:"));
            page.blank();
        }
    }

    fn idents(&self, page: &mut Page) {
        let selectors = self
            .newest()
            .map_or(&self.child.selectors, |sa| &sa.selectors);
        let ike = self.connection.ike_sas.first();
        let port = match self.newest().map(|sa| sa.encapsulation) {
            Some(Encapsulation::Udp { remote_port, .. }) => remote_port,
            _ => ike.map_or(500, |sa| sa.remote.port()),
        };
        let (local, remote) = (
            selector::ident(&selectors.local),
            selector::ident(&selectors.remote),
        );
        page.line("   protected vrf: (none)");
        page.line(format_args!(
            "   local  ident (addr/mask/prot/port): ({local})"
        ));
        page.line(format_args!(
            "   remote ident (addr/mask/prot/port): ({remote})"
        ));
        page.line(format_args!(
            "   current_peer {} port {port}",
            some_address(self.remote())
        ));
        page.line("     PERMIT, flags={origin_is_acl,}");
    }

    fn counters(&self, page: &mut Page) {
        let (sent, received) = (self.child.totals.packets_out, self.child.totals.packets_in);
        page.line(format_args!(
            "    #pkts encaps: {sent}, #pkts encrypt: {sent}, #pkts digest: {sent}"
        ));
        page.line(format_args!(
            "    #pkts decaps: {received}, #pkts decrypt: {received}, #pkts verify: {received}"
        ));
        page.line("    #pkts compressed: 0, #pkts decompressed: 0");
        page.line("    #pkts not compressed: 0, #pkts compr. failed: 0");
        page.line("    #pkts not decompressed: 0, #pkts decompress failed: 0");
    }

    fn errors(&self, page: &mut Page) {
        let totals = &self.child.totals;
        page.line(format_args!(
            "    #send errors {}, #recv errors {}",
            totals.send_errors + totals.no_sa,
            totals.auth_errors + totals.decrypt_errors + totals.replayed + totals.outside_selectors,
        ));
    }

    fn all_errors(&self, page: &mut Page) {
        let totals = &self.child.totals;
        page.line(format_args!(
            "    #pkts no sa (send) {}, #pkts invalid sa (rcv) 0",
            totals.no_sa
        ));
        page.line(format_args!(
            "    #pkts encaps failed (send) {}, #pkts decaps failed (rcv) {}",
            totals.send_errors, totals.decrypt_errors
        ));
        page.line(format_args!(
            "    #pkts invalid prot (recv) 0, #pkts verify failed: {}",
            totals.auth_errors
        ));
        page.line(format_args!(
            "    #pkts invalid identity (recv) {}, #pkts invalid len (rcv) 0",
            totals.outside_selectors
        ));
        page.line("    #pkts replay rollover (send): 0, #pkts replay rollover (rcv) 0");
        page.line(format_args!(
            "    ##pkts replay failed (rcv): {}",
            totals.replayed
        ));
        page.line("    #pkts tagged (send): 0, #pkts untagged (rcv): 0");
        page.line("    #pkts not tagged (send): 0, #pkts not untagged (rcv): 0");
        page.line("    #pkts internal err (send): 0, #pkts internal err (recv) 0");
    }

    fn path(&self, page: &mut Page) {
        let (local, remote) = (some_address(self.local()), some_address(self.remote()));
        let separator = match self.local() {
            Some(IpAddr::V6(_)) => ",\n     ",
            _ => ", ",
        };
        let ip = if matches!(self.local(), Some(IpAddr::V6(_))) {
            "ipv6"
        } else {
            "ip"
        };
        let path = self.newest().map_or(1500, |sa| sa.path_mtu);
        let inner = self.newest().map_or(path, |sa| sa.inner_mtu);
        let leaves_by = &self.leaves_by;
        page.line(format_args!(
            "     local crypto endpt.: {local}{separator}remote crypto endpt.: {remote}"
        ));
        page.line(format_args!(
            "     plaintext mtu {inner}, path mtu {path}, {ip} mtu {path}, {ip} mtu idb {leaves_by}"
        ));
        let outbound = self.newest().map_or(0, |sa| sa.spi_out);
        page.line(format_args!("     current outbound spi: {}", spi(outbound)));
        page.line(match self.newest().and_then(|sa| sa.pfs) {
            Some(group) => format!("     PFS (Y/N): Y, DH group: group{}", group.iana_id()),
            None => "     PFS (Y/N): N, DH group: none".into(),
        });
    }

    fn sa(&self, page: &mut Page, sa: &ChildSaView, direction: Direction, detailed: bool) {
        let (own_spi, bytes) = match direction {
            Direction::Inbound => (sa.spi_in, sa.counters.bytes_in),
            Direction::Outbound => (sa.spi_out, sa.counters.bytes_out),
        };
        page.line(format_args!("      spi: {}", spi(own_spi)));
        page.line(format_args!(
            "        transform: {} ,",
            algorithm::transform(sa.encr, sa.integ)
        ));
        page.line(format_args!("        in use settings ={{{}}}", in_use(sa)));
        page.line(format_args!(
            "        {}, crypto map: {}",
            numbers(sa, direction),
            self.map_tag()
        ));
        timing(page, sa, bytes);
        page.line(format_args!(
            "        IV size: {} bytes",
            algorithm::iv_size(sa.encr)
        ));
        page.line(format_args!(
            "        replay detection support: {}",
            replay(sa, detailed)
        ));
        page.line("        Status: ACTIVE(ACTIVE)");
    }
}

fn in_use(sa: &ChildSaView) -> String {
    let encapsulation = match sa.encapsulation {
        Encapsulation::Esp => "Tunnel",
        Encapsulation::Udp { .. } => "Tunnel UDP-Encaps",
    };
    let esn = if sa.esn { "esn" } else { "" };
    format!("{encapsulation}, {esn}")
}

/// IOS numbers its hardware's flows; here both halves of an SA number themselves, so that the
/// numbers are at least stable. The initiator of an SA shows in the flags.
fn numbers(sa: &ChildSaView, direction: Direction) -> String {
    let number = match direction {
        Direction::Inbound => sa.id.saturating_mul(2),
        Direction::Outbound => sa.id.saturating_mul(2).saturating_sub(1),
    };
    let initiated = if sa.role == Role::Initiator {
        0x4000
    } else {
        0
    };
    format!(
        "conn id: {}, flow_id: SW:{number}, sibling_flags FFFFFFFF{:08X}",
        number.saturating_add(2000),
        0x8000_0048_u32 | initiated
    )
}

fn timing(page: &mut Page, sa: &ChildSaView, bytes: u64) {
    let seconds = seconds_left(sa);
    match kilobytes_left(sa, bytes) {
        Some(kilobytes) => page.line(format_args!(
            "        sa timing: remaining key lifetime (k/sec): ({kilobytes}/{seconds})"
        )),
        None => {
            page.line(format_args!(
                "        sa timing: remaining key lifetime (sec): {seconds}"
            ));
            page.line("        Kilobyte Volume Rekey has been disabled");
        }
    }
}

fn replay(sa: &ChildSaView, detailed: bool) -> String {
    match (sa.replay_window, detailed) {
        (0, _) => "N".into(),
        (_, false) => "Y".into(),
        (window, true) => format!("Y  replay window size: {window}"),
    }
}
