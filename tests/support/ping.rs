//! Traffic from LAN to LAN.

use super::process::{Process, run, wait_until};
use super::world::{End, World};
use std::collections::BTreeSet;
use std::time::Duration;

/// Pings the other LAN's host, and tells how many of three were answered.
pub fn answered(world: &World, from: End) -> u32 {
    answered_with_size(world, from, 56)
}

/// The same with so many octets of data.
fn answered_with_size(world: &World, from: End, octets: u16) -> u32 {
    let target = from.other().host().to_string();
    let mut command = world.command(from.lan_node(), "sh");
    let line = format!("ping -n -c 3 -i 0.2 -W 1 -s {octets} {target} || true");
    received(&run(command.args(["-c", &line])))
}

#[track_caller]
pub fn assert_both_ways(world: &World) {
    for from in [End::A, End::B] {
        assert_eq!(answered(world, from), 3, "of three pings from end {from:?}");
    }
}

/// Waits for the first answer after a tunnel was away.
#[track_caller]
pub fn wait_for_answer(world: &World, from: End) {
    wait_until("an answer to a ping", Duration::from_secs(10), || {
        (answered(world, from) > 0).then_some(())
    });
}

/// The first ones may be lost while the path's MTU is being learnt.
#[track_caller]
pub fn wait_for_large_answer(world: &World, from: End, octets: u16) {
    let what = format!("all answers to pings of {octets} octets from end {from:?}");
    wait_until(&what, Duration::from_secs(10), || {
        (answered_with_size(world, from, octets) == 3).then_some(())
    });
}

/// A ping every 20 ms, to see whether something loses a packet.
pub struct Steady<'w>(Process<'w>);

/// Answers, more than may be under way.
const FURTHER: u32 = 10;
const PATIENCE: Duration = Duration::from_secs(10);

impl<'w> Steady<'w> {
    /// Through a tunnel that is up: what follows is to meet it under way.
    pub fn start(world: &'w World, from: End) -> Self {
        let target = from.other().host().to_string();
        let mut command = world.command(from.lan_node(), "ping");
        command.args(["-n", "-i", "0.02", &target]);
        let log = world
            .dir("ping")
            .join(format!("steady-{}.log", from.lan_node()));
        let steady = Self(Process::start(world, command, &log));
        let what = format!("the first answer of a steady ping from {from:?}");
        wait_until(&what, Duration::from_secs(10), || {
            (!sequence_numbers(&steady.0.printed()).is_empty()).then_some(())
        });
        steady
    }

    /// Ends it; nothing may be missing between the first request and answers that are still to come, so
    /// that an end of all answers is a loss too.
    pub fn stop_without_loss(mut self) {
        let last = |steady: &Self| sequence_numbers(&steady.0.printed()).last().copied();
        let after = last(&self).map_or(FURTHER, |last| last + FURTHER);
        wait_until("further answers of a steady ping", PATIENCE, || {
            (last(&self) >= Some(after)).then_some(())
        });
        self.0.signal("INT");
        self.0.wait(Duration::from_secs(2));
        let seen = sequence_numbers(&self.0.printed());
        let last = *seen.last().expect("at least one answer");
        let lost: Vec<u32> = (1..=last).filter(|number| !seen.contains(number)).collect();
        assert!(lost.is_empty(), "of {last} pings these were lost: {lost:?}");
    }
}

fn sequence_numbers(printed: &str) -> BTreeSet<u32> {
    printed
        .split_whitespace()
        .filter_map(|word| word.strip_prefix("icmp_seq=")?.parse().ok())
        .collect()
}

/// The second number of "3 packets transmitted, 2 received".
fn received(summary: &str) -> u32 {
    summary
        .lines()
        .find_map(|line| line.split_once(" packets transmitted, "))
        .and_then(|(_, rest)| rest.split(' ').next()?.parse().ok())
        .unwrap_or_else(|| panic!("no summary in ping's print: {summary}"))
}
