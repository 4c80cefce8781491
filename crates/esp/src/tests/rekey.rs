//! One pair after another (RFC 7296 §2.8): nothing is lost in between.

use super::support::*;
use crate::LINGER;
use crate::counters::DropReason;
use crate::plane::SealOutcome;
use crossgate_model::OutboundUse;
use std::time::Duration;

const OLD: u8 = 0;
const NEW: u8 = 1;
const LATER: u8 = 2;

fn after_peer(sa: &mut crossgate_model::ChildSa) {
    sa.outbound = OutboundUse::AfterPeer;
}

/// Which of the peer's SPIs that end's next packet has.
fn next_spi(ends: &mut Ends, from: End) -> u32 {
    ends.sealed(from, &ping(from, 0)).spi()
}

#[test]
fn the_initiator_uses_the_new_pair_at_once_and_the_responder_after_the_peer() {
    let mut ends = Ends::tunnel();
    ends.install(End::B, GCM, NEW, after_peer).expect("SA");
    assert_eq!(next_spi(&mut ends, End::B), spi(End::A, OLD));
    ends.install(End::A, GCM, NEW, |_| ()).expect("SA");
    let first = ends.sealed(End::A, &ping(End::A, 1));
    assert_eq!(first.spi(), spi(End::B, NEW));
    assert_eq!(next_spi(&mut ends, End::B), spi(End::A, OLD));
    assert!(ends.open(End::B, &first).is_ok());
    assert_eq!(next_spi(&mut ends, End::B), spi(End::A, NEW));
}

#[test]
fn a_packet_that_does_not_verify_shows_nothing_about_the_peer() {
    let mut ends = Ends::tunnel();
    ends.install(End::B, GCM, NEW, after_peer).expect("SA");
    ends.install(End::A, GCM, NEW, |_| ()).expect("SA");
    let mut forged = ends.sealed(End::A, &ping(End::A, 1));
    forged.octets[20] ^= 1;
    assert_eq!(ends.open(End::B, &forged), Err(DropReason::BadIcv));
    assert_eq!(next_spi(&mut ends, End::B), spi(End::A, OLD));
}

#[test]
fn a_dummy_packet_shows_that_the_peer_has_the_pair() {
    let mut ends = Ends::tunnel();
    ends.install(End::B, GCM, NEW, after_peer).expect("SA");
    let keys = agreed(End::A, GCM.0, GCM.1, NEW).keys_out;
    let transform = crate::transform::Sealer::new(GCM.0, GCM.1, false, &keys).expect("keys");
    let dummy = crate::fuzzing::forge(&transform, spi(End::B, NEW), 1, &[1, 2, 2, 59]);
    let dummy = Travelling::made_of(dummy.expect("sealed"));
    assert_eq!(ends.open(End::B, &dummy), Err(DropReason::Dummy));
    assert_eq!(next_spi(&mut ends, End::B), spi(End::A, NEW));
}

#[test]
fn a_dummy_of_ours_makes_the_peer_ready_with_each_suite() {
    for suite in suites() {
        let mut ends = Ends::configured();
        assert!(!ends.b.is_ready(ends.now, Some(TUNNEL)), "no SA");
        ends.install(End::B, suite, NEW, after_peer).expect("SA");
        ends.install(End::A, suite, NEW, |_| ()).expect("SA");
        assert!(ends.a.is_ready(ends.now, Some(TUNNEL)));
        assert!(!ends.b.is_ready(ends.now, Some(TUNNEL)), "A has shown none");
        let mut out = crate::SealOutput::default();
        ends.a.seal_dummy(spi(End::A, NEW), &mut out);
        let dummy = travelling(&out).pop().expect("sealed");
        assert_eq!(ends.open(End::B, &dummy), Err(DropReason::Dummy));
        assert!(ends.b.is_ready(ends.now, Some(TUNNEL)), "{suite:?}");
        // A rekeys it, and deletes it before it has sent anything on the new one.
        ends.install(End::B, suite, LATER, after_peer).expect("SA");
        ends.remove(End::B, NEW);
        assert!(ends.b.is_ready(ends.now, Some(TUNNEL)));
        ends.remove(End::B, LATER);
        assert!(!ends.b.is_ready(ends.now, Some(TUNNEL)), "gone");
        assert!(
            ends.b.is_ready(ends.now, Some("another")),
            "nothing to seal"
        );
    }
}

#[test]
fn the_responder_uses_the_new_pair_when_the_old_one_is_removed() {
    let mut ends = Ends::tunnel();
    ends.install(End::B, GCM, NEW, after_peer).expect("SA");
    ends.remove(End::B, OLD);
    assert_eq!(next_spi(&mut ends, End::B), spi(End::A, NEW));
}

#[test]
fn the_responder_uses_its_first_pair_at_once() {
    let mut ends = Ends::configured();
    ends.install(End::B, GCM, OLD, after_peer).expect("SA");
    assert_eq!(next_spi(&mut ends, End::B), spi(End::A, OLD));
}

/// Nothing came on the first one, but a request to rekey it did.
#[test]
fn the_responder_stays_with_its_first_pair_where_nothing_shows_that_the_peer_has_the_new_one() {
    let mut ends = Ends::configured();
    ends.install(End::B, GCM, OLD, after_peer).expect("SA");
    ends.install(End::B, GCM, NEW, after_peer).expect("SA");
    assert_eq!(next_spi(&mut ends, End::B), spi(End::A, OLD));
    ends.remove(End::B, OLD);
    assert_eq!(next_spi(&mut ends, End::B), spi(End::A, NEW));
}

#[test]
fn the_responder_uses_the_new_pair_when_the_old_one_has_expired() {
    let mut ends = Ends::agreeing(GCM, |sa| sa.hard_lifetime = Duration::from_secs(10));
    ends.install(End::B, GCM, NEW, after_peer).expect("SA");
    ends.wait(Duration::from_secs(10) - Duration::from_nanos(1));
    assert_eq!(next_spi(&mut ends, End::B), spi(End::A, OLD));
    ends.wait(Duration::from_nanos(1));
    assert_eq!(next_spi(&mut ends, End::B), spi(End::A, NEW));
}

#[test]
fn of_two_redundant_pairs_the_newer_is_used_and_the_other_when_that_goes() {
    let mut ends = Ends::tunnel();
    ends.install(End::A, GCM, NEW, |_| ()).expect("SA");
    ends.install(End::A, GCM, 2, |_| ()).expect("SA");
    assert_eq!(next_spi(&mut ends, End::A), spi(End::B, 2));
    ends.remove(End::A, 2);
    assert_eq!(next_spi(&mut ends, End::A), spi(End::B, NEW));
    ends.remove(End::A, NEW);
    assert_eq!(next_spi(&mut ends, End::A), spi(End::B, OLD));
    ends.remove(End::A, OLD);
    let (outcome, _) = ends.seal(End::A, &ping(End::A, 1));
    assert_eq!(outcome, SealOutcome::Waits, "never in the clear");
}

#[test]
fn what_was_on_its_way_is_opened_for_a_while_after_the_removal() {
    let mut ends = Ends::tunnel();
    let late: Vec<_> = (0..3)
        .map(|n| ends.sealed(End::A, &ping(End::A, n)))
        .collect();
    ends.install(End::B, GCM, NEW, |_| ()).expect("SA");
    ends.remove(End::B, OLD);
    assert!(ends.open(End::B, &late[0]).is_ok());
    ends.wait(LINGER - Duration::from_nanos(1));
    assert!(ends.open(End::B, &late[1]).is_ok());
    ends.wait(Duration::from_nanos(1));
    assert_eq!(ends.open(End::B, &late[2]), Err(DropReason::UnknownSpi));
    assert_eq!(ends.b.counters(spi(End::B, OLD)), None);
    let totals = ends.b.totals(CHILD).expect("a Child");
    assert_eq!(totals.packets_in, 2);
}

#[test]
fn nothing_lingers_of_a_child_whose_last_pair_is_removed() {
    let mut ends = Ends::tunnel();
    let late = ends.sealed(End::A, &ping(End::A, 1));
    ends.install(End::B, GCM, NEW, |_| ()).expect("SA");
    ends.remove(End::B, OLD);
    ends.remove(End::B, NEW);
    assert_eq!(ends.open(End::B, &late), Err(DropReason::UnknownSpi));
    assert_eq!(ends.b.poll_timeout(), None, "and no timer is left");
    assert_eq!(ends.seal(End::B, &ping(End::B, 1)).0, SealOutcome::Waits);
}

#[test]
fn a_pair_without_successor_is_erased_at_once() {
    let mut ends = Ends::tunnel();
    let late = ends.sealed(End::A, &ping(End::A, 1));
    ends.remove(End::B, OLD);
    assert_eq!(ends.open(End::B, &late), Err(DropReason::UnknownSpi));
    assert_eq!(ends.b.poll_timeout(), None, "no timer is left");
}

#[test]
fn an_install_over_the_same_spi_replaces_the_pair() {
    let mut ends = Ends::tunnel();
    ends.pass(End::A, &ping(End::A, 1)).expect("passes");
    ends.install(End::A, GCM, OLD, |_| ()).expect("SA");
    ends.install(End::B, GCM, OLD, |_| ()).expect("SA");
    ends.pass(End::A, &ping(End::A, 2))
        .expect("a window of its own");
    let totals = ends.b.totals(CHILD).expect("a Child");
    assert_eq!(totals.packets_in, 2);
}

/// Something that the engine does at an end.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// As the exchange's initiator.
    Install(End, u8),
    InstallAfterPeer(End, u8),
    Remove(End, u8),
}

impl Step {
    fn happen(self, ends: &mut Ends) {
        match self {
            Self::Install(end, round) => ends.install(end, GCM, round, |_| ()).expect("SA"),
            Self::InstallAfterPeer(end, round) => {
                ends.install(end, GCM, round, after_peer).expect("SA");
            }
            Self::Remove(end, round) => ends.remove(end, round),
        }
    }
}

/// Before the first step and after each, both ends send a packet; `delay` says how many steps it
/// travels, at most to the last. Within a step those of `first` arrive first. All must arrive.
fn check(steps: &[Step], first: End, delay: impl Fn(End, usize) -> usize) {
    let mut ends = Ends::tunnel();
    let mut travelling: Vec<(usize, End, Travelling)> = Vec::new();
    for now in 0..=steps.len() {
        if now > 0 {
            steps[now - 1].happen(&mut ends);
        }
        for from in [End::A, End::B] {
            let packet = ends.sealed(from, &ping(from, now as u16));
            let arrives = (now + delay(from, now)).min(steps.len());
            travelling.push((arrives, from, packet));
        }
        travelling.sort_by_key(|(_, from, _)| *from != first);
        for (_, from, packet) in travelling.extract_if(.., |(at, ..)| *at == now) {
            let opened = ends.open(from.other(), &packet);
            assert!(
                opened.is_ok(),
                "{opened:?} from {from:?} at {now} of {steps:?}"
            );
        }
    }
    assert!(travelling.is_empty());
}

/// The exchange leaves one order only: B installs when it is asked, A when it is answered; A asks
/// for the deletion, B removes, A removes when it is answered.
#[test]
fn a_rekey_under_traffic_loses_nothing_in_any_interleaving() {
    let steps = [
        Step::InstallAfterPeer(End::B, NEW),
        Step::Install(End::A, NEW),
        Step::Remove(End::B, OLD),
        Step::Remove(End::A, OLD),
    ];
    let slots = steps.len() + 1;
    let mut delays = vec![0; 2 * slots];
    let mut runs = 0;
    loop {
        for first in [End::A, End::B] {
            check(&steps, first, |from, now| {
                delays[now + if from == End::A { 0 } else { slots }]
            });
        }
        runs += 1;
        // The next way to delay them, each packet arriving by the last step.
        let Some(next) = (0..2 * slots).find(|at| delays[*at] < slots - 1 - at % slots) else {
            break;
        };
        delays[next] += 1;
        delays[..next].fill(0);
    }
    assert_eq!(runs, 120 * 120);
}

/// Every order of two chains of events that keeps each chain's own.
fn merges(a: &[Step], b: &[Step]) -> Vec<Vec<Step>> {
    let (Some((first_a, rest_a)), Some((first_b, rest_b))) = (a.split_first(), b.split_first())
    else {
        return vec![[a, b].concat()];
    };
    let with = |first: Step, rests: Vec<Vec<Step>>| {
        rests
            .into_iter()
            .map(move |rest| [&[first], rest.as_slice()].concat())
    };
    with(*first_a, merges(rest_a, b))
        .chain(with(*first_b, merges(a, rest_b)))
        .collect()
}

/// Both ends rekey at once. A's new pair loses and A deletes it; B deletes the old one.
#[test]
fn crossing_rekeys_under_traffic_lose_nothing_in_any_order() {
    const LOSER: u8 = 2;
    let of_a = [
        Step::InstallAfterPeer(End::B, LOSER),
        Step::Install(End::A, LOSER),
        Step::Remove(End::B, LOSER),
        Step::Remove(End::A, LOSER),
    ];
    let of_b = [
        Step::InstallAfterPeer(End::A, NEW),
        Step::Install(End::B, NEW),
        Step::Remove(End::A, OLD),
        Step::Remove(End::B, OLD),
    ];
    let orders = merges(&of_a, &of_b);
    assert_eq!(orders.len(), 70);
    for steps in orders {
        for (of_a, of_b) in (0..9).flat_map(|a| (0..9).map(move |b| (a, b))) {
            for first in [End::A, End::B] {
                check(
                    &steps,
                    first,
                    |from, _| if from == End::A { of_a } else { of_b },
                );
            }
        }
    }
}
