//! What fits, what doesn't, and who is told.

use super::support::*;
use crate::counters::DropReason;
use crate::plane::{ANSWERS_PER_SECOND, SealOutcome, SealOutput};
use crate::{Handling, inner_mtu};
use crossgate_crypto::{Encr, Integ};
use crossgate_model::view::Encapsulation;
use crossgate_model::{Fragmentation, OuterDf, Path, Selector, SelectorPair};
use crossgate_wire::ip::Packet;
use std::time::Duration;

const AFTER: Handling = Handling {
    outer_df: OuterDf::Copy,
    fragmentation: Fragmentation::AfterEncryption,
    on_tunnel: Vec::new(),
    inside: Vec::new(),
    clamps: Vec::new(),
    clamps_to_fit: false,
    tunnel_mtu: None,
};

pub const UDP: Encapsulation = Encapsulation::Udp {
    local_port: 4500,
    remote_port: 4500,
};

fn outer(local: &str, remote: &str, encapsulation: Encapsulation) -> Path {
    Path {
        local: address(local),
        remote: address(remote),
        encapsulation,
    }
}

pub fn v4(encapsulation: Encapsulation) -> Path {
    outer("192.0.2.1", "198.51.100.1", encapsulation)
}

pub fn v6(encapsulation: Encapsulation) -> Path {
    outer("2001:db8::1", "2001:db8::2", encapsulation)
}

#[test]
fn inner_mtus_of_known_suites() {
    let sha256 = Some(Integ::HmacSha256_128);
    let cases = [
        (1500, Encr::AesCbc256, sha256, v4(Encapsulation::Esp), 1438),
        (1500, Encr::AesCbc256, sha256, v4(UDP), 1422),
        (
            1500,
            Encr::AesCbc128,
            Some(Integ::HmacSha1_96),
            v4(Encapsulation::Esp),
            1438,
        ),
        (1500, Encr::AesGcm256, None, v4(Encapsulation::Esp), 1446),
        (1500, Encr::AesGcm256, None, v4(UDP), 1438),
        (1500, Encr::AesGcm256, None, v6(Encapsulation::Esp), 1426),
        (1400, Encr::AesGcm128, None, v4(Encapsulation::Esp), 1346),
        (60, Encr::AesGcm128, None, v4(Encapsulation::Esp), 6),
        (40, Encr::AesGcm128, None, v4(Encapsulation::Esp), 0),
    ];
    for (path_mtu, encr, integ, path, expected) in cases {
        let found = inner_mtu(path_mtu, encr, integ, &path);
        assert_eq!(found, expected, "{path_mtu} {encr} {integ:?} {path:?}");
    }
}

#[test]
fn the_inner_mtu_is_the_largest_that_fits_for_every_suite_and_path() {
    for (encr, integ) in suites() {
        for path in [
            v4(Encapsulation::Esp),
            v4(UDP),
            v6(Encapsulation::Esp),
            v6(UDP),
        ] {
            let mut ends = Ends::agreeing((encr, integ), |sa| sa.path = path);
            ends.handle(AFTER);
            let headers = if path.remote.is_ipv4() { 20 } else { 40 }
                + if path.encapsulation == UDP { 8 } else { 0 };
            for path_mtu in 1380..1420 {
                let mtu = usize::from(inner_mtu(path_mtu, encr, integ, &path));
                let mut outer = |inner| {
                    let packet = fragmentable(raw(End::A, inner));
                    ends.sealed(End::A, &packet).octets.len() + headers
                };
                assert!(outer(mtu) <= usize::from(path_mtu), "{encr} {integ:?}");
                assert!(outer(mtu + 1) > usize::from(path_mtu), "{encr} {integ:?}");
            }
        }
    }
}

#[test]
fn a_packet_that_fits_keeps_its_df_and_a_larger_one_is_answered() {
    let mut ends = Ends::tunnel();
    let mtu = ends.a.inner_mtu(spi(End::A, 0)).expect("an SA");
    assert_eq!((mtu, ends.a.path_mtu(spi(End::A, 0))), (1446, Some(1500)));
    let (outcome, sealed) = ends.seal(End::A, &udp(End::A, 1446));
    assert_eq!(outcome, SealOutcome::Sealed);
    assert!(sealed.expect("sealed").meta.df);

    let mut out = SealOutput::default();
    let packet = udp(End::A, 1447);
    ends.a
        .seal(ends.now, Some(TUNNEL), [packet.as_slice()], &mut out);
    assert_eq!(out.outcomes, [SealOutcome::TooBig { mtu: 1446 }]);
    assert!(out.sealed.is_empty());
    let (meta, answer) = out.answers.iter().next().expect("an answer");
    assert_eq!(meta.interface.as_deref(), Some(TUNNEL));
    let answer = Packet::parse(answer).expect("a packet");
    assert_eq!(answer.destination, address("10.1.0.10"));
    assert_eq!(answer.source, address("10.2.0.20"));
    assert_eq!(answer.payload[..2], [3, 4]);
    assert_eq!(answer.payload[6..8], 1446_u16.to_be_bytes());
    assert_eq!(answer.payload[8..28], packet[..20]);
    assert_eq!(ends.drops(End::A, DropReason::TooBig), 1);
    let counters = ends.a.counters(spi(End::A, 0)).expect("an SA");
    assert_eq!(counters.send_errors, 1);
}

/// What fragments carry, one behind the other.
fn data_of(pieces: &[Vec<u8>]) -> Vec<u8> {
    let payloads = pieces.iter().map(|piece| {
        let piece = Packet::parse(piece).expect("a packet");
        piece.payload.to_vec()
    });
    payloads.collect::<Vec<_>>().concat()
}

#[test]
fn a_larger_packet_without_df_is_cut_before_it_is_sealed() {
    for (encr, integ) in suites() {
        let mut ends = Ends::agreeing((encr, integ), |_| ());
        let mtu = ends.a.inner_mtu(spi(End::A, 0)).expect("an SA");
        for length in [mtu, mtu + 1, 3000] {
            let packet = fragmentable(udp(End::A, length.into()));
            let (outcome, sealed) = ends.seal_all(&packet);
            let is_cut = outcome == SealOutcome::SealedInFragments;
            assert_eq!(is_cut, length > mtu, "{encr} {length}");
            assert_eq!(sealed.len(), usize::from(length).div_ceil(usize::from(mtu)));
            let sizes = sealed.iter().map(|sealed| sealed.octets.len() + 20);
            assert!(sizes.max() <= Some(1500), "{encr} {length}");
            assert!(sealed.iter().all(|sealed| !sealed.meta.df));
            let opened = sealed.iter().map(|sealed| ends.open(End::B, sealed));
            let opened: Vec<_> = opened.collect::<Result<_, _>>().expect("opened");
            assert_eq!(data_of(&opened), packet[20..], "{encr} {length}");
        }
        assert_eq!(ends.tally("out-fragmented"), 2);
    }
}

#[test]
fn where_it_is_to_be_cut_later_a_larger_packet_is_sealed_whole() {
    let mut ends = Ends::tunnel();
    ends.handle(AFTER);
    let packet = fragmentable(udp(End::A, 1447));
    let (outcome, sealed) = ends.seal(End::A, &packet);
    assert_eq!(outcome, SealOutcome::SealedOversize);
    let sealed = sealed.expect("sealed");
    assert!(!sealed.meta.df);
    assert_eq!(ends.open(End::B, &sealed), Ok(packet));
    let small = fragmentable(udp(End::A, 100));
    assert!(!ends.sealed(End::A, &small).meta.df);
    assert_eq!(ends.tally("out-sealed-oversize"), 1);
}

#[test]
fn a_peer_whose_selectors_name_ports_gets_no_inner_fragments() {
    let ports = |selector: &mut Selector| {
        selector.protocol = 17;
        (selector.start_port, selector.end_port) = (2000, 2000);
    };
    let mut ends = Ends::agreeing(GCM, |sa| sa.remote_selectors.iter_mut().for_each(ports));
    let packet = fragmentable(udp(End::A, 1447));
    let (outcome, _) = ends.seal(End::A, &packet);
    assert_eq!(outcome, SealOutcome::SealedOversize);
}

/// What becomes of a small packet's outer DF, and of larger packets, without DF and with.
#[test]
fn df_is_copied_set_or_cleared_as_configured() {
    use Fragmentation::{AfterEncryption, BeforeEncryption};
    use OuterDf::{Clear, Copy, Set};
    let (cut, whole) = (SealOutcome::SealedInFragments, SealOutcome::SealedOversize);
    let refused = SealOutcome::TooBig { mtu: 1446 };
    for (outer_df, fragmentation, small, large) in [
        (Copy, BeforeEncryption, [false, true], [cut, refused]),
        (Set, BeforeEncryption, [true, true], [cut, refused]),
        (Clear, BeforeEncryption, [false, false], [cut, cut]),
        (Copy, AfterEncryption, [false, true], [whole, refused]),
        (Set, AfterEncryption, [true, true], [refused, refused]),
        (Clear, AfterEncryption, [false, false], [whole, whole]),
    ] {
        let mut ends = Ends::tunnel();
        ends.handle(Handling {
            outer_df,
            fragmentation,
            ..Handling::default()
        });
        let packets = |length| [fragmentable(udp(End::A, length)), udp(End::A, length)];
        let what = format!("{outer_df:?} {fragmentation:?}");
        assert_eq!(
            packets(100).map(|p| ends.sealed(End::A, &p).meta.df),
            small,
            "{what}"
        );
        assert_eq!(packets(1447).map(|p| ends.seal_all(&p).0), large, "{what}");
        for packet in packets(1447) {
            let (outcome, sealed) = ends.seal_all(&packet);
            let df: Vec<_> = sealed.iter().map(|sealed| sealed.meta.df).collect();
            let expected = outcome == cut && outer_df == Set;
            assert!(df.iter().all(|df| *df == expected), "{what}: {df:?}");
        }
    }
}

#[test]
fn a_packet_that_would_be_longer_than_ip_allows_is_dropped() {
    let mut ends = Ends::tunnel();
    ends.handle(AFTER);
    // 20 of outer IP, 8 of header, 8 of IV, 2 of trailer, 16 of ICV, whole words.
    let longest = (65_535 - 20 - 8 - 8 - 16) / 4 * 4 - 2;
    let (outcome, _) = ends.seal(End::A, &fragmentable(raw(End::A, longest)));
    assert_eq!(outcome, SealOutcome::SealedOversize);
    let (outcome, _) = ends.seal(End::A, &fragmentable(raw(End::A, longest + 1)));
    assert_eq!(outcome, SealOutcome::Dropped(DropReason::TooLong));
    ends.handle(Handling::default());
    let (outcome, _) = ends.seal(End::A, &fragmentable(raw(End::A, 65_535)));
    assert_eq!(outcome, SealOutcome::SealedInFragments);
}

#[test]
fn the_gateway_s_own_address_says_that_a_packet_is_too_big() {
    let net = |text: &str| text.parse::<ipnet::IpNet>().expect("a network");
    let inside = vec![net("172.16.0.1/24"), net("10.1.0.1/16"), net("fd00::1/64")];
    for (on_tunnel, inside, source, is_ours) in [
        (
            vec![net("169.254.1.1/30")],
            inside.clone(),
            "169.254.1.1",
            true,
        ),
        (vec![net("fd00:9::1/64")], inside, "10.1.0.1", true),
        (Vec::new(), vec![net("172.16.0.1/24")], "172.16.0.1", true),
        (Vec::new(), vec![net("fd00::1/64")], "10.2.0.20", false),
    ] {
        let mut ends = Ends::tunnel();
        ends.handle(Handling {
            on_tunnel,
            inside,
            ..Handling::default()
        });
        let mut out = SealOutput::default();
        let packet = udp(End::A, 1447);
        ends.a
            .seal(ends.now, Some(TUNNEL), [packet.as_slice()], &mut out);
        let (meta, answer) = out.answers.iter().next().expect("an answer");
        let answer = Packet::parse(answer).expect("a packet");
        assert_eq!((answer.source, meta.is_ours), (address(source), is_ours));
        assert_eq!(ends.tally("too-big-sent"), 1);
    }
}

fn ipv6_tunnel() -> Ends {
    let mut ends = Ends::configured();
    let pair = SelectorPair {
        local: Selector::ANY_V6,
        remote: Selector::ANY_V6,
    };
    ends.a.set_policies(vec![policy(CHILD, pair)]);
    ends.install(End::A, GCM, 0, |sa| {
        sa.local_selectors = vec![pair.local];
        sa.remote_selectors = vec![pair.remote];
    })
    .expect("SA");
    ends
}

#[test]
fn ipv6_is_told_no_less_than_every_link_must_take() {
    let mut ends = ipv6_tunnel();
    let packet = |length| udp_between("fd00:1::1", "fd00:2::1", length);
    let remote = path(End::A).remote;
    // 1300 of path leave 1246 inside.
    for (path_mtu, length, expected) in [
        (1500, 1446, SealOutcome::Sealed),
        (1500, 1447, SealOutcome::TooBig { mtu: 1446 }),
        (1300, 1246, SealOutcome::Sealed),
        (1300, 1247, SealOutcome::SealedOversize),
        (1300, 1280, SealOutcome::SealedOversize),
        (1300, 1281, SealOutcome::TooBig { mtu: 1280 }),
    ] {
        ends.a.set_path_mtu(remote, path_mtu);
        let (outcome, sealed) = ends.seal(End::A, &packet(length));
        assert_eq!(outcome, expected, "{length} on {path_mtu}");
        let df = sealed.map(|sealed| sealed.meta.df);
        assert_ne!(df, Some(outcome == SealOutcome::SealedOversize));
    }
}

#[test]
fn a_path_mtu_holds_for_pairs_that_are_there_and_that_come() {
    let mut ends = Ends::tunnel();
    ends.a.set_path_mtu(path(End::A).remote, 1400);
    assert_eq!(ends.a.inner_mtu(spi(End::A, 0)), Some(1346));
    ends.install(End::A, GCM, 1, |_| ()).expect("SA");
    assert_eq!(ends.a.inner_mtu(spi(End::A, 1)), Some(1346));
    ends.a.move_path(spi(End::A, 1), v6(UDP));
    assert_eq!(ends.a.inner_mtu(spi(End::A, 1)), Some(1418), "another way");
}

#[test]
fn answers_are_limited_a_second() {
    let mut ends = Ends::tunnel();
    let packet = udp(End::A, 1447);
    let limit = ANSWERS_PER_SECOND as usize;
    for _ in 0..2 {
        let mut out = SealOutput::default();
        let batch = std::iter::repeat_n(packet.as_slice(), limit + 5);
        ends.a.seal(ends.now, Some(TUNNEL), batch, &mut out);
        assert_eq!(out.answers.len(), limit);
        assert_eq!(out.outcomes.len(), limit + 5);
        ends.wait(Duration::from_secs(1));
    }
}
