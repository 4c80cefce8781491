//! A super-packet is sealed as its packets would be, one after the other: the same octets, outcomes,
//! answers, notices and counters, whatever happens on the way.

use super::support::*;
use crate::batch::Batch;
use crate::handling::{Clamp, Handling};
use crate::plane::{SealOutcome, SealOutput};
use crate::{DropReason, Notice, WAITING_PACKETS};
use crossgate_model::{Fragmentation, OuterDf};
use crossgate_wire::ip::{Segments, Sum, checksum};
use std::collections::BTreeMap;

const TCP: usize = 40;

/// A super-packet that stands for these packets: their headers, and all their payloads.
struct Train {
    whole: Vec<u8>,
    packets: Vec<Vec<u8>>,
}

impl Train {
    fn new(packets: Vec<Vec<u8>>) -> Self {
        let mut whole = packets[0].clone();
        for packet in &packets[1..] {
            whole.extend_from_slice(&packet[TCP..]);
        }
        let total = u16::try_from(whole.len()).expect("a super-packet");
        whole[2..4].copy_from_slice(&total.to_be_bytes());
        Self { whole, packets }
    }

    /// TCP segments with so much payload, of a host of A's network.
    fn of(lengths: &[usize], change: impl Fn(&mut Vec<u8>)) -> Self {
        let packets = (0_u8..).zip(lengths).map(|(number, length)| {
            let mut packet = raw(End::A, TCP + length);
            packet[9] = 6;
            packet[5] = number;
            packet[20..TCP].fill(0);
            packet[23] = 80;
            packet[32..34].copy_from_slice(&[0x50, 0x10]);
            packet[TCP..].fill(number);
            change(&mut packet);
            packet[10..12].fill(0);
            let sum = checksum(&packet[..20]);
            packet[10..12].copy_from_slice(&sum.to_be_bytes());
            packet
        });
        Self::new(packets.collect())
    }
}

impl Segments for &Train {
    fn whole(&self) -> &[u8] {
        &self.whole
    }

    fn count(&self) -> usize {
        self.packets.len()
    }

    fn length(&self, number: usize) -> Option<usize> {
        self.packets.get(number).map(Vec::len)
    }

    fn write(&self, number: usize, packet: &mut [u8]) {
        // As the real one does, over whatever was there.
        let _ = Sum::copying(&self.packets[number], packet);
    }
}

/// All that can be seen of it.
#[derive(Debug, PartialEq)]
struct Seen {
    sealed: Vec<(String, Vec<u8>)>,
    answers: Vec<(String, Vec<u8>)>,
    outcomes: Vec<SealOutcome>,
    notices: Vec<Notice>,
    drops: BTreeMap<&'static str, u64>,
    tallies: BTreeMap<&'static str, u64>,
    totals: String,
    waiting: usize,
}

fn seen(ends: &mut Ends, out: &SealOutput) -> Seen {
    let sealed = out.sealed.iter();
    let answers = out.answers.iter();
    Seen {
        sealed: sealed
            .map(|(m, o)| (format!("{m:?}"), o.to_vec()))
            .collect(),
        answers: answers
            .map(|(m, o)| (format!("{m:?}"), o.to_vec()))
            .collect(),
        outcomes: out.outcomes.clone(),
        notices: ends.notices(End::A),
        drops: ends.a.drops().clone(),
        tallies: ends.a.tallies().clone(),
        totals: format!("{:?}", ends.a.totals(CHILD)),
        waiting: ends.a.waiting(),
    }
}

/// Seals the trains as such and packet by packet, and gives what both ways gave.
fn both_ways(make: impl Fn() -> Ends, trains: &[Train]) -> Seen {
    let (mut ends, mut out) = (make(), SealOutput::default());
    // What was in the batch before makes no difference.
    ends.a.seal(ends.now, Some("none"), trains, &mut out);
    out.clear();
    let now = ends.now;
    ends.a.seal(now, Some(TUNNEL), trains, &mut out);
    let as_trains = seen(&mut ends, &out);

    let (mut ends, mut out) = (make(), SealOutput::default());
    let plain = || trains.iter().flat_map(|train| &train.packets);
    let plain = || plain().map(Vec::as_slice);
    ends.a.seal(now, Some("none"), plain(), &mut out);
    out.clear();
    ends.a.seal(now, Some(TUNNEL), plain(), &mut out);
    let one_by_one = seen(&mut ends, &out);
    assert_eq!(as_trains, one_by_one);
    as_trains
}

/// And those that don't stand one behind the other are none.
#[test]
fn packets_of_a_batch_are_one_piece() {
    let mut batch = Batch::new();
    for packet in [&b"one"[..], b"two", b"", b"three"] {
        batch.push((), packet);
    }
    assert_eq!(batch.together(0..4), Some(&b"onetwothree"[..]));
    assert_eq!(batch.together(1..3), Some(&b"two"[..]));
    assert_eq!(batch.together(2..5), None);
    assert_eq!(batch.together(1..1), None);
    batch.remove(1);
    assert_eq!(batch.together(0..2), None);
    assert_eq!(batch.together(1..3), Some(&b"three"[..]));
}

fn count(seen: &Seen, outcome: SealOutcome) -> usize {
    seen.outcomes.iter().filter(|o| **o == outcome).count()
}

#[test]
fn every_suite_seals_the_same_octets() {
    for suite in suites() {
        for lengths in [&[900; 70][..], &[1301, 1301, 5], &[1], &[0], &[37; 9]] {
            let trains = [Train::of(lengths, |_| ()), Train::of(&[99, 3], |_| ())];
            let seen = both_ways(|| Ends::agreeing(suite, |_| ()), &trains);
            assert_eq!(count(&seen, SealOutcome::Sealed), lengths.len() + 2);
        }
    }
}

/// Longer than the path takes, in each way of dealing with it; the last packet fits.
#[test]
fn each_packet_has_its_own_size_judged() {
    for (outer_df, fragmentation, df, expected) in [
        (
            OuterDf::Copy,
            Fragmentation::BeforeEncryption,
            0x40,
            SealOutcome::TooBig { mtu: 1446 },
        ),
        (
            OuterDf::Copy,
            Fragmentation::BeforeEncryption,
            0,
            SealOutcome::SealedInFragments,
        ),
        (
            OuterDf::Clear,
            Fragmentation::AfterEncryption,
            0x40,
            SealOutcome::SealedOversize,
        ),
    ] {
        let make = || {
            let mut ends = Ends::tunnel();
            ends.handle(Handling {
                outer_df,
                fragmentation,
                ..Handling::default()
            });
            ends
        };
        let train = Train::of(&[1420, 1420, 100], |packet| packet[6] = df);
        let seen = both_ways(make, &[train]);
        assert_eq!(seen.outcomes, [expected, expected, SealOutcome::Sealed]);
    }
}

#[test]
fn handshakes_are_clamped() {
    let make = || {
        let mut ends = Ends::tunnel();
        let clamps = vec![Clamp {
            hosts: None,
            mss: 1000,
        }];
        ends.handle(Handling {
            clamps,
            ..Handling::default()
        });
        ends
    };
    // SYN, with an option of its segment size.
    let syn = Train::of(&[4, 4], |packet| {
        packet[32..34].copy_from_slice(&[0x60, 2]);
        packet[TCP..TCP + 4].copy_from_slice(&[2, 4, 5, 0xb4]);
    });
    let seen = both_ways(make, &[syn]);
    assert_eq!(seen.tallies.get("tcp-mss-clamped"), Some(&2));
}

#[test]
fn an_sa_that_ends_on_the_way_ends_there() {
    let make = || {
        let mut ends = Ends::tunnel();
        let sa = ends.a.sa_mut(spi(End::A, 0));
        sa.outbound.jump_to(u64::from(u32::MAX) - 3);
        ends
    };
    let trains = || [Train::of(&[100; 5], |_| ()), Train::of(&[100; 2], |_| ())];
    let ended = SealOutcome::Dropped(DropReason::SequenceExhausted);
    let seen = both_ways(make, &trains());
    assert_eq!(count(&seen, ended), 4);
    // The next SA of the Child takes the rest.
    let with_another = || {
        let mut ends = make();
        ends.install(End::A, GCM, 1, |_| ()).expect("SA");
        ends.a.sa_mut(spi(End::A, 1)).confirmed = false;
        ends
    };
    let seen = both_ways(with_another, &trains());
    assert_eq!(count(&seen, SealOutcome::Sealed), 7);
    let limited = || {
        Ends::agreeing(GCM, |sa| {
            sa.soft_kilobytes = Some(1);
            sa.hard_kilobytes = Some(2);
        })
    };
    let seen = both_ways(limited, &[Train::of(&[500; 5], |_| ())]);
    let ended = SealOutcome::Dropped(DropReason::SendLifetimeEnded);
    assert_eq!(count(&seen, ended), 2);
    assert_eq!(seen.notices.len(), 3, "soft, hard, and a sign of life");
}

#[test]
fn packets_wait_for_an_sa_one_by_one() {
    let train = [Train::of(&[700; WAITING_PACKETS + 3], |_| ())];
    let seen = both_ways(Ends::configured, &train);
    assert_eq!(seen.waiting, WAITING_PACKETS);
    let full = SealOutcome::Dropped(DropReason::QueueFull);
    assert_eq!(count(&seen, full), 3);
    let mut ends = Ends::configured();
    let mut out = SealOutput::default();
    ends.a.seal(ends.now, Some(TUNNEL), &train, &mut out);
    for end in [End::A, End::B] {
        ends.install(end, GCM, 0, |_| ()).expect("SA");
    }
    let released = ends.released(End::A);
    let opened = released.iter().map(|packet| ends.open(End::B, packet));
    let opened: Vec<_> = opened.map(|packet| packet.expect("good")).collect();
    assert_eq!(opened, train[0].packets[..WAITING_PACKETS]);
}

#[test]
fn what_no_policy_selects_is_refused_packet_by_packet() {
    let stranger = Train::of(&[100; 3], |packet| packet[16..20].fill(9));
    let seen = both_ways(Ends::tunnel, &[stranger]);
    let refused = SealOutcome::Dropped(DropReason::NoPolicy);
    assert_eq!(count(&seen, refused), 3);
    let cut_short = Train {
        whole: vec![0x45; 10],
        packets: vec![vec![0x45; 10]; 3],
    };
    let seen = both_ways(Ends::tunnel, &[cut_short]);
    assert_eq!(count(&seen, SealOutcome::Dropped(DropReason::NotIp)), 3);
}
