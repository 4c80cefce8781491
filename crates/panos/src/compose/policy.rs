//! Zones, objects and rules.
//!
//! What the gateway has of them is written as it is. A gateway without zones gets three, for the
//! way out, for the networks behind it and for its tunnels, and rules for what it has let through.

use super::Writer;
use super::tunnel::{Tunnel, nets};
use crate::write::quoted;
use crossgate_diag::Spanned;
use crossgate_model::{
    Action, AddressValue, InterfaceKind, NatRule, NextHop, SecurityRule, ServiceValue,
    SourceTranslation,
};
use ipnet::IpNet;
use std::ops::RangeInclusive;

const VSYS: &str = "vsys vsys1";
const SECURITY: &str = "vsys vsys1 rulebase security rules";
const NAT: &str = "vsys vsys1 rulebase nat rules";
const OUTSIDE: &str = "untrust";
const INSIDE: &str = "trust";
const TUNNELS: &str = "vpn";

impl Writer<'_> {
    pub fn policy(&mut self, tunnels: &[Tunnel]) {
        let interfaces = self.gateway.interfaces.iter();
        let mut all: Vec<String> = interfaces.map(|i| self.names.interface(&i.name)).collect();
        let new = tunnels.iter().filter(|tunnel| tunnel.is_new);
        all.extend(new.map(|tunnel| tunnel.interface.clone()));
        self.list(&format!("{VSYS} import network interface"), &all);
        let policy = &self.gateway.policy;
        if policy.zones_need_rules || !policy.zones.is_empty() {
            self.zones_as_they_are();
            self.objects();
            for rule in &policy.security_rules {
                self.security(rule);
            }
            for rule in &policy.nat_rules {
                self.nat(rule);
            }
        } else {
            self.new_zones(tunnels);
            self.new_rules(tunnels);
        }
    }

    fn zones_as_they_are(&mut self) {
        for zone in &self.gateway.policy.zones {
            let path = format!("{VSYS} zone {} network layer3", quoted(&zone.name));
            let names = zone.interfaces.iter();
            let members: Vec<String> = names.map(|name| self.names.interface(name)).collect();
            match members.as_slice() {
                [] => self.set(&path, &[]),
                members => self.list(&path, members),
            }
        }
    }

    fn objects(&mut self) {
        for object in &self.gateway.policy.addresses {
            let name = object.name.value.as_str();
            let path = format!("{VSYS} address {}", quoted(name));
            match &object.value {
                AddressValue::Net(net) => self.set(&path, &["ip-netmask", &net.value.to_string()]),
                AddressValue::Range(range) => {
                    let range = format!("{}-{}", range.value.0, range.value.1);
                    self.set(&path, &["ip-range", &range]);
                }
                AddressValue::Fqdn(fqdn) => self.set(&path, &["fqdn", &fqdn.value]),
                AddressValue::Group(members) => {
                    let path = format!("{VSYS} address-group {} static", quoted(name));
                    self.list(&path, &words(members));
                }
                AddressValue::Undefined => {}
            }
        }
        for object in &self.gateway.policy.services {
            self.service(&object.name, &object.value);
        }
    }

    fn service(&mut self, name: &str, value: &ServiceValue) {
        match value {
            ServiceValue::Group(members) => {
                let path = format!("{VSYS} service-group {} members", quoted(name));
                self.list(&path, &words(members));
            }
            ServiceValue::Ports {
                protocol,
                source,
                destination,
            } => {
                let word = match protocol {
                    6 => "tcp",
                    17 => "udp",
                    other => {
                        return self.cannot(format!("the service `{name}` of protocol {other}"));
                    }
                };
                let path = format!("{VSYS} service {} protocol {word}", quoted(name));
                for (which, ranges) in [("port", destination), ("source-port", source)] {
                    if !ranges.is_empty() {
                        self.set(&path, &[which, &ports(ranges)]);
                    }
                }
            }
        }
    }

    fn security(&mut self, rule: &SecurityRule) {
        let path = format!("{SECURITY} {}", quoted(&rule.name));
        let lists = [
            ("from", &rule.from),
            ("to", &rule.to),
            ("source", &rule.source),
            ("destination", &rule.destination),
            ("application", &rule.application),
            ("service", &rule.service),
        ];
        for (word, members) in lists {
            self.list(&format!("{path} {word}"), &words(members));
        }
        let action = match rule.action.value {
            Action::Allow => "allow",
            Action::Deny => "deny",
        };
        self.set(&path, &["action", action]);
        let flags = [
            ("negate-source", rule.negate_source),
            ("negate-destination", rule.negate_destination),
            ("disabled", !rule.enabled),
        ];
        for (word, _) in flags.into_iter().filter(|(_, on)| *on) {
            self.set(&path, &[word, "yes"]);
        }
    }

    fn nat(&mut self, rule: &NatRule) {
        let path = format!("{NAT} {}", quoted(&rule.name));
        let lists = [
            ("from", &rule.from),
            ("to", &rule.to),
            ("source", &rule.source),
            ("destination", &rule.destination),
        ];
        for (word, members) in lists {
            self.list(&format!("{path} {word}"), &words(members));
        }
        if let Some(service) = &rule.service {
            self.set(&path, &["service", &service.value]);
        }
        let translation = format!("{path} source-translation dynamic-ip-and-port");
        match &rule.source_translation {
            SourceTranslation::None => {}
            SourceTranslation::Interface(interface) => {
                let interface = self.names.interface(interface);
                self.set(
                    &translation,
                    &["interface-address", "interface", &interface],
                );
            }
            SourceTranslation::Addresses(addresses) => {
                self.list(
                    &format!("{translation} translated-address"),
                    &words(addresses),
                );
            }
        }
        if !rule.enabled {
            self.set(&path, &["disabled", "yes"]);
        }
    }

    fn new_zones(&mut self, tunnels: &[Tunnel]) {
        let outside = |name: &String| tunnels.iter().any(|t| t.wan.as_ref() == Some(name));
        let mut zones: [(&str, Vec<String>); 3] = [
            (OUTSIDE, Vec::new()),
            (INSIDE, Vec::new()),
            (TUNNELS, Vec::new()),
        ];
        let [out, inside, vpn] = &mut zones;
        for interface in &self.gateway.interfaces {
            let name = self.names.interface(&interface.name);
            match interface.kind {
                InterfaceKind::Tunnel => vpn.1.push(name),
                _ if outside(&name) => out.1.push(name),
                _ => inside.1.push(name),
            }
        }
        let new = tunnels.iter().filter(|tunnel| tunnel.is_new);
        vpn.1.extend(new.map(|tunnel| tunnel.interface.clone()));
        for (zone, members) in &zones {
            let path = format!("{VSYS} zone {zone} network layer3");
            self.list(&path, members);
        }
        self.because(
            &format!("{VSYS} zone"),
            "PAN-OS lets nothing pass between interfaces without zones and rules",
        );
    }

    /// Both ways through the tunnels; out of the networks; and no NAT into the tunnels.
    fn new_rules(&mut self, tunnels: &[Tunnel]) {
        let local = self.inner_nets(tunnels);
        let remote = self.outer_nets(tunnels);
        let local = self.address_objects("local", &local);
        let remote = self.address_objects("remote", &remote);
        let any = ["any".to_owned()];
        if !tunnels.is_empty() {
            self.allow("vpn-in", [TUNNELS, INSIDE], [&remote, &local]);
            self.allow("vpn-out", [INSIDE, TUNNELS], [&local, &remote]);
        }
        self.allow("to-internet", [INSIDE, OUTSIDE], [&any, &any]);
        let translates = |rule: &&NatRule| {
            rule.enabled && !matches!(rule.source_translation, SourceTranslation::None)
        };
        let Some(rule) = self.gateway.policy.nat_rules.iter().find(translates) else {
            return;
        };
        self.keep_addresses(&local, &remote);
        let SourceTranslation::Interface(interface) = &rule.source_translation else {
            return self.cannot(format!(
                "the addresses that `{}` translates to",
                rule.name.value
            ));
        };
        let path = format!("{NAT} internet-access");
        self.set(&path, &["from", INSIDE, "to", OUTSIDE]);
        self.set(
            &path,
            &["source", "any", "destination", "any", "service", "any"],
        );
        let interface = self.names.interface(interface);
        let words = [
            "dynamic-ip-and-port",
            "interface-address",
            "interface",
            &interface,
        ];
        self.set(&format!("{path} source-translation"), &words);
        self.because(
            &path,
            format!("stands for the NAT rule `{}`", rule.name.value),
        );
    }

    fn keep_addresses(&mut self, local: &[String], remote: &[String]) {
        let path = format!("{NAT} keep-vpn-addresses");
        self.set(&path, &["from", INSIDE, "to", TUNNELS]);
        self.list(&format!("{path} source"), local);
        self.list(&format!("{path} destination"), remote);
        self.set(&path, &["service", "any"]);
        self.because(&path, "traffic of the tunnels keeps its addresses");
    }

    fn allow(&mut self, name: &str, [from, to]: [&str; 2], [source, destination]: [&[String]; 2]) {
        let path = format!("{SECURITY} {name}");
        self.set(&path, &["from", from, "to", to]);
        self.list(&format!("{path} source"), source);
        self.list(&format!("{path} destination"), destination);
        self.set(
            &path,
            &["application", "any", "service", "any", "action", "allow"],
        );
        self.because(
            &path,
            format!("the gateway let pass what goes from {from} to {to}"),
        );
    }

    /// Networks on this side: what the tunnels select, or else what the inner interfaces have.
    fn inner_nets(&self, tunnels: &[Tunnel]) -> Vec<IpNet> {
        let selected = nets(tunnels.iter().flat_map(|t| &t.pairs).map(|pair| pair.local));
        if !selected.is_empty() {
            return selected;
        }
        let outside = |name: &str| tunnels.iter().any(|t| t.wan.as_deref() == Some(name));
        let inner = self.gateway.interfaces.iter().filter(|interface| {
            interface.kind != InterfaceKind::Tunnel
                && !outside(&self.names.interface(&interface.name))
        });
        let inner = inner.flat_map(|i| i.addresses.iter().map(|net| net.trunc()));
        inner.collect()
    }

    /// Networks on the peers' side: what the tunnels select, or else what is routed into them.
    fn outer_nets(&self, tunnels: &[Tunnel]) -> Vec<IpNet> {
        let selected = nets(
            tunnels
                .iter()
                .flat_map(|t| &t.pairs)
                .map(|pair| pair.remote),
        );
        if !selected.is_empty() {
            return selected;
        }
        let into = |route: &&crossgate_model::Route| match &route.via {
            NextHop::Interface(name) | NextHop::Both(name, _) => {
                let name = self.names.interface(name);
                tunnels.iter().any(|tunnel| tunnel.interface == name)
            }
            _ => false,
        };
        let routes = self.gateway.routes.iter().filter(into);
        routes.map(|route| route.destination.value).collect()
    }

    fn address_objects(&mut self, stem: &str, nets: &[IpNet]) -> Vec<String> {
        let mut names = Vec::new();
        for (index, net) in nets.iter().enumerate() {
            let name = format!("{stem}-{}", index + 1);
            self.set(
                &format!("{VSYS} address {name}"),
                &["ip-netmask", &net.to_string()],
            );
            names.push(name);
        }
        if names.is_empty() {
            names.push("any".into());
        }
        names
    }
}

fn words(list: &[Spanned<String>]) -> Vec<String> {
    list.iter().map(|word| word.value.clone()).collect()
}

fn ports(ranges: &[RangeInclusive<u16>]) -> String {
    let words = ranges
        .iter()
        .map(|range| match range.start() == range.end() {
            true => range.start().to_string(),
            false => format!("{}-{}", range.start(), range.end()),
        });
    words.collect::<Vec<_>>().join(",")
}
