//! The `set` form: commands that name paths of words, read into the tree.
//!
//! The schema says where an element's value ends, so that several elements may follow in one
//! command, and that a value said again replaces the one before. Where the schema knows nothing,
//! the words nest and the element is reported later as unknown.

use crate::schema::{Extent, RowId, Schema, Shape};
use crate::secrets::{holds_key, holds_proof, holds_secret, may_be_proof};
use crate::tree::{DEPTH_MAX, Kind, NodeId, Tree};
use crate::words::{Command, Word, commands};
use crossgate_diag::{FileId, Finding, Span, slip, surely};
use std::ops::Range;

/// Commands of configure mode that change nothing in what they follow.
const NO_CHANGE: [&str; 12] = [
    "configure",
    "commit",
    "show",
    "run",
    "save",
    "validate",
    "check",
    "exit",
    "quit",
    "find",
    "request",
    "debug",
];
/// Commands that do change something, but not in a way that is followed here.
const NOT_FOLLOWED: [&str; 5] = ["rename", "copy", "override", "load", "revert"];

pub fn changes_nothing(verb: &str) -> bool {
    NO_CHANGE.contains(&verb)
}

/// Longest piece of a word that a title quotes, in characters.
const SHOWN_MAX: usize = 60;

/// What a text in `set` form is.
#[derive(Debug)]
pub struct Parsed {
    pub tree: Tree,
    pub findings: Vec<Finding>,
    pub secrets: Vec<Span>,
    /// Commands that say something of the configuration.
    pub understood: usize,
    /// The text ends below where an `edit` has led.
    pub is_below: bool,
    /// Each command says what it says whatever the others say: there are only `set` ones.
    pub is_plain: bool,
}

/// A command, and the nodes that its words name.
#[derive(Debug)]
pub struct Said {
    /// From its first word to its last, quotes included.
    pub range: Range<usize>,
    /// In order; each with its place, without quotes.
    pub words: Vec<(NodeId, Range<usize>)>,
    /// It takes away instead of saying.
    pub deletes: bool,
}

impl Said {
    /// The named nodes that lead to no other named one.
    pub fn leaves(&self, tree: &Tree) -> Vec<NodeId> {
        let ids = self.words.iter().map(|(id, _)| *id);
        let is_child = |of: NodeId, id: NodeId| {
            let named = tree.at(of).get(tree.at(id).word());
            named.is_some_and(|child| child.id() == id)
        };
        let leads_on = |of: NodeId| self.words.iter().any(|(id, _)| is_child(of, *id));
        ids.filter(|&id| !leads_on(id)).collect()
    }
}

/// Reads commands. Without a file (for what is built in), nodes have no spans.
pub fn parse(text: &str, file: Option<FileId>) -> Parsed {
    let mut reader = Reader::new(file);
    for command in commands(text) {
        reader.command(command);
    }
    reader.finish()
}

/// Reads commands and remembers which of them said what.
pub fn parse_said(text: &str, file: FileId) -> (Parsed, Vec<Said>) {
    let mut reader = Reader::new(Some(file));
    reader.said = Some(Vec::new());
    for command in commands(text) {
        reader.command(command);
    }
    let said = reader.said.take().unwrap_or_default();
    (reader.finish(), said)
}

/// Whether a command's first words are of the configuration's language.
pub fn is_path(words: &[Word]) -> bool {
    words
        .first()
        .is_some_and(|first| root_of(&first.text).is_some())
}

/// Where a path that starts with that word starts: PAN-OS's users leave out the device, and with
/// one virtual system that one too.
pub fn root_of(first: &str) -> Option<&'static [&'static str]> {
    let schema = Schema::get();
    let known = |path: &[&str]| {
        let row = schema.path(path)?;
        schema.child(row, first)
    };
    if first == "config" || known(&[]).is_some() {
        Some(&[])
    } else if known(&["devices"]).is_some() {
        Some(&["devices", "localhost.localdomain"])
    } else if known(&["devices", "vsys"]).is_some() {
        Some(&["devices", "localhost.localdomain", "vsys", "vsys1"])
    } else {
        None
    }
}

/// The words that a path may start with.
fn roots() -> impl Iterator<Item = &'static str> {
    let schema = Schema::get();
    let paths: [&[&str]; 3] = [&[], &["devices"], &["devices", "vsys"]];
    let rows = paths.into_iter().filter_map(|path| schema.path(path));
    let names = rows.flat_map(|row| schema.children(row));
    names.map(|row| schema.row(row).name)
}

struct Reader {
    schema: &'static Schema,
    file: Option<FileId>,
    tree: Tree,
    findings: Vec<Finding>,
    secrets: Vec<Span>,
    /// Where `edit` has led.
    context: Vec<Word>,
    prompts: Vec<Range<usize>>,
    pagings: Vec<Range<usize>>,
    understood: usize,
    is_plain: bool,
    /// Where somebody wants to know.
    said: Option<Vec<Said>>,
}

/// A place on the way down: what the next word means depends on it.
#[derive(Clone, Copy)]
struct Frame {
    node: NodeId,
    row: RowId,
    /// The next word is an entry's name.
    before_entry: bool,
}

impl Reader {
    fn new(file: Option<FileId>) -> Self {
        Self {
            schema: Schema::get(),
            file,
            tree: Tree::new(),
            findings: Vec::new(),
            secrets: Vec::new(),
            context: Vec::new(),
            prompts: Vec::new(),
            pagings: Vec::new(),
            understood: 0,
            is_plain: true,
            said: None,
        }
    }

    fn finish(mut self) -> Parsed {
        let marks = [
            (
                "prompt-skipped",
                "the device's prompts are skipped",
                &self.prompts,
            ),
            (
                "paging-skipped",
                "the terminal's marks between pages are skipped",
                &self.pagings,
            ),
        ];
        for (code, title, places) in marks {
            if let Some(first) = places.first() {
                let note = Finding::note(code, title);
                let text = format!("{} in all", places.len());
                self.findings.push(note.at(self.span(first), text));
            }
        }
        Parsed {
            tree: self.tree,
            findings: self.findings,
            secrets: self.secrets,
            understood: self.understood,
            is_below: !self.context.is_empty(),
            is_plain: self.is_plain,
        }
    }

    fn span(&self, range: &Range<usize>) -> Option<Span> {
        self.file.map(|file| Span::new(file, range.clone()))
    }

    fn command(&mut self, command: Command) {
        self.prompts.extend(command.prompt);
        self.pagings.extend(command.paging);
        if let Some(quote) = &command.unclosed {
            let warning = Finding::warning("unclosed-quote", "this quote is never closed");
            self.findings
                .push(warning.at(self.span(quote), "taken as a character of the word"));
        }
        self.hide_secrets(&command.words);
        let Some((verb, rest)) = command.words.split_first() else {
            return;
        };
        self.is_plain &= verb.is("set");
        match verb.text.as_str() {
            "set" => self.set(verb, rest),
            "delete" => self.delete(verb, rest),
            "move" => self.move_entry(verb, rest),
            "edit" => self.edit(verb, rest),
            "top" => self.context.clear(),
            "up" => drop(self.context.pop()),
            word if changes_nothing(word) => {}
            word if NOT_FOLLOWED.contains(&word) => self.not_followed(verb),
            // It names the root and says nothing of it.
            "config" if rest.is_empty() => self.unknown_line(verb, rest),
            _ if is_path(&command.words) => self.set(verb, &command.words),
            _ => self.unknown_line(verb, rest),
        }
    }

    /// Whatever comes of a command, its secrets aren't shown.
    fn hide_secrets(&mut self, words: &[Word]) {
        let secrets = words.iter().zip(secret_words(words));
        let hidden = secrets.filter_map(|(word, hidden)| hidden.then_some(&word.range));
        let spans: Vec<Span> = hidden.filter_map(|range| self.span(range)).collect();
        self.secrets.extend(spans);
    }

    fn not_followed(&mut self, verb: &Word) {
        let title = format!("`{}` commands are not followed", verb.text);
        let warning = Finding::warning("not-obeyed", title);
        self.findings.push(
            warning
                .at(self.span(&verb.range), "this changes nothing here")
                .help("load a configuration in which the change is already made"),
        );
    }

    fn unknown_line(&mut self, first: &Word, rest: &[Word]) {
        let span = self.span(&first.range);
        let finding = Finding::warning("unknown-line", "this line is not a configuration command")
            .at(span, "expected `set` or `delete`");
        let verb = surely(&first.text, ["set", "delete"]).filter(|_| is_path(rest));
        self.findings.push(match verb {
            Some(verb) => finding.meant(span, verb),
            None => finding,
        });
    }

    /// A device refuses to go where there is nothing, and stays.
    fn edit(&mut self, verb: &Word, words: &[Word]) {
        match self.start(words) {
            Some(_) => self.context.extend_from_slice(words),
            None => self.unknown_path(words.first().unwrap_or(verb)),
        }
    }

    /// The whole path of a command, and where it starts.
    fn start(&mut self, words: &[Word]) -> Option<(Vec<Word>, &'static [&'static str])> {
        let mut path = self.context.clone();
        path.extend_from_slice(words);
        let root = root_of(&path.first()?.text)?;
        if path.first().is_some_and(|first| first.text == "config") {
            path.remove(0);
        }
        Some((path, root))
    }

    fn set(&mut self, verb: &Word, words: &[Word]) {
        let Some((path, root)) = self.start(words) else {
            return self.unknown_path(words.first().unwrap_or(verb));
        };
        self.understood += 1;
        self.say(verb, words, false);
        let hidden = secret_words(&path);
        let (frame, at) = self.enter(root, &path);
        let mut walk = Walk {
            frames: vec![frame],
            complete: false,
            words: path.iter().zip(hidden).collect(),
            at,
            secret_said: false,
        };
        while self.step(&mut walk) {}
    }

    fn say(&mut self, verb: &Word, words: &[Word], deletes: bool) {
        let range = verb.outer().start..words.last().unwrap_or(verb).outer().end;
        if let Some(said) = &mut self.said {
            said.push(Said {
                range,
                words: Vec::new(),
                deletes,
            });
        }
    }

    fn unknown_path(&mut self, first: &Word) {
        let name: String = first.text.chars().take(SHOWN_MAX).collect();
        let name = name.escape_debug();
        let title = format!("no section of the configuration is called `{name}`");
        let label = "expected `network`, `deviceconfig`, `vsys`, `rulebase` …";
        let span = self.span(&first.range);
        let finding = Finding::warning("unknown-line", title).at(span, label);
        self.findings.push(match surely(&first.text, roots()) {
            Some(name) => finding.meant(span, name),
            None => finding,
        });
    }

    /// Where the rest of a path starts, and how many of its words lead there: in a Panorama's
    /// templates as in a device, in its device groups as in a virtual system.
    fn enter(&mut self, root: &[&str], path: &[Word]) -> (Frame, usize) {
        let frame = self.descend(root);
        let (head, rest, leaves_out): (_, _, &[&str]) = match path {
            [list, _, config, first, ..]
                if config.is("config") && (list.is("template") || list.is("template-stack")) =>
            {
                let is_whole = self.schema.child(Schema::ROOT, &first.text).is_some();
                let device: &[&str] = &["devices", "localhost.localdomain"];
                (3, Schema::ROOT, if is_whole { &[] } else { device })
            }
            [list, _, _, ..] if list.is("device-group") => {
                let systems = self.schema.path(&["devices", "vsys"]);
                (2, systems.unwrap_or(Schema::ROOT), &[])
            }
            _ => return (frame, 0),
        };
        let mut node = frame.node;
        for (depth, word) in path.iter().take(head).enumerate() {
            let kind = if depth == 1 {
                Kind::Entry
            } else {
                Kind::Element
            };
            node = self.word(node, word, false, kind);
        }
        let start = Frame {
            node,
            row: rest,
            before_entry: false,
        };
        (self.descend_from(start, leaves_out), head)
    }

    /// Makes the nodes that the command leaves out.
    fn descend(&mut self, path: &[&str]) -> Frame {
        let root = Frame {
            node: Tree::ROOT,
            row: Schema::ROOT,
            before_entry: false,
        };
        self.descend_from(root, path)
    }

    fn descend_from(&mut self, mut frame: Frame, path: &[&str]) -> Frame {
        for word in path {
            if frame.before_entry {
                frame.node = self.tree.child(frame.node, word, None, Kind::Entry);
                frame.before_entry = false;
            } else if let Some(row) = self.schema.child(frame.row, word) {
                frame.node = self.tree.child(frame.node, word, None, Kind::Element);
                frame.row = row;
                frame.before_entry = self.schema.row(row).shape == Shape::Entries;
            }
        }
        frame
    }

    /// Takes the next words of a command; false at its end.
    fn step(&mut self, walk: &mut Walk<'_>) -> bool {
        let Some(&(word, hidden)) = walk.words.get(walk.at) else {
            return false;
        };
        let Some(&frame) = walk.frames.last() else {
            return false;
        };
        if frame.before_entry {
            let node = self.word(frame.node, word, hidden, Kind::Entry);
            walk.at += 1;
            walk.complete = !self.schema.has_content(frame.row);
            walk.frames.push(Frame {
                node,
                before_entry: false,
                ..frame
            });
            return true;
        }
        match walk.element(self.schema, &word.text) {
            Some(row) => self.element(walk, word, row),
            None => {
                self.rest(walk, frame.node);
                false
            }
        }
    }

    /// An element that the schema knows, with its value if it is one that has a value.
    fn element(&mut self, walk: &mut Walk<'_>, word: &Word, row: RowId) -> bool {
        let Some(&frame) = walk.frames.last() else {
            return false;
        };
        let node = self.word(frame.node, word, false, Kind::Element);
        walk.at += 1;
        if self.schema.row(frame.row).shape == Shape::Choice {
            self.keep_only(frame.node, node);
        }
        match &self.schema.row(row).shape {
            Shape::Elements | Shape::Choice | Shape::Entries => {
                let before_entry = self.schema.row(row).shape == Shape::Entries;
                walk.complete = !before_entry && self.schema.children(row).next().is_none();
                walk.frames.push(Frame {
                    node,
                    row,
                    before_entry,
                });
            }
            Shape::Value(_) => self.values(walk, node, true),
            Shape::Members(_) | Shape::Other(_, Extent::Value) => self.values(walk, node, false),
            Shape::Other(_, Extent::Rest) => self.rest(walk, node),
        }
        true
    }

    /// One word, or a list in brackets.
    fn values(&mut self, walk: &mut Walk<'_>, node: NodeId, only: bool) {
        walk.complete = true;
        let mut in_list = false;
        while let Some(&(word, hidden)) = walk.words.get(walk.at) {
            walk.at += 1;
            match word {
                w if w.is("[") && !in_list => in_list = true,
                w if w.is("]") && in_list => return,
                w => {
                    let kind = if only { Kind::Value } else { Kind::Member };
                    let value = self.word(node, w, hidden, kind);
                    walk.secret_said |= hidden;
                    if only && !in_list {
                        self.keep_only(node, value);
                    }
                    if !in_list {
                        return;
                    }
                }
            }
        }
    }

    /// Words that nothing is known of: each is below the one before, members beside each other.
    fn rest(&mut self, walk: &mut Walk<'_>, mut node: NodeId) {
        let mut in_list = false;
        let mut depth = 0;
        let words = walk.words.get(walk.at..).unwrap_or(&[]);
        for &(word, hidden) in words {
            if word.is("[") || word.is("]") {
                in_list = word.is("[");
                continue;
            }
            if depth == DEPTH_MAX {
                let end = words
                    .last()
                    .map_or(word.range.end, |(last, _)| last.range.end);
                self.too_many_words(word.range.start..end);
                break;
            }
            // After a secret, what isn't understood may be the rest of it.
            let in_list = in_list || walk.secret_said;
            let kind = if in_list { Kind::Member } else { Kind::Element };
            let child = self.word(node, word, hidden || walk.secret_said, kind);
            if !in_list {
                node = child;
                depth += 1;
            }
        }
        walk.at = walk.words.len();
    }

    fn too_many_words(&mut self, unread: Range<usize>) {
        let span = self.span(&unread);
        self.secrets.extend(span);
        let warning = Finding::warning("unknown-line", "this command has too many words");
        let label = format!("nothing is read after {DEPTH_MAX} words that aren't known");
        self.findings.push(warning.at(span, label));
    }

    fn word(&mut self, parent: NodeId, word: &Word, hidden: bool, kind: Kind) -> NodeId {
        let span = self.span(&word.range);
        let id = self.tree.child(parent, &word.text, span, kind);
        if let Some(said) = self.said.as_mut().and_then(|said| said.last_mut()) {
            said.words.push((id, word.range.clone()));
        }
        if hidden {
            self.tree.mark_secret(id);
            self.secrets.extend(span);
        }
        id
    }

    /// What was said here before is replaced, and told.
    fn keep_only(&mut self, parent: NodeId, kept: NodeId) {
        let others: Vec<NodeId> = self
            .tree
            .at(parent)
            .children()
            .map(|child| child.id())
            .filter(|&id| id != kept)
            .collect();
        for other in others {
            let name = self.tree.at(parent).shown();
            let (before, now) = (self.tree.at(other).span(), self.tree.at(kept).span());
            self.findings.push(
                Finding::note("said-twice", format!("`{name}` is said twice"))
                    .at(now, "this one holds")
                    .beside(before, "this one is replaced"),
            );
            self.tree.remove(parent, other);
        }
    }

    /// Members in brackets go one by one.
    fn delete(&mut self, verb: &Word, words: &[Word]) {
        self.say(verb, words, true);
        let list = words.iter().position(|word| word.is("["));
        let (path, members) = words.split_at(list.unwrap_or(words.len()));
        let Some(way) = self.way(verb, path) else {
            return;
        };
        self.understood += 1;
        if let (None, [.., parent, child]) = (list, way.as_slice()) {
            self.tree.remove(*parent, *child);
        }
        for word in members.iter().filter(|w| !w.is("[") && !w.is("]")) {
            let parent = way.last().map(|&id| self.tree.at(id));
            match parent.and_then(|at| Some((at.id(), at.get(&word.text)?.id()))) {
                Some((parent, child)) => self.tree.remove(parent, child),
                None => self.not_there(word),
            }
        }
    }

    /// The nodes that a path leads through, the last one included; told, if there is none.
    fn way(&mut self, verb: &Word, words: &[Word]) -> Option<Vec<NodeId>> {
        let Some((path, root)) = self.start(words) else {
            self.unknown_path(words.first().unwrap_or(verb));
            return None;
        };
        let (frame, entered) = self.enter(root, &path);
        let mut way = vec![frame.node];
        for word in path.iter().skip(entered) {
            let node = way.last().map(|&id| self.tree.at(id));
            let Some(child) = node.and_then(|at| at.get(&word.text)) else {
                self.understood += 1;
                self.not_there(word);
                return None;
            };
            way.push(child.id());
        }
        Some(way)
    }

    fn not_there(&mut self, word: &Word) {
        self.findings.push(
            Finding::note(
                "nothing-to-delete",
                "this file has nothing of that name there",
            )
            .at(self.span(&word.range), "not said before"),
        );
    }

    /// `move … R before S`, `after S`, `top`, `bottom`.
    fn move_entry(&mut self, verb: &Word, words: &[Word]) {
        let (path, place) = match words {
            [path @ .., place, sibling] if place.is("before") || place.is("after") => {
                (path, Some((place.is("before"), Some(sibling))))
            }
            [path @ .., place] if place.is("top") || place.is("bottom") => {
                (path, Some((place.is("top"), None)))
            }
            _ => (words, None),
        };
        let Some((forward, sibling)) = place else {
            let title = "`move` says where to: before, after, top or bottom";
            let warning = Finding::warning("unknown-line", title);
            let span = self.span(&words.last().unwrap_or(verb).range);
            return self
                .findings
                .push(warning.at(span, "this changes nothing here"));
        };
        let Some(way) = self.way(verb, path) else {
            return;
        };
        self.understood += 1;
        let [.., list, entry] = way.as_slice() else {
            return;
        };
        let beside = match sibling {
            Some(word) => match self.tree.at(*list).get(&word.text) {
                Some(at) => Some(at.id()),
                None => return self.not_there(word),
            },
            None => None,
        };
        self.tree.reorder(*list, *entry, forward, beside);
    }
}

/// A command on its way down the schema.
struct Walk<'w> {
    frames: Vec<Frame>,
    /// An element has got its value: the next may be one of the elements around it.
    complete: bool,
    /// With whether each is a secret.
    words: Vec<(&'w Word, bool)>,
    at: usize,
    /// A secret stands before.
    secret_said: bool,
}

impl Walk<'_> {
    /// Finds the element of that name here, or around here where an element just ended; the frames
    /// then end at where it is. Not further out than the entry that the command is in.
    fn element(&mut self, schema: &Schema, name: &str) -> Option<RowId> {
        let here = self.frames.last()?;
        if let Some(row) = schema.child(here.row, name) {
            return Some(row);
        }
        if !self.complete {
            return None;
        }
        let mut depth = self.frames.len();
        while depth > 0 {
            let frame = self.frames.get(depth - 1)?;
            if let Some(row) = schema
                .child(frame.row, name)
                .filter(|_| !frame.before_entry)
            {
                self.frames.truncate(depth);
                return Some(row);
            }
            let in_entry = schema.row(frame.row).shape == Shape::Entries && !frame.before_entry;
            if in_entry && schema.has_content(frame.row) {
                return None;
            }
            depth -= 1;
        }
        None
    }
}

/// Which words of a command are secrets: those after an element that holds one.
pub fn secret_words(words: &[Word]) -> Vec<bool> {
    let mut hidden = vec![false; words.len()];
    let mut hide = |at: usize| {
        if let Some(flag) = hidden.get_mut(at) {
            *flag = true;
        }
    };
    for (at, word) in words.iter().enumerate() {
        let after = words.get(at + 1..).unwrap_or(&[]);
        // The last word behind one that isn't known there may be a key.
        if holds_proof(&word.text)
            && let [next, _, ..] = after
            && may_be_proof(&next.text)
        {
            hide(words.len() - 1);
        }
        if !holds_secret(&word.text) {
            continue;
        }
        match after {
            [open, list @ ..] if open.is("[") => {
                let len = list.iter().take_while(|w| !w.is("]")).count();
                (at + 2..at + 2 + len).for_each(&mut hide);
            }
            [next, _, ..] if holds_secret(&next.text) => {}
            // Whatever stands for `key`, what follows is one.
            [next, rest @ ..] if holds_key(&word.text) && !rest.is_empty() => {
                let first = at + 1 + usize::from(slip(&next.text, "key").is_some());
                (first..words.len()).for_each(&mut hide);
            }
            _ => hide(at + 1),
        }
    }
    hidden
}
