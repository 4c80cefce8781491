//! What TCP's handshakes announce, on both sides of the tunnel.

use super::support::*;
use crate::{Clamp, Handling, inner_mtu};
use crossgate_wire::ip::{Packet, build_packet, checksum, protocol, transport_checksum};

/// A SYN whose only option is the MSS.
fn syn(from: End, mss: u16) -> Vec<u8> {
    let (source, destination) = match from {
        End::A => (address("10.1.0.10"), address("10.2.0.20")),
        End::B => (address("10.2.0.20"), address("10.1.0.10")),
    };
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
    assert_eq!((sum, checksum(&packet.bytes[..20])), (0, 0));
    u16::from_be_bytes([packet.payload[22], packet.payload[23]])
}

/// What arrives of 1460 in either direction, A being the end that clamps.
fn check(handling: Handling, expected: u16) {
    let mut ends = Ends::tunnel();
    ends.handle(handling);
    for from in [End::A, End::B] {
        let arrived = ends.pass(from, &syn(from, 1460)).expect("passed");
        assert_eq!(announced(&arrived), expected, "{from:?}");
        let arrived = ends.pass(from, &syn(from, 500)).expect("passed");
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

#[test]
fn what_fits_is_exact_for_every_suite() {
    for (encr, integ) in suites() {
        let mut ends = Ends::agreeing((encr, integ), |_| ());
        ends.handle(Handling {
            clamps_to_fit: true,
            ..Handling::default()
        });
        let fits = inner_mtu(1500, encr, integ, &path(End::A)) - 40;
        let arrived = ends.pass(End::A, &syn(End::A, 1460)).expect("passed");
        assert_eq!(announced(&arrived), fits, "{encr} {integ:?}");
        ends.a.set_path_mtu(path(End::A).remote, 1400);
        let arrived = ends.pass(End::B, &syn(End::B, 1460)).expect("passed");
        let fits = inner_mtu(1400, encr, integ, &path(End::A)) - 40;
        assert_eq!(announced(&arrived), fits, "{encr} {integ:?}");
    }
}

#[test]
fn the_smallest_clamp_on_the_way_counts_and_never_more_than_fits() {
    check(clamps(&[(None, 1360)]), 1360);
    check(clamps(&[(None, 1360), (Some("10.1.0.0/16"), 1300)]), 1300);
    check(clamps(&[(None, 1360), (Some("172.16.0.0/16"), 1300)]), 1360);
    check(clamps(&[(Some("172.16.0.0/16"), 1300)]), 1460);
    check(clamps(&[(None, 1460)]), 1446 - 40);
}
