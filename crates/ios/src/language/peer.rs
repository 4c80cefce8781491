//! Changes of a peer's key and of its address.

use super::block::Block;
use super::offer::{Carrier, carrier, entry_block};
use super::patch::{Patch, Place, Words};
use super::{network, profile};
use crate::config::crypto_map::CryptoMapEntry;
use crate::config::find;
use crate::config::interface::Interface;
use crate::config::keyring::{Keyring, Peer};
use crate::config::profile::{MethodKind, Profile};
use crate::lower::keys::{by_end, by_identity};
use crate::words::{self, Said, cannot};
use crossgate_crypto::Secret;
use crossgate_model::{Connection, Identity, IdentityMatch, PresharedKey, RemoteEnd};
use ipnet::IpNet;
use std::net::IpAddr;

const HIDDEN: &str = "********";
const KEY: &str = "pre-shared-key";

/// A key in the three forms of a line's words.
fn key_words(key: &Secret, name: &str) -> Words {
    Words::secret(
        words::key(key.expose()),
        HIDDEN.to_owned(),
        format!("<{name}>"),
    )
}

/// One key for both directions.
pub(super) fn key(patch: &mut Patch<'_>, name: &str, key: &Secret, called: &str) -> Said<()> {
    let connection = patch.connection(name)?;
    let (profile, block) = profile::of(patch, connection)?;
    let words = key_words(key, called);
    if inline_keys(patch, profile, &block, &words) {
        return Ok(());
    }
    let keyrings = &patch.lines.reading.config.keyrings;
    let keyring = profile.keyring.as_ref().and_then(|k| find(keyrings, k));
    let Some(keyring) = keyring else {
        if let Some(ready) = unnamed_with(patch, connection, profile, key) {
            patch.set(&block, "keyring local", ready.name.value.as_str());
            return Ok(());
        }
        return new_keyring(patch, connection, profile, &block, words);
    };
    match peer_of(keyring, profile, &connection.remote) {
        Some(peer) if !is_shared(patch, connection, peer) => {
            let Some(block) = patch.lines.keyring_peer(&keyring.name, &peer.name) else {
                return cannot(format!("peer `{}` has no lines", peer.name.value));
            };
            peer_key(patch, &block, peer, &words);
            Ok(())
        }
        Some(peer) if is_just(peer, &connection.remote) => cannot(format!(
            "the key of peer `{}` is for another connection as well",
            peer.name.value
        )),
        _ => new_peer(patch, connection, keyring, words),
    }
}

/// Keys that stand in the profile itself. Whether both directions have theirs there.
fn inline_keys<'r>(
    patch: &mut Patch<'r>,
    profile: &Profile,
    block: &Block<'r>,
    words: &Words,
) -> bool {
    let has = |method: Option<&crate::config::profile::Method>| {
        method.is_some_and(|m| m.kind == MethodKind::PreShare && m.key.is_some())
    };
    let local = has(profile.local_auth.as_ref().map(|m| &m.value));
    let remote = has(profile.remote_auth.first().map(|m| &m.value));
    if !(local && remote) {
        return false;
    }
    for path in ["authentication local", "authentication remote"] {
        patch.set(block, path, words.clone().after("pre-share key"));
    }
    true
}

fn peer_of<'r>(keyring: &'r Keyring, profile: &Profile, remote: &RemoteEnd) -> Option<&'r Peer> {
    by_end(keyring, remote).or_else(|| by_identity(keyring, profile))
}

/// Whether another connection takes its key from there.
fn is_shared(patch: &Patch<'_>, connection: &Connection, peer: &Peer) -> bool {
    let reading = patch.lines.reading;
    let mut others = reading.gateway.connections.iter();
    others.any(|other| {
        let Ok((profile, _)) = profile::of(patch, other) else {
            return false;
        };
        let keyring = profile.keyring.as_ref();
        let keyring = keyring.and_then(|k| find(&reading.config.keyrings, k));
        let theirs = keyring.and_then(|k| peer_of(k, profile, &other.remote));
        other.name.value != connection.name.value
            && theirs.is_some_and(|theirs| theirs.name.span == peer.name.span)
    })
}

/// Whether the entry is for that end and no other.
fn is_just(peer: &Peer, remote: &RemoteEnd) -> bool {
    match remote.address() {
        Some(address) => peer
            .address
            .is_none_or(|net| net.value == IpNet::from(address)),
        None => true,
    }
}

fn peer_key<'r>(patch: &mut Patch<'r>, block: &Block<'r>, peer: &Peer, words: &Words) {
    let lines = patch.lines.of(block, KEY);
    let direction = |line| match patch.lines.args(line).as_slice() {
        [way, _, ..] if way.eq_ignore_ascii_case("local") => "local",
        [way, _, ..] if way.eq_ignore_ascii_case("remote") => "remote",
        _ => "",
    };
    let split: Vec<_> = lines.iter().map(|line| (direction(line), *line)).collect();
    if split.iter().all(|(way, _)| way.is_empty()) {
        patch.set(block, KEY, words.clone());
        return;
    }
    // Each direction has its line, and keeps it.
    for way in ["local", "remote"] {
        let words = words.clone().after(way);
        patch.type_words(block, &words.clone().after(KEY));
        match split.iter().rfind(|(known, _)| *known == way) {
            Some((_, line)) => patch.rewrite(line, KEY, words),
            None if peer.local_key.is_some() && peer.remote_key.is_some() => {}
            None => patch.add(block, words.after(KEY)),
        }
    }
}

/// What tells the peer in a keyring.
fn peer_line(remote: &RemoteEnd) -> String {
    match remote {
        RemoteEnd::Address(address) => format!("address {}", address.value),
        RemoteEnd::Name(name) => format!("hostname {}", name.value),
        RemoteEnd::Within(net) => format!("address {}", words::net_with_mask(net.value)),
        RemoteEnd::Any => "address 0.0.0.0 0.0.0.0".to_owned(),
    }
}

fn new_peer(
    patch: &mut Patch<'_>,
    connection: &Connection,
    keyring: &Keyring,
    words: Words,
) -> Said<()> {
    let Some(block) = patch.lines.named("crypto ikev2 keyring", &keyring.name) else {
        return cannot(format!("keyring `{}` has no lines", keyring.name.value));
    };
    let header = format!("peer {}", patch.lines.fresh("PEER"));
    let lines = vec![Words::from(peer_line(&connection.remote)), words.after(KEY)];
    patch.add_inner(&block, &header, lines);
    Ok(())
}

/// A keyring that no profile names and that has that very key for the peer: its name, or the
/// profile's, was misspelt.
fn unnamed_with<'r>(
    patch: &Patch<'r>,
    connection: &Connection,
    profile: &Profile,
    key: &Secret,
) -> Option<&'r Keyring> {
    let config = &patch.lines.reading.config;
    let is_named = |keyring: &Keyring| {
        let mut names = config.profiles.iter().filter_map(|p| p.keyring.as_ref());
        names.any(|name| name.value == keyring.name.value)
    };
    let has_key = |keyring: &Keyring| {
        let peer = peer_of(keyring, profile, &connection.remote);
        peer.is_some_and(|peer| {
            let mut keys = [&peer.local_key, &peer.remote_key].into_iter();
            keys.all(|known| {
                let known = known.as_ref().map(|known| &known.value);
                matches!(known, Some(PresharedKey::Known(known)) if known == key)
            })
        })
    };
    let mut keyrings = config.keyrings.iter();
    keyrings.find(|keyring| !is_named(keyring) && has_key(keyring))
}

/// For this profile alone: others that name the same one have peers of which nothing is known here.
fn new_keyring<'r>(
    patch: &mut Patch<'r>,
    connection: &Connection,
    profile: &Profile,
    block: &Block<'r>,
    words: Words,
) -> Said<()> {
    let profiles = &patch.lines.reading.config.profiles;
    let users = |name: &str| {
        let named = profiles.iter().filter_map(|p| p.keyring.as_ref());
        named.filter(|used| used.value == name).count()
    };
    let wanted = profile.keyring.as_ref().map(|name| name.value.clone());
    let wanted = wanted.filter(|name| users(name) == 1);
    let base = format!("{}-KEYS", profile.name.value);
    let name = wanted.clone().unwrap_or_else(|| patch.lines.fresh(&base));
    let first = block.places.first().copied().map(Place::Before);
    let place = patch.beside("crypto ikev2 keyring", first)?;
    let lines = vec![Words::from(peer_line(&connection.remote)), words.after(KEY)];
    let headers = [
        format!("crypto ikev2 keyring {name}"),
        format!("peer {}", patch.lines.fresh("PEER")),
    ];
    patch.add_nested(place, headers, lines);
    if wanted.is_none() {
        patch.set(block, "keyring local", name);
    }
    Ok(())
}

/// Where the peer is, and whatever of its key and identity goes by that address.
pub(super) fn address(patch: &mut Patch<'_>, name: &str, to: IpAddr) -> Said<()> {
    let connection = patch.connection(name)?;
    let mut done: Vec<&str> = Vec::new();
    for child in &connection.children {
        let tunnel = child.tunnel.value.as_str();
        if done.contains(&tunnel) {
            continue;
        }
        done.push(tunnel);
        match carrier(patch, child)? {
            Carrier::Tunnel(interface) => destination(patch, interface, to)?,
            Carrier::Entry(entry) => map_peer(patch, entry, to)?,
        }
    }
    let Some(old) = connection.remote.address() else {
        return Ok(());
    };
    if let Ok((profile, block)) = profile::of(patch, connection) {
        identity_follows(patch, profile, &block, old, to);
        key_follows(patch, connection, profile, old, to);
    }
    Ok(())
}

fn destination(patch: &mut Patch<'_>, interface: &Interface, to: IpAddr) -> Said<()> {
    let block = network::interface(patch, &interface.name)?;
    patch.set(&block, "tunnel destination", to.to_string());
    Ok(())
}

/// The first peer of an entry is the one that is used.
fn map_peer(patch: &mut Patch<'_>, entry: &CryptoMapEntry, to: IpAddr) -> Said<()> {
    let block = entry_block(patch, entry)?;
    let lines = patch.lines.of(&block, "set peer");
    let Some((first, others)) = lines.split_first() else {
        patch.set(&block, "set peer", to.to_string());
        return Ok(());
    };
    for line in &lines {
        patch.type_in(&block, &format!("no {}", patch.lines.said(line)));
    }
    patch.type_in(&block, &format!("set peer {to}"));
    for line in others {
        patch.type_in(&block, &patch.lines.said(line));
    }
    patch.rewrite(first, "set peer", to.to_string());
    Ok(())
}

fn identity_follows<'r>(
    patch: &mut Patch<'r>,
    profile: &Profile,
    block: &Block<'r>,
    old: IpAddr,
    to: IpAddr,
) {
    const PATH: &str = "match identity remote";
    let was = IdentityMatch::Exactly(Identity::Address(old));
    let stated = profile.match_remote.iter().find(|m| m.value == was);
    let line = stated.and_then(|m| m.span).and_then(|s| patch.lines.at(s));
    let words = words::identity_match(&IdentityMatch::Exactly(Identity::Address(to)));
    if let (Some(line), Ok(words)) = (line, words) {
        patch.type_in(block, &format!("no {}", patch.lines.said(line)));
        patch.type_in(block, &format!("{PATH} {words}"));
        patch.rewrite(line, PATH, words);
    }
}

/// The keyring's entry for the old address alone becomes that for the new one.
fn key_follows(
    patch: &mut Patch<'_>,
    connection: &Connection,
    profile: &Profile,
    old: IpAddr,
    to: IpAddr,
) {
    let keyrings = &patch.lines.reading.config.keyrings;
    let keyring = profile.keyring.as_ref().and_then(|k| find(keyrings, k));
    let Some(keyring) = keyring else { return };
    let Some(peer) = peer_of(keyring, profile, &connection.remote) else {
        return;
    };
    let is_old = peer
        .address
        .is_some_and(|net| net.value == IpNet::from(old));
    let block = patch.lines.keyring_peer(&keyring.name, &peer.name);
    if let Some(block) = block.filter(|_| is_old) {
        patch.set(&block, "address", to.to_string());
    }
}
