//! One end proves itself in another way than its peer expects.

use crate::agreement::start::usual;
use crate::agreement::trust::is_same_method;
use crate::rule::{Effect, Found, Judge, Pair, Party, Rule};
use crate::words::{IN_AUTH, WHOEVER};
use crossgate_diag::{Certainty, Finding};
use crossgate_model::event::{EventKind, Side as By};

pub const RULE: Rule = Rule {
    code: "auth-method-mismatch",
    page: include_str!("auth_method_mismatch.md"),
    judge: Judge::Pair(judge),
};

fn judge(pair: &Pair<'_>, found: &mut Vec<Found>) {
    let wrong: Vec<_> = pair
        .directions()
        .into_iter()
        .filter(|(proving, believing)| !is_same(proving, believing))
        .collect();
    let Some((proving, believing)) = wrong.first() else {
        return;
    };
    let title = match wrong.len() {
        1 => format!(
            "{} authenticates by {}, {} expects {}",
            proving.name(),
            proving.connection.local_auth.value.name(),
            believing.name(),
            believing.connection.remote_auth.value.name()
        ),
        _ => format!(
            "{} and {} authenticate in different ways, each expecting its own",
            proving.name(),
            believing.name()
        ),
    };
    let mut finding = Finding::error(RULE.code, title)
        .when(IN_AUTH)
        .starter(WHOEVER)
        .certain(Certainty::Rfc)
        .help("configure the same method for each direction at both ends");
    for (proving, believing) in &wrong {
        finding = labelled(finding, proving, believing);
    }
    found.push(evented(Found::with(finding, Effect::NeverComesUp), pair));
}

fn is_same(proving: &Party<'_>, believing: &Party<'_>) -> bool {
    let (ours, theirs) = (proving.connection, believing.connection);
    is_same_method(&ours.local_auth.value, &theirs.remote_auth.value)
}

fn labelled(finding: Finding, proving: &Party<'_>, believing: &Party<'_>) -> Finding {
    let (shows, expects) = (
        &proving.connection.local_auth,
        &believing.connection.remote_auth,
    );
    finding
        .at(
            shows.span,
            format!("{} proves itself by {}", proving.name(), shows.value.name()),
        )
        .beside(
            expects.span,
            format!("{} expects {}", believing.name(), expects.value.name()),
        )
}

/// The answerer looks first; if it is content, the starter looks at the answer.
fn evented(found: Found, pair: &Pair<'_>) -> Found {
    let (starter, answerer) = usual(pair);
    let (proving, believing) = match is_same(&starter, &answerer) {
        true => (answerer, starter),
        false => (starter, answerer),
    };
    let event = EventKind::AuthMethodMismatch {
        received: proving.connection.local_auth.value.name().into(),
        expected: believing.connection.remote_auth.value.name().into(),
    };
    found
        .event(believing.end, event)
        .event(proving.end, refused_by_peer(&proving))
}

/// What an end learns whose proof was not believed.
pub(super) fn refused_by_peer(end: &Party<'_>) -> EventKind {
    EventKind::AuthenticationFailed {
        refused_by: By::Peer,
        method: end.connection.local_auth.value.name().into(),
        identity: end.connection.local_identity.value.to_string(),
    }
}
