//! One end looks for its peer where the peer isn't.

use super::{address_not_on_interface, wrong_interface};
use crate::rule::{Effect, Found, Judge, Pair, Party, Rule};
use crossgate_diag::{Certainty, Finding, Span, Spanned};
use crossgate_model::event::{EventKind, Exchange};
use crossgate_model::{Change, Initiation, RemoteEnd};
use std::net::IpAddr;

pub const RULE: Rule = Rule {
    code: "peer-address-not-mirrored",
    page: include_str!("peer_address_not_mirrored.md"),
    judge: Judge::Pair(judge),
};

fn judge(pair: &Pair<'_>, found: &mut Vec<Found>) {
    // Behind a NAT, an end has another address than its peer sees.
    if pair.options.nat_between {
        return;
    }
    for (seeker, sought) in pair.directions() {
        let address = sought.connection.local.address.as_ref();
        let known = address.filter(|address| !address.value.is_unspecified());
        let Some(address) = known.filter(|a| !seeker.connection.remote.admits(a.value)) else {
            continue;
        };
        let is_told = wrong_interface::is_cause(sought, seeker)
            || address_not_on_interface::is_cause(sought, seeker);
        if is_told {
            continue;
        }
        found.push(missed(seeker, sought, address));
    }
}

fn missed(seeker: Party<'_>, sought: Party<'_>, address: &Spanned<IpAddr>) -> Found {
    let (own, remote) = (address.value, &seeker.connection.remote);
    let local = &sought.connection.local;
    let place = address
        .span
        .or(local.interface.as_ref().and_then(|name| name.span))
        .or(sought.connection.name.span);
    let finding = Finding::error(
        RULE.code,
        format!(
            "{} looks for its peer at {remote}, but {} is at {own}",
            seeker.name(),
            sought.name()
        ),
    )
    .at(
        remote_span(remote).or(seeker.connection.name.span),
        format!("{} is expected at {remote}", sought.name()),
    )
    .beside(place, format!("its address is {own}"))
    .when("before IKE_SA_INIT is answered")
    .starter("whoever starts")
    .certain(Certainty::Rfc)
    .noted(format!(
        "what {} sends from {own} is for no connection of {}",
        sought.name(),
        seeker.name()
    ));
    let mut found = Found::with(finding, Effect::NeverComesUp);
    if seeker.connection.initiation.value != Initiation::Never {
        found = found.event(seeker.end, unanswered(seeker));
    }
    if sought.connection.initiation.value != Initiation::Never {
        found = found.event(seeker.end, EventKind::PeerUnknown);
    }
    let connection = seeker.connection.name.value.clone();
    let text = format!("let {} look for its peer at {own}", seeker.name());
    let change = Change::PeerAddress {
        connection,
        to: own,
    };
    found.cure(text, vec![(seeker.end, change)])
}

fn unanswered(party: Party<'_>) -> EventKind {
    let retransmission = &party.gateway().behaviour.retransmission.value;
    EventKind::PeerDead {
        exchange: Exchange::IkeSaInit,
        sent: u32::try_from(retransmission.waits.len()).unwrap_or(u32::MAX),
        seconds: retransmission.total().as_secs(),
    }
}

fn remote_span(remote: &RemoteEnd) -> Option<Span> {
    match remote {
        RemoteEnd::Address(address) => address.span,
        RemoteEnd::Name(name) => name.span,
        RemoteEnd::Within(net) => net.span,
        RemoteEnd::Any => None,
    }
}
