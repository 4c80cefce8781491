//! Who may begin, and how much of the tunnel comes up when one end does.

use super::rekey::takes_group;
use super::selectors::{Asked, enabled};
use super::suite;
use crate::rule::{Effect, Pair, Party};
use crossgate_model::{Child, Initiation, RemoteEnd, Selector, SelectorPair};
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

/// Whether its own file ever lets an end begin. What does not happen then, was meant so.
pub fn may_start(party: &Party<'_>) -> bool {
    let anybody = matches!(
        party.connection.remote,
        RemoteEnd::Any | RemoteEnd::Within(_)
    );
    party.connection.initiation.value != Initiation::Never && !anybody
}

/// What a rule looks at; all else is taken to be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aspect {
    Selectors,
    Esp,
    /// The key exchange of Children after the first, which IKE_AUTH makes without one.
    Pfs,
}

/// What that aspect does to the tunnel, whoever may start.
pub fn effect(pair: &Pair<'_>, aspect: Aspect) -> Effect {
    match aspect {
        Aspect::Selectors => {
            let known = &pair.known.by_selectors;
            *known.get_or_init(|| found_effect(pair, aspect))
        }
        Aspect::Esp | Aspect::Pfs => found_effect(pair, aspect),
    }
}

fn found_effect(pair: &Pair<'_>, aspect: Aspect) -> Effect {
    let directions = pair.directions().into_iter();
    let starting: Vec<_> = directions
        .filter(|(starter, _)| may_start(starter))
        .collect();
    let failing = starting
        .iter()
        .filter(|(starter, answerer)| !serves(pair, starter, answerer, aspect));
    let failing: Vec<_> = failing.map(|(starter, _)| starter.end).collect();
    match failing.as_slice() {
        [] => Effect::None,
        [starts] if starting.len() > 1 => Effect::FailsWhen { starts: *starts },
        _ => Effect::NeverComesUp,
    }
}

/// Whether all hosts that should reach each other have a Child SA when `starter` begins, as far as
/// that aspect goes.
pub fn serves(pair: &Pair<'_>, starter: &Party<'_>, answerer: &Party<'_>, aspect: Aspect) -> bool {
    let asked = pair.asked(starter.end);
    if asked.is_empty() {
        return aspect != Aspect::Selectors;
    }
    let mut carried = Vec::new();
    for one in asked {
        let is_first = carried.is_empty();
        carried.extend(carries(one, answerer, aspect, is_first));
    }
    match probes(pair, starter) {
        Some(probes) => probes
            .iter()
            .all(|probe| carried.iter().any(|pair| probe.is_inside(pair))),
        None => carried.len() == asked.len(),
    }
}

/// From which end no packet finds its Child SA although there is one for it: an earlier Child that
/// selects it as well, and has no SA, comes first (RFC 4301 §4.4.1). `None` if all find it.
pub fn misled(pair: &Pair<'_>) -> Option<Effect> {
    *pair.known.misled.get_or_init(|| found_misled(pair))
}

fn found_misled(pair: &Pair<'_>) -> Option<Effect> {
    let mut stopped = Vec::new();
    for (starter, answerer) in pair.directions() {
        if !may_start(&starter) {
            continue;
        }
        let asked = pair.asked(starter.end);
        let theirs: Vec<_> = asked.iter().filter_map(|one| one.agreed).collect();
        let first = |probe: &Probe| {
            let mut all = enabled(&answerer);
            all.find(|child| probe.is_inside(&child.selectors.value.mirrored()))
        };
        let probes = probes(pair, &starter).unwrap_or_default();
        let is_misled = |probe: &Probe| {
            let has = |child: &Child| {
                let mut agreed = theirs.iter();
                agreed.any(|(one, pair)| std::ptr::eq(*one, child) && probe.is_inside(pair))
            };
            first(probe).is_some_and(|child| !has(child))
        };
        if probes.iter().any(is_misled) {
            stopped.push(answerer.end);
        }
    }
    match stopped.as_slice() {
        [] => None,
        [from] => Some(Effect::NoTraffic { from: Some(*from) }),
        _ => Some(Effect::NoTraffic { from: None }),
    }
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

/// A packet that should pass, seen from one end.
#[derive(Clone, Copy, Debug)]
struct Probe {
    hosts: (IpAddr, IpAddr),
    protocol: u8,
    ports: (u16, u16),
}

impl Probe {
    fn is_inside(&self, pair: &SelectorPair) -> bool {
        let ((near, far), (near_port, far_port)) = (self.hosts, self.ports);
        pair.local.matches(near, self.protocol, near_port)
            && pair.remote.matches(far, self.protocol, far_port)
    }
}

/// One for each pair of hosts of the plan, those of `party` first: a ping where either end selects
/// one, else something that is selected.
fn probes(pair: &Pair<'_>, party: &Party<'_>) -> Option<Vec<Probe>> {
    let plan = pair.plan?;
    let is_first = party.end == pair.first.end;
    let hosts = plan.pings.iter().map(|(from, to)| match is_first {
        true => (IpAddr::V4(*from), IpAddr::V4(*to)),
        false => (IpAddr::V4(*to), IpAddr::V4(*from)),
    });
    let other = match is_first {
        true => pair.second,
        false => pair.first,
    };
    Some(hosts.map(|hosts| probe(party, &other, hosts)).collect())
}

const ICMP: u8 = 1;
/// Something where any port will do.
const DISCARD: u16 = 9;

fn probe(party: &Party<'_>, other: &Party<'_>, hosts: (IpAddr, IpAddr)) -> Probe {
    let own = party
        .connection
        .children
        .iter()
        .map(|child| child.selectors.value);
    let theirs = other.connection.children.iter();
    let all = own.chain(theirs.map(|child| child.selectors.value.mirrored()));
    let has =
        |selector: &Selector, host| selector.matches(host, selector.protocol, selector.start_port);
    let fitting = all.filter(|pair| has(&pair.local, hosts.0) && has(&pair.remote, hosts.1));
    let fitting: Vec<_> = fitting.collect();
    let pings = |pair: &SelectorPair| matches!(pair.local.protocol, 0 | ICMP);
    let special = match fitting.iter().any(pings) {
        true => None,
        false => fitting.first(),
    };
    let port = |selector: &Selector| match selector.start_port {
        0 => DISCARD,
        first => first,
    };
    Probe {
        hosts,
        protocol: special.map_or(ICMP, |pair| pair.local.protocol),
        ports: special.map_or((0, 0), |pair| (port(&pair.local), port(&pair.remote))),
    }
}
