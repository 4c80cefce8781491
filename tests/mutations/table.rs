//! The tables of mutations, `ios.txt`, `panos.txt` and `both.txt`, and what they make of a pair.
//!
//! In a table of one language, a line at the margin is a pattern (see [`Pattern`]), and what stands
//! under it is done to each line that it fits, one at a time:
//!
//! - `= TEXT`: what stands for the last `*` or `...` becomes that; `> TEXT`: the line does
//! - `+ TEXT`, `^ TEXT`: that comes after the line, before it; `$ TEXT`: at the text's end
//! - `-`: without the line; `--`: nor what is inside of it; `v`: it changes places with the next one
//!
//! ` | ` stands between alternatives and ` ; ` between lines, of which those with dots in front are
//! indented by as many blanks. `[kind]` says what the lines after it are about.
//!
//! In `both.txt`, `: TITLE` begins a mutation of several edits, each as `END PATTERN => OPERATION`;
//! a pair that lacks one of the lines doesn't have the mutation, unless a `?` follows the end.

use super::base::{Base, ENDS};
use super::edit::{Change, Edit, Pattern, Text, filled, indentation, section};

/// A change of a pair, or several together.
#[derive(Clone)]
pub struct Mutation {
    pub base: &'static str,
    pub kind: &'static str,
    /// Unique, so that the suite can be asked for this one.
    pub name: String,
    /// At which end, and what.
    pub edits: Vec<(usize, Edit)>,
    /// What is done to each end's text as a whole.
    pub styles: [Option<Style>; 2],
    /// The firewall is given first.
    pub swapped: bool,
}

/// Another way to write the same.
pub type Style = fn(&str) -> String;

impl Mutation {
    /// Both files with the change in them.
    pub fn texts(&self, originals: &[String; 2]) -> [String; 2] {
        let mut texts = originals.each_ref().map(|text| Text::new(text));
        for (end, edit) in &self.edits {
            texts[*end].apply(edit);
        }
        let [a, b] = texts.map(|text| text.written());
        let [style, other] = self.styles;
        let dressed = |style: Option<Style>, text: String| match style {
            Some(style) => style(&text),
            None => text,
        };
        [dressed(style, a), dressed(other, b)]
    }

    /// Whether one of the two undoes what the other does.
    pub fn is_at_odds_with(&self, other: &Self) -> bool {
        let taken = |mutation: &Self| -> Vec<(usize, usize)> {
            let edits = mutation.edits.iter();
            let taking = edits.filter(|(_, edit)| edit.takes_the_line());
            taking.map(|(end, edit)| (*end, edit.line)).collect()
        };
        let theirs = taken(other);
        taken(self).iter().any(|place| theirs.contains(place))
    }
}

const OF_ONE_END: [&str; 2] = [include_str!("ios.txt"), include_str!("panos.txt")];
const OF_BOTH: &str = include_str!("both.txt");

/// A line of a table that does something, with what it is about.
struct Row {
    kind: &'static str,
    pattern: &'static str,
    operation: char,
    template: &'static str,
}

/// Every mutation of one line.
pub fn single(base: &Base, originals: &[String; 2]) -> Vec<Mutation> {
    let mut made = Vec::new();
    for end in 0..ENDS.len() {
        let lines: Vec<&str> = originals[end].lines().collect();
        for row in rows(OF_ONE_END[end]) {
            let pattern = Pattern::new(&base.worded(end, row.pattern));
            for (line, captured) in pattern.find(&lines) {
                let place = Place {
                    lines: &lines,
                    line,
                    captured,
                };
                made.extend(mutation(base, end, &row, &place));
            }
        }
    }
    made
}

/// Rows that fit no line of any of these pairs: a table should have none.
pub fn unused(pairs: &[(&Base, [String; 2])]) -> Vec<String> {
    let mut unused = Vec::new();
    for end in 0..ENDS.len() {
        for row in rows(OF_ONE_END[end]) {
            let fits = |(base, originals): &(&Base, [String; 2])| {
                let lines: Vec<&str> = originals[end].lines().collect();
                !Pattern::new(&base.worded(end, row.pattern))
                    .find(&lines)
                    .is_empty()
            };
            if !pairs.iter().any(fits) && !unused.contains(&row.pattern.to_owned()) {
                unused.push(row.pattern.to_owned());
            }
        }
    }
    unused
}

fn rows(table: &'static str) -> Vec<Row> {
    let (mut rows, mut kind, mut pattern) = (Vec::new(), "", "");
    let lines = table
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    for line in lines {
        if let Some(title) = line.strip_prefix('[') {
            kind = title.trim_end_matches(']');
        } else if !line.starts_with(' ') {
            pattern = line;
        } else {
            let (operation, template) = operation(line.trim());
            for template in template.split(" | ").map(str::trim) {
                rows.push(Row {
                    kind,
                    pattern,
                    operation,
                    template,
                });
            }
        }
    }
    rows
}

/// `--` is `s`, for section.
fn operation(text: &str) -> (char, &str) {
    if text == "--" {
        return ('s', "");
    }
    text.split_at_checked(1)
        .map(|(operation, rest)| (operation.chars().next().unwrap_or(' '), rest))
        .expect("an operation")
}

/// Where a pattern fits.
struct Place<'a> {
    lines: &'a [&'a str],
    line: usize,
    captured: Vec<String>,
}

impl Place<'_> {
    fn original(&self) -> &str {
        self.lines[self.line]
    }

    /// The template's lines, indented as the line here is.
    fn lines_of(&self, template: &str, depth: usize) -> Vec<String> {
        let pieces = template.split(" ; ").map(|piece| {
            let inner = piece.trim_start_matches('.');
            let depth = depth + piece.len() - inner.len();
            format!("{}{}", " ".repeat(depth), filled(inner, &self.captured))
        });
        pieces.collect()
    }
}

fn mutation(base: &Base, end: usize, row: &Row, place: &Place<'_>) -> Option<Mutation> {
    let edits = edits(base, end, row, place)?;
    let old = masked(place.original().trim());
    let shown = said(&edits).unwrap_or_else(|| row.template.to_owned());
    let what = match row.operation {
        '=' | '>' => format!("`{old}` becomes `{shown}`"),
        '+' => format!("`{shown}` after `{old}`"),
        '^' => format!("`{shown}` before `{old}`"),
        '$' => format!("`{shown}` at the end, for `{old}`"),
        '-' => format!("without `{old}`"),
        's' => format!("without all of `{old}`"),
        _ => format!("`{old}` after what follows it"),
    };
    Some(Mutation {
        base: base.name,
        kind: row.kind,
        name: format!("{} {}:{} {what}", base.name, ENDS[end], place.line + 1),
        edits: edits.into_iter().map(|edit| (end, edit)).collect(),
        styles: [None; 2],
        swapped: false,
    })
}

/// `None` where nothing would change.
fn edits(base: &Base, end: usize, row: &Row, place: &Place<'_>) -> Option<Vec<Edit>> {
    let template = base.worded(end, row.template);
    let (line, depth) = (place.line, indentation(place.original()));
    let one = |change| Some(vec![Edit { line, change }]);
    let replaced = |template: &str| {
        let lines = place.lines_of(template, depth);
        let differs = lines != [place.original()];
        differs.then(|| one(Change::Replace(lines)))?
    };
    match row.operation {
        '=' => replaced(&with_last(&base.worded(end, row.pattern), &template)),
        '>' => replaced(&template),
        '+' => one(Change::After(place.lines_of(&template, depth))),
        '^' => one(Change::Before(place.lines_of(&template, depth))),
        '$' => {
            let lines = place.lines_of(&template, 0);
            let last = place.lines.len() - 1;
            let change = match place.lines[last].trim() {
                "end" => Change::Before(lines),
                _ => Change::After(lines),
            };
            Some(vec![Edit { line: last, change }])
        }
        '-' => one(Change::Remove),
        's' => Some(
            section(place.lines, line)
                .map(|line| Edit {
                    line,
                    change: Change::Remove,
                })
                .collect(),
        ),
        'v' => exchanged(place),
        other => panic!("no operation {other}"),
    }
}

/// The line and the one after it, if both are inside of the same.
fn exchanged(place: &Place<'_>) -> Option<Vec<Edit>> {
    let (this, next) = (place.original(), *place.lines.get(place.line + 1)?);
    let level = indentation(this) == indentation(next) && !next.trim().starts_with('!');
    (level && this != next).then(|| {
        let replace = |line, text: &str| Edit {
            line,
            change: Change::Replace(vec![text.to_owned()]),
        };
        vec![replace(place.line, next), replace(place.line + 1, this)]
    })
}

/// A template of the pattern's own words, with another text for its last `*` or `...`.
fn with_last(pattern: &str, text: &str) -> String {
    let own = pattern.split_once(" / ").map_or(pattern, |(_, own)| own);
    let is_open = |word: &&str| matches!(*word, "*" | "#" | "...");
    let count = own.split(' ').filter(is_open).count();
    // `$0` is what stands before; without, the numbers begin with 1 all the same.
    let first = usize::from(!own.starts_with("..."));
    let mut number = first;
    let words = own.split(' ').map(|word| {
        if !is_open(&word) {
            return word.to_owned();
        }
        number += 1;
        match number - first == count {
            true => text.to_owned(),
            false => format!("${}", number - 1),
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// What the first edit writes; nothing where a key is in it, changed or not.
fn said(edits: &[Edit]) -> Option<String> {
    let lines = match &edits.first()?.change {
        Change::Replace(lines) | Change::Before(lines) | Change::After(lines) => lines,
        Change::Remove => return None,
    };
    let text: Vec<&str> = lines.iter().map(|line| line.trim()).collect();
    let has_key = text.iter().any(|line| line.contains("pre-shared-key"));
    (!has_key).then(|| text.join(" ; "))
}

/// Names are printed; keys aren't.
fn masked(text: &str) -> String {
    let words = text
        .split(' ')
        .map(|word| match word.contains("lab-only-") {
            true => "KEY",
            false => word,
        });
    words.collect::<Vec<_>>().join(" ")
}

/// Every mutation of several edits that finds its lines in the pair.
pub fn combined(base: &Base, originals: &[String; 2]) -> Vec<Mutation> {
    let lines = originals
        .each_ref()
        .map(|text| text.lines().collect::<Vec<_>>());
    let mut kind = "";
    let mut made = Vec::new();
    for block in OF_BOTH
        .split("\n\n")
        .filter(|block| !block.trim().is_empty())
    {
        let mut title = None;
        let mut edits = Some(Vec::new());
        for line in block.lines().filter(|line| !line.starts_with('#')) {
            if let Some(text) = line.strip_prefix('[') {
                kind = text.trim_end_matches(']');
            } else if let Some(text) = line.strip_prefix(": ") {
                title = Some(text);
            } else {
                edits =
                    edits.and_then(|known| Some([known, several(base, line, &lines)?].concat()));
            }
        }
        if let (Some(title), Some(edits)) = (title, edits) {
            made.push(Mutation {
                base: base.name,
                kind,
                name: format!("{} both: {title}", base.name),
                edits,
                styles: [None; 2],
                swapped: false,
            });
        }
    }
    made
}

/// The edits of one line of `both.txt`, at every place that its pattern fits; `None` if there is none.
fn several(base: &Base, line: &'static str, lines: &[Vec<&str>; 2]) -> Option<Vec<(usize, Edit)>> {
    let (end, rest) = line.split_once(' ').expect("an end");
    let (end, optional) = end
        .strip_suffix('?')
        .map_or((end, false), |end| (end, true));
    let end = ENDS.iter().position(|name| *name == end).expect("an end");
    let (pattern, rest) = rest.split_once(" => ").expect("`=>`");
    let (operation, template) = operation(rest.trim());
    let row = Row {
        kind: "",
        pattern,
        operation,
        template: template.trim(),
    };
    let found = Pattern::new(&base.worded(end, pattern)).find(&lines[end]);
    let mut all = Vec::new();
    for (line, captured) in found {
        let place = Place {
            lines: &lines[end],
            line,
            captured,
        };
        let made = edits(base, end, &row, &place).unwrap_or_default();
        all.extend(made.into_iter().map(|edit| (end, edit)));
    }
    (optional || !all.is_empty()).then_some(all)
}
