//! What a certificate says, as far as rules look at it (RFC 5280, RFC 4945).

use super::signed::{Signed, Verified};
use std::fmt;
use std::net::IpAddr;
use x509_cert::Certificate;
use x509_cert::certificate::Version;
use x509_cert::der::asn1::{ObjectIdentifier, UintRef};
use x509_cert::der::{Decode, Encode, Reader, SliceReader};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAltName,
    SubjectKeyIdentifier,
};
use x509_cert::name::Name;
use x509_cert::spki::SubjectPublicKeyInfoOwned;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

/// Named curves (RFC 5480 §2.1.1.1) and their bits.
const CURVES: [(ObjectIdentifier, u32); 4] = [
    (ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.1"), 192),
    (ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"), 256),
    (ObjectIdentifier::new_unwrap("1.3.132.0.34"), 384),
    (ObjectIdentifier::new_unwrap("1.3.132.0.35"), 521),
];

/// Signature algorithms over hashes that collide (RFC 3279 §2.2), and that nothing verifies.
const BROKEN: [(ObjectIdentifier, &str); 2] = [
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.2"), "MD2"),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.4"), "MD5"),
];

/// id-kp-ipsecIKE and anyExtendedKeyUsage (RFC 4945 §5.1.3.12).
const FIT_FOR_IKE: [ObjectIdentifier; 2] = [
    ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.17"),
    ObjectIdentifier::new_unwrap("2.5.29.37.0"),
];

/// A public key by kind and size in bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Rsa(u32),
    Ec(u32),
    Other,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa(bits) => write!(f, "an RSA key of {bits} bits"),
            Self::Ec(bits) => write!(f, "an elliptic-curve key of {bits} bits"),
            Self::Other => f.write_str("a key of another kind"),
        }
    }
}

/// The parts of a certificate that rules ask for.
#[derive(Clone, Debug)]
pub(super) struct Parsed {
    pub subject: String,
    /// Distinguished names, in DER.
    pub subject_der: Vec<u8>,
    pub issuer: String,
    pub issuer_der: Vec<u8>,
    /// Seconds since 1970, both included.
    pub valid_from: i64,
    pub valid_to: i64,
    pub key: Key,
    /// The hash of its signature, if it is one that collides.
    pub broken_hash: Option<&'static str>,
    pub names: Names,
    /// Absent: the certificate doesn't limit its use.
    pub may_sign: Option<bool>,
    pub may_ike: Option<bool>,
    /// Whether it says that it may issue others. Absent before version 3, which can't say.
    pub is_authority: Option<bool>,
    pub signed: Signed,
    pub key_id: Option<Vec<u8>>,
    pub issuer_key_id: Option<Vec<u8>>,
}

/// The subject's alternative names.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    pub dns: Vec<String>,
    pub email: Vec<String>,
    pub address: Vec<IpAddr>,
}

impl Parsed {
    /// Nothing if it isn't X.509 in DER.
    pub fn from_der(der: &[u8]) -> Option<Self> {
        let whole = Certificate::from_der(der).ok()?;
        let body = whole.tbs_certificate();
        let seconds = |time: x509_cert::time::Time| time.to_unix_duration().as_secs();
        let signed_by = whole.signature_algorithm().oid;
        let usage = body
            .get_extension::<KeyUsage>()
            .ok()?
            .map(|(_, usage)| usage);
        let extended = body.get_extension::<ExtendedKeyUsage>().ok()?;
        let names = body.get_extension::<SubjectAltName>().ok()?;
        let key_id = body.get_extension::<SubjectKeyIdentifier>().ok()?;
        let issuer_key_id = body.get_extension::<AuthorityKeyIdentifier>().ok()?;
        let constraints = body.get_extension::<BasicConstraints>().ok()?;
        let key = key(body.subject_public_key_info());
        let modulus = match key {
            Key::Rsa(bits) => bits,
            _ => 0,
        };
        let signed = Signed::of(der, &whole, modulus)?;
        let fits = |oid: &ObjectIdentifier| FIT_FOR_IKE.contains(oid);
        Some(Self {
            subject: printable(body.subject()),
            subject_der: body.subject().to_der().ok()?,
            issuer: printable(body.issuer()),
            issuer_der: body.issuer().to_der().ok()?,
            valid_from: i64::try_from(seconds(body.validity().not_before)).ok()?,
            valid_to: i64::try_from(seconds(body.validity().not_after)).ok()?,
            key,
            broken_hash: match signed.is_over_sha1() {
                true => Some("SHA-1"),
                false => of(&BROKEN, &signed_by),
            },
            names: names.map_or_else(Names::default, |(_, names)| all_names(&names)),
            may_sign: usage.map(|usage| usage.digital_signature() || usage.non_repudiation()),
            may_ike: extended.map(|(_, extended)| extended.0.iter().any(fits)),
            is_authority: (body.version() == Version::V3)
                .then(|| constraints.is_some_and(|(_, constraints)| constraints.ca)),
            signed,
            key_id: key_id.map(|(_, id)| id.0.as_bytes().to_vec()),
            issuer_key_id: issuer_key_id
                .and_then(|(_, id)| Some(id.key_identifier?.as_bytes().to_vec())),
        })
    }

    /// Whether `issuer` issued it: it has the name, the key identifier and the key.
    pub fn issued_by(&self, issuer: &Parsed) -> Issued {
        if !self.names_as_issuer(issuer) {
            return Issued::ByAnother;
        }
        match self.signed.by(&issuer.signed) {
            Verified::Yes => Issued::ByIt,
            Verified::No => Issued::InItsName,
            Verified::Untold => Issued::Untold,
        }
    }

    /// Whether `issuer` may have issued it, by names and key identifiers (RFC 5280 §4.2.1.1).
    fn names_as_issuer(&self, issuer: &Parsed) -> bool {
        let same_key = match (&self.issuer_key_id, &issuer.key_id) {
            (Some(ours), Some(theirs)) => ours == theirs,
            _ => true,
        };
        self.issuer_der == issuer.subject_der && same_key
    }

    pub fn may_issue(&self) -> bool {
        self.is_authority != Some(false)
    }

    pub fn is_self_issued(&self) -> bool {
        self.names_as_issuer(self)
    }
}

/// What one certificate has to do with another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Issued {
    ByIt,
    ByAnother,
    /// It names that issuer, whose key didn't sign it.
    InItsName,
    /// It names that issuer; its signature can't be verified here.
    Untold,
}

/// Without control characters, whatever the certificate has.
fn printable(name: &Name) -> String {
    name.to_string().escape_debug().to_string()
}

fn of<T: Copy>(table: &[(ObjectIdentifier, T)], oid: &ObjectIdentifier) -> Option<T> {
    let found = table.iter().find(|(known, _)| known == oid);
    found.map(|(_, value)| *value)
}

fn key(info: &SubjectPublicKeyInfoOwned) -> Key {
    match info.algorithm.oid {
        RSA | RSA_PSS => info
            .subject_public_key
            .as_bytes()
            .and_then(modulus_bits)
            .map_or(Key::Other, Key::Rsa),
        EC => {
            let curve = info.algorithm.parameters.as_ref();
            let curve = curve.and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
            let bits = curve.and_then(|curve| of(&CURVES, &curve));
            bits.map_or(Key::Other, Key::Ec)
        }
        _ => Key::Other,
    }
}

/// RSAPublicKey (RFC 8017 §A.1.1): a sequence of modulus and exponent.
fn modulus_bits(der: &[u8]) -> Option<u32> {
    let mut reader = SliceReader::new(der).ok()?;
    let bits = reader.sequence(|body| {
        let modulus = UintRef::decode(body)?;
        let _exponent = UintRef::decode(body)?;
        Ok::<_, x509_cert::der::Error>(bit_length(modulus.as_bytes()))
    });
    bits.ok()
}

fn bit_length(octets: &[u8]) -> u32 {
    let first = octets.first().map_or(8, |first| first.leading_zeros());
    u32::try_from(octets.len() * 8).map_or(u32::MAX, |bits| bits.saturating_sub(first))
}

fn all_names(extension: &SubjectAltName) -> Names {
    let mut names = Names::default();
    for name in &extension.0 {
        match name {
            GeneralName::DnsName(name) => names.dns.push(name.to_string()),
            GeneralName::Rfc822Name(name) => names.email.push(name.to_string()),
            GeneralName::IpAddress(octets) => names.address.extend(address(octets.as_bytes())),
            _ => {}
        }
    }
    names
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(octets).ok().map(IpAddr::from);
    v4.or_else(|| <[u8; 16]>::try_from(octets).ok().map(IpAddr::from))
}
