//! What each Child SA carries, seen from both ends.

mod ts_not_mirrored;

use crate::rule::Rule;

pub const RULES: &[Rule] = &[ts_not_mirrored::RULE];
