//! The interface towards the hosts is in no zone, and between zones only rules let traffic pass.

use super::walk::{Obstacle, What, by_cause, effect, obstacles};
use crate::rule::{Found, Judge, Pair, Rule};
use crate::rules::peers::free_zone;
use crate::words::WHOEVER;
use crossgate_diag::{Certainty, Finding};
use crossgate_model::Change;

pub const RULE: Rule = Rule {
    code: "inside-without-zone",
    page: include_str!("inside_without_zone.md"),
    judge: Judge::Pair(judge),
};

fn judge(pair: &Pair<'_>, found: &mut Vec<Found>) {
    let cause = |obstacle: &Obstacle<'_>| match &obstacle.what {
        What::NoZone(interface) => Some((obstacle.at.end, interface.clone())),
        _ => None,
    };
    for ((_, interface), same) in by_cause(obstacles(pair), cause) {
        found.extend(same.first().map(|first| outside(first, &interface, &same)));
    }
}

fn outside(obstacle: &Obstacle<'_>, interface: &str, same: &[Obstacle<'_>]) -> Found {
    let (at, gateway) = (obstacle.at, obstacle.at.gateway());
    let known = |name: &str| gateway.interface(name);
    let tunnels = known(&obstacle.tunnel).and_then(|tunnel| tunnel.zone.as_ref());
    let title = format!("{interface} of {} is in no zone", at.name());
    let finding = Finding::error(RULE.code, title)
        .at(
            known(interface).and_then(|interface| interface.name.span),
            "the tunnel's hosts are here, but nothing passes from or to them",
        )
        .beside(
            tunnels.and_then(|zone| zone.span),
            format!("the zone of {}", obstacle.tunnel),
        )
        .when("as soon as a packet is to go through")
        .starter(WHOEVER)
        .certain(Certainty::Doc);
    let found = Found::with(finding, effect(same));
    match free_zone(gateway) {
        Some(zone) => found.cure(
            format!(
                "put {interface} into the zone `{zone}`, which rules speak of and no interface is in"
            ),
            vec![(
                at.end,
                Change::SetZone {
                    interface: interface.to_owned(),
                    zone: zone.to_owned(),
                },
            )],
        ),
        None => found,
    }
}
