//! IP packets and the headers above them.
//!
//! [`Packet`] reads either family, [`Flow`] says what selectors see of it (RFC 4301 §4.4.1.1). What is built here goes
//! to a TUN interface or into a tunnel: pings, and the errors that path MTU discovery lives from.

mod checksum;
mod flow;
mod fragment;
mod header;
mod icmp;
mod packet;
pub mod protocol;
mod segments;
mod tcp;
mod udp;

pub use checksum::{Sum, checksum, transport_checksum};
pub use flow::{Flow, flow};
pub use fragment::fragments;
pub(crate) use header::mapped;
pub use header::{Ipv4Header, Ipv6Header, build_packet};
pub use icmp::{Echo, EchoKind, too_big};
pub use packet::{Fragment, MAX_EXTENSIONS, Packet};
pub use segments::Segments;
pub use tcp::{clamp_mss, is_syn};
pub use udp::Udp;
