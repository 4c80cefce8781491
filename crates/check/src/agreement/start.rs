//! Who may begin, and how much of the tunnel comes up when one end does.

use super::rekey::takes_group;
use super::selectors::{Asked, ask};
use super::suite;
use crate::rule::{Effect, Pair, Party};
use crossgate_model::{Child, Initiation, RemoteEnd, SelectorPair};
use std::net::IpAddr;

/// Why an end never begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waits {
    /// Passive, responder-only.
    Told,
    /// Its peer may come from anywhere, or has only a name.
    PeerUnknown,
    /// The interface that it would start from has no address in the file.
    AddressUnknown,
}

/// `None` if it may begin, by itself or as soon as there is traffic.
pub fn waits(party: &Party<'_>) -> Option<Waits> {
    let connection = party.connection;
    if connection.initiation.value == Initiation::Never && connection.initiation.span.is_some() {
        return Some(Waits::Told);
    }
    if !matches!(connection.remote, RemoteEnd::Address(_)) {
        return Some(Waits::PeerUnknown);
    }
    if connection.initiation.value == Initiation::Never {
        return Some(Waits::Told);
    }
    let address = connection.local.address.as_ref();
    address.is_none().then_some(Waits::AddressUnknown)
}

/// Which end begins if nobody interferes, and its peer.
pub fn usual<'a>(pair: &Pair<'a>) -> (Party<'a>, Party<'a>) {
    let eagerness = |party: &Party<'_>| match (waits(party), party.connection.initiation.value) {
        (None, Initiation::AtStart) => 2,
        (None, _) => 1,
        (Some(_), _) => 0,
    };
    match eagerness(&pair.second) > eagerness(&pair.first) {
        true => (pair.second, pair.first),
        false => (pair.first, pair.second),
    }
}

/// How much of a tunnel is there after one end began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Up {
    Nothing,
    Part,
    All,
}

/// What a rule looks at; all else is taken to be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aspect {
    Selectors,
    Esp,
    /// The key exchange of Children after the first, which IKE_AUTH makes without one.
    Pfs,
}

/// What that aspect does to the tunnel, whoever starts.
pub fn effect(pair: &Pair<'_>, aspect: Aspect) -> Effect {
    let [first, second] = pair
        .directions()
        .map(|(starter, answerer)| up(pair, &starter, &answerer, aspect));
    let fails = |starts| Effect::FailsWhen { starts };
    match (first, second) {
        (Up::All, Up::All) => Effect::None,
        (Up::Nothing, Up::Nothing) => Effect::NeverComesUp,
        (Up::Part, Up::Part) => Effect::NoTraffic { from: None },
        (a, b) if a < b => fails(pair.first.end),
        _ => fails(pair.second.end),
    }
}

/// How much comes up when `starter` begins, as far as that aspect goes.
pub fn up(pair: &Pair<'_>, starter: &Party<'_>, answerer: &Party<'_>, aspect: Aspect) -> Up {
    let asked = ask(starter, answerer);
    if asked.is_empty() {
        return Up::All;
    }
    let mut carried = Vec::new();
    for one in &asked {
        let is_first = carried.is_empty();
        carried.extend(carries(one, answerer, aspect, is_first));
    }
    if carried.is_empty() {
        return Up::Nothing;
    }
    let is_all = match pings(pair, starter) {
        Some(pings) => pings.iter().all(|ping| {
            let mut pairs = carried.iter();
            pairs.any(|pair| is_inside(pair, *ping))
        }),
        None => carried.len() == asked.len(),
    };
    if is_all { Up::All } else { Up::Part }
}

/// The selectors of the Child SA, if there is one as far as that aspect goes.
fn carries(
    asked: &Asked<'_>,
    answerer: &Party<'_>,
    aspect: Aspect,
    is_first: bool,
) -> Option<SelectorPair> {
    let (theirs, agreed) = match (asked.agreed, aspect) {
        (Some(agreed), _) => agreed,
        (None, Aspect::Selectors) => return None,
        // Another rule's matter.
        (None, _) => return Some(asked.child.selectors.value),
    };
    let holds = match aspect {
        Aspect::Selectors => true,
        Aspect::Esp => suite::esp(&asked.child.proposals, &theirs.proposals).is_some(),
        Aspect::Pfs => is_first || is_group_taken(asked.child, theirs, answerer),
    };
    holds.then_some(agreed)
}

fn is_group_taken(child: &Child, theirs: &Child, answerer: &Party<'_>) -> bool {
    let unset = answerer.gateway().behaviour.pfs_unset.value;
    takes_group(child, theirs, unset)
}

/// The hosts that should reach each other, those of `party` first.
fn pings(pair: &Pair<'_>, party: &Party<'_>) -> Option<Vec<(IpAddr, IpAddr)>> {
    let plan = pair.plan?;
    let turned = |(from, to): &(_, _)| match party.end == pair.first.end {
        true => (IpAddr::V4(*from), IpAddr::V4(*to)),
        false => (IpAddr::V4(*to), IpAddr::V4(*from)),
    };
    Some(plan.pings.iter().map(turned).collect())
}

fn is_inside(pair: &SelectorPair, (from, to): (IpAddr, IpAddr)) -> bool {
    const ICMP: u8 = 1;
    pair.local.matches(from, ICMP, pair.local.start_port)
        && pair.remote.matches(to, ICMP, pair.remote.start_port)
}
