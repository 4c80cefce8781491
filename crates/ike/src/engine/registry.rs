//! The table of IKE SAs with its indexes: by ID, by connection, by deadline, by the initiator of a
//! half-open one.

use super::Engine;
use crate::context::Context;
use crate::exchange::Then;
use crate::output::Deadline;
use crate::sa::IkeSa;
use crate::sa::established::Established;
use crossgate_model::Time;
use crossgate_wire::ike::IkeSpi;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

#[derive(Debug, Default)]
pub(crate) struct Registry {
    by_id: BTreeMap<u32, IkeSa>,
    by_connection: BTreeSet<(String, u32)>,
    by_deadline: BTreeSet<(Deadline, u32)>,
    /// A repeated IKE_SA_INIT finds the SA that the first one made.
    by_initiator: BTreeMap<(IkeSpi, SocketAddr), u32>,
    /// By source.
    half_open: BTreeSet<(IpAddr, u32)>,
}

impl Registry {
    pub fn ids(&self) -> Vec<u32> {
        self.by_id.keys().copied().collect()
    }

    pub fn all(&self) -> impl Iterator<Item = &IkeSa> {
        self.by_id.values()
    }

    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    pub fn half_open(&self) -> usize {
        self.half_open.len()
    }

    /// How many one source has.
    pub fn half_open_of(&self, source: IpAddr) -> usize {
        let range = (source, 0)..=(source, u32::MAX);
        self.half_open.range(range).count()
    }

    pub fn get(&self, id: u32) -> Option<&IkeSa> {
        self.by_id.get(&id)
    }

    pub fn of_connection<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a IkeSa> + 'a {
        let range = (name.to_owned(), 0)..=(name.to_owned(), u32::MAX);
        self.by_connection
            .range(range)
            .filter_map(|(_, id)| self.by_id.get(id))
    }

    pub fn by_initiator(&self, spi: IkeSpi, remote: SocketAddr) -> Option<u32> {
        self.by_initiator.get(&(spi, remote)).copied()
    }

    pub fn remember_initiator(&mut self, spi: IkeSpi, remote: SocketAddr, id: u32) {
        self.by_initiator.insert((spi, remote), id);
    }

    pub fn next_deadline(&self) -> Option<Deadline> {
        self.by_deadline.first().map(|(deadline, _)| *deadline)
    }

    /// SAs with something due, each once.
    pub fn due(&self, now: Time) -> Vec<u32> {
        let due = self
            .by_deadline
            .iter()
            .take_while(|(deadline, _)| deadline.at <= now);
        due.map(|(_, id)| *id).collect()
    }

    pub fn insert(&mut self, cx: &mut Context, sa: IkeSa) {
        let peering = sa.peering();
        let id = peering.id;
        cx.book.add_ike(peering.own_spi(), id);
        self.by_connection.insert((peering.connection(), id));
        if let Some(deadline) = sa.deadline() {
            self.by_deadline.insert((deadline, id));
        }
        if matches!(sa, IkeSa::Responding(_)) {
            self.half_open.insert((peering.ends.remote.ip(), id));
        }
        self.by_id.insert(id, sa);
    }

    /// Lets an established SA take note of something that starts nothing; false if something waits
    /// to be started, which any turn may do.
    pub fn note(
        &mut self,
        cx: &mut Context,
        id: u32,
        tell: impl FnOnce(&mut Established, &mut Context),
    ) -> bool {
        let sa = self.by_id.get_mut(&id).and_then(IkeSa::established_mut);
        let Some(sa) = sa.filter(|sa| sa.tasks.is_idle()) else {
            return false;
        };
        let before = sa.deadline();
        tell(sa, cx);
        let after = sa.deadline();
        if before != after {
            before.map(|deadline| self.by_deadline.remove(&(deadline, id)));
            self.by_deadline
                .extend(after.map(|deadline| (deadline, id)));
        }
        true
    }

    /// Takes it out of the table and all indexes but that of initiators.
    pub fn remove(&mut self, cx: &mut Context, id: u32) -> Option<IkeSa> {
        let sa = self.by_id.remove(&id)?;
        let peering = sa.peering();
        cx.book.forget_ike(peering.own_spi());
        self.by_connection.remove(&(peering.connection(), id));
        if let Some(deadline) = sa.deadline() {
            self.by_deadline.remove(&(deadline, id));
        }
        self.half_open.remove(&(peering.ends.remote.ip(), id));
        Some(sa)
    }

    pub fn forget_initiator(&mut self, id: u32) {
        self.by_initiator.retain(|_, known| *known != id);
    }
}

impl Engine {
    /// Runs one SA's turn and puts its next state in its place.
    pub(super) fn with_sa(
        &mut self,
        id: u32,
        turn: impl FnOnce(IkeSa, &mut Context) -> Option<IkeSa>,
    ) {
        let Some(sa) = self.sas.remove(&mut self.cx, id) else {
            return;
        };
        let (before, kind) = (sa.peering().connection(), std::mem::discriminant(&sa));
        let next = turn(sa, &mut self.cx);
        let changed = next.as_ref().map(std::mem::discriminant) != Some(kind);
        if changed {
            self.mark_dirty(&before);
        }
        match next {
            Some(next) => self.sas.insert(&mut self.cx, next),
            None => self.sas.forget_initiator(id),
        }
    }

    /// Tells an established SA something, and lets it start what that leads to.
    pub(super) fn with_established(
        &mut self,
        id: u32,
        tell: impl FnOnce(&mut Established, &mut Context),
    ) {
        self.with_sa(id, |sa, cx| match sa {
            IkeSa::Established(mut sa) => {
                tell(&mut sa, cx);
                sa.go_on(cx, Then::Stay)
            }
            other => Some(other),
        });
    }

    /// The same, for the SA that has this Child.
    pub(super) fn with_child(
        &mut self,
        spi_in: u32,
        tell: impl FnOnce(&mut Established, &mut Context),
    ) {
        if let Some(id) = self.cx.book.entry(spi_in).map(|entry| entry.ike) {
            self.with_established(id, tell);
            self.settle();
        }
    }

    /// Traffic comes often and starts nothing: a whole turn is for what waits meanwhile.
    pub(super) fn heed_traffic(
        &mut self,
        spi_in: u32,
        tell: impl Fn(&mut Established, &mut Context),
    ) {
        let id = self.cx.book.entry(spi_in).map(|entry| entry.ike);
        if id.is_none_or(|id| !self.sas.note(&mut self.cx, id, &tell)) {
            self.with_child(spi_in, tell);
        }
    }

    pub(super) fn mark_dirty(&mut self, connection: &str) {
        let known = self
            .connections
            .iter()
            .position(|w| w.config.name.value == connection);
        self.dirty.extend(known);
    }
}
