//! Length and count fields that refuse what doesn't fit instead of wrapping.

use crate::{Error, Part};

/// Appends what `body` writes behind a two-byte length that counts from `start`.
///
/// `start` is where the structure began in `out`, so the length field itself is counted.
pub(crate) fn patch_length(
    out: &mut [u8],
    part: Part,
    start: usize,
    field_at: usize,
) -> Result<(), Error> {
    let length = narrow_u16(part, "length", out.len().saturating_sub(start))?;
    patch_u16(out, start + field_at, length);
    Ok(())
}

pub(crate) fn patch_u16(out: &mut [u8], at: usize, value: u16) {
    if let Some(slot) = out
        .get_mut(at..)
        .and_then(|tail| tail.first_chunk_mut::<2>())
    {
        *slot = value.to_be_bytes();
    }
}

pub(crate) fn narrow_u8(part: Part, field: &'static str, value: usize) -> Result<u8, Error> {
    u8::try_from(value).map_err(|_| Error::TooLong {
        part,
        field,
        limit: usize::from(u8::MAX),
        found: value,
    })
}

pub(crate) fn narrow_u16(part: Part, field: &'static str, value: usize) -> Result<u16, Error> {
    u16::try_from(value).map_err(|_| Error::TooLong {
        part,
        field,
        limit: usize::from(u16::MAX),
        found: value,
    })
}
