//! How a vendor's box acts where the configuration is silent: values, each with its source and
//! certainty. The engines obey them, so that our "Cisco" behaves like a Cisco.

use crossgate_diag::Certainty;
use std::time::Duration;

/// A value, and why we believe it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim<T> {
    pub value: T,
    pub certainty: Certainty,
    /// Where it is written: an RFC's section, a vendor's document, a capture.
    pub source: &'static str,
}

impl<T> Claim<T> {
    pub const fn new(value: T, certainty: Certainty, source: &'static str) -> Self {
        Self {
            value,
            certainty,
            source,
        }
    }
}

/// One vendor's release, where it differs from others or from the RFC.
#[derive(Clone, Debug)]
pub struct Behaviour {
    /// `ios-xe 17.9`, `pan-os 11.1`, `rfc7296`.
    pub name: String,
    pub first_child_failure: Claim<FirstChildFailure>,
    /// Whether, as initiator, an answer narrower than the offer is taken (RFC 7296 §2.9).
    pub accepts_narrowed_answer: Claim<bool>,
    /// What a responder without PFS does with a KE payload at a rekey.
    pub pfs_unset: Claim<PfsUnset>,
    pub retransmission: Claim<Retransmission>,
    pub child_rekey: Claim<RekeyMargin>,
    pub ike_rekey: Claim<RekeyMargin>,
    /// Whether a tunnel interface stays up when its peer is dead.
    pub interface_survives_dead_peer: Claim<bool>,
    /// Whether a tunnel interface passes IPv4 only while it has an IPv4 address.
    pub tunnel_needs_address: Claim<bool>,
    /// Whether TCP's segments are clamped to what fits the tunnel, without being told to.
    pub clamps_tcp_in_tunnels: Claim<bool>,
}

impl Behaviour {
    /// What RFC 7296 says or recommends, with our own timers.
    pub fn rfc7296() -> Self {
        let rfc = |source| (Certainty::Rfc, source);
        fn claim<T>(value: T, (certainty, source): (Certainty, &'static str)) -> Claim<T> {
            Claim::new(value, certainty, source)
        }
        Self {
            name: "rfc7296".into(),
            first_child_failure: claim(FirstChildFailure::KeepIkeSa, rfc("RFC 7296 §1.2")),
            accepts_narrowed_answer: claim(true, rfc("RFC 7296 §2.9")),
            pfs_unset: claim(PfsUnset::Refuse, rfc("RFC 7296 §3.3.6")),
            retransmission: claim(Retransmission::default(), rfc("RFC 7296 §2.4")),
            child_rekey: claim(RekeyMargin::DEFAULT, rfc("RFC 7296 §2.8")),
            ike_rekey: claim(RekeyMargin::DEFAULT, rfc("RFC 7296 §2.8")),
            interface_survives_dead_peer: claim(true, rfc("not specified")),
            tunnel_needs_address: claim(false, rfc("RFC 4301 knows no addresses of tunnels")),
            clamps_tcp_in_tunnels: claim(false, rfc("RFC 4301 changes no inner packet")),
        }
    }
}

/// What becomes of the IKE SA when the Child inside IKE_AUTH fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstChildFailure {
    KeepIkeSa,
    DeleteIkeSa,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PfsUnset {
    /// Any group that the peer offers and the engine can compute.
    AcceptPeersGroup,
    /// Prefers NONE; an offer with groups only is refused.
    Refuse,
}

/// How a responder treats a peer's selectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponderSelectors {
    /// The intersection, if there is one (RFC 7296 §2.9).
    Narrow,
    /// The offer must cover what is configured; the answer is what is configured.
    MustCoverConfigured,
    /// The offer must be exactly what is configured.
    Exact,
}

impl ResponderSelectors {
    /// What it does, as a sentence's end.
    pub fn words(self) -> &'static str {
        match self {
            Self::Narrow => "narrows an offer to what both sides select",
            Self::MustCoverConfigured => {
                "narrows an offer to its own selectors, and refuses one that does not cover them"
            }
            Self::Exact => "refuses an offer that is not exactly its own selectors",
        }
    }
}

/// When an unanswered request is sent again, and when its sender gives up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retransmission {
    /// How long to wait after each sending; after the last wait the peer counts as dead.
    pub waits: Vec<Duration>,
}

impl Retransmission {
    pub fn seconds(waits: &[u64]) -> Self {
        Self {
            waits: waits.iter().copied().map(Duration::from_secs).collect(),
        }
    }

    /// From the first sending to giving up.
    pub fn total(&self) -> Duration {
        self.waits.iter().sum()
    }
}

/// About two and a half minutes, doubling from one second.
impl Default for Retransmission {
    fn default() -> Self {
        Self::seconds(&[1, 2, 4, 8, 16, 32, 45, 45])
    }
}

/// How an end asks whether its peer is alive (RFC 7296 §2.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Liveness {
    /// Without anything from the peer for so long, it is asked.
    pub interval: Duration,
    /// Ask only when there is traffic to send and none has come.
    pub on_demand: bool,
    pub retransmission: Retransmission,
}

/// How long before the hard lifetime an end rekeys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RekeyMargin {
    /// Rekey so long before the end…
    pub before: Margin,
    /// …and up to this share of the margin earlier still, drawn at random, so that both ends do
    /// not start at once.
    pub jitter_percent: u8,
    /// Kilobytes before the hard limit in kilobytes.
    pub kilobytes: u64,
}

impl RekeyMargin {
    pub const DEFAULT: RekeyMargin = RekeyMargin {
        before: Margin::Percent(10),
        jitter_percent: 50,
        kilobytes: 256,
    };

    /// When to rekey, counted from the SA's birth. `draw` is a random number below 2^16.
    /// A lifetime shorter than twice the margin is rekeyed at its half at the latest.
    pub fn soft(&self, lifetime: Duration, draw: u16) -> Duration {
        let margin = match self.before {
            Margin::Fixed(margin) => margin,
            Margin::Percent(percent) => lifetime * u32::from(percent) / 100,
        };
        let share = u32::from(self.jitter_percent) * u32::from(draw) / 65_536;
        let margin = margin + margin * share / 100;
        lifetime.saturating_sub(margin.min(lifetime / 2))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Margin {
    Fixed(Duration),
    /// Of the lifetime.
    Percent(u8),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_lifetime_comes_before_the_hard_one_whatever_is_drawn() {
        let hour = Duration::from_secs(3600);
        let thirty = RekeyMargin {
            before: Margin::Fixed(Duration::from_secs(30)),
            jitter_percent: 0,
            kilobytes: 256,
        };
        assert_eq!(thirty.soft(hour, u16::MAX), Duration::from_secs(3570));
        assert_eq!(
            RekeyMargin::DEFAULT.soft(hour, 0),
            Duration::from_secs(3240)
        );
        assert!(RekeyMargin::DEFAULT.soft(hour, u16::MAX) > Duration::from_secs(3050));
        let short = Duration::from_secs(40);
        assert_eq!(thirty.soft(short, 0), Duration::from_secs(20));
    }
}
