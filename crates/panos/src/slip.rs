//! A mistyped word, written right: in the text, and as what is to be typed.
//!
//! Whoever reads a word that is surely another one says so in its finding; here that becomes a fix.

use crate::language::in_set::with_quotes;
use crate::language::outline::{Element, Outline};
use crate::language::steps::{self, Path, Show, Step, Text};
use crate::set::secret_words;
use crate::tree::{At, Kind, Tree};
use crate::words::{self, Command};
use crate::write::{escaped, quoted};
use crate::{Form, Reading};
use crossgate_diag::{AS_IN_THE_FILE, Amendment, Choice, Edit, Finding, Fix, Span, of_all_places};
use std::ops::Range;

/// Mistyped words of one file that get a fix. A file with more wasn't mistyped.
const MOST: usize = 16;

/// Gives each mistyped word its fix. Of a Panorama's export it is asked for in the tree that the file
/// itself has.
pub fn mend(reading: &mut Reading, of_panorama: Option<&Tree>, text: &str) {
    let findings = std::mem::take(&mut reading.findings);
    let mut findings = of_all_places(findings, |finding| match finding.code {
        "undefined-name" => Some(String::new()),
        // A word that each line begins with, mistyped in each.
        "unknown-line" => {
            let place = finding.labels.first()?.span;
            let typed = text.get(range(place)).unwrap_or_default();
            meant(finding).map(|slip| format!("{typed} {}", slip.right))
        }
        _ => None,
    });
    let slips = findings
        .iter_mut()
        .filter(|finding| meant(finding).is_some() || !finding.choices.is_empty());
    for finding in slips.take(MOST) {
        if finding.code == "unknown-line" {
            let more = finding.labels.iter_mut().skip(1);
            more.for_each(|label| label.text.clear());
        }
        let fix = |slip: Slip| slip.fix(reading, of_panorama, text);
        let choices = finding.choices.iter();
        let choices = choices.map(|choice| Choice {
            word: choice.word.clone(),
            fix: fix(Slip::new(finding, &choice.word)),
        });
        let choices = choices.collect();
        finding.choices = choices;
        if let Some(fix) = meant(finding).and_then(fix) {
            finding.fixes.push(fix);
            finding.help = None;
        }
    }
    reading.findings = findings;
}

/// A word that was surely to be another one.
struct Slip {
    code: &'static str,
    /// Where the word stands.
    spans: Vec<Span>,
    right: String,
}

fn meant(finding: &Finding) -> Option<Slip> {
    let (_, right) = finding.help.as_ref()?.replace.as_ref()?;
    Some(Slip::new(finding, right))
}

impl Slip {
    fn new(finding: &Finding, right: &str) -> Self {
        let places = finding.labels.iter().filter(|label| label.primary);
        Self {
            code: finding.code,
            spans: places.map(|label| label.span).collect(),
            right: right.to_owned(),
        }
    }

    fn fix(&self, reading: &Reading, of_panorama: Option<&Tree>, text: &str) -> Option<Fix> {
        let tree = of_panorama.unwrap_or(&reading.tree);
        let (mut edits, mut commands) = (Vec::new(), Vec::new());
        let of_text = match self.code {
            "unknown-line" => words::commands(text),
            _ => Vec::new(),
        };
        for span in &self.spans {
            let (more, lines) = match self.code {
                "unknown-line" => (
                    vec![Edit::new(*span, self.right.as_str())],
                    self.line(*span, &of_text, text)?,
                ),
                _ => {
                    let mut path = Path::new();
                    let at = find(tree.root(), *span, &mut path)?;
                    let edits = self.edits(*span, reading, text)?;
                    (edits, self.commands(tree, at, path)?)
                }
            };
            edits.extend(more);
            commands.extend(lines);
        }
        edits.sort_by_key(|edit| edit.span);
        edits.dedup_by_key(|edit| edit.span);
        Some(Fix {
            text: format!("write `{}`", self.right),
            amendments: vec![Amendment {
                file: reading.file,
                edits,
                commands,
            }],
        })
    }

    fn edits(&self, span: Span, reading: &Reading, text: &str) -> Option<Vec<Edit>> {
        Some(match reading.form {
            Form::Set => self.in_set(span, reading, text),
            Form::Xml => self.in_xml(span, reading.outline(text)?, text),
        })
    }

    /// The line of that word, typed right; of an `edit`, all that follows until `top`: a device that
    /// didn't go there took none of it.
    fn line(&self, span: Span, commands: &[Command], text: &str) -> Option<Vec<String>> {
        let place = range(span);
        let is_it = |command: &Command| command.words.iter().any(|word| word.range == place);
        let first = commands.iter().position(is_it)?;
        let rest = commands.get(first..)?;
        let verb = |command: &Command, verb: &str| {
            let word = command.words.first();
            word.is_some_and(|word| word.is(verb))
        };
        let is_edit = rest.first().is_some_and(|command| verb(command, "edit"));
        let count = match is_edit {
            true => {
                let top = rest.iter().position(|command| verb(command, "top"));
                top.unwrap_or(rest.len())
            }
            false => 1,
        };
        let typed = rest.iter().take(count);
        let mut lines: Vec<String> = typed
            .map(|command| self.typed(&place, command, text))
            .filter(|line| !line.is_empty())
            .collect();
        if is_edit {
            lines.push("top".into());
        }
        Some(lines)
    }

    fn typed(&self, place: &Range<usize>, command: &Command, text: &str) -> String {
        let hidden = secret_words(&command.words);
        let words = command.words.iter().zip(hidden);
        let words = words.map(|(word, hidden)| match hidden {
            _ if word.range == *place => self.right.as_str(),
            true => AS_IN_THE_FILE,
            false => text.get(word.outer()).unwrap_or_default(),
        });
        words.collect::<Vec<_>>().join(" ")
    }

    /// Every line that says the same word there.
    fn in_set(&self, span: Span, reading: &Reading, text: &str) -> Vec<Edit> {
        let places = reading.commands(text).places(&range(span));
        let places = places.iter().map(|place| with_quotes(text, place));
        let spans = places.map(|place| Span::new(span.file, place));
        spans
            .map(|span| Edit::new(span, quoted(&self.right)))
            .collect()
    }

    /// The text; or the tags of the element, and of its fellows in the one around.
    fn in_xml(&self, span: Span, outline: &Outline, text: &str) -> Vec<Edit> {
        let base = outline.body.start;
        let right = escaped(&self.right);
        let edit = |place: Range<usize>| {
            let place = base + place.start..base + place.end;
            Edit::new(Span::new(span.file, place), right.as_str())
        };
        let body = text.get(outline.body.clone()).unwrap_or_default();
        let place = range(span);
        let element = place
            .start
            .checked_sub(base)
            .and_then(|at| outline.around(at));
        let tags = |element: &Element| tags(body, element);
        let named = element.filter(|it| tags(it).iter().any(|tag| base + tag.start == place.start));
        match named {
            Some(element) => outline.fellows(element).flat_map(tags).map(edit).collect(),
            None => vec![Edit::new(span, right)],
        }
    }

    /// What is typed for it and all below it, at `path`. A name that is only not defined was taken
    /// by the device, so that it goes first where it stands among others.
    fn commands(&self, tree: &Tree, at: At<'_>, mut path: Path) -> Option<Vec<String>> {
        let mut steps = Vec::new();
        let is_one_of_many = matches!(at.kind(), Kind::Entry | Kind::Member);
        if ["undefined-name", "nearly-named"].contains(&self.code) && is_one_of_many {
            steps.push(Step::Delete(path.clone()));
        }
        path.pop();
        match at.kind() {
            Kind::Value => steps.push(Step::Value(path, self.right.as_str().into())),
            Kind::Member => steps.push(Step::Member(path, self.right.clone())),
            Kind::Element | Kind::Entry => {
                path.extend(self.named(at));
                below(at, &path, &mut steps)?;
            }
        }
        Some(steps::commands(tree, &steps, Show::Named))
    }

    /// What commands call an element; a list's `<member>` has no name in them.
    fn named(&self, at: At<'_>) -> Option<String> {
        match self.right.as_str() {
            "entry" => at.attribute("name").map(|name| name.value.clone()),
            "member" => None,
            right => Some(right.to_owned()),
        }
    }
}

fn range(span: Span) -> Range<usize> {
    span.start as usize..span.end as usize
}

/// The node whose word stands there, and the path to it.
fn find<'t>(at: At<'t>, span: Span, path: &mut Path) -> Option<At<'t>> {
    for child in at.children() {
        path.push(child.word().to_owned());
        if child.span() == Some(span) {
            return Some(child);
        }
        if let Some(found) = find(child, span, path) {
            return Some(found);
        }
        path.pop();
    }
    None
}

/// Says all that is below; nothing where a path would hold a secret.
fn below(at: At<'_>, path: &Path, steps: &mut Vec<Step>) -> Option<()> {
    if !at.has_children() {
        steps.push(Step::Present(path.clone()));
    }
    for child in at.children() {
        let word = child.word().to_owned();
        let secret = child.is_secret();
        if child.kind() == Kind::Value || secret && !child.has_children() {
            let shown = secret.then(|| "as in the file".to_owned());
            let text = Text { real: word, shown };
            steps.push(Step::Value(path.clone(), text));
        } else if secret {
            return None;
        } else if child.kind() == Kind::Member {
            steps.push(Step::Member(path.clone(), word));
        } else {
            let mut path = path.clone();
            path.push(word);
            below(child, &path, steps)?;
        }
    }
    Some(())
}

/// Where an element's name stands, in its first tag and in its last.
fn tags(body: &str, element: &Element) -> Vec<Range<usize>> {
    let text = body.get(element.range.clone()).unwrap_or_default();
    let ends = |c: char| c.is_whitespace() || c == '>' || c == '/';
    let name = |tag: usize| {
        let rest = text.get(tag..)?;
        let end = tag + rest.find(ends)?;
        let start = end.checked_sub(element.name.len())?;
        let is_it = text.get(start..end)? == element.name;
        is_it.then(|| element.range.start + start..element.range.start + end)
    };
    let last = (!text.ends_with("/>")).then(|| text.rfind("</").map(|tag| tag + 2));
    let tags = [Some(1), last.flatten()].into_iter().flatten();
    tags.filter_map(name).collect()
}
