//! Which Child of a connection means which of its peer's.

use crate::agreement::overlap::Overlaps;
use crossgate_model::{Child, Connection, SelectorPair};
use std::collections::BTreeSet;

/// Children that mean each other: overlapping selectors, those first that agree most; each Child
/// once.
pub fn children<'a>(a: &'a Connection, b: &'a Connection) -> Vec<[&'a Child; 2]> {
    let theirs = b.children.iter();
    let theirs: Vec<SelectorPair> = theirs.map(|c| c.selectors.value.mirrored()).collect();
    let overlaps = Overlaps::of(&theirs);
    let mut fits = Vec::new();
    for (i, ours) in a.children.iter().enumerate() {
        let ours = &ours.selectors.value;
        for j in overlaps.with(ours) {
            let rank = theirs.get(j).and_then(|theirs| closeness(ours, theirs));
            fits.extend(rank.map(|rank| (rank, i, j)));
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
