//! Steps as edits of commands: words changed where they stand, new lines after their siblings.
//!
//! What a text of commands means depends on their order, and an edit in its midst may not do what
//! it should: after `edit`, say, or before a `delete`. So each result is read and compared with
//! what the commands at the end of the text lead to; if it differs, they are put there.

use super::steps::{self, Path, Show, Step, Text};
use crate::schema::{Schema, Shape};
use crate::set::{self, Parsed, Said};
use crate::tree::{At, Kind, NodeId, Tree};
use crate::write::quoted;
use crossgate_diag::{Edit, FileId, Span, apply};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// A text with what each of its commands says: read once, for all that is to change in it.
#[derive(Debug)]
pub struct Commands {
    parsed: Parsed,
    said: Vec<Said>,
    /// How the text's lines end.
    newline: &'static str,
    /// Each command's lines with the line end before them.
    lines: Vec<Range<usize>>,
    /// Where a node is named: the command's index and the word's place, in the text's order.
    mentions: BTreeMap<NodeId, Vec<(usize, Range<usize>)>>,
}

impl Commands {
    pub fn read(text: &str, file: FileId) -> Self {
        let (parsed, said) = set::parse_said(text, file);
        let lines = said.iter().map(|said| line_with_break(text, said));
        let mut mentions: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (index, said) in said.iter().enumerate() {
            for (id, word) in &said.words {
                mentions.entry(*id).or_default().push((index, word.clone()));
            }
        }
        Self {
            newline: newline(text),
            lines: lines.collect(),
            parsed,
            said,
            mentions,
        }
    }

    fn mentions(&self, id: NodeId) -> &[(usize, Range<usize>)] {
        self.mentions.get(&id).map_or(&[], Vec::as_slice)
    }

    /// All places that name what is named there.
    pub fn places(&self, named: &Range<usize>) -> Vec<Range<usize>> {
        let names_it = |mentions: &&Vec<(usize, Range<usize>)>| {
            mentions.iter().any(|(_, place)| place == named)
        };
        let mentions = self.mentions.values().find(names_it);
        let places = mentions.into_iter().flatten();
        let mut places: Vec<Range<usize>> = places.map(|(_, place)| place.clone()).collect();
        // After an `edit`, each command names what that one did.
        places.dedup();
        places
    }

    /// The commands that name one of these, in the text's order.
    fn naming(&self, ids: &BTreeSet<NodeId>) -> BTreeSet<usize> {
        let mentions = ids.iter().flat_map(|id| self.mentions(*id));
        mentions.map(|(index, _)| *index).collect()
    }

    /// The commands whose lines hold an edit. What lies between two, both hold.
    fn holding(&self, edit: &Edit) -> Range<usize> {
        let (start, end) = (edit.span.start as usize, edit.span.end as usize);
        let first = self.lines.partition_point(|line| line.end < end);
        let last = self.lines.partition_point(|line| line.start <= start);
        first..last.max(first)
    }
}

pub fn edits(text: &str, file: FileId, commands: &Commands, steps: &[Step]) -> Vec<Edit> {
    let parsed = &commands.parsed;
    let mut editor = Editor {
        text,
        file,
        tree: &parsed.tree,
        commands,
        gone: BTreeSet::new(),
        edits: Vec::new(),
    };
    let about = editor.about(steps);
    let done: Option<()> = steps.iter().try_for_each(|step| editor.step(step, steps));
    editor.edits.sort_by_key(|edit| edit.span);
    let as_wanted = || editor.do_nearby(&about, parsed, steps) || editor.do_all(parsed, steps);
    if done.is_some() && as_wanted() {
        return editor.edits;
    }
    let end = Span::new(file, text.len()..text.len());
    let tail = |show| {
        let whole = with_commands(text, parsed, steps, show);
        whole.get(text.len()..).unwrap_or_default().to_owned()
    };
    vec![match steps.iter().any(holds_secret) {
        true => Edit::secret(end, tail(Show::Spelled), tail(Show::Named)),
        false => Edit::new(end, tail(Show::Spelled)),
    }]
}

fn newline(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

fn holds_secret(step: &Step) -> bool {
    matches!(step, Step::Value(_, text) if text.shown.is_some())
}

fn with_commands(text: &str, parsed: &Parsed, steps: &[Step], show: Show) -> String {
    let newline = newline(text);
    let mut out = text.to_owned();
    if !text.is_empty() && !text.ends_with('\n') {
        out.push_str(newline);
    }
    let top = parsed.is_below.then(|| "top".to_owned());
    let commands = steps::commands(&parsed.tree, steps, show);
    for line in top.into_iter().chain(commands) {
        out.push_str(&line);
        out.push_str(newline);
    }
    out
}

/// All that a tree says, whatever the order where none counts: among rules and in lists it does.
fn statements(tree: &Tree) -> Vec<Path> {
    let mut all = Vec::new();
    collect(tree.root(), &mut Vec::new(), &mut all);
    all.sort();
    all
}

fn collect(at: At<'_>, way: &mut Path, all: &mut Vec<Path>) {
    let is_ordered = at.word() == "rules";
    for (index, child) in at.children().enumerate() {
        let numbered = is_ordered || child.kind() == Kind::Member;
        way.push(child.word().to_owned());
        let plain = way.clone();
        if numbered && let Some(word) = way.last_mut() {
            *word = format!("{index} {word}");
        }
        if child.has_children() {
            collect(child, way, all);
        } else if !is_hollow(child, &plain) {
            all.push(way.clone());
        }
        way.pop();
    }
}

/// An element that could hold something and doesn't says nothing.
fn is_hollow(at: At<'_>, path: &[String]) -> bool {
    let row = steps::rows(path).last().and_then(|(_, kind, row)| {
        let row = row.filter(|_| *kind == Kind::Element)?;
        Some((row, &Schema::get().row(row).shape))
    });
    at.kind() == Kind::Element
        && row.is_some_and(|(row, shape)| match shape {
            Shape::Elements | Shape::Choice => Schema::get().has_content(row),
            Shape::Entries | Shape::Members(_) => true,
            Shape::Value(_) | Shape::Other(..) => false,
        })
}

/// What changes a text as the steps want it.
struct Editor<'a> {
    text: &'a str,
    file: FileId,
    tree: &'a Tree,
    commands: &'a Commands,
    gone: BTreeSet<NodeId>,
    edits: Vec<Edit>,
}

/// Whether the edits of a text do what the commands at its end would.
fn do_the_same(text: &str, edits: &[Edit], parsed: &Parsed, steps: &[Step]) -> bool {
    let reached = set::parse(&apply(text, edits), None).tree;
    let wanted = set::parse(&with_commands(text, parsed, steps, Show::Spelled), None).tree;
    statements(&reached) == statements(&wanted)
}

impl Editor<'_> {
    fn do_all(&self, parsed: &Parsed, steps: &[Step]) -> bool {
        do_the_same(self.text, &self.edits, parsed, steps)
    }

    /// The same, seen in the lines that the edits touch and those that name what the steps are
    /// about. No other line of plain commands makes a difference, and of a long file these are few.
    fn do_nearby(&self, about: &BTreeSet<NodeId>, parsed: &Parsed, steps: &[Step]) -> bool {
        if !parsed.is_plain {
            return false;
        }
        let mut lines = self.commands.naming(about);
        let mut held: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (index, edit) in self.edits.iter().enumerate() {
            for line in self.commands.holding(edit) {
                held.entry(line).or_default().push(index);
                lines.insert(line);
            }
        }
        let mut near = String::new();
        let mut edits = BTreeMap::new();
        for index in lines {
            let Some(line) = self.commands.lines.get(index) else {
                continue;
            };
            let shift = |offset: u32| near.len() + offset as usize - line.start;
            for &index in held.get(&index).into_iter().flatten() {
                let Some(edit) = self.edits.get(index) else {
                    continue;
                };
                let range = shift(edit.span.start)..shift(edit.span.end);
                let edit = Edit::new(Span::new(self.file, range), edit.expose());
                edits.insert(index, edit);
            }
            near.push_str(self.text.get(line.clone()).unwrap_or(""));
        }
        let edits: Vec<Edit> = edits.into_values().collect();
        edits.len() == self.edits.len() && do_the_same(&near, &edits, parsed, steps)
    }

    /// The places in the tree that the steps change. A new entry leaves its siblings as they are.
    fn about(&self, steps: &[Step]) -> BTreeSet<NodeId> {
        let mut about = BTreeSet::new();
        for step in steps {
            let (at, depth) = self.walk(step.path());
            let next = steps::rows(step.path())
                .get(depth)
                .map(|(_, kind, _)| *kind);
            if next != Some(Kind::Entry) {
                about.extend(descendants(at));
            }
        }
        about
    }
}

/// A word's place with the quotes around it.
pub(crate) fn with_quotes(text: &str, word: &Range<usize>) -> Range<usize> {
    let around = word.start.checked_sub(1).map(|start| start..word.end + 1);
    let is_quoted = around.clone().and_then(|around| text.get(around));
    match is_quoted.map(|text| (text.chars().next(), text.chars().last())) {
        Some((Some('"'), Some('"')) | (Some('\''), Some('\''))) => around.unwrap_or(word.clone()),
        _ => word.clone(),
    }
}

/// The lines that a command takes up, without the last line's end.
fn line(text: &str, said: &Said) -> Range<usize> {
    let before = text.get(..said.range.start).unwrap_or("");
    let after = text.get(said.range.end..).unwrap_or("");
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let rest = after.find('\n').unwrap_or(after.len());
    let rest = after.get(..rest).unwrap_or("").trim_end_matches('\r');
    start..said.range.end + rest.len()
}

/// A command's lines with the line end before them.
fn line_with_break(text: &str, said: &Said) -> Range<usize> {
    let line = line(text, said);
    let before = text.get(..line.start).unwrap_or("");
    let newline = before.len() - before.trim_end_matches(['\r', '\n']).len();
    line.start - newline.min(2)..line.end
}

/// Every method gives up with `None` where an edit isn't easy.
impl<'a> Editor<'a> {
    fn step(&mut self, step: &Step, all: &[Step]) -> Option<()> {
        match step {
            Step::Value(path, text) => self.value(path, text, all),
            Step::Members(path, members) => self.members(path, members, all),
            Step::Member(path, member) => {
                let mut members = steps::words_below(self.tree, path);
                members.push(member.clone());
                self.members(path, &members, all)
            }
            Step::Present(path) => self.add(path, "", None, all),
            Step::Delete(path) => match self.walk(path) {
                (at, depth) if depth == path.len() => self.remove(at),
                _ => Some(()),
            },
            // New entries look for this when they are added.
            Step::Before(..) => Some(()),
        }
    }

    fn walk(&self, path: &[String]) -> (At<'a>, usize) {
        let mut at = self.tree.root();
        for (depth, word) in path.iter().enumerate() {
            match at
                .get(word)
                .filter(|child| !self.gone.contains(&child.id()))
            {
                Some(child) => at = child,
                None => return (at, depth),
            }
        }
        (at, path.len())
    }

    fn value(&mut self, path: &[String], text: &Text, all: &[Step]) -> Option<()> {
        let (at, depth) = self.walk(path);
        let value = at.children().next().filter(|_| depth == path.len());
        let Some(value) = value else {
            let shown = text.shown.as_ref().map(|_| "********");
            return self.add(path, &quoted(&text.real), shown, all);
        };
        let words: Vec<Range<usize>> = self.mentions(value.id()).map(|(_, word)| word).collect();
        for word in words {
            let span = Span::new(self.file, with_quotes(self.text, &word));
            let real = quoted(&text.real);
            self.edits.push(match &text.shown {
                Some(_) => Edit::secret(span, real, "********"),
                None => Edit::new(span, real),
            });
        }
        Some(())
    }

    /// Where a node is said.
    fn mentions(
        &self,
        id: NodeId,
    ) -> impl DoubleEndedIterator<Item = (&'a Said, Range<usize>)> + use<'a> {
        let commands = self.commands;
        let mentions = commands.mentions(id).iter();
        let said = mentions.filter_map(|(index, word)| {
            let said = commands.said.get(*index)?;
            Some((said, word.clone()))
        });
        said.filter(|(said, _)| !said.deletes)
    }

    fn members(&mut self, path: &[String], members: &[String], all: &[Step]) -> Option<()> {
        let (at, depth) = self.walk(path);
        let old: Vec<At<'_>> = at.children().filter(|_| depth == path.len()).collect();
        let list = steps::list(members);
        if old.is_empty() {
            return self.add(path, &list, None, all);
        }
        let mut words = Vec::new();
        for member in old {
            let mut mentions = self.mentions(member.id());
            words.push(mentions.next()?);
            if mentions.next().is_some() {
                return None;
            }
        }
        let (said, first) = words.first()?;
        let (last_said, last) = words.last()?;
        if said.range != last_said.range {
            return None;
        }
        let inner = with_quotes(self.text, first).start..with_quotes(self.text, last).end;
        let span = Span::new(self.file, self.with_brackets(inner));
        self.edits.push(Edit::new(span, list));
        Some(())
    }

    fn with_brackets(&self, list: Range<usize>) -> Range<usize> {
        let before = self
            .text
            .get(..list.start)
            .unwrap_or("")
            .trim_end_matches(' ');
        let after = self.text.get(list.end..).unwrap_or("");
        let trimmed = after.trim_start_matches(' ');
        match before.ends_with('[') && trimmed.starts_with(']') {
            true => before.len() - 1..list.end + after.len() - trimmed.len() + 1,
            false => list,
        }
    }

    /// Takes out the lines that say nothing else; of a list, the word.
    fn remove(&mut self, at: At<'_>) -> Option<()> {
        self.gone.insert(at.id());
        if at.kind() == Kind::Member {
            let words: Vec<Range<usize>> = self.mentions(at.id()).map(|(_, word)| word).collect();
            for word in words {
                let word = with_quotes(self.text, &word);
                let before = self.text.get(..word.start)?;
                let start = before.trim_end_matches([' ', '\t']).len();
                let span = Span::new(self.file, start..word.end);
                self.edits.push(Edit::new(span, ""));
            }
            return Some(());
        }
        let below = descendants(at);
        for index in self.commands.naming(&below) {
            let said = self.commands.said.get(index);
            let Some(said) = said.filter(|said| !said.deletes) else {
                continue;
            };
            if !said.leaves(self.tree).iter().all(|id| below.contains(id)) {
                return None;
            }
            let span = Span::new(self.file, line_with_break(self.text, said));
            let edit = Edit::new(span, "");
            if !self.edits.iter().any(|known| known.span == edit.span) {
                self.edits.push(edit);
            }
        }
        Some(())
    }

    fn add(
        &mut self,
        path: &[String],
        value: &str,
        shown: Option<&str>,
        all: &[Step],
    ) -> Option<()> {
        let (at, depth) = self.walk(path);
        self.only_choice(at, path, depth)?;
        let (place, newline_first) = self.place(path, at, depth, all)?;
        let head = self.head(path);
        let newline = self.commands.newline;
        let print = |value: &str| {
            let line = format!("{head} {value}");
            let line = line.trim_end();
            match newline_first {
                true => format!("{newline}{line}"),
                false => format!("{line}{newline}"),
            }
        };
        let span = Span::new(self.file, place..place);
        self.edits.push(match shown {
            Some(shown) => Edit::secret(span, print(value), print(shown)),
            None => Edit::new(span, print(value)),
        });
        Some(())
    }

    /// What else a choice holds goes.
    fn only_choice(&mut self, at: At<'a>, path: &[String], depth: usize) -> Option<()> {
        let row = depth
            .checked_sub(1)
            .and_then(|last| steps::rows(path).get(last)?.2);
        let is_choice = row.is_some_and(|row| Schema::get().row(row).shape == Shape::Choice);
        if is_choice && depth < path.len() {
            at.children().try_for_each(|other| self.remove(other))?;
        }
        Some(())
    }

    /// Where a new line goes, and whether the line end comes before it.
    fn place(
        &self,
        path: &[String],
        at: At<'_>,
        depth: usize,
        all: &[Step],
    ) -> Option<(usize, bool)> {
        let entry: Option<Path> = path.get(..=depth).map(<[String]>::to_vec);
        let sibling = all.iter().find_map(|step| match step {
            Step::Before(new, sibling) if entry.as_ref() == Some(new) => at.get(sibling),
            _ => None,
        });
        if let Some(sibling) = sibling {
            let (first, _) = self.mentions(sibling.id()).next()?;
            return Some((line(self.text, first).start, false));
        }
        // The last command that names the place, or else what it is in.
        let way = (0..=depth)
            .rev()
            .filter_map(|depth| steps::find(self.tree, path.get(..depth)?));
        let last = way
            .filter(|at| at.id() != Tree::ROOT)
            .find_map(|at| self.mentions(at.id()).next_back())
            .map(|(said, _)| said)
            .or_else(|| self.commands.said.last())?;
        Some((line(self.text, last).end, true))
    }

    /// `set` and the path, as the file's other lines begin.
    fn head(&self, path: &[String]) -> String {
        format!("set {}", steps::path_words(self.tree, path))
    }
}

fn descendants(at: At<'_>) -> BTreeSet<NodeId> {
    let mut ids = BTreeSet::from([at.id()]);
    for child in at.children() {
        ids.extend(descendants(child));
    }
    ids
}
