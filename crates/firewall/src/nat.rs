//! NAT rules: matched on the packet as it came, with the zones (or interfaces) by its route; the
//! first match decides, and a rule that translates nothing ends the search.

use crate::filter;
use crate::flow::Flow;
use crate::matching::{self, Match};
use crate::security::zone_of;
use crate::session::Sessions;
use crate::verdict::{Reason, Step};
use crossgate_model::{Gateway, NatRule, SourceTranslation, Spanned, Time};
use std::net::IpAddr;

/// The packet as it leaves with that source, if it gets one.
pub(crate) fn translate(
    sessions: &Sessions,
    now: Time,
    flow: Flow,
    source: Option<IpAddr>,
) -> Result<Flow, Reason> {
    let Some(source) = source else {
        return Ok(flow);
    };
    let translated = Flow { source, ..flow };
    sessions
        .with_free_port(now, &flow, translated)
        .ok_or(Reason::NoPortLeft)
}

/// The source that the rules give a packet from one interface to another.
pub(crate) fn new_source(
    gateway: &Gateway,
    (arrival, leaving): (&str, &str),
    flow: &Flow,
    steps: &mut Vec<Step>,
) -> Option<IpAddr> {
    let ends = [arrival, leaving].map(|interface| NatEnd {
        interface,
        zone: zone_of(gateway, interface)
            .known()
            .map(|zone| zone.value.as_str()),
    });
    for rule in gateway.policy.nat_rules.iter().filter(|rule| rule.enabled) {
        match matches(gateway, rule, &ends, flow) {
            Match::No => continue,
            Match::Yes => {}
            Match::Unknown(why) => {
                let rule = rule.name.clone();
                steps.push(Step::Undecided { rule, why });
                continue;
            }
        }
        return new_source_by(gateway, rule, flow, steps);
    }
    None
}

/// Where a packet arrives or leaves, with the zone, which is looked up once for all rules.
struct NatEnd<'a> {
    interface: &'a str,
    zone: Option<&'a str>,
}

fn matches(
    gateway: &Gateway,
    rule: &NatRule,
    [arrival, leaving]: &[NatEnd<'_>; 2],
    flow: &Flow,
) -> Match {
    let by_list = rule.access_list.is_some();
    let ends = names(&rule.from, arrival, by_list) && names(&rule.to, leaving, by_list);
    if !ends {
        return Match::No;
    }
    if let Some(name) = &rule.access_list {
        return listed(gateway, name, flow);
    }
    let policy = &gateway.policy;
    matching::addresses(policy, &rule.source, flow.source)
        .and(|| matching::addresses(policy, &rule.destination, flow.destination))
        .and(|| matching::services(policy, &rule.service, flow))
}

/// Whether one of the names is the interface or its zone. Where an access list says which packets,
/// interfaces have to be named; else none is no condition.
fn names(names: &[Spanned<String>], end: &NatEnd<'_>, by_list: bool) -> bool {
    let means = |name: &str| name == "any" || name == end.interface || Some(name) == end.zone;
    (names.is_empty() && !by_list) || names.iter().any(|name| means(&name.value))
}

fn listed(gateway: &Gateway, name: &str, flow: &Flow) -> Match {
    match filter::list(gateway, name).map(|list| filter::permits(list, flow)) {
        Some(Some(true)) => Match::Yes,
        Some(Some(false)) | None => Match::No,
        Some(None) => Match::Unknown(format!("addresses of the access list {name} are no range")),
    }
}

/// The new source that the rule gives, told as a step.
fn new_source_by(
    gateway: &Gateway,
    rule: &NatRule,
    flow: &Flow,
    steps: &mut Vec<Step>,
) -> Option<IpAddr> {
    let translation = &rule.source_translation;
    let to = source_of(gateway, translation, flow.source.is_ipv4());
    if to.is_none() && !matches!(translation, SourceTranslation::None) {
        steps.push(Step::Undecided {
            rule: rule.name.clone(),
            why: "the address that it translates to isn't known".into(),
        });
    }
    steps.push(Step::Nat {
        rule: rule.name.clone(),
        to,
    });
    to
}

fn source_of(gateway: &Gateway, to: &SourceTranslation, v4: bool) -> Option<IpAddr> {
    match to {
        SourceTranslation::None => None,
        SourceTranslation::Interface(name) => {
            let addresses = &gateway.interface(name)?.addresses;
            let mut addresses = addresses.iter().map(|net| net.addr());
            addresses.find(|address| address.is_ipv4() == v4)
        }
        SourceTranslation::Addresses(names) => {
            let mut known = names
                .iter()
                .filter_map(|name| matching::first_address(&gateway.policy, name));
            known.find(|address| address.is_ipv4() == v4)
        }
    }
}
