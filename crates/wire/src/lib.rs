//! Bytes to values and back, for everything Crossgate meets on a wire.
//!
//! - [`ike`]: IKEv2 messages and payloads (RFC 7296 and its extensions).
//! - [`esp`]: ESP packets (RFC 4303) and what shares UDP port 4500 with them (RFC 3948).
//! - [`ip`]: IPv4, IPv6, UDP and ICMP headers, and the selectors of a packet (RFC 4301).
//!
//! Parsing is total: any bytes give a value or an [`Error`], never a panic, and a list grows only as its elements
//! are read, so a packet that lies about a count or a length costs no more memory than an honest one of its size.
//! Numbers that we don't know survive and print back. Nothing here encrypts, waits or opens anything.

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

mod error;
pub mod esp;
pub mod fuzzing;
pub mod ike;
pub mod ip;
mod number;
mod read;
mod write;

pub use error::{Error, Part};
