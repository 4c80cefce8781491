//! Key exchange and nonce payloads (RFC 7296 §3.4, §3.9).

use super::{DhId, PayloadType};
use crate::read::Reader;
use crate::{Error, Part};

/// One side's public value.
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |   Diffie-Hellman Group Num    |           RESERVED            |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                       Key Exchange Data                       ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyExchange {
    pub group: DhId,
    /// Its length is the group's business and is checked where the group is known.
    pub data: Vec<u8>,
}

/// Fewest and most bytes of a nonce (RFC 7296 §3.9).
pub const MIN_NONCE: usize = 16;
pub const MAX_NONCE: usize = 256;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nonce {
    /// Exactly what the key derivation and AUTH need.
    pub data: Vec<u8>,
}

impl KeyExchange {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let group = DhId(reader.u16()?);
        reader.u16()?;
        Ok(KeyExchange {
            group,
            data: reader.rest().to_vec(),
        })
    }

    pub fn emit_body(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.group.0.to_be_bytes());
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(&self.data);
    }
}

impl Nonce {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let (offset, found) = (reader.offset(), reader.remaining());
        let part = Part::Payload(PayloadType::NONCE);
        if found < MIN_NONCE {
            return Err(Error::Length {
                part,
                field: "at least",
                offset,
                expected: MIN_NONCE,
                found,
            });
        }
        if found > MAX_NONCE {
            return Err(Error::Length {
                part,
                field: "at most",
                offset,
                expected: MAX_NONCE,
                found,
            });
        }
        Ok(Nonce {
            data: reader.rest().to_vec(),
        })
    }
}
