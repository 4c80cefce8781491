//! The key schedule: SKEYSEED, the seven SK_ keys, and the keys of Child SAs.
//!
//! RFC 7296 §2.14 (IKE SA), §2.17 (Child SA), §2.18 (rekeyed IKE SA); lengths for combined-mode
//! ciphers from RFC 5282 §7 and RFC 4106 §8.1.

use crate::algorithm::{DhGroup, Encr, Integ, Prf};
use crate::error::CryptoError;
use crate::prf::KeyStream;
use crate::protect::SkKeys;
use crate::secret::Secret;

/// The algorithms that an IKE SA agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IkeSuite {
    pub encr: Encr,
    /// None exactly for combined-mode ciphers.
    pub integ: Option<Integ>,
    pub prf: Prf,
    pub dh: DhGroup,
}

/// The algorithms that a Child SA agreed on, as far as its keys depend on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChildSuite {
    pub encr: Encr,
    /// None exactly for combined-mode ciphers.
    pub integ: Option<Integ>,
}

/// What both ends put into a key derivation. Nonces are by role in the exchange that carried them.
#[derive(Clone, Copy, Debug)]
pub struct KeyInputs<'a> {
    /// g^ir of this exchange; None for a Child without PFS.
    pub shared: Option<&'a Secret>,
    pub nonce_i: &'a [u8],
    pub nonce_r: &'a [u8],
}

/// SKEYSEED of a new IKE SA: prf(Ni | Nr, g^ir).
pub fn skeyseed(
    prf: Prf,
    nonce_i: &[u8],
    nonce_r: &[u8],
    shared: &Secret,
) -> Result<Secret, CryptoError> {
    let key = [nonce_i, nonce_r].concat();
    prf.prf(&key, &[shared.expose()])
}

/// SKEYSEED of a rekeyed IKE SA: prf(SK_d (old), g^ir (new) | Ni | Nr).
///
/// `old_prf` is the old SA's, even if the new one has another (RFC 7296 §2.18).
pub fn skeyseed_rekey(
    old_prf: Prf,
    old_sk_d: &Secret,
    nonce_i: &[u8],
    nonce_r: &[u8],
    shared: &Secret,
) -> Result<Secret, CryptoError> {
    old_prf.prf(old_sk_d.expose(), &[shared.expose(), nonce_i, nonce_r])
}

/// The keys of an IKE SA. `i` and `r` are the original roles of that SA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkSet {
    pub d: Secret,
    pub ai: Secret,
    pub ar: Secret,
    /// With the salt, where the cipher has one.
    pub ei: Secret,
    pub er: Secret,
    pub pi: Secret,
    pub pr: Secret,
}

impl SkSet {
    /// prf+(SKEYSEED, Ni | Nr | SPIi | SPIr), split into SK_d, ai, ar, ei, er, pi, pr.
    pub fn derive(
        suite: &IkeSuite,
        skeyseed: &Secret,
        nonce_i: &[u8],
        nonce_r: &[u8],
        spi_i: &[u8; 8],
        spi_r: &[u8; 8],
    ) -> Result<Self, CryptoError> {
        let auth = integrity_len(suite.encr, suite.integ)?;
        let encr = suite.encr.keymat_len();
        let prf = suite.prf.output_len();
        let seed: [&[u8]; 4] = [nonce_i, nonce_r, spi_i, spi_r];
        let len = 3 * prf + 2 * auth + 2 * encr;
        let material = suite.prf.prf_plus(skeyseed.expose(), &seed, len)?;
        let mut keys = KeyStream::new(&material);
        Ok(Self {
            d: keys.take(prf)?,
            ai: keys.take(auth)?,
            ar: keys.take(auth)?,
            ei: keys.take(encr)?,
            er: keys.take(encr)?,
            pi: keys.take(prf)?,
            pr: keys.take(prf)?,
        })
    }

    /// Protection of what the SA's original initiator sends.
    pub fn initiator_keys(&self, suite: &IkeSuite) -> Result<SkKeys, CryptoError> {
        SkKeys::new(suite.encr, suite.integ, &self.ei, &self.ai)
    }

    /// Protection of what the SA's original responder sends.
    pub fn responder_keys(&self, suite: &IkeSuite) -> Result<SkKeys, CryptoError> {
        SkKeys::new(suite.encr, suite.integ, &self.er, &self.ar)
    }
}

/// The keys of one direction of a Child SA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectionKeys {
    /// With the salt, where the cipher has one.
    pub encryption: Secret,
    /// Empty for combined-mode ciphers.
    pub integrity: Secret,
}

/// The keys of a Child SA pair. The initiator is that of the exchange which made the Child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildKeys {
    pub initiator_to_responder: DirectionKeys,
    pub responder_to_initiator: DirectionKeys,
}

impl ChildKeys {
    /// KEYMAT = prf+(SK_d, \[g^ir |\] Ni | Nr): the initiator's direction first, and in each
    /// direction the encryption key before the integrity key.
    ///
    /// `prf` and `sk_d` are those of the IKE SA that carries the exchange.
    pub fn derive(
        suite: &ChildSuite,
        prf: Prf,
        sk_d: &Secret,
        inputs: &KeyInputs<'_>,
    ) -> Result<Self, CryptoError> {
        let auth = integrity_len(suite.encr, suite.integ)?;
        let encr = suite.encr.keymat_len();
        let shared = inputs.shared.map(Secret::expose).unwrap_or_default();
        let seed = [shared, inputs.nonce_i, inputs.nonce_r];
        let material = prf.prf_plus(sk_d.expose(), &seed, 2 * (encr + auth))?;
        let mut keys = KeyStream::new(&material);
        let mut direction = || {
            Ok(DirectionKeys {
                encryption: keys.take(encr)?,
                integrity: keys.take(auth)?,
            })
        };
        Ok(Self {
            initiator_to_responder: direction()?,
            responder_to_initiator: direction()?,
        })
    }
}

/// Octets of the integrity key; refuses suites in which cipher and integrity don't go together.
pub(crate) fn integrity_len(encr: Encr, integ: Option<Integ>) -> Result<usize, CryptoError> {
    match (encr.is_aead(), integ) {
        (true, None) => Ok(0),
        (false, Some(integ)) => Ok(integ.key_len()),
        _ => Err(CryptoError::Suite { encr, integ }),
    }
}
