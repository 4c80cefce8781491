//! A cursor that can't read past the end and knows where it is.

use crate::{Error, Part};

/// Reads big-endian fields of one [`Part`]; each failure names the part and the offset.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
    part: Part,
}

impl<'a> Reader<'a> {
    /// `offset` is where `bytes` begin in what the caller was handed.
    pub(crate) fn new(part: Part, bytes: &'a [u8], offset: usize) -> Self {
        Reader {
            bytes,
            offset,
            part,
        }
    }

    pub(crate) fn part(&self) -> Part {
        self.part
    }

    pub(crate) fn offset(&self) -> usize {
        self.offset
    }

    pub(crate) fn remaining(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The same place, read as another part.
    pub(crate) fn within(&self, part: Part) -> Reader<'a> {
        Reader {
            part,
            ..self.clone()
        }
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Error> {
        match self.bytes.split_at_checked(count) {
            Some((taken, rest)) => {
                self.bytes = rest;
                self.offset += count;
                Ok(taken)
            }
            None => Err(self.truncated(count)),
        }
    }

    /// The next `count` bytes as a reader of their own.
    pub(crate) fn sub(&mut self, part: Part, count: usize) -> Result<Reader<'a>, Error> {
        let offset = self.offset;
        Ok(Reader::new(part, self.take(count)?, offset))
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        match self.bytes.split_first_chunk::<N>() {
            Some((taken, rest)) => {
                self.bytes = rest;
                self.offset += N;
                Ok(*taken)
            }
            None => Err(self.truncated(N)),
        }
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Error> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Error> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Error> {
        self.array().map(u32::from_be_bytes)
    }

    pub(crate) fn rest(&mut self) -> &'a [u8] {
        let rest = std::mem::take(&mut self.bytes);
        self.offset += rest.len();
        rest
    }

    pub(crate) fn finish(&self) -> Result<(), Error> {
        if self.is_empty() {
            return Ok(());
        }
        Err(Error::Trailing {
            part: self.part,
            offset: self.offset,
            found: self.remaining(),
        })
    }

    fn truncated(&self, expected: usize) -> Error {
        Error::Truncated {
            part: self.part,
            offset: self.offset,
            expected,
            found: self.remaining(),
        }
    }
}
