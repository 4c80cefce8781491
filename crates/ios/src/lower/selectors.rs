//! Access lists as traffic selectors.

use super::Lowering;
use crate::config::access_list::{AccessList, Entry};
use crossgate_diag::{Finding, Spanned};
use crossgate_model::{Action, SelectorPair};

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
            .iter()
            .enumerate()
            .filter_map(|(index, entry)| {
                let later = list.entries.get(index + 1..).unwrap_or_default();
                self.entry_selectors(list, entry, later)
            })
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
        later: &[Entry],
    ) -> Option<Spanned<SelectorPair>> {
        if entry.action.value == Action::Deny {
            if later.iter().any(|later| excludes(entry, later)) {
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

/// Whether the entry denies something that the later one permits. What no later one permits is
/// denied anyway. An entry that is no selector may mean anything.
fn excludes(deny: &Entry, later: &Entry) -> bool {
    later.action.value == Action::Allow
        && match (&deny.selectors, &later.selectors) {
            (Ok(deny), Ok(later)) => deny.intersection(later).is_some(),
            _ => true,
        }
}
