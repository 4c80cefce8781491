//! The pseudorandom function and its expansion prf+ (RFC 7296 §2.13).

use std::fmt;

use zeroize::Zeroize;

use crate::algorithm::Prf;
use crate::error::CryptoError;
use crate::hmac::Mac;
use crate::secret::Secret;

/// A PRF with its key absorbed. HMAC takes keys of any length.
#[derive(Clone)]
pub struct PrfKey {
    prf: Prf,
    mac: Mac,
}

impl PrfKey {
    pub fn new(prf: Prf, key: &[u8]) -> Result<Self, CryptoError> {
        let mac = Mac::new(prf.hash()?, key)?;
        Ok(Self { prf, mac })
    }

    /// The PRF of the parts as if they stood one after the other.
    pub fn prf(&self, parts: &[&[u8]]) -> Secret {
        let mut digest = self.mac.compute(parts);
        let output = Secret::copy_of(digest.as_ref());
        digest.zeroize();
        output
    }

    /// T1 | T2 | …, where Tn = prf(key, Tn-1 | parts | n), cut to `len` octets.
    pub fn prf_plus(&self, parts: &[&[u8]], len: usize) -> Result<Secret, CryptoError> {
        let limit = usize::from(u8::MAX) * self.prf.output_len();
        if len > limit {
            return Err(CryptoError::PrfPlusTooLong { limit, asked: len });
        }
        // Full capacity from the start: a growing vector would leave copies behind.
        let mut stream = Vec::with_capacity(len + self.prf.output_len());
        let mut previous = Secret::default();
        for counter in 1..=u8::MAX {
            if stream.len() >= len {
                break;
            }
            previous = self.block(&previous, parts, counter);
            stream.extend_from_slice(previous.expose());
        }
        Ok(cut(stream, len))
    }

    fn block(&self, previous: &Secret, parts: &[&[u8]], counter: u8) -> Secret {
        let counter = [counter];
        let mut whole: Vec<&[u8]> = Vec::with_capacity(parts.len() + 2);
        whole.push(previous.expose());
        whole.extend_from_slice(parts);
        whole.push(&counter);
        self.prf(&whole)
    }
}

impl fmt::Debug for PrfKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrfKey({})", self.prf)
    }
}

impl Prf {
    /// prf(key, parts), the parts as if they stood one after the other.
    pub fn prf(self, key: &[u8], parts: &[&[u8]]) -> Result<Secret, CryptoError> {
        Ok(PrfKey::new(self, key)?.prf(parts))
    }

    /// prf+(key, parts), cut to `len` octets.
    pub fn prf_plus(self, key: &[u8], parts: &[&[u8]], len: usize) -> Result<Secret, CryptoError> {
        PrfKey::new(self, key)?.prf_plus(parts, len)
    }
}

/// What is cut off is key material too: it is wiped before the length shrinks.
fn cut(mut stream: Vec<u8>, len: usize) -> Secret {
    if let Some(rest) = stream.get_mut(len..) {
        rest.zeroize();
    }
    stream.truncate(len);
    Secret::new(stream)
}

/// Hands out key material piece by piece, in the order in which the RFC lists the keys.
pub(crate) struct KeyStream<'a> {
    rest: &'a [u8],
}

impl<'a> KeyStream<'a> {
    pub(crate) fn new(material: &'a Secret) -> Self {
        Self {
            rest: material.expose(),
        }
    }

    pub(crate) fn take(&mut self, len: usize) -> Result<Secret, CryptoError> {
        let short = CryptoError::TooShort {
            what: "key material",
            least: len,
            found: self.rest.len(),
        };
        let (piece, rest) = self.rest.split_at_checked(len).ok_or(short)?;
        self.rest = rest;
        Ok(Secret::copy_of(piece))
    }
}
