//! IP packets read, built and answered.

mod support;

use std::net::IpAddr;

use crossgate_wire::ip::*;
use expect_test::{Expect, expect};
use support::hex;
use support::messages::{fragment_behind_options, syn};

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn pair_v4() -> (IpAddr, IpAddr) {
    (address("10.0.0.1"), address("10.0.1.1"))
}

fn pair_v6() -> (IpAddr, IpAddr) {
    (address("2001:db8::1"), address("2001:db8:1::1"))
}

/// Prints a packet's selectors, or why it has none.
fn check(packet: &[u8], expected: Expect) {
    let text = match flow(packet) {
        Ok(Flow {
            src,
            dst,
            proto,
            sport,
            dport,
        }) => {
            format!("{src} {sport:?} > {dst} {dport:?} protocol {proto}")
        }
        Err(error) => error.to_string(),
    };
    expected.assert_eq(&text);
}

#[test]
fn selectors_of_a_packet() {
    let (source, destination) = pair_v4();
    let packet =
        |protocol, payload: &[u8]| build_packet(source, destination, protocol, payload).unwrap();
    check(
        &packet(protocol::TCP, &syn(1460)),
        expect!["10.0.0.1 Some(5000) > 10.0.1.1 Some(80) protocol 6"],
    );
    check(
        &packet(protocol::SCTP, &[0, 1, 0, 2]),
        expect!["10.0.0.1 Some(1) > 10.0.1.1 Some(2) protocol 132"],
    );
    check(
        &packet(protocol::ICMP, &[3, 4, 0, 0]),
        expect!["10.0.0.1 Some(772) > 10.0.1.1 Some(772) protocol 1"],
    );
    check(
        &packet(protocol::MOBILITY, &[59, 0, 5, 0]),
        expect!["10.0.0.1 Some(1280) > 10.0.1.1 Some(1280) protocol 135"],
    );
    check(
        &packet(protocol::ESP, &[0, 1, 0, 2]),
        expect!["10.0.0.1 None > 10.0.1.1 None protocol 50"],
    );
    check(
        &packet(protocol::UDP, &[0, 1, 0]),
        expect!["UDP header at offset 22: expected 2 bytes, found 1"],
    );
    let (source, destination) = pair_v6();
    let packet =
        |protocol, payload: &[u8]| build_packet(source, destination, protocol, payload).unwrap();
    check(
        &packet(protocol::ICMPV6, &[128, 0]),
        expect!["2001:db8::1 Some(32768) > 2001:db8:1::1 Some(32768) protocol 58"],
    );
    check(
        &packet(protocol::HOP_BY_HOP, &fragment_behind_options()),
        expect!["2001:db8::1 Some(5000) > 2001:db8:1::1 Some(53) protocol 17"],
    );
}

#[test]
fn later_fragments_show_no_ports() {
    let (source, destination) = pair_v4();
    let mut packet = build_packet(source, destination, protocol::UDP, &[0; 16]).unwrap();
    packet[6..8].copy_from_slice(&[0x20, 0x02]);
    check(
        &packet,
        expect!["10.0.0.1 None > 10.0.1.1 None protocol 17"],
    );
    let read = Packet::parse(&packet).unwrap();
    assert_eq!(
        read.fragment,
        Some(Fragment {
            identification: 0,
            offset: 16,
            more: true
        })
    );
    let (source, destination) = pair_v6();
    let later = [protocol::UDP, 0, 0, 8, 0, 0, 0, 9, 1, 2, 3, 4];
    check(
        &build_packet(source, destination, protocol::FRAGMENT, &later).unwrap(),
        expect!["2001:db8::1 None > 2001:db8:1::1 None protocol 17"],
    );
}

#[test]
fn a_reversed_flow_is_the_answers() {
    let (source, destination) = pair_v4();
    let udp = Udp {
        source_port: 1,
        destination_port: 2,
        payload: &[],
    };
    let back = Udp {
        source_port: 2,
        destination_port: 1,
        payload: &[],
    };
    let asked = flow(&udp.build(source, destination).unwrap()).unwrap();
    assert_eq!(
        asked.reversed(),
        flow(&back.build(destination, source).unwrap()).unwrap()
    );
}

#[test]
fn headers_that_lie() {
    let (source, destination) = pair_v4();
    let good = build_packet(source, destination, protocol::ESP, &[7; 8]).unwrap();
    let changed = |at: usize, value: u8| {
        let mut packet = good.clone();
        packet[at] = value;
        packet
    };
    check(
        &[],
        expect!["IP header at offset 0: expected 1 bytes, found 0"],
    );
    check(
        &changed(0, 0x55),
        expect!["IP header at offset 0: expected IP version 4 or 6, found 5"],
    );
    check(
        &changed(0, 0x44),
        expect!["IPv4 header at offset 0: expected at least 20, found 16"],
    );
    check(
        &changed(0, 0x4f),
        expect!["IPv4 header at offset 0: expected 60 bytes, found 28"],
    );
    check(
        &changed(3, 29),
        expect!["IPv4 header at offset 2: expected 29 bytes, found 28"],
    );
    check(
        &changed(3, 19),
        expect!["IPv4 header at offset 0: expected 20 bytes, found 19"],
    );
    check(
        &good[..19],
        expect!["IPv4 header at offset 16: expected 4 bytes, found 3"],
    );
    let (source, destination) = pair_v6();
    let v6 =
        |protocol, payload: &[u8]| build_packet(source, destination, protocol, payload).unwrap();
    check(
        &v6(protocol::ESP, &[7; 8])[..47],
        expect!["IPv6 header at offset 4: expected 48 bytes, found 47"],
    );
    check(
        &v6(protocol::ROUTING, &[6, 1, 0, 0, 0, 0, 0, 0]),
        expect!["IPv6 extension header at offset 42: expected 14 bytes, found 6"],
    );
    let endless = [protocol::DESTINATION_OPTIONS, 0, 0, 0, 0, 0, 0, 0].repeat(20);
    check(
        &v6(protocol::DESTINATION_OPTIONS, &endless),
        expect!["IPv6 extension header at offset 104: more than the 8 that are accepted"],
    );
}

#[test]
fn padding_behind_a_packet_is_left_out() {
    let (source, destination) = pair_v4();
    let good = build_packet(source, destination, protocol::ESP, b"inner").unwrap();
    let padded = [good.as_slice(), &[0; 40]].concat();
    let packet = Packet::parse(&padded).unwrap();
    assert_eq!(
        (packet.bytes, packet.payload),
        (good.as_slice(), b"inner".as_slice())
    );
    assert_eq!(
        (packet.total_len(), packet.header_len(), packet.version()),
        (25, 20, 4)
    );
}

#[test]
fn header_fields_survive() {
    let header = Ipv4Header {
        tos: 0xb8,
        ttl: 3,
        identification: 0xbeef,
        dont_fragment: false,
        ..Ipv4Header::new(
            "192.0.2.1".parse().unwrap(),
            "192.0.2.2".parse().unwrap(),
            50,
        )
    };
    let mut out = vec![0xa5; 3];
    header.emit(0, &mut out).unwrap();
    assert_eq!((out.len(), checksum(&out[3..])), (23, 0));
    let packet = Packet::parse(&out[3..]).unwrap();
    assert_eq!(
        (
            packet.tos,
            packet.ttl,
            packet.protocol,
            packet.dont_fragment
        ),
        (0xb8, 3, 50, false)
    );

    let header = Ipv6Header {
        traffic_class: 0xb8,
        flow_label: 0xfff_ffff,
        hop_limit: 3,
        ..Ipv6Header::new(
            "2001:db8::1".parse().unwrap(),
            "2001:db8::2".parse().unwrap(),
            50,
        )
    };
    let mut out = vec![0xa5; 3];
    header.emit(0, &mut out).unwrap();
    assert_eq!(out[3..7], [0x6b, 0x8f, 0xff, 0xff]);
    let packet = Packet::parse(&out[3..]).unwrap();
    assert_eq!(
        (packet.tos, packet.ttl, packet.protocol, packet.version()),
        (0xb8, 3, 50, 6)
    );
}

#[test]
fn a_packet_that_is_too_long_is_not_built() {
    let (source, destination) = pair_v4();
    assert!(build_packet(source, destination, 50, &vec![0; 65515]).is_ok());
    assert!(build_packet(source, destination, 50, &vec![0; 65516]).is_err());
}

/// The example of RFC 1071 §3.
/// One pair of octets after the other, as RFC 1071 §1 says it.
fn checksum_by_pairs(octets: &[u8]) -> u16 {
    let pairs = octets.chunks(2);
    let words = pairs.map(|pair| u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or(0)]));
    !words.fold(0_u16, |sum, word| {
        let (sum, carries) = sum.overflowing_add(word);
        sum + u16::from(carries)
    })
}

#[test]
fn a_checksum_is_the_same_by_pairs_at_every_length() {
    let octets: Vec<u8> = (0..200_u32)
        .map(|n| (n * n * 37 + n) as u8 | 0x80)
        .collect();
    for length in 0..octets.len() {
        let octets = &octets[..length];
        assert_eq!(checksum(octets), checksum_by_pairs(octets), "{length}");
        let (high, low) = (vec![0xff; length], vec![0; length]);
        assert_eq!(checksum(&high), checksum_by_pairs(&high), "{length}");
        assert_eq!(checksum(&low), 0xffff, "{length}");
    }
}

#[test]
fn a_checksum_of_what_is_copied_is_that_of_all_its_parts() {
    let octets: Vec<u8> = (0..200_u32)
        .map(|n| (n * n * 37 + n) as u8 | 0x80)
        .collect();
    for length in 0..octets.len() {
        let (octets, mut copy) = (&octets[..length], vec![0; length]);
        let at = length / 4 * 2;
        let sum = Sum::copying(&octets[at..], &mut copy[at..]) + Sum::of(&octets[..at]);
        assert_eq!(sum.checksum(), checksum_by_pairs(octets), "{length}");
        assert_eq!(
            (&copy[at..], !sum.folded()),
            (&octets[at..], sum.checksum())
        );
        assert!(copy[..at].iter().all(|octet| *octet == 0), "{length}");
    }
    let mut short = [0; 3];
    let sum = Sum::copying(&octets, &mut short);
    assert_eq!(sum.checksum(), checksum_by_pairs(&octets[..3]));
    assert_eq!(short, octets[..3]);
}

#[test]
fn checksum_of_the_rfc() {
    assert_eq!(checksum(&hex("0001 f203 f4f5 f6f7")), !0xddf2);
    assert_eq!(checksum(&[0x01]), !0x0100);
}

#[test]
fn udp_there_and_back() {
    for (source, destination) in [pair_v4(), pair_v6()] {
        let udp = Udp {
            source_port: 500,
            destination_port: 4500,
            payload: b"odd",
        };
        let bytes = udp.build(source, destination).unwrap();
        let packet = Packet::parse(&bytes).unwrap();
        assert_eq!(
            transport_checksum(source, destination, protocol::UDP, packet.payload),
            0
        );
        assert_eq!(Udp::parse(&packet), Ok(udp));
    }
}

#[test]
fn udp_lengths_that_lie() {
    let (source, destination) = pair_v4();
    let error = |length: u8| {
        let bytes = build_packet(
            source,
            destination,
            protocol::UDP,
            &[0, 1, 0, 2, 0, length, 0, 0, 9],
        )
        .unwrap();
        Udp::parse(&Packet::parse(&bytes).unwrap())
            .map(|udp| udp.payload.len())
            .map_err(|error| error.to_string())
    };
    assert_eq!((error(8), error(9)), (Ok(0), Ok(1)));
    expect!["UDP header at offset 24: expected at least 8, found 7"]
        .assert_eq(&error(7).unwrap_err());
    expect!["UDP header at offset 28: expected 2 bytes, found 1"]
        .assert_eq(&error(10).unwrap_err());
}

#[test]
fn a_ping_and_its_reply() {
    for (source, destination) in [pair_v4(), pair_v6()] {
        let ping = Echo {
            kind: EchoKind::Request,
            identifier: 7,
            sequence: 8,
            data: b"abc",
        };
        let bytes = ping.build(source, destination).unwrap();
        let seen = Echo::parse(&Packet::parse(&bytes).unwrap())
            .unwrap()
            .unwrap();
        assert_eq!(seen, ping);
        let bytes = seen.reply().build(destination, source).unwrap();
        let seen = Echo::parse(&Packet::parse(&bytes).unwrap())
            .unwrap()
            .unwrap();
        assert_eq!(
            seen,
            Echo {
                kind: EchoKind::Reply,
                ..ping
            }
        );
    }
}

#[test]
fn a_damaged_ping_is_an_error_and_another_message_is_none() {
    let (source, destination) = pair_v4();
    let ping = Echo {
        kind: EchoKind::Request,
        identifier: 7,
        sequence: 8,
        data: b"abc",
    };
    let mut bytes = ping.build(source, destination).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    assert!(Echo::parse(&Packet::parse(&bytes).unwrap()).is_err());
    let other = build_packet(
        source,
        destination,
        protocol::ICMP,
        &[11, 0, 0, 0, 0, 0, 0, 0],
    )
    .unwrap();
    assert_eq!(Echo::parse(&Packet::parse(&other).unwrap()), Ok(None));
}

#[test]
fn too_big_names_the_mtu_and_quotes_the_packet() {
    let (source, destination) = pair_v4();
    let udp = Udp {
        source_port: 1,
        destination_port: 2,
        payload: &[0x61; 1400],
    };
    let original = udp.build(source, destination).unwrap();
    let error = too_big(
        &Packet::parse(&original).unwrap(),
        address("10.0.0.254"),
        1234,
    )
    .unwrap()
    .unwrap();
    let packet = Packet::parse(&error).unwrap();
    assert_eq!(
        (packet.source, packet.destination, packet.total_len()),
        (address("10.0.0.254"), source, 576)
    );
    assert_eq!(
        (packet.payload[..2].to_vec(), packet.payload[4..8].to_vec()),
        (vec![3, 4], vec![0, 0, 0x04, 0xd2])
    );
    assert_eq!(
        (checksum(packet.payload), &packet.payload[8..]),
        (0, &original[..548])
    );

    let (source, destination) = pair_v6();
    let original = udp.build(source, destination).unwrap();
    let router = address("2001:db8::fe");
    let error = too_big(&Packet::parse(&original).unwrap(), router, 1280)
        .unwrap()
        .unwrap();
    let packet = Packet::parse(&error).unwrap();
    assert_eq!(
        (packet.total_len(), packet.protocol),
        (1280, protocol::ICMPV6)
    );
    assert_eq!(packet.payload[..2], [2, 0]);
    assert_eq!(packet.payload[4..8], [0, 0, 0x05, 0x00]);
    assert_eq!(
        transport_checksum(router, source, protocol::ICMPV6, packet.payload),
        0
    );
}

#[test]
fn no_error_about_errors_fragments_and_groups() {
    let router = address("10.0.0.254");
    let (source, destination) = pair_v4();
    let answered = |packet: &[u8]| {
        too_big(&Packet::parse(packet).unwrap(), router, 1400)
            .unwrap()
            .is_some()
    };
    let build = |source, destination, protocol, payload: &[u8]| {
        build_packet(source, destination, protocol, payload).unwrap()
    };
    assert!(answered(&build(
        source,
        destination,
        protocol::UDP,
        &[0; 8]
    )));
    assert!(answered(&build(
        source,
        destination,
        protocol::ICMP,
        &[8, 0, 0, 0]
    )));
    assert!(!answered(&build(
        source,
        destination,
        protocol::ICMP,
        &[3, 4, 0, 0]
    )));
    assert!(!answered(&build(
        source,
        address("224.0.0.5"),
        protocol::UDP,
        &[0; 8]
    )));
    assert!(!answered(&build(
        address("0.0.0.0"),
        destination,
        protocol::UDP,
        &[0; 8]
    )));
    let mut later = build(source, destination, protocol::UDP, &[0; 8]);
    later[7] = 1;
    assert!(!answered(&later));
}

#[test]
fn mss_is_lowered_and_the_checksum_stays_right() {
    for (source, destination) in [pair_v4(), pair_v6()] {
        for shift in [0, 1] {
            let mut packet = build_packet(
                source,
                destination,
                protocol::TCP,
                &summed(source, destination, shift),
            )
            .unwrap();
            assert!(clamp_mss(&mut packet, 1360));
            let tcp = Packet::parse(&packet).unwrap().payload.to_vec();
            assert_eq!(tcp[24 - shift..26 - shift], 1360u16.to_be_bytes());
            assert_eq!(
                transport_checksum(source, destination, protocol::TCP, &tcp),
                0
            );
            assert!(!clamp_mss(&mut packet, 1360), "already low enough");
        }
    }
}

/// A SYN with its checksum; `shift` moves the option to an odd place.
fn summed(source: IpAddr, destination: IpAddr, shift: usize) -> Vec<u8> {
    let mut tcp = syn(1460);
    tcp[20..].rotate_left(shift);
    let sum = transport_checksum(source, destination, protocol::TCP, &tcp);
    tcp[16..18].copy_from_slice(&sum.to_be_bytes());
    tcp
}

#[test]
fn only_a_syn_with_a_larger_mss_is_changed() {
    let (source, destination) = pair_v4();
    let untouched = |tcp: &[u8], protocol| {
        let mut packet = build_packet(source, destination, protocol, tcp).unwrap();
        let before = packet.clone();
        !clamp_mss(&mut packet, 1360) && packet == before
    };
    let mut ack = syn(1460);
    ack[13] = 0x10;
    let mut endless_option = syn(1460);
    endless_option[20..22].copy_from_slice(&[3, 0]);
    let mut header_past_the_end = syn(1460);
    header_past_the_end[12] = 0xf0;
    assert!(untouched(&syn(1360), protocol::TCP));
    assert!(untouched(&syn(1460), protocol::UDP));
    assert!(untouched(&ack, protocol::TCP));
    assert!(untouched(&endless_option, protocol::TCP));
    assert!(untouched(&header_past_the_end, protocol::TCP));
}

/// Puts pieces together as a host does, by their offsets.
fn reassembled(pieces: &[Vec<u8>]) -> Vec<u8> {
    let mut data = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        let packet = Packet::parse(piece).unwrap();
        let (offset, more) = packet
            .fragment
            .map_or((0, false), |fragment| (fragment.offset, fragment.more));
        assert_eq!(usize::from(offset), data.len());
        assert_eq!(more, index + 1 < pieces.len());
        assert_eq!(checksum(&piece[..packet.header_len()]), 0);
        data.extend_from_slice(packet.payload);
    }
    data
}

#[test]
fn fragments_fit_and_make_the_packet_again() {
    let (source, destination) = pair_v4();
    let data: Vec<u8> = (0..2000_u16).map(|i| i as u8).collect();
    let mut packet = build_packet(source, destination, protocol::UDP, &data).unwrap();
    packet[4..6].copy_from_slice(&[0x12, 0x34]);
    packet[6] = 0;
    packet[10..12].fill(0);
    let sum = checksum(&packet[..20]);
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
    let parsed = Packet::parse(&packet).unwrap();
    for mtu in [28, 35, 36, 576, 1438, 2019, 2020, 2021] {
        let pieces = fragments(&parsed, mtu, 0x7777).unwrap();
        assert!(pieces.iter().all(|piece| piece.len() <= usize::from(mtu)));
        assert_eq!(pieces.len() == 1, mtu >= 2020, "{mtu}");
        assert_eq!(reassembled(&pieces), data, "{mtu}");
        assert!(pieces.iter().all(|piece| piece[4..6] == [0x12, 0x34]));
    }
    assert_eq!(fragments(&parsed, 27, 0), None, "no room for eight octets");
}

#[test]
fn a_packet_with_df_keeps_it_in_fragments_that_have_an_identification() {
    let (source, destination) = pair_v4();
    let packet = build_packet(source, destination, protocol::UDP, &[1; 1000]).unwrap();
    let pieces = fragments(&Packet::parse(&packet).unwrap(), 576, 0x7777).unwrap();
    for piece in &pieces {
        assert_eq!(piece[4..6], [0x77, 0x77]);
        assert_ne!(piece[6] & 0x40, 0);
    }
    assert_eq!(reassembled(&pieces), [1; 1000]);
}

#[test]
fn a_fragment_is_cut_at_its_own_offset_and_stays_unfinished() {
    let (source, destination) = pair_v4();
    let mut packet = build_packet(source, destination, protocol::UDP, &[1; 800]).unwrap();
    // More fragments, at 1600 octets.
    packet[6..8].copy_from_slice(&(0x2000_u16 | 200).to_be_bytes());
    let pieces = fragments(&Packet::parse(&packet).unwrap(), 576, 0).unwrap();
    let places: Vec<_> = pieces
        .iter()
        .map(|piece| Packet::parse(piece).unwrap().fragment.unwrap())
        .map(|fragment| (fragment.offset, fragment.more))
        .collect();
    assert_eq!(places, [(1600, true), (1600 + 552, true)]);
}

#[test]
fn later_fragments_have_only_the_options_that_are_copied() {
    let (source, destination) = pair_v4();
    let mut packet = build_packet(source, destination, protocol::UDP, &[1; 1000]).unwrap();
    // A timestamp, which is not copied, a no-operation, and a stream identifier, which is.
    let options = [0x44, 4, 5, 0, 1, 0x88, 4, 0xab, 0xcd, 0, 0, 0];
    packet.splice(20..20, options);
    packet[0] = 0x48;
    packet[2..4].copy_from_slice(&1032_u16.to_be_bytes());
    packet[6] = 0;
    let pieces = fragments(&Packet::parse(&packet).unwrap(), 576, 0).unwrap();
    assert_eq!(pieces[0][20..32], options);
    assert_eq!(pieces[1][0], 0x46);
    assert_eq!(pieces[1][20..24], [0x88, 4, 0xab, 0xcd]);
    assert_eq!(reassembled(&pieces), [1; 1000]);
}

#[test]
fn ipv6_is_not_cut() {
    let (source, destination) = pair_v6();
    let packet = build_packet(source, destination, protocol::UDP, &[1; 1400]).unwrap();
    assert_eq!(fragments(&Packet::parse(&packet).unwrap(), 1280, 0), None);
}

#[test]
fn what_opens_a_tcp_connection_is_known_by_its_flag() {
    let (source, destination) = pair_v4();
    let tcp = |flags: u8| {
        let mut segment = [0; 20];
        segment[12] = 0x50;
        segment[13] = flags;
        build_packet(source, destination, protocol::TCP, &segment).unwrap()
    };
    let is = |packet: &[u8]| is_syn(&Packet::parse(packet).unwrap());
    assert!(is(&tcp(0x02)) && is(&tcp(0x12)));
    assert!(!is(&tcp(0x10)) && !is(&tcp(0x18)));
    let udp = build_packet(source, destination, protocol::UDP, &[0xff; 20]).unwrap();
    assert!(!is(&udp));
}
