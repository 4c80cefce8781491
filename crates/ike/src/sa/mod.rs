//! The states of an IKE SA, each a type of exactly what is known by then.
//!
//! ```text
//!   Initiating --IKE_SA_INIT--> Authenticating --IKE_AUTH--> Established --Delete--> Closing
//!   Responding ------------------------------------IKE_AUTH--> Established
//! ```
//!
//! A transition consumes the old state. Dispatch is here and does nothing else.

pub(crate) mod authenticating;
pub(crate) mod children;
pub(crate) mod closing;
pub(crate) mod commands;
pub(crate) mod established;
pub(crate) mod initiating;
pub(crate) mod responding;
pub(crate) mod tasks;
pub(crate) mod upkeep;

use crate::context::{Context, Ends};
use crate::output::Deadline;
use authenticating::Authenticating;
use closing::Closing;
use crossgate_model::view::Role;
use crossgate_model::{self as model, Connection, Time};
use crossgate_wire::ike::{Datagram, IkeSpi};
use established::Established;
use initiating::Initiating;
use responding::Responding;
use std::sync::Arc;

#[derive(Debug)]
pub(crate) enum IkeSa {
    Initiating(Box<Initiating>),
    Responding(Box<Responding>),
    Authenticating(Box<Authenticating>),
    Established(Box<Established>),
    Closing(Box<Closing>),
}

/// What each state knows: who, where, and under which SPIs.
#[derive(Clone, Debug)]
pub(crate) struct Peering {
    /// Unique in the engine's life.
    pub id: u32,
    pub config: Arc<Connection>,
    pub ends: Ends,
    /// Ours, when this IKE SA was made.
    pub role: Role,
    pub spi_i: IkeSpi,
    /// Zero until the responder chose it.
    pub spi_r: IkeSpi,
    pub born: Time,
}

impl Peering {
    /// The SPI by which the peer addresses us.
    pub fn own_spi(&self) -> IkeSpi {
        match self.role {
            Role::Initiator => self.spi_i,
            Role::Responder => self.spi_r,
        }
    }

    pub fn connection(&self) -> String {
        self.config.name.value.clone()
    }

    /// The configured Child of that name.
    pub fn child(&self, name: &str) -> Option<&model::Child> {
        self.config
            .children
            .iter()
            .find(|child| child.name.value == name)
    }
}

impl IkeSa {
    pub fn peering(&self) -> &Peering {
        match self {
            Self::Initiating(sa) => &sa.peering,
            Self::Responding(sa) => &sa.peering,
            Self::Authenticating(sa) => &sa.peering,
            Self::Established(sa) => &sa.peering,
            Self::Closing(sa) => &sa.peering,
        }
    }

    /// An IKE message for this SA. `None`: it is no more.
    pub fn receive(self, cx: &mut Context, datagram: &Datagram<'_>, ends: Ends) -> Option<Self> {
        match self {
            Self::Initiating(sa) => sa.receive(cx, datagram, ends),
            Self::Responding(sa) => sa.receive(cx, datagram, ends),
            Self::Authenticating(sa) => sa.receive(cx, datagram, ends),
            Self::Established(sa) => sa.receive(cx, datagram, ends),
            Self::Closing(sa) => sa.receive(cx, datagram, ends),
        }
    }

    /// Something may be due. `None`: the SA is no more.
    pub fn timeout(self, cx: &mut Context) -> Option<Self> {
        match self {
            Self::Initiating(sa) => sa.timeout(cx),
            Self::Responding(sa) => sa.timeout(cx),
            Self::Authenticating(sa) => sa.timeout(cx),
            Self::Established(sa) => sa.timeout(cx),
            Self::Closing(sa) => sa.timeout(cx),
        }
    }

    pub fn deadline(&self) -> Option<Deadline> {
        match self {
            Self::Initiating(sa) => Some(sa.deadline()),
            Self::Responding(sa) => Some(sa.deadline()),
            Self::Authenticating(sa) => sa.deadline(),
            Self::Established(sa) => sa.deadline(),
            Self::Closing(sa) => Some(sa.deadline()),
        }
    }

    pub fn established(&self) -> Option<&Established> {
        match self {
            Self::Established(sa) => Some(sa),
            _ => None,
        }
    }

    pub fn established_mut(&mut self) -> Option<&mut Established> {
        match self {
            Self::Established(sa) => Some(sa),
            _ => None,
        }
    }
}
