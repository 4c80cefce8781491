//! The exchanges of IKEv2, one file each: what we ask and how we read the answer (`start`,
//! `process`), and what we answer (`answer`), in the steps of RFC 7296.

pub(crate) mod create_child;
pub(crate) mod ike_auth;
pub(crate) mod ike_sa_init;
pub(crate) mod informational;
pub(crate) mod rekey_child;
pub(crate) mod rekey_ike;

use crossgate_model::event::{DeleteReason, Side};
use crossgate_wire::ike::{NotifyType, Payload};

/// What becomes of an established IKE SA after an exchange.
#[derive(Debug)]
pub(crate) enum Then {
    Stay,
    /// It is over without a request of ours.
    Gone {
        by: Side,
        reason: DeleteReason,
    },
    /// We delete it, `tell` going before the Delete payload.
    Delete {
        reason: DeleteReason,
        tell: Vec<Payload>,
    },
}

/// Our answer, and what follows it.
#[derive(Debug)]
pub(crate) struct Reply {
    pub payloads: Vec<Payload>,
    pub then: Then,
}

impl From<Vec<Payload>> for Reply {
    fn from(payloads: Vec<Payload>) -> Self {
        Self {
            payloads,
            then: Then::Stay,
        }
    }
}

impl From<Payload> for Reply {
    fn from(payload: Payload) -> Self {
        vec![payload].into()
    }
}

impl From<NotifyType> for Reply {
    fn from(kind: NotifyType) -> Self {
        crate::payloads::notify(kind).into()
    }
}
