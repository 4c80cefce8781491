//! No security rule allows the tunnel's packets from one zone to another.

use super::walk::{Obstacle, What, by_cause, effect, obstacles};
use crate::rule::{Found, Judge, Pair, Rule};
use crate::words::WHOEVER;
use crossgate_diag::{Certainty, Finding, Spanned};
use crossgate_firewall::{Reason, Step};
use crossgate_model::{Action, Change, End, SecurityRule};

pub const RULE: Rule = Rule {
    code: "no-security-rule",
    page: include_str!("no_security_rule.md"),
    judge: Judge::Pair(judge),
};

fn judge(pair: &Pair<'_>, found: &mut Vec<Found>) {
    let cause = |obstacle: &Obstacle<'_>| match obstacle.what {
        What::Dropped(Reason::NoSecurityRule | Reason::DeniedByRule)
            if allowing_below(obstacle).is_none() =>
        {
            Some((obstacle.at.end, obstacle.zones(), denying(obstacle)))
        }
        _ => None,
    };
    for ((_, _, deny), same) in by_cause(obstacles(pair), cause) {
        found.extend(same.first().map(|first| missing(first, deny, &same)));
    }
}

/// The rule that denied the packet.
pub fn denying(obstacle: &Obstacle<'_>) -> Option<Spanned<String>> {
    obstacle.steps.iter().find_map(|step| match step {
        Step::Rule { name, action } if action.value == Action::Deny => Some(name.clone()),
        _ => None,
    })
}

/// A rule below the one that denies which would allow, if it came first.
pub fn allowing_below<'a>(obstacle: &Obstacle<'a>) -> Option<&'a SecurityRule> {
    let deny = denying(obstacle)?;
    let rules = &obstacle.at.gateway().policy.security_rules;
    let below = rules
        .iter()
        .skip_while(|rule| rule.name.value != deny.value);
    below.skip(1).find(|rule| obstacle.would_match(rule))
}

/// An allowing rule between the same zones, which misses the packet by something else.
fn near_miss<'a>(obstacle: &Obstacle<'a>) -> Option<&'a SecurityRule> {
    let [from, to] = obstacle.zones()?;
    let names = |names: &[Spanned<String>], zone: &Spanned<String>| names.contains(zone);
    let mut rules = obstacle.at.gateway().policy.security_rules.iter();
    rules.find(|rule| {
        rule.action.value == Action::Allow && names(&rule.from, &from) && names(&rule.to, &to)
    })
}

/// Whether the rule would match, if it were for any application and service.
fn is_for_some_only(obstacle: &Obstacle<'_>, rule: &SecurityRule) -> bool {
    let any = SecurityRule {
        application: Vec::new(),
        service: Vec::new(),
        ..rule.clone()
    };
    obstacle.would_match(&any)
}

fn missing(obstacle: &Obstacle<'_>, deny: Option<Spanned<String>>, same: &[Obstacle<'_>]) -> Found {
    let at = obstacle.at;
    let [source, destination] = obstacle.nets;
    let zones = obstacle.zones();
    let between = match &zones {
        Some([from, to]) => format!("from zone {} to {}", from.value, to.value),
        None => obstacle.direction(),
    };
    let limited = near_miss(obstacle).filter(|rule| is_for_some_only(obstacle, rule));
    let finding = match limited {
        Some(rule) => Finding::warning(
            RULE.code,
            format!(
                "the security rule `{}` of {} allows only some applications {between}",
                rule.name.value,
                at.name()
            ),
        )
        .noted("what the rule names passes; a ping does not"),
        None => Finding::error(
            RULE.code,
            format!(
                "no security rule of {} allows the tunnel's packets {between}",
                at.name()
            ),
        ),
    };
    let finding = match (&deny, near_miss(obstacle), &zones) {
        (Some(deny), ..) => finding.at(deny.span, "denies them"),
        (None, Some(rule), _) => {
            let what = match rule.enabled {
                true => format!("does not match a packet {}", obstacle.flow),
                false => "is switched off".into(),
            };
            finding.at(rule.name.span, what)
        }
        (None, None, Some([from, to])) => finding.at(from.span, "they come from here").beside(
            to.span,
            "and go here: without a rule, nothing passes between zones",
        ),
        (None, None, None) => finding,
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
        .certain(Certainty::Doc);
    let above = deny.map(|deny| deny.value);
    allowed(Found::with(finding, effect(same)), same, above)
}

/// The cure: rules that allow, above the one that denies.
pub fn allowed(found: Found, same: &[Obstacle<'_>], above: Option<String>) -> Found {
    let mut changes: Vec<(End, Change)> = Vec::new();
    let mut nets = Vec::new();
    for obstacle in same {
        let Some([from, to]) = obstacle.zones() else {
            return found;
        };
        if nets.contains(&obstacle.nets) {
            continue;
        }
        nets.push(obstacle.nets);
        let [source, destination] = obstacle.nets;
        let direction = if obstacle.leaves() { "out" } else { "in" };
        // Each new rule has a name of its own.
        let number = match changes.len() {
            0 => String::new(),
            more => format!("-{}", more + 1),
        };
        let change = Change::Allow {
            name: format!("{}-{direction}{number}", obstacle.child.tunnel.value),
            from: from.value,
            to: to.value,
            source,
            destination,
            above: above.clone(),
        };
        changes.push((obstacle.at.end, change));
    }
    let who = same.first().map_or("", |first| first.at.name());
    found.cure(format!("allow the tunnel's packets on {who}"), changes)
}
