//! A Child SA, from the agreement to the data plane (RFC 7296 §2.17).

pub(crate) mod answer;
pub(crate) mod offer;
pub(crate) mod resource;

use crate::book::Entry;
use crate::channel::Channel;
use crate::collision::Rank;
use crate::context::Context;
use crate::error::Failure;
use crate::nat::NatStatus;
use crate::output::Output;
use crate::proposal::esp::EspSuite;
use crate::sa::Peering;
use crate::selectors::SelectorsAgreed;
use crossgate_crypto::{ChildKeys, ChildSuite, KeyInputs, Secret};
use crossgate_model::event::{DeleteReason, Side};
use crossgate_model::view::Role;
use crossgate_model::{ChildSa, DirectionKeys, EventKind, OutboundUse, Time};
use resource::More;
use std::time::Duration;

/// An installed Child SA, as its IKE SA keeps it.
#[derive(Debug)]
pub(crate) struct Child {
    pub id: u32,
    /// Of the configured Child.
    pub name: String,
    /// Of the configured Child's (RFC 9611); 0 for the SA that all may use.
    pub resource: u8,
    pub more: More,
    /// In the exchange that made it.
    pub role: Role,
    pub spi_in: u32,
    pub spi_out: u32,
    pub suite: EspSuite,
    pub agreed: SelectorsAgreed,
    pub born: Time,
    pub lifetime: Duration,
    pub kilobytes: Option<u64>,
    pub replay_window: u32,
    pub idle: Option<Duration>,
    /// When a rekey is due; `None` while one is under way.
    pub soft_at: Option<Time>,
    pub hard_at: Time,
    /// Crossing initiations made two of it, and this one is to go.
    pub redundant_at: Option<Time>,
    /// Last traffic either way.
    pub used: Time,
    pub message_id: u32,
    pub origin: Origin,
    pub stage: Stage,
}

/// Which exchange brought a Child up; its rekeyed successors inherit it. Tells duplicates apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub role: Role,
    pub rank: Rank,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Live,
    /// The peer rekeyed it and is to delete it; if it doesn't, we do.
    Replaced {
        delete_at: Time,
    },
    /// We told the peer, or are about to.
    Deleting(DeleteReason),
    /// Gone for the peer; only what was under way is still opened.
    Retired {
        until: Time,
    },
}

/// Whether a Child stays in the data plane while its deletion is asked for: what is still under way
/// on one that we replaced isn't lost, and its successor is what we send on. A redundant one is as
/// new as its sibling, so that it must go for nothing to be sent on what the peer is to erase.
pub(crate) fn survives_request(reason: DeleteReason) -> bool {
    reason == DeleteReason::Rekeyed
}

impl Stage {
    /// The data plane no longer has it.
    pub fn is_out(self) -> bool {
        matches!(self, Self::Deleting(why) if !survives_request(why))
    }
}

/// What both ends agreed on, before there are keys.
#[derive(Debug)]
pub(crate) struct Agreement {
    pub name: String,
    pub spi_in: u32,
    pub spi_out: u32,
    pub suite: EspSuite,
    pub selectors: SelectorsAgreed,
    /// g^ir of its own key exchange.
    pub shared: Option<Secret>,
    pub resource: u8,
    pub more: More,
}

/// The exchange that an agreement was made in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Birth<'a> {
    pub role: Role,
    pub nonce_i: &'a [u8],
    pub nonce_r: &'a [u8],
    pub outbound: OutboundUse,
    pub message_id: u32,
}

impl Child {
    pub fn is_live(&self) -> bool {
        self.stage == Stage::Live
    }

    /// Still answered for: the peer may delete or, unless we do, rekey it.
    pub fn is_known_to_peer(&self) -> bool {
        !matches!(self.stage, Stage::Retired { .. })
    }

    /// In place of an older one.
    pub fn rekeyed(&self, old_spi_in: u32) -> EventKind {
        EventKind::ChildRekeyed {
            by: side(self.role),
            old_spi_in,
            spi_in: self.spi_in,
            spi_out: self.spi_out,
        }
    }

    pub fn event(&self) -> EventKind {
        EventKind::ChildInstalled {
            by: side(self.role),
            selectors: self.agreed.pair(),
            suite: self.suite.describe(),
            spi_in: self.spi_in,
            spi_out: self.spi_out,
        }
    }
}

/// Who asked, from the role in an exchange.
pub(crate) fn side(role: Role) -> Side {
    match role {
        Role::Initiator => Side::Us,
        Role::Responder => Side::Peer,
    }
}

/// Derives the keys and hands the SA to the data plane. The caller tells the event.
pub(crate) fn install(
    cx: &mut Context,
    peering: &Peering,
    nat: NatStatus,
    channel: &Channel,
    agreement: Agreement,
    birth: Birth<'_>,
) -> Result<Child, Failure> {
    let shared = agreement.shared.clone();
    let child = born(cx, peering, agreement, birth);
    let (keys_in, keys_out) = keys(channel, &child, shared.as_ref(), birth)?;
    let margin = cx.gateway.behaviour.child_rekey.value.kilobytes;
    let soft = |kilobytes: u64| kilobytes.saturating_sub(margin).max(kilobytes / 2);
    let sa = ChildSa {
        id: child.id,
        connection: peering.connection(),
        child: child.name.clone(),
        role: child.role,
        spi_in: child.spi_in,
        spi_out: child.spi_out,
        encr: child.suite.encr,
        integ: child.suite.integ,
        esn: child.suite.esn,
        keys_in,
        keys_out,
        local_selectors: child.agreed.local().to_vec(),
        remote_selectors: child.agreed.remote().to_vec(),
        path: nat.path(peering.ends),
        outbound: birth.outbound,
        replay_window: child.replay_window,
        soft_kilobytes: child.kilobytes.map(soft),
        hard_kilobytes: child.kilobytes,
        hard_lifetime: child.lifetime,
    };
    cx.book.install(child.spi_in, entry(peering.id, &child));
    cx.outputs.push_back(Output::InstallChild(Box::new(sa)));
    Ok(child)
}

/// With the lifetimes that are configured now.
fn born(cx: &mut Context, peering: &Peering, agreement: Agreement, birth: Birth<'_>) -> Child {
    let configured = peering.child(&agreement.name);
    let lifetime = configured.map_or(Duration::ZERO, |c| c.lifetime.time.value);
    let draw = u16::from_be_bytes(cx.random());
    let soft = cx.gateway.behaviour.child_rekey.value.soft(lifetime, draw);
    Child {
        id: cx.next_child_id(),
        role: birth.role,
        spi_in: agreement.spi_in,
        spi_out: agreement.spi_out,
        suite: agreement.suite,
        born: cx.now,
        lifetime,
        kilobytes: configured
            .and_then(|c| c.lifetime.kilobytes)
            .map(|kb| kb.value),
        replay_window: configured.map_or(0, |c| c.replay_window.value),
        idle: configured
            .and_then(|c| c.lifetime.idle)
            .map(|idle| idle.value),
        soft_at: Some(cx.now + soft),
        hard_at: cx.now + lifetime,
        redundant_at: None,
        used: cx.now,
        message_id: birth.message_id,
        origin: Origin {
            role: birth.role,
            rank: Rank::of(birth.nonce_i, birth.nonce_r),
        },
        stage: Stage::Live,
        resource: agreement.resource,
        more: agreement.more,
        name: agreement.name,
        agreed: agreement.selectors,
    }
}

fn entry(ike: u32, child: &Child) -> Entry {
    Entry {
        ike,
        child: child.name.clone(),
        resource: child.resource,
        origin: child.origin.clone(),
        selectors: child.agreed.clone(),
        live: true,
    }
}

/// Inbound and outbound keys.
fn keys(
    channel: &Channel,
    child: &Child,
    shared: Option<&Secret>,
    birth: Birth<'_>,
) -> Result<(DirectionKeys, DirectionKeys), Failure> {
    let suite = ChildSuite {
        encr: child.suite.encr,
        integ: child.suite.integ,
    };
    let inputs = KeyInputs {
        shared,
        nonce_i: birth.nonce_i,
        nonce_r: birth.nonce_r,
    };
    let keys = ChildKeys::derive(&suite, channel.suite.prf, &channel.keys.d, &inputs)?;
    let of_initiator = direction(keys.initiator_to_responder);
    let of_responder = direction(keys.responder_to_initiator);
    Ok(match birth.role {
        Role::Initiator => (of_responder, of_initiator),
        Role::Responder => (of_initiator, of_responder),
    })
}

fn direction(keys: crossgate_crypto::DirectionKeys) -> DirectionKeys {
    DirectionKeys {
        encr: keys.encryption,
        integ: keys.integrity,
    }
}
