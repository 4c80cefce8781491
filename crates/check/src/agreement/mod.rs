//! What two ends would agree on, computed from their configurations alone: not by the engine, so
//! that the two can be held against each other.
//!
//! - [`suite`]: which algorithms are chosen (RFC 7296 §2.7, §3.3.6), and what stands in the way.
//! - [`selectors`]: which Child answers which, and what remains of its selectors (§2.9).
//! - [`overlap`]: which of many selectors overlap one.
//! - [`rekey`]: who rekeys first, and whether the other end takes it (§1.3.3, §2.8).
//! - [`trust`]: identities, methods and keys in each direction (§2.15).
//! - [`start`]: who may begin, and how much of a tunnel comes up.

pub mod overlap;
pub mod rekey;
pub mod selectors;
pub mod start;
pub mod strength;
pub mod suite;
pub mod trust;
