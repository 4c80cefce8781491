//! Texts of several lines that are one command: banners, certificates, keys, macros.

use super::lines::Physical;

/// Longer than any banner that a router takes, in octets: the end of one isn't sought farther.
const BANNER_MAX: usize = 65_536;

/// Longer than any macro or key, in lines.
const LINES_MAX: usize = 4000;

/// How far such a text goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blob {
    /// So many lines follow the first one.
    Lines(usize),
    /// The character that ends it never comes.
    Endless,
}

/// What begins with these words on line `at`.
pub(super) fn begins(text: &str, lines: &[Physical], at: usize, words: &[&str]) -> Blob {
    let is = |at: usize, keywords: &[&str]| {
        let word = words.get(at);
        word.is_some_and(|word| keywords.iter().any(|k| word.eq_ignore_ascii_case(k)))
    };
    let delimited_after = |count| delimited(text, lines, at, after_words(text, lines, at, count));
    match words {
        [_, kind, ..] if is(0, &["banner"]) => {
            delimited(text, lines, at, banner_text(text, lines, at, kind))
        }
        [_, _, _, ..]
            if is(0, &["aaa"])
                && is(1, &["authentication"])
                && is(2, &["banner", "fail-message"]) =>
        {
            delimited_after(3)
        }
        [_, _, _, ..] if is(0, &["menu"]) && is(2, &["title", "prompt"]) => delimited_after(3),
        [_, _, ..] if is(0, &["macro"]) && is(1, &["name"]) => macro_lines(text, lines, at),
        [_, ..] if is(0, &["certificate"]) => hexadecimal(text, lines, at),
        [_] if is(0, &["key-string"]) => hexadecimal(text, lines, at),
        [first, ..] if first.starts_with("-----BEGIN") => armoured(text, lines, at),
        _ => Blob::Lines(0),
    }
}

/// `banner motd ^C`, and `banner ^C`, which means the same.
fn banner_text(text: &str, lines: &[Physical], at: usize, kind: &str) -> usize {
    let kinds = [
        "motd",
        "login",
        "exec",
        "incoming",
        "prompt-timeout",
        "slip-ppp",
    ];
    let is_kind = kinds.iter().any(|known| kind.eq_ignore_ascii_case(known));
    after_words(text, lines, at, if is_kind { 2 } else { 1 })
}

/// Where the word after that many begins, or the line's end.
fn after_words(text: &str, lines: &[Physical], at: usize, count: usize) -> usize {
    let Some(line) = lines.get(at) else {
        return text.len();
    };
    let content = text.get(line.content.clone()).unwrap_or("");
    let mut rest = content.trim_start();
    for _ in 0..count {
        rest = rest
            .find(char::is_whitespace)
            .and_then(|gap| rest.get(gap..))
            .unwrap_or("")
            .trim_start();
    }
    line.content.end - rest.len()
}

/// From a delimiter at that offset to its second occurrence.
fn delimited(text: &str, lines: &[Physical], at: usize, start: usize) -> Blob {
    let line_end = lines.get(at).map_or(0, |line| line.content.end);
    if start >= line_end {
        return Blob::Lines(0);
    }
    let rest = text.get(start..).unwrap_or("");
    // A saved configuration shows control-C as these two characters.
    let delimiter = if rest.starts_with("^C") {
        "^C"
    } else {
        let first = rest.chars().next().map_or(0, char::len_utf8);
        rest.get(..first).unwrap_or("")
    };
    let body = start + delimiter.len();
    let mut end = text.len().min(body + BANNER_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    match text.get(body..end).and_then(|body| body.find(delimiter)) {
        Some(end) => Blob::Lines(lines_until(lines, at, body + end)),
        None => Blob::Endless,
    }
}

fn lines_until(lines: &[Physical], at: usize, offset: usize) -> usize {
    lines
        .iter()
        .skip(at + 1)
        .take_while(|line| line.raw.start <= offset)
        .count()
}

fn macro_lines(text: &str, lines: &[Physical], at: usize) -> Blob {
    let mut near = following(text, lines, at).take(LINES_MAX);
    let end = near.position(|line| line == "@");
    end.map_or(Blob::Endless, |index| Blob::Lines(index + 1))
}

/// Groups of hexadecimal digits up to `quit`.
fn hexadecimal(text: &str, lines: &[Physical], at: usize) -> Blob {
    let digits = following(text, lines, at)
        .take_while(|line| !line.is_empty() && line.split_whitespace().all(is_hex_group))
        .count();
    let after = following(text, lines, at).nth(digits);
    let closed = after.is_some_and(|line| line.eq_ignore_ascii_case("quit"));
    Blob::Lines(digits + usize::from(closed))
}

fn is_hex_group(word: &str) -> bool {
    word.len() <= 64 && word.bytes().all(|b| b.is_ascii_hexdigit())
}

fn armoured(text: &str, lines: &[Physical], at: usize) -> Blob {
    let mut near = following(text, lines, at).take(LINES_MAX);
    let end = near.position(|line| line.starts_with("-----END"));
    end.map_or(Blob::Lines(0), |index| Blob::Lines(index + 1))
}

fn following<'t>(text: &'t str, lines: &'t [Physical], at: usize) -> impl Iterator<Item = &'t str> {
    lines
        .iter()
        .skip(at + 1)
        .map(|line| text.get(line.content.clone()).unwrap_or("").trim())
}
