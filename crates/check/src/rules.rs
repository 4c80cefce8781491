//! All rules. Each has a file of its own, and a page beside it that is its documentation and its
//! test.

pub mod certificates;
pub mod hardening;
pub mod negotiation;
pub mod path;
pub mod peers;
pub mod reading;
pub mod selectors;

use crate::rule::Rule;

/// In the order in which findings are told.
const GROUPS: &[&[Rule]] = &[
    negotiation::RULES,
    selectors::RULES,
    peers::RULES,
    certificates::RULES,
    path::RULES,
    hardening::RULES,
    reading::RULES,
];

pub fn all() -> impl Iterator<Item = &'static Rule> {
    GROUPS.iter().flat_map(|group| group.iter())
}
