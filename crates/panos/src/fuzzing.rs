//! What the fuzz targets `panos_xml` and `panos_set` of `fuzz/` run, and what the tests run over the
//! same corpora: laws that hold for whatever is in a configuration.
//!
//! A tree is no copy of its text: what is said in two places is one node, and blanks are nothing.
//! So that nothing is lost means here: every word of the text is in the tree, at its path, and
//! every node's place in the text reads as its word.

use crate::schema::{RowId, Schema, Shape};
use crate::tree::At;
use crate::words::Command;
use crate::{Form, NotAConfiguration, Reading, Secrets, Tree, compose, is_xml, looks_like, read};
use crate::{read_template, set, to_set, to_xml};
use crate::{words, xml};
use crossgate_diag::{FileId, Sources, Span};
use crossgate_model::fuzzing::{
    Law, amended, errors, findings_are_told, law, marked, no_mark_is_shown, text,
};
use roxmltree::{Document, Node};
use std::collections::BTreeSet;

/// Of all kinds of changes one run tries each so manieth: which, is the text's length's matter.
const CHANGES_APART: usize = 7;

/// A text that may be a document.
///
/// # Errors
/// The law that it broke.
pub fn document(data: &[u8]) -> Law {
    let text = text(data);
    match is_xml(&text) {
        true => configuration(&text),
        false => Ok(()),
    }
}

/// A text that may be commands.
///
/// # Errors
/// The law that it broke.
pub fn commands(data: &[u8]) -> Law {
    let text = text(data);
    match is_xml(&text) {
        true => Ok(()),
        false => configuration(&text),
    }
}

fn configuration(text: &str) -> Law {
    let mut sources = Sources::new();
    let file = sources.add("fuzz", text);
    let reading = match read_any(&mut sources, file) {
        Ok(reading) => reading,
        Err(why) => {
            let refused = is_xml(text) || looks_like(text) == 0;
            return law(refused, || format!("{why}, but looks like one"));
        }
    };
    findings_are_told(&sources, &[file], &reading.findings)?;
    match reading.form {
        Form::Xml => every_element_is_kept(text, file)?,
        Form::Set => every_command_is_kept(text, file, &reading)?,
    }
    let told = Told::of(&reading);
    told.all_unknown(reading.tree.root(), Schema::ROOT)?;
    if !reading.tree.is_layered() {
        prints_the_same_again(&reading)?;
    }
    let chosen = (text.len(), CHANGES_APART);
    for (amendment, text) in amended(&reading, sources.get(file), &reading.gateway, chosen)? {
        // What removes all that was understood leaves nothing to read.
        let only_removes = amendment.edits.iter().all(|edit| edit.expose().is_empty());
        if !only_removes || looks_like(&text) > 0 {
            is_one_again(&text)?;
        }
    }
    composed_reads_back(&reading)?;
    no_secret_is_shown(&sources, file, chosen)
}

/// Of a Panorama's export for several devices, the last: the first most often is a whole stack.
fn read_any(sources: &mut Sources, file: FileId) -> Result<Reading, NotAConfiguration> {
    let refusal = match read(sources, file) {
        Err(refusal) => refusal,
        read => return read,
    };
    match refusal.choices() {
        [.., which] => read_template(sources, file, Some(which)),
        [] => Err(refusal),
    }
}

/// Each word of the document is in the tree, below the words around it.
fn every_element_is_kept(text: &str, file: FileId) -> Law {
    let (body, _) = xml::body(text);
    let (Ok(parsed), Ok(document)) = (xml::parse(text, file), Document::parse(body)) else {
        return Ok(());
    };
    every_word_reads_so(text, parsed.tree.root())?;
    let root = document.root_element();
    let kept = match root.tag_name().name() {
        "config" => has(parsed.tree.root(), root),
        // Wherever a part belongs.
        "response" => Ok(()),
        _ => match has_anywhere(parsed.tree.root(), root) {
            true => Ok(()),
            false => Err(format!("`{}` is in no place", root.tag_name().name())),
        },
    };
    kept.map_err(|why| format!("lost: {why}"))
}

fn has_anywhere(at: At<'_>, part: Node) -> bool {
    has_element(at, part).is_ok() || at.children().any(|child| has_anywhere(child, part))
}

fn has(at: At<'_>, xml: Node) -> Law {
    for child in xml.children() {
        if child.is_element() {
            has_element(at, child)?;
        } else if child.is_text() {
            has_text(at, child)?;
        }
    }
    Ok(())
}

fn has_text(at: At<'_>, text: Node) -> Law {
    let word = text.text().unwrap_or("").trim();
    law(word.is_empty() || at.get(word).is_some(), || {
        format!("a text below `{}`", at.word())
    })
}

fn has_element(at: At<'_>, xml: Node) -> Law {
    let name = xml.tag_name().name();
    if name == "member" {
        return xml
            .children()
            .filter(Node::is_text)
            .try_for_each(|text| has_text(at, text));
    }
    let word = xml.attribute("name").filter(|_| name == "entry");
    let word = word.unwrap_or(name);
    match at.get(word) {
        Some(node) => has(node, xml),
        None => Err(format!("`{word}` below `{}`", at.word())),
    }
}

/// The place of every node reads as its word, apart from escapes.
fn every_word_reads_so(text: &str, at: At<'_>) -> Law {
    if let Some(Span { start, end, .. }) = at.span() {
        let written = text.get(start as usize..end as usize);
        let same = |written: &str| {
            written == at.word() || written.contains(['&', '<', '\\', '\r', '\n', '\t'])
        };
        law(written.is_some_and(same), || {
            format!("at {start}..{end} it doesn't say what was read there")
        })?;
    }
    at.children()
        .try_for_each(|child| every_word_reads_so(text, child))
}

/// Each word of a `set` command leads to a node, and whatever else a line says is told.
fn every_command_is_kept(text: &str, file: FileId, reading: &Reading) -> Law {
    let (parsed, said) = set::parse_said(text, file);
    every_word_reads_so(text, parsed.tree.root())?;
    let said = said.iter().flat_map(|said| &said.words);
    let mut kept: BTreeSet<u32> = said.map(|(_, range)| range.start as u32).collect();
    kept.extend(Told::of(reading).0);
    // All of a command's words after a certain one may be told at once.
    let labels = reading.findings.iter().flat_map(|finding| &finding.labels);
    let told: Vec<Span> = labels.map(|label| label.span).collect();
    words::commands(text)
        .iter()
        .try_for_each(|command| command_is_kept(command, &kept, &told))
}

fn command_is_kept(command: &Command, kept: &BTreeSet<u32>, told: &[Span]) -> Law {
    let Some((verb, rest)) = command.words.split_first() else {
        return Ok(());
    };
    // The root's name may be said, and leads nowhere.
    let rest = match rest {
        [first, below @ ..] if first.text == "config" => below,
        whole => whole,
    };
    let is_kept = |word: &words::Word| {
        let range = word.range.start as u32..(word.outer().end as u32);
        let is_told = |span: &Span| span.start <= range.start && range.start < span.end;
        word.is("[")
            || word.is("]")
            || kept.range(range.clone()).next().is_some()
            || told.iter().any(is_told)
    };
    let line = || command.words.iter().any(is_kept);
    let whole = match verb.text.as_str() {
        // What nothing is read of is told with one word of it.
        "set" => rest.iter().all(is_kept) || rest.is_empty() || !set::is_path(rest) && line(),
        "delete" | "move" | "edit" | "top" | "up" => true,
        word if set::changes_nothing(word) => true,
        _ => line(),
    };
    law(whole, || format!("nothing is told of {:?}", verb.range))
}

/// Where findings point at.
struct Told(BTreeSet<u32>);

impl Told {
    fn of(reading: &Reading) -> Self {
        let labels = reading.findings.iter().flat_map(|finding| &finding.labels);
        Self(labels.map(|label| label.span.start).collect())
    }

    /// Words that the schema doesn't know are pointed at.
    fn all_unknown(&self, at: At<'_>, row: RowId) -> Law {
        let schema = Schema::get();
        for child in at.children() {
            let Some(known) = schema.child(row, child.word()) else {
                let told = child.span().is_none_or(|span| self.0.contains(&span.start));
                law(told, || format!("unknown and untold: {:?}", child.span()))?;
                continue;
            };
            match &schema.row(known).shape {
                Shape::Elements | Shape::Choice => self.all_unknown(child, known)?,
                Shape::Entries => child
                    .children()
                    .try_for_each(|entry| self.all_unknown(entry, known))?,
                _ => {}
            }
        }
        Ok(())
    }
}

/// What is printed of it is printed of itself.
fn prints_the_same_again(reading: &Reading) -> Law {
    let print: fn(&Tree, Secrets) -> String = match reading.form {
        Form::Xml => to_xml,
        Form::Set => to_set,
    };
    let printed = print(&reading.tree, Secrets::Written);
    let mut sources = Sources::new();
    let file = sources.add("printed", printed.as_str());
    match read(&mut sources, file) {
        Ok(again) => law(print(&again.tree, Secrets::Written) == printed, || {
            "its print is printed otherwise".into()
        }),
        // Nothing is left of it, or it is empty.
        Err(_) if !reading.tree.root().has_children() || printed.is_empty() => Ok(()),
        Err(why) => Err(format!("its print is refused: {why}")),
    }
}

/// What a change made of it is a configuration still.
fn is_one_again(text: &str) -> Law {
    let mut sources = Sources::new();
    let file = sources.add("changed", text);
    let reading = read_any(&mut sources, file).map_err(|why| format!("changed, {why}"))?;
    findings_are_told(&sources, &[file], &reading.findings)
}

/// What is composed of it has no error that it didn't have itself.
fn composed_reads_back(reading: &Reading) -> Law {
    let composed = compose(&reading.gateway);
    let known = errors(&reading.findings);
    for text in [
        composed.set(Secrets::Written),
        composed.xml(Secrets::Written),
    ] {
        let mut sources = Sources::new();
        let file = sources.add("composed", text);
        match read(&mut sources, file) {
            Ok(again) => {
                findings_are_told(&sources, &[file], &again.findings)?;
                let new = errors(&again.findings);
                let new: Vec<_> = new.difference(&known).collect();
                law(new.is_empty(), || format!("composed, it has {new:?}"))?;
            }
            // A gateway of which nothing can be said.
            Err(_) if !composed.tree.root().has_children() => {}
            Err(why) => return Err(format!("composed, {why}")),
        }
    }
    Ok(())
}

fn no_secret_is_shown(sources: &Sources, file: FileId, chosen: (usize, usize)) -> Law {
    let Some((text, count)) = marked(sources.get(file)) else {
        return Ok(());
    };
    let mut sources = Sources::new();
    let file = sources.add("fuzz", text);
    let Ok(reading) = read_any(&mut sources, file) else {
        return Ok(());
    };
    let changes = amended(&reading, sources.get(file), &reading.gateway, chosen)?;
    let changes: Vec<_> = changes.into_iter().map(|(change, _)| change).collect();
    no_mark_is_shown(&sources, file, &reading.findings, &changes, count)
}
