//! The lines of a file that say something about one thing.

use crate::Reading;
use crate::names::{interface_name, is_number};
use crate::tree::{Command, Kind, Line, slice};
use crossgate_diag::Span;

/// All lines that open one thing, in the order of the file: naming it again goes on with it.
#[derive(Clone, Debug)]
pub(super) struct Block<'r> {
    /// What opens it, as typed, from the outermost: a keyring's peer has two.
    pub headers: Vec<String>,
    pub places: Vec<&'r Line>,
}

/// A file, by its lines.
#[derive(Clone, Copy)]
pub(super) struct Lines<'r> {
    pub reading: &'r Reading,
    pub text: &'r str,
}

impl<'r> Lines<'r> {
    pub fn top(self) -> &'r [Line] {
        &self.reading.tree.lines
    }

    pub fn command(self, line: &Line) -> Option<(&'static str, Command)> {
        match line.kind {
            Kind::Command(command) => Some((command.mode.path(command.rule), command)),
            _ => None,
        }
    }

    /// The words after those that name the command.
    pub fn args(self, line: &Line) -> Vec<&'r str> {
        let named_by = self
            .command(line)
            .map_or(0, |(_, command)| command.named_by);
        let words = line.words.iter().skip(named_by);
        words.map(|word| slice(self.text, *word)).collect()
    }

    /// The whole line as words with single blanks.
    pub fn said(self, line: &Line) -> String {
        let words: Vec<&str> = line.words.iter().map(|w| slice(self.text, *w)).collect();
        words.join(" ")
    }

    /// The lines of global mode that are that command.
    pub fn all(self, path: &str) -> Vec<&'r Line> {
        let is = |line: &&Line| self.command(line).is_some_and(|(known, _)| known == path);
        self.top().iter().filter(is).collect()
    }

    /// What is opened by such a line with such arguments.
    pub fn block(self, path: &str, is_it: impl Fn(&[&str]) -> bool) -> Option<Block<'r>> {
        let opens = |line: &&Line| {
            self.command(line)
                .is_some_and(|(known, command)| known == path && !command.no)
                && is_it(&self.args(line))
        };
        let places: Vec<&Line> = self.top().iter().filter(opens).collect();
        let headers = vec![self.said(places.first()?)];
        Some(Block { headers, places })
    }

    pub fn named(self, path: &str, name: &str) -> Option<Block<'r>> {
        self.block(path, |args| args.first() == Some(&name))
    }

    pub fn interface(self, name: &str) -> Option<Block<'r>> {
        let mut block = self.block("interface", |args| match args {
            [kind, number, ..] if is_number(number) => {
                interface_name(&format!("{kind}{number}")) == name
            }
            [written, ..] => interface_name(written) == name,
            [] => false,
        })?;
        block.headers = vec![format!("interface {name}")];
        Some(block)
    }

    pub fn map_entry(self, map: &str, sequence: u32) -> Option<Block<'r>> {
        let sequence = sequence.to_string();
        self.block(
            "crypto map",
            |args| matches!(args, [name, number, ..] if *name == map && *number == sequence),
        )
    }

    pub fn keyring_peer(self, keyring: &str, peer: &str) -> Option<Block<'r>> {
        let ring = self.named("crypto ikev2 keyring", keyring)?;
        let opens = |line: &&Line| {
            self.command(line)
                .is_some_and(|(known, command)| known == "peer" && !command.no)
                && self.args(line).first() == Some(&peer)
        };
        let lines = ring.places.iter().flat_map(|place| &place.lines);
        let places: Vec<&Line> = lines.filter(opens).collect();
        let header = self.said(places.first()?);
        let mut headers = ring.headers;
        headers.push(header);
        Some(Block { headers, places })
    }

    /// The lines of a block that are that command, in their order.
    pub fn of(self, block: &Block<'r>, path: &str) -> Vec<&'r Line> {
        let lines = block.places.iter().flat_map(|place| &place.lines);
        let is = |line: &&Line| self.command(line).is_some_and(|(known, _)| known == path);
        lines.filter(is).collect()
    }

    /// The innermost line that has that place in it.
    pub fn at(self, span: Span) -> Option<&'r Line> {
        fn find(lines: &[Line], span: Span) -> Option<&Line> {
            let holds = |line: &Line| {
                let own = line.span();
                own.start <= span.start && span.end <= own.end
            };
            lines.iter().find_map(|line| match holds(line) {
                true => Some(line),
                false => find(&line.lines, span),
            })
        }
        find(self.top(), span)
    }

    /// A name that nothing of the file has: the given one, or followed by a number.
    pub fn fresh(self, base: &str) -> String {
        let taken = |name: &str| {
            let mut found = false;
            self.reading.tree.each(&mut |line| {
                found |= line
                    .words
                    .iter()
                    .any(|word| slice(self.text, *word) == name);
            });
            found
        };
        let numbered = (2u32..).map(|number| format!("{base}-{number}"));
        let mut names = std::iter::once(base.to_owned()).chain(numbered);
        names.find(|name| !taken(name)).unwrap_or_default()
    }
}

/// The last line that says something: of the line's own lines, else itself.
pub(super) fn last_said(line: &Line) -> &Line {
    let says = |line: &&Line| {
        matches!(
            line.kind,
            Kind::Command(_) | Kind::Unknown | Kind::Ambiguous(_)
        )
    };
    match line.lines.iter().rfind(says) {
        Some(inner) => last_said(inner),
        None => line,
    }
}
