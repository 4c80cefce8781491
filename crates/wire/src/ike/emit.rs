//! Messages out of payloads.
//!
//! A protected message is made in place: [`build_plain_chain`] gives the inner bytes, [`sk_prefix`] the start of the
//! datagram, which is the associated data, and the caller appends `body_len` bytes of IV, ciphertext and checksum.

use super::chain::GENERIC_HEADER_LEN;
use super::{HEADER_LEN, Header, Payload, PayloadType};
use crate::write::narrow_u16;
use crate::{Error, Part};

/// A whole message; an encrypted payload must be the last one.
pub fn build_message(header: &Header, payloads: &[Payload]) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    let next_payload = first_type(payloads);
    Header {
        next_payload,
        ..*header
    }
    .emit(&mut out);
    emit_chain(payloads, &mut out)?;
    let length = narrow_u16(Part::IkeHeader, "message length", out.len())?;
    if let Some(field) = out.get_mut(HEADER_LEN - 4..HEADER_LEN) {
        field.copy_from_slice(&u32::from(length).to_be_bytes());
    }
    Ok(out)
}

/// The payloads one after the other, with the type of the first: what goes inside SK.
pub fn build_plain_chain(payloads: &[Payload]) -> Result<(PayloadType, Vec<u8>), Error> {
    let mut out = Vec::new();
    emit_chain(payloads, &mut out)?;
    Ok((first_type(payloads), out))
}

/// Everything of a message before the body of its SK payload, with room for `body_len` more bytes.
///
/// With the plaintext's length for `body_len` these are also the bytes that IKE_INTERMEDIATE authenticates, since its
/// lengths leave IV, padding and checksum out (RFC 9242 §3.3.2).
pub fn sk_prefix(header: &Header, first: PayloadType, body_len: usize) -> Result<Vec<u8>, Error> {
    prefix(header, PayloadType::SK, first, &[], body_len)
}

/// The same for fragment `number` of `total`, both from 1; `first` counts in the first fragment and is written as
/// "no next" in the others (RFC 7383 §2.5).
pub fn skf_prefix(
    header: &Header,
    first: PayloadType,
    number: u16,
    total: u16,
    body_len: usize,
) -> Result<Vec<u8>, Error> {
    let [[a, b], [c, d]] = [number.to_be_bytes(), total.to_be_bytes()];
    let first = if number == 1 {
        first
    } else {
        PayloadType::NONE
    };
    prefix(header, PayloadType::SKF, first, &[a, b, c, d], body_len)
}

fn prefix(
    header: &Header,
    kind: PayloadType,
    first: PayloadType,
    fields: &[u8],
    body_len: usize,
) -> Result<Vec<u8>, Error> {
    let payload_len = GENERIC_HEADER_LEN
        .saturating_add(fields.len())
        .saturating_add(body_len);
    let length = narrow_u16(Part::Payload(kind), "length", payload_len)?;
    let message_len = narrow_u16(Part::IkeHeader, "message length", HEADER_LEN + payload_len)?;
    let mut out = Vec::with_capacity(HEADER_LEN + payload_len);
    Header {
        next_payload: kind,
        length: message_len.into(),
        ..*header
    }
    .emit(&mut out);
    out.extend_from_slice(&[first.0, 0]);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(fields);
    Ok(out)
}

fn first_type(payloads: &[Payload]) -> PayloadType {
    payloads.first().map_or(PayloadType::NONE, Payload::kind)
}

fn emit_chain(payloads: &[Payload], out: &mut Vec<u8>) -> Result<(), Error> {
    let following = payloads
        .iter()
        .skip(1)
        .map(Payload::kind)
        .chain([PayloadType::NONE]);
    for (payload, next) in payloads.iter().zip(following) {
        payload.emit(next, out)?;
    }
    Ok(())
}
