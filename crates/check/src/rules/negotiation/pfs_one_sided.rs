//! One end wants PFS, the other doesn't, or another group.

use crate::agreement::{Pfs, pfs, pfs_words};
use crate::rule::{Effect, Found, Judge, Pair, Party, Rule};
use crossgate_diag::{Certainty, Finding};
use crossgate_model::behaviour::PfsUnset;
use crossgate_model::event::{EventKind, Side as By};
use crossgate_model::{Change, Child};

pub const RULE: Rule = Rule {
    code: "pfs-one-sided",
    page: include_str!("pfs_one_sided.md"),
    judge: Judge::Pair(judge),
};

fn judge(pair: &Pair<'_>, found: &mut Vec<Found>) {
    for [ours, theirs] in pair.children() {
        let (starter, child, answerer, other) = rekeyer(pair, ours, theirs);
        let takes_any = answerer.gateway().behaviour.pfs_unset.value == PfsUnset::AcceptPeersGroup;
        if pfs(child, other, takes_any) == Pfs::Refused {
            found.push(refused(starter, child, answerer, other));
        }
    }
}

/// The end whose Child is the first to be rekeyed, and its peer.
fn rekeyer<'a>(
    pair: &Pair<'a>,
    ours: &'a Child,
    theirs: &'a Child,
) -> (Party<'a>, &'a Child, Party<'a>, &'a Child) {
    let soft = |party: &Party<'_>, child: &Child| {
        let margin = party.gateway().behaviour.child_rekey.value;
        margin.soft(child.lifetime.time.value, 0)
    };
    match soft(&pair.first, ours) <= soft(&pair.second, theirs) {
        true => (pair.first, ours, pair.second, theirs),
        false => (pair.second, theirs, pair.first, ours),
    }
}

fn refused(starter: Party<'_>, child: &Child, answerer: Party<'_>, other: &Child) -> Found {
    let margin = starter.gateway().behaviour.child_rekey.value;
    let after = margin.soft(child.lifetime.time.value, 0);
    let (asked, wanted) = (pfs_words(&child.pfs), pfs_words(&other.pfs));
    let span = |child: &Child| child.pfs.and_then(|pfs| pfs.span).or(child.name.span);
    let finding = Finding::error(
        "pfs-one-sided",
        format!(
            "{} rekeys with {asked}, {} wants {wanted}",
            starter.name(),
            answerer.name()
        ),
    )
    .at(span(child), asked.clone())
    .beside(span(other), wanted.clone())
    .when(format!(
        "at the first rekey, {} s after the tunnel came up",
        after.as_secs()
    ))
    .starter("whoever starts")
    .certain(Certainty::Rfc);
    let event = |by| EventKind::PfsMismatch {
        refused_by: by,
        received: asked.clone(),
        expected: wanted.clone(),
    };
    let change = |child: &Child, group| Change::Pfs {
        child: child.name.value.clone(),
        group,
    };
    let group = |child: &Child| child.pfs.map(|pfs| pfs.value);
    let found = Found::with(finding, Effect::FailsAtRekey { after })
        .event(answerer.end, event(By::Us))
        .event(starter.end, event(By::Peer));
    let copy = |found: Found, from: &Child, party: Party<'_>, to: &Child| {
        let text = format!("give {} {}", party.name(), pfs_words(&from.pfs));
        found.cure(text, vec![(party.end, change(to, group(from)))])
    };
    // Prefer to gain secrecy over losing it.
    match child.pfs.is_some() {
        true => copy(copy(found, child, answerer, other), other, starter, child),
        false => copy(copy(found, other, starter, child), child, answerer, other),
    }
}
