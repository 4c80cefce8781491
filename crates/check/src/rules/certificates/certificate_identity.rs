//! An end says that it is somebody whom its certificate doesn't name.

use super::parsed::Parsed;
use super::{connections, own};
use crate::rule::{Effect, Found, Judge, One, Rule};
use crossgate_diag::{Certainty, Finding};
use crossgate_model::Identity;

pub const RULE: Rule = Rule {
    code: "certificate-identity",
    page: include_str!("certificate_identity.md"),
    judge: Judge::One(judge),
};

fn judge(one: &One<'_>, found: &mut Vec<Found>) {
    for connection in connections(one.side.gateway) {
        let shown = &connection.local_identity;
        let Some(held) = own(one.side.gateway, connection) else {
            continue;
        };
        // A default may be the certificate's own name at the device.
        if shown.span.is_none() || names(&held.parsed, &shown.value) {
            continue;
        }
        let name = &held.certificate.name.value;
        let finding = Finding::error(
            RULE.code,
            format!("the certificate `{name}` does not name {}", shown.value),
        )
        .at(shown.span, format!("`{}` says that it is this", connection.name.value))
        .beside(held.certificate.name.span, listed(&held.parsed))
        .when("in IKE_AUTH")
        .starter("whoever starts")
        .certain(Certainty::Rfc)
        .noted("RFC 4945 §3.1: a peer compares the identity with the certificate unless it is told not to")
        .help("show an identity that the certificate names, or have one issued that names it");
        found.push(Found::with(finding, Effect::NeverComesUp).about(one.end, connection));
    }
}

/// RFC 4945 §3.1: an address, a name or a mail address is an alternative name of its kind, a
/// distinguished name is the subject. A key ID is nothing that a certificate has.
fn names(parsed: &Parsed, identity: &Identity) -> bool {
    let has =
        |list: &[String], name: &str| list.iter().any(|known| known.eq_ignore_ascii_case(name));
    match identity {
        Identity::Address(address) => parsed.names.address.contains(address),
        Identity::Fqdn(name) => has(&parsed.names.dns, name),
        Identity::Email(name) => has(&parsed.names.email, name),
        Identity::DistinguishedName(der) => *der == parsed.subject_der,
        Identity::KeyId(_) => true,
    }
}

fn listed(parsed: &Parsed) -> String {
    let names = &parsed.names;
    let addresses = names.address.iter().map(ToString::to_string);
    let texts = names
        .dns
        .iter()
        .chain(&names.email)
        .map(|text| text.escape_debug().to_string());
    let all: Vec<String> = texts.chain(addresses).collect();
    match all.is_empty() {
        true => format!("names {} and nothing else", parsed.subject),
        false => format!("names {}, and {}", parsed.subject, all.join(", ")),
    }
}
