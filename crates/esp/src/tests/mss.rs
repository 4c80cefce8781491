//! What TCP's handshakes announce, on both sides of the tunnel.

use super::size::{UDP, v4, v6};
use super::support::*;
use crate::{Clamp, Handling};
use crossgate_crypto::{Encr, Integ};
use crossgate_model::view::Encapsulation;
use crossgate_model::{Path, Selector, SelectorPair};
use crossgate_wire::ip::{Packet, build_packet, checksum, protocol, transport_checksum};
use std::net::IpAddr;

/// What packets inside are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inside {
    V4,
    V6,
}

impl Inside {
    fn hosts(self, from: End) -> (IpAddr, IpAddr) {
        let [a, b] = match self {
            Self::V4 => ["10.1.0.10", "10.2.0.20"],
            Self::V6 => ["fd00:1::a", "fd00:2::b"],
        };
        match from {
            End::A => (address(a), address(b)),
            End::B => (address(b), address(a)),
        }
    }

    /// Of IP and TCP.
    fn headers(self) -> usize {
        match self {
            Self::V4 => 40,
            Self::V6 => 60,
        }
    }
}

/// A SYN whose only option is the MSS.
fn syn(inside: Inside, from: End, mss: u16) -> Vec<u8> {
    let (source, destination) = inside.hosts(from);
    let mut segment = vec![0; 24];
    segment[12] = 0x60;
    segment[13] = 0x02;
    segment[20..22].copy_from_slice(&[2, 4]);
    segment[22..24].copy_from_slice(&mss.to_be_bytes());
    let sum = transport_checksum(source, destination, protocol::TCP, &segment);
    segment[16..18].copy_from_slice(&sum.to_be_bytes());
    build_packet(source, destination, protocol::TCP, &segment).expect("a packet")
}

fn announced(packet: &[u8]) -> u16 {
    let packet = Packet::parse(packet).expect("a packet");
    let sum = transport_checksum(
        packet.source,
        packet.destination,
        protocol::TCP,
        packet.payload,
    );
    assert_eq!(sum, 0);
    if packet.source.is_ipv4() {
        assert_eq!(checksum(&packet.bytes[..20]), 0);
    }
    u16::from_be_bytes([packet.payload[22], packet.payload[23]])
}

/// What arrives of 1460 in either direction, A being the end that clamps.
fn check(handling: Handling, expected: u16) {
    let mut ends = Ends::tunnel();
    ends.handle(handling);
    for from in [End::A, End::B] {
        let arrived = ends
            .pass(from, &syn(Inside::V4, from, 1460))
            .expect("passed");
        assert_eq!(announced(&arrived), expected, "{from:?}");
        let arrived = ends
            .pass(from, &syn(Inside::V4, from, 500))
            .expect("passed");
        assert_eq!(announced(&arrived), 500, "smaller ones stay");
    }
}

fn clamps(list: &[(Option<&str>, u16)]) -> Handling {
    let clamp = |(hosts, mss): &(Option<&str>, u16)| Clamp {
        hosts: hosts.map(|hosts| hosts.parse().expect("a network")),
        mss: *mss,
    };
    Handling {
        clamps: list.iter().map(clamp).collect(),
        ..Handling::default()
    }
}

#[test]
fn nothing_is_clamped_without_being_told_to() {
    check(Handling::default(), 1460);
}

/// Both ends with one pair, of which A clamps.
fn ends(inside: Inside, (encr, integ): (Encr, Option<Integ>), way: Path) -> Ends {
    let mut ends = Ends::configured();
    let any = match inside {
        Inside::V4 => Selector::ANY_V4,
        Inside::V6 => Selector::ANY_V6,
    };
    let pair = SelectorPair {
        local: any,
        remote: any,
    };
    let mut clamping = policy(CHILD, pair);
    clamping.handling.clamps_to_fit = true;
    ends.a.set_policies(vec![clamping]);
    ends.b.set_policies(vec![policy(CHILD, pair)]);
    for end in [End::A, End::B] {
        let installed = ends.install(end, (encr, integ), 0, |sa| {
            sa.path = way;
            (sa.local_selectors, sa.remote_selectors) = (vec![any], vec![any]);
        });
        installed.expect("an SA");
    }
    ends
}

/// Octets of a sealed segment of TCP with so much data, from IP on.
fn sealed_segment(ends: &mut Ends, inside: Inside, way: Path, data: u16) -> usize {
    let (source, destination) = inside.hosts(End::A);
    let mut segment = vec![0; 20 + usize::from(data)];
    segment[12] = 0x50;
    let packet = build_packet(source, destination, protocol::TCP, &segment).expect("a packet");
    assert_eq!(packet.len(), inside.headers() + usize::from(data));
    let (_, sealed) = ends.seal(End::A, &packet);
    let ip = if way.remote.is_ipv4() { 20 } else { 40 };
    let udp = if way.encapsulation == UDP { 8 } else { 0 };
    sealed.map_or(usize::MAX, |sealed| sealed.octets.len() + ip + udp)
}

/// A full segment fits the path, and one octet more doesn't, at whichever end the handshake began.
#[test]
fn what_fits_is_exact_for_every_suite_family_and_encapsulation() {
    let ways =
        [Encapsulation::Esp, UDP].map(|encapsulation| [v4(encapsulation), v6(encapsulation)]);
    for (suite, way) in
        suites().flat_map(|suite| ways.as_flattened().iter().map(move |w| (suite, *w)))
    {
        for inside in [Inside::V4, Inside::V6] {
            let mut ends = ends(inside, suite, way);
            for path_mtu in [1500, 1400, 1300] {
                ends.a.set_path_mtu(way.remote, path_mtu);
                let what = format!("{suite:?} {way:?} {inside:?} {path_mtu}");
                let [ours, theirs] = [End::A, End::B].map(|from| {
                    let arrived = ends.pass(from, &syn(inside, from, 1460)).expect("passed");
                    announced(&arrived)
                });
                assert_eq!(ours, theirs, "{what}");
                let mut octets = |data| sealed_segment(&mut ends, inside, way, data);
                assert!(octets(ours) <= path_mtu.into(), "{what}: {ours}");
                assert!(octets(ours + 1) > path_mtu.into(), "{what}: {ours}");
            }
        }
    }
}

#[test]
fn a_tunnel_interface_that_takes_less_counts_too() {
    let narrow = |tunnel_mtu| Handling {
        clamps_to_fit: true,
        tunnel_mtu: Some(tunnel_mtu),
        ..Handling::default()
    };
    check(narrow(1300), 1300 - 40);
    check(narrow(1446), 1446 - 40);
    check(narrow(9000), 1446 - 40);
}

#[test]
fn the_smallest_clamp_on_the_way_counts_and_never_more_than_fits() {
    check(clamps(&[(None, 1360)]), 1360);
    check(clamps(&[(None, 1360), (Some("10.1.0.0/16"), 1300)]), 1300);
    check(clamps(&[(None, 1360), (Some("172.16.0.0/16"), 1300)]), 1360);
    check(clamps(&[(Some("172.16.0.0/16"), 1300)]), 1460);
    check(clamps(&[(None, 1460)]), 1446 - 40);
}
