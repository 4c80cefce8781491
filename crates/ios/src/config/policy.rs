//! `crypto ikev2 policy`: which proposals are offered where.

use super::reasons::ONE_TABLE;
use super::{Config, Named, enlist, entry, remove};
use crate::grammar::{Args, Mode, Rule, lacking, run, set};
use crate::tree::Line;
use crossgate_diag::Spanned;
use std::net::IpAddr;

#[derive(Clone, Debug)]
pub struct Policy {
    pub name: Spanned<String>,
    /// In order of preference.
    pub proposals: Vec<Spanned<String>>,
    /// Only for IKE SAs from one of these; none: for all.
    pub match_local: Vec<Spanned<IpAddr>>,
}

impl Named for Policy {
    const WHAT: &'static str = "IKEv2 policy";

    fn new(name: Spanned<String>) -> Self {
        Self {
            name,
            proposals: Vec::new(),
            match_local: Vec::new(),
        }
    }

    fn name(&self) -> &Spanned<String> {
        &self.name
    }
}

pub(crate) static TABLE: &[Rule<Policy>] = &[
    set("proposal", proposal),
    set("match address local", match_local),
    set("match fvrf any", |_, _| Some(())),
    lacking("match fvrf", ONE_TABLE),
];

pub(super) fn open(config: &mut Config, args: &mut Args<'_, '_>, lines: &[Line]) -> Option<()> {
    let name = args.name("the policy's name")?;
    if args.no {
        remove(&mut config.policies, &name, args.cx);
        return Some(());
    }
    let policy = entry(&mut config.policies, name, args.cx)?;
    run(Mode::Policy, TABLE, lines, policy, args.cx);
    Some(())
}

/// Each line adds one.
fn proposal(policy: &mut Policy, args: &mut Args<'_, '_>) -> Option<()> {
    let name = args.name("a proposal's name")?;
    let key = format!("{} {}", policy.name.value, name.value);
    enlist(
        &mut policy.proposals,
        name,
        ("proposal of a policy", &key),
        args,
    );
    Some(())
}

fn match_local(policy: &mut Policy, args: &mut Args<'_, '_>) -> Option<()> {
    let address = args.ip("an address of this router")?;
    let key = format!("{} {}", policy.name.value, address.value);
    enlist(
        &mut policy.match_local,
        address,
        ("address of a policy", &key),
        args,
    );
    Some(())
}
