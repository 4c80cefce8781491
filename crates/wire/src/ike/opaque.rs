//! Payloads whose content this crate doesn't look into.

use std::fmt;

use super::PayloadType;

/// Which implementation or extension the sender is (RFC 7296 §3.12).
#[derive(Clone, PartialEq, Eq)]
pub struct VendorId {
    pub data: Vec<u8>,
}

/// An EAP message (RFC 7296 §3.16), carried and not interpreted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Eap {
    pub message: Vec<u8>,
}

/// A payload of a type that we don't read; a critical one makes the message unacceptable (RFC 7296 §2.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownPayload {
    pub kind: PayloadType,
    pub critical: bool,
    pub body: Vec<u8>,
}

/// Text with escapes where the bytes are text, as many vendors' are, else hexadecimal.
impl fmt::Display for VendorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let printable = |byte: &u8| byte.is_ascii_graphic() || *byte == b' ';
        if !self.data.is_empty() && self.data.iter().all(printable) {
            return write!(f, "{}", self.data.escape_ascii());
        }
        self.data
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for VendorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VendorId({self})")
    }
}
