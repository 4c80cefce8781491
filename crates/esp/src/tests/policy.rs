//! Which packets go where, and what becomes of those that can't go yet.

use super::support::*;
use crate::counters::DropReason;
use crate::notice::Notice;
use crate::plane::{InstallError, SealOutcome, SealOutput};
use crate::{ACQUIRE_INTERVAL, Policy, WAITING_PACKETS, WAITING_TIME};
use crossgate_crypto::{CryptoError, Encr, Integ, Secret};
use crossgate_model::{ChildSa, Selector, SelectorPair, Time};
use crossgate_wire::ip::build_packet;
use std::time::Duration;

fn net(text: &str) -> Selector {
    Selector::net(text.parse().expect("a network"))
}

/// What a plane with that one SA says of a packet.
fn check(local: &[Selector], remote: &[Selector], packet: &[u8], passes: bool) {
    let mut plane = plane(vec![policy(CHILD, SelectorPair::ANY_V4)]);
    let mut sa = agreed(End::A, GCM.0, GCM.1, 0);
    sa.local_selectors = local.to_vec();
    sa.remote_selectors = remote.to_vec();
    plane.install(Time::START, sa).expect("an SA");
    let mut out = SealOutput::default();
    plane.seal(Time::START, Some(TUNNEL), [packet], &mut out);
    let expected = match passes {
        true => SealOutcome::Sealed,
        false => SealOutcome::Dropped(DropReason::OutsideAgreed),
    };
    assert_eq!(out.outcomes, [expected], "{local:?} {remote:?}");
}

#[test]
fn addresses_at_the_edges_of_selectors() {
    let (local, remote) = (net("10.1.0.0/24"), net("10.2.0.0/24"));
    let cases = [
        ("10.1.0.0", "10.2.0.255", true),
        ("10.1.0.255", "10.2.0.0", true),
        ("10.1.1.0", "10.2.0.0", false),
        ("10.0.255.255", "10.2.0.0", false),
        ("10.1.0.0", "10.2.1.0", false),
        ("10.1.0.0", "10.1.255.255", false),
    ];
    for (source, destination, passes) in cases {
        let packet = udp_between(source, destination, 60);
        check(&[local], &[remote], &packet, passes);
        check(
            &[net("172.16.0.0/16"), local],
            &[net("172.17.0.0/16"), remote],
            &packet,
            passes,
        );
    }
}

#[test]
fn protocols_and_ports_of_selectors() {
    // From port 1000 to port 2000.
    let packet = udp_between("10.1.0.1", "10.2.0.1", 60);
    let (local, remote) = (net("10.1.0.0/24"), net("10.2.0.0/24"));
    let udp_to = |first, last| remote.only(17, first..=last);
    check(&[local], &[udp_to(2000, 2000)], &packet, true);
    check(&[local], &[udp_to(0, 2000)], &packet, true);
    check(&[local], &[udp_to(0, 1999)], &packet, false);
    check(&[local], &[udp_to(2001, u16::MAX)], &packet, false);
    check(&[local.only(17, 1000..=1000)], &[remote], &packet, true);
    check(&[local.only(17, 2000..=2000)], &[remote], &packet, false);
    check(&[local], &[remote.only(6, 0..=u16::MAX)], &packet, false);
}

#[test]
fn type_and_code_of_icmp_are_its_ports() {
    let packet = ping(End::A, 1);
    let (local, remote) = (net("10.1.0.0/16"), net("10.2.0.0/16"));
    let echo = 8 << 8;
    for (ports, passes) in [
        (echo..=echo, true),
        (echo..=echo | 0xff, true),
        (0..=echo - 1, false),
        (echo + 1..=u16::MAX, false),
    ] {
        let only = |selector: Selector| selector.only(1, ports.clone());
        check(&[only(local)], &[only(remote)], &packet, passes);
    }
}

#[test]
fn later_fragments_match_only_where_ports_do_not_matter() {
    let mut packet = fragmentable(udp_between("10.1.0.1", "10.2.0.1", 60));
    packet[7] = 100;
    let (local, remote) = (net("10.1.0.0/16"), net("10.2.0.0/16"));
    check(&[local], &[remote], &packet, true);
    check(&[local], &[remote.only(17, 0..=u16::MAX)], &packet, true);
    check(&[local], &[remote.only(17, 0..=2000)], &packet, false);
    let opaque = Selector {
        protocol: 17,
        start_port: u16::MAX,
        end_port: 0,
        ..remote
    };
    check(&[local], &[opaque], &packet, true);
    let whole = udp_between("10.1.0.1", "10.2.0.1", 60);
    check(&[local], &[opaque], &whole, false);
}

#[test]
fn protocols_without_ports_match_only_where_ports_do_not_matter() {
    let (source, destination) = (address("10.1.0.1"), address("10.2.0.1"));
    let gre = build_packet(source, destination, 47, &[0; 20]).expect("a packet");
    let (local, remote) = (net("10.1.0.0/16"), net("10.2.0.0/16"));
    check(&[local], &[remote.only(47, 0..=u16::MAX)], &gre, true);
    check(&[local], &[remote.only(47, 0..=100)], &gre, false);
}

/// Several Children on one interface, each with its own SA; which of them gets a packet.
fn chosen(children: &[(&str, &str)], up: &[&str], destination: &str) -> Fate {
    let policies = children
        .iter()
        .map(|(child, remote)| {
            let pair = SelectorPair {
                local: Selector::ANY_V4,
                remote: net(remote),
            };
            policy(child, pair)
        })
        .collect();
    let mut plane = plane(policies);
    for (index, (child, remote)) in children.iter().enumerate() {
        if up.contains(child) {
            let mut sa = agreed(End::A, GCM.0, GCM.1, index as u8);
            sa.child = child.to_string();
            sa.local_selectors = vec![Selector::ANY_V4];
            sa.remote_selectors = vec![net(remote)];
            plane.install(Time::START, sa).expect("an SA");
        }
    }
    let packet = udp_between("10.1.0.1", destination, 60);
    let mut out = SealOutput::default();
    plane.seal(Time::START, Some(TUNNEL), [packet.as_slice()], &mut out);
    match (out.outcomes[0], out.sealed.iter().next()) {
        (SealOutcome::Sealed, Some((meta, _))) => {
            let index = (meta.spi_in - spi(End::A, 0)) as usize;
            Fate::By(children[index].0.to_string())
        }
        (SealOutcome::Waits, None) => match plane.poll_notice() {
            Some(Notice::Acquire { child }) => Fate::WaitsFor(child.to_string()),
            other => panic!("{other:?}"),
        },
        (SealOutcome::Dropped(reason), None) => Fate::Dropped(reason),
        other => panic!("{other:?}"),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Fate {
    By(String),
    WaitsFor(String),
    Dropped(DropReason),
}

#[test]
fn the_first_child_whose_policy_selects_a_packet_gets_it() {
    let children = [("narrow", "10.2.1.0/24"), ("wide", "10.2.0.0/16")];
    let by = |child: &str| Fate::By(child.into());
    let waits = |child: &str| Fate::WaitsFor(child.into());
    assert_eq!(
        chosen(&children, &["narrow", "wide"], "10.2.1.1"),
        by("narrow")
    );
    assert_eq!(
        chosen(&children, &["narrow", "wide"], "10.2.2.1"),
        by("wide")
    );
    assert_eq!(chosen(&children, &["wide"], "10.2.1.1"), waits("narrow"));
    assert_eq!(chosen(&children, &["narrow"], "10.2.2.1"), waits("wide"));
    let none = Fate::Dropped(DropReason::NoPolicy);
    assert_eq!(chosen(&children, &["narrow", "wide"], "10.3.0.1"), none);
}

#[test]
fn a_packet_outside_what_was_agreed_for_one_child_may_be_inside_anothers() {
    let pair = |remote| SelectorPair {
        local: Selector::ANY_V4,
        remote: net(remote),
    };
    let policies = vec![
        policy("first", pair("10.2.0.0/16")),
        policy("second", pair("10.2.0.0/16")),
    ];
    let mut plane = plane(policies);
    for (round, child, remote) in [(0, "first", "10.2.1.0/24"), (1, "second", "10.2.0.0/16")] {
        let mut sa = agreed(End::A, GCM.0, GCM.1, round);
        sa.child = child.into();
        sa.remote_selectors = vec![net(remote)];
        plane.install(Time::START, sa).expect("an SA");
    }
    let mut out = SealOutput::default();
    let packets = ["10.2.1.1", "10.2.2.2"].map(|to| udp_between("10.1.0.1", to, 60));
    plane.seal(
        Time::START,
        Some(TUNNEL),
        packets.iter().map(Vec::as_slice),
        &mut out,
    );
    let by: Vec<_> = out.sealed.iter().map(|(meta, _)| meta.spi_in).collect();
    assert_eq!(by, [spi(End::A, 0), spi(End::A, 1)]);
}

#[test]
fn a_narrowed_sa_refuses_what_the_policy_would_allow_and_counts_it() {
    let mut ends = Ends::configured();
    ends.install(End::A, GCM, 0, |sa| {
        sa.remote_selectors = vec![net("10.2.7.0/24")]
    })
    .expect("SA");
    let (outcome, _) = ends.seal(End::A, &ping(End::A, 1));
    assert_eq!(outcome, SealOutcome::Dropped(DropReason::OutsideAgreed));
    assert!(
        ends.notices(End::A).is_empty(),
        "asking again would end the same way"
    );
    let totals = ends.a.totals(CHILD).expect("a Child");
    assert_eq!(totals.outside_selectors, 1);
}

#[test]
fn interfaces_do_not_share_policies() {
    let mut plane = plane(vec![
        policy("tunnel", SelectorPair::ANY_V4),
        Policy {
            child: "map".into(),
            tunnel_interface: None,
            selectors: SelectorPair::ANY_V4,
            handling: Default::default(),
        },
    ]);
    for (round, child) in [(0, "tunnel"), (1, "map")] {
        let mut sa = agreed(End::A, GCM.0, GCM.1, round);
        sa.child = child.into();
        plane.install(Time::START, sa).expect("an SA");
    }
    let packet = ping(End::A, 1);
    let mut out = SealOutput::default();
    for interface in [Some(TUNNEL), None, Some("Tunnel1")] {
        plane.seal(Time::START, interface, [packet.as_slice()], &mut out);
    }
    let by: Vec<_> = out.sealed.iter().map(|(meta, _)| meta.spi_in).collect();
    assert_eq!(by, [spi(End::A, 0), spi(End::A, 1)]);
    assert_eq!(out.outcomes[2], SealOutcome::Dropped(DropReason::NoPolicy));
}

#[test]
fn without_an_sa_a_packet_asks_for_one_and_leaves_when_it_comes() {
    let mut ends = Ends::configured();
    let packets: Vec<_> = (0..3).map(|n| ping(End::A, n)).collect();
    for packet in &packets {
        let (outcome, nothing) = ends.seal(End::A, packet);
        assert_eq!(outcome, SealOutcome::Waits);
        assert!(nothing.is_none());
    }
    let acquire = Notice::Acquire {
        child: CHILD.into(),
    };
    assert_eq!(ends.notices(End::A), [acquire], "one for all");
    assert!(!ends.a.has_released());

    ends.install(End::A, GCM, 0, |_| ()).expect("SA");
    ends.install(End::B, GCM, 0, |_| ()).expect("SA");
    assert!(ends.a.has_released());
    assert_eq!(ends.a.poll_timeout(), Some(Time::START), "output is queued");
    let released = ends.released(End::A);
    let opened: Vec<_> = released.iter().map(|p| ends.open(End::B, p)).collect();
    assert_eq!(opened, packets.into_iter().map(Ok).collect::<Vec<_>>());
    assert!(!ends.a.has_released());
    let totals = ends.a.totals(CHILD).expect("a Child");
    assert_eq!(
        (totals.no_sa, totals.acquires, totals.packets_out),
        (3, 1, 3)
    );
}

#[test]
fn as_many_packets_wait_as_may_and_no_more() {
    let mut ends = Ends::configured();
    for n in 0..WAITING_PACKETS {
        let (outcome, _) = ends.seal(End::A, &ping(End::A, n as u16));
        assert_eq!(outcome, SealOutcome::Waits);
    }
    let (outcome, _) = ends.seal(End::A, &ping(End::A, 999));
    assert_eq!(outcome, SealOutcome::Dropped(DropReason::QueueFull));
    ends.install(End::A, GCM, 0, |_| ()).expect("SA");
    assert_eq!(ends.released(End::A).len(), WAITING_PACKETS);
    let totals = ends.a.totals(CHILD).expect("a Child");
    assert_eq!(totals.no_sa, WAITING_PACKETS as u64 + 1);
}

#[test]
fn packets_ask_again_after_the_interval_and_not_before() {
    let mut ends = Ends::configured();
    ends.seal(End::A, &ping(End::A, 1));
    assert_eq!(ends.notices(End::A).len(), 1);
    ends.wait(ACQUIRE_INTERVAL - Duration::from_nanos(1));
    ends.seal(End::A, &ping(End::A, 2));
    assert_eq!(ends.notices(End::A).len(), 0);
    ends.wait(Duration::from_nanos(1));
    ends.seal(End::A, &ping(End::A, 3));
    assert_eq!(ends.notices(End::A).len(), 1);
}

#[test]
fn a_packet_that_waits_too_long_is_dropped_and_the_next_one_is_not() {
    let mut ends = Ends::configured();
    ends.seal(End::A, &ping(End::A, 1));
    ends.wait(Duration::from_secs(4));
    ends.seal(End::A, &ping(End::A, 2));
    ends.notices(End::A);
    let due = Time::START + WAITING_TIME;
    assert_eq!(ends.a.poll_timeout(), Some(due));
    ends.wait(WAITING_TIME - Duration::from_secs(4));
    assert_eq!(ends.drops(End::A, DropReason::WaitedTooLong), 1);
    assert_eq!(ends.a.poll_timeout(), Some(due + Duration::from_secs(4)));
    ends.install(End::A, GCM, 0, |_| ()).expect("SA");
    assert_eq!(ends.released(End::A).len(), 1);
}

#[test]
fn waiting_packets_that_the_agreed_selectors_leave_out_are_dropped() {
    let mut ends = Ends::configured();
    ends.seal(End::A, &ping(End::A, 1));
    ends.install(End::A, GCM, 0, |sa| {
        sa.remote_selectors = vec![net("10.2.7.0/24")]
    })
    .expect("SA");
    assert_eq!(ends.released(End::A).len(), 0);
    assert_eq!(ends.drops(End::A, DropReason::OutsideAgreed), 1);
}

#[test]
fn what_no_policy_selects_goes_nowhere_in_any_state() {
    let stray = udp_between("10.1.0.10", "10.9.0.1", 60);
    let refused = SealOutcome::Dropped(DropReason::NoPolicy);
    let mut ends = Ends::configured();
    assert_eq!(ends.seal(End::A, &stray).0, refused);
    let mut ends = Ends::tunnel();
    assert_eq!(ends.seal(End::A, &stray).0, refused);
    assert_eq!(
        ends.seal(End::A, &udp_between("fd00:1::1", "fd00:2::1", 60))
            .0,
        refused
    );
    assert!(ends.notices(End::A).is_empty());
    ends.a.set_policies(Vec::new());
    assert_eq!(ends.seal(End::A, &ping(End::A, 1)).0, refused);
}

#[test]
fn new_policies_leave_the_sas_of_unchanged_children_alone() {
    let mut ends = Ends::tunnel();
    ends.pass(End::A, &ping(End::A, 1)).expect("passes");
    let other = SelectorPair {
        local: net("10.1.0.0/16"),
        remote: net("10.8.0.0/16"),
    };
    ends.a.set_policies(vec![
        policy("other", other),
        policy(CHILD, selectors(End::A)),
    ]);
    ends.pass(End::A, &ping(End::A, 2)).expect("passes still");
    let totals = ends.a.totals(CHILD).expect("a Child");
    assert_eq!(totals.packets_out, 2);
}

#[test]
fn a_child_without_policy_opens_nothing_and_is_forgotten_with_its_last_sa() {
    let mut ends = Ends::tunnel();
    ends.seal(End::A, &ping(End::A, 1));
    let late = ends.sealed(End::A, &ping(End::A, 2));
    ends.b.set_policies(Vec::new());
    assert_eq!(ends.open(End::B, &late), Err(DropReason::ReceivePolicyGone));
    assert!(ends.b.totals(CHILD).is_some());
    ends.remove(End::B, 0);
    assert_eq!(ends.b.totals(CHILD), None);
    assert_eq!(ends.open(End::B, &late), Err(DropReason::UnknownSpi));
}

#[test]
fn packets_that_wait_for_a_child_that_goes_away_are_dropped() {
    let mut ends = Ends::configured();
    ends.seal(End::A, &ping(End::A, 1));
    ends.a.set_policies(Vec::new());
    assert_eq!(ends.drops(End::A, DropReason::PolicyGone), 1);
    assert!(ends.notices(End::A).is_empty());
    ends.wait(WAITING_TIME);
    assert_eq!(ends.a.poll_timeout(), None);
    let refused = ends.install(End::A, GCM, 0, |_| ());
    assert_eq!(
        refused,
        Err(InstallError::NoPolicy {
            child: CHILD.into()
        })
    );
}

/// What is wrong with an SA that can't be installed.
fn refused(change: impl Fn(&mut ChildSa)) -> InstallError {
    let mut ends = Ends::configured();
    let error = ends.install(End::A, CBC, 0, change).expect_err("refused");
    assert_eq!(ends.a.poll_timeout(), None, "nothing of it is left");
    error
}

#[test]
fn an_sa_that_can_not_work_is_not_installed() {
    for reserved in [0, 1, 255] {
        let expected = InstallError::ReservedSpi { spi: reserved };
        assert_eq!(refused(|sa| sa.spi_in = reserved), expected);
        assert_eq!(refused(|sa| sa.spi_out = reserved), expected);
    }
    let suite = |encr, integ| InstallError::Crypto(CryptoError::Suite { encr, integ });
    assert_eq!(refused(|sa| sa.integ = None), suite(CBC.0, None));
    assert_eq!(
        refused(|sa| sa.encr = Encr::AesGcm128),
        suite(Encr::AesGcm128, CBC.1)
    );
    for change in [
        (|sa| sa.keys_in.encr = Secret::new(vec![1; 31])) as fn(&mut ChildSa),
        |sa| sa.keys_out.integ = Secret::default(),
        |sa| sa.encr = Encr::TripleDes,
        |sa| sa.integ = Some(Integ::HmacMd5_96),
    ] {
        assert!(matches!(refused(change), InstallError::Crypto(_)));
    }
}

#[test]
fn an_install_error_says_what_was_expected() {
    assert_eq!(
        InstallError::ReservedSpi { spi: 9 }.to_string(),
        "SPI 0x00000009: expected one above 255, which are reserved"
    );
}
