//! Whether a packet is inside traffic selectors (RFC 4301 §4.4.1.1, RFC 7296 §3.13.1).

use crossgate_model::Selector;
use crossgate_wire::ip::Flow;
use std::net::IpAddr;

/// A selector made ready to be asked: each packet asks four.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ready {
    selector: Selector,
    /// The first address of IPv4, as a number, and how many others there are.
    v4: Option<(u32, u32)>,
    /// Whatever the addresses carry.
    is_plain: bool,
    shows_no_ports: bool,
}

impl Ready {
    pub(crate) fn new(selector: Selector) -> Self {
        let any_port = (selector.start_port, selector.end_port) == (0, u16::MAX);
        let v4 = match (selector.start, selector.end) {
            (IpAddr::V4(start), IpAddr::V4(end)) => {
                let (start, end) = (start.to_bits(), end.to_bits());
                end.checked_sub(start).map(|others| (start, others))
            }
            _ => None,
        };
        Self {
            selector,
            v4,
            is_plain: any_port && selector.protocol == 0,
            shows_no_ports: shows_no_ports(&selector),
        }
    }

    /// A packet without ports matches ANY and OPAQUE.
    pub(crate) fn shows_no_ports(&self) -> bool {
        self.shows_no_ports
    }

    #[inline]
    pub(crate) fn selects_source(&self, flow: &Flow) -> bool {
        self.selects(&flow.src, flow.proto, flow.sport)
    }

    #[inline]
    pub(crate) fn selects_destination(&self, flow: &Flow) -> bool {
        self.selects(&flow.dst, flow.proto, flow.dport)
    }

    #[inline]
    fn selects(&self, address: &IpAddr, protocol: u8, port: Option<u16>) -> bool {
        let is_inside = match (self.v4, address) {
            (Some((first, others)), IpAddr::V4(address)) => {
                address.to_bits().wrapping_sub(first) <= others
            }
            _ => self.has_address(*address),
        };
        is_inside && (self.is_plain || self.takes(protocol, port))
    }

    #[inline(never)]
    fn takes(&self, protocol: u8, port: Option<u16>) -> bool {
        let only = self.selector.protocol;
        let port_inside = match port {
            Some(port) => self.selector.start_port <= port && port <= self.selector.end_port,
            None => self.shows_no_ports,
        };
        port_inside && (only == 0 || only == protocol)
    }

    #[inline(never)]
    fn has_address(&self, address: IpAddr) -> bool {
        let any = Selector {
            protocol: 0,
            start_port: 0,
            end_port: u16::MAX,
            ..self.selector
        };
        any.matches(address, 0, 0)
    }
}

/// What both ends of an SA agreed on.
#[derive(Debug)]
pub(crate) enum Agreed {
    /// One of this end and one of the peer's, as nearly all SAs have: no loop, and no place of their
    /// own in memory.
    One([Ready; 2]),
    Many([Box<[Ready]>; 2]),
}

impl Agreed {
    pub(crate) fn new(local: &[Selector], remote: &[Selector]) -> Self {
        match (local, remote) {
            ([local], [remote]) => Self::One([*local, *remote].map(Ready::new)),
            _ => {
                Self::Many([local, remote].map(|all| all.iter().copied().map(Ready::new).collect()))
            }
        }
    }

    /// `flow` as this end sends it.
    pub(crate) fn selects(&self, flow: &Flow) -> bool {
        match self {
            Self::One([local, remote]) => {
                local.selects_source(flow) && remote.selects_destination(flow)
            }
            Self::Many([local, remote]) => any_of_many(local, remote, flow),
        }
    }

    /// The same for a packet that the peer sent: `flow` is as it came.
    pub(crate) fn selects_from_peer(&self, flow: &Flow) -> bool {
        match self {
            Self::One([local, remote]) => {
                remote.selects_source(flow) && local.selects_destination(flow)
            }
            Self::Many([local, remote]) => any_of_many(remote, local, flow),
        }
    }

    /// Whether packets without ports are inside, whoever sends them.
    pub(crate) fn shows_no_ports(&self) -> bool {
        match self {
            Self::One(both) => both.iter().all(Ready::shows_no_ports),
            Self::Many(both) => both.iter().flatten().all(Ready::shows_no_ports),
        }
    }
}

/// From one of the first to one of the others.
#[inline(never)]
fn any_of_many(from: &[Ready], to: &[Ready], flow: &Flow) -> bool {
    from.iter().any(|selector| selector.selects_source(flow))
        && to.iter().any(|selector| selector.selects_destination(flow))
}

/// A packet without ports matches ANY and OPAQUE, which has them the wrong way round.
fn shows_no_ports(selector: &Selector) -> bool {
    matches!(
        (selector.start_port, selector.end_port),
        (0, u16::MAX) | (u16::MAX, 0)
    )
}
