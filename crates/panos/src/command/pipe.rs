//! `| match X` and `| except X`: the lines of a print that do or don't match.
//!
//! The pattern is a regular expression. That it minds capitals is believed, not documented.

use super::words::{Miss, Words};
use crossgate_model::operate::Reply;
use regex::{Regex, RegexBuilder};

/// Octets that a compiled pattern may take: an operator's are small.
const PATTERN_LIMIT: usize = 1 << 20;

/// A line's command, and what follows its first pipe that no quotes hold.
pub fn split(line: &str) -> (&str, Option<&str>) {
    let mut quoted = false;
    let pipe = line.find(|c| {
        quoted ^= c == '"';
        c == '|' && !quoted
    });
    match pipe.and_then(|at| line.split_at_checked(at)) {
        Some((command, output)) => (command, output.strip_prefix('|')),
        None => (line, None),
    }
}

pub struct Filter {
    keeps_matching: bool,
    pattern: Regex,
}

impl Filter {
    /// From what follows the pipe.
    pub fn parse(text: &str) -> Result<Self, Miss> {
        let words = Words::of(text);
        let [keyword, pattern] = words.as_slice() else {
            return Err(Miss::Syntax);
        };
        let is = |word: &str| !keyword.is_empty() && word.starts_with(keyword.as_str());
        let keeps_matching = is("match");
        if !keeps_matching && !is("except") {
            return Err(Miss::Syntax);
        }
        let pattern = RegexBuilder::new(pattern).size_limit(PATTERN_LIMIT).build();
        Ok(Self {
            keeps_matching,
            pattern: pattern.map_err(|_| Miss::Syntax)?,
        })
    }

    /// The same reply with its print, now or to come, filtered.
    pub fn over(self, reply: Reply) -> Reply {
        match reply {
            Reply::Print(text) => Reply::Print(self.apply(&text)),
            Reply::Refused(text) => Reply::Refused(text),
            Reply::Operate { operation, print } => Reply::Operate {
                operation,
                print: Box::new(move |operation, outcome| self.apply(&print(operation, outcome))),
            },
        }
    }

    fn apply(&self, text: &str) -> String {
        let lines = text.lines();
        let kept = lines.filter(|line| self.pattern.is_match(line) == self.keeps_matching);
        kept.flat_map(|line| [line, "\n"]).collect()
    }
}
