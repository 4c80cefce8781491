//! Certificates: whether there are any, whether they are valid, fit for IKE and for the identity
//! shown, strong enough, and issued by somebody whom the peer trusts.

mod certificate_expired;
mod certificate_identity;
mod certificate_issuer;
mod certificate_key_kind;
mod certificate_missing;
mod certificate_not_yet_valid;
mod certificate_profile_missing;
mod certificate_purpose;
mod certificate_unreadable;
mod certificate_weak;
pub mod given;
mod parsed;
mod signed;
#[cfg(test)]
mod tests;

use crate::rule::Rule;
use crossgate_diag::Finding;
use crossgate_model::{Auth, Certificate, Connection, Gateway};
use parsed::Parsed;

pub const RULES: &[Rule] = &[
    certificate_missing::RULE,
    certificate_profile_missing::RULE,
    certificate_unreadable::RULE,
    certificate_expired::RULE,
    certificate_not_yet_valid::RULE,
    certificate_purpose::RULE,
    certificate_key_kind::RULE,
    certificate_identity::RULE,
    certificate_issuer::RULE,
    certificate_weak::RULE,
];

fn is_signature(auth: &Auth) -> bool {
    matches!(
        auth,
        Auth::RsaSignature | Auth::EcdsaSignature | Auth::DigitalSignature
    )
}

/// A certificate of the file, and what it says.
#[derive(Clone)]
struct Held<'a> {
    certificate: &'a Certificate,
    parsed: Parsed,
}

fn held(certificate: &Certificate) -> Option<Held<'_>> {
    let parsed = Parsed::from_der(&certificate.der)?;
    Some(Held {
        certificate,
        parsed,
    })
}

/// The certificate that a connection shows, where it does and the file holds it. One that names
/// none shows the only one that there is.
fn own<'a>(gateway: &'a Gateway, connection: &Connection) -> Option<Held<'a>> {
    let own = gateway.certificates.iter().filter(|c| !c.is_authority);
    let name = connection.certificates.own.as_ref();
    let of_name = |c: &&Certificate| name.is_none_or(|name| name.value == c.name.value);
    let found: Vec<&Certificate> = own.filter(of_name).collect();
    match (found.as_slice(), name) {
        ([only], _) | ([only, ..], Some(_)) => held(only),
        _ => None,
    }
    .filter(|_| is_signature(&connection.local_auth.value))
}

/// The issuers that a connection believes and that the file holds; and whether it holds them all.
fn trusted<'a>(gateway: &'a Gateway, connection: &Connection) -> (Vec<Held<'a>>, bool) {
    let mut held_ones = Vec::new();
    let mut is_all = true;
    if connection.certificates.trusted.is_empty() {
        // All that the device has, of which the file may hold a part.
        let all = gateway.certificates.iter().filter(|c| c.is_authority);
        return (all.filter_map(held).collect(), false);
    }
    for name in &connection.certificates.trusted {
        let of_name = |c: &&Certificate| c.is_authority && c.name.value == name.value;
        let before = held_ones.len();
        held_ones.extend(gateway.certificates.iter().filter(of_name).filter_map(held));
        is_all &= held_ones.len() > before;
    }
    (held_ones, is_all)
}

/// Whether an end is to sign and has nothing to sign with.
fn lacks_own(connection: &Connection) -> bool {
    let uses = &connection.certificates;
    let is_undefined = match &uses.own {
        Some(own) => uses.undefined.contains(own),
        None => !uses.undefined.is_empty(),
    };
    is_signature(&connection.local_auth.value) && is_undefined
}

/// What a connection needs and the file doesn't define, as labels of its finding.
fn beside_undefined(mut finding: Finding, connection: &Connection) -> Finding {
    for undefined in &connection.certificates.undefined {
        finding = finding.beside(undefined.span, format!("no `{}`", undefined.value));
    }
    finding
}

/// Connections that are up to show or to check certificates.
fn connections(gateway: &Gateway) -> impl Iterator<Item = &Connection> {
    gateway.connections.iter().filter(|connection| {
        is_signature(&connection.local_auth.value) || is_signature(&connection.remote_auth.value)
    })
}
