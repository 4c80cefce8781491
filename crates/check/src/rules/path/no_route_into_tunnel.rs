//! No route leads the packets for the peer's network into the tunnel.

use super::walk::{Obstacle, What, by_cause, effect, obstacles, route_into};
use crate::rule::{Found, Judge, Pair, Rule};
use crate::words::WHOEVER;
use crossgate_diag::{Certainty, Finding, Spanned};
use crossgate_firewall::Hop;
use crossgate_model::{Change, Gateway, Route};
use ipnet::IpNet;

pub const RULE: Rule = Rule {
    code: "no-route-into-tunnel",
    page: include_str!("no_route_into_tunnel.md"),
    judge: Judge::Pair(judge),
};

fn judge(pair: &Pair<'_>, found: &mut Vec<Found>) {
    let cause = |obstacle: &Obstacle<'_>| match &obstacle.what {
        What::Route(_) if beaten(obstacle).is_none() => {
            let [_, theirs] = obstacle.nets;
            Some((obstacle.at.end, theirs))
        }
        _ => None,
    };
    for ((_, net), same) in by_cause(obstacles(pair), cause) {
        found.extend(same.first().map(|first| missing(first, net, &same)));
    }
}

/// The file's route into the tunnel that another one beats.
pub fn beaten<'a>(obstacle: &Obstacle<'a>) -> Option<&'a Route> {
    let to = obstacle.flow.destination;
    route_into(obstacle.at.gateway(), &obstacle.tunnel, to)
}

fn missing(obstacle: &Obstacle<'_>, net: IpNet, same: &[Obstacle<'_>]) -> Found {
    let (at, child) = (obstacle.at, obstacle.child);
    let tunnel = &obstacle.tunnel;
    let place = child.selectors.span.or(child.name.span);
    let interface = child.tunnel_interface.as_ref().and_then(|name| name.span);
    let finding = Finding::error(
        RULE.code,
        format!("no route of {} leads to {net} by {tunnel}", at.name()),
    )
    .at(
        interface.or(place),
        format!("packets to {net} should go into {tunnel}"),
    );
    let finding = match taken(obstacle) {
        Some((to, hop)) => finding.beside(
            to.span,
            format!("{} takes them out of {}", to.value, hop.interface),
        ),
        None => finding.noted(format!("{} has no route to them at all", at.name())),
    };
    let theirs = obstacle.theirs;
    let finding = finding
        .beside(
            theirs.selectors.span.or(theirs.name.span),
            format!("{} is behind {}", net, obstacle.peer.name()),
        )
        .when("as soon as a packet is to go through")
        .starter(WHOEVER)
        .certain(Certainty::Doc);
    let change = Change::AddRoute {
        destination: net,
        interface: tunnel.clone(),
    };
    Found::with(finding, effect(same)).cure(
        format!("route {net} into {tunnel} on {}", at.name()),
        vec![(at.end, change)],
    )
}

/// The route that takes the packets instead, if it is one of the file's.
pub fn taken<'a>(obstacle: &'a Obstacle<'_>) -> Option<(Spanned<IpNet>, &'a Hop)> {
    let What::Route(Some(hop)) = &obstacle.what else {
        return None;
    };
    let route = configured(obstacle.at.gateway(), hop)?;
    Some((route.destination, hop))
}

/// The route of a hop; none for one that the network as planned adds.
pub fn configured<'a>(gateway: &'a Gateway, hop: &Hop) -> Option<&'a Route> {
    gateway.routes.get(hop.route?)
}
