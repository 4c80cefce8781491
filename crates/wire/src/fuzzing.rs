//! What the fuzz targets of `fuzz/` run, and what the tests run over the same corpora.
//!
//! Besides "doesn't panic" each holds our parsers to laws: what was read can be written, has the length that it had,
//! and reads as the same value again.

use crate::esp::{EspPacket, Port4500, Trailer, classify_4500};
use crate::ike::{Datagram, Message, PayloadType, build_plain_chain, parse_payloads};
use crate::ip::{Echo, Packet, Udp, clamp_mss, flow, too_big};

/// A law that an input broke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken(pub String);

/// A datagram of port 500.
pub fn ike_message(data: &[u8]) -> Result<(), Broken> {
    let Ok(message) = Message::parse(data) else {
        return Ok(());
    };
    // A datagram can't be longer, so messages that are can't be sent.
    if data.len() > usize::from(u16::MAX) {
        return Ok(());
    }
    let written = message.emit().map_err(|error| broken("write", &error))?;
    let again = Message::parse(&written).map_err(|error| broken("read again", &error))?;
    let same_header = message.header == again.header;
    same(
        same_header && message.payloads == again.payloads,
        &message,
        &again,
    )?;
    same(written.len() == data.len(), &data.len(), &written.len())?;
    let datagram = Datagram::parse(data).map_err(|error| broken("read in two steps", &error))?;
    let closed = datagram
        .protected
        .map_or(0, |protected| protected.aad.len() + protected.body.len());
    same(closed == 0 || closed == data.len(), &data.len(), &closed)
}

/// A decrypted chain: the first byte is its first payload's type.
pub fn ike_payloads(data: &[u8]) -> Result<(), Broken> {
    let Some((&first, chain)) = data.split_first() else {
        return Ok(());
    };
    let Ok(payloads) = parse_payloads(PayloadType(first), chain) else {
        return Ok(());
    };
    let (first_again, written) =
        build_plain_chain(&payloads).map_err(|error| broken("write", &error))?;
    let again =
        parse_payloads(first_again, &written).map_err(|error| broken("read again", &error))?;
    same(payloads == again, &payloads, &again)?;
    same(written.len() == chain.len(), &chain.len(), &written.len())
}

/// A datagram of port 4500, and the same bytes as decrypted content and as an inner packet.
pub fn esp_packet(data: &[u8]) -> Result<(), Broken> {
    match classify_4500(data) {
        Port4500::Ike(message) => ike_message(message)?,
        Port4500::Esp(packet) => esp_header(packet)?,
        Port4500::Keepalive | Port4500::Runt => {}
    }
    match Trailer::parse(data) {
        Ok(trailer) => inner_packet(trailer.payload),
        Err(_) => inner_packet(data),
    }
}

fn esp_header(data: &[u8]) -> Result<(), Broken> {
    let Ok(packet) = EspPacket::parse(data) else {
        return Ok(());
    };
    let again = [&packet.header.to_bytes(), packet.body].concat();
    same(again == data, &data, &again.as_slice())
}

fn inner_packet(data: &[u8]) -> Result<(), Broken> {
    let seen = flow(data);
    let Ok(packet) = Packet::parse(data) else {
        return same(seen.is_err(), &"no packet", &"a flow");
    };
    let mut clamped = packet.bytes.to_vec();
    clamp_mss(&mut clamped, 1360);
    same(
        !clamp_mss(&mut clamped, 1360),
        &"clamped once",
        &"clamped twice",
    )?;
    if let Ok(Some(error)) = too_big(&packet, packet.destination, 1400) {
        same(flow(&error).is_ok(), &"an error", &"no packet")?;
    }
    let _ = (Udp::parse(&packet), Echo::parse(&packet));
    Ok(())
}

fn broken(law: &str, why: &dyn std::fmt::Display) -> Broken {
    Broken(format!("could not {law}: {why}"))
}

fn same(
    holds: bool,
    before: &dyn std::fmt::Debug,
    after: &dyn std::fmt::Debug,
) -> Result<(), Broken> {
    if holds {
        Ok(())
    } else {
        Err(Broken(format!("{before:?} became {after:?}")))
    }
}
