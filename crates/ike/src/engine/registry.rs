//! The table of IKE SAs with its indexes: by ID, by connection, by deadline, by the initiator of a
//! half-open one.

use super::Engine;
use crate::context::Context;
use crate::exchange::Then;
use crate::output::Deadline;
use crate::sa::IkeSa;
use crate::sa::established::Established;
use crossgate_model::{Connection, Time};
use crossgate_wire::ike::IkeSpi;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

#[derive(Debug, Default)]
pub(crate) struct Registry {
    by_id: BTreeMap<u32, Slot>,
    by_connection: BTreeSet<(String, u32)>,
    by_deadline: BTreeSet<(Deadline, u32)>,
    /// The first of them, which is asked for with every packet.
    next_deadline: Option<Deadline>,
    /// A repeated IKE_SA_INIT finds the SA that the first one made.
    by_initiator: BTreeMap<(IkeSpi, SocketAddr), u32>,
    /// By source.
    half_open: BTreeSet<(IpAddr, u32)>,
}

/// An SA and where the indexes have it.
struct Slot {
    /// Absent during its turn, which sees nothing of this table.
    sa: Option<IkeSa>,
    place: Place,
}

/// The indexes follow from the SA: they say nothing new of it.
impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sa.fmt(f)
    }
}

/// Under what the indexes have an SA.
struct Place {
    own_spi: IkeSpi,
    config: Arc<Connection>,
    /// Whose half-open one it is.
    half_open: Option<IpAddr>,
    deadline: Option<Deadline>,
}

impl Place {
    fn of(sa: &IkeSa) -> Self {
        let peering = sa.peering();
        Self {
            own_spi: peering.own_spi(),
            config: peering.config.clone(),
            half_open: half_open(sa),
            deadline: sa.deadline(),
        }
    }

    /// Whether all but the deadline is as it was.
    fn still_holds(&self, sa: &IkeSa) -> bool {
        let peering = sa.peering();
        self.own_spi == peering.own_spi()
            && Arc::ptr_eq(&self.config, &peering.config)
            && self.half_open == half_open(sa)
    }
}

fn half_open(sa: &IkeSa) -> Option<IpAddr> {
    let open = matches!(sa, IkeSa::Responding(_));
    open.then(|| sa.peering().ends.remote.ip())
}

impl Registry {
    pub fn ids(&self) -> Vec<u32> {
        self.by_id.keys().copied().collect()
    }

    pub fn all(&self) -> impl Iterator<Item = &IkeSa> {
        self.by_id.values().filter_map(|slot| slot.sa.as_ref())
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
        self.by_id.get(&id)?.sa.as_ref()
    }

    pub fn of_connection<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a IkeSa> + 'a {
        let range = (name.to_owned(), 0)..=(name.to_owned(), u32::MAX);
        self.by_connection
            .range(range)
            .filter_map(|(_, id)| self.get(*id))
    }

    pub fn by_initiator(&self, spi: IkeSpi, remote: SocketAddr) -> Option<u32> {
        self.by_initiator.get(&(spi, remote)).copied()
    }

    pub fn remember_initiator(&mut self, spi: IkeSpi, remote: SocketAddr, id: u32) {
        self.by_initiator.insert((spi, remote), id);
    }

    pub fn next_deadline(&self) -> Option<Deadline> {
        self.next_deadline
    }

    fn note_next_deadline(&mut self) {
        self.next_deadline = self.by_deadline.first().map(|(deadline, _)| *deadline);
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
        let (id, place) = (sa.peering().id, Place::of(&sa));
        self.enter(cx, id, &place);
        let sa = Some(sa);
        self.by_id.insert(id, Slot { sa, place });
    }

    fn enter(&mut self, cx: &mut Context, id: u32, place: &Place) {
        cx.book.add_ike(place.own_spi, id);
        let connection = place.config.name.value.clone();
        self.by_connection.insert((connection, id));
        self.by_deadline
            .extend(place.deadline.map(|deadline| (deadline, id)));
        self.note_next_deadline();
        self.half_open
            .extend(place.half_open.map(|source| (source, id)));
    }

    fn leave(&mut self, cx: &mut Context, id: u32, place: &Place) {
        cx.book.forget_ike(place.own_spi);
        let connection = place.config.name.value.clone();
        self.by_connection.remove(&(connection, id));
        if let Some(deadline) = place.deadline {
            self.by_deadline.remove(&(deadline, id));
            self.note_next_deadline();
        }
        if let Some(source) = place.half_open {
            self.half_open.remove(&(source, id));
        }
    }

    /// Takes an SA out for its turn, and tells of which connection it was. The indexes keep it.
    fn take(&mut self, id: u32) -> Option<(IkeSa, Arc<Connection>)> {
        let slot = self.by_id.get_mut(&id)?;
        Some((slot.sa.take()?, slot.place.config.clone()))
    }

    /// Puts it back after its turn. Few turns change more than the deadline.
    fn put_back(&mut self, cx: &mut Context, id: u32, sa: IkeSa) {
        let stays = self.by_id.get(&id);
        if stays.is_none_or(|slot| !slot.place.still_holds(&sa)) {
            self.forget(cx, id);
            return self.insert(cx, sa);
        }
        let deadline = sa.deadline();
        if let Some(slot) = self.by_id.get_mut(&id) {
            slot.sa = Some(sa);
            let before = std::mem::replace(&mut slot.place.deadline, deadline);
            self.reschedule(id, before, deadline);
        }
    }

    fn reschedule(&mut self, id: u32, before: Option<Deadline>, after: Option<Deadline>) {
        if before != after {
            before.map(|deadline| self.by_deadline.remove(&(deadline, id)));
            self.by_deadline
                .extend(after.map(|deadline| (deadline, id)));
            self.note_next_deadline();
        }
    }

    /// Forgets one that was taken out.
    fn forget(&mut self, cx: &mut Context, id: u32) {
        if let Some(slot) = self.by_id.remove(&id) {
            self.leave(cx, id, &slot.place);
        }
    }

    /// Lets an established SA take note of traffic, which starts nothing; false if something waits
    /// to be started, which any turn may do.
    ///
    /// Traffic puts off what is due, but for the liveness check that sending asks for. An SA whose
    /// deadline is put off stays where it is in the index: once a turn finds nothing due, and it goes
    /// to its place then, instead of with every word of traffic.
    pub fn note(
        &mut self,
        cx: &mut Context,
        id: u32,
        tell: impl FnOnce(&mut Established, &mut Context),
    ) -> bool {
        let Some(slot) = self.by_id.get_mut(&id) else {
            return false;
        };
        let sa = slot.sa.as_mut().and_then(IkeSa::established_mut);
        let Some(sa) = sa.filter(|sa| sa.tasks.is_idle()) else {
            return false;
        };
        tell(sa, cx);
        let before = slot.place.deadline;
        let sooner = |before: Deadline| sa.liveness_due().is_some_and(|at| at < before.at);
        if before.is_none_or(sooner) {
            let after = sa.deadline();
            slot.place.deadline = after;
            self.reschedule(id, before, after);
        }
        true
    }

    /// Takes it out of the table and all indexes but that of initiators.
    pub fn remove(&mut self, cx: &mut Context, id: u32) -> Option<IkeSa> {
        let slot = self.by_id.remove(&id)?;
        self.leave(cx, id, &slot.place);
        slot.sa
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
        let Some((sa, config)) = self.sas.take(id) else {
            return;
        };
        let kind = std::mem::discriminant(&sa);
        let next = turn(sa, &mut self.cx);
        let changed = next.as_ref().map(std::mem::discriminant) != Some(kind);
        if changed {
            self.mark_dirty(&config.name.value);
        }
        match next {
            Some(next) => self.sas.put_back(&mut self.cx, id, next),
            None => {
                self.sas.forget(&mut self.cx, id);
                self.sas.forget_initiator(id);
            }
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
        self.dirty.extend(self.by_name.get(connection));
    }
}
