//! The judgement: what will fail, when, in which direction, how sure, and the exact fix, from two
//! configurations (or one) before they are deployed.
//!
//! - [`rules`]: one rule, one file, with its page; a rule names no vendor.
//! - [`pairing`]: which connection of one gateway means which of the other.
//! - [`agreement`]: what two ends would agree on, computed here and not by the engine, so that the
//!   two can be held against each other.
//! - [`told_once`]: one finding for one cause, whether reading or judging found it.
//! - [`example`]: a rule's page as its own test.
//! - [`given`]: certificates that a configuration names and doesn't hold.
//! - [`fuzzing`]: laws that hold for whatever two files say.
//! - [`meant`]: a mistyped word told with all that comes of it.
//! - [`mend`]: all cures together, each judged again.
//! - [`report`]: runs the rules, adds fixes and symptoms in the vendors' words, and gives the
//!   verdict.

#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic
    )
)]

pub mod agreement;
mod choose;
pub mod example;
pub mod fuzzing;
pub mod meant;
pub mod mend;
mod once;
pub mod pairing;
pub mod report;
pub mod rule;
pub mod rules;
pub mod words;

pub use once::told_once;
pub use report::{Report, Tunnel, judge_one, judge_pair};
pub use rule::{Judge, Options, Profile, Rule, Side, explain};
pub use rules::all;
pub use rules::certificates::given;
