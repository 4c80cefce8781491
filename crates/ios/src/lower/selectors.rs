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
}
