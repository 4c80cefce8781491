//! The curve groups: ECP 19, 20 and 21 (RFC 5903) and X25519 (RFC 8031), by `aws-lc-rs`.
//!
//! On the wire an ECP point is x | y without the leading octet that SEC 1 puts before it, and the
//! shared secret is the x coordinate alone (RFC 5903 §7).

use aws_lc_rs::agreement::{
    self, Algorithm, ECDH_P256, ECDH_P384, ECDH_P521, PrivateKey, UnparsedPublicKey, X25519,
};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::algorithm::DhGroup;
use crate::error::CryptoError;
use crate::secret::Secret;

/// SEC 1's mark of an uncompressed point.
const UNCOMPRESSED: u8 = 4;

/// Of P-521's 66 octets only the lowest bit of the first counts.
pub(super) fn draw(group: DhGroup, rng: &mut dyn CryptoRng) -> Secret {
    let mut octets = Zeroizing::new(vec![0; group.shared_len()]);
    rng.fill_bytes(&mut octets);
    if let (DhGroup::Ecp21, Some(first)) = (group, octets.first_mut()) {
        *first &= 1;
    }
    Secret::from(octets)
}

pub(super) fn private(group: DhGroup, scalar: &Secret) -> Result<PrivateKey, CryptoError> {
    PrivateKey::from_private_key(library_group(group)?, scalar.expose()).map_err(|_| {
        CryptoError::Library {
            operation: "private key",
        }
    })
}

pub(super) fn public(group: DhGroup, key: &PrivateKey) -> Result<Vec<u8>, CryptoError> {
    let point = key.compute_public_key().map_err(|_| CryptoError::Library {
        operation: "public key",
    })?;
    let skipped = usize::from(group != DhGroup::X25519);
    Ok(point.as_ref().iter().skip(skipped).copied().collect())
}

pub(super) fn agree(group: DhGroup, key: &PrivateKey, peer: &[u8]) -> Result<Secret, CryptoError> {
    let invalid = CryptoError::PublicInvalid { group };
    let encoded = match group {
        DhGroup::X25519 => peer.to_vec(),
        _ => [&[UNCOMPRESSED], peer].concat(),
    };
    let peer = UnparsedPublicKey::new(library_group(group)?, encoded);
    let shared = agreement::agree(key, peer, invalid, |shared| Ok(Secret::copy_of(shared)))?;
    // A point of small order gives zero whatever our key (RFC 7748 §6.1).
    if shared == Secret::new(vec![0; shared.len()]) {
        return Err(invalid);
    }
    Ok(shared)
}

fn library_group(group: DhGroup) -> Result<&'static Algorithm, CryptoError> {
    match group {
        DhGroup::Ecp19 => Ok(&ECDH_P256),
        DhGroup::Ecp20 => Ok(&ECDH_P384),
        DhGroup::Ecp21 => Ok(&ECDH_P521),
        DhGroup::X25519 => Ok(&X25519),
        _ => Err(CryptoError::Unsupported {
            algorithm: group.name(),
        }),
    }
}
