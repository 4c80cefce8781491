//! An entry that says one thing, which another one of nearly its name lacks.
//!
//! Each `set` command names its entry again, so that a slip in one of them makes an entry of its own.
//! A device takes that. Whether it was a slip shows in what comes of it; here it is only told.

use crate::language::steps::{self, Path};
use crate::schema::{Schema, Shape};
use crate::tree::{At, Kind};
use crossgate_diag::{Finding, surely};

/// Entries of a list that are compared with each other. They are many more in no list that somebody
/// types.
const MOST: usize = 200;

pub fn tell(root: At<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    each_list(root, &mut Path::new(), &mut |list, path| {
        let entries: Vec<At<'_>> = list
            .children()
            .filter(|at| at.kind() == Kind::Entry)
            .collect();
        if !(2..=MOST).contains(&entries.len()) {
            return;
        }
        let said_once: Vec<At<'_>> = entries
            .iter()
            .copied()
            .filter(|at| says_once(*at))
            .collect();
        for entry in said_once {
            let others = entries.iter().filter(|other| other.word() != entry.word());
            // Of two that say one thing each, the first is right: one is as good as the other.
            let others = others.filter(|other| !says_once(**other) || other.span() < entry.span());
            let Some(name) = surely(entry.word(), others.map(|other| other.word())) else {
                continue;
            };
            if list
                .get(name)
                .is_some_and(|other| lacks(other, entry, path))
            {
                findings.push(told(entry, name));
            }
        }
    });
    findings
}

fn told(entry: At<'_>, name: &str) -> Finding {
    let title = format!("`{}` says only what `{name}` lacks", entry.shown());
    Finding::note("nearly-named", title)
        .at(entry.span(), "an entry of its own by this name")
        .meant(entry.span(), name)
}

/// Calls for everything that has entries, with the path to it.
fn each_list<'t>(at: At<'t>, path: &mut Path, see: &mut dyn FnMut(At<'t>, &Path)) {
    see(at, path);
    for child in at.children().filter(|child| child.has_children()) {
        path.push(child.word().to_owned());
        each_list(child, path, see);
        path.pop();
    }
}

/// Whether there is one value, or one list, in it.
fn says_once(at: At<'_>) -> bool {
    let mut children = at.children();
    match (children.next(), children.next()) {
        (Some(only), None) => matches!(only.kind(), Kind::Value | Kind::Member) || says_once(only),
        (Some(first), Some(_)) => first.kind() == Kind::Member,
        (None, _) => at.kind() == Kind::Element,
    }
}

/// Whether `other` has nothing in the place of what `entry` says: no other value, and nothing else of
/// which there is one at a time.
fn lacks(other: At<'_>, entry: At<'_>, list: &Path) -> bool {
    let mut path = list.clone();
    path.push(entry.word().to_owned());
    let (mut other, mut entry) = (other, entry);
    loop {
        let Some(next) = entry.children().next() else {
            return false;
        };
        let rows = steps::rows(&path);
        let row = rows
            .last()
            .and_then(|(_, kind, row)| row.filter(|_| *kind == Kind::Element));
        let is_choice = row.is_some_and(|row| Schema::get().row(row).shape == Shape::Choice);
        match other.get(next.word()) {
            Some(known) => (other, entry) = (known, next),
            None if is_choice => return !other.has_children(),
            None => return matches!(next.kind(), Kind::Element | Kind::Entry),
        }
        path.push(entry.word().to_owned());
    }
}
