//! Identification payloads (RFC 7296 §3.5).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::IdType;
use crate::Error;
use crate::read::Reader;

/// Who a peer says it is.
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |   ID Type     |                 RESERVED                      |
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ~                   Identification Data                         ~
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identification {
    pub kind: IdType,
    /// Zero when we send; kept as received because AUTH covers these bytes too (RFC 7296 §2.15).
    pub reserved: [u8; 3],
    pub data: Vec<u8>,
}

impl Identification {
    pub fn new(kind: IdType, data: impl Into<Vec<u8>>) -> Self {
        Identification {
            kind,
            reserved: [0; 3],
            data: data.into(),
        }
    }

    pub fn fqdn(name: &str) -> Self {
        Self::new(IdType::FQDN, name)
    }

    /// An address with `@` in it, ID_RFC822_ADDR.
    pub fn email(address: &str) -> Self {
        Self::new(IdType::RFC822_ADDR, address)
    }

    pub fn address(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(v4) => Self::new(IdType::IPV4_ADDR, v4.octets()),
            IpAddr::V6(v6) => Self::new(IdType::IPV6_ADDR, v6.octets()),
        }
    }

    /// The address of an address ID with the right number of bytes.
    pub fn as_address(&self) -> Option<IpAddr> {
        match self.kind {
            IdType::IPV4_ADDR => <[u8; 4]>::try_from(self.data.as_slice())
                .ok()
                .map(|v4| Ipv4Addr::from(v4).into()),
            IdType::IPV6_ADDR => <[u8; 16]>::try_from(self.data.as_slice())
                .ok()
                .map(|v6| Ipv6Addr::from(v6).into()),
            _ => None,
        }
    }

    /// The payload without its generic header: the `RestOfInitIDPayload` that AUTH signs (RFC 7296 §2.15).
    pub fn body(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(4 + self.data.len());
        self.emit_body(&mut body);
        body
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let kind = IdType(reader.u8()?);
        let reserved = reader.array()?;
        Ok(Identification {
            kind,
            reserved,
            data: reader.rest().to_vec(),
        })
    }

    pub fn emit_body(&self, out: &mut Vec<u8>) {
        out.push(self.kind.0);
        out.extend_from_slice(&self.reserved);
        out.extend_from_slice(&self.data);
    }
}

/// Prints the value alone; what isn't plain ASCII is escaped, because a peer chose it and a log will show it.
impl fmt::Display for Identification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(address) = self.as_address() {
            return write!(f, "{address}");
        }
        match self.kind {
            IdType::FQDN | IdType::RFC822_ADDR => write_escaped(f, &self.data),
            IdType::KEY_ID if self.data.iter().all(u8::is_ascii_graphic) => {
                write_escaped(f, &self.data)
            }
            IdType::NULL if self.data.is_empty() => f.write_str("ID_NULL"),
            _ => write_hex(f, &self.data),
        }
    }
}

/// Quotes and backslashes are escaped as well, so that the text can stand in quotes.
fn write_escaped(f: &mut fmt::Formatter<'_>, text: &[u8]) -> fmt::Result {
    write!(f, "{}", text.escape_ascii())
}

fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    f.write_str("0x")?;
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}
