//! Crypto profiles that no gateway and no tunnel uses: of no effect, and perhaps the one that was
//! meant.

use super::{Scope, predefined};
use crate::tree::At;
use crossgate_diag::Finding;
use std::collections::BTreeSet;

/// What profiles are called, and where they and their users are.
struct Kind {
    what: &'static str,
    name: &'static str,
    users: [&'static str; 3],
    paths: &'static [&'static [&'static str]],
}

const KINDS: [Kind; 2] = [
    Kind {
        what: "IKE crypto profile",
        name: "ike-crypto-profiles",
        users: ["network", "ike", "gateway"],
        paths: &[
            &["protocol", "ikev1", "ike-crypto-profile"],
            &["protocol", "ikev2", "ike-crypto-profile"],
        ],
    },
    Kind {
        what: "IPsec crypto profile",
        name: "ipsec-crypto-profiles",
        users: ["network", "tunnel", "ipsec"],
        paths: &[&["auto-key", "ipsec-crypto-profile"]],
    },
];

/// A part of a configuration that has no users at all is not asked; nor are the profiles that every
/// device has, which an export may list.
pub fn tell(scope: &mut Scope<'_>) {
    for kind in KINDS {
        let users = scope.device.below(&kind.users);
        let said =
            users.flat_map(|user| kind.paths.iter().filter_map(move |path| user.value(path)));
        let used: BTreeSet<&str> = said.map(At::word).collect();
        if scope.device.path(&kind.users).is_none() {
            continue;
        }
        let section = ["network", "ike", "crypto-profiles", kind.name];
        let known = predefined().path(&section);
        for profile in scope.device.below(&section) {
            let word = profile.word();
            let is_known = known.is_some_and(|known| known.get(word).is_some());
            if is_known || used.contains(word) {
                continue;
            }
            let title = format!("nothing uses {} `{}`", kind.what, profile.shown());
            scope.tell(Finding::note("unused", title).at(profile.span(), "of no effect"));
        }
    }
}
