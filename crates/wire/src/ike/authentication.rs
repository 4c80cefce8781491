//! The AUTH payload (RFC 7296 §3.8).

use super::AuthMethod;
use crate::Error;
use crate::read::Reader;

/// The proof of identity. A digital signature (method 14) begins with its algorithm (RFC 7427 §3), which is left in
/// `data`, as whoever verifies must read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authentication {
    pub method: AuthMethod,
    pub data: Vec<u8>,
}

impl Authentication {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let method = AuthMethod(reader.u8()?);
        reader.array::<3>()?;
        Ok(Authentication {
            method,
            data: reader.rest().to_vec(),
        })
    }

    pub fn emit_body(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[self.method.0, 0, 0, 0]);
        out.extend_from_slice(&self.data);
    }
}
