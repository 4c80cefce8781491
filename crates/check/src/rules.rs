//! All rules. Each has a file of its own, and a page beside it that is its documentation and its
//! test.

pub mod negotiation;

use crate::rule::Rule;

/// In the order in which findings are told.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    negotiation::RULES.iter()
}
