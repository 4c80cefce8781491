//! A new configuration in place of the old one: what it doesn't change stays up.

use super::Engine;
use crate::connection::Watched;
use crate::sa::IkeSa;
use crossgate_model::event::DeleteReason;
use crossgate_model::{
    Auth, Child, Connection, EspProposal, Gateway, IkeProposal, Lifetime, LocalEnd, Nat,
    PresharedKey,
};
use std::sync::Arc;

impl Engine {
    pub(super) fn adopt(&mut self, gateway: Arc<Gateway>) {
        let new: Vec<Arc<Connection>> = gateway.connections.iter().cloned().map(Arc::new).collect();
        self.cx.gateway = gateway;
        // 1. SAs of connections that are gone, or are now with somebody else, go.
        for id in self.sas.ids() {
            self.reconcile(id, &new);
        }
        // 2. Known connections keep what they know of failures, unless they are changed.
        let mut known = std::mem::take(&mut self.connections);
        self.retries.clear();
        for config in new {
            let found = known
                .iter()
                .position(|w| w.config.name.value == config.name.value);
            let watched = match found.map(|index| known.swap_remove(index)) {
                Some(old) if is_same_connection(&old.config, &config) => old.renewed(config),
                _ => Watched::new(config),
            };
            self.connections.push(watched);
        }
        self.by_name = super::by_name(&self.connections);
        // 3. What is wanted now may be more.
        for index in 0..self.connections.len() {
            self.begin_watching(index);
        }
    }

    fn reconcile(&mut self, id: u32, new: &[Arc<Connection>]) {
        let Some(sa) = self.sas.get(id) else {
            return;
        };
        let old = sa.peering().config.clone();
        let now = new.iter().find(|c| c.name.value == old.name.value);
        match (now, sa) {
            (_, IkeSa::Closing(_)) => {}
            // The peer may yet turn out to be any of these.
            (_, IkeSa::Responding(sa)) if sa.candidates.iter().all(|c| is_among(c, new)) => {}
            (_, IkeSa::Responding(_)) => self.delete_ike(id, DeleteReason::Reconfigured),
            (Some(now), IkeSa::Established(_)) if is_same_ike(&old, now) => {
                let changed: Vec<String> = changed_children(&old, now);
                let (now, reason) = (now.clone(), DeleteReason::Reconfigured);
                self.with_established(id, |sa, cx| {
                    sa.reconfigured(now);
                    sa.delete_children_if(cx, reason, |name| changed.iter().any(|c| c == name));
                });
            }
            (Some(now), _) if is_same_connection(&old, now) => {}
            _ => self.delete_ike(id, DeleteReason::Reconfigured),
        }
    }
}

fn is_among(old: &Connection, new: &[Arc<Connection>]) -> bool {
    let mut namesakes = new.iter().filter(|now| now.name.value == old.name.value);
    namesakes.any(|now| is_same_connection(old, now))
}

/// Children of `old` that are not in `new` as they were.
fn changed_children(old: &Connection, new: &Connection) -> Vec<String> {
    let unchanged = |child: &Child| new.children.iter().any(|now| is_same_child(child, now));
    let changed = old.children.iter().filter(|child| !unchanged(child));
    changed.map(|child| child.name.value.clone()).collect()
}

fn is_same_connection(a: &Connection, b: &Connection) -> bool {
    is_same_ike(a, b)
        && a.lifetime == b.lifetime
        && a.liveness == b.liveness
        && a.initiation == b.initiation
        && changed_children(a, b).is_empty()
        && changed_children(b, a).is_empty()
}

/// Whatever an IKE SA was negotiated by, wherever it is written. Lifetime, liveness and initiation
/// take effect without a new negotiation.
fn is_same_ike(a: &Connection, b: &Connection) -> bool {
    is_same_local(&a.local, &b.local)
        && a.remote == b.remote
        && same_list(&a.proposals, &b.proposals, is_same_ike_proposal)
        && a.local_identity == b.local_identity
        && a.remote_identities == b.remote_identities
        && is_same_auth(&a.local_auth.value, &b.local_auth.value)
        && is_same_auth(&a.remote_auth.value, &b.remote_auth.value)
        && is_same_nat(&a.nat, &b.nat)
        && a.fragmentation == b.fragmentation
        && a.enabled == b.enabled
}

fn is_same_child(a: &Child, b: &Child) -> bool {
    a.name == b.name
        && a.tunnel == b.tunnel
        && a.tunnel_interface == b.tunnel_interface
        && a.selectors == b.selectors
        && a.responder_selectors.value == b.responder_selectors.value
        && same_list(&a.proposals, &b.proposals, is_same_esp_proposal)
        && a.pfs == b.pfs
        && is_same_lifetime(&a.lifetime, &b.lifetime)
        && a.replay_window == b.replay_window
        && a.enabled == b.enabled
}

fn same_list<T>(a: &[T], b: &[T], same: impl Fn(&T, &T) -> bool) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
}

fn is_same_local(a: &LocalEnd, b: &LocalEnd) -> bool {
    a.interface == b.interface && a.address == b.address
}

fn is_same_ike_proposal(a: &IkeProposal, b: &IkeProposal) -> bool {
    a.encr == b.encr && a.integ == b.integ && a.prf == b.prf && a.groups == b.groups
}

fn is_same_esp_proposal(a: &EspProposal, b: &EspProposal) -> bool {
    a.encr == b.encr && a.integ == b.integ && a.esn == b.esn
}

fn is_same_lifetime(a: &Lifetime, b: &Lifetime) -> bool {
    a.time == b.time && a.kilobytes == b.kilobytes && a.idle == b.idle
}

fn is_same_nat(a: &Nat, b: &Nat) -> bool {
    a.enabled == b.enabled
        && a.force_encapsulation == b.force_encapsulation
        && a.agrees_on_udp == b.agrees_on_udp
        && a.keepalive == b.keepalive
}

fn is_same_auth(a: &Auth, b: &Auth) -> bool {
    match (a, b) {
        (Auth::Psk(a), Auth::Psk(b)) => is_same_key(a, b),
        _ => std::mem::discriminant(a) == std::mem::discriminant(b),
    }
}

/// In constant time where both are known.
fn is_same_key(a: &PresharedKey, b: &PresharedKey) -> bool {
    match (a, b) {
        (PresharedKey::Known(a), PresharedKey::Known(b)) => a == b,
        _ => std::mem::discriminant(a) == std::mem::discriminant(b),
    }
}
