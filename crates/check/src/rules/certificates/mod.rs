//! Certificates: whether there are any, whether they are valid, fit for IKE and for the identity
//! shown, strong enough, and issued by somebody whom the peer trusts.
//!
//! Signatures of issuers aren't verified: names and key identifiers tell which certificate is meant
//! to be whose issuer, and a forged one would show in IKE_AUTH.

mod certificate_expired;
mod certificate_identity;
mod certificate_issuer;
mod certificate_missing;
mod certificate_not_yet_valid;
mod certificate_profile_missing;
mod certificate_purpose;
mod certificate_unreadable;
mod certificate_weak;
mod parsed;
#[cfg(test)]
mod tests;

use crate::rule::Rule;
use crossgate_model::{Auth, Certificate, Connection, Gateway};
use parsed::Parsed;

pub const RULES: &[Rule] = &[
    certificate_missing::RULE,
    certificate_profile_missing::RULE,
    certificate_unreadable::RULE,
    certificate_expired::RULE,
    certificate_not_yet_valid::RULE,
    certificate_purpose::RULE,
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

/// The certificate that a connection shows, where it does and the file holds it.
fn own<'a>(gateway: &'a Gateway, connection: &Connection) -> Option<Held<'a>> {
    let name = connection.certificates.own.as_ref()?;
    let mut own = gateway.certificates.iter().filter(|c| !c.is_authority);
    let found = own.find(|certificate| certificate.name.value == name.value);
    held(found?).filter(|_| is_signature(&connection.local_auth.value))
}

/// The issuers that a connection believes and that the file holds; and whether it holds them all.
fn trusted<'a>(gateway: &'a Gateway, connection: &Connection) -> (Vec<Held<'a>>, bool) {
    let mut held_ones = Vec::new();
    let mut is_all = true;
    for name in &connection.certificates.trusted {
        let of_name = |c: &&Certificate| c.is_authority && c.name.value == name.value;
        let before = held_ones.len();
        held_ones.extend(gateway.certificates.iter().filter(of_name).filter_map(held));
        is_all &= held_ones.len() > before;
    }
    (held_ones, is_all)
}

/// Connections that are up to show or to check certificates.
fn connections(gateway: &Gateway) -> impl Iterator<Item = &Connection> {
    gateway.connections.iter().filter(|connection| {
        is_signature(&connection.local_auth.value) || is_signature(&connection.remote_auth.value)
    })
}
