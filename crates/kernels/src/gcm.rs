//! AES-GCM (NIST SP 800-38D) with nonces of 12 octets, as ESP uses it (RFC 4106).

#[cfg(target_arch = "x86_64")]
mod kernel;
mod portable;

use crate::batch::Outcome;
use crate::cpu::{CipherPath, Path};
use crate::error::KeyError;
#[cfg(target_arch = "x86_64")]
use subtle::ConstantTimeEq;

pub(crate) type Nonce = [u8; 12];
pub(crate) type Tag = [u8; 16];

/// Octets that packets have before what is encrypted: SPI, sequence number and IV.
pub(crate) const FRONT: usize = 16;

/// Additional data of at most one block: SPI and a sequence number of 32 or 64 bits.
#[derive(Clone, Copy)]
pub(crate) struct Associated {
    /// The first octet is the highest; zeros behind them.
    pub(crate) octets: u128,
    pub(crate) len: usize,
}

#[allow(
    clippy::large_enum_variant,
    reason = "the large one is nearly everyone's, and a box would be one more place in memory"
)]
pub(crate) enum GcmKey {
    Portable(Box<portable::Gcm>),
    #[cfg(target_arch = "x86_64")]
    Kernel(kernel::Width, kernel::Keys),
}

impl GcmKey {
    pub(crate) fn new(path: Path, key: &[u8]) -> Result<Self, KeyError> {
        let made = match path.cipher() {
            CipherPath::Portable => {
                portable::Gcm::new(key).map(|key| Self::Portable(Box::new(key)))
            }
            #[cfg(target_arch = "x86_64")]
            width => kernel::Width::of(width).and_then(|width| {
                // SAFETY: a path with kernels exists only where the processor has AES-NI and
                // PCLMULQDQ.
                let keys = unsafe { kernel::Keys::new(key) };
                Some(Self::Kernel(width, keys?))
            }),
            #[cfg(not(target_arch = "x86_64"))]
            _ => None,
        };
        made.ok_or(KeyError::cipher(key.len()))
    }
}

/// A packet to be sealed or opened in place.
pub(crate) struct Job<'p> {
    pub(crate) key: &'p GcmKey,
    pub(crate) nonce: Nonce,
    pub(crate) aad: Associated,
    /// `FRONT` octets that stay as they are, and the data behind them.
    pub(crate) octets: &'p mut [u8],
    pub(crate) tag: &'p mut Tag,
    pub(crate) outcome: &'p mut Outcome,
}

/// Encrypts all and writes their tags. What is longer than GCM allows is wiped and malformed.
pub(crate) fn seal(jobs: &mut [Job<'_>]) {
    crypt::<true>(jobs);
}

/// Decrypts all, and says whether the tag is that of the packet; if it isn't, the data is wiped.
pub(crate) fn open(jobs: &mut [Job<'_>]) {
    crypt::<false>(jobs);
}

fn crypt<const SEAL: bool>(jobs: &mut [Job<'_>]) {
    let mut rest = jobs;
    while let Some((first, _)) = rest.split_first_mut() {
        let done = match first.key {
            GcmKey::Portable(key) => {
                first.crypt_portable::<SEAL>(key);
                1
            }
            #[cfg(target_arch = "x86_64")]
            GcmKey::Kernel(width, _) => kernel::crypt::<SEAL>(*width, rest),
        };
        rest = rest.get_mut(done..).unwrap_or_default();
    }
}

impl Job<'_> {
    fn crypt_portable<const SEAL: bool>(&mut self, key: &portable::Gcm) {
        let data = self.octets.get_mut(FRONT..).unwrap_or_default();
        *self.outcome = if SEAL {
            match key.seal(&self.nonce, self.aad, data) {
                Some(tag) => {
                    *self.tag = tag;
                    Outcome::Done
                }
                None => Outcome::Malformed,
            }
        } else if key.open(&self.nonce, self.aad, data, self.tag) {
            Outcome::Done
        } else {
            Outcome::NotAuthentic
        };
        if *self.outcome != Outcome::Done {
            data.fill(0);
        }
    }

    /// Takes the tag that a kernel has computed; compares in constant time.
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn finish<const SEAL: bool>(&mut self, tag: Tag) {
        if SEAL {
            *self.tag = tag;
        } else if !bool::from(u128::from_ne_bytes(tag).ct_eq(&u128::from_ne_bytes(*self.tag))) {
            self.octets.get_mut(FRONT..).unwrap_or_default().fill(0);
            *self.outcome = Outcome::NotAuthentic;
            return;
        }
        *self.outcome = Outcome::Done;
    }
}
