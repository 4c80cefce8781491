//! `?`: what may come next.

use super::table::{COMMANDS, WORDS};
use super::words::{self, Reading, Token};
use super::{pipe, spoken};
use crossgate_model::operate::Reply;
use std::collections::BTreeMap;

/// The answer to a line that ends in a question mark, which is left off.
pub fn answer(asked: &str) -> Reply {
    if let (_, Some(_)) = pipe::split(asked) {
        return Reply::Print(listed(filters(asked)));
    }
    let mut words = spoken(asked);
    let half = if asked.ends_with(' ') { None } else { words.pop() };
    let Ok(readings) = words::follow(COMMANDS, &words) else {
        return Reply::Refused("% Unrecognized command\n".into());
    };
    match half {
        Some(half) => completions(&readings, half.text),
        None => Reply::Print(listed(continuations(&readings))),
    }
}

/// IOS puts the words that complete a half one on one line.
fn completions(readings: &[Reading<'_>], half: &str) -> Reply {
    let half = half.to_ascii_lowercase();
    let mut words: Vec<&str> = tokens(readings).map(|(_, token)| token.0).collect();
    words.retain(|word| word.starts_with(&half));
    words.sort_unstable();
    words.dedup();
    if words.is_empty() {
        return Reply::Refused("% Unrecognized command\n".into());
    }
    Reply::Print(format!("{}\n", words.join("  ")))
}

fn continuations(readings: &[Reading<'_>]) -> BTreeMap<&'static str, &'static str> {
    let mut rows = BTreeMap::new();
    for (reading, token) in tokens(readings) {
        rows.insert(shown(token), explained(reading, token));
    }
    if readings.iter().any(Reading::is_whole) {
        rows.insert("<cr>", "");
    }
    rows
}

fn tokens<'a, 't>(
    readings: &'a [Reading<'t>],
) -> impl Iterator<Item = (&'a Reading<'t>, Token)> {
    readings.iter().flat_map(|r| r.next_tokens().into_iter().map(move |token| (r, token)))
}

/// A value by its form.
fn shown(token: Token) -> &'static str {
    match token.value() {
        Some((_, "address")) => "A.B.C.D",
        Some((_, "interface")) => "Interface",
        Some((_, "source" | "word")) => "WORD",
        Some((_, range)) => range,
        None => token.0,
    }
}

/// A row speaks for its last word, the list of words for all others.
fn explained(reading: &Reading<'_>, token: Token) -> &'static str {
    if reading.ends_with(token) {
        return reading.row.help;
    }
    let name = token.value().map_or(token.0, |(name, _)| name);
    let found = WORDS.iter().find(|(word, _)| *word == name);
    found.map_or("", |(_, help)| help)
}

fn filters(asked: &str) -> BTreeMap<&'static str, &'static str> {
    let start = asked.rsplit(['|', ' ']).next().unwrap_or_default();
    pipe::keywords(start).into_iter().collect()
}

fn listed(rows: BTreeMap<&'static str, &'static str>) -> String {
    let width = rows.keys().map(|word| word.len()).max().unwrap_or_default();
    let line = |(word, help): (&str, &str)| {
        let line = format!("  {word:width$}  {help}");
        format!("{}\n", line.trim_end())
    };
    rows.into_iter().map(line).collect()
}
