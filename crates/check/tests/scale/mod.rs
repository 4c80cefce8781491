//! As many times the tunnels, as many times the work, and not the square of it: what is quadratic
//! goes unnoticed in the files of examples and takes minutes in a hub's.
//!
//! Work is the processor's time of this thread as Linux counts it, so that other programs don't
//! matter much; the least of several runs is taken.

mod hub;

use crate::support::{Pair, Read};
use crossgate_check::Options;
use crossgate_diag::Sources;
use hub::{Hub, branches, headquarters};

/// Tunnels of the smaller file; the larger has [`TIMES`] as many.
const TUNNELS: usize = 40;
const TIMES: usize = 4;

/// Between [`TIMES`], if all is linear, and its square, if anything quadratic prevails.
const MOST: f64 = 11.0;

/// Nanoseconds that this thread has run.
fn spent() -> u64 {
    let schedule = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    let spent = schedule.split_whitespace().next().expect("a number");
    spent.parse().expect("a number")
}

fn work(of: &impl Fn()) -> u64 {
    let run = || {
        let began = spent();
        of();
        spent() - began
    };
    (0..3).map(|_| run()).min().expect("a run")
}

/// How many times the work is done for [`TIMES`] as many tunnels.
fn grows<F: Fn()>(what: &str, of: impl Fn(usize) -> F) {
    let (few, many) = (of(TUNNELS), of(TUNNELS * TIMES));
    few();
    let ratio = work(&many) as f64 / work(&few) as f64;
    assert!(
        ratio < MOST,
        "{what}: {TIMES} times the tunnels take {ratio:.1} times the work"
    );
}

fn read(name: &'static str, text: fn(Hub) -> String) {
    grows(name, |tunnels| {
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
    grows("judging", |tunnels| {
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
