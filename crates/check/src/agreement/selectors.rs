//! Which Child of the answerer an offer is for, and what remains of its selectors (RFC 7296 §2.9).

use crate::agreement::overlap::Overlaps;
use crate::rule::Party;
use crossgate_model::behaviour::ResponderSelectors;
use crossgate_model::{Child, InterfaceKind, Selector, SelectorPair};
use std::collections::BTreeSet;

/// How well an offer suits a Child; the greatest is the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// So many addresses of both sides remain.
    Part(u128),
    Covers,
    Exact,
}

/// What `answerer` makes of an offer, seen from the answerer; nothing is TS_UNACCEPTABLE.
fn narrowed(offer: &SelectorPair, answerer: &Child) -> Option<(Fit, SelectorPair)> {
    let own = &answerer.selectors.value;
    let both = offer.intersection(own)?;
    let fit = match (offer == own, both == *own) {
        (true, _) => Fit::Exact,
        (false, true) => Fit::Covers,
        (false, false) => {
            let (local, remote) = (both.local.address_count(), both.remote.address_count());
            Fit::Part(local.saturating_mul(remote))
        }
    };
    let takes = match answerer.responder_selectors.value {
        ResponderSelectors::Narrow => true,
        ResponderSelectors::MustCoverConfigured => fit >= Fit::Covers,
        ResponderSelectors::Exact => fit == Fit::Exact,
    };
    takes.then_some((fit, both))
}

/// What comes of one Child that the starter asks for.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    pub child: &'a Child,
    /// The answerer's Child, and the selectors agreed on as the starter sees them.
    pub agreed: Option<(&'a Child, SelectorPair)>,
}

/// The starter's Children asked for in turn. Each goes to the Child that it fits best, of several
/// to one that has none yet, else to the first.
pub fn ask<'a>(starter: &Party<'a>, answerer: &Party<'a>) -> Vec<Asked<'a>> {
    let takes_narrower = starter.gateway().behaviour.accepts_narrowed_answer.value;
    let theirs: Vec<&Child> = enabled(answerer).collect();
    let selectors: Vec<SelectorPair> = theirs.iter().map(|c| c.selectors.value).collect();
    let overlaps = Overlaps::of(&selectors);
    let mut taken: BTreeSet<&str> = BTreeSet::new();
    let mut all = Vec::new();
    for child in enabled(starter) {
        let offer = child.selectors.value.mirrored();
        let near = overlaps.with(&offer).into_iter().rev();
        let near = near.filter_map(|index| theirs.get(index).copied());
        let fitting = near.filter_map(|theirs| {
            let (fit, both) = narrowed(&offer, theirs)?;
            let is_free = !taken.contains(theirs.name.value.as_str());
            Some(((fit, is_free), theirs, both.mirrored()))
        });
        let best = fitting.max_by_key(|(rank, ..)| *rank);
        let agreed = best
            .map(|(_, theirs, both)| (theirs, both))
            .filter(|(_, both)| takes_narrower || *both == child.selectors.value);
        if let Some((theirs, _)) = agreed {
            taken.insert(&theirs.name.value);
        }
        all.push(Asked { child, agreed });
    }
    all
}

pub fn enabled<'a>(party: &Party<'a>) -> impl DoubleEndedIterator<Item = &'a Child> {
    let children = party.connection.children.iter();
    children.filter(|child| child.enabled.value)
}

/// What two Children that have nothing in common were to select, seen from the first: each end
/// knows its own network best. Nothing where that can't be told.
pub fn meant(first: (&Party<'_>, &Child), second: (&Party<'_>, &Child)) -> Option<SelectorPair> {
    let ((one, a), (other, b)) = (first, second);
    let (ours, theirs) = (a.selectors.value, b.selectors.value);
    let pair = SelectorPair {
        local: behind(one, ours.local, theirs.remote),
        remote: behind(other, theirs.local, ours.remote),
    };
    // Behind both ends can't be the same.
    let is_possible = pair.local.intersection(&pair.remote).is_none();
    (ours.local.protocol == theirs.local.protocol && is_possible).then_some(pair)
}

/// The network behind an end: what it says itself, unless its interfaces bear out its peer instead.
fn behind(end: &Party<'_>, own: Selector, said: Selector) -> Selector {
    let stands = |selector: Selector| {
        // Everything is nobody's network.
        let Some(net) = selector.as_net().filter(|net| net.prefix_len() > 0) else {
            return false;
        };
        let interfaces = end.gateway().interfaces.iter();
        let mut addresses = interfaces
            .filter(|interface| interface.kind != InterfaceKind::Tunnel)
            .flat_map(|interface| &interface.addresses);
        addresses.any(|known| net.contains(&known.addr()) || known.contains(&net))
    };
    if !stands(own) && stands(said) {
        said
    } else {
        own
    }
}
