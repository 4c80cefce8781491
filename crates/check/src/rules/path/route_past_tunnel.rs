//! There is a route into the tunnel, but a better one leads past it.

use super::no_route_into_tunnel::{beaten, configured, taken};
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
            let into = beaten(obstacle)?;
            let past = match hop {
                Some(hop) => configured(obstacle.at.gateway(), hop)?,
                None => discarding(obstacle)?,
            };
            Some((obstacle.at.end, past.destination, into.destination, true))
        }
        What::Partly { past, into } => Some((obstacle.at.end, *past, *into, false)),
        _ => None,
    };
    for ((_, past, into, all), same) in by_cause(obstacles(pair), cause) {
        found.extend(same.first().map(|first| match all {
            true => led_past(first, past, into, &same),
            false => partly_led_past(first, past, into),
        }));
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
    let (at, tunnel) = (obstacle.at.name(), &obstacle.tunnel);
    let whither = match taken(obstacle) {
        Some((_, hop)) => format!("out of {}", hop.interface),
        None => "to nowhere".into(),
    };
    let title = format!(
        "the route to {} of {at} leads past {tunnel}, {whither}",
        past.value
    );
    let finding = labelled(Finding::error(RULE.code, title), obstacle, past, into);
    cured(Found::with(finding, effect(same)), obstacle, past, into)
}

fn partly_led_past(obstacle: &Obstacle<'_>, past: Spanned<IpNet>, into: Spanned<IpNet>) -> Found {
    let (at, tunnel) = (obstacle.at.name(), &obstacle.tunnel);
    let title = format!(
        "the route to {} of {at} leads a part of the peer's network past {tunnel}",
        past.value
    );
    let finding = labelled(Finding::warning(RULE.code, title), obstacle, past, into);
    cured(Found::harmless(finding), obstacle, past, into)
}

fn labelled(
    finding: Finding,
    obstacle: &Obstacle<'_>,
    past: Spanned<IpNet>,
    into: Spanned<IpNet>,
) -> Finding {
    let [_, net] = obstacle.nets;
    let why = match past.prefix_len() > into.prefix_len() {
        true => "its prefix is longer",
        false => "it is preferred by its distance or metric",
    };
    finding
        .at(past.span, format!("wins: {why}"))
        .beside(into.span, format!("leads into {}", obstacle.tunnel))
        .beside(
            obstacle.theirs.selectors.span.or(obstacle.theirs.name.span),
            format!("{net} is behind {}", obstacle.peer.name()),
        )
        .when("as soon as a packet is to go through")
        .starter(WHOEVER)
        .certain(Certainty::Doc)
}

fn cured(
    found: Found,
    obstacle: &Obstacle<'_>,
    past: Spanned<IpNet>,
    into: Spanned<IpNet>,
) -> Found {
    let at = obstacle.at;
    let remove = Change::RemoveRoute {
        destination: past.value,
    };
    let mut changes = vec![(at.end, remove)];
    // To remove a destination's routes is to remove all of them.
    if past.value == into.value {
        let add = Change::AddRoute {
            destination: into.value,
            interface: obstacle.tunnel.clone(),
        };
        changes.push((at.end, add));
    }
    found.cure(
        format!("remove the route past the tunnel from {}", at.name()),
        changes,
    )
}
