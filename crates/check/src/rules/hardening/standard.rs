//! What each standard says of each algorithm: data, each row with its source.
//!
//! The baseline names what to avoid; the profiles name what is allowed. RFC 8247 §2.4 and the
//! profiles judge groups alike wherever they are used, so PFS has no rows of its own.

use crate::rule::Profile;
use crossgate_crypto::{DhGroup, Encr, Integ, Prf};
use crossgate_diag::Certainty;

/// Which protocol an algorithm protects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum For {
    Ike,
    Esp,
}

/// One algorithm of any kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Encr(Encr),
    Integ(Integ),
    Prf(Prf),
    Group(DhGroup),
}

impl Algorithm {
    pub fn name(self) -> &'static str {
        match self {
            Self::Encr(encr) => encr.name(),
            Self::Integ(integ) => integ.name(),
            Self::Prf(prf) => prf.name(),
            Self::Group(group) => group.name(),
        }
    }
}

/// Why an algorithm should not be used, and how sure that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Objection {
    pub why: &'static str,
    pub certainty: Certainty,
}

/// What RFC 8247 (IKE) and RFC 8221 (ESP) say not to use. RFC 8247 still has 3DES as MAY.
const AVOID: &[(For, Algorithm, Objection)] = {
    use Algorithm::{Encr as E, Group as G, Integ as I, Prf as P};
    &[
        (For::Ike, E(Encr::Des), rfc("MUST NOT, RFC 8247 §2.1")),
        (
            For::Ike,
            E(Encr::TripleDes),
            published("disallowed since 2024, NIST SP 800-131A Rev. 2 §2"),
        ),
        (For::Ike, P(Prf::HmacMd5), rfc("MUST NOT, RFC 8247 §2.2")),
        (
            For::Ike,
            I(Integ::HmacMd5_96),
            rfc("MUST NOT, RFC 8247 §2.3"),
        ),
        (For::Ike, G(DhGroup::Modp1), rfc("MUST NOT, RFC 8247 §2.4")),
        (
            For::Ike,
            G(DhGroup::Modp2),
            rfc("SHOULD NOT, RFC 8247 §2.4"),
        ),
        (
            For::Ike,
            G(DhGroup::Modp5),
            rfc("SHOULD NOT, RFC 8247 §2.4"),
        ),
        (
            For::Ike,
            G(DhGroup::Modp24),
            rfc("SHOULD NOT, RFC 8247 §2.4"),
        ),
        (For::Esp, E(Encr::Des), rfc("MUST NOT, RFC 8221 §5")),
        (For::Esp, E(Encr::TripleDes), rfc("SHOULD NOT, RFC 8221 §5")),
        (For::Esp, I(Integ::HmacMd5_96), rfc("MUST NOT, RFC 8221 §6")),
    ]
};

const fn rfc(why: &'static str) -> Objection {
    let certainty = Certainty::Rfc;
    Objection { why, certainty }
}

const fn published(why: &'static str) -> Objection {
    let certainty = Certainty::Standard;
    Objection { why, certainty }
}

/// Read in what others write about a standard, not in the standard.
const fn reported(why: &'static str) -> Objection {
    let certainty = Certainty::Undocumented;
    Objection { why, certainty }
}

/// A standard that names what is allowed, and of each kind what is said of all others.
struct Allowed {
    name: &'static str,
    encr: (&'static [Encr], Objection),
    integ: (&'static [Integ], Objection),
    prf: (&'static [Prf], Objection),
    groups: (&'static [DhGroup], Objection),
}

const AES: &[Encr] = &[
    Encr::AesCbc128,
    Encr::AesCbc192,
    Encr::AesCbc256,
    Encr::AesGcm128,
    Encr::AesGcm192,
    Encr::AesGcm256,
];
const SHA2: &[Integ] = &[
    Integ::HmacSha256_128,
    Integ::HmacSha384_192,
    Integ::HmacSha512_256,
];
const PRF_SHA2: &[Prf] = &[Prf::HmacSha256, Prf::HmacSha384, Prf::HmacSha512];

/// RFC 9206 is CNSA 1.0's profile for IPsec. CNSA 2.0 keeps its symmetric part and adds ML-KEM-1024
/// to the key exchange ([`post_quantum`]); its own profile for IPsec is a draft.
const CNSA2: Allowed = Allowed {
    name: "CNSA 2.0",
    encr: (
        &[Encr::AesGcm256],
        rfc("RFC 9206 §5 and §12: AES-GCM with a key of 256 bits, no other mode"),
    ),
    integ: (
        &[Integ::HmacSha384_192, Integ::HmacSha512_256],
        rfc("RFC 9206 §4 and §12: SHA-384, or SHA-512"),
    ),
    prf: (
        &[Prf::HmacSha384, Prf::HmacSha512],
        rfc("RFC 9206 §8: HMAC-SHA-384 or HMAC-SHA-512"),
    ),
    groups: (
        &[
            DhGroup::Ecp20,
            DhGroup::Modp15,
            DhGroup::Modp16,
            DhGroup::Modp17,
            DhGroup::Modp18,
        ],
        rfc("RFC 9206 §4 and §9: P-384, or MODP of 3072 bits and more"),
    ),
};

const BSI: Allowed = Allowed {
    name: "BSI TR-02102-3",
    encr: (AES, reported("BSI TR-02102-3 recommends AES")),
    integ: (
        SHA2,
        reported("BSI TR-02102-3 recommends HMAC with SHA-2; HMAC-SHA-1 left it in 2020"),
    ),
    prf: (
        PRF_SHA2,
        reported("BSI TR-02102-3 recommends HMAC with SHA-2; HMAC-SHA-1 left it in 2020"),
    ),
    groups: (
        &[
            DhGroup::Modp15,
            DhGroup::Modp16,
            DhGroup::Modp17,
            DhGroup::Modp18,
            DhGroup::Ecp19,
            DhGroup::Ecp20,
            DhGroup::Ecp21,
        ],
        reported("BSI TR-02102-3: MODP of 3000 bits and more since 2023, or a curve"),
    ),
};

/// Table 1, the column of what is recommended.
const NIST: Allowed = Allowed {
    name: "NIST SP 800-77 Rev. 1",
    encr: (
        AES,
        published("NIST SP 800-77 Rev. 1, table 1 and §4.1.4: AES; 3DES ended with 2023"),
    ),
    integ: (
        SHA2,
        published("NIST SP 800-77 Rev. 1, table 1 and §7.2.3: HMAC with SHA-2"),
    ),
    prf: (
        PRF_SHA2,
        published("NIST SP 800-77 Rev. 1, table 1 and §7.2.3: HMAC with SHA-2"),
    ),
    groups: (
        &[
            DhGroup::Modp14,
            DhGroup::Modp15,
            DhGroup::Modp16,
            DhGroup::Modp17,
            DhGroup::Modp18,
            DhGroup::Ecp19,
            DhGroup::Ecp20,
            DhGroup::Ecp21,
        ],
        published("NIST SP 800-77 Rev. 1, table 1 and §7.2.6: groups 14 to 21"),
    ),
};

fn allowed(profile: Profile) -> Option<&'static Allowed> {
    match profile {
        Profile::Baseline => None,
        Profile::Cnsa2 => Some(&CNSA2),
        Profile::Bsi => Some(&BSI),
        Profile::Nist => Some(&NIST),
    }
}

/// Why the algorithm should not be used; nothing if it may be.
pub(super) fn objection(profile: Profile, to: For, algorithm: Algorithm) -> Option<Objection> {
    match allowed(profile) {
        None => avoided(to, algorithm),
        Some(standard) => standard.objection(algorithm),
    }
}

fn avoided(to: For, algorithm: Algorithm) -> Option<Objection> {
    let is_group = matches!(algorithm, Algorithm::Group(_));
    AVOID
        .iter()
        .find(|(used, known, _)| *known == algorithm && (is_group || *used == to))
        .map(|(_, _, objection)| *objection)
}

impl Allowed {
    fn objection(&self, algorithm: Algorithm) -> Option<Objection> {
        let (fits, objection) = match algorithm {
            Algorithm::Encr(encr) => (self.encr.0.contains(&encr), self.encr.1),
            Algorithm::Integ(integ) => (self.integ.0.contains(&integ), self.integ.1),
            Algorithm::Prf(prf) => (self.prf.0.contains(&prf), self.prf.1),
            Algorithm::Group(group) => (self.groups.0.contains(&group), self.groups.1),
        };
        (!fits).then_some(objection)
    }
}

/// The standard that names what is allowed; the baseline only names what to avoid.
pub(super) fn name(profile: Profile) -> Option<&'static str> {
    allowed(profile).map(|standard| standard.name)
}

/// Whether the profile asks for protection against quantum computers, and where it says so.
pub(super) fn post_quantum(profile: Profile) -> Option<Objection> {
    match profile {
        Profile::Cnsa2 => Some(published(
            "CNSA 2.0 wants ML-KEM-1024 (RFC 9370 carries it in IKEv2)",
        )),
        Profile::Bsi => Some(reported(
            "BSI TR-02102-1 recommends key agreement that withstands quantum computers, beside a \
             classical one",
        )),
        Profile::Baseline | Profile::Nist => None,
    }
}

/// The suite to offer where two ends have nothing good in common. RFC 8247 requires group 14; the
/// profiles all have P-384 and AES-GCM with 256 bits, beside which nothing checks integrity.
pub(super) fn fallback(profile: Profile) -> (Encr, Integ, DhGroup) {
    match profile {
        Profile::Baseline => (Encr::AesCbc256, Integ::HmacSha256_128, DhGroup::Modp14),
        Profile::Cnsa2 => (Encr::AesGcm256, Integ::HmacSha384_192, DhGroup::Ecp20),
        Profile::Bsi | Profile::Nist => (Encr::AesCbc256, Integ::HmacSha384_192, DhGroup::Ecp20),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_baseline_avoids_exactly_what_the_rfcs_say_and_what_crypto_calls_weak() {
        for encr in Encr::ALL {
            for to in [For::Ike, For::Esp] {
                let why = objection(Profile::Baseline, to, Algorithm::Encr(encr));
                assert_eq!(why.is_some(), encr.is_weak(), "{encr} for {to:?}");
            }
        }
        for group in DhGroup::ALL {
            let why = objection(Profile::Baseline, For::Esp, Algorithm::Group(group));
            assert_eq!(why.is_some(), group.is_weak(), "{group}");
        }
        let sha1 = Algorithm::Integ(Integ::HmacSha1_96);
        assert_eq!(objection(Profile::Baseline, For::Ike, sha1), None);
    }

    #[test]
    fn what_a_profile_falls_back_to_it_allows() {
        for profile in [
            Profile::Baseline,
            Profile::Cnsa2,
            Profile::Bsi,
            Profile::Nist,
        ] {
            let (encr, integ, group) = fallback(profile);
            for algorithm in [
                Algorithm::Encr(encr),
                Algorithm::Integ(integ),
                Algorithm::Group(group),
            ] {
                for to in [For::Ike, For::Esp] {
                    assert_eq!(objection(profile, to, algorithm), None, "{profile:?}");
                }
            }
        }
    }

    #[test]
    fn a_profile_allows_no_less_than_its_boundary() {
        let group = |profile, group| objection(profile, For::Ike, Algorithm::Group(group));
        assert!(group(Profile::Bsi, DhGroup::Modp14).is_some());
        assert!(group(Profile::Bsi, DhGroup::Modp15).is_none());
        assert!(group(Profile::Cnsa2, DhGroup::Ecp19).is_some());
        assert!(group(Profile::Cnsa2, DhGroup::Ecp20).is_none());
        assert!(group(Profile::Nist, DhGroup::Modp14).is_none());
        assert!(group(Profile::Nist, DhGroup::Modp5).is_some());
        let cbc = Algorithm::Encr(Encr::AesCbc256);
        assert!(objection(Profile::Cnsa2, For::Esp, cbc).is_some());
        assert!(objection(Profile::Nist, For::Esp, cbc).is_none());
        let sha256 = Algorithm::Prf(Prf::HmacSha256);
        assert!(objection(Profile::Cnsa2, For::Ike, sha256).is_some());
        assert!(objection(Profile::Nist, For::Ike, sha256).is_none());
    }
}
