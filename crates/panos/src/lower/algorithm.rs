//! Algorithms as PAN-OS calls them, both ways.

use crossgate_crypto::{DhGroup, Encr, Integ, Prf};
use crossgate_model::CannotSay;

const CIPHERS: [(&str, Encr); 7] = [
    ("des", Encr::Des),
    ("3des", Encr::TripleDes),
    ("aes-128-cbc", Encr::AesCbc128),
    ("aes-192-cbc", Encr::AesCbc192),
    ("aes-256-cbc", Encr::AesCbc256),
    ("aes-128-gcm", Encr::AesGcm128),
    ("aes-256-gcm", Encr::AesGcm256),
];

const GROUPS: [(&str, u16); 9] = [
    ("group1", 1),
    ("group2", 2),
    ("group5", 5),
    ("group14", 14),
    ("group15", 15),
    ("group16", 16),
    ("group19", 19),
    ("group20", 20),
    ("group21", 21),
];

pub fn encr(word: &str) -> Option<Encr> {
    let mut rows = CIPHERS.into_iter();
    rows.find(|(known, _)| *known == word).map(|(_, encr)| encr)
}

pub fn encr_word(encr: Encr) -> Result<&'static str, CannotSay> {
    let mut rows = CIPHERS.into_iter();
    let found = rows.find(|(_, known)| *known == encr).map(|(word, _)| word);
    found.ok_or_else(|| CannotSay(format!("PAN-OS doesn't have the cipher {}", encr.name())))
}

pub fn integ(word: &str) -> Option<Integ> {
    Integ::ALL.into_iter().find(|i| integ_word(*i) == word)
}

pub fn integ_word(integ: Integ) -> &'static str {
    match integ {
        Integ::HmacMd5_96 => "md5",
        Integ::HmacSha1_96 => "sha1",
        Integ::HmacSha256_128 => "sha256",
        Integ::HmacSha384_192 => "sha384",
        Integ::HmacSha512_256 => "sha512",
    }
}

/// The hash is the PRF as well.
pub fn prf_of(integ: Integ) -> Prf {
    match integ {
        Integ::HmacMd5_96 => Prf::HmacMd5,
        Integ::HmacSha1_96 => Prf::HmacSha1,
        Integ::HmacSha256_128 => Prf::HmacSha256,
        Integ::HmacSha384_192 => Prf::HmacSha384,
        Integ::HmacSha512_256 => Prf::HmacSha512,
    }
}

pub fn prf(word: &str) -> Option<Prf> {
    integ(word).map(prf_of)
}

/// With GCM, which has hash `non-auth`, PAN-OS takes the PRF from the group: up to group 19
/// SHA-256, with group 20 SHA-384 (vendor's document on IKE crypto profiles; SHA-512 with group 21
/// is believed).
pub fn prf_with_gcm(group: DhGroup) -> Prf {
    match group {
        DhGroup::Ecp20 => Prf::HmacSha384,
        DhGroup::Ecp21 => Prf::HmacSha512,
        _ => Prf::HmacSha256,
    }
}

pub fn group(word: &str) -> Option<DhGroup> {
    DhGroup::from_iana(word.strip_prefix("group")?.parse().ok()?)
}

pub fn group_word(group: DhGroup) -> Option<&'static str> {
    let mut rows = GROUPS.into_iter();
    rows.find(|(_, id)| *id == group.iana_id())
        .map(|(word, _)| word)
}
