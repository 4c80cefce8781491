//! How much the paths to the peers take: the device's MTU, and what routers on the way say
//! (RFC 4301 §8.2, RFC 1191, RFC 8201).
//!
//! Whoever can send us a packet can say "too big". It is believed only if it quotes the SPI and a
//! recent sequence number of an SA with that peer, never below what every host takes, and for
//! [`PATH_MTU_AGE`].

use super::DataPlane;
use super::timer::Timer;
use crate::mtu::{DEFAULT_PATH_MTU, IPV4_LEAST_PATH_MTU, IPV6_MIN_MTU};
use crossgate_model::Time;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

/// After so long a larger packet is tried again (RFC 1191 §6.3, RFC 8201 §4).
pub const PATH_MTU_AGE: Duration = Duration::from_secs(600);

/// Words of routers that are looked at in a second.
pub const TOLD_PER_SECOND: u32 = 20;

/// Packets that may have been sealed since the one that a router quotes.
const RECENT: u32 = 1 << 16;
/// SPI and sequence number.
const PROOF: usize = 8;

/// A router's word that a packet of ours was too big: ICMP "fragmentation needed" or ICMPv6
/// "packet too big".
#[derive(Clone, Copy, Debug)]
pub struct TooBig<'a> {
    /// Where the packet was going.
    pub remote: IpAddr,
    /// Octets of an IP packet that the next link takes.
    pub mtu: u32,
    /// Of the packet from the SPI on, as much as was quoted.
    pub quoted: &'a [u8],
}

/// Why such a word changed nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unheeded {
    /// More came in this second than are looked at.
    TooMany,
    /// It quotes no packet that we could have sent.
    Unproven,
    /// We send no packets of that size.
    NotSmaller,
}

impl Unheeded {
    pub fn name(self) -> &'static str {
        match self {
            Self::TooMany => "path-mtu-told-too-often",
            Self::Unproven => "path-mtu-unproven",
            Self::NotSmaller => "path-mtu-not-smaller",
        }
    }
}

impl fmt::Display for Unheeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Of the way to one peer.
#[derive(Clone, Copy, Debug)]
pub(super) struct PathMtu {
    /// Of the device that it begins at.
    device: u16,
    /// What a router said, and until when it is believed.
    told: Option<(u16, Time)>,
}

impl PathMtu {
    fn effective(&self) -> u16 {
        let told = self.told.map(|(mtu, _)| mtu);
        told.map_or(self.device, |mtu| mtu.min(self.device))
    }
}

impl DataPlane {
    /// What the device takes that the way to that peer begins at, for SAs that are there and that
    /// will come.
    pub fn set_path_mtu(&mut self, remote: IpAddr, device: u16) {
        let before = self.path_mtu_to(remote);
        let fresh = PathMtu { device, told: None };
        let known = self.path_mtus.entry(remote).or_insert(fresh);
        known.device = device;
        if self.path_mtu_to(remote) != before {
            self.spread(remote);
        }
    }

    /// Takes a router's word, and gives the path's MTU from now on.
    pub fn too_big(&mut self, now: Time, said: TooBig<'_>) -> Result<u16, Unheeded> {
        let heeded = self.heed_too_big(now, said);
        self.tallies.count(match heeded {
            Ok(_) => "path-mtu-lowered",
            Err(unheeded) => unheeded.name(),
        });
        heeded
    }

    fn heed_too_big(&mut self, now: Time, said: TooBig<'_>) -> Result<u16, Unheeded> {
        if !self.told.spend(now, TOLD_PER_SECOND) {
            return Err(Unheeded::TooMany);
        }
        if !self.has_sent(&said) {
            return Err(Unheeded::Unproven);
        }
        let least = match said.remote {
            IpAddr::V4(_) => IPV4_LEAST_PATH_MTU,
            IpAddr::V6(_) => IPV6_MIN_MTU,
        };
        let mtu = u16::try_from(said.mtu).unwrap_or(u16::MAX).max(least);
        if mtu >= self.path_mtu_to(said.remote) {
            return Err(Unheeded::NotSmaller);
        }
        let fresh = PathMtu {
            device: DEFAULT_PATH_MTU,
            told: None,
        };
        let known = self.path_mtus.entry(said.remote).or_insert(fresh);
        let until = now + PATH_MTU_AGE;
        let before = known.told.replace((mtu, until));
        if let Some((_, before)) = before {
            self.timers.remove(before, Timer::PathMtu(said.remote));
        }
        self.timers.insert(until, Timer::PathMtu(said.remote));
        self.spread(said.remote);
        Ok(mtu)
    }

    /// What a router said is forgotten.
    pub(super) fn age_path_mtu(&mut self, remote: IpAddr) {
        if let Some(known) = self.path_mtus.get_mut(&remote) {
            known.told = None;
            self.tallies.count("path-mtu-aged");
            self.spread(remote);
        }
    }

    pub(super) fn path_mtu_to(&self, remote: IpAddr) -> u16 {
        let known = self.path_mtus.get(&remote);
        known.map_or(DEFAULT_PATH_MTU, PathMtu::effective)
    }

    fn spread(&mut self, remote: IpAddr) {
        let mtu = self.path_mtu_to(remote);
        let to_there = self
            .ways
            .range((remote, 0, 0)..=(remote, u32::MAX, u32::MAX));
        for (_, _, spi_in) in to_there {
            if let Some(sa) = self.sad.get_mut(*spi_in)
                && sa.path_mtu() != mtu
            {
                sa.set_path_mtu(mtu);
            }
        }
    }

    fn has_sent(&self, said: &TooBig<'_>) -> bool {
        let Some([a, b, c, d, e, f, g, h]) = said.quoted.first_chunk::<PROOF>() else {
            return false;
        };
        let spi = u32::from_be_bytes([*a, *b, *c, *d]);
        let sequence = u32::from_be_bytes([*e, *f, *g, *h]);
        let (first, last) = ((said.remote, spi, 0), (said.remote, spi, u32::MAX));
        self.ways.range(first..=last).any(|(_, _, spi_in)| {
            let sa = self.sad.get(*spi_in);
            let newest = sa.and_then(|sa| sa.outbound.last_sent());
            newest.is_some_and(|newest| newest.wrapping_sub(sequence) < RECENT)
        })
    }
}
