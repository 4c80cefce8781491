//! A run as text and as JSON.

use super::Day;
use super::account::length;
use super::lives::clock;
use super::story::{Row, Story};
use crate::check::judge::{Judged, in_their_names};
use crossgate_diag::{Finding, Severity};
use crossgate_model::{Time, Verdict};
use crossgate_rehearse::scenario::{Start, Traffic};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// A terminal of so many columns shows both ends side by side.
const WIDE: usize = 120;
/// `hh:mm:ss.mmm` and two blanks.
const TIME: usize = 14;
const LABEL: usize = 16;

/// All that is told of one run.
pub struct Report<'a> {
    pub judged: &'a Judged,
    pub day: &'a Day<'a>,
    pub assumptions: &'a [String],
    /// What becomes of the pair, where only this start failed.
    pub otherwise: Option<Verdict>,
}

impl Report<'_> {
    /// What was run, the timeline, and the totals.
    pub fn text(&self, columns: Option<usize>) -> String {
        let story = Story::of(self.day);
        let mut out = self.head();
        out.push('\n');
        match columns.filter(|columns| *columns >= WIDE) {
            Some(columns) => out.push_str(&side_by_side(self.day.names, &story, columns)),
            None => out.push_str(&one_below_the_other(self.day.names, &story, columns)),
        }
        for repeated in &story.repeated {
            let (times, text) = (repeated.times, &repeated.text);
            let times = if times == 1 {
                "once".into()
            } else {
                format!("{times} times")
            };
            writeln!(
                out,
                "{times} more, the last at {}: {text}",
                clock(repeated.last)
            )
            .ok();
        }
        out.push('\n');
        out + &self.totals()
    }

    fn head(&self) -> String {
        let mut out = String::new();
        for (file, name) in self.judged.files.iter().zip(self.day.names) {
            let path = file.path.display();
            writeln!(out, "{name}: {path} ({})", file.gateway.behaviour.name).ok();
        }
        let assumptions = self.assumptions.iter();
        for assumption in assumptions.map(|a| in_their_names(a, self.day.names)) {
            writeln!(out, "assumed {assumption}").ok();
        }
        writeln!(out, "{}", self.scenario()).ok();
        out
    }

    fn scenario(&self) -> String {
        let scenario = &self.day.scenario;
        let start = match scenario.start {
            Start::Files => "each end starts as its file says".into(),
            Start::Only(end) => format!("{} starts", self.day.names[end as usize]),
            Start::Both => "both start".into(),
        };
        let traffic = match scenario.traffic {
            Traffic::None => "no traffic",
            Traffic::Constant => "a packet a second each way",
            Traffic::RequestAnswer => "a ping a second each way",
            Traffic::Bursts => "20 pings a minute each way",
        };
        let hours = scenario.lasts.as_secs() / 3600;
        let mut text = format!("{hours} h, {start}, {traffic}, seed {}", scenario.seed);
        if scenario.way.loss > 0 {
            write!(
                text,
                ", {} % of packets lost",
                f64::from(scenario.way.loss) / 1e4
            )
            .ok();
        }
        write!(text, ", delay {:?}", scenario.way.delay).ok();
        if !scenario.way.jitter.is_zero() {
            write!(text, " ± {:?}", scenario.way.jitter).ok();
        }
        if let Some(end) = scenario.nat {
            write!(text, ", a NAT before {}", self.day.names[end as usize]).ok();
        }
        text
    }

    fn totals(&self) -> String {
        let account = &self.day.account;
        let totals = &self.day.world.trace().totals;
        let mut out = String::new();
        let mut line = |label: &str, text: String| {
            writeln!(out, "{label:LABEL$}{text}").ok();
        };
        let (sent, arrived) = (totals.pings_sent, totals.pings_arrived);
        line(
            "hosts' packets",
            match sent.saturating_sub(arrived + totals.pings_lost) {
                0 => format!("{sent} sent, {arrived} arrived, {} lost", totals.pings_lost),
                rest => format!(
                    "{sent} sent, {arrived} arrived, {} lost, {rest} under way at the end",
                    totals.pings_lost
                ),
            },
        );
        line(
            "WAN",
            format!(
                "{} ESP packets and {} IKE messages, {} lost on the way; {} packets in the clear",
                totals.esp_packets, totals.ike_messages, totals.lost_on_the_way, account.plaintext
            ),
        );
        line(
            "SAs made",
            format!(
                "{}, {}; {} leaked",
                counted(account.ike_sas, "IKE SA", "IKE SAs"),
                counted(account.child_sas, "pair of Child SAs", "pairs of Child SAs"),
                account.leaked
            ),
        );
        line("without tunnel", self.without_tunnel());
        for (reason, count) in &totals.drops {
            let count = usize::try_from(*count).unwrap_or(usize::MAX);
            let count = counted(count, "packet", "packets");
            line("dropped", format!("{count}: {reason}"));
        }
        for violation in &account.violations {
            line(
                "violated",
                format!(
                    "{} at {}: {}",
                    violation.name,
                    clock(violation.at),
                    violation.what
                ),
            );
        }
        out
    }

    fn without_tunnel(&self) -> String {
        let account = &self.day.account;
        match (account.up, account.outages.len()) {
            (None, _) => "the whole time".into(),
            (Some(up), 0) => format!("at no time since it came up at {}", clock(up)),
            (Some(_), 1) => format!("{}, once", length(account.without_tunnel())),
            (Some(_), times) => format!("{}, in {times} outages", length(account.without_tunnel())),
        }
    }

    /// What `check` knows of the causes, and the verdict as the last line.
    pub fn closing(&self) -> String {
        let mut out = String::new();
        for finding in self.causes() {
            let (code, title) = (finding.code, &finding.title);
            writeln!(
                out,
                "check finds {}[{code}]: {title}",
                finding.severity.word()
            )
            .ok();
        }
        writeln!(
            out,
            "verdict: {}{}",
            self.verdict(),
            codes(&self.day.account.codes)
        )
        .ok();
        out
    }

    /// Errors in the files, where the tunnel did not serve.
    fn causes(&self) -> Vec<&Finding> {
        if self.day.account.serves() {
            return Vec::new();
        }
        let findings = self.judged.findings.iter();
        let mut told = BTreeSet::new();
        findings
            .filter(|f| f.severity == Severity::Error && told.insert((f.code, &f.title)))
            .collect()
    }

    fn verdict(&self) -> String {
        let account = &self.day.account;
        let verdict = self.otherwise.unwrap_or(account.verdict);
        let mut text = verdict.sentence(self.day.names).to_string();
        if verdict.is_good() && !account.outages.is_empty() {
            let lasts = length(account.without_tunnel());
            write!(text, ", but is without a tunnel for {lasts}").ok();
        }
        let violated: BTreeSet<&str> = account.violations.iter().map(|v| v.name).collect();
        if !violated.is_empty() {
            let names: Vec<&str> = violated.into_iter().collect();
            write!(text, ", but violates {}", names.join(", ")).ok();
        }
        text
    }

    pub fn json(&self) -> String {
        let (day, account) = (self.day, &self.day.account);
        let story = Story::of(day);
        let totals = &day.world.trace().totals;
        let causes = self.causes();
        let value = json!({
            "verdict": self.verdict(),
            "serves": account.serves(),
            "codes": account.codes,
            "check": causes.iter().map(|f| json!({ "code": f.code, "title": f.title })).collect::<Vec<_>>(),
            "scenario": {
                "hours": day.scenario.lasts.as_secs_f64() / 3600.0,
                "seed": day.scenario.seed,
                "events": day.scenario.disturbances.iter().map(|p| p.text(&day.names)).collect::<Vec<_>>(),
            },
            "assumptions": self.assumptions.iter().map(|a| in_their_names(a, day.names)).collect::<Vec<_>>(),
            "totals": {
                "up_at_seconds": account.up.map(seconds),
                "packets_sent": totals.pings_sent,
                "packets_arrived": totals.pings_arrived,
                "packets_lost": totals.pings_lost,
                "seconds_without_tunnel": account.without_tunnel().as_secs_f64(),
                "ike_sas": account.ike_sas,
                "child_sas": account.child_sas,
                "leaked_sas": account.leaked,
                "plaintext_packets": account.plaintext,
                "esp_packets": totals.esp_packets,
                "ike_messages": totals.ike_messages,
                "lost_on_the_way": totals.lost_on_the_way,
                "drops": totals.drops,
            },
            "outages": account.outages.iter().map(|o| json!({
                "from": seconds(o.from),
                "to": seconds(o.to),
                "packets_lost": o.packets_lost,
                "occasion": o.occasion,
            })).collect::<Vec<_>>(),
            "timeline": story.rows.iter().map(|row| row_json(row, day.names)).collect::<Vec<_>>(),
            "repeated": story.repeated.iter().map(|r| json!({
                "text": r.text,
                "times": r.times,
                "last": seconds(r.last),
            })).collect::<Vec<_>>(),
            "violations": account.violations.iter().map(|v| json!({
                "name": v.name,
                "at": seconds(v.at),
                "what": v.what,
            })).collect::<Vec<_>>(),
        });
        format!("{value:#}\n")
    }
}

fn seconds(at: Time) -> f64 {
    at.since_start().as_secs_f64()
}

fn row_json(row: &Row, names: [&str; 2]) -> Value {
    let ends: serde_json::Map<String, Value> = names
        .iter()
        .zip(&row.views)
        .filter_map(|(name, view)| {
            let view = view.as_ref()?;
            Some((
                (*name).to_owned(),
                json!({ "at": seconds(view.at), "text": view.text }),
            ))
        })
        .collect();
    json!({ "at": seconds(row.at), "code": row.code, "text": row.text, "ends": ends })
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

fn codes(codes: &[&str]) -> String {
    match codes {
        [] => String::new(),
        codes => format!(" [{}]", codes.join(", ")),
    }
}

/// Of a pair of files that mean no tunnel with each other.
pub fn without_a_tunnel(judged: &Judged, sentence: &str, as_json: bool) -> String {
    let names = judged.pair_of_names().unwrap_or_default();
    let verdict = Verdict::NeverComesUp.sentence(names);
    let code = "no-tunnel-meant";
    if as_json {
        let value = json!({
            "verdict": verdict.to_string(),
            "serves": false,
            "codes": [code],
            "reason": sentence,
        });
        return format!("{value:#}\n");
    }
    format!("there is nothing to rehearse: {sentence}\nverdict: {verdict} [{code}]\n")
}

fn one_below_the_other(names: [&str; 2], story: &Story, columns: Option<usize>) -> String {
    let mut out = String::new();
    for row in &story.rows {
        let text = format!("{}{}", row.text, only_at(row, names));
        let width = columns.map_or(usize::MAX, |columns| columns.saturating_sub(TIME).max(20));
        for (index, line) in folded(&text, width).iter().enumerate() {
            let time = if index == 0 {
                clock(row.at)
            } else {
                String::new()
            };
            writeln!(out, "{time:TIME$}{line}").ok();
        }
    }
    out
}

/// An SA that the other end never spoke of.
fn only_at(row: &Row, names: [&str; 2]) -> String {
    let alone = match &row.views {
        [Some(_), None] => names[0],
        [None, Some(_)] => names[1],
        _ => return String::new(),
    };
    match row.code {
        "ike-sa-established" | "child-sa-installed" | "ike-sa-rekeyed" | "child-sa-rekeyed" => {
            format!(" (only at {alone})")
        }
        _ => String::new(),
    }
}

/// Each end's own words in a column of its own.
fn side_by_side(names: [&str; 2], story: &Story, columns: usize) -> String {
    let width = (columns - TIME - 3) / 2;
    let mut out = format!("{:TIME$}{:width$}   {}\n", "", names[0], names[1]);
    for row in &story.rows {
        let cells = match &row.views {
            [None, None] => {
                let lines = folded(&row.text, columns - TIME - 3);
                for (index, line) in lines.iter().enumerate() {
                    let time = if index == 0 {
                        clock(row.at)
                    } else {
                        String::new()
                    };
                    writeln!(out, "{time:TIME$}== {line}").ok();
                }
                continue;
            }
            views => views.each_ref().map(|view| {
                view.as_ref().map_or_else(Vec::new, |view| {
                    let after = view.at.since(row.at).as_secs_f64();
                    let late = if after > 0.0 {
                        format!("+{after:.3} s: ")
                    } else {
                        String::new()
                    };
                    folded(&format!("{late}{}", view.text), width)
                })
            }),
        };
        let [left, right] = &cells;
        for index in 0..left.len().max(right.len()) {
            let time = if index == 0 {
                clock(row.at)
            } else {
                String::new()
            };
            let cell = |lines: &[String]| lines.get(index).cloned().unwrap_or_default();
            let line = format!("{time:TIME$}{:width$}   {}", cell(left), cell(right));
            writeln!(out, "{}", line.trim_end()).ok();
        }
    }
    out
}

/// Words in lines of at most that width; a word that is longer is broken.
pub fn folded(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut room = width;
    for word in text.split(' ') {
        let mut rest: Vec<char> = word.chars().collect();
        if room < width && rest.len() + 1 > room {
            lines.push(String::new());
            room = width;
        }
        while let Some(line) = lines.last_mut() {
            if room < width {
                line.push(' ');
                room -= 1;
            }
            let taken = rest.len().min(room);
            line.extend(rest.drain(..taken));
            room -= taken;
            if rest.is_empty() {
                break;
            }
            lines.push(String::new());
            room = width;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::folded;

    #[test]
    fn lines_are_folded_at_blanks_and_long_words_are_broken() {
        assert_eq!(folded("one two three", 7), ["one two", "three"]);
        assert_eq!(folded("abcdefghij kl", 4), ["abcd", "efgh", "ij", "kl"]);
        assert_eq!(folded("", 4), [""]);
        assert_eq!(
            folded("as long as it may be", usize::MAX),
            ["as long as it may be"]
        );
    }
}
