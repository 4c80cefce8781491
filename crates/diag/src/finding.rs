//! A finding: one cause, told once.

use crate::fix::Fix;
use crate::source::Span;
use serde::Serialize;
use std::collections::BTreeMap;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It works; the reader may want to know.
    Note,
    /// It works, but should not be left so.
    Warning,
    /// It will not work, or the text can't be obeyed.
    Error,
}

impl Severity {
    pub fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// How well a claim about a vendor or a standard is founded; the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Certainty {
    /// An RFC decides it.
    Rfc,
    /// A standard that isn't an RFC says it, such as a NIST publication.
    Standard,
    /// A vendor's document or schema says it.
    Doc,
    /// A published capture from a device shows it.
    Capture,
    /// Believed, not proven.
    Undocumented,
}

impl Certainty {
    pub fn words(self) -> &'static str {
        match self {
            Self::Rfc => "RFC",
            Self::Standard => "published standard",
            Self::Doc => "vendor document",
            Self::Capture => "published capture",
            Self::Undocumented => "undocumented",
        }
    }
}

/// A place that the finding speaks about.
#[derive(Clone, Debug)]
pub struct Label {
    pub span: Span,
    pub text: String,
    /// The place of the mistake itself, as opposed to what it contradicts.
    pub primary: bool,
}

/// What to do about it.
#[derive(Clone, Debug)]
pub struct Help {
    pub text: String,
    /// Replacement of a span by a text, where the fix is one.
    pub replace: Option<(Span, String)>,
}

/// A word that one may have been meant to be, of several.
#[derive(Clone, Debug)]
pub struct Choice {
    pub word: String,
    /// It is written; made by the dialect.
    pub fix: Option<Fix>,
}

/// What an end's own log is expected to say.
#[derive(Clone, Debug)]
pub struct Symptom {
    /// Which end: `branch`, `hq.xml`.
    pub end: String,
    pub line: String,
}

/// One cause: what is wrong, where, when it shows, how sure, and what to do.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Stable, in words: `unknown-line`, `undefined-name`.
    pub code: &'static str,
    pub severity: Severity,
    /// What is wrong, in lower case, without a full stop.
    pub title: String,
    pub labels: Vec<Label>,
    pub notes: Vec<String>,
    /// When it shows, as a sentence's end: `in IKE_AUTH`.
    pub when: Option<String>,
    /// Who must start for it to show: `whoever starts`, `only when hq starts`.
    pub starter: Option<String>,
    pub certainty: Option<Certainty>,
    pub symptoms: Vec<Symptom>,
    pub help: Option<Help>,
    /// Each of them alone is a cure; the first is the one to prefer.
    pub fixes: Vec<Fix>,
    /// What a wrong word may have been meant to be: which of them, only a trial can tell.
    pub choices: Vec<Choice>,
}

impl Finding {
    pub fn new(severity: Severity, code: &'static str, title: impl Into<String>) -> Self {
        Self {
            code,
            severity,
            title: title.into(),
            labels: Vec::new(),
            notes: Vec::new(),
            when: None,
            starter: None,
            certainty: None,
            symptoms: Vec::new(),
            help: None,
            fixes: Vec::new(),
            choices: Vec::new(),
        }
    }

    pub fn error(code: &'static str, title: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, title)
    }

    pub fn warning(code: &'static str, title: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, title)
    }

    pub fn note(code: &'static str, title: impl Into<String>) -> Self {
        Self::new(Severity::Note, code, title)
    }

    /// Points at the mistake itself. A missing span (a default) adds nothing.
    #[must_use]
    pub fn at(mut self, span: impl Into<Option<Span>>, text: impl Into<String>) -> Self {
        self.push_label(span.into(), text.into(), true);
        self
    }

    /// Points at what the mistake contradicts.
    #[must_use]
    pub fn beside(mut self, span: impl Into<Option<Span>>, text: impl Into<String>) -> Self {
        self.push_label(span.into(), text.into(), false);
        self
    }

    fn push_label(&mut self, span: Option<Span>, text: String, primary: bool) {
        self.labels.extend(span.map(|span| Label {
            span,
            text,
            primary,
        }));
    }

    #[must_use]
    pub fn noted(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    #[must_use]
    pub fn certain(mut self, certainty: Certainty) -> Self {
        self.certainty = Some(certainty);
        self
    }

    #[must_use]
    pub fn when(mut self, when: impl Into<String>) -> Self {
        self.when = Some(when.into());
        self
    }

    #[must_use]
    pub fn starter(mut self, starter: impl Into<String>) -> Self {
        self.starter = Some(starter.into());
        self
    }

    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(Help {
            text: text.into(),
            replace: None,
        });
        self
    }

    /// What the word at that place was surely to be. A dialect makes a fix of it, with what is to be
    /// typed.
    #[must_use]
    pub fn meant(self, span: Option<Span>, right: &str) -> Self {
        let text = format!("did you mean `{right}`?");
        match span {
            Some(span) => self.help_replace(text, span, right.to_owned()),
            None => self.help(text),
        }
    }

    /// What may stand in its first primary place. A dialect makes fixes of it, of which whoever
    /// judges chooses. Of very many words none is a likely one.
    #[must_use]
    pub fn one_of<'w>(mut self, words: impl IntoIterator<Item = &'w str>) -> Self {
        const MOST: usize = 16;
        let choices = words.into_iter().map(|word| Choice {
            word: word.to_owned(),
            fix: None,
        });
        self.choices = choices.collect();
        if self.choices.len() > MOST {
            self.choices.clear();
        }
        self
    }

    /// A fix that is one replacement of text.
    #[must_use]
    pub fn help_replace(mut self, text: impl Into<String>, span: Span, by: String) -> Self {
        self.help = Some(Help {
            text: text.into(),
            replace: Some((span, by)),
        });
        self
    }
}

/// Findings that name a cause and say the same of several places as one, with all of them: the cause
/// is what `same` says beside code and title, and nothing where places are causes of their own.
pub fn of_all_places(
    findings: Vec<Finding>,
    same: impl Fn(&Finding) -> Option<String>,
) -> Vec<Finding> {
    let mut first: BTreeMap<(&str, String, String), usize> = BTreeMap::new();
    let mut all: Vec<Finding> = Vec::new();
    for finding in findings {
        let Some(cause) = same(&finding) else {
            all.push(finding);
            continue;
        };
        let cause = (finding.code, finding.title.clone(), cause);
        let index = *first.entry(cause).or_insert(all.len());
        match all.get_mut(index) {
            Some(known) => known.labels.extend(finding.labels),
            None => all.push(finding),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Sources;

    #[test]
    fn what_is_said_of_several_places_is_one_finding() {
        let file = Sources::new().add("", "one two two");
        let at =
            |code, title: &str, range| Finding::error(code, title).at(Span::new(file, range), "");
        let all = vec![
            at("a", "two", 4..7),
            at("b", "two", 4..7),
            at("a", "one", 0..3),
            at("a", "two", 8..11),
        ];
        let told = of_all_places(all, |finding| (finding.code == "a").then(String::new));
        let told = told.iter().map(|f| (f.code, f.labels.len()));
        assert_eq!(told.collect::<Vec<_>>(), [("a", 2), ("b", 1), ("a", 1)]);
    }
}
