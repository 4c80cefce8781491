//! The tree printed in either form.
//!
//! What PAN-OS itself prints comes out as it went in: one command an element, lists in brackets;
//! XML indented by two. Words that the schema doesn't know and that came as commands are printed
//! as XML as well as can be guessed: a last word is a value, or a member where there are several.

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
    let mut out = String::new();
    for top in tree.root().children() {
        commands(top, &mut Vec::new(), secrets, &mut out);
    }
    out
}

fn commands(at: At<'_>, path: &mut Vec<String>, secrets: Secrets, out: &mut String) {
    let implied = at.span().is_none() || is_the_device(at, path);
    let depth = path.len();
    if !implied {
        path.push(quoted(secrets.word(at)));
    }
    let (members, others): (Vec<_>, Vec<_>) = at
        .children()
        .partition(|child| child.kind() == Kind::Member);
    match members.as_slice() {
        [] => {}
        [one] => command(path, &quoted(secrets.word(*one)), out),
        many => {
            let words: Vec<String> = many.iter().map(|m| quoted(secrets.word(*m))).collect();
            command(path, &format!("[ {} ]", words.join(" ")), out);
        }
    }
    if !at.has_children() && !implied {
        command(path, "", out);
    }
    for child in others {
        commands(child, path, secrets, out);
    }
    path.truncate(depth);
}

/// `devices localhost.localdomain`, which commands leave out.
fn is_the_device(at: At<'_>, path: &[String]) -> bool {
    const DEVICE: &str = "localhost.localdomain";
    let is_list = at.word() == "devices" && at.children().all(|device| device.word() == DEVICE);
    path.is_empty() && (is_list || at.word() == DEVICE)
}

fn command(path: &[String], last: &str, out: &mut String) {
    out.push_str("set");
    let last = (!last.is_empty()).then_some(last);
    for word in path.iter().map(String::as_str).chain(last) {
        out.push(' ');
        out.push_str(word);
    }
    out.push('\n');
}

pub(crate) fn quoted(word: &str) -> String {
    let plain = !word.is_empty()
        && !word.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '[' | ']'))
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
    let starts = |c: char| c.is_ascii_alphabetic() || c == '_';
    let continues = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    !at.is_secret() && word.starts_with(starts) && word.chars().all(continues)
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
