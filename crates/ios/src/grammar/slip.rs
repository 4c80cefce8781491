//! A mistyped command, typed right.

use super::nearest::LEAVE;
use super::{Context, negates};
use crate::language::patch::commands;
use crate::secrets;
use crate::tree::{self, Kind, Line, slice};
use crossgate_diag::{AS_IN_THE_FILE, Amendment, Edit, Fix, Span, apply};

/// Mistyped lines of one file for which it is read again. A file with more wasn't mistyped.
const MOST: usize = 8;

/// Octets of the longest one.
const LONGEST: usize = 4 << 20;

/// The line with the keywords of that command, and what is below it typed once more: a router that
/// refused the line did not take it, or took it for something else.
pub(super) fn fix(cx: &Context<'_>, line: &Line, path: &str) -> Option<Fix> {
    let no = usize::from(
        line.words
            .first()
            .is_some_and(|w| negates(slice(cx.text, *w))),
    );
    let keywords: Vec<&str> = path.split(' ').collect();
    let wrong = line.words.get(no..no + keywords.len())?;
    let edits = wrong.iter().zip(&keywords);
    let edits = edits.filter(|(word, right)| slice(cx.text, **word) != **right);
    // A number is no keyword that could be written.
    let edits: Vec<Edit> = edits
        .filter(|(_, right)| **right != "#")
        .map(|(word, right)| Edit::new(*word, *right))
        .collect();
    let file = line.raw.file;
    // Whoever types the rest leaves the section anyway.
    let typed = match LEAVE.contains(&path) {
        true => Typed::new(),
        false => typed_as_meant(cx, line, &edits)?,
    };
    Some(Fix {
        text: format!("write `{path}`"),
        amendments: vec![Amendment {
            file,
            edits,
            commands: commands(&typed),
        }],
    })
}

/// What is typed, and inside of what.
type Typed = Vec<(Vec<String>, String)>;

/// The line as it was meant with all that belongs to it then: in a file without blanks that is more
/// than now.
fn typed_as_meant(cx: &Context<'_>, line: &Line, edits: &[Edit]) -> Option<Typed> {
    let mut typed = Typed::new();
    let again = cx.mistyped <= MOST && cx.text.len() <= LONGEST;
    if !line.lines.is_empty() || !again {
        let right = |word: Span| {
            let edit = edits.iter().find(|edit| edit.span == word);
            edit.map_or_else(|| cx.typed(word), Edit::expose)
        };
        let words: Vec<&str> = line.words.iter().map(|word| right(*word)).collect();
        let headers = cx.open.iter().map(|span| cx.typed(*span).to_owned());
        let mut headers: Vec<String> = headers.collect();
        let as_typed = |word: Span| cx.typed(word);
        typed_below(&as_typed, line, words.join(" "), &mut headers, &mut typed);
        return Some(typed);
    }
    let text = apply(cx.text, edits);
    let (tree, _) = tree::parse(&text, line.raw.file);
    let hidden = secrets::find(&text, &tree);
    let as_typed = |word: Span| {
        let mut hidden = hidden.iter();
        match hidden.any(|secret| secret.start < word.end && word.start < secret.end) {
            true => AS_IN_THE_FILE,
            false => slice(&text, word),
        }
    };
    let mut headers = Vec::new();
    let is_it = |other: &Line| other.raw.start == line.raw.start;
    let meant = line_inside(&tree.lines, &is_it, &mut headers)?;
    let said = |line: &Line| words(line, &as_typed);
    let mut headers: Vec<String> = headers.into_iter().map(said).collect();
    typed_below(&as_typed, meant, said(meant), &mut headers, &mut typed);
    Some(typed)
}

/// The words of a line with single blanks.
pub(crate) fn words<'t>(line: &Line, of: &dyn Fn(Span) -> &'t str) -> String {
    let words: Vec<&str> = line.words.iter().map(|word| of(*word)).collect();
    words.join(" ")
}

/// The first such line, and those that it is inside of.
pub(crate) fn line_inside<'l>(
    lines: &'l [Line],
    is_it: &dyn Fn(&Line) -> bool,
    headers: &mut Vec<&'l Line>,
) -> Option<&'l Line> {
    for line in lines {
        if is_it(line) {
            return Some(line);
        }
        headers.push(line);
        if let Some(found) = line_inside(&line.lines, is_it, headers) {
            return Some(found);
        }
        headers.pop();
    }
    None
}

/// What is typed for a line and all below it, inside of what.
pub(crate) fn typed_below<'t>(
    as_typed: &dyn Fn(Span) -> &'t str,
    line: &Line,
    words: String,
    headers: &mut Vec<String>,
    typed: &mut Vec<(Vec<String>, String)>,
) {
    let says = |line: &&Line| {
        matches!(
            line.kind,
            Kind::Command(_) | Kind::Unknown | Kind::Ambiguous(_)
        )
    };
    let mut lines = line.lines.iter().filter(says).peekable();
    if lines.peek().is_none() {
        return typed.push((headers.clone(), words));
    }
    headers.push(words);
    for line in lines {
        let words: Vec<&str> = line.words.iter().map(|word| as_typed(*word)).collect();
        typed_below(as_typed, line, words.join(" "), headers, typed);
    }
    headers.pop();
}
