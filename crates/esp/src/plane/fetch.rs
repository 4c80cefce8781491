//! Memory that a batch will need, asked for ahead of it.
//!
//! With more SAs than the processor's caches hold, each packet waits for memory a dozen times, one
//! after the other: policy, Child, SA, keys. The steps of one packet wait for each other, but not for
//! those of another packet. So each step is taken for all packets of a batch before the next one, and
//! their waiting overlaps. Nothing is decided here.

use super::{AtOnce, DataPlane, Received};
use crate::sa::Sa;
use crate::spd::{Child, ChildId, List};
use crossgate_kernels::prefetch;
use crossgate_wire::ip::{Packet, Segments};
use std::net::IpAddr;

/// So many pairs with their policies take about half a megabyte.
const FEW: usize = 200;

impl DataPlane {
    pub(super) fn is_larger_than_caches(&self) -> bool {
        self.sad.len() > FEW
    }

    pub(super) fn fetch_to_seal(&self, list: Option<List>, packets: &[impl Segments]) {
        let destinations = packets.iter().filter_map(|packet| {
            let packet = Packet::parse(packet.whole()).ok()?;
            self.spd.fetch(list, packet.destination);
            Some(packet.destination)
        });
        let destinations: AtOnce<IpAddr> = destinations.collect();
        let ids = destinations.iter();
        let ids = ids.filter_map(|destination| self.spd.first_towards(list, *destination));
        let ids: AtOnce<ChildId> = ids.collect();
        let children = self.fetch_children(ids.into_iter());
        let newest = children.iter().filter_map(|child| child.sas.last());
        for sa in self.fetch_sas(newest.copied()) {
            sa.outbound.fetch_key();
        }
    }

    pub(super) fn fetch_to_open(&self, packets: &[Received<'_>]) {
        let spis = packets.iter().filter_map(|received| {
            let spi = received.packet.first_chunk()?;
            Some(u32::from_be_bytes(*spi))
        });
        let sas = self.fetch_sas(spis);
        for sa in &sas {
            sa.inbound.fetch_parts();
        }
        self.fetch_children(sas.iter().map(|sa| sa.child));
    }

    fn fetch_children(&self, ids: impl Iterator<Item = ChildId>) -> AtOnce<&Child> {
        let children = ids.filter_map(|id| self.spd.child(id));
        children.inspect(|child| prefetch(*child)).collect()
    }

    fn fetch_sas(&self, spis: impl Iterator<Item = u32>) -> AtOnce<&Sa> {
        let spis: AtOnce<u32> = spis.inspect(|spi| self.sad.fetch(*spi)).collect();
        let sas = spis.iter().filter_map(|spi| self.sad.get(*spi));
        let sas = sas.map(Box::as_ref);
        sas.inspect(|sa| prefetch(*sa)).collect()
    }
}
