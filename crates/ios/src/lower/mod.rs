//! From IOS's terms to the vendor-neutral gateway.

mod certificate;
mod child;
mod connection;
pub(crate) mod keys;
mod legacy;
mod local;
mod map;
mod nat;
mod peers;
pub(crate) mod proposals;
mod selectors;
mod tunnel;
mod unused;

use crate::behaviour::{self, Release};
use crate::config::access_list::AccessList;
use crate::config::interface::Interface;
use crate::config::keyring::{Keyring, Peer};
use crate::config::profile::Profile;
use crate::config::{Config, Named};
use crate::grammar::Context;
use crate::names;
use child::Defaults;
use crossgate_diag::{Certainty, Finding, Spanned, is_surely_again, surely};
use crossgate_model::{self as model, Gateway, InterfaceKind, NextHop, RemoteEnd};
use map::Maps;
use peers::PeersByEnd;
use proposals::Policies;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

pub(crate) fn lower(config: &Config, cx: &mut Context<'_>) -> Gateway {
    let release = release(config, cx);
    let behaviour = behaviour::of(behaviour_name(config, release));
    let mut lowering = Lowering {
        config,
        defaults: Defaults { release },
        index: Index::default(),
        told_of: BTreeSet::new(),
        legacy: Vec::new(),
        undefined: 0,
        cx,
    };
    let mut connections = lowering.connections();
    connections.extend(std::mem::take(&mut lowering.legacy));
    lowering.tell_of_ikev1(&connections);
    lowering.check_proposals();
    lowering.check_routes();
    unused::tell(config, lowering.cx);
    // A template is no interface of its own.
    let interfaces = config.interfaces.iter();
    let interfaces = interfaces.filter(|interface| !names::is_template(&interface.name));
    Gateway {
        dialect: "ios-xe",
        hostname: config.hostname.clone(),
        release: config.version.clone(),
        behaviour,
        interfaces: interfaces.map(interface).collect(),
        routes: config.routes.clone(),
        connections,
        limits: limits(config),
        policy: Arc::new(model::Policy {
            access_lists: config.access_lists.iter().map(access_list).collect(),
            nat_rules: nat::rules(config),
            ..model::Policy::default()
        }),
        throughput_cap: behaviour::throughput_cap(&config.license),
        certificates: certificate::all(config),
    }
}

/// A keyring's and a profile's name.
type RingAndProfile<'c> = (&'c str, &'c str);

/// Where the configuration's things are, so that a file of many tunnels takes time in proportion to
/// its length. Each part is made when it is first asked for.
#[derive(Default)]
struct Index<'c> {
    /// By what a thing is, and its name.
    named: BTreeMap<&'static str, BTreeMap<&'c str, usize>>,
    /// Interfaces.
    addresses: Option<BTreeMap<IpAddr, usize>>,
    /// By keyring.
    peers: BTreeMap<&'c str, PeersByEnd<'c>>,
    peers_by_identity: BTreeMap<RingAndProfile<'c>, Option<&'c Peer>>,
    trustpoints: Option<BTreeSet<&'c str>>,
    policies: Option<Policies<'c>>,
    maps: Option<Maps<'c>>,
    isakmp_keys: Option<legacy::Keys<'c>>,
}

impl<'c> Index<'c> {
    /// The thing of that name; of several, the first.
    fn find<T: Named>(&mut self, list: &'c [T], name: &str) -> Option<&'c T> {
        let named = self.named.entry(T::WHAT).or_insert_with(|| {
            let things = list.iter().enumerate().rev();
            let named = things.map(|(at, thing)| (thing.name().value.as_str(), at));
            named.collect()
        });
        list.get(*named.get(name)?)
    }

    /// The interface with that address; of several, the first.
    fn with_address(&mut self, list: &'c [Interface], address: IpAddr) -> Option<&'c Interface> {
        let addresses = self.addresses.get_or_insert_with(|| {
            let each = list.iter().enumerate().rev();
            let own = |(at, i): (usize, &'c Interface)| {
                let nets = i.addresses.iter();
                nets.map(move |net| (net.addr(), at))
            };
            each.flat_map(own).collect()
        });
        list.get(*addresses.get(&address)?)
    }

    /// The peer of that keyring that the remote end is.
    fn peer(
        &mut self,
        keyring: &'c Keyring,
        profile: &'c Profile,
        remote: &RemoteEnd,
    ) -> Option<&'c Peer> {
        let ring = keyring.name.value.as_str();
        let by_end = self.peers.entry(ring);
        let by_end = by_end.or_insert_with(|| PeersByEnd::new(keyring));
        by_end.find(remote).or_else(|| {
            let known = self.peers_by_identity.entry((ring, &profile.name.value));
            *known.or_insert_with(|| keys::by_identity(keyring, profile))
        })
    }

    fn policies(&mut self, config: &'c Config) -> &Policies<'c> {
        self.policies.get_or_insert_with(|| Policies::new(config))
    }

    fn maps(&mut self, config: &'c Config) -> &Maps<'c> {
        self.maps.get_or_insert_with(|| Maps::new(config))
    }
}

/// What lowering looks at, and where it tells what it finds.
struct Lowering<'c, 'a, 't> {
    config: &'c Config,
    defaults: Defaults,
    index: Index<'c>,
    /// Interfaces of unknown address that have been told of.
    told_of: BTreeSet<String>,
    /// Connections that speak IKEv1, which are only judged.
    legacy: Vec<model::Connection>,
    /// Names that nothing defines, so far.
    undefined: usize,
    cx: &'a mut Context<'t>,
}

fn release(config: &Config, cx: &mut Context<'_>) -> Release {
    let stated = config.version.as_ref();
    if let Some(release) = stated.and_then(|version| Release::parse(version)) {
        return release;
    }
    cx.push(
        Finding::note(
            "assumed-release",
            "the file states no release: taken for IOS-XE 17",
        )
        .noted("defaults depend on it; a `version` line, such as `version 17.9`, or the option `--release 17.9` decides"),
    );
    Release::ASSUMED
}

fn behaviour_name(config: &Config, release: Release) -> String {
    match &config.version {
        Some(version) => format!("ios-xe {}", version.value),
        None => format!("ios-xe {} (assumed)", release.major),
    }
}

fn limits(config: &Config) -> model::Limits {
    let default = model::Limits::default();
    let ikev2 = &config.ikev2;
    model::Limits {
        cookie_threshold: ikev2.cookie_threshold.unwrap_or(default.cookie_threshold),
        max_half_open: ikev2.max_negotiating.unwrap_or(default.max_half_open),
        max_ike_sas: ikev2.max_sas.unwrap_or(default.max_ike_sas),
    }
}

fn interface(interface: &Interface) -> model::Interface {
    let enabled = interface
        .shutdown
        .map(|shutdown| shutdown.map(|down| !down));
    model::Interface {
        name: interface.name.clone(),
        kind: kind(&interface.name),
        description: interface.description.clone(),
        addresses: interface.addresses.clone(),
        learnt_address: interface.learnt_address,
        enabled: enabled.unwrap_or(Spanned::default_of(true)),
        mtu: interface.ip_mtu.or(interface.mtu),
        tcp_mss: interface.tcp_mss,
        zone: None,
        virtual_router: None,
        filter_in: interface.filter_in.clone(),
        filter_out: interface.filter_out.clone(),
        bandwidth: bandwidth(interface),
    }
}

/// Stated, else by the port's speed, else what the kind of interface means.
fn bandwidth(interface: &Interface) -> Option<Spanned<u64>> {
    let stated = interface
        .bandwidth
        .map(|b| b.map(|kilobits| kilobits.saturating_mul(1000)));
    let speed = interface
        .speed
        .map(|s| s.map(|megabits| megabits.saturating_mul(1_000_000)));
    let kind = names::megabits(&interface.name);
    stated
        .or(speed)
        .or(kind.map(|megabits| Spanned::default_of(megabits * 1_000_000)))
}

fn kind(name: &str) -> InterfaceKind {
    if is_tunnel(name) {
        InterfaceKind::Tunnel
    } else if names::is_loopback(name) {
        InterfaceKind::Loopback
    } else {
        InterfaceKind::Physical
    }
}

fn is_tunnel(name: &str) -> bool {
    name.strip_prefix("Tunnel").is_some_and(names::is_number)
}

fn access_list(list: &AccessList) -> model::AccessList {
    let entries = list.entries.values().map(|entry| model::AccessEntry {
        action: entry.action,
        selectors: entry
            .selectors
            .as_ref()
            .ok()
            .map(|pair| Spanned::at(*pair, entry.span)),
    });
    model::AccessList {
        name: list.name.clone(),
        entries: entries.collect(),
    }
}

impl<'c> Lowering<'c, '_, '_> {
    /// The thing of that name; a finding if there is none.
    fn named<T: Named>(&mut self, list: &'c [T], name: &Spanned<String>) -> Option<&'c T> {
        let found = self.index.find(list, name);
        if found.is_none() {
            let names = list.iter().map(|thing| thing.name().value.as_str());
            let title = format!("there is no {} `{}`", T::WHAT, name.value);
            let label = "named here, and defined nowhere";
            let finding = Finding::error("undefined-name", title).at(name.span, label);
            self.tell_undefined(finding, name, names);
        }
        found
    }

    /// With which of those names was meant, where that is sure.
    fn tell_undefined<'n>(
        &mut self,
        finding: Finding,
        name: &Spanned<String>,
        names: impl Iterator<Item = &'n str>,
    ) {
        let meant = self.meant(name, names);
        self.cx.push(match meant {
            Some(meant) => finding.meant(name.span, meant),
            None => finding,
        });
    }

    /// What may be there although the file doesn't have it, or what a rule tells too: only what is
    /// nearly one of those names.
    fn tell_if_near<'n>(
        &mut self,
        what: &str,
        name: &Spanned<String>,
        names: impl Iterator<Item = &'n str>,
    ) {
        if let Some(meant) = self.meant(name, names) {
            let title = format!("there is no {what} `{}`", name.value);
            let label = "named here, and defined nowhere";
            let finding = Finding::error("undefined-name", title).at(name.span, label);
            self.cx.push(finding.meant(name.span, meant));
        }
    }

    /// Which of those names an undefined one surely was to be. A file with many such names, or many
    /// things, wasn't mistyped, and would take long.
    fn meant<'n>(&mut self, name: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
        const MOST: usize = 16;
        const NAMES: usize = 1000;
        self.undefined += 1;
        if self.undefined > MOST {
            return None;
        }
        let meant = surely(name, names.take(NAMES))?;
        // Beside its definition.
        let words = self.cx.text.split_whitespace();
        let is_used = words.filter(|word| *word == meant).count() > 1;
        (!is_used || is_surely_again(name, meant)).then_some(meant)
    }

    /// Tells of routes to tunnels that there aren't. Other interfaces may be bound all the same.
    fn check_routes(&mut self) {
        for route in &self.config.routes {
            let (NextHop::Interface(name) | NextHop::Both(name, _)) = &route.via else {
                continue;
            };
            let interfaces = &self.config.interfaces;
            if is_tunnel(name) {
                self.named(interfaces, name);
            } else if self.index.find(interfaces, name).is_none() {
                let names = interfaces.iter().map(|interface| interface.name.as_str());
                self.tell_if_near("interface", name, names);
            }
        }
    }
}

/// A claim as a note's last words.
fn certain(finding: Finding, certainty: Certainty, source: &str) -> Finding {
    finding
        .certain(certainty)
        .noted(format!("source: {source}"))
}
