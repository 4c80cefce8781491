//! As many times the tunnels, as many times the work, and not the square of it: what is quadratic
//! goes unnoticed in the files of examples and takes minutes in a hub's.
//!
//! Work is the processor's time of this thread, so that other programs don't
//! matter much; the least of several runs is taken.

mod hub;

use crate::support::{Pair, Read};
use crossgate_check::{Options, judge_pair};
use crossgate_diag::{Finding, Look, Sources, Span, to_text};
use crossgate_model::Verdict;
use hub::{Hub, branches, headquarters};
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// Tunnels of the smaller file; the larger has [`TIMES`] as many.
const TUNNELS: usize = 40;
/// Of what a file may have more than tunnels.
const THINGS: usize = 1000;
/// What is too short to be measured is done so many times.
const OFTEN: usize = 20;
const TIMES: usize = 4;

/// Between [`TIMES`], if all is linear, and its square, if anything quadratic prevails.
const MOST: f64 = 11.0;

/// How long this thread has run.
fn spent() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

fn work(of: &impl Fn()) -> Duration {
    let run = || {
        let began = spent();
        of();
        spent() - began
    };
    (0..3).map(|_| run()).min().expect("a run")
}

/// How many times the work is done for [`TIMES`] as many of something as `few`.
fn grows<F: Fn()>(what: &str, few: usize, of: impl Fn(usize) -> F) {
    let (few, many) = (of(few), of(few * TIMES));
    few();
    // A neighbour on the machine costs caches, now and then: what is quadratic is so each time.
    let ratio = || work(&many).div_duration_f64(work(&few));
    let ratio = (0..4)
        .map(|_| ratio())
        .find(|ratio| *ratio < MOST)
        .unwrap_or_else(ratio);
    assert!(
        ratio < MOST,
        "{what}: {TIMES} times as many take {ratio:.1} times the work"
    );
}

fn read(name: &'static str, text: fn(Hub) -> String) {
    grows(name, TUNNELS, |tunnels| {
        let text = text(Hub { tunnels, wrong: 0 });
        move || {
            let read = Read::new(&mut Sources::new(), name, &text).expect("a configuration");
            assert_eq!(read.gateway.connections.len(), tunnels, "{name}");
        }
    });
}

#[test]
fn reading_takes_time_in_proportion_to_the_tunnels() {
    read("branch.cfg", branches);
    read("hq.set", headquarters);
}

#[test]
fn judging_and_mending_take_time_in_proportion_to_the_tunnels() {
    grows("judging", TUNNELS, |tunnels| {
        let wrong = 5;
        let hub = Hub { tunnels, wrong };
        let files = [("branch.cfg", branches(hub)), ("hq.set", headquarters(hub))];
        let files = files.map(|(name, text)| (name.to_owned(), text));
        move || {
            let files = files.clone();
            let judged = Pair { files }.judged(Options::default()).expect("a pair");
            let found = judged.of_code("pfs-one-sided");
            assert_eq!(found.len(), tunnels / wrong);
            assert!(found.iter().all(|finding| finding.fixes.len() == 2));
        }
    });
}

/// Interfaces and routes that no tunnel uses: each way of a packet is looked for among them.
#[test]
fn judging_takes_time_in_proportion_to_the_interfaces_and_routes() {
    grows("interfaces", THINGS, |interfaces| {
        let mut pair = Pair::of("site-to-site").expect("an example");
        let more = (0..interfaces).map(|n| {
            let (a, b) = (n / 256, n % 256);
            format!(
                "interface GigabitEthernet0/1/{n}\n ip address 20.{a}.{b}.1 255.255.255.0\n!\n\
                 ip route 21.{a}.{b}.0 255.255.255.0 203.0.113.1\n"
            )
        });
        let [(_, branch), _] = &mut pair.files;
        *branch = branch.replace("end\n", &(more.collect::<String>() + "end\n"));
        let mut sources = Sources::new();
        let sides = pair.files.map(|(name, text)| {
            let read = Read::new(&mut sources, &name, &text).expect("a configuration");
            (name, read)
        });
        let [(_, branch), _] = &sides;
        assert!(branch.gateway.interfaces.len() > interfaces);
        assert!(branch.gateway.routes.len() > interfaces);
        move || {
            let sides = sides.each_ref().map(|(name, read)| read.side(name));
            for _ in 0..OFTEN {
                let report = judge_pair(&sources, sides, Options::default());
                assert_eq!(report.verdict, Some(Verdict::ComesUp));
            }
        }
    });
}

/// A key on each line, and a finding about the first and the last.
#[test]
fn telling_takes_time_in_proportion_to_the_lines_between_two_places() {
    grows("telling", THINGS, |lines| {
        let line = "a key of 0123456789abcdef\n";
        let mut sources = Sources::new();
        let file = sources.add("keys.cfg", line.repeat(lines));
        let key = |at: usize| Span::new(file, at * line.len() + 9..(at + 1) * line.len() - 1);
        (0..lines).for_each(|at| sources.redact(key(at)));
        let finding = Finding::warning("a-code", "two keys").at(key(0), "the first");
        let finding = [finding.at(key(lines - 1), "the last")];
        move || {
            for _ in 0..OFTEN * 10 {
                let text = to_text(&sources, &finding, Look::PLAIN);
                assert_eq!(
                    text.matches("a key of ****************\n").count(),
                    2,
                    "{text}"
                );
            }
        }
    });
}
