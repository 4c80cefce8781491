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
use crate::gcm::{self, Associated, GcmKey, Job};
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

    /// Waiting, if a packet of so many octets can be one of this SA.
    fn outlook(&self, len: usize) -> Outcome {
        let fits = match self {
            Self::EncryptThenMac(key) => len
                .checked_sub(HEADER + CBC_IV + key.mac.icv_len())
                .is_some_and(|data| data.is_multiple_of(16)),
            Self::Combined(_) => len >= HEADER + GCM_IV + GCM_TAG,
        };
        if fits {
            Outcome::Waiting
        } else {
            Outcome::Malformed
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
        let mut jobs = ArrayVec::<_, MOST>::new();
        for packet in packets.iter_mut() {
            packet.outcome = packet.key.0.outlook(packet.octets.len());
            match &packet.key.0 {
                _ if packet.outcome != Outcome::Waiting => {}
                Keys::EncryptThenMac(key) => lanes.extend(lane(key, packet.octets)),
                Keys::Combined(key) => {
                    jobs.extend(job(key, packet.high, packet.octets, &mut packet.outcome))
                }
            }
        }
        cbc::encrypt(&mut lanes);
        gcm::seal(&mut jobs);
        drop((lanes, jobs));
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
        let mut jobs = ArrayVec::<_, MOST>::new();
        for packet in packets.iter_mut() {
            packet.outcome = packet.key.0.outlook(packet.octets.len());
            match &packet.key.0 {
                Keys::Combined(key) if packet.outcome == Outcome::Waiting => {
                    jobs.extend(job(key, packet.high, packet.octets, &mut packet.outcome))
                }
                _ => {}
            }
        }
        gcm::open(&mut jobs);
        drop(jobs);
        let mut covers: ArrayVec<_, MOST> = packets.iter_mut().filter_map(cover_received).collect();
        hmac::compute(&mut covers, Finish::Verify);
        drop(covers);
        let mut lanes = ArrayVec::<_, MOST>::new();
        for packet in packets.iter_mut() {
            match &packet.key.0 {
                Keys::EncryptThenMac(key) if packet.outcome == Outcome::Done => {
                    lanes.extend(lane(key, packet.octets));
                }
                _ => {}
            }
        }
        cbc::decrypt(&mut lanes);
    }
}

/// A packet alone fills no lanes: what a batch is made ready with would cost it more than its cipher.
fn seal_one(packet: &mut Packet<'_, SealKey>) {
    packet.outcome = packet.key.0.outlook(packet.octets.len());
    if packet.outcome != Outcome::Waiting {
        return;
    }
    match &packet.key.0 {
        Keys::EncryptThenMac(key) => {
            if let Some(Lane { key, iv, blocks }) = lane(key, packet.octets) {
                key.encrypt(&iv, blocks);
            }
            if let Some(mut cover) = cover_sealed(packet) {
                hmac::compute_one(&mut cover, Finish::Write);
            }
        }
        Keys::Combined(key) => {
            if let Some(job) = &mut job(key, packet.high, packet.octets, &mut packet.outcome) {
                gcm::seal(std::slice::from_mut(job));
            }
        }
    }
}

fn open_one(packet: &mut Packet<'_, OpenKey>) {
    packet.outcome = packet.key.0.outlook(packet.octets.len());
    if packet.outcome != Outcome::Waiting {
        return;
    }
    match &packet.key.0 {
        Keys::EncryptThenMac(key) => {
            if let Some(mut cover) = cover_received(packet) {
                hmac::compute_one(&mut cover, Finish::Verify);
            }
            if let (Outcome::Done, Some(lane)) = (packet.outcome, &mut lane(key, packet.octets)) {
                cbc::decrypt(std::slice::from_mut(lane));
            }
        }
        Keys::Combined(key) => {
            if let Some(job) = &mut job(key, packet.high, packet.octets, &mut packet.outcome) {
                gcm::open(std::slice::from_mut(job));
            }
        }
    }
}

/// What CBC is to encrypt or decrypt.
#[inline(always)]
fn lane<'p, C>(key: &'p EncryptThenMac<C>, octets: &'p mut [u8]) -> Option<Lane<'p, C>> {
    let end = octets.len() - key.mac.icv_len();
    let (iv, data) = octets[HEADER..end].split_first_chunk_mut::<CBC_IV>()?;
    let (blocks, _) = data.as_chunks_mut::<16>();
    Some(Lane {
        key: &key.cipher,
        iv: *iv,
        blocks,
    })
}

/// What GCM is to seal or open.
#[inline(always)]
fn job<'p>(
    combined: &'p Combined,
    high: Option<u32>,
    octets: &'p mut [u8],
    outcome: &'p mut Outcome,
) -> Option<Job<'p>> {
    let (octets, tag) = octets.split_last_chunk_mut::<GCM_TAG>()?;
    let (front, _) = octets.split_first_chunk::<{ gcm::FRONT }>()?;
    let (header, iv) = front.split_at(HEADER);
    let mut nonce = [0; 12];
    nonce[..4].copy_from_slice(combined.salt.as_slice());
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
    Some(Job {
        key: &combined.key,
        nonce,
        aad,
        octets,
        tag,
        outcome,
    })
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
