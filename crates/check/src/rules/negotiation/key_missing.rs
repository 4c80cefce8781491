//! An end has no pre-shared key for the other.

use crate::rule::{Effect, Found, Judge, Pair, Party, Rule};
use crate::words::WHOEVER;
use crossgate_crypto::Secret;
use crossgate_diag::{Certainty, Finding, Spanned};
use crossgate_model::event::EventKind;
use crossgate_model::{Auth, Change, PresharedKey};

pub const RULE: Rule = Rule {
    code: "key-missing",
    page: include_str!("key_missing.md"),
    judge: Judge::Pair(judge),
};

fn judge(pair: &Pair<'_>, found: &mut Vec<Found>) {
    for (end, peer) in pair.directions() {
        if is_missing(&end) {
            found.push(told(&end, &peer));
        }
    }
}

pub(super) fn is_missing(end: &Party<'_>) -> bool {
    let lacks = |auth: &Auth| matches!(auth, Auth::Psk(PresharedKey::Missing));
    lacks(&end.connection.local_auth.value) || lacks(&end.connection.remote_auth.value)
}

fn told(end: &Party<'_>, peer: &Party<'_>) -> Found {
    let title = format!("{} has no pre-shared key for {}", end.name(), peer.name());
    let place = end.connection.local_auth.span.or(end.connection.name.span);
    let finding = Finding::error(RULE.code, title)
        .at(place, "authenticates by a key that the file doesn't have")
        .when("before the first message")
        .starter(WHOEVER)
        .certain(Certainty::Rfc);
    let reason = "no pre-shared key is configured for this peer".to_owned();
    let found = Found::with(finding, Effect::NeverComesUp)
        .event(end.end, EventKind::CannotStart { reason });
    match known(&peer.connection.local_auth) {
        Some(key) => key_of(found, peer, key, end),
        None => found,
    }
}

pub(super) fn known(auth: &Spanned<Auth>) -> Option<&Secret> {
    match &auth.value {
        Auth::Psk(PresharedKey::Known(key)) => Some(key),
        _ => None,
    }
}

/// A cure: `to` gets the key of `from`.
pub(super) fn key_of(found: Found, from: &Party<'_>, key: &Secret, to: &Party<'_>) -> Found {
    let text = format!("give {} the key of {}", to.name(), from.name());
    found.cure(text, vec![(to.end, key_change(from, key, to))])
}

pub(super) fn key_change(from: &Party<'_>, key: &Secret, to: &Party<'_>) -> Change {
    Change::PresharedKey {
        connection: to.connection.name.value.clone(),
        key: key.clone(),
        name: format!("the key of {}", from.name()),
    }
}
