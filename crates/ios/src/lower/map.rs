//! Crypto maps: what an interface encrypts by access list.

use super::Lowering;
use super::child::Carrier;
use super::connection::Want;
use crate::behaviour::LIST_SELECTORS;
use crate::config::Config;
use crate::config::crypto_map::{CryptoMapEntry, MapPeer};
use crate::config::interface::Interface;
use crate::config::sa::only_ikev1;
use crossgate_diag::{Finding, Spanned};
use crossgate_model::{Initiation, LocalEnd, RemoteEnd};
use std::collections::BTreeMap;

/// The entries of maps, and the interfaces whose addresses they start from, by the maps' names.
pub(super) struct Maps<'c> {
    entries: BTreeMap<&'c str, Vec<&'c CryptoMapEntry>>,
    addresses: BTreeMap<&'c str, &'c Spanned<String>>,
}

impl<'c> Maps<'c> {
    pub fn new(config: &'c Config) -> Self {
        let mut entries: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for entry in &config.crypto_maps {
            entries.entry(&entry.map.value).or_default().push(entry);
        }
        let addresses = config.map_addresses.iter();
        let addresses = addresses.map(|(map, source)| (map.value.as_str(), source));
        Self {
            entries,
            addresses: addresses.collect(),
        }
    }
}

impl<'c> Lowering<'c, '_, '_> {
    /// What the entries of an interface's map ask for. `again`: an interface before it has the
    /// same map, so that names need the interface to tell Childs apart.
    pub(super) fn crypto_map(&mut self, interface: &'c Interface, again: bool) -> Vec<Want<'c>> {
        let Some(map) = &interface.crypto_map else {
            return Vec::new();
        };
        let entries = &self.index.maps(self.config).entries;
        let entries = entries.get(map.value.as_str()).cloned().unwrap_or_default();
        if entries.is_empty() {
            let title = format!("crypto map `{}` has no entry that can be obeyed", map.value);
            let finding = Finding::error("undefined-name", title).at(map.span, "applied here");
            let maps: Vec<&str> = self
                .index
                .maps(self.config)
                .entries
                .keys()
                .copied()
                .collect();
            self.tell_undefined(finding, map, maps.into_iter());
            return Vec::new();
        }
        let mut wants = Vec::new();
        for entry in entries {
            if entry.offer.ikev2_profile.is_none() {
                only_ikev1(
                    &entry.offer,
                    &entry.title(),
                    "the crypto map entry",
                    self.cx,
                );
            }
            wants.extend(self.entry(entry, interface, again));
        }
        wants
    }

    fn map_local(
        &mut self,
        map: &Spanned<String>,
        interface: &Interface,
        remote: Option<&RemoteEnd>,
    ) -> LocalEnd {
        let stated = &self.index.maps(self.config).addresses;
        match stated.get(map.value.as_str()).copied() {
            Some(source) => self.local_end(source, remote),
            None => self.local_end(&interface.name, remote),
        }
    }

    fn entry(
        &mut self,
        entry: &'c CryptoMapEntry,
        interface: &Interface,
        again: bool,
    ) -> Option<Want<'c>> {
        // What is incomplete and not spoken anyway needs no more words.
        let is_incomplete = entry.peers.is_empty() || entry.access_list.is_none();
        if entry.offer.ikev2_profile.is_none() && is_incomplete {
            return None;
        }
        let title = entry.title();
        let profile = entry.offer.ikev2_profile.as_ref();
        let profile = profile.map(|profile| self.named(&self.config.profiles, profile));
        let remote = self.peer(entry);
        let local = self.map_local(&entry.map, interface, remote.as_ref());
        let pairs = match &entry.access_list {
            Some(list) => self.list_selectors(list),
            None => {
                self.entry_lacks(&title, "match address");
                Vec::new()
            }
        };
        let name = match again {
            true => title.map(|title| format!("{title} {}", interface.name.value)),
            false => title,
        };
        let enabled = interface.shutdown.unwrap_or(Spanned::default_of(false));
        let enabled = enabled.map(|down| !down);
        let carrier = Carrier {
            name,
            interface: None,
            enabled,
            oversize: self.oversize(&interface.oversize),
        };
        let children = self.children(&carrier, &entry.offer, pairs, LIST_SELECTORS);
        let Some(profile) = profile else {
            let old = self.ikev1(entry.map.span, Some(local), remote, children);
            self.legacy.extend(old);
            return None;
        };
        Some(Want {
            profile: profile?,
            local,
            remote: remote?,
            initiation: Spanned::default_of(Initiation::OnTraffic),
            enabled,
            children,
            pqc: entry.offer.pqc,
        })
    }

    /// The first peer; others would be tried after it.
    fn peer(&mut self, entry: &CryptoMapEntry) -> Option<RemoteEnd> {
        let Some((first, others)) = entry.peers.split_first() else {
            self.entry_lacks(&entry.title(), "set peer");
            return None;
        };
        for other in others {
            self.cx.push(
                Finding::warning("not-obeyed", "only the first peer of an entry is tried")
                    .at(other.span, "not obeyed")
                    .beside(first.span, "used"),
            );
        }
        let span = first.span;
        match &first.value {
            MapPeer::Address(address) => Some(RemoteEnd::Address(Spanned {
                value: *address,
                span,
            })),
            MapPeer::Wrong => None,
            MapPeer::Name(name) => Some(RemoteEnd::Name(Spanned {
                value: name.clone(),
                span,
            })),
        }
    }

    fn entry_lacks(&mut self, title: &Spanned<String>, missing: &str) {
        self.cx.push(
            Finding::error(
                "incomplete-map",
                format!("crypto map `{}` has no `{missing}`", title.value),
            )
            .at(title.span, "the entry encrypts nothing"),
        );
    }
}
