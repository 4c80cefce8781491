//! The kernel's own IPsec (XFRM) as the data plane: its states, its policies, its events.
//!
//! - `message`: bytes of the netlink family, written and read; `state`, `policy`, `event`: what they
//!   mean. These four have no I/O.
//! - `socket`: requests to the kernel, and what it tells unasked; `statistics`: what it counts.
//! - `probe`: whether this kernel can; `plane`: the data plane; `unheeded`: what it doesn't
//!   do of what a file asks.

mod event;
mod message;
mod plane;
mod policy;
mod probe;
mod socket;
mod state;
mod statistics;
#[cfg(test)]
mod tests;
mod unheeded;

pub use plane::{KernelPlane, Wanted};
pub use probe::probe;
pub use socket::Requests;
pub use unheeded::unheeded;
