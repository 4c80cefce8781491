//! The configuration as a tree: every line of the text in its order, nested as IOS nests it.
//!
//! IOS itself nests by mode, not by blanks: a line belongs to the mode that is open if it is a
//! command there, otherwise to the nearest mode around it, or to global mode. Blanks help only
//! where the words say nothing: a line deeper than an unknown one is part of it.

mod around;
mod blob;
mod lines;
mod nest;
mod sections;

pub use nest::parse;

use crate::grammar::Mode;
use crossgate_diag::{FileId, Span};

/// One text, line by line.
#[derive(Clone, Debug)]
pub struct Tree {
    pub file: FileId,
    pub lines: Vec<Line>,
}

impl Tree {
    /// The text that the tree was made from.
    pub fn print(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        self.each(&mut |line| out.push_str(slice(text, line.raw)));
        out
    }

    /// How many lines are known commands.
    pub fn commands(&self) -> usize {
        let mut count = 0;
        self.each(&mut |line| count += usize::from(matches!(line.kind, Kind::Command(_))));
        count
    }

    /// Calls for every line, in the text's order.
    pub fn each(&self, see: &mut impl FnMut(&Line)) {
        each(&self.lines, see);
    }
}

fn each(lines: &[Line], see: &mut impl FnMut(&Line)) {
    for line in lines {
        see(line);
        each(&line.lines, see);
    }
}

/// One command or what stands in a command's place, and what belongs to it.
#[derive(Clone, Debug)]
pub struct Line {
    /// With its line end; of a banner or a certificate, all of its lines.
    pub raw: Span,
    /// The words of a command, without a prompt before it.
    pub words: Vec<Span>,
    pub kind: Kind,
    pub lines: Vec<Line>,
}

impl Line {
    /// From the first word to the last.
    pub fn span(&self) -> Span {
        match (self.words.first(), self.words.last()) {
            (Some(first), Some(last)) => first.to(*last),
            _ => self.raw,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Blank,
    Comment,
    /// What a terminal shows around a configuration: prompts, banners of `show`, error prints.
    Around,
    /// A whole part of the file that is another command's output or another configuration: its
    /// words are those of the first line.
    Skipped,
    /// `exit` or `end`.
    Leave,
    Command(Command),
    /// The abbreviation fits several commands.
    Ambiguous(Vec<&'static str>),
    Unknown,
}

/// Which row of which mode's table a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Command {
    pub(crate) mode: Mode,
    pub(crate) rule: usize,
    /// It begins with `no` or `default`.
    pub no: bool,
    /// How many words, `no` included, name the command; the rest are its arguments.
    pub named_by: usize,
}

/// The line's words in lower case: for lines whose words are keywords and numbers.
pub(crate) fn keywords(text: &str, line: &Line) -> Vec<String> {
    let words = line.words.iter();
    words
        .map(|w| slice(text, *w).to_ascii_lowercase())
        .collect()
}

pub(crate) fn slice(text: &str, span: Span) -> &str {
    text.get(span.start as usize..span.end as usize)
        .unwrap_or("")
}
