//! Local and peer IDs of an IKE gateway.

use super::Scope;
use super::address::parse_net;
use crate::tree::At;
use crossgate_diag::{Finding, Spanned};
use crossgate_model::{Identity, IdentityMatch};
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr};

/// The identity that this end shows: its address, if no other is said. While the address isn't
/// known, the unspecified one stands for it.
pub fn local(scope: &mut Scope<'_>, gateway: At<'_>, address: Option<IpAddr>) -> Spanned<Identity> {
    said(scope, gateway, "local-id").unwrap_or_else(|| {
        let unknown = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        Spanned::default_of(Identity::Address(address.unwrap_or(unknown)))
    })
}

/// The identities that the peer may show: its address, if no other is said; any, if the peer's
/// address isn't known either.
pub fn remote(
    scope: &mut Scope<'_>,
    gateway: At<'_>,
    address: Option<IpAddr>,
) -> Vec<Spanned<IdentityMatch>> {
    if let Some(wildcard) = wildcard(scope, gateway) {
        return vec![wildcard];
    }
    let said = said(scope, gateway, "peer-id");
    let default = address.map(|address| Spanned::default_of(Identity::Address(address)));
    let exactly = said.or(default).map(|id| id.map(IdentityMatch::Exactly));
    exactly.into_iter().collect()
}

fn said(scope: &mut Scope<'_>, gateway: At<'_>, which: &str) -> Option<Spanned<Identity>> {
    let id = gateway.value(&[which, "id"])?;
    let kind = gateway.value(&[which, "type"]).map_or("", At::word);
    let identity = match kind {
        "ipaddr" => id.word().parse().ok().map(Identity::Address),
        "fqdn" => Some(Identity::Fqdn(id.word().to_owned())),
        "ufqdn" => Some(Identity::Email(id.word().to_owned())),
        "keyid" => key_id(id.word()).map(Identity::KeyId),
        _ => None,
    };
    if identity.is_none() {
        scope.tell(not_an_identity(id, which, kind));
    }
    identity.map(|identity| id.spanned(identity))
}

fn not_an_identity(id: At<'_>, which: &str, kind: &str) -> Finding {
    let expected = match kind {
        "ipaddr" => "expected an address",
        "keyid" => "expected an even number of hexadecimal digits",
        "dn" => {
            let title = format!("distinguished names as `{which}` are not obeyed");
            return Finding::error("not-obeyed", title).at(id.span(), "the address stands instead");
        }
        _ => "expected a `type` with it: ipaddr, fqdn, ufqdn or keyid",
    };
    let title = format!("`{}` is no identity of type `{kind}`", id.shown());
    Finding::error("invalid-value", title).at(id.span(), expected)
}

/// PAN-OS takes key IDs in hexadecimal digits.
fn key_id(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|c| c.to_digit(16).map(|digit| digit as u8))
        .collect();
    let digits = digits.filter(|digits| !digits.is_empty() && digits.len() % 2 == 0)?;
    let octets = digits.chunks(2).map(|pair| match pair {
        [high, low] => high << 4 | low,
        _ => 0,
    });
    Some(octets.collect())
}

/// `matching wildcard`: a `*` in front stands for anything, and so do the last numbers of an address.
fn wildcard(scope: &mut Scope<'_>, gateway: At<'_>) -> Option<Spanned<IdentityMatch>> {
    gateway
        .value(&["peer-id", "matching"])
        .filter(|matching| matching.word() == "wildcard")?;
    let id = gateway.value(&["peer-id", "id"])?;
    if !id.word().contains('*') {
        return None;
    }
    let kind = gateway.value(&["peer-id", "type"]).map_or("", At::word);
    let wanted = match kind {
        "fqdn" => domain(id.word(), '.').map(IdentityMatch::FqdnDomain),
        "ufqdn" => domain(id.word(), '@').map(IdentityMatch::EmailDomain),
        "ipaddr" => network(id.word()).map(IdentityMatch::AddressWithin),
        _ => None,
    };
    if wanted.is_none() {
        let title = format!("the wildcard in `{}` is not obeyed", id.shown());
        let error = Finding::error("not-obeyed", title);
        scope.tell(error.at(
            id.span(),
            "taken as it is: expected `*` in front of a domain",
        ));
    }
    wanted.map(|wanted| id.spanned(wanted))
}

fn domain(text: &str, separator: char) -> Option<String> {
    let domain = text.strip_prefix('*')?;
    let domain = domain.strip_prefix(separator).unwrap_or(domain);
    (!domain.is_empty() && !domain.contains('*')).then(|| domain.to_owned())
}

/// `192.0.2.*` is `192.0.2.0/24`.
fn network(text: &str) -> Option<IpNet> {
    let stars = text.matches('*').count();
    let prefix = 32_usize.checked_sub(8 * stars)?;
    let octets: Vec<&str> = text.split('.').collect();
    let (_, tail) = octets.split_at_checked(4_usize.checked_sub(stars)?)?;
    let at_the_end = octets.len() == 4 && tail.iter().all(|octet| *octet == "*");
    let zeros = text.replace('*', "0");
    at_the_end.then(|| parse_net(&format!("{zeros}/{prefix}")))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_ids_are_hexadecimal_and_networks_end_in_stars() {
        assert_eq!(key_id("0aFF"), Some(vec![0x0a, 0xff]));
        assert_eq!(key_id("abc"), None);
        assert_eq!(key_id("zz"), None);
        assert_eq!(network("192.0.2.*"), "192.0.2.0/24".parse().ok());
        assert_eq!(network("10.*.*.*"), "10.0.0.0/8".parse().ok());
        assert_eq!(network("10.*.2.1"), None);
        assert_eq!(domain("*.example.net", '.').as_deref(), Some("example.net"));
        assert_eq!(domain("*", '.'), None);
    }
}
