//! Several SAs of one Child, each for a resource such as a core (RFC 9611).
//!
//! ```text
//!   first:    SA, Ni, TSi, TSr, N(SA_RESOURCE_INFO)        -->
//!                              <--  SA, Nr, TSi, TSr, N(SA_RESOURCE_INFO)
//!   more:     SA, Ni, TSi, TSr, N(SA_RESOURCE_INFO, 1)     -->
//!                              <--  SA, Nr, TSi, TSr, N(SA_RESOURCE_INFO, 2)
//!   too many: SA, Ni, TSi, TSr, N(SA_RESOURCE_INFO, 3)     -->
//!                              <--  N(TS_MAX_QUEUE)
//! ```
//!
//! The first one is for whatever has none of its own. Only who has asked for it asks for more, and
//! only where the peer has answered with the notify: another peer takes a second SA with the same
//! selectors for whatever it likes. Each end numbers its own resources, and the peer's numbers are
//! for logs alone (§3).

use super::answer::{Circumstance, Refusal};
use super::offer::ChildOffer;
use crate::context::Context;
use crate::limits::{DUPLICATE_GRACE, MISTAKEN_GRACE, RESTART_WAIT, RETRY_MOST};
use crate::payloads::Payloads;
use crate::proposal::esp::EspSuite;
use crate::sa::established::Established;
use crate::sa::tasks::Task;
use crate::selectors::SelectorsAgreed;
use crossgate_model::EventKind;
use crossgate_model::event::DeleteReason;
use crossgate_model::view::Role;
use crossgate_wire::ike::{Notify, NotifyType, Payload};
use std::collections::BTreeSet;

/// Whether the peer takes more SAs of a Child; known of the one for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum More {
    /// It has not said so, or we have not.
    Unsaid,
    Taken,
    /// It has taken as many as it will.
    Refused,
}

impl More {
    /// From the message that made the SA.
    pub fn said(is_one_of_many: bool, message: &Payloads) -> Self {
        match message.notify(NotifyType::SA_RESOURCE_INFO) {
            Some(_) if is_one_of_many => Self::Taken,
            _ => Self::Unsaid,
        }
    }
}

/// With our own number of the resource; the SA for all has none.
pub(crate) fn info(resource: u8) -> Payload {
    let number = u32::from(resource).to_be_bytes();
    let data = if resource == 0 { &[][..] } else { &number[..] };
    Payload::Notify(Notify::with_data(NotifyType::SA_RESOURCE_INFO, data))
}

/// The resource that an SA is for which the peer asks for: the first that has none, once there is
/// one for all on the same IKE SA.
pub(crate) fn place(
    cx: &Context,
    child: &str,
    agreed: &SelectorsAgreed,
    asked: &Payloads,
    circumstance: Circumstance<'_>,
) -> Result<u8, Refusal> {
    if let Some(old) = circumstance.rekeys {
        return Ok(old.resource);
    }
    let of_child = || {
        let live = cx.book.of_child(child).map(|(_, entry)| entry);
        live.filter(|entry| entry.live && entry.ike == circumstance.ike)
    };
    let is_more = asked.notify(NotifyType::SA_RESOURCE_INFO).is_some()
        && of_child().any(|entry| entry.resource == 0 && entry.selectors == *agreed);
    if !is_more {
        return Ok(0);
    }
    let mut resources = cx.resources(child);
    let limit = resources.end.into();
    let is_free = |resource: &u8| of_child().all(|entry| entry.resource != *resource);
    resources.find(is_free).ok_or_else(|| Refusal {
        notify: Notify::new(NotifyType::TS_MAX_QUEUE),
        event: EventKind::LimitReached {
            what: "SAs for the resources of one Child",
            limit,
        },
        child: None,
    })
}

impl Established {
    /// Asks for an SA for each resource that has none, where the SA for all is there.
    pub fn ask_for_resources(&mut self, cx: &Context, child: &str) {
        if !self.live_for(child, 0).any(asks_for_more) {
            return;
        }
        for resource in cx.resources(child) {
            self.tasks
                .add(cx.now, Task::CreateChild(child.to_owned(), resource));
        }
    }

    /// The selectors and algorithms to ask with, if it is for us to ask, now.
    pub fn may_ask_for(
        &mut self,
        cx: &Context,
        name: &str,
        resource: u8,
    ) -> Option<(SelectorsAgreed, EspSuite)> {
        let has_one = self.live_for(name, resource).next().is_some();
        if has_one || !cx.resources(name).contains(&resource) {
            return None;
        }
        let for_all = self.live_for(name, 0).find(|one| asks_for_more(one))?;
        // Which of two stays decides who asks.
        if !cx.book.crossing(for_all.spi_in).is_empty() {
            let later = cx.now + DUPLICATE_GRACE;
            self.tasks
                .add(later, Task::CreateChild(name.to_owned(), resource));
            return None;
        }
        Some((for_all.agreed.clone(), for_all.suite))
    }

    /// We asked for one more and got none: not again, if the peer has enough of them.
    pub fn resource_refused(
        &mut self,
        cx: &mut Context,
        offer: &ChildOffer,
        notify: Option<NotifyType>,
    ) {
        let (name, resource) = (offer.name.as_str(), offer.resource);
        // It was a rekey.
        if self.live_for(name, resource).next().is_some() {
            return;
        }
        if !matches!(
            notify,
            Some(NotifyType::TS_MAX_QUEUE | NotifyType::NO_ADDITIONAL_SAS)
        ) {
            let wait = RETRY_MOST + cx.jitter(RETRY_MOST);
            let again = Task::CreateChild(name.to_owned(), resource);
            return self.tasks.add(cx.now + wait, again);
        }
        let children = self.children.values_mut();
        for child in children.filter(|child| child.resource == 0 && child.name == name) {
            child.more = More::Refused;
        }
        self.forget_resources(cx, name);
    }

    /// One for that resource is gone: after a while it is asked for anew, if that is for us.
    pub fn resource_gone(&mut self, cx: &Context, name: &str, resource: u8) {
        if self.is_current() && self.live_for(name, 0).any(asks_for_more) {
            let again = Task::CreateChild(name.to_owned(), resource);
            self.tasks.add(cx.now + RESTART_WAIT, again);
        }
    }

    /// The one for all is gone: unless another comes, so does its group, by who asked for it.
    pub fn lead_gone(&mut self, cx: &Context, name: &str) {
        if self.has_lead(name) {
            return;
        }
        self.forget_resources(cx, name);
        let of_child = self.children.values_mut().filter(|one| one.name == name);
        for one in of_child.filter(|one| one.resource > 0) {
            if one.origin.role == Role::Initiator {
                one.redundant_at = Some(cx.now + MISTAKEN_GRACE);
            }
        }
    }

    /// Children whose SA for all is there, as far as there are others.
    pub fn leads(&self) -> BTreeSet<String> {
        let live = || self.children.values().filter(|child| child.is_live());
        if live().all(|child| child.resource == 0) {
            return BTreeSet::new();
        }
        let for_all = live().filter(|child| child.resource == 0);
        for_all.map(|child| child.name.clone()).collect()
    }

    /// Whether the SA for all is there.
    pub fn has_lead(&self, name: &str) -> bool {
        self.live_for(name, 0).next().is_some()
    }

    /// The one for all was deleted while we asked for one more: the peer is to delete what it made.
    pub fn give_back_resource(&mut self, cx: &mut Context, offer: &ChildOffer) {
        self.tasks
            .add(cx.now, Task::DeleteChildren(vec![offer.spi_in]));
        offer.abandon(cx);
    }

    fn live_for(&self, name: &str, resource: u8) -> impl Iterator<Item = &super::Child> {
        let of_child = self
            .children
            .values()
            .map(Box::as_ref)
            .filter(move |child| child.name == name);
        of_child.filter(move |child| child.is_live() && child.resource == resource)
    }

    fn forget_resources(&mut self, cx: &Context, name: &str) {
        for resource in cx.resources(name) {
            self.tasks
                .forget(&Task::CreateChild(name.to_owned(), resource));
        }
    }

    /// The one for all is redundant, and a sibling on another IKE SA stays: those for its resources
    /// go with it.
    pub fn end_group(&mut self, cx: &mut Context, spi_in: u32) {
        let for_all = self.children.get(&spi_in).filter(|one| one.resource == 0);
        let Some(name) = for_all.map(|one| one.name.clone()) else {
            return;
        };
        let of_child = self.children.values();
        let live = of_child.filter(|child| child.is_live() && child.name == name);
        let (all, group): (Vec<_>, Vec<_>) = live.partition(|child| child.resource == 0);
        if all.len() > 1 {
            return;
        }
        let group = group.iter().map(|child| child.spi_in).collect();
        self.forget_resources(cx, &name);
        self.delete_children(cx, group, DeleteReason::Redundant);
    }
}

/// Whether it is for us to ask for more beside this one.
fn asks_for_more(for_all: &super::Child) -> bool {
    for_all.more == More::Taken && for_all.origin.role == Role::Initiator
}
