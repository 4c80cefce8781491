//! A tunnel interface has no address, and its vendor passes nothing without one.

use super::tunnel_interfaces;
use crate::rule::{Effect, Found, Judge, One, Rule};
use crossgate_diag::Finding;
use crossgate_model::Child;

pub const RULE: Rule = Rule {
    code: "tunnel-interface-without-address",
    page: include_str!("tunnel_interface_without_address.md"),
    judge: Judge::One(judge),
};

fn judge(one: &One<'_>, found: &mut Vec<Found>) {
    let claim = one.side.gateway.behaviour.tunnel_needs_address;
    if !claim.value {
        return;
    }
    for (connection, child, interface) in tunnel_interfaces(one.side.gateway) {
        let mut own = interface.addresses.iter();
        let has_one = own.any(|net| net.addr().is_ipv4()) || interface.learnt_address.is_some();
        if has_one || !carries_v4(child) {
            continue;
        }
        let title = format!(
            "{} has no IPv4 address, and passes no IPv4 without one",
            interface.name.value
        );
        let finding = Finding::error(RULE.code, title)
            .at(interface.name.span, "no address")
            .when("as soon as a packet is to go through")
            .starter("whoever starts")
            .certain(claim.certainty)
            .noted(format!("source: {}", claim.source))
            .help("give the interface an address, of a network that nothing else uses");
        found.push(
            Found::with(finding, Effect::NoTraffic { from: None }).about(one.end, connection),
        );
    }
}

fn carries_v4(child: &Child) -> bool {
    child.selectors.value.local.start.is_ipv4()
}
