//! INFORMATIONAL: Delete, notifications, and "are you there?" (RFC 7296 §1.4, §2.4).
//!
//! ```text
//!   HDR, SK {[N,] [D,] …}   -->
//!                           <--  HDR, SK {[N,] [D,] …}
//! ```

use super::{Reply, Then};
use crate::child::Stage;
use crate::child::survives_request;
use crate::context::Context;
use crate::limits::RETIRED_LINGER;
use crate::payloads::Payloads;
use crate::sa::established::{Active, Established};
use crossgate_model::EventKind;
use crossgate_model::event::{DeleteReason, Exchange, Side};
use crossgate_model::view::Role;
use crossgate_wire::ike::{Delete, NotifyType, Payload};

const EXCHANGE: Exchange = Exchange::Informational;

/// Asks for nothing but an answer.
pub(crate) fn probe(sa: &mut Established, cx: &mut Context) {
    sa.send(cx, EXCHANGE, &[], Active::Probe);
}

/// Tells the peer which of our inbound SPIs are closed.
pub(crate) fn delete_children(sa: &mut Established, cx: &mut Context, spis: Vec<u32>) {
    let payload = Payload::Delete(Delete::esp(spis.clone()));
    sa.send(cx, EXCHANGE, &[payload], Active::DeleteChildren(spis));
}

/// The peer has answered: it no longer sends on them.
pub(crate) fn children_deleted(sa: &mut Established, cx: &mut Context, spis: &[u32]) {
    for spi_in in spis {
        let Some(child) = sa.children.get_mut(spi_in) else {
            continue;
        };
        let Stage::Deleting(reason) = child.stage else {
            continue;
        };
        let (name, resource) = (child.name.clone(), child.resource);
        if survives_request(reason) {
            child.stage = Stage::Retired {
                until: cx.now + RETIRED_LINGER,
            };
            sa.tell_deleted(cx, (&name, resource), *spi_in, Side::Us, reason);
        } else {
            sa.children.remove(spi_in);
        }
        if reason == DeleteReason::Redundant {
            delete_if_redundant(sa, cx);
        }
    }
}

/// Crossing initiations made two IKE SAs: one that has no Child left goes too, by its initiator.
fn delete_if_redundant(sa: &mut Established, cx: &mut Context) {
    let childless = sa.children.values().all(|child| !child.is_live());
    let others = cx.book.live_of(&sa.peering.config.name.value).count() > 1;
    let idle = sa.tasks.is_empty() && sa.peering.role == Role::Initiator;
    if childless && others && idle {
        sa.begin_delete(cx, DeleteReason::Redundant);
    }
}

/// The peer tells or asks something.
pub(crate) fn answer(sa: &mut Established, cx: &mut Context, asked: &Payloads) -> Reply {
    // 1. The peer finds our AUTH wrong, after it had answered (RFC 7296 §2.21.2).
    if asked.notify(NotifyType::AUTHENTICATION_FAILED).is_some() {
        let config = &sa.peering.config;
        let event = EventKind::AuthenticationFailed {
            refused_by: Side::Peer,
            method: config.local_auth.value.name().to_owned(),
            identity: config.local_identity.value.to_string(),
        };
        cx.event(&sa.peering, None, event);
        let then = Then::Gone {
            by: Side::Peer,
            reason: DeleteReason::Failed,
        };
        return Reply {
            payloads: Vec::new(),
            then,
        };
    }
    if let Some(error) = asked.error() {
        let notify = error.to_string();
        cx.event(
            &sa.peering,
            None,
            EventKind::PeerRefused {
                exchange: EXCHANGE,
                notify,
            },
        );
    }
    // 2. The IKE SA is over; an empty answer confirms it (RFC 7296 §1.4.1).
    if asked.deletes_ike() {
        let then = Then::Gone {
            by: Side::Peer,
            reason: DeleteReason::ByPeer,
        };
        return Reply {
            payloads: Vec::new(),
            then,
        };
    }
    // 3. Child SAs are closed in pairs: each half of the peer's is answered with ours.
    let halves: Vec<u32> = asked
        .deleted_esp()
        .filter_map(|spi| close_half(sa, cx, spi))
        .collect();
    let answer = (!halves.is_empty()).then(|| Payload::Delete(Delete::esp(halves)));
    Vec::from_iter(answer).into()
}

/// Our half of the pair, unless we have told already (RFC 7296 §1.4.1): then the peer knows it.
fn close_half(sa: &mut Established, cx: &mut Context, spi_out: u32) -> Option<u32> {
    let Some(child) = sa.child_by_outbound(spi_out) else {
        sa.note_early_delete(spi_out);
        return None;
    };
    let (spi_in, stage) = (child.spi_in, child.stage);
    let (name, resource) = (child.name.clone(), child.resource);
    let told = is_told(sa, spi_in);
    sa.children.remove(&spi_in);
    let reason = match stage {
        Stage::Live => DeleteReason::ByPeer,
        Stage::Replaced { .. } => DeleteReason::Rekeyed,
        Stage::Deleting(reason) => reason,
        Stage::Retired { .. } => return None,
    };
    let already_out = stage.is_out();
    if !already_out {
        cx.remove_child(spi_in);
        sa.tell_deleted(cx, (&name, resource), spi_in, Side::Peer, reason);
    }
    (!told).then_some(spi_in)
}

/// Whether our own Delete for it is under way.
fn is_told(sa: &Established, spi_in: u32) -> bool {
    matches!(&sa.active, Some(Active::DeleteChildren(spis)) if spis.contains(&spi_in))
}
