//! Disturbances as a person writes them: `reboot branch at 2h for 3m`, `loss 5% from 10m to 20m`.

use super::{Disturbance, Filter, Planned, Who};
use crate::node::NodeId;
use crate::wan::MILLION;
use crossgate_model::End;
use std::fmt;
use std::time::Duration;

/// What a gateway that loses its power or reboots needs, where nothing is said.
const AWAY: Duration = Duration::from_secs(60);

/// Why a text is no disturbance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotUnderstood {
    text: String,
    expected: &'static str,
}

impl fmt::Display for NotUnderstood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.text.escape_debug();
        write!(f, "`{text}` is no event: expected {}", self.expected)
    }
}

impl std::error::Error for NotUnderstood {}

const FORMS: &str = "one of: loss 5%, duplicate 1%, reorder 10%, delay 40ms±10ms, mtu 1400, \
    block udp 500, block udp 4500, block esp, block fragments, link down, rebind nat, reboot END, \
    power-loss END, late END, clock END +1h, address END 192.0.2.1, commit END, flood END 1000/s, \
    rekey child END, rekey ike END; then `at 2h` or `from 10m`, and `to 20m` or `for 10m`";
const TIME: &str = "a time such as 90s, 1h5m or 250ms";
const NAME: &str = "the name of an end";
const SHARE: &str = "a share of 100, such as 5% or 0.5%";
const NUMBER: &str = "a number that fits";
const ADDRESS: &str = "an IPv4 address";

type Parsed<T> = Result<T, &'static str>;

impl Planned {
    /// `names` are the two ends' names; `first` and `second` always serve.
    pub fn parse(text: &str, names: &[&str]) -> Result<Self, NotUnderstood> {
        planned(text, names).map_err(|expected| NotUnderstood {
            text: text.to_owned(),
            expected,
        })
    }

    /// As [`Planned::parse`] reads it.
    pub fn text(&self, names: &[&str]) -> String {
        let what = self.what.text(names);
        let at = short(self.at);
        match self.lasts {
            Some(lasts) => format!("{what} at {at} for {}", short(lasts)),
            None => format!("{what} at {at}"),
        }
    }
}

fn planned(text: &str, names: &[&str]) -> Parsed<Planned> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_time = |word: &&str| matches!(*word, "at" | "from" | "to" | "until" | "for");
    let split = words.iter().position(is_time).unwrap_or(words.len());
    let (what, when) = words.split_at_checked(split).ok_or(FORMS)?;
    let what = disturbance(what, names)?;
    let (at, lasts) = times(when)?;
    let lasts = match what {
        _ if !what.lasts() => None,
        Disturbance::Reboot(_) | Disturbance::PowerLoss(_) => Some(lasts.unwrap_or(AWAY)),
        _ => lasts,
    };
    Ok(Planned { what, at, lasts })
}

fn times(words: &[&str]) -> Parsed<(Duration, Option<Duration>)> {
    let (mut at, mut until, mut lasts) = (Duration::ZERO, None, None);
    let mut rest = words;
    while let [key, value, more @ ..] = rest {
        let value = time(value)?;
        match *key {
            "at" | "from" => at = value,
            "to" | "until" => until = Some(value),
            "for" => lasts = Some(value),
            _ => return Err(FORMS),
        }
        rest = more;
    }
    if !rest.is_empty() {
        return Err(FORMS);
    }
    let until = match until {
        Some(until) => Some(until.checked_sub(at).ok_or("an end after its beginning")?),
        None => None,
    };
    Ok((at, until.or(lasts)))
}

fn disturbance(words: &[&str], names: &[&str]) -> Parsed<Disturbance> {
    use Disturbance as D;
    Ok(match *words {
        ["loss", share] => D::Loss(parts(share)?),
        ["duplicate", share] => D::Duplication(parts(share)?),
        ["reorder", share] => D::Reordering(parts(share)?),
        ["delay", text] => delay(text)?,
        ["mtu", octets] => D::Mtu(octets.parse().map_err(|_| NUMBER)?),
        ["block", "udp", "500"] => D::Block(Filter::Udp500),
        ["block", "udp", "4500"] => D::Block(Filter::Udp4500),
        ["block", "esp"] => D::Block(Filter::Esp),
        ["block", "fragments"] => D::Block(Filter::Fragments),
        ["link", "down"] => D::LinkDown,
        ["rebind", "nat"] => D::NatRebinding,
        ["reboot", end] => D::Reboot(node(end, names)?),
        // A late peer is one that is off at first: `late hq for 5m`.
        ["power-loss" | "late", end] => D::PowerLoss(node(end, names)?),
        ["clock", end, step] => clock(node(end, names)?, step)?,
        ["address", end, to] => D::Address {
            node: node(end, names)?,
            to: to.parse().map_err(|_| ADDRESS)?,
        },
        ["commit", end] => D::Commit(node(end, names)?),
        ["flood", end, rate] => D::Flood {
            node: node(end, names)?,
            per_second: rate
                .strip_suffix("/s")
                .and_then(|rate| rate.parse().ok())
                .ok_or(NUMBER)?,
        },
        ["rekey", "child", who] => D::RekeyChild(ends(who, names)?),
        ["rekey", "ike", who] => D::RekeyIke(ends(who, names)?),
        _ => return Err(FORMS),
    })
}

fn delay(text: &str) -> Parsed<Disturbance> {
    let halves = text.split_once('±').or_else(|| text.split_once("+-"));
    let (delay, jitter) = match halves {
        Some((delay, jitter)) => (time(delay)?, time(jitter)?),
        None => (time(text)?, Duration::ZERO),
    };
    Ok(Disturbance::Delay { delay, jitter })
}

fn clock(node: NodeId, step: &str) -> Parsed<Disturbance> {
    let (forwards, by) = match (step.strip_prefix('+'), step.strip_prefix('-')) {
        (Some(by), _) => (true, by),
        (_, Some(by)) => (false, by),
        _ => return Err("a step such as +1h or -30s"),
    };
    Ok(Disturbance::ClockStep {
        node,
        forwards,
        by: time(by)?,
    })
}

fn ends(word: &str, names: &[&str]) -> Parsed<Who> {
    match word {
        "both" => Ok(Who::Both),
        _ => Ok(Who::One(node(word, names)?)),
    }
}

fn node(word: &str, names: &[&str]) -> Parsed<NodeId> {
    let named = names.iter().position(|name| name == &word);
    let index = named.and_then(|index| u16::try_from(index).ok());
    match (index, word) {
        (Some(index), _) => Ok(NodeId(index)),
        (None, "first") => Ok(End::First.into()),
        (None, "second") => Ok(End::Second.into()),
        _ => Err(NAME),
    }
}

/// Parts of a million, exactly.
fn parts(share: &str) -> Parsed<u32> {
    let digits = share.strip_suffix('%').ok_or(SHARE)?;
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if fraction.len() > 4 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return Err(SHARE);
    }
    let whole: u32 = whole.parse().map_err(|_| SHARE)?;
    let fraction: u32 = format!("{fraction:0<4}").parse().map_err(|_| SHARE)?;
    let parts = whole.saturating_mul(10_000).saturating_add(fraction);
    (parts <= MILLION).then_some(parts).ok_or(SHARE)
}

/// `1h5m`, `90s`, `250ms`; a bare number is seconds.
pub(crate) fn time(text: &str) -> Parsed<Duration> {
    const UNITS: [(&str, u64); 5] = [
        ("ms", 1),
        ("d", 86_400_000),
        ("h", 3_600_000),
        ("m", 60_000),
        ("s", 1000),
    ];
    let (mut rest, mut total) = (text, Duration::ZERO);
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, after) = rest.split_at_checked(digits).ok_or(TIME)?;
        let number: u64 = number.parse().map_err(|_| TIME)?;
        let unit = UNITS.iter().find(|(unit, _)| after.starts_with(unit));
        let (length, millis) = match unit {
            Some((unit, millis)) => (unit.len(), *millis),
            None if after.is_empty() => (0, 1000),
            None => return Err(TIME),
        };
        total += Duration::from_millis(number.checked_mul(millis).ok_or(TIME)?);
        rest = after.get(length..).unwrap_or_default();
    }
    (!text.is_empty()).then_some(total).ok_or(TIME)
}

/// The shortest text that [`time`] reads so.
fn short(time: Duration) -> String {
    let (mut millis, mut text) = (time.as_millis(), String::new());
    for (unit, length) in [("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)] {
        if millis >= length {
            text += &format!("{}{unit}", millis / length);
            millis %= length;
        }
    }
    if text.is_empty() { "0s".into() } else { text }
}

impl Disturbance {
    /// As [`Planned::parse`] reads it.
    pub fn text(&self, names: &[&str]) -> String {
        let name = |node: NodeId| names.get(node.index()).copied().unwrap_or("?");
        let who = |who: &Who| match who {
            Who::One(node) => name(*node).to_owned(),
            Who::Both => "both".to_owned(),
        };
        match self {
            Self::Loss(parts) => format!("loss {}", percent(*parts)),
            Self::Duplication(parts) => format!("duplicate {}", percent(*parts)),
            Self::Reordering(parts) => format!("reorder {}", percent(*parts)),
            Self::Delay { delay, jitter } => format!("delay {}±{}", short(*delay), short(*jitter)),
            Self::Mtu(mtu) => format!("mtu {mtu}"),
            Self::Block(Filter::Udp500) => "block udp 500".into(),
            Self::Block(Filter::Udp4500) => "block udp 4500".into(),
            Self::Block(Filter::Esp) => "block esp".into(),
            Self::Block(Filter::Fragments) => "block fragments".into(),
            Self::LinkDown => "link down".into(),
            Self::NatRebinding => "rebind nat".into(),
            Self::Reboot(node) => format!("reboot {}", name(*node)),
            Self::PowerLoss(node) => format!("power-loss {}", name(*node)),
            Self::ClockStep { node, forwards, by } => {
                let sign = if *forwards { '+' } else { '-' };
                format!("clock {} {sign}{}", name(*node), short(*by))
            }
            Self::Address { node, to } => format!("address {} {to}", name(*node)),
            Self::Commit(node) => format!("commit {}", name(*node)),
            Self::Flood { node, per_second } => format!("flood {} {per_second}/s", name(*node)),
            Self::RekeyChild(which) => format!("rekey child {}", who(which)),
            Self::RekeyIke(which) => format!("rekey ike {}", who(which)),
        }
    }
}

fn percent(parts: u32) -> String {
    let (whole, rest) = (parts / 10_000, parts % 10_000);
    match rest {
        0 => format!("{whole}%"),
        rest => format!("{whole}.{}%", format!("{rest:04}").trim_end_matches('0')),
    }
}
