//! The IKE header (RFC 7296 §3.1) and the marker that goes before it on port 4500 (RFC 3948 §2.2).

use std::fmt;

use super::{ExchangeType, PayloadType};
use crate::read::Reader;
use crate::{Error, Part};

/// Length of an IKE header in bytes.
pub const HEADER_LEN: usize = 28;

/// Four zero bytes where ESP has its SPI: what follows on port 4500 is IKE (RFC 3948 §2.2).
pub const NON_ESP_MARKER: [u8; 4] = [0; 4];

/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                       IKE SA Initiator's SPI                  |
/// |                                                               |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                       IKE SA Responder's SPI                  |
/// |                                                               |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |  Next Payload | MjVer | MnVer | Exchange Type |     Flags     |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                          Message ID                           |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |                            Length                             |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub initiator_spi: IkeSpi,
    /// Zero in the first IKE_SA_INIT request, and in answers to it that create no SA.
    pub responder_spi: IkeSpi,
    /// As received; emission computes it from the payloads.
    pub next_payload: PayloadType,
    pub version: Version,
    pub exchange: ExchangeType,
    pub flags: Flags,
    pub message_id: u32,
    /// Of the whole message in bytes, as received; emission computes it.
    pub length: u32,
}

impl Header {
    /// A version 2.0 header; `next_payload` and `length` are filled in by emission.
    pub fn new(
        initiator_spi: IkeSpi,
        responder_spi: IkeSpi,
        exchange: ExchangeType,
        flags: Flags,
        message_id: u32,
    ) -> Self {
        Header {
            initiator_spi,
            responder_spi,
            next_payload: PayloadType::NONE,
            version: Version::V2,
            exchange,
            flags,
            message_id,
            length: 0,
        }
    }

    /// The header of the answer to this request: the other side's flag, same SPIs, exchange and message ID.
    pub fn response(&self) -> Self {
        Header {
            version: Version::V2,
            flags: Flags::new(!self.flags.initiator(), true),
            next_payload: PayloadType::NONE,
            length: 0,
            ..*self
        }
    }

    /// Reads the header of any version: the layout is the same in IKEv1, and an answer to a version that we don't
    /// speak needs these fields (RFC 7296 §2.5). Nothing but the presence of 28 bytes is checked.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        Self::read(&mut Reader::new(Part::IkeHeader, bytes, 0))
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        Ok(Header {
            initiator_spi: IkeSpi(reader.array()?),
            responder_spi: IkeSpi(reader.array()?),
            next_payload: PayloadType(reader.u8()?),
            version: Version::from(reader.u8()?),
            exchange: ExchangeType(reader.u8()?),
            flags: Flags(reader.u8()?),
            message_id: reader.u32()?,
            length: reader.u32()?,
        })
    }

    /// Major version 2 with any minor version is ours; the minor is ignored (RFC 7296 §2.5).
    pub fn check_version(&self) -> Result<(), Error> {
        match self.version.major {
            2 => Ok(()),
            1 => Err(Error::Ikev1(*self)),
            _ => Err(Error::MajorVersion(*self)),
        }
    }

    /// Appends the header exactly as it stands.
    pub fn emit(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.initiator_spi.0);
        out.extend_from_slice(&self.responder_spi.0);
        out.extend_from_slice(&[
            self.next_payload.0,
            self.version.into(),
            self.exchange.0,
            self.flags.0,
        ]);
        out.extend_from_slice(&self.message_id.to_be_bytes());
        out.extend_from_slice(&self.length.to_be_bytes());
    }
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let role = if self.flags.response() {
            "response"
        } else {
            "request"
        };
        let sender = if self.flags.initiator() {
            "initiator"
        } else {
            "responder"
        };
        write!(
            f,
            "{} {role} {} from {sender} {}..{}",
            self.exchange, self.message_id, self.initiator_spi, self.responder_spi
        )
    }
}

/// One side's SPI of an IKE SA, chosen by that side (RFC 7296 §2.6).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IkeSpi(pub [u8; 8]);

impl IkeSpi {
    /// "Not chosen yet".
    pub const ZERO: IkeSpi = IkeSpi([0; 8]);

    pub fn is_zero(self) -> bool {
        self == Self::ZERO
    }

    pub fn as_bytes(&self) -> &[u8; 8] {
        &self.0
    }
}

impl From<u64> for IkeSpi {
    fn from(value: u64) -> Self {
        IkeSpi(value.to_be_bytes())
    }
}

impl From<IkeSpi> for u64 {
    fn from(spi: IkeSpi) -> Self {
        u64::from_be_bytes(spi.0)
    }
}

impl fmt::Display for IkeSpi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", u64::from(*self))
    }
}

impl fmt::Debug for IkeSpi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Protocol version, four bits each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    pub major: u8,
    pub minor: u8,
}

impl Version {
    pub const V2: Version = Version { major: 2, minor: 0 };
}

impl From<u8> for Version {
    fn from(byte: u8) -> Self {
        Version {
            major: byte >> 4,
            minor: byte & 0x0f,
        }
    }
}

impl From<Version> for u8 {
    fn from(version: Version) -> Self {
        (version.major << 4) | (version.minor & 0x0f)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// The flags byte; reserved bits are kept and ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flags(pub u8);

impl Flags {
    const INITIATOR: u8 = 0x08;
    const VERSION: u8 = 0x10;
    const RESPONSE: u8 = 0x20;

    /// `initiator`: the sender is the original initiator of the IKE SA, whoever started this exchange.
    pub fn new(initiator: bool, response: bool) -> Self {
        let initiator = if initiator { Self::INITIATOR } else { 0 };
        let response = if response { Self::RESPONSE } else { 0 };
        Flags(initiator | response)
    }

    pub fn initiator(self) -> bool {
        self.0 & Self::INITIATOR != 0
    }

    pub fn response(self) -> bool {
        self.0 & Self::RESPONSE != 0
    }

    /// The sender could speak a higher major version.
    pub fn higher_version(self) -> bool {
        self.0 & Self::VERSION != 0
    }
}

/// The message as it goes out on port 4500.
pub fn with_non_esp_marker(message: &[u8]) -> Vec<u8> {
    [&NON_ESP_MARKER, message].concat()
}
