//! What becomes of a packet, and what decided it.

use crate::flow::Flow;
use crate::routing::Hop;
use crossgate_model::{Action, SelectorPair, Spanned};
use ipnet::IpNet;
use std::fmt;
use std::net::IpAddr;

/// The outcome, and the steps that led to it in their order.
#[derive(Clone, Debug)]
pub struct Verdict {
    pub outcome: Outcome,
    pub steps: Vec<Step>,
}

impl Verdict {
    pub fn dropped(&self) -> Option<Reason> {
        self.outcome.dropped()
    }
}

impl Outcome {
    pub fn dropped(&self) -> Option<Reason> {
        match self {
            Self::Drop(reason) => Some(*reason),
            _ => None,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Leaves that way; `flow` is the packet after NAT.
    Forward {
        hop: Hop,
        flow: Flow,
    },
    /// For the gateway itself.
    Local,
    Drop(Reason),
}

/// Why a packet goes no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// No such interface, or it is shut down.
    InterfaceDown,
    NoRoute,
    /// A route says so.
    Discarded,
    /// The interface that it arrived at, or is to leave by, is in no virtual router.
    NoVirtualRouter,
    /// The tunnel interface that it came out of has no address, where its vendor wants one.
    NoAddress,
    /// A packet that carries a tunnel would have to travel inside one.
    IntoTunnel,
    /// One of its interfaces is in no zone.
    NoZone,
    /// From one zone to another, and no security rule matches.
    NoSecurityRule,
    DeniedByRule,
    /// By a packet filter.
    Filtered,
    /// No port is left to translate to.
    NoPortLeft,
    SessionTableFull,
}

impl Reason {
    /// Stable, for counters and reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::InterfaceDown => "interface-down",
            Self::NoRoute => "no-route",
            Self::Discarded => "discarded",
            Self::NoVirtualRouter => "no-virtual-router",
            Self::NoAddress => "no-address",
            Self::IntoTunnel => "into-tunnel",
            Self::NoZone => "no-zone",
            Self::NoSecurityRule => "no-security-rule",
            Self::DeniedByRule => "denied-by-rule",
            Self::Filtered => "filtered",
            Self::NoPortLeft => "no-port-left",
            Self::SessionTableFull => "session-table-full",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Something that decided, as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A packet filter and its first entry that matches; without one, the end of the list, which
    /// denies.
    Filter {
        list: Spanned<String>,
        entry: Option<Spanned<SelectorPair>>,
        action: Action,
    },
    /// It is of a session that was allowed before.
    Session,
    Route(RouteStep),
    /// The NAT rule that matched; `to` is the new source, if it gives one.
    Nat {
        rule: Spanned<String>,
        to: Option<IpAddr>,
    },
    /// Where the file tells them.
    Zones {
        from: Option<Spanned<String>>,
        to: Option<Spanned<String>>,
    },
    /// The security rule that matched.
    Rule {
        name: Spanned<String>,
        action: Spanned<Action>,
    },
    /// A rule or entry that can't be decided, and why.
    Undecided {
        rule: Spanned<String>,
        why: String,
    },
}

/// The route that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteStep {
    /// `None`: discarded.
    pub interface: Option<String>,
    /// The network that the route is to; absent for one that is connected.
    pub destination: Option<Spanned<IpNet>>,
}
