//! `crypto map`: peers, offers and what to encrypt, applied to an interface.

use super::interface::looks_like_an_address;
use super::reasons::{ANY_IDENTITY, DESCRIPTIONS, NO_NAT, ONE_SA, STATIC_ROUTES};
use super::sa::{self, HasOffer, Offer};
use super::{Config, enlist};
use crate::grammar::{Args, Mode, Rule, aside, is_digits, is_short_for, lacking, run, set};
use crate::tree::Line;
use crossgate_diag::{Spanned, surely};
use std::net::IpAddr;

/// One entry of a map.
#[derive(Clone, Debug)]
pub struct CryptoMapEntry {
    pub map: Spanned<String>,
    pub sequence: Spanned<u32>,
    /// In order of preference.
    pub peers: Vec<Spanned<MapPeer>>,
    pub access_list: Option<Spanned<String>>,
    pub offer: Offer,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MapPeer {
    Address(IpAddr),
    Name(String),
    /// Neither, as a finding has told.
    Wrong,
}

impl CryptoMapEntry {
    /// As messages and prints call it: `MAP SEQ`.
    pub fn title(&self) -> Spanned<String> {
        self.map
            .clone()
            .map(|map| format!("{map} {}", self.sequence.value))
    }
}

impl HasOffer for CryptoMapEntry {
    fn offer_mut(&mut self) -> &mut Offer {
        &mut self.offer
    }
}

pub(crate) static TABLE: &[Rule<CryptoMapEntry>] = &[
    aside("description", DESCRIPTIONS),
    set("set peer", peer),
    set("match address", access_list),
    set("set transform-set", sa::transform_sets),
    set("set ikev2-profile", sa::ikev2_profile),
    set("set isakmp-profile", sa::isakmp_profile),
    set("set pfs", sa::pfs),
    set("set security-association lifetime", sa::lifetime),
    set("set security-association idle-time", sa::idle),
    set("set security-association replay", sa::replay),
    lacking("set security-association level", ONE_SA),
    lacking("set identity", ANY_IDENTITY),
    lacking("set ip access-group", "decrypted packets are not filtered"),
    lacking("set nat", NO_NAT),
    lacking("set session-key", "all keys are negotiated"),
    lacking("reverse-route", STATIC_ROUTES),
    lacking("set reverse-route", STATIC_ROUTES),
    lacking("qos", "packets are not queued by class"),
];

/// What kind of entry is obeyed.
const STATIC: &str = "ipsec-isakmp";

/// `NAME`, `NAME SEQ`, `NAME SEQ ipsec-isakmp`, mistyped too.
pub(super) fn opens(args: &[&str]) -> bool {
    let static_kind = |word: &str| is_static(word) || surely(word, [STATIC]).is_some();
    match args {
        [_] => true,
        [_, sequence] => is_digits(sequence),
        [_, sequence, kind] => is_digits(sequence) && static_kind(kind),
        _ => false,
    }
}

fn is_static(word: &str) -> bool {
    is_short_for(word, STATIC, 7)
}

/// `NAME local-address INTERFACE`.
pub(super) fn sets_local(args: &[&str]) -> bool {
    matches!(args, [_, word, ..] if is_short_for(word, "local-address", 5))
}

pub(super) fn open(config: &mut Config, args: &mut Args<'_, '_>, lines: &[Line]) -> Option<()> {
    let map = args.name("the map's name")?;
    if args.no && args.is_empty() {
        config.crypto_maps.retain(|entry| entry.map != map);
        return Some(());
    }
    let sequence = args.number("a sequence number", 1..=65_535)?;
    let sequence = sequence.map(|n| n as u32);
    if let Some(kind) = args.take().filter(|kind| !is_static(kind.value)) {
        args.wrong_for(kind.span, "`ipsec-isakmp`", STATIC);
        return None;
    }
    let known = |entry: &CryptoMapEntry| entry.map == map && entry.sequence == sequence;
    let title = format!("{} {}", map.value, sequence.value);
    let maps = &mut config.crypto_maps;
    if args.no {
        args.cx.remove("crypto map entry", &title, maps, known);
        return Some(());
    }
    let at = args.cx.place("crypto map entry", &title, maps, known);
    let at = at.unwrap_or(maps.len());
    if at == config.crypto_maps.len() {
        config.crypto_maps.push(CryptoMapEntry {
            map,
            sequence,
            peers: Vec::new(),
            access_list: None,
            offer: Offer::default(),
        });
    }
    let entry = config.crypto_maps.get_mut(at)?;
    run(Mode::CryptoMap, TABLE, lines, entry, args.cx);
    Some(())
}

pub(super) fn local_address(config: &mut Config, args: &mut Args<'_, '_>) -> Option<()> {
    let map = args.name("the map's name")?;
    args.take();
    if !args.cx.is_new("address of a map", &map) {
        config.map_addresses.retain(|(known, _)| known != &map);
    }
    if !args.no {
        let interface = args.interface("an interface")?;
        config.map_addresses.push((map, interface));
    }
    Some(())
}

fn peer(entry: &mut CryptoMapEntry, args: &mut Args<'_, '_>) -> Option<()> {
    let peer = args.name("the peer's address or name")?.map(map_peer);
    if peer.value == MapPeer::Wrong {
        args.wrong(peer.span, "an IP address or a host name");
    }
    let key = format!(
        "{} {} {:?}",
        entry.map.value, entry.sequence.value, peer.value
    );
    enlist(&mut entry.peers, peer, ("peer of a map", &key), args);
    if args.no {
        return Some(());
    }
    if args.flag("default").is_some()
        && let Some(preferred) = entry.peers.pop()
    {
        entry.peers.insert(0, preferred);
    }
    if args.flag_ahead("dynamic").is_some() {
        args.leave_rest("names are resolved when they are needed anyway");
    }
    Some(())
}

fn map_peer(word: String) -> MapPeer {
    match word.parse() {
        Ok(address) => MapPeer::Address(address),
        Err(_) if looks_like_an_address(&word) => MapPeer::Wrong,
        Err(_) => MapPeer::Name(word),
    }
}

fn access_list(entry: &mut CryptoMapEntry, args: &mut Args<'_, '_>) -> Option<()> {
    args.flag("ipv4");
    entry.access_list = args.unless_no(|args| args.name("an access list"))?;
    Some(())
}
