//! IOS's names of algorithms. They differ from print to print.

use crossgate_crypto::{DhGroup, Encr, Integ, Prf};

/// `AES-CBC, keysize: 256`, in `show crypto ikev2 sa`.
pub fn cipher(encr: Encr) -> String {
    match encr.key_length_attribute() {
        Some(bits) => format!("{}, keysize: {bits}", family(encr)),
        None => family(encr).to_owned(),
    }
}

/// `AES-CBC-256`, in `show crypto ikev2 proposal` and in debug output.
pub fn cipher_and_bits(encr: Encr) -> String {
    match encr.key_length_attribute() {
        Some(bits) => format!("{}-{bits}", family(encr)),
        None => family(encr).to_owned(),
    }
}

fn family(encr: Encr) -> &'static str {
    match encr {
        Encr::Des => "DES",
        Encr::TripleDes => "3DES",
        Encr::AesCbc128 | Encr::AesCbc192 | Encr::AesCbc256 => "AES-CBC",
        Encr::AesGcm128 | Encr::AesGcm192 | Encr::AesGcm256 => "AES-GCM",
    }
}

/// Integrity by the length of its tag where IOS does so: HMAC-SHA1-96 is `SHA96`.
pub fn integrity(integ: Integ) -> &'static str {
    match integ {
        Integ::HmacMd5_96 => "MD596",
        Integ::HmacSha1_96 => "SHA96",
        longer => digest(longer),
    }
}

/// The hash function of an integrity algorithm; the PRF that follows from it has the same name.
pub fn digest(integ: Integ) -> &'static str {
    match integ {
        Integ::HmacMd5_96 => "MD5",
        Integ::HmacSha1_96 => "SHA1",
        Integ::HmacSha256_128 => "SHA256",
        Integ::HmacSha384_192 => "SHA384",
        Integ::HmacSha512_256 => "SHA512",
    }
}

pub fn prf(prf: Prf) -> &'static str {
    match prf {
        Prf::HmacMd5 => "MD5",
        Prf::HmacSha1 => "SHA1",
        Prf::HmacSha256 => "SHA256",
        Prf::HmacSha384 => "SHA384",
        Prf::HmacSha512 => "SHA512",
    }
}

/// `DH_GROUP_2048_MODP/Group 14`.
pub fn group(group: DhGroup) -> String {
    let name = match group {
        DhGroup::Modp1 => "768_MODP",
        DhGroup::Modp2 => "1024_MODP",
        DhGroup::Modp5 => "1536_MODP",
        DhGroup::Modp14 => "2048_MODP",
        DhGroup::Modp15 => "3072_MODP",
        DhGroup::Modp16 => "4096_MODP",
        DhGroup::Modp17 => "6144_MODP",
        DhGroup::Modp18 => "8192_MODP",
        DhGroup::Ecp19 => "256_ECP",
        DhGroup::Ecp20 => "384_ECP",
        DhGroup::Ecp21 => "521_ECP",
        DhGroup::Modp24 => "2048_256_MODP",
        DhGroup::X25519 => "X25519",
    };
    format!("DH_GROUP_{name}/Group {}", group.iana_id())
}

/// A transform set's line: `esp-256-aes esp-sha256-hmac`.
pub fn transform(encr: Encr, integ: Option<Integ>) -> String {
    let cipher = match encr {
        Encr::Des => "esp-des",
        Encr::TripleDes => "esp-3des",
        Encr::AesCbc128 => "esp-aes",
        Encr::AesCbc192 => "esp-192-aes",
        Encr::AesCbc256 => "esp-256-aes",
        Encr::AesGcm128 => "esp-gcm",
        Encr::AesGcm192 => "esp-gcm 192",
        Encr::AesGcm256 => "esp-gcm 256",
    };
    match integ {
        Some(Integ::HmacSha1_96) => format!("{cipher} esp-sha-hmac"),
        Some(integ) => format!("{cipher} esp-{}-hmac", digest(integ).to_lowercase()),
        None => cipher.to_owned(),
    }
}

/// Octets of initialization vector in each packet.
pub fn iv_size(encr: Encr) -> usize {
    encr.iv_len()
}
