//! Whether a packet is inside traffic selectors (RFC 4301 §4.4.1.1, RFC 7296 §3.13.1).

use crossgate_model::{Selector, SelectorPair};
use crossgate_wire::ip::Flow;
use std::net::IpAddr;

/// `flow` as this end sends it: its source is local. Of each list one selector must match.
pub(crate) fn any_selects(local: &[Selector], remote: &[Selector], flow: &Flow) -> bool {
    let source_inside = local
        .iter()
        .any(|selector| one_selects(selector, flow.src, flow.proto, flow.sport));
    source_inside
        && remote
            .iter()
            .any(|selector| one_selects(selector, flow.dst, flow.proto, flow.dport))
}

pub(crate) fn pair_selects(pair: &SelectorPair, flow: &Flow) -> bool {
    any_selects(&[pair.local], &[pair.remote], flow)
}

fn one_selects(selector: &Selector, address: IpAddr, protocol: u8, port: Option<u16>) -> bool {
    let port_inside = match port {
        Some(port) => selector.start_port <= port && port <= selector.end_port,
        None => shows_no_ports(selector),
    };
    port_inside && any_port(selector, address, protocol)
}

/// Each packet is asked for four times: IPv4's addresses compare as numbers.
fn any_port(selector: &Selector, address: IpAddr, protocol: u8) -> bool {
    match (selector.start, selector.end, address) {
        (IpAddr::V4(start), IpAddr::V4(end), IpAddr::V4(address)) => {
            (selector.protocol == 0 || selector.protocol == protocol)
                && start.to_bits() <= address.to_bits()
                && address.to_bits() <= end.to_bits()
        }
        _ => {
            let any = Selector {
                start_port: 0,
                end_port: u16::MAX,
                ..*selector
            };
            any.matches(address, protocol, 0)
        }
    }
}

/// A packet without ports matches ANY and OPAQUE, which has them the wrong way round.
pub(crate) fn shows_no_ports(selector: &Selector) -> bool {
    matches!(
        (selector.start_port, selector.end_port),
        (0, u16::MAX) | (u16::MAX, 0)
    )
}
