//! Which of two algorithms is the stronger: a cure should keep it.

use super::suite::{EspSuite, IkeSuite};
use crossgate_crypto::{DhGroup, Encr, Integ, Prf};

/// Bits of security, about (NIST SP 800-57 part 1, table 2).
pub fn group(group: DhGroup) -> u32 {
    match group {
        DhGroup::Modp1 => 60,
        DhGroup::Modp2 => 80,
        DhGroup::Modp5 => 96,
        DhGroup::Modp14 | DhGroup::Modp24 => 112,
        DhGroup::Modp15 | DhGroup::Ecp19 | DhGroup::X25519 => 128,
        DhGroup::Modp16 => 152,
        DhGroup::Modp17 => 176,
        DhGroup::Modp18 | DhGroup::Ecp20 => 192,
        DhGroup::Ecp21 => 256,
    }
}

fn encr(encr: Encr) -> u32 {
    let bits = encr.key_len() as u32 * 8;
    match encr.is_weak() {
        true => bits / 4,
        // Of two with one key length, the combined one.
        false => bits + u32::from(encr.is_aead()),
    }
}

fn integ(integ: Option<Integ>) -> u32 {
    // The cipher's own: no reason to prefer another.
    integ.map_or(256, |integ| match integ {
        Integ::HmacMd5_96 => 64,
        Integ::HmacSha1_96 => 80,
        Integ::HmacSha256_128 => 128,
        Integ::HmacSha384_192 => 192,
        Integ::HmacSha512_256 => 256,
    })
}

fn prf(prf: Prf) -> u32 {
    match prf {
        Prf::HmacMd5 => 64,
        Prf::HmacSha1 => 80,
        Prf::HmacSha256 => 128,
        Prf::HmacSha384 => 192,
        Prf::HmacSha512 => 256,
    }
}

pub fn esp(suite: &EspSuite) -> u32 {
    encr(suite.encr) + integ(suite.integ)
}

pub fn ike(suite: &IkeSuite) -> u32 {
    let first = EspSuite {
        encr: suite.encr,
        integ: suite.integ,
    };
    esp(&first) + prf(suite.prf) + group(suite.group)
}
