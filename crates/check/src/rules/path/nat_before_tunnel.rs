//! NAT changes the source of the tunnel's packets before the tunnel sees them.

use super::walk::{Obstacle, What, by_cause, effect, obstacles};
use crate::rule::{Found, Judge, Pair, Rule};
use crate::words::WHOEVER;
use crossgate_diag::{Certainty, Finding, Spanned};
use crossgate_model::{Change, NatRule, SourceTranslation};
use std::net::IpAddr;

pub const RULE: Rule = Rule {
    code: "nat-before-tunnel",
    page: include_str!("nat_before_tunnel.md"),
    judge: Judge::Pair(judge),
};

fn judge(pair: &Pair<'_>, found: &mut Vec<Found>) {
    let cause = |obstacle: &Obstacle<'_>| match &obstacle.what {
        What::Translated { rule, to, .. } => Some((obstacle.at.end, rule.clone(), *to)),
        _ => None,
    };
    for ((_, rule, to), same) in by_cause(obstacles(pair), cause) {
        found.extend(same.first().map(|first| caught(first, &rule, to, &same)));
    }
}

fn caught(
    obstacle: &Obstacle<'_>,
    rule: &Spanned<String>,
    to: IpAddr,
    same: &[Obstacle<'_>],
) -> Found {
    let (at, child) = (obstacle.at, obstacle.child);
    let [source, destination] = obstacle.nets;
    let title = format!(
        "the NAT rule `{}` of {} catches the packets from {source} to {destination}",
        rule.value,
        at.name()
    );
    let finding = Finding::error(RULE.code, title)
        .at(rule.span, format!("their source becomes {to}"))
        .beside(
            child.selectors.span.or(child.name.span),
            format!("the tunnel takes what comes from {source}"),
        );
    let finding = match exemption_below(obstacle, &rule.value) {
        Some(late) => finding.beside(late.name.span, "comes too late: the first match decides"),
        None => finding,
    };
    let one_way = matches!(obstacle.what, What::Translated { one_way: true, .. });
    let finding = match one_way {
        true => finding.noted(format!(
            "the tunnel takes such packets all the same, but {} sends answers to {to} past it",
            obstacle.peer.name()
        )),
        false => finding,
    };
    let theirs = obstacle.theirs;
    let finding = finding
        .beside(
            theirs.selectors.span.or(theirs.name.span),
            format!("{} expects {source}", obstacle.peer.name()),
        )
        .when("as soon as a packet is to go through")
        .starter(WHOEVER)
        .certain(Certainty::Doc);
    let changes = same.iter().enumerate();
    let changes = changes.map(|(index, each)| (at.end, kept(each, rule, index)));
    Found::with(finding, effect(same)).cure(
        format!(
            "keep the addresses of the tunnel's packets on {}",
            at.name()
        ),
        changes.collect(),
    )
}

/// A rule that would leave the packets alone, if it came first.
fn exemption_below<'a>(obstacle: &Obstacle<'a>, rule: &str) -> Option<&'a NatRule> {
    let rules = &obstacle.at.gateway().policy.nat_rules;
    let below = rules.iter().skip_while(|known| known.name.value != rule);
    let mut below = below.skip(1).filter(|rule| rule.enabled);
    let zones = obstacle.zones();
    below.find(|rule| {
        let names = |names: &[Spanned<String>], zone: &str| names.iter().any(|n| n.value == zone);
        let [from, to] = match &zones {
            Some([from, to]) => [from.value.as_str(), to.value.as_str()],
            None => return false,
        };
        matches!(rule.source_translation, SourceTranslation::None)
            && names(&rule.from, from)
            && names(&rule.to, to)
    })
}

/// `index`: how many such rules there are already.
fn kept(obstacle: &Obstacle<'_>, rule: &Spanned<String>, index: usize) -> Change {
    let [source, destination] = obstacle.nets;
    let known = obstacle.at.gateway().policy.nat_rules.iter();
    let known = known.filter(|known| known.name.value == rule.value);
    let named = |side: fn(&NatRule) -> &[Spanned<String>]| {
        let mut names = known.clone().flat_map(side);
        names
            .next()
            .map_or_else(|| "any".to_owned(), |name| name.value.clone())
    };
    let [from, to] = match obstacle.zones() {
        Some([from, to]) => [from.value, to.value],
        None => [named(|rule| &rule.from), named(|rule| &rule.to)],
    };
    let number = match index {
        0 => String::new(),
        more => format!("-{}", more + 1),
    };
    Change::KeepAddresses {
        name: format!("keep-{}{number}", obstacle.child.tunnel.value),
        from,
        to,
        source,
        destination,
        above: Some(rule.value.clone()),
    }
}
