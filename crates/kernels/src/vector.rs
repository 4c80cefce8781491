//! Blocks of sixteen octets side by side in one register: one, two or four of them.
//!
//! The three modules have the same functions, so that one text of a kernel serves all widths.

pub(crate) mod v128;
pub(crate) mod v256;
pub(crate) mod v512;
