//! There is a route into the tunnel, but a better one leads past it.

use super::no_route_into_tunnel::{configured, route_into, taken};
use super::walk::{Obstacle, What, by_cause, effect, obstacles};
use crate::rule::{Found, Judge, Pair, Rule};
use crate::words::WHOEVER;
use crossgate_diag::{Certainty, Finding, Spanned};
use crossgate_model::{Change, NextHop, Route};
use ipnet::IpNet;

pub const RULE: Rule = Rule {
    code: "route-past-tunnel",
    page: include_str!("route_past_tunnel.md"),
    judge: Judge::Pair(judge),
};

fn judge(pair: &Pair<'_>, found: &mut Vec<Found>) {
    let cause = |obstacle: &Obstacle<'_>| match &obstacle.what {
        What::Route(hop) => {
            let into = route_into(obstacle)?;
            let past = match hop {
                Some(hop) => configured(obstacle.at.gateway(), hop)?,
                None => discarding(obstacle)?,
            };
            Some((obstacle.at.end, past.destination, into.destination))
        }
        _ => None,
    };
    for ((_, past, into), same) in by_cause(obstacles(pair), cause) {
        found.extend(same.first().map(|first| led_past(first, past, into, &same)));
    }
}

/// The longest discarding route of the packet.
fn discarding<'a>(obstacle: &Obstacle<'a>) -> Option<&'a Route> {
    let routes = obstacle.at.gateway().routes.iter();
    routes
        .filter(|route| matches!(route.via, NextHop::Discard))
        .filter(|route| route.destination.contains(&obstacle.flow.destination))
        .max_by_key(|route| route.destination.prefix_len())
}

fn led_past(
    obstacle: &Obstacle<'_>,
    past: Spanned<IpNet>,
    into: Spanned<IpNet>,
    same: &[Obstacle<'_>],
) -> Found {
    let (at, tunnel) = (obstacle.at, &obstacle.tunnel);
    let [_, net] = obstacle.nets;
    let whither = match taken(obstacle) {
        Some((_, hop)) => format!("out of {}", hop.interface),
        None => "to nowhere".into(),
    };
    let why = match past.prefix_len() > into.prefix_len() {
        true => "its prefix is longer",
        false => "it is preferred by its distance or metric",
    };
    let finding = Finding::error(
        RULE.code,
        format!(
            "the route to {} of {} leads past {tunnel}, {whither}",
            past.value,
            at.name()
        ),
    )
    .at(past.span, format!("wins: {why}"))
    .beside(into.span, format!("leads into {tunnel}"))
    .beside(
        obstacle.theirs.selectors.span.or(obstacle.theirs.name.span),
        format!("{net} is behind {}", obstacle.peer.name()),
    )
    .when("as soon as a packet is to go through")
    .starter(WHOEVER)
    .certain(Certainty::Doc);
    let mut changes = vec![(
        at.end,
        Change::RemoveRoute {
            destination: past.value,
        },
    )];
    // To remove a destination's routes is to remove all of them.
    if past.value == into.value {
        let change = Change::AddRoute {
            destination: into.value,
            interface: tunnel.clone(),
        };
        changes.push((at.end, change));
    }
    Found::with(finding, effect(same)).cure(
        format!("remove the route past the tunnel from {}", at.name()),
        changes,
    )
}
