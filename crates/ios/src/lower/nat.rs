//! Rules of address translation: from all inside interfaces to all outside ones.

use crate::config::Config;
use crate::config::interface::NatSide;
use crate::config::nat::{NatSource, RouteMapEntry, To, Which};
use crossgate_diag::Spanned;
use crossgate_model::{NatRule, SourceTranslation};
use std::collections::BTreeMap;

/// What the rules refer to, found once.
struct Nat<'c> {
    inside: Vec<Spanned<String>>,
    outside: Vec<Spanned<String>>,
    /// First addresses of pools.
    pools: BTreeMap<&'c str, &'c Spanned<String>>,
    /// By the route map's name, in order of their numbers.
    entries: BTreeMap<&'c str, Vec<&'c RouteMapEntry>>,
}

impl<'c> Nat<'c> {
    fn of(config: &'c Config) -> Self {
        let on = |side| {
            let interfaces = config.interfaces.iter();
            let there = interfaces.filter(move |i| i.nat.is_some_and(|nat| nat.value == side));
            there.map(|interface| interface.name.clone()).collect()
        };
        let pools = config.nat.pools.iter();
        let mut entries: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for entry in &config.nat.route_maps {
            entries.entry(&entry.name).or_default().push(entry);
        }
        for of_map in entries.values_mut() {
            of_map.sort_by_key(|entry| entry.sequence);
        }
        Self {
            inside: on(NatSide::Inside),
            outside: on(NatSide::Outside),
            pools: pools.map(|(name, first)| (name.as_str(), first)).collect(),
            entries,
        }
    }
}

/// Static translations come before all others, as on a router.
pub(super) fn rules(config: &Config) -> Vec<NatRule> {
    let nat = &Nat::of(config);
    let mut sources: Vec<&NatSource> = config.nat.sources.iter().collect();
    sources.sort_by_key(|source| !matches!(source.which, Which::Static(_)));
    let rules = sources.into_iter().flat_map(|source| match &source.which {
        Which::List(list) => vec![by_list(nat, source, &source.name, list)],
        Which::RouteMap(map) => by_map(nat, source, map),
        Which::Static(local) => vec![NatRule {
            source: vec![local.clone()],
            ..rule(nat, &source.name, translation(nat, &source.to))
        }],
    });
    rules.collect()
}

fn rule(nat: &Nat<'_>, name: &Spanned<String>, to: SourceTranslation) -> NatRule {
    NatRule {
        name: name.clone(),
        access_list: None,
        from: nat.inside.clone(),
        to: nat.outside.clone(),
        source: Vec::new(),
        destination: Vec::new(),
        service: None,
        source_translation: to,
        enabled: true,
    }
}

fn by_list(
    nat: &Nat<'_>,
    source: &NatSource,
    name: &Spanned<String>,
    list: &Spanned<String>,
) -> NatRule {
    NatRule {
        access_list: Some(list.clone()),
        ..rule(nat, name, translation(nat, &source.to))
    }
}

/// One rule for each access list of each entry; an entry that denies leaves addresses alone.
fn by_map(nat: &Nat<'_>, source: &NatSource, map: &Spanned<String>) -> Vec<NatRule> {
    let mut rules = Vec::new();
    for entry in nat.entries.get(map.value.as_str()).into_iter().flatten() {
        for list in &entry.lists {
            let name = source
                .name
                .clone()
                .map(|name| format!("{name} {} {}", entry.sequence, list.value));
            let mut rule = by_list(nat, source, &name, list);
            if !entry.permits {
                rule.source_translation = SourceTranslation::None;
            }
            rules.push(rule);
        }
    }
    rules
}

fn translation(nat: &Nat<'_>, to: &To) -> SourceTranslation {
    match to {
        To::Interface(name) => SourceTranslation::Interface(name.clone()),
        To::Address(address) => SourceTranslation::Addresses(vec![address.clone()]),
        To::Pool(pool) => {
            let known = nat.pools.get(pool.value.as_str());
            SourceTranslation::Addresses(known.into_iter().map(|first| (*first).clone()).collect())
        }
    }
}
