//! What PAN-OS's elements are called, how they nest and what they hold: `schema.txt`, read once.
//!
//! Sources of the table: PAN-OS's own schema as published in pan-os-codegen, and the vendor's
//! documents. Where they set bounds or a closed list, so does the table.

use std::sync::OnceLock;

/// Index of an element's row in the [`Schema`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowId(usize);

/// What an element holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Elements, the ones listed.
    Elements,
    /// Elements of which only one may stand at a time.
    Choice,
    /// Entries with names; each holds the elements listed.
    Entries,
    Value(Type),
    Members(Type),
    /// Not looked into.
    Other(Regard, Extent),
}

/// What becomes of an element that isn't looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Regard {
    /// Known and not obeyed.
    Ignored,
    /// Known, without effect on packets.
    Harmless,
}

/// How much of a `set` command belongs to an element that isn't looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// One value or list; other elements may follow.
    Value,
    /// All that follows.
    Rest,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    Text,
    Secret,
    OneOf(Vec<&'static str>),
    Range(u64, u64),
}

impl Type {
    pub fn admits(&self, word: &str) -> bool {
        match self {
            Self::Text | Self::Secret => true,
            Self::OneOf(words) => words.contains(&word),
            Self::Range(low, high) => word
                .parse::<u64>()
                .is_ok_and(|number| (*low..=*high).contains(&number)),
        }
    }
}

#[derive(Clone, Debug)]
pub struct Row {
    pub name: &'static str,
    pub shape: Shape,
    /// An unknown element here is no concern of ours.
    pub loose: bool,
    children: Vec<RowId>,
}

pub struct Schema {
    rows: Vec<Row>,
    fragments: Vec<(&'static str, Vec<RowId>)>,
}

impl Schema {
    pub const ROOT: RowId = RowId(0);

    pub fn get() -> &'static Schema {
        static SCHEMA: OnceLock<Schema> = OnceLock::new();
        SCHEMA.get_or_init(|| Schema::parse(include_str!("schema.txt")))
    }

    pub fn row(&self, id: RowId) -> &Row {
        static NOTHING: Row = Row {
            name: "",
            shape: Shape::Other(Regard::Harmless, Extent::Rest),
            loose: true,
            children: Vec::new(),
        };
        self.rows.get(id.0).unwrap_or(&NOTHING)
    }

    pub fn children(&self, id: RowId) -> impl Iterator<Item = RowId> + '_ {
        self.row(id).children.iter().copied()
    }

    /// The element of that name in `id`, or in an entry of `id`.
    pub fn child(&self, id: RowId, name: &str) -> Option<RowId> {
        self.children(id)
            .find(|&child| self.row(child).name == name)
    }

    /// Whether there is anything in it that is obeyed.
    pub fn has_content(&self, id: RowId) -> bool {
        let mut shapes = self.children(id).map(|child| &self.row(child).shape);
        shapes.any(|shape| !matches!(shape, Shape::Other(..)))
    }

    pub fn path(&self, names: &[&str]) -> Option<RowId> {
        names
            .iter()
            .try_fold(Self::ROOT, |id, name| self.child(id, name))
    }

    /// Fragments are read first, so that each is there when a line names it.
    fn parse(text: &'static str) -> Self {
        let mut schema = Self {
            rows: vec![Row {
                name: "config",
                shape: Shape::Elements,
                loose: true,
                children: Vec::new(),
            }],
            fragments: Vec::new(),
        };
        let lines: Vec<Line> = text.lines().filter_map(Line::parse).collect();
        let is_start = |line: &Line| line.depth == 0 && line.name.starts_with('@');
        let main = lines.iter().position(is_start).unwrap_or(lines.len());
        let (main, fragments) = lines.split_at(main);
        let mut sections: Vec<&[Line]> = fragments.chunk_by(|_, next| !is_start(next)).collect();
        // A fragment may name those that stand after it.
        sections.reverse();
        for section in sections {
            if let Some((head, body)) = section.split_first() {
                let rows = schema.nested(body, 1);
                schema.fragments.push((head.name, rows));
            }
        }
        let top = schema.nested(main, 0);
        if let Some(root) = schema.rows.first_mut() {
            root.children = top;
        }
        schema
    }

    /// The rows of `lines`, of which the outermost are at `depth`.
    fn nested(&mut self, lines: &[Line], depth: usize) -> Vec<RowId> {
        let mut rows = Vec::new();
        for group in lines.chunk_by(|_, next| next.depth > depth) {
            let Some((line, inner)) = group.split_first() else {
                continue;
            };
            if line.name.starts_with('@') {
                rows.extend(self.fragment(line.name));
                continue;
            }
            let children = self.nested(inner, depth + 1);
            rows.push(RowId(self.rows.len()));
            self.rows.push(line.row(children));
        }
        rows
    }

    fn fragment(&self, name: &str) -> Vec<RowId> {
        let found = self.fragments.iter().find(|(known, _)| *known == name);
        found.map(|(_, rows)| rows.clone()).unwrap_or_default()
    }
}

/// One line of the table.
struct Line {
    depth: usize,
    name: &'static str,
    marks: &'static str,
}

impl Line {
    fn parse(line: &'static str) -> Option<Self> {
        let text = line.trim();
        if text.is_empty() || text.starts_with('#') {
            return None;
        }
        let (name, marks) = text.split_once(' ').unwrap_or((text, ""));
        Some(Self {
            depth: (line.len() - line.trim_start().len()) / 2,
            name,
            marks,
        })
    }

    fn row(&self, children: Vec<RowId>) -> Row {
        Row {
            name: self.name,
            shape: self.shape(),
            loose: self.marks.ends_with('/'),
            children,
        }
    }

    fn shape(&self) -> Shape {
        let list = self
            .marks
            .strip_prefix('[')
            .and_then(|m| m.strip_suffix(']'));
        if let Some(list) = list {
            return Shape::Members(kind(list));
        }
        if let Some(value) = self.marks.strip_prefix("= ") {
            return Shape::Value(kind(value));
        }
        match self.marks.split(' ').next() {
            Some("*") => Shape::Entries,
            Some("?") => Shape::Choice,
            Some("~") => Shape::Other(Regard::Ignored, Extent::Rest),
            Some("-") => Shape::Other(Regard::Harmless, Extent::Rest),
            Some("~=") => Shape::Other(Regard::Ignored, Extent::Value),
            Some("-=") => Shape::Other(Regard::Harmless, Extent::Value),
            _ => Shape::Elements,
        }
    }
}

fn kind(text: &'static str) -> Type {
    let range = text
        .split_once("..")
        .and_then(|(low, high)| Some((low.parse().ok()?, high.parse().ok()?)));
    match (text, range) {
        ("text", _) => Type::Text,
        ("secret", _) => Type::Secret,
        (_, Some((low, high))) => Type::Range(low, high),
        _ => Type::OneOf(text.split('|').collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(path: &[&str]) -> Option<Shape> {
        let schema = Schema::get();
        schema.path(path).map(|id| schema.row(id).shape.clone())
    }

    #[test]
    fn every_fragment_that_is_named_exists_and_holds_rows() {
        let text = include_str!("schema.txt");
        for line in text.lines().filter_map(Line::parse) {
            if line.name.starts_with('@') {
                assert!(
                    !Schema::get().fragment(line.name).is_empty(),
                    "{}",
                    line.name
                );
            }
        }
    }

    #[test]
    fn every_line_has_marks_that_mean_something() {
        let text = include_str!("schema.txt");
        for line in text.lines().filter_map(Line::parse) {
            let known = ["", "/", "?", "*", "* /", "~", "-", "~=", "-="].contains(&line.marks)
                || line.marks.starts_with("= ")
                || (line.marks.starts_with('[') && line.marks.ends_with(']'));
            assert!(known, "{} {}", line.name, line.marks);
        }
    }

    #[test]
    fn paths_lead_through_fragments() {
        let gateway = ["devices", "network", "ike", "gateway"];
        assert_eq!(shape(&gateway), Some(Shape::Entries));
        let mss = [
            "devices",
            "network",
            "interface",
            "ethernet",
            "layer3",
            "units",
            "mtu",
        ];
        assert_eq!(shape(&mss), Some(Shape::Value(Type::Range(576, 9216))));
        let days = [
            "devices",
            "network",
            "ike",
            "crypto-profiles",
            "ike-crypto-profiles",
            "lifetime",
            "days",
        ];
        assert_eq!(shape(&days), Some(Shape::Value(Type::Range(1, 365))));
        assert_eq!(shape(&["devices", "nonsense"]), None);
    }
}
