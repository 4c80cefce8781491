//! What is not let in, and under which name it is counted.

use super::support::*;
use crate::counters::DropReason;
use crate::fuzzing::forge;
use crate::transform::Sealer;
use crossgate_crypto::{Encr, Integ};
use crossgate_model::view::ChildCounters;
use crossgate_model::{Selector, SelectorPair};
use crossgate_wire::esp::append_trailer;

/// What B says of a content that A sealed.
fn check(
    (encr, integ): (Encr, Option<Integ>),
    content: &[u8],
    expected: Result<Vec<u8>, DropReason>,
) {
    let mut ends = Ends::agreeing((encr, integ), |_| ());
    let keys = agreed(End::A, encr, integ, 0).keys_out;
    let transform = Sealer::new(encr, integ, false, &keys).expect("keys");
    let packet = forge(&transform, spi(End::B, 0), 1, content).expect("sealed");
    let found = ends.open(End::B, &Travelling::made_of(packet.clone()));
    assert_eq!(found, expected, "{content:02x?}");
    if let Err(reason) = expected {
        assert_eq!(ends.drops(End::B, reason), 1, "{reason}");
        let again = ends.open(End::B, &Travelling::made_of(packet));
        assert_eq!(again, Err(DropReason::Replayed), "it was authentic");
    }
}

fn with_trailer(payload: &[u8], next_header: u8) -> Vec<u8> {
    let mut content = payload.to_vec();
    append_trailer(&mut content, payload.len(), 16, next_header);
    content
}

#[test]
fn padding_counts_from_one_or_the_packet_is_dropped() {
    // 28 octets of inner packet and 20 of end: three blocks.
    let packet = raw(End::A, 28);
    let good: Vec<u8> = (1..=18).chain([18, IPV4]).collect();
    for suite in [GCM, CBC] {
        check(suite, &[&packet[..], &good].concat(), Ok(packet.clone()));
        for (at, octet) in [(0, 0), (17, 17), (17, 0), (9, 0xff)] {
            let mut bad = good.clone();
            bad[at] = octet;
            check(
                suite,
                &[&packet[..], &bad].concat(),
                Err(DropReason::BadPadding),
            );
        }
        for length in [47, 255] {
            let mut too_long = good.clone();
            too_long[18] = length;
            let bad = [&packet[..], &too_long].concat();
            check(suite, &bad, Err(DropReason::BadPadding));
        }
    }
}

#[test]
fn padding_that_reaches_into_the_packet_leaves_no_whole_packet() {
    let packet = raw(End::A, 30);
    let mut content = with_trailer(&packet, IPV4);
    assert_eq!(content.len(), 32);
    // Two octets of padding claimed where there are none.
    content[28..30].copy_from_slice(&[1, 2]);
    content[30] = 2;
    check(GCM, &content, Err(DropReason::BadInner));
}

#[test]
fn traffic_flow_padding_is_accepted_and_left_out() {
    for hidden in [1, 16, 700] {
        let packet = ping(End::A, 1);
        let padded = [packet.clone(), vec![0xdd; hidden]].concat();
        for suite in [GCM, CBC] {
            check(suite, &with_trailer(&padded, IPV4), Ok(packet.clone()));
        }
    }
}

#[test]
fn dummy_packets_are_dropped_and_counted_apart() {
    for payload in [vec![], vec![0xcc; 100], ping(End::A, 1)] {
        check(GCM, &with_trailer(&payload, 59), Err(DropReason::Dummy));
    }
}

#[test]
fn other_than_tunnel_mode_is_refused() {
    for next_header in [0, 1, 6, 17, 50, 255] {
        let content = with_trailer(&ping(End::A, 1), next_header);
        check(GCM, &content, Err(DropReason::NotTunnelled));
    }
}

#[test]
fn the_inner_packet_must_be_what_the_next_header_says_and_whole() {
    let packet = ping(End::A, 1);
    let bad = |payload: &[u8], next_header| {
        let content = with_trailer(payload, next_header);
        check(GCM, &content, Err(DropReason::BadInner));
    };
    bad(&packet, IPV6);
    bad(&udp_between("fd00:1::1", "fd00:2::1", 60), IPV4);
    bad(&packet[..packet.len() - 1], IPV4);
    bad(&[], IPV4);
    bad(&[0x45], IPV4);
    // A UDP header that should be there and isn't: nothing that selectors could be compared with.
    let portless = crossgate_wire::ip::build_packet(
        address("10.1.0.10"),
        address("10.2.0.20"),
        17,
        &[1, 2, 3],
    );
    bad(&portless.expect("a packet"), IPV4);
}

#[test]
fn an_inner_packet_outside_the_agreed_selectors_is_dropped() {
    let stray = [
        ("10.3.0.1", "10.2.0.20"),
        ("10.1.0.1", "10.3.0.1"),
        ("10.2.0.20", "10.1.0.10"),
        ("fd00:1::1", "fd00:2::1"),
    ];
    for (source, destination) in stray {
        let packet = udp_between(source, destination, 60);
        let next_header = if source.contains(':') { IPV6 } else { IPV4 };
        let content = with_trailer(&packet, next_header);
        check(GCM, &content, Err(DropReason::OutsideSelectors));
    }
}

/// B has configured more than it has agreed to; A seals what it likes.
#[test]
fn an_inner_packet_outside_the_agreed_selectors_is_dropped_whatever_is_configured() {
    let mut ends = Ends::configured();
    ends.a
        .set_policies(vec![policy(CHILD, SelectorPair::ANY_V4)]);
    ends.b
        .set_policies(vec![policy(CHILD, SelectorPair::ANY_V4)]);
    ends.install(End::A, GCM, 0, |sa| {
        sa.local_selectors = vec![Selector::ANY_V4];
        sa.remote_selectors = vec![Selector::ANY_V4];
    })
    .expect("SA");
    ends.install(End::B, GCM, 0, |_| ()).expect("SA");
    for (source, destination) in [("10.3.0.1", "10.2.0.20"), ("10.1.0.1", "10.3.0.1")] {
        let passed = ends.pass(End::A, &udp_between(source, destination, 60));
        assert_eq!(passed, Err(DropReason::OutsideSelectors));
    }
    assert!(ends.pass(End::A, &ping(End::A, 1)).is_ok());
    let counters = ends.b.counters(spi(End::B, 0)).expect("an SA");
    assert_eq!(counters.outside_selectors, 2);
}

#[test]
fn an_inner_packet_outside_the_configured_selectors_is_dropped_whatever_was_agreed() {
    let mut ends = Ends::configured();
    let wide = |sa: &mut crossgate_model::ChildSa| {
        sa.local_selectors = vec![Selector::ANY_V4];
        sa.remote_selectors = vec![Selector::ANY_V4];
    };
    ends.a
        .set_policies(vec![policy(CHILD, SelectorPair::ANY_V4)]);
    ends.install(End::A, GCM, 0, wide).expect("SA");
    ends.install(End::B, GCM, 0, wide).expect("SA");
    let passed = ends.pass(End::A, &udp_between("10.1.0.1", "10.3.0.1", 60));
    assert_eq!(passed, Err(DropReason::OutsideSelectors));
    assert!(ends.pass(End::A, &ping(End::A, 1)).is_ok());
    let counters = ends.b.counters(spi(End::B, 0)).expect("an SA");
    assert_eq!(counters.outside_selectors, 1);
}

#[test]
fn any_flipped_bit_is_noticed() {
    for suite in suites() {
        let mut ends = Ends::agreeing(suite, |sa| sa.replay_window = 0);
        // The third packet: no flipped bit makes its number 0, which is refused sooner.
        ends.a.sa_mut(spi(End::A, 0)).outbound.jump_to(2);
        let honest = ends.sealed(End::A, &raw(End::A, 40));
        for bit in 0..honest.octets.len() * 8 {
            let mut flipped = honest.clone();
            flipped.octets[bit / 8] ^= 1 << (bit % 8);
            let expected = match bit / 8 {
                0..4 => DropReason::UnknownSpi,
                _ => DropReason::BadIcv,
            };
            let found = ends.open(End::B, &flipped);
            assert_eq!(found, Err(expected), "{suite:?} bit {bit}");
        }
        assert!(ends.open(End::B, &honest).is_ok());
    }
}

#[test]
fn any_cut_is_noticed() {
    for suite in suites() {
        let mut ends = Ends::agreeing(suite, |_| ());
        let honest = ends.sealed(End::A, &raw(End::A, 40));
        for length in 0..honest.octets.len() {
            let cut = Travelling::made_of(honest.octets[..length].to_vec());
            let expected = match length {
                0..8 => DropReason::NotEsp,
                _ => DropReason::BadIcv,
            };
            assert_eq!(ends.open(End::B, &cut), Err(expected), "{suite:?} {length}");
        }
        let longer = [honest.octets.as_slice(), &[0]].concat();
        let found = ends.open(End::B, &Travelling::made_of(longer));
        assert_eq!(found, Err(DropReason::BadIcv));
        let counters = ends.b.counters(spi(End::B, 0)).expect("an SA");
        assert_eq!(counters.auth_errors, honest.octets.len() as u64 - 8 + 1);
    }
}

#[test]
fn a_packet_for_nobody_is_counted() {
    let mut ends = Ends::tunnel();
    for spi in [1_u32, 255, 0xb001, u32::MAX] {
        let packet = [&spi.to_be_bytes()[..], &[0; 60]].concat();
        let found = ends.open(End::B, &Travelling::made_of(packet));
        assert_eq!(found, Err(DropReason::UnknownSpi));
    }
    assert_eq!(ends.drops(End::B, DropReason::UnknownSpi), 4);
    let zero = ends.open(End::B, &Travelling::made_of(vec![0; 60]));
    assert_eq!(zero, Err(DropReason::NotEsp));
}

#[test]
fn another_key_does_not_open() {
    for suite in suites() {
        let mut ends = Ends::configured();
        ends.install(End::A, suite, 0, |_| ()).expect("SA");
        let other = agreed(End::B, suite.0, suite.1, 1).keys_in;
        ends.install(End::B, suite, 0, |sa| sa.keys_in = other.clone())
            .expect("SA");
        let passed = ends.pass(End::A, &ping(End::A, 1));
        assert_eq!(passed, Err(DropReason::BadIcv), "{suite:?}");
        let expected = ChildCounters {
            auth_errors: 1,
            ..ChildCounters::default()
        };
        assert_eq!(ends.b.counters(spi(End::B, 0)), Some(expected));
    }
}

#[test]
fn congestion_crosses_the_end_of_the_tunnel() {
    // Inner and outer mark, and what the packet has when it leaves (RFC 6040 figure 4).
    let cases = [
        (0b00, 0b00, Some(0b00)),
        (0b00, 0b01, Some(0b00)),
        (0b00, 0b10, Some(0b00)),
        (0b00, 0b11, None),
        (0b10, 0b00, Some(0b10)),
        (0b10, 0b01, Some(0b01)),
        (0b10, 0b10, Some(0b10)),
        (0b10, 0b11, Some(0b11)),
        (0b01, 0b00, Some(0b01)),
        (0b01, 0b10, Some(0b01)),
        (0b01, 0b11, Some(0b11)),
        (0b11, 0b00, Some(0b11)),
        (0b11, 0b01, Some(0b11)),
        (0b11, 0b10, Some(0b11)),
    ];
    for (inner, outer, leaves) in cases {
        let mut ends = Ends::tunnel();
        let dscp = 0b101_110 << 2;
        let sent = with_tos(ping(End::A, 1), dscp | inner);
        let mut packet = ends.sealed(End::A, &sent);
        assert_eq!(packet.meta.tos, dscp | inner, "the outer header gets both");
        packet.meta.tos = outer;
        let expected = leaves
            .map(|mark| with_tos(sent.clone(), dscp | mark))
            .ok_or(DropReason::Congested);
        assert_eq!(
            ends.open(End::B, &packet),
            expected,
            "{inner:02b} {outer:02b}"
        );
    }
}

#[test]
fn congestion_marks_of_ipv6_are_in_the_traffic_class() {
    let mut packet = udp_between("fd00:1::1", "fd00:2::1", 60);
    packet[..2].copy_from_slice(&[0x6a, 0x9f]);
    crate::ecn::set(&mut packet, 0b11);
    assert_eq!(packet[..2], [0x6a, 0xbf]);
    crate::ecn::set(&mut packet, 0b00);
    assert_eq!(packet[..2], [0x6a, 0x8f]);
}
