//! No ESP suite is common.

use super::ike_proposals_disjoint::OFFERED;
use crate::agreement::start::{self, Aspect, usual};
use crate::agreement::strength;
use crate::agreement::suite::{self, Disjoint, EspSuite, List};
use crate::rule::{Found, Judge, Pair, Party, Rule};
use crate::words::{IN_AUTH, WHOEVER, list, span};
use crossgate_diag::{Certainty, Finding, Span};
use crossgate_model::event::{EventKind, Exchange, Side as By};
use crossgate_model::{Change, Child, EspProposal};

pub const RULE: Rule = Rule {
    code: "esp-proposals-disjoint",
    page: include_str!("esp_proposals_disjoint.md"),
    judge: Judge::Pair(judge),
};

fn judge(pair: &Pair<'_>, found: &mut Vec<Found>) {
    // Children of one tunnel have their proposals from one place.
    let mut told: Vec<Vec<Option<Span>>> = Vec::new();
    for &[ours, theirs] in pair.children() {
        // What can't be used at all, another rule tells.
        if !ours.enabled.value || !theirs.enabled.value {
            continue;
        }
        let places = [ours, theirs]
            .into_iter()
            .flat_map(|child| &child.proposals);
        let places: Vec<_> = places.map(|one| place(one, List::Encryption)).collect();
        if told.contains(&places) {
            continue;
        }
        let ends = [(pair.first, ours), (pair.second, theirs)];
        let useless =
            |(_, child): &&(Party<'_>, &Child)| !suite::esp_can_be_offered(&child.proposals);
        if let Some((end, child)) = ends.iter().find(useless) {
            told.push(places);
            found.push(nothing_to_offer(pair, end, child));
        } else if let Some(disjoint) = suite::esp_disjoint(&ours.proposals, &theirs.proposals) {
            told.push(places);
            found.push(refused(pair, ends, &disjoint));
        }
    }
}

fn nothing_to_offer(pair: &Pair<'_>, end: &Party<'_>, child: &Child) -> Found {
    let title = format!("no ESP proposal of {} can be offered", end.name());
    let mut finding = Finding::error(RULE.code, title)
        .when(IN_AUTH)
        .starter(WHOEVER);
    for proposal in &child.proposals {
        let span = place(proposal, List::Encryption).or(child.name.span);
        finding = finding.at(span, list(&proposal.encr));
    }
    if child.proposals.is_empty() {
        finding = finding.at(child.name.span, "no complete proposal");
    }
    let finding = finding.noted(OFFERED);
    Found::with(finding, start::effect(pair, Aspect::Esp))
}

fn refused(
    pair: &Pair<'_>,
    ends: [(Party<'_>, &Child); 2],
    disjoint: &Disjoint<EspSuite>,
) -> Found {
    let names: Vec<_> = disjoint.lists.iter().map(|list| list.words()).collect();
    let title = format!(
        "{} and {} have no common {} for ESP",
        pair.first.name(),
        pair.second.name(),
        names.join(", no common ")
    );
    let mut finding = Finding::error(RULE.code, title)
        .when(IN_AUTH)
        .starter(WHOEVER)
        .certain(Certainty::Rfc);
    let [first, second] = ends;
    for wanted in &disjoint.lists {
        finding = labelled(finding, first, *wanted, true);
        finding = labelled(finding, second, *wanted, false);
    }
    let found = Found::with(finding, start::effect(pair, Aspect::Esp));
    let found = evented(found, pair, ends);
    let [ours, theirs] = disjoint.favourites;
    // The end with the weaker choice gets the other's; or else the other way round.
    match strength::esp(&ours) >= strength::esp(&theirs) {
        true => given(given(found, second, ours), first, theirs),
        false => given(given(found, first, theirs), second, ours),
    }
}

fn evented(found: Found, pair: &Pair<'_>, ends: [(Party<'_>, &Child); 2]) -> Found {
    let (starter, answerer) = usual(pair);
    let words = |end: &Party<'_>| {
        let of_end = ends.iter().find(|(party, _)| party.end == end.end);
        of_end.map_or(String::new(), |(_, child)| {
            suite::esp_words(&child.proposals)
        })
    };
    let (offered, expected) = (words(&starter), words(&answerer));
    let event = |refused_by, received, expected| EventKind::NoProposalChosen {
        exchange: Exchange::IkeAuth,
        refused_by,
        received,
        expected,
    };
    found
        .event(answerer.end, event(By::Us, offered.clone(), expected))
        .event(
            starter.end,
            event(By::Peer, "NO_PROPOSAL_CHOSEN".into(), offered),
        )
}

fn labelled(
    mut finding: Finding,
    (end, child): (Party<'_>, &Child),
    wanted: List,
    primary: bool,
) -> Finding {
    for proposal in &child.proposals {
        let text = format!("{}: {}", end.name(), text(proposal, wanted));
        let span = place(proposal, wanted).or(child.name.span);
        finding = match primary {
            true => finding.at(span, text),
            false => finding.beside(span, text),
        };
    }
    finding
}

pub(super) fn text(proposal: &EspProposal, wanted: List) -> String {
    match wanted {
        List::Integrity => list(&proposal.integ),
        _ => list(&proposal.encr),
    }
}

pub(super) fn place(proposal: &EspProposal, wanted: List) -> Option<Span> {
    let own = match wanted {
        List::Integrity => span(&proposal.integ),
        _ => span(&proposal.encr),
    };
    own.or(proposal.name.as_ref().and_then(|name| name.span))
}

fn given(found: Found, (end, child): (Party<'_>, &Child), suite: EspSuite) -> Found {
    let change = Change::EspSuite {
        child: child.name.value.clone(),
        encr: suite.encr,
        integ: suite.integ,
    };
    let text = format!("let {} offer {} for ESP", end.name(), suite.words());
    found.cure(text, vec![(end.end, change)])
}
