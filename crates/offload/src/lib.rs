//! Super-packets: what the kernel's network stack hands over, and takes, in place of many packets.
//!
//! A TUN device with `IFF_VNET_HDR` passes a whole send of TCP, up to 64 KiB, as one packet with a
//! [`Header`] that says how it is to be cut. The cost of a packet's way through the kernel is per
//! buffer, not per octet, so this is worth more than any cipher.
//!
//! - [`split`] says what packets stand in what was read from a TUN, and writes each of them where it
//!   is wanted, with its checksums; [`Reads`] are a batch of such reads.
//! - [`Coalescer`] finds which of a batch of packets can be written to a TUN as one.
//!
//! Nothing here waits, opens or keeps anything from one batch to the next.

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

mod coalesce;
pub mod fuzzing;
mod header;
mod layout;
mod reads;
mod split;

pub use coalesce::{Abilities, Coalescer, Group, MEMBERS_MAX};
pub use header::{Checksum, Header, HeaderError, Segmentation};
pub use reads::{READ_MAX, Reads};
pub use split::{SEGMENTS_MAX, Split, SplitError, split};
