//! Which IKEv2 proposals are offered, and which never are.

use super::{Lowering, certain};
use crate::behaviour::{self, DefaultProposal};
use crate::config::Config;
use crate::config::policy::Policy;
use crate::config::proposal::Proposal;
use crossgate_crypto::{Integ, Prf};
use crossgate_diag::{Finding, Spanned};
use crossgate_model::{IkeProposal, LocalEnd};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

impl Lowering<'_, '_, '_> {
    /// What is offered from that local end, in order.
    pub(super) fn ike_proposals(&mut self, local: &LocalEnd) -> Vec<IkeProposal> {
        let address = local.address.map(|address| address.value);
        let config = self.config;
        let Some(policy) = self.index.policies(config).find(address) else {
            self.tell_of_default(local);
            return vec![self.default_proposal()];
        };
        let mut proposals = Vec::new();
        for name in &policy.proposals {
            if let Some(proposal) = self.index.find(&config.proposals, name) {
                proposals.extend(ike_proposal(proposal));
            } else if name.value == "default" {
                proposals.push(self.default_proposal());
            }
        }
        proposals
    }

    fn tell_of_default(&mut self, local: &LocalEnd) {
        let claim = behaviour::default_proposal(self.defaults.release);
        let source = claim.source;
        let finding = Finding::note(
            "default-proposal",
            "no IKEv2 policy of the file applies: the release's default proposal is offered",
        );
        let from = local.interface.as_ref().and_then(|name| name.span);
        let finding = finding.at(from, "to peers of connections from here");
        self.cx.push(certain(finding, claim.certainty, source));
    }

    /// The one named `default` if the file changes it, otherwise the release's own.
    fn default_proposal(&mut self) -> IkeProposal {
        let changed = self.index.find(&self.config.proposals, "default");
        let changed = changed.and_then(ike_proposal);
        let claim = behaviour::default_proposal(self.defaults.release);
        changed.unwrap_or_else(|| smart_default(&claim.value))
    }

    /// Tells once what is wrong with proposals and policies, whoever uses them.
    pub(super) fn check_proposals(&mut self) {
        let config = self.config;
        for policy in &config.policies {
            for name in policy
                .proposals
                .iter()
                .filter(|name| name.value != "default")
            {
                self.named(&config.proposals, name);
            }
            if policy.proposals.is_empty() {
                let finding = Finding::warning(
                    "incomplete-policy",
                    format!("IKEv2 policy `{}` names no proposal", policy.name.value),
                );
                self.cx.push(finding.at(policy.name.span, "not used"));
            }
        }
        let names = config.policies.iter().flat_map(|policy| &policy.proposals);
        let used: BTreeSet<&str> = names.map(|name| name.value.as_str()).collect();
        let alone = in_empty_policies(config);
        for proposal in &config.proposals {
            self.check_complete(proposal, alone.contains(proposal.name.value.as_str()));
            if !used.contains(proposal.name.value.as_str()) {
                self.tell_of_unused(proposal);
            }
        }
    }

    /// It matters where a policy has nothing else to offer.
    fn check_complete(&mut self, proposal: &Proposal, is_all_of_a_policy: bool) {
        if ike_proposal(proposal).is_some() {
            return;
        }
        let gcm = proposal.encr.iter().find(|encr| encr.is_aead());
        let missing = match (proposal, gcm) {
            _ if proposal.encr.is_empty() => "encryption",
            _ if proposal.groups.is_empty() => "group",
            (_, Some(_)) => "prf",
            _ => "integrity",
        };
        if proposal.unread.contains(&missing) {
            return;
        }
        let title = format!(
            "IKEv2 proposal `{}` has no `{missing}`",
            proposal.name.value
        );
        let finding = match is_all_of_a_policy {
            true => Finding::error("incomplete-proposal", title),
            false => Finding::warning("incomplete-proposal", title),
        };
        let gcm = gcm.filter(|_| missing == "prf").and_then(|gcm| gcm.span);
        self.cx
            .push(finding.at(proposal.name.span, "not offered").beside(
                gcm,
                "GCM leaves no integrity algorithm for the PRF to follow",
            ));
    }

    /// A proposal does nothing until a policy names it, and IOS doesn't say so.
    fn tell_of_unused(&mut self, proposal: &Proposal) {
        if proposal.name.value == "default" {
            return;
        }
        let release = behaviour::default_proposal(self.defaults.release);
        let offered = match self.config.policies.is_empty() {
            true => "the default proposal is offered instead",
            false => "other proposals are offered",
        };
        let finding = Finding::warning(
            "unused-proposal",
            format!(
                "no IKEv2 policy names proposal `{}`: {offered}",
                proposal.name.value
            ),
        )
        .at(proposal.name.span, "never offered")
        .help(format!(
            "add `crypto ikev2 policy NAME` with `proposal {}`",
            proposal.name.value
        ));
        self.cx
            .push(certain(finding, release.certainty, release.source));
    }
}

/// The policies by the addresses that they are for; the first for an address counts.
pub(super) struct Policies<'c> {
    stating: BTreeMap<IpAddr, &'c Policy>,
    general: Option<&'c Policy>,
}

impl<'c> Policies<'c> {
    pub fn new(config: &'c Config) -> Self {
        let complete = || config.policies.iter().filter(|p| !p.proposals.is_empty());
        let mut stating = BTreeMap::new();
        for policy in complete() {
            for address in &policy.match_local {
                stating.entry(address.value).or_insert(policy);
            }
        }
        let general = complete().find(|policy| policy.match_local.is_empty());
        Self { stating, general }
    }

    /// For IKE SAs from that address: the one that states it, else one that states none.
    pub fn find(&self, address: Option<IpAddr>) -> Option<&'c Policy> {
        let stating = address.and_then(|address| self.stating.get(&address).copied());
        stating.or(self.general)
    }
}

/// The policy for IKE SAs from that address.
pub(crate) fn policy_for(config: &Config, address: Option<IpAddr>) -> Option<&Policy> {
    Policies::new(config).find(address)
}

/// None while it lacks what IOS wants of a proposal.
pub(crate) fn ike_proposal(proposal: &Proposal) -> Option<IkeProposal> {
    let aead_only = proposal.encr.iter().all(|encr| encr.is_aead());
    let prf = match proposal.prf.is_empty() {
        // Without a line of its own, the PRF follows the integrity list.
        true => proposal.integ.iter().map(|i| i.map(prf_of)).collect(),
        false => proposal.prf.clone(),
    };
    let complete = !proposal.encr.is_empty()
        && !proposal.groups.is_empty()
        && !prf.is_empty()
        && (aead_only || !proposal.integ.is_empty());
    complete.then(|| IkeProposal {
        name: Some(proposal.name.clone()),
        encr: proposal.encr.clone(),
        integ: proposal.integ.clone(),
        prf,
        groups: proposal.groups.clone(),
    })
}

pub(crate) fn smart_default(proposal: &DefaultProposal) -> IkeProposal {
    let default = Spanned::default_of;
    IkeProposal {
        name: None,
        encr: proposal.encr.iter().copied().map(default).collect(),
        integ: proposal
            .integ
            .iter()
            .copied()
            .map(Spanned::default_of)
            .collect(),
        prf: proposal
            .integ
            .iter()
            .map(|integ| Spanned::default_of(prf_of(*integ)))
            .collect(),
        groups: proposal
            .groups
            .iter()
            .copied()
            .map(Spanned::default_of)
            .collect(),
    }
}

pub(crate) fn prf_of(integ: Integ) -> Prf {
    match integ {
        Integ::HmacMd5_96 => Prf::HmacMd5,
        Integ::HmacSha1_96 => Prf::HmacSha1,
        Integ::HmacSha256_128 => Prf::HmacSha256,
        Integ::HmacSha384_192 => Prf::HmacSha384,
        Integ::HmacSha512_256 => Prf::HmacSha512,
    }
}

/// Names in those policies that have nothing complete to offer.
fn in_empty_policies(config: &Config) -> BTreeSet<&str> {
    let complete = |proposal: &&Proposal| ike_proposal(proposal).is_some();
    let complete = config.proposals.iter().filter(complete);
    let complete: BTreeSet<&str> = complete.map(|p| p.name.value.as_str()).collect();
    let is_offered =
        |name: &Spanned<String>| name.value == "default" || complete.contains(name.value.as_str());
    let policies = config.policies.iter().map(|policy| &policy.proposals);
    let empty = policies.filter(|names| !names.iter().any(is_offered));
    empty.flatten().map(|name| name.value.as_str()).collect()
}
