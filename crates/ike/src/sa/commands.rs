//! What the engine tells an established IKE SA to do, and to know.

use super::Peering;
use super::established::{Active, Established};
use super::tasks::Task;
use crate::channel::Channel;
use crate::child::{Child, Stage};
use crate::context::Context;
use crossgate_model::event::{DeleteReason, Side};
use crossgate_model::{Connection, Time};
use std::collections::BTreeMap;
use std::sync::Arc;

impl Established {
    /// The IKE SA that replaces this one: same peer, same way, fresh lifetimes.
    pub fn successor(&self, cx: &mut Context, peering: Peering, channel: Channel) -> Self {
        let fragments = self.channel.fragment_to.is_some();
        let mut new = Self::new(cx, peering, channel, self.peer.clone(), self.nat, fragments);
        new.sent = self.sent;
        new
    }

    /// All Children, and what was to be done about them (RFC 7296 §2.8).
    pub fn hand_over(&mut self, to: &mut Self, cx: &mut Context) {
        for (spi_in, child) in std::mem::take(&mut self.children) {
            if let Some(entry) = cx.book.entry_mut(spi_in) {
                entry.ike = to.peering.id;
            }
            to.children.insert(spi_in, child);
        }
        for (due, task) in self.tasks.take_for_children() {
            to.tasks.add(due, task);
        }
    }

    /// The Children come back: the peer gave its own rekey up, and ours is still under way.
    pub fn take_back(
        &mut self,
        cx: &mut Context,
        children: BTreeMap<u32, Box<Child>>,
        tasks: Vec<(Time, Task)>,
    ) {
        self.superseded = None;
        if let Some(Active::RekeyIke(request)) = &mut self.active {
            request.peer = None;
        }
        let live = self.closing.is_none();
        cx.book
            .set_live(&self.peering.connection(), self.peering.id, live);
        for (spi_in, child) in children {
            if let Some(entry) = cx.book.entry_mut(spi_in) {
                entry.ike = self.peering.id;
            }
            self.children.insert(spi_in, child);
        }
        for (due, task) in tasks {
            self.tasks.add(due, task);
        }
    }

    /// It ends as soon as the window allows; nothing is sealed or opened from now on.
    pub fn begin_delete(&mut self, cx: &mut Context, reason: DeleteReason) {
        if self.closing.is_some() {
            return;
        }
        self.closing = Some(reason);
        self.hold = None;
        self.remove_children(cx, Side::Us, reason);
        self.tasks.clear();
        self.tasks.add(cx.now, Task::DeleteIke);
        cx.book
            .set_live(&self.peering.connection(), self.peering.id, false);
    }

    pub fn rekey(&mut self, cx: &Context) {
        self.soft_at = None;
        self.tasks.add(cx.now, Task::RekeyIke(None));
    }

    /// Rekeys the live SAs of the Children that `which` accepts, and says how many.
    pub fn rekey_children(&mut self, cx: &Context, which: impl Fn(&str) -> bool) -> u32 {
        let live = self
            .children
            .values_mut()
            .filter(|child| child.is_live() && which(&child.name));
        let mut count = 0;
        for child in live {
            child.soft_at = None;
            self.tasks.add(cx.now, Task::RekeyChild(child.spi_in));
            count += 1;
        }
        count
    }

    /// Deletes the SAs of the Children that `which` accepts, and says how many.
    pub fn delete_children_if(
        &mut self,
        cx: &mut Context,
        reason: DeleteReason,
        which: impl Fn(&str) -> bool,
    ) -> u32 {
        let there = |child: &&Child| matches!(child.stage, Stage::Live | Stage::Replaced { .. });
        let chosen = self
            .children
            .values()
            .map(Box::as_ref)
            .filter(there)
            .filter(|child| which(&child.name));
        let spis: Vec<u32> = chosen.map(|child| child.spi_in).collect();
        let count = u32::try_from(spis.len()).unwrap_or(u32::MAX);
        self.delete_children(cx, spis, reason);
        count
    }

    /// Authentic traffic came in.
    pub fn traffic_seen(&mut self, cx: &Context, spi_in: u32) {
        self.heard = cx.now;
        self.touch(cx, spi_in);
    }

    pub fn traffic_sent(&mut self, cx: &Context, spi_in: u32) {
        self.sent = Some(cx.now);
        self.touch(cx, spi_in);
    }

    pub fn child_soft_expired(&mut self, cx: &Context, spi_in: u32) {
        if let Some(child) = self
            .children
            .get_mut(&spi_in)
            .filter(|child| child.is_live())
        {
            child.soft_at = None;
            self.tasks.add(cx.now, Task::RekeyChild(spi_in));
        }
    }

    /// Whether a request for that Child, and all resources, waits or is under way.
    pub fn asks_for(&self, child: &str) -> bool {
        let asked = matches!(&self.active, Some(Active::CreateChild(r)) if r.is_for(child, 0));
        asked || self.tasks.has(&Task::CreateChild(child.to_owned(), 0))
    }

    fn touch(&mut self, cx: &Context, spi_in: u32) {
        let Some(child) = self.children.get_mut(&spi_in) else {
            return;
        };
        child.used = cx.now;
        // SAs of one Child for several resources become idle together.
        if child.idle.is_some() && !cx.resources(&child.name).is_empty() {
            let name = child.name.clone();
            let children = self.children.values_mut();
            let same = children.filter(|child| child.name == name);
            same.for_each(|child| child.used = cx.now);
        }
    }

    /// The connection as it is configured now; what it says counts from here on.
    pub fn reconfigured(&mut self, config: Arc<Connection>) {
        self.peering.config = config;
    }
}
