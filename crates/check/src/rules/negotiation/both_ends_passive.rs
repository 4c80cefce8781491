//! Each end waits for the other.

use crate::agreement::start::{Waits, waits};
use crate::rule::{Effect, Found, Judge, Pair, Party, Rule};
use crossgate_diag::{Certainty, Finding, Span};
use crossgate_model::{Change, RemoteEnd};

pub const RULE: Rule = Rule {
    code: "both-ends-passive",
    page: include_str!("both_ends_passive.md"),
    judge: Judge::Pair(judge),
};

fn judge(pair: &Pair<'_>, found: &mut Vec<Found>) {
    let ends = [pair.first, pair.second];
    let waiting: Vec<_> = ends
        .iter()
        .filter_map(|end| Some((end, waits(end)?)))
        .collect();
    let (&[first, second], [a, b]) = (&ends, waiting.as_slice()) else {
        return;
    };
    let title = format!(
        "{} and {} each wait for the other to start",
        first.name(),
        second.name()
    );
    let finding = Finding::error(RULE.code, title)
        .at(place(a.0), words(a.1))
        .at(place(b.0), words(b.1))
        .when("before the first message: there never is one")
        .certain(Certainty::Doc);
    let told = Found::with(finding, Effect::NeverComesUp);
    let may: Vec<_> = waiting
        .iter()
        .filter(|(end, why)| can_start(end, *why))
        .collect();
    if may.is_empty() {
        found.push(told);
        return;
    }
    let names: Vec<_> = may.iter().map(|(end, _)| end.name()).collect();
    let changes = may.iter().map(|(end, _)| {
        let connection = end.connection.name.value.clone();
        (end.end, Change::Initiate { connection })
    });
    found.push(told.cure(
        format!("let {} start", names.join(" and ")),
        changes.collect(),
    ));
}

/// Nothing but its being told to wait keeps it from starting.
fn can_start(end: &Party<'_>, why: Waits) -> bool {
    why == Waits::Told && matches!(end.connection.remote, RemoteEnd::Address(_))
}

pub(super) fn place(end: &Party<'_>) -> Option<Span> {
    let connection = end.connection;
    let of_remote = match &connection.remote {
        RemoteEnd::Address(_) | RemoteEnd::Any => None,
        RemoteEnd::Name(name) => name.span,
        RemoteEnd::Within(net) => net.span,
    };
    connection
        .initiation
        .span
        .filter(|_| of_remote.is_none())
        .or(of_remote)
        .or(connection.name.span)
}

pub(super) fn words(waits: Waits) -> &'static str {
    match waits {
        Waits::Told => "told to wait for its peer",
        Waits::PeerUnknown => "its peer's address is not in the file",
        Waits::AddressUnknown => "its own address is not known",
    }
}
