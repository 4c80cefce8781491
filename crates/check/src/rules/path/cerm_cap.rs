//! The device's licence lets less be encrypted than its outer interface carries, or fewer tunnels
//! than are configured.

use crate::rule::{Found, Judge, One, Rule};
use crossgate_diag::{Certainty, Finding};
use crossgate_model::{Gateway, Interface, Spanned};

pub const RULE: Rule = Rule {
    code: "cerm-cap",
    page: include_str!("cerm_cap.md"),
    judge: Judge::One(judge),
};

fn judge(one: &One<'_>, found: &mut Vec<Found>) {
    let gateway = one.side.gateway;
    let Some(cap) = &gateway.throughput_cap else {
        return;
    };
    let limit = format!("the licence lets {} be encrypted each way", bits(cap.bits));
    let outer = outer_interfaces(gateway);
    let faster = outer.filter_map(|interface| {
        let bandwidth = interface.bandwidth.as_ref();
        Some((interface, bandwidth.filter(|b| b.value > cap.bits)?))
    });
    if let Some((interface, bandwidth)) = faster.max_by_key(|(_, bandwidth)| bandwidth.value) {
        let title = format!(
            "{} of {} carries {}, of which {} may be encrypted",
            interface.name.value,
            one.side.name,
            bits(bandwidth.value),
            bits(cap.bits)
        );
        found.push(warned(
            title,
            cap.span,
            limit.clone(),
            outer_place(interface, bandwidth),
        ));
    }
    let tunnels = gateway.children().count();
    if tunnels > cap.tunnels as usize {
        let title = format!(
            "{} has {tunnels} tunnels, and its licence lets {} be",
            one.side.name, cap.tunnels
        );
        let place = gateway.children().nth(cap.tunnels as usize);
        let place = place.and_then(|(_, child)| child.name.span);
        let limit = format!("{} tunnels at most", cap.tunnels);
        found.push(warned(
            title,
            cap.span,
            limit,
            (place, "the first one beyond".into()),
        ));
    }
}

type Place = (Option<crossgate_diag::Span>, String);

fn warned(title: String, cap: Option<crossgate_diag::Span>, limit: String, place: Place) -> Found {
    let (span, text) = place;
    let finding = Finding::warning(RULE.code, title)
        .at(cap.or(span), limit)
        .beside(span, text)
        .when("under load: what is beyond is dropped")
        .starter("whoever starts")
        .certain(Certainty::Doc)
        .help("install the licence that lifts the limit, or shape the traffic below it");
    Found::harmless(finding)
}

fn outer_place(interface: &Interface, bandwidth: &Spanned<u64>) -> Place {
    let span = bandwidth.span.or(interface.name.span);
    (span, format!("{} each way", bits(bandwidth.value)))
}

/// Interfaces that a connection is from.
fn outer_interfaces(gateway: &Gateway) -> impl Iterator<Item = &Interface> {
    gateway.interfaces.iter().filter(|interface| {
        let mut connections = gateway.connections.iter();
        connections.any(|connection| {
            let local = connection.local.interface.as_ref();
            local.is_some_and(|local| local.value == interface.name.value)
        })
    })
}

/// `85 Mb/s`.
fn bits(bits: u64) -> String {
    match bits {
        0..1_000_000 => format!("{} kb/s", bits / 1000),
        1_000_000..1_000_000_000 => format!("{} Mb/s", bits / 1_000_000),
        _ => format!("{} Gb/s", bits / 1_000_000_000),
    }
}
