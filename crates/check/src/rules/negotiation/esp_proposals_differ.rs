//! ESP proposals overlap, but aren't alike: which suite it will be.

use super::esp_proposals_disjoint::{place, text};
use crate::agreement::suite::{self, EspSuite, List};
use crate::rule::{Found, Judge, Pair, Party, Rule};
use crossgate_diag::{Finding, Span};
use crossgate_model::{Child, EspProposal};

pub const RULE: Rule = Rule {
    code: "esp-proposals-differ",
    page: include_str!("esp_proposals_differ.md"),
    judge: Judge::Pair(judge),
};

fn judge(pair: &Pair<'_>, found: &mut Vec<Found>) {
    let mut told: Vec<Vec<Option<Span>>> = Vec::new();
    for &[ours, theirs] in pair.children() {
        let (a, b) = (&ours.proposals, &theirs.proposals);
        let (Some(there), Some(back)) = (suite::esp(a, b), suite::esp(b, a)) else {
            continue;
        };
        let places: Vec<_> = a
            .iter()
            .chain(b)
            .map(|one| place(one, List::Encryption))
            .collect();
        if is_alike(a, b) || told.contains(&places) {
            continue;
        }
        told.push(places);
        let finding = Finding::note(RULE.code, title(pair, &there, &back))
            .certain(suite::certainty(there == back));
        let finding = labelled(finding, &pair.first, ours, theirs);
        let finding = labelled(finding, &pair.second, theirs, ours);
        found.push(Found::harmless(finding));
    }
}

fn title(pair: &Pair<'_>, there: &EspSuite, back: &EspSuite) -> String {
    if there == back {
        return format!("the ESP proposals differ, and {} is chosen", there.words());
    }
    format!(
        "the ESP proposals differ: {} is chosen when {} starts, {} when {} does",
        there.words(),
        pair.first.name(),
        back.words(),
        pair.second.name()
    )
}

const LISTS: [List; 2] = [List::Encryption, List::Integrity];

fn words(proposals: &[EspProposal], wanted: List) -> Vec<String> {
    proposals.iter().map(|one| text(one, wanted)).collect()
}

fn is_alike(a: &[EspProposal], b: &[EspProposal]) -> bool {
    let mut lists = LISTS.into_iter();
    lists.all(|wanted| words(a, wanted) == words(b, wanted))
}

fn labelled(mut finding: Finding, end: &Party<'_>, child: &Child, other: &Child) -> Finding {
    for wanted in LISTS {
        if words(&child.proposals, wanted) == words(&other.proposals, wanted) {
            continue;
        }
        for proposal in &child.proposals {
            let text = format!("{}: {}", end.name(), text(proposal, wanted));
            finding = finding.beside(place(proposal, wanted), text);
        }
    }
    finding
}
