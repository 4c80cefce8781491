//! A security rule lets everything pass between a tunnel's zone and another.

use crate::rule::{Found, Judge, One, Rule};
use crossgate_diag::{Certainty, Finding, Spanned};
use crossgate_model::{Action, Gateway, InterfaceKind, SecurityRule};

pub const RULE: Rule = Rule {
    code: "any-any-rule",
    page: include_str!("any_any_rule.md"),
    judge: Judge::One(judge),
};

const ANY: &str = "any";

fn judge(one: &One<'_>, found: &mut Vec<Found>) {
    let gateway = one.side.gateway;
    let zones = tunnel_zones(gateway);
    for rule in &gateway.policy.security_rules {
        let Some(zone) = zones.iter().find(|zone| is_of(rule, zone)) else {
            continue;
        };
        if !lets_everything_pass(rule) {
            continue;
        }
        let name = &rule.name.value;
        let title =
            format!("the rule `{name}` lets everything pass between `{zone}` and another zone");
        let finding = Finding::warning(RULE.code, title)
            .at(
                rule.name.span,
                "any source, any destination, any application, any service",
            )
            .certain(Certainty::Doc)
            .noted("whatever takes hold at one end of the tunnel reaches everything at the other")
            .help("name the networks of both ends, and the applications that they use");
        found.push(Found::harmless(finding));
    }
}

fn tunnel_zones(gateway: &Gateway) -> Vec<&str> {
    let tunnels = gateway
        .interfaces
        .iter()
        .filter(|i| i.kind == InterfaceKind::Tunnel);
    let zones = tunnels.filter_map(|i| i.zone.as_ref().map(|zone| zone.value.as_str()));
    zones.collect()
}

/// Whether the rule is about that zone and another one.
fn is_of(rule: &SecurityRule, zone: &str) -> bool {
    let names = |list: &[Spanned<String>]| {
        list.iter()
            .any(|name| name.value == zone || name.value == ANY)
    };
    let others = |list: &[Spanned<String>]| list.iter().any(|name| name.value != zone);
    (names(&rule.from) && others(&rule.to)) || (names(&rule.to) && others(&rule.from))
}

fn lets_everything_pass(rule: &SecurityRule) -> bool {
    let any = |list: &[Spanned<String>]| list.iter().any(|name| name.value == ANY);
    rule.enabled
        && rule.action.value == Action::Allow
        && !rule.negate_source
        && !rule.negate_destination
        && any(&rule.source)
        && any(&rule.destination)
        && any(&rule.application)
        && any(&rule.service)
}
