//! Changes of what an IKEv2 profile says: identities, lifetime, liveness, and whether it is on.

use super::block::Block;
use super::network;
use super::patch::Patch;
use crate::config::profile::Profile;
use crate::words::{self, Said, cannot};
use crossgate_model::{Connection, Identity, IdentityMatch, IkeVersion};
use std::time::Duration;

pub(super) fn of<'r>(patch: &Patch<'r>, connection: &Connection) -> Said<(&'r Profile, Block<'r>)> {
    let name = &connection.name;
    if connection.version.value == IkeVersion::V1 {
        return cannot(format!(
            "`{}` speaks IKEv1 and has no IKEv2 profile",
            name.value
        ));
    }
    let profiles = &patch.lines.reading.config.profiles;
    let profile = profiles.iter().find(|p| p.name.span == name.span);
    let block = profile.and_then(|p| patch.lines.named("crypto ikev2 profile", &p.name));
    match profile.zip(block) {
        Some(found) => Ok(found),
        None => cannot(format!("`{}` has no IKEv2 profile", name.value)),
    }
}

/// A profile that serves other peers as well would change for them.
fn own<'r>(patch: &Patch<'r>, name: &str) -> Said<(&'r Connection, &'r Profile, Block<'r>)> {
    let connection = patch.connection(name)?;
    let (profile, block) = of(patch, connection)?;
    let connections = &patch.lines.reading.gateway.connections;
    let sibling = connections.iter().find(|other| {
        other.name.span == connection.name.span && other.name.value != connection.name.value
    });
    match sibling {
        Some(other) => cannot(format!(
            "IKEv2 profile `{}` also serves `{}`, and would change for it",
            profile.name.value, other.name.value
        )),
        None => Ok((connection, profile, block)),
    }
}

pub(super) fn lifetime(patch: &mut Patch<'_>, name: &str, to: Duration) -> Said<()> {
    let seconds = to.as_secs();
    if !(120..=86_400).contains(&seconds) {
        return cannot(format!(
            "an IKE SA lives 120 to 86400 seconds, not {seconds}"
        ));
    }
    let (_, _, block) = own(patch, name)?;
    patch.set(&block, "lifetime", seconds.to_string());
    Ok(())
}

/// Seconds between retries where a file says nothing yet.
const RETRY: &str = "3";

pub(super) fn liveness(patch: &mut Patch<'_>, name: &str, interval: Duration) -> Said<()> {
    let seconds = interval.as_secs();
    if !(10..=3600).contains(&seconds) {
        return cannot(format!(
            "`dpd` asks after 10 to 3600 seconds, not {seconds}"
        ));
    }
    let (_, _, block) = own(patch, name)?;
    let stated = patch.lines.of(&block, "dpd").last().copied();
    let args = stated.map_or_else(Vec::new, |line| patch.lines.args(line));
    let words = match args.as_slice() {
        [_, rest @ ..] if !rest.is_empty() => format!("{seconds} {}", rest.join(" ")),
        _ => format!("{seconds} {RETRY} periodic"),
    };
    patch.set(&block, "dpd", words);
    Ok(())
}

pub(super) fn local_identity(patch: &mut Patch<'_>, name: &str, to: &Identity) -> Said<()> {
    let words = words::identity(to)?;
    let (_, _, block) = own(patch, name)?;
    patch.set(&block, "identity local", words);
    Ok(())
}

/// The profile takes exactly this identity from then on.
pub(super) fn remote_identity(patch: &mut Patch<'_>, name: &str, to: &IdentityMatch) -> Said<()> {
    const PATH: &str = "match identity remote";
    let words = words::identity_match(to)?;
    let (_, _, block) = own(patch, name)?;
    let lines = patch.lines.of(&block, PATH);
    let Some((first, others)) = lines.split_first() else {
        patch.set(&block, PATH, words);
        return Ok(());
    };
    patch.type_in(&block, &format!("no {}", patch.lines.said(first)));
    for other in others {
        patch.take_back(&block, other);
    }
    patch.type_in(&block, &format!("{PATH} {words}"));
    patch.rewrite(first, PATH, words);
    Ok(())
}

/// Off is a profile that is shut down, or whose tunnel interfaces all are.
pub(super) fn enable(patch: &mut Patch<'_>, name: &str) -> Said<()> {
    let connection = patch.connection(name)?;
    let (profile, block) = of(patch, connection)?;
    if profile.shutdown.is_some_and(|shutdown| shutdown.value) {
        patch.unset(&block, "shutdown");
    }
    let mut interfaces: Vec<&str> = connection
        .children
        .iter()
        .filter(|child| !child.enabled.value)
        .filter_map(|child| child.tunnel_interface.as_ref())
        .map(|interface| interface.value.as_str())
        .collect();
    if connection.children.iter().any(|child| child.enabled.value) {
        interfaces.clear();
    }
    interfaces.dedup();
    for interface in interfaces {
        network::enable(patch, interface)?;
    }
    Ok(())
}

/// Takes away what is IKEv1's, where no connection speaks it.
pub(super) fn only_ikev2(patch: &mut Patch<'_>, name: &str) -> Said<()> {
    let connection = patch.connection(name)?;
    if connection.version.value == IkeVersion::V1 {
        return cannot(format!(
            "`{name}` needs an IKEv2 profile, which takes identities that the file doesn't tell"
        ));
    }
    let connections = &patch.lines.reading.gateway.connections;
    let old = connections
        .iter()
        .find(|other| other.version.value == IkeVersion::V1);
    if let Some(old) = old {
        return cannot(format!("`{}` speaks IKEv1 still", old.name.value));
    }
    for path in ["crypto isakmp policy", "crypto isakmp key"] {
        for line in patch.lines.all(path) {
            if patch.lines.command(line).is_some_and(|(_, c)| c.no) {
                continue;
            }
            let words = patch.lines.said(line);
            let typed = match path {
                "crypto isakmp key" => without_key(&words),
                _ => words,
            };
            patch.type_top(format!("no {typed}"));
            patch.delete(line);
        }
    }
    Ok(())
}

/// `crypto isakmp key KEY address A` without showing the key.
fn without_key(said: &str) -> String {
    let words: Vec<&str> = said.split(' ').collect();
    let at = words
        .iter()
        .position(|word| matches!(*word, "address" | "hostname"));
    let rest = at.and_then(|at| words.get(at..)).unwrap_or(&[]);
    format!("crypto isakmp key <that key> {}", rest.join(" "))
}
