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
    let half = if asked.ends_with(' ') {
        None
    } else {
        words.pop()
    };
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

fn continuations(readings: &[Reading<'_>]) -> Vec<(String, &'static str)> {
    let words = tokens(readings).map(|(reading, token)| (shown(token), explained(reading, token)));
    let words: BTreeMap<String, &str> = words.collect();
    let mut rows: Vec<_> = words.into_iter().collect();
    if let Some(whole) = readings.iter().find(|reading| reading.is_whole()) {
        if whole.row.words.starts_with("show ") {
            rows.push(("|".into(), "Output modifiers"));
        }
        rows.push(("<cr>".into(), ""));
    }
    rows
}

fn tokens<'a, 't>(readings: &'a [Reading<'t>]) -> impl Iterator<Item = (&'a Reading<'t>, Token)> {
    readings
        .iter()
        .flat_map(|r| r.next_tokens().into_iter().map(move |token| (r, token)))
}

/// A value by its form.
fn shown(token: Token) -> String {
    match token.value() {
        Some((_, "address")) => "A.B.C.D".into(),
        Some((_, "interface")) => "Interface".into(),
        Some((_, "source" | "word")) => "WORD".into(),
        Some((_, range)) => format!("<{range}>"),
        None => token.0.to_owned(),
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

fn filters(asked: &str) -> Vec<(String, &'static str)> {
    let start = asked.rsplit(['|', ' ']).next().unwrap_or_default();
    let rows = pipe::keywords(start).into_iter();
    rows.map(|(word, help)| (word.to_owned(), help)).collect()
}

fn listed(rows: Vec<(String, &'static str)>) -> String {
    let width = rows
        .iter()
        .map(|(word, _)| word.len())
        .max()
        .unwrap_or_default();
    let line = |(word, help): (String, &str)| {
        let line = format!("  {word:width$}  {help}");
        format!("{}\n", line.trim_end())
    };
    rows.into_iter().map(line).collect()
}
