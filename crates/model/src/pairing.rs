//! Which connection of one gateway means which of the other.
//!
//! Addresses come first: who looks for whom. Where one end looks elsewhere, that may be a mistake, or
//! a hub's tunnel to another of its peers, and what else the two say decides: their keys, their
//! identities, their networks.

use crate::config::{Auth, Connection, Gateway, IdentityMatch, PresharedKey};
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// Pairs of connections that mean each other, each connection once, in the order of `a`'s.
pub fn connections(a: &Gateway, b: &Gateway) -> Vec<[usize; 2]> {
    let ours: Vec<_> = a.connections.iter().collect();
    let theirs: Vec<_> = b.connections.iter().collect();
    let mut pairs = ranked(&ours, &theirs);
    pairs.sort_unstable();
    pairs
}

/// The same of some connections, best fits first. If none fits and each side has just one, those two
/// are meant, unless more speaks against it than for it.
pub fn ranked(a: &[&Connection], b: &[&Connection]) -> Vec<[usize; 2]> {
    let mut fits: Vec<(Fit, [usize; 2])> = Vec::new();
    for (i, ours) in a.iter().enumerate() {
        for (j, theirs) in b.iter().enumerate() {
            fits.extend(fit(ours, theirs).map(|fit| (fit, [i, j])));
        }
    }
    fits.sort_by_key(|&(fit, pair)| (Reverse(fit), pair));
    let mut pairs: Vec<[usize; 2]> = Vec::new();
    let (mut ours, mut theirs) = (BTreeSet::new(), BTreeSet::new());
    for (_, [i, j]) in fits {
        if !ours.contains(&i) && !theirs.contains(&j) {
            ours.insert(i);
            theirs.insert(j);
            pairs.push([i, j]);
        }
    }
    if let (true, [ours], [theirs]) = (pairs.is_empty(), a, b)
        && signs(ours, theirs) >= 0
    {
        pairs.push([0, 0]);
    }
    pairs
}

/// How well two connections point at each other; the greatest is the best.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Fit {
    addresses: u8,
    signs: i8,
}

/// Nothing if they can't mean each other.
fn fit(a: &Connection, b: &Connection) -> Option<Fit> {
    let signs = || signs(a, b);
    let addresses = match (looks_at(a, b), looks_at(b, a)) {
        (Some(there), Some(back)) => there + back,
        // One end looks elsewhere, but the other looks exactly here: a mistake worth judging, or
        // another peer's tunnel.
        (Some(2), None) | (None, Some(2)) if signs() > 0 => 1,
        _ => return None,
    };
    let signs = signs();
    Some(Fit { addresses, signs })
}

/// 2 where `a`'s peer is `b`'s address, 1 where that can't be told, nothing where it isn't.
fn looks_at(a: &Connection, b: &Connection) -> Option<u8> {
    match (a.remote.address(), &b.local.address) {
        (Some(peer), Some(own)) if peer == own.value => Some(2),
        (Some(_), Some(own)) if !own.value.is_unspecified() => None,
        _ => Some(1),
    }
}

/// How many things beside addresses say that two connections mean each other, less those that say
/// that they don't.
fn signs(a: &Connection, b: &Connection) -> i8 {
    let expected = names(a, b) || names(b, a);
    by_keys(a, b) + by_networks(a, b) + i8::from(expected)
}

/// A key that both have is hardly a coincidence.
fn by_keys(a: &Connection, b: &Connection) -> i8 {
    let directions = [
        (&a.local_auth.value, &b.remote_auth.value),
        (&b.local_auth.value, &a.remote_auth.value),
    ];
    let known = directions.iter().filter_map(|auths| match auths {
        (Auth::Psk(PresharedKey::Known(ours)), Auth::Psk(PresharedKey::Known(theirs))) => {
            Some(ours == theirs)
        }
        _ => None,
    });
    match known.reduce(|one, other| one || other) {
        Some(true) => 1,
        Some(false) => -1,
        None => 0,
    }
}

/// Whether `a` names the very identity of `b`, and not just the address that it looks at.
fn names(a: &Connection, b: &Connection) -> bool {
    let own = &b.local_identity.value;
    let mut wanted = a.remote_identities.iter();
    looks_at(a, b) != Some(2)
        && wanted.any(|one| match &one.value {
            IdentityMatch::Exactly(_) => one.value.matches(own),
            IdentityMatch::AddressWithin(net) => {
                net.prefix_len() == net.max_prefix_len() && one.value.matches(own)
            }
            _ => false,
        })
}

/// Networks that both select; whoever selects everything says nothing about it.
fn by_networks(a: &Connection, b: &Connection) -> i8 {
    let is_open = |connection: &Connection| {
        let mut children = connection.children.iter();
        children.any(|c| c.selectors.value.local.is_any() || c.selectors.value.remote.is_any())
    };
    if a.children.is_empty() || b.children.is_empty() || is_open(a) || is_open(b) {
        return 0;
    }
    let meet = a.children.iter().any(|ours| {
        let mut theirs = b.children.iter().map(|child| child.selectors.mirrored());
        theirs.any(|theirs| ours.selectors.value.intersection(&theirs).is_some())
    });
    if meet { 1 } else { -1 }
}
