//! Output filters: `| include REGEX`.

use super::words::{self, Column, Miss};
use regex::{Regex, RegexBuilder};

/// Compiled size of a pattern, at most: an operator's line must not take the router's memory.
const PATTERN_LIMIT: usize = 1 << 20;

#[derive(Clone, Copy)]
enum How {
    Begin,
    Count,
    Exclude,
    Include,
    Section,
}

const KEYWORDS: &[(&str, &str, How)] = &[
    ("begin", "Begin with the line that matches", How::Begin),
    (
        "count",
        "Count number of lines which match regexp",
        How::Count,
    ),
    ("exclude", "Exclude lines that match", How::Exclude),
    ("include", "Include lines that match", How::Include),
    ("section", "Filter a section of output", How::Section),
];

/// What stands after a pipe, and where.
pub struct Output<'a> {
    text: &'a str,
    at: Column,
}

/// The command, and what is to become of its output. Only `show` has output to filter, and a
/// pattern may have bars itself.
pub fn split(line: &str) -> (&str, Option<Output<'_>>) {
    let mut words = line.split_whitespace().filter(|word| *word != "do");
    let shows = words
        .next()
        .is_some_and(|word| word.len() > 1 && "show".starts_with(word));
    match line.split_once('|').filter(|_| shows) {
        Some((command, text)) => {
            let at = Column(command.chars().count() + 1);
            (command, Some(Output { text, at }))
        }
        None => (line, None),
    }
}

/// For `?`: the filters that begin so.
pub fn keywords(start: &str) -> Vec<(&'static str, &'static str)> {
    let rows = KEYWORDS.iter().filter(|(word, ..)| word.starts_with(start));
    rows.map(|(word, help, _)| (*word, *help)).collect()
}

pub struct Filter {
    how: How,
    pattern: Regex,
    written: String,
}

impl Filter {
    pub fn parse(output: Output<'_>) -> Result<Self, Miss> {
        let words = words::split(output.text);
        let [keyword, ..] = words.as_slice() else {
            return Err(Miss::Incomplete);
        };
        let mut fitting = KEYWORDS
            .iter()
            .filter(|(word, ..)| word.starts_with(keyword.text));
        let Some((_, _, how)) = fitting.next() else {
            return Err(Miss::Invalid(Column(output.at.0 + keyword.at.0)));
        };
        let rest = output.text.trim_start().strip_prefix(keyword.text);
        let written = rest.unwrap_or_default().trim_start();
        if written.is_empty() {
            return Err(Miss::Incomplete);
        }
        let pattern = RegexBuilder::new(&translated(written))
            .size_limit(PATTERN_LIMIT)
            .build()
            .map_err(|_| Miss::Pattern)?;
        Ok(Self {
            how: *how,
            pattern,
            written: written.to_owned(),
        })
    }

    pub fn apply(&self, text: &str) -> String {
        let matches = |line: &&str| self.pattern.is_match(line);
        let lines = text.lines();
        match self.how {
            How::Begin => joined(lines.skip_while(|line| !matches(line))),
            How::Exclude => joined(lines.filter(|line| !matches(line))),
            How::Include => joined(lines.filter(matches)),
            How::Section => joined(self.sections(text).into_iter()),
            How::Count => format!(
                "Number of lines which match regexp = {}\n",
                lines.filter(matches).count()
            ),
        }
    }

    /// Each line that matches, and the deeper lines below it.
    fn sections<'a>(&self, text: &'a str) -> Vec<&'a str> {
        let mut section: Option<usize> = None;
        let mut kept = Vec::new();
        for line in text.lines() {
            let depth = line.len() - line.trim_start().len();
            let inside = section.is_some_and(|head| depth > head);
            if !inside {
                section = self.pattern.is_match(line).then_some(depth);
            }
            if section.is_some() {
                kept.push(line);
            }
        }
        kept
    }
}

impl std::fmt::Debug for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.written)
    }
}

fn joined<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// An IOS pattern in the notation of our library: braces stand for themselves, a backslash takes
/// any character literally, and `_` is any border of words. It is an underscore as well, since
/// names have them.
fn translated(pattern: &str) -> String {
    let mut out = String::new();
    let mut characters = pattern.chars();
    while let Some(c) = characters.next() {
        match c {
            '{' | '}' => out.extend(['\\', c]),
            '_' => out.push_str("(?:^|$|[ ,{}()_])"),
            '\\' => {
                let literal = characters.next().unwrap_or('\\');
                out.push_str(&regex::escape(&literal.to_string()));
            }
            _ => out.push(c),
        }
    }
    out
}
