//! A security rule allows the tunnel's packets, but an earlier one denies them.

use super::no_security_rule::{allowed, allowing_below, denying};
use super::walk::{Obstacle, What, by_cause, effect, obstacles};
use crate::rule::{Found, Judge, Pair, Rule};
use crate::words::WHOEVER;
use crossgate_diag::{Certainty, Finding, Spanned};
use crossgate_firewall::Reason;
use crossgate_model::SecurityRule;

pub const RULE: Rule = Rule {
    code: "rule-shadowed",
    page: include_str!("rule_shadowed.md"),
    judge: Judge::Pair(judge),
};

fn judge(pair: &Pair<'_>, found: &mut Vec<Found>) {
    let cause = |obstacle: &Obstacle<'_>| match obstacle.what {
        What::Dropped(Reason::DeniedByRule) => {
            allowing_below(obstacle)?;
            Some((obstacle.at.end, denying(obstacle)?))
        }
        _ => None,
    };
    for ((_, deny), same) in by_cause(obstacles(pair), cause) {
        let first = same.first();
        let shadowed = first.and_then(|first| Some((first, allowing_below(first)?)));
        found.extend(shadowed.map(|(first, allow)| shadow(first, &deny, allow, &same)));
    }
}

fn shadow(
    obstacle: &Obstacle<'_>,
    deny: &Spanned<String>,
    allow: &SecurityRule,
    same: &[Obstacle<'_>],
) -> Found {
    let at = obstacle.at;
    let title = format!(
        "the security rule `{}` of {} denies what `{}` is to allow",
        deny.value,
        at.name(),
        allow.name.value
    );
    let finding = Finding::error(RULE.code, title)
        .at(
            deny.span,
            format!("comes first and denies a packet {}", obstacle.flow),
        )
        .beside(allow.name.span, "is never asked about it")
        .beside(
            obstacle.theirs.selectors.span.or(obstacle.theirs.name.span),
            format!("what {} sends and awaits", obstacle.peer.name()),
        )
        .when("as soon as a packet is to go through")
        .starter(WHOEVER)
        .certain(Certainty::Doc);
    allowed(
        Found::with(finding, effect(same)),
        same,
        Some(deny.value.clone()),
    )
}
