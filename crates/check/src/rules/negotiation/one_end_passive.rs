//! One end only answers.

use super::both_ends_passive::{place, words};
use crate::agreement::start::{Waits, may_start, waits};
use crate::rule::{Effect, Found, Judge, Pair, Party, Rule};
use crate::words::only_when;
use crossgate_diag::{Certainty, Finding};
use crossgate_model::Initiation;

pub const RULE: Rule = Rule {
    code: "one-end-passive",
    page: include_str!("one_end_passive.md"),
    judge: Judge::Pair(judge),
};

fn judge(pair: &Pair<'_>, found: &mut Vec<Found>) {
    for (end, peer) in pair.directions() {
        if let (Some(why), None) = (waits(&end), waits(&peer)) {
            found.push(told(&end, &peer, why));
        }
    }
}

fn told(end: &Party<'_>, peer: &Party<'_>, why: Waits) -> Found {
    let finding = Finding::note(RULE.code, format!("{} never starts the tunnel", end.name()))
        .at(place(end), words(why))
        .starter(only_when(peer))
        .certain(Certainty::Doc);
    let finding = match peer.connection.initiation.value {
        Initiation::AtStart => finding.noted(format!("{} starts it by itself", peer.name())),
        _ => finding.noted(format!(
            "{} starts it with its first packet for the tunnel: until then, {} reaches nobody there",
            peer.name(),
            end.name()
        )),
    };
    // Where its file never lets it start, that was meant so.
    let effect = match may_start(end) {
        true => Effect::FailsWhen { starts: end.end },
        false => Effect::None,
    };
    Found::with(finding, effect)
}
