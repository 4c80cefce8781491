//! The door: two data planes, a clock that only moves when told, and packets to send.

use crate::counters::DropReason;
pub(super) use crate::fuzzing::{CHILD, End, TUNNEL, agreed, path, selectors, spi, suites};
use crate::notice::Notice;
use crate::plane::{OpenOutcome, OpenOutput, Received, SealOutcome, SealOutput, Sealed};
use crate::{DataPlane, Handling, Policy};
use crossgate_crypto::{Encr, Integ};
use crossgate_model::{ChildSa, SelectorPair, Time};
use crossgate_wire::ip::{Echo, EchoKind, Udp, build_packet, protocol};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use std::net::IpAddr;
use std::time::Duration;

pub const GCM: (Encr, Option<Integ>) = (Encr::AesGcm128, None);
pub const CBC: (Encr, Option<Integ>) = (Encr::AesCbc256, Some(Integ::HmacSha256_128));

pub(super) struct Ends {
    pub a: DataPlane,
    pub b: DataPlane,
    pub now: Time,
}

impl Ends {
    /// Policies in place, no SA yet.
    pub fn configured() -> Self {
        Self {
            a: plane(vec![policy(CHILD, selectors(End::A))]),
            b: plane(vec![policy(CHILD, selectors(End::B))]),
            now: Time::START,
        }
    }

    /// Both have the same fresh pair, changed by `change`.
    pub fn agreeing(suite: (Encr, Option<Integ>), change: impl Fn(&mut ChildSa)) -> Self {
        let mut ends = Self::configured();
        ends.install(End::A, suite, 0, &change).expect("A's SA");
        ends.install(End::B, suite, 0, &change).expect("B's SA");
        ends
    }

    pub fn tunnel() -> Self {
        Self::agreeing(GCM, |_| ())
    }

    /// Another treatment of sizes at A; its SAs stay.
    pub fn handle(&mut self, handling: Handling) {
        let mut policy = policy(CHILD, selectors(End::A));
        policy.handling = handling;
        self.a.set_policies(vec![policy]);
    }

    pub fn at(&mut self, end: End) -> &mut DataPlane {
        match end {
            End::A => &mut self.a,
            End::B => &mut self.b,
        }
    }

    pub fn install(
        &mut self,
        end: End,
        (encr, integ): (Encr, Option<Integ>),
        round: u8,
        change: impl Fn(&mut ChildSa),
    ) -> Result<(), crate::InstallError> {
        let mut sa = agreed(end, encr, integ, round);
        change(&mut sa);
        let now = self.now;
        self.at(end).install(now, sa)
    }

    pub fn remove(&mut self, end: End, round: u8) {
        let now = self.now;
        self.at(end).remove(now, spi(end, round));
    }

    /// One packet out of the tunnel interface.
    pub fn seal(&mut self, end: End, packet: &[u8]) -> (SealOutcome, Option<Travelling>) {
        let mut out = SealOutput::default();
        let now = self.now;
        self.at(end).seal(now, Some(TUNNEL), [packet], &mut out);
        assert_eq!(out.outcomes.len(), 1);
        let travelling = travelling(&out).pop();
        (out.outcomes[0], travelling)
    }

    /// All that a packet of A's is sealed into.
    pub fn seal_all(&mut self, packet: &[u8]) -> (SealOutcome, Vec<Travelling>) {
        let mut out = SealOutput::default();
        self.a.seal(self.now, Some(TUNNEL), [packet], &mut out);
        (out.outcomes[0], travelling(&out))
    }

    pub fn tally(&self, what: &str) -> u64 {
        self.a.tallies().get(what).copied().unwrap_or_default()
    }

    /// A packet that must be sealed.
    pub fn sealed(&mut self, end: End, packet: &[u8]) -> Travelling {
        match self.seal(end, packet) {
            (SealOutcome::Sealed | SealOutcome::SealedOversize, Some(packet)) => packet,
            (outcome, _) => panic!("{outcome:?}"),
        }
    }

    /// What has an SA now.
    pub fn released(&mut self, end: End) -> Vec<Travelling> {
        let mut out = SealOutput::default();
        let now = self.now;
        self.at(end).release(now, &mut out);
        travelling(&out)
    }

    /// One packet from the network.
    pub fn open(&mut self, end: End, packet: &Travelling) -> Result<Vec<u8>, DropReason> {
        self.open_from(end, packet, path(end))
    }

    pub fn open_from(
        &mut self,
        end: End,
        packet: &Travelling,
        path: crossgate_model::Path,
    ) -> Result<Vec<u8>, DropReason> {
        let mut out = OpenOutput::default();
        let mut octets = packet.octets.clone();
        let mut received = [Received {
            path,
            tos: packet.meta.tos,
            packet: &mut octets,
        }];
        let now = self.now;
        self.at(end).open(now, &mut received, &mut out);
        match out.outcomes[..] {
            [OpenOutcome::Opened] => {
                assert_eq!(out.packets.len(), 1);
                Ok(received[0].packet.to_vec())
            }
            [OpenOutcome::Dropped(reason)] if out.packets.is_empty() => Err(reason),
            _ => panic!("{out:?}"),
        }
    }

    /// Sealed here, opened there.
    pub fn pass(&mut self, from: End, packet: &[u8]) -> Result<Vec<u8>, DropReason> {
        let travelling = self.sealed(from, packet);
        self.open(from.other(), &travelling)
    }

    pub fn wait(&mut self, time: Duration) {
        self.now = self.now + time;
        let now = self.now;
        self.a.handle_timeout(now);
        self.b.handle_timeout(now);
    }

    pub fn notices(&mut self, end: End) -> Vec<Notice> {
        std::iter::from_fn(|| self.at(end).poll_notice()).collect()
    }

    pub fn drops(&mut self, end: End, reason: DropReason) -> u64 {
        let drops = self.at(end).drops();
        drops.get(reason.name()).copied().unwrap_or_default()
    }
}

/// A sealed packet between the ends.
#[derive(Clone, Debug)]
pub struct Travelling {
    pub meta: Sealed,
    pub octets: Vec<u8>,
}

impl Travelling {
    /// Ours to make up, as from A to B.
    pub fn made_of(octets: Vec<u8>) -> Self {
        let meta = Sealed {
            path: path(End::A),
            spi_in: spi(End::A, 0),
            tos: 0,
            df: false,
        };
        Self { meta, octets }
    }

    pub fn spi(&self) -> u32 {
        u32::from_be_bytes(self.octets[..4].try_into().expect("an SPI"))
    }
}

pub(super) fn travelling(out: &SealOutput) -> Vec<Travelling> {
    out.sealed
        .iter()
        .map(|(meta, octets)| Travelling {
            meta: *meta,
            octets: octets.to_vec(),
        })
        .collect()
}

pub fn plane(policies: Vec<Policy>) -> DataPlane {
    DataPlane::new(policies, Box::new(ChaCha20Rng::seed_from_u64(1)))
}

pub fn policy(child: &str, selectors: SelectorPair) -> Policy {
    Policy {
        child: child.into(),
        tunnel_interface: Some(TUNNEL.into()),
        selectors,
        handling: Default::default(),
    }
}

pub fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

/// A UDP packet of `length` octets in all, from a host of that end's network to one of the other's.
pub fn udp(from: End, length: usize) -> Vec<u8> {
    let (source, destination) = hosts(from);
    udp_between(source, destination, length)
}

pub fn udp_between(source: &str, destination: &str, length: usize) -> Vec<u8> {
    let (source, destination) = (address(source), address(destination));
    let headers = if source.is_ipv4() { 28 } else { 48 };
    let data: Vec<u8> = (0..length.saturating_sub(headers))
        .map(|i| i as u8)
        .collect();
    let udp = Udp {
        source_port: 1000,
        destination_port: 2000,
        payload: &data,
    };
    udp.build(source, destination).expect("a packet")
}

/// With octets after the IP header that mean nothing; any length from the header's on.
pub fn raw(from: End, length: usize) -> Vec<u8> {
    let (source, destination) = hosts(from);
    let data = vec![0x5a; length - 20];
    build_packet(address(source), address(destination), 253, &data).expect("a packet")
}

pub fn ping(from: End, sequence: u16) -> Vec<u8> {
    let (source, destination) = hosts(from);
    let echo = Echo {
        kind: EchoKind::Request,
        identifier: 7,
        sequence,
        data: &[1; 32],
    };
    echo.build(address(source), address(destination))
        .expect("a packet")
}

/// Without "don't fragment".
pub fn fragmentable(mut packet: Vec<u8>) -> Vec<u8> {
    packet[6] &= !0x40;
    fix_checksum(&mut packet);
    packet
}

pub fn with_tos(mut packet: Vec<u8>, tos: u8) -> Vec<u8> {
    packet[1] = tos;
    fix_checksum(&mut packet);
    packet
}

fn fix_checksum(packet: &mut [u8]) {
    packet[10..12].fill(0);
    let sum = crossgate_wire::ip::checksum(&packet[..20]);
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
}

fn hosts(from: End) -> (&'static str, &'static str) {
    match from {
        End::A => ("10.1.0.10", "10.2.0.20"),
        End::B => ("10.2.0.20", "10.1.0.10"),
    }
}

pub const IPV4: u8 = protocol::IPV4;
pub const IPV6: u8 = protocol::IPV6;
