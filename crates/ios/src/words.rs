//! IOS's words for the model's values: what its reader takes, the other way round.

use crate::config::{access_list, proposal, sa};
use crossgate_crypto::{DhGroup, Encr, Integ, Prf};
use crossgate_model::{CannotSay, Identity, IdentityMatch, Selector, SelectorPair};
use ipnet::{IpNet, Ipv4Net};
use std::net::{IpAddr, Ipv4Addr};

pub(crate) type Said<T = String> = Result<T, CannotSay>;

pub(crate) fn cannot<T>(why: impl Into<String>) -> Said<T> {
    Err(CannotSay(why.into()))
}

fn keyword<T: Copy + PartialEq>(
    table: &[(&'static str, T)],
    value: T,
    what: impl Fn() -> String,
) -> Said<&'static str> {
    let found = table.iter().find(|(_, known)| *known == value);
    found
        .map(|(word, _)| *word)
        .ok_or_else(|| CannotSay(format!("IOS-XE has no {}", what())))
}

pub(crate) fn ike_encr(encr: Encr) -> Said<&'static str> {
    keyword(proposal::ENCR, encr, || format!("{encr} for IKEv2"))
}

pub(crate) fn ike_integ(integ: Integ) -> Said<&'static str> {
    keyword(proposal::INTEG, integ, || format!("{integ} for IKEv2"))
}

pub(crate) fn ike_prf(prf: Prf) -> Said<&'static str> {
    keyword(proposal::PRF, prf, || format!("{prf} for IKEv2"))
}

pub(crate) fn ike_group(group: DhGroup) -> Said<&'static str> {
    keyword(proposal::GROUPS, group, || numbered(group))
}

pub(crate) fn pfs_group(group: DhGroup) -> Said<&'static str> {
    keyword(sa::GROUPS, group, || numbered(group))
}

fn numbered(group: DhGroup) -> String {
    format!("group {} ({group})", group.iana_id())
}

/// `esp-aes 256 esp-sha256-hmac`.
pub(crate) fn transforms(encr: Encr, integ: Option<Integ>) -> Said {
    let cipher = match encr {
        Encr::Des => "esp-des",
        Encr::TripleDes => "esp-3des",
        Encr::AesCbc128 => "esp-aes",
        Encr::AesCbc192 => "esp-aes 192",
        Encr::AesCbc256 => "esp-aes 256",
        Encr::AesGcm128 => "esp-gcm",
        Encr::AesGcm192 => "esp-gcm 192",
        Encr::AesGcm256 => "esp-gcm 256",
    };
    match integ {
        _ if encr.is_aead() => Ok(cipher.to_owned()),
        Some(integ) => Ok(format!("{cipher} {}", esp_integ(integ))),
        None => cannot(format!("{encr} needs an integrity algorithm beside it")),
    }
}

fn esp_integ(integ: Integ) -> &'static str {
    match integ {
        Integ::HmacMd5_96 => "esp-md5-hmac",
        Integ::HmacSha1_96 => "esp-sha-hmac",
        Integ::HmacSha256_128 => "esp-sha256-hmac",
        Integ::HmacSha384_192 => "esp-sha384-hmac",
        Integ::HmacSha512_256 => "esp-sha512-hmac",
    }
}

/// `window-size 512`, `disable`.
pub(crate) fn replay(packets: u32) -> Said {
    if packets == 0 {
        return Ok("disable".to_owned());
    }
    match sa::WINDOWS.iter().find(|(_, known)| *known == packets) {
        Some((word, _)) => Ok(format!("window-size {word}")),
        None => cannot(format!(
            "a replay window has 64, 128, 256, 512 or 1024 packets, not {packets}"
        )),
    }
}

/// One word, which is what a name or an identity is in IOS.
pub(crate) fn word<'w>(word: &'w str, what: &str) -> Said<&'w str> {
    let plain = |c: char| c.is_ascii_graphic();
    if word.is_empty() || !word.chars().all(plain) {
        return cannot(format!(
            "{what} with blanks or unprintable letters can't be written"
        ));
    }
    Ok(word)
}

/// `fqdn hq.example.net`.
pub(crate) fn identity(identity: &Identity) -> Said {
    match identity {
        Identity::Address(address) => Ok(format!("address {address}")),
        Identity::Fqdn(name) => Ok(format!("fqdn {}", word(name, "a name")?)),
        Identity::Email(name) => Ok(format!("email {}", word(name, "an email address")?)),
        Identity::KeyId(id) => match std::str::from_utf8(id) {
            Ok(id) => Ok(format!("key-id {}", word(id, "a key ID")?)),
            Err(_) => cannot("a key ID of arbitrary octets can't be written"),
        },
        Identity::DistinguishedName(_) => {
            cannot("a distinguished name comes from a certificate, not from a line")
        }
    }
}

/// What follows `match identity remote`.
pub(crate) fn identity_match(wanted: &IdentityMatch) -> Said {
    match wanted {
        IdentityMatch::Exactly(Identity::Address(address)) => {
            Ok(format!("address {}", net_with_mask(IpNet::from(*address))))
        }
        IdentityMatch::Exactly(id) => identity(id),
        IdentityMatch::AddressWithin(net) => Ok(format!("address {}", net_with_mask(*net))),
        IdentityMatch::FqdnDomain(domain) => {
            Ok(format!("fqdn domain {}", word(domain, "a domain")?))
        }
        IdentityMatch::EmailDomain(domain) => {
            Ok(format!("email domain {}", word(domain, "a domain")?))
        }
        IdentityMatch::Any => Ok("any".to_owned()),
    }
}

/// `10.0.0.0 255.0.0.0`, `2001:db8::/32`.
pub(crate) fn net_with_mask(net: IpNet) -> String {
    match net {
        IpNet::V4(net) => format!("{} {}", net.addr(), net.netmask()),
        IpNet::V6(net) => net.to_string(),
    }
}

/// The most that IOS takes of a key as text; what else a key may be is written in hexadecimal.
const KEY_MAX: usize = 127;

/// `SECRET`, or `hex A0B1…` where a key is no word.
pub(crate) fn key(octets: &[u8]) -> String {
    let plain = |b: &u8| b.is_ascii_graphic() && *b != b'?';
    match std::str::from_utf8(octets) {
        Ok(text) if !text.is_empty() && text.len() <= KEY_MAX && octets.iter().all(plain) => {
            text.to_owned()
        }
        _ => {
            let digits: String = octets.iter().map(|b| format!("{b:02X}")).collect();
            format!("hex {digits}")
        }
    }
}

/// `ip 10.1.0.0 0.0.255.255 host 10.2.0.1`: an access list's entry, after its action.
pub(crate) fn entry(pair: &SelectorPair) -> Said {
    if pair.local.protocol != pair.remote.protocol {
        return cannot("an access list's entry has one protocol for both directions");
    }
    let protocol = match pair.local.protocol {
        number @ (0 | 1 | 6 | 17 | 47 | 50) => access_list::PROTOCOLS
            .iter()
            .find(|(_, known)| *known == number)
            .map_or_else(|| number.to_string(), |(word, _)| (*word).to_owned()),
        number => number.to_string(),
    };
    let local = half(&pair.local)?;
    let remote = half(&pair.remote)?;
    Ok(format!("{protocol} {local} {remote}"))
}

fn half(selector: &Selector) -> Said {
    let addresses = addresses(selector)?;
    let ports = ports(selector)?;
    Ok(match ports {
        Some(ports) => format!("{addresses} {ports}"),
        None => addresses,
    })
}

/// `any`, `host 10.1.2.3`, `10.1.0.0 0.0.255.255`.
pub(crate) fn addresses(selector: &Selector) -> Said {
    let (IpAddr::V4(start), IpAddr::V4(end)) = (selector.start, selector.end) else {
        return cannot("traffic selectors of an access list are IPv4");
    };
    if start == Ipv4Addr::UNSPECIFIED && end == Ipv4Addr::BROADCAST {
        return Ok("any".to_owned());
    }
    match selector.as_net() {
        Some(IpNet::V4(net)) => Ok(wildcard(net)),
        _ => cannot(format!(
            "{start}-{end} is no single network, which is all that a wildcard mask can say"
        )),
    }
}

/// `host 10.1.2.3`, `10.1.0.0 0.0.255.255`.
pub(crate) fn wildcard(net: Ipv4Net) -> String {
    match net.prefix_len() {
        32 => format!("host {}", net.addr()),
        0 => "any".to_owned(),
        _ => format!("{} {}", net.network(), net.hostmask()),
    }
}

fn ports(selector: &Selector) -> Said<Option<String>> {
    let has_ports = matches!(selector.protocol, 6 | 17 | 132);
    match (selector.start_port, selector.end_port) {
        (0, u16::MAX) => Ok(None),
        _ if !has_ports => cannot(format!(
            "protocol {} has no ports in an access list",
            selector.protocol
        )),
        (a, b) if a == b => Ok(Some(format!("eq {a}"))),
        (a, b) => Ok(Some(format!("range {a} {b}"))),
    }
}
