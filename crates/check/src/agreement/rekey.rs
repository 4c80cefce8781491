//! Who rekeys first, and whether the other end takes it.
//!
//! Each end rekeys by its own lifetime (RFC 7296 §2.8): some time before the end, drawn at random
//! within what its vendor's margin allows. Lifetimes aren't negotiated.

use crate::rule::Party;
use crossgate_crypto::DhGroup;
use crossgate_diag::{Certainty, Spanned};
use crossgate_model::Child;
use crossgate_model::behaviour::{Claim, PfsUnset, RekeyMargin};
use std::time::Duration;

/// From when to when an end begins a rekey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub earliest: Duration,
    /// Without any jitter: what is told.
    pub latest: Duration,
}

impl Window {
    pub fn of(margin: RekeyMargin, lifetime: Duration) -> Self {
        Self {
            earliest: margin.soft(lifetime, u16::MAX),
            latest: margin.soft(lifetime, 0),
        }
    }

    pub fn of_child(party: &Party<'_>, child: &Child) -> Self {
        let margin = party.gateway().behaviour.child_rekey.value;
        Self::of(margin, child.lifetime.time.value)
    }

    pub fn of_ike(party: &Party<'_>) -> Self {
        let margin = party.gateway().behaviour.ike_rekey.value;
        Self::of(margin, party.connection.lifetime.value)
    }

    /// Whether it is over before the other one begins.
    pub fn is_before(&self, other: &Self) -> bool {
        self.latest < other.earliest
    }
}

/// What there is to say of the moment at which these ends rekey, where no document names it.
pub fn believed<'n>(
    ends: impl IntoIterator<Item = (&'n str, Claim<RekeyMargin>)>,
) -> Option<String> {
    let ends = ends.into_iter();
    let believed = ends.filter(|(_, claim)| claim.certainty == Certainty::Undocumented);
    let names: Vec<&str> = believed.map(|(name, _)| name).collect();
    (!names.is_empty()).then(|| {
        let names = names.join(" and ");
        format!("how long before the end {names} would rekey is believed, and not documented")
    })
}

/// The group as a word.
pub fn pfs_words(pfs: &Option<Spanned<DhGroup>>) -> String {
    match pfs {
        Some(group) => format!("PFS with {}", group.value.name()),
        None => "no PFS".into(),
    }
}

/// Whether `answerer` takes the KE payload, or its absence, of a request for a Child by `starter`.
pub fn takes_group(starter: &Child, answerer: &Child, unset: PfsUnset) -> bool {
    let group = |child: &Child| child.pfs.as_ref().map(|group| group.value);
    let can_ask = group(starter).is_none_or(DhGroup::usable);
    can_ask
        && match (group(starter), group(answerer)) {
            (asked, wanted) if asked == wanted => true,
            (Some(_), None) => unset == PfsUnset::AcceptPeersGroup,
            _ => false,
        }
}

/// What becomes of a Child SA when it gets old.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aging {
    /// Whoever rekeys, the other end takes it.
    Goes,
    /// The first rekey succeeds, but one by the other end would not.
    GoesAsItIs,
    /// The first rekey is refused; then the other end's is taken, before the SA ends.
    Rescued,
    Fails,
}

/// `taken` says of each end whether the other takes its request.
pub fn aging(windows: [Window; 2], lifetimes: [Duration; 2], taken: [bool; 2]) -> Aging {
    let [taken_of_a, taken_of_b] = taken;
    let ([a, b], [our_end, their_end]) = (windows, lifetimes);
    let ([first, other], [first_taken, other_taken]) = match b.latest < a.latest {
        true => ([b, a], [taken_of_b, taken_of_a]),
        false => ([a, b], taken),
    };
    match (first_taken, other_taken) {
        (true, true) => Aging::Goes,
        (true, false) if first.is_before(&other) => Aging::GoesAsItIs,
        // It may happen either way round, but the one that is taken comes in time.
        (true, false) => Aging::Rescued,
        (false, true) if other.latest < our_end.min(their_end) => Aging::Rescued,
        _ => Aging::Fails,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossgate_model::behaviour::Margin;

    const SECOND: Duration = Duration::from_secs(1);
    const FIXED: RekeyMargin = RekeyMargin {
        before: Margin::Fixed(Duration::from_secs(30)),
        jitter_percent: 0,
        kilobytes: 256,
    };

    fn at(a: u32, b: u32, taken: [bool; 2]) -> Aging {
        let lifetimes = [SECOND * a, SECOND * b];
        let windows = [
            Window::of(FIXED, lifetimes[0]),
            Window::of(RekeyMargin::DEFAULT, lifetimes[1]),
        ];
        aging(windows, lifetimes, taken)
    }

    #[test]
    fn who_rekeys_first_decides_over_a_group_that_only_one_end_takes() {
        assert_eq!(at(3600, 3600, [false, true]), Aging::GoesAsItIs);
        assert_eq!(at(3600, 86_400, [false, true]), Aging::Fails);
        assert_eq!(at(3600, 3600, [false, false]), Aging::Fails);
        assert_eq!(at(3600, 86_400, [true, true]), Aging::Goes);
    }

    #[test]
    fn a_refused_rekey_is_rescued_by_one_before_the_end() {
        assert_eq!(at(3600, 3990, [false, true]), Aging::Rescued);
        assert_eq!(at(3600, 4100, [false, true]), Aging::Fails);
    }
}
