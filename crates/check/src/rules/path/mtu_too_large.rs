//! The tunnel interface takes larger packets than fit, sealed, into the outer ones.

use super::room::{At, Room, rooms};
use crate::rule::{Found, Judge, Pair, Rule};
use crate::words::WHOEVER;
use crossgate_diag::{Certainty, Finding, Spanned};
use crossgate_model::{Change, Interface};

pub const RULE: Rule = Rule {
    code: "mtu-too-large",
    page: include_str!("mtu_too_large.md"),
    judge: Judge::Pair(judge),
};

fn judge(pair: &Pair<'_>, found: &mut Vec<Found>) {
    let mut told: Vec<(crossgate_model::End, &str)> = Vec::new();
    for room in &rooms(pair) {
        for at in &room.ends {
            let Some(tunnel) = at.tunnel else { continue };
            let key = (at.end(), tunnel.name.value.as_str());
            let mtu = tunnel.mtu.filter(|mtu| mtu.value > room.inner);
            if let Some(mtu) = mtu.filter(|_| !told.contains(&key)) {
                told.push((at.end(), &tunnel.name.value));
                found.push(too_large(room, at, tunnel, mtu));
            }
        }
    }
}

fn too_large(room: &Room<'_>, at: &At<'_>, tunnel: &Interface, mtu: Spanned<u16>) -> Found {
    let (name, who) = (&tunnel.name.value, at.party.name());
    let inner = room.inner;
    let title = format!(
        "{name} of {who} takes packets of {} octets, and {inner} fit",
        mtu.value
    );
    let proposal = at.child.proposals.first().and_then(|p| p.encr.first());
    let finding = Finding::warning(RULE.code, title)
        .at(mtu.span, format!("{} octets", mtu.value))
        .beside(
            proposal.and_then(|encr| encr.span),
            format!("{} leaves room for {inner}", room.words()),
        )
        .when(format!("with the first packet of more than {inner} octets"))
        .starter(WHOEVER)
        .certain(Certainty::Rfc)
        .noted("such packets are sent as fragments, or dropped where fragments are: small ones pass, large ones do not");
    let change = Change::Mtu {
        interface: name.clone(),
        octets: inner,
    };
    Found::harmless(finding).cure(
        format!("set the MTU of {name} of {who} to {inner}"),
        vec![(at.end(), change)],
    )
}
