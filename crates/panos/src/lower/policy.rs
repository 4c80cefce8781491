//! Zones, objects, and security and NAT rules, in the order in which PAN-OS goes through them.

use super::Scope;
use super::address::{parse_net, parse_range};
use super::named;
use crate::tree::At;
use crossgate_diag::{Finding, Spanned};
use crossgate_model::{
    Action, AddressObject, AddressValue, NatRule, Policy, SecurityRule, ServiceObject,
    ServiceValue, SourceTranslation, Zone,
};
use std::ops::RangeInclusive;

/// Conditions that a rule may have and that can't be looked at here.
const UNSEEN: [&str; 7] = [
    "rule-type",
    "source-user",
    "category",
    "source-hip",
    "destination-hip",
    "hip-profiles",
    "schedule",
];
/// Values of these that are no condition.
const UNCONDITIONAL: [&str; 2] = ["any", "universal"];

pub fn policy(scope: &mut Scope<'_>) -> Policy {
    let systems: Vec<At<'_>> = scope.systems().collect();
    if let Some(second) = systems.get(1) {
        let title = "several virtual systems are read as if they were one";
        let warning = Finding::warning("not-obeyed", title);
        scope.tell(warning.at(
            second.span(),
            "its zones, objects and rules join the first one's",
        ));
    }
    let sections: Vec<At<'_>> = systems
        .into_iter()
        .chain(scope.root.get("shared"))
        .collect();
    let below = |path: &'static [&'static str]| {
        let sections = sections.clone();
        sections.into_iter().flat_map(move |s| s.below(path))
    };
    let mut policy = Policy {
        zones: below(&["zone"]).map(|at| zone(scope, at)).collect(),
        zones_need_rules: true,
        ..Policy::default()
    };
    policy.addresses = below(&["address"])
        .filter_map(|at| address(scope, at))
        .chain(below(&["address-group"]).map(address_group))
        .collect();
    policy.services = below(&["service"])
        .filter_map(|at| service(scope, at))
        .chain(below(&["service-group"]).map(service_group))
        .collect();
    policy.security_rules = rules(scope, "security")
        .map(|at| security(scope, at))
        .collect();
    policy.nat_rules = rules(scope, "nat").map(|at| nat(scope, at)).collect();
    let rules: Vec<At<'_>> = rules(scope, "security")
        .chain(rules(scope, "nat"))
        .collect();
    named::expect(scope, &mut policy, &rules);
    policy
}

fn zone(scope: &mut Scope<'_>, at: At<'_>) -> Zone {
    for member in at.values(&["network", "layer3"]) {
        scope.expect_interface(member);
    }
    Zone {
        name: at.name(),
        interfaces: names(at, &["network", "layer3"]),
    }
}

fn names(at: At<'_>, path: &[&str]) -> Vec<Spanned<String>> {
    at.values(path).map(At::name).collect()
}

fn address(scope: &mut Scope<'_>, at: At<'_>) -> Option<AddressObject> {
    let net = at.value(&["ip-netmask"]);
    let range = at.value(&["ip-range"]);
    let value = net
        .and_then(|net| Some(AddressValue::Net(net.spanned(parse_net(net.word())?))))
        .or_else(|| {
            Some(AddressValue::Range(
                range?.spanned(parse_range(range?.word())?),
            ))
        })
        .or_else(|| Some(AddressValue::Fqdn(at.value(&["fqdn"])?.name())));
    if value.is_none() {
        let title = format!(
            "the address object `{}` has no address that is obeyed",
            at.shown()
        );
        let place = at.children().next().and_then(|kind| kind.children().next());
        let error = Finding::error("invalid-value", title).at(
            place.unwrap_or(at).span(),
            "expected a network, a range or a name",
        );
        scope.tell(error);
    }
    Some(AddressObject {
        name: at.name(),
        value: value?,
    })
}

fn address_group(at: At<'_>) -> AddressObject {
    AddressObject {
        name: at.name(),
        value: AddressValue::Group(names(at, &["static"])),
    }
}

fn service(scope: &mut Scope<'_>, at: At<'_>) -> Option<ServiceObject> {
    let protocols = [("tcp", 6), ("udp", 17)];
    let (ports, protocol) = protocols
        .into_iter()
        .find_map(|(word, number)| Some((at.path(&["protocol", word])?, number)))?;
    let read = |scope: &mut Scope<'_>, which: &str| match ports.value(&[which]) {
        Some(said) => port_ranges(scope, said),
        None => Vec::new(),
    };
    Some(ServiceObject {
        name: at.name(),
        value: ServiceValue::Ports {
            protocol,
            source: read(scope, "source-port"),
            destination: read(scope, "port"),
        },
    })
}

/// `80,443,8000-8080`.
fn port_ranges(scope: &mut Scope<'_>, said: At<'_>) -> Vec<RangeInclusive<u16>> {
    let range = |part: &str| -> Option<RangeInclusive<u16>> {
        let (low, high) = part.split_once('-').unwrap_or((part, part));
        let (low, high) = (low.trim().parse().ok()?, high.trim().parse().ok()?);
        (low <= high).then_some(low..=high)
    };
    let ranges: Option<Vec<_>> = said.word().split(',').map(range).collect();
    if ranges.is_none() {
        let title = format!("`{}` is no list of ports", said.shown());
        let error = Finding::error("invalid-value", title);
        scope.tell(error.at(said.span(), "expected ports such as 80,8000-8080"));
    }
    ranges.unwrap_or_default()
}

fn service_group(at: At<'_>) -> ServiceObject {
    ServiceObject {
        name: at.name(),
        value: ServiceValue::Group(names(at, &["members"])),
    }
}

/// Shared pre-rules, the virtual systems' own, shared post-rules.
fn rules<'t>(scope: &Scope<'t>, kind: &'static str) -> impl Iterator<Item = At<'t>> + use<'t> {
    let shared = scope.root.get("shared");
    let systems: Vec<At<'t>> = scope.systems().collect();
    ["pre-rulebase", "rulebase", "post-rulebase"]
        .into_iter()
        .flat_map(move |base| {
            let (first, last) = match base {
                "pre-rulebase" => (shared, None),
                _ => (None, shared),
            };
            let sections: Vec<At<'t>> = first
                .into_iter()
                .chain(systems.iter().copied())
                .chain(last)
                .collect();
            sections
                .into_iter()
                .flat_map(move |s| s.below(&[base, kind, "rules"]))
        })
}

fn security(scope: &mut Scope<'_>, at: At<'_>) -> SecurityRule {
    tell_unseen(scope, at);
    let action = at.value(&["action"]);
    SecurityRule {
        name: at.name(),
        from: names(at, &["from"]),
        to: names(at, &["to"]),
        source: names(at, &["source"]),
        destination: names(at, &["destination"]),
        application: names(at, &["application"]),
        service: names(at, &["service"]),
        action: match action {
            Some(said) if said.word() == "allow" => said.spanned(Action::Allow),
            Some(said) => said.spanned(Action::Deny),
            None => no_action(scope, at),
        },
        negate_source: at.is_yes(&["negate-source"]),
        negate_destination: at.is_yes(&["negate-destination"]),
        enabled: !at.is_yes(&["disabled"]),
    }
}

/// A rule whose action isn't known lets nothing through.
fn no_action(scope: &mut Scope<'_>, at: At<'_>) -> Spanned<Action> {
    let title = format!("the rule `{}` has no action", at.shown());
    let warning = Finding::warning("missing-value", title);
    scope.tell(warning.at(at.span(), "taken as `deny`"));
    Spanned::default_of(Action::Deny)
}

fn tell_unseen(scope: &mut Scope<'_>, rule: At<'_>) {
    for name in UNSEEN {
        let restricts = |value: &At<'_>| !UNCONDITIONAL.contains(&value.word());
        let Some(value) = rule.value(&[name]).filter(restricts) else {
            continue;
        };
        let title = format!("`{name}` of the rule `{}` is not looked at", rule.shown());
        let warning = Finding::warning("not-obeyed", title);
        scope.tell(warning.at(value.span(), "the rule applies without this condition"));
    }
}

fn nat(scope: &mut Scope<'_>, at: At<'_>) -> NatRule {
    let kind = at.value(&["nat-type"]).filter(|kind| kind.word() != "ipv4");
    let interface = at.value(&["to-interface"]).filter(|to| to.word() != "any");
    for said in [kind, interface].into_iter().flatten() {
        let title = format!("a part of the NAT rule `{}` is not obeyed", at.shown());
        let warning = Finding::warning("not-obeyed", title);
        scope.tell(warning.at(said.span(), "the rule applies without this"));
    }
    NatRule {
        name: at.name(),
        access_list: None,
        from: names(at, &["from"]),
        to: names(at, &["to"]),
        source: names(at, &["source"]),
        destination: names(at, &["destination"]),
        service: at.value(&["service"]).map(At::name),
        source_translation: source_translation(scope, at),
        enabled: !at.is_yes(&["disabled"]),
    }
}

fn source_translation(scope: &mut Scope<'_>, rule: At<'_>) -> SourceTranslation {
    let Some(kind) = rule.below(&["source-translation"]).next() else {
        return SourceTranslation::None;
    };
    if let Some(interface) = kind.value(&["interface-address", "interface"]) {
        scope.expect_interface(interface);
        return SourceTranslation::Interface(interface.name());
    }
    SourceTranslation::Addresses(names(kind, &["translated-address"]))
}
