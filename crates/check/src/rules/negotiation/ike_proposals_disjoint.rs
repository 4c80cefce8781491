//! No IKE suite is common.

use crate::agreement::start::usual;
use crate::agreement::strength;
use crate::agreement::suite::{self, Disjoint, IkeSuite, List};
use crate::rule::{Effect, Found, Judge, Pair, Party, Rule};
use crate::words::{IN_INIT, WHOEVER, list, span};
use crossgate_diag::{Certainty, Finding, Span};
use crossgate_model::event::{EventKind, Exchange, Side as By};
use crossgate_model::{Change, IkeProposal};

pub const RULE: Rule = Rule {
    code: "ike-proposals-disjoint",
    page: include_str!("ike_proposals_disjoint.md"),
    judge: Judge::Pair(judge),
};

/// Why a list may come to nothing.
pub(super) const OFFERED: &str = "an offer takes an encryption algorithm, an integrity algorithm with it unless it combines both, and for IKE a PRF and a group; this program implements no DES, no 3DES and no group 24, and what is incomplete or unknown is told where the file is read";

fn judge(pair: &Pair<'_>, found: &mut Vec<Found>) {
    let ends = [pair.first, pair.second];
    let [ours, theirs] = ends.map(|end| end.connection.proposals.as_slice());
    if let Some(end) = ends.iter().find(|end| !can_be_offered(end)) {
        // What can't be used at all, another rule tells.
        if end.connection.enabled.value {
            found.push(nothing_to_offer(end));
        }
    } else if let Some(disjoint) = suite::ike_disjoint(ours, theirs) {
        found.push(told(pair, &disjoint));
    }
}

fn can_be_offered(end: &Party<'_>) -> bool {
    suite::ike_can_be_offered(&end.connection.proposals)
}

fn nothing_to_offer(end: &Party<'_>) -> Found {
    let title = format!("no IKE proposal of {} can be offered", end.name());
    let proposals = &end.connection.proposals;
    let mut finding = Finding::error(RULE.code, title)
        .when(IN_INIT)
        .starter(WHOEVER);
    for proposal in proposals {
        let span = place(proposal, List::Encryption).or(end.connection.name.span);
        finding = finding.at(span, list(&proposal.encr));
    }
    if proposals.is_empty() {
        finding = finding.at(end.connection.name.span, "no complete proposal");
    }
    let finding = finding.noted(OFFERED);
    Found::with(finding, Effect::NeverComesUp)
}

fn told(pair: &Pair<'_>, disjoint: &Disjoint<IkeSuite>) -> Found {
    let lists = written_apart(pair, &disjoint.lists);
    let names: Vec<_> = lists.iter().map(|list| list.words()).collect();
    let title = format!(
        "{} and {} have no common {} for IKE",
        pair.first.name(),
        pair.second.name(),
        names.join(", no common ")
    );
    let mut finding = Finding::error(RULE.code, title)
        .when(IN_INIT)
        .starter(WHOEVER)
        .certain(Certainty::Rfc);
    for wanted in &lists {
        finding = labelled(finding, &pair.first, *wanted, true);
        finding = labelled(finding, &pair.second, *wanted, false);
    }
    let (starter, answerer) = usual(pair);
    let words = |end: &Party<'_>| suite::ike_words(&end.connection.proposals);
    let (offered, expected) = (words(&starter), words(&answerer));
    let event = |refused_by, received, expected| EventKind::NoProposalChosen {
        exchange: Exchange::IkeSaInit,
        refused_by,
        received,
        expected,
    };
    let found = Found::with(finding, Effect::NeverComesUp)
        .event(answerer.end, event(By::Us, offered.clone(), expected))
        .event(
            starter.end,
            event(By::Peer, "NO_PROPOSAL_CHOSEN".into(), offered),
        );
    cured(found, pair, disjoint)
}

/// Without the PRFs where both ends' follow the integrity lists, of which one speaks then.
fn written_apart(pair: &Pair<'_>, lists: &[List]) -> Vec<List> {
    let follows = |end: &Party<'_>| {
        let mut proposals = end.connection.proposals.iter();
        proposals.all(|one| place(one, List::Prf) == place(one, List::Integrity))
    };
    let is_one = lists.contains(&List::Integrity) && follows(&pair.first) && follows(&pair.second);
    let all = lists.iter().copied();
    all.filter(|list| *list != List::Prf || !is_one).collect()
}

fn labelled(mut finding: Finding, end: &Party<'_>, wanted: List, primary: bool) -> Finding {
    for proposal in &end.connection.proposals {
        let text = match wanted {
            List::Encryption => list(&proposal.encr),
            List::Integrity => list(&proposal.integ),
            List::Prf => list(&proposal.prf),
            List::Group => list(&proposal.groups),
        };
        let text = format!("{}: {text}", end.name());
        let span = place(proposal, wanted).or(end.connection.name.span);
        finding = match primary {
            true => finding.at(span, text),
            false => finding.beside(span, text),
        };
    }
    finding
}

pub(super) fn place(proposal: &IkeProposal, wanted: List) -> Option<Span> {
    let own = match wanted {
        List::Encryption => span(&proposal.encr),
        List::Integrity => span(&proposal.integ),
        List::Prf => span(&proposal.prf),
        List::Group => span(&proposal.groups),
    };
    own.or(proposal.name.as_ref().and_then(|name| name.span))
}

/// The end with the weaker choice gets the other's; or else the other way round.
fn cured(found: Found, pair: &Pair<'_>, disjoint: &Disjoint<IkeSuite>) -> Found {
    let [ours, theirs] = disjoint.favourites;
    let (first, second) = (pair.first, pair.second);
    match strength::ike(&ours) >= strength::ike(&theirs) {
        true => given(given(found, &second, ours), &first, theirs),
        false => given(given(found, &first, theirs), &second, ours),
    }
}

fn given(found: Found, end: &Party<'_>, suite: IkeSuite) -> Found {
    let change = Change::IkeSuite {
        connection: end.connection.name.value.clone(),
        encr: suite.encr,
        integ: suite.integ,
        prf: suite.prf,
        group: suite.group,
    };
    let text = format!("let {} offer {}", end.name(), suite.words());
    found.cure(text, vec![(end.end, change)])
}
