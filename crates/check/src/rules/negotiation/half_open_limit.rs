//! A limit is lower than the number of peers.

use crate::rule::{Found, Judge, One, Rule};
use crossgate_diag::{Certainty, Finding, Spanned};

pub const RULE: Rule = Rule {
    code: "half-open-limit",
    page: include_str!("half_open_limit.md"),
    judge: Judge::One(judge),
};

fn judge(one: &One<'_>, found: &mut Vec<Found>) {
    let limits = &one.side.gateway.limits;
    let enabled = one
        .side
        .gateway
        .connections
        .iter()
        .filter(|c| c.enabled.value);
    let peers = u32::try_from(enabled.count()).unwrap_or(u32::MAX);
    let bounds = [
        ("IKE SAs in negotiation", &limits.max_half_open),
        ("IKE SAs", &limits.max_ike_sas),
    ];
    for (what, limit) in bounds {
        if limit.value < peers {
            found.push(told(one, what, limit, peers));
        }
    }
}

fn told(one: &One<'_>, what: &str, limit: &Spanned<u32>, peers: u32) -> Found {
    let title = format!(
        "{} has {peers} peers, but room for {} {what}",
        one.side.name, limit.value
    );
    let finding = Finding::warning(RULE.code, title)
        .at(limit.span, format!("{} at most", limit.value))
        .when("when more peers than that start at once, as after a reboot")
        .certain(Certainty::Doc)
        .help(format!(
            "raise the limit to {peers} at least, with room for peers that start anew"
        ));
    Found::harmless(finding)
}
