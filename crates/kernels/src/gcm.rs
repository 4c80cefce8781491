//! AES-GCM (NIST SP 800-38D) with nonces of 12 octets, as ESP uses it (RFC 4106).

#[cfg(target_arch = "x86_64")]
mod kernel;
mod portable;

use crate::cpu::{CipherPath, Path};
use crate::error::KeyError;

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

    /// Encrypts in place what stands behind `FRONT` octets and gives the tag. Nothing, if the packet
    /// is longer than GCM allows: the caller wipes the data then.
    pub(crate) fn seal(&self, nonce: &Nonce, aad: Associated, octets: &mut [u8]) -> Option<Tag> {
        match self {
            Self::Portable(key) => key.seal(nonce, aad, octets.get_mut(FRONT..)?),
            #[cfg(target_arch = "x86_64")]
            Self::Kernel(width, keys) => {
                Some(kernel::crypt::<true>(*width, keys, nonce, aad, octets))
            }
        }
    }

    /// Decrypts in place what stands behind `FRONT` octets, and says whether the tag is that of the
    /// packet. If it isn't, the caller wipes the data.
    pub(crate) fn open(
        &self,
        nonce: &Nonce,
        aad: Associated,
        octets: &mut [u8],
        tag: &Tag,
    ) -> bool {
        match self {
            Self::Portable(key) => octets
                .get_mut(FRONT..)
                .is_some_and(|data| key.open(nonce, aad, data, tag)),
            #[cfg(target_arch = "x86_64")]
            Self::Kernel(width, keys) => {
                use subtle::ConstantTimeEq;
                let expected = kernel::crypt::<false>(*width, keys, nonce, aad, octets);
                let (expected, tag) = (u128::from_ne_bytes(expected), u128::from_ne_bytes(*tag));
                expected.ct_eq(&tag).into()
            }
        }
    }
}
