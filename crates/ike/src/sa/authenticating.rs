//! We sent IKE_AUTH: we have shown who we are and wait for the peer to do so.

use super::{IkeSa, Peering};
use crate::auth::InitRecord;
use crate::channel::{Channel, Received};
use crate::child::offer::ChildOffer;
use crate::context::{Context, Ends};
use crate::effect::{Effect, End};
use crate::limits::FLOATED_ATTEMPTS;
use crate::nat::{self, NatStatus};
use crate::output::{Deadline, TimerName};
use crate::payloads::Payloads;
use crate::window::Tick;
use crossgate_model::EventKind;
use crossgate_model::event::Exchange;
use crossgate_wire::ike::Datagram;

#[derive(Debug)]
pub(crate) struct Authenticating {
    pub peering: Peering,
    pub channel: Channel,
    pub record: InitRecord,
    pub nat: NatStatus,
    pub child: ChildOffer,
}

impl Authenticating {
    pub fn receive(
        mut self: Box<Self>,
        cx: &mut Context,
        datagram: &Datagram<'_>,
        ends: Ends,
    ) -> Option<IkeSa> {
        match self.channel.receive(datagram) {
            Ok(Received::Answer(inbound)) => {
                self.channel.requests.answered(inbound.id);
                match inbound.payloads {
                    Ok(payloads) => self.process(cx, &Payloads(payloads), ends),
                    Err(error) => self.malformed(cx, error),
                }
            }
            // A responder that is ahead of its own answer asks again.
            Ok(Received::Request(_)) => {
                cx.count("request-before-auth");
                Some(IkeSa::Authenticating(self))
            }
            Ok(Received::Repeated | Received::Incomplete) => Some(IkeSa::Authenticating(self)),
            Err(reason) => {
                cx.count(reason);
                Some(IkeSa::Authenticating(self))
            }
        }
    }

    pub fn timeout(mut self: Box<Self>, cx: &mut Context) -> Option<IkeSa> {
        let exchange = Exchange::IkeAuth;
        let Some(request) = &mut self.channel.requests.outstanding else {
            return Some(IkeSa::Authenticating(self));
        };
        match request.tick(cx.now) {
            Tick::NotDue => {}
            Tick::Again(attempt) => {
                if attempt > FLOATED_ATTEMPTS && self.nat.holds(self.peering.ends) {
                    self.peering.ends = nat::sunk(self.peering.ends);
                    cx.event(&self.peering, None, EventKind::FloatUnanswered);
                }
                cx.transmit_all(self.peering.ends, &request.datagrams);
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
                self.give_up(cx, dead);
                return None;
            }
        }
        Some(IkeSa::Authenticating(self))
    }

    pub fn deadline(&self) -> Option<Deadline> {
        let request = self.channel.requests.outstanding.as_ref()?;
        Some(Deadline {
            at: request.due,
            timer: TimerName::Retransmit,
        })
    }

    /// This attempt is over; the connection is tried again later.
    pub fn give_up(&self, cx: &mut Context, event: EventKind) {
        let connection = self.peering.connection();
        let why = event.to_string();
        cx.event(&self.peering, None, event);
        self.child.abandon(cx);
        let child = self.child.name.clone();
        cx.effects.push_back(Effect::ChildFailed {
            connection: connection.clone(),
            child,
            why,
        });
        cx.effects.push_back(Effect::IkeGone {
            connection,
            end: End::Failed,
        });
    }
}
