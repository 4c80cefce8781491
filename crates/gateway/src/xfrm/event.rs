//! What the kernel tells unasked: packets that wait for an SA, lifetimes that end, peers that moved.

use super::message::{A_TMPL, ACQUIRE, EXPIRE, MAPPING, Reader};
use super::state::{self, StateId};
use std::net::{IpAddr, SocketAddr};

/// `struct xfrm_user_acquire`.
const ACQUIRE_LENGTH: usize = 280;
/// `struct xfrm_usersa_info`, before what is told of its end.
const STATE: usize = 224;
/// `struct xfrm_user_expire`.
const EXPIRE_LENGTH: usize = 232;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A packet of that Child found no SA.
    Acquire {
        reqid: u32,
        mark: u32,
    },
    Expired {
        id: StateId,
        hard: bool,
    },
    /// An authentic packet in UDP came from elsewhere. The kernel says no mark of its state here.
    Moved {
        local: IpAddr,
        spi_in: u32,
        remote: SocketAddr,
    },
}

/// `None` for what is not for us.
pub fn parse(kind: u16, body: &[u8]) -> Option<Event> {
    match kind {
        ACQUIRE => acquire(body),
        EXPIRE => expire(body),
        MAPPING => mapping(body),
        _ => None,
    }
}

/// The policy's template is behind it: its number is the Child's.
fn acquire(body: &[u8]) -> Option<Event> {
    let reader = Reader(body);
    let mut attributes = reader.attributes(ACQUIRE_LENGTH);
    let (_, template) = attributes.find(|(kind, _)| *kind == A_TMPL)?;
    Some(Event::Acquire {
        reqid: Reader(template).u32(44)?,
        mark: reader.mark(ACQUIRE_LENGTH)?,
    })
}

fn expire(body: &[u8]) -> Option<Event> {
    let hard = Reader(body).u8(STATE)? != 0;
    let reader = Reader(body);
    let info = state::parse(body.get(..STATE)?)?;
    let mark = reader.mark(EXPIRE_LENGTH).unwrap_or_default();
    let id = StateId { mark, ..info.id };
    Some(Event::Expired { id, hard })
}

fn mapping(body: &[u8]) -> Option<Event> {
    let reader = Reader(body);
    let family = reader.u16(20)?;
    let address: IpAddr = reader.address(44, family)?;
    Some(Event::Moved {
        local: reader.address(0, family)?,
        spi_in: reader.be32(16)?,
        remote: SocketAddr::new(address, reader.be16(62)?),
    })
}
