//! Policies: what the configuration wants of a Child and what its SAs have agreed on, as the kernel's
//! SPD. What is configured but not agreed is refused; what is not configured has no policy, and a
//! tunnel device drops it.

use super::message::{
    A_TMPL, AF_INET, AF_INET6, DELPOLICY, ESP, GETPOLICY, Message, Reader, TUNNEL, UPDPOLICY,
    family,
};
use super::state::mark;
use crossgate_model::Selector;
use ipnet::IpNet;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// `struct xfrm_userpolicy_info`.
const POLICY: usize = 168;
const NO_LIMIT: u64 = u64::MAX;
/// Policies that one Child may need: ranges are many networks, and many masks of ports.
pub const POLICIES_MAX: usize = 256;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    In,
    Out,
}

/// A port and the bits of it that count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ports {
    pub port: u16,
    pub mask: u16,
}

/// What the kernel compares a packet with: as it is sent, or as it comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Piece {
    pub direction: Direction,
    pub source: IpNet,
    pub destination: IpNet,
    pub protocol: u8,
    pub source_ports: Ports,
    pub destination_ports: Ports,
}

/// An IP version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    V4,
    V6,
}

impl Family {
    pub fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }
}

/// What becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Sealed for that peer; without an SA, the kernel asks for one and drops the packet.
    Seal {
        local: IpAddr,
        remote: IpAddr,
    },
    /// Taken from an SA of this Child and from nothing else, whichever the outer addresses: the peer
    /// may have moved, and the Child's number says enough.
    Opened {
        outer: Family,
    },
    Refuse,
}

/// The first that selects a packet decides: those of a lower number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    pub rule: Rule,
    pub priority: u32,
}

pub type Policies = BTreeMap<Piece, Policy>;

/// The pieces of selectors, in one direction.
pub fn pieces(
    direction: Direction,
    local: &[Selector],
    remote: &[Selector],
) -> Result<Vec<Piece>, String> {
    let mut all = Vec::new();
    for ours in local {
        for theirs in remote {
            pair(direction, ours, theirs, &mut all)?;
        }
    }
    Ok(all)
}

fn pair(
    direction: Direction,
    local: &Selector,
    remote: &Selector,
    all: &mut Vec<Piece>,
) -> Result<(), String> {
    let protocol = match (local.protocol, remote.protocol) {
        (0, p) | (p, 0) => p,
        (a, b) if a == b => a,
        _ => return Ok(()),
    };
    let (ours, theirs) = (ports(local, protocol)?, ports(remote, protocol)?);
    for local_net in local.nets() {
        for remote_net in remote.nets() {
            // A packet has addresses of one family.
            if local_net.addr().is_ipv4() != remote_net.addr().is_ipv4() {
                continue;
            }
            for local_ports in &ours {
                for remote_ports in &theirs {
                    if all.len() >= POLICIES_MAX {
                        return Err(format!(
                            "its selectors are more than {POLICIES_MAX} policies of the kernel, which knows networks and not ranges"
                        ));
                    }
                    all.push(match direction {
                        Direction::Out => Piece {
                            direction,
                            source: local_net,
                            destination: remote_net,
                            protocol,
                            source_ports: *local_ports,
                            destination_ports: *remote_ports,
                        },
                        Direction::In => Piece {
                            direction,
                            source: remote_net,
                            destination: local_net,
                            protocol,
                            source_ports: *remote_ports,
                            destination_ports: *local_ports,
                        },
                    });
                }
            }
        }
    }
    Ok(())
}

const ICMP: [u8; 2] = [1, 58];

/// The fewest masks that are exactly the range.
fn ports(selector: &Selector, protocol: u8) -> Result<Vec<Ports>, String> {
    let (start, end) = (selector.start_port, selector.end_port);
    if (start, end) == (0, u16::MAX) {
        return Ok(vec![Ports { port: 0, mask: 0 }]);
    }
    if start > end {
        return Err(
            "packets that hide their ports (OPAQUE) can't be selected by the kernel".into(),
        );
    }
    if ICMP.contains(&protocol) {
        return Err("types of ICMP can't be selected by the kernel as they are agreed".into());
    }
    let (mut all, mut next, end) = (Vec::new(), u32::from(start), u32::from(end));
    while next <= end {
        let mut size = 1;
        while next % (size * 2) == 0 && next + size * 2 - 1 <= end {
            size *= 2;
        }
        all.push(Ports {
            port: (next & 0xffff) as u16,
            mask: (!(size - 1) & 0xffff) as u16,
        });
        next += size;
    }
    Ok(all)
}

/// One request, and what is in force once it is granted.
pub struct Change {
    pub piece: Piece,
    /// `None`: the kernel has none for it any more.
    pub policy: Option<Policy>,
    pub message: Message,
}

/// What the kernel is to be told when `there` is in force and `wanted` shall be: new ones and changed
/// ones first, so that nothing is open in between.
pub fn changes(there: &Policies, wanted: &Policies, tie: Tie) -> Vec<Change> {
    let new = wanted
        .iter()
        .filter(|(piece, policy)| there.get(piece) != Some(policy))
        .map(|(piece, policy)| Change {
            piece: *piece,
            policy: Some(*policy),
            message: put(piece, policy, tie),
        });
    let gone = there.keys().filter(|piece| !wanted.contains_key(piece));
    let gone = gone.map(|piece| Change {
        piece: *piece,
        policy: None,
        message: delete(piece, tie.mark),
    });
    new.chain(gone).collect()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tie {
    pub reqid: u32,
    pub mark: u32,
}

/// Adds the policy, or replaces the one of that selector.
fn put(piece: &Piece, policy: &Policy, tie: Tie) -> Message {
    let mut message = Message::new(UPDPOLICY);
    selector(&mut message, piece);
    for _ in 0..4 {
        message.u64(NO_LIMIT);
    }
    message.zeros(32 + 32).u32(policy.priority).u32(0);
    let block = u8::from(policy.rule == Rule::Refuse);
    message.u8(direction(piece.direction)).u8(block).zeros(6);
    match policy.rule {
        Rule::Seal { local, remote } => template(&mut message, tie.reqid, local, remote),
        Rule::Opened { outer } => {
            let any = match outer {
                Family::V4 => Ipv4Addr::UNSPECIFIED.into(),
                Family::V6 => Ipv6Addr::UNSPECIFIED.into(),
            };
            template(&mut message, tie.reqid, any, any);
        }
        Rule::Refuse => {}
    }
    mark(&mut message, tie.mark);
    message
}

/// `struct xfrm_user_tmpl`.
fn template(message: &mut Message, reqid: u32, source: IpAddr, destination: IpAddr) {
    message.attribute(A_TMPL, |m| {
        m.address(destination).zeros(4).u8(ESP).zeros(3);
        m.u16(family(destination)).zeros(2).address(source);
        m.u32(reqid).u8(TUNNEL).zeros(3);
        m.u32(u32::MAX).u32(u32::MAX).u32(u32::MAX);
    });
}

fn delete(piece: &Piece, policy_mark: u32) -> Message {
    let mut message = Message::new(DELPOLICY);
    selector(&mut message, piece);
    message.u32(0).u8(direction(piece.direction)).zeros(3);
    mark(&mut message, policy_mark);
    message
}

/// `struct xfrm_selector`.
fn selector(message: &mut Message, piece: &Piece) {
    let (source, destination) = (piece.source, piece.destination);
    message.address(destination.network());
    message.address(source.network());
    let (to, from) = (piece.destination_ports, piece.source_ports);
    message.be16(to.port).be16(to.mask);
    message.be16(from.port).be16(from.mask);
    message.u16(match source {
        IpNet::V4(_) => AF_INET,
        IpNet::V6(_) => AF_INET6,
    });
    message
        .u8(destination.prefix_len())
        .u8(source.prefix_len())
        .u8(piece.protocol)
        .zeros(3 + 8);
}

fn direction(direction: Direction) -> u8 {
    match direction {
        Direction::In => 0,
        Direction::Out => 1,
    }
}

pub fn dump() -> Message {
    Message::new(GETPOLICY)
}

/// The request that deletes a policy that a dump tells of, if it has that mark.
pub fn delete_told(body: &[u8], wanted: u32) -> Option<Message> {
    let reader = Reader(body);
    if reader.mark(POLICY)? != wanted {
        return None;
    }
    let mut message = Message::new(DELPOLICY);
    message
        .raw(body.get(..56)?)
        .u32(0)
        .u8(reader.u8(160)?)
        .zeros(3);
    mark(&mut message, wanted);
    Some(message)
}
