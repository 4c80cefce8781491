//! A mistyped command, typed right.

use super::{Context, negates};
use crate::language::patch::commands;
use crate::tree::{Kind, Line, slice};
use crossgate_diag::{Amendment, Edit, Fix, Span};

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
    let right = |word: &Span| {
        let edit = edits.iter().find(|edit| edit.span == *word);
        edit.map_or_else(|| cx.typed(*word), Edit::expose)
    };
    let words: Vec<&str> = line.words.iter().map(right).collect();
    let mut typed = Vec::new();
    let headers = cx.open.iter().map(|span| cx.typed(*span).to_owned());
    let mut headers: Vec<String> = headers.collect();
    typed_below(cx, line, words.join(" "), &mut headers, &mut typed);
    let file = line.raw.file;
    let commands = commands(&typed);
    Some(Fix {
        text: format!("write `{path}`"),
        amendments: vec![Amendment {
            file,
            edits,
            commands,
        }],
    })
}

/// What is typed for a line and all below it, inside of what.
fn typed_below(
    cx: &Context<'_>,
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
        let words: Vec<&str> = line.words.iter().map(|word| cx.typed(*word)).collect();
        typed_below(cx, line, words.join(" "), headers, typed);
    }
    headers.pop();
}
