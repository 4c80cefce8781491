//! Two connections of one gateway are for the same peer, and nothing tells them apart.

use crate::rule::{Found, Judge, One, Rule};
use crossgate_diag::{Certainty, Finding};
use crossgate_model::{Connection, IdentityMatch};
use std::collections::BTreeMap;
use std::net::IpAddr;

pub const RULE: Rule = Rule {
    code: "duplicate-peer",
    page: include_str!("duplicate_peer.md"),
    judge: Judge::One(judge),
};

fn judge(one: &One<'_>, found: &mut Vec<Found>) {
    let connections = &one.side.gateway.connections;
    let mut by_way: BTreeMap<Way<'_>, Vec<&Connection>> = BTreeMap::new();
    for second in connections.iter().filter(|c| c.enabled.value) {
        let earlier = by_way.entry(way(second)).or_default();
        let mut admitted = earlier.iter();
        if let Some(first) = admitted.find(|first| is_same_peer(first, second)) {
            found.push(told(first, second));
        }
        earlier.push(second);
    }
}

/// Own interface, own address and the peer: only connections that have all of them in common are
/// compared, because a hub has thousands.
type Way<'a> = (Option<&'a str>, Option<IpAddr>, String);

fn way(connection: &Connection) -> Way<'_> {
    let local = &connection.local;
    let interface = local.interface.as_ref().map(|name| name.value.as_str());
    let address = local.address.as_ref().map(|address| address.value);
    (interface, address, connection.remote.to_string())
}

fn is_same_peer(a: &Connection, b: &Connection) -> bool {
    let same_end = a.local.interface == b.local.interface && a.local.address == b.local.address;
    same_end && a.remote == b.remote && admit_the_same(a, b)
}

/// Whether some identity is admitted by both.
fn admit_the_same(a: &Connection, b: &Connection) -> bool {
    let (ours, theirs) = (&a.remote_identities, &b.remote_identities);
    let both = |ours: &IdentityMatch| theirs.iter().any(|theirs| overlap(ours, &theirs.value));
    ours.is_empty() || theirs.is_empty() || ours.iter().any(|ours| both(&ours.value))
}

fn overlap(a: &IdentityMatch, b: &IdentityMatch) -> bool {
    use IdentityMatch::{AddressWithin, Any, Exactly};
    match (a, b) {
        (Any, _) | (_, Any) => true,
        (Exactly(id), other) | (other, Exactly(id)) => other.matches(id),
        (AddressWithin(a), AddressWithin(b)) => a.contains(b) || b.contains(a),
        _ => a == b,
    }
}

fn told(first: &Connection, second: &Connection) -> Found {
    let (winner, loser) = (&first.name.value, &second.name.value);
    let peer = &second.remote;
    let finding = Finding::warning(
        RULE.code,
        format!("`{winner}` and `{loser}` are both for peer {peer}, with the same identity"),
    )
    .at(
        second.name.span,
        "not asked while the other one admits the peer",
    )
    .beside(first.name.span, "takes the peer when it starts")
    .when("in IKE_AUTH")
    .starter("only when the peer starts")
    .certain(Certainty::Undocumented)
    .noted("the first of the file is taken, unless the peer says whom it wants to speak with (IDr, RFC 7296 §2.15)")
    .help("let one connection carry the selectors of both, or give the two ends of each an identity of its own");
    Found::harmless(finding)
}
