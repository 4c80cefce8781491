//! Which suite two ends choose.
//!
//! The answerer goes by the starter's order of preference, within what it is configured for. Where
//! one list has combined-mode and other ciphers, it counts as two proposals, of which the kind that
//! stands first is the first. What can't be computed is never offered. A group that the first KE
//! payload already has is preferred, since it saves a round trip.

use crate::words::Named;
use crossgate_crypto::{DhGroup, Encr, Integ, Prf};
use crossgate_diag::{Certainty, Spanned};
use crossgate_model::{EspProposal, IkeProposal};

/// A list of a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum List {
    Encryption,
    Integrity,
    Prf,
    Group,
}

impl List {
    pub fn words(self) -> &'static str {
        match self {
            Self::Encryption => "encryption algorithm",
            Self::Integrity => "integrity algorithm",
            Self::Prf => "PRF",
            Self::Group => "Diffie-Hellman group",
        }
    }
}

/// The algorithms of an IKE SA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IkeSuite {
    pub encr: Encr,
    /// Absent for combined-mode ciphers.
    pub integ: Option<Integ>,
    pub prf: Prf,
    pub group: DhGroup,
}

impl IkeSuite {
    /// `AES-CBC-256/HMAC-SHA256-128/PRF-HMAC-SHA256/MODP-2048`.
    pub fn words(&self) -> String {
        let first = EspSuite {
            encr: self.encr,
            integ: self.integ,
        };
        format!("{}/{}/{}", first.words(), self.prf, self.group)
    }
}

/// The algorithms of a Child SA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EspSuite {
    pub encr: Encr,
    pub integ: Option<Integ>,
}

impl EspSuite {
    pub fn words(&self) -> String {
        match self.integ {
            Some(integ) => format!("{}/{integ}", self.encr),
            None => self.encr.to_string(),
        }
    }
}

/// What IKE_SA_INIT comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IkeChoice {
    pub suite: IkeSuite,
    /// Of the starter's first KE payload. Another one than the suite's costs INVALID_KE_PAYLOAD and
    /// one more round trip (RFC 7296 §1.2).
    pub first_group: DhGroup,
}

/// Of the claim which suite is chosen: that the answerer goes by the starter's preference is nowhere
/// written, and doesn't matter where it is the same suite whoever starts.
pub fn certainty(is_same_either_way: bool) -> Certainty {
    match is_same_either_way {
        true => Certainty::Rfc,
        false => Certainty::Undocumented,
    }
}

/// Ciphers of one kind, and the integrity algorithms that go with them: none for combined mode.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Ciphers {
    encr: Vec<Encr>,
    integ: Vec<Integ>,
}

impl Ciphers {
    fn of(encr: &[Spanned<Encr>], integ: &[Spanned<Integ>]) -> Vec<Self> {
        let first_combines = encr.first().is_some_and(|first| first.value.is_aead());
        let usable = values(encr, Encr::usable).into_iter();
        let (combined, other): (Vec<_>, Vec<_>) = usable.partition(|e| e.is_aead());
        let mut kinds = vec![
            Self {
                encr: other,
                integ: values(integ, Integ::usable),
            },
            Self {
                encr: combined,
                integ: Vec::new(),
            },
        ];
        if first_combines {
            kinds.reverse();
        }
        kinds.retain(|kind| !kind.encr.is_empty() && (kind.combine() || !kind.integ.is_empty()));
        kinds
    }

    fn combine(&self) -> bool {
        self.encr.iter().any(|encr| encr.is_aead())
    }

    fn meet(&self, answerer: &Self) -> Option<EspSuite> {
        let encr = first_common(&self.encr, &answerer.encr)?;
        let integ = match encr.is_aead() {
            true => None,
            false => Some(first_common(&self.integ, &answerer.integ)?),
        };
        Some(EspSuite { encr, integ })
    }

    /// What the two have not in common.
    fn gaps(&self, other: &Self) -> Vec<List> {
        let mut gaps = Vec::new();
        if first_common(&self.encr, &other.encr).is_none() {
            gaps.push(List::Encryption);
        }
        let both_need = !self.combine() && !other.combine();
        if both_need && first_common(&self.integ, &other.integ).is_none() {
            gaps.push(List::Integrity);
        }
        gaps
    }

    /// What this one would use, the other's where it can.
    fn favourite(&self, other: &Self) -> Option<EspSuite> {
        let encr = common_or_first(&self.encr, &other.encr)?;
        let integ = match encr.is_aead() {
            true => None,
            false => Some(common_or_first(&self.integ, &other.integ)?),
        };
        Some(EspSuite { encr, integ })
    }

    fn words(&self) -> String {
        match self.integ.is_empty() {
            true => names(&self.encr),
            false => format!("{}/{}", names(&self.encr), names(&self.integ)),
        }
    }
}

/// One proposal for an IKE SA as it goes on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Ike {
    ciphers: Ciphers,
    prf: Vec<Prf>,
    groups: Vec<DhGroup>,
}

impl Ike {
    fn of(configured: &[IkeProposal]) -> Vec<Self> {
        let each = configured.iter().flat_map(|proposal| {
            let kinds = Ciphers::of(&proposal.encr, &proposal.integ);
            kinds.into_iter().map(|ciphers| Self {
                ciphers,
                prf: values(&proposal.prf, Prf::usable),
                groups: values(&proposal.groups, DhGroup::usable),
            })
        });
        each.filter(|one| !one.prf.is_empty() && !one.groups.is_empty())
            .collect()
    }

    fn meet(&self, answerer: &Self, first_group: DhGroup) -> Option<IkeSuite> {
        let EspSuite { encr, integ } = self.ciphers.meet(&answerer.ciphers)?;
        let has_first = |groups: &[DhGroup]| groups.contains(&first_group);
        let group = match has_first(&self.groups) && has_first(&answerer.groups) {
            true => first_group,
            false => first_common(&self.groups, &answerer.groups)?,
        };
        Some(IkeSuite {
            encr,
            integ,
            prf: first_common(&self.prf, &answerer.prf)?,
            group,
        })
    }

    fn gaps(&self, other: &Self) -> Vec<List> {
        let mut gaps = self.ciphers.gaps(&other.ciphers);
        if first_common(&self.prf, &other.prf).is_none() {
            gaps.push(List::Prf);
        }
        if first_common(&self.groups, &other.groups).is_none() {
            gaps.push(List::Group);
        }
        gaps
    }

    fn favourite(&self, other: &Self) -> Option<IkeSuite> {
        let EspSuite { encr, integ } = self.ciphers.favourite(&other.ciphers)?;
        Some(IkeSuite {
            encr,
            integ,
            prf: common_or_first(&self.prf, &other.prf)?,
            group: common_or_first(&self.groups, &other.groups)?,
        })
    }
}

/// What IKE_SA_INIT comes to when the first one's offer reaches the second one.
pub fn ike(starter: &[IkeProposal], answerer: &[IkeProposal]) -> Option<IkeChoice> {
    let (offered, ours) = (Ike::of(starter), Ike::of(answerer));
    let first_group = offered.first()?.groups.first().copied()?;
    let suite = meetings(&offered, &ours).find_map(|(a, b)| a.meet(b, first_group))?;
    Some(IkeChoice { suite, first_group })
}

/// What the Child SA of the first one's offer uses.
pub fn esp(starter: &[EspProposal], answerer: &[EspProposal]) -> Option<EspSuite> {
    let (offered, ours) = (esp_offer(starter), esp_offer(answerer));
    meetings(&offered, &ours).find_map(|(a, b)| a.meet(b))
}

/// Why two ends have no suite in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disjoint<Suite> {
    /// The lists without a common member, of the two proposals that come closest.
    pub lists: Vec<List>,
    /// What each end would use: alike, where they have something in common.
    pub favourites: [Suite; 2],
}

/// `None` if they have one in common, or if an end has nothing that can be computed.
pub fn ike_disjoint(a: &[IkeProposal], b: &[IkeProposal]) -> Option<Disjoint<IkeSuite>> {
    let (a, b) = (Ike::of(a), Ike::of(b));
    let (ours, theirs) = closest(&a, &b, Ike::gaps)?;
    Some(Disjoint {
        lists: ours.gaps(theirs),
        favourites: [ours.favourite(theirs)?, theirs.favourite(ours)?],
    })
}

pub fn esp_disjoint(a: &[EspProposal], b: &[EspProposal]) -> Option<Disjoint<EspSuite>> {
    let (a, b) = (esp_offer(a), esp_offer(b));
    let (ours, theirs) = closest(&a, &b, Ciphers::gaps)?;
    Some(Disjoint {
        lists: ours.gaps(theirs),
        favourites: [ours.favourite(theirs)?, theirs.favourite(ours)?],
    })
}

/// Whether anything of it can be offered.
pub fn ike_can_be_offered(proposals: &[IkeProposal]) -> bool {
    !Ike::of(proposals).is_empty()
}

pub fn esp_can_be_offered(proposals: &[EspProposal]) -> bool {
    !esp_offer(proposals).is_empty()
}

/// `AES-CBC-256/HMAC-SHA256-128/PRF-HMAC-SHA256/MODP-2048`, proposals with "or": how events tell.
pub fn ike_words(proposals: &[IkeProposal]) -> String {
    let each = Ike::of(proposals).into_iter();
    let each = each.map(|one| {
        let (prf, groups) = (names(&one.prf), names(&one.groups));
        format!("{}/{prf}/{groups}", one.ciphers.words())
    });
    either(each.collect())
}

/// The same of a Child's, with its sequence numbers.
pub fn esp_words(proposals: &[EspProposal]) -> String {
    let each = proposals.iter().flat_map(|proposal| {
        let numbers = if proposal.esn { "ESN,no ESN" } else { "no ESN" };
        let kinds = Ciphers::of(&proposal.encr, &proposal.integ).into_iter();
        kinds.map(move |ciphers| format!("{}/{numbers}", ciphers.words()))
    });
    either(each.collect())
}

fn either(each: Vec<String>) -> String {
    match each.is_empty() {
        true => "nothing".into(),
        false => each.join(" or "),
    }
}

fn esp_offer(configured: &[EspProposal]) -> Vec<Ciphers> {
    let each = configured
        .iter()
        .flat_map(|proposal| Ciphers::of(&proposal.encr, &proposal.integ));
    each.collect()
}

/// Each of the starter's proposals in turn, with each of the answerer's.
fn meetings<'a, T>(a: &'a [T], b: &'a [T]) -> impl Iterator<Item = (&'a T, &'a T)> {
    a.iter().flat_map(move |a| b.iter().map(move |b| (a, b)))
}

/// Of all proposals, those two that have the fewest lists apart; none if some have nothing apart.
fn closest<'a, T>(
    a: &'a [T],
    b: &'a [T],
    gaps: impl Fn(&T, &T) -> Vec<List>,
) -> Option<(&'a T, &'a T)> {
    let (a, b) = meetings(a, b).min_by_key(|(a, b)| gaps(a, b).len())?;
    (!gaps(a, b).is_empty()).then_some((a, b))
}

fn values<T: Copy>(list: &[Spanned<T>], can: impl Fn(T) -> bool) -> Vec<T> {
    let all = list.iter().map(|one| one.value);
    all.filter(|one| can(*one)).collect()
}

fn first_common<T: Copy + PartialEq>(preferring: &[T], other: &[T]) -> Option<T> {
    preferring.iter().copied().find(|one| other.contains(one))
}

fn common_or_first<T: Copy + PartialEq>(own: &[T], other: &[T]) -> Option<T> {
    first_common(own, other).or(own.first().copied())
}

fn names<T: Named>(list: &[T]) -> String {
    let names: Vec<_> = list.iter().map(|one| one.named()).collect();
    names.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proposal(
        encr: &[Encr],
        integ: &[Integ],
        prf: &[Prf],
        groups: &[DhGroup],
    ) -> Vec<IkeProposal> {
        fn spanned<T: Copy>(list: &[T]) -> Vec<Spanned<T>> {
            list.iter().copied().map(Spanned::default_of).collect()
        }
        vec![IkeProposal {
            name: None,
            encr: spanned(encr),
            integ: spanned(integ),
            prf: spanned(prf),
            groups: spanned(groups),
        }]
    }

    const SHA256: (&[Integ], &[Prf]) = (&[Integ::HmacSha256_128], &[Prf::HmacSha256]);

    fn cbc(encr: &[Encr], groups: &[DhGroup]) -> Vec<IkeProposal> {
        proposal(encr, SHA256.0, SHA256.1, groups)
    }

    #[test]
    fn the_starters_order_decides() {
        use Encr::{AesCbc128, AesCbc256};
        let a = cbc(&[AesCbc128, AesCbc256], &[DhGroup::Modp14]);
        let b = cbc(&[AesCbc256, AesCbc128], &[DhGroup::Modp14]);
        let encr = |a: &[IkeProposal], b: &[IkeProposal]| ike(a, b).map(|c| c.suite.encr);
        assert_eq!(encr(&a, &b), Some(AesCbc128));
        assert_eq!(encr(&b, &a), Some(AesCbc256));
    }

    #[test]
    fn a_group_that_only_the_starter_prefers_costs_a_round_trip() {
        use DhGroup::{Ecp19, Modp14};
        let a = cbc(&[Encr::AesCbc256], &[Ecp19, Modp14]);
        let b = cbc(&[Encr::AesCbc256], &[Modp14]);
        let choice = |a: &[IkeProposal], b: &[IkeProposal]| {
            ike(a, b).map(|c| (c.first_group, c.suite.group))
        };
        assert_eq!(choice(&a, &b), Some((Ecp19, Modp14)));
        assert_eq!(choice(&b, &a), Some((Modp14, Modp14)));
    }

    #[test]
    fn exactly_the_lists_that_differ_are_named() {
        use DhGroup::{Ecp19, Modp14};
        let a = cbc(&[Encr::AesCbc256], &[Modp14]);
        let b = cbc(&[Encr::AesCbc128], &[Ecp19]);
        let lists = |a: &[IkeProposal], b: &[IkeProposal]| ike_disjoint(a, b).map(|d| d.lists);
        assert_eq!(lists(&a, &b), Some(vec![List::Encryption, List::Group]));
        assert_eq!(lists(&a, &a), None);
        let gcm = proposal(&[Encr::AesGcm256], &[], SHA256.1, &[Modp14]);
        assert_eq!(lists(&a, &gcm), Some(vec![List::Encryption]));
    }

    #[test]
    fn what_cannot_be_computed_is_not_offered() {
        let a = cbc(&[Encr::TripleDes], &[DhGroup::Modp14]);
        assert_eq!(ike(&a, &a), None);
        assert!(!ike_can_be_offered(&a));
        assert_eq!(ike_words(&a), "nothing");
    }
}
