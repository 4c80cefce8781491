//! The MODP groups (RFC 2409 §6.1 and §6.2, RFC 3526), by `crypto-bigint`'s Montgomery arithmetic.
//!
//! `crypto-bigint` is constant time and safe Rust. The C libraries are about twice as fast, but
//! `aws-lc-rs` has no finite-field Diffie-Hellman, and reaching the one beneath it takes unsafe
//! calls, which this crate forbids. Private exponents are as long as [`exponent_bits`] says and not
//! as the modulus: RFC 7919 §5.2 and NIST SP 800-56A allow twice the group's strength for safe
//! primes, which is a fraction of the work.

use std::sync::OnceLock;

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, CtAssign, CtEq, Odd, Word};
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
    let known = known(group)?;
    let power = match exponent.0.bits_precision() == known.comb.bits() {
        true => known.comb.power(exponent, &known.params),
        false => power(generator(group)?, exponent, &known.params),
    };
    Ok(power.to_vec())
}

fn generator(group: DhGroup) -> Result<BoxedUint, CryptoError> {
    let mut octets = vec![0; group.public_len()];
    if let Some(last) = octets.last_mut() {
        *last = GENERATOR;
    }
    number(&octets)
}

/// With a value that has passed [`check`].
pub(super) fn agree(
    group: DhGroup,
    exponent: &Exponent,
    peer: &[u8],
) -> Result<Secret, CryptoError> {
    let shared = power(number(peer)?, exponent, &known(group)?.params);
    Ok(Secret::new(shared.into_vec()))
}

/// RFC 6989 §2.1: for safe primes it is enough that 1 < y < p - 1.
pub(super) fn check(group: DhGroup, peer: &[u8]) -> Result<(), CryptoError> {
    let (value, modulus) = (number(peer)?, known(group)?.params.modulus());
    let one = BoxedUint::one_with_precision(value.bits_precision());
    let largest = modulus.as_ref().wrapping_sub(&one);
    let inside = value > one && value < largest;
    inside
        .then_some(())
        .ok_or(CryptoError::PublicInvalid { group })
}

/// base^exponent in the modulus's length with leading zeros (RFC 7296 §2.14). The time depends on
/// the lengths only.
fn power(base: BoxedUint, exponent: &Exponent, params: &BoxedMontyParams) -> Box<[u8]> {
    let base = BoxedMontyForm::new(base, params);
    octets_of(base.pow_bounded_exp(&exponent.0, exponent.0.bits_precision()))
}

fn octets_of(mut power: BoxedMontyForm) -> Box<[u8]> {
    let mut value = power.retrieve();
    let octets = value.to_be_bytes();
    power.zeroize();
    value.zeroize();
    octets
}

/// What is worked out of a group once and is no secret.
struct Known {
    params: BoxedMontyParams,
    comb: Comb,
}

fn known(group: DhGroup) -> Result<&'static Known, CryptoError> {
    static ALL: [OnceLock<Known>; DhGroup::ALL.len()] =
        [const { OnceLock::new() }; DhGroup::ALL.len()];
    let place = DhGroup::ALL.iter().position(|known| *known == group);
    let unsupported = CryptoError::Unsupported {
        algorithm: group.name(),
    };
    let place = place.and_then(|place| ALL.get(place)).ok_or(unsupported)?;
    if let Some(known) = place.get() {
        return Ok(known);
    }
    let params = BoxedMontyParams::new_vartime(modulus(group)?);
    let generator = BoxedMontyForm::new(generator(group)?, &params);
    let comb = Comb::new(generator, exponent_bits(group) / TEETH);
    Ok(place.get_or_init(|| Known { params, comb }))
}

/// Powers of the generator by which a power of it takes fewer than half of the multiplications: the
/// exponent is cut into [`TEETH`] pieces of equal length, and one bit of each is done with at a time
/// (Lim and Lee, "More flexible exponentiation with precomputation", 1994).
struct Comb {
    /// Bits of a piece.
    columns: usize,
    /// By a set of pieces, the product of the generator to the weight of each one's lowest bit.
    products: Vec<BoxedUint>,
}

const TEETH: usize = 4;

impl Comb {
    fn new(generator: BoxedMontyForm, columns: usize) -> Self {
        let mut products = vec![BoxedMontyForm::one(generator.params())];
        let mut weight = generator;
        for _ in 0..TEETH {
            let with_this = products.iter().map(|product| product * &weight);
            products.extend(with_this.collect::<Vec<_>>());
            (0..columns).for_each(|_| weight = weight.square());
        }
        let products = products.iter().map(BoxedMontyForm::to_montgomery);
        Self {
            columns,
            products: products.collect(),
        }
    }

    /// Of the exponents that it is for.
    fn bits(&self) -> u32 {
        u32::try_from(self.columns * TEETH).unwrap_or(u32::MAX)
    }

    /// As [`power`] of the generator. Each product is read at each step, so that neither time nor
    /// memory tells which one was taken.
    fn power(&self, exponent: &Exponent, params: &BoxedMontyParams) -> Box<[u8]> {
        let words = exponent.0.as_words();
        let mut power = BoxedMontyForm::one(params);
        let mut factor = power.clone();
        for column in (0..self.columns).rev() {
            power = power.square();
            let teeth = (0..TEETH).map(|tooth| bit(words, tooth * self.columns + column) << tooth);
            let wanted = teeth.fold(0, |all, tooth| all | tooth);
            for (product, set) in self.products.iter().zip(0..) {
                let place = factor.as_montgomery_mut();
                place.ct_assign(product, wanted.ct_eq(&set));
            }
            power *= &factor;
        }
        factor.zeroize();
        octets_of(power)
    }
}

fn bit(words: &[Word], at: usize) -> Word {
    let size = Word::BITS as usize;
    let word = words.get(at / size).copied().unwrap_or_default();
    (word >> (at % size)) & 1
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Both ways to a public value agree, in the exponent's corners as well.
    #[test]
    fn the_comb_gives_what_an_exponentiation_gives() {
        for group in DhGroup::ALL {
            if primes::prime(group).is_none() {
                continue;
            }
            let len = exponent_bits(group) / 8;
            let mut exponents = vec![vec![0xff; len], vec![0x80; len], vec![0; len], vec![0; len]];
            exponents[2][len - 1] = 1;
            exponents[3][0] = 0x80;
            exponents.push((0..len).map(|at| (at * 37 + 11) as u8).collect());
            for octets in exponents {
                let exponent = exponent(group, &Secret::new(octets)).unwrap();
                let known = known(group).unwrap();
                assert_eq!(exponent.0.bits_precision(), known.comb.bits(), "{group:?}");
                assert_eq!(
                    known.comb.power(&exponent, &known.params),
                    power(generator(group).unwrap(), &exponent, &known.params),
                    "{group:?}"
                );
            }
        }
    }
}
