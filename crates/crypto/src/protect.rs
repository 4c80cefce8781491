//! The body of the Encrypted and Encrypted Fragment payloads (RFC 7296 §3.14, RFC 7383 §2.5).
//!
//! The body is IV | ciphertext | ICV. What is encrypted is the inner payloads, padding, and one
//! octet of pad length. What is authenticated besides is everything before the body: the IKE header
//! and the headers of the payloads up to and including the Encrypted one (for a fragment also its
//! number and total). Encrypt-then-MAC covers that prefix, IV and ciphertext; AES-GCM takes the
//! prefix as additional data (RFC 5282 §5.1).

use rand_core::CryptoRng;

use crate::algorithm::{Encr, Integ};
use crate::cbc::{self, CbcKey};
use crate::error::CryptoError;
use crate::gcm::{self, GcmKey};
use crate::hmac::HmacKey;
use crate::kdf::integrity_len;
use crate::secret::Secret;

/// Protection of one direction of an IKE SA.
///
/// Ciphers are made ready for each message: there are few, and an IKE SA that waits for hours is to
/// keep its keys only, which are a twentieth of that.
#[derive(Debug)]
pub struct SkKeys {
    encr: Encr,
    integ: Option<Integ>,
    encryption: Secret,
    integrity: Secret,
    /// GCM's IV is this counter: unique as long as the key lives (RFC 5282 §3.1).
    next_iv: u64,
}

/// Ready for a message.
#[allow(
    clippy::large_enum_variant,
    reason = "for one message; its size is of no account"
)]
enum Protection {
    EncryptThenMac { cipher: CbcKey, mac: HmacKey },
    Combined(GcmKey),
}

impl SkKeys {
    /// `encryption` is SK_e with the salt, `integrity` SK_a (empty for combined mode).
    pub fn new(
        encr: Encr,
        integ: Option<Integ>,
        encryption: &Secret,
        integrity: &Secret,
    ) -> Result<Self, CryptoError> {
        integrity_len(encr, integ)?;
        let keys = Self {
            encr,
            integ,
            encryption: encryption.clone(),
            integrity: integrity.clone(),
            next_iv: 0,
        };
        // What doesn't fit together is told now.
        keys.protection().map(|_| keys)
    }

    fn protection(&self) -> Result<Protection, CryptoError> {
        Ok(match self.integ {
            None => Protection::Combined(GcmKey::new(self.encr, &self.encryption)?),
            Some(integ) => Protection::EncryptThenMac {
                cipher: CbcKey::new(self.encr, &self.encryption)?,
                mac: HmacKey::new(integ, &self.integrity)?,
            },
        })
    }

    fn icv_len(&self) -> usize {
        let own = || self.encr.icv_len();
        self.integ.map_or_else(own, Integ::icv_len)
    }

    /// Octets of the body for this much plaintext. The prefix has length fields that depend on it.
    pub fn sealed_len(&self, plaintext_len: usize) -> usize {
        self.encr.iv_len() + self.padded_len(plaintext_len) + self.icv_len()
    }

    /// The most plaintext whose body fits into `body_len` octets; None if not even an empty one does.
    pub fn plaintext_room(&self, body_len: usize) -> Option<usize> {
        let room = body_len.checked_sub(self.encr.iv_len() + self.icv_len())?;
        let block = self.encr.block_len();
        (room / block * block).checked_sub(PAD_LENGTH)
    }

    /// Encrypts and authenticates under a fresh IV: random for CBC, the next count for GCM.
    ///
    /// `prefix` is the message from the IKE header up to the body, its length fields already final.
    pub fn seal(
        &mut self,
        rng: &mut dyn CryptoRng,
        prefix: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        match self.integ {
            Some(_) => {
                let mut iv = [0; cbc::BLOCK];
                rng.fill_bytes(&mut iv);
                self.seal_with_iv(prefix, &iv, plaintext)
            }
            None => {
                let iv = self.next_iv.to_be_bytes();
                let used_up = CryptoError::Library {
                    operation: "next GCM IV",
                };
                self.next_iv = self.next_iv.checked_add(1).ok_or(used_up)?;
                self.seal_with_iv(prefix, &iv, plaintext)
            }
        }
    }

    /// As [`SkKeys::seal`] with the IV given, which must never have been used with this key.
    pub fn seal_with_iv(
        &self,
        prefix: &[u8],
        iv: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        let mut body = Vec::with_capacity(self.sealed_len(plaintext.len()));
        body.extend_from_slice(iv);
        body.extend_from_slice(plaintext);
        let padding = self.padded_len(plaintext.len()) - plaintext.len() - PAD_LENGTH;
        body.resize(body.len() + padding, 0);
        body.push(u8::try_from(padding).unwrap_or_default());
        match self.protection()? {
            Protection::EncryptThenMac { cipher, mac } => {
                encrypt_then_mac(&cipher, &mac, prefix, iv, &mut body)?;
            }
            Protection::Combined(key) => seal_combined(&key, prefix, iv, &mut body)?,
        }
        Ok(body)
    }

    /// Verifies and decrypts a body; gives the inner payloads without padding.
    pub fn open(&self, prefix: &[u8], body: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let short = CryptoError::TooShort {
            what: "encrypted payload",
            least: self.sealed_len(0),
            found: body.len(),
        };
        if body.len() < self.sealed_len(0) {
            return Err(short);
        }
        let (covered, icv) = body
            .split_at_checked(body.len() - self.icv_len())
            .ok_or(short)?;
        let (iv, ciphertext) = covered.split_at_checked(self.encr.iv_len()).ok_or(short)?;
        let mut plaintext = ciphertext.to_vec();
        match self.protection()? {
            Protection::EncryptThenMac { cipher, mac } => {
                mac.verify(&[prefix, covered], icv)?;
                cipher.decrypt_in_place(&sized(iv)?, &mut plaintext)?;
            }
            Protection::Combined(key) => {
                let nonce = key.nonce(&sized(iv)?);
                key.open_in_place(&nonce, prefix, &mut plaintext, icv)?;
            }
        }
        strip_padding(plaintext)
    }

    fn padded_len(&self, plaintext_len: usize) -> usize {
        (plaintext_len + PAD_LENGTH).next_multiple_of(self.encr.block_len())
    }
}

/// Octets of the Pad Length field.
const PAD_LENGTH: usize = 1;

fn encrypt_then_mac(
    cipher: &CbcKey,
    mac: &HmacKey,
    prefix: &[u8],
    iv: &[u8],
    body: &mut Vec<u8>,
) -> Result<(), CryptoError> {
    let data = body.get_mut(iv.len()..).unwrap_or_default();
    cipher.encrypt_in_place(&sized(iv)?, data)?;
    let icv = mac.sign(&[prefix, body]);
    body.extend_from_slice(icv.as_ref());
    Ok(())
}

fn seal_combined(
    key: &GcmKey,
    prefix: &[u8],
    iv: &[u8],
    body: &mut Vec<u8>,
) -> Result<(), CryptoError> {
    let nonce = key.nonce(&sized::<{ gcm::IV }>(iv)?);
    let data = body.get_mut(iv.len()..).unwrap_or_default();
    let tag = key.seal_in_place(&nonce, prefix, data)?;
    body.extend_from_slice(&tag);
    Ok(())
}

fn sized<const N: usize>(iv: &[u8]) -> Result<[u8; N], CryptoError> {
    iv.try_into().map_err(|_| CryptoError::Length {
        what: "IV",
        expected: N,
        found: iv.len(),
    })
}

/// The padding's content is the sender's choice and isn't looked at (RFC 7296 §3.14).
fn strip_padding(mut plaintext: Vec<u8>) -> Result<Vec<u8>, CryptoError> {
    let claimed = usize::from(plaintext.pop().unwrap_or_default());
    let available = plaintext.len();
    let kept = available
        .checked_sub(claimed)
        .ok_or(CryptoError::Padding { claimed, available })?;
    plaintext.truncate(kept);
    Ok(plaintext)
}
