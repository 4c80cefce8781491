//! Packet filters: the first entry of an access list that matches decides; the end of the list
//! denies. A list that is empty or not defined stops nothing (Cisco, "Configuring IP access
//! lists").

use crate::flow::Flow;
use crate::verdict::{Reason, Step};
use crossgate_model::{AccessList, Action, Gateway, Spanned};

/// Whether the filter, if there is one, lets the packet pass.
pub(crate) fn pass(
    gateway: &Gateway,
    filter: Option<&Spanned<String>>,
    flow: &Flow,
    steps: &mut Vec<Step>,
) -> Result<(), Reason> {
    let Some(name) = filter else {
        return Ok(());
    };
    let Some(list) = list(gateway, name) else {
        return Ok(());
    };
    match decide(list, name, flow, steps) {
        Action::Allow => Ok(()),
        Action::Deny => Err(Reason::Filtered),
    }
}

/// The list of that name, if it has entries.
pub(crate) fn list<'a>(gateway: &'a Gateway, name: &str) -> Option<&'a AccessList> {
    let lists = gateway.policy.access_lists.iter();
    lists
        .filter(|list| !list.entries.is_empty())
        .find(|list| list.name.value == name)
}

/// `name` is where the list is used.
fn decide(list: &AccessList, name: &Spanned<String>, flow: &Flow, steps: &mut Vec<Step>) -> Action {
    for entry in &list.entries {
        let Some(selectors) = entry.selectors else {
            steps.push(Step::Undecided {
                rule: name.clone(),
                why: "an entry's addresses are no range".into(),
            });
            if entry.action.value == Action::Allow {
                return Action::Allow;
            }
            continue;
        };
        if flow.is_in(&selectors) {
            let action = entry.action.value;
            steps.push(Step::Filter {
                list: name.clone(),
                entry: Some(selectors),
                action,
            });
            return action;
        }
    }
    steps.push(Step::Filter {
        list: name.clone(),
        entry: None,
        action: Action::Deny,
    });
    Action::Deny
}

/// Whether the list permits the packet; nothing if it can't be said.
pub(crate) fn permits(list: &AccessList, flow: &Flow) -> Option<bool> {
    for entry in &list.entries {
        let selectors = entry.selectors?;
        if flow.is_in(&selectors) {
            return Some(entry.action.value == Action::Allow);
        }
    }
    Some(false)
}
