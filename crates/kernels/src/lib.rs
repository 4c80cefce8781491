//! ESP's cryptography over batches of packets, as fast as the processor allows.
//!
//! - [`seal`] and [`open`] take packets of any SAs, each with its key; `batch` takes them apart.
//! - `cbc`: AES-CBC, sealed over up to 32 packets in lock-step; `gcm`: AES-GCM, up to four short
//!   packets in lock-step, long ones one after the other; `aes`: their round keys; `vector`:
//!   registers of one, two or four blocks.
//! - `hmac`: over the hashes; `wide` takes 16 or 8 packets in lock-step, `sha256` 16 or 4 in other
//!   ways, `sha1` and `sha512` one.
//! - `prefetch`: memory asked for before it is needed.
//! - `cpu`: what the processor has. Each key is made for one [`Path`], which exists only on a
//!   processor that can go it. [`Path::PORTABLE`] goes through libraries, on every processor.
//!
//! This crate and the daemon's system calls are the only places with `unsafe`: for the processor's prefetch and
//! vector instructions, and for the places of several packets at once. No branch and no address
//! depends on keys or on plaintext; lengths are public.
#![deny(unsafe_op_in_unsafe_fn, clippy::undocumented_unsafe_blocks)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]

#[cfg(target_arch = "x86_64")]
mod aes;
mod batch;
mod cbc;
mod cpu;
mod error;
mod gcm;
mod hmac;
mod message;
mod prefetch;
mod sha1;
mod sha256;
mod sha512;
#[cfg(target_arch = "x86_64")]
mod vector;
#[cfg(target_arch = "x86_64")]
mod wide;

#[cfg(test)]
mod tests;

pub use batch::{OpenKey, Outcome, Packet, SealKey, open, seal};
pub use cpu::{CipherPath, HashPath, Path};
pub use error::KeyError;
pub use hmac::Hash;
pub use prefetch::prefetch;
