//! We answered IKE_SA_INIT: the keys exist, and anybody could be at the other end.

use super::{IkeSa, Peering};
use crate::auth::InitRecord;
use crate::channel::{Channel, Received};
use crate::context::{Context, Ends};
use crate::limits::HALF_OPEN_LIFETIME;
use crate::nat::NatStatus;
use crate::output::{Deadline, TimerName};
use crate::payloads::Payloads;
use crossgate_model::Connection;
use crossgate_wire::ike::{Datagram, ExchangeType};
use std::sync::Arc;

#[derive(Debug)]
pub(crate) struct Responding {
    /// Its connection is the first candidate until the peer says who it is.
    pub peering: Peering,
    /// Connections for this address that have the chosen proposal, best first.
    pub candidates: Vec<Arc<Connection>>,
    pub channel: Channel,
    pub record: InitRecord,
    pub nat: NatStatus,
    /// The peer can do RFC 7383.
    pub fragments: bool,
}

impl Responding {
    pub fn receive(
        mut self: Box<Self>,
        cx: &mut Context,
        datagram: &Datagram<'_>,
        ends: Ends,
    ) -> Option<IkeSa> {
        if datagram.header.exchange == ExchangeType::IKE_SA_INIT {
            self.repeat(cx, datagram, ends);
            return Some(IkeSa::Responding(self));
        }
        match self.channel.receive(datagram) {
            Ok(Received::Request(inbound)) if inbound.exchange == ExchangeType::IKE_AUTH => {
                match inbound.payloads {
                    Ok(payloads) => self.process(cx, &Payloads(payloads), inbound.id, ends),
                    Err(error) => self.malformed(cx, error, inbound.id, ends),
                }
            }
            Ok(Received::Request(_)) => {
                cx.count("exchange-before-auth");
                Some(IkeSa::Responding(self))
            }
            Ok(_) => Some(IkeSa::Responding(self)),
            Err(reason) => {
                cx.count(reason);
                Some(IkeSa::Responding(self))
            }
        }
    }

    /// The same IKE_SA_INIT again gets the same answer again (RFC 7296 §2.1).
    fn repeat(&self, cx: &mut Context, datagram: &Datagram<'_>, ends: Ends) {
        if datagram.bytes() == self.record.request {
            cx.transmit(ends, self.record.response.clone());
        } else {
            cx.count("init-with-known-spi");
        }
    }

    pub fn timeout(self: Box<Self>, cx: &mut Context) -> Option<IkeSa> {
        if cx.now < self.deadline().at {
            return Some(IkeSa::Responding(self));
        }
        cx.count("half-open-expired");
        None
    }

    pub fn deadline(&self) -> Deadline {
        Deadline {
            at: self.peering.born + HALF_OPEN_LIFETIME,
            timer: TimerName::HalfOpen,
        }
    }
}
