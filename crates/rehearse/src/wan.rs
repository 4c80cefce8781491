//! The way between the gateways: delay, jitter, loss, duplication, reordering, an MTU, filters,
//! NATs, and the cable itself.

use crate::node::NodeId;
use crate::node::{Carries, Datagram};
use rand_core::Rng;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Parts of a million.
pub const MILLION: u32 = 1_000_000;

/// Outer IP and UDP headers, in octets.
const IPV4_HEADER: usize = 20;
const IPV6_HEADER: usize = 40;
const UDP_HEADER: usize = 8;

/// How the way is now, in both directions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conditions {
    pub delay: Duration,
    /// Added to the delay, drawn evenly from nothing to so much. Packets overtake each other by it.
    pub jitter: Duration,
    /// Parts of a million that are lost.
    pub loss: u32,
    /// Parts of a million that come twice.
    pub duplication: u32,
    /// Parts of a million that are held back by [`HELD_BACK`] delays.
    pub reordering: u32,
    /// Octets of an IP packet.
    pub mtu: u16,
    pub blocked: Blocked,
    pub down: bool,
}

/// A packet that is overtaken arrives after so many times the delay, and a millisecond.
const HELD_BACK: u32 = 3;

/// What a filter on the way stops.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Blocked {
    pub udp_500: bool,
    pub udp_4500: bool,
    pub esp: bool,
    /// Fragments of packets that are longer than the MTU.
    pub fragments: bool,
}

impl Default for Conditions {
    fn default() -> Self {
        Self {
            delay: Duration::from_millis(10),
            jitter: Duration::ZERO,
            loss: 0,
            duplication: 0,
            reordering: 0,
            mtu: 1500,
            blocked: Blocked::default(),
            down: false,
        }
    }
}

/// Why a datagram did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    Chance,
    LinkDown,
    BlockedUdp500,
    BlockedUdp4500,
    BlockedEsp,
    BlockedFragment,
    /// Longer than the MTU, and not to be fragmented.
    TooBig,
    /// A NAT has no mapping for it.
    NoMapping,
    /// Nobody has the address.
    NoSuchHost,
    /// The gateway is off.
    PoweredOff,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chance => "lost",
            Self::LinkDown => "the link is down",
            Self::BlockedUdp500 => "UDP 500 is blocked",
            Self::BlockedUdp4500 => "UDP 4500 is blocked",
            Self::BlockedEsp => "ESP is blocked",
            Self::BlockedFragment => "its fragments are blocked",
            Self::TooBig => "too big for the path, and not to be fragmented",
            Self::NoMapping => "the NAT has no mapping for it",
            Self::NoSuchHost => "nobody has that address",
            Self::PoweredOff => "the gateway is off",
        })
    }
}

/// When a datagram arrives: once, twice, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Arrives(Duration),
    ArrivesTwice(Duration, Duration),
    Lost(Loss),
}

impl Conditions {
    /// What becomes of a datagram that leaves now.
    pub fn fate(&self, datagram: &Datagram, rng: &mut impl Rng) -> Fate {
        let pieces = self.pieces(datagram);
        if let Some(loss) = self.refusal(datagram, pieces) {
            return Fate::Lost(loss);
        }
        let lost = (0..pieces).any(|_| chance(rng, self.loss));
        if lost {
            return Fate::Lost(Loss::Chance);
        }
        let first = self.travel(rng);
        match chance(rng, self.duplication) {
            true => Fate::ArrivesTwice(first, self.travel(rng)),
            false => Fate::Arrives(first),
        }
    }

    fn travel(&self, rng: &mut impl Rng) -> Duration {
        let delay = match chance(rng, self.reordering) {
            true => self.delay * HELD_BACK + Duration::from_millis(1),
            false => self.delay,
        };
        delay + share(rng, self.jitter)
    }

    fn refusal(&self, datagram: &Datagram, pieces: u16) -> Option<Loss> {
        let fragmented = pieces > 1;
        if !self.down && self.blocked == Blocked::default() && !fragmented {
            return None;
        }
        let port = |number| {
            datagram.carries == Carries::Udp
                && (datagram.from.port() == number || datagram.to.port() == number)
        };
        let reasons = [
            (self.down, Loss::LinkDown),
            (self.blocked.udp_500 && port(500), Loss::BlockedUdp500),
            (self.blocked.udp_4500 && port(4500), Loss::BlockedUdp4500),
            (
                self.blocked.esp && datagram.carries == Carries::Esp,
                Loss::BlockedEsp,
            ),
            (fragmented && datagram.df, Loss::TooBig),
            (fragmented && self.blocked.fragments, Loss::BlockedFragment),
        ];
        reasons
            .into_iter()
            .find(|(applies, _)| *applies)
            .map(|(_, loss)| loss)
    }

    /// IP packets that carry the datagram over this path.
    fn pieces(&self, datagram: &Datagram) -> u16 {
        let (length, mtu) = (outer_length(datagram), usize::from(self.mtu).max(68));
        if length <= mtu {
            return 1;
        }
        let room = (mtu - IPV4_HEADER) & !7;
        u16::try_from((length - IPV4_HEADER).div_ceil(room.max(8))).unwrap_or(u16::MAX)
    }
}

/// Octets of the IP packet.
pub fn outer_length(datagram: &Datagram) -> usize {
    let ip = match datagram.to.ip() {
        IpAddr::V4(_) => IPV4_HEADER,
        IpAddr::V6(_) => IPV6_HEADER,
    };
    match datagram.carries {
        Carries::Udp => ip + UDP_HEADER + datagram.payload.len(),
        Carries::Esp => ip + datagram.payload.len(),
        Carries::Clear => datagram.payload.len(),
    }
}

/// True for so many of a million draws; draws nothing where the answer is certain.
pub(crate) fn chance(rng: &mut impl Rng, parts: u32) -> bool {
    parts > 0 && rng.next_u32() % MILLION < parts
}

fn share(rng: &mut impl Rng, most: Duration) -> Duration {
    let nanos = u64::try_from(most.as_nanos()).unwrap_or(u64::MAX);
    match nanos {
        0 => Duration::ZERO,
        nanos => Duration::from_nanos(rng.next_u64() % nanos.saturating_add(1)),
    }
}

/// A NAT in front of a gateway, as common ones are: it gives each inner socket an outer port, lets
/// in what comes to a port that it has given, and forgets a mapping that nothing went out by.
#[derive(Clone, Debug)]
pub struct Nat {
    pub inside: NodeId,
    pub outside: IpAddr,
    /// Without traffic from the inside for so long, a mapping is gone.
    pub timeout: Duration,
    next_port: u16,
    by_inner: BTreeMap<SocketAddr, Mapping>,
}

#[derive(Clone, Copy, Debug)]
struct Mapping {
    port: u16,
    used: crossgate_model::Time,
}

impl Nat {
    pub fn new(inside: NodeId, outside: IpAddr) -> Self {
        Self {
            inside,
            outside,
            timeout: Duration::from_secs(120),
            next_port: 20_000,
            by_inner: BTreeMap::new(),
        }
    }

    /// All mappings are forgotten; new ones get other ports.
    pub fn rebind(&mut self) {
        self.by_inner.clear();
        self.next_port = self.next_port.wrapping_add(1000).max(20_000);
    }

    /// ESP has no ports: it does not pass.
    pub(crate) fn out(
        &mut self,
        now: crossgate_model::Time,
        datagram: &mut Datagram,
    ) -> Option<Loss> {
        if datagram.carries != Carries::Udp {
            return Some(Loss::NoMapping);
        }
        let timeout = self.timeout;
        let known = self.by_inner.get_mut(&datagram.from);
        let port = match known.filter(|mapping| now.since(mapping.used) < timeout) {
            Some(mapping) => {
                mapping.used = now;
                mapping.port
            }
            None => {
                self.next_port = self.next_port.wrapping_add(1).max(20_000);
                let mapping = Mapping {
                    port: self.next_port,
                    used: now,
                };
                self.by_inner.insert(datagram.from, mapping);
                mapping.port
            }
        };
        datagram.from = SocketAddr::new(self.outside, port);
        None
    }

    pub(crate) fn inward(
        &self,
        now: crossgate_model::Time,
        datagram: &mut Datagram,
    ) -> Option<Loss> {
        let fresh = |mapping: &Mapping| {
            mapping.port == datagram.to.port() && now.since(mapping.used) < self.timeout
        };
        let found = self.by_inner.iter().find(|(_, mapping)| fresh(mapping));
        match found {
            Some((inner, _)) if datagram.carries == Carries::Udp => {
                datagram.to = *inner;
                None
            }
            _ => Some(Loss::NoMapping),
        }
    }
}
