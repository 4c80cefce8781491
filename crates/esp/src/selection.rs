//! Whether a packet is inside traffic selectors (RFC 4301 §4.4.1.1, RFC 7296 §3.13.1).

use crossgate_model::Selector;
use crossgate_wire::ip::Flow;
use std::net::IpAddr;

/// A selector made ready to be asked: each packet asks four.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ready {
    selector: Selector,
    /// First and last address of IPv4, as numbers.
    v4: Option<(u32, u32)>,
    shows_no_ports: bool,
}

impl Ready {
    pub(crate) fn new(selector: Selector) -> Self {
        let v4 = match (selector.start, selector.end) {
            (IpAddr::V4(start), IpAddr::V4(end)) => Some((start.to_bits(), end.to_bits())),
            _ => None,
        };
        Self {
            selector,
            v4,
            shows_no_ports: shows_no_ports(&selector),
        }
    }

    /// A packet without ports matches ANY and OPAQUE.
    pub(crate) fn shows_no_ports(&self) -> bool {
        self.shows_no_ports
    }

    /// `flow` as this end sends it: its source is local.
    #[inline]
    pub(crate) fn selects_source(&self, flow: &Flow) -> bool {
        self.selects(flow.src, flow.proto, flow.sport)
    }

    #[inline]
    pub(crate) fn selects_destination(&self, flow: &Flow) -> bool {
        self.selects(flow.dst, flow.proto, flow.dport)
    }

    #[inline]
    fn selects(&self, address: IpAddr, protocol: u8, port: Option<u16>) -> bool {
        let port_inside = match port {
            Some(port) => self.selector.start_port <= port && port <= self.selector.end_port,
            None => self.shows_no_ports,
        };
        port_inside
            && match (self.v4, address) {
                (Some((first, last)), IpAddr::V4(address)) => {
                    let only = self.selector.protocol;
                    first <= address.to_bits()
                        && address.to_bits() <= last
                        && (only == 0 || only == protocol)
                }
                _ => self.selects_any_port(address, protocol),
            }
    }

    fn selects_any_port(&self, address: IpAddr, protocol: u8) -> bool {
        let any = Selector {
            start_port: 0,
            end_port: u16::MAX,
            ..self.selector
        };
        any.matches(address, protocol, 0)
    }
}

/// `flow` as this end sends it. Of each list one selector must match.
pub(crate) fn any_selects(local: &[Ready], remote: &[Ready], flow: &Flow) -> bool {
    local.iter().any(|selector| selector.selects_source(flow))
        && remote
            .iter()
            .any(|selector| selector.selects_destination(flow))
}

/// Of one pair: local and remote.
pub(crate) fn pair_selects([local, remote]: &[Ready; 2], flow: &Flow) -> bool {
    local.selects_source(flow) && remote.selects_destination(flow)
}

/// A packet without ports matches ANY and OPAQUE, which has them the wrong way round.
fn shows_no_ports(selector: &Selector) -> bool {
    matches!(
        (selector.start_port, selector.end_port),
        (0, u16::MAX) | (u16::MAX, 0)
    )
}
