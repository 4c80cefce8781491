//! The way to the peer leaves by another interface than the connection.

use crate::rule::{self, Effect, Judge, Pair, Party, Rule};
use crossgate_diag::{Certainty, Finding};
use crossgate_firewall::routing::{self, Found};
use crossgate_model::{Interface, InterfaceKind, Spanned};

pub const RULE: Rule = Rule {
    code: "wrong-interface",
    page: include_str!("wrong_interface.md"),
    judge: Judge::Pair(judge),
};

fn judge(pair: &Pair<'_>, found: &mut Vec<rule::Found>) {
    for (party, peer) in pair.directions() {
        if let Some((from, owner)) = expected_elsewhere(party, peer) {
            found.push(elsewhere(party, peer, from, owner, By::Address));
            continue;
        }
        let Some((from, way)) = ways(party, peer) else {
            continue;
        };
        if way.kind == InterfaceKind::Tunnel {
            found.push(into_tunnel(party, from, way));
        } else if is_cause(party, peer) {
            found.push(elsewhere(party, peer, from, way, By::Way));
        }
    }
}

/// Why the connection was to start from another interface.
enum By {
    /// The way to the peer leaves by that one.
    Way,
    /// The peer expects its address, and the other has none.
    Address,
}

/// An interface that the connection starts from and whose address nobody knows, and the one whose
/// address the peer expects.
fn expected_elsewhere<'a>(
    party: Party<'a>,
    peer: Party<'_>,
) -> Option<(&'a Spanned<String>, &'a Interface)> {
    let local = &party.connection.local;
    let from = local
        .interface
        .as_ref()
        .filter(|_| local.address.is_none())?;
    let expected = peer.connection.remote.address()?;
    let mut interfaces = party.gateway().interfaces.iter();
    let owner = interfaces.find(|interface| {
        let mut own = interface.addresses.iter();
        own.any(|net| net.addr() == expected)
    });
    Some((from, owner?))
}

/// Whether this is why `peer` looks for `party` at another address: it looks at the interface that
/// the way to it leaves by.
pub(super) fn is_cause(party: Party<'_>, peer: Party<'_>) -> bool {
    let Some((_, way)) = ways(party, peer) else {
        return false;
    };
    let expected = |interface: &Interface| {
        let mut own = interface.addresses.iter();
        own.any(|net| peer.connection.remote.admits(net.addr()))
    };
    let local = party.connection.local.address.as_ref();
    let is_missed = local.is_some_and(|local| !peer.connection.remote.admits(local.value));
    way.kind == InterfaceKind::Physical && is_missed && expected(way)
}

/// The interface that the connection starts from, and the one that the way to the peer leaves by,
/// where the two differ. A loopback's packets leave by whatever interface there is. A peer that is
/// known by its name, or not at all, is where its own file says.
fn ways<'a>(party: Party<'a>, peer: Party<'_>) -> Option<(&'a Spanned<String>, &'a Interface)> {
    let from = party.connection.local.interface.as_ref()?;
    let gateway = party.gateway();
    let kind = gateway.interface(&from.value)?.kind;
    let its_own = peer.connection.local.address.as_ref();
    let configured = party.connection.remote.address();
    let peer = configured.or(its_own.map(|address| address.value))?;
    let Found::Hop(way) = routing::lookup(gateway, Some(&from.value), peer) else {
        return None;
    };
    let differs = kind != InterfaceKind::Loopback && way.interface != from.value;
    gateway
        .interface(&way.interface)
        .filter(|_| differs)
        .map(|way| (from, way))
}

fn elsewhere(
    party: Party<'_>,
    peer: Party<'_>,
    from: &Spanned<String>,
    way: &Interface,
    by: By,
) -> rule::Found {
    let (own, other) = (&from.value, &way.name.value);
    let remote = &peer.connection.remote;
    let (starts, peers) = (party.name(), peer.name());
    let (title, label, certainty) = match by {
        By::Way => (
            format!("{starts} starts from {own}, but the way to {peers} leaves by {other}"),
            "the way to the peer",
            Certainty::Rfc,
        ),
        By::Address => (
            format!(
                "{starts} starts from {own}, which has no address in its file; {peers} expects that \
                 of {other}"
            ),
            "this one has the address",
            Certainty::Undocumented,
        ),
    };
    let finding = Finding::error(RULE.code, title)
        .at(
            from.span,
            format!("not the interface that {} speaks with", peer.name()),
        )
        .beside(way.name.span, label)
        .beside(
            peer.connection.name.span,
            format!("expects its peer at {remote}"),
        )
        .when("before IKE_SA_INIT is answered")
        .starter("whoever starts")
        .certain(certainty)
        .help(format!(
            "let the connection of {} start from {other}",
            party.name()
        ));
    rule::Found::with(finding, Effect::NeverComesUp)
}

fn into_tunnel(party: Party<'_>, from: &Spanned<String>, way: &Interface) -> rule::Found {
    let other = &way.name.value;
    let remote = &party.connection.remote;
    let finding = Finding::error(
        RULE.code,
        format!(
            "{} reaches its peer {remote} through {other}, a tunnel",
            party.name()
        ),
    )
    .at(from.span, "the connection starts from here")
    .beside(way.name.span, "but this is the way to its peer")
    .when("before IKE_SA_INIT is answered, or as soon as the tunnel stands")
    .starter("whoever starts")
    .certain(Certainty::Undocumented)
    .noted("the packets that carry the tunnel can't travel inside it")
    .help("give the peer's address a route of its own by the interface towards it");
    rule::Found::with(finding, Effect::NeverComesUp)
}
