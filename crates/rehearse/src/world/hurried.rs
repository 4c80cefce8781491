//! Ends that live and wait shorter than their files say, so that a run of minutes has what one of a
//! working day has.

use super::Network;
use crossgate_crypto::DhGroup;
use crossgate_model::behaviour::Retransmission;
use crossgate_model::{Child, Connection, Gateway, Spanned};
use std::sync::Arc;
use std::time::Duration;

/// Eight hours become five minutes, an hour becomes two minutes.
const IKE_SHORTER: u32 = 96;
const CHILD_SHORTER: u32 = 30;

/// A peer that doesn't answer is given up after so many seconds, in all.
const WAITS: [u64; 3] = [1, 2, 4];

/// Between two packets of a host.
const PACE: Duration = Duration::from_secs(5);

impl Network {
    /// The same with short lifetimes in the same proportion, a peer given up after seconds, and the
    /// fastest key exchange wherever there is one.
    #[must_use]
    pub fn hurried(&self) -> Self {
        let mut network = self.clone();
        network.pace = PACE;
        for machine in &mut network.gateways {
            let gateways = [Some(&mut machine.gateway), machine.candidate.as_mut()];
            for gateway in gateways.into_iter().flatten() {
                hurry(Arc::make_mut(gateway));
            }
        }
        network
    }
}

fn hurry(gateway: &mut Gateway) {
    gateway.behaviour.retransmission.value = Retransmission::seconds(&WAITS);
    gateway.connections.iter_mut().for_each(hurry_connection);
}

fn hurry_connection(connection: &mut Connection) {
    connection.lifetime.value /= IKE_SHORTER;
    if let Some(liveness) = &mut connection.liveness {
        liveness.value.retransmission = Retransmission::seconds(&WAITS);
    }
    for proposal in &mut connection.proposals {
        proposal.groups = vec![Spanned::default_of(DhGroup::X25519)];
    }
    connection.children.iter_mut().for_each(hurry_child);
}

fn hurry_child(child: &mut Child) {
    child.lifetime.time.value /= CHILD_SHORTER;
    if let Some(idle) = &mut child.lifetime.idle {
        idle.value /= CHILD_SHORTER;
    }
    if let Some(group) = &mut child.pfs {
        group.value = DhGroup::X25519;
    }
}
