//! What arrives on UDP port 4500 (RFC 3948 §2).

use crate::ike::NON_ESP_MARKER;

/// The one byte that keeps a NAT mapping alive (RFC 3948 §2.3).
pub const KEEPALIVE: [u8; 1] = [0xff];

/// A datagram's kind by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port4500<'a> {
    /// The IKE message behind the non-ESP marker.
    Ike(&'a [u8]),
    /// The ESP packet from its SPI on.
    Esp(&'a [u8]),
    Keepalive,
    /// Too short to be any of them.
    Runt,
}

/// Tells IKE, ESP and keepalives apart; neither IKE nor ESP is read further here.
pub fn classify_4500(datagram: &[u8]) -> Port4500<'_> {
    if datagram == KEEPALIVE {
        return Port4500::Keepalive;
    }
    match datagram.split_first_chunk::<4>() {
        Some((&NON_ESP_MARKER, message)) => Port4500::Ike(message),
        Some(_) => Port4500::Esp(datagram),
        None => Port4500::Runt,
    }
}
