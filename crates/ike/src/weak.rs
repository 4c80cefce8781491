//! Warnings about the algorithms that a configuration asks for (RFC 8247, RFC 8221).

use crate::context::Context;
use crossgate_model::{Connection, EventKind};
use std::collections::BTreeSet;
use std::fmt::Display;

/// Tells of each algorithm that is weak, and of each that can't be offered at all.
pub(crate) fn report(cx: &mut Context, connection: &Connection) {
    let mut found = Found::default();
    for proposal in &connection.proposals {
        proposal
            .encr
            .iter()
            .for_each(|e| found.add(e.value, e.usable(), e.is_weak()));
        proposal
            .integ
            .iter()
            .for_each(|i| found.add(i.value, i.usable(), i.is_weak()));
        proposal
            .prf
            .iter()
            .for_each(|p| found.add(p.value, p.usable(), p.is_weak()));
        proposal
            .groups
            .iter()
            .for_each(|g| found.add(g.value, g.usable(), g.is_weak()));
    }
    for child in &connection.children {
        for proposal in &child.proposals {
            proposal
                .encr
                .iter()
                .for_each(|e| found.add(e.value, e.usable(), e.is_weak()));
            proposal
                .integ
                .iter()
                .for_each(|i| found.add(i.value, i.usable(), i.is_weak()));
        }
        child
            .pfs
            .iter()
            .for_each(|g| found.add(g.value, g.usable(), g.is_weak()));
    }
    let name = &connection.name.value;
    for what in found.unusable {
        cx.event_without_sa(Some(name), None, EventKind::AlgorithmUnusable { what });
    }
    for what in found.weak {
        cx.event_without_sa(Some(name), None, EventKind::WeakAlgorithm { what });
    }
}

#[derive(Default)]
struct Found {
    unusable: BTreeSet<String>,
    weak: BTreeSet<String>,
}

impl Found {
    fn add(&mut self, what: impl Display, usable: bool, weak: bool) {
        if !usable {
            self.unusable.insert(what.to_string());
        } else if weak {
            self.weak.insert(what.to_string());
        }
    }
}
