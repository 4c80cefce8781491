//! A tunnel interface is in the zone of a LAN, where no rule is asked.

use crate::rule::{Found, Judge, One, Rule};
use crossgate_diag::{Certainty, Finding};
use crossgate_model::{Gateway, Interface, InterfaceKind};
use std::collections::BTreeSet;

pub const RULE: Rule = Rule {
    code: "tunnel-in-inside-zone",
    page: include_str!("tunnel_in_inside_zone.md"),
    judge: Judge::One(judge),
};

fn judge(one: &One<'_>, found: &mut Vec<Found>) {
    let gateway = one.side.gateway;
    if !gateway.policy.zones_need_rules {
        return;
    }
    let lans = lans(gateway);
    for tunnel in gateway
        .interfaces
        .iter()
        .filter(|i| i.kind == InterfaceKind::Tunnel)
    {
        let mut beside = lans.iter().filter(|lan| lan.zone == tunnel.zone);
        let Some(lan) = beside.next() else {
            continue;
        };
        let (name, lan_name) = (&tunnel.name.value, &lan.name.value);
        let zone = tunnel.zone.as_ref().map_or("", |zone| zone.value.as_str());
        let span = |i: &Interface| i.zone.as_ref().and_then(|zone| zone.span).or(i.name.span);
        let finding = Finding::warning(
            RULE.code,
            format!("{name} is in the zone `{zone}`, which {lan_name} is in as well"),
        )
        .at(span(tunnel), "the tunnel")
        .beside(span(lan), "a network behind the gateway")
        .certain(Certainty::Doc)
        .noted("traffic within a zone is allowed without a rule, so the peer's hosts reach the LAN as if they were in it")
        .help("give the tunnel a zone of its own, and allow by rule what may pass between the two");
        found.push(Found::harmless(finding));
    }
}

/// Interfaces in zones that no connection starts from.
fn lans(gateway: &Gateway) -> Vec<&Interface> {
    let starts = gateway.connections.iter();
    let starts = starts.filter_map(|c| c.local.interface.as_ref());
    let outside: BTreeSet<&str> = starts.map(|from| from.value.as_str()).collect();
    let lans = gateway.interfaces.iter().filter(|interface| {
        interface.kind == InterfaceKind::Physical
            && interface.zone.is_some()
            && !outside.contains(interface.name.value.as_str())
    });
    lans.collect()
}
