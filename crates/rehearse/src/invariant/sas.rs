//! Which SAs the ends have.

use crate::node::NodeId;
use crate::trace::Sa;
use crossgate_esp::LINGER;
use crossgate_model::Time;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Of one end, with one peer.
type Child = (NodeId, String, IpAddr);

/// SAs in the data planes of all ends.
#[derive(Debug, Default)]
pub(super) struct Sas {
    /// By our SPI.
    of: BTreeMap<NodeId, BTreeMap<u32, Sa>>,
    /// Of a Child, our SPIs.
    of_child: BTreeMap<Child, BTreeSet<u32>>,
    /// By SPI, who receives on it.
    receivers: BTreeSet<(u32, NodeId)>,
    /// Who received on it before, until when.
    received: BTreeMap<u32, Time>,
    /// Counts the changes.
    generation: u64,
}

impl Sas {
    pub fn insert(&mut self, node: NodeId, sa: Sa) {
        self.generation += 1;
        self.receivers.insert((sa.spi_in, node));
        if let Some(replaced) = self.get(node, sa.spi_in).map(|sa| child_of(node, sa)) {
            self.forget_child(&replaced, sa.spi_in);
        }
        let child = self.of_child.entry(child_of(node, &sa));
        child.or_default().insert(sa.spi_in);
        self.of.entry(node).or_default().insert(sa.spi_in, sa);
    }

    pub fn remove(&mut self, node: NodeId, spi_in: u32, now: Time) -> Option<Sa> {
        self.generation += 1;
        self.receivers.remove(&(spi_in, node));
        self.received.insert(spi_in, now);
        let sa = self.of.get_mut(&node)?.remove(&spi_in)?;
        self.forget_child(&child_of(node, &sa), spi_in);
        Some(sa)
    }

    fn forget_child(&mut self, child: &Child, spi_in: u32) {
        if let Some(spis) = self.of_child.get_mut(child) {
            spis.remove(&spi_in);
            if spis.is_empty() {
                self.of_child.remove(child);
            }
        }
    }

    pub fn spis_of(&self, node: NodeId) -> Vec<u32> {
        let sas = self.of.get(&node);
        sas.map(|sas| sas.keys().copied().collect())
            .unwrap_or_default()
    }

    pub fn get(&self, node: NodeId, spi_in: u32) -> Option<&Sa> {
        self.of.get(&node)?.get(&spi_in)
    }

    pub fn all(&self) -> impl Iterator<Item = (NodeId, &Sa)> {
        let nodes = self.of.iter();
        nodes.flat_map(|(node, sas)| sas.values().map(|sa| (*node, sa)))
    }

    pub fn of_node(&self, node: NodeId) -> impl Iterator<Item = &Sa> {
        self.of.get(&node).into_iter().flat_map(BTreeMap::values)
    }

    /// Those of that end for the same Child with the same peer, itself included.
    pub fn siblings(&self, node: NodeId, sa: &Sa) -> impl Iterator<Item = &Sa> + use<'_> {
        let spis = self.of_child.get(&child_of(node, sa));
        let spis = spis.into_iter().flatten();
        spis.filter_map(move |spi_in| self.get(node, *spi_in))
    }

    /// The same pair, at another end.
    pub fn mirrors<'a>(
        &'a self,
        node: NodeId,
        sa: &'a Sa,
    ) -> impl Iterator<Item = (NodeId, &'a Sa)> {
        let others = self.receivers_of(node, sa.spi_out);
        let theirs = others.filter_map(move |other| Some((other, self.get(other, sa.spi_out)?)));
        theirs.filter(move |(_, mirror)| mirror.spi_out == sa.spi_in && mirror.local == sa.remote)
    }

    pub fn is_mirrored(&self, node: NodeId, sa: &Sa) -> bool {
        self.mirrors(node, sa).next().is_some()
    }

    /// As long as it is the same, so is all that is said here without a time.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether somebody else has an SA of that SPI.
    pub fn is_received(&self, from: NodeId, spi: u32) -> bool {
        self.receivers_of(from, spi).next().is_some()
    }

    /// Whether somebody else opens what that end sends under this SPI now.
    pub fn is_heard(&self, from: NodeId, spi: u32, now: Time) -> bool {
        let before = self.received.get(&spi);
        self.is_received(from, spi) || before.is_some_and(|until| now.since(*until) <= LINGER)
    }

    /// When the last one who received on it ceased to.
    pub fn unheard_since(&self, spi: u32) -> Option<Time> {
        self.received.get(&spi).copied()
    }

    fn receivers_of(&self, from: NodeId, spi: u32) -> impl Iterator<Item = NodeId> {
        let all = self
            .receivers
            .range((spi, NodeId(0))..=(spi, NodeId(u16::MAX)));
        all.map(|(_, node)| *node).filter(move |node| *node != from)
    }
}

fn child_of(node: NodeId, sa: &Sa) -> Child {
    (node, sa.child.clone(), sa.path.remote)
}
