//! Rules of address translation: from all inside interfaces to all outside ones.

use crate::config::Config;
use crate::config::interface::NatSide;
use crate::config::nat::{NatSource, To, Which};
use crossgate_diag::Spanned;
use crossgate_model::{NatRule, SourceTranslation};

/// Static translations come before all others, as on a router.
pub(super) fn rules(config: &Config) -> Vec<NatRule> {
    let mut sources: Vec<&NatSource> = config.nat.sources.iter().collect();
    sources.sort_by_key(|source| !matches!(source.which, Which::Static(_)));
    let rules = sources.into_iter().flat_map(|source| match &source.which {
        Which::List(list) => vec![by_list(config, source, &source.name, list)],
        Which::RouteMap(map) => by_map(config, source, map),
        Which::Static(local) => vec![NatRule {
            source: vec![local.clone()],
            ..rule(config, &source.name, translation(config, &source.to))
        }],
    });
    rules.collect()
}

fn rule(config: &Config, name: &Spanned<String>, to: SourceTranslation) -> NatRule {
    let on = |side| {
        let interfaces = config.interfaces.iter();
        let there = interfaces.filter(move |i| i.nat.is_some_and(|nat| nat.value == side));
        there.map(|interface| interface.name.clone()).collect()
    };
    NatRule {
        name: name.clone(),
        access_list: None,
        from: on(NatSide::Inside),
        to: on(NatSide::Outside),
        source: Vec::new(),
        destination: Vec::new(),
        service: None,
        source_translation: to,
        enabled: true,
    }
}

fn by_list(
    config: &Config,
    source: &NatSource,
    name: &Spanned<String>,
    list: &Spanned<String>,
) -> NatRule {
    NatRule {
        access_list: Some(list.clone()),
        ..rule(config, name, translation(config, &source.to))
    }
}

/// One rule for each access list of each entry; an entry that denies leaves addresses alone.
fn by_map(config: &Config, source: &NatSource, map: &Spanned<String>) -> Vec<NatRule> {
    let entries = config.nat.route_maps.iter();
    let mut entries: Vec<_> = entries.filter(|entry| entry.name == map.value).collect();
    entries.sort_by_key(|entry| entry.sequence);
    let mut rules = Vec::new();
    for entry in entries {
        for list in &entry.lists {
            let name = source
                .name
                .clone()
                .map(|name| format!("{name} {} {}", entry.sequence, list.value));
            let mut rule = by_list(config, source, &name, list);
            if !entry.permits {
                rule.source_translation = SourceTranslation::None;
            }
            rules.push(rule);
        }
    }
    rules
}

fn translation(config: &Config, to: &To) -> SourceTranslation {
    match to {
        To::Interface(name) => SourceTranslation::Interface(name.clone()),
        To::Address(address) => SourceTranslation::Addresses(vec![address.clone()]),
        To::Pool(pool) => {
            let mut pools = config.nat.pools.iter();
            let known = pools.find(|(name, _)| *name == pool.value);
            SourceTranslation::Addresses(
                known.map(|(_, first)| first.clone()).into_iter().collect(),
            )
        }
    }
}
