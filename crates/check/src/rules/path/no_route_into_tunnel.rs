//! No route leads the packets for the peer's network into the tunnel.

use super::walk::{Obstacle, What, by_cause, effect, obstacles, route_into};
use crate::rule::{Found, Judge, Pair, Party, Rule};
use crate::words::WHOEVER;
use crossgate_diag::{Certainty, Finding, Spanned};
use crossgate_firewall::Hop;
use crossgate_model::{Change, End, Gateway, InterfaceKind, Route};
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
    let spare = obstacles(pair).iter();
    found.extend(spare.filter_map(no_spare));
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
    let found = Found::with(finding, effect(same));
    let text = format!("route {net} into {tunnel} on {}", at.name());
    match may_lead(&at, net, tunnel) {
        true => found.cure(text, led(&at, net, tunnel)),
        false => found,
    }
}

/// A second tunnel to the same peer that no packet is led into when the first is down.
fn no_spare(obstacle: &Obstacle<'_>) -> Option<Found> {
    let What::NoSpare(hop) = &obstacle.what else {
        return None;
    };
    let (at, child, tunnel) = (obstacle.at, obstacle.child, &obstacle.tunnel);
    let [_, net] = obstacle.nets;
    let title = format!("{} never sends packets to {net} into {tunnel}", at.name());
    let place = child.selectors.span.or(child.name.span);
    let interface = child.tunnel_interface.as_ref().and_then(|name| name.span);
    let finding = Finding::warning(RULE.code, title).at(
        interface.or(place),
        format!("no route leads to {net} by it"),
    );
    let route = configured(at.gateway(), hop);
    let to = route.and_then(|route| route.destination.span);
    let taking = format!("they go by {}, to the same peer", hop.interface);
    let finding = finding
        .beside(to, taking)
        .when(format!("when {} is down", hop.interface))
        .starter(WHOEVER)
        .certain(Certainty::Doc)
        .noted(format!(
            "a second route to {net} into {tunnel}, of a worse metric or distance, would take them then"
        ));
    Some(Found::harmless(finding))
}

/// Whether a route to that network makes sense there: into a tunnel, without the peer itself.
pub fn may_lead(at: &Party<'_>, net: IpNet, tunnel: &str) -> bool {
    let interface = at.gateway().interface(tunnel);
    let is_tunnel = interface.is_none_or(|known| known.kind == InterfaceKind::Tunnel);
    let peer = at.connection.remote.address();
    is_tunnel && !peer.is_some_and(|peer| net.contains(&peer))
}

/// A route into the tunnel, in place of what the destination has.
pub fn led(at: &Party<'_>, net: IpNet, tunnel: &str) -> Vec<(End, Change)> {
    let mut routes = at.gateway().routes.iter();
    let is_taken = routes.any(|route| route.destination.value == net);
    let remove = Change::RemoveRoute { destination: net };
    let add = Change::AddRoute {
        destination: net,
        interface: tunnel.to_owned(),
    };
    let all = is_taken.then_some(remove).into_iter().chain([add]);
    all.map(|change| (at.end, change)).collect()
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
