//! A packet filter or a security rule stops IKE or ESP between the gateways.

use super::ike_walk::{Blocked, Needed, blocked, effect};
use super::traffic_filtered::denied;
use crate::rule::{Effect, Found, Judge, Pair, Party, Rule};
use crate::words::WHOEVER;
use crossgate_diag::{Certainty, Finding, Span, Spanned};
use crossgate_firewall::{Step, routing};
use crossgate_model::event::{EventKind, Exchange};
use crossgate_model::{Action, Change, End};
use ipnet::IpNet;

pub const RULE: Rule = Rule {
    code: "ike-blocked",
    page: include_str!("ike_blocked.md"),
    judge: Judge::Pair(judge),
};

/// What stops it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum By {
    /// The list, and an entry of it unless it is its end.
    Filter(Spanned<String>, Option<Span>),
    Rule(Spanned<String>),
    /// No rule, between these zones.
    NoRule([Spanned<String>; 2]),
}

impl By {
    fn of(steps: &[Step]) -> Option<Self> {
        if let Some((list, entry)) = denied(steps) {
            return Some(Self::Filter(list, entry));
        }
        let deny = steps.iter().find_map(|step| match step {
            Step::Rule { name, action } if action.value == Action::Deny => Some(name.clone()),
            _ => None,
        });
        deny.map(Self::Rule)
            .or_else(|| zones(steps).map(Self::NoRule))
    }

    /// The same list is the same cause, whichever of its entries denies.
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Filter(a, _), Self::Filter(b, _)) => a == b,
            (a, b) => a == b,
        }
    }
}

fn zones(steps: &[Step]) -> Option<[Spanned<String>; 2]> {
    steps.iter().find_map(|step| match step {
        Step::Zones {
            from: Some(from),
            to: Some(to),
        } => Some([from.clone(), to.clone()]),
        _ => None,
    })
}

fn judge(pair: &Pair<'_>, found: &mut Vec<Found>) {
    let all = blocked(pair);
    let mut causes: Vec<(End, By, Vec<&Blocked<'_>>)> = Vec::new();
    for one in &all {
        let Some(by) = By::of(&one.steps) else {
            continue;
        };
        let known = causes
            .iter_mut()
            .find(|(end, known, _)| *end == one.at.end && known.is_same(&by));
        match known {
            Some((.., same)) => same.push(one),
            None => causes.push((one.at.end, by, vec![one])),
        }
    }
    for (_, by, same) in &causes {
        found.extend(same.first().map(|first| stopped(first, by, same)));
    }
}

fn stopped(one: &Blocked<'_>, by: &By, same: &[&Blocked<'_>]) -> Found {
    let (at, peer) = (one.at, one.peer);
    let mut needed: Vec<Needed> = same.iter().map(|one| one.needed).collect();
    needed.sort_unstable();
    needed.dedup();
    let needed: Vec<_> = needed.into_iter().map(Needed::words).collect();
    let needed = needed.join(" and ");
    let what = match by {
        By::Filter(list, _) => format!("the access list `{}`", list.value),
        By::Rule(rule) => format!("the security rule `{}`", rule.value),
        By::NoRule([from, to]) => {
            format!(
                "the want of a security rule from zone {} to {}",
                from.value, to.value
            )
        }
    };
    let title = format!(
        "{what} of {} stops {needed} between the gateways",
        at.name()
    );
    let finding = Finding::error(RULE.code, title);
    let finding = match by {
        By::Filter(list, Some(entry)) => finding
            .at(*entry, format!("denies {}", one.needed.words()))
            .beside(list.span, "looked at here"),
        By::Filter(list, None) => finding.at(
            list.span,
            format!("no entry of the list permits {needed}, and its end denies"),
        ),
        By::Rule(rule) => finding.at(rule.span, format!("denies {needed}")),
        By::NoRule([from, to]) => finding
            .at(from.span, "the packets come from here")
            .beside(to.span, "and the address that they are for is here"),
    };
    let local = at.connection.local.interface.as_ref();
    let finding = finding
        .beside(
            local.and_then(|local| local.span),
            format!("{} speaks IKE here", at.name()),
        )
        .beside(
            peer.connection.name.span,
            format!("{} is the peer", peer.name()),
        )
        .certain(Certainty::Doc);
    let effect = effect(same);
    let finding = match effect {
        Effect::FailsWhen { starts } => {
            let starter = if starts == at.end { at } else { peer };
            finding
                .when("at the first message")
                .starter(crate::words::only_when(&starter))
        }
        Effect::NeverComesUp => finding.when("at the first message").starter(WHOEVER),
        _ => finding
            .when("with the first packet through the tunnel")
            .starter(WHOEVER),
    };
    let found = Found::with(finding, effect);
    let found = silenced(same).into_iter().fold(found, |found, starter| {
        let waits = starter.gateway().behaviour.retransmission.value.clone();
        found.event(
            starter.end,
            EventKind::PeerDead {
                exchange: Exchange::IkeSaInit,
                sent: waits.waits.len() as u32,
                seconds: waits.total().as_secs(),
            },
        )
    });
    found.cure(
        format!("let IKE and ESP between the gateways pass {}", at.name()),
        cure(same, by),
    )
}

/// The ends whose first message gets no answer.
fn silenced<'a>(same: &[&Blocked<'a>]) -> Vec<Party<'a>> {
    let ike = same.iter().filter(|one| one.needed == Needed::Ike);
    ike.map(|one| match one.starts == one.at.end {
        true => one.at,
        false => one.peer,
    })
    .collect()
}

fn cure(same: &[&Blocked<'_>], by: &By) -> Vec<(End, Change)> {
    let mut changes = Vec::new();
    for one in same {
        let change = match by {
            By::Filter(list, _) => Some(Change::PermitIpsec {
                access_list: list.value.clone(),
                source: one.flow.source,
                destination: one.flow.destination,
            }),
            By::Rule(rule) => allow(one, Some(rule.value.clone())),
            By::NoRule(_) => allow(one, None),
        };
        let change = change.map(|change| (one.at.end, change));
        changes.extend(change.filter(|change| !changes.contains(change)));
    }
    changes
}

fn allow(one: &Blocked<'_>, above: Option<String>) -> Option<Change> {
    let [from, to] = zones(&one.steps)?;
    let (source, destination) = (one.flow.source, one.flow.destination);
    let owner = routing::owner(one.at.gateway(), source);
    let direction = if owner.is_some() { "out" } else { "in" };
    Some(Change::Allow {
        name: format!("ike-{}-{direction}", one.at.connection.name.value),
        from: from.value,
        to: to.value,
        source: IpNet::from(source),
        destination: IpNet::from(destination),
        above,
    })
}
