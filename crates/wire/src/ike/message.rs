//! A whole message as one value.

use super::{Datagram, Encrypted, Fragment, Header, Payload, Protection, build_message};
use crate::Error;

/// Header and payloads; an encrypted payload, if any, is last and closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub header: Header,
    pub payloads: Vec<Payload>,
}

impl Message {
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        Datagram::parse(bytes).map(Message::from)
    }

    /// Next-payload types and lengths are computed; the header's own are ignored.
    pub fn emit(&self) -> Result<Vec<u8>, Error> {
        build_message(&self.header, &self.payloads)
    }
}

impl From<Datagram<'_>> for Message {
    fn from(datagram: Datagram<'_>) -> Self {
        let Datagram {
            header,
            mut payloads,
            protected,
            ..
        } = datagram;
        payloads.extend(protected.map(|protected| {
            let (first, body) = (protected.first, protected.body.to_vec());
            match protected.protection {
                Protection::Whole => Payload::Encrypted(Encrypted { first, body }),
                Protection::Fragment { number, total } => Payload::Fragment(Fragment {
                    first,
                    number,
                    total,
                    body,
                }),
            }
        }));
        Message { header, payloads }
    }
}
