//! CREATE_CHILD_SA that rekeys a Child SA (RFC 7296 §1.3.3, §2.8).
//!
//! ```text
//!   HDR, SK {N(REKEY_SA), SA, Ni, [KEi], TSi, TSr}   -->
//!                                                    <--  HDR, SK {SA, Nr, [KEr], TSi, TSr}
//! ```
//!
//! Make before break: whoever asked uses the new SA at once and then deletes the old one; whoever
//! answered goes on with the old one until the peer has shown that it has the new one.

use super::create_child::{EXCHANGE, payloads, with_nonce, without_nonce};
use super::{Reply, Then};
use crate::child::answer::{self, Circumstance};
use crate::child::offer::{ChildOffer, OfferFailed};
use crate::child::{Agreement, Birth, Child, Stage};
use crate::collision::{Rank, survivor};
use crate::context::Context;
use crate::effect::Effect;
use crate::fault::Fault;
use crate::limits::{REKEY_RETRY, TEMPORARY_FAILURE_WAIT};
use crate::payloads::Payloads;
use crate::proposal::esp::EspSuite;
use crate::sa::established::{Active, Established};
use crate::sa::tasks::Task;
use crossgate_model::event::{DeleteReason, Side};
use crossgate_model::view::Role;
use crossgate_model::{EventKind, OutboundUse};
use crossgate_wire::ike::{Notify, NotifyType, Payload, ProtocolId};
use std::time::Duration;

/// Our request to replace a Child SA.
#[derive(Debug)]
pub(crate) struct RekeyChild {
    /// Inbound SPI of the old one.
    pub old: u32,
    offer: ChildOffer,
    nonce: Vec<u8>,
    /// The peer rekeyed the same SA meanwhile: the SA that this made, and its rank.
    pub peer: Option<(u32, Rank)>,
}

pub(crate) fn start(sa: &mut Established, cx: &mut Context, spi_in: u32) {
    let Some(old) = sa.children.get_mut(&spi_in).filter(|child| child.is_live()) else {
        return;
    };
    old.soft_at = None;
    // 1. The same configured Child, with the selectors that were agreed (RFC 7296 §2.9.2).
    let config = sa.peering.config.clone();
    let configured = config
        .children
        .iter()
        .find(|c| c.name.value == old.name && c.enabled.value);
    let Some(configured) = configured else {
        return;
    };
    let group = configured.pfs.map(|group| group.value);
    let (agreed, resource) = (old.agreed.clone(), old.resource);
    let offer = match ChildOffer::new(cx, configured, Some(&agreed), group, resource) {
        Ok(offer) => offer,
        Err(reason) => {
            let name = &configured.name.value;
            cx.event(&sa.peering, Some(name), EventKind::CannotStart { reason });
            return;
        }
    };
    // 2. The old one is named by the SPI that we receive on.
    let nonce = cx.nonce();
    let names_old = Notify::about_child(NotifyType::REKEY_SA, ProtocolId::ESP, spi_in);
    let payloads = payloads(&offer, &nonce, Some(Payload::Notify(names_old)));
    let request = RekeyChild {
        old: spi_in,
        offer,
        nonce,
        peer: None,
    };
    sa.send(
        cx,
        EXCHANGE,
        &payloads,
        Active::RekeyChild(Box::new(request)),
    );
}

impl RekeyChild {
    pub fn process(
        self,
        sa: &mut Established,
        cx: &mut Context,
        answer: &Payloads,
        message_id: u32,
    ) -> Then {
        // 1. Refused, for now or for good.
        if sa.closing.is_some() {
            self.offer.abandon(cx);
            return Then::Stay;
        }
        if let Some(error) = answer.error() {
            self.refused(sa, cx, error.kind, answer);
            return Then::Stay;
        }
        // 2. The answer is inside our offer.
        let accepted = match (self.offer.accept(answer, EXCHANGE, true), answer.nonce()) {
            (Ok(accepted), Some(nonce_r)) => Ok((accepted, nonce_r)),
            (Ok(_), None) => Err(without_nonce()),
            (Err(failed), _) => Err(failed),
        };
        match accepted {
            Ok(((agreement, _), _)) if sa.was_deleted_early(cx, &self.offer, agreement.spi_out) => {
                again(sa, cx, self.old, REKEY_RETRY);
            }
            Ok((accepted, nonce_r)) => self.replace(sa, cx, accepted, nonce_r, message_id),
            Err(failed) => self.failed(sa, cx, failed),
        }
        Then::Stay
    }

    fn replace(
        self,
        sa: &mut Established,
        cx: &mut Context,
        (agreement, narrowed): (Agreement, Option<EventKind>),
        nonce_r: &[u8],
        message_id: u32,
    ) {
        // 3. If the peer rekeyed it as well, the nonces say which of the new ones stays.
        let rank = Rank::of(&self.nonce, nonce_r);
        let stays = self.peer.as_ref().map(|(_, peers)| survivor(&rank, peers));
        let loses = stays == Some(Side::Peer) && !cx.has(Fault::WrongLoser);
        let outbound = if loses {
            OutboundUse::AfterPeer
        } else {
            OutboundUse::Immediately
        };
        let (nonce_i, role) = (self.nonce.as_slice(), Role::Initiator);
        let birth = Birth {
            role,
            nonce_i,
            nonce_r,
            outbound,
            message_id,
        };
        let Some(new) = sa.install_rekeyed(cx, agreement, birth, self.old) else {
            return;
        };
        let (name, spi_in, rekeyed) = (new.name.clone(), new.spi_in, new.rekeyed(self.old));
        let resolved = stays.map(|survivor| EventKind::CollisionResolved { survivor });
        for event in narrowed.into_iter().chain([rekeyed]).chain(resolved) {
            cx.event(&sa.peering, Some(&name), event);
        }
        // 4. What is now too much goes: ours if it lost, else the old one. The peer deletes the
        //    other one. Where we meanwhile want the tunnel gone, the successor goes too; an old
        //    one that has only expired meanwhile is what the successor is for.
        let unwanted = sa.is_deleting(self.old);
        if loses {
            sa.delete_children(cx, vec![spi_in], DeleteReason::Redundant);
        } else if let Some(reason) = unwanted.filter(|why| *why != DeleteReason::Expired) {
            sa.delete_children(cx, vec![spi_in], reason);
        } else {
            if let Some((peers_new, _)) = self.peer {
                sa.replaced_by_peer(cx, peers_new);
            }
            if !cx.has(Fault::NoDelete) {
                sa.delete_children(cx, vec![self.old], DeleteReason::Rekeyed);
            }
            if unwanted.is_some() {
                let (connection, child) = (sa.peering.connection(), name);
                cx.effects.push_back(Effect::ChildUp {
                    connection,
                    child,
                    spi_in,
                });
            }
        }
    }

    pub fn abandon(&self, cx: &mut Context) {
        self.offer.abandon(cx);
    }

    fn refused(self, sa: &mut Established, cx: &mut Context, kind: NotifyType, answer: &Payloads) {
        let replaced_by_peer = self.peer.is_some();
        match kind {
            // The peer noticed no collision and has replaced it already (RFC 7296 §2.25.1).
            NotifyType::TEMPORARY_FAILURE | NotifyType::CHILD_SA_NOT_FOUND if replaced_by_peer => {
                self.offer.abandon(cx);
            }
            NotifyType::TEMPORARY_FAILURE => {
                self.offer.abandon(cx);
                let wait = TEMPORARY_FAILURE_WAIT + cx.jitter(TEMPORARY_FAILURE_WAIT);
                again(sa, cx, self.old, wait);
            }
            NotifyType::CHILD_SA_NOT_FOUND => {
                self.offer.abandon(cx);
                lost(sa, cx, self.old);
            }
            _ => {
                let accepted = self.offer.accept(answer, EXCHANGE, true);
                if let Err(failed) = accepted {
                    self.failed(sa, cx, failed);
                }
            }
        }
    }

    /// The old SA goes on; another try follows, until its hard lifetime ends.
    fn failed(self, sa: &mut Established, cx: &mut Context, mut failed: OfferFailed) {
        let old = sa.children.get(&self.old).map(|old| old.suite);
        if failed.notify == Some(NotifyType::NO_PROPOSAL_CHOSEN)
            && let Some(mismatch) = self.only_pfs_differs(old)
        {
            failed.events.push(mismatch);
        }
        sa.child_refused(cx, &self.offer, failed);
        again(sa, cx, self.old, REKEY_RETRY);
    }

    /// The peer agreed to these algorithms before, without a key exchange: what it refuses can only
    /// be the group, or that there is none.
    fn only_pfs_differs(&self, old: Option<EspSuite>) -> Option<EventKind> {
        let old = old.filter(|old| self.offer.has_algorithms_of(old))?;
        (old.group.is_none()).then(|| EventKind::PfsMismatch {
            refused_by: Side::Peer,
            received: NotifyType::NO_PROPOSAL_CHOSEN.to_string(),
            expected: self.offer.describe_group(),
        })
    }
}

fn again(sa: &mut Established, cx: &mut Context, old: u32, wait: Duration) {
    if sa.children.get(&old).is_some_and(|child| child.is_live()) {
        sa.tasks.add(cx.now + wait, Task::RekeyChild(old));
    }
}

/// The peer no longer has it: ours goes too, and a new one is asked for (RFC 7296 §2.25.1).
fn lost(sa: &mut Established, cx: &mut Context, spi_in: u32) {
    let Some(old) = sa.children.get(&spi_in).filter(|child| child.is_live()) else {
        return;
    };
    let (name, resource) = (old.name.clone(), old.resource);
    sa.children.remove(&spi_in);
    cx.remove_child(spi_in);
    let of = (name.as_str(), resource);
    sa.tell_deleted(cx, of, spi_in, Side::Peer, DeleteReason::ByPeer);
    sa.tasks.add(cx.now, Task::CreateChild(name, resource));
}

/// The peer rekeys a Child SA.
pub(crate) fn answer(
    sa: &mut Established,
    cx: &mut Context,
    asked: &Payloads,
    message_id: u32,
) -> Reply {
    // 1. Not while the IKE SA itself is being rekeyed or closed (RFC 7296 §2.25.2).
    if sa.is_being_replaced() {
        return NotifyType::TEMPORARY_FAILURE.into();
    }
    // 2. It names one that we have, and that we are not about to delete (RFC 7296 §2.25.1).
    let old = match named(sa, asked) {
        Ok(old) => old,
        Err(reply) => return reply,
    };
    let old_spi_in = old.spi_in;
    let Some(nonce_i) = asked.nonce() else {
        return NotifyType::INVALID_SYNTAX.into();
    };
    // 3. The new one is for the same configured Child.
    let config = sa.peering.config.clone();
    let circumstance = Circumstance {
        exchange: EXCHANGE,
        ike: sa.peering.id,
        rekeys: Some(old),
    };
    let (agreement, ours) = match answer::answer(cx, &config, asked, circumstance) {
        Ok(agreed) => agreed,
        Err(refusal) => {
            let notify = Payload::Notify(refusal.notify.clone());
            sa.refused_child(cx, refusal);
            return notify.into();
        }
    };
    let nonce_r = cx.nonce();
    let (role, outbound) = match cx.has(Fault::EarlyOutbound) {
        false => (Role::Responder, OutboundUse::AfterPeer),
        true => (Role::Responder, OutboundUse::Immediately),
    };
    let birth = Birth {
        role,
        nonce_i,
        nonce_r: &nonce_r,
        outbound,
        message_id,
    };
    let Some(new) = sa.install_rekeyed(cx, agreement, birth, old_spi_in) else {
        return NotifyType::TEMPORARY_FAILURE.into();
    };
    let (name, spi_in, rekeyed) = (new.name.clone(), new.spi_in, new.rekeyed(old_spi_in));
    cx.event(&sa.peering, Some(&name), rekeyed);
    // 4. The old one is the peer's to delete; if we asked for the same, nonces will decide.
    sa.replaced_by_peer(cx, old_spi_in);
    if let Some(Active::RekeyChild(request)) = &mut sa.active
        && request.old == old_spi_in
    {
        request.peer = Some((spi_in, Rank::of(nonce_i, &nonce_r)));
    }
    with_nonce(ours, nonce_r).into()
}

/// The Child that the peer means, by the SPI that it receives on; or the answer if there is none.
fn named<'a>(sa: &'a Established, asked: &Payloads) -> Result<&'a Child, Reply> {
    let spi = asked.notify(NotifyType::REKEY_SA).and_then(Notify::esp_spi);
    match spi.and_then(|spi| sa.child_by_outbound(spi)) {
        Some(old) if !matches!(old.stage, Stage::Deleting(_)) => Ok(old),
        Some(_) => Err(NotifyType::TEMPORARY_FAILURE.into()),
        // The answer that brings it may still be on its way to us.
        None if sa.expects_child() => Err(NotifyType::TEMPORARY_FAILURE.into()),
        None => {
            let (kind, spi) = (NotifyType::CHILD_SA_NOT_FOUND, spi.unwrap_or_default());
            Err(Payload::Notify(Notify::about_child(kind, ProtocolId::ESP, spi)).into())
        }
    }
}
