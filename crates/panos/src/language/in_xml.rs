//! Steps as edits of an XML text: only what changes is touched, in the text's own indentation, and
//! without any in a text that has none.

use super::cannot;
use super::outline::{Element, Outline};
use super::steps::{self, Step, Text};
use crate::schema::{Schema, Shape};
use crate::tree::{At, Kind, NodeId, Tree};
use crate::write::escaped;
use crossgate_diag::{Edit, FileId, Span};
use crossgate_model::CannotSay;
use std::collections::BTreeSet;
use std::ops::Range;

pub fn edits(
    tree: &Tree,
    text: &str,
    file: FileId,
    outline: Option<&Outline>,
    steps: &[Step],
) -> Result<Vec<Edit>, CannotSay> {
    let Some(outline) = outline else {
        return cannot("the file is not complete: nothing can be put into it");
    };
    let mut editor = Editor {
        outline,
        body: text.get(outline.body.clone()).unwrap_or(""),
        base: outline.body.start,
        file,
        tree,
        gone: BTreeSet::new(),
        edits: Vec::new(),
        insertions: Vec::new(),
        befores: Vec::new(),
    };
    for step in steps {
        editor.step(step)?;
    }
    editor.insert_all()?;
    editor.edits.sort_by_key(|edit| edit.span);
    Ok(editor.edits)
}

/// A part that isn't written yet.
struct Part {
    kind: Kind,
    text: Text,
    parts: Vec<Part>,
}

impl Part {
    fn new(kind: Kind, text: Text) -> Self {
        Self {
            kind,
            text,
            parts: Vec::new(),
        }
    }

    fn has_secret(&self) -> bool {
        self.text.shown.is_some() || self.parts.iter().any(Part::has_secret)
    }
}

struct Editor<'a> {
    outline: &'a Outline,
    body: &'a str,
    /// Bytes of the text before `body`.
    base: usize,
    file: FileId,
    tree: &'a Tree,
    /// What earlier steps took out.
    gone: BTreeSet<NodeId>,
    edits: Vec<Edit>,
    /// New parts, by the node that they go into.
    insertions: Vec<(NodeId, Vec<Part>)>,
    /// New entries that go before one that is there.
    befores: Vec<(NodeId, String, NodeId)>,
}

impl<'a> Editor<'a> {
    fn step(&mut self, step: &Step) -> Result<(), CannotSay> {
        match step {
            Step::Value(path, text) => self.value(path, text),
            Step::Members(path, members) => self.members(path, members),
            Step::Member(path, member) => {
                self.add(path, Some(Part::new(Kind::Member, member.clone().into())));
                Ok(())
            }
            Step::Present(path) => {
                self.add(path, None);
                Ok(())
            }
            Step::Delete(path) => match self.walk(path) {
                (at, depth) if depth == path.len() => self.remove(at),
                _ => Ok(()),
            },
            Step::Before(path, sibling) => {
                let Some((name, list)) = path.split_last() else {
                    return Ok(());
                };
                let (at, _) = self.walk(list);
                if let Some(sibling) = at.get(sibling) {
                    self.befores.push((at.id(), name.clone(), sibling.id()));
                }
                Ok(())
            }
        }
    }

    /// The deepest place of a path that is there, and how many of its words lead to it.
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

    fn value(&mut self, path: &[String], text: &Text) -> Result<(), CannotSay> {
        let (at, depth) = self.walk(path);
        let is_there = |value: &At<'_>| self.is_text(*value) && !self.gone.contains(&value.id());
        let mut values = at.children().filter(is_there);
        match values.next() {
            Some(value) if depth == path.len() => self.replace(value, text),
            _ => {
                self.add(path, Some(Part::new(Kind::Value, text.clone())));
                Ok(())
            }
        }
    }

    fn replace(&mut self, value: At<'_>, text: &Text) -> Result<(), CannotSay> {
        let Some(span) = value.span() else {
            return cannot("the file does not hold the place to change");
        };
        self.edits.push(match &text.shown {
            Some(_) => Edit::secret(span, escaped(&text.real), "********"),
            None => Edit::new(span, escaped(&text.real)),
        });
        Ok(())
    }

    /// Words are changed where they stand; only the surplus goes or comes.
    fn members(&mut self, path: &[String], members: &[String]) -> Result<(), CannotSay> {
        let (at, depth) = self.walk(path);
        let there: Vec<At<'_>> = match depth == path.len() {
            true => at.children().collect(),
            false => Vec::new(),
        };
        let (old, tags): (Vec<At<'_>>, Vec<At<'_>>) =
            there.into_iter().partition(|at| self.is_text(*at));
        for tag in tags {
            self.remove(tag)?;
        }
        for (old, new) in old.iter().zip(members) {
            if old.word() != new {
                self.replace(*old, &new.clone().into())?;
            }
        }
        for surplus in old.iter().skip(members.len()) {
            self.remove(*surplus)?;
        }
        for more in members.iter().skip(old.len()) {
            self.add(path, Some(Part::new(Kind::Member, more.clone().into())));
        }
        Ok(())
    }

    fn remove(&mut self, at: At<'_>) -> Result<(), CannotSay> {
        if !self.gone.insert(at.id()) {
            return Ok(());
        }
        let element = self.element(at)?;
        if self.is_text(at) && !is_only_member(element) {
            return self.replace(at, &"".into());
        }
        let range = element.range.clone();
        let start = match self.indentation(range.start) {
            Some(indent) => {
                let line = range.start - indent.len();
                let newline = self.body.get(..line).unwrap_or("");
                line - (newline.len() - newline.trim_end_matches(['\r', '\n']).len()).min(2)
            }
            None => range.start,
        };
        let span = self.span(start..range.end);
        self.edits.push(Edit::new(span, ""));
        Ok(())
    }

    /// Notes that the path is to be there, and the part at its end.
    fn add(&mut self, path: &[String], part: Option<Part>) {
        let (at, depth) = self.walk(path);
        let rows = steps::rows(path);
        let choice = depth.checked_sub(1).and_then(|last| rows.get(last)?.2);
        let is_choice = choice.is_some_and(|row| Schema::get().row(row).shape == Shape::Choice);
        if is_choice && depth < path.len() {
            for other in at.children() {
                // What has no place in the text needs none taken away.
                let _ = self.remove(other);
            }
        }
        let known = self.insertions.iter().position(|(id, _)| *id == at.id());
        let index = known.unwrap_or_else(|| {
            self.insertions.push((at.id(), Vec::new()));
            self.insertions.len() - 1
        });
        let Some((_, parts)) = self.insertions.get_mut(index) else {
            return;
        };
        let way = rows.get(depth..).unwrap_or(&[]).iter();
        let mut parts = parts;
        for (word, kind, _) in way {
            let known = parts
                .iter()
                .position(|p| p.text.real == *word && p.kind == *kind);
            let index = known.unwrap_or_else(|| {
                parts.push(Part::new(*kind, (*word).into()));
                parts.len() - 1
            });
            match parts.get_mut(index) {
                Some(part) => parts = &mut part.parts,
                None => return,
            }
        }
        parts.extend(part);
    }

    fn insert_all(&mut self) -> Result<(), CannotSay> {
        for (id, parts) in std::mem::take(&mut self.insertions) {
            let element = self.element(self.tree.at(id))?;
            let (moved, others): (Vec<Part>, Vec<Part>) = parts
                .into_iter()
                .partition(|part| self.sibling_of(id, part).is_some());
            for part in moved {
                if let Some(sibling) = self.sibling_of(id, &part) {
                    let sibling = self.element(self.tree.at(sibling))?;
                    self.insert_before(sibling, &part);
                }
            }
            if !others.is_empty() {
                self.insert_into(element, &others);
            }
        }
        Ok(())
    }

    fn sibling_of(&self, list: NodeId, part: &Part) -> Option<NodeId> {
        let mut befores = self.befores.iter();
        let found = befores.find(|(id, name, _)| *id == list && *name == part.text.real);
        found.map(|(_, _, sibling)| *sibling)
    }

    fn insert_before(&mut self, sibling: &Element, part: &Part) {
        let at = sibling.range.start;
        let layout = self.layout(sibling);
        let print = |shown: bool| {
            let mut out = String::new();
            layout.print(part, 0, shown, &mut out);
            layout.line(0, &mut out);
            out
        };
        self.insert(at..at, &print, part.has_secret());
    }

    fn insert_into(&mut self, parent: &Element, parts: &[Part]) {
        let secret = parts.iter().any(Part::has_secret);
        if let Some(last) = self.outline.last(parent) {
            let layout = self.layout(last);
            let at = last.range.end;
            let print = |shown: bool| {
                let mut out = String::new();
                for part in parts {
                    layout.line(0, &mut out);
                    layout.print(part, 0, shown, &mut out);
                }
                out
            };
            return self.insert(at..at, &print, secret);
        }
        let layout = self.layout(parent);
        let (inside, is_closed) = self.inside(parent);
        let print = |shown: bool| {
            let mut out = String::from(if is_closed { ">" } else { "" });
            layout.content(parts, 0, shown, &mut out);
            if is_closed {
                out.push_str(&format!("</{}>", parent.name));
            }
            out
        };
        self.insert(inside, &print, secret);
    }

    /// What stands between an empty element's tags; or the end of `<element/>`, which is closed.
    fn inside(&self, element: &Element) -> (Range<usize>, bool) {
        let range = element.range.clone();
        let text = self.body.get(range.clone()).unwrap_or("");
        match text.strip_suffix("/>") {
            Some(open) => (range.start + open.trim_end().len()..range.end, true),
            None => {
                let start = text.find('>').map_or(range.end, |at| range.start + at + 1);
                let end = text.rfind("</").map_or(range.end, |at| range.start + at);
                (start..end.max(start), false)
            }
        }
    }

    fn insert(&mut self, at: Range<usize>, print: &dyn Fn(bool) -> String, secret: bool) {
        let span = self.span(at);
        self.edits.push(match secret {
            true => Edit::secret(span, print(false), print(true)),
            false => Edit::new(span, print(false)),
        });
    }

    fn span(&self, range: Range<usize>) -> Span {
        Span::new(self.file, self.base + range.start..self.base + range.end)
    }

    /// The element that a node of the tree was read from; for a member, its `<member>`.
    fn element(&self, at: At<'_>) -> Result<&'a Element, CannotSay> {
        let config = self.outline.root().filter(|root| root.name == "config");
        if let Some(root) = config.filter(|_| at.id() == Tree::ROOT) {
            return Ok(root);
        }
        let offset = at.span().map(|span| span.start as usize);
        let offset = offset.and_then(|at| at.checked_sub(self.base));
        match offset.and_then(|offset| self.outline.around(offset)) {
            Some(element) => Ok(element),
            None => {
                let name = at.shown();
                cannot(format!("the file is a part that has no `{name}` in it"))
            }
        }
    }

    /// Whether a word is what stands between two tags. A list takes tags for its members as well.
    fn is_text(&self, at: At<'_>) -> bool {
        let content = self.element(at).ok().and_then(|it| it.content);
        let word = at.span().map(|span| span.start as usize);
        content.is_some_and(|content| word >= Some(self.base + content))
    }

    /// The blanks before an element that begins its line.
    fn indentation(&self, start: usize) -> Option<&'a str> {
        let before = self.body.get(..start)?;
        let line = before.rfind('\n')? + 1;
        let indent = before.get(line..)?;
        indent.trim().is_empty().then_some(indent)
    }

    fn layout(&self, element: &Element) -> Layout<'a> {
        let start = element.range.start;
        let Some(indent) = self.indentation(start) else {
            return Layout {
                newline: "",
                indent: "",
                unit: "",
            };
        };
        let outer = self.outline.parent(element);
        let outer = outer.and_then(|outer| self.indentation(outer.range.start));
        let unit = outer.and_then(|outer| indent.strip_prefix(outer));
        let before = self.body.get(..start - indent.len()).unwrap_or("");
        Layout {
            newline: if before.ends_with("\r\n") {
                "\r\n"
            } else {
                "\n"
            },
            indent,
            unit: unit.filter(|unit| !unit.is_empty()).unwrap_or("  "),
        }
    }
}

/// Whether it is a `<member>` and holds one word: with that, it goes as a whole.
fn is_only_member(element: &Element) -> bool {
    element.name == "member" && element.parts == 1
}

/// How the text around is laid out.
struct Layout<'t> {
    /// Empty in a text without line ends.
    newline: &'t str,
    indent: &'t str,
    /// One level more.
    unit: &'t str,
}

impl Layout<'_> {
    fn line(&self, depth: usize, out: &mut String) {
        out.push_str(self.newline);
        if !self.newline.is_empty() {
            out.push_str(self.indent);
            out.extend(std::iter::repeat_n(self.unit, depth));
        }
    }

    fn print(&self, part: &Part, depth: usize, shown: bool, out: &mut String) {
        let word = match (&part.text.shown, shown) {
            (Some(_), true) => "********".to_owned(),
            _ => escaped(&part.text.real),
        };
        let (open, tag) = match part.kind {
            Kind::Value => return out.push_str(&word),
            Kind::Member => return out.push_str(&format!("<member>{word}</member>")),
            Kind::Entry => (format!("entry name=\"{word}\""), "entry"),
            Kind::Element => (word.clone(), word.as_str()),
        };
        if part.parts.is_empty() {
            return out.push_str(&format!("<{open}/>"));
        }
        out.push_str(&format!("<{open}>"));
        self.content(&part.parts, depth, shown, out);
        out.push_str(&format!("</{tag}>"));
    }

    /// What stands between two tags.
    fn content(&self, parts: &[Part], depth: usize, shown: bool, out: &mut String) {
        let is_text = parts.iter().all(|part| part.kind == Kind::Value);
        for part in parts {
            if !is_text {
                self.line(depth + 1, out);
            }
            self.print(part, depth + 1, shown, out);
        }
        if !is_text {
            self.line(depth, out);
        }
    }
}
