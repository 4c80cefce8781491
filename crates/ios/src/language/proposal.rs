//! Changes of what is offered for IKE SAs: in the proposals of the IKEv2 policy that applies.

use super::block::Block;
use super::patch::{Patch, Place};
use crate::config::policy::Policy;
use crate::config::proposal::Proposal;
use crate::config::{Config, find};
use crate::lower::proposals::{ike_proposal, policy_for, prf_of};
use crate::words::{self, Said, cannot};
use crossgate_crypto::{DhGroup, Encr, Integ, Prf};
use crossgate_diag::Spanned;
use crossgate_model::{Connection, IkeVersion};
use std::net::IpAddr;

type Suite = (Encr, Option<Integ>, Prf, DhGroup);

const POLICY: &str = "crypto ikev2 policy";
const PROPOSAL: &str = "crypto ikev2 proposal";

pub(super) fn offer(patch: &mut Patch<'_>, name: &str, suite: Suite) -> Said<()> {
    let connection = patch.connection(name)?;
    if connection.version.value == IkeVersion::V1 {
        return cannot(format!("`{name}` speaks IKEv1"));
    }
    let config = &patch.lines.reading.config;
    let Some(policy) = policy_for(config, address(connection)) else {
        return match unfinished(patch, connection, suite) {
            Some(policy) => in_policy(patch, policy, suite),
            None => new_policy(patch, connection, None, suite),
        };
    };
    let others = others_with(patch, connection, Some(policy));
    if !others.is_empty() {
        return new_policy(patch, connection, Some(policy), suite);
    }
    in_policy(patch, policy, suite)
}

/// The policy that would apply, if it named a proposal. Where others would go by it as well, it may
/// be finished only by what the file has for it.
fn unfinished<'r>(patch: &Patch<'r>, connection: &Connection, suite: Suite) -> Option<&'r Policy> {
    let config = &patch.lines.reading.config;
    let ours = address(connection);
    let mut policies = config.policies.iter();
    let policy = policies.find(|policy| {
        let mut stated = policy.match_local.iter();
        policy.proposals.is_empty()
            && (policy.match_local.is_empty() || stated.any(|own| Some(own.value) == ours))
    })?;
    let is_alone = others_with(patch, connection, None).is_empty();
    let is_at_hand = || unnamed(config).any(|proposal| offers(proposal, suite));
    (is_alone || is_at_hand()).then_some(policy)
}

/// Proposals that no policy names.
fn unnamed(config: &Config) -> impl Iterator<Item = &Proposal> {
    let is_named = |proposal: &Proposal| {
        let mut names = config.policies.iter().flat_map(|policy| &policy.proposals);
        names.any(|name| name.value == proposal.name.value)
    };
    let all = config.proposals.iter();
    all.filter(move |proposal| proposal.name.value != "default" && !is_named(proposal))
}

/// Whether the suite is among what a proposal offers.
fn offers(proposal: &Proposal, (encr, integ, prf, group): Suite) -> bool {
    let Some(offered) = ike_proposal(proposal) else {
        return false;
    };
    has(&offered.encr, encr)
        && integ.is_none_or(|integ| encr.is_aead() || has(&offered.integ, integ))
        && has(&offered.prf, prf)
        && has(&offered.groups, group)
}

fn has<T: PartialEq>(stated: &[Spanned<T>], wanted: T) -> bool {
    stated.iter().any(|one| one.value == wanted)
}

/// The name of a proposal that a policy may be given: one of the file that waits for it, as it is if
/// it offers the suite and else rewritten, or a new one.
fn proposal_for(patch: &mut Patch<'_>, base: &str, suite: Suite) -> Said<String> {
    let config = &patch.lines.reading.config;
    if let Some(fitting) = unnamed(config).find(|proposal| offers(proposal, suite)) {
        return Ok(fitting.name.value.clone());
    }
    if let Some(waiting) = unnamed(config).next() {
        rewrite(patch, waiting, suite)?;
        return Ok(waiting.name.value.clone());
    }
    let fresh = patch.lines.fresh(&format!("{base}-PROPOSAL"));
    let place = place(patch)?;
    patch.add_block(place, &format!("{PROPOSAL} {fresh}"), &lines(suite)?);
    Ok(fresh)
}

fn address(connection: &Connection) -> Option<IpAddr> {
    connection.local.address.map(|address| address.value)
}

/// Other connections that the same policy serves, or the release's default.
fn others_with<'r>(
    patch: &Patch<'r>,
    connection: &Connection,
    policy: Option<&Policy>,
) -> Vec<&'r Connection> {
    let reading = patch.lines.reading;
    let same = |other: &&Connection| {
        let theirs = policy_for(&reading.config, address(other));
        other.name.value != connection.name.value
            && other.version.value != IkeVersion::V1
            && theirs.map(|p| &p.name) == policy.map(|p| &p.name)
    };
    reading.gateway.connections.iter().filter(same).collect()
}

/// The lines of a proposal with just this suite.
fn lines((encr, integ, prf, group): Suite) -> Said<Vec<String>> {
    let mut lines = vec![format!("encryption {}", words::ike_encr(encr)?)];
    match integ.filter(|_| !encr.is_aead()) {
        Some(integ) => {
            lines.push(format!("integrity {}", words::ike_integ(integ)?));
            if prf != prf_of(integ) {
                lines.push(format!("prf {}", words::ike_prf(prf)?));
            }
        }
        None if encr.is_aead() => lines.push(format!("prf {}", words::ike_prf(prf)?)),
        None => return cannot(format!("{encr} needs an integrity algorithm beside it")),
    }
    lines.push(format!("group {}", words::ike_group(group)?));
    Ok(lines)
}

/// A policy for this connection's local address alone, which is all that a policy goes by.
fn new_policy(
    patch: &mut Patch<'_>,
    connection: &Connection,
    shared: Option<&Policy>,
    suite: Suite,
) -> Said<()> {
    let others = others_with(patch, connection, shared);
    let ours = address(connection);
    let twin = others.iter().find(|other| address(other) == ours);
    if let Some(twin) = twin {
        return cannot(format!(
            "IKEv2 policies go by the local address, and `{}` starts from the same one",
            twin.name.value
        ));
    }
    let base = shared.map_or("IKE", |policy| policy.name.value.as_str());
    let policy = patch.lines.fresh(&format!("{base}-POLICY"));
    let place = place(patch)?;
    let proposal = proposal_for(patch, base, suite)?;
    let mut inner = Vec::new();
    if let (Some(ours), false) = (ours, others.is_empty()) {
        inner.push(format!("match address local {ours}"));
    }
    inner.push(format!("proposal {proposal}"));
    let fellow = patch.lines.all(POLICY).last().map(|l| Place::After(l));
    patch.add_block(
        fellow.unwrap_or(place),
        &format!("{POLICY} {policy}"),
        &inner,
    );
    Ok(())
}

/// After the other proposals, else before whatever of IKEv2 comes first.
fn place<'r>(patch: &Patch<'r>) -> Said<Place<'r>> {
    let first = ["crypto ikev2 keyring", "crypto ikev2 profile"]
        .iter()
        .filter_map(|path| patch.lines.all(path).first().copied())
        .min_by_key(|line| line.raw.start);
    patch.beside(PROPOSAL, first.map(Place::Before))
}

/// The policy is this connection's own: its first proposal that no other policy names is
/// rewritten, and it offers no other.
fn in_policy(patch: &mut Patch<'_>, policy: &Policy, suite: Suite) -> Said<()> {
    let config = &patch.lines.reading.config;
    let names = |policy: &&Policy, name: &Spanned<String>| policy.proposals.contains(name);
    let users = |name| config.policies.iter().filter(|p| names(p, name)).count();
    let own: Vec<&Proposal> = policy
        .proposals
        .iter()
        .filter(|name| users(name) == 1 && name.value != "default")
        .filter_map(|name| find(&config.proposals, name))
        .collect();
    let Some(block) = patch.lines.named(POLICY, &policy.name) else {
        return cannot(format!("IKEv2 policy `{}` has no lines", policy.name.value));
    };
    let kept = match own.first() {
        Some(proposal) => {
            rewrite(patch, proposal, suite)?;
            proposal.name.value.clone()
        }
        None => proposal_for(patch, &policy.name.value, suite)?,
    };
    let named = patch.lines.of(&block, "proposal");
    if own.is_empty() && named.is_empty() {
        patch.add(&block, format!("proposal {kept}"));
    }
    if own.is_empty() {
        patch.type_in(&block, &format!("proposal {kept}"));
    }
    let mut named = named.into_iter();
    // The first line that goes makes room for a new name.
    if own.is_empty()
        && let Some(line) = named.next()
    {
        let old = patch.lines.said(line);
        patch.type_in(&block, &format!("no {old}"));
        patch.rewrite(line, "proposal", kept.as_str());
    }
    for line in named {
        if patch.lines.args(line).first() != Some(&kept.as_str()) {
            patch.take_back(&block, line);
        }
    }
    for proposal in own.iter().skip(1) {
        if let Some(block) = patch.lines.named(PROPOSAL, &proposal.name) {
            patch.remove_named(&block, PROPOSAL, &proposal.name);
        }
    }
    Ok(())
}

/// Changes what differs, line by line.
fn rewrite(patch: &mut Patch<'_>, proposal: &Proposal, suite: Suite) -> Said<()> {
    let (encr, integ, prf, group) = suite;
    let integ = integ.filter(|_| !encr.is_aead());
    let Some(block) = patch.lines.named(PROPOSAL, &proposal.name) else {
        return cannot(format!("proposal `{}` has no lines", proposal.name.value));
    };
    set(
        patch,
        &block,
        "encryption",
        &proposal.encr,
        (encr, words::ike_encr),
    )
    .and_then(|()| match integ {
        Some(integ) => set(
            patch,
            &block,
            "integrity",
            &proposal.integ,
            (integ, words::ike_integ),
        ),
        None => {
            patch.unset(&block, "integrity");
            Ok(())
        }
    })?;
    match integ {
        Some(integ) if prf == prf_of(integ) => {
            if !is_only(&proposal.prf, prf) {
                patch.unset(&block, "prf");
            }
        }
        _ => set(patch, &block, "prf", &proposal.prf, (prf, words::ike_prf))?,
    }
    set(
        patch,
        &block,
        "group",
        &proposal.groups,
        (group, words::ike_group),
    )
}

fn is_only<T: PartialEq>(stated: &[Spanned<T>], wanted: T) -> bool {
    matches!(stated, [one] if one.value == wanted)
}

fn set<'r, T: Copy + PartialEq>(
    patch: &mut Patch<'r>,
    block: &Block<'r>,
    path: &str,
    stated: &[Spanned<T>],
    (wanted, word): (T, fn(T) -> Said<&'static str>),
) -> Said<()> {
    let word = word(wanted)?;
    if !is_only(stated, wanted) {
        patch.set(block, path, word);
    }
    Ok(())
}
