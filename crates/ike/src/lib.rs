//! The IKEv2 engine (RFC 7296): no sockets, no clock, no randomness of its own.
//!
//! [`Engine`] takes commands, datagrams and the time, and gives [`Output`]s: what to transmit, which
//! Child SAs to install and remove, and what an operator should know.
//!
//! Inside, top down:
//!
//! - `engine`: the public face, the table of SAs, and what a connection wants;
//! - `sa`: an IKE SA's states, each a type of what is known by then;
//! - `exchange`: one file an exchange, request and answer in the RFC's steps;
//! - `child`: a Child SA from offer to data plane;
//! - the checks that give proofs: `auth` ([RFC 7296 §2.15]) and `selectors` (§2.9);
//! - the means: `channel` (protection, windows, fragments), `proposal`, `nat`, `cookie`, `collision`.
//!
//! [RFC 7296 §2.15]: https://www.rfc-editor.org/rfc/rfc7296#section-2.15

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
#![allow(
    clippy::result_large_err,
    reason = "an error is an event or a refusal: rare, and handed on at once"
)]

mod auth;
mod book;
mod channel;
mod child;
mod collision;
mod connection;
mod context;
mod cookie;
mod effect;
mod engine;
mod error;
mod exchange;
mod fault;
mod fragment;
mod identity;
mod keys;
mod limits;
mod nat;
mod output;
mod payloads;
mod proposal;
mod rate;
mod sa;
mod selectors;
mod view;
mod weak;
mod window;

pub use engine::Engine;
#[cfg(feature = "planted-faults")]
pub use fault::Fault;
pub use output::{Datagram, Deadline, IkeKeys, Output, TimerName};
