//! The words after a command's keywords, taken one by one, each with what is expected of it.

use super::Context;
use crate::tree::{Command, Line, slice};
use crossgate_diag::{Finding, Span, Spanned, surely};
use ipnet::{IpNet, Ipv4Net};
use std::net::{IpAddr, Ipv4Addr};
use std::ops::RangeInclusive;

pub(crate) struct Args<'a, 't> {
    pub cx: &'a mut Context<'t>,
    words: &'a [Span],
    /// The line begins with `no` or `default`.
    pub no: bool,
    /// The whole line.
    pub line: Span,
    /// Keywords that the next word might have been, and isn't.
    asked: Vec<&'static str>,
}

impl<'a, 't> Args<'a, 't> {
    pub fn new(cx: &'a mut Context<'t>, line: &'a Line, command: &Command) -> Self {
        Self {
            cx,
            words: line.words.get(command.named_by..).unwrap_or(&[]),
            no: command.no,
            line: line.span(),
            asked: Vec::new(),
        }
    }

    /// What `take` makes of the arguments; after `no`, none, whatever follows.
    pub fn unless_no<T>(&mut self, take: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        if self.no {
            self.words = &[];
            return Some(None);
        }
        take(self).map(Some)
    }

    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// The next word but that many, left where it is.
    pub fn peek(&self, index: usize) -> Option<&'t str> {
        self.words.get(index).map(|w| slice(self.cx.text, *w))
    }

    /// The next word but that many with its place, left where it is.
    pub fn word_at(&self, index: usize) -> Option<Spanned<&'t str>> {
        let word = self.words.get(index)?;
        Some(Spanned::at(slice(self.cx.text, *word), *word))
    }

    /// The next word in lower case, if there is one: a keyword.
    pub fn take_keyword(&mut self) -> Option<String> {
        self.take().map(|word| word.to_ascii_lowercase())
    }

    /// The next word, if there is one.
    pub fn take(&mut self) -> Option<Spanned<&'t str>> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        self.asked.clear();
        Some(Spanned::at(slice(self.cx.text, *first), *first))
    }

    /// The next word, which must be there.
    pub fn word(&mut self, expected: &str) -> Option<Spanned<&'t str>> {
        let word = self.take();
        if word.is_none() {
            self.missing(expected);
        }
        word
    }

    /// All words that are left, of which there must be one.
    pub fn text(&mut self, expected: &str) -> Option<Spanned<String>> {
        let text = self.rest();
        if text.is_none() {
            self.missing(expected);
        }
        text
    }

    fn missing(&mut self, expected: &str) {
        let title = format!("incomplete command: expected {expected}");
        let finding = Finding::error("missing-value", title);
        self.cx
            .push(finding.at(self.line, format!("{expected} is missing")));
    }

    pub fn name(&mut self, expected: &str) -> Option<Spanned<String>> {
        Some(self.word(expected)?.map(str::to_owned))
    }

    /// Takes the next word if it is that keyword or at least two letters of it.
    pub fn flag(&mut self, keyword: &'static str) -> Option<Span> {
        let span = self.flag_ahead(keyword);
        match span {
            Some(_) => drop(self.take()),
            None => self.asked.push(keyword),
        }
        span
    }

    /// The same, and leaves it where it is.
    pub fn flag_ahead(&self, keyword: &str) -> Option<Span> {
        let least = keyword.len().min(2);
        let is_it = is_short_for(self.peek(0)?, keyword, least);
        self.words.first().copied().filter(|_| is_it)
    }

    /// One of these keywords, or the only one that the word abbreviates.
    pub fn choice<T: Copy>(&mut self, expected: &str, table: &[(&str, T)]) -> Option<Spanned<T>> {
        let word = self.word(expected)?;
        let found = choose(word.value, table);
        if found.is_none() {
            self.not_a_choice(word.span, expected, table);
        }
        Some(Spanned {
            value: found?,
            span: word.span,
        })
    }

    /// What of these the next word is, left where it is.
    pub fn ahead<T: Copy>(&self, table: &[(&str, T)]) -> Option<T> {
        choose(self.peek(0)?, table)
    }

    /// The next word but that many in lower case, for comparison with keywords.
    pub fn keyword(&self, index: usize) -> Option<String> {
        self.peek(index).map(str::to_ascii_lowercase)
    }

    /// Whether the next word is a number.
    pub fn number_ahead(&self) -> bool {
        self.peek(0).is_some_and(is_digits)
    }

    /// One or more of these keywords up to the line's end; wrong ones are told and left out.
    pub fn choices<T: Copy>(&mut self, expected: &str, table: &[(&str, T)]) -> Vec<Spanned<T>> {
        let mut found: Vec<Spanned<T>> = self.choice(expected, table).into_iter().collect();
        while !self.is_empty() {
            found.extend(self.choice(expected, table));
        }
        found
    }

    /// A number in that range.
    pub fn number(&mut self, expected: &str, range: RangeInclusive<u64>) -> Option<Spanned<u64>> {
        let expected = format!("{expected} from {} to {}", range.start(), range.end());
        let word = self.word(&expected)?;
        let number = word.value.parse().ok().filter(|n| range.contains(n));
        // `parse` takes a sign; IOS doesn't.
        let number = number.filter(|_| is_digits(word.value));
        if number.is_none() {
            self.wrong(word.span, &expected);
        }
        Some(Spanned {
            value: number?,
            span: word.span,
        })
    }

    pub fn ipv4(&mut self, expected: &str) -> Option<Spanned<Ipv4Addr>> {
        self.parsed(expected)
    }

    pub fn ip(&mut self, expected: &str) -> Option<Spanned<IpAddr>> {
        self.parsed(expected)
    }

    pub fn parsed<T: std::str::FromStr>(&mut self, expected: &str) -> Option<Spanned<T>> {
        let keyword = self.flag_meant();
        let word = self.word(expected)?;
        let value = word.value.parse().ok();
        match (&value, keyword) {
            (Some(_), _) => {}
            (None, Some((span, meant))) => self.wrong_for(Some(span), expected, meant),
            (None, None) => self.wrong(word.span, expected),
        }
        Some(Spanned {
            value: value?,
            span: word.span,
        })
    }

    /// An address and its mask: the address is kept, not the network.
    pub fn address_and_mask(&mut self) -> Option<Spanned<Ipv4Net>> {
        let address = self.ipv4("an IPv4 address")?;
        let mask = self.ipv4("a network mask")?;
        let Ok(net) = Ipv4Net::with_netmask(address.value, mask.value) else {
            self.wrong(
                mask.span,
                "a network mask, whose one bits are all before its zero bits",
            );
            return None;
        };
        Some(Spanned {
            value: net,
            span: join(address.span, mask.span),
        })
    }

    /// An IPv6 prefix as `2001:db8::/64`.
    pub fn ipv6_prefix(&mut self) -> Option<Spanned<IpNet>> {
        let prefix: Spanned<ipnet::Ipv6Net> = self.parsed("an IPv6 prefix")?;
        Some(prefix.map(IpNet::V6))
    }

    /// An interface's name in full, of one word or two.
    pub fn interface(&mut self, expected: &str) -> Option<Spanned<String>> {
        let first = self.word(expected)?;
        let number = self.peek(0).filter(|w| crate::names::is_number(w));
        let split = number.filter(|_| crate::names::is_type(first.value));
        let Some(number) = split else {
            return Some(first.map(crate::names::interface_name));
        };
        let whole = format!("{}{number}", first.value);
        let second = self.take()?;
        Some(Spanned {
            value: crate::names::interface_name(&whole),
            span: join(first.span, second.span),
        })
    }

    /// From the next word to the last one.
    pub fn remaining_span(&self) -> Option<Span> {
        Some(self.words.first()?.to(*self.words.last()?))
    }

    /// All words that are left, as they stand.
    pub fn rest(&mut self) -> Option<Spanned<String>> {
        let span = self.remaining_span()?;
        self.words = &[];
        Some(Spanned::at(slice(self.cx.text, span).to_owned(), span))
    }

    /// A word that is there and isn't what it should be.
    pub fn wrong(&mut self, span: Option<Span>, expected: &str) {
        let finding = self.wrong_value(span, expected);
        self.cx.push(finding);
    }

    /// The same, where it is known what it should be.
    pub fn wrong_for(&mut self, span: Option<Span>, expected: &str, meant: &str) {
        let finding = self.wrong_value(span, expected).meant(span, meant);
        self.cx.push(finding);
    }

    fn not_a_choice<T>(&mut self, span: Option<Span>, expected: &str, table: &[(&str, T)]) {
        let words: Vec<&str> = table.iter().map(|(word, _)| *word).collect();
        let typed = span.map_or("", |span| slice(self.cx.text, span));
        let meant = surely(&typed.to_ascii_lowercase(), words.iter().copied());
        let finding = self.wrong_value(span, expected);
        self.cx.push(match meant {
            Some(word) => finding.meant(span, word),
            None => finding
                .help(format!("one of {}", words.join(", ")))
                .one_of(words),
        });
    }

    fn wrong_value(&self, span: Option<Span>, expected: &str) -> Finding {
        let found = span.map_or_else(|| "nothing".into(), |span| self.cx.shown(span));
        let title = format!("expected {expected}, found {found}");
        Finding::error("invalid-value", title).at(span, "this value")
    }

    /// Words from here on are understood, and not obeyed.
    pub fn leave_rest(&mut self, why: &str) {
        if let Some(rest) = self.rest() {
            let found = rest
                .span
                .map_or_else(String::new, |span| self.cx.shown(span));
            self.cx.push(
                Finding::warning("not-obeyed", format!("{found} is not obeyed: {why}"))
                    .at(rest.span, "the rest of the line is"),
            );
        }
    }

    /// Tells of words that no part of the command has taken.
    pub fn refuse_rest(&mut self) {
        let meant = self.flag_meant();
        // `no` forms may repeat what they remove.
        let Some(rest) = self.rest().filter(|_| !self.no) else {
            return;
        };
        let found = rest
            .span
            .map_or_else(String::new, |span| self.cx.shown(span));
        let title = format!("the command is over before {found}");
        let finding = Finding::warning("unknown-word", title);
        let label = "not understood, and not obeyed";
        self.cx.push(match meant {
            Some((word, meant)) => finding.at(word, label).meant(Some(word), meant),
            None => finding.at(rest.span, label),
        });
    }

    /// The keyword that the next word was surely to be.
    fn flag_meant(&self) -> Option<(Span, &'static str)> {
        let word = *self.words.first()?;
        let typed = slice(self.cx.text, word).to_ascii_lowercase();
        Some((word, surely(&typed, self.asked.iter().copied())?))
    }
}

pub(crate) fn is_digits(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit())
}

/// Whether the word is that keyword or an abbreviation of it, of at least so many letters.
pub(crate) fn is_short_for(word: &str, keyword: &str, least: usize) -> bool {
    let head = keyword.get(..word.len());
    word.len() >= least && head.is_some_and(|head| head.eq_ignore_ascii_case(word))
}

fn choose<T: Copy>(word: &str, table: &[(&str, T)]) -> Option<T> {
    let word = word.to_ascii_lowercase();
    if let Some((_, value)) = table.iter().find(|(keyword, _)| *keyword == word) {
        return Some(*value);
    }
    let mut fitting = table
        .iter()
        .filter(|(keyword, _)| keyword.starts_with(&word));
    match (fitting.next(), fitting.next()) {
        (Some((_, value)), None) => Some(*value),
        _ => None,
    }
}

/// From the one to the other, where both are known.
pub(crate) fn join(from: Option<Span>, to: Option<Span>) -> Option<Span> {
    match (from, to) {
        (Some(from), Some(to)) => Some(from.to(to)),
        (one, other) => one.or(other),
    }
}
