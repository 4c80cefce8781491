//! Matching a line against the table: unique prefixes, and values in their places.

use crossgate_model::operate::{Reply, Station};

/// One row of the table.
pub struct Command {
    /// Words as typed; `<name>` takes a value, `[a|b]` stands for a choice that is passed on, and
    /// what follows `?` may be left out: `show vpn flow ? name <name>`.
    pub words: &'static str,
    pub run: fn(&Arguments, &Station<'_>) -> Reply,
}

/// Values of a matched line, in the order of their places.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Arguments(Vec<(&'static str, String)>);

impl Arguments {
    /// The value of `<name>` or of a choice of that name.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(n, _)| *n == name);
        found.map(|(_, value)| value.as_str())
    }

    /// A number there, if what is there is one.
    pub fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.get(name)?.parse().ok()
    }
}

/// A line in words; quotes hold one together.
pub struct Words(Vec<String>);

impl Words {
    pub fn of(line: &str) -> Self {
        let mut words = Vec::new();
        let mut rest = line.trim();
        while !rest.is_empty() {
            let (word, after) = match rest.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
                None => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
            };
            words.push(word.to_owned());
            rest = after.trim_start();
        }
        Self(words)
    }

    pub fn as_slice(&self) -> &[String] {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Why a line is no command.
#[derive(Debug, PartialEq, Eq)]
pub enum Miss {
    /// The first word begins nothing.
    Unknown(String),
    /// It begins well.
    Syntax,
}

/// The row that the line means, and its values.
pub fn find<'a>(table: &'a [Command], words: &Words) -> Result<(&'a Command, Arguments), Miss> {
    let mut exact = Vec::new();
    for command in table {
        if let Some((arguments, shortened)) = matches(command.words, &words.0) {
            exact.push((shortened, command, arguments));
        }
    }
    exact.sort_by_key(|(shortened, ..)| *shortened);
    let mut best = exact.into_iter();
    match (best.next(), best.next()) {
        // A word typed in full wins over one that it begins; two equally good ones are unclear.
        (Some((a, ..)), Some((b, ..))) if a == b => Err(Miss::Syntax),
        (Some((_, command, arguments)), _) => Ok((command, arguments)),
        (None, _) => Err(miss(table, words)),
    }
}

fn miss(table: &[Command], words: &Words) -> Miss {
    let first = words.0.first().map_or("", String::as_str);
    let begins = |command: &Command| command.words.starts_with(first);
    if table.iter().any(begins) {
        Miss::Syntax
    } else {
        Miss::Unknown(first.escape_debug().to_string())
    }
}

/// The values, and how many words were cut short, if the line is this row.
fn matches(pattern: &'static str, line: &[String]) -> Option<(Arguments, usize)> {
    let (needed, optional) = pattern.split_once(" ? ").unwrap_or((pattern, ""));
    let mut state = State {
        line,
        ..State::default()
    };
    needed.split(' ').try_for_each(|word| state.take(word))?;
    if state.at < line.len() {
        state.take_options(optional)?;
    }
    (state.at == line.len()).then_some((state.arguments, state.shortened))
}

#[derive(Default)]
struct State<'a> {
    line: &'a [String],
    at: usize,
    arguments: Arguments,
    shortened: usize,
}

impl State<'_> {
    fn take(&mut self, word: &'static str) -> Option<()> {
        let typed = self.line.get(self.at)?;
        if let Some(name) = word.strip_prefix('<').and_then(|w| w.strip_suffix('>')) {
            self.arguments.0.push((name, typed.clone()));
        } else {
            if !word.starts_with(typed.as_str()) {
                return None;
            }
            self.shortened += usize::from(word != typed);
        }
        self.at += 1;
        Some(())
    }

    /// Options are `word <value>` pairs or lone words, in any order, each at most once.
    fn take_options(&mut self, options: &'static str) -> Option<()> {
        let all: Vec<&'static str> = options.split(' ').collect();
        while self.at < self.line.len() {
            let mut taken = false;
            for (i, word) in all.iter().enumerate().filter(|(_, w)| !w.starts_with('<')) {
                if self.arguments.get(word).is_some() || self.take(word).is_none() {
                    continue;
                }
                match all.get(i + 1).filter(|next| next.starts_with('<')) {
                    Some(value) => self.take(value)?,
                    None => self.arguments.0.push((word, String::new())),
                }
                taken = true;
                break;
            }
            taken.then_some(())?;
        }
        Some(())
    }
}
