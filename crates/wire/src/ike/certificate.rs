//! Certificates and requests for them (RFC 7296 §3.6, §3.7).

use super::CertEncoding;
use crate::Error;
use crate::read::Reader;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    pub encoding: CertEncoding,
    pub data: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateRequest {
    pub encoding: CertEncoding,
    /// For X.509: the SHA-1 hashes of acceptable authorities' public keys, one after the other.
    pub authorities: Vec<u8>,
}

impl Certificate {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let encoding = CertEncoding(reader.u8()?);
        Ok(Certificate {
            encoding,
            data: reader.rest().to_vec(),
        })
    }

    pub fn emit_body(&self, out: &mut Vec<u8>) {
        out.push(self.encoding.0);
        out.extend_from_slice(&self.data);
    }
}

impl CertificateRequest {
    /// The authorities' hashes of 20 bytes; a rest that is shorter isn't one.
    pub fn authority_hashes(&self) -> impl Iterator<Item = &[u8]> {
        self.authorities.chunks_exact(20)
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let encoding = CertEncoding(reader.u8()?);
        Ok(CertificateRequest {
            encoding,
            authorities: reader.rest().to_vec(),
        })
    }

    pub fn emit_body(&self, out: &mut Vec<u8>) {
        out.push(self.encoding.0);
        out.extend_from_slice(&self.authorities);
    }
}
