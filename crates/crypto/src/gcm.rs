//! AES-GCM with the 16-octet ICV, in place (RFC 4106 for ESP, RFC 5282 for IKE).
//!
//! The key material's last four octets are the salt; the nonce is the salt and the eight octets of
//! IV that travel with the packet. A nonce must never be used twice with one key, so the IV is a
//! counter that the SA's owner keeps.

use std::fmt;

use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};

use crate::algorithm::Encr;
use crate::error::CryptoError;
use crate::secret::Secret;

pub const SALT: usize = 4;
pub const IV: usize = 8;
pub const NONCE: usize = 12;
pub const TAG: usize = 16;

/// An AES-GCM key of one direction of an SA, with its salt.
pub struct GcmKey {
    encr: Encr,
    salt: [u8; SALT],
    key: LessSafeKey,
}

impl GcmKey {
    /// From the key material of [`Encr::keymat_len`] octets: the key, then the salt.
    pub fn new(encr: Encr, keymat: &Secret) -> Result<Self, CryptoError> {
        let algorithm = library_algorithm(encr)?;
        let wrong_length = CryptoError::Length {
            what: "encryption key and salt",
            expected: encr.keymat_len(),
            found: keymat.len(),
        };
        let (key, salt) = keymat.expose().split_last_chunk().ok_or(wrong_length)?;
        let key = UnboundKey::new(algorithm, key).map_err(|_| wrong_length)?;
        Ok(Self {
            encr,
            salt: *salt,
            key: LessSafeKey::new(key),
        })
    }

    pub fn encr(&self) -> Encr {
        self.encr
    }

    /// The nonce for a packet's IV.
    pub fn nonce(&self, iv: &[u8; IV]) -> [u8; NONCE] {
        let mut nonce = [0; NONCE];
        let octets = self.salt.iter().chain(iv);
        nonce
            .iter_mut()
            .zip(octets)
            .for_each(|(to, from)| *to = *from);
        nonce
    }

    /// Encrypts `data` and gives the tag over it and `aad`.
    pub fn seal_in_place(
        &self,
        nonce: &[u8; NONCE],
        aad: &[u8],
        data: &mut [u8],
    ) -> Result<[u8; TAG], CryptoError> {
        let failed = CryptoError::Library {
            operation: "AES-GCM seal",
        };
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let tag = self
            .key
            .seal_in_place_separate_tag(nonce, Aad::from(aad), data)
            .map_err(|_| failed)?;
        tag.as_ref().try_into().map_err(|_| failed)
    }

    /// Verifies the tag and decrypts `data`. On failure the content of `data` is unspecified.
    pub fn open_in_place(
        &self,
        nonce: &[u8; NONCE],
        aad: &[u8],
        data: &mut [u8],
        tag: &[u8],
    ) -> Result<(), CryptoError> {
        let nonce = Nonce::assume_unique_for_key(*nonce);
        self.key
            .open_in_place_separate_tag(nonce, Aad::from(aad), tag, data)
            .map(|_| ())
            .map_err(|_| CryptoError::IntegrityFailed)
    }
}

impl fmt::Debug for GcmKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GcmKey({})", self.encr)
    }
}

fn library_algorithm(encr: Encr) -> Result<&'static aead::Algorithm, CryptoError> {
    match encr {
        Encr::AesGcm128 => Ok(&aead::AES_128_GCM),
        Encr::AesGcm192 => Ok(&aead::AES_192_GCM),
        Encr::AesGcm256 => Ok(&aead::AES_256_GCM),
        _ => Err(encr.unsupported()),
    }
}
