//! Every bound of the engine, by name. Reaching one that a peer can cause is a counter, and an
//! event where an operator can do something about it.

use std::time::Duration;

/// UDP port of IKE, and the one that it shares with ESP behind a NAT (RFC 7296 §2.23).
pub(crate) const IKE_PORT: u16 = 500;
pub(crate) const NAT_PORT: u16 = 4500;

/// Times that IKE_AUTH is sent to port 4500 of a peer of our own kind, before it goes to port 500.
pub(crate) const FLOATED_ATTEMPTS: u32 = 2;

/// Octets of a nonce that we draw: at least half of any PRF's key (RFC 7296 §2.10).
pub(crate) const NONCE_LEN: usize = 32;

/// Times that an initiator sends IKE_SA_INIT anew for a cookie or another group.
pub(crate) const MAX_INIT_ROUNDS: u8 = 6;

/// From the answer to IKE_SA_INIT until IKE_AUTH must have come.
pub(crate) const HALF_OPEN_LIFETIME: Duration = Duration::from_secs(30);

/// Half-open IKE SAs that one address may hold: cookies prove where a sender is, not that it means
/// well.
pub(crate) const MAX_HALF_OPEN_PER_SOURCE: u32 = 64;

/// Half-open IKE SAs of one address from which it is asked for a cookie: so few that whoever only
/// pretends to be there leaves most of its share to it.
pub(crate) const COOKIE_THRESHOLD_OF_SOURCE: u32 = 16;

/// How long an SA that the peer deleted still answers the repeated request.
pub(crate) const CLOSED_LINGER: Duration = Duration::from_secs(10);

/// Fragments of one message (RFC 7383), and octets of all of them.
pub(crate) const MAX_FRAGMENTS: u16 = 64;
pub(crate) const MAX_REASSEMBLED: usize = 65_535;

/// Least octets of content in a fragment, however small the configured size.
pub(crate) const MIN_FRAGMENT_CONTENT: usize = 64;

/// Requests that wait for their turn in one IKE SA.
pub(crate) const MAX_TASKS: usize = 1024;

/// SAs of one configured Child with one peer, and of one IKE SA.
pub(crate) const MAX_SAS_PER_CHILD: usize = 8;
pub(crate) const MAX_CHILDREN_PER_IKE: usize = 512;

/// Ranges of an answered selector list.
pub(crate) const MAX_SELECTORS: usize = 32;

/// A cookie secret is used so long, and its predecessor is honoured as long again.
pub(crate) const COOKIE_ROTATION: Duration = Duration::from_secs(60);

/// After the peer's rekey, and after it must have given up repeating its request: when we delete
/// the old Child or IKE SA ourselves.
pub(crate) const REPLACED_GRACE: Duration = Duration::from_secs(30);

/// IKE SAs of one connection that the peer has rekeyed and not deleted yet.
pub(crate) const MAX_REPLACED: usize = 4;

/// After our rekey of a Child: how long its inbound half still opens what was under way.
pub(crate) const RETIRED_LINGER: Duration = Duration::from_secs(1);

/// How long duplicates that crossing initiations made are both kept.
pub(crate) const DUPLICATE_GRACE: Duration = Duration::from_secs(3);

/// How long two SAs for one resource are both kept that the other end takes for two resources', and
/// those for single resources without the one for all.
pub(crate) const MISTAKEN_GRACE: Duration = Duration::from_secs(15);

/// How long a responder leaves it to the initiator to ask for the remaining Children.
pub(crate) const RESPONDER_PATIENCE: Duration = Duration::from_secs(3);

/// Between a TEMPORARY_FAILURE and the next try, plus up to as much again.
pub(crate) const TEMPORARY_FAILURE_WAIT: Duration = Duration::from_secs(2);

/// A peer that says TEMPORARY_FAILURE for so long has lost its way, and the IKE SA ends
/// (RFC 7296 §2.25: "several minutes").
pub(crate) const TEMPORARY_FAILURE_PATIENCE: Duration = Duration::from_secs(180);

/// Between a refused rekey and the next try.
pub(crate) const REKEY_RETRY: Duration = Duration::from_secs(15);

/// Between failed negotiations: first, and at most; and after a deletion, unless traffic wants it.
pub(crate) const RETRY_FIRST: Duration = Duration::from_secs(10);
pub(crate) const RETRY_MOST: Duration = Duration::from_secs(120);
pub(crate) const RESTART_WAIT: Duration = Duration::from_secs(5);

/// Unprotected answers to senders that we don't know, and events about them, each second.
pub(crate) const UNKNOWN_PER_SECOND: u32 = 10;
