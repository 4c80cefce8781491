//! What a person, and a program, is told of a lab.

use super::capture::Tally;
use super::node::LogLine;
use super::ping::Count;
use serde::Serialize;
use serde_json::Value;
use std::io::{IsTerminal, Write};
use std::time::Instant;

/// Steps with their times, on stderr, so that `--json` has stdout for itself.
pub struct Progress {
    began: Instant,
    colour: bool,
}

impl Progress {
    #[allow(clippy::disallowed_methods, reason = "a lab runs in real time")]
    pub fn start() -> Self {
        let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self {
            began: Instant::now(),
            colour,
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

#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Pings {
    pub branch_to_hq: Count,
    pub hq_to_branch: Count,
}

impl Pings {
    pub fn both_ways(&self) -> bool {
        self.branch_to_hq.received > 0 && self.hq_to_branch.received > 0
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
        match (self.wan.plaintext_packets, self.tunnel) {
            (0, "down") => "the tunnel did not come up".into(),
            (0, _) if self.wan.esp_packets == 0 => "no ESP packet crossed the WAN".into(),
            (0, _) => "the tunnel is up, but traffic does not pass in both directions".into(),
            (plain, _) => format!("{plain} packets crossed the WAN in the clear"),
        }
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
