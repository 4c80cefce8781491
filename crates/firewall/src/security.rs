//! Security rules, first match first; without one, what stays inside a zone may pass and what
//! goes from one to another may not (PAN-OS administrator's guide, "Security policy").

use crate::flow::Flow;
use crate::matching::{self, Match};
use crate::verdict::{Reason, Step};
use crossgate_model::{Action, Gateway, Policy, SecurityRule, Spanned};

/// The zones that a packet comes from and goes to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Zones<'a> {
    from: ZoneOf<'a>,
    to: ZoneOf<'a>,
}

/// The zone of an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ZoneOf<'a> {
    Known(&'a Spanned<String>),
    /// The interface is in none.
    None,
    /// The file doesn't tell: it has no zones, or not that interface.
    Unknown,
}

impl<'a> ZoneOf<'a> {
    pub fn known(self) -> Option<&'a Spanned<String>> {
        match self {
            Self::Known(zone) => Some(zone),
            _ => None,
        }
    }

    /// Whether a rule that names these zones means this one.
    fn is_in(self, names: &[Spanned<String>]) -> Match {
        if names.is_empty() || names.iter().any(|name| name.value == "any") {
            return Match::Yes;
        }
        match self {
            Self::Known(zone) if names.contains(zone) => Match::Yes,
            Self::Known(_) | Self::None => Match::No,
            Self::Unknown => Match::Unknown("the file doesn't tell an interface's zone".into()),
        }
    }
}

impl<'a> Zones<'a> {
    pub fn between(gateway: &'a Gateway, from: &str, to: &str) -> Self {
        Self {
            from: zone_of(gateway, from),
            to: zone_of(gateway, to),
        }
    }

    /// What may pass without a rule.
    fn unruled(&self) -> Result<(), Reason> {
        match (self.from, self.to) {
            (ZoneOf::Known(from), ZoneOf::Known(to)) if from.value != to.value => {
                Err(Reason::NoSecurityRule)
            }
            _ => Ok(()),
        }
    }
}

pub(crate) fn zone_of<'a>(gateway: &'a Gateway, interface: &str) -> ZoneOf<'a> {
    let known = gateway.interface(interface);
    if let Some(zone) = known.and_then(|known| known.zone.as_ref()) {
        return ZoneOf::Known(zone);
    }
    let mut zones = gateway.policy.zones.iter();
    let lists = zones.find(|zone| zone.interfaces.iter().any(|i| i.value == interface));
    let stated = known.is_some_and(|known| known.name.span.is_some());
    match lists {
        Some(zone) => ZoneOf::Known(&zone.name),
        None if stated && !gateway.policy.zones.is_empty() => ZoneOf::None,
        None => ZoneOf::Unknown,
    }
}

/// `flow` as it was before NAT.
pub(crate) fn pass(
    gateway: &Gateway,
    zones: Zones<'_>,
    flow: &Flow,
    steps: &mut Vec<Step>,
) -> Result<(), Reason> {
    let policy = &gateway.policy;
    if !policy.zones_need_rules {
        return Ok(());
    }
    if zones.from == ZoneOf::None || zones.to == ZoneOf::None {
        return Err(Reason::NoZone);
    }
    steps.push(Step::Zones {
        from: zones.from.known().cloned(),
        to: zones.to.known().cloned(),
    });
    match first_match(policy, zones, flow, steps) {
        Some(Action::Allow) => Ok(()),
        Some(Action::Deny) => Err(Reason::DeniedByRule),
        None => zones.unruled(),
    }
}

fn first_match(
    policy: &Policy,
    zones: Zones<'_>,
    flow: &Flow,
    steps: &mut Vec<Step>,
) -> Option<Action> {
    for rule in policy.security_rules.iter().filter(|rule| rule.enabled) {
        let action = rule.action.value;
        match matches(policy, rule, zones, flow) {
            Match::No => continue,
            Match::Yes => {}
            Match::Unknown(why) => {
                let rule = rule.name.clone();
                steps.push(Step::Undecided { rule, why });
                if action == Action::Deny {
                    continue;
                }
            }
        }
        steps.push(Step::Rule {
            name: rule.name.clone(),
            action: rule.action,
        });
        return Some(action);
    }
    None
}

/// Whether an allowing rule would let a packet between those zones pass, if it were asked first.
pub fn would_allow(
    policy: &Policy,
    rule: &SecurityRule,
    [from, to]: [&Spanned<String>; 2],
    flow: &Flow,
) -> bool {
    let zones = Zones {
        from: ZoneOf::Known(from),
        to: ZoneOf::Known(to),
    };
    rule.enabled
        && rule.action.value == Action::Allow
        && matches(policy, rule, zones, flow) != Match::No
}

fn matches(policy: &Policy, rule: &SecurityRule, zones: Zones<'_>, flow: &Flow) -> Match {
    let source =
        || matching::addresses(policy, &rule.source, flow.source).negated(rule.negate_source);
    let destination = || {
        matching::addresses(policy, &rule.destination, flow.destination)
            .negated(rule.negate_destination)
    };
    zones
        .from
        .is_in(&rule.from)
        .and(|| zones.to.is_in(&rule.to))
        .and(source)
        .and(destination)
        .and(|| matching::services(policy, &rule.service, flow))
        .and(|| matching::applications(&rule.application, flow))
}
