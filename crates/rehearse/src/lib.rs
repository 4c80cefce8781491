//! Two real engines in a simulated world with virtual time: a day of the tunnel in a blink.
//!
//! - [`world`]: gateways (the production engine, data plane and firewall), the hosts behind them,
//!   and one queue of what is to happen.
//! - [`node`]: one gateway, joined as the daemon joins it; [`wan`]: the way between; [`traffic`]:
//!   what hosts send.
//! - [`trace`]: what happened, as plain values.
//! - [`scenario`]: what is done to the world, from words or from bytes.
//! - [`invariant`]: what must hold in every run.
//! - [`explore`]: many scenarios, and the smallest one that fails.
//! - [`observe`]: what becomes of a pair of configurations, in the words of
//!   [`crossgate_model::Verdict`].
//!
//! The same configurations and the same scenario give the same run, byte for byte.

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

mod double;
pub mod explore;
mod forwarding;
pub mod invariant;
mod keys;
mod lens;
pub mod node;
pub mod observe;
mod queue;
pub mod scenario;
pub mod small;
mod spare;
pub mod trace;
pub mod traffic;
pub mod wan;
pub mod world;

pub use forwarding::Surroundings;
pub use invariant::Violation;
pub use keys::Keys;
pub use node::NodeId;
pub use observe::{Observation, observe};
pub use scenario::Scenario;
pub use trace::{Detail, Entry, Happening, Trace};
pub use world::{Network, World};
