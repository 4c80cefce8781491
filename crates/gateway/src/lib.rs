//! The daemon as a library: sockets, TUN devices, routes, the clock and entropy around the
//! engines, which have none of it.
//!
//! - [`load`], [`encoding`], [`dialect`]: a file becomes a gateway, whichever vendor's language it is in.
//! - [`bind`], [`plan`]: what the gateway means on this machine, as values.
//! - [`machine`]: a plan made real and undone, with [`netlink`], [`routes`], [`device`], [`tun`], [`vti`], [`sockets`],
//!   [`trains`], [`raw`], [`sysctl`], and [`made`], the record that outlives us; [`failclosed`]: what keeps protected packets in while there is no tunnel.
//! - [`plane`]: the data plane, ours or the kernel's; [`xfrm`]: the kernel's, with [`clamp`] for TCP's handshakes.
//! - [`carry`]: the way of packets between sockets and devices; [`workers`]: threads that go it, with [`steer`], who of
//!   them gets what, and [`wake`], [`waiting`], what they sleep upon.
//! - [`daemon`]: the loop that owns everything; [`clock`], [`process`]: what only it may touch.
//! - [`control`], [`server`]: operators' commands; [`snapshot`]: what they look at; [`ping`].
//! - [`log`], [`keylog`]: what is told.
//! - [`sys`]: the only unsafe code of the program.

#![deny(unsafe_code)]

mod answers;
pub mod bind;
mod carry;
mod clamp;
pub mod clock;
pub mod control;
pub mod daemon;
mod device;
pub mod dialect;
pub mod encoding;
pub mod failclosed;
pub mod failure;
pub mod keylog;
mod lanes;
pub mod load;
pub mod log;
mod machine;
mod made;
pub mod netlink;
mod path_mtu;
mod ping;
pub mod plan;
mod plane;
mod process;
mod raw;
pub mod routes;
mod server;
mod snapshot;
mod snapshot_json;
mod sockets;
mod steer;
mod sys;
mod sysctl;
pub mod terminal;
#[cfg(test)]
mod testing;
mod trains;
mod tun;
mod vti;
mod waiting;
mod wake;
mod workers;
mod xfrm;

pub use daemon::{Options, run};
pub use failure::Failure;
pub use log::LogFormat;
pub use plane::PlaneChoice;
