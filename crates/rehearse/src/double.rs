//! What stands for cryptography in a world that is made by [`World::transparent`]: packets and
//! messages keep their form and their sizes, and cost next to nothing to make.
//!
//! The type is this crate's own, so that no program can hand it to an engine that has real peers.
//! Key derivation, AUTH and the protection of IKE messages stay real: they are a few hundred
//! messages a day.
//!
//! [`World::transparent`]: crate::World::transparent

use crossgate_crypto::{DhGroup, Double};
use std::sync::Arc;

#[derive(Debug)]
pub(crate) struct Transparent;

/// As a world keeps it; none where cryptography is real.
pub(crate) type Doubled = Option<Arc<dyn Double>>;

/// An odd number without a pattern: the fraction of the golden ratio.
const MIX: u64 = 0x9e37_79b9_7f4a_7c15;

impl Double for Transparent {
    fn public(&self, group: DhGroup, private: &[u8]) -> Vec<u8> {
        let octets = private.iter().cycle();
        octets.take(group.public_len()).copied().collect()
    }

    fn agree(&self, group: DhGroup, one: &[u8], other: &[u8]) -> Vec<u8> {
        let octets = one.iter().zip(other).map(|(a, b)| a ^ b);
        octets.take(group.shared_len()).collect()
    }

    fn check_value(&self, key: u64, octets: &[u8]) -> u64 {
        // Two chains side by side are twice as fast as one.
        let (pairs, rest) = octets.as_chunks::<16>();
        let mix = |sum: u64, word: u64| (sum ^ word).rotate_left(29).wrapping_mul(MIX);
        let (mut one, mut other) = (key, !key);
        for pair in pairs {
            let pair = u128::from_le_bytes(*pair);
            one = mix(one, pair as u64);
            other = mix(other, (pair >> 64) as u64);
        }
        let (words, rest) = rest.as_chunks::<8>();
        let word = words.first().copied().unwrap_or_default();
        let sum = mix(mix(one, u64::from_le_bytes(word)), other);
        rest.iter()
            .fold(sum, |sum, octet| mix(sum, u64::from(*octet)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_agree_and_values_have_their_groups_lengths() {
        for group in DhGroup::ALL {
            let (one, other) = (
                Transparent.public(group, b"one private value"),
                Transparent.public(group, b"another"),
            );
            assert_eq!(one.len(), group.public_len());
            let shared = Transparent.agree(group, &one, &other);
            assert_eq!(shared, Transparent.agree(group, &other, &one));
            assert_eq!(shared.len(), group.shared_len());
        }
    }

    #[test]
    fn each_octet_and_the_key_change_the_check_value() {
        let packet: Vec<u8> = (0..61).collect();
        let value = Transparent.check_value(1, &packet);
        assert_ne!(value, Transparent.check_value(2, &packet));
        for index in 0..packet.len() {
            let mut other = packet.clone();
            other[index] ^= 0x40;
            assert_ne!(value, Transparent.check_value(1, &other), "octet {index}");
        }
    }
}
