//! Our side of being asked for a Child SA: the same in IKE_AUTH and in CREATE_CHILD_SA.

use super::Agreement;
use super::offer::{group_name, ke_payload};
use super::resource::{self, More};
use crate::context::Context;
use crate::limits::MAX_SAS_PER_CHILD;
use crate::payloads::Payloads;
use crate::proposal::esp::{ChosenEsp, EspOffer, EspRefusal, Pfs};
use crate::proposal::{describe, describe_payload};
use crate::selectors::{self, Offered, SelectorsAgreed};
use crossgate_crypto::{DhGroup, Secret};
use crossgate_model::behaviour::PfsUnset;
use crossgate_model::event::{Exchange, Side};
use crossgate_model::{self as model, Connection, EventKind};
use crossgate_wire::ike::{DhId, KeyExchange, Notify, NotifyType, Payload, SaPayload};

/// What is known besides the payloads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Circumstance<'a> {
    pub exchange: Exchange,
    /// The IKE SA that carries the exchange.
    pub ike: u32,
    /// The SA that is to be rekeyed: the new one is for the same configured Child.
    pub rekeys: Option<&'a super::Child>,
}

/// Why we don't agree: what we answer, and what an operator should know.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub notify: Notify,
    pub event: EventKind,
    pub child: Option<String>,
}

/// Decides on an offer. The payloads are our SA, KE, TSi and TSr.
pub(crate) fn answer(
    cx: &mut Context,
    connection: &Connection,
    asked: &Payloads,
    circumstance: Circumstance<'_>,
) -> Result<(Agreement, Vec<Payload>), Refusal> {
    let (Some(sa), Some(theirs), Some(ours)) = (asked.sa(), asked.ts_i(), asked.ts_r()) else {
        return Err(incomplete(circumstance.exchange));
    };
    // 1. Which configured Child is meant, and what remains of the selectors (RFC 7296 §2.9).
    let offered = Offered::new(ours, theirs);
    let (child, selectors) = match circumstance.rekeys {
        Some(old) => same_child(connection, &offered, old),
        None => best_child(cx, connection, &offered),
    }
    .ok_or_else(|| ts_unacceptable(connection, asked, circumstance))?;
    // 2. There is room for one more of it.
    let resource = resource::place(cx, &child.name.value, &selectors, asked, circumstance)?;
    check_room(cx, child, resource, circumstance.ike)?;
    // 3. The algorithms, and with them the group (RFC 7296 §2.7).
    let offer = EspOffer::of(&child.proposals);
    let pfs = pfs(cx, child, circumstance.exchange);
    let ke = asked.ke();
    let chosen = offer
        .choose(sa, pfs, ke.map(|ke| ke.group))
        .map_err(|refusal| no_proposal(refusal, &offer, child, sa, circumstance.exchange))?;
    // 4. The key exchange, if the Child has one of its own (RFC 7296 §1.3).
    let exchange = chosen
        .suite
        .group
        .map(|group| key_exchange(cx, child, group, ke))
        .transpose()?;
    let (shared, our_ke) = exchange.unzip();
    // 5. Our half.
    let spi_in = cx.esp_spi(&child.name.value, resource);
    let is_one_of_many = !cx.resources(&child.name.value).is_empty();
    let more = More::said(is_one_of_many, asked);
    let ts = [
        Payload::TsI(selectors::to_wire(selectors.remote())),
        Payload::TsR(selectors::to_wire(selectors.local())),
    ];
    let payloads = std::iter::once(our_sa(&chosen, spi_in))
        .chain(our_ke)
        .chain(ts)
        .chain((more == More::Taken).then(|| resource::info(resource)))
        .collect();
    let agreement = Agreement {
        name: child.name.value.clone(),
        spi_in,
        spi_out: chosen.spi,
        suite: chosen.suite,
        selectors,
        shared,
        resource,
        more,
    };
    Ok((agreement, payloads))
}

/// The configured Child of the SA that is rekeyed, with what its own manner of narrowing allows, or
/// else what was agreed before.
fn same_child<'a>(
    connection: &'a Connection,
    offered: &Offered,
    old: &super::Child,
) -> Option<(&'a model::Child, SelectorsAgreed)> {
    let child = enabled(connection).find(|child| child.name.value == old.name)?;
    let narrowed = offered.narrow(&child.selectors.value, child.responder_selectors.value);
    let agreed = narrowed
        .map(|(_, agreed)| agreed)
        .or_else(|| offered.same_as(&old.agreed))?;
    Some((child, agreed))
}

/// The Child that fits best; between equals one that has no SA yet, then the first configured.
fn best_child<'a>(
    cx: &Context,
    connection: &'a Connection,
    offered: &Offered,
) -> Option<(&'a model::Child, SelectorsAgreed)> {
    let fitting = enabled(connection).rev().filter_map(|child| {
        let manner = child.responder_selectors.value;
        let (fit, agreed) = offered.narrow(&child.selectors.value, manner)?;
        Some((fit, !cx.book.has_live(&child.name.value), child, agreed))
    });
    let best = fitting.max_by_key(|(fit, is_free, ..)| (*fit, *is_free))?;
    Some((best.2, best.3))
}

fn enabled(connection: &Connection) -> impl DoubleEndedIterator<Item = &model::Child> {
    connection
        .children
        .iter()
        .filter(|child| child.enabled.value)
}

/// Several peers of one connection may each have their own.
fn check_room(cx: &Context, child: &model::Child, resource: u8, ike: u32) -> Result<(), Refusal> {
    let name = &child.name.value;
    let same = (ike, resource);
    let all = cx.book.of_child(name);
    let of_peer = all.filter(|(_, entry)| (entry.ike, entry.resource) == same);
    if of_peer.count() < MAX_SAS_PER_CHILD {
        return Ok(());
    }
    let limit = u32::try_from(MAX_SAS_PER_CHILD).unwrap_or(u32::MAX);
    Err(Refusal {
        notify: Notify::new(NotifyType::NO_ADDITIONAL_SAS),
        event: EventKind::LimitReached {
            what: "SAs of one Child",
            limit,
        },
        child: Some(name.clone()),
    })
}

fn pfs(cx: &Context, child: &model::Child, exchange: Exchange) -> Pfs {
    if exchange == Exchange::IkeAuth {
        return Pfs::InIkeAuth;
    }
    match (child.pfs, cx.gateway.behaviour.pfs_unset.value) {
        (Some(group), _) => Pfs::Required(group.value),
        (None, PfsUnset::AcceptPeersGroup) => Pfs::AnyOfPeers,
        (None, PfsUnset::Refuse) => Pfs::Refused,
    }
}

/// The shared secret and our own KE payload; INVALID_KE_PAYLOAD if the peer's is of another group.
fn key_exchange(
    cx: &mut Context,
    child: &model::Child,
    group: DhGroup,
    ke: Option<&KeyExchange>,
) -> Result<(Secret, Payload), Refusal> {
    let name = child.name.value.clone();
    let Some(ke) = ke else {
        return Err(Refusal {
            notify: Notify::new(NotifyType::NO_PROPOSAL_CHOSEN),
            event: pfs_mismatch("no KE payload".to_owned(), Some(group)),
            child: Some(name),
        });
    };
    if ke.group.0 != group.iana_id() {
        return Err(Refusal {
            notify: Notify::invalid_ke(DhId(group.iana_id())),
            event: EventKind::InvalidKe {
                offered: ke.group.0,
                wanted: group.iana_id(),
            },
            child: Some(name),
        });
    }
    let agreed = cx
        .agree(group, &ke.data)
        .map(|(dh, shared)| (shared, ke_payload(&dh)));
    agreed.map_err(|error| Refusal {
        notify: Notify::new(NotifyType::INVALID_SYNTAX),
        event: EventKind::MessageRejected {
            exchange: Some(Exchange::CreateChildSa),
            reason: error.to_string(),
        },
        child: Some(name),
    })
}

fn our_sa(chosen: &ChosenEsp, spi_in: u32) -> Payload {
    let mut proposal = chosen.answer.clone();
    proposal.spi = spi_in.to_be_bytes().to_vec();
    Payload::Sa(SaPayload::new(vec![proposal]))
}

fn incomplete(exchange: Exchange) -> Refusal {
    Refusal {
        notify: Notify::new(NotifyType::INVALID_SYNTAX),
        event: EventKind::MessageRejected {
            exchange: Some(exchange),
            reason: "SA, TSi or TSr is missing".to_owned(),
        },
        child: None,
    }
}

/// Both sides' selectors side by side: what the peer asked for, and each that we have.
fn ts_unacceptable(
    connection: &Connection,
    asked: &Payloads,
    circumstance: Circumstance<'_>,
) -> Refusal {
    let ours: Vec<String> = match circumstance.rekeys {
        Some(old) => vec![selectors::describe(old.agreed.local(), old.agreed.remote())],
        None => enabled(connection)
            .map(|child| child.selectors.value.to_string())
            .collect(),
    };
    let expected = if ours.is_empty() {
        "nothing".to_owned()
    } else {
        ours.join(" or ")
    };
    Refusal {
        notify: Notify::new(NotifyType::TS_UNACCEPTABLE),
        event: EventKind::TsUnacceptable {
            refused_by: Side::Us,
            received: selectors::describe_payloads(asked.ts_r(), asked.ts_i()),
            expected,
        },
        child: circumstance.rekeys.map(|old| old.name.clone()),
    }
}

fn no_proposal(
    refusal: EspRefusal,
    offer: &EspOffer,
    child: &model::Child,
    sa: &SaPayload,
    exchange: Exchange,
) -> Refusal {
    let group = child.pfs.map(|group| group.value);
    let event = match refusal {
        EspRefusal::Pfs => pfs_mismatch(describe_groups(sa), group),
        EspRefusal::Algorithms => EventKind::NoProposalChosen {
            exchange,
            refused_by: Side::Us,
            received: describe_payload(Some(sa)),
            expected: describe(&offer.to_wire(0, group.filter(|_| exchange != Exchange::IkeAuth))),
        },
    };
    Refusal {
        notify: Notify::new(NotifyType::NO_PROPOSAL_CHOSEN),
        event,
        child: Some(child.name.value.clone()),
    }
}

fn pfs_mismatch(received: String, expected: Option<DhGroup>) -> EventKind {
    EventKind::PfsMismatch {
        refused_by: Side::Us,
        received,
        expected: group_name(expected),
    }
}

/// The groups of an offer, in the notation of [`group_name`].
fn describe_groups(sa: &SaPayload) -> String {
    let known =
        |id: DhId| DhGroup::from_iana(id.0).map_or_else(|| id.to_string(), |g| g.name().to_owned());
    let mut groups: Vec<String> = sa
        .proposals
        .iter()
        .flat_map(|p| p.dh_groups().map(known))
        .collect();
    groups.dedup();
    if groups.is_empty() {
        group_name(None)
    } else {
        groups.join(",")
    }
}
