//! The MODP groups (RFC 2409 §6.1 and §6.2, RFC 3526), by `crypto-bigint`'s Montgomery arithmetic.
//!
//! `crypto-bigint` is constant time and safe Rust. The C libraries are about twice as fast, but
//! `aws-lc-rs` has no finite-field Diffie-Hellman, and reaching the one beneath it takes unsafe
//! calls, which this crate forbids. Private exponents are as long as [`exponent_bits`] says and not
//! as the modulus: RFC 7919 §5.2 and NIST SP 800-56A allow twice the group's strength for safe
//! primes, which is a fraction of the work.

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd};
use rand_core::CryptoRng;
use zeroize::{Zeroize, Zeroizing};

use super::primes;
use crate::algorithm::DhGroup;
use crate::error::CryptoError;
use crate::secret::Secret;

/// All these groups have the generator 2.
const GENERATOR: u8 = 2;

/// A private exponent, wiped on drop. Its precision isn't secret.
pub(super) struct Exponent(Zeroizing<BoxedUint>);

pub(super) fn draw(group: DhGroup, rng: &mut dyn CryptoRng) -> Secret {
    Secret::random(exponent_bits(group) / 8, rng)
}

/// Zero is refused: it would make the public value 1.
pub(super) fn exponent(group: DhGroup, octets: &Secret) -> Result<Exponent, CryptoError> {
    let most = group.public_len();
    if octets.is_empty() || octets.len() > most {
        return Err(CryptoError::Length {
            what: "private exponent",
            expected: most,
            found: octets.len(),
        });
    }
    let value = Zeroizing::new(number(octets.expose())?);
    if value.is_zero().into() {
        return Err(CryptoError::Library {
            operation: "private exponent zero",
        });
    }
    Ok(Exponent(value))
}

pub(super) fn public(group: DhGroup, exponent: &Exponent) -> Result<Vec<u8>, CryptoError> {
    let modulus = modulus(group)?;
    let mut octets = vec![0; group.public_len()];
    if let Some(last) = octets.last_mut() {
        *last = GENERATOR;
    }
    Ok(power(number(&octets)?, exponent, modulus).to_vec())
}

/// With a value that has passed [`check`].
pub(super) fn agree(
    group: DhGroup,
    exponent: &Exponent,
    peer: &[u8],
) -> Result<Secret, CryptoError> {
    let shared = power(number(peer)?, exponent, modulus(group)?);
    Ok(Secret::new(shared.into_vec()))
}

/// RFC 6989 §2.1: for safe primes it is enough that 1 < y < p - 1.
pub(super) fn check(group: DhGroup, peer: &[u8]) -> Result<(), CryptoError> {
    let (value, modulus) = (number(peer)?, modulus(group)?);
    let one = BoxedUint::one_with_precision(value.bits_precision());
    let largest = modulus.as_ref().wrapping_sub(&one);
    let inside = value > one && value < largest;
    inside
        .then_some(())
        .ok_or(CryptoError::PublicInvalid { group })
}

/// base^exponent in the modulus's length with leading zeros (RFC 7296 §2.14). The time depends on
/// the lengths only.
fn power(base: BoxedUint, exponent: &Exponent, modulus: Odd<BoxedUint>) -> Box<[u8]> {
    let params = BoxedMontyParams::new_vartime(modulus);
    let base = BoxedMontyForm::new(base, &params);
    let mut power = base.pow_bounded_exp(&exponent.0, exponent.0.bits_precision());
    let mut value = power.retrieve();
    let octets = value.to_be_bytes();
    power.zeroize();
    value.zeroize();
    octets
}

fn number(octets: &[u8]) -> Result<BoxedUint, CryptoError> {
    let failed = CryptoError::Library {
        operation: "reading a number",
    };
    let bits = u32::try_from(octets.len() * 8).map_err(|_| failed)?;
    BoxedUint::from_be_slice(octets, bits).map_err(|_| failed)
}

fn modulus(group: DhGroup) -> Result<Odd<BoxedUint>, CryptoError> {
    let hex = primes::prime(group).ok_or(CryptoError::Unsupported {
        algorithm: group.name(),
    })?;
    let failed = CryptoError::Library {
        operation: "reading a prime",
    };
    let bits = u32::try_from(hex.len() * 4).map_err(|_| failed)?;
    let prime = BoxedUint::from_be_hex(hex, bits).into_option();
    let odd = prime.and_then(|prime| Odd::new(prime).into_option());
    odd.ok_or(failed)
}

/// Bits of a private exponent: at least twice the strength that RFC 7919 gives to a prime of that
/// size, in whole 64-bit words.
fn exponent_bits(group: DhGroup) -> usize {
    match group {
        DhGroup::Modp15 => 320,
        DhGroup::Modp16 => 384,
        DhGroup::Modp17 => 448,
        DhGroup::Modp18 => 512,
        _ => 256,
    }
}
