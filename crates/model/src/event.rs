//! What happens to a tunnel, told with both sides' values.
//!
//! An event's code is the vocabulary that `check`, `rehearse` and `diagnose` share. Texts in a
//! vendor's own words are made of events by the dialects.

use crate::selector::SelectorPair;
use serde::Serialize;
use std::fmt;
use std::net::SocketAddr;

/// Something that an operator may want to know.
#[derive(Clone, Debug)]
pub struct Event {
    /// The connection of the configuration, where one was found.
    pub connection: Option<String>,
    /// The Child of the configuration, for what concerns one.
    pub child: Option<String>,
    pub peer: Option<SocketAddr>,
    /// SPIs of the IKE SA (initiator's, responder's), where there is one.
    pub ike_spis: Option<(u64, u64)>,
    pub kind: EventKind,
}

/// Which end did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    Us,
    Peer,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Us => "us",
            Self::Peer => "the peer",
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// A negotiation begins; who began it.
    IkeStarted {
        by: Side,
    },
    IkeEstablished {
        suite: String,
        nat: bool,
    },
    IkeRekeyed {
        by: Side,
    },
    IkeDeleted {
        by: Side,
        reason: DeleteReason,
    },
    ChildInstalled {
        by: Side,
        selectors: SelectorPair,
        suite: String,
        spi_in: u32,
        spi_out: u32,
    },
    ChildRekeyed {
        by: Side,
        old_spi_in: u32,
        spi_in: u32,
        spi_out: u32,
    },
    ChildDeleted {
        by: Side,
        spi_in: u32,
        reason: DeleteReason,
    },

    /// No proposal is common. Each side's offer in the same notation.
    NoProposalChosen {
        exchange: Exchange,
        refused_by: Side,
        received: String,
        expected: String,
    },
    /// The KE payload had another group than the responder chose: one round trip more.
    InvalidKe {
        offered: u16,
        wanted: u16,
    },
    CookieRequired {
        by: Side,
    },
    /// The peer's identity matches no connection.
    IdentityUnmatched {
        received: String,
        expected: String,
    },
    /// AUTH did not verify: the keys differ, or what was signed.
    AuthenticationFailed {
        refused_by: Side,
        method: String,
        identity: String,
    },
    /// The method of authentication isn't the configured one.
    AuthMethodMismatch {
        received: String,
        expected: String,
    },
    TsUnacceptable {
        refused_by: Side,
        received: String,
        expected: String,
    },
    /// The answer was narrower than what we offered.
    SelectorsNarrowed {
        offered: SelectorPair,
        agreed: SelectorPair,
    },
    /// A Child exchange had no KE payload where PFS is wanted, or a group that is not.
    PfsMismatch {
        refused_by: Side,
        received: String,
        expected: String,
    },
    /// No connection of the configuration is for this peer.
    PeerUnknown,
    /// The peer answered a request with this error.
    PeerRefused {
        exchange: Exchange,
        notify: String,
    },
    /// No answer after all retransmissions.
    PeerDead {
        exchange: Exchange,
        sent: u32,
        seconds: u64,
    },
    Retransmitted {
        exchange: Exchange,
        attempt: u32,
    },
    /// The peer's address or port changed.
    PeerMoved {
        from: SocketAddr,
        to: SocketAddr,
    },
    NatDetected {
        local: bool,
        remote: bool,
    },
    /// A peer of our own kind would have ESP in UDP, and is not reached on port 4500: on with port
    /// 500 and IP protocol 50.
    FloatUnanswered,
    /// Both ends rekeyed at once; which SA stays.
    CollisionResolved {
        survivor: Side,
    },
    LimitReached {
        what: &'static str,
        limit: u32,
    },
    /// An IKE message that could not be read or had no business there.
    MessageRejected {
        exchange: Option<Exchange>,
        reason: String,
    },
    /// A weak algorithm is in use because the configuration asks for it.
    WeakAlgorithm {
        what: String,
    },
    /// An algorithm that the configuration asks for is known by name only, and so never offered.
    AlgorithmUnusable {
        what: String,
    },
    /// The configuration lacks what it takes to negotiate, and what.
    CannotStart {
        reason: String,
    },
}

/// Which exchange (RFC 7296 §1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Exchange {
    #[serde(rename = "IKE_SA_INIT")]
    IkeSaInit,
    #[serde(rename = "IKE_AUTH")]
    IkeAuth,
    #[serde(rename = "CREATE_CHILD_SA")]
    CreateChildSa,
    #[serde(rename = "INFORMATIONAL")]
    Informational,
}

impl fmt::Display for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::IkeSaInit => "IKE_SA_INIT",
            Self::IkeAuth => "IKE_AUTH",
            Self::CreateChildSa => "CREATE_CHILD_SA",
            Self::Informational => "INFORMATIONAL",
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeleteReason {
    /// An operator asked for it.
    Cleared,
    /// The configuration no longer has it.
    Reconfigured,
    /// Its successor is in use.
    Rekeyed,
    /// The hard lifetime ended before a rekey succeeded.
    Expired,
    Idle,
    PeerDead,
    /// The first Child failed and this vendor then drops the IKE SA.
    FirstChildFailed,
    /// The peer said so.
    ByPeer,
    /// INITIAL_CONTACT: the peer has forgotten it.
    PeerRestarted,
    Redundant,
    Shutdown,
    Failed,
}

impl fmt::Display for DeleteReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cleared => "cleared by the operator",
            Self::Reconfigured => "no longer configured",
            Self::Rekeyed => "replaced by a rekey",
            Self::Expired => "lifetime ended",
            Self::Idle => "idle",
            Self::PeerDead => "peer dead",
            Self::FirstChildFailed => "first Child SA failed",
            Self::ByPeer => "deleted by the peer",
            Self::PeerRestarted => "peer restarted",
            Self::Redundant => "redundant after a collision",
            Self::Shutdown => "shutting down",
            Self::Failed => "negotiation failed",
        })
    }
}

impl EventKind {
    /// Stable, in words; the same as `check`'s rule where one predicts it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::IkeStarted { .. } => "ike-sa-started",
            Self::IkeEstablished { .. } => "ike-sa-established",
            Self::IkeRekeyed { .. } => "ike-sa-rekeyed",
            Self::IkeDeleted { .. } => "ike-sa-deleted",
            Self::ChildInstalled { .. } => "child-sa-installed",
            Self::ChildRekeyed { .. } => "child-sa-rekeyed",
            Self::ChildDeleted { .. } => "child-sa-deleted",
            Self::NoProposalChosen { .. } => "no-proposal-chosen",
            Self::InvalidKe { .. } => "invalid-ke-payload",
            Self::CookieRequired { .. } => "cookie-required",
            Self::IdentityUnmatched { .. } => "identity-unmatched",
            Self::AuthenticationFailed { .. } => "authentication-failed",
            Self::AuthMethodMismatch { .. } => "auth-method-mismatch",
            Self::TsUnacceptable { .. } => "ts-unacceptable",
            Self::SelectorsNarrowed { .. } => "selectors-narrowed",
            Self::PfsMismatch { .. } => "pfs-mismatch",
            Self::PeerUnknown => "peer-unknown",
            Self::PeerRefused { .. } => "peer-refused",
            Self::PeerDead { .. } => "peer-dead",
            Self::Retransmitted { .. } => "retransmitted",
            Self::PeerMoved { .. } => "peer-moved",
            Self::NatDetected { .. } => "nat-detected",
            Self::FloatUnanswered => "float-unanswered",
            Self::CollisionResolved { .. } => "collision-resolved",
            Self::LimitReached { .. } => "limit-reached",
            Self::MessageRejected { .. } => "message-rejected",
            Self::WeakAlgorithm { .. } => "weak-algorithm",
            Self::AlgorithmUnusable { .. } => "algorithm-unusable",
            Self::CannotStart { .. } => "cannot-start",
        }
    }

    /// Whether it says that something the configuration wants did not happen.
    pub fn is_failure(&self) -> bool {
        matches!(
            self,
            Self::NoProposalChosen { .. }
                | Self::IdentityUnmatched { .. }
                | Self::AuthenticationFailed { .. }
                | Self::AuthMethodMismatch { .. }
                | Self::TsUnacceptable { .. }
                | Self::PfsMismatch { .. }
                | Self::PeerUnknown
                | Self::PeerRefused { .. }
                | Self::PeerDead { .. }
                | Self::LimitReached { .. }
                | Self::CannotStart { .. }
        )
    }
}

/// One plain sentence, for logs that are no vendor's.
impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IkeStarted { by } => write!(f, "IKE negotiation started by {by}"),
            Self::IkeEstablished { suite, nat } => {
                let nat = if *nat { ", NAT between" } else { "" };
                write!(f, "IKE SA established: {suite}{nat}")
            }
            Self::IkeRekeyed { by } => write!(f, "IKE SA rekeyed by {by}"),
            Self::IkeDeleted { by, reason } => write!(f, "IKE SA deleted by {by}: {reason}"),
            Self::ChildInstalled {
                selectors,
                suite,
                spi_in,
                spi_out,
                by,
            } => write!(
                f,
                "Child SA installed, asked for by {by}: {selectors}, {suite}, SPI in {spi_in:08x} out {spi_out:08x}"
            ),
            Self::ChildRekeyed {
                by,
                old_spi_in,
                spi_in,
                spi_out,
            } => write!(
                f,
                "Child SA {old_spi_in:08x} rekeyed by {by}: SPI in {spi_in:08x} out {spi_out:08x}"
            ),
            Self::ChildDeleted { by, spi_in, reason } => {
                write!(f, "Child SA {spi_in:08x} deleted by {by}: {reason}")
            }
            Self::NoProposalChosen {
                exchange,
                refused_by,
                received,
                expected,
            } => write!(
                f,
                "{exchange}: no proposal chosen, refused by {refused_by}: received {received}; expected {expected}"
            ),
            Self::InvalidKe { offered, wanted } => write!(
                f,
                "the KE payload had group {offered}, the responder wants {wanted}: one round trip more"
            ),
            Self::CookieRequired { by } => write!(f, "cookie required by {by}"),
            Self::IdentityUnmatched { received, expected } => {
                write!(
                    f,
                    "the peer says that it is {received}; expected {expected}"
                )
            }
            // AUTHENTICATION_FAILED has no room for a reason (RFC 7296 §2.21.2).
            Self::AuthenticationFailed {
                refused_by: Side::Peer,
                method,
                identity,
            } => write!(
                f,
                "authentication failed, refused by the peer, which doesn't say why: it expects another identity than {identity}, or has another {method} for it"
            ),
            Self::AuthenticationFailed {
                refused_by: Side::Us,
                method,
                identity,
            } => write!(
                f,
                "authentication failed, refused by us: {method} of {identity} did not verify"
            ),
            Self::AuthMethodMismatch { received, expected } => {
                write!(
                    f,
                    "the peer authenticates by {received}; expected {expected}"
                )
            }
            Self::TsUnacceptable {
                refused_by,
                received,
                expected,
            } => write!(
                f,
                "traffic selectors unacceptable, refused by {refused_by}: received {received}; expected {expected}"
            ),
            Self::SelectorsNarrowed { offered, agreed } => {
                write!(f, "traffic selectors narrowed from {offered} to {agreed}")
            }
            Self::PfsMismatch {
                refused_by,
                received,
                expected,
            } => write!(
                f,
                "PFS mismatch, refused by {refused_by}: received {received}; expected {expected}"
            ),
            Self::PeerUnknown => f.write_str("no connection is configured for this peer"),
            Self::PeerRefused { exchange, notify } => {
                write!(f, "{exchange} refused by the peer: {notify}")
            }
            Self::PeerDead {
                exchange,
                sent,
                seconds,
            } => write!(
                f,
                "peer dead: {exchange} unanswered, sent {sent} times in {seconds} s"
            ),
            Self::Retransmitted { exchange, attempt } => {
                write!(f, "{exchange} sent again, attempt {attempt}")
            }
            Self::PeerMoved { from, to } => write!(f, "peer moved from {from} to {to}"),
            Self::NatDetected { local, remote } => {
                write!(
                    f,
                    "NAT detected: before us {local}, before the peer {remote}"
                )
            }
            Self::FloatUnanswered => write!(
                f,
                "no answer on UDP port 4500: on with port 500, and ESP as IP protocol 50"
            ),
            Self::CollisionResolved { survivor } => {
                write!(f, "both ends rekeyed at once; the SA of {survivor} stays")
            }
            Self::LimitReached { what, limit } => write!(f, "limit reached: {what} {limit}"),
            Self::MessageRejected {
                exchange: Some(exchange),
                reason,
            } => {
                write!(f, "{exchange} message rejected: {reason}")
            }
            Self::MessageRejected {
                exchange: None,
                reason,
            } => {
                write!(f, "message rejected: {reason}")
            }
            Self::WeakAlgorithm { what } => {
                write!(
                    f,
                    "{what} is weak and used only because the configuration asks for it"
                )
            }
            Self::AlgorithmUnusable { what } => {
                write!(
                    f,
                    "{what} is configured but not implemented; it is not offered"
                )
            }
            Self::CannotStart { reason } => write!(f, "cannot negotiate: {reason}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(refused_by: Side) -> String {
        let event = EventKind::AuthenticationFailed {
            refused_by,
            method: "pre-shared key".to_owned(),
            identity: "fqdn branch.example.net".to_owned(),
        };
        event.to_string()
    }

    #[test]
    fn only_the_end_that_refuses_knows_that_it_is_the_key() {
        assert_eq!(
            failed(Side::Us),
            "authentication failed, refused by us: pre-shared key of fqdn branch.example.net did not verify"
        );
        assert_eq!(
            failed(Side::Peer),
            "authentication failed, refused by the peer, which doesn't say why: it expects another identity than fqdn branch.example.net, or has another pre-shared key for it"
        );
    }
}
