//! A change of texts that makes a finding go away.

use crate::source::{FileId, Span};
use std::fmt;

/// One way to cure a finding. Where a finding has several, each alone suffices.
#[derive(Clone, Debug)]
pub struct Fix {
    /// What it does, as a command to the reader: `narrow the proxy ID of hq`.
    pub text: String,
    /// Its parts, at most one a file; all of them belong together.
    pub amendments: Vec<Amendment>,
}

/// What changes in one file, and what to type at the device for the same effect.
#[derive(Clone, Debug)]
pub struct Amendment {
    pub file: FileId,
    /// In the order of the file; they don't overlap.
    pub edits: Vec<Edit>,
    /// Line by line as an operator types them, from the top of configuration mode. Secrets in them
    /// are named, not spelled.
    pub commands: Vec<String>,
}

/// What stands in a command for a secret that the file holds already.
pub const AS_IN_THE_FILE: &str = "<as in the file>";

impl Amendment {
    /// Whether a command has a name in a secret's place.
    pub fn names_secret(&self) -> bool {
        let named = |line: &String| line.contains(AS_IN_THE_FILE);
        self.edits.iter().any(Edit::hides_secret) || self.commands.iter().any(named)
    }

    /// Another one of the same file as well.
    pub fn join(&mut self, more: Self) {
        self.edits.extend(more.edits);
        self.edits.sort_by_key(|edit| edit.span);
        self.commands.extend(more.commands);
    }
}

/// A span replaced by a text; an empty span is an insertion.
#[derive(Clone)]
pub struct Edit {
    pub span: Span,
    by: String,
    /// What to show instead of `by`, where `by` holds a secret.
    shown: Option<String>,
}

impl Edit {
    pub fn new(span: Span, by: impl Into<String>) -> Self {
        Self {
            span,
            by: by.into(),
            shown: None,
        }
    }

    /// A text that holds a secret, and the same text with the secret hidden.
    pub fn secret(span: Span, by: impl Into<String>, shown: impl Into<String>) -> Self {
        Self {
            span,
            by: by.into(),
            shown: Some(shown.into()),
        }
    }

    /// The same of another place, with texts before and after that hold no secret.
    pub(crate) fn around(&self, span: Span, head: &str, tail: &str) -> Self {
        let whole = |text: &String| format!("{head}{text}{tail}");
        Self {
            span,
            by: whole(&self.by),
            shown: self.shown.as_ref().map(whole),
        }
    }

    /// What is written, secrets included. Whatever is shown takes [`Self::shown`].
    pub fn expose(&self) -> &str {
        &self.by
    }

    pub fn shown(&self) -> &str {
        self.shown.as_deref().unwrap_or(&self.by)
    }

    /// Whether what is written is not what is shown.
    pub fn hides_secret(&self) -> bool {
        self.shown.is_some()
    }
}

impl fmt::Debug for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Edit")
            .field("span", &self.span)
            .field("by", &self.shown())
            .finish()
    }
}

/// The text with the edits made, secrets included. Edits that overlap an earlier one, or that lie
/// outside the text, are left out.
pub fn apply(text: &str, edits: &[Edit]) -> String {
    let mut sorted: Vec<&Edit> = edits.iter().collect();
    sorted.sort_by_key(|edit| edit.span);
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for edit in sorted {
        let (start, end) = (edit.span.start as usize, edit.span.end as usize);
        let Some(kept) = text
            .get(at..start)
            .filter(|_| text.get(start..end).is_some())
        else {
            continue;
        };
        out.push_str(kept);
        out.push_str(edit.expose());
        at = end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Sources;

    #[test]
    fn edits_replace_insert_and_leave_out_what_overlaps() {
        let file = Sources::new().add("", "");
        let edit = |range, by: &str| Edit::new(Span::new(file, range), by);
        let edits = [
            edit(4..7, "two"),
            edit(0..0, "zero "),
            edit(5..6, "overlaps"),
            edit(90..91, "outside"),
        ];
        assert_eq!(apply("one 222 three", &edits), "zero one two three");
    }

    #[test]
    fn a_secret_is_written_but_not_shown() {
        let file = Sources::new().add("", "");
        let edit = Edit::secret(Span::new(file, 0..0), "key hunter2", "key ********");
        assert_eq!(apply("", std::slice::from_ref(&edit)), "key hunter2");
        assert!(!format!("{edit:?}").contains("hunter2"));
    }
}
