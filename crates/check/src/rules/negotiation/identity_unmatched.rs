//! One end says that it is somebody whom the other doesn't expect.

use super::auth_method_mismatch::refused_by_peer;
use crate::agreement::trust::{expected_words, is_identity_taken, is_taken, only_identity};
use crate::rule::{Effect, Found, Judge, Pair, Party, Rule};
use crate::words::{IN_AUTH, WHOEVER};
use crossgate_diag::{Certainty, Finding, Span};
use crossgate_model::event::EventKind;
use crossgate_model::{Change, Identity, IdentityMatch};

pub const RULE: Rule = Rule {
    code: "identity-unmatched",
    page: include_str!("identity_unmatched.md"),
    judge: Judge::Pair(judge),
};

fn judge(pair: &Pair<'_>, found: &mut Vec<Found>) {
    for (showing, expecting) in pair.directions() {
        let taken = is_identity_taken(showing.connection, expecting.connection);
        if taken == Some(false) && !is_of_wrong_address(pair, &showing, &expecting) {
            found.push(told(pair, &showing, &expecting));
        }
    }
}

/// Whether the one cause is that the addresses aren't each other's, which another rule tells: then
/// identities that follow the addresses are wrong with them.
fn is_of_wrong_address(pair: &Pair<'_>, showing: &Party<'_>, expecting: &Party<'_>) -> bool {
    let own = showing
        .connection
        .local
        .address
        .as_ref()
        .map(|own| own.value);
    let peer = expecting.connection.remote.address();
    let (Some(own), Some(peer)) = (own, peer) else {
        return false;
    };
    let follows = showing.connection.local_identity.span.is_none()
        && is_taken(&Identity::Address(peer), expecting.connection);
    own != peer && follows && !pair.options.nat_between
}

fn told(pair: &Pair<'_>, showing: &Party<'_>, expecting: &Party<'_>) -> Found {
    let said = &showing.connection.local_identity;
    let wanted = expected_words(expecting.connection);
    let title = format!(
        "{} says that it is {}, {} expects {wanted}",
        showing.name(),
        said.value,
        expecting.name()
    );
    let mut finding = Finding::error(RULE.code, title)
        .when(IN_AUTH)
        .starter(WHOEVER)
        .certain(Certainty::Doc);
    for place in expected_places(expecting) {
        finding = finding.at(place, format!("{} expects {wanted}", expecting.name()));
    }
    let source = match said.span {
        Some(_) => "shows",
        None => "has no other identity than its address, and shows",
    };
    finding = finding
        .beside(said.span.or(showing.connection.name.span), format!("{source} {}", said.value))
        .noted(format!(
            "when {} starts, {} refuses it with AUTHENTICATION_FAILED; when {} starts, it gives up after the answer, and the other end may believe in the SA for a while",
            showing.name(),
            expecting.name(),
            expecting.name()
        ));
    if pair.options.nat_between && said.span.is_none() {
        finding = finding.noted(
            "behind a NAT the identity is still the inside address: a name on both ends is safer",
        );
    }
    let event = EventKind::IdentityUnmatched {
        received: said.value.to_string(),
        expected: wanted,
    };
    let found = Found::with(finding, Effect::NeverComesUp)
        .event(expecting.end, event)
        .event(showing.end, refused_by_peer(showing));
    cured(found, showing, expecting)
}

fn expected_places(expecting: &Party<'_>) -> Vec<Option<Span>> {
    let wanted = expecting.connection.remote_identities.iter();
    let places: Vec<_> = wanted.filter_map(|one| one.span).map(Some).collect();
    match places.is_empty() {
        true => vec![expecting.connection.name.span],
        false => places,
    }
}

fn cured(found: Found, showing: &Party<'_>, expecting: &Party<'_>) -> Found {
    let said = showing.connection.local_identity.value.clone();
    let text = format!("let {} expect {said}", expecting.name());
    let change = Change::RemoteIdentity {
        connection: expecting.connection.name.value.clone(),
        to: IdentityMatch::Exactly(said),
    };
    let found = found.cure(text, vec![(expecting.end, change)]);
    let Some(wanted) = only_identity(expecting.connection) else {
        return found;
    };
    let text = format!("let {} say that it is {wanted}", showing.name());
    let change = Change::LocalIdentity {
        connection: showing.connection.name.value.clone(),
        to: wanted,
    };
    found.cure(text, vec![(showing.end, change)])
}
