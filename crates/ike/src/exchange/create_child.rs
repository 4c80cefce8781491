//! CREATE_CHILD_SA for a further Child SA (RFC 7296 §1.3.1).
//!
//! ```text
//!   HDR, SK {SA, Ni, [KEi], TSi, TSr}   -->
//!                                       <--  HDR, SK {SA, Nr, [KEr], TSi, TSr}
//! ```

use super::{Reply, Then};
use crate::child::Birth;
use crate::child::answer::{self, Circumstance};
use crate::child::offer::{ChildOffer, OfferFailed};
use crate::context::Context;
use crate::effect::Effect;
use crate::limits::{MAX_CHILDREN_PER_IKE, TEMPORARY_FAILURE_WAIT};
use crate::payloads::Payloads;
use crate::sa::established::{Active, Established};
use crate::sa::tasks::Task;
use crossgate_model::event::Exchange;
use crossgate_model::view::Role;
use crossgate_model::{EventKind, OutboundUse};
use crossgate_wire::ike::{Nonce, NotifyType, Payload};

pub(super) const EXCHANGE: Exchange = Exchange::CreateChildSa;

/// Our request for a Child.
#[derive(Debug)]
pub(crate) struct CreateChild {
    offer: ChildOffer,
    nonce: Vec<u8>,
}

/// Asks for the configured Child of that name, unless there is one; or for one more SA of it, for
/// that resource (RFC 9611).
pub(crate) fn start(sa: &mut Established, cx: &mut Context, name: &str, resource: u8) {
    let again = match resource {
        0 if cx.book.has_live(name) => return,
        0 => None,
        _ => match sa.may_ask_for(cx, name, resource) {
            Some(like) => Some(like),
            None => return,
        },
    };
    let config = sa.peering.config.clone();
    let configured = config
        .children
        .iter()
        .find(|c| c.name.value == name && c.enabled.value);
    let Some(configured) = configured else {
        return;
    };
    let group = configured.pfs.map(|group| group.value);
    let agreed = again.as_ref().map(|(agreed, _)| agreed);
    let mut offer = match ChildOffer::new(cx, configured, agreed, group, resource) {
        Ok(offer) => offer,
        Err(why) => {
            let reason = why.clone();
            cx.event(&sa.peering, Some(name), EventKind::CannotStart { reason });
            let (connection, child) = (sa.peering.connection(), name.to_owned());
            cx.effects.push_back(Effect::ChildFailed {
                connection,
                child,
                why,
            });
            return;
        }
    };
    if let Some((_, suite)) = &again {
        offer.narrow_to(suite);
    }
    let nonce = cx.nonce();
    let payloads = payloads(&offer, &nonce, None);
    let active = Active::CreateChild(Box::new(CreateChild { offer, nonce }));
    sa.send(cx, EXCHANGE, &payloads, active);
}

/// `rekeys` is the notify that names an SA to be replaced.
pub(super) fn payloads(offer: &ChildOffer, nonce: &[u8], rekeys: Option<Payload>) -> Vec<Payload> {
    let nonce = Payload::Nonce(Nonce {
        data: nonce.to_vec(),
    });
    let mut payloads: Vec<Payload> = rekeys.into_iter().collect();
    payloads.extend([offer.sa(), nonce]);
    payloads.extend(offer.ke());
    payloads.extend(offer.selectors());
    payloads.extend(offer.resource_info());
    payloads
}

impl CreateChild {
    pub fn process(
        self,
        sa: &mut Established,
        cx: &mut Context,
        answer: &Payloads,
        message_id: u32,
    ) -> Then {
        let Self { offer, nonce } = self;
        // 1. Not now: again later (RFC 7296 §2.25).
        if answer.notify(NotifyType::TEMPORARY_FAILURE).is_some() {
            offer.abandon(cx);
            let again = cx.now + TEMPORARY_FAILURE_WAIT + cx.jitter(TEMPORARY_FAILURE_WAIT);
            sa.tasks
                .add(again, Task::CreateChild(offer.name, offer.resource));
            return Then::Stay;
        }
        // 2. An SA that is about to go takes no more Children; the answer's one goes with it.
        if sa.closing.is_some() {
            offer.abandon(cx);
            return Then::Stay;
        }
        // 3. The answer is inside our offer.
        // One more for a resource is for all that the first one is for (RFC 9611 §3).
        let narrowed_too = cx.gateway.behaviour.accepts_narrowed_answer.value;
        let takes_narrower = narrowed_too && offer.resource == 0;
        let accepted = offer.accept(answer, EXCHANGE, takes_narrower);
        match (accepted, answer.nonce()) {
            (Ok((agreement, _)), _) if sa.was_deleted_early(cx, &offer, agreement.spi_out) => {}
            (Ok(_), _) if offer.resource > 0 && !sa.has_lead(&offer.name) => {
                sa.give_back_resource(cx, &offer);
            }
            (Ok((agreement, narrowed)), Some(nonce_r)) => {
                let birth = Birth {
                    role: Role::Initiator,
                    nonce_i: &nonce,
                    nonce_r,
                    outbound: OutboundUse::Immediately,
                    message_id,
                };
                sa.add_child(cx, agreement, birth, narrowed);
            }
            (Ok(_), None) => sa.child_refused(cx, &offer, without_nonce()),
            (Err(failed), _) => sa.child_refused(cx, &offer, failed),
        }
        Then::Stay
    }

    pub fn is_for(&self, child: &str, resource: u8) -> bool {
        (self.offer.name.as_str(), self.offer.resource) == (child, resource)
    }

    pub fn abandon(&self, cx: &mut Context) {
        self.offer.abandon(cx);
    }
}

pub(super) fn without_nonce() -> OfferFailed {
    OfferFailed {
        events: vec![EventKind::MessageRejected {
            exchange: Some(EXCHANGE),
            reason: "the answer has no nonce".to_owned(),
        }],
        peer_has_it: true,
        notify: None,
    }
}

/// The peer asks for a Child.
pub(crate) fn answer(
    sa: &mut Established,
    cx: &mut Context,
    asked: &Payloads,
    message_id: u32,
) -> Reply {
    // 1. Nothing is made on an SA that is being rekeyed or closed (RFC 7296 §2.25.2).
    if sa.is_being_replaced() {
        return NotifyType::TEMPORARY_FAILURE.into();
    }
    // 2. There is room.
    if sa.children.len() >= MAX_CHILDREN_PER_IKE {
        let limit = u32::try_from(MAX_CHILDREN_PER_IKE).unwrap_or(u32::MAX);
        let what = "Child SAs of one IKE SA";
        cx.event(&sa.peering, None, EventKind::LimitReached { what, limit });
        return NotifyType::NO_ADDITIONAL_SAS.into();
    }
    // 3. A Child is configured that suits.
    let config = sa.peering.config.clone();
    let Some(nonce_i) = asked.nonce() else {
        return NotifyType::INVALID_SYNTAX.into();
    };
    let circumstance = Circumstance {
        exchange: EXCHANGE,
        ike: sa.peering.id,
        rekeys: None,
    };
    match answer::answer(cx, &config, asked, circumstance) {
        Ok((agreement, ours)) => {
            let nonce_r = cx.nonce();
            let birth = Birth {
                role: Role::Responder,
                nonce_i,
                nonce_r: &nonce_r,
                outbound: OutboundUse::AfterPeer,
                message_id,
            };
            sa.add_child(cx, agreement, birth, None);
            with_nonce(ours, nonce_r).into()
        }
        Err(refusal) => {
            let notify = Payload::Notify(refusal.notify.clone());
            sa.refused_child(cx, refusal);
            notify.into()
        }
    }
}

/// The nonce stands behind the SA payload.
pub(super) fn with_nonce(mut payloads: Vec<Payload>, nonce: Vec<u8>) -> Vec<Payload> {
    payloads.insert(payloads.len().min(1), Payload::Nonce(Nonce { data: nonce }));
    payloads
}
