//! How PAN-OS acts where its configuration is silent, each claim with its source and certainty.

use crossgate_diag::Certainty::{Doc, Undocumented};
use crossgate_model::behaviour::{
    Behaviour, Claim, FirstChildFailure, Margin, PfsUnset, RekeyMargin, ResponderSelectors,
    Retransmission,
};

/// Seconds between sendings of a request that nobody answers: 7 min 15 s until the peer is dead.
const WAITS: [u64; 10] = [5, 10, 20, 40, 60, 60, 60, 60, 60, 60];

const LIVENESS_SOURCE: &str = "docs.paloaltonetworks.com, PAN-OS 11.x, IKEv2 liveness check";

/// PAN-OS of that release, as far as a file tells it.
pub fn of_release(release: Option<&str>) -> Behaviour {
    Behaviour {
        name: match release {
            Some(release) => format!("pan-os {release}"),
            None => "pan-os".to_owned(),
        },
        first_child_failure: Claim::new(
            FirstChildFailure::KeepIkeSa,
            Undocumented,
            "no document says otherwise; RFC 7296 §1.2 lets the IKE SA stand",
        ),
        accepts_narrowed_answer: Claim::new(
            true,
            Undocumented,
            "no document says otherwise; RFC 7296 §2.9 lets a responder narrow",
        ),
        pfs_unset: Claim::new(
            PfsUnset::Refuse,
            Undocumented,
            "documents tell of a profile with PFS and a peer without it only",
        ),
        retransmission: Claim::new(
            Retransmission::seconds(&WAITS),
            Undocumented,
            "as documented for liveness; other exchanges are believed to be alike",
        ),
        child_rekey: Claim::new(MARGIN, Undocumented, MARGIN_SOURCE),
        ike_rekey: Claim::new(MARGIN, Undocumented, MARGIN_SOURCE),
        interface_survives_dead_peer: Claim::new(
            true,
            Doc,
            "docs.paloaltonetworks.com: without tunnel monitoring the tunnel interface stays up",
        ),
        tunnel_needs_address: Claim::new(
            false,
            Doc,
            "docs.paloaltonetworks.com: a tunnel interface needs an address for tunnel monitoring \
             and routing protocols only",
        ),
        clamps_tcp_in_tunnels: Claim::new(
            true,
            Doc,
            "knowledgebase.paloaltonetworks.com, how the firewall handles packets that exceed the \
             MTU: it changes the MSS of handshakes through an IPsec tunnel that ends there by itself",
        ),
    }
}

/// The margin is drawn anew each time, so that two PAN-OS ends seldom rekey together.
const MARGIN: RekeyMargin = RekeyMargin {
    before: Margin::Percent(10),
    jitter_percent: 50,
    kilobytes: 256,
};
const MARGIN_SOURCE: &str = "that it rekeys before the end is documented, how long before is not";

/// When an unanswered liveness probe is sent again.
pub fn liveness_retransmission() -> Claim<Retransmission> {
    Claim::new(Retransmission::seconds(&WAITS), Doc, LIVENESS_SOURCE)
}

/// What a proxy ID answers to a peer's offer: a wider offer is narrowed to it, a narrower one has
/// no proxy ID that matches.
pub fn responder_selectors() -> Claim<ResponderSelectors> {
    Claim::new(
        ResponderSelectors::MustCoverConfigured,
        Undocumented,
        "a proxy ID must match the peer's, says the vendor; narrowing a wider offer is RFC 7296 §2.9",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_peer_is_dead_after_seven_minutes_and_a_quarter() {
        let total = liveness_retransmission().value.total();
        assert_eq!(total.as_secs(), 7 * 60 + 15);
        assert_eq!(of_release(Some("11.1.0")).name, "pan-os 11.1.0");
    }
}
