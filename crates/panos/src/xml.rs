//! The XML form: a whole export, an API's answer, or any part of a configuration, read into the
//! tree.
//!
//! A document type declaration is refused: entities could hide or multiply what is written.

use crate::NotAConfiguration;
use crate::schema::{RowId, Schema, Shape};
use crate::secrets::{holds_proof, holds_secret, may_be_proof};
use crate::tree::{Attribute, DEPTH_MAX, Kind, NodeId, Tree};
use crossgate_diag::{FileId, Finding, Span, Spanned, surely};
use roxmltree::{Document, Node};
use std::collections::VecDeque;
use std::ops::Range;

/// How many levels of a part are compared with the schema to find where it belongs.
const LOOK_DEPTH: usize = 4;

pub struct Parsed {
    pub tree: Tree,
    pub findings: Vec<Finding>,
    pub secrets: Vec<Span>,
}

/// Where a document starts in a text: at its first character, or at a line of its own after what a
/// session has printed before it.
pub fn start(text: &str) -> Option<usize> {
    let trimmed = text.trim_start_matches('\u{feff}').trim_start();
    let before = text.len() - trimmed.len();
    if trimmed.starts_with('<') {
        return Some(before);
    }
    let tags = ["<?xml", "<config", "<response"];
    let starts = tags.iter().filter_map(|tag| {
        let mut found = trimmed.match_indices(tag).map(|(at, _)| at);
        found.find(|at| trimmed.get(..*at).is_some_and(|head| head.ends_with('\n')))
    });
    starts.min().map(|at| before + at)
}

/// The document without what stands before and after it, and how many bytes stand before.
pub fn body(text: &str) -> (&str, usize) {
    let base = start(text).unwrap_or(0);
    let body = text.get(base..).unwrap_or("");
    let ends = ["</config>", "</response>"];
    let end = ends
        .iter()
        .filter_map(|tag| Some(body.rfind(tag)? + tag.len()))
        .max();
    // Behind the last tag there may be a session's prompt; in another document anything.
    let rest = end.and_then(|end| body.get(end..)).unwrap_or("");
    match end.filter(|_| !rest.contains('<')) {
        Some(end) => (body.get(..end).unwrap_or(body), base),
        None => (body, base),
    }
}

pub fn parse(text: &str, file: FileId) -> Result<Parsed, NotAConfiguration> {
    let (body, base) = body(text);
    let mut findings = around(text, body, base, file);
    let mended;
    let document = match Document::parse(body) {
        Ok(document) => document,
        Err(error) => {
            let Some(cut) = Cut::of(body) else {
                return Err(ill_formed(text, base, &error));
            };
            mended = cut.mended(body);
            // What isn't well-formed before its end either is refused.
            let Ok(document) = Document::parse(&mended) else {
                return Err(ill_formed(text, base, &error));
            };
            let span = Span::new(file, base + cut.end.saturating_sub(1)..base + cut.end);
            findings.push(cut.told().at(span, "read up to here"));
            document
        }
    };
    let mut reader = Reader {
        file,
        base,
        tree: Tree::new(),
        secrets: Vec::new(),
    };
    reader.document(document.root_element())?;
    Ok(Parsed {
        tree: reader.tree,
        findings,
        secrets: reader.secrets,
    })
}

/// What a session has printed before and after the document.
fn around(text: &str, body: &str, base: usize, file: FileId) -> Vec<Finding> {
    let blank = |c: char| c.is_whitespace() || c == '\u{feff}';
    let ranges = [0..base, base + body.len()..text.len()];
    let skipped = ranges.into_iter().filter_map(|range| {
        let part = text.get(range.clone())?;
        let inner = part.trim_matches(blank);
        let start = range.start + (part.len() - part.trim_start_matches(blank).len());
        (!inner.is_empty()).then(|| Span::new(file, start..start + inner.len()))
    });
    let told = skipped.map(|span| {
        let note = Finding::note("text-skipped", "what stands around the document is skipped");
        note.at(span, "no part of the configuration")
    });
    told.collect()
}

/// A document that ends too early: its elements that nothing closes.
struct Cut<'t> {
    open: Vec<&'t str>,
    /// Just after the last whole tag.
    end: usize,
}

impl<'t> Cut<'t> {
    /// `None` where not even one tag is whole.
    fn of(body: &'t str) -> Option<Self> {
        let mut open = Vec::new();
        let mut end = 0;
        let mut at = 0;
        while let Some(start) = body.get(at..)?.find('<').map(|found| at + found) {
            let tag = body.get(start..)?;
            let (close, opens) = match tag {
                _ if tag.starts_with("<!--") => ("-->", None),
                _ if tag.starts_with("<![CDATA[") => ("]]>", None),
                _ if tag.starts_with("<?") => ("?>", None),
                _ => (">", Some(tag)),
            };
            let Some(length) = tag_end(tag, close) else {
                break;
            };
            at = start + length;
            end = at;
            let tag = opens.and_then(|tag| tag.get(1..length - 1)).unwrap_or("/");
            if tag.starts_with('/') && opens.is_some() {
                open.pop();
            } else if !tag.ends_with('/') {
                open.extend(tag.split(char::is_whitespace).next());
            }
        }
        (end > 0 && !open.is_empty()).then_some(Self { open, end })
    }

    fn told(&self) -> Finding {
        let last = self.open.last().copied().unwrap_or_default();
        let title = "this file ends too early: what follows is missing";
        Finding::warning("cut-off", title)
            .noted(match self.open.len() {
                1 => format!("the element `{last}` is not closed"),
                count => format!("{count} elements are not closed, the last of them `{last}`"),
            })
            .help("export the configuration again, and look whether all of it has arrived")
    }

    fn mended(&self, body: &str) -> String {
        let mut out = body.get(..self.end).unwrap_or("").to_owned();
        for tag in self.open.iter().rev() {
            out.push_str("</");
            out.push_str(tag);
            out.push('>');
        }
        out
    }
}

/// Just after a tag's end; a `>` in an attribute's quotes is none.
fn tag_end(tag: &str, close: &str) -> Option<usize> {
    if close != ">" {
        return Some(tag.find(close)? + close.len());
    }
    let mut quote = None;
    let end = tag.char_indices().find(|&(_, c)| match quote {
        Some(open) => {
            if c == open {
                quote = None;
            }
            false
        }
        None => {
            if matches!(c, '"' | '\'') {
                quote = Some(c);
            }
            c == '>'
        }
    });
    end.map(|(at, _)| at + 1)
}

fn ill_formed(text: &str, base: usize, error: &roxmltree::Error) -> NotAConfiguration {
    let skipped = text.get(..base).unwrap_or("").matches('\n').count() as u32;
    match error {
        roxmltree::Error::DtdDetected => NotAConfiguration::new(
            "it has a document type declaration (`<!DOCTYPE …>`), which no PAN-OS configuration \
             has; entities are never expanded here",
        ),
        roxmltree::Error::UnexpectedEndOfStream | roxmltree::Error::UnclosedRootNode => {
            let line = text.lines().count();
            let why = format!("it is not well-formed XML: it ends, in line {line}, too early");
            NotAConfiguration::new(why)
        }
        _ => {
            let at = error.pos();
            let (line, column) = (at.row + skipped, at.col);
            let what = what_is_wrong(error);
            let why = format!("it is not well-formed XML: line {line}, column {column}: {what}");
            NotAConfiguration::new(why)
        }
    }
}

/// In words that never quote a value: it could be a key.
fn what_is_wrong(error: &roxmltree::Error) -> String {
    use roxmltree::Error;
    match error {
        Error::UnexpectedCloseTag(expected, found, _) => {
            format!("expected `</{expected}>`, found `</{found}>`")
        }
        Error::UnknownEntityReference(..) | Error::MalformedEntityReference(_) => {
            "a `&` that starts no known entity; write `&amp;`".into()
        }
        Error::InvalidAttributeValue(_) => "a `<` inside an attribute".into(),
        Error::DuplicatedAttribute(name, _) => format!("the attribute `{name}` stands twice"),
        Error::NoRootNode => "there is no element".into(),
        Error::NonXmlChar(..) => "a character that XML doesn't allow".into(),
        Error::UnexpectedDeclaration(_) => "an `<?xml …?>` that isn't at the start".into(),
        Error::NodesLimitReached | Error::AttributesLimitReached => "it is too big".into(),
        _ => "this is not what an element looks like".into(),
    }
}

struct Reader {
    file: FileId,
    /// Bytes before the document in the file.
    base: usize,
    tree: Tree,
    secrets: Vec<Span>,
}

impl Reader {
    fn document(&mut self, root: Node) -> Result<(), NotAConfiguration> {
        match root.tag_name().name() {
            "response" => self.response(root),
            _ => self.parts(std::iter::once(root)),
        }
    }

    /// An XML API's answer: what it holds is in `<result>`.
    fn response(&mut self, response: Node) -> Result<(), NotAConfiguration> {
        if response.attribute("status") == Some("error") {
            let why = "it is an XML API's error answer and holds no configuration";
            return Err(NotAConfiguration::new(why));
        }
        let result = elements(response).find(|node| node.tag_name().name() == "result");
        let mut parts = elements(result.unwrap_or(response)).peekable();
        if parts.peek().is_none() {
            let why = "it is an XML API's answer without a configuration in it";
            return Err(NotAConfiguration::new(why));
        }
        self.parts(parts)
    }

    /// A part of a configuration goes to where the schema has an element of that name with such
    /// children; one beside another of the same name goes to the same place.
    fn parts<'a, 'i: 'a>(
        &mut self,
        parts: impl Iterator<Item = Node<'a, 'i>>,
    ) -> Result<(), NotAConfiguration> {
        let mut last: Option<(&str, Place)> = None;
        for part in parts {
            let name = part.tag_name().name();
            if name == "config" {
                self.attributes(part, Tree::ROOT);
                self.children(part, Tree::ROOT, 0, false)?;
                continue;
            }
            let known = last.take().filter(|(known, _)| *known == name);
            let Some(place) = known.map(|(_, place)| place).or_else(|| place_of(part)) else {
                let meant = surely(name, ["config", "response"])
                    .map(|tag| format!("; did you mean `<{tag}>`?"));
                let meant = meant.unwrap_or_default();
                let why =
                    format!("its element `<{name}>` is no part of a PAN-OS configuration{meant}");
                return Err(NotAConfiguration::new(why));
            };
            let parent = place.iter().fold(Tree::ROOT, |node, &(word, kind)| {
                self.tree.child(node, word, None, kind)
            });
            self.element(part, parent, place.len(), false)?;
            last = Some((name, place));
        }
        Ok(())
    }

    fn children(
        &mut self,
        xml: Node,
        parent: NodeId,
        depth: usize,
        secret: bool,
    ) -> Result<(), NotAConfiguration> {
        if depth > DEPTH_MAX {
            let why = format!("its elements are nested more than {DEPTH_MAX} deep");
            return Err(NotAConfiguration::new(why));
        }
        for child in xml.children() {
            if child.is_element() {
                self.element(child, parent, depth, secret)?;
            } else if child.is_text() {
                self.text(child, parent, Kind::Value, secret);
            }
        }
        Ok(())
    }

    fn element(
        &mut self,
        xml: Node,
        parent: NodeId,
        depth: usize,
        secret: bool,
    ) -> Result<(), NotAConfiguration> {
        let name = xml.tag_name().name();
        if name == "member" {
            for text in xml.children().filter(Node::is_text) {
                self.text(text, parent, Kind::Member, secret);
            }
            return Ok(());
        }
        let node = match xml.attribute_node("name").filter(|_| name == "entry") {
            Some(attribute) => {
                let span = self.span(attribute.range_value());
                self.tree
                    .child(parent, attribute.value(), Some(span), Kind::Entry)
            }
            None => {
                let span = self.span(name_range(xml));
                self.tree.child(parent, name, Some(span), Kind::Element)
            }
        };
        if secret && name == "entry" {
            self.tree.mark_secret(node);
            self.secrets.extend(self.tree.at(node).span());
        }
        self.attributes(xml, node);
        let around = xml.parent_element();
        let is_proof = around.is_some_and(|around| holds_proof(around.tag_name().name()));
        let secret = secret || holds_secret(name) || is_proof && may_be_proof(name);
        self.children(xml, node, depth + 1, secret)
    }

    fn attributes(&mut self, xml: Node, node: NodeId) {
        let is_entry = xml.tag_name().name() == "entry";
        for attribute in xml.attributes() {
            if is_entry && attribute.name() == "name" {
                continue;
            }
            let span = self.span(attribute.range_value());
            if holds_secret(attribute.name()) {
                self.secrets.push(span);
            }
            let name = attribute.name().to_owned();
            let value = Spanned::at(attribute.value().to_owned(), span);
            self.tree.add_attribute(node, Attribute { name, value });
        }
    }

    /// A text without the blanks around it; only blanks are nothing.
    fn text(&mut self, xml: Node, parent: NodeId, kind: Kind, secret: bool) {
        let word = xml.text().unwrap_or("").trim();
        if word.is_empty() {
            return;
        }
        let range = text_range(xml);
        let input = xml.document().input_text();
        let written = input.get(range.clone()).unwrap_or("");
        let before = written.len() - written.trim_start().len();
        let after = written.len() - written.trim_end().len();
        let span = self.span(range.start + before..range.end - after);
        let node = self.tree.child(parent, word, Some(span), kind);
        if secret {
            self.tree.mark_secret(node);
            self.secrets.push(self.span(range));
        }
    }

    fn span(&self, range: Range<usize>) -> Span {
        Span::new(self.file, self.base + range.start..self.base + range.end)
    }
}

/// Of a text that goes on in CDATA the parser names the first piece's place only: it ends where its
/// neighbour begins, or its element's end tag.
fn text_range(text: Node) -> Range<usize> {
    let Range { start, end } = text.range();
    let neighbour = text.next_sibling().map(|next| next.range().start);
    let closing = || {
        let around = text.parent()?.range();
        let input = text.document().input_text().get(around.clone())?;
        Some(around.start + input.rfind("</")?)
    };
    let whole = neighbour.or_else(closing).unwrap_or(end);
    start..whole.max(end)
}

/// Where an element's name is written, behind the prefix of its namespace.
fn name_range(xml: Node) -> std::ops::Range<usize> {
    let name = xml.tag_name().name();
    let start = xml.range().start + 1;
    let text = xml.document().input_text().get(start..).unwrap_or_default();
    let qualified = text.find(|c: char| c.is_whitespace() || c == '>' || c == '/');
    let end = start + qualified.unwrap_or(name.len());
    end.saturating_sub(name.len())..end
}

fn elements<'a, 'i>(node: Node<'a, 'i>) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(Node::is_element)
}

/// Words from the root to a place, with the names that PAN-OS itself gives to the entries between.
type Place = Vec<(&'static str, Kind)>;

/// Where in a configuration a part belongs: the place whose row knows most of what it holds; of
/// several, the outermost. None if there is no such place.
fn place_of(part: Node) -> Option<Place> {
    let schema = Schema::get();
    let name = part.tag_name().name();
    let least = if name == "entry" { 1 } else { 0 };
    let mut best: Option<(i64, Place)> = None;
    let mut queue: VecDeque<(RowId, Place)> = VecDeque::from([(Schema::ROOT, Vec::new())]);
    while let Some((row, place)) = queue.pop_front() {
        let is_list = schema.row(row).shape == Shape::Entries;
        let inside = if is_list {
            let mut inside = place.clone();
            inside.push((default_entry(schema.row(row).name), Kind::Entry));
            inside
        } else {
            place.clone()
        };
        let fit = if name == "entry" {
            is_list.then(|| {
                (
                    likeness(part, row, LOOK_DEPTH) + named_for(part, &place),
                    place,
                )
            })
        } else {
            let child = schema.child(row, name);
            child.map(|child| (element_likeness(part, child, LOOK_DEPTH), inside.clone()))
        };
        if let Some((score, place)) = fit {
            let beaten = best.as_ref().is_some_and(|(most, _)| *most >= score);
            if score >= least && !beaten {
                best = Some((score, place));
            }
        }
        for child in schema.children(row) {
            let mut deeper = inside.clone();
            deeper.push((schema.row(child).name, Kind::Element));
            queue.push_back((child, deeper));
        }
    }
    best.map(|(_, place)| place)
}

/// 1 if the entry's name tells its place: `tunnel.5` is one of `tunnel`.
fn named_for(entry: Node, place: &Place) -> i64 {
    let name = entry.attribute("name").unwrap_or("");
    let stem = name.trim_end_matches(|c: char| !c.is_ascii_alphabetic());
    i64::from(place.iter().any(|&(word, _)| word == stem))
}

fn default_entry(list: &str) -> &'static str {
    match list {
        "devices" => "localhost.localdomain",
        "vsys" => "vsys1",
        "virtual-router" | "logical-router" | "vrf" => "default",
        _ => "(unnamed)",
    }
}

/// How many of the element's children that row knows, less those that it doesn't.
fn likeness(xml: Node, row: RowId, depth: usize) -> i64 {
    let schema = Schema::get();
    if depth == 0 {
        return 0;
    }
    elements(xml)
        .map(|child| match schema.child(row, child.tag_name().name()) {
            Some(known) => 1 + element_likeness(child, known, depth - 1),
            None => -1,
        })
        .sum()
}

fn element_likeness(xml: Node, row: RowId, depth: usize) -> i64 {
    match Schema::get().row(row).shape {
        Shape::Elements | Shape::Choice => likeness(xml, row, depth),
        Shape::Entries => elements(xml)
            .map(|entry| match entry.tag_name().name() {
                "entry" => likeness(entry, row, depth),
                _ => -1,
            })
            .sum(),
        _ => 0,
    }
}
