//! Two real engines in a simulated world with virtual time.

#![forbid(unsafe_code)]
