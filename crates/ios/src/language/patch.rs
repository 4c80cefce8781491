//! Edits of the text and the commands for the same effect, made together.

use super::block::{Block, Lines, last_said};
use crate::Reading;
use crate::tree::{Line, slice};
use crate::words::{Said, cannot};
use crossgate_diag::{Amendment, Edit, Span};

pub(super) struct Patch<'r> {
    pub lines: Lines<'r>,
    edits: Vec<Edit>,
    /// What is typed, and inside of what.
    typed: Vec<(Vec<String>, String)>,
}

/// Words of a line, and the same with their secret hidden.
#[derive(Clone)]
pub(super) struct Words {
    written: String,
    shown: Option<String>,
    typed: Option<String>,
}

impl Words {
    /// Words with a secret: as written, as shown, and as typed, which names the secret.
    pub fn secret(written: String, shown: String, typed: String) -> Self {
        Self {
            written,
            shown: Some(shown),
            typed: Some(typed),
        }
    }

    /// The same after a command.
    #[must_use]
    pub fn after(self, path: &str) -> Self {
        self.map(|words| match words {
            "" => path.to_owned(),
            words => format!("{path} {words}"),
        })
    }

    fn map(self, change: impl Fn(&str) -> String) -> Self {
        Self {
            written: change(&self.written),
            shown: self.shown.map(|words| change(&words)),
            typed: self.typed.map(|words| change(&words)),
        }
    }

    fn shown(&self) -> &str {
        self.shown.as_deref().unwrap_or(&self.written)
    }

    fn typed(&self) -> &str {
        self.typed.as_deref().unwrap_or(&self.written)
    }
}

impl<T: Into<String>> From<T> for Words {
    fn from(words: T) -> Self {
        Self {
            written: words.into(),
            shown: None,
            typed: None,
        }
    }
}

/// Where something new of global mode goes.
#[derive(Clone, Copy)]
pub(super) enum Place<'r> {
    /// After that line and all that belong to it.
    After(&'r Line),
    Before(&'r Line),
}

impl<'r> Patch<'r> {
    pub fn new(reading: &'r Reading, text: &'r str) -> Self {
        Self {
            lines: Lines { reading, text },
            edits: Vec::new(),
            typed: Vec::new(),
        }
    }

    pub fn finish(mut self) -> Said<Amendment> {
        if self.edits.is_empty() {
            return cannot("the file says so already");
        }
        self.edits.sort_by_key(|edit| edit.span);
        Ok(Amendment {
            file: self.lines.reading.tree.file,
            edits: self.edits,
            commands: commands(&self.typed),
        })
    }

    /// Makes that command of a block say this: in the line that says it last, or in a new one at
    /// the block's end.
    pub fn set(&mut self, block: &Block<'r>, path: &str, words: impl Into<Words>) {
        let words = words.into();
        self.type_in(block, words.clone().after(path).typed());
        match self.lines.of(block, path).last() {
            Some(line) => self.rewrite(line, path, words),
            None => self.add(block, words.after(path)),
        }
    }

    /// Takes back all that a block says by that command.
    pub fn unset(&mut self, block: &Block<'r>, path: &str) {
        for line in self.lines.of(block, path) {
            self.take_back(block, line);
        }
    }

    /// Takes back one line of a block.
    pub fn take_back(&mut self, block: &Block<'r>, line: &'r Line) {
        let said = self.lines.said(line);
        let is_no = self.lines.command(line).is_some_and(|(_, c)| c.no);
        let typed = match (is_no, said.split_once(' ')) {
            (true, Some((_, positive))) => positive.to_owned(),
            _ => format!("no {said}"),
        };
        self.type_in(block, &typed);
        self.delete(line);
    }

    pub fn type_in(&mut self, block: &Block<'r>, command: &str) {
        self.typed.push((block.headers.clone(), command.to_owned()));
    }

    /// The same with words that may hold a secret.
    pub fn type_words(&mut self, block: &Block<'r>, words: &Words) {
        self.type_in(block, words.typed());
    }

    pub fn type_top(&mut self, command: impl Into<String>) {
        self.typed.push((Vec::new(), command.into()));
    }

    /// Changes the words after a command; one that begins with `no` becomes its contrary.
    pub fn rewrite(&mut self, line: &'r Line, path: &str, words: impl Into<Words>) {
        let words = words.into();
        let command = self.lines.command(line).map(|(_, command)| command);
        let named_by = command.map_or(0, |command| command.named_by);
        let (first, last) = (line.words.get(named_by), line.words.last());
        match (first, last) {
            _ if command.is_none_or(|command| command.no) => {
                self.replace(line.span(), words.after(path));
            }
            (Some(first), Some(last)) => self.replace(first.to(*last), words),
            (None, Some(last)) => {
                let end = last.end as usize;
                let after = Span::new(last.file, end..end);
                self.replace(after, words.map(|words| format!(" {words}")));
            }
            (_, None) => {}
        }
    }

    pub fn replace(&mut self, span: Span, words: impl Into<Words>) {
        let words = words.into();
        if slice(self.lines.text, span) == words.written {
            return;
        }
        self.edits.push(match words.shown {
            Some(shown) => Edit::secret(span, words.written, shown),
            None => Edit::new(span, words.written),
        });
    }

    /// Removes a whole line, and what belongs to it.
    pub fn delete(&mut self, line: &'r Line) {
        let end = last_said(line).raw.end;
        self.edits.push(Edit::new(Span { end, ..line.raw }, ""));
    }

    /// A new line at a block's end.
    pub fn add(&mut self, block: &Block<'r>, words: impl Into<Words>) {
        let Some(place) = block.places.last() else {
            return;
        };
        let prefix = self.inner_prefix(place);
        let words = words.into().map(|words| format!("{prefix}{words}"));
        self.insert_after(last_said(place), vec![words]);
    }

    /// A new thing inside of a block, with its own lines.
    pub fn add_inner(&mut self, block: &Block<'r>, header: &str, inner: Vec<Words>) {
        let Some(place) = block.places.last() else {
            return;
        };
        let mut headers = block.headers.clone();
        headers.push(header.to_owned());
        for words in &inner {
            self.typed.push((headers.clone(), words.typed().to_owned()));
        }
        let prefix = self.inner_prefix(place);
        let deeper = if prefix.trim().is_empty() { " " } else { "" };
        let inner = inner
            .into_iter()
            .map(|words| words.map(|words| format!("{prefix}{deeper}{words}")));
        let lines = std::iter::once(Words::from(format!("{prefix}{header}"))).chain(inner);
        self.insert_after(last_said(place), lines.collect());
    }

    /// Takes back a thing of global mode, in all of its places.
    pub fn remove_named(&mut self, block: &Block<'r>, path: &str, name: &str) {
        self.type_top(format!("no {path} {name}"));
        for place in &block.places {
            self.delete(place);
        }
    }

    /// What stands before the lines of a block: blanks, or a prompt.
    fn inner_prefix(&self, place: &Line) -> String {
        let said = |line: &&Line| self.lines.command(line).is_some();
        match place.lines.iter().find(said) {
            Some(line) => self.prefix(line),
            None => {
                let outer = self.prefix(place);
                match outer.trim().is_empty() {
                    true => format!("{outer} "),
                    false => outer,
                }
            }
        }
    }

    /// What stands before a line's first word, without what a pager left there.
    fn prefix(&self, line: &Line) -> String {
        let first = line.words.first().map_or(line.raw.start, |word| word.start);
        let before = Span {
            end: first,
            ..line.raw
        };
        let before = slice(self.lines.text, before);
        let control = |c: char| c.is_control() && c != '\t' || c == '\u{feff}';
        let clean = before.rsplit(control).next().unwrap_or("");
        match clean.contains("--More--") {
            true => String::new(),
            false => clean.to_owned(),
        }
    }

    fn line_end(&self, line: &Line) -> &'static str {
        let raw = slice(self.lines.text, line.raw);
        let any = || self.lines.text.contains("\r\n");
        match raw.ends_with("\r\n") || !raw.ends_with('\n') && any() {
            true => "\r\n",
            false => "\n",
        }
    }

    /// New lines after a line, each with what is before its first word.
    fn insert_after(&mut self, line: &'r Line, lines: Vec<Words>) {
        let end = self.line_end(line);
        let complete = slice(self.lines.text, line.raw).ends_with('\n');
        let at = line.raw.end as usize;
        let ended = |words: Words| match complete {
            true => words.map(|words| format!("{words}{end}")),
            false => words.map(|words| format!("{end}{words}")),
        };
        self.insert(
            Span::new(line.raw.file, at..at),
            lines.into_iter().map(ended),
        );
    }

    fn insert_before(&mut self, line: &'r Line, lines: Vec<Words>) {
        let end = self.line_end(line);
        let at = line.raw.start as usize;
        let ended = |words: Words| words.map(|words| format!("{words}{end}"));
        self.insert(
            Span::new(line.raw.file, at..at),
            lines.into_iter().map(ended),
        );
    }

    fn insert(&mut self, span: Span, lines: impl Iterator<Item = Words>) {
        let lines: Vec<Words> = lines.collect();
        let written: String = lines.iter().map(|words| words.written.as_str()).collect();
        let shown: String = lines.iter().map(Words::shown).collect();
        self.edits.push(match written == shown {
            true => Edit::new(span, written),
            false => Edit::secret(span, written, shown),
        });
    }

    /// Lines after one, and as deep as that one; typed otherwise.
    pub fn add_after(&mut self, line: &'r Line, commands: Vec<String>) {
        let lines = self.as_deep_as(line, commands);
        self.insert_after(line, lines);
    }

    /// Lines before one, and as deep as that one; typed otherwise.
    pub fn add_before(&mut self, line: &'r Line, commands: Vec<String>) {
        let lines = self.as_deep_as(line, commands);
        self.insert_before(line, lines);
    }

    fn as_deep_as(&self, line: &Line, commands: Vec<String>) -> Vec<Words> {
        let prefix = self.prefix(line);
        let full = |command| Words::from(format!("{prefix}{command}"));
        commands.into_iter().map(full).collect()
    }

    /// A new line of global mode.
    pub fn add_top(&mut self, place: Place<'r>, command: &str) {
        self.type_top(command);
        self.put(place, vec![(0, Words::from(command))]);
    }

    /// A new thing with its lines.
    pub fn add_block(&mut self, place: Place<'r>, header: &str, inner: &[String]) {
        let mut rows = vec![(0, Words::from(header))];
        for line in inner {
            self.typed.push((vec![header.to_owned()], line.clone()));
            rows.push((1, Words::from(line.as_str())));
        }
        self.put_apart(place, rows);
    }

    /// A new thing that has another one inside.
    pub fn add_nested(&mut self, place: Place<'r>, headers: [String; 2], inner: Vec<Words>) {
        let headers = headers.to_vec();
        let outer = headers.iter().map(|header| Words::from(header.as_str()));
        let mut rows: Vec<_> = outer.enumerate().collect();
        for words in inner {
            self.typed.push((headers.clone(), words.typed().to_owned()));
            rows.push((headers.len(), words));
        }
        self.put_apart(place, rows);
    }

    /// Parted from its neighbours as the file parts things.
    fn put_apart(&mut self, place: Place<'r>, mut rows: Vec<(usize, Words)>) {
        if self.lines.text.lines().any(|line| line.trim_end() == "!") {
            let at = match place {
                Place::After(_) => 0,
                Place::Before(_) => rows.len(),
            };
            rows.insert(at, (0, Words::from("!")));
        }
        self.put(place, rows);
    }

    /// Lines of global mode and what is inside of them: how deep, and their words.
    fn put(&mut self, place: Place<'r>, rows: Vec<(usize, Words)>) {
        let (Place::After(neighbour) | Place::Before(neighbour)) = place;
        let outer = self.prefix(neighbour);
        let step = if outer.trim().is_empty() { " " } else { "" };
        let full = |(depth, words): (usize, Words)| {
            words.map(|words| format!("{outer}{}{words}", step.repeat(depth)))
        };
        let lines = rows.into_iter().map(full).collect();
        match place {
            Place::After(line) => self.insert_after(last_said(line), lines),
            Place::Before(line) => self.insert_before(line, lines),
        }
    }

    /// Where something new goes that has no fellow in the file: before what refers to it, or
    /// after all that says something.
    pub fn last_place(&self) -> Option<Place<'r>> {
        let says = |line: &&Line| self.lines.command(line).is_some();
        self.lines.top().iter().rfind(says).map(Place::After)
    }

    /// After the last of its fellows, else where `otherwise` says.
    pub fn beside(&self, path: &str, otherwise: Option<Place<'r>>) -> Said<Place<'r>> {
        let last = self.lines.all(path).last().map(|line| Place::After(line));
        match last.or(otherwise).or_else(|| self.last_place()) {
            Some(place) => Ok(place),
            None => cannot("the file has no place for it"),
        }
    }
}

/// What is typed, mode by mode, with `exit` out of each.
pub(crate) fn commands(typed: &[(Vec<String>, String)]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut open: &[String] = &[];
    for (headers, command) in typed {
        if headers.as_slice() != open {
            leave(&mut lines, open);
            for (depth, header) in headers.iter().enumerate() {
                lines.push(format!("{}{header}", " ".repeat(depth)));
            }
            open = headers;
        }
        lines.push(format!("{}{command}", " ".repeat(open.len())));
    }
    leave(&mut lines, open);
    lines
}

fn leave(lines: &mut Vec<String>, open: &[String]) {
    for depth in (1..=open.len()).rev() {
        lines.push(format!("{}exit", " ".repeat(depth)));
    }
}
