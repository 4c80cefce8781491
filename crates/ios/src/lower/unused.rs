//! Things that a file defines and nothing refers to.

use crate::config::nat::Which;
use crate::config::{Config, Named};
use crate::grammar::Context;
use crossgate_diag::{Finding, Spanned};
use std::collections::BTreeSet;

pub(super) fn tell(config: &Config, cx: &mut Context<'_>) {
    let offers = || {
        let profiles = config.ipsec_profiles.iter().map(|profile| &profile.offer);
        profiles.chain(config.crypto_maps.iter().map(|entry| &entry.offer))
    };
    let tunnels = || config.interfaces.iter().map(|interface| &interface.tunnel);
    let ikev2 = offers().filter_map(|offer| offer.ikev2_profile.as_ref());
    let ikev2 = ikev2.chain(tunnels().filter_map(|tunnel| tunnel.ikev2_profile.as_ref()));
    each(&config.profiles, &ikev2.collect::<Vec<_>>(), cx);
    let keyrings = config.profiles.iter().filter_map(|p| p.keyring.as_ref());
    each(&config.keyrings, &keyrings.collect::<Vec<_>>(), cx);
    let sets = offers().flat_map(|offer| &offer.transform_sets);
    each(&config.transform_sets, &sets.collect::<Vec<_>>(), cx);
    let ipsec = tunnels().filter_map(|tunnel| tunnel.ipsec_profile.as_ref());
    each(&config.ipsec_profiles, &ipsec.collect::<Vec<_>>(), cx);
    lists(config, cx);
    maps(config, cx);
}

fn each<T: Named>(defined: &[T], used: &[&Spanned<String>], cx: &mut Context<'_>) {
    let used: BTreeSet<&str> = used.iter().map(|name| name.value.as_str()).collect();
    for thing in defined.iter().map(Named::name) {
        if thing.value != "default" && !used.contains(thing.value.as_str()) {
            cx.push(
                Finding::note(
                    "unused",
                    format!("nothing uses {} `{}`", T::WHAT, thing.value),
                )
                .at(thing.span, "of no effect"),
            );
        }
    }
}

/// Those that say what is translated or filtered: the judge asks them.
fn asked_otherwise(config: &Config) -> BTreeSet<&str> {
    let filters = config.interfaces.iter();
    let filters = filters.flat_map(|i| i.filter_in.iter().chain(&i.filter_out));
    let translated = config
        .nat
        .sources
        .iter()
        .filter_map(|source| match &source.which {
            Which::List(list) => Some(list),
            _ => None,
        });
    let mapped = config.nat.route_maps.iter().flat_map(|entry| &entry.lists);
    let all = filters.chain(translated).chain(mapped);
    all.map(|name| name.value.as_str()).collect()
}

/// Lists filter nothing here: they only say what to encrypt.
fn lists(config: &Config, cx: &mut Context<'_>) {
    let policies = config
        .interfaces
        .iter()
        .filter_map(|i| i.tunnel.policy.as_ref());
    let maps = config
        .crypto_maps
        .iter()
        .filter_map(|e| e.access_list.as_ref());
    let used: BTreeSet<&str> = policies
        .chain(maps)
        .map(|name| name.value.as_str())
        .collect();
    let judged = asked_otherwise(config);
    for list in config
        .access_lists
        .iter()
        .filter(|l| !used.contains(l.name.value.as_str()))
    {
        cx.push(
            Finding::note(
                match judged.contains(list.name.value.as_str()) {
                    true => "only-judged",
                    false => "not-obeyed",
                },
                format!(
                    "no tunnel uses access list `{}`, and packets are not filtered by it",
                    list.name.value
                ),
            )
            .at(list.name.span, "of no effect"),
        );
    }
}

fn maps(config: &Config, cx: &mut Context<'_>) {
    let applied = config.interfaces.iter();
    let applied = applied.filter_map(|i| i.crypto_map.as_ref());
    let used: BTreeSet<&str> = applied.map(|map| map.value.as_str()).collect();
    for entry in config
        .crypto_maps
        .iter()
        .filter(|e| !used.contains(e.map.value.as_str()))
    {
        let title = entry.title();
        cx.push(
            Finding::note(
                "unused",
                format!("no interface has crypto map `{}`", title.value),
            )
            .at(title.span, "of no effect"),
        );
    }
}
