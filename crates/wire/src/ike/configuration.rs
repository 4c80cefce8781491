//! Configuration payloads (RFC 7296 §3.15).

use super::{ConfigAttributeType, ConfigType};
use crate::read::Reader;
use crate::write::narrow_u16;
use crate::{Error, Part};

/// Most attributes of one configuration payload: several of each registered kind.
pub const MAX_CONFIG_ATTRIBUTES: usize = 256;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configuration {
    pub kind: ConfigType,
    pub attributes: Vec<ConfigAttribute>,
}

/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |R|         Attribute Type      |            Length             |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                             Value                             ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigAttribute {
    /// 15 bits.
    pub kind: ConfigAttributeType,
    pub value: Vec<u8>,
}

impl Configuration {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let kind = ConfigType(reader.u8()?);
        reader.array::<3>()?;
        let mut rest = reader.within(Part::ConfigAttribute);
        reader.rest();
        let mut attributes = Vec::new();
        while !rest.is_empty() {
            if attributes.len() == MAX_CONFIG_ATTRIBUTES {
                let (part, offset) = (rest.part(), rest.offset());
                return Err(Error::TooMany {
                    part,
                    offset,
                    limit: MAX_CONFIG_ATTRIBUTES,
                });
            }
            attributes.push(ConfigAttribute::read(&mut rest)?);
        }
        Ok(Configuration { kind, attributes })
    }

    pub fn emit_body(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        out.extend_from_slice(&[self.kind.0, 0, 0, 0]);
        self.attributes
            .iter()
            .try_for_each(|attribute| attribute.emit(out))
    }
}

impl ConfigAttribute {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let kind = ConfigAttributeType(reader.u16()? & TYPE_MASK);
        let length = reader.u16()?;
        Ok(ConfigAttribute {
            kind,
            value: reader.take(usize::from(length))?.to_vec(),
        })
    }

    fn emit(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        let length = narrow_u16(Part::ConfigAttribute, "value length", self.value.len())?;
        out.extend_from_slice(&(self.kind.0 & TYPE_MASK).to_be_bytes());
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(&self.value);
        Ok(())
    }
}

const TYPE_MASK: u16 = 0x7fff;
