//! Padding, pad length and next header: the end of what ESP encrypts (RFC 4303 §2.4–2.6).

use crate::{Error, Part};

/// IP's "no next header": a dummy packet, to be thrown away (RFC 4303 §2.6).
pub const NO_NEXT_HEADER: u8 = 59;

/// The decrypted content without its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trailer<'a> {
    /// The inner packet; in tunnel mode its own length field says where traffic-flow padding begins.
    pub payload: &'a [u8],
    pub next_header: u8,
}

impl<'a> Trailer<'a> {
    /// Reads decrypted bytes from the end; the padding must count 1, 2, 3 … (RFC 4303 §2.4).
    pub fn parse(plaintext: &'a [u8]) -> Result<Self, Error> {
        let part = Part::EspTrailer;
        let Some((front, &[pad_len, next_header])) = plaintext.split_last_chunk::<2>() else {
            return Err(Error::Truncated {
                part,
                offset: 0,
                expected: 2,
                found: plaintext.len(),
            });
        };
        let (expected, found) = (usize::from(pad_len), front.len());
        let Some((payload, padding)) = found
            .checked_sub(expected)
            .and_then(|at| front.split_at_checked(at))
        else {
            return Err(Error::Length {
                part,
                field: "at least",
                offset: found,
                expected,
                found,
            });
        };
        check_padding(padding, payload.len())?;
        Ok(Trailer {
            payload,
            next_header,
        })
    }
}

fn check_padding(padding: &[u8], offset: usize) -> Result<(), Error> {
    if PADDING.get(..padding.len()) == Some(padding) {
        return Ok(());
    }
    match padding
        .iter()
        .zip(1u8..)
        .position(|(found, expected)| *found != expected)
    {
        None => Ok(()),
        Some(index) => Err(Error::Value {
            part: Part::EspTrailer,
            field: "padding",
            offset: offset + index,
            expected: "1, 2, 3 and so on",
            found: padding.get(index).copied().unwrap_or_default().into(),
        }),
    }
}

/// How much padding makes payload and trailer a multiple of `block`, which is at least 4 (RFC 4303 §2.4).
pub fn padding_len(payload_len: usize, block: usize) -> u8 {
    let block = block.clamp(4, 128).next_power_of_two();
    let over = (payload_len + 2) & (block - 1);
    // Below `block`, so it fits.
    (((block - over) & (block - 1)) & 0xff) as u8
}

/// 1, 2, 3 and so on, as far as there may be padding.
#[allow(
    clippy::indexing_slicing,
    reason = "computed while this is compiled, where a wrong index is an error"
)]
const PADDING: [u8; 255] = {
    let mut padding = [0; 255];
    let mut at = 0;
    while at < padding.len() {
        padding[at] = at as u8 + 1;
        at += 1;
    }
    padding
};

/// Appends padding, pad length and next header to the `payload_len` bytes of plaintext at the end of `out`.
pub fn append_trailer(out: &mut Vec<u8>, payload_len: usize, block: usize, next_header: u8) {
    let start = out.len();
    out.resize(start + usize::from(padding_len(payload_len, block)) + 2, 0);
    write_trailer(out.get_mut(start..).unwrap_or_default(), next_header);
}

/// Fills what is behind the payload, at most 257 bytes, with padding, pad length and next header.
pub fn write_trailer(trailer: &mut [u8], next_header: u8) {
    let Some((padding, end)) = trailer.split_last_chunk_mut::<2>() else {
        return;
    };
    if let Some(counted) = PADDING.get(..padding.len()) {
        padding.copy_from_slice(counted);
    }
    *end = [(padding.len() & 0xff) as u8, next_header];
}
