//! The interface towards the hosts is in no virtual router, so that nothing is forwarded from or to
//! it.

use super::walk::{Obstacle, What, by_cause, effect, obstacles};
use crate::rule::{Found, Judge, Pair, Rule};
use crate::words::WHOEVER;
use crossgate_diag::{Certainty, Finding};
use crossgate_model::Change;

pub const RULE: Rule = Rule {
    code: "inside-without-virtual-router",
    page: include_str!("inside_without_virtual_router.md"),
    judge: Judge::Pair(judge),
};

fn judge(pair: &Pair<'_>, found: &mut Vec<Found>) {
    let cause = |obstacle: &Obstacle<'_>| match &obstacle.what {
        What::NoVirtualRouter(interface) => Some((obstacle.at.end, interface.clone())),
        _ => None,
    };
    for ((_, interface), same) in by_cause(obstacles(pair), cause) {
        found.extend(same.first().map(|first| outside(first, &interface, &same)));
    }
}

fn outside(obstacle: &Obstacle<'_>, interface: &str, same: &[Obstacle<'_>]) -> Found {
    let at = obstacle.at;
    let known = |name: &str| at.gateway().interface(name);
    let tunnels = known(&obstacle.tunnel).and_then(|tunnel| tunnel.virtual_router.as_ref());
    let title = format!("{interface} of {} is in no virtual router", at.name());
    let finding = Finding::error(RULE.code, title)
        .at(
            known(interface).and_then(|interface| interface.name.span),
            "the tunnel's hosts are here, but nothing is forwarded from or to them",
        )
        .beside(
            tunnels.and_then(|router| router.span),
            format!("{} is in this one", obstacle.tunnel),
        )
        .when("as soon as a packet is to go through")
        .starter(WHOEVER)
        .certain(Certainty::Doc);
    let found = Found::with(finding, effect(same));
    match tunnels {
        Some(router) => found.cure(
            format!("put {interface} into the virtual router `{}`", router.value),
            vec![(
                at.end,
                Change::SetVirtualRouter {
                    interface: interface.to_owned(),
                    router: router.value.clone(),
                },
            )],
        ),
        None => found,
    }
}
