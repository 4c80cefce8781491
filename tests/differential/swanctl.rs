//! A gateway of ours as strongSwan would be configured to be it.

use crossgate_crypto::{DhGroup, Encr, Integ, Prf};
use crossgate_model::{
    Auth, Child, Connection, EspProposal, Identity, IdentityMatch, IkeProposal, PresharedKey,
    RemoteEnd, Selector, Spanned,
};
use std::fmt::Write;

/// Names of the connection and of its first Child, as [`crate::support::charon`] asks for them.
const CONNECTION: &str = "site";
const CHILD: &str = "lan";

/// The text for swanctl, or what of the connection strongSwan has no words for.
pub fn of(connection: &Connection) -> Result<String, String> {
    let key = shared_key(connection)?;
    let own = connection.local.address.as_ref();
    let own = own.ok_or("the local address is unknown")?.value;
    let mut text =
        format!("connections {{\n  {CONNECTION} {{\n    version = 2\n    local_addrs = {own}\n");
    let mut say = |line: String| text.push_str(&format!("    {line}\n"));
    say(format!("remote_addrs = {}", remote(&connection.remote)?));
    say(format!(
        "proposals = {}",
        ike_proposals(&connection.proposals)?
    ));
    say("rekey_time = 0".into());
    say("mobike = no".into());
    let id = identity(&connection.local_identity.value)?;
    say(format!(
        "local {{\n      auth = psk\n      id = {id}\n    }}"
    ));
    let id = remote_identity(&connection.remote_identities)?;
    say(format!(
        "remote {{\n      auth = psk\n      id = {id}\n    }}"
    ));
    text.push_str("    children {\n");
    for (index, wanted) in connection.children.iter().enumerate() {
        text.push_str(&child(index, wanted)?);
    }
    let _ = writeln!(text, "    }}\n  }}\n}}");
    let hex: String = key.iter().map(|octet| format!("{octet:02x}")).collect();
    let _ = writeln!(
        text,
        "secrets {{\n  ike-{CONNECTION} {{\n    secret = 0x{hex}\n  }}\n}}"
    );
    Ok(text)
}

fn shared_key(connection: &Connection) -> Result<Vec<u8>, String> {
    match (&connection.local_auth.value, &connection.remote_auth.value) {
        (Auth::Psk(PresharedKey::Known(ours)), Auth::Psk(PresharedKey::Known(theirs)))
            if ours == theirs =>
        {
            Ok(ours.expose().to_vec())
        }
        _ => Err("authentication is not by one key for both".into()),
    }
}

fn remote(remote: &RemoteEnd) -> Result<String, String> {
    match remote {
        RemoteEnd::Address(address) => Ok(address.value.to_string()),
        RemoteEnd::Within(net) => Ok(net.value.to_string()),
        RemoteEnd::Any => Ok("%any".into()),
        RemoteEnd::Name(_) => Err("the peer is given by name".into()),
    }
}

fn identity(identity: &Identity) -> Result<String, String> {
    Ok(match identity {
        Identity::Address(address) => address.to_string(),
        Identity::Fqdn(name) => format!("\"fqdn:{name}\""),
        Identity::Email(name) => format!("\"email:{name}\""),
        Identity::KeyId(octets) => {
            let hex: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
            format!("\"keyid:0x{hex}\"")
        }
        Identity::DistinguishedName(_) => return Err("the identity is a DN".into()),
    })
}

fn remote_identity(matches: &[Spanned<IdentityMatch>]) -> Result<String, String> {
    match matches {
        [] => Ok("%any".into()),
        [one] => match &one.value {
            IdentityMatch::Exactly(wanted) => identity(wanted),
            IdentityMatch::Any => Ok("%any".into()),
            IdentityMatch::AddressWithin(net) if net.prefix_len() == net.max_prefix_len() => {
                Ok(net.addr().to_string())
            }
            other => Err(format!("the peer's identity is matched by {other}")),
        },
        _ => Err("several identities of the peer are accepted".into()),
    }
}

fn child(index: usize, child: &Child) -> Result<String, String> {
    let name = match index {
        0 => CHILD.to_owned(),
        index => format!("{CHILD}{index}"),
    };
    let selectors = &child.selectors.value;
    Ok(format!(
        "      {name} {{\n        local_ts = {}\n        remote_ts = {}\n        esp_proposals = {}\n        rekey_time = 0\n      }}\n",
        selector(&selectors.local),
        selector(&selectors.remote),
        esp_proposals(&child.proposals, child.pfs.map(|group| group.value))?,
    ))
}

fn selector(selector: &Selector) -> String {
    let addresses = match selector.as_net() {
        Some(net) => net.to_string(),
        None => format!("{}-{}", selector.start, selector.end),
    };
    let port = match (selector.start_port, selector.end_port) {
        (0, u16::MAX) => String::new(),
        (a, b) if a == b => format!("/{a}"),
        (a, b) => format!("/{a}-{b}"),
    };
    match (selector.protocol, port.as_str()) {
        (0, "") => addresses,
        (protocol, port) => format!("{addresses}[{protocol}{port}]"),
    }
}

/// Combined and other ciphers can't stand in one proposal (RFC 7296 §3.3).
fn ike_proposals(proposals: &[IkeProposal]) -> Result<String, String> {
    let mut all = Vec::new();
    for proposal in proposals {
        for aead in [false, true] {
            let mut words: Vec<&str> = ciphers(&proposal.encr, aead)?;
            if words.is_empty() {
                continue;
            }
            if !aead {
                words.extend(each(&proposal.integ, integ)?);
            }
            words.extend(each(&proposal.prf, prf)?);
            words.extend(each(&proposal.groups, group)?);
            all.push(words.join("-"));
        }
    }
    some(all)
}

fn esp_proposals(proposals: &[EspProposal], pfs: Option<DhGroup>) -> Result<String, String> {
    let mut all = Vec::new();
    for proposal in proposals {
        for aead in [false, true] {
            let mut words = ciphers(&proposal.encr, aead)?;
            if words.is_empty() {
                continue;
            }
            if !aead {
                words.extend(each(&proposal.integ, integ)?);
            }
            if let Some(pfs) = pfs {
                words.push(group(pfs).ok_or("an unknown group")?);
            }
            if proposal.esn {
                words.extend(["esn", "noesn"]);
            }
            all.push(words.join("-"));
        }
    }
    some(all)
}

fn some(all: Vec<String>) -> Result<String, String> {
    match all.is_empty() {
        true => Err("nothing is proposed".into()),
        false => Ok(all.join(", ")),
    }
}

fn ciphers(list: &[Spanned<Encr>], aead: bool) -> Result<Vec<&'static str>, String> {
    let mut fitting = list.to_vec();
    fitting.retain(|cipher| cipher.value.is_aead() == aead);
    each(&fitting, encr)
}

fn each<T: Copy>(
    list: &[Spanned<T>],
    word: fn(T) -> Option<&'static str>,
) -> Result<Vec<&'static str>, String> {
    let words = list.iter().map(|item| word(item.value));
    words
        .collect::<Option<Vec<_>>>()
        .ok_or_else(|| "an algorithm that strongSwan was not built with".into())
}

fn encr(encr: Encr) -> Option<&'static str> {
    Some(match encr {
        Encr::AesCbc128 => "aes128",
        Encr::AesCbc192 => "aes192",
        Encr::AesCbc256 => "aes256",
        Encr::AesGcm128 => "aes128gcm16",
        Encr::AesGcm192 => "aes192gcm16",
        Encr::AesGcm256 => "aes256gcm16",
        Encr::Des | Encr::TripleDes => return None,
    })
}

fn integ(integ: Integ) -> Option<&'static str> {
    Some(match integ {
        Integ::HmacSha1_96 => "sha1",
        Integ::HmacSha256_128 => "sha256",
        Integ::HmacSha384_192 => "sha384",
        Integ::HmacSha512_256 => "sha512",
        Integ::HmacMd5_96 => return None,
    })
}

fn prf(prf: Prf) -> Option<&'static str> {
    Some(match prf {
        Prf::HmacSha1 => "prfsha1",
        Prf::HmacSha256 => "prfsha256",
        Prf::HmacSha384 => "prfsha384",
        Prf::HmacSha512 => "prfsha512",
        Prf::HmacMd5 => return None,
    })
}

fn group(group: DhGroup) -> Option<&'static str> {
    Some(match group {
        DhGroup::Modp2 => "modp1024",
        DhGroup::Modp5 => "modp1536",
        DhGroup::Modp14 => "modp2048",
        DhGroup::Modp15 => "modp3072",
        DhGroup::Modp16 => "modp4096",
        DhGroup::Ecp19 => "ecp256",
        DhGroup::Ecp20 => "ecp384",
        DhGroup::Ecp21 => "ecp521",
        DhGroup::X25519 => "curve25519",
        _ => return None,
    })
}
