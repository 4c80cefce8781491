//! AES-CBC (NIST SP 800-38A §6.2): encryption over packets in lock-step, decryption over the blocks
//! of each packet, and of four short ones.
//!
//! Within a packet each block's encryption waits for the one before, so the lanes are packets.

#[cfg(target_arch = "x86_64")]
mod kernel;
mod portable;

#[cfg(target_arch = "x86_64")]
pub(crate) use kernel::Width;

use crate::cpu::{CipherPath, Path};
use crate::error::KeyError;
use portable::Aes;

#[cfg(target_arch = "x86_64")]
use crate::aes::RoundKeys;

pub(crate) type Block = [u8; 16];

/// A packet's IV and what is to be encrypted or decrypted under which key.
pub(crate) struct Lane<'p, Key> {
    pub(crate) key: &'p Key,
    pub(crate) iv: Block,
    pub(crate) blocks: &'p mut [Block],
}

/// The libraries' keys are four times the size of ours, so that they have a place of their own.
#[allow(
    clippy::large_enum_variant,
    reason = "the large one is nearly everyone's, and a box would be one more place in memory"
)]
pub(crate) enum EncryptKey {
    Portable(Box<Aes>),
    #[cfg(target_arch = "x86_64")]
    Kernel(kernel::Width, RoundKeys),
}

#[allow(
    clippy::large_enum_variant,
    reason = "the large one is nearly everyone's, and a box would be one more place in memory"
)]
pub(crate) enum DecryptKey {
    Portable(Box<Aes>),
    #[cfg(target_arch = "x86_64")]
    Kernel(kernel::Width, RoundKeys),
}

impl EncryptKey {
    pub(crate) fn new(path: Path, key: &[u8]) -> Result<Self, KeyError> {
        let made = match path.cipher() {
            CipherPath::Portable => Aes::new(key).map(|aes| Self::Portable(Box::new(aes))),
            #[cfg(target_arch = "x86_64")]
            width => kernel::Width::of(width).and_then(|width| {
                // SAFETY: a path with kernels exists only where the processor has AES-NI.
                let keys = unsafe { RoundKeys::encrypting(key) };
                Some(Self::Kernel(width, keys?))
            }),
            #[cfg(not(target_arch = "x86_64"))]
            _ => None,
        };
        made.ok_or(KeyError::cipher(key.len()))
    }

    /// Encrypts one packet alone.
    pub(crate) fn encrypt(&self, iv: &Block, blocks: &mut [Block]) {
        match self {
            Self::Portable(aes) => aes.encrypt(iv, blocks),
            #[cfg(target_arch = "x86_64")]
            Self::Kernel(_, keys) => kernel::encrypt_one(keys, iv, blocks),
        }
    }

    /// Keys of the same kind can go through a kernel together.
    pub(crate) fn kind(&self) -> usize {
        match self {
            Self::Portable(_) => 0,
            #[cfg(target_arch = "x86_64")]
            Self::Kernel(width, keys) => width.number() + keys.rounds(),
        }
    }
}

impl DecryptKey {
    pub(crate) fn new(path: Path, key: &[u8]) -> Result<Self, KeyError> {
        let made = match path.cipher() {
            CipherPath::Portable => Aes::new(key).map(|aes| Self::Portable(Box::new(aes))),
            #[cfg(target_arch = "x86_64")]
            width => kernel::Width::of(width).and_then(|width| {
                // SAFETY: a path with kernels exists only where the processor has AES-NI.
                let keys = unsafe { RoundKeys::decrypting(key) };
                Some(Self::Kernel(width, keys?))
            }),
            #[cfg(not(target_arch = "x86_64"))]
            _ => None,
        };
        made.ok_or(KeyError::cipher(key.len()))
    }
}

impl DecryptKey {
    /// Whether packets of the two can go together.
    fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            #[cfg(target_arch = "x86_64")]
            (Self::Kernel(width, keys), Self::Kernel(other_width, other_keys)) => {
                width == other_width && keys.rounds() == other_keys.rounds()
            }
            _ => std::ptr::eq(self, other),
        }
    }
}

/// Encrypts all.
pub(crate) fn encrypt(lanes: &mut [Lane<'_, EncryptKey>]) {
    if !lanes.is_sorted_by_key(|lane| lane.key.kind()) {
        lanes.sort_unstable_by_key(|lane| lane.key.kind());
    }
    for alike in lanes.chunk_by_mut(|a, b| a.key.kind() == b.key.kind()) {
        match alike {
            [] => {}
            #[cfg(target_arch = "x86_64")]
            [
                Lane {
                    key: EncryptKey::Kernel(width, _),
                    ..
                },
                ..,
            ] => kernel::encrypt(*width, alike),
            _ => {
                for Lane { key, iv, blocks } in alike {
                    match key {
                        EncryptKey::Portable(aes) => aes.encrypt(iv, blocks),
                        #[cfg(target_arch = "x86_64")]
                        EncryptKey::Kernel(..) => {}
                    }
                }
            }
        }
    }
}

/// Decrypts all; short packets that follow each other go together.
pub(crate) fn decrypt(lanes: &mut [Lane<'_, DecryptKey>]) {
    for lanes in lanes.chunk_by_mut(|a, b| a.key.is_like(b.key)) {
        match lanes.first().map(|lane| lane.key) {
            None => {}
            Some(DecryptKey::Portable(aes)) => lanes
                .iter_mut()
                .for_each(|lane| aes.decrypt(&lane.iv, lane.blocks)),
            #[cfg(target_arch = "x86_64")]
            Some(DecryptKey::Kernel(width, keys)) => kernel::decrypt(*width, keys, lanes),
        }
    }
}
