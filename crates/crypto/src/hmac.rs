//! HMAC with the key already absorbed (RFC 2104; for IPsec RFC 2404 and RFC 4868).
//!
//! Making a key runs both of HMAC's key blocks through the hash once; each packet starts from a
//! copy of that state, so a short packet costs two compressions and not four.

use ::hmac::{Hmac, KeyInit};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use crate::algorithm::{Hash, Integ};
use crate::error::CryptoError;
use crate::secret::Secret;

/// An integrity key of one direction of an SA.
#[derive(Clone)]
pub struct HmacKey {
    integ: Integ,
    mac: Mac,
}

impl HmacKey {
    /// The key must have exactly [`Integ::key_len`] octets.
    pub fn new(integ: Integ, key: &Secret) -> Result<Self, CryptoError> {
        if key.len() != integ.key_len() {
            return Err(CryptoError::Length {
                what: "integrity key",
                expected: integ.key_len(),
                found: key.len(),
            });
        }
        let mac = Mac::new(integ.hash()?, key.expose())?;
        Ok(Self { integ, mac })
    }

    pub fn integ(&self) -> Integ {
        self.integ
    }

    /// The truncated ICV over the parts as if they stood one after the other.
    pub fn sign(&self, parts: &[&[u8]]) -> Icv {
        let mut icv = Icv {
            digest: self.mac.compute(parts),
        };
        icv.digest.len = self.integ.icv_len();
        icv
    }

    /// Compares in constant time; an ICV of the wrong length fails.
    pub fn verify(&self, parts: &[&[u8]], icv: &[u8]) -> Result<(), CryptoError> {
        if self.sign(parts).as_ref().ct_eq(icv).into() {
            Ok(())
        } else {
            Err(CryptoError::IntegrityFailed)
        }
    }
}

impl std::fmt::Debug for HmacKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HmacKey({})", self.integ)
    }
}

/// An integrity check value, at most 32 octets long.
#[derive(Clone)]
pub struct Icv {
    digest: Digest,
}

impl AsRef<[u8]> for Icv {
    fn as_ref(&self) -> &[u8] {
        self.digest.as_ref()
    }
}

/// A keyed HMAC state, for integrity and PRF alike.
#[derive(Clone)]
#[allow(
    clippy::large_enum_variant,
    reason = "copied for each packet: a box would cost an allocation each time"
)]
pub(crate) enum Mac {
    Sha1(Hmac<Sha1>),
    Sha256(Hmac<Sha256>),
    Sha384(Hmac<Sha384>),
    Sha512(Hmac<Sha512>),
}

impl Mac {
    /// HMAC takes keys of any length (RFC 2104 §3).
    pub(crate) fn new(hash: Hash, key: &[u8]) -> Result<Self, CryptoError> {
        Ok(match hash {
            Hash::Sha1 => Self::Sha1(keyed(key)?),
            Hash::Sha256 => Self::Sha256(keyed(key)?),
            Hash::Sha384 => Self::Sha384(keyed(key)?),
            Hash::Sha512 => Self::Sha512(keyed(key)?),
        })
    }

    /// The whole output over the parts as if they stood one after the other.
    pub(crate) fn compute(&self, parts: &[&[u8]]) -> Digest {
        match self {
            Self::Sha1(state) => finish(state.clone(), parts),
            Self::Sha256(state) => finish(state.clone(), parts),
            Self::Sha384(state) => finish(state.clone(), parts),
            Self::Sha512(state) => finish(state.clone(), parts),
        }
    }
}

fn keyed<M: KeyInit>(key: &[u8]) -> Result<M, CryptoError> {
    M::new_from_slice(key).map_err(|_| CryptoError::Library {
        operation: "HMAC key",
    })
}

fn finish<M: ::hmac::Mac>(mut state: M, parts: &[&[u8]]) -> Digest {
    for part in parts {
        state.update(part);
    }
    Digest::new(&state.finalize().into_bytes())
}

/// An HMAC output on the stack, of the largest size any hash here has.
#[derive(Clone)]
pub(crate) struct Digest {
    octets: [u8; Self::MAX],
    len: usize,
}

impl Digest {
    const MAX: usize = 64;

    fn new(output: &[u8]) -> Self {
        let mut octets = [0; Self::MAX];
        octets
            .iter_mut()
            .zip(output)
            .for_each(|(to, from)| *to = *from);
        Self {
            octets,
            len: output.len().min(Self::MAX),
        }
    }
}

impl AsRef<[u8]> for Digest {
    fn as_ref(&self) -> &[u8] {
        self.octets.get(..self.len).unwrap_or_default()
    }
}

impl Zeroize for Digest {
    fn zeroize(&mut self) {
        self.octets.zeroize();
    }
}
