//! What a datagram shows before anything is decrypted.

use super::chain::Chain;
use super::encrypted::read_fragment_numbers;
use super::{HEADER_LEN, Header, Payload, PayloadType, RawPayload};
use crate::read::Reader;
use crate::{Error, Part};

/// Header, payloads in the clear, and where the encrypted part lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datagram<'a> {
    pub header: Header,
    /// Everything, in IKE_SA_INIT; in protected messages as good as always nothing.
    pub payloads: Vec<Payload>,
    pub protected: Option<Protected<'a>>,
    bytes: &'a [u8],
}

/// The SK or SKF payload, closed. It is the last of its message (RFC 7296 §3.14).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protected<'a> {
    pub protection: Protection,
    /// Type of the first payload inside; of SKF, only the first fragment's says something.
    pub first: PayloadType,
    /// Where `body` starts in the datagram.
    pub offset: usize,
    /// All before `body`: what an AEAD takes as associated data (RFC 5282 §5.1, RFC 7383 §2.5).
    pub aad: &'a [u8],
    /// IV, ciphertext and integrity checksum.
    pub body: &'a [u8],
}

/// How a message is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// SK: this datagram has it all.
    Whole,
    /// SKF: `number` of `total`, from 1 (RFC 7383).
    Fragment { number: u16, total: u16 },
}

impl<'a> Datagram<'a> {
    /// Reads one IKE message, without the non-ESP marker; it must fill `bytes` exactly.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(Part::IkeHeader, bytes, 0);
        let header = Header::read(&mut reader)?;
        header.check_version()?;
        check_length(&header, bytes)?;
        let mut datagram = Datagram {
            header,
            payloads: Vec::new(),
            protected: None,
            bytes,
        };
        for raw in Chain::at(header.next_payload, reader) {
            datagram.add(&raw?)?;
        }
        Ok(datagram)
    }

    /// The whole message: what AUTH covers of IKE_SA_INIT (RFC 7296 §2.15), and what an integrity checksum covers.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    fn add(&mut self, raw: &RawPayload<'a>) -> Result<(), Error> {
        if raw.is_encrypted() {
            self.protected = Some(Protected::read(self.bytes, raw)?);
        } else {
            self.payloads.push(Payload::parse(raw)?);
        }
        Ok(())
    }
}

impl<'a> Protected<'a> {
    fn read(datagram: &'a [u8], raw: &RawPayload<'a>) -> Result<Self, Error> {
        let mut reader = raw.reader();
        let protection = if raw.kind == PayloadType::SKF {
            let (number, total) = read_fragment_numbers(&mut reader)?;
            Protection::Fragment { number, total }
        } else {
            Protection::Whole
        };
        let offset = reader.offset();
        let aad = datagram.get(..offset).unwrap_or_default();
        Ok(Protected {
            protection,
            first: raw.next,
            offset,
            aad,
            body: reader.rest(),
        })
    }
}

const LENGTH_OFFSET: usize = HEADER_LEN - 4;

fn check_length(header: &Header, bytes: &[u8]) -> Result<(), Error> {
    let expected = bytes.len();
    let found = usize::try_from(header.length).unwrap_or(usize::MAX);
    if found == expected {
        return Ok(());
    }
    Err(Error::Length {
        part: Part::IkeHeader,
        field: "message length",
        offset: LENGTH_OFFSET,
        expected,
        found,
    })
}
