//! The `set` form's lexical side: commands of words, quotes, comments and prompts.

use std::ops::Range;

/// A word, without its quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    pub text: String,
    /// Bytes of the text in the file, inside the quotes.
    pub range: Range<usize>,
    pub quoted: bool,
}

impl Word {
    pub fn is(&self, text: &str) -> bool {
        !self.quoted && self.text == text
    }

    /// With its quotes.
    pub fn outer(&self) -> Range<usize> {
        let quotes = usize::from(self.quoted);
        self.range.start - quotes..self.range.end + quotes
    }
}

/// One command: a line, or more where a quoted word goes on.
#[derive(Clone, Debug, Default)]
pub struct Command {
    pub words: Vec<Word>,
    /// The device's prompt in front, or a line that is one.
    pub prompt: Option<Range<usize>>,
    /// A quote that nothing closes.
    pub unclosed: Option<Range<usize>>,
    /// What a terminal has put between two pages: `--More--`, `lines 1-23`.
    pub paging: Option<Range<usize>>,
}

/// All commands of a text; empty lines and comments (`#` at a line's start) are left out.
pub fn commands(text: &str) -> Vec<Command> {
    let mut scanner = Scanner {
        text,
        at: 0,
        in_list: false,
    };
    let mut commands = Vec::new();
    while scanner.at < text.len() {
        let command = scanner.command();
        let is_mark = command.prompt.is_some() || command.paging.is_some();
        if !command.words.is_empty() || is_mark {
            commands.push(command);
        }
    }
    commands
}

struct Scanner<'t> {
    text: &'t str,
    at: usize,
    /// Between `[` and `]`.
    in_list: bool,
}

impl Scanner<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    /// A terminal's backspaces and control sequences are blanks as well. Whatever ends a plain word
    /// and no command has to be one: nothing would ever get past it otherwise.
    fn skip_blanks(&mut self) {
        let blanks = |c: char| c != '\n' && c.is_whitespace() || matches!(c, '\u{8}' | '\u{feff}');
        loop {
            self.at += self.rest().len() - self.rest().trim_start_matches(blanks).len();
            let Some(sequence) = self.rest().strip_prefix('\u{1b}') else {
                return;
            };
            let parameters = sequence.strip_prefix('[').unwrap_or("");
            let end = parameters.find(|c: char| !c.is_ascii_digit() && c != ';' && c != '?');
            // ESC alone, or with `[`, parameters and a letter.
            self.at += end.map_or(1, |end| {
                let last = parameters.get(end..).and_then(|rest| rest.chars().next());
                end + 2
                    + last
                        .filter(char::is_ascii_alphabetic)
                        .map_or(0, char::len_utf8)
            });
        }
    }

    /// `--More--` and `lines 1-23`, which may stand in front of a command.
    fn paging(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        let line = self.rest().lines().next().unwrap_or("");
        let len = paging_mark(line)?;
        self.at += len;
        self.skip_blanks();
        Some(start..start + len)
    }

    fn skip_line(&mut self) {
        self.at += self
            .rest()
            .find('\n')
            .map_or(self.rest().len(), |at| at + 1);
    }

    fn command(&mut self) -> Command {
        let mut command = Command::default();
        self.in_list = false;
        self.skip_blanks();
        if self.rest().starts_with('#') {
            self.skip_line();
            return command;
        }
        command.paging = self.paging();
        command.prompt = self.prompt();
        loop {
            self.skip_blanks();
            match self.rest().chars().next() {
                None => return command,
                Some('\n') => {
                    self.at += 1;
                    return command;
                }
                Some(quote @ ('"' | '\'')) => self.quoted(quote, &mut command),
                Some(_) => self.plain(&mut command.words),
            }
        }
    }

    /// `[edit network ike]`, or `admin@fw#` and `admin@fw(active)>` before a command.
    fn prompt(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        let line = self.rest().lines().next().unwrap_or("");
        if line.starts_with("[edit") {
            self.at += line.len();
            return Some(start..self.at);
        }
        let end = line.find(['#', '>'])? + 1;
        let head = line.get(..end)?;
        let is_prompt = head.contains('@') && !head.contains(char::is_whitespace);
        is_prompt.then(|| {
            self.at += end;
            start..self.at
        })
    }

    fn plain(&mut self, words: &mut Vec<Word>) {
        let ends = |c: char| c.is_whitespace() || matches!(c, '\u{1b}' | '\u{8}');
        let len = self.rest().find(ends);
        let end = self.at + len.unwrap_or(self.rest().len());
        for range in self.split_brackets(self.at..end, words.is_empty()) {
            let text = self.text.get(range.clone()).unwrap_or("").to_owned();
            self.in_list = text == "[" || self.in_list && text != "]";
            words.push(Word {
                text,
                range,
                quoted: false,
            });
        }
        self.at = end;
    }

    /// `[a` and `b]` are two words each, where they can only be a list's ends.
    fn split_brackets(&self, range: Range<usize>, is_first: bool) -> Vec<Range<usize>> {
        let (mut start, mut end) = (range.start, range.end);
        let word = self.text.get(range).unwrap_or("");
        let mut parts = Vec::new();
        if word.len() > 1 && word.starts_with('[') && !is_first {
            parts.push(start..start + 1);
            start += 1;
        }
        let opened = self.in_list || !parts.is_empty();
        let closes = opened && end - start > 1 && word.ends_with(']');
        if closes {
            end -= 1;
        }
        parts.push(start..end);
        if closes {
            parts.push(end..end + 1);
        }
        parts
    }

    /// A quoted word ends at the next quote, if a blank follows there. It may have line ends in it.
    fn quoted(&mut self, quote: char, command: &mut Command) {
        let start = self.at + 1;
        let Some(end) = self.closing(quote, start) else {
            if quote == '"' {
                command.unclosed = Some(self.at..start);
            }
            return self.plain(&mut command.words);
        };
        let raw = self.text.get(start..end).unwrap_or("");
        command.words.push(Word {
            text: unescaped(raw, quote),
            range: start..end,
            quoted: true,
        });
        self.at = end + 1;
    }

    fn closing(&self, quote: char, start: usize) -> Option<usize> {
        let mut escaped = false;
        let inside = self.text.get(start..)?;
        let (at, _) = inside.char_indices().find(|&(_, c)| {
            let closes = c == quote && !escaped;
            escaped = c == '\\' && !escaped;
            closes
        })?;
        let next = inside.get(at + 1..)?.chars().next();
        next.is_none_or(char::is_whitespace).then_some(start + at)
    }
}

/// How much of a line is a mark between two pages.
fn paging_mark(line: &str) -> Option<usize> {
    for mark in ["--More--", "--more--", "---(more)---"] {
        if line.starts_with(mark) {
            return Some(mark.len());
        }
    }
    let numbers = line.strip_prefix("lines ")?;
    let is_number = |c: char| c.is_ascii_digit() || matches!(c, '-' | '/' | '%' | '(' | ')');
    let rest = numbers.trim_start_matches(is_number);
    if !numbers.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let rest = rest.strip_prefix(" (END)").unwrap_or(rest);
    Some(line.len() - rest.len())
}

fn unescaped(raw: &str, quote: char) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut chars = raw.chars().peekable();
    while let Some(c) = chars.next() {
        let escapes = c == '\\' && chars.peek().is_some_and(|&n| n == quote || n == '\\');
        out.push(if escapes {
            chars.next().unwrap_or(c)
        } else {
            c
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<Vec<String>> {
        let words = |c: Command| c.words.into_iter().map(|w| w.text).collect();
        commands(text).into_iter().map(words).collect()
    }

    #[test]
    fn quotes_lists_comments_and_prompts_are_told_apart() {
        let text = "# remark\nset a \"b c\" [ d e ]\r\nadmin@fw# set f [g h]\n[edit network]\nadmin@fw(active)> show x#y\n";
        assert_eq!(
            texts(text),
            [
                vec!["set", "a", "b c", "[", "d", "e", "]"],
                vec!["set", "f", "[", "g", "h", "]"],
                vec![],
                vec!["show", "x#y"],
            ]
        );
    }

    #[test]
    fn a_quoted_word_goes_over_lines_and_keeps_escaped_quotes() {
        assert_eq!(
            texts("set banner \"one\ntwo \\\"three\\\"\"\nset x 'say \"y\"'\n"),
            [
                vec!["set", "banner", "one\ntwo \"three\""],
                vec!["set", "x", "say \"y\""]
            ]
        );
    }

    #[test]
    fn an_open_quote_takes_no_other_line_with_it() {
        let all = commands("set key \"abc\nset hostname x\n");
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].unclosed, Some(8..9));
        assert_eq!(all[1].words[2].text, "x");
    }

    #[test]
    fn a_terminals_marks_are_no_words() {
        let text = "set a b\n--More--\u{8}\u{8} \u{1b}[K\nlines 1-23 \u{1b}[Kset c d\u{1b}[m\n\
                    lines 24-46/46 (END)\nset e\u{1b}[1;31m f\nlines of prose\n";
        assert_eq!(
            texts(text),
            [
                vec!["set", "a", "b"],
                vec![],
                vec!["set", "c", "d"],
                vec![],
                vec!["set", "e", "f"],
                vec!["lines", "of", "prose"],
            ]
        );
    }

    /// From a page of the web, or of octets that are no UTF-8.
    #[test]
    fn blanks_of_every_kind_part_words() {
        assert_eq!(
            texts("set\u{a0}a\u{85}b\u{2003}c\u{b}d\u{c}\u{a0}\n\u{a0}set e\u{2028}f"),
            [vec!["set", "a", "b", "c", "d"], vec!["set", "e", "f"]]
        );
    }

    #[test]
    fn a_range_covers_the_text_inside_the_quotes() {
        let all = commands("set key \"ab c\"");
        assert_eq!(all[0].words[2].range, 9..13);
    }
}
