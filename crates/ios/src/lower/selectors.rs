//! Access lists as traffic selectors.

use super::Lowering;
use crate::config::access_list::{AccessList, Entry};
use crossgate_diag::{Finding, Spanned};
use crossgate_model::{Action, SelectorPair};
use std::ops::Bound;

impl Lowering<'_, '_, '_> {
    /// One pair for each permitting entry, in their order.
    pub(super) fn list_selectors(&mut self, name: &Spanned<String>) -> Vec<Spanned<SelectorPair>> {
        let Some(list) = self.named(&self.config.access_lists, name) else {
            return Vec::new();
        };
        if list.standard {
            self.cx.push(
                Finding::error(
                    "bad-selector",
                    format!("access list `{}` is a standard one", list.name.value),
                )
                .at(
                    name.span,
                    "selects what to encrypt, which takes an extended list",
                )
                .beside(list.name.span, "defined here"),
            );
            return Vec::new();
        }
        let pairs: Vec<_> = list
            .entries
            .values()
            .filter_map(|entry| self.entry_selectors(list, entry))
            .collect();
        if pairs.is_empty() {
            self.cx.push(
                Finding::error(
                    "bad-selector",
                    format!(
                        "access list `{}` selects nothing to encrypt",
                        list.name.value
                    ),
                )
                .at(name.span, "used here")
                .beside(list.name.span, "defined here"),
            );
        }
        pairs
    }

    fn entry_selectors(
        &mut self,
        list: &AccessList,
        entry: &Entry,
    ) -> Option<Spanned<SelectorPair>> {
        if entry.action.value == Action::Deny {
            let later = (Bound::Excluded(entry.sequence), Bound::Unbounded);
            let mut later = list.entries.range(later).map(|(_, later)| later);
            let mut compared = later.by_ref().take(COMPARED_MOST);
            if compared.any(|later| excludes(entry, later)) || later.next().is_some() {
                self.tell_of_deny(list, entry);
            }
            return None;
        }
        match &entry.selectors {
            Ok(pair) => Some(Spanned::at(*pair, entry.span)),
            Err(why) => {
                self.cx.push(
                    Finding::error(
                        "bad-selector",
                        format!("an entry of access list `{}` is no traffic selector", list.name.value),
                    )
                    .at(entry.span, why.clone())
                    .noted("a traffic selector is one range of addresses, one protocol and one range of ports (RFC 7296 §3.13.1)"),
                );
                None
            }
        }
    }

    fn tell_of_deny(&mut self, list: &AccessList, entry: &Entry) {
        self.cx.push(
            Finding::warning(
                "bad-selector",
                format!("an entry of access list `{}` denies", list.name.value),
            )
            .at(
                entry.action.span.unwrap_or(entry.span),
                "not obeyed: a traffic selector can't exclude",
            )
            .help("permit only what is to be encrypted"),
        );
    }
}

/// With how many entries after it one that denies is compared; in a list that goes on after them,
/// it counts as excluding something.
const COMPARED_MOST: usize = 1000;

/// Whether the entry denies something that the later one permits. What no later one permits is
/// denied anyway. An entry that is no selector may mean anything.
fn excludes(deny: &Entry, later: &Entry) -> bool {
    later.action.value == Action::Allow
        && match (&deny.selectors, &later.selectors) {
            (Ok(deny), Ok(later)) => deny.intersection(later).is_some(),
            _ => true,
        }
}
