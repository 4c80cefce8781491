//! Ends by time, kilobytes and sequence numbers, and the signs of life and of moving.

use super::support::*;
use crate::counters::DropReason;
use crate::notice::Notice;
use crate::plane::SealOutcome;
use crossgate_model::view::Encapsulation;
use crossgate_model::{Path, Time};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

/// Without the signs of life.
fn expiries(ends: &mut Ends, end: End) -> Vec<Notice> {
    let mut notices = ends.notices(end);
    notices.retain(|n| !matches!(n, Notice::Seen { .. } | Notice::Sent { .. }));
    notices
}

fn soft(end: End) -> Notice {
    Notice::SoftExpired {
        spi_in: spi(end, 0),
    }
}

fn hard(end: End) -> Notice {
    Notice::HardExpired {
        spi_in: spi(end, 0),
    }
}

#[test]
fn after_its_hard_lifetime_an_sa_seals_and_opens_nothing() {
    let mut ends = Ends::tunnel();
    let late = ends.sealed(End::A, &ping(End::A, 1));
    let later = ends.sealed(End::A, &ping(End::A, 2));
    ends.notices(End::A);
    assert_eq!(ends.a.poll_timeout(), Some(Time::START + HOUR));
    ends.wait(HOUR - Duration::from_nanos(1));
    assert!(ends.open(End::B, &late).is_ok());
    ends.wait(Duration::from_nanos(1));
    assert_eq!(
        ends.open(End::B, &later),
        Err(DropReason::ReceiveLifetimeEnded)
    );
    let (outcome, _) = ends.seal(End::A, &ping(End::A, 3));
    assert_eq!(outcome, SealOutcome::Dropped(DropReason::SendLifetimeEnded));
    for end in [End::A, End::B] {
        assert_eq!(expiries(&mut ends, end), [hard(end)], "told once");
    }
    assert_eq!(ends.a.poll_timeout(), None);
    let counters = ends.a.counters(spi(End::A, 0)).expect("an SA");
    assert_eq!(counters.send_errors, 1);
}

#[test]
fn an_expired_sa_is_refused_before_its_timer_is_handled() {
    let mut ends = Ends::tunnel();
    let late = ends.sealed(End::A, &ping(End::A, 1));
    ends.now = ends.now + HOUR;
    assert_eq!(
        ends.open(End::B, &late),
        Err(DropReason::ReceiveLifetimeEnded)
    );
    let (outcome, _) = ends.seal(End::A, &ping(End::A, 3));
    assert_eq!(outcome, SealOutcome::Dropped(DropReason::SendLifetimeEnded));
    ends.wait(Duration::ZERO);
    for end in [End::A, End::B] {
        assert_eq!(expiries(&mut ends, end), [hard(end)], "told once");
    }
}

#[test]
fn removal_of_an_expired_sa_lets_the_next_packet_ask_for_another() {
    let mut ends = Ends::tunnel();
    ends.wait(HOUR);
    ends.notices(End::A);
    ends.remove(End::A, 0);
    let (outcome, _) = ends.seal(End::A, &ping(End::A, 1));
    assert_eq!(outcome, SealOutcome::Waits);
    let acquire = Notice::Acquire {
        child: CHILD.into(),
    };
    assert_eq!(ends.notices(End::A), [acquire]);
}

#[test]
fn kilobytes_are_counted_in_esp_octets_for_either_direction() {
    // 988 octets of payload make 1024 of ESP: header 8, IV 8, trailer 2 and 2 of padding, ICV 16.
    let packet = raw(End::A, 988);
    for (end, from) in [(End::A, End::A), (End::B, End::A)] {
        let mut ends = Ends::agreeing(GCM, |sa| {
            sa.soft_kilobytes = Some(3);
            sa.hard_kilobytes = Some(5);
        });
        for sent in 1..=5 {
            assert_eq!(ends.sealed(from, &packet).octets.len(), 1024);
            let expected = if sent == 3 {
                vec![soft(End::A)]
            } else {
                vec![]
            };
            if end == End::A {
                assert_eq!(expiries(&mut ends, end), expected, "after {sent}");
            }
        }
        let (outcome, _) = ends.seal(from, &packet);
        assert_eq!(outcome, SealOutcome::Dropped(DropReason::SendLifetimeEnded));
    }
    let mut ends = Ends::tunnel();
    ends.install(End::B, GCM, 0, |sa| {
        sa.soft_kilobytes = Some(3);
        sa.hard_kilobytes = Some(5);
    })
    .expect("SA");
    for received in 1..=5 {
        assert!(ends.pass(End::A, &packet).is_ok());
        let expected = if received == 3 {
            vec![soft(End::B)]
        } else {
            vec![]
        };
        assert_eq!(expiries(&mut ends, End::B), expected, "after {received}");
    }
    let refused = ends.pass(End::A, &packet);
    assert_eq!(refused, Err(DropReason::ReceiveLifetimeEnded));
    assert_eq!(expiries(&mut ends, End::B), [hard(End::B)]);
}

/// An SA that has sealed so many packets.
fn worn(esn: bool, last: u64) -> Ends {
    let mut ends = Ends::agreeing(GCM, |sa| sa.esn = esn);
    ends.a.sa_mut(spi(End::A, 0)).outbound.jump_to(last);
    ends
}

#[test]
fn sequence_numbers_ask_for_a_rekey_when_nine_tenths_are_used() {
    for (esn, limit) in [(false, u64::from(u32::MAX)), (true, u64::MAX)] {
        let mut ends = worn(esn, limit / 10 * 9 - 2);
        ends.sealed(End::A, &ping(End::A, 1));
        assert_eq!(expiries(&mut ends, End::A), []);
        ends.sealed(End::A, &ping(End::A, 2));
        assert_eq!(expiries(&mut ends, End::A), [soft(End::A)]);
        ends.sealed(End::A, &ping(End::A, 3));
        assert_eq!(expiries(&mut ends, End::A), [], "told once");
    }
}

#[test]
fn sequence_numbers_never_start_over() {
    for (esn, limit) in [(false, u64::from(u32::MAX)), (true, u64::MAX)] {
        let mut ends = worn(esn, limit - 1);
        let last = ends.sealed(End::A, &ping(End::A, 1));
        assert_eq!(last.octets[4..8], [0xff; 4]);
        assert_eq!(expiries(&mut ends, End::A), [hard(End::A), soft(End::A)]);
        for _ in 0..2 {
            let (outcome, _) = ends.seal(End::A, &ping(End::A, 2));
            assert_eq!(outcome, SealOutcome::Dropped(DropReason::SequenceExhausted));
        }
        let counted = ends.a.drops().get("out-sequence-exhausted");
        assert_eq!(counted, Some(&2));
        let back = ends.pass(End::B, &ping(End::B, 1));
        assert!(back.is_ok(), "it can still receive");
        let counters = ends.a.counters(spi(End::A, 0)).expect("an SA");
        assert_eq!((counters.packets_out, counters.send_errors), (1, 2));
    }
}

#[test]
fn extended_numbers_go_on_where_plain_ones_end() {
    let mut ends = worn(true, u64::from(u32::MAX));
    let sealed = ends.sealed(End::A, &ping(End::A, 1));
    assert_eq!(sealed.octets[4..8], [0; 4]);
}

#[test]
fn signs_of_life_are_told_once_a_second() {
    let mut ends = Ends::tunnel();
    let sent = [Notice::Sent {
        spi_in: spi(End::A, 0),
    }];
    let seen = [Notice::Seen {
        spi_in: spi(End::B, 0),
    }];
    for _ in 0..3 {
        for _ in 0..3 {
            ends.pass(End::A, &ping(End::A, 1)).expect("passes");
        }
        assert_eq!(ends.notices(End::A), sent);
        assert_eq!(ends.notices(End::B), seen);
        ends.wait(Duration::from_millis(999));
        ends.pass(End::A, &ping(End::A, 1)).expect("passes");
        assert_eq!(ends.notices(End::A), []);
        assert_eq!(ends.notices(End::B), []);
        ends.wait(Duration::from_millis(1));
    }
}

#[test]
fn notices_of_a_removed_pair_are_not_told() {
    let mut ends = Ends::tunnel();
    ends.pass(End::A, &ping(End::A, 1)).expect("passes");
    ends.remove(End::A, 0);
    assert_eq!(ends.notices(End::A), []);
}

fn udp_path(end: End, local_port: u16, remote_port: u16) -> Path {
    Path {
        encapsulation: Encapsulation::Udp {
            local_port,
            remote_port,
        },
        ..path(end)
    }
}

fn behind_nat() -> Ends {
    let mut ends = Ends::configured();
    for end in [End::A, End::B] {
        ends.install(end, GCM, 0, |sa| sa.path = udp_path(end, 4500, 4500))
            .expect("SA");
    }
    ends
}

fn moves(ends: &mut Ends) -> Vec<Notice> {
    let mut notices = ends.notices(End::B);
    notices.retain(|n| matches!(n, Notice::Moved { .. }));
    notices
}

#[test]
fn an_authentic_packet_from_a_new_port_tells_that_the_peer_moved() {
    let mut ends = behind_nat();
    let packet = ends.sealed(End::A, &ping(End::A, 1));
    assert_eq!(packet.meta.path, udp_path(End::A, 4500, 4500));
    assert!(
        ends.open_from(End::B, &packet, udp_path(End::B, 4500, 4500))
            .is_ok()
    );
    assert_eq!(moves(&mut ends), []);

    let moved = udp_path(End::B, 4500, 61_000);
    let mut forged = ends.sealed(End::A, &ping(End::A, 2));
    forged.octets[30] ^= 1;
    assert!(ends.open_from(End::B, &forged, moved).is_err());
    assert_eq!(moves(&mut ends), [], "not authentic");

    let packet = ends.sealed(End::A, &ping(End::A, 3));
    assert!(ends.open_from(End::B, &packet, moved).is_ok());
    let expected = Notice::Moved {
        spi_in: spi(End::B, 0),
        local: "198.51.100.1:4500".parse().expect("an address"),
        remote: "192.0.2.1:61000".parse().expect("an address"),
    };
    assert_eq!(moves(&mut ends), [expected]);

    ends.b.move_path(spi(End::B, 0), moved);
    assert_eq!(ends.sealed(End::B, &ping(End::B, 1)).meta.path, moved);
    ends.wait(Duration::from_secs(1));
    let packet = ends.sealed(End::A, &ping(End::A, 4));
    assert!(ends.open_from(End::B, &packet, moved).is_ok());
    assert_eq!(moves(&mut ends), [], "that is where it is now");
}

#[test]
fn an_overtaken_packet_does_not_move_the_peer_back() {
    let mut ends = behind_nat();
    let (before, after) = (udp_path(End::B, 4500, 4500), udp_path(End::B, 4500, 61_000));
    let late = ends.sealed(End::A, &ping(End::A, 1));
    let packet = ends.sealed(End::A, &ping(End::A, 2));
    assert!(ends.open_from(End::B, &packet, after).is_ok());
    assert_eq!(moves(&mut ends).len(), 1);
    ends.b.move_path(spi(End::B, 0), after);
    ends.wait(Duration::from_secs(1));
    assert!(ends.open_from(End::B, &late, before).is_ok());
    assert_eq!(moves(&mut ends), []);
}

#[test]
fn packets_without_udp_may_come_from_anywhere_and_move_nothing() {
    let mut ends = Ends::tunnel();
    let elsewhere = Path {
        remote: address("203.0.113.9"),
        ..path(End::B)
    };
    let packet = ends.sealed(End::A, &ping(End::A, 1));
    assert!(ends.open_from(End::B, &packet, elsewhere).is_ok());
    assert_eq!(moves(&mut ends), []);
}
