//! Cipher and integrity of one direction, on a whole ESP packet in place.
//!
//! ```text
//!  0                   8            8+iv                        len-icv
//! | SPI | sequence low | IV          | payload, padding, trailer | ICV |
//! ```
//!
//! Encrypt-then-MAC covers all before the ICV, and with extended sequence numbers the high half
//! behind it as if it stood there (RFC 4303 §2.2.1). AES-GCM authenticates SPI and sequence number,
//! the high half between them where it is extended (RFC 4106 §5).

use crossgate_crypto::{CbcKey, CryptoError, Double, Encr, GcmKey, HmacKey, Integ, cbc, gcm};
use crossgate_model::DirectionKeys;
use crossgate_wire::esp::HEADER_LEN;
use std::ops::Range;
use std::sync::Arc;

#[derive(Debug)]
pub(crate) struct Transform {
    encr: Encr,
    icv_len: usize,
    /// Extended sequence numbers.
    esn: bool,
    keys: Keys,
}

#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "one per direction; a box would only add a pointer to follow for each packet"
)]
enum Keys {
    EncryptThenMac {
        cipher: CbcKey,
        mac: HmacKey,
    },
    Combined(GcmKey),
    /// No cipher, and a check in place of the ICV.
    Doubled {
        double: Arc<dyn Double>,
        key: u64,
    },
}

impl Transform {
    pub(crate) fn new(
        encr: Encr,
        integ: Option<Integ>,
        esn: bool,
        keys: &DirectionKeys,
    ) -> Result<Self, CryptoError> {
        let ready = match integ {
            Some(integ) if !encr.is_aead() => Keys::EncryptThenMac {
                cipher: CbcKey::new(encr, &keys.encr)?,
                mac: HmacKey::new(integ, &keys.integ)?,
            },
            None if encr.is_aead() => Keys::Combined(GcmKey::new(encr, &keys.encr)?),
            _ => return Err(CryptoError::Suite { encr, integ }),
        };
        Ok(Self {
            encr,
            icv_len: integ.map_or(encr.icv_len(), Integ::icv_len),
            esn,
            keys: ready,
        })
    }

    /// The same for a simulation.
    pub(crate) fn doubled(self, keys: &DirectionKeys, double: Arc<dyn Double>) -> Self {
        let key = keys.encr.expose().first_chunk().copied();
        let key = key.map_or(0, u64::from_be_bytes);
        Self {
            keys: Keys::Doubled { double, key },
            ..self
        }
    }

    pub(crate) fn is_combined(&self) -> bool {
        self.encr.is_aead()
    }

    pub(crate) fn iv_len(&self) -> usize {
        self.encr.iv_len()
    }

    pub(crate) fn esn(&self) -> bool {
        self.esn
    }

    /// What payload and trailer must fill whole (RFC 4303 §2.4).
    pub(crate) fn block_len(&self) -> usize {
        block_len(self.encr)
    }

    /// From header to ICV, for this much payload.
    pub(crate) fn sealed_len(&self, payload: usize) -> usize {
        HEADER_LEN + self.iv_len() + padded_len(self.encr, payload) + self.icv_len
    }

    /// Encrypts header, IV and padded plaintext, which stand from `start` to the end, and appends
    /// the ICV.
    pub(crate) fn seal(
        &self,
        sequence: u64,
        packet: &mut Vec<u8>,
        start: usize,
    ) -> Result<(), CryptoError> {
        let whole = packet.get_mut(start..).unwrap_or_default();
        let parts = Parts::of(whole, self.iv_len())?;
        match &self.keys {
            Keys::EncryptThenMac { cipher, mac } => {
                cipher.encrypt_in_place(&sized::<{ cbc::BLOCK }>(parts.iv)?, parts.data)?;
                let icv = mac.sign(&[whole, self.high(sequence).as_slice()]);
                packet.extend_from_slice(icv.as_ref());
            }
            Keys::Combined(key) => {
                let nonce = key.nonce(&sized::<{ gcm::IV }>(parts.iv)?);
                let aad = self.associated(parts.header, sequence);
                let tag = key.seal_in_place(&nonce, aad.as_slice(), parts.data)?;
                packet.extend_from_slice(&tag);
            }
            Keys::Doubled { double, key } => {
                let check = double.check_value(key ^ sequence, whole).to_be_bytes();
                packet.extend(check.iter().cycle().take(self.icv_len));
            }
        }
        Ok(())
    }

    /// Verifies and decrypts; gives where the plaintext is. `sequence` has the high half that the
    /// window concluded. Without success the content is unspecified.
    pub(crate) fn open(
        &self,
        sequence: u64,
        packet: &mut [u8],
    ) -> Result<Range<usize>, CryptoError> {
        let least = self.sealed_len(0);
        let found = packet.len();
        let (covered, icv) = found
            .checked_sub(self.icv_len)
            .filter(|_| found >= least)
            .and_then(|at| packet.split_at_mut_checked(at))
            .ok_or(CryptoError::TooShort {
                what: "ESP packet",
                least,
                found,
            })?;
        match &self.keys {
            Keys::EncryptThenMac { cipher, mac } => {
                mac.verify(&[covered, self.high(sequence).as_slice()], icv)?;
                let parts = Parts::of(covered, self.iv_len())?;
                cipher.decrypt_in_place(&sized::<{ cbc::BLOCK }>(parts.iv)?, parts.data)?;
            }
            Keys::Combined(key) => {
                let parts = Parts::of(covered, self.iv_len())?;
                let nonce = key.nonce(&sized::<{ gcm::IV }>(parts.iv)?);
                let aad = self.associated(parts.header, sequence);
                key.open_in_place(&nonce, aad.as_slice(), parts.data, icv)?;
            }
            Keys::Doubled { double, key } => {
                let check = double.check_value(key ^ sequence, covered).to_be_bytes();
                if !check.iter().cycle().take(self.icv_len).eq(icv.iter()) {
                    return Err(CryptoError::IntegrityFailed);
                }
            }
        }
        Ok(HEADER_LEN + self.iv_len()..found - self.icv_len)
    }

    /// What the MAC covers besides the packet: the high half, or nothing.
    fn high(&self, sequence: u64) -> Octets {
        let mut octets = Octets::default();
        if self.esn {
            octets.push(&high_half(sequence));
        }
        octets
    }

    /// GCM's additional data.
    fn associated(&self, header: &[u8], sequence: u64) -> Octets {
        let (spi, low) = header.split_at_checked(4).unwrap_or_default();
        let mut octets = Octets::default();
        octets.push(spi);
        if self.esn {
            octets.push(&high_half(sequence));
        }
        octets.push(low);
        octets
    }
}

/// RFC 4303 §2.4 wants multiples of four also where the cipher takes any length.
pub(crate) fn block_len(encr: Encr) -> usize {
    encr.block_len().max(4)
}

/// Octets of ciphertext for this much payload: with padding, pad length and next header.
pub(crate) fn padded_len(encr: Encr, payload: usize) -> usize {
    (payload + 2).next_multiple_of(block_len(encr))
}

fn high_half(sequence: u64) -> [u8; 4] {
    let [a, b, c, d, ..] = sequence.to_be_bytes();
    [a, b, c, d]
}

/// A packet without its ICV, taken apart.
struct Parts<'p> {
    header: &'p [u8],
    iv: &'p [u8],
    data: &'p mut [u8],
}

impl<'p> Parts<'p> {
    fn of(packet: &'p mut [u8], iv_len: usize) -> Result<Self, CryptoError> {
        let short = CryptoError::TooShort {
            what: "ESP packet",
            least: HEADER_LEN + iv_len,
            found: packet.len(),
        };
        let (header, rest) = packet.split_at_mut_checked(HEADER_LEN).ok_or(short)?;
        let (iv, data) = rest.split_at_mut_checked(iv_len).ok_or(short)?;
        Ok(Self { header, iv, data })
    }
}

/// Up to twelve octets on the stack.
#[derive(Default)]
struct Octets {
    octets: [u8; 12],
    len: usize,
}

impl Octets {
    fn push(&mut self, more: &[u8]) {
        let room = self.octets.iter_mut().skip(self.len);
        room.zip(more).for_each(|(to, from)| *to = *from);
        self.len = (self.len + more.len()).min(self.octets.len());
    }

    fn as_slice(&self) -> &[u8] {
        self.octets.get(..self.len).unwrap_or_default()
    }
}

fn sized<const N: usize>(iv: &[u8]) -> Result<[u8; N], CryptoError> {
    iv.try_into().map_err(|_| CryptoError::Length {
        what: "IV",
        expected: N,
        found: iv.len(),
    })
}
