//! Proposals: what we offer, what we choose, and how an offer reads in an event (RFC 7296 §3.3).
//!
//! A configured list in which combined-mode and other ciphers stand together becomes two proposals,
//! since one proposal can't say that the integrity algorithm goes with some of its ciphers only
//! (RFC 7296 §3.3.6). Algorithms that are known by name only are left out.
//!
//! As responder we go by the initiator's order of preference, within what we are configured for. For
//! the group there is one exception: if the KE payload's group is acceptable to both, it is taken,
//! which saves the round trip of INVALID_KE_PAYLOAD.

pub(crate) mod esp;
pub(crate) mod ike;

use crossgate_crypto::{DhGroup, Encr, Integ, Prf};
use crossgate_wire::ike::{
    DhId, EncrId, EsnId, IntegId, PrfId, Proposal, SaPayload, Transform, TransformType,
};

fn encr_transform(encr: &Encr) -> Transform {
    Transform::encr(EncrId(encr.iana_id()), encr.key_length_attribute())
}

fn integ_transform(integ: &Integ) -> Transform {
    Transform::integ(IntegId(integ.iana_id()))
}

fn prf_transform(prf: &Prf) -> Transform {
    Transform::prf(PrfId(prf.iana_id()))
}

fn group_transform(group: &DhGroup) -> Transform {
    Transform::dh(DhId(group.iana_id()))
}

/// What a transform means, if we know it with all its attributes.
fn encr_of(transform: &Transform) -> Option<Encr> {
    plain(transform).and_then(|t| Encr::from_iana(t.id, t.key_length))
}

fn integ_of(transform: &Transform) -> Option<Integ> {
    plain(transform).and_then(|t| Integ::from_iana(t.id))
}

fn prf_of(transform: &Transform) -> Option<Prf> {
    plain(transform).and_then(|t| Prf::from_iana(t.id))
}

pub(crate) fn group_of(transform: &Transform) -> Option<DhGroup> {
    plain(transform).and_then(|t| DhGroup::from_iana(t.id))
}

/// A transform with an attribute that we don't know can't be chosen (RFC 7296 §3.3.6).
fn plain(transform: &Transform) -> Option<&Transform> {
    transform.other.is_empty().then_some(transform)
}

/// The first of the peer's transforms of a type that is among `ours`.
fn pick<T: PartialEq>(
    proposal: &Proposal,
    kind: TransformType,
    read: impl Fn(&Transform) -> Option<T>,
    ours: &[T],
) -> Option<T> {
    proposal
        .of_type(kind)
        .filter_map(read)
        .find(|offered| ours.contains(offered))
}

/// No integrity transform, or only "none": what goes with a combined-mode cipher (RFC 5282 §8).
fn without_integrity(proposal: &Proposal) -> bool {
    proposal
        .of_type(TransformType::INTEG)
        .all(|t| t.id == IntegId::NONE.0)
}

/// Whether each transform's type is among those that a proposal of its protocol can have; others
/// make it unacceptable (RFC 7296 §3.3.6).
fn only_types(proposal: &Proposal, known: &[TransformType]) -> bool {
    proposal.transforms.iter().all(|t| known.contains(&t.kind))
}

/// An answer has one transform of each type at most.
fn at_most_one_each(proposal: &Proposal, kinds: &[TransformType]) -> bool {
    kinds
        .iter()
        .all(|kind| proposal.of_type(*kind).count() <= 1)
}

/// `AES-CBC-256/HMAC-SHA256-128/PRF-HMAC-SHA256/MODP-2048`; alternatives of one type with commas,
/// proposals with "or". Offers and configurations read alike, so that they can be compared.
pub(crate) fn describe(proposals: &[Proposal]) -> String {
    if proposals.is_empty() {
        return "nothing".to_owned();
    }
    let each: Vec<String> = proposals.iter().map(describe_one).collect();
    each.join(" or ")
}

pub(crate) fn describe_payload(sa: Option<&SaPayload>) -> String {
    describe(sa.map_or(&[], |sa| &sa.proposals))
}

fn describe_one(proposal: &Proposal) -> String {
    let types = [
        TransformType::ENCR,
        TransformType::INTEG,
        TransformType::PRF,
        TransformType::KE,
        TransformType::ESN,
    ];
    let known = types.iter().filter_map(|kind| {
        let names: Vec<String> = proposal.of_type(*kind).map(name).collect();
        (!names.is_empty()).then(|| names.join(","))
    });
    let others = proposal
        .transforms
        .iter()
        .filter(|t| !types.contains(&t.kind));
    let parts: Vec<String> = known.chain(others.map(|t| t.to_string())).collect();
    parts.join("/")
}

fn name(transform: &Transform) -> String {
    let known = match transform.kind {
        TransformType::ENCR => encr_of(transform).map(Encr::name),
        TransformType::INTEG => integ_of(transform).map(Integ::name),
        TransformType::PRF => prf_of(transform).map(Prf::name),
        TransformType::KE if transform.id == DhId::NONE.0 => Some("no PFS"),
        TransformType::KE => group_of(transform).map(DhGroup::name),
        TransformType::ESN if transform.id == EsnId::NO_ESN.0 => Some("no ESN"),
        TransformType::ESN if transform.id == EsnId::ESN.0 => Some("ESN"),
        _ => None,
    };
    known.map_or_else(|| transform.to_string(), str::to_owned)
}
