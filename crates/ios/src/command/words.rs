//! Matching a line against the table, as IOS does: all meanings of an abbreviation are followed
//! until the rest of the line leaves one. A word typed in full means only itself.

use crate::names;
use crossgate_model::operate::{Reply, Station};
use std::net::IpAddr;

/// One row of the table.
pub struct Command {
    /// Words as typed in full; `<name:kind>` takes a value; what follows in braces may be left
    /// out, and its alternatives come in any order: `ping <destination:word> {repeat <count:1-9>}`.
    pub words: &'static str,
    pub help: &'static str,
    /// Fails with the name of a value that can't be.
    pub run: fn(&Arguments, &Station<'_>) -> Result<Reply, &'static str>,
}

/// Where something stands in the line, in characters from its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column(pub usize);

/// Why a line is no command.
#[derive(Debug, PartialEq, Eq)]
pub enum Miss {
    Ambiguous,
    Incomplete,
    Invalid(Column),
    /// What follows a pipe's keyword is no regular expression.
    Pattern,
}

#[derive(Clone, Copy, Debug)]
pub struct Word<'a> {
    pub text: &'a str,
    pub at: Column,
}

pub fn split(line: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut column = 0;
    let mut rest = line;
    while !rest.is_empty() {
        let length = rest.find(' ').unwrap_or(rest.len());
        let (text, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        if !text.trim().is_empty() {
            let at = Column(column);
            words.push(Word { text, at });
        }
        column += text.chars().count() + 1;
        rest = after.strip_prefix(' ').unwrap_or_default();
    }
    words
}

/// Values of a matched line, each with the word that it is.
#[derive(Clone, Debug, Default)]
pub struct Arguments(Vec<(&'static str, String, usize)>);

impl Arguments {
    /// The value of `<name:…>`, or an empty text for a lone keyword in the braces.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(n, ..)| *n == name);
        found.map(|(_, value, _)| value.as_str())
    }

    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.get(name)?.parse().ok()
    }

    pub fn address(&self, name: &str) -> Option<IpAddr> {
        self.number(name)
    }

    /// The value of that name is what the line stumbles on.
    pub fn miss(&self, name: &str, words: &[Word<'_>]) -> Miss {
        let place = self.0.iter().find(|(n, ..)| *n == name);
        let word = place.and_then(|(.., index)| words.get(*index));
        word.map_or(Miss::Incomplete, |word| Miss::Invalid(word.at))
    }
}

/// The row that the line means, and its values.
pub fn find<'t>(
    table: &'t [Command],
    words: &[Word<'_>],
) -> Result<(&'t Command, Arguments), Miss> {
    let readings = follow(table, words)?;
    let first = readings.first().ok_or(Miss::Incomplete)?;
    if readings.iter().any(|other| other.spelled != first.spelled) {
        return Err(Miss::Ambiguous);
    }
    let whole = readings.iter().find(|reading| reading.is_whole());
    let reading = whole.ok_or(Miss::Incomplete)?;
    Ok((reading.row, reading.arguments.clone()))
}

/// What the line may still mean after these words.
pub fn follow<'t>(table: &'t [Command], words: &[Word<'_>]) -> Result<Vec<Reading<'t>>, Miss> {
    let mut readings: Vec<Reading<'t>> = table.iter().map(Reading::new).collect();
    for (index, word) in words.iter().enumerate() {
        readings = step(&readings, *word, index)?;
    }
    Ok(readings)
}

fn step<'t>(
    readings: &[Reading<'t>],
    word: Word<'_>,
    index: usize,
) -> Result<Vec<Reading<'t>>, Miss> {
    let mut fitting: Vec<(Fit, Reading<'t>)> = Vec::new();
    let mut reach = 0;
    for reading in readings {
        for (token, place) in reading.next() {
            match token.fit(word.text, reading.begun.is_some()) {
                Ok(fit) => fitting.push((fit, reading.taking(token, fit, place, word, index))),
                Err(common) => reach = reach.max(common),
            }
        }
    }
    let Some(best) = fitting.iter().map(|(fit, _)| fit.rank()).min() else {
        return Err(Miss::Invalid(Column(word.at.0 + reach)));
    };
    let kept = fitting.into_iter().filter(|(fit, _)| fit.rank() == best);
    Ok(kept.map(|(_, reading)| reading).collect())
}

/// One row, as far as the line has gone along it.
#[derive(Clone)]
pub struct Reading<'t> {
    pub row: &'t Command,
    fixed: Vec<Token>,
    options: Vec<Vec<Token>>,
    place: Place,
    used: Vec<usize>,
    /// The first half of an interface's name in two words.
    begun: Option<String>,
    /// Keywords in full.
    spelled: Vec<&'static str>,
    arguments: Arguments,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// So many fixed words have passed.
    Fixed(usize),
    /// So many words of that option have passed.
    Option(usize, usize),
}

impl<'t> Reading<'t> {
    fn new(row: &'t Command) -> Self {
        let (fixed, options) = row.words.split_once('{').unwrap_or((row.words, ""));
        let alternatives = options.trim_end_matches('}').split('|');
        let tokens = |text: &'static str| text.split_whitespace().map(Token).collect();
        Self {
            row,
            fixed: tokens(fixed),
            options: alternatives
                .map(tokens)
                .filter(|o: &Vec<_>| !o.is_empty())
                .collect(),
            place: Place::Fixed(0),
            used: Vec::new(),
            begun: None,
            spelled: Vec::new(),
            arguments: Arguments::default(),
        }
    }

    /// What may come next, and where that leads.
    fn next(&self) -> Vec<(Token, Place)> {
        let within = match self.place {
            Place::Fixed(passed) => self
                .fixed
                .get(passed)
                .map(|t| (*t, Place::Fixed(passed + 1))),
            Place::Option(which, passed) => self
                .options
                .get(which)
                .and_then(|option| option.get(passed))
                .map(|token| (*token, Place::Option(which, passed + 1))),
        };
        match within {
            Some(next) => vec![next],
            None => self.openings().collect(),
        }
    }

    /// The first words of the options that are still free.
    fn openings(&self) -> impl Iterator<Item = (Token, Place)> {
        let free = self
            .options
            .iter()
            .enumerate()
            .filter(|(i, _)| !self.used.contains(i));
        free.filter_map(|(i, option)| option.first().map(|t| (*t, Place::Option(i, 1))))
    }

    pub fn next_tokens(&self) -> Vec<Token> {
        self.next().into_iter().map(|(token, _)| token).collect()
    }

    /// Whether the line may end here.
    pub fn is_whole(&self) -> bool {
        self.begun.is_none()
            && match self.place {
                Place::Fixed(passed) => passed == self.fixed.len(),
                Place::Option(i, passed) => self.options.get(i).is_some_and(|o| o.len() == passed),
            }
    }

    /// Whether that token is the last fixed word of the row.
    pub fn ends_with(&self, token: Token) -> bool {
        self.fixed.last() == Some(&token) && self.place == Place::Fixed(self.fixed.len() - 1)
    }

    /// Whether the last word was an alternative by itself.
    fn is_flag(&self) -> bool {
        let alternative = |which: usize| self.options.get(which).map(Vec::len);
        matches!(self.place, Place::Option(which, 1) if alternative(which) == Some(1))
    }

    fn taking(&self, token: Token, fit: Fit, place: Place, word: Word<'_>, index: usize) -> Self {
        let mut next = self.clone();
        let before = next.begun.take().unwrap_or_default();
        if fit == Fit::Begins {
            next.begun = Some(word.text.to_owned());
            return next;
        }
        next.place = place;
        if let Place::Option(which, 1) = place {
            next.used.push(which);
        }
        match token.value() {
            Some((name, _)) => {
                let value = format!("{before}{}", word.text);
                let first = index - usize::from(!before.is_empty());
                next.arguments.0.push((name, value, first));
            }
            None => {
                next.spelled.push(token.0);
                if next.is_flag() {
                    next.arguments.0.push((token.0, String::new(), index));
                }
            }
        }
        next
    }
}

/// One word of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Token(pub &'static str);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fit {
    Whole,
    Prefix,
    Value,
    /// The type of an interface, whose number is to come.
    Begins,
}

impl Fit {
    fn rank(self) -> u8 {
        match self {
            Self::Whole => 0,
            Self::Prefix => 1,
            Self::Value | Self::Begins => 2,
        }
    }
}

impl Token {
    /// Name and kind, if it takes a value.
    pub fn value(self) -> Option<(&'static str, &'static str)> {
        let inside = self.0.strip_prefix('<')?.strip_suffix('>')?;
        inside.split_once(':')
    }

    /// How the word fits, or how many of its characters do.
    fn fit(self, word: &str, begun: bool) -> Result<Fit, usize> {
        if let Some((_, kind)) = self.value() {
            return fits_kind(kind, word, begun).ok_or(0);
        }
        let word = word.to_ascii_lowercase();
        match self.0.strip_prefix(word.as_str()) {
            Some("") => Ok(Fit::Whole),
            Some(_) => Ok(Fit::Prefix),
            None => Err(self
                .0
                .chars()
                .zip(word.chars())
                .take_while(|(a, b)| a == b)
                .count()),
        }
    }
}

fn fits_kind(kind: &str, word: &str, begun: bool) -> Option<Fit> {
    if begun {
        return names::is_number(word).then_some(Fit::Value);
    }
    let interface = || names::is_interface(word).then_some(Fit::Value);
    let begins = || names::is_type(word).then_some(Fit::Begins);
    match kind {
        "address" => word.parse::<IpAddr>().is_ok().then_some(Fit::Value),
        "interface" => interface().or_else(begins),
        "source" => fits_kind("address", word, begun)
            .or_else(interface)
            .or_else(begins),
        "word" => Some(Fit::Value),
        range => {
            let (least, most) = range.split_once('-')?;
            let (least, most): (u32, u32) = (least.parse().ok()?, most.parse().ok()?);
            let number: u32 = word.parse().ok()?;
            (least..=most).contains(&number).then_some(Fit::Value)
        }
    }
}
