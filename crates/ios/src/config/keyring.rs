//! `crypto ikev2 keyring`: peers and their pre-shared keys.

use super::reasons::NO_PPK;
use super::{Config, Named, entry, remove};
use crate::grammar::{Args, Mode, Rule, Unobeyed, read, run, section, set};
use crate::tree::Line;
use crossgate_crypto::Secret;
use crossgate_diag::{Span, Spanned};
use crossgate_model::{Identity, PresharedKey};
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr};

#[derive(Clone, Debug)]
pub struct Keyring {
    pub name: Spanned<String>,
    pub peers: Vec<Peer>,
}

/// Whom a key is for, by any of these, and the keys of both directions.
#[derive(Clone, Debug)]
pub struct Peer {
    pub name: Spanned<String>,
    pub description: Option<Spanned<String>>,
    pub address: Option<Spanned<IpNet>>,
    pub hostname: Option<Spanned<String>>,
    pub identity: Option<Spanned<Identity>>,
    /// What this end proves itself with.
    pub local_key: Option<Spanned<PresharedKey>>,
    /// What the peer proves itself with.
    pub remote_key: Option<Spanned<PresharedKey>>,
    /// A post-quantum key (RFC 8784) is configured there.
    pub ppk: Option<Span>,
}

impl Named for Keyring {
    const WHAT: &'static str = "IKEv2 keyring";

    fn new(name: Spanned<String>) -> Self {
        Self {
            name,
            peers: Vec::new(),
        }
    }

    fn name(&self) -> &Spanned<String> {
        &self.name
    }
}

impl Named for Peer {
    const WHAT: &'static str = "peer";

    fn new(name: Spanned<String>) -> Self {
        Self {
            name,
            description: None,
            address: None,
            hostname: None,
            identity: None,
            local_key: None,
            remote_key: None,
            ppk: None,
        }
    }

    fn name(&self) -> &Spanned<String> {
        &self.name
    }
}

pub(crate) static TABLE: &[Rule<Keyring>] = &[section("peer", Mode::KeyringPeer, open_peer)];

pub(crate) static PEER_TABLE: &[Rule<Peer>] = &[
    set("description", description),
    set("address", address),
    set("hostname", hostname),
    set("identity", identity),
    set("pre-shared-key", key),
    read("ppk", ppk, Unobeyed::Lacking(NO_PPK)),
];

pub(super) fn open(config: &mut Config, args: &mut Args<'_, '_>, lines: &[Line]) -> Option<()> {
    let name = args.name("the keyring's name")?;
    if args.no {
        remove(&mut config.keyrings, &name, args.cx);
        return Some(());
    }
    let keyring = entry(&mut config.keyrings, name, args.cx)?;
    run(Mode::Keyring, TABLE, lines, keyring, args.cx);
    Some(())
}

fn open_peer(keyring: &mut Keyring, args: &mut Args<'_, '_>, lines: &[Line]) -> Option<()> {
    let name = args.name("the peer's name")?;
    // Peers of several keyrings may have one name.
    let key = format!("{} {}", keyring.name.value, name.value);
    let is_it = |peer: &Peer| peer.name == name;
    let peers = &mut keyring.peers;
    if args.no {
        args.cx.remove(Peer::WHAT, &key, peers, is_it);
        return Some(());
    }
    let known = args.cx.place(Peer::WHAT, &key, peers, is_it);
    let at = known.unwrap_or(peers.len());
    if known.is_none() {
        peers.push(Peer::new(name));
    }
    let peer = peers.get_mut(at)?;
    run(Mode::KeyringPeer, PEER_TABLE, lines, peer, args.cx);
    Some(())
}

fn ppk(peer: &mut Peer, args: &mut Args<'_, '_>, _: &[Line]) -> Option<()> {
    peer.ppk = (!args.no).then_some(args.line);
    Some(())
}

fn description(peer: &mut Peer, args: &mut Args<'_, '_>) -> Option<()> {
    peer.description = args.unless_no(|args| args.text("a description"))?;
    Some(())
}

fn address(peer: &mut Peer, args: &mut Args<'_, '_>) -> Option<()> {
    peer.address = args.unless_no(address_with_mask)?;
    Some(())
}

/// An address alone is a host; with a mask, or as an IPv6 prefix, a network.
pub(super) fn address_with_mask(args: &mut Args<'_, '_>) -> Option<Spanned<IpNet>> {
    if args.peek(0).is_some_and(|word| word.contains(':')) {
        if args.peek(0).is_some_and(|word| word.contains('/')) {
            return args.ipv6_prefix();
        }
        return Some(args.ip("an IP address")?.map(IpNet::from));
    }
    if args
        .peek(1)
        .is_some_and(|word| word.parse::<Ipv4Addr>().is_ok())
    {
        return Some(args.address_and_mask()?.map(|net| IpNet::V4(net.trunc())));
    }
    let address = args.ip("an IP address")?;
    // A bare mask that isn't one is told as such.
    if !args.is_empty() {
        let mask = args.take()?;
        args.wrong(mask.span, "a network mask");
        return None;
    }
    Some(address.map(|address| match address {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => IpNet::V4(ipnet::Ipv4Net::default()),
        address => IpNet::from(address),
    }))
}

fn hostname(peer: &mut Peer, args: &mut Args<'_, '_>) -> Option<()> {
    peer.hostname = args.unless_no(|args| args.name("the peer's host name"))?;
    Some(())
}

fn identity(peer: &mut Peer, args: &mut Args<'_, '_>) -> Option<()> {
    peer.identity = args.unless_no(stated_identity)?;
    Some(())
}

#[derive(Clone, Copy)]
pub(super) enum IdentityKind {
    Address,
    Fqdn,
    Email,
    KeyId,
    Dn,
}

pub(super) const IDENTITY_KINDS: &[(&str, IdentityKind)] = &[
    ("address", IdentityKind::Address),
    ("fqdn", IdentityKind::Fqdn),
    ("email", IdentityKind::Email),
    ("key-id", IdentityKind::KeyId),
    ("dn", IdentityKind::Dn),
];

/// `address A`, `fqdn F`, `email E`, `key-id K`.
pub(super) fn stated_identity(args: &mut Args<'_, '_>) -> Option<Spanned<Identity>> {
    let kind = args.choice("a kind of identity", IDENTITY_KINDS)?;
    match kind.value {
        IdentityKind::Address => Some(args.ip("an IP address")?.map(Identity::Address)),
        IdentityKind::Fqdn => Some(args.name("a domain name")?.map(Identity::Fqdn)),
        IdentityKind::Email => Some(args.name("an email address")?.map(Identity::Email)),
        IdentityKind::KeyId => {
            let id = args.name("a key ID")?;
            Some(id.map(|id| Identity::KeyId(id.into_bytes())))
        }
        IdentityKind::Dn => {
            args.leave_rest("distinguished names need certificates");
            None
        }
    }
}

#[derive(Clone, Copy)]
enum Direction {
    Both,
    Local,
    Remote,
}

fn key(peer: &mut Peer, args: &mut Args<'_, '_>) -> Option<()> {
    let direction = direction(args);
    let key = args.unless_no(key_text)?;
    if !matches!(direction, Direction::Remote) {
        peer.local_key = key.clone();
    }
    if !matches!(direction, Direction::Local) {
        peer.remote_key = key;
    }
    Some(())
}

/// A key may itself be the word `local`, if it is the last one.
fn direction(args: &mut Args<'_, '_>) -> Direction {
    let direction = match args.keyword(0).as_deref() {
        Some("local") if args.len() > 1 => Direction::Local,
        Some("remote") if args.len() > 1 => Direction::Remote,
        _ => return Direction::Both,
    };
    args.take();
    direction
}

/// `[0|6|hex] KEY`.
pub(super) fn key_text(args: &mut Args<'_, '_>) -> Option<Spanned<PresharedKey>> {
    let format = args.keyword(0).filter(|word| {
        let is_format = matches!(word.as_str(), "0" | "6" | "hex");
        is_format && args.len() > 1
    });
    if format.is_some() {
        args.take();
    }
    let written = args.word("a pre-shared key")?;
    let key = match format.as_deref() {
        Some("6") => Some(PresharedKey::Encrypted),
        Some("hex") => octets(written.value).map(PresharedKey::Known),
        _ => Some(PresharedKey::Known(Secret::copy_of(
            written.value.as_bytes(),
        ))),
    };
    if key.is_none() {
        args.wrong(written.span, "pairs of hexadecimal digits");
    }
    Some(Spanned {
        value: key?,
        span: written.span,
    })
}

fn octets(written: &str) -> Option<Secret> {
    let hex = written
        .strip_prefix("0x")
        .or_else(|| written.strip_prefix("0X"));
    let hex = hex.unwrap_or(written);
    let digits: Option<Vec<u8>> = hex
        .chars()
        .map(|c| c.to_digit(16).map(|digit| digit as u8))
        .collect();
    let digits = digits.filter(|digits| !digits.is_empty() && digits.len() % 2 == 0)?;
    let pairs = digits.chunks_exact(2);
    let octets = pairs.map(|pair| pair.iter().fold(0, |octet, digit| octet << 4 | digit));
    Some(Secret::new(octets.collect()))
}
