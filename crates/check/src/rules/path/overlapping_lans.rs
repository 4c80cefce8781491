//! The peer's network is one of this end's own.

use super::walk::{Obstacle, What, by_cause, effect, obstacles};
use crate::rule::{Found, Judge, Pair, Rule};
use crate::words::WHOEVER;
use crossgate_diag::{Certainty, Finding, Span};
use crossgate_model::Gateway;

pub const RULE: Rule = Rule {
    code: "overlapping-lans",
    page: include_str!("overlapping_lans.md"),
    judge: Judge::Pair(judge),
};

fn judge(pair: &Pair<'_>, found: &mut Vec<Found>) {
    // Where both ends' own networks overlap, that is one cause, whichever end is asked.
    let cause = |obstacle: &Obstacle<'_>| match obstacle.what {
        What::Own(_) => Some(()),
        _ => None,
    };
    for ((), same) in by_cause(obstacles(pair), cause) {
        found.extend(same.first().map(|first| overlapping(first, &same)));
    }
}

fn overlapping(obstacle: &Obstacle<'_>, same: &[Obstacle<'_>]) -> Found {
    let What::Own(interface) = &obstacle.what else {
        return Found::harmless(Finding::error(RULE.code, "networks overlap"));
    };
    let (at, peer) = (obstacle.at, obstacle.peer);
    let [_, net] = obstacle.nets;
    let own = address(at.gateway(), interface);
    let theirs = same.iter().find(|other| other.at.end == peer.end);
    let theirs = theirs.and_then(|other| match &other.what {
        What::Own(interface) => address(other.at.gateway(), interface),
        _ => None,
    });
    let finding = Finding::error(
        RULE.code,
        format!("{net} is behind {} and on {interface} of {}", peer.name(), at.name()),
    )
    .at(
        own.or(obstacle.child.selectors.span),
        "packets to this network stay here: what is connected needs no route",
    )
    .beside(
        theirs.or(obstacle.theirs.selectors.span),
        format!("the same network at {}", peer.name()),
    )
    .when("as soon as a packet is to go through")
    .starter(WHOEVER)
    .certain(Certainty::Rfc)
    .help("renumber one of the two networks, or translate one of them at both ends, and select the translated networks");
    Found::with(finding, effect(same))
}

fn address(gateway: &Gateway, interface: &str) -> Option<Span> {
    let interface = gateway.interface(interface)?;
    let first = interface.addresses.first();
    first.and_then(|first| first.span).or(interface.name.span)
}
