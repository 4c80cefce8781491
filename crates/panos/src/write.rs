//! The tree printed in either form.
//!
//! What PAN-OS itself prints comes out as it went in: one command an element, lists in brackets;
//! XML indented by two. Words that the schema doesn't know and that came as commands are printed
//! as XML as well as can be guessed: a last word is a value, or a member where there are several.

use crate::set;
use crate::tree::{At, Kind, Tree};
use std::fmt::Write;

/// Whether keys and passwords are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    /// A configuration that a device can use.
    Written,
    /// For a person's eyes.
    Masked,
}

impl Secrets {
    fn word(self, at: At<'_>) -> &str {
        match self {
            Self::Masked if at.is_secret() => "********",
            _ => at.word(),
        }
    }
}

/// As `set` commands. What follows from a path and wasn't written (the device, the one virtual
/// system) isn't printed either; nor is the one device that every configuration has.
pub fn to_set(tree: &Tree, secrets: Secrets) -> String {
    let mut printer = Printer {
        secrets,
        one_device: tree.root().below(&["devices"]).all(is_the_device),
        way: Vec::new(),
        out: String::new(),
    };
    for top in tree.root().children() {
        printer.commands(top, 0);
    }
    printer.out
}

fn is_the_device(at: At<'_>) -> bool {
    at.word() == "localhost.localdomain"
}

struct Printer<'t> {
    secrets: Secrets,
    one_device: bool,
    /// The words from the root down.
    way: Vec<At<'t>>,
    out: String,
}

impl<'t> Printer<'t> {
    /// Whether a word follows from those after it.
    fn is_implied(&self, at: At<'_>) -> bool {
        let is_device = match self.way.as_slice() {
            [] => at.word() == "devices",
            [devices] => devices.word() == "devices" && is_the_device(at),
            _ => false,
        };
        at.span().is_none() || self.one_device && is_device
    }

    /// `implied` of the words above may be left out.
    fn commands(&mut self, at: At<'t>, implied: usize) {
        let goes_on = implied == self.way.len() && self.is_implied(at);
        let implied = implied + usize::from(goes_on);
        self.way.push(at);
        let (members, others): (Vec<_>, Vec<_>) = at
            .children()
            .partition(|child| child.kind() == Kind::Member);
        match members.as_slice() {
            [] => {}
            [one] => self.command(implied, &quoted(self.secrets.word(*one))),
            many => {
                let words = many.iter().map(|m| quoted(self.secrets.word(*m)));
                let words: Vec<String> = words.collect();
                self.command(implied, &format!("[ {} ]", words.join(" ")));
            }
        }
        if !at.has_children() && !goes_on {
            self.command(implied, "");
        }
        for child in others {
            self.commands(child, implied);
        }
        self.way.pop();
    }

    /// Words are left out only where the first that is left leads back to them.
    fn command(&mut self, implied: usize, last: &str) {
        let written = self.way.get(implied..).unwrap_or_default();
        let first = written.first().map_or("", |at| at.word());
        let left_out = self.way.iter().take(implied).map(|at| at.word());
        let leads_back = set::root_of(first).is_some_and(|root| left_out.eq(root.iter().copied()));
        let top = self.way.first().map_or("", |at| at.word());
        let (head, start) = match leads_back && first != "config" {
            true => ("set", implied),
            false if top != "config" && set::root_of(top).is_some_and(<[_]>::is_empty) => {
                ("set", 0)
            }
            false => ("set config", 0),
        };
        self.out.push_str(head);
        for at in self.way.get(start..).unwrap_or_default() {
            self.out.push(' ');
            self.out.push_str(&quoted(self.secrets.word(*at)));
        }
        if !last.is_empty() {
            self.out.push(' ');
            self.out.push_str(last);
        }
        self.out.push('\n');
    }
}

pub(crate) fn quoted(word: &str) -> String {
    // The last two are a terminal's: a plain word ends at them.
    let parts = |c| matches!(c, '"' | '\'' | '[' | ']' | '\u{8}' | '\u{1b}');
    let plain = !word.is_empty()
        && !word.contains(|c: char| c.is_whitespace() || parts(c))
        && !word.starts_with('\u{feff}')
        && !word.starts_with('#');
    if plain {
        return word.to_owned();
    }
    format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\""))
}

/// As an XML document.
pub fn to_xml(tree: &Tree, secrets: Secrets) -> String {
    let mut out = String::from("<?xml version=\"1.0\"?>\n");
    element(tree.root(), 0, secrets, &mut out);
    out
}

/// What a node is printed as. Only words of unknown commands leave it open.
fn role(at: At<'_>) -> Kind {
    match at.kind() {
        Kind::Element if at.has_children() && !is_tag(at) => Kind::Entry,
        kind => kind,
    }
}

/// Whether a word may be an element's name: a secret isn't one, whatever it looks like.
fn is_tag(at: At<'_>) -> bool {
    let word = at.word();
    !at.is_secret() && word.starts_with(begins_a_name) && word.chars().all(is_in_a_name)
}

/// NameStartChar of XML 1.0 §2.3, without the colon, which parts a namespace from a name.
fn begins_a_name(c: char) -> bool {
    c.is_ascii_alphabetic()
        || matches!(c, '_' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}'
            | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}'
            | '\u{2070}'..='\u{218f}' | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}'
            | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}' | '\u{10000}'..='\u{effff}')
}

/// NameChar, likewise.
fn is_in_a_name(c: char) -> bool {
    begins_a_name(c)
        || c.is_ascii_digit()
        || matches!(c, '-' | '.' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}

fn element(at: At<'_>, depth: usize, secrets: Secrets, out: &mut String) {
    let role = role(at);
    indent(depth, out);
    if role == Kind::Member {
        text_element("member", secrets.word(at), out);
        return;
    }
    let tag = if role == Kind::Entry {
        "entry"
    } else {
        at.word()
    };
    out.push('<');
    out.push_str(tag);
    if role == Kind::Entry {
        attribute("name", secrets.word(at), out);
    }
    for other in at.attributes() {
        attribute(&other.name, &other.value, out);
    }
    let children: Vec<At<'_>> = at.children().collect();
    match children.as_slice() {
        [] => out.push_str("/>\n"),
        [only] if is_text(*only) => {
            out.push('>');
            out.push_str(&escaped(secrets.word(*only)));
            closing(tag, out);
        }
        _ => {
            out.push_str(">\n");
            for child in children {
                content(child, depth + 1, secrets, out);
            }
            indent(depth, out);
            closing(tag, out);
        }
    }
}

/// A child among several: a last word of unknown commands is a member of a list then.
fn content(at: At<'_>, depth: usize, secrets: Secrets, out: &mut String) {
    if is_text(at) {
        indent(depth, out);
        text_element("member", secrets.word(at), out);
    } else {
        element(at, depth, secrets, out);
    }
}

/// A value; or what can't be an element's name.
fn is_text(at: At<'_>) -> bool {
    match at.kind() {
        Kind::Value => true,
        Kind::Element => !at.has_children() && !is_tag(at),
        Kind::Entry | Kind::Member => false,
    }
}

fn indent(depth: usize, out: &mut String) {
    out.extend(std::iter::repeat_n("  ", depth));
}

fn text_element(tag: &str, text: &str, out: &mut String) {
    out.push('<');
    out.push_str(tag);
    out.push('>');
    out.push_str(&escaped(text));
    closing(tag, out);
}

fn closing(tag: &str, out: &mut String) {
    // Writing to a string can't fail.
    let _ = writeln!(out, "</{tag}>");
}

fn attribute(name: &str, value: &str, out: &mut String) {
    // A reader takes the bare characters for blanks.
    let value = escaped(value).replace('\n', "&#10;").replace('\t', "&#9;");
    let _ = write!(out, " {name}=\"{value}\"");
}

/// A control character that no document can hold becomes the mark of a lost one.
pub(crate) fn escaped(text: &str) -> String {
    let held = |c: char| !c.is_control() || matches!(c, '\t' | '\n' | '\r' | '\u{7f}'..);
    let text = text.replace(
        |c| !held(c) || matches!(c, '\u{fffe}' | '\u{ffff}'),
        "\u{fffd}",
    );
    text.replace('&', "&amp;")
        .replace('\r', "&#13;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
