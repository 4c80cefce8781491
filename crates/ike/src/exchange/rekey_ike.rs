//! CREATE_CHILD_SA that rekeys the IKE SA (RFC 7296 §1.3.2, §2.18), and its collisions (§2.8.2).
//!
//! ```text
//!   HDR, SK {SA, Ni, KEi}   -->
//!                           <--  HDR, SK {SA, Nr, KEr}
//! ```
//!
//! The Children move to the new IKE SA as soon as an end has it. If both ends rekeyed at once, they
//! first move to the peer's, and on to ours if ours turns out to be the survivor.

use super::create_child::EXCHANGE;
use super::{Reply, Then};
use crate::channel::Channel;
use crate::child::offer::ke_payload;
use crate::collision::{Rank, survivor};
use crate::context::Context;
use crate::effect::Effect;
use crate::error::Failure;
use crate::keys;
use crate::limits::{REKEY_RETRY, TEMPORARY_FAILURE_WAIT};
use crate::payloads::Payloads;
use crate::proposal::describe_payload;
use crate::proposal::ike::{ChosenIke, IkeOffer};
use crate::sa::closing::Closing;
use crate::sa::established::{Active, Established, Hold};
use crate::sa::tasks::Task;
use crate::sa::{IkeSa, Peering};
use crossgate_crypto::{DhGroup, DhKeyPair, Secret};
use crossgate_model::EventKind;
use crossgate_model::event::{DeleteReason, Side};
use crossgate_model::view::Role;
use crossgate_wire::ike::{
    DhId, IkeSpi, Nonce, Notify, NotifyType, Payload, ProtocolId, SaPayload,
};
use std::time::Duration;

/// Our request to replace the IKE SA.
#[derive(Debug)]
pub(crate) struct RekeyIke {
    offer: IkeOffer,
    dh: DhKeyPair,
    nonce: Vec<u8>,
    spi: IkeSpi,
    /// The peer rekeyed it meanwhile: the ID of the SA that this made, and its rank.
    pub peer: Option<(u32, Rank)>,
}

/// Whether a CREATE_CHILD_SA is about the IKE SA.
pub(crate) fn is_meant(payloads: &Payloads) -> bool {
    let first = payloads.sa().and_then(|sa| sa.proposals.first());
    first.is_some_and(|proposal| proposal.protocol == ProtocolId::IKE)
}

/// `group` is one that the peer asked for. Nothing is to be done for an IKE SA that the peer has
/// replaced while this waited for its turn.
pub(crate) fn start(sa: &mut Established, cx: &mut Context, group: Option<DhGroup>) {
    sa.soft_at = None;
    if !sa.is_current() {
        return;
    }
    let offer = IkeOffer::of(&sa.peering.config.proposals);
    let current = Some(sa.channel.suite.dh).filter(|now| offer.groups().any(|g| g == *now));
    let Some(group) = group.or(current).or_else(|| offer.first_group()) else {
        return;
    };
    let dh = match cx.key_pair(group) {
        Ok(dh) => dh,
        Err(error) => return cx.internal(&sa.peering, error.into()),
    };
    let (spi, nonce) = (cx.ike_spi(), cx.nonce());
    let payloads = [
        Payload::Sa(SaPayload::new(offer.to_wire(spi.as_bytes()))),
        Payload::Nonce(Nonce {
            data: nonce.clone(),
        }),
        ke_payload(&dh),
    ];
    let request = RekeyIke {
        offer,
        dh,
        nonce,
        spi,
        peer: None,
    };
    sa.send(cx, EXCHANGE, &payloads, Active::RekeyIke(Box::new(request)));
}

/// What the other end answered or asked, as far as it is the same for both roles.
struct Agreed {
    chosen: ChosenIke,
    shared: Secret,
    nonce_i: Vec<u8>,
    nonce_r: Vec<u8>,
    spis: (IkeSpi, IkeSpi),
}

impl RekeyIke {
    pub fn process(self, sa: &mut Established, cx: &mut Context, answer: &Payloads) -> Then {
        // 1. Refused, for now or for good.
        if let Some(error) = answer.error() {
            self.refused(sa, cx, error);
            return Then::Stay;
        }
        // 2. The answer is one of our choices, with an SPI and a key exchange.
        let agreed = match self.accept(answer) {
            Ok(agreed) => agreed,
            Err(event) => {
                cx.event(&sa.peering, None, event);
                return self.failed(sa, cx);
            }
        };
        // 3. The new IKE SA; of two, the nonces say which one stays.
        let rank = Rank::of(&agreed.nonce_i, &agreed.nonce_r);
        let (peering, channel) = match new_channel(sa, cx, Role::Initiator, &agreed) {
            Ok(made) => made,
            Err(failure) => {
                cx.internal(&sa.peering, failure);
                return self.failed(sa, cx);
            }
        };
        let stays = self.peer.as_ref().map(|(_, peers)| survivor(&rank, peers));
        if let Some(survivor) = stays {
            cx.event(&sa.peering, None, EventKind::CollisionResolved { survivor });
        }
        // 4. What is too much goes: ours if it lost, else the old one. The peer deletes the other.
        if stays == Some(Side::Peer) || sa.closing.is_some() {
            let redundant = Closing::by_us(cx, peering, channel, Vec::new());
            cx.effects
                .push_back(Effect::Spawn(Box::new(IkeSa::Closing(redundant))));
            self.release_peers(cx);
            return Then::Stay;
        }
        let mut new = sa.successor(cx, peering, channel);
        cx.event(&new.peering, None, EventKind::IkeRekeyed { by: Side::Us });
        sa.hand_over(&mut new, cx);
        let to = new.peering.id;
        cx.effects
            .push_back(Effect::Spawn(Box::new(IkeSa::Established(Box::new(new)))));
        if let Some((from, _)) = self.peer {
            cx.effects.push_back(Effect::TakeChildren { from, to });
        }
        Then::Delete {
            reason: DeleteReason::Rekeyed,
            tell: Vec::new(),
        }
    }

    fn refused(self, sa: &mut Established, cx: &mut Context, error: &Notify) {
        // The peer noticed no collision and has replaced it already (RFC 7296 §2.8.2).
        if self.peer.is_some() {
            return self.release_peers(cx);
        }
        match (error.kind, error.wanted_group()) {
            (NotifyType::TEMPORARY_FAILURE, _) => {
                let wait = TEMPORARY_FAILURE_WAIT + cx.jitter(TEMPORARY_FAILURE_WAIT);
                again(sa, cx, wait, None);
            }
            (_, Some(wanted)) => {
                let offered = self.dh.group().iana_id();
                cx.event(
                    &sa.peering,
                    None,
                    EventKind::InvalidKe {
                        offered,
                        wanted: wanted.0,
                    },
                );
                let other = |g: &DhGroup| g.iana_id() == wanted.0 && *g != self.dh.group();
                match self.offer.groups().find(other) {
                    Some(group) => again(sa, cx, Duration::ZERO, Some(group)),
                    None => again(sa, cx, REKEY_RETRY, None),
                }
            }
            (NotifyType::NO_PROPOSAL_CHOSEN, _) => {
                let event = EventKind::NoProposalChosen {
                    exchange: EXCHANGE,
                    refused_by: Side::Peer,
                    received: error.kind.to_string(),
                    expected: self.offer.describe(),
                };
                cx.event(&sa.peering, None, event);
                again(sa, cx, REKEY_RETRY, None);
            }
            _ => {
                let notify = error.to_string();
                cx.event(
                    &sa.peering,
                    None,
                    EventKind::PeerRefused {
                        exchange: EXCHANGE,
                        notify,
                    },
                );
                again(sa, cx, REKEY_RETRY, None);
            }
        }
    }

    /// The old SA goes on until its hard lifetime ends, or with the peer's successor.
    fn failed(self, sa: &mut Established, cx: &mut Context) -> Then {
        match self.peer {
            Some(_) => self.release_peers(cx),
            None => again(sa, cx, REKEY_RETRY, None),
        }
        Then::Stay
    }

    pub fn release_peers(&self, cx: &mut Context) {
        if let Some((id, _)) = self.peer {
            cx.effects.push_back(Effect::Release(id));
        }
    }

    fn accept(&self, answer: &Payloads) -> Result<Agreed, EventKind> {
        let rejected = |reason: String| EventKind::MessageRejected {
            exchange: Some(EXCHANGE),
            reason,
        };
        let (Some(sa), Some(ke), Some(nonce_r)) = (answer.sa(), answer.ke(), answer.nonce()) else {
            return Err(rejected("SA, KE or nonce is missing".to_owned()));
        };
        let chosen = self
            .offer
            .accept(sa)
            .ok_or_else(|| EventKind::NoProposalChosen {
                exchange: EXCHANGE,
                refused_by: Side::Us,
                received: describe_payload(Some(sa)),
                expected: self.offer.describe(),
            })?;
        let ours = self.dh.group();
        if chosen.suite.dh != ours || ke.group.0 != ours.iana_id() {
            return Err(rejected(format!(
                "KE payload of {}, expected {ours}",
                ke.group
            )));
        }
        let spi_r = peers_spi(&chosen).ok_or_else(|| rejected("no usable SPI".to_owned()))?;
        let shared = self
            .dh
            .agree(&ke.data)
            .map_err(|error| rejected(error.to_string()))?;
        let (nonce_i, nonce_r) = (self.nonce.clone(), nonce_r.to_vec());
        Ok(Agreed {
            chosen,
            shared,
            nonce_i,
            nonce_r,
            spis: (self.spi, spi_r),
        })
    }
}

fn again(sa: &mut Established, cx: &mut Context, wait: Duration, group: Option<DhGroup>) {
    if sa.is_current() {
        sa.tasks.add(cx.now + wait, Task::RekeyIke(group));
    }
}

fn peers_spi(chosen: &ChosenIke) -> Option<IkeSpi> {
    let spi = IkeSpi(chosen.spi.as_slice().try_into().ok()?);
    (!spi.is_zero()).then_some(spi)
}

/// The peer rekeys the IKE SA.
pub(crate) fn answer(sa: &mut Established, cx: &mut Context, asked: &Payloads) -> Reply {
    // 1. Not while it is replaced or closed already, nor while we make, rekey or delete a Child
    //    (RFC 7296 §2.25.2). While we rekey the IKE SA ourselves it is answered as ever.
    let busy = matches!(
        sa.active,
        Some(Active::CreateChild(_) | Active::RekeyChild(_) | Active::DeleteChildren(_))
    );
    if busy || !sa.is_current() {
        return NotifyType::TEMPORARY_FAILURE.into();
    }
    // 2. One of our proposals, with a key exchange of its group.
    let agreed = match accept_request(sa, cx, asked) {
        Ok((agreed, dh)) => (agreed, dh),
        Err((notify, event)) => {
            cx.event(&sa.peering, None, event);
            return Payload::Notify(notify).into();
        }
    };
    let (agreed, our_ke) = agreed;
    // 3. The new IKE SA takes the Children; the peer deletes the old one.
    let (peering, channel) = match new_channel(sa, cx, Role::Responder, &agreed) {
        Ok(made) => made,
        Err(failure) => {
            cx.internal(&sa.peering, failure);
            return NotifyType::TEMPORARY_FAILURE.into();
        }
    };
    let mut new = sa.successor(cx, peering, channel);
    cx.event(&new.peering, None, EventKind::IkeRekeyed { by: Side::Peer });
    sa.hand_over(&mut new, cx);
    let delete_at = cx.replaced_until();
    sa.superseded = Some(delete_at);
    cx.book
        .set_live(&sa.peering.connection(), sa.peering.id, false);
    // 4. If we asked for the same, nonces will decide when our answer comes.
    if let Some(Active::RekeyIke(request)) = &mut sa.active {
        let rank = Rank::of(&agreed.nonce_i, &agreed.nonce_r);
        request.peer = Some((new.peering.id, rank));
        new.hold = Some(Hold {
            until: delete_at,
            predecessor: sa.peering.id,
        });
    }
    cx.effects
        .push_back(Effect::Spawn(Box::new(IkeSa::Established(Box::new(new)))));
    let mut proposal = agreed.chosen.answer;
    proposal.spi = agreed.spis.1.as_bytes().to_vec();
    vec![
        Payload::Sa(SaPayload::new(vec![proposal])),
        Payload::Nonce(Nonce {
            data: agreed.nonce_r,
        }),
        our_ke,
    ]
    .into()
}

type Refused = (Notify, EventKind);

fn accept_request(
    sa: &Established,
    cx: &mut Context,
    asked: &Payloads,
) -> Result<(Agreed, Payload), Refused> {
    let syntax = |reason: String| {
        let event = EventKind::MessageRejected {
            exchange: Some(EXCHANGE),
            reason,
        };
        (Notify::new(NotifyType::INVALID_SYNTAX), event)
    };
    let (Some(offered), Some(ke), Some(nonce_i)) = (asked.sa(), asked.ke(), asked.nonce()) else {
        return Err(syntax("SA, KE or nonce is missing".to_owned()));
    };
    let offer = IkeOffer::of(&sa.peering.config.proposals);
    let chosen = offer.choose(offered, Some(ke.group)).ok_or_else(|| {
        let event = EventKind::NoProposalChosen {
            exchange: EXCHANGE,
            refused_by: Side::Us,
            received: describe_payload(Some(offered)),
            expected: offer.describe(),
        };
        (Notify::new(NotifyType::NO_PROPOSAL_CHOSEN), event)
    })?;
    let wanted = chosen.suite.dh.iana_id();
    if ke.group.0 != wanted {
        let event = EventKind::InvalidKe {
            offered: ke.group.0,
            wanted,
        };
        return Err((Notify::invalid_ke(DhId(wanted)), event));
    }
    let spi_i = peers_spi(&chosen).ok_or_else(|| syntax("no usable SPI".to_owned()))?;
    let made = cx
        .agree(chosen.suite.dh, &ke.data)
        .map(|(dh, shared)| (shared, ke_payload(&dh)));
    let (shared, our_ke) = made.map_err(|error| syntax(error.to_string()))?;
    let (nonce_i, nonce_r) = (nonce_i.to_vec(), cx.nonce());
    let spis = (spi_i, cx.ike_spi());
    Ok((
        Agreed {
            chosen,
            shared,
            nonce_i,
            nonce_r,
            spis,
        },
        our_ke,
    ))
}

/// Who asked is the original initiator of the new IKE SA.
fn new_channel(
    sa: &Established,
    cx: &mut Context,
    role: Role,
    agreed: &Agreed,
) -> Result<(Peering, Channel), Failure> {
    let Agreed {
        chosen,
        shared,
        nonce_i,
        nonce_r,
        spis,
    } = agreed;
    let inputs = keys::Inputs {
        shared,
        nonce_i,
        nonce_r,
        spis: *spis,
    };
    let keys = keys::rekeyed(&sa.channel, &chosen.suite, inputs)?;
    let channel = Channel::new(role, *spis, chosen.suite, keys)?;
    let peering = Peering {
        id: cx.next_ike_id(),
        role,
        spi_i: spis.0,
        spi_r: spis.1,
        ..sa.peering.clone()
    };
    cx.outputs.push_back(keys::log(&peering, &channel));
    Ok((peering, channel))
}
