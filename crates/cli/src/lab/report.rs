//! What a person, and a program, is told of a lab.

use super::capture::Tally;
use super::node::LogLine;
use super::ping::Count;
use crossgate_gateway::terminal;
use serde::Serialize;
use serde_json::Value;
use std::io::Write;
use std::net::Ipv4Addr;
use std::time::Instant;

/// Steps with their times, on stderr, so that `--json` has stdout for itself.
pub struct Progress {
    began: Instant,
    colour: bool,
}

impl Progress {
    #[allow(clippy::disallowed_methods, reason = "a lab runs in real time")]
    pub fn start() -> Self {
        Self {
            began: Instant::now(),
            colour: terminal::stderr().colour,
        }
    }

    pub fn step(&self, name: &str, text: impl AsRef<str>) {
        let seconds = self.began.elapsed().as_secs_f64();
        let mut lines = text.as_ref().lines();
        let first = lines.next().unwrap_or_default();
        let (bold, plain) = if self.colour {
            ("\x1b[1m", "\x1b[0m")
        } else {
            ("", "")
        };
        let mut out = std::io::stderr();
        writeln!(out, "{seconds:6.2} s  {bold}{name:<9}{plain} {first}").ok();
        for line in lines {
            writeln!(out, "{:20}{line}", "").ok();
        }
    }
}

/// The object that `--json` prints.
#[derive(Debug, Serialize)]
pub struct Outcome {
    pub tunnel: &'static str,
    pub initiator: Option<&'static str>,
    pub setup_ms: Option<u64>,
    pub ping: Pings,
    pub wan: Tally,
    pub findings: Value,
}

#[derive(Debug, Default, Serialize)]
pub struct Pings {
    pub branch_to_hq: Count,
    pub hq_to_branch: Count,
    /// From which host to which nothing came back.
    #[serde(skip)]
    silent: Vec<(Ipv4Addr, Ipv4Addr)>,
}

impl Pings {
    /// Counts what two hosts, the branch's first, got back from each other.
    pub fn add(&mut self, (branch, hq): (Ipv4Addr, Ipv4Addr), there: Count, back: Count) {
        self.branch_to_hq += there;
        self.hq_to_branch += back;
        for (count, way) in [(there, (branch, hq)), (back, (hq, branch))] {
            self.silent.extend((count.received == 0).then_some(way));
        }
    }

    /// Each pair of hosts reached each other, whoever asked.
    fn both_ways(&self) -> bool {
        self.branch_to_hq.received > 0 && self.silent.is_empty()
    }
}

impl Outcome {
    /// Traffic passed both ways, and nothing in the clear.
    pub fn good(&self) -> bool {
        self.tunnel == "up"
            && self.ping.both_ways()
            && self.wan.esp_packets > 0
            && self.wan.plaintext_packets == 0
    }

    /// Why it is not good.
    pub fn complaint(&self) -> String {
        let mut complaints = Vec::new();
        if self.tunnel == "down" {
            complaints.push("the tunnel did not come up".to_owned());
        } else if self.wan.esp_packets == 0 {
            complaints.push("the tunnel is up, but no ESP packet crossed the WAN".to_owned());
        } else if let Some((from, to)) = self.ping.silent.first() {
            complaints.push(format!(
                "the tunnel is up, but {from} gets no answer from {to}"
            ));
        }
        match self.wan.plaintext_packets {
            0 => {}
            1 => complaints.push("1 packet crossed the WAN in the clear".to_owned()),
            plain => complaints.push(format!("{plain} packets crossed the WAN in the clear")),
        }
        complaints.join("; ")
    }
}

/// The failures of a log, each told once, in the order of their first time.
pub fn failures(lines: &[LogLine]) -> Vec<&LogLine> {
    let mut told: Vec<&LogLine> = Vec::new();
    for line in lines.iter().filter(|line| line.is_failure()) {
        if !told
            .iter()
            .any(|t| t.event() == line.event() && t.text() == line.text())
        {
            told.push(line);
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTS: [(Ipv4Addr, Ipv4Addr); 2] = [
        (Ipv4Addr::new(10, 1, 1, 2), Ipv4Addr::new(10, 2, 2, 2)),
        (Ipv4Addr::new(10, 1, 1, 2), Ipv4Addr::new(10, 2, 9, 9)),
    ];

    /// What came back of three requests from each pair of hosts: there and back.
    fn outcome(answers: &[(u32, u32)], esp_packets: u64, plaintext_packets: u64) -> Outcome {
        let count = |received| Count { sent: 3, received };
        let mut ping = Pings::default();
        for (hosts, &(there, back)) in HOSTS.into_iter().zip(answers) {
            ping.add(hosts, count(there), count(back));
        }
        Outcome {
            tunnel: if esp_packets > 0 { "up" } else { "down" },
            initiator: None,
            setup_ms: None,
            ping,
            wan: Tally {
                esp_packets,
                plaintext_packets,
            },
            findings: Value::Null,
        }
    }

    fn check(outcome: &Outcome, complaint: &str) {
        assert_eq!(outcome.good(), complaint.is_empty(), "{outcome:?}");
        assert_eq!(outcome.complaint(), complaint);
    }

    #[test]
    fn each_pair_of_hosts_must_reach_each_other() {
        check(&outcome(&[(3, 3), (3, 3)], 24, 0), "");
        check(
            &outcome(&[(3, 3), (3, 0)], 18, 0),
            "the tunnel is up, but 10.2.9.9 gets no answer from 10.1.1.2",
        );
    }

    #[test]
    fn a_tunnel_that_is_down_and_leaks_is_told_as_both() {
        check(
            &outcome(&[(0, 0)], 0, 1),
            "the tunnel did not come up; 1 packet crossed the WAN in the clear",
        );
    }
}
