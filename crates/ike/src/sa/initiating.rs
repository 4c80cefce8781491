//! We sent IKE_SA_INIT and have no answer that we can use yet.

use super::{IkeSa, Peering};
use crate::context::{Context, Ends};
use crate::effect::{Effect, End};
use crate::output::{Deadline, TimerName};
use crate::proposal::ike::IkeOffer;
use crate::window::{Outstanding, Tick};
use crossgate_crypto::DhKeyPair;
use crossgate_model::EventKind;
use crossgate_wire::ike::{Datagram, Notify};

#[derive(Debug)]
pub(crate) struct Initiating {
    pub peering: Peering,
    /// The configured Child that goes into IKE_AUTH.
    pub first_child: String,
    pub offer: IkeOffer,
    pub dh: DhKeyPair,
    pub nonce: Vec<u8>,
    /// What the responder wants to see again (RFC 7296 §2.6).
    pub cookie: Option<Notify>,
    pub request: Outstanding,
    /// How often the request was made anew.
    pub rounds: u8,
}

impl Initiating {
    pub fn receive(
        self: Box<Self>,
        cx: &mut Context,
        datagram: &Datagram<'_>,
        ends: Ends,
    ) -> Option<IkeSa> {
        self.process(cx, datagram, ends)
    }

    pub fn timeout(mut self: Box<Self>, cx: &mut Context) -> Option<IkeSa> {
        let exchange = self.request.exchange;
        match self.request.tick(cx.now) {
            Tick::NotDue => {}
            Tick::Again(attempt) => {
                cx.transmit_all(self.peering.ends, &self.request.datagrams);
                cx.event(
                    &self.peering,
                    None,
                    EventKind::Retransmitted { exchange, attempt },
                );
            }
            Tick::GiveUp { sent, seconds } => {
                let dead = EventKind::PeerDead {
                    exchange,
                    sent,
                    seconds,
                };
                return self.fail(cx, dead);
            }
        }
        Some(IkeSa::Initiating(self))
    }

    pub fn deadline(&self) -> Deadline {
        Deadline {
            at: self.request.due,
            timer: TimerName::Retransmit,
        }
    }

    /// This attempt is over; the connection is tried again later.
    pub fn fail(self: Box<Self>, cx: &mut Context, event: EventKind) -> Option<IkeSa> {
        let connection = self.peering.connection();
        let why = event.to_string();
        cx.event(&self.peering, None, event);
        let child = self.first_child;
        cx.effects.push_back(Effect::ChildFailed {
            connection: connection.clone(),
            child,
            why,
        });
        cx.effects.push_back(Effect::IkeGone {
            connection,
            end: End::Failed,
        });
        None
    }
}
