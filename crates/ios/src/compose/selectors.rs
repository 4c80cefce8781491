//! Access lists: what tunnels select, and what the gateway has besides.

use super::names::{unused, word};
use super::{Carrier, Tunnel, Writer};
use crate::words;
use crossgate_model::config::Action;
use crossgate_model::{AccessList, Selector, SelectorPair};

/// An access list's header and its entries.
type List = (String, Vec<String>);

const ANY_V6: SelectorPair = SelectorPair {
    local: Selector::ANY_V6,
    remote: Selector::ANY_V6,
};

impl Writer<'_> {
    /// The gateway's own lists, and one for each tunnel that selects something and has none.
    pub(super) fn lists(&mut self, tunnels: &mut [Tunnel<'_>]) -> Vec<List> {
        let known = &self.gateway.policy.access_lists;
        let mut names: Vec<String> = known.iter().map(|list| word(&list.name)).collect();
        let mut lists: Vec<List> = known.iter().map(|list| self.own_list(list)).collect();
        for tunnel in tunnels {
            let pairs: Vec<SelectorPair> =
                tunnel.children.iter().map(|c| c.selectors.value).collect();
            if is_everything(tunnel, &pairs) {
                continue;
            }
            if let Some(list) = known.iter().find(|list| selects(list, &pairs)) {
                tunnel.list = Some(word(&list.name));
                continue;
            }
            let base = match &tunnel.carrier {
                Carrier::Interface { name } => name.to_uppercase(),
                Carrier::Entry { map, sequence, .. } => format!("{map}-{sequence}"),
            };
            let wanted = format!("{base}-TRAFFIC");
            let name = unused(&wanted, names.iter().map(String::as_str));
            let entries =
                self.entries(&name, pairs.iter().map(|pair| (Action::Allow, Some(*pair))));
            lists.push((format!("ip access-list extended {name}"), entries));
            names.push(name.clone());
            tunnel.list = Some(name);
        }
        lists
    }

    fn own_list(&mut self, list: &AccessList) -> List {
        let name = word(&list.name);
        let number: Option<u32> = name.parse().ok();
        let standard = number.is_some_and(|n| matches!(n, 1..=99 | 1300..=1999));
        if standard {
            let entries = list.entries.iter().filter_map(|entry| {
                let selectors = entry.selectors?;
                let addresses = words::addresses(&selectors.local).ok()?;
                Some(format!("{} {addresses}", verb(entry.action.value)))
            });
            return (format!("ip access-list standard {name}"), entries.collect());
        }
        let entries = list.entries.iter();
        let pairs = entries.map(|entry| (entry.action.value, entry.selectors.map(|s| s.value)));
        let entries = self.entries(&name, pairs);
        (format!("ip access-list extended {name}"), entries)
    }

    fn entries(
        &mut self,
        list: &str,
        pairs: impl Iterator<Item = (Action, Option<SelectorPair>)>,
    ) -> Vec<String> {
        let mut entries = Vec::new();
        for (number, (action, pair)) in (1u32..).zip(pairs) {
            let what = format!("entry {number} of access list {list}");
            let said = match pair {
                Some(pair) => words::entry(&pair),
                None => words::cannot("it is no range of addresses"),
            };
            if let Some(said) = self.said(&what, said) {
                entries.push(format!("{} {} {said}", number * 10, verb(action)));
            }
        }
        entries
    }
}

fn verb(action: Action) -> &'static str {
    match action {
        Action::Allow => "permit",
        Action::Deny => "deny",
    }
}

/// A tunnel interface without an access list carries everything of its family.
fn is_everything(tunnel: &Tunnel<'_>, pairs: &[SelectorPair]) -> bool {
    let by_interface = matches!(tunnel.carrier, Carrier::Interface { .. });
    by_interface && matches!(pairs, [only] if *only == SelectorPair::ANY_V4 || *only == ANY_V6)
}

/// Whether a list permits just these, in their order.
fn selects(list: &AccessList, pairs: &[SelectorPair]) -> bool {
    let permitted = list
        .entries
        .iter()
        .filter(|entry| entry.action.value == Action::Allow);
    let permitted = permitted.map(|entry| entry.selectors.map(|s| s.value));
    permitted.eq(pairs.iter().map(|pair| Some(*pair)))
}
