//! Where the elements of a document stand: read once, for all that is to change in it.

use crate::xml;
use roxmltree::{Document, Node};
use std::ops::Range;

/// The elements in the document's order.
#[derive(Debug)]
pub struct Outline {
    /// Bytes of the text before the document, and of both.
    pub body: Range<usize>,
    elements: Vec<Element>,
}

/// Places are the document's, without what stands before it in the text.
#[derive(Debug)]
pub struct Element {
    pub name: String,
    pub range: Range<usize>,
    parent: Option<usize>,
    /// The last element right inside.
    last: Option<usize>,
    /// Where what is inside begins: text, an element or anything else.
    pub content: Option<usize>,
    /// How many of those there are.
    pub parts: usize,
}

impl Outline {
    /// `None` of what is not well-formed.
    pub fn of(text: &str) -> Option<Self> {
        let (body, base) = xml::body(text);
        let document = Document::parse(body).ok()?;
        let mut outline = Self {
            body: base..base + body.len(),
            elements: Vec::new(),
        };
        // The parents of the next one, the nearest last.
        let mut open: Vec<(Node<'_, '_>, usize)> = Vec::new();
        for node in document.descendants().filter(Node::is_element) {
            while open
                .last()
                .is_some_and(|(it, _)| Some(*it) != node.parent())
            {
                open.pop();
            }
            let parent = open.last().map(|(_, index)| *index);
            open.push((node, outline.elements.len()));
            outline.push(node, parent);
        }
        Some(outline)
    }

    fn push(&mut self, node: Node<'_, '_>, parent: Option<usize>) {
        let index = self.elements.len();
        if let Some(parent) = parent.and_then(|parent| self.elements.get_mut(parent)) {
            parent.last = Some(index);
        }
        self.elements.push(Element {
            name: node.tag_name().name().to_owned(),
            range: node.range(),
            parent,
            last: None,
            content: node.first_child().map(|first| first.range().start),
            parts: node.children().count(),
        });
    }

    pub fn root(&self) -> Option<&Element> {
        self.elements.first()
    }

    /// The innermost element around a place; the root, where there is none.
    pub fn around(&self, place: usize) -> Option<&Element> {
        let before = self
            .elements
            .partition_point(|element| element.range.start <= place);
        let last = before.checked_sub(1);
        let mut element = last.and_then(|last| self.elements.get(last));
        while let Some(inner) = element.filter(|element| !element.range.contains(&place)) {
            element = self.parent(inner);
        }
        element.or_else(|| self.root())
    }

    pub fn parent(&self, element: &Element) -> Option<&Element> {
        self.elements.get(element.parent?)
    }

    /// The elements of that name in the same one, itself included.
    pub fn fellows<'o>(&'o self, element: &'o Element) -> impl Iterator<Item = &'o Element> {
        let is_fellow =
            |other: &&Element| other.parent == element.parent && other.name == element.name;
        self.elements.iter().filter(is_fellow)
    }

    pub fn last(&self, element: &Element) -> Option<&Element> {
        self.elements.get(element.last?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_element_is_found() {
        let outline = Outline::of(" <a><b>x<!-- --></b> <c><d/></c> </a> ").expect("well-formed");
        let name = |place| outline.around(place).map(|element| element.name.as_str());
        let text = "<a><b>x<!-- --></b> <c><d/></c> </a>";
        for (place, wanted) in [
            (0, "a"),
            (3, "b"),
            (6, "b"),
            (19, "a"),
            (23, "d"),
            (31, "a"),
        ] {
            assert_eq!(name(place), Some(wanted), "{}", &text[place..]);
        }
        let root = outline.root().expect("a root");
        assert_eq!(outline.last(root).map(|it| it.name.as_str()), Some("c"));
        assert_eq!(outline.around(99).map(|it| it.name.as_str()), Some("a"));
        let b = outline.around(3).expect("an element");
        assert_eq!((b.parts, b.content), (2, Some(6)));
        assert!(outline.parent(root).is_none());
    }

    #[test]
    fn what_is_not_well_formed_has_none() {
        assert!(Outline::of("<a><b></a>").is_none());
    }
}
