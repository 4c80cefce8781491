//! Traffic selectors that aren't each other's mirror.

use crate::agreement::selectors::{Asked, enabled, meant};
use crate::agreement::start::{self, Aspect};
use crate::rule::{Effect, Found, Judge, Pair, Party, Rule};
use crate::rules::path::no_route_into_tunnel::may_lead;
use crate::words::{IN_AUTH, WHOEVER, only_when};
use crossgate_diag::{Certainty, Finding};
use crossgate_firewall::routing;
use crossgate_model::event::{EventKind, Side as By};
use crossgate_model::{Change, Child, End, Selector, SelectorPair};
use std::collections::BTreeSet;

/// How many of the answerer's selectors an event tells.
const TOLD: usize = 8;

pub const RULE: Rule = Rule {
    code: "ts-not-mirrored",
    page: include_str!("ts_not_mirrored.md"),
    judge: Judge::Pair(judge),
};

fn judge(pair: &Pair<'_>, found: &mut Vec<Found>) {
    let [ours, theirs] = [pair.first, pair.second].map(|end| distinct(&end));
    if ours.is_empty() || theirs.is_empty() {
        return;
    }
    if let Some(cause) = one_for_many(pair, &ours, &theirs) {
        found.push(cause.told(pair));
        return;
    }
    let (mut matched_a, mut matched_b) = (BTreeSet::new(), BTreeSet::new());
    for &[a, b] in pair.children() {
        matched_a.insert(a.name.value.as_str());
        matched_b.insert(b.name.value.as_str());
        // One that is off is another rule's matter.
        let are_on = a.enabled.value && b.enabled.value;
        if are_on && a.selectors.value != b.selectors.value.mirrored() {
            let cause = Mismatch {
                first: vec![a],
                second: vec![b],
            };
            found.push(cause.told(pair));
        }
    }
    let ours: Vec<_> = without(ours, &matched_a);
    let theirs: Vec<_> = without(theirs, &matched_b);
    // One of each that has nothing to do with the other is one mistake, if it is all there is.
    if let (true, [a], [b]) = (matched_a.is_empty(), ours.as_slice(), theirs.as_slice()) {
        let cause = Mismatch {
            first: vec![a],
            second: vec![b],
        };
        found.push(cause.told(pair));
        return;
    }
    for child in ours {
        found.push(alone(pair, &pair.first, &pair.second, child));
    }
    for child in theirs {
        found.push(alone(pair, &pair.second, &pair.first, child));
    }
}

fn without<'a>(children: Vec<&'a Child>, matched: &BTreeSet<&str>) -> Vec<&'a Child> {
    let all = children.into_iter();
    all.filter(|child| !matched.contains(child.name.value.as_str()))
        .collect()
}

/// Children that are on; of those that select the same, the first: another rule tells of such.
fn distinct<'a>(end: &Party<'a>) -> Vec<&'a Child> {
    let mut known = BTreeSet::new();
    enabled(end)
        .filter(|child| known.insert(child.selectors.value))
        .collect()
}

/// One Child of an end that has several of the other's inside: one cause, not several.
fn one_for_many<'a>(
    pair: &Pair<'_>,
    ours: &[&'a Child],
    theirs: &[&'a Child],
) -> Option<Mismatch<'a>> {
    let covers = |one: &Child, many: &[&Child]| {
        let pairs = many.iter().map(|child| child.selectors.value.mirrored());
        many.len() > 1
            && pairs
                .into_iter()
                .all(|pair| one.selectors.value.contains(&pair))
    };
    let is_one = match (ours, theirs) {
        ([one], many) => covers(one, many),
        (many, [one]) => covers(one, many),
        _ => false,
    };
    (is_one && !pair.children().is_empty()).then(|| Mismatch {
        first: ours.to_vec(),
        second: theirs.to_vec(),
    })
}

/// Children that mean each other, of which one end has just one.
struct Mismatch<'a> {
    first: Vec<&'a Child>,
    second: Vec<&'a Child>,
}

impl<'a> Mismatch<'a> {
    fn told(&self, pair: &Pair<'a>) -> Found {
        let effect = start::effect(pair, Aspect::Selectors);
        let title = self.title(pair);
        let finding = match self.is_harmful(pair, effect) {
            true => Finding::error(RULE.code, title),
            false => Finding::warning(RULE.code, title),
        };
        let mut finding = self.labelled(pair, finding).when(IN_AUTH);
        finding = match effect {
            Effect::FailsWhen { starts } => {
                let ends = [pair.first, pair.second];
                let works = ends.iter().find(|end| end.end != starts);
                let fails = ends.iter().find(|end| end.end == starts);
                let finding = match fails {
                    Some(fails) => finding.starter(only_when(fails)),
                    None => finding,
                };
                match works {
                    Some(works) => {
                        finding.noted(format!("the tunnel comes up when {} starts", works.name()))
                    }
                    None => finding,
                }
            }
            _ => finding.starter(WHOEVER),
        };
        for (starter, answerer) in pair.directions() {
            for note in self.outcome(pair, &starter, &answerer) {
                finding = finding.noted(note);
            }
        }
        let finding = finding.certain(self.certainty(pair));
        self.cured(pair, self.evented(pair, Found::with(finding, effect)))
    }

    fn title(&self, pair: &Pair<'_>) -> String {
        let (first, second) = (pair.first.name(), pair.second.name());
        match (self.first.as_slice(), self.second.as_slice()) {
            ([a], [b]) => format!(
                "`{}` of {first} is not the mirror of `{}` of {second}: {}",
                a.name.value,
                b.name.value,
                differences(&a.selectors.value, &b.selectors.value.mirrored())
            ),
            ([a], many) => format!(
                "{first} has one selector pair, `{}`, for {} of {second}",
                a.name.value,
                many.len()
            ),
            (many, _) => format!(
                "{second} has one selector pair for {} of {first}",
                many.len()
            ),
        }
    }

    fn labelled(&self, pair: &Pair<'_>, mut finding: Finding) -> Finding {
        for child in &self.first {
            finding = finding.at(
                child.selectors.span.or(child.name.span),
                format!("{}: {}", pair.first.name(), sides(&child.selectors.value)),
            );
        }
        for child in &self.second {
            finding = finding.beside(
                child.selectors.span.or(child.name.span),
                format!("{}: {}", pair.second.name(), sides(&child.selectors.value)),
            );
        }
        finding
    }

    /// Whether some Child is refused, or planned traffic is not carried.
    fn is_harmful(&self, pair: &Pair<'a>, effect: Effect) -> bool {
        let mut directions = pair.directions().into_iter();
        effect != Effect::None
            || directions.any(|(starter, _)| {
                let mut asked = pair.asked(starter.end).iter();
                asked.any(|one| self.has(one.child) && one.agreed.is_none())
            })
    }

    fn has(&self, child: &Child) -> bool {
        let mut all = self.first.iter().chain(&self.second);
        all.any(|one| std::ptr::eq(*one, child))
    }

    /// What comes of it when `starter` begins.
    fn outcome(&self, pair: &Pair<'a>, starter: &Party<'a>, answerer: &Party<'a>) -> Vec<String> {
        let asked = pair.asked(starter.end).iter();
        let mine = asked.filter(|one| self.has(one.child));
        mine.map(|one| outcome(starter, answerer, one)).collect()
    }

    /// Of the claims that the outcome depends on, the weakest.
    fn certainty(&self, pair: &Pair<'_>) -> Certainty {
        let children = self.first.iter().chain(&self.second);
        let mut claims: Vec<_> = children
            .map(|child| child.responder_selectors.certainty)
            .collect();
        let ends = [pair.first, pair.second];
        claims.extend(ends.map(|end| end.gateway().behaviour.accepts_narrowed_answer.certainty));
        claims.into_iter().max().unwrap_or(Certainty::Rfc)
    }

    fn evented(&self, pair: &Pair<'a>, mut found: Found) -> Found {
        for (starter, answerer) in pair.directions() {
            let asked = pair.asked(starter.end);
            let refused = asked
                .iter()
                .find(|one| self.has(one.child) && one.agreed.is_none());
            if let Some(refused) = refused {
                return evented(found, &starter, &answerer, refused.child);
            }
            let narrowed = asked.iter().find_map(|one| {
                let (_, agreed) = one.agreed?;
                (self.has(one.child) && agreed != one.child.selectors.value)
                    .then_some((one.child.selectors.value, agreed))
            });
            if let Some((offered, agreed)) = narrowed {
                let event = EventKind::SelectorsNarrowed { offered, agreed };
                found = found.event(starter.end, event);
            }
        }
        found
    }

    /// The narrower end's selectors for the wider end, and then the other way round.
    fn cured(&self, pair: &Pair<'_>, found: Found) -> Found {
        let (first, second) = (pair.first, pair.second);
        match (self.first.as_slice(), self.second.as_slice()) {
            ([a], [b])
                if a.selectors
                    .value
                    .intersection(&b.selectors.value.mirrored())
                    .is_none() =>
            {
                owned(found, (&first, a), (&second, b))
            }
            ([a], [b]) => {
                let is_wider = a.selectors.value.contains(&b.selectors.value.mirrored());
                match is_wider {
                    true => mirrored(mirrored(found, b, &first, a), a, &second, b),
                    false => mirrored(mirrored(found, a, &second, b), b, &first, a),
                }
            }
            ([one], many) => all_mirrored(found, many, &first, &second, one),
            (many, [one]) => all_mirrored(found, many, &second, &first, one),
            _ => found,
        }
    }
}

fn outcome(starter: &Party<'_>, answerer: &Party<'_>, one: &Asked<'_>) -> String {
    let offered = one.child.selectors.value;
    match one.agreed {
        Some((_, agreed)) if agreed == one.child.selectors.value => format!(
            "when {} starts, {} takes {offered} as offered",
            starter.name(),
            answerer.name()
        ),
        Some((theirs, agreed)) => format!(
            "when {} starts, {} narrows {offered} to {}: it {} ({}); {} is believed to take this answer ({})",
            starter.name(),
            answerer.name(),
            agreed,
            theirs.responder_selectors.value.words(),
            theirs.responder_selectors.certainty.words(),
            starter.name(),
            starter
                .gateway()
                .behaviour
                .accepts_narrowed_answer
                .certainty
                .words()
        ),
        None => {
            let manner = enabled(answerer)
                .next()
                .map(|child| child.responder_selectors);
            let why = manner.map_or(String::new(), |manner| {
                format!(
                    ": it {} ({})",
                    manner.value.words(),
                    manner.certainty.words()
                )
            });
            format!(
                "when {} starts, {} refuses {offered} with TS_UNACCEPTABLE{why}",
                starter.name(),
                answerer.name()
            )
        }
    }
}

fn evented(found: Found, starter: &Party<'_>, answerer: &Party<'_>, child: &Child) -> Found {
    let offered = child.selectors.value;
    let mut known: Vec<_> = enabled(answerer)
        .take(TOLD)
        .map(|child| child.selectors.value.to_string())
        .collect();
    if let Some(more) = enabled(answerer).count().checked_sub(TOLD + 1) {
        known.push(format!("{} more", more + 1));
    }
    let refused = |refused_by, received: String, expected: String| EventKind::TsUnacceptable {
        refused_by,
        received,
        expected,
    };
    found
        .event(
            answerer.end,
            refused(By::Us, offered.mirrored().to_string(), known.join(" or ")),
        )
        .event(
            starter.end,
            refused(By::Peer, "TS_UNACCEPTABLE".into(), offered.to_string()),
        )
}

/// A Child that no Child of the other end has anything in common with.
fn alone(pair: &Pair<'_>, end: &Party<'_>, peer: &Party<'_>, child: &Child) -> Found {
    let name = &child.name.value;
    let title = format!(
        "`{name}` of {} has no counterpart at {}",
        end.name(),
        peer.name()
    );
    let finding = Finding::error(RULE.code, title)
        .at(
            child.selectors.span.or(child.name.span),
            format!("{}: {}", end.name(), sides(&child.selectors.value)),
        )
        .when("when this Child SA is asked for")
        .starter(WHOEVER)
        .certain(Certainty::Rfc);
    let effect = match start::effect(pair, Aspect::Selectors) {
        Effect::None => start::misled(pair).unwrap_or(Effect::None),
        effect => effect,
    };
    let found = evented(Found::with(finding, effect), end, peer, child);
    let wanted = child.selectors.value.mirrored();
    let Some(beside) = enabled(peer).next() else {
        return found;
    };
    let add = Change::AddSelectors {
        beside: beside.name.value.clone(),
        pair: wanted,
    };
    let remove = Change::RemoveSelectors {
        child: name.clone(),
    };
    let mut changes = vec![(peer.end, add)];
    changes.extend(routed(peer, beside, &wanted));
    changes.extend(routed(end, child, &child.selectors.value));
    found
        .cure(
            format!("let {} select {wanted} as well", peer.name()),
            changes,
        )
        .cure(
            format!("remove it from {}", end.name()),
            vec![(end.end, remove)],
        )
}

/// A cure: `to` selects the mirror of `from`.
fn mirrored(found: Found, from: &Child, party: &Party<'_>, to: &Child) -> Found {
    let wanted = from.selectors.value.mirrored();
    let change = Change::Selectors {
        child: to.name.value.clone(),
        to: wanted,
    };
    let text = format!("let {} select {wanted}", party.name());
    let mut changes = vec![(party.end, change)];
    changes.extend(routed(party, to, &wanted));
    found.cure(text, changes)
}

/// The route that the end lacks for what it then selects: nothing where its routes lead there.
fn routed(party: &Party<'_>, child: &Child, wanted: &SelectorPair) -> Option<(End, Change)> {
    let tunnel = &child.tunnel_interface.as_ref()?.value;
    let net = wanted.remote.as_net().filter(|net| net.prefix_len() > 0)?;
    let found = routing::lookup(party.gateway(), Some(tunnel), net.network());
    let is_led = matches!(found, routing::Found::Hop(hop) if hop.interface == *tunnel);
    let mut routes = party.gateway().routes.iter();
    let is_taken = routes.any(|route| route.destination.value == net);
    if is_led || is_taken || !may_lead(party, net, tunnel) {
        return None;
    }
    let add = Change::AddRoute {
        destination: net,
        interface: tunnel.clone(),
    };
    Some((party.end, add))
}

/// A cure for selectors without anything in common: each end knows its own network best.
fn owned(found: Found, first: (&Party<'_>, &Child), second: (&Party<'_>, &Child)) -> Found {
    let ((one, a), (other, b)) = (first, second);
    let Some(wanted) = meant(first, second) else {
        return mirrored(mirrored(found, a, other, b), b, one, a);
    };
    let mut changes = Vec::new();
    let mut texts = Vec::new();
    for (end, child, to) in [(one, a, wanted), (other, b, wanted.mirrored())] {
        if child.selectors.value != to {
            let change = Change::Selectors {
                child: child.name.value.clone(),
                to,
            };
            changes.push((end.end, change));
            changes.extend(routed(end, child, &to));
            texts.push(format!("let {} select {to}", end.name()));
        }
    }
    found.cure(texts.join(", and "), changes)
}

/// Cures for one against many: the one becomes as many, or the many become one.
fn all_mirrored(
    found: Found,
    many: &[&Child],
    wide: &Party<'_>,
    narrow: &Party<'_>,
    one: &Child,
) -> Found {
    let Some((first, others)) = many.split_first() else {
        return found;
    };
    let select = Change::Selectors {
        child: one.name.value.clone(),
        to: first.selectors.value.mirrored(),
    };
    let more = others.iter().map(|child| Change::AddSelectors {
        beside: one.name.value.clone(),
        pair: child.selectors.value.mirrored(),
    });
    let changes = std::iter::once(select).chain(more);
    let changes = changes.map(|change| (wide.end, change)).collect();
    let widen = Change::Selectors {
        child: first.name.value.clone(),
        to: one.selectors.value.mirrored(),
    };
    let fewer = others.iter().map(|child| Change::RemoveSelectors {
        child: child.name.value.clone(),
    });
    let widened = std::iter::once(widen).chain(fewer);
    let widened = widened.map(|change| (narrow.end, change)).collect();
    found
        .cure(
            format!(
                "let {} select the {} pairs of {}",
                wide.name(),
                many.len(),
                narrow.name()
            ),
            changes,
        )
        .cure(
            format!("let {} select what {} does", narrow.name(), wide.name()),
            widened,
        )
}

/// `local 10.0.0.0/8 (16777216 addresses), remote any`.
fn sides(pair: &SelectorPair) -> String {
    format!(
        "local {}, remote {}",
        counted(&pair.local),
        counted(&pair.remote)
    )
}

fn counted(selector: &Selector) -> String {
    match (selector.is_any(), selector.address_count()) {
        (true, _) => "any".into(),
        (false, 1) => selector.to_string(),
        (false, count) => format!("{selector} ({count} addresses)"),
    }
}

/// What is not alike in two pairs that are seen from one end.
fn differences(a: &SelectorPair, b: &SelectorPair) -> String {
    let mut words = Vec::new();
    for (side, a, b) in [("local", a.local, b.local), ("remote", a.remote, b.remote)] {
        if (a.start, a.end) != (b.start, b.end) {
            let size = a.address_count() != b.address_count();
            let what = if size { "mask" } else { "address" };
            words.push(format!("{side} {what}"));
        }
        if (a.start_port, a.end_port) != (b.start_port, b.end_port) {
            words.push(format!("{side} port"));
        }
    }
    if a.local.protocol != b.local.protocol || a.remote.protocol != b.remote.protocol {
        words.push("protocol".into());
    }
    format!("other {}", words.join(", "))
}
