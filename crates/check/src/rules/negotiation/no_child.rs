//! A peer is configured, but nothing to negotiate with it.

use crate::rule::{Effect, Found, Judge, Pair, Rule};
use crate::words::WHOEVER;
use crossgate_diag::{Certainty, Finding};

pub const RULE: Rule = Rule {
    code: "no-child",
    page: include_str!("no_child.md"),
    judge: Judge::Pair(judge),
};

fn judge(pair: &Pair<'_>, found: &mut Vec<Found>) {
    for (end, peer) in pair.directions() {
        if !end.connection.children.is_empty() {
            continue;
        }
        let name = &end.connection.name.value;
        let title = format!("no tunnel of {} uses `{name}`", end.name());
        let wanted = peer.connection.children.first();
        let finding = Finding::error(RULE.code, title)
            .at(end.connection.name.span, "a peer without anything to carry")
            .beside(
                wanted.and_then(|child| child.tunnel.span),
                format!("{} has a tunnel for it", peer.name()),
            )
            .when("before the first message")
            .starter(WHOEVER)
            .certain(Certainty::Doc)
            .help(format!(
                "configure at {} the tunnel that uses it: interface, selectors and algorithms",
                end.name()
            ));
        found.push(Found::with(finding, Effect::NeverComesUp));
    }
}
