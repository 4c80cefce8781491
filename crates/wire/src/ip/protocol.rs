//! The IP protocol numbers that this crate looks into.

pub const HOP_BY_HOP: u8 = 0;
pub const ICMP: u8 = 1;
pub const TCP: u8 = 6;
pub const UDP: u8 = 17;
pub const DCCP: u8 = 33;
pub const ROUTING: u8 = 43;
pub const FRAGMENT: u8 = 44;
pub const ESP: u8 = 50;
pub const AH: u8 = 51;
pub const ICMPV6: u8 = 58;
pub const DESTINATION_OPTIONS: u8 = 60;
pub const SCTP: u8 = 132;
pub const MOBILITY: u8 = 135;
pub const UDP_LITE: u8 = 136;
/// What ESP's next header says of an inner IPv4 packet (RFC 4303 §2.6).
pub const IPV4: u8 = 4;
/// What ESP's next header says of an inner IPv6 packet.
pub const IPV6: u8 = 41;
