//! A connection is switched off, or is of no use as it is written.

use super::{ike_version_differs, key_missing};
use crate::agreement::trust;
use crate::rule::{Effect, Found, Judge, Pair, Party, Rule};
use crate::words::WHOEVER;
use crossgate_diag::{Certainty, Finding, Span};
use crossgate_model::Change;
use crossgate_model::event::{EventKind, Exchange, Side};

pub const RULE: Rule = Rule {
    code: "connection-disabled",
    page: include_str!("connection_disabled.md"),
    judge: Judge::Pair(judge),
};

fn judge(pair: &Pair<'_>, found: &mut Vec<Found>) {
    for (end, peer) in pair.directions() {
        if end.connection.enabled.value {
            continue;
        }
        match end.connection.enabled.span {
            Some(span) if is_interface_down(&end, span) => {}
            Some(span) => found.push(switched_off(&end, &peer, span)),
            None if is_told_elsewhere(&end, &peer) => {}
            None => found.push(useless(&end)),
        }
    }
}

/// Another rule speaks of interfaces that are shut down.
pub(super) fn is_interface_down(end: &Party<'_>, span: Span) -> bool {
    let mut interfaces = end.gateway().interfaces.iter();
    interfaces.any(|interface| !interface.enabled.value && interface.enabled.span == Some(span))
}

fn is_told_elsewhere(end: &Party<'_>, peer: &Party<'_>) -> bool {
    let (ours, theirs) = (end.connection, peer.connection);
    let is_same = |a, b| trust::is_same_method(a, b);
    ike_version_differs::is_old(end)
        || key_missing::is_missing(end)
        || !is_same(&ours.local_auth.value, &theirs.remote_auth.value)
        || !is_same(&ours.remote_auth.value, &theirs.local_auth.value)
}

fn switched_off(end: &Party<'_>, peer: &Party<'_>, span: Span) -> Found {
    let name = &end.connection.name.value;
    let title = format!("`{name}` is disabled at {}", end.name());
    let finding = Finding::error(RULE.code, title)
        .at(span, "switched off here")
        .when("before the first message")
        .starter(WHOEVER)
        .certain(Certainty::Doc);
    let change = Change::EnableConnection {
        connection: name.clone(),
    };
    Found::with(finding, Effect::NeverComesUp)
        .event(end.end, EventKind::PeerUnknown)
        .event(peer.end, refusal())
        .cure(
            format!("enable it at {}", end.name()),
            vec![(end.end, change)],
        )
}

/// What an end that knows no such peer answers.
fn refusal() -> EventKind {
    EventKind::NoProposalChosen {
        exchange: Exchange::IkeSaInit,
        refused_by: Side::Peer,
        received: "NO_PROPOSAL_CHOSEN".into(),
        expected: "an answer".into(),
    }
}

fn useless(end: &Party<'_>) -> Found {
    let name = &end.connection.name.value;
    let title = format!("`{name}` of {} can't be used as it is written", end.name());
    let finding = Finding::error(RULE.code, title)
        .at(end.connection.name.span, "never brought up")
        .when("before the first message")
        .starter(WHOEVER)
        .noted("what it lacks, or has that isn't supported, is told where the file is read");
    Found::with(finding, Effect::NeverComesUp)
}
