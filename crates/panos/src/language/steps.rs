//! What is to become of a configuration, as statements about its paths.

use crate::schema::{RowId, Schema, Shape};
use crate::tree::{At, Kind, Tree};
use crate::write::quoted;

/// Words from below `/config` down.
pub type Path = Vec<String>;

/// A value; a secret one also has the name that is shown in its place.
#[derive(Clone)]
pub struct Text {
    pub real: String,
    pub shown: Option<String>,
}

impl From<String> for Text {
    fn from(real: String) -> Self {
        Self { real, shown: None }
    }
}

impl From<&str> for Text {
    fn from(real: &str) -> Self {
        Self::from(real.to_owned())
    }
}

/// One statement. Entries and elements on the way are made where they are missing.
#[derive(Clone)]
pub enum Step {
    /// The element holds that value and no other.
    Value(Path, Text),
    /// The list holds these, in that order, and no others.
    Members(Path, Vec<String>),
    /// The list holds that as well.
    Member(Path, String),
    /// The entry is there, whatever it holds.
    Present(Path),
    /// Nothing is there.
    Delete(Path),
    /// The entry, a new one, stands before its sibling of that name.
    Before(Path, String),
}

impl Step {
    fn path(&self) -> &Path {
        match self {
            Self::Value(path, _)
            | Self::Members(path, _)
            | Self::Member(path, _)
            | Self::Present(path)
            | Self::Delete(path)
            | Self::Before(path, _) => path,
        }
    }

    fn deleted(&self) -> Option<&Path> {
        match self {
            Self::Delete(path) => Some(path),
            _ => None,
        }
    }
}

/// Whether secrets are spelled.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Show {
    Spelled,
    /// By what they are called: `<the key of branch>`.
    Named,
}

/// The words of a path with what each is, and the row of the schema where it is known.
pub fn rows(path: &[String]) -> Vec<(&str, Kind, Option<RowId>)> {
    let schema = Schema::get();
    let mut row = Some(Schema::ROOT);
    let mut before_entry = false;
    let words = path.iter().map(|word| {
        if before_entry {
            before_entry = false;
            return (word.as_str(), Kind::Entry, row);
        }
        row = row.and_then(|row| schema.child(row, word));
        before_entry = row.is_some_and(|row| schema.row(row).shape == Shape::Entries);
        (word.as_str(), Kind::Element, row)
    });
    words.collect()
}

pub fn find<'t>(tree: &'t Tree, path: &[String]) -> Option<At<'t>> {
    let words: Vec<&str> = path.iter().map(String::as_str).collect();
    tree.root().path(&words)
}

/// The words right below a path, in order.
pub fn words_below(tree: &Tree, path: &[String]) -> Vec<String> {
    let at = find(tree, path);
    let below = at.into_iter().flat_map(At::children);
    below.map(|at| at.word().to_owned()).collect()
}

/// The steps without those that are true already.
pub fn needed(tree: &Tree, steps: Vec<Step>) -> Vec<Step> {
    let is_needed = |step: &Step| match step {
        Step::Value(path, text) => words_below(tree, path) != [text.real.as_str()],
        Step::Members(path, members) => words_below(tree, path) != *members,
        Step::Member(path, member) => !words_below(tree, path).contains(member),
        Step::Present(path) => find(tree, path).is_none(),
        Step::Delete(path) => find(tree, path).is_some(),
        Step::Before(..) => true,
    };
    let deleted: Vec<Path> = steps.iter().filter_map(Step::deleted).cloned().collect();
    let is_below = |path: &Path| deleted.iter().any(|gone| path.starts_with(gone));
    steps
        .into_iter()
        .filter(|step| is_needed(step) || step.deleted().is_none() && is_below(step.path()))
        .collect()
}

/// What to type in configuration mode, line by line.
pub fn commands(tree: &Tree, steps: &[Step], show: Show) -> Vec<String> {
    let mut lines = Vec::new();
    for step in steps {
        command(tree, step, show, &mut lines);
    }
    lines
}

fn command(tree: &Tree, step: &Step, show: Show, lines: &mut Vec<String>) {
    match step {
        Step::Value(path, text) => {
            let value = match (&text.shown, show) {
                (Some(name), Show::Named) => format!("<{name}>"),
                _ => quoted(&text.real),
            };
            lines.push(format!("set {} {value}", path_words(tree, path)));
        }
        Step::Members(path, members) => {
            let before = words_below(tree, path);
            let more = members.strip_prefix(before.as_slice());
            if more.is_none() {
                lines.push(format!("delete {}", path_words(tree, path)));
            }
            let list = list(more.unwrap_or(members));
            lines.push(format!("set {} {list}", path_words(tree, path)));
        }
        Step::Member(path, member) => {
            let member = quoted(member);
            lines.push(format!("set {} {member}", path_words(tree, path)));
        }
        Step::Present(path) => lines.push(format!("set {}", path_words(tree, path))),
        Step::Delete(path) => lines.push(format!("delete {}", path_words(tree, path))),
        Step::Before(path, sibling) => {
            let sibling = quoted(sibling);
            lines.push(format!("move {} before {sibling}", path_words(tree, path)));
        }
    }
}

/// One word, or several in brackets.
pub fn list(members: &[String]) -> String {
    match members {
        [one] => quoted(one),
        many => {
            let words: Vec<String> = many.iter().map(|m| quoted(m)).collect();
            format!("[ {} ]", words.join(" "))
        }
    }
}

/// A path as commands name it: without the one device, and without the virtual system where the
/// file leaves it out as well.
pub fn path_words(tree: &Tree, path: &[String]) -> String {
    let words: Vec<String> = match path {
        [devices, device, rest @ ..]
            if devices == "devices" && device == "localhost.localdomain" =>
        {
            let implied = matches!(rest, [vsys, ..] if vsys == "vsys")
                && find(tree, path.get(..3).unwrap_or(path)).is_some_and(|at| at.span().is_none());
            let rest = if implied { rest.get(2..) } else { None }.unwrap_or(rest);
            rest.iter().map(|word| quoted(word)).collect()
        }
        _ => path.iter().map(|word| quoted(word)).collect(),
    };
    words.join(" ")
}
