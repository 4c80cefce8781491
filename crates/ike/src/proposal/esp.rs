//! Proposals for Child SAs, and what becomes of PFS in them.

use super::ike::usable;
use super::{
    at_most_one_each, describe, encr_of, encr_transform, group_of, group_transform, integ_of,
    integ_transform, only_types, pick, without_integrity,
};
use crossgate_crypto::{DhGroup, Encr, Integ};
use crossgate_model::EspProposal;
use crossgate_wire::ike::{DhId, EsnId, Proposal, ProtocolId, SaPayload, Transform, TransformType};

/// What a configured Child can speak, in order of preference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct EspOffer(Vec<Alternative>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Alternative {
    encr: Vec<Encr>,
    /// Empty for combined mode.
    integ: Vec<Integ>,
    esn: bool,
}

/// The algorithms of a Child SA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EspSuite {
    pub encr: Encr,
    pub integ: Option<Integ>,
    pub esn: bool,
    /// Of its own key exchange.
    pub group: Option<DhGroup>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChosenEsp {
    pub suite: EspSuite,
    /// As it goes back, without our SPI.
    pub answer: Proposal,
    /// The peer's inbound SPI.
    pub spi: u32,
}

/// What a responder does about the group of an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pfs {
    /// In IKE_AUTH the Child has no key exchange of its own (RFC 7296 §1.2).
    InIkeAuth,
    Required(DhGroup),
    /// Not configured; whatever the peer offers and we can compute, none preferred by its order.
    AnyOfPeers,
    /// Not configured; none.
    Refused,
}

/// Why nothing was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EspRefusal {
    /// No cipher, integrity algorithm or ESN mode in common.
    Algorithms,
    /// All but the group is in common.
    Pfs,
}

const TYPES: [TransformType; 4] = [
    TransformType::ENCR,
    TransformType::INTEG,
    TransformType::KE,
    TransformType::ESN,
];

impl EspOffer {
    pub fn of(configured: &[EspProposal]) -> Self {
        Self(configured.iter().flat_map(alternatives).collect())
    }

    /// Nothing but these algorithms.
    pub fn only(suite: &EspSuite) -> Self {
        Self(vec![Alternative {
            encr: vec![suite.encr],
            integ: suite.integ.into_iter().collect(),
            esn: suite.esn,
        }])
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn to_wire(&self, spi: u32, group: Option<DhGroup>) -> Vec<Proposal> {
        let numbered = (1..=u8::MAX).zip(&self.0);
        numbered
            .map(|(number, alternative)| alternative.to_wire(number, spi, group))
            .collect()
    }

    pub fn describe(&self, group: Option<DhGroup>) -> String {
        describe(&self.to_wire(0, group))
    }

    /// Chooses as responder. `ke` is the KE payload's group.
    pub fn choose(
        &self,
        offered: &SaPayload,
        pfs: Pfs,
        ke: Option<DhId>,
    ) -> Result<ChosenEsp, EspRefusal> {
        let ke = ke.and_then(|id| DhGroup::from_iana(id.0));
        let mut refusal = EspRefusal::Algorithms;
        for proposal in offered.proposals.iter().filter(|p| is_esp(p)) {
            for ours in &self.0 {
                match ours.choose(proposal, |p| choose_group(p, pfs, ke)) {
                    Ok(chosen) => return Ok(chosen),
                    Err(EspRefusal::Pfs) => refusal = EspRefusal::Pfs,
                    Err(EspRefusal::Algorithms) => {}
                }
            }
        }
        Err(refusal)
    }

    /// Checks, as initiator, that the answer is one of the choices that we offered with `group`.
    pub fn accept(
        &self,
        answer: &SaPayload,
        group: Option<DhGroup>,
    ) -> Result<ChosenEsp, EspRefusal> {
        let [proposal] = answer.proposals.as_slice() else {
            return Err(EspRefusal::Algorithms);
        };
        if !is_esp(proposal) || !at_most_one_each(proposal, &TYPES) {
            return Err(EspRefusal::Algorithms);
        }
        let index = usize::from(proposal.number).checked_sub(1);
        let offered = index
            .and_then(|index| self.0.get(index))
            .ok_or(EspRefusal::Algorithms)?;
        let pfs = group.map_or(Pfs::Refused, Pfs::Required);
        offered.choose(proposal, |p| choose_group(p, pfs, group))
    }
}

impl Alternative {
    fn to_wire(&self, number: u8, spi: u32, group: Option<DhGroup>) -> Proposal {
        let mut proposal = Proposal::new(number, ProtocolId::ESP);
        proposal.spi = spi.to_be_bytes().to_vec();
        proposal
            .transforms
            .extend(self.encr.iter().map(encr_transform));
        proposal
            .transforms
            .extend(self.integ.iter().map(integ_transform));
        proposal
            .transforms
            .extend(group.iter().map(group_transform));
        // Both where ESN is wanted: a peer without it may still take plain numbers (RFC 4304 §2).
        if self.esn {
            proposal.transforms.push(Transform::esn(EsnId::ESN));
        }
        proposal.transforms.push(Transform::esn(EsnId::NO_ESN));
        proposal
    }

    fn choose(
        &self,
        offered: &Proposal,
        group: impl FnOnce(&Proposal) -> Option<Option<DhGroup>>,
    ) -> Result<ChosenEsp, EspRefusal> {
        let (encr, integ, esn) = self
            .choose_algorithms(offered)
            .ok_or(EspRefusal::Algorithms)?;
        // SPIs up to 255 are reserved (RFC 4303 §2.1).
        let spi = offered.esp_spi().filter(|spi| *spi > u32::from(u8::MAX));
        let spi = spi.ok_or(EspRefusal::Algorithms)?;
        let group = group(offered).ok_or(EspRefusal::Pfs)?;
        let suite = EspSuite {
            encr,
            integ,
            esn,
            group,
        };
        Ok(ChosenEsp {
            suite,
            answer: suite.to_wire(offered.number, 0),
            spi,
        })
    }

    fn choose_algorithms(&self, offered: &Proposal) -> Option<(Encr, Option<Integ>, bool)> {
        let encr = pick(offered, TransformType::ENCR, encr_of, &self.encr)?;
        let integ = match encr.is_aead() {
            true if without_integrity(offered) => None,
            true => return None,
            false => Some(pick(offered, TransformType::INTEG, integ_of, &self.integ)?),
        };
        let numbers: &[EsnId] = if self.esn {
            &[EsnId::ESN, EsnId::NO_ESN]
        } else {
            &[EsnId::NO_ESN]
        };
        let chosen = pick(offered, TransformType::ESN, |t| Some(EsnId(t.id)), numbers)?;
        Some((encr, integ, chosen == EsnId::ESN))
    }
}

impl EspSuite {
    pub fn to_wire(self, number: u8, spi: u32) -> Proposal {
        let mut proposal = Proposal::new(number, ProtocolId::ESP);
        proposal.spi = spi.to_be_bytes().to_vec();
        proposal.transforms.push(encr_transform(&self.encr));
        proposal
            .transforms
            .extend(self.integ.iter().map(integ_transform));
        proposal
            .transforms
            .extend(self.group.iter().map(group_transform));
        let esn = if self.esn { EsnId::ESN } else { EsnId::NO_ESN };
        proposal.transforms.push(Transform::esn(esn));
        proposal
    }

    pub fn describe(self) -> String {
        describe(&[self.to_wire(1, 0)])
    }
}

/// `None` if no group (or no "none") suits; `Some(None)` for a Child without a key exchange.
fn choose_group(offered: &Proposal, pfs: Pfs, ke: Option<DhGroup>) -> Option<Option<DhGroup>> {
    let offers_none = offered.dh_groups().next().is_none()
        || offered.dh_groups().any(|group| group == DhId::NONE);
    let offers = |group: DhGroup| offered.dh_groups().any(|id| id.0 == group.iana_id());
    match pfs {
        Pfs::InIkeAuth => Some(None),
        Pfs::Required(group) => offers(group).then_some(Some(group)),
        Pfs::Refused => offers_none.then_some(None),
        Pfs::AnyOfPeers => match ke.filter(|group| group.usable() && offers(*group)) {
            Some(group) => Some(Some(group)),
            None if offers_none => Some(None),
            None => {
                let mut known = offered.of_type(TransformType::KE).filter_map(group_of);
                known.find(|group| group.usable()).map(Some)
            }
        },
    }
}

fn is_esp(proposal: &Proposal) -> bool {
    proposal.protocol == ProtocolId::ESP && only_types(proposal, &TYPES)
}

fn alternatives(configured: &EspProposal) -> Vec<Alternative> {
    let (aead, other): (Vec<Encr>, Vec<Encr>) = usable(&configured.encr, Encr::usable)
        .into_iter()
        .partition(|e| e.is_aead());
    let of = |encr, integ| Alternative {
        encr,
        integ,
        esn: configured.esn,
    };
    let with_integrity = of(other, usable(&configured.integ, Integ::usable));
    let combined = of(aead, Vec::new());
    let first_is_aead = configured.encr.first().is_some_and(|e| e.value.is_aead());
    let ordered = if first_is_aead {
        [combined, with_integrity]
    } else {
        [with_integrity, combined]
    };
    ordered
        .into_iter()
        .filter(Alternative::is_complete)
        .collect()
}

impl Alternative {
    fn is_complete(&self) -> bool {
        let protected = self.encr.iter().all(|e| e.is_aead()) || !self.integ.is_empty();
        protected && !self.encr.is_empty()
    }
}
