//! Octets that must not be seen: preshared keys, key material, shared secrets.
//!
//! A [`Secret`] is wiped when dropped, compares in constant time and prints only its length.
//! It has no `Display` and no serialisation, so that reaching the octets takes the word `expose`.

use std::fmt;

use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Octets wiped on drop. A clone is a second copy that is wiped on its own drop.
#[derive(Clone, Default)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes the vector over; the octets aren't copied.
    pub fn new(octets: Vec<u8>) -> Self {
        Self(Zeroizing::new(octets))
    }

    /// Copies from a place that the caller wipes, or that isn't secret.
    pub fn copy_of(octets: &[u8]) -> Self {
        Self::new(octets.to_vec())
    }

    /// Draws `len` octets.
    pub fn random(len: usize, rng: &mut dyn CryptoRng) -> Self {
        let mut octets = Zeroizing::new(vec![0; len]);
        rng.fill_bytes(&mut octets);
        Self::from(octets)
    }

    /// The octets themselves. Whoever calls this keeps them out of logs and errors.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Length in octets.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Vec<u8>> for Secret {
    fn from(octets: Vec<u8>) -> Self {
        Self::new(octets)
    }
}

impl From<Zeroizing<Vec<u8>>> for Secret {
    fn from(octets: Zeroizing<Vec<u8>>) -> Self {
        Self(octets)
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text.into_bytes())
    }
}

/// Constant time for equal lengths; the length itself isn't hidden.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose().ct_eq(other.expose()).into()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} octets)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_the_length_and_no_octet() {
        let secret = Secret::from(String::from("hunter2"));
        assert_eq!(format!("{secret:?}"), "Secret(7 octets)");
    }

    #[test]
    fn equality_looks_at_every_octet_and_at_the_length() {
        let secret = Secret::copy_of(b"abcd");
        assert_eq!(secret, Secret::from(b"abcd".to_vec()));
        assert_ne!(secret, Secret::copy_of(b"abce"));
        assert_ne!(secret, Secret::copy_of(b"abc"));
    }

    #[test]
    fn construction_takes_the_buffer_over_without_a_copy() {
        let octets = vec![7; 32];
        let address = octets.as_ptr();
        assert_eq!(Secret::new(octets).expose().as_ptr(), address);
    }
}
