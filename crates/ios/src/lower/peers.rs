//! Things by the network of the peers that they are for, so that a file of many peers takes time in
//! proportion to its length.

use crate::config::keyring::{Keyring, Peer};
use crossgate_model::RemoteEnd;
use ipnet::IpNet;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Of several things for one network, the first counts.
pub(super) struct Nets<T> {
    by_net: BTreeMap<IpNet, T>,
    lengths: BTreeSet<u8>,
}

impl<T> Default for Nets<T> {
    fn default() -> Self {
        Self {
            by_net: BTreeMap::new(),
            lengths: BTreeSet::new(),
        }
    }
}

impl<T> Nets<T> {
    pub fn add(&mut self, net: IpNet, thing: T) {
        let net = net.trunc();
        self.lengths.insert(net.prefix_len());
        self.by_net.entry(net).or_insert(thing);
    }

    /// All whose network has that address in it, the smallest network first.
    pub fn around(&self, address: IpAddr) -> impl Iterator<Item = &T> {
        let nets = self.lengths.iter().rev();
        let nets = nets.filter_map(move |length| IpNet::new(address, *length).ok());
        nets.filter_map(|net| self.by_net.get(&net.trunc()))
    }
}

/// A keyring's peers by address and by host name.
pub(crate) struct PeersByEnd<'c> {
    nets: Nets<&'c Peer>,
    names: BTreeMap<String, &'c Peer>,
}

impl<'c> PeersByEnd<'c> {
    pub fn new(keyring: &'c Keyring) -> Self {
        let (mut nets, mut names) = (Nets::default(), BTreeMap::new());
        for peer in &keyring.peers {
            if let Some(net) = peer.address {
                nets.add(net.value, peer);
            }
            if let Some(name) = &peer.hostname {
                names.entry(name.to_ascii_lowercase()).or_insert(peer);
            }
        }
        Self { nets, names }
    }

    /// By the longest matching address, or by host name.
    pub fn find(&self, remote: &RemoteEnd) -> Option<&'c Peer> {
        match remote {
            RemoteEnd::Address(address) => self.nets.around(address.value).next().copied(),
            RemoteEnd::Name(name) => self.names.get(&name.to_ascii_lowercase()).copied(),
            RemoteEnd::Within(_) | RemoteEnd::Any => None,
        }
    }
}
