//! Which cures would leave the tunnel weaker than the profile allows.

use super::guessable_key::is_guessable;
use super::short_key::is_short;
use super::standard::{Algorithm, For, objection};
use crate::rule::{Cure, Profile};
use crossgate_model::Change;

/// The cures without those that bring in what another rule then warns of; all of them where none is
/// better.
pub fn without_weakening(profile: Profile, cures: Vec<Cure>) -> Vec<Cure> {
    let weakens = |cure: &Cure| {
        let mut changes = cure.changes.iter();
        changes.any(|(_, change)| brings_weakness(profile, change))
    };
    match cures.iter().all(weakens) {
        true => cures,
        false => cures.into_iter().filter(|cure| !weakens(cure)).collect(),
    }
}

fn brings_weakness(profile: Profile, change: &Change) -> bool {
    use Algorithm as A;
    let is_bad = |to, algorithm| objection(profile, to, algorithm).is_some();
    match change {
        Change::IkeSuite {
            encr,
            integ,
            prf,
            group,
            ..
        } => {
            let integ = integ.is_some_and(|integ| is_bad(For::Ike, A::Integ(integ)));
            let others = [A::Encr(*encr), A::Prf(*prf), A::Group(*group)];
            integ || others.into_iter().any(|one| is_bad(For::Ike, one))
        }
        Change::EspSuite { encr, integ, .. } => {
            is_bad(For::Esp, A::Encr(*encr))
                || integ.is_some_and(|integ| is_bad(For::Esp, A::Integ(integ)))
        }
        Change::Pfs {
            group: Some(group), ..
        } => is_bad(For::Esp, A::Group(*group)),
        Change::PresharedKey { key, .. } => is_short(key) || is_guessable(key),
        _ => false,
    }
}
