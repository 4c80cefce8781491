//! Our side of asking for a Child SA: the same in IKE_AUTH and in CREATE_CHILD_SA.

use super::Agreement;
use super::resource::{self, More};
use crate::context::Context;
use crate::payloads::Payloads;
use crate::proposal::esp::{EspOffer, EspRefusal, EspSuite};
use crate::proposal::{describe_payload, esp};
use crate::selectors::{self, Answered, SelectorsAgreed};
use crossgate_crypto::{DhGroup, DhKeyPair, Secret};
use crossgate_model::event::{Exchange, Side};
use crossgate_model::{self as model, EventKind, Selector};
use crossgate_wire::ike::{DhId, KeyExchange, Notify, NotifyType, Payload, SaPayload};

/// What we asked for, until the answer is there.
#[derive(Debug)]
pub(crate) struct ChildOffer {
    pub name: String,
    /// That the SA is for; 0 for all.
    pub resource: u8,
    /// Whether there may be SAs for several.
    is_one_of_many: bool,
    pub spi_in: u32,
    offer: EspOffer,
    dh: Option<DhKeyPair>,
    local: Vec<Selector>,
    remote: Vec<Selector>,
}

/// Why an offer came to nothing.
#[derive(Debug)]
pub(crate) struct OfferFailed {
    pub events: Vec<EventKind>,
    /// The peer answered with a Child that we don't want: it has to be told.
    pub peer_has_it: bool,
    pub notify: Option<NotifyType>,
}

impl ChildOffer {
    /// `group` is for a key exchange of its own; `again` are the selectors of the SA that it
    /// rekeys, which are offered again instead of the configured ones (RFC 7296 §2.9.2).
    pub fn new(
        cx: &mut Context,
        configured: &model::Child,
        again: Option<&SelectorsAgreed>,
        group: Option<DhGroup>,
        resource: u8,
    ) -> Result<Self, String> {
        let offer = EspOffer::of(&configured.proposals);
        if offer.is_empty() {
            return Err("no ESP proposal that can be computed is configured".to_owned());
        }
        let dh = group.map(|group| cx.key_pair(group)).transpose();
        let pair = configured.selectors.value;
        let (local, remote) = match again {
            Some(agreed) => (agreed.local().to_vec(), agreed.remote().to_vec()),
            None => (vec![pair.local], vec![pair.remote]),
        };
        Ok(Self {
            name: configured.name.value.clone(),
            dh: dh.map_err(|error| error.to_string())?,
            spi_in: cx.esp_spi(&configured.name.value, resource),
            is_one_of_many: !cx.resources(&configured.name.value).is_empty(),
            resource,
            offer,
            local,
            remote,
        })
    }

    /// SAs of one Child for several resources have the same algorithms (RFC 9611 §3).
    pub fn narrow_to(&mut self, suite: &EspSuite) {
        self.offer = EspOffer::only(suite);
    }

    fn group(&self) -> Option<DhGroup> {
        self.dh.as_ref().map(DhKeyPair::group)
    }

    pub fn sa(&self) -> Payload {
        Payload::Sa(SaPayload::new(
            self.offer.to_wire(self.spi_in, self.group()),
        ))
    }

    pub fn ke(&self) -> Option<Payload> {
        self.dh.as_ref().map(ke_payload)
    }

    /// TSi, TSr: we are the initiator of this exchange.
    pub fn selectors(&self) -> [Payload; 2] {
        [
            Payload::TsI(selectors::to_wire(&self.local)),
            Payload::TsR(selectors::to_wire(&self.remote)),
        ]
    }

    /// That we would have an SA for each of several resources (RFC 9611 §3).
    pub fn resource_info(&self) -> Option<Payload> {
        self.is_one_of_many.then(|| resource::info(self.resource))
    }

    /// Gives the SPI back that no SA will have.
    pub fn abandon(&self, cx: &mut Context) {
        cx.book.forget(self.spi_in);
    }

    /// Checks the answer; an event says what differs from the offer.
    pub fn accept(
        &self,
        answer: &Payloads,
        exchange: Exchange,
        takes_narrower: bool,
    ) -> Result<(Agreement, Option<EventKind>), OfferFailed> {
        // 1. No error.
        if let Some(error) = answer.error() {
            return Err(self.refused(error, exchange));
        }
        let (Some(sa), Some(ours), Some(theirs)) = (answer.sa(), answer.ts_i(), answer.ts_r())
        else {
            return Err(incomplete(exchange));
        };
        // 2. The algorithms are one of the choices that we offered.
        let chosen = self
            .offer
            .accept(sa, self.group())
            .map_err(|refusal| self.not_offered(refusal, sa, exchange))?;
        // 3. The key exchange goes with them.
        let shared = self.agree(answer.ke()).map_err(|received| OfferFailed {
            events: vec![EventKind::PfsMismatch {
                refused_by: Side::Us,
                received,
                expected: group_name(self.group()),
            }],
            peer_has_it: true,
            notify: None,
        })?;
        // 4. The selectors are inside the offer, and not narrower unless we take that.
        let offered = (self.local.as_slice(), self.remote.as_slice());
        let (selectors, event) = match selectors::check_answer(offered, ours, theirs) {
            Answered::AsOffered(agreed) => (agreed, None),
            Answered::Narrower(agreed) if takes_narrower => {
                let event = EventKind::SelectorsNarrowed {
                    offered: selectors::pair_of(&self.local, &self.remote),
                    agreed: agreed.pair(),
                };
                (agreed, Some(event))
            }
            Answered::Narrower(_) | Answered::Outside => {
                let received = selectors::describe_payloads(Some(ours), Some(theirs));
                return Err(self.unacceptable(Side::Us, received, true));
            }
        };
        let agreement = Agreement {
            name: self.name.clone(),
            spi_in: self.spi_in,
            spi_out: chosen.spi,
            suite: chosen.suite,
            selectors,
            shared,
            resource: self.resource,
            more: More::said(self.is_one_of_many, answer),
        };
        Ok((agreement, event))
    }

    /// The shared secret, `None` without PFS, or what was wrong with the peer's KE payload.
    fn agree(&self, ke: Option<&KeyExchange>) -> Result<Option<Secret>, String> {
        match (&self.dh, ke) {
            (None, _) => Ok(None),
            (Some(_), None) => Err("no KE payload".to_owned()),
            (Some(dh), Some(ke)) if ke.group.0 != dh.group().iana_id() => Err(ke.group.to_string()),
            (Some(dh), Some(ke)) => dh.agree(&ke.data).map(Some).map_err(|e| e.to_string()),
        }
    }

    fn refused(&self, error: &Notify, exchange: Exchange) -> OfferFailed {
        let mut failed = match error.kind {
            NotifyType::NO_PROPOSAL_CHOSEN => one(EventKind::NoProposalChosen {
                exchange,
                refused_by: Side::Peer,
                received: error.kind.to_string(),
                expected: self.offer.describe(self.group()),
            }),
            NotifyType::INVALID_KE_PAYLOAD => one(EventKind::PfsMismatch {
                refused_by: Side::Peer,
                received: error.wanted_group().unwrap_or(DhId::NONE).to_string(),
                expected: group_name(self.group()),
            }),
            NotifyType::TS_UNACCEPTABLE | NotifyType::SINGLE_PAIR_REQUIRED => {
                self.unacceptable(Side::Peer, error.kind.to_string(), false)
            }
            _ => one(EventKind::PeerRefused {
                exchange,
                notify: error.to_string(),
            }),
        };
        failed.notify = Some(error.kind);
        failed
    }

    fn not_offered(&self, refusal: EspRefusal, sa: &SaPayload, exchange: Exchange) -> OfferFailed {
        let received = describe_payload(Some(sa));
        let event = match refusal {
            EspRefusal::Algorithms => EventKind::NoProposalChosen {
                exchange,
                refused_by: Side::Us,
                received,
                expected: self.offer.describe(self.group()),
            },
            EspRefusal::Pfs => EventKind::PfsMismatch {
                refused_by: Side::Us,
                received,
                expected: group_name(self.group()),
            },
        };
        OfferFailed {
            peer_has_it: true,
            ..one(event)
        }
    }

    fn unacceptable(&self, refused_by: Side, received: String, peer_has_it: bool) -> OfferFailed {
        let expected = selectors::describe(&self.local, &self.remote);
        let event = EventKind::TsUnacceptable {
            refused_by,
            received,
            expected,
        };
        OfferFailed {
            peer_has_it,
            ..one(event)
        }
    }

    /// Whether `suite` is among the choices, apart from the group: then a refusal of the whole
    /// offer can only be about the group.
    pub fn has_algorithms_of(&self, suite: &esp::EspSuite) -> bool {
        let answer = SaPayload::new(vec![suite.to_wire(1, u32::MAX)]);
        self.offer
            .choose(&answer, esp::Pfs::InIkeAuth, None)
            .is_ok()
    }

    pub fn describe_group(&self) -> String {
        group_name(self.group())
    }
}

fn one(event: EventKind) -> OfferFailed {
    OfferFailed {
        events: vec![event],
        peer_has_it: false,
        notify: None,
    }
}

fn incomplete(exchange: Exchange) -> OfferFailed {
    let reason = "the answer has no complete SA, TSi and TSr".to_owned();
    OfferFailed {
        peer_has_it: true,
        ..one(EventKind::MessageRejected {
            exchange: Some(exchange),
            reason,
        })
    }
}

pub(crate) fn ke_payload(dh: &DhKeyPair) -> Payload {
    Payload::Ke(KeyExchange {
        group: DhId(dh.group().iana_id()),
        data: dh.public().to_vec(),
    })
}

/// A group, or that there is none, for events about PFS.
pub(crate) fn group_name(group: Option<DhGroup>) -> String {
    group.map_or_else(|| "no PFS".to_owned(), |group| group.name().to_owned())
}
