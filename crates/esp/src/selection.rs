//! Whether a packet is inside traffic selectors (RFC 4301 §4.4.1.1, RFC 7296 §3.13.1).

use crossgate_model::{Selector, SelectorPair};
use crossgate_wire::ip::Flow;
use std::net::{IpAddr, Ipv4Addr};

/// `flow` as this end sends it: its source is local. Of each list one selector must match.
pub(crate) fn any_selects(local: &[Selector], remote: &[Selector], flow: &Flow) -> bool {
    // Each packet is asked for four times: IPv4's addresses compare as numbers.
    if let (IpAddr::V4(from), IpAddr::V4(to)) = (flow.src, flow.dst) {
        let inside = |selectors: &[Selector], address: Ipv4Addr, port| {
            let selects = |selector| v4_selects(selector, address.to_bits(), flow.proto, port);
            selectors.iter().any(selects)
        };
        return inside(local, from, flow.sport) && inside(remote, to, flow.dport);
    }
    let inside = |selectors: &[Selector], address, port| {
        let selects = |selector| one_selects(selector, address, flow.proto, port);
        selectors.iter().any(selects)
    };
    inside(local, flow.src, flow.sport) && inside(remote, flow.dst, flow.dport)
}

pub(crate) fn pair_selects(pair: &SelectorPair, flow: &Flow) -> bool {
    let (local, remote) = (&pair.local, &pair.remote);
    any_selects(std::slice::from_ref(local), std::slice::from_ref(remote), flow)
}

#[inline]
fn v4_selects(selector: &Selector, address: u32, protocol: u8, port: Option<u16>) -> bool {
    let (IpAddr::V4(start), IpAddr::V4(end)) = (selector.start, selector.end) else {
        return false;
    };
    start.to_bits() <= address
        && address <= end.to_bits()
        && (selector.protocol == 0 || selector.protocol == protocol)
        && takes_port(selector, port)
}

fn one_selects(selector: &Selector, address: IpAddr, protocol: u8, port: Option<u16>) -> bool {
    let any_port = Selector {
        start_port: 0,
        end_port: u16::MAX,
        ..*selector
    };
    takes_port(selector, port) && any_port.matches(address, protocol, 0)
}

fn takes_port(selector: &Selector, port: Option<u16>) -> bool {
    match port {
        Some(port) => selector.start_port <= port && port <= selector.end_port,
        None => shows_no_ports(selector),
    }
}

/// A packet without ports matches ANY and OPAQUE, which has them the wrong way round.
pub(crate) fn shows_no_ports(selector: &Selector) -> bool {
    matches!(
        (selector.start_port, selector.end_port),
        (0, u16::MAX) | (u16::MAX, 0)
    )
}
