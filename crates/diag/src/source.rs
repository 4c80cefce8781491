//! Source files, and places in them.

use std::ops::{Deref, Range};

/// Index of a file in its [`Sources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(u16);

/// A range of bytes in one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    pub fn new(file: FileId, range: Range<usize>) -> Self {
        let clamp = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self {
            file,
            start: clamp(range.start),
            end: clamp(range.end),
        }
    }

    /// The smallest span that covers both; `self` if they are in different files.
    pub fn to(self, other: Span) -> Span {
        if self.file != other.file {
            return self;
        }
        Span {
            file: self.file,
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }
}

/// A value, and where it was written. `span` is `None` for a default that no line states.
#[derive(Clone, Copy, Debug)]
pub struct Spanned<T> {
    pub value: T,
    pub span: Option<Span>,
}

impl<T> Spanned<T> {
    pub fn at(value: T, span: Span) -> Self {
        Self {
            value,
            span: Some(span),
        }
    }

    /// A value that follows from a default, not from a line.
    pub fn default_of(value: T) -> Self {
        Self { value, span: None }
    }

    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned {
            value: f(self.value),
            span: self.span,
        }
    }
}

impl<T> Deref for Spanned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// Two values are the same wherever they were written.
impl<T: PartialEq> PartialEq for Spanned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for Spanned<T> {}

/// Line and column, both from 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    pub line: u32,
    pub column: u32,
}

const HIDDEN: &str = "********";

/// One text, with its lines found and its secrets marked.
pub struct SourceFile {
    name: String,
    text: String,
    line_starts: Vec<usize>,
    /// In their order, none over another.
    secrets: Vec<Range<usize>>,
}

impl SourceFile {
    fn new(name: String, text: String) -> Self {
        let line_starts = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        Self {
            name,
            text,
            line_starts,
            secrets: Vec::new(),
        }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text, secrets included: for parsers. Whatever is shown takes [`Self::masked`].
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text with every character of a secret replaced by `*`; it has the same lines and, for
    /// ASCII, the same columns.
    pub fn masked(&self) -> String {
        self.masked_range(0..self.text.len())
    }

    /// The text with each secret replaced by eight `*`, so that not even its length shows: for
    /// prints of a whole configuration, in which columns don't matter.
    pub fn redacted(&self) -> String {
        let mut out = String::with_capacity(self.text.len());
        let mut at = 0;
        for secret in &self.secrets {
            out.push_str(self.text.get(at..secret.start).unwrap_or_default());
            out.push_str(HIDDEN);
            at = secret.end;
        }
        out.push_str(self.text.get(at..).unwrap_or_default());
        out
    }

    /// A part of [`Self::masked`]; empty if the range isn't one of whole characters.
    pub fn masked_range(&self, range: Range<usize>) -> String {
        let Some(part) = self.text.get(range.clone()) else {
            return String::new();
        };
        let first = self.secrets.partition_point(|s| s.end <= range.start);
        let mut secrets = self.secrets.iter().skip(first).peekable();
        let mut hidden = |at: usize| {
            while secrets.next_if(|secret| secret.end <= at).is_some() {}
            secrets.peek().is_some_and(|secret| secret.contains(&at))
        };
        part.char_indices()
            .map(|(at, c)| match c {
                '\n' | '\r' => c,
                _ if hidden(range.start + at) => '*',
                _ => c,
            })
            .collect()
    }

    /// Overlapping marks are one secret.
    fn hide(&mut self, mut secret: Range<usize>) {
        let from = self.secrets.partition_point(|s| s.end <= secret.start);
        let to = self.secrets.partition_point(|s| s.start < secret.end);
        if let (Some(first), Some(last)) =
            (self.secrets.get(from), self.secrets.get(to.wrapping_sub(1)))
            && from < to
        {
            secret = secret.start.min(first.start)..secret.end.max(last.end);
        }
        self.secrets.splice(from..to.max(from), [secret]);
    }

    /// The line of that number (from 1), masked, without its line end.
    pub fn masked_line(&self, line: u32) -> String {
        let index = (line as usize).saturating_sub(1);
        let Some(&start) = self.line_starts.get(index) else {
            return String::new();
        };
        let end = self.line_starts.get(index + 1).copied();
        let masked = self.masked_range(start..end.unwrap_or(self.text.len()));
        masked.trim_end_matches(['\n', '\r']).to_owned()
    }

    pub fn position(&self, offset: usize) -> Position {
        let offset = offset.min(self.text.len());
        let line = self.line_starts.partition_point(|&start| start <= offset);
        let start = self.line_starts.get(line - 1).copied().unwrap_or(0);
        let before = self.text.get(start..offset).unwrap_or("");
        Position {
            line: line as u32,
            column: before.chars().count() as u32 + 1,
        }
    }
}

/// Never prints the text: it may hold keys.
impl std::fmt::Debug for SourceFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SourceFile({:?}, {} bytes)", self.name, self.text.len())
    }
}

/// All files that one run has read.
#[derive(Debug, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
}

impl Sources {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file. `name` is what the person called it, usually its path.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> FileId {
        self.files.push(SourceFile::new(name.into(), text.into()));
        FileId(u16::try_from(self.files.len() - 1).unwrap_or(u16::MAX))
    }

    pub fn get(&self, id: FileId) -> &SourceFile {
        &self.files[usize::from(id.0)]
    }

    pub fn text(&self, span: Span) -> &str {
        self.get(span.file)
            .text()
            .get(span.start as usize..span.end as usize)
            .unwrap_or("")
    }

    /// Marks a span as secret: no rendering of any finding will show it.
    pub fn redact(&mut self, span: Span) {
        if let Some(file) = self.files.get_mut(usize::from(span.file.0)) {
            file.hide(span.start as usize..span.end as usize);
        }
    }

    pub fn position(&self, span: Span) -> Position {
        self.get(span.file).position(span.start as usize)
    }

    /// `file:line:column`, as compilers write it.
    pub fn place(&self, span: Span) -> String {
        let Position { line, column } = self.position(span);
        format!("{}:{line}:{column}", self.get(span.file).name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters_from_one() {
        let mut sources = Sources::new();
        let file = sources.add("a.cfg", "one\nzwölf x\n");
        let x = "one\nzwölf ".len();
        assert_eq!(sources.place(Span::new(file, x..x + 1)), "a.cfg:2:7");
        assert_eq!(sources.place(Span::new(file, 0..1)), "a.cfg:1:1");
        assert_eq!(sources.place(Span::new(file, 999..1000)), "a.cfg:3:1");
    }

    #[test]
    fn a_redacted_span_is_masked_and_lines_stay() {
        let mut sources = Sources::new();
        let file = sources.add("a.cfg", "key SeCrEt\nnext\n");
        sources.redact(Span::new(file, 4..10));
        assert_eq!(sources.get(file).masked(), "key ******\nnext\n");
        assert_eq!(sources.get(file).masked_line(1), "key ******");
        assert_eq!(sources.get(file).masked_line(2), "next");
        assert!(!format!("{sources:?}").contains("SeCrEt"));
        sources.redact(Span::new(file, 2..7));
        sources.redact(Span::new(file, 11..12));
        assert_eq!(sources.get(file).redacted(), "ke********\n********ext\n");
        assert_eq!(sources.get(file).masked(), "ke********\n*ext\n");
        assert_eq!(sources.get(file).masked_range(5..9), "****");
        sources.redact(Span::new(file, 0..16));
        assert_eq!(sources.get(file).redacted(), HIDDEN);
    }
}
