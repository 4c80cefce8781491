//! Delete payloads (RFC 7296 §3.11).

use super::{PayloadType, ProtocolId};
use crate::read::Reader;
use crate::write::narrow_u16;
use crate::{Error, Part};

/// The sender closes the IKE SA, or the named inbound ends of Child SAs.
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |  Protocol ID  |   SPI Size    |          Num of SPIs          |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~               Security Parameter Index(es) (SPI)              ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delete {
    pub protocol: ProtocolId,
    /// Empty for IKE, whose SA is the one that carries the message.
    pub spis: Vec<u32>,
}

impl Delete {
    pub fn ike() -> Self {
        Delete {
            protocol: ProtocolId::IKE,
            spis: Vec::new(),
        }
    }

    pub fn esp(spis: Vec<u32>) -> Self {
        Delete {
            protocol: ProtocolId::ESP,
            spis,
        }
    }

    fn spi_size(protocol: ProtocolId) -> u8 {
        if protocol == ProtocolId::IKE { 0 } else { 4 }
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let part = reader.part();
        let protocol = ProtocolId(reader.u8()?);
        let size_at = reader.offset();
        let (size, wanted) = (reader.u8()?, Self::spi_size(protocol));
        if size != wanted {
            let (expected, found) = (wanted.into(), size.into());
            return Err(Error::Length {
                part,
                field: "SPI size",
                offset: size_at,
                expected,
                found,
            });
        }
        let count_at = reader.offset();
        let count = usize::from(reader.u16()?);
        let present = reader.remaining().checked_div(size.into()).unwrap_or(0);
        if count != present {
            let (expected, found) = (count, present);
            return Err(Error::Count {
                part,
                field: "SPIs",
                offset: count_at,
                expected,
                found,
            });
        }
        let spis = (0..count).map(|_| reader.u32()).collect::<Result<_, _>>()?;
        Ok(Delete { protocol, spis })
    }

    pub fn emit_body(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        let part = Part::Payload(PayloadType::DELETE);
        let size = Self::spi_size(self.protocol);
        if size == 0 && !self.spis.is_empty() {
            return Err(Error::TooLong {
                part,
                field: "SPIs",
                limit: 0,
                found: self.spis.len(),
            });
        }
        let count = narrow_u16(part, "SPIs", self.spis.len())?;
        out.extend_from_slice(&[self.protocol.0, size]);
        out.extend_from_slice(&count.to_be_bytes());
        out.extend(self.spis.iter().flat_map(|spi| spi.to_be_bytes()));
        Ok(())
    }
}
