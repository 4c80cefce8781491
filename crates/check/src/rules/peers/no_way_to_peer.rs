//! The gateway's own packets to its peer are discarded, or their interface passes none.

use super::free_zone;
use crate::rule::{Effect, Found, Judge, Pair, Party, Rule};
use crate::words::WHOEVER;
use crossgate_diag::{Certainty, Finding, Spanned};
use crossgate_firewall::{Firewall, Flow, Reason, Step, Verdict};
use crossgate_model::plan::Site;
use crossgate_model::{Change, Gateway, Time};
use ipnet::IpNet;
use std::net::IpAddr;
use std::sync::Arc;

const IKE: u16 = 500;

pub const RULE: Rule = Rule {
    code: "no-way-to-peer",
    page: include_str!("no_way_to_peer.md"),
    judge: Judge::Pair(judge),
};

fn judge(pair: &Pair<'_>, found: &mut Vec<Found>) {
    let (Some(plan), Some([ours, theirs])) = (pair.plan, pair.network()) else {
        return;
    };
    let (branch, hq) = (&plan.branch, &plan.hq);
    let ends = [
        (pair.first, ours, branch, hq),
        (pair.second, theirs, hq, branch),
    ];
    for (party, gateway, site, other) in ends {
        let wan = &site.wan_interface;
        let sent = sent(&party, gateway, site, IpAddr::V4(other.wan.addr()));
        let discarding = sent.steps.iter().find_map(|step| match step {
            Step::Route(route) => route.destination,
            _ => None,
        });
        found.extend(match (sent.dropped(), discarding) {
            (Some(Reason::NoVirtualRouter), _) => Some(without_router(&party, wan)),
            (Some(Reason::NoZone), _) => Some(without_zone(&party, wan)),
            (Some(Reason::Discarded), Some(route)) => Some(thrown_away(&party, route)),
            _ => None,
        });
    }
}

/// The first message to the peer.
fn sent(party: &Party<'_>, gateway: &Arc<Gateway>, site: &Site, peer: IpAddr) -> Verdict {
    let peer = party.connection.remote.address().unwrap_or(peer);
    let mut firewall = Firewall::new(gateway.clone());
    let flow = Flow::udp((IpAddr::V4(site.wan.addr()), IKE), (peer, IKE));
    firewall.output(Time::START, &site.wan_interface, flow)
}

fn thrown_away(party: &Party<'_>, route: Spanned<IpNet>) -> Found {
    let name = party.name();
    let remote = &party.connection.remote;
    let title = format!("{name} throws away what it sends to its peer {remote}");
    let finding = Finding::error(RULE.code, title)
        .at(route.span, "the longest route to the peer: it discards")
        .beside(party.connection.name.span, "the connection to that peer")
        .when("before IKE_SA_INIT is answered")
        .starter(WHOEVER)
        .certain(Certainty::Rfc);
    let change = Change::RemoveRoute {
        destination: route.value,
    };
    Found::with(finding, Effect::NeverComesUp).cure(
        format!("remove the discarding route from {name}"),
        vec![(party.end, change)],
    )
}

/// An error of the interface that the connection starts from.
fn useless(party: &Party<'_>, wan: &str, lacks: &str, text: &str) -> Found {
    let interface = party.gateway().interface(wan);
    let finding = Finding::error(
        RULE.code,
        format!("{wan} of {} is in no {lacks}", party.name()),
    )
    .at(interface.and_then(|known| known.name.span), text)
    .beside(party.connection.name.span, "the connection")
    .when("before IKE_SA_INIT is answered")
    .starter(WHOEVER)
    .certain(Certainty::Doc);
    Found::with(finding, Effect::NeverComesUp)
}

fn without_zone(party: &Party<'_>, wan: &str) -> Found {
    let text = "the connection starts from here, but nothing passes";
    let found = useless(party, wan, "zone", text);
    match free_zone(party.gateway()) {
        Some(zone) => found.cure(
            format!(
                "put {wan} into the zone `{zone}`, which rules speak of and no interface is in"
            ),
            vec![(
                party.end,
                Change::SetZone {
                    interface: wan.to_owned(),
                    zone: zone.to_owned(),
                },
            )],
        ),
        None => found,
    }
}

fn without_router(party: &Party<'_>, wan: &str) -> Found {
    let text = "the connection starts from here, but no route leads to its peer";
    let found = useless(party, wan, "virtual router", text);
    let interfaces = party.gateway().interfaces.iter();
    let mut routers: Vec<&str> = interfaces
        .filter_map(|known| Some(known.virtual_router.as_ref()?.value.as_str()))
        .collect();
    routers.dedup();
    match routers.as_slice() {
        [router] => found.cure(
            format!("put {wan} into the virtual router `{router}`"),
            vec![(
                party.end,
                Change::SetVirtualRouter {
                    interface: wan.to_owned(),
                    router: (*router).to_owned(),
                },
            )],
        ),
        _ => found,
    }
}
