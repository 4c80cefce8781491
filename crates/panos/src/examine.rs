//! The tree against the schema: what isn't known, what isn't obeyed, and values out of bounds.

use crate::schema::{Regard, RowId, Schema, Shape, Type};
use crate::tree::{At, Kind, NodeId, Tree};
use crossgate_diag::{Certainty, Finding, Span, nearest, surely};
use std::collections::BTreeMap;

/// Tells everything that isn't obeyed as written. Refused values are marked in the tree, so that
/// nobody reads them; nodes learn their kind, which `set` commands don't tell.
pub fn examine(tree: &mut Tree) -> Vec<Finding> {
    let mut examiner = Examiner {
        schema: Schema::get(),
        findings: Vec::new(),
        way: Vec::new(),
        ignored: BTreeMap::new(),
        refused: Vec::new(),
        kinds: Vec::new(),
    };
    examiner.elements(tree.root(), Schema::ROOT);
    examiner.tell_ignored();
    for id in examiner.refused {
        tree.refuse(id);
    }
    for (id, kind) in examiner.kinds {
        tree.set_kind(id, kind);
    }
    examiner.findings
}

struct Examiner {
    schema: &'static Schema,
    findings: Vec<Finding>,
    /// Names of the elements around, the device and virtual system left out.
    way: Vec<&'static str>,
    ignored: BTreeMap<RowId, Ignored>,
    refused: Vec<NodeId>,
    kinds: Vec<(NodeId, Kind)>,
}

/// A section that isn't obeyed.
struct Ignored {
    name: String,
    first: Option<Span>,
    places: usize,
}

impl Examiner {
    fn elements(&mut self, at: At<'_>, row: RowId) {
        for child in at.children() {
            match self.schema.child(row, child.word()) {
                Some(known) => self.element(child, known),
                None => self.unknown(child, at, row),
            }
        }
    }

    fn element(&mut self, at: At<'_>, row: RowId) {
        let name = self.schema.row(row).name;
        let is_named = !matches!(name, "devices" | "vsys");
        self.way.extend(is_named.then_some(name));
        self.content(at, row);
        self.way.truncate(self.way.len() - usize::from(is_named));
    }

    fn content(&mut self, at: At<'_>, row: RowId) {
        match &self.schema.row(row).shape {
            Shape::Elements => self.elements(at, row),
            Shape::Choice => {
                self.only_one(at);
                self.elements(at, row);
            }
            Shape::Entries => {
                for entry in at.children() {
                    self.expect_tag(entry, at, "entry");
                    // An element of another kind that has a name besides stays one.
                    if entry.attributes().iter().all(|other| other.name != "name") {
                        self.kinds.push((entry.id(), Kind::Entry));
                    }
                    self.elements(entry, row);
                }
            }
            Shape::Value(kind) => self.value(at, kind),
            Shape::Members(kind) => {
                for member in at.children() {
                    if self.expect_tag(member, at, "member") {
                        continue;
                    }
                    self.kinds.push((member.id(), Kind::Member));
                    self.typed(at, member, kind);
                }
            }
            Shape::Other(Regard::Ignored, _) if at.has_children() => self.ignore(at, row),
            Shape::Other(..) => {}
        }
    }

    fn ignore(&mut self, at: At<'_>, row: RowId) {
        let name = self.way.join(" ");
        let first = at.span();
        let place = self.ignored.entry(row).or_insert(Ignored {
            name,
            first,
            places: 0,
        });
        place.places += 1;
    }

    fn value(&mut self, at: At<'_>, kind: &Type) {
        self.only_one(at);
        let Some(value) = at.children().next() else {
            if !matches!(kind, Type::Text | Type::Secret) {
                let title = format!("`{}` has no value", at.shown());
                let label = format!("expected {}", expected(kind));
                self.findings
                    .push(Finding::warning("missing-value", title).at(at.span(), label));
            }
            return;
        };
        self.kinds.push((value.id(), Kind::Value));
        self.typed(at, value, kind);
    }

    fn only_one(&mut self, at: At<'_>) {
        let mut children = at.children();
        if let (Some(first), Some(second)) = (children.next(), children.next()) {
            let title = format!("`{}` can hold one thing only", at.shown());
            self.findings.push(
                Finding::warning("said-twice", title)
                    .at(second.span(), "this is not obeyed")
                    .beside(first.span(), "this one holds"),
            );
        }
    }

    fn typed(&mut self, at: At<'_>, value: At<'_>, kind: &Type) {
        if kind.admits(value.word()) {
            return;
        }
        self.refused.push(value.id());
        let name = at.shown();
        let (code, title) = match kind {
            Type::Range(..) => ("out-of-range", format!("`{name}` is out of range")),
            _ => ("invalid-value", format!("`{name}` can't have this value")),
        };
        let label = format!("found `{}`, expected {}", value.shown(), expected(kind));
        let finding = Finding::error(code, title)
            .at(value.span(), label)
            .certain(Certainty::Doc);
        let finding = match (other_unit(name, value.word()), kind) {
            (Some(help), _) => finding.help(help),
            // `group13` is near to many groups.
            (None, Type::OneOf(words)) => match sure(value, words.iter().copied()) {
                Some(word) => finding.meant(value.span(), word),
                None => finding.one_of(words.iter().copied()),
            },
            (None, _) => finding,
        };
        self.findings.push(finding);
    }

    /// Tells of an element in a list that holds something and is surely a mistyped `<entry>` or
    /// `<member>`.
    fn expect_tag(&mut self, child: At<'_>, list: At<'_>, tag: &'static str) -> bool {
        let holds = child.has_children() || child.attribute("name").is_some();
        let is_tag = child.kind() == Kind::Element && holds;
        let is_slip = is_tag && sure(child, std::iter::once(tag)).is_some();
        if is_slip {
            let title = format!("`{}` is not known and not obeyed", child.shown());
            let label = format!("`{}` has `{tag}` elements", list.shown());
            let finding = Finding::warning("unknown-element", title).at(child.span(), label);
            self.findings.push(finding.meant(child.span(), tag));
        }
        is_slip
    }

    fn unknown(&mut self, child: At<'_>, at: At<'_>, row: RowId) {
        let loose = self.schema.row(row).loose;
        let title = format!("`{}` is not known and not obeyed", child.shown());
        let label = format!("no known element of `{}`", at.shown());
        let finding = if loose {
            Finding::note("unknown-element", title)
        } else {
            Finding::warning("unknown-element", title)
        };
        let finding = finding.at(child.span(), label);
        let names = || {
            let rows = self.schema.children(row);
            rows.map(|row| self.schema.row(row).name)
        };
        let near = || nearest(child.word(), names()).filter(|_| !child.is_secret());
        let finding = match sure(child, names()) {
            Some(name) => finding.meant(child.span(), name),
            None => match near() {
                Some(name) => finding.help(format!("did you mean `{name}`?")),
                None => finding,
            },
        };
        self.findings.push(finding);
    }

    fn tell_ignored(&mut self) {
        for ignored in std::mem::take(&mut self.ignored).into_values() {
            let title = format!("`{}` is not obeyed", ignored.name);
            let label = match ignored.places {
                1 => "kept as it is".to_owned(),
                2 => "kept as it is, here and in one other place".to_owned(),
                n => format!("kept as it is, here and in {} other places", n - 1),
            };
            self.findings
                .push(Finding::note("not-obeyed", title).at(ignored.first, label));
        }
    }
}

/// Which of those words that one surely was to be.
fn sure(at: At<'_>, words: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    match at.is_secret() {
        true => None,
        false => surely(&at.word().to_ascii_lowercase(), words),
    }
}

fn expected(kind: &Type) -> String {
    match kind {
        Type::Text | Type::Secret => "a text".into(),
        Type::Range(low, high) => format!("{low} to {high}"),
        Type::OneOf(words) => match words.split_last() {
            Some((last, [])) => (*last).to_owned(),
            Some((last, others)) => format!("{} or {last}", others.join(", ")),
            None => String::new(),
        },
    }
}

/// A lifetime too long for its unit can be written in a longer one.
fn other_unit(name: &str, value: &str) -> Option<String> {
    let per_unit = match name {
        "seconds" => 1,
        "minutes" => 60,
        _ => return None,
    };
    let seconds = value.parse::<u64>().ok()?.checked_mul(per_unit)?;
    if seconds < 180 {
        return None;
    }
    let (unit, length) = [("hours", 3600), ("minutes", 60)]
        .into_iter()
        .find(|&(_, length)| seconds % length == 0 && seconds / length <= 65_535)?;
    Some(format!("write `{unit} {}`", seconds / length))
}
