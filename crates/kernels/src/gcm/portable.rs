//! GCM by aws-lc, which has kernels of its own for other processors too.

use aws_lc_rs::aead::{AES_128_GCM, AES_192_GCM, AES_256_GCM, Aad, LessSafeKey};
use aws_lc_rs::aead::{Nonce as LibraryNonce, UnboundKey};

use super::{Associated, Nonce, Tag};

pub(crate) struct Gcm(LessSafeKey);

impl Gcm {
    pub(crate) fn new(key: &[u8]) -> Option<Self> {
        let algorithm = match key.len() {
            16 => &AES_128_GCM,
            24 => &AES_192_GCM,
            _ => &AES_256_GCM,
        };
        let key = UnboundKey::new(algorithm, key).ok()?;
        Some(Self(LessSafeKey::new(key)))
    }

    /// Nothing, if the library refuses, as it does beyond 64 GiB.
    pub(crate) fn seal(&self, nonce: &Nonce, aad: Associated, data: &mut [u8]) -> Option<Tag> {
        let nonce = LibraryNonce::assume_unique_for_key(*nonce);
        let sealed = self
            .0
            .seal_in_place_separate_tag(nonce, additional(&aad), data);
        sealed.ok()?.as_ref().try_into().ok()
    }

    /// Whether the tag is right; if not, what `data` holds is unspecified.
    pub(crate) fn open(&self, nonce: &Nonce, aad: Associated, data: &mut [u8], tag: &Tag) -> bool {
        let nonce = LibraryNonce::assume_unique_for_key(*nonce);
        let opened = self
            .0
            .open_in_place_separate_tag(nonce, additional(&aad), tag, data);
        opened.is_ok()
    }
}

fn additional(aad: &Associated) -> Aad<impl AsRef<[u8]>> {
    let octets = aad.octets.to_be_bytes();
    Aad::from(
        octets
            .into_iter()
            .take(aad.len)
            .collect::<arrayvec::ArrayVec<u8, 16>>(),
    )
}
