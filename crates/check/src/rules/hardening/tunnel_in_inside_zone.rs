//! A tunnel interface is in the zone of a LAN, where no rule is asked.

use crate::rule::{Found, Judge, One, Rule};
use crossgate_diag::{Certainty, Finding};
use crossgate_model::{Gateway, Interface, InterfaceKind};

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
    for tunnel in gateway
        .interfaces
        .iter()
        .filter(|i| i.kind == InterfaceKind::Tunnel)
    {
        let Some(lan) = lan_beside(gateway, tunnel) else {
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

/// An interface of the tunnel's zone that no connection starts from.
fn lan_beside<'a>(gateway: &'a Gateway, tunnel: &Interface) -> Option<&'a Interface> {
    let zone = tunnel.zone.as_ref()?;
    let is_outside = |name: &str| {
        let mut starts = gateway
            .connections
            .iter()
            .filter_map(|c| c.local.interface.as_ref());
        starts.any(|from| from.value == name)
    };
    gateway.interfaces.iter().find(|interface| {
        interface.kind == InterfaceKind::Physical
            && interface.zone.as_ref() == Some(zone)
            && !is_outside(&interface.name.value)
    })
}
