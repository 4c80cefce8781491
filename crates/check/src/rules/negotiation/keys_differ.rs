//! The pre-shared keys of the two ends are different. No key is ever shown.

use super::auth_method_mismatch::refused_by_peer;
use super::key_missing::{key_change, key_of, known};
use crate::agreement::start::usual;
use crate::agreement::trust::{Keys, keys};
use crate::rule::{Effect, Found, Judge, Pair, Party, Rule};
use crate::words::{IN_AUTH, WHOEVER};
use crossgate_crypto::Secret;
use crossgate_diag::{Certainty, Finding};
use crossgate_model::event::{EventKind, Side as By};

pub const RULE: Rule = Rule {
    code: "keys-differ",
    page: include_str!("keys_differ.md"),
    judge: Judge::Pair(judge),
};

fn judge(pair: &Pair<'_>, found: &mut Vec<Found>) {
    let directions = pair.directions();
    let wrong = directions.iter().find(|(proving, believing)| {
        let (ours, theirs) = (proving.connection, believing.connection);
        keys(&ours.local_auth.value, &theirs.remote_auth.value) == Keys::Different
    });
    let Some((proving, believing)) = wrong else {
        return;
    };
    let title = format!(
        "{} and {} have different pre-shared keys",
        pair.first.name(),
        pair.second.name()
    );
    let finding = Finding::error(RULE.code, title)
        .at(
            proving.connection.local_auth.span,
            format!("{} proves itself with this key", proving.name()),
        )
        .beside(
            believing.connection.remote_auth.span,
            format!("{} expects this one", believing.name()),
        )
        .when(IN_AUTH)
        .starter(WHOEVER)
        .certain(Certainty::Rfc);
    found.push(cured(
        evented(Found::with(finding, Effect::NeverComesUp), pair),
        pair,
    ));
}

fn evented(found: Found, pair: &Pair<'_>) -> Found {
    let (starter, answerer) = usual(pair);
    let refused = EventKind::AuthenticationFailed {
        refused_by: By::Us,
        method: starter.connection.local_auth.value.name().into(),
        identity: starter.connection.local_identity.value.to_string(),
    };
    found
        .event(answerer.end, refused)
        .event(starter.end, refused_by_peer(&starter))
}

/// The longer key stays.
fn cured(found: Found, pair: &Pair<'_>) -> Found {
    let key = |end: &Party<'_>| known(&end.connection.local_auth).cloned();
    let (first, second) = (pair.first, pair.second);
    let (Some(ours), Some(theirs)) = (key(&first), key(&second)) else {
        return found;
    };
    let (a, b) = ((first, ours, second), (second, theirs, first));
    let cures = match a.1.len() >= b.1.len() {
        true => [a, b],
        false => [b, a],
    };
    let mut found = found;
    for (from, key, to) in cures {
        if !has_only(&to, &key) {
            let mut with = key_of(found, &from, &key, &to);
            // An end with a key for each direction has to take it for both.
            if let (false, Some(cure)) = (has_only(&from, &key), with.cures.last_mut()) {
                cure.changes
                    .push((from.end, key_change(&from, &key, &from)));
            }
            found = with;
        }
    }
    found
}

/// Whether that is the end's key in both directions already.
fn has_only(end: &Party<'_>, key: &Secret) -> bool {
    let both = [&end.connection.local_auth, &end.connection.remote_auth];
    both.into_iter().all(|auth| known(auth) == Some(key))
}
