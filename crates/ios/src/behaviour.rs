//! What an IOS-XE router does where its file is silent, by release, each with its source.

use crate::config::License;
use crossgate_crypto::{DhGroup, Encr, Integ};
use crossgate_diag::Certainty::{Capture, Doc, Undocumented};
use crossgate_diag::Spanned;
use crossgate_model::behaviour::{
    FirstChildFailure, Margin, PfsUnset, RekeyMargin, ResponderSelectors, Retransmission,
};
use crossgate_model::{Behaviour, Claim, ThroughputCap};
use std::time::Duration;

/// Major and minor number: `17.9`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release {
    pub major: u16,
    pub minor: u16,
}

impl Release {
    /// What a file without a `version` line is taken for.
    pub const ASSUMED: Release = Release {
        major: 17,
        minor: 0,
    };

    /// From `17.9`, `17.09.04a`, `16.12`; `None` if it doesn't begin with two numbers.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let major = parts.next()?.parse().ok()?;
        let minor = parts.next()?;
        let digits = minor.bytes().take_while(u8::is_ascii_digit).count();
        let minor = minor.get(..digits)?.parse().ok()?;
        Some(Self { major, minor })
    }

    /// Several Child SAs on a VTI, by `tunnel protection ipsec policy`.
    pub(crate) fn has_multi_sa_vti(self) -> bool {
        (self.major, self.minor) >= (16, 12)
    }
}

/// Source of the claims about crypto configuration.
const YANG: &str = "Cisco IOS-XE YANG models 26.1.1";
const IKEV2_GUIDE: &str = "Cisco IOS-XE IKEv2 configuration guide";
const COMMANDS: &str = "Cisco IOS security command reference";

/// How a router of that release acts. `name` is the profile's own.
pub fn of(name: String) -> Behaviour {
    Behaviour {
        name,
        first_child_failure: Claim::new(
            FirstChildFailure::DeleteIkeSa,
            Capture,
            "published debug output of a Child refused in IKE_AUTH",
        ),
        accepts_narrowed_answer: Claim::new(true, Undocumented, "RFC 7296 §2.9 allows it"),
        pfs_unset: Claim::new(PfsUnset::AcceptPeersGroup, Doc, COMMANDS),
        retransmission: Claim::new(
            Retransmission::seconds(&[2, 4, 8, 16, 32, 64]),
            Undocumented,
            "five retransmissions, each after twice the time",
        ),
        child_rekey: Claim::new(
            RekeyMargin {
                before: Margin::Fixed(Duration::from_secs(30)),
                jitter_percent: 0,
                kilobytes: 256,
            },
            Doc,
            "Cisco IOS security command reference, set security-association lifetime",
        ),
        ike_rekey: Claim::new(
            RekeyMargin::DEFAULT,
            Undocumented,
            "some time before the lifetime ends",
        ),
        interface_survives_dead_peer: Claim::new(
            false,
            Undocumented,
            "a static VTI's line protocol follows its SA",
        ),
        tunnel_needs_address: Claim::new(
            true,
            Doc,
            "Cisco IOS IP addressing command reference: without `ip address` or `ip unnumbered` an \
             interface processes no IP",
        ),
        clamps_tcp_in_tunnels: Claim::new(
            false,
            Doc,
            "Cisco IOS IP application services command reference: only with `ip tcp adjust-mss`",
        ),
    }
}

/// A static VTI without a policy has one pair of selectors, any to any, and takes no less.
pub(crate) const VTI_SELECTORS: Claim<ResponderSelectors> = Claim::new(
    ResponderSelectors::MustCoverConfigured,
    Undocumented,
    "a static VTI offers and accepts any-any only; how it answers less is not written",
);

/// With an access list, of a VTI's policy or of a crypto map.
pub(crate) const LIST_SELECTORS: Claim<ResponderSelectors> = Claim::new(
    ResponderSelectors::Narrow,
    Undocumented,
    "RFC 7296 §2.9 recommends it",
);

/// How often an unanswered liveness request is sent before the peer counts as dead.
pub const LIVENESS_TRIES: Claim<usize> = Claim::new(
    5,
    Undocumented,
    "documented for IKEv1 only; the second number of `dpd` is the seconds between two",
);

/// Of an IKE SA.
pub(crate) const IKE_LIFETIME: Claim<Duration> = Claim::new(Duration::from_secs(86_400), Doc, YANG);

/// Of a Child SA.
pub(crate) const CHILD_LIFETIME: Claim<Duration> = Claim::new(Duration::from_secs(3600), Doc, YANG);

/// Of a Child SA, in kilobytes. Newer releases have none.
pub(crate) fn child_kilobytes(release: Release) -> Claim<Option<u64>> {
    match release.major {
        0..26 => Claim::new(Some(4_608_000), Doc, COMMANDS),
        _ => Claim::new(None, Doc, YANG),
    }
}

/// Packets.
pub(crate) const REPLAY_WINDOW: Claim<u32> = Claim::new(64, Doc, COMMANDS);

/// What `set pfs` alone means; nothing in newer releases.
pub(crate) fn bare_pfs(release: Release) -> Claim<Option<DhGroup>> {
    match release.major {
        0..26 => Claim::new(Some(DhGroup::Modp14), Doc, YANG),
        _ => Claim::new(None, Doc, YANG),
    }
}

/// What the export-controlled licence lets through: 85 Mbit/s each way and 225 tunnels, on ISRs
/// without `hseck9`. A file that doesn't tell the licence says nothing about it.
/// Source: Cisco's ISR licensing documents (CERM).
pub(crate) fn throughput_cap(license: &License) -> Option<Spanned<ThroughputCap>> {
    let line = license.security.filter(|_| !license.high_security)?;
    let product = license.product.as_deref();
    let is_isr = product.is_none_or(|p| p.starts_with("ISR") || p.starts_with("CISCO"));
    let cap = ThroughputCap {
        bits: 85_000_000,
        tunnels: 225,
    };
    is_isr.then_some(Spanned::at(cap, line))
}

/// The proposal that is offered where the file names none. PRFs are those of the integrity list.
pub struct DefaultProposal {
    pub encr: &'static [Encr],
    pub integ: &'static [Integ],
    pub groups: &'static [DhGroup],
}

pub fn default_proposal(release: Release) -> Claim<DefaultProposal> {
    match release.major {
        0..17 => Claim::new(
            DefaultProposal {
                encr: &[Encr::AesCbc256, Encr::AesCbc192, Encr::AesCbc128],
                integ: &[
                    Integ::HmacSha512_256,
                    Integ::HmacSha384_192,
                    Integ::HmacSha256_128,
                    Integ::HmacSha1_96,
                    Integ::HmacMd5_96,
                ],
                groups: &[DhGroup::Modp5, DhGroup::Modp2],
            },
            Capture,
            "published `show crypto ikev2 proposal` of 16.7",
        ),
        _ => Claim::new(
            DefaultProposal {
                encr: &[Encr::AesCbc256],
                integ: &[Integ::HmacSha512_256, Integ::HmacSha384_192],
                groups: &[DhGroup::Ecp19, DhGroup::Modp14, DhGroup::Ecp21],
            },
            Doc,
            IKEV2_GUIDE,
        ),
    }
}

/// The transform set of an IPsec profile or a crypto map that names none.
pub const DEFAULT_TRANSFORM: Claim<(Encr, Integ)> =
    Claim::new((Encr::AesCbc128, Integ::HmacSha1_96), Doc, IKEV2_GUIDE);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_two_numbers_and_whatever_follows() {
        let release = |major, minor| Some(Release { major, minor });
        assert_eq!(Release::parse("17.9"), release(17, 9));
        assert_eq!(Release::parse("17.09.04a"), release(17, 9));
        assert_eq!(Release::parse("15.2(4)M"), release(15, 2));
        assert_eq!(Release::parse("17"), None);
        assert_eq!(Release::parse("x.y"), None);
        assert!(
            Release {
                major: 16,
                minor: 12
            }
            .has_multi_sa_vti()
        );
        assert!(
            !Release {
                major: 16,
                minor: 11
            }
            .has_multi_sa_vti()
        );
    }
}
