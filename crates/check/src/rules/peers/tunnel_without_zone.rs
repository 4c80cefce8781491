//! A tunnel interface is in no zone, and between zones only rules let traffic pass.

use super::tunnel_interfaces;
use crate::rule::{Effect, Found, Judge, One, Rule};
use crossgate_diag::{Certainty, Finding, Spanned};
use crossgate_model::{Change, Gateway};

pub const RULE: Rule = Rule {
    code: "tunnel-without-zone",
    page: include_str!("tunnel_without_zone.md"),
    judge: Judge::One(judge),
};

fn judge(one: &One<'_>, found: &mut Vec<Found>) {
    let gateway = one.side.gateway;
    let beside = gateway.interfaces.iter().find(|i| i.zone.is_some());
    let Some(beside) = beside.filter(|_| gateway.policy.zones_need_rules) else {
        return;
    };
    for (connection, child, interface) in tunnel_interfaces(gateway) {
        if interface.zone.is_some() {
            continue;
        }
        let name = &interface.name.value;
        let finding = Finding::error(RULE.code, format!("{name} is in no zone"))
            .at(interface.name.span, "no zone")
            .beside(
                child.tunnel_interface.as_ref().and_then(|name| name.span),
                "a tunnel goes through it",
            )
            .beside(
                beside.zone.as_ref().and_then(|zone| zone.span),
                "other interfaces have one",
            )
            .when("as soon as a packet is to go through")
            .starter("whoever starts")
            .certain(Certainty::Doc);
        let found_here =
            Found::with(finding, Effect::NoTraffic { from: None }).about(one.end, connection);
        found.push(match free_zone(gateway) {
            Some(zone) => found_here.cure(
                format!(
                    "put {name} into the zone `{zone}`, which rules speak of and no interface is in"
                ),
                vec![(
                    one.end,
                    Change::SetZone {
                        interface: name.clone(),
                        zone: zone.to_owned(),
                    },
                )],
            ),
            None => found_here,
        });
    }
}

/// The one zone that allowing rules name and that no interface is in: it was meant for the interface
/// that is in none.
pub(in crate::rules) fn free_zone(gateway: &Gateway) -> Option<&str> {
    let is_taken = |zone: &str| {
        let mut zones = gateway.interfaces.iter().filter_map(|i| i.zone.as_ref());
        zone == "any" || zones.any(|taken| taken.value == zone)
    };
    let rules = gateway
        .policy
        .security_rules
        .iter()
        .filter(|rule| rule.enabled);
    let named = rules.flat_map(|rule| rule.from.iter().chain(&rule.to));
    let mut free: Vec<&str> = Vec::new();
    for Spanned { value, .. } in named {
        if !is_taken(value) && !free.contains(&value.as_str()) {
            free.push(value);
        }
    }
    match free.as_slice() {
        [only] => Some(only),
        _ => None,
    }
}
