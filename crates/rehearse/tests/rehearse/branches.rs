//! Many branches and a hub, made of the site-to-site example. The benchmark has them too.

use crossgate_diag::Sources;
use crossgate_model::Gateway;
use crossgate_rehearse::Network;
use std::path::Path;
use std::time::Duration;

/// So many of them, a ping of each in every `pace`.
pub fn star(count: usize, pace: Duration) -> Network {
    let branch = example("branch.cfg");
    let branches: Vec<Gateway> = (0..count)
        .map(|index| read("branch.cfg", of_branch(&branch, index, "")))
        .collect();
    let hub = read("hub.set", hub_of(count));
    Network::star(&hub, &branches, pace).unwrap()
}

pub fn example(name: &str) -> String {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/site-to-site");
    std::fs::read_to_string(examples.join(name)).unwrap()
}

pub fn read(name: &str, text: String) -> Gateway {
    let mut sources = Sources::new();
    let id = sources.add(name, text);
    match name.ends_with(".cfg") {
        true => crossgate_ios::read(&mut sources, id).unwrap().gateway,
        false => crossgate_panos::read(&mut sources, id).unwrap().gateway,
    }
}

/// The text with that branch's addresses, and its names told apart by a suffix.
fn of_branch(text: &str, index: usize, suffix: &str) -> String {
    let (high, low) = (index / 250, index % 250 + 1);
    text.replace("203.0.113.", &format!("100.{}.{low}.", 64 + high))
        .replace("10.10.10.", &format!("10.{}.{low}.", 100 + high))
        .replace("tunnel.1", &format!("tunnel.{}", index + 1))
        .replace("branch", &format!("branch{suffix}"))
        .replace("keep-vpn-addresses", &format!("keep-vpn-addresses{suffix}"))
        .replace("lan-to-lan", &format!("lan-to-lan{suffix}"))
}

/// The hub's file: a line about the one branch becomes a line about each, and a list has them all.
fn hub_of(count: usize) -> String {
    let mut hub = String::new();
    for line in example("hq.set").lines() {
        let of_branches = ["branch", "tunnel.1", "keep-vpn", "10.10.10."];
        if line.contains('[') {
            let all: Vec<String> = (1..=count).map(|n| format!("tunnel.{n}")).collect();
            hub += &(line.replace("tunnel.1", &all.join(" ")) + "\n");
        } else if of_branches.iter().any(|word| line.contains(word)) {
            (0..count).for_each(|index| {
                hub += &(of_branch(line, index, &format!("-{index}")) + "\n");
            });
        } else {
            hub += &format!("{line}\n");
        }
    }
    hub
}
