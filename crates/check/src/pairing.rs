//! Which connection of one gateway means which of the other, and which Child which.

use crossgate_model::{Child, Connection, Gateway, SelectorPair};
use std::collections::BTreeSet;

/// How well two connections point at each other; nothing if they can't mean each other.
fn fit(a: &Connection, b: &Connection) -> Option<u8> {
    let one_way = |a: &Connection, b: &Connection| match (a.remote.address(), &b.local.address) {
        (Some(peer), Some(own)) if peer == own.value => Some(2),
        (Some(_), Some(own)) if !own.value.is_unspecified() => None,
        _ => Some(1),
    };
    match (one_way(a, b), one_way(b, a)) {
        (Some(there), Some(back)) => Some(there + back),
        // One end looks elsewhere, but the other looks exactly here: a mistake worth judging.
        (Some(2), None) | (None, Some(2)) => Some(1),
        _ => None,
    }
}

/// Pairs of connections that mean each other, best fits first, each connection once. If none fits
/// and each side has just one, those two are meant.
pub fn connections(a: &Gateway, b: &Gateway) -> Vec<[usize; 2]> {
    let mut fits: Vec<(u8, [usize; 2])> = Vec::new();
    for (i, ours) in a.connections.iter().enumerate() {
        for (j, theirs) in b.connections.iter().enumerate() {
            fits.extend(fit(ours, theirs).map(|fit| (fit, [i, j])));
        }
    }
    fits.sort_by_key(|&(fit, pair)| (std::cmp::Reverse(fit), pair));
    let mut pairs: Vec<[usize; 2]> = Vec::new();
    let (mut ours, mut theirs) = (BTreeSet::new(), BTreeSet::new());
    for (_, [i, j]) in fits {
        if !ours.contains(&i) && !theirs.contains(&j) {
            ours.insert(i);
            theirs.insert(j);
            pairs.push([i, j]);
        }
    }
    if pairs.is_empty() && a.connections.len() == 1 && b.connections.len() == 1 {
        pairs.push([0, 0]);
    }
    pairs.sort_unstable();
    pairs
}

/// Children that mean each other: overlapping selectors, those first that agree most; each Child
/// once.
pub fn children<'a>(a: &'a Connection, b: &'a Connection) -> Vec<[&'a Child; 2]> {
    let mut fits = Vec::new();
    for (i, ours) in a.children.iter().enumerate() {
        for (j, theirs) in b.children.iter().enumerate() {
            let theirs = theirs.selectors.value.mirrored();
            fits.extend(closeness(&ours.selectors.value, &theirs).map(|rank| (rank, i, j)));
        }
    }
    fits.sort_unstable();
    let mut pairs = Vec::new();
    let mut taken = (BTreeSet::new(), BTreeSet::new());
    for (_, i, j) in fits {
        if taken.0.contains(&i) || taken.1.contains(&j) {
            continue;
        }
        if let (Some(ours), Some(theirs)) = (a.children.get(i), b.children.get(j)) {
            taken.0.insert(i);
            taken.1.insert(j);
            pairs.push([ours, theirs]);
        }
    }
    pairs
}

/// 0 for equals, 1 where one contains the other, 2 for an overlap.
fn closeness(a: &SelectorPair, b: &SelectorPair) -> Option<u8> {
    let both = a.intersection(b)?;
    Some(match (a == b, both == *a || both == *b) {
        (true, _) => 0,
        (false, true) => 1,
        (false, false) => 2,
    })
}
