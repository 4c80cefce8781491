//! More pairs than the processor's caches hold, so that their memory is asked for ahead.

use super::support::{CBC, End, TUNNEL, agreed, path, plane, policy, udp_between};
use crate::DataPlane;
use crate::counters::DropReason;
use crate::plane::{OpenOutcome, OpenOutput, Received, SealOutcome, SealOutput};
use crossgate_model::{Selector, SelectorPair, Time};

const PAIRS: u32 = 300;

/// A's 10.1.0.0/16, and a /24 of B's for each pair.
fn selectors(end: End, pair: u32) -> SelectorPair {
    let net = |text: String| Selector::net(text.parse().expect("a net"));
    let of_a = SelectorPair {
        local: net("10.1.0.0/16".into()),
        remote: net(format!("10.{}.{}.0/24", 2 + pair / 256, pair % 256)),
    };
    match end {
        End::A => of_a,
        End::B => of_a.mirrored(),
    }
}

fn spi(end: End, pair: u32) -> u32 {
    match end {
        End::A => 0xa000 + pair,
        End::B => 0xb000 + pair,
    }
}

fn gateway(end: End) -> DataPlane {
    let name = |pair| format!("child-{pair}");
    let policies = (0..PAIRS).map(|pair| policy(&name(pair), selectors(end, pair)));
    let mut plane = plane(policies.collect());
    for pair in 0..PAIRS {
        let mut sa = agreed(end, CBC.0, CBC.1, pair as u8);
        let selectors = selectors(end, pair);
        (sa.spi_in, sa.spi_out) = (spi(end, pair), spi(end.other(), pair));
        sa.child = name(pair);
        sa.local_selectors = vec![selectors.local];
        sa.remote_selectors = vec![selectors.remote];
        plane.install(Time::START, sa).expect("a pair");
    }
    plane
}

#[test]
fn each_packet_of_a_batch_goes_by_its_own_pair_and_bad_ones_spoil_none() {
    let (mut a, mut b) = (gateway(End::A), gateway(End::B));
    let to = |pair: u32| format!("10.{}.{}.9", 2 + pair / 256, pair % 256);
    let mut packets: Vec<_> = (0..PAIRS)
        .map(|pair| udp_between("10.1.0.9", &to(pair), 100))
        .collect();
    let good = SealOutcome::Sealed;
    let mut expected = vec![good; packets.len()];
    for (at, bad, why) in [
        (0, vec![], DropReason::NotIp),
        (70, vec![0x45; 19], DropReason::NotIp),
        (
            71,
            udp_between("10.1.0.9", "10.9.9.9", 50),
            DropReason::NoPolicy,
        ),
    ] {
        packets.insert(at, bad);
        expected.insert(at, SealOutcome::Dropped(why));
    }
    let mut sealed = SealOutput::default();
    let given = packets.iter().map(Vec::as_slice);
    a.seal(Time::START, Some(TUNNEL), given, &mut sealed);
    assert_eq!(sealed.outcomes, expected);

    let mut arriving: Vec<Vec<u8>> = sealed.sealed.iter().map(|(_, p)| p.to_vec()).collect();
    let mut expected = vec![OpenOutcome::Opened; arriving.len()];
    for (at, bad, why) in [
        (0, vec![1, 2, 3], DropReason::NotEsp),
        (65, vec![0xee; 60], DropReason::UnknownSpi),
        (100, arriving[5].clone(), DropReason::Replayed),
    ] {
        arriving.insert(at, bad);
        expected.insert(at, OpenOutcome::Dropped(why));
    }
    let mut opened = OpenOutput::default();
    let received = arriving.iter_mut().map(|packet| Received {
        path: path(End::B),
        tos: 0,
        packet,
    });
    let mut received: Vec<_> = received.collect();
    b.open(Time::START, &mut received, &mut opened);
    assert_eq!(opened.outcomes, expected);
    let spis: Vec<u32> = opened.packets.iter().map(|meta| meta.spi_in).collect();
    let expected: Vec<u32> = (0..PAIRS).map(|pair| spi(End::B, pair)).collect();
    assert_eq!(spis, expected);
}
