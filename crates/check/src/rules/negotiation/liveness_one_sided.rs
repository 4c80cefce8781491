//! One end notices a dead peer, the other doesn't ask.

use crate::rule::{Found, Judge, Pair, Rule};
use crate::words::seconds;
use crossgate_diag::{Certainty, Finding};
use crossgate_model::Change;

pub const RULE: Rule = Rule {
    code: "liveness-one-sided",
    page: include_str!("liveness_one_sided.md"),
    judge: Judge::Pair(judge),
};

fn judge(pair: &Pair<'_>, found: &mut Vec<Found>) {
    for (end, peer) in pair.directions() {
        let (Some(liveness), None) = (&end.connection.liveness, &peer.connection.liveness) else {
            continue;
        };
        let interval = liveness.value.interval;
        let title = format!(
            "{} asks whether its peer is alive, {} doesn't",
            end.name(),
            peer.name()
        );
        let finding = Finding::note(RULE.code, title)
            .beside(
                liveness.span,
                format!("{} asks after {} of silence", end.name(), seconds(interval)),
            )
            .at(peer.connection.name.span, format!("{} has no liveness check", peer.name()))
            .certain(Certainty::Rfc)
            .noted(format!(
                "if {} disappears, {} goes on sending into its SA until a request of its own is not answered, or the lifetime ends",
                end.name(),
                peer.name()
            ));
        let change = Change::Liveness {
            connection: peer.connection.name.value.clone(),
            interval,
        };
        let text = format!("let {} ask after {}", peer.name(), seconds(interval));
        found.push(Found::harmless(finding).cure(text, vec![(peer.end, change)]));
    }
}
