//! Which connection of which file means which of another: by addresses, then by identities.

use super::Member;
use crossgate_model::Connection;
use crossgate_model::config::{Identity, IdentityMatch, RemoteEnd};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::Path;

/// Connections that may share an address or an identity before the rest is no longer looked at:
/// private addresses repeat in a fleet.
const MAX_ALIKE: usize = 64;

/// File and connection, by index.
type End = (usize, usize);

/// Two connections that mean each other, the one of the earlier file first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Match {
    pub ends: [End; 2],
}

impl Match {
    fn new(a: End, b: End) -> Self {
        Self {
            ends: if a < b { [a, b] } else { [b, a] },
        }
    }
}

/// All connections of a fleet, found by what they are to each other.
struct Index<'a> {
    /// Of each file.
    folders: Vec<Option<&'a Path>>,
    ends: Vec<(End, &'a Connection, BTreeSet<IpAddr>)>,
    /// By own address and the peer's.
    mutual: BTreeMap<(IpAddr, IpAddr), Vec<usize>>,
    by_own: BTreeMap<IpAddr, Vec<usize>>,
    by_identity: BTreeMap<String, Vec<usize>>,
}

pub fn matches(members: &[Member]) -> Vec<Match> {
    let index = Index::new(members);
    let mut fits: Vec<(u8, [usize; 2])> = Vec::new();
    for at in 0..index.ends.len() {
        fits.extend(index.candidates(at));
    }
    fits.sort_unstable_by_key(|&(fit, ends)| (std::cmp::Reverse(fit), ends));
    fits.dedup();
    index.choose(&fits)
}

/// The matches of each two files.
pub fn by_files(matches: &[Match]) -> BTreeMap<[usize; 2], Vec<Match>> {
    let mut pairs: BTreeMap<[usize; 2], Vec<Match>> = BTreeMap::new();
    for found in matches {
        let files = found.ends.map(|(file, _)| file);
        pairs.entry(files).or_default().push(found.clone());
    }
    pairs
}

impl<'a> Index<'a> {
    fn new(members: &'a [Member]) -> Self {
        let mut index = Self {
            folders: members.iter().map(|m| m.path.parent()).collect(),
            ends: Vec::new(),
            mutual: BTreeMap::new(),
            by_own: BTreeMap::new(),
            by_identity: BTreeMap::new(),
        };
        for (file, member) in members.iter().enumerate() {
            for (at, connection) in member.gateway.connections.iter().enumerate() {
                index.add((file, at), connection, own_addresses(member, connection));
            }
        }
        index
    }

    fn add(&mut self, end: End, connection: &'a Connection, own: BTreeSet<IpAddr>) {
        let at = self.ends.len();
        for &address in &own {
            self.by_own.entry(address).or_default().push(at);
            if let Some(peer) = connection.remote.address() {
                self.mutual.entry((address, peer)).or_default().push(at);
            }
        }
        if !connection.identity_awaits_address() {
            let key = key(&connection.local_identity.value);
            self.by_identity.entry(key).or_default().push(at);
        }
        self.ends.push((end, connection, own));
    }

    /// Whoever may be the peer of that connection, and how well it fits.
    fn candidates(&self, at: usize) -> Vec<(u8, [usize; 2])> {
        let Some((_, connection, own)) = self.ends.get(at) else {
            return Vec::new();
        };
        let peer = connection.remote.address();
        let mutual = own.iter().filter_map(|own| self.mutual.get(&(peer?, *own)));
        let mut found: Vec<usize> = mutual.flatten().copied().collect();
        if found.is_empty() {
            let by_address = peer.and_then(|peer| self.by_own.get(&peer));
            let wanted = connection.remote_identities.iter();
            let by_identity = wanted.filter_map(|wanted| match &wanted.value {
                IdentityMatch::Exactly(id) => self.by_identity.get(&key(id)),
                _ => None,
            });
            let lists = by_address.into_iter().chain(by_identity);
            found = lists
                .flat_map(|list| list.iter().take(MAX_ALIKE))
                .copied()
                .collect();
        }
        let fits = found.into_iter().filter_map(|other| {
            let fit = self.fit(at, other)?;
            Some((fit, [at.min(other), at.max(other)]))
        });
        fits.collect()
    }

    /// Nothing for connections of one file, and for those of which neither means the other.
    fn fit(&self, a: usize, b: usize) -> Option<u8> {
        let (ours, a, own) = self.ends.get(a)?;
        let (theirs, b, their_own) = self.ends.get(b)?;
        if ours.0 == theirs.0 {
            return None;
        }
        let address = |from: &Connection, to: &BTreeSet<IpAddr>| {
            let peer = from.remote.address();
            u8::from(peer.is_some_and(|peer| to.contains(&peer))) * 4
        };
        let identity = |from: &Connection, to: &Connection| {
            let wanted = &from.remote_identities;
            u8::from(
                wanted
                    .iter()
                    .any(|w| w.value.matches(&to.local_identity.value)),
            )
        };
        let by_address = address(a, their_own) + address(b, own);
        let by_identity = identity(a, b) + identity(b, a);
        // Laboratories use the same addresses again and again: neighbours are meant.
        let neighbours = u8::from(self.folders.get(ours.0) == self.folders.get(theirs.0));
        // An identity alone must be exactly the one that is wanted by both.
        let meant = by_address > 0 || by_identity == 2;
        meant.then_some((by_address + by_identity) * 2 + neighbours)
    }

    /// Best fits first. A connection that names its peer's address has one peer; others may have
    /// many.
    fn choose(&self, fits: &[(u8, [usize; 2])]) -> Vec<Match> {
        let mut taken = BTreeSet::new();
        let mut chosen = Vec::new();
        for (_, pair) in fits {
            let ends = pair.map(|at| self.ends.get(at));
            let [Some((a, ours, _)), Some((b, theirs, _))] = ends else {
                continue;
            };
            let once = [(pair[0], ours), (pair[1], theirs)];
            let once = once.map(|(at, c)| matches!(c.remote, RemoteEnd::Address(_)).then_some(at));
            if once.iter().flatten().any(|at| taken.contains(at)) {
                continue;
            }
            taken.extend(once.into_iter().flatten());
            chosen.push(Match::new(*a, *b));
        }
        chosen.sort_unstable();
        chosen
    }
}

/// From where a connection speaks.
fn own_addresses(member: &Member, connection: &Connection) -> BTreeSet<IpAddr> {
    if let Some(address) = &connection.local.address {
        return BTreeSet::from([address.value]);
    }
    let name = connection.local.interface.as_ref();
    let interface = name.and_then(|name| member.gateway.interface(&name.value));
    let nets = interface
        .into_iter()
        .flat_map(|interface| &interface.addresses);
    nets.map(|net| net.value.addr()).collect()
}

fn key(identity: &Identity) -> String {
    identity.to_string().to_ascii_lowercase()
}
