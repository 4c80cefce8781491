//! SPI and sequence number (RFC 4303 §2).

use crate::read::Reader;
use crate::{Error, Part};

/// Length of an ESP header in bytes.
pub const HEADER_LEN: usize = 8;

/// The part of a packet that isn't encrypted; the high half of an extended sequence number is never sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// 0 never occurs on the wire, 1 to 255 are reserved by IANA (RFC 4303 §2.1).
    pub spi: u32,
    pub sequence: u32,
}

/// An ESP packet, still closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EspPacket<'a> {
    pub header: Header,
    /// IV, ciphertext and integrity checksum.
    pub body: &'a [u8],
}

impl Header {
    pub fn to_bytes(self) -> [u8; HEADER_LEN] {
        let [a, b, c, d] = self.spi.to_be_bytes();
        let [e, f, g, h] = self.sequence.to_be_bytes();
        [a, b, c, d, e, f, g, h]
    }
}

impl<'a> EspPacket<'a> {
    /// Reads the payload of IP protocol 50, or of UDP as [`classify_4500`](super::classify_4500) found it.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(Part::EspHeader, bytes, 0);
        let spi = reader.u32()?;
        if spi == 0 {
            let expected = "not 0";
            return Err(Error::Value {
                part: Part::EspHeader,
                field: "SPI",
                offset: 0,
                expected,
                found: 0,
            });
        }
        let sequence = reader.u32()?;
        Ok(EspPacket {
            header: Header { spi, sequence },
            body: reader.rest(),
        })
    }
}
