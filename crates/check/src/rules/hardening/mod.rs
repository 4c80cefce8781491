//! What works, but should not be left so: algorithms, keys, a fallback to IKEv1, liveness, replay, zones.

mod any_any_rule;
mod guessable_key;
mod ikev2_preferred;
mod key;
mod no_anti_replay;
mod no_liveness;
mod no_post_quantum;
mod short_key;
mod standard;
mod tunnel_in_inside_zone;
mod weak_algorithm;
mod weakening;

pub use weakening::without_weakening;

use crate::rule::Rule;

pub const RULES: &[Rule] = &[
    weak_algorithm::RULE,
    guessable_key::RULE,
    short_key::RULE,
    ikev2_preferred::RULE,
    no_liveness::RULE,
    no_anti_replay::RULE,
    tunnel_in_inside_zone::RULE,
    any_any_rule::RULE,
    no_post_quantum::RULE,
];
