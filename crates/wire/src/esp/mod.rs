//! ESP packets (RFC 4303) and their neighbours on UDP port 4500 (RFC 3948).

mod header;
mod trailer;
mod udp_encap;

pub use header::{EspPacket, HEADER_LEN, Header};
pub use trailer::{NO_NEXT_HEADER, Trailer, append_trailer, padding_len, write_trailer};
pub use udp_encap::{KEEPALIVE, Port4500, classify_4500};
