//! Names that PAN-OS accepts, for interfaces and for everything else.

use crate::language::values::unused;
use crossgate_model::{Gateway, InterfaceKind, NextHop, SourceTranslation};
use std::collections::{BTreeMap, BTreeSet};

/// The name, or one like it that isn't used.
pub fn valid(wanted: &str, longest: usize, is_used: impl Fn(&str) -> bool) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let name: String = wanted
        .chars()
        .map(|c| if allowed(c) { c } else { '-' })
        .collect();
    let name = name.trim_matches(['-', '.']);
    let name = if name.is_empty() { "unnamed" } else { name };
    unused(name, longest, is_used)
}

/// PAN-OS's names of the gateway's interfaces.
pub struct Names {
    interfaces: BTreeMap<String, String>,
    used: BTreeSet<String>,
}

impl Names {
    /// Names that PAN-OS has stay; others get the next one of their kind.
    pub fn of(gateway: &Gateway) -> Self {
        let mut names = Self {
            interfaces: BTreeMap::new(),
            used: BTreeSet::new(),
        };
        let all = || {
            let interfaces = gateway.interfaces.iter();
            let listed = interfaces.map(|i| (i.name.value.as_str(), i.kind));
            let tunnels = gateway.children().filter_map(|(_, child)| {
                let name = child.tunnel_interface.as_ref()?;
                Some((name.value.as_str(), InterfaceKind::Tunnel))
            });
            let others = named(gateway).map(|name| (name, InterfaceKind::Physical));
            listed.chain(tunnels).chain(others)
        };
        for (name, _) in all().filter(|(name, _)| is_own(name)) {
            names.interfaces.insert(name.into(), name.into());
            names.used.insert(name.into());
        }
        for (name, kind) in all() {
            if !names.interfaces.contains_key(name) {
                let new = names.next(name, kind);
                names.interfaces.insert(name.into(), new);
            }
        }
        names
    }

    /// PAN-OS's name of an interface.
    pub fn interface(&self, name: &str) -> String {
        let known = self.interfaces.get(name);
        known.cloned().unwrap_or_else(|| name.to_owned())
    }

    /// An interface for a tunnel that has none.
    pub fn new_tunnel(&mut self) -> String {
        self.next("", InterfaceKind::Tunnel)
    }

    /// The number at a name's end is kept where it is free.
    fn next(&mut self, name: &str, kind: InterfaceKind) -> String {
        let stem = match kind {
            InterfaceKind::Physical => "ethernet1/",
            InterfaceKind::Loopback => "loopback.",
            InterfaceKind::Tunnel => "tunnel.",
        };
        let digits = name.trim_start_matches(|c: char| !c.is_ascii_digit());
        let number = digits.parse::<u16>().ok();
        let number = number.filter(|n| (1..=9999).contains(n) && kind != InterfaceKind::Physical);
        let candidates = number.into_iter().chain(1..);
        let mut candidates = candidates.map(|number| format!("{stem}{number}"));
        let new = candidates.find(|new| !self.used.contains(new));
        let new = new.unwrap_or_default();
        self.used.insert(new.clone());
        new
    }
}

/// Interfaces that a gateway names, whether it has them or not.
pub fn named(gateway: &Gateway) -> impl Iterator<Item = &str> {
    let wans = gateway.connections.iter();
    let wans = wans.filter_map(|connection| connection.local.interface.as_ref());
    let tunnels = gateway.children();
    let tunnels = tunnels.filter_map(|(_, child)| child.tunnel_interface.as_ref());
    let routes = gateway.routes.iter().filter_map(|route| match &route.via {
        NextHop::Interface(name) | NextHop::Both(name, _) => Some(name),
        NextHop::Address(_) | NextHop::Discard => None,
    });
    let zones = gateway
        .policy
        .zones
        .iter()
        .flat_map(|zone| &zone.interfaces);
    let rules = gateway.policy.nat_rules.iter();
    let rules = rules.filter_map(|rule| match &rule.source_translation {
        SourceTranslation::Interface(name) => Some(name),
        SourceTranslation::None | SourceTranslation::Addresses(_) => None,
    });
    let all = wans.chain(tunnels).chain(routes).chain(zones).chain(rules);
    all.map(|name| name.value.as_str())
}

fn is_own(name: &str) -> bool {
    let number = |rest: &str| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_digit());
    let (parent, unit) = match name.split_once('.') {
        Some((parent, unit)) => (parent, Some(unit)),
        None => (name, None),
    };
    let unit_is_fine = unit.is_none_or(number);
    let port = parent
        .strip_prefix("ethernet")
        .and_then(|p| p.split_once('/'));
    let is_port = port.is_some_and(|(slot, port)| number(slot) && number(port));
    let is_aggregate = parent.strip_prefix("ae").is_some_and(number);
    let is_virtual = matches!(parent, "tunnel" | "loopback" | "vlan");
    unit_is_fine && (is_port || is_aggregate || is_virtual)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_interfaces_are_told_from_others() {
        for own in [
            "ethernet1/1",
            "ethernet1/2.100",
            "ae1",
            "ae2.7",
            "tunnel.1",
            "loopback",
        ] {
            assert!(is_own(own), "{own}");
        }
        for other in [
            "GigabitEthernet0/0/0",
            "Tunnel0",
            "Loopback0",
            "ae",
            "ethernet1",
            "",
        ] {
            assert!(!is_own(other), "{other}");
        }
    }

    #[test]
    fn a_name_gets_valid_short_and_unused() {
        assert_eq!(valid("PROF/PEER", 31, |_| false), "PROF-PEER");
        assert_eq!(valid("abcdef", 4, |name| name == "abcd"), "ab-2");
        assert_eq!(valid("//", 31, |_| false), "unnamed");
    }
}
