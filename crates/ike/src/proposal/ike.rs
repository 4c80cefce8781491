//! Proposals for IKE SAs.

use super::{
    at_most_one_each, describe, encr_of, encr_transform, group_of, group_transform, integ_of,
    integ_transform, only_types, pick, prf_of, prf_transform, without_integrity,
};
use crossgate_crypto::{DhGroup, Encr, IkeSuite, Integ, Prf};
use crossgate_model::{IkeProposal, Spanned};
use crossgate_wire::ike::{DhId, Proposal, ProtocolId, SaPayload, TransformType};

/// What a connection can speak, in order of preference: one entry a proposal on the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct IkeOffer(Vec<Alternative>);

/// Ciphers of one kind, and what goes with them; each list in order of preference.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Alternative {
    encr: Vec<Encr>,
    /// Empty for combined mode.
    integ: Vec<Integ>,
    prf: Vec<Prf>,
    groups: Vec<DhGroup>,
}

/// A choice out of an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChosenIke {
    pub suite: IkeSuite,
    /// As it goes back: the chosen proposal's number, and one transform a type.
    pub answer: Proposal,
    /// The peer's SPI, where it rekeys.
    pub spi: Vec<u8>,
}

const TYPES: [TransformType; 4] = [
    TransformType::ENCR,
    TransformType::PRF,
    TransformType::INTEG,
    TransformType::KE,
];

impl IkeOffer {
    pub fn of(configured: &[IkeProposal]) -> Self {
        Self(configured.iter().flat_map(alternatives).collect())
    }

    /// The group for the first KE payload: the most preferred one.
    pub fn first_group(&self) -> Option<DhGroup> {
        self.groups().next()
    }

    pub fn groups(&self) -> impl Iterator<Item = DhGroup> {
        self.0.iter().flat_map(|a| a.groups.iter().copied())
    }

    /// `spi` is empty for an initial IKE SA.
    pub fn to_wire(&self, spi: &[u8]) -> Vec<Proposal> {
        let numbered = (1..=u8::MAX).zip(&self.0);
        numbered
            .map(|(number, alternative)| alternative.to_wire(number, spi))
            .collect()
    }

    pub fn describe(&self) -> String {
        describe(&self.to_wire(&[]))
    }

    /// Chooses as responder. `ke` is the KE payload's group.
    pub fn choose(&self, offered: &SaPayload, ke: Option<DhId>) -> Option<ChosenIke> {
        let ke = ke.and_then(|id| DhGroup::from_iana(id.0));
        let of_ike = offered
            .proposals
            .iter()
            .filter(|p| p.protocol == ProtocolId::IKE);
        of_ike
            .filter(|proposal| only_types(proposal, &TYPES))
            .find_map(|proposal| self.0.iter().find_map(|ours| ours.choose(proposal, ke)))
    }

    /// Checks, as initiator, that the answer is one of the choices that we offered.
    pub fn accept(&self, answer: &SaPayload) -> Option<ChosenIke> {
        let [proposal] = answer.proposals.as_slice() else {
            return None;
        };
        let single = proposal.protocol == ProtocolId::IKE
            && only_types(proposal, &TYPES)
            && at_most_one_each(proposal, &TYPES);
        let offered = self.0.get(usize::from(proposal.number).checked_sub(1)?)?;
        single.then(|| offered.choose(proposal, None)).flatten()
    }
}

impl Alternative {
    fn to_wire(&self, number: u8, spi: &[u8]) -> Proposal {
        let mut proposal = Proposal::new(number, ProtocolId::IKE);
        proposal.spi = spi.to_vec();
        proposal
            .transforms
            .extend(self.encr.iter().map(encr_transform));
        proposal
            .transforms
            .extend(self.prf.iter().map(prf_transform));
        proposal
            .transforms
            .extend(self.integ.iter().map(integ_transform));
        proposal
            .transforms
            .extend(self.groups.iter().map(group_transform));
        proposal
    }

    fn choose(&self, offered: &Proposal, ke: Option<DhGroup>) -> Option<ChosenIke> {
        let encr = pick(offered, TransformType::ENCR, encr_of, &self.encr)?;
        let prf = pick(offered, TransformType::PRF, prf_of, &self.prf)?;
        let integ = match encr.is_aead() {
            true if without_integrity(offered) => None,
            true => return None,
            false => Some(pick(offered, TransformType::INTEG, integ_of, &self.integ)?),
        };
        let of_ke: Vec<DhGroup> = self
            .groups
            .iter()
            .copied()
            .filter(|g| Some(*g) == ke)
            .collect();
        let dh = pick(offered, TransformType::KE, group_of, &of_ke)
            .or_else(|| pick(offered, TransformType::KE, group_of, &self.groups))?;
        let only = Self {
            encr: vec![encr],
            integ: integ.into_iter().collect(),
            prf: vec![prf],
            groups: vec![dh],
        };
        Some(ChosenIke {
            suite: IkeSuite {
                encr,
                integ,
                prf,
                dh,
            },
            answer: only.to_wire(offered.number, &[]),
            spi: offered.spi.clone(),
        })
    }
}

/// `AES-CBC-256/HMAC-SHA256-128/PRF-HMAC-SHA256/MODP-2048`.
pub(crate) fn describe_suite(suite: &IkeSuite) -> String {
    let only = Alternative {
        encr: vec![suite.encr],
        integ: suite.integ.into_iter().collect(),
        prf: vec![suite.prf],
        groups: vec![suite.dh],
    };
    describe(&[only.to_wire(1, &[])])
}

fn alternatives(configured: &IkeProposal) -> Vec<Alternative> {
    let (aead, other): (Vec<Encr>, Vec<Encr>) = usable(&configured.encr, Encr::usable)
        .into_iter()
        .partition(|e| e.is_aead());
    let of = |encr, integ| Alternative {
        encr,
        integ,
        prf: usable(&configured.prf, Prf::usable),
        groups: usable(&configured.groups, DhGroup::usable),
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
        protected && !self.encr.is_empty() && !self.prf.is_empty() && !self.groups.is_empty()
    }
}

/// The configured values that can be computed.
pub(super) fn usable<T: Copy>(configured: &[Spanned<T>], can: impl Fn(T) -> bool) -> Vec<T> {
    configured
        .iter()
        .map(|one| one.value)
        .filter(|one| can(*one))
        .collect()
}
