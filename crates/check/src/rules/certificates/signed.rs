//! The signature under a certificate, and the key that others are verified with.

use crossgate_crypto::signature::{Hash, PublicKey, Scheme, verify};
use x509_cert::Certificate;
use x509_cert::der::asn1::{Any, AnyRef, ContextSpecific, ObjectIdentifier};
use x509_cert::der::{Decode, Reader, SliceReader, Tag, TagNumber, Tagged};
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

const fn oid(dotted: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(dotted)
}

/// RFC 4055 §5, RFC 3279 §2.2, RFC 5758 §3.2, RFC 8410 §3.
const SCHEMES: [(ObjectIdentifier, Scheme); 9] = [
    (oid("1.2.840.113549.1.1.5"), Scheme::RsaPkcs1(Hash::Sha1)),
    (oid("1.2.840.113549.1.1.11"), Scheme::RsaPkcs1(Hash::Sha256)),
    (oid("1.2.840.113549.1.1.12"), Scheme::RsaPkcs1(Hash::Sha384)),
    (oid("1.2.840.113549.1.1.13"), Scheme::RsaPkcs1(Hash::Sha512)),
    (oid("1.2.840.10045.4.1"), Scheme::Ecdsa(Hash::Sha1)),
    (oid("1.2.840.10045.4.3.2"), Scheme::Ecdsa(Hash::Sha256)),
    (oid("1.2.840.10045.4.3.3"), Scheme::Ecdsa(Hash::Sha384)),
    (oid("1.2.840.10045.4.3.4"), Scheme::Ecdsa(Hash::Sha512)),
    (oid("1.3.101.112"), Scheme::Ed25519),
];
const PSS: ObjectIdentifier = oid("1.2.840.113549.1.1.10");
const MGF1: ObjectIdentifier = oid("1.2.840.113549.1.1.8");

/// Hashes, and how many octets each has (RFC 4055 §2.1).
const HASHES: [(ObjectIdentifier, Hash, u32); 4] = [
    (oid("1.3.14.3.2.26"), Hash::Sha1, 20),
    (oid("2.16.840.1.101.3.4.2.1"), Hash::Sha256, 32),
    (oid("2.16.840.1.101.3.4.2.2"), Hash::Sha384, 48),
    (oid("2.16.840.1.101.3.4.2.3"), Hash::Sha512, 64),
];

const RSA: [ObjectIdentifier; 2] = [oid("1.2.840.113549.1.1.1"), PSS];
const EC: ObjectIdentifier = oid("1.2.840.10045.2.1");
const P256: ObjectIdentifier = oid("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = oid("1.3.132.0.34");
const P521: ObjectIdentifier = oid("1.3.132.0.35");
const ED25519: ObjectIdentifier = oid("1.3.101.112");

/// What is signed, and the signature.
#[derive(Clone, Debug)]
pub(super) struct Signed {
    /// The certificate but for its signature, octet for octet.
    body: Vec<u8>,
    signature: Vec<u8>,
    /// Absent: none that is verified here.
    scheme: Option<Scheme>,
    key: SubjectPublicKeyInfoOwned,
    /// Bits of its own key, if that is RSA.
    modulus: u32,
}

/// What comes of verifying.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verified {
    Yes,
    No,
    /// Nobody here knows that kind of signature or key.
    Untold,
}

impl Signed {
    pub fn of(der: &[u8], whole: &Certificate, modulus: u32) -> Option<Self> {
        Some(Self {
            body: body(der)?,
            signature: whole.signature().as_bytes()?.to_vec(),
            scheme: scheme(whole.signature_algorithm()),
            key: whole.tbs_certificate().subject_public_key_info().clone(),
            modulus,
        })
    }

    /// Whether the key of `issuer` made the signature.
    pub fn by(&self, issuer: &Signed) -> Verified {
        let (Some(scheme), Some(key)) = (self.scheme, issuer.public_key()) else {
            return Verified::Untold;
        };
        match verify(scheme, key, &self.body, &self.signature) {
            Ok(true) => Verified::Yes,
            Ok(false) => Verified::No,
            Err(_) => Verified::Untold,
        }
    }

    pub fn is_over_sha1(&self) -> bool {
        matches!(
            self.scheme,
            Some(
                Scheme::RsaPkcs1(Hash::Sha1)
                    | Scheme::RsaPss(Hash::Sha1)
                    | Scheme::Ecdsa(Hash::Sha1)
            )
        )
    }

    fn public_key(&self) -> Option<PublicKey<'_>> {
        let octets = self.key.subject_public_key.as_bytes()?;
        let algorithm = &self.key.algorithm;
        if RSA.contains(&algorithm.oid) {
            return Some(PublicKey::Rsa {
                der: octets,
                bits: self.modulus,
            });
        }
        if algorithm.oid == ED25519 {
            return Some(PublicKey::Ed25519(octets));
        }
        let curve = algorithm.parameters.as_ref()?;
        match curve.decode_as::<ObjectIdentifier>().ok()? {
            _ if algorithm.oid != EC => None,
            P256 => Some(PublicKey::P256(octets)),
            P384 => Some(PublicKey::P384(octets)),
            P521 => Some(PublicKey::P521(octets)),
            _ => None,
        }
    }
}

/// The first of the three parts of a certificate (RFC 5280 §4.1).
fn body(der: &[u8]) -> Option<Vec<u8>> {
    let mut reader = SliceReader::new(der).ok()?;
    let body = reader.sequence(|whole| {
        let body = whole.tlv_bytes()?;
        let _algorithm = AnyRef::decode(whole)?;
        let _signature = AnyRef::decode(whole)?;
        Ok::<_, x509_cert::der::Error>(body.to_vec())
    });
    body.ok()
}

fn scheme(algorithm: &AlgorithmIdentifierOwned) -> Option<Scheme> {
    if algorithm.oid == PSS {
        return pss(algorithm.parameters.as_ref()).map(Scheme::RsaPss);
    }
    let mut known = SCHEMES.iter();
    let found = known.find(|(oid, _)| *oid == algorithm.oid);
    found.map(|(_, scheme)| *scheme)
}

/// The hash of RSASSA-PSS-params (RFC 4055 §3.1), if mask and salt go with it.
fn pss(parameters: Option<&Any>) -> Option<Hash> {
    let parameters = parameters.filter(|any| any.tag() == Tag::Sequence)?;
    let mut reader = SliceReader::new(parameters.value()).ok()?;
    let mut algorithm = |number| {
        let field = ContextSpecific::<AlgorithmIdentifierOwned>::decode_explicit(
            &mut reader,
            TagNumber(number),
        );
        field.ok().map(|field| field.map(|field| field.value))
    };
    let (hash, mask) = (algorithm(0)?, algorithm(1)?);
    let salt = ContextSpecific::<u32>::decode_explicit(&mut reader, TagNumber(2)).ok()?;
    let of_mask = match mask {
        Some(mask) if mask.oid == MGF1 => Some(mask.parameters?.decode_as().ok()?),
        Some(_) => return None,
        None => None,
    };
    let (hash, length) = known_hash(hash.as_ref())?;
    let is_whole = known_hash(of_mask.as_ref())?.0 == hash;
    // The default is SHA-1's.
    let salt = salt.map_or(20, |salt| salt.value);
    (is_whole && salt == length).then_some(hash)
}

/// Absent is SHA-1.
fn known_hash(algorithm: Option<&AlgorithmIdentifierOwned>) -> Option<(Hash, u32)> {
    let mut known = HASHES.iter();
    let found = match algorithm {
        Some(algorithm) => known.find(|(oid, ..)| *oid == algorithm.oid),
        None => known.next(),
    };
    found.map(|(_, hash, length)| (*hash, *length))
}
