//! Transforms and their attributes (RFC 7296 §3.3.2, §3.3.5).

use std::fmt;

use super::{DhId, EncrId, EsnId, IntegId, PrfId, TransformType};
use crate::read::Reader;
use crate::write::{narrow_u16, patch_length};
use crate::{Error, Part};

/// Most attributes of one transform besides its key length; only one is registered at all.
pub const MAX_ATTRIBUTES: usize = 16;

/// One algorithm for one purpose.
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// | Last Substruc |   RESERVED    |        Transform Length       |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |Transform Type |   RESERVED    |          Transform ID         |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                      Transform Attributes                     ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transform {
    pub kind: TransformType,
    /// What it means depends on `kind`: an [`EncrId`], [`PrfId`], [`IntegId`], [`DhId`] or [`EsnId`].
    pub id: u16,
    /// In bits; only for ciphers with several key lengths (RFC 7296 §3.3.5).
    pub key_length: Option<u16>,
    /// Attributes that no RFC of ours defines; a transform with one of them can't be accepted (RFC 7296 §3.3.6).
    pub other: Vec<Attribute>,
}

/// An attribute as it came; the only registered one, Key Length, is [`Transform::key_length`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// 15 bits.
    pub kind: u16,
    pub value: AttributeValue,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttributeValue {
    /// The two-byte form (AF bit set).
    Short(u16),
    /// The form with a length (AF bit clear).
    Long(Vec<u8>),
}

impl Transform {
    pub fn new(kind: TransformType, id: u16) -> Self {
        Transform {
            kind,
            id,
            key_length: None,
            other: Vec::new(),
        }
    }

    /// `key_length` in bits.
    pub fn encr(id: EncrId, key_length: Option<u16>) -> Self {
        Transform {
            key_length,
            ..Self::new(TransformType::ENCR, id.0)
        }
    }

    pub fn prf(id: PrfId) -> Self {
        Self::new(TransformType::PRF, id.0)
    }

    pub fn integ(id: IntegId) -> Self {
        Self::new(TransformType::INTEG, id.0)
    }

    pub fn dh(id: DhId) -> Self {
        Self::new(TransformType::KE, id.0)
    }

    pub fn esn(id: EsnId) -> Self {
        Self::new(TransformType::ESN, id.0)
    }

    /// The additional key exchange of round `kind`, ADDKE1 to ADDKE7 (RFC 9370 §2.2.1).
    pub fn additional_ke(kind: TransformType, id: DhId) -> Self {
        Self::new(kind, id.0)
    }

    /// The registered name of `id` for this `kind`.
    pub fn id_name(&self) -> Option<&'static str> {
        match self.kind {
            TransformType::ENCR => EncrId(self.id).name(),
            TransformType::PRF => PrfId(self.id).name(),
            TransformType::INTEG => IntegId(self.id).name(),
            TransformType::ESN => EsnId(self.id).name(),
            kind if kind.is_key_exchange() => DhId(self.id).name(),
            _ => None,
        }
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let kind = TransformType(reader.u8()?);
        reader.u8()?;
        let mut transform = Transform::new(kind, reader.u16()?);
        let mut attributes = reader.within(Part::TransformAttribute);
        while !attributes.is_empty() {
            if transform.other.len() == MAX_ATTRIBUTES {
                let (part, offset) = (attributes.part(), attributes.offset());
                return Err(Error::TooMany {
                    part,
                    offset,
                    limit: MAX_ATTRIBUTES,
                });
            }
            match Attribute::read(&mut attributes)? {
                Attribute {
                    kind: KEY_LENGTH,
                    value: AttributeValue::Short(bits),
                } if transform.key_length.is_none() => {
                    transform.key_length = Some(bits);
                }
                attribute => transform.other.push(attribute),
            }
        }
        Ok(transform)
    }

    pub(crate) fn emit(&self, marker: u8, out: &mut Vec<u8>) -> Result<(), Error> {
        let start = out.len();
        let [id_high, id_low] = self.id.to_be_bytes();
        out.extend_from_slice(&[marker, 0, 0, 0, self.kind.0, 0, id_high, id_low]);
        if let Some(bits) = self.key_length {
            Attribute {
                kind: KEY_LENGTH,
                value: AttributeValue::Short(bits),
            }
            .emit(out)?;
        }
        for attribute in &self.other {
            attribute.emit(out)?;
        }
        patch_length(out, Part::Transform, start, 2)
    }
}

impl TransformType {
    /// Type 4 and the seven additional ones choose from the same registry (RFC 9370 §2.2.1).
    pub fn is_key_exchange(self) -> bool {
        self == Self::KE || (Self::ADDKE1..=Self::ADDKE7).contains(&self)
    }
}

impl fmt::Display for Transform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.id_name() {
            Some(name) => write!(f, "{}={name}", self.kind)?,
            None => write!(f, "{}={}", self.kind, self.id)?,
        }
        if let Some(bits) = self.key_length {
            write!(f, "-{bits}")?;
        }
        for attribute in &self.other {
            write!(f, "[attribute {}]", attribute.kind)?;
        }
        Ok(())
    }
}

const KEY_LENGTH: u16 = 14;
const AF: u16 = 0x8000;

impl Attribute {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let tag = reader.u16()?;
        let kind = tag & !AF;
        let second = reader.u16()?;
        let value = if tag & AF != 0 {
            AttributeValue::Short(second)
        } else {
            AttributeValue::Long(reader.take(usize::from(second))?.to_vec())
        };
        Ok(Attribute { kind, value })
    }

    fn emit(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        match &self.value {
            AttributeValue::Short(value) => {
                out.extend_from_slice(&(self.kind | AF).to_be_bytes());
                out.extend_from_slice(&value.to_be_bytes());
            }
            AttributeValue::Long(value) => {
                let length = narrow_u16(Part::TransformAttribute, "value length", value.len())?;
                out.extend_from_slice(&(self.kind & !AF).to_be_bytes());
                out.extend_from_slice(&length.to_be_bytes());
                out.extend_from_slice(value);
            }
        }
        Ok(())
    }
}
