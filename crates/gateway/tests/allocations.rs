//! What each packet goes through asks for no memory once it has been gone through: super-packets cut,
//! batches sealed and opened, trains put together again.
//!
//! One test, in a program of its own: it counts what all of the program asks for.

use arrayvec::ArrayVec;
use crossgate_crypto::{Encr, Integ, Secret};
use crossgate_esp::{DataPlane, OpenOutput, Policy, Received, SealOutput};
use crossgate_model::view::{Encapsulation, Role};
use crossgate_model::{ChildSa, DirectionKeys, OutboundUse, Path, Selector, SelectorPair, Time};
use crossgate_offload::{Abilities, Checksum, Coalescer, Header, Reads, Segmentation};
use crossgate_wire::ip::{Udp, build_packet, protocol, transport_checksum};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const TUNNEL: &str = "Tunnel0";
const SUITES: [(Encr, Option<Integ>); 5] = [
    (Encr::AesCbc256, Some(Integ::HmacSha256_128)),
    (Encr::AesCbc128, Some(Integ::HmacSha1_96)),
    (Encr::AesCbc256, Some(Integ::HmacSha512_256)),
    (Encr::AesGcm256, None),
    (Encr::AesGcm128, None),
];
/// Each has a suite, and a policy; more than are asked one by one.
const PAIRS: u8 = 20;
const SEGMENT: usize = 1300;
const SEGMENTS: usize = 40;
const WARM_UP: usize = 5;
const ROUNDS: usize = 50;

#[test]
fn nothing_is_asked_for_memory_once_it_is_warm() {
    let mut way = Way::new();
    let reads = reads();
    for _ in 0..WARM_UP {
        way.go(&reads);
    }
    let counted = Region::new(ALLOCATOR);
    for _ in 0..ROUNDS {
        way.go(&reads);
    }
    let change = counted.change();
    assert_eq!((change.allocations, change.reallocations), (0, 0));
}

/// From one TUN to the other.
struct Way {
    ends: [DataPlane; 2],
    reads: Reads,
    sealed: SealOutput,
    opened: OpenOutput,
    coalescer: Coalescer,
}

impl Way {
    fn new() -> Self {
        Self {
            ends: [0, 1].map(end),
            reads: Reads::default(),
            sealed: SealOutput::default(),
            opened: OpenOutput::default(),
            coalescer: Coalescer::new(Abilities {
                tcp: true,
                udp: true,
            }),
        }
    }

    /// One batch, and then each read alone.
    fn go(&mut self, reads: &[(Header, Vec<u8>)]) {
        self.batch(reads);
        reads.chunks(1).for_each(|one| self.batch(one));
    }

    fn batch(&mut self, reads: &[(Header, Vec<u8>)]) {
        self.reads.clear();
        self.sealed.clear();
        self.opened.clear();
        self.coalescer.clear();
        for (header, octets) in reads {
            let room = self.reads.room();
            room[..Header::LEN].copy_from_slice(&header.to_bytes());
            room[Header::LEN..][..octets.len()].copy_from_slice(octets);
            let kept = self.reads.keep(Header::LEN + octets.len());
            assert!(kept, "a header that doesn't lie");
        }
        let [from, to] = &mut self.ends;
        from.seal(
            Time::START,
            Some(TUNNEL),
            self.reads.iter(),
            &mut self.sealed,
        );
        let mut arriving = self
            .sealed
            .sealed
            .iter_mut()
            .map(|(meta, packet)| Received {
                path: reversed(meta.path),
                tos: meta.tos,
                packet,
            });
        loop {
            let mut some: ArrayVec<_, 64> = arriving.by_ref().take(64).collect();
            if some.is_empty() {
                break;
            }
            to.open(Time::START, &mut some, &mut self.opened);
            for received in &some {
                self.coalescer.push(received.packet);
            }
        }
        assert_eq!(self.opened.packets.len(), self.reads.packets());
        let written = self.coalescer.groups().map(|(_, members)| members.count());
        let (mut groups, mut members) = (0, 0);
        for count in written {
            (groups, members) = (groups + 1, members + count);
        }
        assert_eq!((groups, members), (reads.len(), self.reads.packets()));
        for end in &mut self.ends {
            while end.poll_notice().is_some() {}
        }
    }
}

/// A train of TCP and two datagrams for each pair.
fn reads() -> Vec<(Header, Vec<u8>)> {
    let trains = (0..PAIRS).map(train);
    let small = (0..PAIRS).flat_map(|pair| [datagram(pair, 20), datagram(pair, 1200)]);
    trains.chain(small).collect()
}

fn train(pair: u8) -> (Header, Vec<u8>) {
    let [from, to] = hosts(pair);
    let mut tcp = vec![0; 20];
    // Ports, data offset and ACK.
    tcp[..4].copy_from_slice(&[200, 1, 0, 80]);
    tcp[12..14].copy_from_slice(&[0x50, 0x10]);
    tcp.resize(20 + SEGMENT * SEGMENTS, 0x5a);
    // What covers all is made when it is cut.
    tcp[16..18].copy_from_slice(&(!transport_checksum(from, to, 6, &[])).to_be_bytes());
    let packet = build_packet(from, to, protocol::TCP, &tcp).expect("a packet");
    let header = Header {
        checksum: Some(Checksum {
            start: 20,
            offset: 16,
        }),
        segmentation: Some(Segmentation::Tcp4 { ecn: false }),
        header_len: 40,
        segment_len: SEGMENT as u16,
    };
    (header, packet)
}

/// Of a port for each length, so that none is the next of another's flow.
fn datagram(pair: u8, length: usize) -> (Header, Vec<u8>) {
    let [from, to] = hosts(pair);
    let udp = Udp {
        source_port: length as u16,
        destination_port: 53,
        payload: &[0x5a; 1200][..length],
    };
    (Header::default(), udp.build(from, to).expect("a packet"))
}

fn hosts(pair: u8) -> [IpAddr; 2] {
    [[10, 1, 0, 1].into(), [10, 2, pair, 1].into()]
}

fn end(which: usize) -> DataPlane {
    let policies = (0..PAIRS).map(|pair| Policy {
        child: name(pair),
        tunnel_interface: Some(TUNNEL.into()),
        selectors: selectors(which, pair),
        handling: Default::default(),
    });
    let rng = Box::new(ChaCha20Rng::seed_from_u64(1));
    let mut plane = DataPlane::new(policies.collect(), rng);
    for number in 0..PAIRS {
        plane
            .install(Time::START, pair(which, number))
            .expect("a pair");
    }
    plane
}

fn name(pair: u8) -> String {
    format!("child-{pair}")
}

fn selectors(which: usize, pair: u8) -> SelectorPair {
    let range = |start: Ipv4Addr, end: Ipv4Addr| Selector {
        start: start.into(),
        end: end.into(),
        ..Selector::ANY_V4
    };
    let one = SelectorPair {
        local: range([10, 1, 0, 0].into(), [10, 1, 255, 255].into()),
        remote: range([10, 2, pair, 0].into(), [10, 2, pair, 255].into()),
    };
    if which == 0 { one } else { one.mirrored() }
}

fn path() -> Path {
    Path {
        local: [192, 0, 2, 1].into(),
        remote: [198, 51, 100, 1].into(),
        encapsulation: Encapsulation::Udp {
            local_port: 4500,
            remote_port: 4500,
        },
    }
}

fn reversed(path: Path) -> Path {
    Path {
        local: path.remote,
        remote: path.local,
        ..path
    }
}

fn pair(which: usize, number: u8) -> ChildSa {
    let (encr, integ) = SUITES[usize::from(number) % SUITES.len()];
    let keys = |towards: usize| DirectionKeys {
        encr: Secret::new(vec![number * 2 + towards as u8; encr.keymat_len()]),
        integ: Secret::new(vec![towards as u8; integ.map_or(0, Integ::key_len)]),
    };
    let spi = |of: usize| 0x1000 * (of as u32 + 1) + u32::from(number);
    let selectors = selectors(which, number);
    ChildSa {
        id: number.into(),
        connection: name(number),
        child: name(number),
        role: Role::Initiator,
        spi_in: spi(which),
        spi_out: spi(1 - which),
        encr,
        integ,
        esn: number.is_multiple_of(2),
        keys_in: keys(which),
        keys_out: keys(1 - which),
        local_selectors: vec![selectors.local],
        remote_selectors: vec![selectors.remote],
        path: if which == 0 { path() } else { reversed(path()) },
        outbound: OutboundUse::Immediately,
        replay_window: 64,
        soft_kilobytes: None,
        hard_kilobytes: None,
        hard_lifetime: Duration::from_secs(3600),
    }
}
