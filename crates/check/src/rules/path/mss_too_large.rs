//! TCP's segments are clamped, but to more than fits into the tunnel.

use super::room::{At, Room, TCP_HEADERS, rooms};
use crate::rule::{Found, Judge, Pair, Rule};
use crate::words::WHOEVER;
use crossgate_diag::{Certainty, Finding, Spanned};
use crossgate_model::{Change, End, Interface};

pub const RULE: Rule = Rule {
    code: "mss-too-large",
    page: include_str!("mss_too_large.md"),
    judge: Judge::Pair(judge),
};

/// An interface that clamps.
struct Clamp<'r, 'a> {
    at: &'r At<'a>,
    interface: &'a Interface,
    mss: Spanned<u16>,
}

fn judge(pair: &Pair<'_>, found: &mut Vec<Found>) {
    let mut told = Vec::new();
    for room in &rooms(pair) {
        let clamps = clamps(room);
        let fits = most(room);
        // Each SYN goes through all of them: the smallest counts.
        let Some(least) = clamps.iter().min_by_key(|clamp| clamp.mss.value) else {
            continue;
        };
        let key = (least.at.end(), &least.interface.name.value);
        if least.mss.value > fits && !told.contains(&key) {
            told.push(key);
            found.push(too_large(room, least, fits, &clamps));
        }
    }
}

fn clamps<'r, 'a>(room: &'r Room<'a>) -> Vec<Clamp<'r, 'a>> {
    let each = room.ends.iter().flat_map(|at| {
        at.on_the_way.iter().filter_map(move |interface| {
            Some(Clamp {
                at,
                interface,
                mss: interface.tcp_mss?,
            })
        })
    });
    each.collect()
}

/// Octets of a segment in the largest packet that fits and that the tunnels take.
fn most(room: &Room<'_>) -> u16 {
    let tunnels = room.ends.iter().filter_map(|at| at.tunnel);
    let taken = tunnels.filter_map(|tunnel| tunnel.mtu.as_ref());
    let taken = taken.map(|mtu| mtu.value).min().unwrap_or(room.inner);
    taken.min(room.inner).saturating_sub(TCP_HEADERS)
}

fn too_large(room: &Room<'_>, least: &Clamp<'_, '_>, fits: u16, all: &[Clamp<'_, '_>]) -> Found {
    let (name, who) = (&least.interface.name.value, least.at.party.name());
    let title = format!(
        "{name} of {who} lets TCP segments of {} octets through, and {fits} fit",
        least.mss.value
    );
    let proposal = least
        .at
        .child
        .proposals
        .first()
        .and_then(|p| p.encr.first());
    let finding = Finding::warning(RULE.code, title)
        .at(least.mss.span, format!("{} octets", least.mss.value))
        .beside(
            proposal.and_then(|encr| encr.span),
            format!(
                "{} leaves room for packets of {}, of which {TCP_HEADERS} are headers",
                room.words(),
                room.inner
            ),
        );
    let tunnel = least.at.tunnel.and_then(|tunnel| tunnel.mtu);
    let finding = match tunnel.filter(|mtu| mtu.value < room.inner) {
        Some(mtu) => finding.beside(mtu.span, format!("packets of {} are taken", mtu.value)),
        None => finding,
    };
    let others = all.iter().filter(|clamp| clamp.mss.span != least.mss.span);
    let finding = others.fold(finding, |finding, clamp| {
        finding.beside(clamp.mss.span, "no less here")
    });
    let finding = finding
        .when(format!("with the first segment of more than {fits} octets"))
        .starter(WHOEVER)
        .certain(Certainty::Rfc)
        .noted("full segments are sent as fragments, or dropped where fragments are: connections open, and hang with their first data");
    let change = Change::TcpMss {
        interface: name.clone(),
        octets: fits,
    };
    let changes: Vec<(End, Change)> = vec![(least.at.end(), change)];
    Found::harmless(finding).cure(
        format!("clamp TCP's segments on {name} of {who} to {fits}"),
        changes,
    )
}
