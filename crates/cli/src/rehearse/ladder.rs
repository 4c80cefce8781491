//! A ladder diagram of the IKE messages: who sent what, and what did not arrive.
//!
//! The first requests are all drawn, but for those without a payload, which ask whether the peer is
//! alive; of the rest those that make or end a Child SA or end an IKE SA, up to a bound; and each
//! with its response. Those that are not drawn are counted.

use super::Day;
use super::lives::clock;
use crossgate_rehearse::trace::{Content, IkeMessage, Packet};
use crossgate_rehearse::wan::Loss;
use crossgate_rehearse::{Entry, Happening, NodeId};
use crossgate_wire::ike::ExchangeType;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Messages that are drawn whatever they are, and in all.
const FIRST: usize = 30;
const MOST: usize = 300;

/// Between the two ends' lines, in characters.
const WIDTH: usize = 76;
const TIME: usize = 14;

pub fn draw(day: &Day<'_>) -> String {
    let [first, second] = day.names;
    let mut out = format!(
        "\n{:TIME$}{first}{second:>1$}\n",
        "",
        WIDTH + 2 - first.chars().count()
    );
    let lost = lost(day.entries());
    let (mut drawn, mut skipped) = (0, 0);
    let mut requests = BTreeSet::new();
    for entry in day.entries() {
        let Happening::Sent { from, packet } = &entry.what else {
            continue;
        };
        let Content::Ike(message) = &packet.content else {
            continue;
        };
        let header = &message.header;
        let request = (header.initiator_spi, header.message_id);
        let is_drawn = match header.flags.response() {
            true => requests.remove(&(request, 1 - from.0.min(1))),
            false => is_drawn(message, drawn),
        };
        if !is_drawn {
            skipped += 1;
            continue;
        }
        if !header.flags.response() {
            requests.insert((request, from.0));
        }
        tell_skipped(&mut out, &mut skipped);
        drawn += 1;
        let text = text(message, packet);
        let arrow = arrow(*from, &text, lost.get(&packet.number).copied());
        writeln!(out, "{:TIME$}{arrow}", clock(entry.at)).ok();
    }
    tell_skipped(&mut out, &mut skipped);
    out.push('\n');
    out
}

fn tell_skipped(out: &mut String, skipped: &mut usize) {
    match *skipped {
        0 => {}
        1 => {
            writeln!(out, "{:TIME$}:  1 message", "").ok();
        }
        count => {
            writeln!(out, "{:TIME$}:  {count} messages", "").ok();
        }
    }
    *skipped = 0;
}

fn is_drawn(message: &IkeMessage, drawn: usize) -> bool {
    if drawn >= MOST || message.payloads.is_empty() {
        return false;
    }
    let exchange = message.header.exchange;
    drawn < FIRST
        || exchange == ExchangeType::CREATE_CHILD_SA
        || exchange == ExchangeType::INFORMATIONAL
}

/// Packets that did not arrive, and why.
fn lost<'a>(entries: impl Iterator<Item = &'a Entry>) -> BTreeMap<u64, Loss> {
    let lost = entries.filter_map(|entry| match entry.what {
        Happening::Lost { number, why } => Some((number, why)),
        _ => None,
    });
    lost.collect()
}

/// `IKE_AUTH request 1 {IDi, AUTH, SA, TSi, TSr}`.
fn text(message: &IkeMessage, packet: &Packet) -> String {
    let header = &message.header;
    let kind = if header.flags.response() {
        "response"
    } else {
        "request"
    };
    let fragment = message
        .fragment
        .map(|(number, total)| format!(", fragment {number} of {total}"));
    let port = if packet.from.port() == 4500 {
        ", UDP 4500"
    } else {
        ""
    };
    format!(
        "{} {kind} {} {{{}}}{}{port}",
        header.exchange,
        header.message_id,
        message.payloads.join(", "),
        fragment.unwrap_or_default(),
    )
}

/// As many lines as the text needs; the arrow is on the last.
fn arrow(from: NodeId, text: &str, lost: Option<Loss>) -> String {
    let to_the_right = from == NodeId(0);
    let lines = super::output::folded(text, WIDTH - 12);
    let mut out = String::new();
    for (index, line) in lines.iter().enumerate() {
        let last = index + 1 == lines.len();
        if !last {
            let row = if to_the_right {
                format!("|    {line:<0$}|", WIDTH - 4)
            } else {
                format!("|{line:>0$}    |", WIDTH - 4)
            };
            write!(out, "{row}\n{:TIME$}", "").ok();
            continue;
        }
        let room = WIDTH - 6 - line.chars().count();
        let shaft = "-".repeat(room);
        let row = match (to_the_right, lost) {
            (true, None) => format!("|--- {line} {shaft}>|"),
            (false, None) => format!("|<{shaft} {line} ---|"),
            (true, Some(_)) => format!(
                "|--- {line} {}X{}|",
                "-".repeat(room / 2),
                " ".repeat(room - room / 2)
            ),
            (false, Some(_)) => format!(
                "|{}X{} {line} ---|",
                " ".repeat(room - room / 2),
                "-".repeat(room / 2)
            ),
        };
        out.push_str(&row);
        if let Some(why) = lost {
            write!(out, " {why}").ok();
        }
    }
    out
}
