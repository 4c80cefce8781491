//! How much fits: the sizes of what ESP puts around a packet.

use crate::transform::block_len;
use crossgate_crypto::{Encr, Integ};
use crossgate_model::Path;
use crossgate_model::view::Encapsulation;
use crossgate_wire::esp::HEADER_LEN;
use std::net::IpAddr;

/// Octets of an IP packet on a path of which nothing is known.
pub const DEFAULT_PATH_MTU: u16 = 1500;

/// Octets that every link takes whole for IPv6 (RFC 8200 §5); smaller packets are never too big.
pub(crate) const IPV6_MIN_MTU: u16 = 1280;
/// Octets that every IPv4 link takes whole (RFC 791 §3.2).
pub(crate) const IPV4_LEAST_LINK_MTU: u16 = 68;
/// Octets that every IPv4 host takes (RFC 791 §3.1): whoever says that a path takes less is not
/// believed.
pub(crate) const IPV4_LEAST_PATH_MTU: u16 = 576;

const IPV4_HEADER: usize = 20;
const IPV6_HEADER: usize = 40;
const UDP_HEADER: usize = 8;
/// Pad length and next header.
const TRAILER: usize = 2;

/// Octets of the largest inner packet that, sealed, is no longer than `path_mtu`; 0 if none is.
pub fn inner_mtu(path_mtu: u16, encr: Encr, integ: Option<Integ>, path: &Path) -> u16 {
    let icv = integ.map_or(encr.icv_len(), Integ::icv_len);
    let around = outer_len(path) + HEADER_LEN + encr.iv_len() + icv;
    let room = usize::from(path_mtu).saturating_sub(around);
    let block = block_len(encr);
    let inner = (room / block * block).saturating_sub(TRAILER);
    u16::try_from(inner).unwrap_or(u16::MAX)
}

/// Octets before the ESP header: IP without options, and UDP where there is one.
pub(crate) fn outer_len(path: &Path) -> usize {
    let ip = match path.remote {
        IpAddr::V4(_) => IPV4_HEADER,
        IpAddr::V6(_) => IPV6_HEADER,
    };
    match path.encapsulation {
        Encapsulation::Esp => ip,
        Encapsulation::Udp { .. } => ip + UDP_HEADER,
    }
}
