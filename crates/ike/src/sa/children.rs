//! The Children of an established IKE SA: making, replacing, giving up, deleting.

use super::established::{Active, Established};
use super::tasks::Task;
use crate::child::answer::Refusal;
use crate::child::offer::{ChildOffer, OfferFailed};
use crate::child::survives_request;
use crate::child::{self, Agreement, Birth, Child, Origin, Stage};
use crate::context::{Context, Ends};
use crate::effect::Effect;
use crate::limits::MAX_SAS_PER_CHILD;
use crossgate_model::event::{DeleteReason, Side};
use crossgate_model::{EventKind, Time};
use crossgate_wire::ike::{ExchangeType, Payload};

impl Established {
    /// A Child that isn't a rekey: installed, told, counted as up.
    pub fn add_child(
        &mut self,
        cx: &mut Context,
        agreement: Agreement,
        birth: Birth<'_>,
        narrowed: Option<EventKind>,
    ) {
        let Some(child) = self.install_child(cx, agreement, birth) else {
            return;
        };
        let (spi_in, installed) = (child.spi_in, child.event());
        let child = child.name.clone();
        if let Some(narrowed) = narrowed {
            cx.event(&self.peering, Some(&child), narrowed);
        }
        cx.event(&self.peering, Some(&child), installed);
        self.ask_for_resources(cx, &child);
        let connection = self.peering.connection();
        cx.effects.push_back(Effect::ChildUp {
            connection,
            child,
            spi_in,
        });
    }

    /// Into the data plane, without telling.
    pub fn install_child(
        &mut self,
        cx: &mut Context,
        agreement: Agreement,
        birth: Birth<'_>,
    ) -> Option<&Child> {
        match child::install(cx, &self.peering, self.nat, &self.channel, agreement, birth) {
            Ok(child) => {
                let spi_in = child.spi_in;
                self.children.insert(spi_in, Box::new(child));
                self.children.get(&spi_in).map(Box::as_ref)
            }
            Err(failure) => {
                cx.internal(&self.peering, failure);
                None
            }
        }
    }

    /// In place of `old`: what it was for, and whether it is to go as a duplicate, goes on.
    pub fn install_rekeyed(
        &mut self,
        cx: &mut Context,
        agreement: Agreement,
        birth: Birth<'_>,
        old: u32,
    ) -> Option<&Child> {
        let inherited = self
            .children
            .get(&old)
            .map(|old| (old.origin.clone(), old.redundant_at, old.more));
        let spi_in = agreement.spi_in;
        self.install_child(cx, agreement, birth)?;
        let child = self.children.get_mut(&spi_in)?;
        let name = child.name.clone();
        if let Some((origin, redundant_at, more)) = inherited {
            child.more = more;
            child.redundant_at = redundant_at;
            child.origin = origin.clone();
            if let Some(entry) = cx.book.entry_mut(spi_in) {
                entry.origin = origin;
            }
        }
        self.ask_for_resources(cx, &name);
        self.children.get(&spi_in).map(Box::as_ref)
    }

    /// All that the exchange of that origin brought up is to go then, replaced ones included: the
    /// answer to a rekey that is under way inherits from them.
    pub fn mark_redundant(&mut self, origin: &Origin, at: Time) {
        for child in self.children.values_mut() {
            if child.origin == *origin {
                child.redundant_at = Some(at);
            }
        }
    }

    /// Answers a request of the peer.
    pub fn respond(
        &mut self,
        cx: &mut Context,
        exchange: ExchangeType,
        id: u32,
        payloads: &[Payload],
        ends: Ends,
    ) {
        match self
            .channel
            .answer(&mut *cx.rng, exchange, id, payloads, ends)
        {
            Ok(datagrams) => cx.transmit_all(ends, &datagrams),
            Err(failure) => cx.internal(&self.peering, failure),
        }
    }

    /// We asked for a Child and got none.
    pub fn child_refused(&mut self, cx: &mut Context, offer: &ChildOffer, failed: OfferFailed) {
        let mut why = String::new();
        for event in failed.events {
            why = event.to_string();
            cx.event(&self.peering, Some(&offer.name), event);
        }
        if failed.peer_has_it {
            self.tasks
                .add(cx.now, Task::DeleteChildren(vec![offer.spi_in]));
        }
        offer.abandon(cx);
        if offer.resource > 0 {
            return self.resource_refused(cx, offer, failed.notify);
        }
        let (connection, child) = (self.peering.connection(), offer.name.clone());
        cx.effects.push_back(Effect::ChildFailed {
            connection,
            child,
            why,
        });
    }

    /// The peer asked for a Child and got none.
    pub fn refused_child(&self, cx: &mut Context, refusal: Refusal) {
        let Refusal { event, child, .. } = refusal;
        if let Some(child) = &child {
            let (connection, child) = (self.peering.connection(), child.clone());
            let why = event.to_string();
            cx.effects.push_back(Effect::ChildFailed {
                connection,
                child,
                why,
            });
        }
        cx.event(&self.peering, child.as_deref(), event);
    }

    /// By the SPI that the peer receives on.
    pub fn child_by_outbound(&self, spi_out: u32) -> Option<&Child> {
        let known = |child: &&Child| child.spi_out == spi_out && child.is_known_to_peer();
        self.children.values().map(Box::as_ref).find(known)
    }

    /// Why it is being deleted, if it is.
    pub fn is_deleting(&self, spi_in: u32) -> Option<DeleteReason> {
        match self.children.get(&spi_in)?.stage {
            Stage::Deleting(reason) => Some(reason),
            _ => None,
        }
    }

    /// Whether the peer may have made an SA that we don't know yet.
    pub fn expects_child(&self) -> bool {
        matches!(
            self.active,
            Some(Active::CreateChild(_) | Active::RekeyChild(_))
        )
    }

    /// A Delete may overtake the answer that brings its SA.
    pub fn note_early_delete(&mut self, spi_out: u32) {
        if self.expects_child() && self.deleted_early.len() < MAX_SAS_PER_CHILD {
            self.deleted_early.push(spi_out);
        }
    }

    /// Whether the peer has deleted the new SA already; then it isn't installed.
    pub fn was_deleted_early(
        &mut self,
        cx: &mut Context,
        offer: &ChildOffer,
        spi_out: u32,
    ) -> bool {
        let deleted = self.deleted_early.contains(&spi_out);
        if deleted {
            offer.abandon(cx);
            let (by, reason) = (Side::Peer, DeleteReason::ByPeer);
            let of = (offer.name.as_str(), offer.resource);
            self.tell_deleted(cx, of, offer.spi_in, by, reason);
        }
        deleted
    }

    /// The peer has a newer one and is to delete this one.
    pub fn replaced_by_peer(&mut self, cx: &mut Context, spi_in: u32) {
        if let Some(child) = self.children.get_mut(&spi_in)
            && matches!(child.stage, Stage::Live | Stage::Replaced { .. })
        {
            let delete_at = cx.replaced_until().min(child.hard_at);
            child.stage = Stage::Replaced { delete_at };
            child.soft_at = None;
            self.tasks.forget(&Task::RekeyChild(spi_in));
            set_live(cx, spi_in, false);
        }
    }

    /// Begins the deletion of Children with the peer. Those whose traffic another SA doesn't carry
    /// leave the data plane at once.
    pub fn delete_children(&mut self, cx: &mut Context, spis: Vec<u32>, reason: DeleteReason) {
        let mut asked = Vec::new();
        for spi_in in spis {
            let Some(child) = self.children.get_mut(&spi_in) else {
                continue;
            };
            if !matches!(child.stage, Stage::Live | Stage::Replaced { .. }) {
                continue;
            }
            child.stage = Stage::Deleting(reason);
            child.soft_at = None;
            let (name, resource) = (child.name.clone(), child.resource);
            asked.push(spi_in);
            self.tasks.forget(&Task::RekeyChild(spi_in));
            set_live(cx, spi_in, false);
            if !survives_request(reason) {
                cx.remove_child(spi_in);
                self.tell_deleted(cx, (&name, resource), spi_in, Side::Us, reason);
            }
        }
        if !asked.is_empty() {
            self.tasks.add(cx.now, Task::DeleteChildren(asked));
        }
    }

    /// Of a Child, and the resource of it that the SA was for.
    pub fn tell_deleted(
        &mut self,
        cx: &mut Context,
        (name, resource): (&str, u8),
        spi_in: u32,
        by: Side,
        reason: DeleteReason,
    ) {
        let kind = EventKind::ChildDeleted { by, spi_in, reason };
        cx.event(&self.peering, Some(name), kind);
        if resource == 0 {
            self.lead_gone(cx, name);
        }
        let (connection, child) = (self.peering.connection(), name.to_owned());
        cx.effects.push_back(Effect::ChildGone {
            connection,
            child,
            resource,
            reason,
        });
    }
}

pub(crate) fn set_live(cx: &mut Context, spi_in: u32, live: bool) {
    if let Some(entry) = cx.book.entry_mut(spi_in) {
        entry.live = live;
    }
}
