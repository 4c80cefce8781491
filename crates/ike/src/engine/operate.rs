//! An operator's commands.

use super::Engine;
use crate::sa::IkeSa;
use crate::sa::closing::Closing;
use crate::sa::established::Established;
use crossgate_model::event::DeleteReason;
use crossgate_model::operate::{Operation, Outcome, Which};

impl Engine {
    pub(super) fn carry_out(&mut self, operation: &Operation) -> Outcome {
        match operation {
            Operation::InitiateIke { connection } => self.initiate_ike(connection.as_deref()),
            Operation::InitiateChild { tunnel } => self.initiate_children(tunnel.as_deref()),
            Operation::RekeyIke { connection } => self.rekey_ike(connection.as_deref()),
            Operation::RekeyChild { tunnel } => self.rekey_children(tunnel.as_deref()),
            Operation::ClearIke { which } => self.clear_ike(which),
            Operation::ClearChild { tunnel } => self.clear_children(tunnel.as_deref()),
            Operation::Ping(_) | Operation::Debug { .. } | Operation::DebugOff => {
                Outcome::Failed("not an operation of the IKE engine".to_owned())
            }
        }
    }

    /// Indexes of the connections with that name; all without one.
    fn named(&self, name: Option<&str>) -> Vec<usize> {
        let configs = self.connections.iter().enumerate();
        let named = configs.filter(|(_, w)| name.is_none_or(|name| w.config.name.value == name));
        named.map(|(index, _)| index).collect()
    }

    /// Connection index and name of each Child of that tunnel, or with that name; all without one.
    fn children_named(&self, tunnel: Option<&str>) -> Vec<(usize, String)> {
        let all = self
            .connections
            .iter()
            .enumerate()
            .flat_map(|(index, watched)| {
                watched.enabled_children().map(move |child| (index, child))
            });
        let is_named = |name: &str, child: &crossgate_model::Child| {
            child.tunnel.value == name || child.name.value == name
        };
        all.filter(|(_, child)| tunnel.is_none_or(|name| is_named(name, child)))
            .map(|(index, child)| (index, child.name.value.clone()))
            .collect()
    }

    fn initiate_ike(&mut self, name: Option<&str>) -> Outcome {
        let indexes = self.named(name);
        if indexes.is_empty() {
            return Outcome::NoSuchName;
        }
        let mut ike_sas = 0;
        let mut lacking = None;
        for index in indexes {
            match self.initiate_one(index) {
                Ok(()) => ike_sas += 1,
                Err(reason) => lacking = Some(reason),
            }
        }
        match lacking {
            Some(reason) if ike_sas == 0 => Outcome::Failed(reason),
            _ => Outcome::Done {
                ike_sas,
                children: 0,
            },
        }
    }

    /// Begins an IKE SA, unless there is one; a half-open one may be anybody's.
    fn initiate_one(&mut self, index: usize) -> Result<(), String> {
        let watched = self.connections.get(index).ok_or("no such connection")?;
        let sas = || self.sas.of_connection(&watched.config.name.value);
        if sas().any(|sa| !matches!(sa, IkeSa::Responding(_) | IkeSa::Closing(_))) {
            return Ok(());
        }
        let first = watched
            .enabled_children()
            .next()
            .map(|child| child.name.value.clone());
        let child = first.ok_or("no Child is configured and enabled")?;
        self.initiate(index, &child)
    }

    fn initiate_children(&mut self, tunnel: Option<&str>) -> Outcome {
        let named = self.children_named(tunnel);
        if named.is_empty() {
            return Outcome::NoSuchName;
        }
        let children = u32::try_from(named.len()).unwrap_or(u32::MAX);
        for (index, child) in named {
            if let Some(watched) = self.connections.get_mut(index) {
                watched.demand(&child);
                self.dirty.insert(index);
            }
        }
        Outcome::Done {
            ike_sas: 0,
            children,
        }
    }

    /// IDs of the established IKE SAs of these connections.
    fn established_of(&self, indexes: &[usize]) -> Vec<u32> {
        let names = indexes
            .iter()
            .filter_map(|index| self.connections.get(*index));
        let sas = names.flat_map(|watched| self.sas.of_connection(&watched.config.name.value));
        sas.filter_map(IkeSa::established)
            .map(|sa| sa.peering.id)
            .collect()
    }

    fn nothing_there(indexes: &[usize]) -> Outcome {
        let first = indexes
            .first()
            .and_then(|index| u32::try_from(index + 1).ok());
        Outcome::NothingThere {
            id: first.unwrap_or(1),
        }
    }

    fn rekey_ike(&mut self, name: Option<&str>) -> Outcome {
        let indexes = self.named(name);
        if indexes.is_empty() {
            return Outcome::NoSuchName;
        }
        let is_current = |id: &u32| {
            let sa = self.sas.get(*id).and_then(IkeSa::established);
            sa.is_some_and(Established::is_current)
        };
        let mut ids = self.established_of(&indexes);
        ids.retain(is_current);
        if ids.is_empty() {
            return Self::nothing_there(&indexes);
        }
        for id in &ids {
            self.with_established(*id, |sa, cx| sa.rekey(cx));
        }
        Outcome::Done {
            ike_sas: u32::try_from(ids.len()).unwrap_or(u32::MAX),
            children: 0,
        }
    }

    fn rekey_children(&mut self, tunnel: Option<&str>) -> Outcome {
        self.on_children(tunnel, |sa, cx, named| {
            sa.rekey_children(cx, |name| named(name))
        })
    }

    fn clear_children(&mut self, tunnel: Option<&str>) -> Outcome {
        let cleared = DeleteReason::Cleared;
        self.on_children(tunnel, |sa, cx, named| {
            sa.delete_children_if(cx, cleared, |name| named(name))
        })
    }

    fn on_children(
        &mut self,
        tunnel: Option<&str>,
        act: impl Fn(&mut Established, &mut crate::context::Context, &dyn Fn(&str) -> bool) -> u32,
    ) -> Outcome {
        let named = self.children_named(tunnel);
        if named.is_empty() {
            return Outcome::NoSuchName;
        }
        let mut indexes: Vec<usize> = named.iter().map(|(index, _)| *index).collect();
        indexes.dedup();
        let is_named = |name: &str| named.iter().any(|(_, child)| child == name);
        let mut children = 0;
        for id in self.established_of(&indexes) {
            self.with_established(id, |sa, cx| children += act(sa, cx, &is_named));
        }
        if children == 0 {
            return Self::nothing_there(&indexes);
        }
        Outcome::Done {
            ike_sas: 0,
            children,
        }
    }

    fn clear_ike(&mut self, which: &Which) -> Outcome {
        let indexes: Vec<usize> = match which {
            Which::All => self.named(None),
            Which::Connection(name) => self.named(Some(name)),
            Which::Peer(address) => {
                let here = |sa: &IkeSa| sa.peering().ends.remote.ip() == *address;
                let configs = self.connections.iter().enumerate().filter(|(_, w)| {
                    w.config.remote.address() == Some(*address)
                        || self.sas.of_connection(&w.config.name.value).any(here)
                });
                configs.map(|(index, _)| index).collect()
            }
        };
        if indexes.is_empty() && *which != Which::All {
            return Outcome::NoSuchName;
        }
        let names = indexes
            .iter()
            .filter_map(|index| self.connections.get(*index));
        let sas = names.flat_map(|watched| self.sas.of_connection(&watched.config.name.value));
        let open = sas.filter(|sa| !matches!(sa, IkeSa::Closing(_)));
        let ids: Vec<(u32, usize)> = open
            .map(|sa| {
                (
                    sa.peering().id,
                    sa.established().map_or(0, |sa| sa.children.len()),
                )
            })
            .collect();
        if ids.is_empty() {
            return Self::nothing_there(&indexes);
        }
        let children = ids.iter().map(|(_, children)| children).sum::<usize>();
        for (id, _) in &ids {
            self.delete_ike(*id, DeleteReason::Cleared);
        }
        Outcome::Done {
            ike_sas: u32::try_from(ids.len()).unwrap_or(u32::MAX),
            children: u32::try_from(children).unwrap_or(u32::MAX),
        }
    }

    /// Deletes an IKE SA with the peer; one that isn't established is dropped, and one that the peer may
    /// be about to establish is deleted when it has.
    pub(super) fn delete_ike(&mut self, id: u32, reason: DeleteReason) {
        self.with_sa(id, |sa, cx| match sa {
            IkeSa::Established(mut sa) => {
                sa.begin_delete(cx, reason);
                sa.go_on(cx, crate::exchange::Then::Stay)
            }
            IkeSa::Closing(sa) => Some(IkeSa::Closing(sa)),
            IkeSa::Authenticating(sa) => {
                sa.child.abandon(cx);
                dropped(cx, &sa.peering, reason);
                let closing = Closing::once_answered(cx, sa.peering, sa.channel);
                Some(IkeSa::Closing(closing))
            }
            IkeSa::Initiating(sa) => {
                dropped(cx, &sa.peering, reason);
                None
            }
            IkeSa::Responding(_) => None,
        });
    }
}

fn dropped(cx: &mut crate::context::Context, peering: &crate::sa::Peering, reason: DeleteReason) {
    let by = crossgate_model::event::Side::Us;
    cx.event(
        peering,
        None,
        crossgate_model::EventKind::IkeDeleted { by, reason },
    );
    let (connection, end) = (peering.connection(), crate::effect::End::Deleted(reason));
    cx.effects
        .push_back(crate::effect::Effect::IkeGone { connection, end });
}
