//! What is to become of a configuration, as statements about its paths.

use crate::schema::{RowId, Schema, Shape};
use crate::tree::{At, Kind, Tree};
use crate::write::quoted;

/// Words from below `/config` down.
pub type Path = Vec<String>;

/// A value; a secret one also has the name that is shown in its place.
#[derive(Clone, PartialEq, Eq)]
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
#[derive(Clone, PartialEq, Eq)]
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
    pub fn path(&self) -> &Path {
        match self {
            Self::Value(path, _)
            | Self::Members(path, _)
            | Self::Member(path, _)
            | Self::Present(path)
            | Self::Delete(path)
            | Self::Before(path, _) => path,
        }
    }

    fn with_path(&self, path: Path) -> Self {
        match self.clone() {
            Self::Value(_, text) => Self::Value(path, text),
            Self::Members(_, members) => Self::Members(path, members),
            Self::Member(_, member) => Self::Member(path, member),
            Self::Present(_) => Self::Present(path),
            Self::Delete(_) => Self::Delete(path),
            Self::Before(_, sibling) => Self::Before(path, sibling),
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

/// The place in the file that a step is about: a new entry is where the sibling is that it goes
/// above.
fn place<'t>(tree: &'t Tree, step: &Step, all: &[Step]) -> Option<At<'t>> {
    let sibling = all.iter().find_map(|other| match other {
        Step::Before(entry, sibling) if step.path().starts_with(entry) => {
            let (_, list) = entry.split_last()?;
            find(tree, list)?.get(sibling)
        }
        _ => None,
    });
    sibling.or_else(|| deepest(tree, step.path()))
}

/// The steps with the paths that a Panorama's file itself has.
pub fn in_layers(tree: &Tree, steps: &[Step]) -> Vec<Step> {
    let device = ["devices", "localhost.localdomain"].map(str::to_owned);
    let moved = steps.iter().map(|step| {
        let path = step.path();
        let value = find(tree, path).and_then(|at| at.children().next());
        if let Some(variable) = value.and_then(|value| tree.variable(value.id())) {
            return step.with_path(device.iter().chain(variable).cloned().collect());
        }
        let layer = place(tree, step, steps).and_then(|at| tree.layer(at.id()));
        let Some(layer) = layer.filter(|layer| !layer.prefix.is_empty()) else {
            return step.clone();
        };
        let rest = match path.first().is_some_and(|word| word == "devices") {
            true if layer.strip > 2 => path.get(layer.strip..).unwrap_or_default(),
            _ => path,
        };
        step.with_path(
            device
                .iter()
                .chain(&layer.prefix)
                .chain(rest)
                .cloned()
                .collect(),
        )
    });
    moved.collect()
}

/// What to type in configuration mode, line by line.
pub fn commands(tree: &Tree, steps: &[Step], show: Show) -> Vec<String> {
    let mut lines = Vec::new();
    for step in steps {
        let at = place(tree, step, steps);
        let words = |path: &Path| path_words_at(tree, path, at);
        command(tree, step, show, &words, &mut lines);
    }
    lines
}

fn command(
    tree: &Tree,
    step: &Step,
    show: Show,
    words: &dyn Fn(&Path) -> String,
    lines: &mut Vec<String>,
) {
    match step {
        Step::Value(path, text) => {
            let value = match (&text.shown, show) {
                (Some(name), Show::Named) => format!("<{name}>"),
                _ => quoted(&text.real),
            };
            let old = find(tree, path).and_then(|at| at.children().next());
            let place = match old.and_then(|old| tree.variable(old.id())) {
                Some(variable) => variable.join(" "),
                None => words(path),
            };
            lines.push(format!("set {place} {value}"));
        }
        Step::Members(path, members) => {
            let before = words_below(tree, path);
            let more = members.strip_prefix(before.as_slice());
            if more.is_none() {
                lines.push(format!("delete {}", words(path)));
            }
            let list = list(more.unwrap_or(members));
            lines.push(format!("set {} {list}", words(path)));
        }
        Step::Member(path, member) => {
            let member = quoted(member);
            lines.push(format!("set {} {member}", words(path)));
        }
        Step::Present(path) => lines.push(format!("set {}", words(path))),
        Step::Delete(path) => lines.push(format!("delete {}", words(path))),
        Step::Before(path, sibling) => {
            let sibling = quoted(sibling);
            lines.push(format!("move {} before {sibling}", words(path)));
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
/// file leaves it out as well; in a Panorama's file, from the template or device group on that the
/// deepest known place is in.
pub fn path_words(tree: &Tree, path: &[String]) -> String {
    path_words_at(tree, path, deepest(tree, path))
}

fn path_words_at(tree: &Tree, path: &[String], at: Option<At<'_>>) -> String {
    let layer = at.and_then(|at| tree.layer(at.id()));
    let from_device = path.first().is_some_and(|word| word == "devices");
    let (prefix, rest) = match layer.filter(|layer| !layer.prefix.is_empty()) {
        Some(layer) => {
            let strip = if from_device { layer.strip } else { 0 };
            (layer.prefix.as_slice(), path.get(strip..).unwrap_or(path))
        }
        None => (&[][..], of_device(tree, path)),
    };
    let mut words: Vec<&String> = prefix.iter().chain(rest).collect();
    of_template(&mut words);
    let words: Vec<String> = words.into_iter().map(|word| quoted(word)).collect();
    words.join(" ")
}

fn of_device<'p>(tree: &Tree, path: &'p [String]) -> &'p [String] {
    let rest = match path {
        [devices, device, rest @ ..]
            if devices == "devices" && device == "localhost.localdomain" =>
        {
            rest
        }
        _ => return path,
    };
    let system = path.get(..3).and_then(|list| find(tree, list));
    let is_implied = system.is_some_and(|at| at.span().is_none());
    match rest {
        [vsys, _, inner @ ..] if vsys == "vsys" && is_implied => inner,
        _ => rest,
    }
}

/// Inside a template's configuration the one device is left out as well.
fn of_template(words: &mut Vec<&String>) {
    let starts = words
        .first()
        .is_some_and(|first| first.starts_with("template"));
    let device = ["config", "devices", "localhost.localdomain"];
    if starts && words.iter().skip(2).take(3).eq(device.iter()) {
        words.drain(3..5);
    }
}

/// The deepest place of a path that is in the file.
fn deepest<'t>(tree: &'t Tree, path: &[String]) -> Option<At<'t>> {
    let mut at = tree.root();
    let mut found = None;
    for word in path {
        let Some(child) = at.get(word) else { break };
        at = child;
        found = at.span().map(|_| at).or(found);
    }
    found
}
