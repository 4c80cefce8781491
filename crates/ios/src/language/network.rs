//! Changes of interfaces, routes, and what holds for the whole router.

use super::block::Block;
use super::patch::Patch;
use crate::words::{Said, cannot, net_with_mask};
use ipnet::IpNet;

pub(super) fn interface<'r>(patch: &Patch<'r>, name: &str) -> Said<Block<'r>> {
    match patch.lines.interface(name) {
        Some(block) => Ok(block),
        None => cannot(format!("interface {name} is not in the file")),
    }
}

pub(super) fn tcp_mss(patch: &mut Patch<'_>, name: &str, octets: u16) -> Said<()> {
    if !(500..=1460).contains(&octets) {
        return cannot(format!(
            "`ip tcp adjust-mss` takes 500 to 1460 octets, not {octets}"
        ));
    }
    let block = interface(patch, name)?;
    patch.set(&block, "ip tcp adjust-mss", octets.to_string());
    Ok(())
}

pub(super) fn mtu(patch: &mut Patch<'_>, name: &str, octets: u16) -> Said<()> {
    if !(68..=18_000).contains(&octets) {
        return cannot(format!("`ip mtu` takes 68 to 18000 octets, not {octets}"));
    }
    let block = interface(patch, name)?;
    patch.set(&block, "ip mtu", octets.to_string());
    Ok(())
}

pub(super) fn enable(patch: &mut Patch<'_>, name: &str) -> Said<()> {
    let block = interface(patch, name)?;
    let Some(line) = patch.lines.of(&block, "shutdown").last().copied() else {
        return cannot(format!("interface {name} is not shut down"));
    };
    let is_no = patch.lines.command(line).is_some_and(|(_, c)| c.no);
    if !is_no {
        patch.type_in(&block, "no shutdown");
        patch.replace(line.span(), "no shutdown");
    }
    Ok(())
}

pub(super) fn add_route(patch: &mut Patch<'_>, destination: IpNet, via: &str) -> Said<()> {
    let path = route_path(destination);
    let place = patch.beside(path, None)?;
    let net = net_with_mask(destination.trunc());
    patch.add_top(place, &format!("{path} {net} {via}"));
    Ok(())
}

fn route_path(destination: IpNet) -> &'static str {
    match destination {
        IpNet::V4(_) => "ip route",
        IpNet::V6(_) => "ipv6 route",
    }
}

pub(super) fn remove_route(patch: &mut Patch<'_>, destination: IpNet) -> Said<()> {
    let lines = patch.lines;
    let routes = &lines.reading.gateway.routes;
    let spans = routes
        .iter()
        .filter(|route| route.destination.value == destination.trunc())
        .filter_map(|route| route.destination.span);
    for line in spans.filter_map(|span| lines.at(span)) {
        patch.type_top(format!("no {}", lines.said(line)));
        patch.delete(line);
    }
    Ok(())
}

/// Undoes `no crypto ipsec nat-transparency udp-encapsulation`, which is for all peers.
pub(super) fn nat_traversal(patch: &mut Patch<'_>) -> Said<()> {
    turn_on(patch, "crypto ipsec nat-transparency udp-encapsulation");
    Ok(())
}

/// Undoes `no crypto isakmp enable`.
pub(super) fn enable_ike(patch: &mut Patch<'_>) -> Said<()> {
    turn_on(patch, "crypto isakmp enable");
    Ok(())
}

/// Takes back the `no` before a command of global mode that is on by default.
fn turn_on(patch: &mut Patch<'_>, path: &str) {
    let is_off = |line: &&crate::tree::Line| patch.lines.command(line).is_some_and(|(_, c)| c.no);
    let lines: Vec<_> = patch.lines.all(path).into_iter().filter(is_off).collect();
    if !lines.is_empty() {
        patch.type_top(path);
    }
    for line in lines {
        patch.delete(line);
    }
}
