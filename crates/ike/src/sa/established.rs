//! Both ends are authenticated: the IKE SA makes, rekeys and deletes Child SAs, and itself.

use super::closing::Closing;
use super::tasks::Tasks;
use super::{IkeSa, Peering};
use crate::auth::PeerAuthenticated;
use crate::channel::{Channel, Inbound, Received};
use crate::child::{Child, Stage, survives_request};
use crate::context::{Context, Ends};
use crate::effect::{Effect, End};
use crate::exchange::create_child::CreateChild;
use crate::exchange::rekey_child::RekeyChild;
use crate::exchange::rekey_ike::RekeyIke;
use crate::exchange::{Reply, Then, create_child, informational, rekey_child, rekey_ike};
use crate::limits::{IKE_PORT, MAX_TASKS, TEMPORARY_FAILURE_PATIENCE};
use crate::nat::NatStatus;
use crate::payloads::{Payloads, notify};
use crossgate_model::event::{DeleteReason, Exchange, Side};
use crossgate_model::{EventKind, Time};
use crossgate_wire::ike::{Datagram, ExchangeType, Notify, NotifyType, Payload};
use std::collections::BTreeMap;
use std::net::SocketAddr;

#[derive(Debug)]
pub(crate) struct Established {
    pub peering: Peering,
    pub channel: Channel,
    pub peer: PeerAuthenticated,
    pub nat: NatStatus,
    /// By inbound SPI. Boxed, as a tree has room for eleven where there is one.
    pub children: BTreeMap<u32, Box<Child>>,
    pub tasks: Tasks,
    /// Our request that waits for its answer.
    pub active: Option<Active>,
    /// When a rekey is due; `None` while one is under way.
    pub soft_at: Option<Time>,
    pub hard_at: Time,
    /// Last authentic sign of the peer.
    pub heard: Time,
    /// Last traffic that we sent through a Child.
    pub sent: Option<Time>,
    pub keepalive_at: Option<Time>,
    /// The peer rekeyed it and is to delete it; if it doesn't, we do then.
    pub superseded: Option<Time>,
    /// It is to be deleted as soon as the window allows.
    pub closing: Option<DeleteReason>,
    /// Outbound SPIs that the peer closed before we knew of them.
    pub deleted_early: Vec<u32>,
    /// A collision is undecided.
    pub hold: Option<Hold>,
    /// Since when the peer puts us off with TEMPORARY_FAILURE.
    pub put_off_since: Option<Time>,
}

/// The peer's half of crossing IKE rekeys: it has the Children, and begins nothing, until nonces or
/// the peer's conduct decide which half survives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hold {
    pub until: Time,
    /// The IKE SA that both ends rekey.
    pub predecessor: u32,
}

/// What our outstanding request is about.
#[derive(Debug)]
pub(crate) enum Active {
    CreateChild(Box<CreateChild>),
    RekeyChild(Box<RekeyChild>),
    RekeyIke(Box<RekeyIke>),
    DeleteChildren(Vec<u32>),
    Probe,
}

impl Established {
    /// A new IKE SA; `Peering` has its final SPIs.
    pub fn new(
        cx: &mut Context,
        mut peering: Peering,
        mut channel: Channel,
        peer: PeerAuthenticated,
        nat: NatStatus,
        fragments: bool,
    ) -> Self {
        peering.born = cx.now;
        let config = &peering.config;
        channel.fragment_to = config
            .fragmentation
            .map(|size| size.value)
            .filter(|_| fragments);
        let lifetime = config.lifetime.value;
        let draw = u16::from_be_bytes(cx.random());
        let soft = cx.gateway.behaviour.ike_rekey.value.soft(lifetime, draw);
        let keepalive = nat.local.then_some(cx.now + config.nat.keepalive.value);
        cx.book.set_live(&config.name.value, peering.id, true);
        Self {
            channel,
            peer,
            nat,
            children: BTreeMap::new(),
            tasks: Tasks::default(),
            active: None,
            soft_at: Some(cx.now + soft),
            hard_at: cx.now + lifetime,
            heard: cx.now,
            sent: None,
            keepalive_at: keepalive,
            superseded: None,
            closing: None,
            deleted_early: Vec::new(),
            hold: None,
            put_off_since: None,
            peering,
        }
    }

    pub fn receive(
        mut self: Box<Self>,
        cx: &mut Context,
        datagram: &Datagram<'_>,
        ends: Ends,
    ) -> Option<IkeSa> {
        let then = match self.channel.receive(datagram) {
            Ok(Received::Request(inbound)) => {
                self.hear(cx, ends);
                self.on_request(cx, inbound, ends)
            }
            Ok(Received::Answer(inbound)) => {
                self.hear(cx, ends);
                self.on_answer(cx, inbound)
            }
            Ok(Received::Repeated) => {
                cx.count("repeated-request");
                self.sink(cx, ends);
                cx.transmit_all(ends, self.channel.answers.last_answer());
                Then::Stay
            }
            Ok(Received::Incomplete) => Then::Stay,
            Err(reason) => {
                cx.count(reason);
                Then::Stay
            }
        };
        self.go_on(cx, then)
    }

    /// Neither replaced nor about to be deleted.
    pub fn is_current(&self) -> bool {
        self.superseded.is_none() && self.closing.is_none()
    }

    /// The peer is alive, and if a NAT gave it another port it is there now.
    fn hear(&mut self, cx: &mut Context, ends: Ends) {
        self.heard = cx.now;
        self.sink(cx, ends);
        self.follow_peer(cx, ends);
    }

    /// A peer of our own kind that had no answer on port 4500 goes on on port 500; so do we.
    fn sink(&mut self, cx: &mut Context, ends: Ends) {
        let here = self.peering.ends;
        if self.nat.holds(here) && ends.local.port() == IKE_PORT {
            self.move_to(
                cx,
                Ends {
                    local: ends.local,
                    ..here
                },
                ends.remote,
            );
        }
    }

    /// RFC 7296 §2.23: who is not behind a NAT answers to where the other end was last heard.
    pub fn follow_peer(&mut self, cx: &mut Context, ends: Ends) {
        let (from, to) = (self.peering.ends.remote, ends.remote);
        if from == to || !self.nat.follows_peer() {
            return;
        }
        self.move_to(cx, self.peering.ends, to);
    }

    /// All that is sent from now on goes from `ends.local` to `to`.
    fn move_to(&mut self, cx: &mut Context, ends: Ends, to: SocketAddr) {
        let from = ends.remote;
        self.peering.ends = Ends { remote: to, ..ends };
        cx.event(&self.peering, None, EventKind::PeerMoved { from, to });
        let path = self.nat.path(self.peering.ends);
        let in_place = self
            .children
            .iter()
            .filter(|(_, child)| !child.stage.is_out());
        for (spi_in, _) in in_place {
            cx.move_child(*spi_in, path);
        }
        // What it was asked before goes there at once: it isn't dead, but elsewhere.
        if let Some(request) = &mut self.channel.requests.outstanding {
            request.start_over(cx.now);
        }
    }

    fn on_request(&mut self, cx: &mut Context, inbound: Inbound, ends: Ends) -> Then {
        let Inbound {
            exchange,
            id,
            payloads,
        } = inbound;
        let reply = match payloads {
            Ok(payloads) => self.answer_to(cx, exchange, &Payloads(payloads), id),
            Err(error) => self.fatal_syntax(cx, exchange, error.to_string()),
        };
        self.respond(cx, exchange, id, &reply.payloads, ends);
        reply.then
    }

    fn answer_to(
        &mut self,
        cx: &mut Context,
        exchange: ExchangeType,
        payloads: &Payloads,
        id: u32,
    ) -> Reply {
        if let Some(kind) = payloads.unknown_critical() {
            let reason = format!("critical payload of unknown type {kind}");
            self.reject(cx, exchange, reason);
            return Payload::Notify(Notify::unsupported_critical(kind)).into();
        }
        match exchange {
            ExchangeType::CREATE_CHILD_SA if payloads.notify(NotifyType::REKEY_SA).is_some() => {
                rekey_child::answer(self, cx, payloads, id)
            }
            ExchangeType::CREATE_CHILD_SA if rekey_ike::is_meant(payloads) => {
                rekey_ike::answer(self, cx, payloads)
            }
            ExchangeType::CREATE_CHILD_SA => create_child::answer(self, cx, payloads, id),
            ExchangeType::INFORMATIONAL => informational::answer(self, cx, payloads),
            other => self.fatal_syntax(cx, other, "exchange after authentication".to_owned()),
        }
    }

    /// INVALID_SYNTAX in a protected message ends the IKE SA at both ends (RFC 7296 §2.21.3).
    fn fatal_syntax(&mut self, cx: &mut Context, exchange: ExchangeType, reason: String) -> Reply {
        self.reject(cx, exchange, reason);
        Reply {
            payloads: vec![notify(NotifyType::INVALID_SYNTAX)],
            then: Then::Gone {
                by: Side::Us,
                reason: DeleteReason::Failed,
            },
        }
    }

    fn reject(&self, cx: &mut Context, exchange: ExchangeType, reason: String) {
        let exchange = crate::channel::exchange_of(exchange);
        cx.event(
            &self.peering,
            None,
            EventKind::MessageRejected { exchange, reason },
        );
    }

    fn on_answer(&mut self, cx: &mut Context, inbound: Inbound) -> Then {
        self.channel.requests.answered(inbound.id);
        let Some(active) = self.active.take() else {
            return Then::Stay;
        };
        let payloads = match inbound.payloads {
            Ok(payloads) => Payloads(payloads),
            Err(error) => {
                self.reject(cx, inbound.exchange, error.to_string());
                // What the request holds is released with the IKE SA.
                self.active = Some(active);
                return self.delete(DeleteReason::Failed);
            }
        };
        if !self.is_acceptable(cx, inbound.exchange, &payloads) {
            self.active = Some(active);
            return self.delete(DeleteReason::Failed);
        }
        let then = match active {
            Active::CreateChild(request) => request.process(self, cx, &payloads, inbound.id),
            Active::RekeyChild(request) => request.process(self, cx, &payloads, inbound.id),
            Active::RekeyIke(request) => request.process(self, cx, &payloads),
            Active::DeleteChildren(spis) => {
                informational::children_deleted(self, cx, &spis);
                Then::Stay
            }
            Active::Probe => Then::Stay,
        };
        self.deleted_early.clear();
        then
    }

    /// Whether the IKE SA can go on after this answer: it has no critical payload that we don't know
    /// (RFC 7296 §2.5), and the peer hasn't put us off for too long (§2.25).
    fn is_acceptable(
        &mut self,
        cx: &mut Context,
        exchange: ExchangeType,
        answer: &Payloads,
    ) -> bool {
        if let Some(kind) = answer.unknown_critical() {
            let reason = format!("critical payload of unknown type {kind} in an answer");
            self.reject(cx, exchange, reason);
            return false;
        }
        if exchange != ExchangeType::CREATE_CHILD_SA {
            return true;
        }
        if answer.notify(NotifyType::TEMPORARY_FAILURE).is_none() {
            self.put_off_since = None;
            return true;
        }
        let since = *self.put_off_since.get_or_insert(cx.now);
        let patient = cx.now.since(since) < TEMPORARY_FAILURE_PATIENCE;
        if !patient {
            let notify = format!("TEMPORARY_FAILURE for {} s", cx.now.since(since).as_secs());
            let exchange = Exchange::CreateChildSa;
            cx.event(
                &self.peering,
                None,
                EventKind::PeerRefused { exchange, notify },
            );
        }
        patient
    }

    fn delete(&self, reason: DeleteReason) -> Then {
        Then::Delete {
            reason: self.closing.unwrap_or(reason),
            tell: Vec::new(),
        }
    }

    /// Sends a request; it is outstanding until answered.
    pub fn send(
        &mut self,
        cx: &mut Context,
        exchange: Exchange,
        payloads: &[Payload],
        active: Active,
    ) {
        let liveness = self.peering.config.liveness.as_ref();
        let policy = match (&active, liveness) {
            (Active::Probe, Some(liveness)) => liveness.value.retransmission.clone(),
            _ => cx.gateway.behaviour.retransmission.value.clone(),
        };
        let (ends, now) = (self.peering.ends, cx.now);
        match self
            .channel
            .request(&mut *cx.rng, exchange, payloads, ends, &policy, now)
        {
            Ok(datagrams) => {
                cx.transmit_all(ends, &datagrams);
                self.active = Some(active);
            }
            Err(failure) => cx.internal(&self.peering, failure),
        }
    }

    /// What an event led to; then whatever may begin.
    pub fn go_on(mut self: Box<Self>, cx: &mut Context, then: Then) -> Option<IkeSa> {
        let then = match then {
            Then::Stay => self.pump(cx),
            then => then,
        };
        if self.tasks.take_overflow() {
            let (what, limit) = ("waiting requests", MAX_TASKS);
            let limit = u32::try_from(limit).unwrap_or(u32::MAX);
            cx.event(&self.peering, None, EventKind::LimitReached { what, limit });
        }
        match then {
            Then::Stay => Some(IkeSa::Established(self)),
            Then::Gone { by, reason } => {
                self.end(cx, by, reason);
                (reason != DeleteReason::PeerDead)
                    .then(|| IkeSa::Closing(Closing::by_peer(cx, self.peering, self.channel)))
            }
            Then::Delete { reason, tell } => {
                self.end(cx, Side::Us, reason);
                Some(IkeSa::Closing(Closing::by_us(
                    cx,
                    self.peering,
                    self.channel,
                    tell,
                )))
            }
        }
    }

    /// Takes the Children down and tells whom it concerns.
    fn end(&mut self, cx: &mut Context, by: Side, reason: DeleteReason) {
        let hold = self.hold.take().filter(|hold| cx.now < hold.until);
        if let (Some(hold), Side::Peer) = (hold, by) {
            return self.yield_to_predecessor(cx, hold);
        }
        self.remove_children(cx, by, reason);
        match self.active.take() {
            Some(Active::CreateChild(request)) => request.abandon(cx),
            Some(Active::RekeyChild(request)) => request.abandon(cx),
            Some(Active::RekeyIke(request)) => request.release_peers(cx),
            Some(Active::DeleteChildren(_) | Active::Probe) | None => {}
        }
        let connection = self.peering.connection();
        cx.book.set_live(&connection, self.peering.id, false);
        let replaced = self.superseded.is_some() || reason == DeleteReason::Rekeyed;
        let reason = if replaced {
            DeleteReason::Rekeyed
        } else {
            reason
        };
        cx.event(&self.peering, None, EventKind::IkeDeleted { by, reason });
        if !replaced && reason != DeleteReason::Redundant {
            let end = match reason {
                DeleteReason::PeerDead | DeleteReason::Failed => End::Failed,
                reason => End::Deleted(reason),
            };
            cx.effects.push_back(Effect::IkeGone { connection, end });
        }
    }

    /// The peer deletes its half before our answer came: ours will survive, and takes the Children
    /// from the SA that it replaces.
    fn yield_to_predecessor(&mut self, cx: &mut Context, hold: Hold) {
        cx.book
            .set_live(&self.peering.connection(), self.peering.id, false);
        let (by, reason) = (Side::Peer, DeleteReason::Redundant);
        cx.event(&self.peering, None, EventKind::IkeDeleted { by, reason });
        let children = std::mem::take(&mut self.children);
        let tasks = self.tasks.take_for_children();
        let to = hold.predecessor;
        cx.effects.push_back(Effect::GiveBack {
            to,
            children,
            tasks,
        });
    }

    /// All Children leave the data plane at once.
    pub fn remove_children(&mut self, cx: &mut Context, by: Side, reason: DeleteReason) {
        for (spi_in, child) in std::mem::take(&mut self.children) {
            let told = match child.stage {
                Stage::Live | Stage::Replaced { .. } => true,
                Stage::Deleting(why) => survives_request(why),
                Stage::Retired { .. } => false,
            };
            if !child.stage.is_out() {
                cx.remove_child(spi_in);
            }
            if told {
                let kind = EventKind::ChildDeleted { by, spi_in, reason };
                cx.event(&self.peering, Some(&child.name), kind);
                let connection = self.peering.connection();
                cx.effects.push_back(Effect::ChildGone {
                    connection,
                    child: child.name,
                    resource: child.resource,
                    reason,
                });
            }
        }
    }
}
