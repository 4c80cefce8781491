//! Diffie-Hellman: a key pair of our own, and agreement with the peer's public value.
//!
//! Private values are drawn from the generator given, so a run can be repeated octet for octet. The
//! elliptic curves are `aws-lc-rs`'s; the MODP groups are in [`modp`].

mod curve;
mod modp;
mod primes;

use std::fmt;
use std::sync::Arc;

use rand_core::CryptoRng;

use crate::algorithm::DhGroup;
use crate::double::Double;
use crate::error::CryptoError;
use crate::secret::Secret;

/// A private value and the public one that goes into our KE payload.
pub struct DhKeyPair {
    group: DhGroup,
    private: Private,
    public: Vec<u8>,
}

enum Private {
    Modp(modp::Exponent),
    Curve(aws_lc_rs::agreement::PrivateKey),
    Doubled(Arc<dyn Double>),
}

impl DhKeyPair {
    /// Draws a private value, again where it falls outside the group's range.
    pub fn generate(group: DhGroup, rng: &mut dyn CryptoRng) -> Result<Self, CryptoError> {
        let mut refused = CryptoError::Library {
            operation: "draw of a private value",
        };
        for _ in 0..DRAWS {
            match Self::from_private(group, &draw(group, rng)) {
                Ok(pair) => return Ok(pair),
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }

    /// A pair that only agrees with others of its kind. It draws as much as a real one, so that
    /// whatever else is drawn stays the same.
    pub fn doubled(group: DhGroup, rng: &mut dyn CryptoRng, double: Arc<dyn Double>) -> Self {
        let private = draw(group, rng);
        Self {
            group,
            public: double.public(group, private.expose()),
            private: Private::Doubled(double),
        }
    }

    /// A pair of the peer's group, and what it agrees on with the peer's value.
    ///
    /// Whoever answers strangers draws a pair for each: a value that shows at a glance to be refused
    /// costs no exponentiation first.
    pub fn answer(
        group: DhGroup,
        peer: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<(Self, Secret), CryptoError> {
        check(group, peer)?;
        let pair = Self::generate(group, rng)?;
        let shared = pair.agree(peer)?;
        Ok((pair, shared))
    }

    /// From a given private value, big-endian (X25519: RFC 7748's octets). For captures and test
    /// vectors: a value used twice gives up forward secrecy.
    pub fn from_private(group: DhGroup, private: &Secret) -> Result<Self, CryptoError> {
        if is_curve(group) {
            let key = curve::private(group, private)?;
            Ok(Self {
                group,
                public: curve::public(group, &key)?,
                private: Private::Curve(key),
            })
        } else {
            let exponent = modp::exponent(group, private)?;
            Ok(Self {
                group,
                public: modp::public(group, &exponent)?,
                private: Private::Modp(exponent),
            })
        }
    }

    pub fn group(&self) -> DhGroup {
        self.group
    }

    /// The public value as it stands in the KE payload, [`DhGroup::public_len`] octets.
    pub fn public(&self) -> &[u8] {
        &self.public
    }

    /// g^ir of [`DhGroup::shared_len`] octets, after the checks of RFC 6989 §2 on the peer's value.
    pub fn agree(&self, peer: &[u8]) -> Result<Secret, CryptoError> {
        if !matches!(self.private, Private::Doubled(_)) {
            check(self.group, peer)?;
        }
        match &self.private {
            Private::Modp(exponent) => modp::agree(self.group, exponent, peer),
            Private::Curve(key) => curve::agree(self.group, key, peer),
            Private::Doubled(double) => {
                let shared = double.agree(self.group, &self.public, peer);
                Ok(Secret::new(shared))
            }
        }
    }
}

impl fmt::Debug for DhKeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DhKeyPair({})", self.group)
    }
}

fn draw(group: DhGroup, rng: &mut dyn CryptoRng) -> Secret {
    match is_curve(group) {
        true => curve::draw(group, rng),
        false => modp::draw(group, rng),
    }
}

/// What is seen of a public value without a key: its length, and whether it is inside the group's
/// range. Points are checked with the agreement itself, which costs little on curves.
fn check(group: DhGroup, peer: &[u8]) -> Result<(), CryptoError> {
    if peer.len() != group.public_len() {
        return Err(CryptoError::PublicLength {
            group,
            expected: group.public_len(),
            found: peer.len(),
        });
    }
    match is_curve(group) {
        true => Ok(()),
        false => modp::check(group, peer),
    }
}

/// Draws before the generator counts as broken: the chance that a sound one misses once is 2^-32
/// at most.
const DRAWS: usize = 16;

fn is_curve(group: DhGroup) -> bool {
    use DhGroup::{Ecp19, Ecp20, Ecp21, X25519};
    matches!(group, Ecp19 | Ecp20 | Ecp21 | X25519)
}
