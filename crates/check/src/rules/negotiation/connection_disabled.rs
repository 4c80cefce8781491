//! A connection is switched off, or is of no use as it is written.

use super::{ike_version_differs, key_missing};
use crate::agreement::trust;
use crate::rule::{Effect, Found, Judge, One, Pair, Party, Rule};
use crate::rules::certificates::{self, is_signature};
use crate::words::WHOEVER;
use crossgate_diag::{Certainty, Finding, Span};
use crossgate_model::event::{EventKind, Exchange, Side};
use crossgate_model::{Change, End};

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
            None if is_told_elsewhere(&end, &peer) || is_of_certificates(pair, &end, &peer) => {}
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

/// Whether a rule about certificates says why the connection can't come up.
fn is_of_certificates(pair: &Pair<'_>, end: &Party<'_>, peer: &Party<'_>) -> bool {
    // This end's first.
    let mirrored: Vec<_> = pair.pairs.iter().map(|&[a, b]| [b, a]).collect();
    let pairs = match end.end {
        End::First => pair.pairs,
        End::Second => &mirrored,
    };
    let one = One {
        end: end.end,
        side: end.side,
        peer: Some(peer.side),
        pairs,
        options: pair.options,
    };
    let mut found = Vec::new();
    for rule in certificates::RULES {
        match rule.judge {
            Judge::One(judge) => judge(&one, &mut found),
            Judge::Pair(judge) => judge(pair, &mut found),
            Judge::Both(_) => {}
        }
    }
    let names = [pair.first, pair.second].map(|party| &party.connection.name.value);
    let mut concerning = found.iter().filter(|found| found.concerns(names));
    concerning.any(|found| found.effect == Effect::NeverComesUp)
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
    let methods = [&end.connection.local_auth, &end.connection.remote_auth];
    let signed = methods.into_iter().filter(|auth| is_signature(auth));
    let mut finding = Finding::error(RULE.code, title);
    for auth in signed {
        finding = finding.at(auth.span, "this program authenticates by keys only");
    }
    let finding = finding
        .at(end.connection.name.span, "never brought up")
        .when("before the first message")
        .starter(WHOEVER)
        .noted("what it lacks, or has that isn't supported, is told where the file is read");
    Found::with(finding, Effect::NeverComesUp)
}
