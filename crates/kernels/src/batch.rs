//! Sealing and opening of batches, over one SA or many.
//!
//! ```text
//!  0                   8            8+iv                        len-icv
//! | SPI | sequence low | IV          | payload, padding, trailer | ICV |
//! ```
//!
//! A packet comes whole and is changed in place. Encrypt-then-MAC covers all before the ICV, and
//! an extended sequence number's high half as if it stood behind it (RFC 4303 §2.2.1). AES-GCM
//! authenticates SPI and sequence number, the high half between them (RFC 4106 §5).

use std::fmt;

use arrayvec::ArrayVec;
use zeroize::Zeroizing;

use crate::cbc::{self, DecryptKey, EncryptKey, Lane};
use crate::cpu::Path;
use crate::error::KeyError;
use crate::gcm::{self, Associated, GcmKey};
use crate::hmac::{self, Cover, Finish, Hash, MOST, MacKey};
use crate::prefetch::prefetch;

/// SPI and sequence number.
const HEADER: usize = 8;
const CBC_IV: usize = 16;
const GCM_IV: usize = 8;
const GCM_TAG: usize = 16;

/// The keys of an outbound SA; wiped on drop.
pub struct SealKey(Keys<EncryptKey>);

/// The keys of an inbound SA; wiped on drop.
pub struct OpenKey(Keys<DecryptKey>);

/// Each in a place of its own size: a key of GCM takes nearly twice the room of one of CBC and HMAC,
/// and a gateway may have 200,000.
enum Keys<C> {
    EncryptThenMac(Box<EncryptThenMac<C>>),
    Combined(Box<Combined>),
}

struct EncryptThenMac<C> {
    cipher: C,
    mac: MacKey,
}

struct Combined {
    salt: Zeroizing<[u8; 4]>,
    key: GcmKey,
}

/// One packet of a batch.
pub struct Packet<'p, K> {
    pub key: &'p K,
    /// The sequence number's high half, where it is extended.
    pub high: Option<u32>,
    /// The whole packet, from the SPI to the end of the ICV.
    pub octets: &'p mut [u8],
    /// How it went.
    pub outcome: Outcome,
}

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Not yet dealt with.
    Waiting,
    /// Sealed, or verified and decrypted.
    Done,
    /// Too short for its algorithms, or no whole blocks; unchanged.
    Malformed,
    /// The ICV is not that of the packet. No plaintext is in it: with CBC it is as it came, with
    /// GCM its encrypted part is zeros.
    NotAuthentic,
}

impl<'p, K> Packet<'p, K> {
    pub fn new(key: &'p K, high: Option<u32>, octets: &'p mut [u8]) -> Self {
        Self {
            key,
            high,
            octets,
            outcome: Outcome::Waiting,
        }
    }
}

impl SealKey {
    /// Asks for its memory ahead of its use.
    pub fn prefetch(&self) {
        self.0.prefetch();
    }

    /// AES-CBC with HMAC, of which the first `icv_len` octets travel.
    pub fn cbc_hmac(
        path: Path,
        cipher: &[u8],
        hash: Hash,
        mac: &[u8],
        icv_len: usize,
    ) -> Result<Self, KeyError> {
        Ok(Self(Keys::EncryptThenMac(Box::new(EncryptThenMac {
            cipher: EncryptKey::new(path, cipher)?,
            mac: MacKey::new(path, hash, mac, icv_len)?,
        }))))
    }

    /// AES-GCM with an ICV of 16 octets.
    pub fn gcm(path: Path, key: &[u8], salt: [u8; 4]) -> Result<Self, KeyError> {
        let key = GcmKey::new(path, key)?;
        let salt = Zeroizing::new(salt);
        Ok(Self(Keys::Combined(Box::new(Combined { salt, key }))))
    }
}

impl OpenKey {
    /// Asks for its memory ahead of its use.
    pub fn prefetch(&self) {
        self.0.prefetch();
    }

    /// AES-CBC with HMAC, of which the first `icv_len` octets travel.
    pub fn cbc_hmac(
        path: Path,
        cipher: &[u8],
        hash: Hash,
        mac: &[u8],
        icv_len: usize,
    ) -> Result<Self, KeyError> {
        Ok(Self(Keys::EncryptThenMac(Box::new(EncryptThenMac {
            cipher: DecryptKey::new(path, cipher)?,
            mac: MacKey::new(path, hash, mac, icv_len)?,
        }))))
    }

    /// AES-GCM with an ICV of 16 octets.
    pub fn gcm(path: Path, key: &[u8], salt: [u8; 4]) -> Result<Self, KeyError> {
        let key = GcmKey::new(path, key)?;
        let salt = Zeroizing::new(salt);
        Ok(Self(Keys::Combined(Box::new(Combined { salt, key }))))
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealKey({})", self.0.name())
    }
}

impl fmt::Debug for OpenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpenKey({})", self.0.name())
    }
}

impl<C> Keys<C> {
    fn name(&self) -> &'static str {
        match self {
            Self::EncryptThenMac(_) => "AES-CBC with HMAC",
            Self::Combined(_) => "AES-GCM",
        }
    }

    fn prefetch(&self) {
        match self {
            Self::EncryptThenMac(key) => prefetch(key.as_ref()),
            Self::Combined(key) => prefetch(key.as_ref()),
        }
    }

    /// Whether a packet of so many octets can be one of this SA.
    fn fits(&self, len: usize) -> bool {
        match self {
            Self::EncryptThenMac(key) => len
                .checked_sub(HEADER + CBC_IV + key.mac.icv_len())
                .is_some_and(|data| data.is_multiple_of(16)),
            Self::Combined(_) => len >= HEADER + GCM_IV + GCM_TAG,
        }
    }
}

/// Encrypts each packet and writes its ICV. The IV stands in the packet already: with CBC it must
/// be unpredictable, with GCM it must never come twice under a key.
///
/// Packets may be of any SAs, in any order. It is fastest with batches of 32 and more.
pub fn seal(packets: &mut [Packet<'_, SealKey>]) {
    if let [packet] = packets {
        return seal_one(packet);
    }
    for packets in packets.chunks_mut(MOST) {
        let mut lanes = ArrayVec::<_, MOST>::new();
        for packet in packets.iter_mut() {
            packet.outcome = if packet.key.0.fits(packet.octets.len()) {
                Outcome::Waiting
            } else {
                Outcome::Malformed
            };
            match &packet.key.0 {
                _ if packet.outcome != Outcome::Waiting => {}
                Keys::EncryptThenMac(key) => lanes.extend(lane(key, packet.octets)),
                Keys::Combined(key) => {
                    packet.outcome = seal_combined(key, packet.high, packet.octets);
                }
            }
        }
        cbc::encrypt(&mut lanes);
        drop(lanes);
        let mut covers: ArrayVec<_, MOST> = packets.iter_mut().filter_map(cover_sealed).collect();
        hmac::compute(&mut covers, Finish::Write);
    }
}

/// Verifies each packet and decrypts it if it is authentic. With CBC, the ICVs of the batch are
/// verified first, and what fails isn't decrypted. With GCM, a packet is decrypted while it is
/// verified, and wiped if it fails. One packet's failure changes nothing for the others.
pub fn open(packets: &mut [Packet<'_, OpenKey>]) {
    if let [packet] = packets {
        return open_one(packet);
    }
    for packets in packets.chunks_mut(MOST) {
        for packet in packets.iter_mut() {
            packet.outcome = if packet.key.0.fits(packet.octets.len()) {
                Outcome::Waiting
            } else {
                Outcome::Malformed
            };
            if packet.outcome == Outcome::Waiting {
                open_combined(packet);
            }
        }
        let mut covers: ArrayVec<_, MOST> = packets.iter_mut().filter_map(cover_received).collect();
        hmac::compute(&mut covers, Finish::Verify);
        drop(covers);
        for packet in packets.iter_mut() {
            if packet.outcome == Outcome::Done {
                decrypt_verified(packet);
            }
        }
    }
}

/// A packet alone fills no lanes: what a batch is made ready with would cost it more than its cipher.
fn seal_one(packet: &mut Packet<'_, SealKey>) {
    packet.outcome = Outcome::Malformed;
    if !packet.key.0.fits(packet.octets.len()) {
        return;
    }
    packet.outcome = Outcome::Waiting;
    match &packet.key.0 {
        Keys::EncryptThenMac(key) => {
            if let Some(Lane { key, iv, blocks }) = lane(key, packet.octets) {
                key.encrypt(&iv, blocks);
            }
        }
        Keys::Combined(key) => {
            packet.outcome = seal_combined(key, packet.high, packet.octets);
        }
    }
    if let Some(mut cover) = cover_sealed(packet) {
        hmac::compute_one(&mut cover, Finish::Write);
    }
}

fn open_one(packet: &mut Packet<'_, OpenKey>) {
    packet.outcome = Outcome::Malformed;
    if !packet.key.0.fits(packet.octets.len()) {
        return;
    }
    packet.outcome = Outcome::Waiting;
    open_combined(packet);
    let Some(mut cover) = cover_received(packet) else {
        return;
    };
    hmac::compute_one(&mut cover, Finish::Verify);
    if packet.outcome == Outcome::Done {
        decrypt_verified(packet);
    }
}

/// What CBC is to encrypt.
#[inline(always)]
fn lane<'p>(key: &'p EncryptThenMac<EncryptKey>, octets: &'p mut [u8]) -> Option<Lane<'p>> {
    let end = octets.len() - key.mac.icv_len();
    let (iv, data) = octets[HEADER..end].split_first_chunk_mut::<CBC_IV>()?;
    let (blocks, _) = data.as_chunks_mut::<16>();
    Some(Lane {
        key: &key.cipher,
        iv: *iv,
        blocks,
    })
}

fn seal_combined(combined: &Combined, high: Option<u32>, octets: &mut [u8]) -> Outcome {
    let Combined { salt, key } = combined;
    let Some(mut parts) = GcmParts::of(octets, **salt, high) else {
        return Outcome::Malformed;
    };
    match key.seal(&parts.nonce, parts.aad, parts.sealed) {
        Some(tag) => {
            *parts.tag = tag;
            Outcome::Done
        }
        None => {
            parts.wipe();
            Outcome::Malformed
        }
    }
}

fn open_combined(packet: &mut Packet<'_, OpenKey>) {
    let Keys::Combined(combined) = &packet.key.0 else {
        return;
    };
    let Combined { salt, key } = combined.as_ref();
    let Some(mut parts) = GcmParts::of(packet.octets, **salt, packet.high) else {
        return;
    };
    packet.outcome = if key.open(&parts.nonce, parts.aad, parts.sealed, parts.tag) {
        Outcome::Done
    } else {
        parts.wipe();
        Outcome::NotAuthentic
    };
}

/// A GCM packet taken apart.
struct GcmParts<'p> {
    nonce: [u8; 12],
    aad: Associated,
    /// All but the tag.
    sealed: &'p mut [u8],
    tag: &'p mut [u8; GCM_TAG],
}

impl<'p> GcmParts<'p> {
    fn of(octets: &'p mut [u8], salt: [u8; 4], high: Option<u32>) -> Option<Self> {
        let (sealed, tag) = octets.split_last_chunk_mut::<GCM_TAG>()?;
        let (front, _) = sealed.split_first_chunk::<{ gcm::FRONT }>()?;
        let (header, iv) = front.split_at(HEADER);
        let mut nonce = [0; 12];
        nonce[..4].copy_from_slice(&salt);
        nonce[4..].copy_from_slice(iv);
        let header = u64::from_be_bytes(*header.first_chunk()?);
        let (spi, low) = (header >> 32, header & u64::from(u32::MAX));
        let aad = match high {
            Some(high) => Associated {
                octets: u128::from(spi << 32 | u64::from(high)) << 64 | u128::from(low) << 32,
                len: 12,
            },
            None => Associated {
                octets: u128::from(header) << 64,
                len: 8,
            },
        };
        Some(Self {
            nonce,
            aad,
            sealed,
            tag,
        })
    }

    fn wipe(&mut self) {
        self.sealed[gcm::FRONT..].fill(0);
    }
}

#[inline(always)]
fn cover_sealed<'p>(packet: &'p mut Packet<'_, SealKey>) -> Option<Cover<'p>> {
    cover(
        &packet.key.0,
        packet.high,
        packet.octets,
        &mut packet.outcome,
    )
}

#[inline(always)]
fn cover_received<'p>(packet: &'p mut Packet<'_, OpenKey>) -> Option<Cover<'p>> {
    cover(
        &packet.key.0,
        packet.high,
        packet.octets,
        &mut packet.outcome,
    )
}

/// What HMAC covers of a packet that is still waiting.
#[inline(always)]
fn cover<'p, C>(
    keys: &'p Keys<C>,
    high: Option<u32>,
    octets: &'p mut [u8],
    outcome: &'p mut Outcome,
) -> Option<Cover<'p>> {
    let Keys::EncryptThenMac(key) = keys else {
        return None;
    };
    let mac = &key.mac;
    if *outcome != Outcome::Waiting {
        return None;
    }
    let end = octets.len().checked_sub(mac.icv_len())?;
    let (octets, icv) = octets.split_at_mut_checked(end)?;
    Some(Cover {
        key: mac,
        octets,
        high: high.map(u32::to_be_bytes),
        icv,
        outcome,
    })
}

fn decrypt_verified(packet: &mut Packet<'_, OpenKey>) {
    let Keys::EncryptThenMac(key) = &packet.key.0 else {
        return;
    };
    let EncryptThenMac { cipher, mac } = key.as_ref();
    let end = packet.octets.len() - mac.icv_len();
    if let Some((iv, data)) = packet.octets[HEADER..end].split_first_chunk_mut::<CBC_IV>() {
        cipher.decrypt(iv, data.as_chunks_mut::<16>().0);
    }
}
