//! The configuration as one tree, whichever of its two forms it was written in.
//!
//! XML's `<gateway><entry name="G"><disabled>yes</disabled></entry></gateway>` and the command
//! `set … gateway G disabled yes` name the same path of words. So a node is a word: an element's
//! name, an entry's name, a list's member or a value; what it is, is its [`Kind`]. Every node knows
//! where its word was written, and both forms can be printed from it.

use crossgate_diag::{Span, Spanned};
use std::collections::BTreeMap;
use std::fmt;

/// Elements nested deeper than this are refused: PAN-OS has nothing of that depth.
pub const DEPTH_MAX: usize = 64;

/// What a node's word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `<word>`; also a word of a `set` command whose meaning isn't known.
    Element,
    /// `<entry name="word">`.
    Entry,
    /// `<member>word</member>`.
    Member,
    /// The text of an element.
    Value,
}

/// An attribute of an element, apart from an entry's name.
#[derive(Clone, Debug)]
pub struct Attribute {
    pub name: String,
    pub value: Spanned<String>,
}

/// Where in a Panorama's configuration a part of the tree comes from, as commands say it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layer {
    /// `template T config`; nothing for what is the device's own or shared.
    pub prefix: Vec<String>,
    /// How many words of the path in the tree the prefix stands for, where it starts at a device.
    pub strip: usize,
}

/// Index of a node in its [`Tree`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeId(usize);

struct Node {
    word: String,
    span: Option<Span>,
    kind: Kind,
    /// The word is, or may be, a key or password.
    secret: bool,
    /// The word is a value that the schema refuses: readers skip it.
    refused: bool,
    attributes: Vec<Attribute>,
    /// Index of its [`Layer`].
    home: usize,
    /// The path of the Panorama's variable that the word comes from.
    variable: Option<Vec<String>>,
    children: Vec<NodeId>,
    by_word: BTreeMap<String, NodeId>,
}

/// All of a configuration under `/config`.
pub struct Tree {
    nodes: Vec<Node>,
    /// Of a firewall's own configuration there are none.
    layers: Vec<Layer>,
}

impl Tree {
    pub const ROOT: NodeId = NodeId(0);

    pub(crate) fn new() -> Self {
        Self {
            nodes: vec![Node::new("config", None, Kind::Element)],
            layers: Vec::new(),
        }
    }

    pub fn root(&self) -> At<'_> {
        self.at(Self::ROOT)
    }

    pub fn at(&self, id: NodeId) -> At<'_> {
        At { tree: self, id }
    }

    /// The child of that word, made if it isn't there yet: what is said in several places is one.
    pub(crate) fn child(
        &mut self,
        parent: NodeId,
        word: &str,
        span: Option<Span>,
        kind: Kind,
    ) -> NodeId {
        if let Some(&known) = self.node(parent).and_then(|node| node.by_word.get(word)) {
            return known;
        }
        let id = NodeId(self.nodes.len());
        self.nodes.push(Node::new(word, span, kind));
        if let Some(node) = self.node_mut(parent) {
            node.children.push(id);
            node.by_word.insert(word.to_owned(), id);
        }
        id
    }

    /// A layer that nodes may be placed in; its index.
    pub(crate) fn add_layer(&mut self, layer: Layer) -> usize {
        self.layers.push(layer);
        self.layers.len() - 1
    }

    /// Says where a node comes from.
    pub(crate) fn place(
        &mut self,
        id: NodeId,
        span: Option<Span>,
        layer: usize,
        variable: Option<Vec<String>>,
    ) {
        if let Some(node) = self.node_mut(id) {
            node.span = span;
            node.home = layer;
            node.variable = variable;
        }
    }

    pub(crate) fn home(&self, id: NodeId) -> usize {
        self.node(id).map_or(0, |node| node.home)
    }

    /// The layer of a node, in a Panorama's configuration.
    pub(crate) fn layer(&self, id: NodeId) -> Option<&Layer> {
        self.layers.get(self.home(id))
    }

    /// Whether it is what a Panorama gives to a device.
    pub fn is_layered(&self) -> bool {
        !self.layers.is_empty()
    }

    /// The path of the variable that a word comes from.
    pub(crate) fn variable(&self, id: NodeId) -> Option<&[String]> {
        self.node(id)?.variable.as_deref()
    }

    /// Takes a child out, with all below it.
    pub(crate) fn remove(&mut self, parent: NodeId, child: NodeId) {
        let word = self.at(child).word().to_owned();
        if let Some(node) = self.node_mut(parent) {
            node.children.retain(|&id| id != child);
            node.by_word.remove(&word);
        }
    }

    /// Puts a child before or after one of its siblings; without one, first or last.
    pub(crate) fn reorder(
        &mut self,
        parent: NodeId,
        child: NodeId,
        before: bool,
        sibling: Option<NodeId>,
    ) {
        let Some(node) = self.node_mut(parent).filter(|_| sibling != Some(child)) else {
            return;
        };
        node.children.retain(|&id| id != child);
        let beside = sibling.and_then(|wanted| node.children.iter().position(|&id| id == wanted));
        let at = match (beside, before) {
            (Some(at), true) => at,
            (Some(at), false) => at + 1,
            (None, true) => 0,
            (None, false) => node.children.len(),
        };
        node.children.insert(at, child);
    }

    /// Of two elements that are one node, the attribute of the first stands.
    pub(crate) fn add_attribute(&mut self, id: NodeId, attribute: Attribute) {
        let Some(node) = self.node_mut(id) else {
            return;
        };
        let is_known = |known: &Attribute| known.name == attribute.name;
        if !node.attributes.iter().any(is_known) {
            node.attributes.push(attribute);
        }
    }

    pub(crate) fn mark_secret(&mut self, id: NodeId) {
        if let Some(node) = self.node_mut(id) {
            node.secret = true;
        }
    }

    pub(crate) fn refuse(&mut self, id: NodeId) {
        if let Some(node) = self.node_mut(id) {
            node.refused = true;
        }
    }

    pub(crate) fn set_kind(&mut self, id: NodeId, kind: Kind) {
        if let Some(node) = self.node_mut(id) {
            node.kind = kind;
        }
    }

    fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id.0)
    }

    fn node_mut(&mut self, id: NodeId) -> Option<&mut Node> {
        self.nodes.get_mut(id.0)
    }
}

/// Never prints words: they may be keys.
impl fmt::Debug for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tree({} nodes)", self.nodes.len())
    }
}

impl Node {
    fn new(word: &str, span: Option<Span>, kind: Kind) -> Self {
        Self {
            word: word.to_owned(),
            span,
            kind,
            secret: false,
            refused: false,
            home: 0,
            variable: None,
            attributes: Vec::new(),
            children: Vec::new(),
            by_word: BTreeMap::new(),
        }
    }
}

/// A place in a tree, to read from.
#[derive(Clone, Copy)]
pub struct At<'t> {
    tree: &'t Tree,
    id: NodeId,
}

impl<'t> At<'t> {
    pub fn id(self) -> NodeId {
        self.id
    }

    fn node(self) -> Option<&'t Node> {
        self.tree.node(self.id)
    }

    pub fn word(self) -> &'t str {
        self.node().map_or("", |node| node.word.as_str())
    }

    /// The word for a person's eyes: a secret isn't shown.
    pub fn shown(self) -> &'t str {
        if self.is_secret() {
            "(hidden)"
        } else {
            self.word()
        }
    }

    /// Absent for what follows from a path and isn't written.
    pub fn span(self) -> Option<Span> {
        self.node().and_then(|node| node.span)
    }

    pub fn kind(self) -> Kind {
        self.node().map_or(Kind::Element, |node| node.kind)
    }

    pub fn is_secret(self) -> bool {
        self.node().is_some_and(|node| node.secret)
    }

    fn is_refused(self) -> bool {
        self.node().is_some_and(|node| node.refused)
    }

    /// In the order written.
    pub fn children(self) -> impl Iterator<Item = At<'t>> {
        let ids = self.node().map_or(&[][..], |node| node.children.as_slice());
        ids.iter().map(move |&id| self.tree.at(id))
    }

    pub fn has_children(self) -> bool {
        self.node().is_some_and(|node| !node.children.is_empty())
    }

    pub fn get(self, word: &str) -> Option<At<'t>> {
        let id = self.node()?.by_word.get(word)?;
        Some(self.tree.at(*id))
    }

    /// Follows words downwards.
    pub fn path(self, words: &[&str]) -> Option<At<'t>> {
        words.iter().try_fold(self, |at, word| at.get(word))
    }

    /// What is below that path: entries, or members.
    pub fn below(self, words: &[&str]) -> impl Iterator<Item = At<'t>> + use<'t> {
        self.path(words).into_iter().flat_map(At::children)
    }

    pub fn attribute(self, name: &str) -> Option<&'t Spanned<String>> {
        let attributes = self.node().map(|node| node.attributes.iter());
        attributes?
            .filter(|a| a.name == name)
            .map(|a| &a.value)
            .next()
    }

    pub fn attributes(self) -> &'t [Attribute] {
        self.node()
            .map_or(&[][..], |node| node.attributes.as_slice())
    }

    /// The value of the element at that path, unless the schema refuses it.
    pub fn value(self, words: &[&str]) -> Option<At<'t>> {
        self.values(words).next()
    }

    /// The members of the list at that path, without those that the schema refuses.
    pub fn values(self, words: &[&str]) -> impl Iterator<Item = At<'t>> + use<'t> {
        self.below(words).filter(|at| !at.is_refused())
    }

    /// Whether something is said at that path and the schema refuses all of it, which it has told.
    pub fn all_refused(self, words: &[&str]) -> bool {
        self.below(words).next().is_some() && self.value(words).is_none()
    }

    pub fn number<T: std::str::FromStr>(self, words: &[&str]) -> Option<Spanned<T>> {
        let value = self.value(words)?;
        let number = value.word().parse().ok()?;
        Some(value.spanned(number))
    }

    /// `yes` or `no` at that path, where it is said.
    pub fn flag(self, words: &[&str]) -> Option<Spanned<bool>> {
        let value = self.value(words)?;
        Some(value.spanned(value.word() == "yes"))
    }

    pub fn is_yes(self, words: &[&str]) -> bool {
        self.flag(words).is_some_and(|flag| flag.value)
    }

    pub fn spanned<T>(self, value: T) -> Spanned<T> {
        Spanned {
            value,
            span: self.span(),
        }
    }

    /// The word with its place.
    pub fn name(self) -> Spanned<String> {
        self.spanned(self.word().to_owned())
    }
}

/// For tests' messages; a secret isn't shown.
impl fmt::Debug for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "At({})", self.shown())
    }
}
