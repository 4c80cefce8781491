//! Who speaks with whom, from where: addresses, interfaces, and tunnels that get in each other's way.

mod address_not_on_interface;
mod duplicate_peer;
mod duplicate_selectors;
mod no_way_to_peer;
mod peer_address_not_mirrored;
mod tunnel_interface_down;
mod tunnel_interface_without_address;
mod tunnel_without_virtual_router;
mod tunnel_without_zone;
mod wrong_interface;

pub(in crate::rules) use tunnel_without_zone::free_zone;

use crate::rule::Rule;
use crossgate_model::{Child, Connection, Gateway, Interface};
use std::collections::{BTreeMap, BTreeSet};

pub const RULES: &[Rule] = &[
    peer_address_not_mirrored::RULE,
    address_not_on_interface::RULE,
    wrong_interface::RULE,
    no_way_to_peer::RULE,
    tunnel_interface_down::RULE,
    tunnel_interface_without_address::RULE,
    tunnel_without_zone::RULE,
    tunnel_without_virtual_router::RULE,
    duplicate_peer::RULE,
    duplicate_selectors::RULE,
];

/// Each tunnel interface that an enabled Child uses, once, with one of its Childs.
fn tunnel_interfaces(gateway: &Gateway) -> Vec<(&Connection, &Child, &Interface)> {
    let interfaces = interfaces(gateway);
    let mut known = BTreeSet::new();
    let mut used: Vec<(&Connection, &Child, &Interface)> = Vec::new();
    for (connection, child) in gateway.children() {
        let name = child.tunnel_interface.as_ref();
        let Some(interface) = name.and_then(|name| interfaces.get(name.value.as_str())) else {
            continue;
        };
        if child.enabled.value && known.insert(&interface.name.value) {
            used.push((connection, child, interface));
        }
    }
    used
}

/// By name, for whoever looks up one for each of a hub's tunnels.
fn interfaces(gateway: &Gateway) -> BTreeMap<&str, &Interface> {
    // Backwards, so that of one name the first stays.
    let backwards = gateway.interfaces.iter().rev();
    backwards.map(|i| (i.name.value.as_str(), i)).collect()
}
