//! IKE proposals overlap, but aren't alike: which suite it will be.

use super::ike_proposals_disjoint::place;
use crate::agreement::suite::{self, IkeChoice, List};
use crate::rule::{Found, Judge, Pair, Party, Rule};
use crate::words::list;
use crossgate_diag::Finding;
use crossgate_model::IkeProposal;

pub const RULE: Rule = Rule {
    code: "ike-proposals-differ",
    page: include_str!("ike_proposals_differ.md"),
    judge: Judge::Pair(judge),
};

fn judge(pair: &Pair<'_>, found: &mut Vec<Found>) {
    let (ours, theirs) = (
        &pair.first.connection.proposals,
        &pair.second.connection.proposals,
    );
    let (Some(there), Some(back)) = (suite::ike(ours, theirs), suite::ike(theirs, ours)) else {
        return;
    };
    let lists = differing(ours, theirs);
    if lists.is_empty() {
        return;
    }
    let mut finding = Finding::note(RULE.code, title(pair, &there, &back))
        .certain(suite::certainty(there.suite == back.suite));
    for wanted in lists {
        finding = labelled(finding, &pair.first, wanted);
        finding = labelled(finding, &pair.second, wanted);
    }
    for (end, choice) in [(&pair.first, there), (&pair.second, back)] {
        if let Some(note) = round_trip(end, &choice) {
            finding = finding.noted(note);
        }
    }
    found.push(Found::harmless(finding));
}

fn title(pair: &Pair<'_>, there: &IkeChoice, back: &IkeChoice) -> String {
    if there.suite == back.suite {
        return format!(
            "the IKE proposals differ, and {} is chosen",
            there.suite.words()
        );
    }
    format!(
        "the IKE proposals differ: {} is chosen when {} starts, {} when {} does",
        there.suite.words(),
        pair.first.name(),
        back.suite.words(),
        pair.second.name()
    )
}

/// RFC 7296 §1.2.
fn round_trip(end: &Party<'_>, choice: &IkeChoice) -> Option<String> {
    (choice.first_group != choice.suite.group).then(|| {
        format!(
            "when {} starts, its first key exchange is of {}, and the other end asks for {}: one round trip more",
            end.name(),
            choice.first_group,
            choice.suite.group
        )
    })
}

/// Which lists aren't the same in the same order.
fn differing(ours: &[IkeProposal], theirs: &[IkeProposal]) -> Vec<List> {
    fn words(proposals: &[IkeProposal], of: impl Fn(&IkeProposal) -> String) -> Vec<String> {
        proposals.iter().map(of).collect()
    }
    let is_other = |wanted: &List| {
        let of = |proposal: &IkeProposal| text(proposal, *wanted);
        words(ours, of) != words(theirs, of)
    };
    let all = [List::Encryption, List::Integrity, List::Prf, List::Group];
    all.into_iter().filter(is_other).collect()
}

fn text(proposal: &IkeProposal, wanted: List) -> String {
    match wanted {
        List::Encryption => list(&proposal.encr),
        List::Integrity => list(&proposal.integ),
        List::Prf => list(&proposal.prf),
        List::Group => list(&proposal.groups),
    }
}

fn labelled(mut finding: Finding, end: &Party<'_>, wanted: List) -> Finding {
    for proposal in &end.connection.proposals {
        finding = finding.beside(
            place(proposal, wanted),
            format!("{}: {}", end.name(), text(proposal, wanted)),
        );
    }
    finding
}
