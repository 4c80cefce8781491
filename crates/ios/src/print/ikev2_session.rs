//! `show crypto ikev2 session`: IKE SAs with their Children.

use super::{Page, algorithm, ikev2_sa, selector};
use crossgate_model::operate::Station;
use crossgate_model::view::{ChildSaView, ConnectionView, IkeState};

pub fn print(station: &Station<'_>, detailed: bool) -> String {
    let sessions = || {
        station
            .snapshot
            .connections
            .iter()
            .filter(|c| !c.ike_sas.is_empty())
    };
    if sessions().next().is_none() {
        return String::new();
    }
    let mut page = Page::default();
    for (title, v4) in [("IPv4", true), ("IPv6", false)] {
        page.line(format_args!(" {title} Crypto IKEv2 Session "));
        page.blank();
        let of_family = |c: &&ConnectionView| c.ike_sas.iter().any(|sa| sa.local.is_ipv4() == v4);
        for connection in sessions().filter(of_family) {
            session(&mut page, station, connection, detailed);
        }
    }
    page.0
}

fn session(page: &mut Page, station: &Station<'_>, connection: &ConnectionView, detailed: bool) {
    let children = || connection.children.iter().flat_map(|child| &child.sas);
    let id = connection.ike_sas.first().map_or(0, |sa| sa.id);
    let status = status(connection, children().count());
    page.line(format_args!(
        "Session-id:{id}, Status:{status}, IKE count:{}, CHILD count:{}",
        connection.ike_sas.len(),
        children().count(),
    ));
    page.blank();
    for sa in &connection.ike_sas {
        ikev2_sa::sa_lines(page, station, connection, sa, detailed);
    }
    for sa in children() {
        child(page, sa, detailed);
    }
    page.blank();
}

fn status(connection: &ConnectionView, children: usize) -> &'static str {
    let negotiating = |state| state == IkeState::Negotiating;
    match (
        connection.ike_sas.iter().all(|sa| negotiating(sa.state)),
        children,
    ) {
        (true, _) => "DOWN-NEGOTIATING",
        (false, 0) => "UP-IDLE",
        (false, _) => "UP-ACTIVE",
    }
}

fn child(page: &mut Page, sa: &ChildSaView, detailed: bool) {
    let (local, remote) = (&sa.selectors.local, &sa.selectors.remote);
    page.line(format_args!(
        "Child sa: local selector  {}",
        selector::range(local)
    ));
    page.line(format_args!(
        "          remote selector {}",
        selector::range(remote)
    ));
    page.line(format_args!(
        "          ESP spi in/out: 0x{:X}/0x{:X}  ",
        sa.spi_in, sa.spi_out
    ));
    if !detailed {
        return;
    }
    let integ = sa.integ.map_or("None", algorithm::integrity);
    page.line("          AH spi in/out: 0x0/0x0  ");
    page.line("          CPI in/out: 0x0/0x0  ");
    page.line(format_args!(
        "          Encr: {}, esp_hmac: {integ}",
        algorithm::cipher(sa.encr)
    ));
    page.line("          ah_hmac: None, comp: IPCOMP_NONE, mode tunnel");
}
