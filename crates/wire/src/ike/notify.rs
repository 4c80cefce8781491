//! Notify payloads (RFC 7296 §3.10).

use std::fmt;

use super::{DhId, HashAlgorithm, NotifyType, PayloadType, ProtocolId};
use crate::read::Reader;
use crate::write::narrow_u8;
use crate::{Error, Part};

/// An error or a piece of status.
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |  Protocol ID  |   SPI Size    |      Notify Message Type      |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                Security Parameter Index (SPI)                 ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                       Notification Data                       ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notify {
    /// NONE unless the notify is about one Child SA (then with its `spi`); some peers send IKE for the IKE SA.
    pub protocol: ProtocolId,
    pub spi: Vec<u8>,
    pub kind: NotifyType,
    pub data: Vec<u8>,
}

impl Notify {
    /// About no particular SA, without data.
    pub fn new(kind: NotifyType) -> Self {
        Self::with_data(kind, Vec::new())
    }

    pub fn with_data(kind: NotifyType, data: impl Into<Vec<u8>>) -> Self {
        Notify {
            protocol: ProtocolId::NONE,
            spi: Vec::new(),
            kind,
            data: data.into(),
        }
    }

    /// About the Child SA that the sender of this notify would receive on `spi`.
    pub fn about_child(kind: NotifyType, protocol: ProtocolId, spi: u32) -> Self {
        Notify {
            protocol,
            spi: spi.to_be_bytes().to_vec(),
            kind,
            data: Vec::new(),
        }
    }

    /// INVALID_KE_PAYLOAD, which names the group that would be accepted (RFC 7296 §1.3).
    pub fn invalid_ke(wanted: DhId) -> Self {
        Self::with_data(NotifyType::INVALID_KE_PAYLOAD, wanted.0.to_be_bytes())
    }

    /// UNSUPPORTED_CRITICAL_PAYLOAD, which names the type that we don't know (RFC 7296 §2.5).
    pub fn unsupported_critical(kind: PayloadType) -> Self {
        Self::with_data(NotifyType::UNSUPPORTED_CRITICAL_PAYLOAD, [kind.0])
    }

    /// SIGNATURE_HASH_ALGORITHMS (RFC 7427 §4).
    pub fn signature_hashes(hashes: &[HashAlgorithm]) -> Self {
        let data: Vec<u8> = hashes
            .iter()
            .flat_map(|hash| hash.0.to_be_bytes())
            .collect();
        Self::with_data(NotifyType::SIGNATURE_HASH_ALGORITHMS, data)
    }

    /// The group that an INVALID_KE_PAYLOAD asks for.
    pub fn wanted_group(&self) -> Option<DhId> {
        let bytes = <[u8; 2]>::try_from(self.data.as_slice()).ok()?;
        (self.kind == NotifyType::INVALID_KE_PAYLOAD).then_some(DhId(u16::from_be_bytes(bytes)))
    }

    /// The hashes of a SIGNATURE_HASH_ALGORITHMS; an odd last byte isn't one.
    pub fn hash_algorithms(&self) -> impl Iterator<Item = HashAlgorithm> {
        self.data
            .as_chunks::<2>()
            .0
            .iter()
            .map(|bytes| HashAlgorithm(u16::from_be_bytes(*bytes)))
    }

    /// The SPI of a notify about an ESP or AH SA.
    pub fn esp_spi(&self) -> Option<u32> {
        self.spi.as_slice().try_into().ok().map(u32::from_be_bytes)
    }

    pub fn is_error(&self) -> bool {
        self.kind.is_error()
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let protocol = ProtocolId(reader.u8()?);
        let spi_size = usize::from(reader.u8()?);
        let kind = NotifyType(reader.u16()?);
        let spi = reader.take(spi_size)?.to_vec();
        Ok(Notify {
            protocol,
            spi,
            kind,
            data: reader.rest().to_vec(),
        })
    }

    pub fn emit_body(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        let spi_size = narrow_u8(
            Part::Payload(PayloadType::NOTIFY),
            "SPI size",
            self.spi.len(),
        )?;
        out.extend_from_slice(&[self.protocol.0, spi_size]);
        out.extend_from_slice(&self.kind.0.to_be_bytes());
        out.extend_from_slice(&self.spi);
        out.extend_from_slice(&self.data);
        Ok(())
    }
}

impl fmt::Display for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        if let Some(group) = self.wanted_group() {
            write!(f, " (wants {group})")?;
        }
        if let Some(spi) = self.esp_spi() {
            write!(f, " ({} SPI {spi:#010x})", self.protocol)?;
        }
        Ok(())
    }
}
