//! The SA payload and its proposals (RFC 7296 §3.3, §3.3.1).

use std::fmt;

use super::{DhId, IkeSpi, PayloadType, ProtocolId, Transform, TransformType};
use crate::read::Reader;
use crate::write::{narrow_u8, patch_length};
use crate::{Error, Part};

/// Most proposals of one SA payload: their numbers count from 1 in one byte (RFC 7296 §3.3.1).
pub const MAX_PROPOSALS: usize = 255;

/// Proposals, most preferred first; an answer has exactly one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SaPayload {
    pub proposals: Vec<Proposal>,
}

/// One set of choices for one protocol.
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// | Last Substruc |   RESERVED    |         Proposal Length       |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// | Proposal Num  |  Protocol ID  |    SPI Size   |Num  Transforms|
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                        SPI (variable)                         ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                        <Transforms>                           ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// 1 for the first of an offer, one more for each next; an answer repeats the chosen one's.
    pub number: u8,
    pub protocol: ProtocolId,
    /// The sender's: empty for an initial IKE SA, 8 bytes for a rekeyed one, 4 for AH and ESP.
    pub spi: Vec<u8>,
    /// Several of one type are alternatives.
    pub transforms: Vec<Transform>,
}

impl SaPayload {
    pub fn new(proposals: Vec<Proposal>) -> Self {
        SaPayload { proposals }
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let mut proposals = Vec::new();
        let mut more = true;
        while more {
            if proposals.len() == MAX_PROPOSALS {
                let (part, offset) = (reader.part(), reader.offset());
                return Err(Error::TooMany {
                    part,
                    offset,
                    limit: MAX_PROPOSALS,
                });
            }
            let proposal;
            (proposal, more) = Proposal::read(reader)?;
            proposals.push(proposal);
        }
        Ok(SaPayload { proposals })
    }

    pub fn emit_body(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        if self.proposals.is_empty() {
            let part = Part::Payload(PayloadType::SA);
            return Err(Error::Count {
                part,
                field: "proposals",
                offset: 0,
                expected: 1,
                found: 0,
            });
        }
        for (index, proposal) in self.proposals.iter().enumerate() {
            proposal.emit(index + 1 < self.proposals.len(), out)?;
        }
        Ok(())
    }
}

impl Proposal {
    /// A proposal without SPI and transforms.
    pub fn new(number: u8, protocol: ProtocolId) -> Self {
        Proposal {
            number,
            protocol,
            spi: Vec::new(),
            transforms: Vec::new(),
        }
    }

    /// The transforms of one type, in the order of preference.
    pub fn of_type(&self, kind: TransformType) -> impl Iterator<Item = &Transform> {
        self.transforms
            .iter()
            .filter(move |transform| transform.kind == kind)
    }

    /// The key exchange methods offered or chosen.
    pub fn dh_groups(&self) -> impl Iterator<Item = DhId> {
        self.of_type(TransformType::KE)
            .map(|transform| DhId(transform.id))
    }

    /// The SPI of an ESP or AH proposal.
    pub fn esp_spi(&self) -> Option<u32> {
        self.spi.as_slice().try_into().ok().map(u32::from_be_bytes)
    }

    /// The SPI of a proposal that rekeys an IKE SA.
    pub fn ike_spi(&self) -> Option<IkeSpi> {
        self.spi.as_slice().try_into().ok().map(IkeSpi)
    }

    /// Also says whether another proposal follows.
    fn read(outer: &mut Reader<'_>) -> Result<(Self, bool), Error> {
        let (mut reader, more) = substructure(outer, Part::Proposal, MORE_PROPOSALS)?;
        let number = reader.u8()?;
        let protocol = ProtocolId(reader.u8()?);
        let spi_size = reader.u8()?;
        let count_at = reader.offset();
        let count = usize::from(reader.u8()?);
        let spi = reader.take(usize::from(spi_size))?.to_vec();
        let transforms = read_transforms(&mut reader, count)?;
        if transforms.len() != count {
            let (expected, found) = (count, transforms.len());
            return Err(Error::Count {
                part: Part::Proposal,
                field: "transforms",
                offset: count_at,
                expected,
                found,
            });
        }
        Ok((
            Proposal {
                number,
                protocol,
                spi,
                transforms,
            },
            more,
        ))
    }

    fn emit(&self, more: bool, out: &mut Vec<u8>) -> Result<(), Error> {
        let start = out.len();
        let spi_size = narrow_u8(Part::Proposal, "SPI size", self.spi.len())?;
        let count = narrow_u8(Part::Proposal, "transforms", self.transforms.len())?;
        out.extend_from_slice(&[if more { MORE_PROPOSALS } else { LAST }, 0, 0, 0]);
        out.extend_from_slice(&[self.number, self.protocol.0, spi_size, count]);
        out.extend_from_slice(&self.spi);
        for (index, transform) in self.transforms.iter().enumerate() {
            let marker = if index + 1 < self.transforms.len() {
                MORE_TRANSFORMS
            } else {
                LAST
            };
            transform.emit(marker, out)?;
        }
        patch_length(out, Part::Proposal, start, 2)
    }
}

impl fmt::Display for Proposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}:", self.number, self.protocol)?;
        for transform in &self.transforms {
            write!(f, " {transform}")?;
        }
        Ok(())
    }
}

const LAST: u8 = 0;
/// The markers are the payload types that ISAKMP had for proposals and transforms (RFC 7296 §3.3.1).
const MORE_PROPOSALS: u8 = 2;
const MORE_TRANSFORMS: u8 = 3;

/// Reads one more than `count` at most: enough to see that the count is wrong.
fn read_transforms(reader: &mut Reader<'_>, count: usize) -> Result<Vec<Transform>, Error> {
    let mut transforms = Vec::new();
    let mut more = !reader.is_empty();
    while more && transforms.len() <= count {
        let mut transform;
        (transform, more) = substructure(reader, Part::Transform, MORE_TRANSFORMS)?;
        transforms.push(Transform::read(&mut transform)?);
    }
    if !more {
        reader.finish()?;
    }
    Ok(transforms)
}

/// The header that proposals and transforms share: a marker whether another follows, and the length with it.
fn substructure<'a>(
    outer: &mut Reader<'a>,
    part: Part,
    marker: u8,
) -> Result<(Reader<'a>, bool), Error> {
    let offset = outer.offset();
    let mut header = outer.within(part);
    let more = header.u8()?;
    if more != LAST && more != marker {
        let expected = if marker == MORE_PROPOSALS {
            "0 or 2"
        } else {
            "0 or 3"
        };
        return Err(Error::Value {
            part,
            field: "last-substructure marker",
            offset,
            expected,
            found: more.into(),
        });
    }
    header.u8()?;
    let length = usize::from(header.u16()?);
    let Some(body_len) = length.checked_sub(SUBSTRUCTURE_HEADER_LEN) else {
        let (expected, found) = (SUBSTRUCTURE_HEADER_LEN, length);
        return Err(Error::Length {
            part,
            field: "at least",
            offset,
            expected,
            found,
        });
    };
    let body = header.sub(part, body_len)?;
    *outer = header.within(outer.part());
    Ok((body, more == marker))
}

const SUBSTRUCTURE_HEADER_LEN: usize = 4;
