//! The vendor-neutral gateway: what two dialects lower to, and what the engines run.
//!
//! Every value of [`Gateway`] remembers the line that it came from ([`Spanned`]); a default says
//! that it has none. Where vendors differ from each other or from the RFC, the difference is a
//! value here ([`Behaviour`]), with its source and certainty, and the engines obey it.
//!
//! - [`config`]: the gateway as configured.
//! - [`behaviour`]: how a vendor's box acts where the configuration is silent.
//! - [`selector`]: traffic selectors and their arithmetic.
//! - [`sa`]: a Child SA on its way from the engine to the data plane.
//! - [`spi`]: inbound SPIs that say who opens their packets.
//! - [`event`]: what happens to a tunnel, with both sides' values.
//! - [`view`]: plain values of the running state; all prints are renderings of them.
//! - [`oversize`]: what becomes of packets that are too long once they are sealed.
//! - [`operate`]: what an operator may ask of a running gateway.
//! - [`time`]: the clock as an argument.
//! - [`pairing`]: which connection of one gateway means which of the other.
//! - [`plan`]: the network that two configurations mean.
//! - [`tunnelled`]: the networks beyond its tunnels.
//! - [`verdict`]: what becomes of a tunnel.
//! - [`change`], [`language`]: what to change in a file, and the dialect that knows how.
//! - [`fuzzing`]: laws that hold for whatever configuration was read.

#![forbid(unsafe_code)]

pub mod address_book;
pub mod behaviour;
pub mod change;
pub mod config;
pub mod event;
pub mod fuzzing;
pub mod language;
pub mod operate;
pub mod oversize;
pub mod pairing;
pub mod plan;
pub mod sa;
pub mod selector;
pub mod spi;
pub mod time;
pub mod tunnelled;
pub mod verdict;
pub mod view;

pub use address_book::AddressBook;
pub use behaviour::{Behaviour, Claim};
pub use change::Change;
pub use config::*;
pub use crossgate_diag::{Certainty, Finding, Sources, Span, Spanned};
pub use event::{Event, EventKind};
pub use language::{CannotSay, Language};
pub use oversize::{Fragmentation, OuterDf, Oversize};
pub use sa::{ChildSa, DirectionKeys, OutboundUse, Path};
pub use selector::{Selector, SelectorPair};
pub use time::Time;
pub use verdict::{End, Verdict};
