//! Encrypted payloads, still closed (RFC 7296 §3.14, RFC 7383 §2.5).

use super::PayloadType;
use crate::Error;
use crate::read::Reader;

/// SK: the rest of the message, encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encrypted {
    /// Type of the first payload inside.
    pub first: PayloadType,
    /// IV, ciphertext and integrity checksum; how long each is, the SA knows.
    pub body: Vec<u8>,
}

/// SKF: one fragment of an encrypted message.
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |        Fragment Number        |        Total Fragments        |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~            IV, encrypted content, integrity checksum          ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// Type of the first payload inside; only the first fragment's says something.
    pub first: PayloadType,
    /// From 1.
    pub number: u16,
    /// At least `number`.
    pub total: u16,
    pub body: Vec<u8>,
}

impl Encrypted {
    pub(crate) fn read(first: PayloadType, reader: &mut Reader<'_>) -> Self {
        Encrypted {
            first,
            body: reader.rest().to_vec(),
        }
    }
}

impl Fragment {
    pub(crate) fn read(first: PayloadType, reader: &mut Reader<'_>) -> Result<Self, Error> {
        let (number, total) = read_fragment_numbers(reader)?;
        Ok(Fragment {
            first,
            number,
            total,
            body: reader.rest().to_vec(),
        })
    }

    pub fn emit_body(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.number.to_be_bytes());
        out.extend_from_slice(&self.total.to_be_bytes());
        out.extend_from_slice(&self.body);
    }
}

/// Number and total; zero, and a number above the total, are refused (RFC 7383 §2.6).
pub(crate) fn read_fragment_numbers(reader: &mut Reader<'_>) -> Result<(u16, u16), Error> {
    let (part, offset) = (reader.part(), reader.offset());
    let number = reader.u16()?;
    let total = reader.u16()?;
    if number == 0 || number > total {
        let expected = "from 1 to the total";
        return Err(Error::Value {
            part,
            field: "fragment number",
            offset,
            expected,
            found: number.into(),
        });
    }
    Ok((number, total))
}
