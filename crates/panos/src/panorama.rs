//! A Panorama's export: what one of its devices gets of it.
//!
//! Interfaces, IKE gateways, crypto profiles, tunnels, routers and zones are objects of templates;
//! rules and address objects are of device groups. A stack names its templates in order of
//! priority, its own values come before theirs, and the device's own before both (vendor's
//! documents on templates and template stacks). The result is one tree as a firewall's own file
//! would give, in which every word keeps the place that it comes from.

use crate::NotAConfiguration;
use crate::language::steps;
use crate::schema::{Schema, Shape};
use crate::tree::{At, Kind, Layer, NodeId, Tree};
use crossgate_diag::{Certainty, Finding, Span, surely};

/// What a Panorama keeps beside its own configuration.
const PANORAMAS: [&str; 3] = ["template", "template-stack", "device-group"];

/// What a template, or a stack of them, holds.
const OF_TEMPLATES: [&str; 7] = [
    "config",
    "settings",
    "description",
    "variable",
    "templates",
    "devices",
    "user-group-source",
];

/// Ancestors of a device group; a ring of them ends somewhere.
const ANCESTORS_MAX: usize = 16;

/// Whether a configuration is a Panorama's.
pub fn is_export(raw: &Tree) -> bool {
    let device = device(raw);
    let holds = |list: &str| device.is_some_and(|device| device.below(&[list]).next().is_some());
    holds("template") || holds("template-stack")
}

fn device(raw: &Tree) -> Option<At<'_>> {
    raw.root().below(&["devices"]).next()
}

/// What the device gets that `which` names: a template stack, a template, or the serial number of a
/// device. Without a name, the only one with an IKE gateway.
pub fn effective(
    raw: &Tree,
    which: Option<&str>,
) -> Result<(Tree, Vec<Finding>), NotAConfiguration> {
    let pick = Pick::of(raw, which)?;
    let mut merger = Merger {
        tree: Tree::new(),
        findings: pick.mistyped().chain([pick.told()]).collect(),
        variables: pick.variables(),
        layer: 0,
        labels: Vec::new(),
        path: Vec::new(),
        last_is_home: false,
    };
    for layer in pick.layers(raw) {
        merger.layer(layer);
    }
    merger.rest(raw);
    Ok((merger.tree, merger.findings))
}

/// A part of the file that goes into the result.
struct Source<'t> {
    /// As findings call it: template `A`.
    label: String,
    at: At<'t>,
    /// Below what in the result.
    below: Vec<String>,
    commands: Layer,
    takes: Takes,
}

/// Which of a part's elements are taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    All,
    /// What a firewall has of its own, beside what the Panorama keeps.
    Own,
    /// A device group's rules before the device's own.
    PreRules,
    /// The rest of a device group.
    Objects,
}

impl Takes {
    fn takes(self, word: &str) -> bool {
        const GROUPS_OWN: [&str; 4] =
            ["devices", "reference-templates", "parent-dg", "description"];
        match self {
            Self::All => true,
            Self::Own => !PANORAMAS.contains(&word),
            Self::PreRules => word == "pre-rulebase",
            Self::Objects => word != "pre-rulebase" && !GROUPS_OWN.contains(&word),
        }
    }
}

/// What was chosen of a file.
struct Pick<'t> {
    stack: Option<At<'t>>,
    /// In order of priority.
    templates: Vec<At<'t>>,
    /// The device's entry in the stack.
    member: Option<At<'t>>,
    /// The device group and its ancestors, the closest first.
    groups: Vec<At<'t>>,
    vsys: String,
    /// Templates, stacks and device groups that aren't looked at.
    others: Vec<At<'t>>,
}

impl<'t> Pick<'t> {
    fn of(raw: &'t Tree, which: Option<&str>) -> Result<Self, NotAConfiguration> {
        let root = device(raw).unwrap_or(raw.root());
        let stacks: Vec<At<'t>> = root.below(&["template-stack"]).collect();
        let templates: Vec<At<'t>> = root.below(&["template"]).collect();
        let in_stack = |template: &At<'t>| {
            stacks
                .iter()
                .any(|stack| stack.path(&["templates", template.word()]).is_some())
        };
        let loose = templates.iter().copied().filter(|t| !in_stack(t));
        let candidates: Vec<At<'t>> = stacks.iter().copied().chain(loose).collect();
        let named = |name: &str| {
            let holds = |stack: &&At<'t>| stack.path(&["devices", name]).is_some();
            let by_name = stacks.iter().chain(&templates).find(|at| at.word() == name);
            by_name.or_else(|| stacks.iter().find(holds)).copied()
        };
        let chosen = match which {
            Some(name) => named(name),
            None => only_with_gateway(root, &candidates),
        };
        let Some(chosen) = chosen else {
            return Err(refusal(which, &candidates));
        };
        Ok(Self::chosen(raw, root, chosen, which))
    }

    fn chosen(raw: &'t Tree, root: At<'t>, chosen: At<'t>, which: Option<&str>) -> Self {
        let is_stack = root
            .path(&["template-stack", chosen.word()])
            .is_some_and(|stack| stack.id() == chosen.id());
        let stack = is_stack.then_some(chosen);
        let templates = match stack {
            Some(stack) => stack
                .below(&["templates"])
                .filter_map(|name| root.path(&["template", name.word()]))
                .collect(),
            None => vec![chosen],
        };
        let mut members = stack
            .into_iter()
            .flat_map(|stack| stack.below(&["devices"]));
        let member = match which.filter(|name| *name != chosen.word()) {
            Some(serial) => members.find(|member| member.word() == serial),
            None => members.next().filter(|_| members.next().is_none()),
        };
        let all = stack.into_iter().chain(templates.iter().copied());
        let vsys = all
            .clone()
            .find_map(|at| at.value(&["settings", "default-vsys"]));
        let vsys = vsys.or_else(|| {
            let mut systems = all.filter_map(config).flat_map(|config| {
                let devices = config.below(&["devices"]);
                devices.flat_map(|device| device.below(&["vsys"]))
            });
            systems.next()
        });
        let groups = groups(raw, root, stack, member, &templates);
        let used = stack.iter().chain(&templates).chain(&groups);
        let used: Vec<NodeId> = used.map(|at| at.id()).collect();
        let all = PANORAMAS.into_iter().flat_map(|list| root.below(&[list]));
        Self {
            others: all.filter(|at| !used.contains(&at.id())).collect(),
            groups,
            vsys: vsys.map_or("vsys1", At::word).to_owned(),
            stack,
            templates,
            member,
        }
    }

    fn told(&self) -> Finding {
        let names = |list: &[At<'_>]| {
            let names: Vec<String> = list.iter().map(|at| format!("`{}`", at.word())).collect();
            names.join(", ")
        };
        let place = self.stack.or(self.templates.first().copied());
        let title = match self.stack {
            Some(stack) => format!(
                "this is a Panorama's export, read as the template stack `{}` makes a device",
                stack.word()
            ),
            None => format!(
                "this is a Panorama's export, read as the template {} makes a device",
                names(&self.templates)
            ),
        };
        let groups = match self.groups.as_slice() {
            [] => "no device group is known to belong to it, so there are only shared rules".into(),
            groups => format!(
                "with the rules and objects of the device group {}",
                names(groups)
            ),
        };
        let finding = Finding::note("panorama", title)
            .at(
                place.and_then(At::span),
                format!("its templates, the first wins: {}", names(&self.templates)),
            )
            .noted(groups)
            .certain(Certainty::Doc);
        let finding = match self.others.as_slice() {
            [] => finding,
            others => finding.noted(format!("not looked at: {}", names(others))),
        };
        if !self.leaves_out_devices() {
            return finding;
        }
        finding
            .noted("values that only single devices have are left out")
            .help("name a device by its serial number to have its values")
    }

    /// What stands beside a template's `config` and is surely a mistyped one. The rest of a template
    /// is compared with the schema when it is a device's.
    fn mistyped(&self) -> impl Iterator<Item = Finding> + use<'t> {
        let used = self.stack.into_iter().chain(self.templates.iter().copied());
        let used: Vec<At<'t>> = used.collect();
        let parts = used.into_iter().flat_map(|at| {
            let parts = at
                .children()
                .filter(|part| !OF_TEMPLATES.contains(&part.word()));
            parts.map(move |part| (at, part))
        });
        parts.filter_map(|(at, part)| {
            let meant = surely(part.word(), OF_TEMPLATES)?;
            let title = format!("`{}` is not known and not obeyed", part.shown());
            let label = format!("no known element of `{}`", at.shown());
            let finding = Finding::warning("unknown-element", title).at(part.span(), label);
            Some(finding.meant(part.span(), meant))
        })
    }

    /// Whether devices have values of their own and none of them was named.
    fn leaves_out_devices(&self) -> bool {
        let mut members = self.stack.into_iter().flat_map(|s| s.below(&["devices"]));
        self.member.is_none() && members.any(|m| m.below(&["variable"]).next().is_some())
    }

    /// A device's own come first, then the stack's, then the templates'.
    fn variables(&self) -> Vec<(Vec<String>, At<'t>)> {
        let mut all = Vec::new();
        let stack = |stack: At<'t>| vec!["template-stack".to_owned(), stack.word().to_owned()];
        if let (Some(of), Some(member)) = (self.stack, self.member) {
            let mut path = stack(of);
            path.extend(["devices".to_owned(), member.word().to_owned()]);
            all.push((path, member));
        }
        all.extend(self.stack.map(|of| (stack(of), of)));
        let templates = self.templates.iter();
        all.extend(templates.map(|t| (vec!["template".to_owned(), t.word().to_owned()], *t)));
        all
    }

    /// The highest priority first.
    fn layers(&self, raw: &'t Tree) -> Vec<Source<'t>> {
        let mut layers = Vec::new();
        layers.extend(own(raw).map(|device| Source {
            label: "the device".into(),
            at: device,
            below: vec!["devices".into(), "localhost.localdomain".into()],
            commands: Layer::default(),
            takes: Takes::Own,
        }));
        let stack = self
            .stack
            .map(|at| ("template-stack", "template stack", at));
        let templates = self
            .templates
            .iter()
            .map(|at| ("template", "template", *at));
        for (word, label, at) in stack.into_iter().chain(templates) {
            layers.extend(config(at).map(|config| Source {
                label: format!("{label} `{}`", at.word()),
                at: config,
                below: Vec::new(),
                commands: Layer {
                    prefix: vec![word.into(), at.word().into(), "config".into()],
                    strip: 2,
                },
                takes: Takes::All,
            }));
        }
        layers.extend(self.group_layers());
        layers
    }

    /// Objects of the closest group win. Rules before the device's own come from the outermost
    /// group inwards, those after it from the closest outwards.
    fn group_layers(&self) -> impl Iterator<Item = Source<'t>> + '_ {
        let outwards = self.groups.iter().map(|group| (*group, Takes::Objects));
        let inwards = self.groups.iter().rev();
        let inwards = inwards.map(|group| (*group, Takes::PreRules));
        outwards.chain(inwards).map(|(group, takes)| Source {
            label: format!("device group `{}`", group.word()),
            at: group,
            below: ["devices", "localhost.localdomain", "vsys", &self.vsys]
                .map(str::to_owned)
                .to_vec(),
            commands: Layer {
                prefix: vec!["device-group".into(), group.word().into()],
                strip: 4,
            },
            takes,
        })
    }
}

/// The device's own part, where the file has one.
fn own(raw: &Tree) -> Option<At<'_>> {
    device(raw).filter(|device| device.get("network").or(device.get("vsys")).is_some())
}

fn config(at: At<'_>) -> Option<At<'_>> {
    at.get("config")
}

/// Of several, the only one that has an IKE gateway, in itself or in a template of it.
fn only_with_gateway<'t>(root: At<'t>, candidates: &[At<'t>]) -> Option<At<'t>> {
    let has = |at: At<'t>| {
        let mut devices = config(at).into_iter().flat_map(|c| c.below(&["devices"]));
        devices.any(|device| {
            device
                .below(&["network", "ike", "gateway"])
                .next()
                .is_some()
        })
    };
    let of_stack = |at: &At<'t>| {
        let mut templates = at.below(&["templates"]);
        has(*at) || templates.any(|name| root.path(&["template", name.word()]).is_some_and(has))
    };
    if let [only] = candidates {
        return Some(*only);
    }
    let mut with = candidates.iter().copied().filter(of_stack);
    with.next().filter(|_| with.next().is_none())
}

fn refusal(which: Option<&str>, candidates: &[At<'_>]) -> NotAConfiguration {
    let choices: Vec<String> = candidates.iter().map(|at| at.word().to_owned()).collect();
    let names: Vec<String> = choices.iter().map(|name| format!("`{name}`")).collect();
    let names = names.join(", ");
    let sentence = match which {
        Some(name) => format!(
            "it is a Panorama's export without a template stack, template or device `{}`; \
             it has {names}",
            name.escape_debug()
        ),
        None => format!(
            "it is a Panorama's export for several kinds of devices: name the one that is meant, \
             of {names}"
        ),
    };
    NotAConfiguration { sentence, choices }
}

/// The device group of the device or of the stack's devices, and what it inherits from.
fn groups<'t>(
    raw: &'t Tree,
    root: At<'t>,
    stack: Option<At<'t>>,
    member: Option<At<'t>>,
    templates: &[At<'t>],
) -> Vec<At<'t>> {
    let serials: Vec<&str> = match (member, stack) {
        (Some(member), _) => vec![member.word()],
        (None, Some(stack)) => stack.below(&["devices"]).map(At::word).collect(),
        (None, None) => Vec::new(),
    };
    let refers = |group: &At<'t>| {
        let named = stack.into_iter().chain(templates.iter().copied());
        let mut named = named.map(At::word);
        named.any(|name| group.path(&["reference-templates", name]).is_some())
    };
    let all: Vec<At<'t>> = root.below(&["device-group"]).collect();
    let holds = |group: &At<'t>| {
        let mut serials = serials.iter();
        serials.any(|serial| group.path(&["devices", serial]).is_some())
    };
    let only = |with: &dyn Fn(&At<'t>) -> bool| {
        let mut found = all.iter().copied().filter(with);
        found.next().filter(|_| found.next().is_none())
    };
    let mut next = only(&holds)
        .or_else(|| only(&refers))
        .or_else(|| only(&|_| true));
    let mut groups: Vec<At<'t>> = Vec::new();
    while let Some(group) = next.filter(|_| groups.len() < ANCESTORS_MAX) {
        groups.push(group);
        let parent = parent_of(raw, group);
        next = parent.and_then(|name| root.path(&["device-group", name]));
    }
    groups
}

/// Panorama keeps a group's parent in the part that nobody edits.
fn parent_of<'t>(raw: &'t Tree, group: At<'t>) -> Option<&'t str> {
    let mut devices = raw.root().below(&["readonly", "devices"]);
    let listed = devices.find_map(|device| device.path(&["device-group", group.word()]));
    let said = listed.and_then(|entry| entry.value(&["parent-dg"]));
    said.or_else(|| group.value(&["parent-dg"])).map(At::word)
}

struct Merger<'t> {
    tree: Tree,
    findings: Vec<Finding>,
    variables: Vec<(Vec<String>, At<'t>)>,
    /// Which layer is being merged, and what each is called.
    layer: usize,
    labels: Vec<String>,
    path: Vec<String>,
    /// Of rules before the device's own the closest group comes last: what is new goes there.
    last_is_home: bool,
}

impl<'t> Merger<'t> {
    fn layer(&mut self, source: Source<'t>) {
        self.layer = self.tree.add_layer(source.commands);
        self.labels.push(source.label);
        let mut into = Tree::ROOT;
        self.path = source.below;
        for (depth, word) in self.path.iter().enumerate() {
            let kind = if depth % 2 == 0 {
                Kind::Element
            } else {
                Kind::Entry
            };
            into = self.tree.child(into, word, None, kind);
        }
        if into == Tree::ROOT {
            for attribute in source.at.attributes() {
                self.tree.add_attribute(into, attribute.clone());
            }
        }
        self.last_is_home = source.takes == Takes::PreRules;
        let taken = source.at.children();
        for child in taken.filter(|child| source.takes.takes(child.word())) {
            self.merge(child, into);
        }
        self.path.clear();
    }

    /// What isn't of templates and groups stays as it is: shared objects and rules, and sections to
    /// be told of.
    fn rest(&mut self, raw: &'t Tree) {
        self.layer = self.tree.add_layer(Layer::default());
        self.labels.push("the shared part".into());
        let tops = raw.root().children();
        for top in tops.filter(|top| top.word() != "devices") {
            self.merge(top, Tree::ROOT);
        }
        if own(raw).is_none() {
            self.panoramas_own(raw);
        }
    }

    fn panoramas_own(&mut self, raw: &'t Tree) {
        let devices = self.tree.child(Tree::ROOT, "devices", None, Kind::Element);
        let into = self
            .tree
            .child(devices, "localhost.localdomain", None, Kind::Entry);
        let sections = device(raw).into_iter().flat_map(At::children);
        for section in sections.filter(|section| Takes::Own.takes(section.word())) {
            if section.word() == "deviceconfig" {
                let title = "the Panorama's own `deviceconfig` says nothing of the device";
                let note = Finding::note("not-obeyed", title);
                self.findings.push(note.at(section.span(), "kept as it is"));
            } else {
                self.path = vec!["devices".into(), "localhost.localdomain".into()];
                self.merge(section, into);
            }
        }
        self.path.clear();
    }

    /// Adds what a higher layer doesn't say.
    fn merge(&mut self, from: At<'t>, into: NodeId) {
        let (word, span, variable) = self.resolved(from);
        let known = self.tree.at(into).get(&word);
        let is_choice = self.is_choice();
        let other = self.tree.at(into).children().next();
        if let (None, true, Some(other)) = (known, is_choice, other) {
            let other = other.id();
            return self.hidden(other, from);
        }
        if let Some(known) = known.filter(|known| is_leaf(*known) && is_leaf(from)) {
            let same = known
                .children()
                .map(At::word)
                .eq(from.children().map(At::word));
            let (id, has_value) = (known.id(), known.has_children());
            if has_value && !same {
                self.hidden(id, from);
            }
            return;
        }
        let is_new = known.is_none();
        let id = self.tree.child(into, &word, span, from.kind());
        if is_new || self.tree.at(id).span().is_none() || self.last_is_home {
            self.tree.place(id, span, self.layer, variable);
        }
        if from.is_secret() {
            self.tree.mark_secret(id);
        }
        if is_new {
            for attribute in from.attributes() {
                self.tree.add_attribute(id, attribute.clone());
            }
        }
        self.path.push(word);
        for child in from.children() {
            self.merge(child, id);
        }
        self.path.pop();
    }

    fn is_choice(&self) -> bool {
        let rows = steps::rows(&self.path);
        let row = rows
            .last()
            .and_then(|(_, kind, row)| row.filter(|_| *kind == Kind::Element));
        row.is_some_and(|row| Schema::get().row(row).shape == Shape::Choice)
    }

    fn hidden(&mut self, winner: NodeId, from: At<'_>) {
        let winner = self.tree.at(winner);
        let value = |at: At<'_>| at.children().next().and_then(At::span).or(at.span());
        let home = self.tree.home(winner.id());
        // That a list hides another one as a whole is believed; of values it is documented.
        let is_list = winner.children().any(|at| at.kind() == Kind::Member);
        let certainty = if is_list {
            Certainty::Undocumented
        } else {
            Certainty::Doc
        };
        let label = |layer: usize| self.labels.get(layer).map_or("", String::as_str);
        let title = format!(
            "`{}` of `{}` is overridden",
            from.word(),
            self.path.last().map_or("", String::as_str)
        );
        let note = Finding::note("overridden", title)
            .at(value(winner), format!("this of {} holds", label(home)))
            .beside(
                value(from),
                format!("this of {} is hidden", label(self.layer)),
            )
            .certain(certainty);
        self.findings.push(note);
    }

    /// Told once of each variable, however often it is named.
    fn variable_hidden(&mut self, name: &str, winner: At<'t>, hidden: &[At<'t>]) {
        let title = format!("the variable `{name}` is overridden");
        let is_told = self.findings.iter().any(|finding| finding.title == title);
        if hidden.is_empty() || is_told {
            return;
        }
        let mut note = Finding::note("overridden", title)
            .at(winner.span(), "this value holds")
            .certain(Certainty::Doc);
        for value in hidden {
            note = note.beside(value.span(), "this one is hidden");
        }
        self.findings.push(note);
    }

    /// A word as the device gets it: a variable's value in its place.
    fn resolved(&mut self, at: At<'t>) -> (String, Option<Span>, Option<Vec<String>>) {
        let plain = (at.word().to_owned(), at.span(), None);
        let is_name = at.word().len() > 1 && at.word().starts_with('$') && !at.is_secret();
        if !is_name || at.kind() == Kind::Element {
            return plain;
        }
        let mut values = self.variables.iter().filter_map(|(path, of)| {
            let kind = of
                .path(&["variable", at.word(), "type"])?
                .children()
                .next()?;
            let value = kind.children().next()?;
            (value.word() != "None").then_some((path, kind, value))
        });
        if let Some((path, kind, value)) = values.next() {
            let hidden = values.map(|(_, _, value)| value);
            let hidden: Vec<At<'t>> = hidden.filter(|it| it.word() != value.word()).collect();
            let way = ["variable", at.word(), "type", kind.word()].map(str::to_owned);
            let path = path.iter().cloned().chain(way).collect();
            self.variable_hidden(at.word(), value, &hidden);
            return (value.word().to_owned(), value.span(), Some(path));
        }
        let title = format!("the variable `{}` has no value", at.word());
        let error = Finding::error("undefined-name", title)
            .at(at.span(), "used here")
            .help("give it a value in the template, in the stack or for the device");
        self.findings.push(error);
        plain
    }
}

/// An element that holds a value, a list or nothing.
fn is_leaf(at: At<'_>) -> bool {
    at.kind() == Kind::Element
        && at
            .children()
            .all(|child| matches!(child.kind(), Kind::Value | Kind::Member))
}
