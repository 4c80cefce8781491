//! The data plane: what becomes of a packet between a tunnel interface and the peer (RFC 4301,
//! RFC 4303, RFC 3948). No sockets, no clock, no randomness of its own.
//!
//! The way of a packet out: [`DataPlane::seal`] reads its addresses and ports, finds the first
//! configured Child of the interface that selects it, among that Child's SAs the newest that may
//! carry it, and seals. Without an SA the packet asks for one and waits in a bounded queue; without a
//! policy it is dropped. It never leaves in the clear.
//!
//! The way in: [`DataPlane::open`] finds the SA by our SPI, looks at the replay window, verifies,
//! decrypts, and hands out the inner packet if it is inside the agreed selectors.
//!
//! - `plane`: the engine: commands, batches of packets, notices, timers, getters; in it `path_mtu`,
//!   what the network says of the paths, and `fetch`, memory asked for ahead of its use.
//! - `spd`: policies and the packets that wait for an SA; `selection`: which packets they mean;
//!   `table`: numbers looked up at once.
//! - `sa`: one pair of SAs; `outbound` and `inbound` are its halves, `transform` their cipher,
//!   `lifetime` their end.
//! - `replay`: the window, and the high half of an extended sequence number.
//! - `mtu`: how much fits; `handling`: what is done with what doesn't, and with TCP's MSS; `ecn`: congestion marks that cross the tunnel's end.
//! - `counters`: every refusal by name; `notice`: what the data plane has to tell; `report`: all that it has counted.

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

mod batch;
mod counters;
mod ecn;
pub mod fuzzing;
mod handling;
mod inbound;
mod iv;
mod lifetime;
mod mtu;
mod notice;
mod outbound;
mod plane;
mod replay;
mod report;
mod sa;
mod selection;
mod spd;
mod table;
#[cfg(test)]
mod tests;
mod transform;

pub use batch::Batch;
pub use counters::DropReason;
pub use handling::{Clamp, Handling};
pub use mtu::{DEFAULT_PATH_MTU, inner_mtu};
pub use notice::Notice;
pub use plane::{
    ANSWERS_PER_SECOND, Answer, DataPlane, InstallError, LINGER, OpenOutcome, OpenOutput, Opened,
    PATH_MTU_AGE, Received, SealOutcome, SealOutput, Sealed, TOLD_PER_SECOND, TooBig, Unheeded,
};
pub use replay::MAX_WINDOW;
pub use report::{Report, SaReport};
pub use spd::{ACQUIRE_INTERVAL, Policy, WAITING_PACKETS, WAITING_TIME};

/// Which of the processor's instructions packets are sealed and opened by.
pub fn ciphers() -> String {
    crossgate_kernels::Path::best().to_string()
}
