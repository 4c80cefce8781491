//! A connection is to start from an address that its interface doesn't have.

use super::interfaces;
use crate::rule::{Effect, Found, Judge, One, Party, Rule};
use crossgate_diag::{Certainty, Finding, Spanned};
use crossgate_model::{Gateway, Interface, InterfaceKind, LocalEnd};
use std::collections::BTreeMap;
use std::net::IpAddr;

pub const RULE: Rule = Rule {
    code: "address-not-on-interface",
    page: include_str!("address_not_on_interface.md"),
    judge: Judge::One(judge),
};

fn judge(one: &One<'_>, found: &mut Vec<Found>) {
    let gateway = one.side.gateway;
    let interfaces = interfaces(gateway);
    for connection in gateway.connections.iter().filter(|c| c.enabled.value) {
        let stated = connection.local.address.as_ref();
        let Some(address) = stated.filter(|address| address.span.is_some()) else {
            continue;
        };
        let Some(interface) = should_have(gateway, &interfaces, &connection.local) else {
            continue;
        };
        if interface
            .addresses
            .iter()
            .any(|net| net.addr() == address.value)
        {
            continue;
        }
        found.push(told(address, interface).about(one.end, connection));
    }
}

/// Whether this is why `peer` looks for `party` at another address: the interface has the one that it
/// looks at.
pub(super) fn is_cause(party: Party<'_>, peer: Party<'_>) -> bool {
    let (gateway, local) = (party.gateway(), &party.connection.local);
    let Some(address) = local
        .address
        .as_ref()
        .filter(|address| address.span.is_some())
    else {
        return false;
    };
    let interface = should_have(gateway, &interfaces(gateway), local);
    let mut own = interface
        .into_iter()
        .flat_map(|interface| &interface.addresses);
    let is_missed = !peer.connection.remote.admits(address.value);
    is_missed
        && own.clone().all(|net| net.addr() != address.value)
        && own.any(|net| peer.connection.remote.admits(net.addr()))
}

/// The interface that is named, or by whose network the address would be on. Nothing where the
/// file leaves the interface or its addresses open.
fn should_have<'a>(
    gateway: &'a Gateway,
    interfaces: &BTreeMap<&str, &'a Interface>,
    local: &LocalEnd,
) -> Option<&'a Interface> {
    let address = local.address.as_ref()?.value;
    let named = local.interface.as_ref();
    let known = match named {
        Some(name) => interfaces.get(name.value.as_str()).copied(),
        None => gateway.interfaces.iter().find(|interface| {
            let mut nets = interface.addresses.iter();
            interface.kind == InterfaceKind::Physical && nets.any(|net| net.contains(&address))
        }),
    };
    known.filter(|interface| !interface.addresses.is_empty())
}

fn told(address: &Spanned<IpAddr>, interface: &Interface) -> Found {
    let own = interface.addresses.first();
    let has = own.map_or_else(String::new, |net| net.value.to_string());
    let finding = Finding::error(
        RULE.code,
        format!(
            "{} is no address of {}",
            address.value, interface.name.value
        ),
    )
    .at(address.span, "the connection is to start from here")
    .beside(
        own.and_then(|net| net.span),
        format!("the interface has {has}"),
    )
    .when("before IKE_SA_INIT")
    .starter("whoever starts")
    .certain(Certainty::Undocumented)
    .help("name an address of the interface, or give it that address");
    Found::with(finding, Effect::NeverComesUp)
}
