//! The window alone, and the high half of sequence numbers through a tunnel.

use super::support::*;
use crate::counters::DropReason;
use crate::replay::{MAX_WINDOW, ReplayWindow};

/// Marks `seen`, then says which of `asked` are new.
fn check(size: u32, seen: &[u64], asked: &[(u64, bool)]) {
    let mut window = ReplayWindow::new(size);
    for sequence in seen {
        window.mark(*sequence);
    }
    for (sequence, new) in asked {
        let found = window.is_new(*sequence);
        assert_eq!(found, *new, "{sequence} of window {size} after {seen:?}");
    }
}

#[test]
fn a_number_is_new_once() {
    check(64, &[], &[(0, false), (1, true), (u64::MAX, true)]);
    check(64, &[1, 3], &[(1, false), (2, true), (3, false), (4, true)]);
}

#[test]
fn the_last_number_inside_the_window_is_new_and_the_one_behind_it_is_not() {
    for size in [1, 32, 63, 64, 65, 128, 1000, 1024, 4095, 4096] {
        let top = 100_000;
        let width = u64::from(size);
        check(
            size,
            &[top],
            &[(top - width, false), (top, false), (top + 1, true)],
        );
        if size > 1 {
            check(size, &[top], &[(top - width + 1, true)]);
            check(size, &[top - width + 1, top], &[(top - width + 1, false)]);
        }
    }
}

#[test]
fn a_larger_window_than_the_largest_is_the_largest() {
    let top = 1_000_000;
    let width = u64::from(MAX_WINDOW);
    check(
        u32::MAX,
        &[top],
        &[(top - width, false), (top - width + 1, true)],
    );
}

#[test]
fn without_a_window_everything_but_zero_is_new() {
    check(
        0,
        &[5, 5000],
        &[(0, false), (5, true), (1, true), (5000, true)],
    );
}

#[test]
fn marks_do_not_come_back_when_the_ring_turns() {
    for size in [64, 128, 1024, 4096] {
        let width = u64::from(size);
        let mut window = ReplayWindow::new(size);
        // Each step leaves gaps, of every size around the ring's.
        let mut sequence = 1;
        for step in (1..3 * width).step_by(7) {
            sequence += step;
            assert!(window.is_new(sequence));
            assert!(window.mark(sequence));
            let between = sequence - step + 1..sequence;
            for gap in between.rev().take_while(|gap| sequence - gap < width) {
                assert!(window.is_new(gap), "{gap} below {sequence}, step {step}");
            }
            assert!(!window.is_new(sequence));
        }
    }
}

#[test]
fn a_window_agrees_with_a_set_of_all_that_was_seen() {
    for size in [1, 64, 100, 4096] {
        let mut window = ReplayWindow::new(size);
        let mut seen = std::collections::BTreeSet::new();
        let mut random = 12345_u64;
        for _ in 0..20_000 {
            random = random
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            let highest: u64 = seen.last().copied().unwrap_or(0);
            let span = if random >> 63 == 1 { 100 } else { 9000 };
            let sequence = (highest + 50).saturating_sub((random >> 33) % span).max(1);
            let expected = !seen.contains(&sequence) && sequence + u64::from(size) > highest;
            assert_eq!(window.is_new(sequence), expected, "{sequence} at {highest}");
            if expected {
                assert_eq!(window.mark(sequence), sequence > highest);
                seen.insert(sequence);
            }
        }
    }
}

/// With `highest` marked, what a low half means.
fn check_high(size: u32, highest: u64, low: u32, whole: Option<u64>) {
    let mut window = ReplayWindow::new(size);
    if highest > 0 {
        window.mark(highest);
    }
    let found = window.extend(low);
    assert_eq!(
        found, whole,
        "window {size} at {highest:#x}, low half {low:#x}"
    );
}

#[test]
fn the_high_half_is_the_one_that_lies_in_or_ahead_of_the_window() {
    const HIGH: u64 = 1 << 32;
    // Case A of appendix A2.2: the window is within one high half.
    check_high(64, 5 * HIGH + 1000, 1001, Some(5 * HIGH + 1001));
    check_high(64, 5 * HIGH + 1000, 937, Some(5 * HIGH + 937));
    check_high(64, 5 * HIGH + 1000, 936, Some(6 * HIGH + 936));
    // Case B: it reaches into the one before.
    check_high(64, 5 * HIGH + 10, 11, Some(5 * HIGH + 11));
    check_high(
        64,
        5 * HIGH + 10,
        u32::MAX - 52,
        Some(4 * HIGH + u64::from(u32::MAX - 52)),
    );
    check_high(
        64,
        5 * HIGH + 10,
        u32::MAX - 53,
        Some(5 * HIGH + u64::from(u32::MAX - 53)),
    );
    // Between both, and at either end of all numbers.
    check_high(64, 5 * HIGH + 63, 0, Some(5 * HIGH));
    check_high(64, 5 * HIGH + 62, u32::MAX, Some(5 * HIGH - 1));
    check_high(64, 0, u32::MAX, Some(HIGH - 1));
    check_high(64, u64::MAX, u32::MAX, Some(u64::MAX));
    check_high(64, u64::MAX, 0, None);
    check_high(0, 5 * HIGH, u32::MAX, Some(5 * HIGH - 1));
}

#[test]
fn extended_numbers_pass_the_turn_of_the_low_half_in_any_order() {
    for suite in [GCM, CBC] {
        for window in [0, 64, 4096] {
            let mut ends = Ends::agreeing(suite, |sa| {
                sa.esn = true;
                sa.replay_window = window;
            });
            ends.jump(End::A, (3 << 32) - 20);
            let packets: Vec<_> = (0..40)
                .map(|n| ends.sealed(End::A, &ping(End::A, n)))
                .collect();
            let turned = packets.iter().any(|p| p.octets[4..8] == [0, 0, 0, 0]);
            assert!(turned, "the low half went through zero");
            // Every second one late: 1 3 5 … then 0 2 4 ….
            let order = (1..40).step_by(2).chain((0..40).step_by(2));
            for at in order {
                assert!(
                    ends.open(End::B, &packets[at]).is_ok(),
                    "{suite:?} {window} {at}"
                );
            }
        }
    }
}

#[test]
fn the_high_half_is_authenticated() {
    for suite in [GCM, CBC] {
        let mut ends = Ends::agreeing(suite, |sa| sa.esn = true);
        ends.jump(End::A, 1 << 32);
        let packet = ends.sealed(End::A, &ping(End::A, 1));
        // B has seen nothing, and so expects the high half 0.
        let mut fresh = Ends::agreeing(suite, |sa| sa.esn = true);
        assert_eq!(fresh.open(End::B, &packet), Err(DropReason::BadIcv));
        assert!(ends.open(End::B, &packet).is_ok());
    }
}

#[test]
fn extended_and_plain_numbers_do_not_mix() {
    for suite in [GCM, CBC] {
        let mut ends = Ends::configured();
        ends.install(End::A, suite, 0, |sa| sa.esn = true)
            .expect("SA");
        ends.install(End::B, suite, 0, |_| ()).expect("SA");
        let passed = ends.pass(End::A, &ping(End::A, 1));
        assert_eq!(passed, Err(DropReason::BadIcv));
    }
}

#[test]
fn a_replay_is_refused_and_counted_and_a_late_packet_is_not() {
    let mut ends = Ends::tunnel();
    let packets: Vec<_> = (0..65)
        .map(|n| ends.sealed(End::A, &ping(End::A, n)))
        .collect();
    assert!(ends.open(End::B, &packets[64]).is_ok());
    assert_eq!(ends.open(End::B, &packets[64]), Err(DropReason::Replayed));
    assert_eq!(ends.open(End::B, &packets[0]), Err(DropReason::Replayed));
    assert!(ends.open(End::B, &packets[1]).is_ok());
    let counters = ends.b.counters(spi(End::B, 0)).expect("an SA");
    assert_eq!((counters.packets_in, counters.replayed), (2, 2));
}

#[test]
fn a_packet_that_does_not_verify_does_not_move_the_window() {
    let mut ends = Ends::tunnel();
    let honest = ends.sealed(End::A, &ping(End::A, 1));
    let mut forged = honest.clone();
    forged.octets[4..8].copy_from_slice(&u32::MAX.to_be_bytes());
    assert_eq!(ends.open(End::B, &forged), Err(DropReason::BadIcv));
    assert!(ends.open(End::B, &honest).is_ok());
}

impl Ends {
    /// As if `from` had sent so many packets and its peer had seen the last.
    fn jump(&mut self, from: End, last: u64) {
        let sender = spi(from, 0);
        let sa = self.at(from).sa_mut(sender);
        sa.outbound.jump_to(last);
        let receiver = spi(from.other(), 0);
        let sa = self.at(from.other()).sa_mut(receiver);
        sa.inbound.jump_to(last);
    }
}
