//! What routers on the way say of our packets, and what is believed of it.

use super::support::*;
use crate::plane::{PATH_MTU_AGE, SealOutcome, TOLD_PER_SECOND, TooBig, Unheeded};
use crossgate_model::Path;
use std::net::IpAddr;
use std::time::Duration;

fn remote() -> IpAddr {
    path(End::A).remote
}

/// Some packets sealed, and the last of them.
fn sending() -> (Ends, Travelling) {
    let mut ends = Ends::tunnel();
    let sent = (0..5).map(|_| ends.sealed(End::A, &udp(End::A, 1446)));
    let last = sent.last().expect("a packet");
    (ends, last)
}

fn told(ends: &mut Ends, mtu: u32, quoted: &[u8]) -> Result<u16, Unheeded> {
    let said = TooBig {
        remote: remote(),
        mtu,
        quoted,
    };
    ends.a.too_big(ends.now, said)
}

fn path_mtu(ends: &Ends) -> u16 {
    ends.a.path_mtu(spi(End::A, 0)).expect("an SA")
}

#[test]
fn a_router_s_word_narrows_the_path_and_the_hosts_are_told() {
    let (mut ends, sent) = sending();
    assert_eq!(told(&mut ends, 1400, &sent.octets[..8]), Ok(1400));
    assert_eq!(path_mtu(&ends), 1400);
    assert_eq!(ends.a.inner_mtu(spi(End::A, 0)), Some(1346));
    let (outcome, _) = ends.seal(End::A, &udp(End::A, 1347));
    assert_eq!(outcome, SealOutcome::TooBig { mtu: 1346 });
    assert_eq!(ends.seal(End::A, &udp(End::A, 1346)).0, SealOutcome::Sealed);
    ends.install(End::A, GCM, 1, |_| ()).expect("SA");
    let renewed = ends.a.path_mtu(spi(End::A, 1));
    assert_eq!(renewed, Some(1400), "for what comes after it too");
    assert_eq!(ends.tally("path-mtu-lowered"), 1);
}

#[test]
fn what_quotes_no_packet_of_ours_is_not_believed() {
    let (mut ends, sent) = sending();
    let good = &sent.octets[..8];
    let mut other_spi = good.to_vec();
    other_spi[3] ^= 1;
    let mut not_sent_yet = good.to_vec();
    not_sent_yet[7] += 1;
    let inbound = [&spi(End::A, 0).to_be_bytes()[..], &good[4..]].concat();
    for quoted in [&good[..7], &[], &other_spi, &not_sent_yet, &inbound] {
        let refused = told(&mut ends, 1000, quoted);
        assert_eq!(refused, Err(Unheeded::Unproven), "{quoted:?}");
    }
    let elsewhere = TooBig {
        remote: path(End::A).local,
        mtu: 1000,
        quoted: good,
    };
    let refused = ends.a.too_big(ends.now, elsewhere);
    assert_eq!(refused, Err(Unheeded::Unproven), "another peer's SPI");
    assert_eq!(path_mtu(&ends), 1500);
    assert_eq!(ends.tally("path-mtu-unproven"), 6);
}

#[test]
fn a_pair_proves_its_present_path_alone_and_nothing_once_it_is_gone() {
    let (mut ends, sent) = sending();
    let (old, quoted) = (path(End::A), &sent.octets[..8]);
    let new = Path {
        remote: "192.0.2.99".parse().expect("an address"),
        ..old
    };
    let told_of = |ends: &mut Ends, remote, mtu| {
        let now = ends.now;
        let said = TooBig {
            remote,
            mtu,
            quoted,
        };
        ends.a.too_big(now, said)
    };
    ends.a.move_path(spi(End::A, 0), new);
    let unproven = Err(Unheeded::Unproven);
    assert_eq!(told_of(&mut ends, old.remote, 1400), unproven);
    assert_eq!(told_of(&mut ends, new.remote, 1400), Ok(1400));
    assert_eq!(path_mtu(&ends), 1400);
    ends.a.remove(ends.now, spi(End::A, 0));
    assert_eq!(told_of(&mut ends, new.remote, 1300), unproven);
    assert_eq!(told_of(&mut ends, old.remote, 1300), unproven);
}

#[test]
fn a_packet_of_long_ago_proves_nothing() {
    let (mut ends, sent) = sending();
    ends.a.sa_mut(spi(End::A, 0)).outbound.jump_to(5 + 65_535);
    assert_eq!(told(&mut ends, 1400, &sent.octets), Ok(1400));
    ends.a.sa_mut(spi(End::A, 0)).outbound.jump_to(5 + 65_536);
    let refused = told(&mut ends, 1300, &sent.octets);
    assert_eq!(refused, Err(Unheeded::Unproven));
}

#[test]
fn no_path_is_narrower_than_every_host_takes_and_none_grows() {
    let (mut ends, sent) = sending();
    for mtu in [1500, 1501, 9000, u32::MAX] {
        let refused = told(&mut ends, mtu, &sent.octets);
        assert_eq!(refused, Err(Unheeded::NotSmaller), "{mtu}");
    }
    assert_eq!(told(&mut ends, 0, &sent.octets), Ok(576));
    let refused = told(&mut ends, 68, &sent.octets);
    assert_eq!(refused, Err(Unheeded::NotSmaller));
    assert_eq!(path_mtu(&ends), 576);
}

#[test]
fn over_ipv6_the_least_is_1280() {
    let v6 = crossgate_model::Path {
        local: address("2001:db8::1"),
        remote: address("2001:db8::2"),
        ..path(End::A)
    };
    let mut ends = Ends::agreeing(GCM, |sa| sa.path = v6);
    let sent = ends.sealed(End::A, &udp(End::A, 1000));
    let said = TooBig {
        remote: v6.remote,
        mtu: 600,
        quoted: &sent.octets,
    };
    assert_eq!(ends.a.too_big(ends.now, said), Ok(1280));
}

#[test]
fn belief_ends_after_its_age_and_each_narrowing_begins_it_anew() {
    let (mut ends, sent) = sending();
    let half = PATH_MTU_AGE / 2;
    assert_eq!(told(&mut ends, 1400, &sent.octets), Ok(1400));
    ends.wait(half);
    assert_eq!(told(&mut ends, 1300, &sent.octets), Ok(1300));
    ends.wait(half + Duration::from_secs(1));
    assert_eq!(path_mtu(&ends), 1300, "of the second word");
    ends.wait(half);
    assert_eq!(path_mtu(&ends), 1500);
    assert_eq!(ends.tally("path-mtu-aged"), 1);
}

#[test]
fn the_device_s_own_mtu_is_a_bound_that_a_router_s_word_survives() {
    let (mut ends, sent) = sending();
    assert_eq!(told(&mut ends, 1400, &sent.octets), Ok(1400));
    for (device, expected) in [(1500, 1400), (1300, 1300), (9000, 1400)] {
        ends.a.set_path_mtu(remote(), device);
        assert_eq!(path_mtu(&ends), expected);
    }
    ends.wait(PATH_MTU_AGE);
    assert_eq!(path_mtu(&ends), 9000);
}

#[test]
fn only_so_many_words_are_looked_at_in_a_second() {
    let (mut ends, sent) = sending();
    for _ in 0..TOLD_PER_SECOND {
        assert_eq!(told(&mut ends, 1400, b"nonsense"), Err(Unheeded::Unproven));
    }
    let refused = told(&mut ends, 1400, &sent.octets);
    assert_eq!(refused, Err(Unheeded::TooMany));
    ends.wait(Duration::from_secs(1));
    assert_eq!(told(&mut ends, 1400, &sent.octets), Ok(1400));
}
