//! Two Childs claim the same traffic, so that one of them gets none of it.

use crate::agreement::overlap::Overlaps;
use crate::pairing;
use crate::rule::{Effect, Found, Judge, One, Rule};
use crossgate_diag::{Certainty, Finding, Spanned};
use crossgate_model::{Change, Child, Connection, End, Gateway, SelectorPair};
use std::collections::BTreeMap;

pub const RULE: Rule = Rule {
    code: "duplicate-selectors",
    page: include_str!("duplicate_selectors.md"),
    judge: Judge::One(judge),
};

fn judge(one: &One<'_>, found: &mut Vec<Found>) {
    // Those that may hide the next one, and those that may equal it: a hub has thousands.
    let mut by_way: BTreeMap<Way<'_>, Vec<Claimant<'_>>> = BTreeMap::new();
    for claimant in claimants(one.side.gateway) {
        by_way.entry(claimant.way()).or_default().push(claimant);
    }
    let mut by_way: BTreeMap<Way<'_>, Beside<'_>> = by_way
        .into_iter()
        .map(|(way, all)| (way, Beside::of(all)))
        .collect();
    let mut by_claim: BTreeMap<SelectorPair, Vec<Claimant<'_>>> = BTreeMap::new();
    for second in claimants(one.side.gateway) {
        let beside = by_way.get_mut(&second.way());
        let alike = by_claim.entry(second.child.selectors.value).or_default();
        if let Some(first) = beside.and_then(|beside| beside.next_hidden_by(&second)) {
            found.extend(hidden(one, &first, &second));
        } else if let Some(first) = alike.iter().find(|first| first.equals(&second)) {
            found.push(left_to_routes(first, &second));
        }
        alike.push(second);
    }
}

/// Those to whom packets come the same way.
struct Beside<'a> {
    all: Vec<Claimant<'a>>,
    overlaps: Overlaps,
    /// How many were asked for.
    asked: usize,
}

impl<'a> Beside<'a> {
    fn of(all: Vec<Claimant<'a>>) -> Self {
        let pairs = all.iter().map(|one| one.child.selectors.value);
        Self {
            overlaps: Overlaps::of(&pairs.collect::<Vec<_>>()),
            all,
            asked: 0,
        }
    }

    /// Of those before the next one, in their order, the first that hides it.
    fn next_hidden_by(&mut self, next: &Claimant<'_>) -> Option<Claimant<'a>> {
        let before = self.asked;
        self.asked += 1;
        let near = self.overlaps.with(&next.child.selectors.value).into_iter();
        let near = near.take_while(|index| *index < before);
        let mut near = near.filter_map(|index| self.all.get(index).copied());
        near.find(|first| first.hides(next))
    }
}

/// How packets come to a Child: by its tunnel interface, or by the policy of its connection's.
type Way<'a> = (Option<&'a str>, Option<&'a str>);

#[derive(Clone, Copy)]
struct Claimant<'a> {
    connection: &'a Connection,
    child: &'a Child,
}

fn claimants(gateway: &Gateway) -> impl Iterator<Item = Claimant<'_>> {
    let enabled = gateway.connections.iter().filter(|c| c.enabled.value);
    enabled.flat_map(claimants_of)
}

fn claimants_of(connection: &Connection) -> impl Iterator<Item = Claimant<'_>> {
    let enabled = connection
        .children
        .iter()
        .filter(|child| child.enabled.value);
    enabled.map(move |child| Claimant { connection, child })
}

impl<'a> Claimant<'a> {
    fn way(&self) -> Way<'a> {
        let name = |interface: &'a Option<Spanned<String>>| {
            interface.as_ref().map(|name| name.value.as_str())
        };
        match name(&self.child.tunnel_interface) {
            Some(tunnel) => (Some(tunnel), None),
            None => (None, name(&self.connection.local.interface)),
        }
    }

    /// Whether packets come to both the same way: one tunnel interface, or one policy.
    fn is_beside(&self, other: &Self) -> bool {
        self.way() == other.way()
    }

    /// Whether nothing is left for `later`.
    fn hides(&self, later: &Self) -> bool {
        let (wide, narrow) = (&self.child.selectors.value, &later.child.selectors.value);
        self.is_beside(later) && wide.contains(narrow)
    }

    /// Whether both claim exactly the same, and not just everything, as route-based tunnels do.
    fn equals(&self, other: &Self) -> bool {
        let ours = &self.child.selectors.value;
        let is_all = ours.local.is_any() && ours.remote.is_any();
        !self.is_beside(other) && !is_all && *ours == other.child.selectors.value
    }

    fn span(&self) -> Option<crossgate_diag::Span> {
        self.child.selectors.span.or(self.child.name.span)
    }
}

/// What hides a Child; nothing at the second end where the first has a mirror of both.
fn hidden(one: &One<'_>, first: &Claimant<'_>, second: &Claimant<'_>) -> Option<Found> {
    let mirror = one.partner(second.connection).and_then(|party| {
        let mut others = claimants_of(party.connection);
        let is_mirror = |other: &Claimant<'_>| {
            other.child.selectors.value.mirrored() == second.child.selectors.value
        };
        let later = others.find(is_mirror)?;
        let hiding = claimants_of(party.connection).take_while(|other| !is_mirror(other));
        let is_hidden = hiding.into_iter().any(|other| other.hides(&later));
        is_hidden.then_some((party.end, later))
    });
    if one.end == End::Second && mirror.is_some() {
        return None;
    }
    let narrow = &second.child.name.value;
    let (finding, effect) = told(one, first, second);
    let finding = finding.beside(
        mirror.and_then(|(_, later)| later.span()),
        "and its mirror, hidden likewise",
    );
    let mut changes = vec![(one.end, removed(second))];
    changes.extend(mirror.map(|(end, later)| (end, removed(&later))));
    let found = Found::with(finding, effect).about(one.end, second.connection);
    if mirror.is_some() || !is_meant(one, second) {
        return Some(found.cure(format!("remove `{narrow}`"), changes));
    }
    // The peer has a counterpart of the one that gets no traffic.
    match is_meant(one, first) {
        true => Some(found),
        false => {
            let text = format!("remove `{}`", first.child.name.value);
            Some(found.cure(text, vec![(one.end, removed(first))]))
        }
    }
}

/// Whether a Child of the peer's is its counterpart.
fn is_meant(one: &One<'_>, claimant: &Claimant<'_>) -> bool {
    let Some(party) = one.partner(claimant.connection) else {
        return false;
    };
    let pairs = pairing::children(claimant.connection, party.connection);
    let mut ours = pairs.iter().map(|[ours, _]| &ours.name.value);
    ours.any(|name| *name == claimant.child.name.value)
}

fn removed(claimant: &Claimant<'_>) -> Change {
    Change::RemoveSelectors {
        child: claimant.child.name.value.clone(),
    }
}

fn told(one: &One<'_>, first: &Claimant<'_>, second: &Claimant<'_>) -> (Finding, Effect) {
    let (wide, narrow) = (&first.child.name.value, &second.child.name.value);
    let title = format!("`{narrow}` gets no traffic: `{wide}` before it claims all of it");
    let from = Some(one.end);
    let (finding, effect) = match first.connection.name == second.connection.name {
        true => (Finding::warning(RULE.code, title), Effect::None),
        false => (Finding::error(RULE.code, title), Effect::NoTraffic { from }),
    };
    let selectors = |claimant: &Claimant<'_>| claimant.child.selectors.value;
    let finding = finding
        .at(second.span(), selectors(second).to_string())
        .beside(first.span(), format!("{}, asked first", selectors(first)))
        .when("as soon as a packet is to go through")
        .certain(Certainty::Rfc)
        .noted(
            "policies are asked in their order, and the first that fits decides (RFC 4301 §4.4.1)",
        );
    (finding, effect)
}

fn left_to_routes(first: &Claimant<'_>, second: &Claimant<'_>) -> Found {
    let names = (&first.child.name.value, &second.child.name.value);
    let finding = Finding::note(
        RULE.code,
        format!(
            "`{}` and `{}` claim the same traffic; routes decide which gets it",
            names.0, names.1
        ),
    )
    .at(second.span(), format!("{}", second.child.selectors.value))
    .beside(first.span(), "the same")
    .certain(Certainty::Rfc);
    Found::harmless(finding)
}
