//! An IKE SA that is over: our Delete is under way, or waits for the answer to IKE_AUTH, or the
//! peer's was answered and may come once more. It has no Children, and starts nothing.

use super::{IkeSa, Peering};
use crate::channel::{Channel, Received};
use crate::context::{Context, Ends};
use crate::limits::CLOSED_LINGER;
use crate::output::{Deadline, TimerName};
use crate::payloads::{Payloads, notify};
use crate::window::Tick;
use crossgate_model::Time;
use crossgate_model::event::Exchange;
use crossgate_wire::ike::{Datagram, Delete, ExchangeType, NotifyType, Payload};

#[derive(Debug)]
pub(crate) struct Closing {
    pub peering: Peering,
    channel: Channel,
    until: Time,
    /// What is outstanding is IKE_AUTH.
    unauthenticated: bool,
}

impl Closing {
    /// We delete it. `first` goes before the Delete payload.
    pub fn by_us(
        cx: &mut Context,
        peering: Peering,
        mut channel: Channel,
        first: Vec<Payload>,
    ) -> Box<Self> {
        let policy = cx.gateway.behaviour.retransmission.value.clone();
        let payloads = [first, vec![Payload::Delete(Delete::ike())]].concat();
        let (exchange, ends, now) = (Exchange::Informational, peering.ends, cx.now);
        match channel.request(&mut *cx.rng, exchange, &payloads, ends, &policy, now) {
            Ok(datagrams) => cx.transmit_all(ends, &datagrams),
            Err(failure) => cx.internal(&peering, failure),
        }
        let until = now + policy.total() + CLOSED_LINGER;
        Box::new(Self {
            peering,
            channel,
            until,
            unauthenticated: false,
        })
    }

    /// We gave it up while IKE_AUTH was under way. If an answer still comes, the peer has an IKE SA, and
    /// is told; IKE_AUTH is not sent again, as it could only make one.
    pub fn once_answered(cx: &Context, peering: Peering, mut channel: Channel) -> Box<Self> {
        let until = cx.now + CLOSED_LINGER;
        if let Some(request) = &mut channel.requests.outstanding {
            request.due = until;
        }
        Box::new(Self {
            peering,
            channel,
            until,
            unauthenticated: true,
        })
    }

    /// The peer has deleted it, or both know that it is over.
    pub fn by_peer(cx: &Context, peering: Peering, mut channel: Channel) -> Box<Self> {
        channel.requests.outstanding = None;
        let until = cx.now + CLOSED_LINGER;
        Box::new(Self {
            peering,
            channel,
            until,
            unauthenticated: false,
        })
    }

    /// Whether an answer of the peer is still awaited.
    pub fn awaits_answer(&self) -> bool {
        self.channel.requests.outstanding.is_some()
    }

    pub fn receive(
        mut self: Box<Self>,
        cx: &mut Context,
        datagram: &Datagram<'_>,
        ends: Ends,
    ) -> Option<IkeSa> {
        match self.channel.receive(datagram) {
            Ok(Received::Answer(inbound)) => {
                let answer = Payloads(inbound.payloads.unwrap_or_default());
                let stands = self.unauthenticated && answer.id_r().is_some();
                self.channel.requests.outstanding = None;
                let delete = || Self::by_us(cx, self.peering, self.channel, Vec::new());
                return stands.then(delete).map(IkeSa::Closing);
            }
            Ok(Received::Request(inbound)) => {
                let payloads = Payloads(inbound.payloads.unwrap_or_default());
                if payloads.deletes_ike() {
                    // Crossing deletes: the peer's is answered, ours forgotten (RFC 7296 §2.25.2).
                    self.channel.requests.outstanding = None;
                    self.until = cx.now + CLOSED_LINGER;
                }
                self.answer(cx, inbound.exchange, inbound.id, ends);
            }
            Ok(Received::Repeated) => cx.transmit_all(ends, self.channel.answers.last_answer()),
            Ok(Received::Incomplete) => {}
            Err(reason) => cx.count(reason),
        }
        Some(IkeSa::Closing(self))
    }

    /// Nothing can be made or rekeyed here any more (RFC 7296 §2.25.2).
    fn answer(&mut self, cx: &mut Context, exchange: ExchangeType, id: u32, ends: Ends) {
        let payloads = match exchange {
            ExchangeType::CREATE_CHILD_SA => vec![notify(NotifyType::TEMPORARY_FAILURE)],
            _ => Vec::new(),
        };
        match self
            .channel
            .answer(&mut *cx.rng, exchange, id, &payloads, ends)
        {
            Ok(datagrams) => cx.transmit_all(ends, &datagrams),
            Err(failure) => cx.internal(&self.peering, failure),
        }
    }

    pub fn timeout(mut self: Box<Self>, cx: &mut Context) -> Option<IkeSa> {
        if cx.now >= self.until {
            return None;
        }
        if let Some(request) = &mut self.channel.requests.outstanding {
            match request.tick(cx.now) {
                Tick::NotDue => {}
                Tick::Again(_) => cx.transmit_all(self.peering.ends, &request.datagrams),
                Tick::GiveUp { .. } => return None,
            }
        }
        Some(IkeSa::Closing(self))
    }

    pub fn deadline(&self) -> Deadline {
        let linger = Deadline {
            at: self.until,
            timer: TimerName::Linger,
        };
        let request = self.channel.requests.outstanding.as_ref();
        request.map_or(linger, |request| {
            linger.min(Deadline {
                at: request.due,
                timer: TimerName::Retransmit,
            })
        })
    }
}
