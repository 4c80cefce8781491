//! IKEv1: its policies and keys, read for whoever judges the file, and never used.

use super::Config;
use super::keyring::key_text;
use crate::grammar::{Args, gather, is_short_for};
use crate::tree::{Line, slice};
use crossgate_crypto::{DhGroup, Encr, Integ};
use crossgate_diag::{Span, Spanned};
use crossgate_model::PresharedKey;
use ipnet::IpNet;
use std::net::IpAddr;
use std::time::Duration;

#[derive(Clone, Debug, Default)]
pub struct Isakmp {
    pub policies: Vec<IsakmpPolicy>,
    pub keys: Vec<IsakmpKey>,
    /// The lines of all policies, and of all keys of global mode.
    pub policy_lines: Vec<Span>,
    pub key_lines: Vec<Span>,
}

/// `crypto isakmp policy`: what no line says is IKEv1's oldest.
#[derive(Clone, Debug)]
pub struct IsakmpPolicy {
    pub priority: Spanned<u64>,
    pub encr: Spanned<Encr>,
    pub hash: Spanned<Integ>,
    pub group: Spanned<DhGroup>,
    /// By pre-shared key, as opposed to a signature.
    pub preshared: bool,
    pub lifetime: Spanned<Duration>,
}

/// A key, and for whom it is.
#[derive(Clone, Debug)]
pub struct IsakmpKey {
    pub key: Spanned<PresharedKey>,
    pub address: Option<Spanned<IpNet>>,
    pub hostname: Option<String>,
}

pub(super) fn policy(config: &mut Config, args: &mut Args<'_, '_>, lines: &[Line]) -> Option<()> {
    let line = args.line;
    let isakmp = &mut config.isakmp;
    let Some(priority) = args.number("a priority", 1..=65_535) else {
        // The mistake is told; what stands below it is a policy's all the same.
        for line in lines {
            gather(line, &mut isakmp.policy_lines);
        }
        return None;
    };
    let number = priority.to_string();
    let is_it = |known: &IsakmpPolicy| known.priority == priority;
    let policies = &mut isakmp.policies;
    if args.no {
        args.cx.remove("ISAKMP policy", &number, policies, is_it);
        return Some(());
    }
    let known = args.cx.place("ISAKMP policy", &number, policies, is_it);
    let mut policy = IsakmpPolicy {
        priority,
        encr: Spanned::default_of(Encr::Des),
        hash: Spanned::default_of(Integ::HmacSha1_96),
        group: Spanned::default_of(DhGroup::Modp1),
        preshared: false,
        lifetime: Spanned::default_of(Duration::from_secs(86_400)),
    };
    isakmp.policy_lines.push(line);
    for line in lines {
        gather(line, &mut isakmp.policy_lines);
        policy_line(&mut policy, args.cx.text, line);
    }
    match known.and_then(|at| isakmp.policies.get_mut(at)) {
        Some(known) => *known = policy,
        None => isakmp.policies.push(policy),
    }
    Some(())
}

fn policy_line(policy: &mut IsakmpPolicy, text: &str, line: &Line) {
    let words = crate::tree::keywords(text, line);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let at = |value| Spanned::at(value, line.span());
    match words.as_slice() {
        [word, algorithm @ ..] if is_short_for(word, "encryption", 3) => {
            if let Some(encr) = cipher(algorithm) {
                policy.encr = Spanned::at(encr, line.span());
            }
        }
        [word, hash] if is_short_for(word, "hash", 2) => {
            let known = HASHES.iter().find(|(name, _)| name == hash);
            policy.hash = known.map_or(policy.hash, |(_, integ)| Spanned::at(*integ, line.span()));
        }
        [word, method] if is_short_for(word, "authentication", 2) => {
            policy.preshared = is_short_for(method, "pre-share", 3);
        }
        [word, number] if is_short_for(word, "group", 2) => {
            let group = number.parse().ok().and_then(DhGroup::from_iana);
            policy.group = group.map_or(policy.group, |group| Spanned::at(group, line.span()));
        }
        [word, seconds] if is_short_for(word, "lifetime", 2) => {
            let seconds = seconds.parse().ok().map(Duration::from_secs);
            policy.lifetime = seconds.map_or(policy.lifetime, at);
        }
        _ => {}
    }
}

const HASHES: [(&str, Integ); 5] = [
    ("md5", Integ::HmacMd5_96),
    ("sha", Integ::HmacSha1_96),
    ("sha256", Integ::HmacSha256_128),
    ("sha384", Integ::HmacSha384_192),
    ("sha512", Integ::HmacSha512_256),
];

fn cipher(words: &[&str]) -> Option<Encr> {
    match words {
        ["des"] => Some(Encr::Des),
        ["3des"] => Some(Encr::TripleDes),
        ["aes"] | ["aes", "128"] => Some(Encr::AesCbc128),
        ["aes", "192"] => Some(Encr::AesCbc192),
        ["aes", "256"] => Some(Encr::AesCbc256),
        _ => None,
    }
}

/// `crypto isakmp key [0|6] KEY address A [MASK]`, `… hostname H`.
pub(super) fn key(config: &mut Config, args: &mut Args<'_, '_>, lines: &[Line]) -> Option<()> {
    if args.no {
        return Some(());
    }
    config.isakmp.key_lines.push(args.line);
    // None belongs there, and none is lost.
    for line in lines {
        gather(line, &mut config.isakmp.key_lines);
    }
    // A key of one digit before `address` is a key, not a format.
    let key = match args.keyword(1).as_deref() {
        Some("address" | "hostname") => {
            let word = args.take()?;
            word.map(|word| PresharedKey::Known(word.as_bytes().to_vec().into()))
        }
        _ => key_text(args)?,
    };
    let key = whose(args, key)?;
    config.isakmp.keys.push(key);
    Some(())
}

fn whose(args: &mut Args<'_, '_>, key: Spanned<PresharedKey>) -> Option<IsakmpKey> {
    let (mut address, mut hostname) = (None, None);
    match args.take_keyword()?.as_str() {
        "address" => {
            let written = args.take()?;
            let mask = args.peek(0);
            let net = mask.and_then(|mask| net(written.value, mask));
            let host = || written.value.parse::<IpAddr>().ok().map(IpNet::from);
            let value = net.or_else(host)?;
            address = Some(written.map(|_| value));
        }
        "hostname" => hostname = Some(args.take()?.value.to_owned()),
        _ => return None,
    }
    Some(IsakmpKey {
        key,
        address,
        hostname,
    })
}

/// `pre-shared-key address A [MASK] key KEY`, line by line.
pub(super) fn keyring(config: &mut Config, args: &mut Args<'_, '_>, lines: &[Line]) -> Option<()> {
    for line in lines.iter().filter(|_| !args.no) {
        config.isakmp.keys.extend(keyring_key(args.cx.text, line));
    }
    Some(())
}

fn keyring_key(text: &str, line: &Line) -> Option<IsakmpKey> {
    let words: Vec<&str> = line.words.iter().map(|word| slice(text, *word)).collect();
    let is = |word: &str, keyword: &str| word.eq_ignore_ascii_case(keyword);
    let at = words.iter().position(|word| is(word, "key"))?;
    let encrypted = words.get(at + 1) == Some(&"6") && words.len() > at + 2;
    let span = *line.words.last()?;
    let key = match encrypted {
        true => PresharedKey::Encrypted,
        false => PresharedKey::Known(words.last()?.as_bytes().to_vec().into()),
    };
    let (address, hostname) = match *words.get(1..at)? {
        [of, address] if is(of, "address") => {
            (address.parse::<IpAddr>().ok().map(IpNet::from), None)
        }
        [of, address, mask] if is(of, "address") => (net(address, mask), None),
        [of, name] if is(of, "hostname") => (None, Some(name.to_owned())),
        _ => return None,
    };
    Some(IsakmpKey {
        key: Spanned::at(key, span),
        address: address.map(Spanned::default_of),
        hostname,
    })
}

fn net(address: &str, mask: &str) -> Option<IpNet> {
    let net = IpNet::with_netmask(address.parse().ok()?, mask.parse().ok()?);
    net.ok().map(|net| net.trunc())
}
