//! A packet filter of an inside or a tunnel interface stops the tunnel's packets.

use super::walk::{Obstacle, What, by_cause, effect, obstacles};
use crate::rule::{Found, Judge, Pair, Rule};
use crate::words::WHOEVER;
use crossgate_diag::{Certainty, Finding, Span, Spanned};
use crossgate_firewall::{Reason, Step};
use crossgate_model::Action;

pub const RULE: Rule = Rule {
    code: "traffic-filtered",
    page: include_str!("traffic_filtered.md"),
    judge: Judge::Pair(judge),
};

fn judge(pair: &Pair<'_>, found: &mut Vec<Found>) {
    let cause = |obstacle: &Obstacle<'_>| match obstacle.what {
        What::Dropped(Reason::Filtered) => {
            let (list, entry) = denied(&obstacle.steps)?;
            Some((obstacle.at.end, list, entry))
        }
        _ => None,
    };
    for ((_, list, entry), same) in by_cause(obstacles(pair), cause) {
        found.extend(
            same.first()
                .map(|first| filtered(first, &list, entry, &same)),
        );
    }
}

/// The list that denied, where it is used, and its entry that did, unless it was the end.
pub fn denied(steps: &[Step]) -> Option<(Spanned<String>, Option<Span>)> {
    steps.iter().find_map(|step| match step {
        Step::Filter {
            list,
            entry,
            action: Action::Deny,
        } => Some((list.clone(), entry.and_then(|entry| entry.span))),
        _ => None,
    })
}

fn filtered(
    obstacle: &Obstacle<'_>,
    list: &Spanned<String>,
    entry: Option<Span>,
    same: &[Obstacle<'_>],
) -> Found {
    let at = obstacle.at;
    let [source, destination] = obstacle.nets;
    let title = format!(
        "the access list `{}` of {} stops the tunnel's packets {}",
        list.value,
        at.name(),
        obstacle.direction()
    );
    let finding = Finding::error(RULE.code, title);
    let finding = match entry {
        Some(entry) => finding
            .at(entry, "denies them")
            .beside(list.span, "looked at here"),
        None => finding.at(
            list.span,
            "no entry of the list permits them, and its end denies",
        ),
    };
    let finding = finding
        .beside(
            obstacle.child.selectors.span.or(obstacle.child.name.span),
            format!("packets from {source} to {destination}"),
        )
        .beside(
            obstacle.theirs.selectors.span.or(obstacle.theirs.name.span),
            format!("what {} sends and awaits", obstacle.peer.name()),
        )
        .when("as soon as a packet is to go through")
        .starter(WHOEVER)
        .certain(Certainty::Doc)
        .help(format!(
            "permit {source} to {destination} at the top of the access list `{}`",
            list.value
        ));
    Found::with(finding, effect(same))
}
