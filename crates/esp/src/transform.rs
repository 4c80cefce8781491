//! Cipher and integrity of one direction, on whole ESP packets in place.
//!
//! ```text
//!  0                   8            8+iv                        len-icv
//! | SPI | sequence low | IV          | payload, padding, trailer | ICV |
//! ```
//!
//! The work is that of `crossgate_kernels`, which takes packets of a whole batch at once: a packet is
//! made ready, and sealed or opened when all of its batch are. In a simulation, a double does it,
//! packet by packet.

use crossgate_crypto::{CryptoError, Double, Encr, Integ};
use crossgate_kernels::{Hash, KeyError, OpenKey, Outcome, Packet, Path, SealKey};
use crossgate_model::DirectionKeys;
use crossgate_wire::esp::HEADER_LEN;
use std::ops::Range;
use std::sync::Arc;

/// That of HMAC-SHA-512-256.
const LONGEST_ICV: usize = 32;

#[derive(Debug)]
pub(crate) struct Transform<K> {
    encr: Encr,
    iv_len: usize,
    icv_len: usize,
    block_len: usize,
    /// Extended sequence numbers.
    esn: bool,
    keys: Keys<K>,
}

pub(crate) type Sealer = Transform<SealKey>;
pub(crate) type Opener = Transform<OpenKey>;

#[derive(Debug)]
enum Keys<K> {
    Real(K),
    /// No cipher, and a check in place of the ICV.
    Doubled {
        double: Arc<dyn Double>,
        key: u64,
    },
}

/// The kernels' key for one direction.
pub(crate) trait Key: Sized {
    fn cbc_hmac(cipher: &[u8], hash: Hash, mac: &[u8], icv_len: usize) -> Result<Self, KeyError>;
    fn gcm(key: &[u8], salt: [u8; 4]) -> Result<Self, KeyError>;
}

impl Key for SealKey {
    fn cbc_hmac(cipher: &[u8], hash: Hash, mac: &[u8], icv_len: usize) -> Result<Self, KeyError> {
        Self::cbc_hmac(Path::best(), cipher, hash, mac, icv_len)
    }

    fn gcm(key: &[u8], salt: [u8; 4]) -> Result<Self, KeyError> {
        Self::gcm(Path::best(), key, salt)
    }
}

impl Key for OpenKey {
    fn cbc_hmac(cipher: &[u8], hash: Hash, mac: &[u8], icv_len: usize) -> Result<Self, KeyError> {
        Self::cbc_hmac(Path::best(), cipher, hash, mac, icv_len)
    }

    fn gcm(key: &[u8], salt: [u8; 4]) -> Result<Self, KeyError> {
        Self::gcm(Path::best(), key, salt)
    }
}

impl<K: Key> Transform<K> {
    pub(crate) fn new(
        encr: Encr,
        integ: Option<Integ>,
        esn: bool,
        keys: &DirectionKeys,
    ) -> Result<Self, CryptoError> {
        let (cipher, expected) = (keys.encr.expose(), encr.keymat_len());
        let made = match integ {
            Some(integ) if !encr.is_aead() => {
                let mac = sized("integrity key", integ.key_len(), keys.integ.expose())?;
                usable(encr)?;
                let cipher = sized("encryption key", expected, cipher)?;
                K::cbc_hmac(cipher, hash(integ)?, mac, integ.icv_len())
            }
            None if encr.is_aead() => {
                let whole = sized("encryption key and salt", expected, cipher)?;
                let (cipher, salt) = whole.split_last_chunk().unwrap_or((whole, &[0; 4]));
                K::gcm(cipher, *salt)
            }
            _ => return Err(CryptoError::Suite { encr, integ }),
        };
        let ready = made.map_err(|_| CryptoError::Library {
            operation: "making of an ESP key",
        })?;
        Ok(Self {
            encr,
            iv_len: encr.iv_len(),
            icv_len: integ.map_or(encr.icv_len(), Integ::icv_len),
            block_len: block_len(encr),
            esn,
            keys: Keys::Real(ready),
        })
    }
}

impl<K> Transform<K> {
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
        self.iv_len
    }

    pub(crate) fn icv_len(&self) -> usize {
        self.icv_len
    }

    pub(crate) fn esn(&self) -> bool {
        self.esn
    }

    /// From header to ICV, for this much payload.
    pub(crate) fn sealed_len(&self, payload: usize) -> usize {
        HEADER_LEN + self.iv_len + padded(self.block_len, payload) + self.icv_len
    }

    /// For the kernels; nothing where a double does it.
    fn packet<'p>(&'p self, sequence: u64, octets: &'p mut [u8]) -> Option<Packet<'p, K>> {
        let Keys::Real(key) = &self.keys else {
            return None;
        };
        let high = self.esn.then_some((sequence >> 32) as u32);
        Some(Packet::new(key, high, octets))
    }
}

impl Sealer {
    pub(crate) fn fetch_key(&self) {
        if let Keys::Real(key) = &self.keys {
            key.prefetch();
        }
    }

    /// A double writes its check over the ICV's place; kernels do it as they seal.
    pub(crate) fn write_doubled_icv(&self, sequence: u64, packet: &mut [u8]) {
        let Keys::Doubled { double, key } = &self.keys else {
            return;
        };
        let at = packet.len().checked_sub(self.icv_len);
        if let Some((covered, icv)) = at.and_then(|at| packet.split_at_mut_checked(at)) {
            let check = double.check_value(key ^ sequence, covered).to_be_bytes();
            icv.iter_mut()
                .zip(repeated(&check))
                .for_each(|(to, from)| *to = from);
        }
    }

    /// What the kernels are to seal, if a double hasn't.
    pub(crate) fn to_seal<'p>(
        &'p self,
        sequence: u64,
        octets: &'p mut [u8],
    ) -> Option<Packet<'p, SealKey>> {
        self.packet(sequence, octets)
    }

    /// One packet alone: header, IV and padded plaintext become a sealed packet.
    pub(crate) fn seal(&self, sequence: u64, packet: &mut Vec<u8>) -> Result<(), CryptoError> {
        packet.resize(packet.len() + self.icv_len, 0);
        self.write_doubled_icv(sequence, packet);
        let Some(mut one) = self.to_seal(sequence, packet) else {
            return Ok(());
        };
        crossgate_kernels::seal(std::slice::from_mut(&mut one));
        match one.outcome {
            Outcome::Done => Ok(()),
            _ => Err(CryptoError::Library {
                operation: "ESP seal",
            }),
        }
    }
}

impl Opener {
    pub(crate) fn fetch_key(&self) {
        if let Keys::Real(key) = &self.keys {
            key.prefetch();
        }
    }

    /// What the kernels are to open, if no double does.
    pub(crate) fn to_open<'p>(
        &'p self,
        sequence: u64,
        octets: &'p mut [u8],
    ) -> Option<Packet<'p, OpenKey>> {
        self.packet(sequence, octets)
    }

    /// What a double says of a packet.
    pub(crate) fn open_by_double(&self, sequence: u64, octets: &[u8]) -> Outcome {
        let Keys::Doubled { double, key } = &self.keys else {
            return Outcome::Waiting;
        };
        let at = octets.len().checked_sub(self.icv_len);
        let Some((covered, icv)) = at.and_then(|at| octets.split_at_checked(at)) else {
            return Outcome::Malformed;
        };
        let check = double.check_value(key ^ sequence, covered).to_be_bytes();
        if repeated(&check).get(..self.icv_len) == Some(icv) {
            Outcome::Done
        } else {
            Outcome::NotAuthentic
        }
    }

    /// Where the plaintext of an opened packet is; nothing if there is too little of it.
    pub(crate) fn plaintext(&self, packet: &[u8]) -> Option<Range<usize>> {
        (packet.len() >= self.sealed_len(0))
            .then(|| HEADER_LEN + self.iv_len()..packet.len() - self.icv_len)
    }
}

/// A double's check in the place of the longest ICV.
fn repeated(check: &[u8; 8]) -> [u8; LONGEST_ICV] {
    let mut icv = [0; LONGEST_ICV];
    let (places, _) = icv.as_chunks_mut();
    places.fill(*check);
    icv
}

/// RFC 4303 §2.4 wants multiples of four also where the cipher takes any length.
pub(crate) fn block_len(encr: Encr) -> usize {
    encr.block_len().max(4)
}

/// Octets of ciphertext for this much payload: with padding, pad length and next header. Blocks are
/// powers of two: nothing is divided, which each packet would ask for three times.
fn padded(block_len: usize, payload: usize) -> usize {
    (payload + 2 + block_len - 1) & !(block_len - 1)
}

/// What the kernels have (RFC 3602).
fn usable(encr: Encr) -> Result<(), CryptoError> {
    match encr {
        Encr::AesCbc128 | Encr::AesCbc192 | Encr::AesCbc256 => Ok(()),
        _ => Err(CryptoError::Unsupported {
            algorithm: encr.name(),
        }),
    }
}

fn hash(integ: Integ) -> Result<Hash, CryptoError> {
    match integ {
        Integ::HmacSha1_96 => Ok(Hash::Sha1),
        Integ::HmacSha256_128 => Ok(Hash::Sha256),
        Integ::HmacSha384_192 => Ok(Hash::Sha384),
        Integ::HmacSha512_256 => Ok(Hash::Sha512),
        Integ::HmacMd5_96 => Err(CryptoError::Unsupported {
            algorithm: integ.name(),
        }),
    }
}

fn sized<'k>(what: &'static str, expected: usize, key: &'k [u8]) -> Result<&'k [u8], CryptoError> {
    let wrong = CryptoError::Length {
        what,
        expected,
        found: key.len(),
    };
    (key.len() == expected).then_some(key).ok_or(wrong)
}
