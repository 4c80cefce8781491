//! Where a simulation may put something cheap in the place of cryptography.
//!
//! Nothing in this crate or in those that make SAs of it implements [`Double`]: whoever wants one
//! brings its own. A program that hands none in has the real thing everywhere, and needs no feature
//! or flag for that.

use std::fmt;

use crate::algorithm::DhGroup;

/// Computes in place of an exponentiation, or of a cipher and its ICV. It protects nothing.
pub trait Double: fmt::Debug + Send + Sync {
    /// A public value of that many octets, which belongs to the private one.
    fn public(&self, group: DhGroup, private: &[u8]) -> Vec<u8>;

    /// The same for both ends, whichever of the public values is whose.
    fn agree(&self, group: DhGroup, one: &[u8], other: &[u8]) -> Vec<u8>;

    /// A check over a packet, which another key or another octet changes.
    fn check_value(&self, key: u64, octets: &[u8]) -> u64;
}
