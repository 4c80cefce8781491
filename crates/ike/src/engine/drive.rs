//! Bringing up what is wanted.

use super::Engine;
use crate::connection::Watched;
use crate::exchange::ike_sa_init;
use crate::sa::IkeSa;
use crate::sa::tasks::Task;
use crate::weak;
use crossgate_model::EventKind;
use crossgate_model::Time;

impl Engine {
    /// A connection is new, or its configuration is.
    pub(super) fn begin_watching(&mut self, index: usize) {
        if let Some(watched) = self.connections.get_mut(index) {
            watched.want_configured();
            let config = watched.config.clone();
            if config.enabled.value {
                weak::report(&mut self.cx, &config);
            }
            self.dirty.insert(index);
        }
    }

    /// Asks for each wanted Child: on the IKE SA that is there, or by beginning one.
    pub(super) fn drive(&mut self, index: usize) {
        let Some(watched) = self.connections.get(index) else {
            return;
        };
        let mut wanted = watched.wanted();
        let name = watched.config.name.value.clone();
        wanted.retain(|(child, _)| !self.cx.book.has_live(child) && !self.is_asked(&name, child));
        if self.stopping {
            wanted.clear();
        }
        let live = self.cx.book.live_of(&name).next_back();
        let next = match live {
            Some(id) => self.ask_on(id, watched.patient_until, &wanted),
            None if self.is_negotiating(&name) => None,
            None => self.begin_for(index, &wanted),
        };
        if let Some(watched) = self.connections.get_mut(index) {
            let before = std::mem::replace(&mut watched.next, next);
            before.map(|at| self.retries.remove(&(at, index)));
            self.retries.extend(next.map(|at| (at, index)));
        }
    }

    /// Whether IKE_SA_INIT or IKE_AUTH is under way with this peer, begun by us. Half-open SAs don't
    /// count: anybody can make us have them, and crossing initiations are resolved later anyway.
    fn is_negotiating(&self, connection: &str) -> bool {
        let mut sas = self.sas.of_connection(connection);
        sas.any(|sa| matches!(sa, IkeSa::Initiating(_) | IkeSa::Authenticating(_)))
    }

    /// Whether that Child is being asked for already, on whichever IKE SA of this connection.
    fn is_asked(&self, connection: &str, child: &str) -> bool {
        self.sas.of_connection(connection).any(|sa| match sa {
            IkeSa::Initiating(sa) => sa.first_child == child,
            IkeSa::Authenticating(sa) => sa.child.name == child,
            IkeSa::Established(sa) => sa.asks_for(child),
            IkeSa::Responding(_) | IkeSa::Closing(_) => false,
        })
    }

    /// When to look again, if some may only be asked for later.
    fn ask_on(&mut self, id: u32, patient_until: Time, wanted: &[(String, Time)]) -> Option<Time> {
        let now = self.cx.now;
        let due = |not_before: &Time| (*not_before).max(patient_until);
        let (ready, later): (Vec<_>, Vec<_>) = wanted
            .iter()
            .partition(|(_, not_before)| due(not_before) <= now);
        for (child, _) in ready {
            self.with_established(id, |sa, cx| {
                sa.tasks.add(cx.now, Task::CreateChild(child.clone(), 0));
            });
        }
        later.iter().map(|(_, not_before)| due(not_before)).min()
    }

    fn begin_for(&mut self, index: usize, wanted: &[(String, Time)]) -> Option<Time> {
        let not_before = self.connections.get(index).map(Watched::ike_not_before)?;
        let due = |child: &(String, Time)| child.1.max(not_before);
        let first = wanted.iter().min_by_key(|child| due(child))?;
        if due(first) > self.cx.now {
            return Some(due(first));
        }
        // What lacks is told as an event.
        self.initiate(index, &first.0).err();
        None
    }

    /// Begins an IKE SA with that Child in IKE_AUTH; an error says what lacks.
    pub(super) fn initiate(&mut self, index: usize, child: &str) -> Result<(), String> {
        let watched = self.connections.get(index).ok_or("no such connection")?;
        let config = watched.config.clone();
        match ike_sa_init::initiate(&mut self.cx, &config, child) {
            Ok(sa) => {
                self.sas
                    .insert(&mut self.cx, IkeSa::Initiating(Box::new(sa)));
                Ok(())
            }
            Err(reason) => {
                self.hopeless(index, child, &reason);
                Err(reason)
            }
        }
    }

    /// Nothing helps but another configuration, or an operator.
    fn hopeless(&mut self, index: usize, child: &str, reason: &str) {
        let Some(watched) = self.connections.get_mut(index) else {
            return;
        };
        let name = watched.config.name.value.clone();
        watched.child_failed(child, reason.to_owned(), self.cx.now, 0);
        watched.give_up();
        let reason = reason.to_owned();
        self.cx
            .event_without_sa(Some(&name), None, EventKind::CannotStart { reason });
    }
}
