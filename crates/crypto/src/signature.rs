//! Signatures under certificates (RFC 5280 §4.1.1.3), verified.
//!
//! Verified are RSA (PKCS #1 v1.5 and PSS), ECDSA and Ed25519 over the hashes that certificates are
//! made with. SHA-1 too: whether a signature is its issuer's, and whether it is a good one, are two
//! questions.

use crate::CryptoError;
use aws_lc_rs::signature::{self as lib, UnparsedPublicKey, VerificationAlgorithm};

/// A hash that signatures are made over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

/// How a signature is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    RsaPkcs1(Hash),
    /// With a mask and a salt of the same hash (RFC 4055 §3.1).
    RsaPss(Hash),
    Ecdsa(Hash),
    Ed25519,
}

/// A public key as it stands in a certificate, without its algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublicKey<'a> {
    /// RSAPublicKey in DER (RFC 8017 §A.1.1), and the bits of its modulus.
    Rsa {
        der: &'a [u8],
        bits: u32,
    },
    /// Points on NIST's curves (RFC 5480 §2.2).
    P256(&'a [u8]),
    P384(&'a [u8]),
    P521(&'a [u8]),
    Ed25519(&'a [u8]),
}

/// Whether `signature` is one that the owner of `key` made over `message`.
///
/// # Errors
/// [`CryptoError::Unsupported`]: this can't be told here.
pub fn verify(
    scheme: Scheme,
    key: PublicKey<'_>,
    message: &[u8],
    signature: &[u8],
) -> Result<bool, CryptoError> {
    let (algorithm, key): (&'static dyn VerificationAlgorithm, &[u8]) = match (scheme, key) {
        (Scheme::RsaPkcs1(hash), PublicKey::Rsa { der, bits }) => (pkcs1(hash, bits)?, der),
        (Scheme::RsaPss(hash), PublicKey::Rsa { der, bits }) => (pss(hash, bits)?, der),
        (Scheme::Ecdsa(hash), PublicKey::P256(point)) => (p256(hash), point),
        (Scheme::Ecdsa(hash), PublicKey::P384(point)) => (p384(hash)?, point),
        (Scheme::Ecdsa(hash), PublicKey::P521(point)) => (p521(hash), point),
        (Scheme::Ed25519, PublicKey::Ed25519(octets)) => (&lib::ED25519, octets),
        // A key of one kind makes no signature of another.
        _ => return Ok(false),
    };
    let verified = UnparsedPublicKey::new(algorithm, key).verify(message, signature);
    Ok(verified.is_ok())
}

/// The library takes keys of 1024 to 8192 bits, of fewer than 2048 for some hashes only.
const MEDIUM: u32 = 2048;
const SHORT: u32 = 1024;
const LONG: u32 = 8192;

fn pkcs1(hash: Hash, bits: u32) -> Result<&'static dyn VerificationAlgorithm, CryptoError> {
    let least = if hash == Hash::Sha384 { MEDIUM } else { SHORT };
    if !(least..=LONG).contains(&bits) {
        return Err(odd_size());
    }
    Ok(match hash {
        Hash::Sha1 => &lib::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
        Hash::Sha256 => &lib::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
        Hash::Sha384 => &lib::RSA_PKCS1_2048_8192_SHA384,
        Hash::Sha512 => &lib::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
    })
}

fn pss(hash: Hash, bits: u32) -> Result<&'static dyn VerificationAlgorithm, CryptoError> {
    if !(MEDIUM..=LONG).contains(&bits) {
        return Err(odd_size());
    }
    match hash {
        Hash::Sha1 => Err(unsupported("RSASSA-PSS over SHA-1")),
        Hash::Sha256 => Ok(&lib::RSA_PSS_2048_8192_SHA256),
        Hash::Sha384 => Ok(&lib::RSA_PSS_2048_8192_SHA384),
        Hash::Sha512 => Ok(&lib::RSA_PSS_2048_8192_SHA512),
    }
}

fn p256(hash: Hash) -> &'static dyn VerificationAlgorithm {
    match hash {
        Hash::Sha1 => &lib::ECDSA_P256_SHA1_ASN1,
        Hash::Sha256 => &lib::ECDSA_P256_SHA256_ASN1,
        Hash::Sha384 => &lib::ECDSA_P256_SHA384_ASN1,
        Hash::Sha512 => &lib::ECDSA_P256_SHA512_ASN1,
    }
}

fn p384(hash: Hash) -> Result<&'static dyn VerificationAlgorithm, CryptoError> {
    match hash {
        Hash::Sha1 => Err(unsupported("ECDSA with P-384 over SHA-1")),
        Hash::Sha256 => Ok(&lib::ECDSA_P384_SHA256_ASN1),
        Hash::Sha384 => Ok(&lib::ECDSA_P384_SHA384_ASN1),
        Hash::Sha512 => Ok(&lib::ECDSA_P384_SHA512_ASN1),
    }
}

fn p521(hash: Hash) -> &'static dyn VerificationAlgorithm {
    match hash {
        Hash::Sha1 => &lib::ECDSA_P521_SHA1_ASN1,
        Hash::Sha256 => &lib::ECDSA_P521_SHA256_ASN1,
        Hash::Sha384 => &lib::ECDSA_P521_SHA384_ASN1,
        Hash::Sha512 => &lib::ECDSA_P521_SHA512_ASN1,
    }
}

const fn odd_size() -> CryptoError {
    unsupported("RSA with a key of that size")
}

const fn unsupported(algorithm: &'static str) -> CryptoError {
    CryptoError::Unsupported { algorithm }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::rsa::{KeyPair, KeySize};
    use aws_lc_rs::signature::KeyPair as _;
    use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, RsaEncoding};

    const MESSAGE: &[u8] = b"a certificate's body";

    /// True for what was signed, false for anything else.
    fn check(scheme: Scheme, key: PublicKey<'_>, signature: &[u8]) {
        assert_eq!(verify(scheme, key, MESSAGE, signature), Ok(true));
        assert_eq!(verify(scheme, key, b"another body", signature), Ok(false));
        let mut altered = signature.to_vec();
        let last = altered.len() - 1;
        altered[last] ^= 1;
        assert_eq!(verify(scheme, key, MESSAGE, &altered), Ok(false));
        assert_eq!(verify(scheme, key, MESSAGE, &[]), Ok(false));
    }

    fn rsa(pair: &KeyPair, encoding: &'static dyn RsaEncoding) -> Vec<u8> {
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(encoding, &SystemRandom::new(), MESSAGE, &mut signature)
            .expect("a signature");
        signature
    }

    #[test]
    fn an_rsa_signature_is_of_its_key_scheme_and_hash() {
        let pair = KeyPair::generate(KeySize::Rsa2048).expect("a key");
        let key = PublicKey::Rsa {
            der: pair.public_key().as_ref(),
            bits: 2048,
        };
        let made = [
            (
                Scheme::RsaPkcs1(Hash::Sha256),
                rsa(&pair, &lib::RSA_PKCS1_SHA256),
            ),
            (
                Scheme::RsaPkcs1(Hash::Sha384),
                rsa(&pair, &lib::RSA_PKCS1_SHA384),
            ),
            (
                Scheme::RsaPkcs1(Hash::Sha512),
                rsa(&pair, &lib::RSA_PKCS1_SHA512),
            ),
            (
                Scheme::RsaPss(Hash::Sha256),
                rsa(&pair, &lib::RSA_PSS_SHA256),
            ),
            (
                Scheme::RsaPss(Hash::Sha384),
                rsa(&pair, &lib::RSA_PSS_SHA384),
            ),
            (
                Scheme::RsaPss(Hash::Sha512),
                rsa(&pair, &lib::RSA_PSS_SHA512),
            ),
        ];
        for (scheme, signature) in &made {
            check(*scheme, key, signature);
            for (other, _) in made.iter().filter(|(other, _)| other != scheme) {
                assert_eq!(verify(*other, key, MESSAGE, signature), Ok(false));
            }
        }
    }

    #[test]
    fn signatures_of_curves_are_of_their_key() {
        let sign = |algorithm| {
            let pair = EcdsaKeyPair::generate(algorithm).expect("a key");
            let signature = pair
                .sign(&SystemRandom::new(), MESSAGE)
                .expect("a signature");
            (
                pair.public_key().as_ref().to_vec(),
                signature.as_ref().to_vec(),
            )
        };
        let (point, signature) = sign(&lib::ECDSA_P256_SHA256_ASN1_SIGNING);
        check(
            Scheme::Ecdsa(Hash::Sha256),
            PublicKey::P256(&point),
            &signature,
        );
        let (point, signature) = sign(&lib::ECDSA_P384_SHA384_ASN1_SIGNING);
        check(
            Scheme::Ecdsa(Hash::Sha384),
            PublicKey::P384(&point),
            &signature,
        );
        let (point, signature) = sign(&lib::ECDSA_P521_SHA512_ASN1_SIGNING);
        check(
            Scheme::Ecdsa(Hash::Sha512),
            PublicKey::P521(&point),
            &signature,
        );
        let pair = Ed25519KeyPair::generate().expect("a key");
        let key = PublicKey::Ed25519(pair.public_key().as_ref());
        check(Scheme::Ed25519, key, pair.sign(MESSAGE).as_ref());
        // The key of one kind, the signature of another.
        assert_eq!(
            verify(Scheme::RsaPkcs1(Hash::Sha256), key, MESSAGE, &signature),
            Ok(false)
        );
    }

    #[test]
    fn what_cannot_be_told_is_no_refusal() {
        let key = |bits| PublicKey::Rsa { der: &[], bits };
        let told = |scheme, key| verify(scheme, key, MESSAGE, &[]);
        assert!(told(Scheme::RsaPss(Hash::Sha1), key(2048)).is_err());
        assert!(told(Scheme::Ecdsa(Hash::Sha1), PublicKey::P384(&[])).is_err());
        for (hash, bits, is_told) in [
            (Hash::Sha256, 1023, false),
            (Hash::Sha256, 1024, true),
            (Hash::Sha384, 2047, false),
            (Hash::Sha384, 2048, true),
            (Hash::Sha512, 8192, true),
            (Hash::Sha512, 8193, false),
        ] {
            let said = told(Scheme::RsaPkcs1(hash), key(bits));
            assert_eq!(said.is_ok(), is_told, "{hash:?} {bits}");
        }
    }
}
