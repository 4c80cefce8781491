//! Changes of what is offered for Child SAs: in the IPsec profile of a tunnel interface, or in a
//! crypto map's entry.

use super::block::Block;
use super::network;
use super::patch::{Patch, Place};
use crate::config::crypto_map::CryptoMapEntry;
use crate::config::find;
use crate::config::interface::Interface;
use crate::config::sa::Offer;
use crate::config::transform::TransformSet;
use crate::words::{self, Said, cannot};
use crossgate_crypto::{DhGroup, Encr, Integ};
use crossgate_model::Child;
use crossgate_model::config::Initiation;
use std::time::Duration;

/// What has a Child's offer and its selectors.
#[derive(Clone, Copy)]
pub(super) enum Carrier<'r> {
    Tunnel(&'r Interface),
    Entry(&'r CryptoMapEntry),
}

pub(super) fn carrier<'r>(patch: &Patch<'r>, child: &Child) -> Said<Carrier<'r>> {
    let config = &patch.lines.reading.config;
    let found = match &child.tunnel_interface {
        Some(name) => find(&config.interfaces, name).map(Carrier::Tunnel),
        None => {
            let is_it = |entry: &&CryptoMapEntry| entry.map.span == child.tunnel.span;
            config.crypto_maps.iter().find(is_it).map(Carrier::Entry)
        }
    };
    match found {
        Some(carrier) => Ok(carrier),
        None => cannot(format!("the file has no `{}`", child.tunnel.value)),
    }
}

/// The entry's lines, where one interface has its map: on several it would change for each.
pub(super) fn entry_block<'r>(patch: &Patch<'r>, entry: &CryptoMapEntry) -> Said<Block<'r>> {
    let interfaces = &patch.lines.reading.config.interfaces;
    let has = |i: &&Interface| i.crypto_map.as_ref() == Some(&entry.map);
    if interfaces.iter().filter(has).count() > 1 {
        return cannot(format!(
            "crypto map `{}` is on several interfaces, and would change for all of them",
            entry.map.value
        ));
    }
    let block = patch.lines.map_entry(&entry.map, entry.sequence.value);
    match block {
        Some(block) => Ok(block),
        None => cannot(format!("crypto map `{}` has no lines", entry.title().value)),
    }
}

/// What a command of an offer is to say.
struct Setting {
    path: &'static str,
    /// The first of its arguments must be one of these, where there are any.
    kinds: &'static [&'static str],
    /// Nothing: the command goes.
    words: Option<String>,
}

impl Setting {
    fn to(path: &'static str, words: impl Into<String>) -> Self {
        Self {
            path,
            kinds: &[],
            words: Some(words.into()),
        }
    }

    fn gone(path: &'static str) -> Self {
        Self {
            path,
            kinds: &[],
            words: None,
        }
    }

    fn is_of(&self, path: &str, args: &[&str]) -> bool {
        let kind = args.first().copied().unwrap_or("").to_ascii_lowercase();
        let abbreviated = |known: &&str| known.starts_with(&kind);
        self.path == path && (self.kinds.is_empty() || self.kinds.iter().any(abbreviated))
    }
}

/// Makes the offer of that Child say this, for this tunnel alone.
fn settle(patch: &mut Patch<'_>, child: &Child, setting: &Setting) -> Said<()> {
    match carrier(patch, child)? {
        Carrier::Entry(entry) => {
            let block = entry_block(patch, entry)?;
            settle_in(patch, &block, setting);
            Ok(())
        }
        Carrier::Tunnel(interface) => settle_profile(patch, interface, setting),
    }
}

fn settle_profile(patch: &mut Patch<'_>, interface: &Interface, setting: &Setting) -> Said<()> {
    let named = interface.tunnel.ipsec_profile.as_ref();
    let name = named.map_or("", |name| name.value.as_str());
    let Some(block) = patch.lines.named("crypto ipsec profile", name) else {
        return cannot(format!("there is no IPsec profile `{name}`"));
    };
    let interfaces = &patch.lines.reading.config.interfaces;
    let users = interfaces
        .iter()
        .filter(|i| i.tunnel.ipsec_profile.as_ref() == named);
    if users.count() <= 1 {
        settle_in(patch, &block, setting);
        return Ok(());
    }
    settle_copy(patch, interface, name, &block, setting)
}

fn settle_in<'r>(patch: &mut Patch<'r>, block: &Block<'r>, setting: &Setting) {
    let is_of = |patch: &Patch<'r>, line| setting.is_of(setting.path, &patch.lines.args(line));
    let mut lines = patch.lines.of(block, setting.path);
    lines.retain(|line| is_of(patch, line));
    match (&setting.words, lines.last()) {
        (None, _) => lines.iter().for_each(|line| patch.take_back(block, line)),
        (Some(words), None) => {
            let command = format!("{} {words}", setting.path);
            patch.type_in(block, &command);
            patch.add(block, command);
        }
        (Some(words), Some(line)) => {
            patch.type_in(block, &format!("{} {words}", setting.path));
            patch.rewrite(line, setting.path, words.clone());
        }
    }
}

/// A profile that other tunnels use stays as it is: this tunnel gets a copy that differs.
fn settle_copy<'r>(
    patch: &mut Patch<'r>,
    interface: &Interface,
    name: &str,
    block: &Block<'r>,
    setting: &Setting,
) -> Said<()> {
    let lines = block.places.iter().flat_map(|place| &place.lines);
    let mut inner: Vec<String> = lines
        .filter(|line| {
            let command = patch.lines.command(line);
            command.is_some_and(|(path, _)| !setting.is_of(path, &patch.lines.args(line)))
        })
        .map(|line| patch.lines.said(line))
        .collect();
    let words = setting.words.as_ref();
    inner.extend(words.map(|words| format!("{} {words}", setting.path)));
    let copy = patch.lines.fresh(name);
    let place = patch.beside("crypto ipsec profile", None)?;
    patch.add_block(place, &format!("crypto ipsec profile {copy}"), &inner);
    let tunnel = network::interface(patch, &interface.name)?;
    if let Some(span) = interface.tunnel.ipsec_profile.as_ref().and_then(|p| p.span) {
        let line = patch.lines.at(span);
        let args = line.map_or_else(Vec::new, |line| patch.lines.args(line));
        let rest: Vec<&str> = args.into_iter().skip(1).collect();
        let command = format!("tunnel protection ipsec profile {copy} {}", rest.join(" "));
        patch.type_in(&tunnel, command.trim_end());
        patch.replace(span, copy);
    }
    Ok(())
}

/// What the Child's carrier offers.
fn offer_of<'r>(patch: &Patch<'r>, child: &Child) -> Said<&'r Offer> {
    match carrier(patch, child)? {
        Carrier::Entry(entry) => Ok(&entry.offer),
        Carrier::Tunnel(interface) => {
            let name = interface.tunnel.ipsec_profile.as_ref();
            let profiles = &patch.lines.reading.config.ipsec_profiles;
            match name.and_then(|name| find(profiles, name)) {
                Some(profile) => Ok(&profile.offer),
                None => cannot(format!("{} has no IPsec profile", interface.name.value)),
            }
        }
    }
}

pub(super) fn pfs(patch: &mut Patch<'_>, child: &str, group: Option<DhGroup>) -> Said<()> {
    let (_, child) = patch.child(child)?;
    let setting = match group {
        Some(group) => Setting::to("set pfs", words::pfs_group(group)?),
        None => Setting::gone("set pfs"),
    };
    settle(patch, child, &setting)
}

pub(super) fn replay(patch: &mut Patch<'_>, child: &str, packets: u32) -> Said<()> {
    let (_, child) = patch.child(child)?;
    let path = "set security-association replay";
    settle(patch, child, &Setting::to(path, words::replay(packets)?))
}

const LIFETIME: &str = "set security-association lifetime";

pub(super) fn seconds(patch: &mut Patch<'_>, child: &str, to: Duration) -> Said<()> {
    let (_, child) = patch.child(child)?;
    let seconds = to.as_secs();
    if !(120..=2_592_000).contains(&seconds) {
        return cannot(format!(
            "a Child SA lives 120 to 2592000 seconds, not {seconds}"
        ));
    }
    lifetime(
        patch,
        child,
        &["seconds", "days"],
        &format!("seconds {seconds}"),
    )
}

pub(super) fn kilobytes(patch: &mut Patch<'_>, child: &str, to: Option<u64>) -> Said<()> {
    let (_, child) = patch.child(child)?;
    let words = match to {
        None => "kilobytes disable".to_owned(),
        Some(kilobytes) if (2560..=u64::from(u32::MAX)).contains(&kilobytes) => {
            format!("kilobytes {kilobytes}")
        }
        Some(kilobytes) => {
            return cannot(format!(
                "a Child SA carries 2560 to 4294967295 kilobytes, not {kilobytes}"
            ));
        }
    };
    lifetime(patch, child, &["kilobytes"], &words)
}

fn lifetime(
    patch: &mut Patch<'_>,
    child: &Child,
    kinds: &'static [&'static str],
    words: &str,
) -> Said<()> {
    let stated = offer_of(patch, child)?;
    let spans = [
        stated.sa.seconds.and_then(|seconds| seconds.span),
        stated.sa.kilobytes.and_then(|kilobytes| kilobytes.span),
    ];
    let [seconds, kilobytes] = spans.map(|span| span.and_then(|span| patch.lines.at(span)));
    let one_line = match (seconds, kilobytes) {
        (Some(a), Some(b)) => a.raw == b.raw,
        _ => false,
    };
    if !one_line {
        let mut setting = Setting::to(LIFETIME, words);
        setting.kinds = kinds;
        return settle(patch, child, &setting);
    }
    // Both measures on one line: the other one is said again.
    let other = match kinds.first() {
        Some(&"seconds") => match stated.sa.kilobytes.and_then(|kilobytes| kilobytes.value) {
            Some(kilobytes) => format!("{words} kilobytes {kilobytes}"),
            None => format!("{words} kilobytes disable"),
        },
        _ => {
            let seconds = stated.sa.seconds.map_or(0, |seconds| seconds.as_secs());
            format!("seconds {seconds} {words}")
        }
    };
    settle(patch, child, &Setting::to(LIFETIME, other))
}

/// Never to start is the only thing that a file says about starting.
pub(super) fn initiate(patch: &mut Patch<'_>, name: &str) -> Said<()> {
    let connection = patch.connection(name)?;
    if connection.initiation.value != Initiation::Never {
        return cannot(format!(
            "`{name}` starts already: a crypto map when there is traffic, a tunnel interface at once"
        ));
    }
    let mut done: Vec<&str> = Vec::new();
    for child in &connection.children {
        let tunnel = child.tunnel.value.as_str();
        if !done.contains(&tunnel) {
            done.push(tunnel);
            settle(patch, child, &Setting::gone("responder-only"))?;
        }
    }
    Ok(())
}

/// A Child is off when its interface is.
pub(super) fn enable(patch: &mut Patch<'_>, name: &str) -> Said<()> {
    let (connection, child) = patch.child(name)?;
    let interface = match carrier(patch, child)? {
        Carrier::Tunnel(interface) => &interface.name,
        Carrier::Entry(_) => match &connection.local.interface {
            Some(interface) => interface,
            None => return cannot("the crypto map's interface is not in the file"),
        },
    };
    network::enable(patch, interface)
}

pub(super) fn suite(
    patch: &mut Patch<'_>,
    name: &str,
    encr: Encr,
    integ: Option<Integ>,
) -> Said<()> {
    let (_, child) = patch.child(name)?;
    let integ = integ.filter(|_| !encr.is_aead());
    let said = words::transforms(encr, integ)?;
    let offer = offer_of(patch, child)?;
    let sets = &patch.lines.reading.config.transform_sets;
    let known = offer.transform_sets.iter().filter_map(|n| find(sets, n));
    let own: Vec<&TransformSet> = known.filter(|set| users(patch, set) <= 1).collect();
    let is_wanted = |set: &&TransformSet| {
        let values = (set.encr.map(|e| e.value), set.integ.map(|i| i.value));
        values == (Some(encr), integ) && set.transport.is_none()
    };
    let (kept, gone) = match (sets.iter().find(is_wanted), own.first()) {
        (Some(set), _) => (set.name.value.clone(), own),
        (None, Some(first)) => {
            rewrite_set(patch, first, &said)?;
            (first.name.value.clone(), own)
        }
        (None, None) => (new_set(patch, child, &said)?, own),
    };
    let names: Vec<_> = offer.transform_sets.iter().map(|n| &n.value).collect();
    if names != [&kept] {
        settle(
            patch,
            child,
            &Setting::to("set transform-set", kept.as_str()),
        )?;
    }
    // What nothing uses any more goes.
    for set in gone.into_iter().filter(|set| set.name.value != kept) {
        if let Some(block) = patch.lines.named("crypto ipsec transform-set", &set.name) {
            patch.remove_named(&block, "crypto ipsec transform-set", &set.name);
        }
    }
    Ok(())
}

/// How many tunnels offer it, be it through one profile.
fn users(patch: &Patch<'_>, set: &TransformSet) -> usize {
    let config = &patch.lines.reading.config;
    let offers = |offer: &Offer| offer.transform_sets.contains(&set.name);
    let profiles = config.ipsec_profiles.iter().filter(|p| offers(&p.offer));
    let tunnels = profiles.map(|profile| {
        let uses = |i: &&Interface| i.tunnel.ipsec_profile.as_ref() == Some(&profile.name);
        config.interfaces.iter().filter(uses).count().max(1)
    });
    let entries = config.crypto_maps.iter().filter(|e| offers(&e.offer));
    tunnels.sum::<usize>() + entries.count()
}

fn rewrite_set(patch: &mut Patch<'_>, set: &TransformSet, said: &str) -> Said<()> {
    let path = "crypto ipsec transform-set";
    let Some(block) = patch.lines.named(path, &set.name) else {
        return cannot(format!("transform set `{}` has no lines", set.name.value));
    };
    let header = format!("{path} {} {said}", set.name.value);
    for line in &block.places {
        patch.rewrite(line, path, format!("{} {said}", set.name.value));
    }
    patch.type_in(
        &Block {
            headers: vec![header],
            places: Vec::new(),
        },
        "mode tunnel",
    );
    if set.transport.is_some() {
        for line in patch.lines.of(&block, "mode") {
            patch.rewrite(line, "mode", "tunnel");
        }
    }
    Ok(())
}

/// A transform set of that suite, before what will name it where the file has no other.
fn new_set(patch: &mut Patch<'_>, child: &Child, said: &str) -> Said<String> {
    let path = "crypto ipsec transform-set";
    let offer = offer_of(patch, child)?;
    let fellow = offer.transform_sets.first().map(|name| name.value.clone());
    let base = fellow.unwrap_or_else(|| said.replace(' ', "-").to_uppercase());
    let name = patch.lines.fresh(&base);
    let user = match carrier(patch, child)? {
        Carrier::Entry(entry) => entry_block(patch, entry)?,
        Carrier::Tunnel(interface) => {
            let profile = interface.tunnel.ipsec_profile.as_ref();
            let profile = profile.map_or("", |profile| profile.value.as_str());
            let block = patch.lines.named("crypto ipsec profile", profile);
            block.unwrap_or(network::interface(patch, &interface.name)?)
        }
    };
    let before = user.places.first().copied().map(Place::Before);
    let place = patch.beside(path, before)?;
    let header = format!("{path} {name} {said}");
    patch.add_block(place, &header, &["mode tunnel".to_owned()]);
    Ok(name)
}
