//! What goes in at one end comes out at the other.

use super::support::*;
use crate::counters::DropReason;
use crate::plane::{OpenOutcome, OpenOutput, Received, SealOutcome, SealOutput};
use crossgate_model::view::ChildCounters;
use crossgate_model::{Selector, SelectorPair};

/// Through a fresh tunnel of that suite and back, with every length of `lengths`.
fn check(
    suite: (crossgate_crypto::Encr, Option<crossgate_crypto::Integ>),
    esn: bool,
    lengths: impl Iterator<Item = usize>,
) {
    let mut ends = Ends::agreeing(suite, |sa| sa.esn = esn);
    for end in [End::A, End::B] {
        ends.at(end).set_path_mtu(path(end).remote, 9000);
    }
    for length in lengths {
        for from in [End::A, End::B] {
            let packet = raw(from, length);
            let travelling = ends.sealed(from, &packet);
            assert_eq!(travelling.spi(), spi(from.other(), 0));
            assert!(!contains(&travelling.octets, &packet[12..20]), "{suite:?}");
            let opened = ends.open(from.other(), &travelling);
            assert_eq!(opened, Ok(packet), "{suite:?} {length}");
        }
    }
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|part| part == needle)
}

#[test]
fn every_suite_carries_every_size() {
    for suite in suites() {
        for esn in [false, true] {
            check(suite, esn, (20..200).chain(1400..=1420));
        }
    }
    check(GCM, false, 20..=1500);
    check(CBC, true, 20..=1500);
}

#[test]
fn there_are_the_suites_that_the_configurations_can_ask_for() {
    assert_eq!(suites().count(), 3 * 4 + 3);
}

#[test]
fn ipv6_is_carried_as_well() {
    let net = |text: &str| Selector::net(text.parse().expect("a network"));
    let pair = SelectorPair {
        local: net("fd00:1::/32"),
        remote: net("fd00:2::/32"),
    };
    for suite in suites() {
        let mut ends = Ends::configured();
        for (end, pair) in [(End::A, pair), (End::B, pair.mirrored())] {
            ends.at(end).set_policies(vec![policy(CHILD, pair)]);
            let installed = ends.install(end, suite, 0, |sa| {
                sa.local_selectors = vec![pair.local];
                sa.remote_selectors = vec![pair.remote];
            });
            assert_eq!(installed, Ok(()));
        }
        for length in 48..200 {
            let packet = udp_between("fd00:1::1", "fd00:2::1", length);
            assert_eq!(ends.pass(End::A, &packet), Ok(packet));
        }
    }
}

#[test]
fn a_batch_keeps_its_order_and_each_packet_its_outcome() {
    let mut ends = Ends::tunnel();
    let stray = udp_between("10.1.0.10", "10.9.0.1", 100);
    let packets = [ping(End::A, 1), stray, ping(End::A, 2), vec![0x45; 7]];
    let mut out = SealOutput::default();
    let batch = packets.iter().map(Vec::as_slice);
    ends.a.seal(ends.now, Some(TUNNEL), batch, &mut out);
    let expected = [
        SealOutcome::Sealed,
        SealOutcome::Dropped(DropReason::NoPolicy),
        SealOutcome::Sealed,
        SealOutcome::Dropped(DropReason::NotIp),
    ];
    assert_eq!(out.outcomes, expected);

    let mut opened = OpenOutput::default();
    let arriving = out.sealed.iter_mut().map(|(_, packet)| Received {
        path: path(End::B),
        tos: 0,
        packet,
    });
    let mut arriving: Vec<_> = arriving.collect();
    ends.b.open(ends.now, &mut arriving, &mut opened);
    assert_eq!(inner(&arriving, &opened), [&packets[0][..], &packets[2]]);
    let meta = opened.packets.first().expect("a packet");
    assert_eq!(meta.interface.as_deref(), Some(TUNNEL));
    assert_eq!(meta.spi_in, spi(End::B, 0));

    out.clear();
    assert!(out.sealed.is_empty() && out.outcomes.is_empty());
}

/// Of those that were opened, in their places.
fn inner<'p>(arriving: &'p [Received<'_>], opened: &OpenOutput) -> Vec<&'p [u8]> {
    let packets = opened.packets.iter();
    packets.map(|meta| &*arriving[meta.number].packet).collect()
}

/// A batch in which packets come twice, damaged, cut and for nobody: each has the outcome that it
/// would have alone, and those around it come out whole.
#[test]
fn packets_of_a_batch_share_nothing_but_the_way() {
    for suite in [GCM, CBC] {
        let mut ends = Ends::agreeing(suite, |_| ());
        let packets: Vec<_> = (0..40).map(|n| ping(End::A, n)).collect();
        let mut out = SealOutput::default();
        let batch = packets.iter().map(Vec::as_slice);
        ends.a.seal(ends.now, Some(TUNNEL), batch, &mut out);
        let mut sealed: Vec<_> = out.sealed.iter().map(|(_, p)| p.to_vec()).collect();
        sealed[7] = sealed[5].clone();
        sealed[11][40] ^= 1;
        sealed[13].truncate(41);
        sealed[17][0] ^= 1;
        // The damaged one comes again as it was, after the window has moved on.
        let whole = [&sealed[11][..40], &[sealed[11][40] ^ 1], &sealed[11][41..]].concat();
        sealed[39] = whole;
        let mut opened = OpenOutput::default();
        let arriving = sealed.iter_mut().map(|packet| Received {
            path: path(End::B),
            tos: 0,
            packet,
        });
        let mut arriving: Vec<_> = arriving.collect();
        ends.b.open(ends.now, &mut arriving, &mut opened);
        let expected = |at: usize| match at {
            7 => OpenOutcome::Dropped(DropReason::Replayed),
            11 | 13 => OpenOutcome::Dropped(DropReason::BadIcv),
            17 => OpenOutcome::Dropped(DropReason::UnknownSpi),
            _ => OpenOutcome::Opened,
        };
        let expected: Vec<_> = (0..40).map(expected).collect();
        assert_eq!(opened.outcomes, expected, "{suite:?}");
        let mut good: Vec<_> = (0..39).filter(|at| ![7, 11, 13, 17].contains(at)).collect();
        good.push(11);
        let good: Vec<_> = good.into_iter().map(|at| &packets[at][..]).collect();
        assert_eq!(inner(&arriving, &opened), good, "{suite:?}");
    }
}

#[test]
fn what_the_interface_hands_over_behind_the_packet_is_not_sent() {
    let mut ends = Ends::tunnel();
    let packet = ping(End::A, 1);
    let padded = [packet.as_slice(), &[0xee; 9]].concat();
    assert_eq!(ends.pass(End::A, &padded), Ok(packet));
}

#[test]
fn packets_and_inner_octets_are_counted_for_the_pair_and_the_child() {
    let mut ends = Ends::tunnel();
    for length in [100, 200] {
        ends.pass(End::A, &udp(End::A, length)).expect("passes");
    }
    let sent = ChildCounters {
        packets_out: 2,
        bytes_out: 300,
        ..ChildCounters::default()
    };
    let received = ChildCounters {
        packets_in: 2,
        bytes_in: 300,
        ..ChildCounters::default()
    };
    assert_eq!(ends.a.counters(spi(End::A, 0)), Some(sent));
    assert_eq!(ends.b.counters(spi(End::B, 0)), Some(received));
    ends.remove(End::A, 0);
    assert_eq!(ends.a.counters(spi(End::A, 0)), None);
    assert_eq!(ends.a.totals(CHILD), Some(sent), "they outlive the SA");
    assert_eq!(ends.a.totals("unheard-of"), None);
}

#[test]
fn cbc_ivs_differ_and_gcm_ivs_are_the_sequence_number() {
    let mut ends = Ends::agreeing(CBC, |_| ());
    let mut ivs: Vec<_> = (0..64)
        .map(|n| ends.sealed(End::A, &ping(End::A, n)).octets[8..24].to_vec())
        .collect();
    ivs.sort();
    ivs.dedup();
    assert_eq!(ivs.len(), 64);
    let mut ends = Ends::tunnel();
    for n in 1..=3 {
        let sealed = ends.sealed(End::A, &ping(End::A, 1));
        assert_eq!(sealed.octets[8..16], u64::to_be_bytes(n));
    }
}
