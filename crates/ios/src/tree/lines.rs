//! A text's physical lines and their words.

use crossgate_diag::{FileId, Span};
use std::ops::Range;

/// One line as it stands in the file.
#[derive(Clone, Debug)]
pub(super) struct Physical {
    /// With its line end.
    pub raw: Range<usize>,
    /// Without line end, and without what a pager left before it.
    pub content: Range<usize>,
    /// Columns of blanks before the first word.
    pub indent: usize,
}

pub(super) fn physical(text: &str) -> Vec<Physical> {
    let mut start = 0;
    text.split_inclusive('\n')
        .map(|line| {
            let raw = start..start + line.len();
            start = raw.end;
            let visible = line.trim_end_matches(['\n', '\r']);
            let skipped = pager_leftovers(visible);
            let content = raw.start + skipped..raw.start + visible.len();
            let indent = visible
                .get(skipped..)
                .unwrap_or("")
                .chars()
                .take_while(|c| is_gap(*c))
                .count();
            Physical {
                raw,
                content,
                indent,
            }
        })
        .collect()
}

/// Bytes that a pager's prompt and its wiping take at the start of a line.
fn pager_leftovers(line: &str) -> usize {
    let Some(at) = line.find("--More--") else {
        return 0;
    };
    let after = at + "--More--".len();
    let before = line.get(..at).unwrap_or("");
    if !before.chars().all(|c| is_gap(c) || c.is_control()) {
        return 0;
    }
    let wiped = line
        .get(after..)
        .and_then(|rest| rest.rfind(['\u{8}', '\r']))
        .map_or(0, |at| at + 1);
    after + wiped
}

pub(super) fn words(text: &str, content: Range<usize>, file: FileId) -> Vec<Span> {
    let base = content.start;
    let mut found = Vec::new();
    let mut word_start = None;
    let line = text.get(content).unwrap_or("");
    for (at, c) in line.char_indices() {
        match (is_gap(c), word_start) {
            (false, None) => word_start = Some(at),
            (true, Some(start)) => {
                found.push(Span::new(file, base + start..base + at));
                word_start = None;
            }
            _ => {}
        }
    }
    if let Some(start) = word_start {
        found.push(Span::new(file, base + start..base + line.len()));
    }
    found
}

/// Blanks of all kinds (text pasted from a web page has no-break ones), and a byte order mark.
pub(super) fn is_gap(c: char) -> bool {
    c.is_whitespace() || c == '\u{feff}'
}
