//! What a tunnel does when its world is disturbed.

use crate::door::*;
use crossgate_model::view::IkeState;
use crossgate_model::{End, EventKind, Time};
use crossgate_rehearse::scenario::{Scenario, Start, Traffic};
use crossgate_rehearse::trace::Content;
use crossgate_rehearse::{Detail, Happening, NodeId, World};
use std::time::Duration;

fn codes(world: &World, end: End) -> Vec<&'static str> {
    let events = world.trace().events();
    let mine = events.filter(|(_, node, _)| *node == NodeId::from(end));
    mine.map(|(_, _, event)| event.kind.code()).collect()
}

/// Nothing is violated, and whatever was sent from then on has arrived.
fn serves_from(scenario: Scenario, from: u64) -> World {
    let mut world = World::new(network(&pair("site-to-site")), scenario, Detail::MESSAGES);
    world.expect_service(Time::START + Duration::from_secs(from));
    world.run();
    world.finish();
    assert_eq!(world.violations(), [], "{}", tail(&world));
    assert!(world.trace().totals.pings_answered > 0);
    world
}

fn tail(world: &World) -> String {
    let text = world.trace().text(&NAMES);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(60)..].join("\n")
}

#[test]
fn a_quiet_working_day_loses_nothing() {
    let mut day = scenario(9, 1, &[]);
    day.traffic = Traffic::Bursts;
    let world = serves_from(day, 0);
    let totals = &world.trace().totals;
    assert_eq!(totals.pings_lost, 0, "{totals:?}");
    // Twenty a minute, both ways.
    assert_eq!(totals.pings_answered, 2 * 20 * 9 * 60, "{totals:?}");
    assert!(codes(&world, End::First).contains(&"ike-sa-rekeyed"));
}

#[test]
fn an_orderly_reboot_is_an_outage_of_its_own_length() {
    let world = serves_from(scenario(1, 1, &["reboot branch at 10m for 1m"]), 662);
    let lost = world
        .trace()
        .entries
        .iter()
        .filter_map(|entry| match entry.what {
            Happening::PingLost { sent, .. } => Some(sent.since_start().as_secs()),
            _ => None,
        });
    let lost: Vec<u64> = lost.collect();
    assert!(lost.iter().all(|at| (599..=662).contains(at)), "{lost:?}");
    assert!(lost.len() >= 50, "{lost:?}");
}

#[test]
fn an_end_that_lost_its_power_is_served_again_when_it_is_back() {
    let world = serves_from(scenario(1, 1, &["power-loss hq at 10m for 30s"]), 700);
    assert!(codes(&world, End::Second).contains(&"ike-sa-established"));
}

#[test]
fn a_third_of_all_packets_may_be_lost() {
    let lossy = scenario(2, 5, &["loss 30% from 0s to 1h30m"]);
    let world = serves_from(lossy, 5400 + 60);
    assert!(codes(&world, End::First).contains(&"retransmitted"));
    let totals = &world.trace().totals;
    // Half of the round trips, or nearly so.
    assert!(totals.pings_answered > totals.pings_sent / 3, "{totals:?}");
}

#[test]
fn a_nat_that_forgets_is_followed() {
    let mut scenario = scenario(1, 1, &["rebind nat at 20m"]);
    scenario.nat = Some(End::First);
    scenario.start = Start::Only(End::First);
    let world = serves_from(scenario, 1205);
    let moved = world.trace().events().any(|(_, node, event)| {
        node == NodeId::from(End::Second) && matches!(event.kind, EventKind::PeerMoved { .. })
    });
    assert!(moved, "{}", tail(&world));
}

#[test]
fn without_udp_500_nothing_comes_up_and_nothing_leaks() {
    let mut blocked = scenario(1, 1, &["block udp 500 at 0s"]);
    blocked.disturbances.retain(|d| d.lasts.is_none());
    let world = run(blocked, Detail::EVENTS);
    assert_eq!(world.violations(), []);
    assert_eq!(world.trace().totals.sas_installed, 0);
    assert_eq!(world.trace().totals.pings_arrived, 0);
}

#[test]
fn ends_that_rekey_together_lose_nothing() {
    let events = ["rekey child both at 10m", "rekey ike both at 20m"];
    let world = serves_from(scenario(1, 2, &events), 0);
    assert!(
        codes(&world, End::First).contains(&"collision-resolved"),
        "{}",
        tail(&world)
    );
    for end in End::BOTH {
        let views = world.connections(end.into());
        let states: Vec<_> = views
            .iter()
            .flat_map(|c| &c.ike_sas)
            .map(|sa| sa.state)
            .collect();
        assert_eq!(states, [IkeState::Established]);
    }
}

#[test]
fn a_flood_of_invented_requests_is_survived() {
    let world = serves_from(scenario(1, 1, &["flood hq 500/s at 10m for 20s"]), 0);
    let counters = world.counters(End::Second.into());
    assert!(counters.contains_key("cookie-required"), "{counters:?}");
}

/// Who begins during a flood is asked for a cookie, and gets in with it (RFC 7296 §2.6); what it
/// lost before it was off is the other end's to give up by its INITIAL_CONTACT (§2.4).
#[test]
fn an_end_that_lost_its_power_comes_back_during_a_flood() {
    let events = [
        "flood hq 500/s at 10m for 40s",
        "power-loss branch at 10m5s for 5s",
    ];
    for seed in 1..4 {
        let world = serves_from(scenario(1, seed, &events), 615);
        let up = world.trace().events().filter(|(_, node, event)| {
            let is_branch = *node == NodeId::from(End::First);
            is_branch && matches!(event.kind, EventKind::IkeEstablished { .. })
        });
        let up: Vec<u64> = up.map(|(at, ..)| at.since_start().as_secs()).collect();
        assert!(
            matches!(up[..], [0..60, 610..615]),
            "IKE SAs at {up:?}, seed {seed}\n{}",
            tail(&world)
        );
        let entries = world.trace().entries.iter();
        let cookies = entries.filter(|entry| is_cookie_of(&entry.what, End::First));
        assert_eq!(cookies.count(), 1, "{}", tail(&world));
    }
}

fn is_cookie_of(what: &Happening, end: End) -> bool {
    if let Happening::Sent { from, packet } = what
        && let Content::Ike(message) = &packet.content
    {
        return *from == end.into() && message.payloads.iter().any(|name| name == "N(COOKIE)");
    }
    false
}

#[test]
fn a_commit_that_changes_nothing_costs_nothing() {
    let world = serves_from(
        scenario(1, 1, &["commit branch at 10m", "commit hq at 20m"]),
        0,
    );
    assert_eq!(world.trace().totals.sas_installed, 4, "one rekey");
}

#[test]
fn without_traffic_nothing_but_liveness_is_said() {
    let mut idle = scenario(2, 1, &[]);
    idle.traffic = Traffic::None;
    idle.start = Start::Only(End::First);
    let world = run(idle, Detail::MESSAGES);
    let totals = &world.trace().totals;
    assert_eq!(totals.esp_packets, 0);
    // Liveness every ten seconds, asked by both ends at once, and answered.
    assert!((2700..3000).contains(&totals.ike_messages), "{totals:?}");
}
