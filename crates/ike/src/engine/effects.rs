//! What one SA's turn does to others and to its connection.

use super::Engine;
use crate::child::Child;
use crate::effect::{Arrival, Effect, End};
use crate::exchange::Then;
use crate::limits::{DUPLICATE_GRACE, MAX_REPLACED, MISTAKEN_GRACE, RESPONDER_PATIENCE};
use crate::sa::IkeSa;
use crate::sa::tasks::Task;
use crossgate_model::Time;
use crossgate_model::event::{DeleteReason, Side};
use crossgate_model::view::Role;
use std::collections::BTreeMap;

impl Engine {
    /// Until nothing is left to do at this moment.
    pub(super) fn settle(&mut self) {
        loop {
            if let Some(effect) = self.cx.effects.pop_front() {
                self.carry(effect);
            } else if let Some(index) = self.dirty.pop_first() {
                self.drive(index);
            } else {
                return;
            }
        }
    }

    fn carry(&mut self, effect: Effect) {
        match effect {
            Effect::Spawn(sa) => {
                let connection = sa.peering().connection();
                self.sas.insert(&mut self.cx, *sa);
                self.bound_replaced(&connection);
            }
            Effect::Established(arrival) => self.arrived(&arrival),
            Effect::IkeGone { connection, end } => self.ike_gone(&connection, end),
            Effect::ChildUp {
                connection,
                child,
                spi_in,
            } => {
                self.watch(&connection, |watched, _, _| watched.child_up(&child));
                self.drop_duplicates(spi_in);
            }
            Effect::ChildFailed {
                connection,
                child,
                why,
            } => {
                self.watch(&connection, |watched, now, share| {
                    watched.child_failed(&child, why, now, share);
                });
            }
            Effect::ChildGone {
                connection,
                child,
                resource,
                reason,
            } => {
                if resource > 0 {
                    return self.resource_gone(&connection, &child, resource, reason);
                }
                if !matches!(reason, DeleteReason::Rekeyed | DeleteReason::Redundant) {
                    self.watch(&connection, |watched, now, _| {
                        watched.child_gone(&child, reason, now);
                    });
                }
            }
            Effect::TakeChildren { from, to } => self.take_children(from, to),
            Effect::GiveBack {
                to,
                children,
                tasks,
            } => self.give_back(to, children, tasks),
            Effect::Release(id) => self.with_established(id, |sa, _| sa.hold = None),
        }
    }

    /// Another IKE SA of the connection may have to ask for it now.
    fn resource_gone(&mut self, connection: &str, name: &str, resource: u8, why: DeleteReason) {
        if why == DeleteReason::Rekeyed {
            return;
        }
        let ids: Vec<u32> = self.cx.book.live_of(connection).collect();
        for id in ids {
            self.with_established(id, |sa, cx| sa.resource_gone(cx, name, resource));
        }
    }

    /// A peer that rekeys again and again and deletes nothing: the oldest go.
    fn bound_replaced(&mut self, connection: &str) {
        let replaced = self.sas.of_connection(connection).filter_map(|sa| {
            let sa = sa.established()?;
            (sa.superseded.is_some() && sa.closing.is_none()).then_some(sa.peering.id)
        });
        let replaced: Vec<u32> = replaced.collect();
        let excess = replaced.len().saturating_sub(MAX_REPLACED);
        for &id in replaced.iter().take(excess) {
            self.cx.count("replaced-ike-sas-bounded");
            self.delete_ike(id, DeleteReason::Rekeyed);
        }
    }

    fn watch(
        &mut self,
        connection: &str,
        tell: impl FnOnce(&mut crate::connection::Watched, Time, u8),
    ) {
        let [share] = self.cx.random();
        let now = self.cx.now;
        let index = self.by_name.get(connection).copied();
        let watched = index.and_then(|index| Some((index, self.connections.get_mut(index)?)));
        if let Some((index, watched)) = watched {
            tell(watched, now, share);
            self.dirty.insert(index);
        }
    }

    fn arrived(&mut self, arrival: &Arrival) {
        let by_us = arrival.by_us;
        self.watch(&arrival.connection, |watched, now, _| {
            watched.ike_up();
            if !by_us {
                watched.patient_until = now + RESPONDER_PATIENCE;
            }
        });
        if arrival.first_contact {
            self.forget_older(arrival);
        }
    }

    /// INITIAL_CONTACT: the peer knows of no other IKE SA with us (RFC 7296 §2.4). What it began
    /// before this negotiation is gone; what crossed with it is not.
    fn forget_older(&mut self, arrival: &Arrival) {
        let of_same_peer = self
            .sas
            .of_connection(&arrival.connection)
            .filter_map(|sa| {
                let sa = sa.established()?;
                let same = sa.peer.identity() == &arrival.identity;
                let older = sa.peering.born < arrival.began && sa.peering.id != arrival.id;
                (same && older).then_some(sa.peering.id)
            });
        let stale: Vec<u32> = of_same_peer.collect();
        for id in stale {
            let then = Then::Gone {
                by: Side::Peer,
                reason: DeleteReason::PeerRestarted,
            };
            self.with_sa(id, |sa, cx| match sa {
                IkeSa::Established(sa) => sa.go_on(cx, then),
                other => Some(other),
            });
        }
    }

    fn ike_gone(&mut self, connection: &str, end: End) {
        self.watch(connection, |watched, now, share| match end {
            End::Failed | End::Deleted(DeleteReason::FirstChildFailed) => {
                watched.ike_failed(now, share);
            }
            End::Deleted(reason) => watched.ike_deleted(reason, now),
            End::Hopeless => watched.give_up(),
        });
    }

    /// Crossing initiations made the same Child twice. As with rekeys, the one with the lowest nonce
    /// is deleted by the end that asked for it, after a while in which both carry traffic. If it is
    /// being rekeyed right now, that goes for each SA that this has made or will make of it.
    ///
    /// Of a Child with SAs for several resources, the other end may have taken ours for another
    /// resource and see no duplicate: if both are still there much later, ours goes.
    fn drop_duplicates(&mut self, spi_in: u32) {
        for other in self.cx.book.crossing(spi_in) {
            let (Some(a), Some(b)) = (self.cx.book.entry(spi_in), self.cx.book.entry(other)) else {
                continue;
            };
            let (loser, winner) = match a.origin.rank < b.origin.rank {
                true => (a, b),
                false => (b, a),
            };
            if loser.origin.role == Role::Initiator {
                let (ike, origin) = (loser.ike, loser.origin.clone());
                self.with_established(ike, |sa, cx| {
                    sa.mark_redundant(&origin, cx.now + DUPLICATE_GRACE);
                });
            } else if !self.cx.resources(&winner.child).is_empty() {
                let (ike, origin) = (winner.ike, winner.origin.clone());
                self.with_established(ike, |sa, cx| {
                    sa.mark_redundant(&origin, cx.now + MISTAKEN_GRACE);
                });
            }
        }
    }

    /// The predecessor of a half that the peer deleted is what both ends rekey, once more.
    fn give_back(
        &mut self,
        to: u32,
        children: BTreeMap<u32, Box<Child>>,
        tasks: Vec<(Time, Task)>,
    ) {
        let mut children = Some(children);
        self.with_established(to, |sa, cx| {
            sa.take_back(cx, children.take().unwrap_or_default(), tasks);
        });
        for (spi_in, _) in children.into_iter().flatten() {
            self.cx.remove_child(spi_in);
        }
    }

    /// The survivor of an IKE rekey collision gets the Children that its sibling had meanwhile.
    fn take_children(&mut self, from: u32, to: u32) {
        let (Some(giver), Some(taker)) = (
            self.sas.remove(&mut self.cx, from),
            self.sas.remove(&mut self.cx, to),
        ) else {
            return;
        };
        let (mut giver, mut taker) = (giver, taker);
        if let (Some(giver), Some(taker)) = (giver.established_mut(), taker.established_mut()) {
            giver.hand_over(taker, &mut self.cx);
            giver.superseded = Some(self.cx.replaced_until());
            let connection = giver.peering.connection();
            self.cx.book.set_live(&connection, from, false);
        }
        self.sas.insert(&mut self.cx, giver);
        self.sas.insert(&mut self.cx, taker);
        self.with_established(to, |_, _| {});
    }
}
