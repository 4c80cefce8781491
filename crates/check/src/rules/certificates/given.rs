//! Certificates that are handed over beside a configuration, because it names them and doesn't hold
//! them: a router keeps its own in NVRAM, an export may leave them out.

use super::is_signature;
use super::parsed::Parsed;
use crossgate_diag::{Span, Spanned};
use crossgate_model::{Certificate, Connection, Gateway};

/// One certificate, and where its text begins.
#[derive(Clone, Debug)]
pub struct Given {
    /// X.509, in DER.
    pub der: Vec<u8>,
    pub place: Option<Span>,
}

/// Whether that is X.509 in DER.
pub fn is_readable(der: &[u8]) -> bool {
    Parsed::from_der(der).is_some()
}

/// The names that a configuration has for certificates, each once: trustpoints, entries.
pub fn names(gateway: &Gateway) -> Vec<&str> {
    let held = gateway.certificates.iter().map(|c| c.name.value.as_str());
    let used = signing(gateway).flat_map(|connection| {
        let uses = &connection.certificates;
        let all = uses.own.iter().chain(&uses.trusted);
        all.map(|name| name.value.as_str())
    });
    let mut names: Vec<&str> = used.chain(held).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Whether a connection uses certificates and names none: then it shows the only one that there
/// is, and believes all authorities.
pub fn takes_any(gateway: &Gateway) -> bool {
    signing(gateway).any(|connection| {
        let uses = &connection.certificates;
        uses.own.is_none() && uses.undefined.is_empty()
    })
}

fn signing(gateway: &Gateway) -> impl Iterator<Item = &Connection> {
    gateway.connections.iter().filter(|connection| {
        is_signature(&connection.local_auth.value) || is_signature(&connection.remote_auth.value)
    })
}

/// Has the gateway hold these certificates by that name, instead of those of the same kind that its
/// file holds by it.
pub fn hand_over(gateway: &mut Gateway, name: &str, given: &[Given]) {
    let certificates = named(gateway, name, given);
    let kinds: Vec<bool> = certificates.iter().map(|c| c.is_authority).collect();
    let is_replaced = |c: &Certificate| c.name.value == name && kinds.contains(&c.is_authority);
    gateway.certificates.retain(|c| !is_replaced(c));
    gateway.certificates.extend(certificates);
    for connection in &mut gateway.connections {
        let undefined = &mut connection.certificates.undefined;
        undefined.retain(|unknown| unknown.value != name);
    }
}

fn named(gateway: &Gateway, name: &str, given: &[Given]) -> Vec<Certificate> {
    let uses = || signing(gateway).map(|connection| &connection.certificates);
    let is_it = |known: &Spanned<String>| known.value == name;
    let is_shown = uses().any(|uses| uses.own.as_ref().is_none_or(is_it));
    let is_trusted = uses().any(|uses| uses.trusted.is_empty() || uses.trusted.iter().any(is_it));
    let mut certificates: Vec<Certificate> = given
        .iter()
        .map(|given| Certificate {
            name: Spanned {
                value: name.to_owned(),
                span: given.place,
            },
            der: given.der.clone(),
            is_authority: !is_shown || is_authority(&given.der),
        })
        .collect();
    // Nothing but authorities, where an end's own is wanted: the first is what it would show.
    let lacks_own = is_shown && !is_trusted && certificates.iter().all(|c| c.is_authority);
    if let Some(first) = certificates.first_mut().filter(|_| lacks_own) {
        first.is_authority = false;
    }
    certificates
}

/// One of version 1 can't say; a root issued itself.
fn is_authority(der: &[u8]) -> bool {
    Parsed::from_der(der).is_some_and(|parsed| {
        let says = parsed.is_authority;
        says.unwrap_or_else(|| parsed.is_self_issued())
    })
}
