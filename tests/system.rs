//! Whole-system tests: the built program against other engines, in network namespaces made here.
//!
//! They run as root on a machine that `tests/setup` has prepared, and say what is missing
//! otherwise. One test binary, so that cells of every file run beside each other.

#![allow(
    clippy::disallowed_methods,
    reason = "the tests run in real time, unlike what lies below `gateway`"
)]

mod support;

mod clamp;
mod daemon;
mod encapsulated;
mod flood;
mod harness;
mod kernel;
mod libreswan;
mod mtu;
mod openiked;
mod per_core;
mod prints;
mod protocol_50;
mod strongswan;
mod tshark;
mod workers;
