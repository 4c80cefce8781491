//! Vectors that others made, and what must be refused, through the crate's public interface.

mod agreement;
mod key_schedule;
mod primitives;
mod protection;
mod vector;
