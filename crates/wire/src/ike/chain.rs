//! The chain of payloads: each generic header names the type of the next one (RFC 7296 §3.2).

use super::{Payload, PayloadType};
use crate::read::Reader;
use crate::{Error, Part};

/// Most payloads that one message may carry.
///
/// A message with many certificates, certificate requests and vendor IDs stays well below; a chain of empty payloads
/// that fills a datagram doesn't.
pub const MAX_PAYLOADS: usize = 128;

/// Reads a whole chain, such as the decrypted content of an SK payload, whose next-payload field is `first`.
///
/// Offsets in errors count from the start of `bytes`. An encrypted payload in here is an error.
pub fn parse_payloads(first: PayloadType, bytes: &[u8]) -> Result<Vec<Payload>, Error> {
    let mut payloads = Vec::new();
    for raw in Chain::new(first, bytes) {
        let raw = raw?;
        if raw.is_encrypted() {
            return Err(Error::Nested {
                part: Part::Payload(raw.kind),
                offset: raw.offset,
            });
        }
        payloads.push(Payload::parse(&raw)?);
    }
    Ok(payloads)
}

/// One payload as it lies in the message.
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// | Next Payload  |C|  RESERVED   |         Payload Length        |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawPayload<'a> {
    pub kind: PayloadType,
    /// Whoever doesn't know the type must refuse the message (RFC 7296 §2.5).
    pub critical: bool,
    /// The type of the next payload; inside SK and SKF, of the first encrypted one.
    pub next: PayloadType,
    /// Where the generic header starts.
    pub offset: usize,
    /// The exact bytes behind the generic header.
    pub body: &'a [u8],
}

impl<'a> RawPayload<'a> {
    /// SK or SKF: the last payload of its message.
    pub fn is_encrypted(&self) -> bool {
        matches!(self.kind, PayloadType::SK | PayloadType::SKF)
    }

    /// Where the body starts.
    pub fn body_offset(&self) -> usize {
        self.offset + GENERIC_HEADER_LEN
    }

    pub(crate) fn reader(&self) -> Reader<'a> {
        Reader::new(Part::Payload(self.kind), self.body, self.body_offset())
    }

    fn read(kind: PayloadType, reader: &mut Reader<'a>) -> Result<Self, Error> {
        let offset = reader.offset();
        let mut header = reader.within(Part::PayloadHeader(kind));
        let next = PayloadType(header.u8()?);
        let critical = header.u8()? & CRITICAL != 0;
        let length = usize::from(header.u16()?);
        let Some(body_len) = length.checked_sub(GENERIC_HEADER_LEN) else {
            let part = Part::PayloadHeader(kind);
            let found = length;
            return Err(Error::Length {
                part,
                field: "at least",
                offset,
                expected: GENERIC_HEADER_LEN,
                found,
            });
        };
        let mut content = header.within(Part::Payload(kind));
        let body = content.take(body_len)?;
        *reader = content.within(reader.part());
        Ok(RawPayload {
            kind,
            critical,
            next,
            offset,
            body,
        })
    }
}

pub(crate) const GENERIC_HEADER_LEN: usize = 4;
pub(crate) const CRITICAL: u8 = 0x80;

/// Walks a chain without reading the bodies; ends after the first error.
#[derive(Clone, Debug)]
pub struct Chain<'a> {
    next: PayloadType,
    reader: Reader<'a>,
    count: usize,
    done: bool,
}

impl<'a> Chain<'a> {
    pub fn new(first: PayloadType, bytes: &'a [u8]) -> Self {
        Self::at(first, Reader::new(Part::PayloadChain, bytes, 0))
    }

    /// From where the reader stands; its part is of no account.
    pub(crate) fn at(first: PayloadType, reader: Reader<'a>) -> Self {
        Chain {
            next: first,
            reader: reader.within(Part::PayloadChain),
            count: 0,
            done: false,
        }
    }

    fn step(&mut self) -> Result<Option<RawPayload<'a>>, Error> {
        if self.next == PayloadType::NONE || self.done {
            self.reader.finish()?;
            return Ok(None);
        }
        if self.count == MAX_PAYLOADS {
            let part = Part::PayloadChain;
            return Err(Error::TooMany {
                part,
                offset: self.reader.offset(),
                limit: MAX_PAYLOADS,
            });
        }
        self.count += 1;
        let raw = RawPayload::read(self.next, &mut self.reader)?;
        self.next = raw.next;
        // The next-payload field of an encrypted payload is about its content, so the outer chain ends there.
        self.done = raw.is_encrypted();
        Ok(Some(raw))
    }
}

impl<'a> Iterator for Chain<'a> {
    type Item = Result<RawPayload<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let step = self.step().transpose();
        if !matches!(step, Some(Ok(_))) {
            self.next = PayloadType::NONE;
            self.reader.rest();
        }
        step
    }
}
