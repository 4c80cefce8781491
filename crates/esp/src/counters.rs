//! Every refusal by its name, and what each adds to its Child's counters.

use crossgate_model::view::ChildCounters;
use std::collections::BTreeMap;
use std::fmt;

/// Why a packet went no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DropReason {
    /// To be sealed, but no IP packet, or cut short.
    NotIp,
    /// No policy of the interface selects the packet, so it may go nowhere (fail closed).
    NoPolicy,
    /// The policy selects it, but the agreed selectors are narrower.
    OutsideAgreed,
    /// As many packets as may wait for an SA do.
    QueueFull,
    /// It waited for an SA that did not come in time.
    WaitedTooLong,
    /// It waited for an SA, and its policy went away.
    PolicyGone,
    /// The SA's lifetime is over.
    SendLifetimeEnded,
    /// The SA's sequence numbers are used up.
    SequenceExhausted,
    /// Sealed it would be longer than an IP packet can be.
    TooLong,
    /// It doesn't fit the path and may not be fragmented.
    TooBig,
    /// The library refused to encrypt.
    CipherFailed,
    /// Received, but no ESP packet.
    NotEsp,
    /// Nobody has this SPI.
    UnknownSpi,
    /// The SA's lifetime is over.
    ReceiveLifetimeEnded,
    /// The sequence number has been seen, or is behind the window.
    Replayed,
    /// The ICV did not verify, or there is no room for one.
    BadIcv,
    /// Authentic, but the padding is not as RFC 4303 §2.4 has it.
    BadPadding,
    /// A packet that is sent to be dropped (RFC 4303 §2.6).
    Dummy,
    /// The next header is not IPv4 or IPv6: not tunnel mode.
    NotTunnelled,
    /// What is inside is not the IP packet that the next header says.
    BadInner,
    /// The inner packet is outside the agreed selectors (RFC 4301 §5.2 step 4).
    OutsideSelectors,
    /// The Child is no longer configured.
    ReceivePolicyGone,
    /// The outer header says "congestion experienced", and the inner one can't (RFC 6040 §4.2).
    Congested,
}

impl DropReason {
    /// The counter's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotIp => "out-not-ip",
            Self::NoPolicy => "out-no-policy",
            Self::OutsideAgreed => "out-outside-selectors",
            Self::QueueFull => "out-queue-full",
            Self::WaitedTooLong => "out-waited-too-long",
            Self::PolicyGone => "out-policy-gone",
            Self::SendLifetimeEnded => "out-lifetime-ended",
            Self::SequenceExhausted => "out-sequence-exhausted",
            Self::TooLong => "out-too-long",
            Self::TooBig => "out-too-big",
            Self::CipherFailed => "out-cipher-failed",
            Self::NotEsp => "in-not-esp",
            Self::UnknownSpi => "in-unknown-spi",
            Self::ReceiveLifetimeEnded => "in-lifetime-ended",
            Self::Replayed => "in-replayed",
            Self::BadIcv => "in-bad-icv",
            Self::BadPadding => "in-bad-padding",
            Self::Dummy => "in-dummy",
            Self::NotTunnelled => "in-not-tunnelled",
            Self::BadInner => "in-bad-inner",
            Self::OutsideSelectors => "in-outside-selectors",
            Self::ReceivePolicyGone => "in-policy-gone",
            Self::Congested => "in-congested",
        }
    }

    /// The Child's counter that it adds to, where there is one.
    fn of(self, counters: &mut ChildCounters) -> Option<&mut u64> {
        match self {
            Self::QueueFull | Self::WaitedTooLong | Self::PolicyGone => Some(&mut counters.no_sa),
            Self::SendLifetimeEnded
            | Self::SequenceExhausted
            | Self::TooLong
            | Self::TooBig
            | Self::CipherFailed => Some(&mut counters.send_errors),
            Self::BadIcv => Some(&mut counters.auth_errors),
            Self::Replayed => Some(&mut counters.replayed),
            Self::BadPadding | Self::NotTunnelled | Self::BadInner => {
                Some(&mut counters.decrypt_errors)
            }
            Self::OutsideSelectors | Self::OutsideAgreed => Some(&mut counters.outside_selectors),
            Self::NotIp
            | Self::NoPolicy
            | Self::NotEsp
            | Self::UnknownSpi
            | Self::ReceiveLifetimeEnded
            | Self::Dummy
            | Self::ReceivePolicyGone
            | Self::Congested => None,
        }
    }

    pub(crate) fn count(self, counters: &mut ChildCounters) {
        if let Some(counter) = self.of(counters) {
            *counter += 1;
        }
    }
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Drops of the whole data plane by name. Only what has happened has an entry.
#[derive(Debug, Default)]
pub(crate) struct Drops(BTreeMap<&'static str, u64>);

impl Drops {
    pub(crate) fn count(&mut self, reason: DropReason) {
        *self.0.entry(reason.name()).or_default() += 1;
    }

    pub(crate) fn by_name(&self) -> &BTreeMap<&'static str, u64> {
        &self.0
    }
}

/// What was done about packets' sizes. Only what has happened has an entry.
#[derive(Debug, Default)]
pub(crate) struct Tallies(BTreeMap<&'static str, u64>);

impl Tallies {
    pub(crate) fn count(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }

    pub(crate) fn by_name(&self) -> &BTreeMap<&'static str, u64> {
        &self.0
    }
}
