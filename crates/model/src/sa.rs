//! A negotiated Child SA on its way from the engine that agreed it to the data plane that runs it.

use crate::selector::Selector;
use crate::view::{Encapsulation, Role};
use crossgate_crypto::{Encr, Integ, Secret};
use std::net::IpAddr;
use std::time::Duration;

/// One pair of SAs, ready to be installed.
#[derive(Clone, Debug)]
pub struct ChildSa {
    /// Unique in the engine's life; the same as in [`crate::view::ChildSaView`].
    pub id: u32,
    /// Names in the configuration.
    pub connection: String,
    pub child: String,
    pub role: Role,
    /// Ours: the key of this pair wherever one is named.
    pub spi_in: u32,
    pub spi_out: u32,
    pub encr: Encr,
    /// Absent with an AEAD cipher.
    pub integ: Option<Integ>,
    pub esn: bool,
    pub keys_in: DirectionKeys,
    pub keys_out: DirectionKeys,
    /// As agreed: inner source and destination of what we send.
    pub local_selectors: Vec<Selector>,
    pub remote_selectors: Vec<Selector>,
    pub path: Path,
    pub outbound: OutboundUse,
    /// Packets; 0 turns the check off.
    pub replay_window: u32,
    /// Kilobytes of ESP traffic, each direction, at which a rekey is due and at which it ends.
    pub soft_kilobytes: Option<u64>,
    pub hard_kilobytes: Option<u64>,
    /// From installation until nothing may be sealed or opened any more.
    pub hard_lifetime: Duration,
}

/// Outer addresses and encapsulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path {
    pub local: IpAddr,
    pub remote: IpAddr,
    pub encapsulation: Encapsulation,
}

/// When the outbound half may carry traffic (RFC 7296 §2.8): the initiator of an exchange uses it
/// at once; the responder goes on with the old SA, if there is one, until the peer has shown that
/// it has the new one, or until the old one is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutboundUse {
    Immediately,
    AfterPeer,
}

/// Keys of one direction.
#[derive(Clone, Debug)]
pub struct DirectionKeys {
    /// For AES-GCM the four octets of salt follow the key (RFC 4106 §8.1).
    pub encr: Secret,
    /// Empty with an AEAD cipher.
    pub integ: Secret,
}
