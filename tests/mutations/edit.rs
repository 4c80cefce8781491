//! A text as lines that edits change independently of each other, and patterns that find lines.

use std::fmt::Write;
use std::net::Ipv4Addr;

/// A configuration's lines, each with what edits put before, in its place and after it.
#[derive(Clone)]
pub struct Text {
    slots: Vec<Slot>,
}

#[derive(Clone)]
struct Slot {
    before: Vec<String>,
    at: Vec<String>,
    after: Vec<String>,
}

/// One line of the original text, and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    pub line: usize,
    pub change: Change,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    Replace(Vec<String>),
    Remove,
    Before(Vec<String>),
    After(Vec<String>),
}

impl Edit {
    /// Whether the line itself doesn't stay as it is.
    pub fn takes_the_line(&self) -> bool {
        matches!(self.change, Change::Replace(_) | Change::Remove)
    }
}

impl Text {
    pub fn new(text: &str) -> Self {
        let slot = |line: &str| Slot {
            before: Vec::new(),
            at: vec![line.to_owned()],
            after: Vec::new(),
        };
        Self {
            slots: text.lines().map(slot).collect(),
        }
    }

    pub fn apply(&mut self, edit: &Edit) {
        let slot = &mut self.slots[edit.line];
        match &edit.change {
            Change::Replace(lines) => slot.at.clone_from(lines),
            Change::Remove => slot.at.clear(),
            Change::Before(lines) => slot.before.extend_from_slice(lines),
            Change::After(lines) => slot.after.extend_from_slice(lines),
        }
    }

    pub fn written(&self) -> String {
        let mut text = String::new();
        for slot in &self.slots {
            for line in slot.before.iter().chain(&slot.at).chain(&slot.after) {
                writeln!(text, "{line}").expect("a string takes it");
            }
        }
        text
    }
}

/// Blanks in front of a line.
pub fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The line that another one is inside of: the last one before it that is indented less.
pub fn parent(lines: &[&str], line: usize) -> Option<usize> {
    let depth = indentation(lines[line]);
    let before = (0..line).rev();
    let mut said = before.filter(|&at| !lines[at].trim_start().starts_with('!'));
    said.find(|&at| indentation(lines[at]) < depth)
}

/// The line and all that are inside of it.
pub fn section(lines: &[&str], line: usize) -> std::ops::Range<usize> {
    let depth = indentation(lines[line]);
    let inside = lines[line + 1..].iter();
    let length = inside.take_while(|l| indentation(l) > depth).count();
    line..line + 1 + length
}

/// Words to find a line by: `*` is any word, `#` an IPv4 address, `...` at the begin or the end any
/// number of words.
/// Before ` / ` may stand a pattern for the line that it is inside of.
pub struct Pattern {
    parent: Option<Vec<String>>,
    words: Vec<String>,
}

impl Pattern {
    pub fn new(text: &str) -> Self {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        match text.split_once(" / ") {
            Some((parent, own)) => Self {
                parent: Some(words(parent)),
                words: words(own),
            },
            None => Self {
                parent: None,
                words: words(text),
            },
        }
    }

    /// What stands for each `*` and `...`, of every line that the pattern fits.
    pub fn find(&self, lines: &[&str]) -> Vec<(usize, Vec<String>)> {
        let fits = |at: usize| {
            let captured = fit(&self.words, lines[at])?;
            let inside = match &self.parent {
                Some(wanted) => parent(lines, at).is_some_and(|p| fit(wanted, lines[p]).is_some()),
                None => true,
            };
            inside.then_some((at, captured))
        };
        (0..lines.len()).filter_map(fits).collect()
    }
}

fn fit(pattern: &[String], line: &str) -> Option<Vec<String>> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let open = |word: Option<&String>| word.is_some_and(|word| word == "...");
    let (head, tail) = (open(pattern.first()), open(pattern.last()));
    let inner = &pattern[usize::from(head)..pattern.len() - usize::from(tail)];
    if words.len() < inner.len() + usize::from(tail) {
        return None;
    }
    let skipped = match (head, tail) {
        (false, false) if words.len() != inner.len() => return None,
        (true, false) => words.len() - inner.len(),
        (true, true) => words.windows(inner.len()).position(|w| same(inner, w))?,
        _ => 0,
    };
    let (before, rest) = words.split_at(skipped);
    let (own, after) = rest.split_at(inner.len());
    if !same(inner, own) {
        return None;
    }
    let mut captured = vec![before.join(" ")];
    let stars = inner.iter().zip(own).filter(|(wanted, _)| is_open(wanted));
    captured.extend(stars.map(|(_, word)| (*word).to_owned()));
    if tail {
        captured.push(after.join(" "));
    }
    Some(captured)
}

fn same(pattern: &[String], words: &[&str]) -> bool {
    let mut pairs = pattern.iter().zip(words);
    pairs.all(|(wanted, word)| match wanted.as_str() {
        "*" => true,
        "#" => word.parse::<Ipv4Addr>().is_ok(),
        wanted => wanted == *word,
    })
}

fn is_open(word: &str) -> bool {
    matches!(word, "*" | "#")
}

/// A template's words with `$1` and its like filled in. A number is that of a `*`, `$0` what stands
/// before the pattern; behind it may follow `+N` or `-N` (an address so much further), `/N`
/// (another length of the prefix), or `!WORD` (a changed key).
pub fn filled(template: &str, captured: &[String]) -> String {
    let words = template
        .split(' ')
        .map(|word| match word.strip_prefix('$') {
            Some(reference) => resolved(reference, captured),
            None => word.to_owned(),
        });
    words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

fn resolved(reference: &str, captured: &[String]) -> String {
    let end = reference.find(|c: char| !c.is_ascii_digit());
    let (number, modifier) = reference.split_at(end.unwrap_or(reference.len()));
    let number: usize = number.parse().expect("`$` and a number");
    let value = captured
        .get(number)
        .unwrap_or_else(|| panic!("${number} of {captured:?}"));
    let (kind, argument) = modifier.split_at(modifier.len().min(1));
    match kind {
        "" => value.clone(),
        "+" | "-" => moved(value, modifier.parse().expect("a number")),
        "/" => format!("{}/{argument}", value.split('/').next().unwrap_or_default()),
        "!" => changed_key(value, argument),
        "~" => value.trim_matches(['[', ']', ' ']).to_owned(),
        _ => panic!("no modifier {modifier}"),
    }
}

/// An address, or a prefix, so much further.
fn moved(value: &str, by: i64) -> String {
    let (address, length) = value
        .split_once('/')
        .map_or((value, None), |(a, l)| (a, Some(l)));
    let bits = address.parse::<Ipv4Addr>().expect("an address").to_bits();
    let address = Ipv4Addr::from_bits((i64::from(bits) + by) as u32);
    length.map_or_else(
        || address.to_string(),
        |length| format!("{address}/{length}"),
    )
}

fn changed_key(key: &str, how: &str) -> String {
    let last = key.chars().next_back().expect("a key");
    let all_but_last = &key[..key.len() - last.len_utf8()];
    let other = if last == 'x' { 'y' } else { 'x' };
    match how {
        "last" => format!("{all_but_last}{other}"),
        "cut" => all_but_last.to_owned(),
        "longer" => format!("{key}x"),
        "upper" => key.to_ascii_uppercase(),
        "hex" => key.bytes().map(|octet| format!("{octet:02x}")).collect(),
        _ => panic!("no change of a key: {how}"),
    }
}
