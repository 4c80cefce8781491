//! Everything that the suite tries, and what a seed chooses of it.

use super::base::{BASES, Base};
use super::style;
use super::table::{self, Mutation};
use std::collections::BTreeSet;

/// Two mutations at once, of each base.
const PAIRS: usize = 60;
/// The firewall's file given first, of each base.
const SWAPPED: usize = 12;

/// A mutation with the files that it starts from.
pub type Start = (&'static Base, [String; 2]);

pub fn starts() -> Vec<Start> {
    BASES.iter().map(|base| (base, base.texts())).collect()
}

/// Numbers that follow from a seed (SplitMix64).
pub struct Seed(pub u64);

impl Seed {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    /// That many of them (or all), in an order of the seed's.
    pub fn some_of<T>(&mut self, mut all: Vec<T>, count: usize) -> Vec<T> {
        let mut chosen = Vec::new();
        while chosen.len() < count && !all.is_empty() {
            let at = self.below(all.len());
            chosen.push(all.swap_remove(at));
        }
        chosen
    }
}

/// Every mutation of a base; no two of them make the same files.
pub fn mutations((base, originals): &Start, seed: u64) -> Vec<Mutation> {
    let single = table::single(base, originals);
    let mut all = vec![unchanged(base)];
    all.extend(single.iter().cloned());
    all.extend(table::combined(base, originals));
    all.extend(style::styles(base));
    let mut seed = Seed(seed);
    all.extend(pairs(&single, &mut seed));
    all.extend(swapped(&single, &mut seed));
    let mut seen = BTreeSet::new();
    all.retain(|mutation| seen.insert((mutation.texts(originals), mutation.swapped)));
    all
}

fn unchanged(base: &Base) -> Mutation {
    Mutation {
        base: base.name,
        kind: "unchanged",
        name: format!("{} unchanged", base.name),
        edits: Vec::new(),
        styles: [None; 2],
        swapped: false,
    }
}

/// Two at once, which don't undo each other.
fn pairs(single: &[Mutation], seed: &mut Seed) -> Vec<Mutation> {
    let mut made = Vec::new();
    while made.len() < PAIRS {
        let first = &single[seed.below(single.len())];
        let second = &single[seed.below(single.len())];
        if first.is_at_odds_with(second) {
            continue;
        }
        made.push(Mutation {
            kind: "pair",
            name: format!("{} + {}", first.name, second.name),
            edits: [first.edits.clone(), second.edits.clone()].concat(),
            ..first.clone()
        });
    }
    made
}

/// The same pair, the other file first: nothing may depend on the order.
fn swapped(single: &[Mutation], seed: &mut Seed) -> Vec<Mutation> {
    let chosen = seed.some_of(single.to_vec(), SWAPPED);
    let swap = |mutation: Mutation| Mutation {
        kind: "swapped",
        name: format!("{} (files swapped)", mutation.name),
        swapped: true,
        ..mutation
    };
    chosen.into_iter().map(swap).collect()
}
