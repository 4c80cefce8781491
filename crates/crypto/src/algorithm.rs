//! The algorithms by name, number and size, for IKE and ESP alike.
//!
//! Each algorithm is one row of its enum's `facts`. Numbers are those of the IANA registry
//! "IKEv2 Parameters", transform types 1 to 4; what counts as weak is what RFC 8247 and RFC 8221
//! say one MUST NOT or SHOULD NOT use. Some algorithms are only named: a configuration or a peer's
//! proposal that has them can be read and reported, but no key can be made for them.

use std::fmt;

use crate::error::CryptoError;

/// Encryption algorithms (transform type 1). GCM is with the 16-octet ICV only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Encr {
    Des,
    TripleDes,
    AesCbc128,
    AesCbc192,
    AesCbc256,
    AesGcm128,
    AesGcm192,
    AesGcm256,
}

struct EncrFacts {
    name: &'static str,
    iana: u16,
    key: usize,
    salt: usize,
    iv: usize,
    block: usize,
    icv: usize,
}

const fn encr(name: &'static str, iana: u16, [key, salt, iv, block, icv]: [usize; 5]) -> EncrFacts {
    EncrFacts {
        name,
        iana,
        key,
        salt,
        iv,
        block,
        icv,
    }
}

impl Encr {
    pub const ALL: [Self; 8] = [
        Self::Des,
        Self::TripleDes,
        Self::AesCbc128,
        Self::AesCbc192,
        Self::AesCbc256,
        Self::AesGcm128,
        Self::AesGcm192,
        Self::AesGcm256,
    ];

    // Sizes: key, salt, IV, block, ICV.
    const fn facts(self) -> EncrFacts {
        match self {
            Self::Des => encr("DES-CBC", 2, [8, 0, 8, 8, 0]),
            Self::TripleDes => encr("3DES-CBC", 3, [24, 0, 8, 8, 0]),
            Self::AesCbc128 => encr("AES-CBC-128", 12, [16, 0, 16, 16, 0]),
            Self::AesCbc192 => encr("AES-CBC-192", 12, [24, 0, 16, 16, 0]),
            Self::AesCbc256 => encr("AES-CBC-256", 12, [32, 0, 16, 16, 0]),
            Self::AesGcm128 => encr("AES-GCM-128", 20, [16, 4, 8, 1, 16]),
            Self::AesGcm192 => encr("AES-GCM-192", 20, [24, 4, 8, 1, 16]),
            Self::AesGcm256 => encr("AES-GCM-256", 20, [32, 4, 8, 1, 16]),
        }
    }

    pub const fn name(self) -> &'static str {
        self.facts().name
    }

    /// The transform ID.
    pub const fn iana_id(self) -> u16 {
        self.facts().iana
    }

    /// From the transform ID and the Key Length attribute in bits, which fixed-length ciphers lack.
    pub fn from_iana(id: u16, key_bits: Option<u16>) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|encr| encr.iana_id() == id && encr.key_length_attribute() == key_bits)
    }

    /// The Key Length attribute in bits that goes with the transform (RFC 7296 §3.3.5).
    pub const fn key_length_attribute(self) -> Option<u16> {
        match self {
            Self::Des | Self::TripleDes => None,
            Self::AesCbc128 | Self::AesGcm128 => Some(128),
            Self::AesCbc192 | Self::AesGcm192 => Some(192),
            Self::AesCbc256 | Self::AesGcm256 => Some(256),
        }
    }

    /// Octets of the cipher's key, without the salt.
    pub const fn key_len(self) -> usize {
        self.facts().key
    }

    /// Octets of the salt that follows the key in the key material (RFC 5282 §7.1, RFC 4106 §8.1).
    pub const fn salt_len(self) -> usize {
        self.facts().salt
    }

    /// Octets taken from the key material: key and salt.
    pub const fn keymat_len(self) -> usize {
        self.key_len() + self.salt_len()
    }

    /// Octets of the IV that travels with each packet.
    pub const fn iv_len(self) -> usize {
        self.facts().iv
    }

    /// The plaintext with its padding is a multiple of this many octets; 1 where any length goes.
    pub const fn block_len(self) -> usize {
        self.facts().block
    }

    /// Octets of the ICV that the cipher itself makes; 0 where an [`Integ`] makes it.
    pub const fn icv_len(self) -> usize {
        self.facts().icv
    }

    /// Whether the cipher authenticates by itself (combined mode).
    pub const fn is_aead(self) -> bool {
        self.icv_len() > 0
    }

    pub const fn is_weak(self) -> bool {
        matches!(self, Self::Des | Self::TripleDes)
    }

    pub const fn usable(self) -> bool {
        !matches!(self, Self::Des | Self::TripleDes)
    }

    pub(crate) const fn unsupported(self) -> CryptoError {
        CryptoError::Unsupported {
            algorithm: self.name(),
        }
    }
}

/// The hash functions beneath HMAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

/// Integrity algorithms (transform type 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Integ {
    HmacMd5_96,
    HmacSha1_96,
    HmacSha256_128,
    HmacSha384_192,
    HmacSha512_256,
}

struct IntegFacts {
    name: &'static str,
    iana: u16,
    key: usize,
    icv: usize,
    hash: Option<Hash>,
}

const fn integ(
    name: &'static str,
    iana: u16,
    [key, icv]: [usize; 2],
    hash: Option<Hash>,
) -> IntegFacts {
    IntegFacts {
        name,
        iana,
        key,
        icv,
        hash,
    }
}

impl Integ {
    pub const ALL: [Self; 5] = [
        Self::HmacMd5_96,
        Self::HmacSha1_96,
        Self::HmacSha256_128,
        Self::HmacSha384_192,
        Self::HmacSha512_256,
    ];

    // Sizes: key, truncated ICV (RFC 2403, RFC 2404, RFC 4868 §2.6).
    const fn facts(self) -> IntegFacts {
        match self {
            Self::HmacMd5_96 => integ("HMAC-MD5-96", 1, [16, 12], None),
            Self::HmacSha1_96 => integ("HMAC-SHA1-96", 2, [20, 12], Some(Hash::Sha1)),
            Self::HmacSha256_128 => integ("HMAC-SHA256-128", 12, [32, 16], Some(Hash::Sha256)),
            Self::HmacSha384_192 => integ("HMAC-SHA384-192", 13, [48, 24], Some(Hash::Sha384)),
            Self::HmacSha512_256 => integ("HMAC-SHA512-256", 14, [64, 32], Some(Hash::Sha512)),
        }
    }

    pub const fn name(self) -> &'static str {
        self.facts().name
    }

    /// The transform ID.
    pub const fn iana_id(self) -> u16 {
        self.facts().iana
    }

    pub fn from_iana(id: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|integ| integ.iana_id() == id)
    }

    /// Octets of the key.
    pub const fn key_len(self) -> usize {
        self.facts().key
    }

    /// Octets of the truncated ICV on the wire.
    pub const fn icv_len(self) -> usize {
        self.facts().icv
    }

    pub const fn is_weak(self) -> bool {
        matches!(self, Self::HmacMd5_96)
    }

    pub const fn usable(self) -> bool {
        self.facts().hash.is_some()
    }

    pub(crate) fn hash(self) -> Result<Hash, CryptoError> {
        self.facts().hash.ok_or(CryptoError::Unsupported {
            algorithm: self.name(),
        })
    }
}

/// Pseudorandom functions (transform type 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Prf {
    HmacMd5,
    HmacSha1,
    HmacSha256,
    HmacSha384,
    HmacSha512,
}

struct PrfFacts {
    name: &'static str,
    iana: u16,
    output: usize,
    hash: Option<Hash>,
}

const fn prf(name: &'static str, iana: u16, output: usize, hash: Option<Hash>) -> PrfFacts {
    PrfFacts {
        name,
        iana,
        output,
        hash,
    }
}

impl Prf {
    pub const ALL: [Self; 5] = [
        Self::HmacMd5,
        Self::HmacSha1,
        Self::HmacSha256,
        Self::HmacSha384,
        Self::HmacSha512,
    ];

    const fn facts(self) -> PrfFacts {
        match self {
            Self::HmacMd5 => prf("PRF-HMAC-MD5", 1, 16, None),
            Self::HmacSha1 => prf("PRF-HMAC-SHA1", 2, 20, Some(Hash::Sha1)),
            Self::HmacSha256 => prf("PRF-HMAC-SHA256", 5, 32, Some(Hash::Sha256)),
            Self::HmacSha384 => prf("PRF-HMAC-SHA384", 6, 48, Some(Hash::Sha384)),
            Self::HmacSha512 => prf("PRF-HMAC-SHA512", 7, 64, Some(Hash::Sha512)),
        }
    }

    pub const fn name(self) -> &'static str {
        self.facts().name
    }

    /// The transform ID.
    pub const fn iana_id(self) -> u16 {
        self.facts().iana
    }

    pub fn from_iana(id: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|prf| prf.iana_id() == id)
    }

    /// Octets of one output, which is also the preferred key length (RFC 7296 §2.13).
    pub const fn output_len(self) -> usize {
        self.facts().output
    }

    pub const fn is_weak(self) -> bool {
        matches!(self, Self::HmacMd5)
    }

    pub const fn usable(self) -> bool {
        self.facts().hash.is_some()
    }

    pub(crate) fn hash(self) -> Result<Hash, CryptoError> {
        self.facts().hash.ok_or(CryptoError::Unsupported {
            algorithm: self.name(),
        })
    }
}

/// Diffie-Hellman groups (transform type 4), named by their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DhGroup {
    Modp1,
    Modp2,
    Modp5,
    Modp14,
    Modp15,
    Modp16,
    Modp17,
    Modp18,
    Ecp19,
    Ecp20,
    Ecp21,
    /// 2048-bit MODP with a 256-bit subgroup (RFC 5114): named only.
    Modp24,
    X25519,
}

struct DhFacts {
    name: &'static str,
    iana: u16,
    public: usize,
    shared: usize,
}

const fn dh(name: &'static str, iana: u16, public: usize, shared: usize) -> DhFacts {
    DhFacts {
        name,
        iana,
        public,
        shared,
    }
}

impl DhGroup {
    pub const ALL: [Self; 13] = [
        Self::Modp1,
        Self::Modp2,
        Self::Modp5,
        Self::Modp14,
        Self::Modp15,
        Self::Modp16,
        Self::Modp17,
        Self::Modp18,
        Self::Ecp19,
        Self::Ecp20,
        Self::Ecp21,
        Self::Modp24,
        Self::X25519,
    ];

    // Octets of the public value, octets of the shared secret.
    const fn facts(self) -> DhFacts {
        match self {
            Self::Modp1 => dh("MODP-768", 1, 96, 96),
            Self::Modp2 => dh("MODP-1024", 2, 128, 128),
            Self::Modp5 => dh("MODP-1536", 5, 192, 192),
            Self::Modp14 => dh("MODP-2048", 14, 256, 256),
            Self::Modp15 => dh("MODP-3072", 15, 384, 384),
            Self::Modp16 => dh("MODP-4096", 16, 512, 512),
            Self::Modp17 => dh("MODP-6144", 17, 768, 768),
            Self::Modp18 => dh("MODP-8192", 18, 1024, 1024),
            Self::Ecp19 => dh("ECP-256", 19, 64, 32),
            Self::Ecp20 => dh("ECP-384", 20, 96, 48),
            Self::Ecp21 => dh("ECP-521", 21, 132, 66),
            Self::Modp24 => dh("MODP-2048-256", 24, 256, 256),
            Self::X25519 => dh("X25519", 31, 32, 32),
        }
    }

    pub const fn name(self) -> &'static str {
        self.facts().name
    }

    /// The transform ID, which is what people call the group's number.
    pub const fn iana_id(self) -> u16 {
        self.facts().iana
    }

    pub fn from_iana(id: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|group| group.iana_id() == id)
    }

    /// Octets of the public value in the KE payload.
    pub const fn public_len(self) -> usize {
        self.facts().public
    }

    /// Octets of the shared secret g^ir.
    pub const fn shared_len(self) -> usize {
        self.facts().shared
    }

    pub const fn is_weak(self) -> bool {
        matches!(self, Self::Modp1 | Self::Modp2 | Self::Modp5 | Self::Modp24)
    }

    pub const fn usable(self) -> bool {
        !matches!(self, Self::Modp24)
    }
}

macro_rules! display_name {
    ($($name:ty),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    )*};
}

display_name!(Encr, Integ, Prf, DhGroup);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_algorithm_is_found_again_by_its_number() {
        for encr in Encr::ALL {
            let found = Encr::from_iana(encr.iana_id(), encr.key_length_attribute());
            assert_eq!(found, Some(encr));
        }
        for integ in Integ::ALL {
            assert_eq!(Integ::from_iana(integ.iana_id()), Some(integ));
        }
        for prf in Prf::ALL {
            assert_eq!(Prf::from_iana(prf.iana_id()), Some(prf));
        }
        for group in DhGroup::ALL {
            assert_eq!(DhGroup::from_iana(group.iana_id()), Some(group));
        }
    }

    #[test]
    fn numbers_and_key_lengths_outside_the_tables_are_refused() {
        assert_eq!(Encr::from_iana(12, None), None);
        assert_eq!(Encr::from_iana(12, Some(64)), None);
        assert_eq!(Encr::from_iana(3, Some(192)), None);
        assert_eq!(Encr::from_iana(18, Some(128)), None, "8-octet ICV");
        assert_eq!(Encr::from_iana(19, Some(128)), None, "12-octet ICV");
        assert_eq!(Integ::from_iana(5), None);
        assert_eq!(Prf::from_iana(4), None);
        assert_eq!(DhGroup::from_iana(22), None);
    }
}
