//! Replayed packets are taken.

use crate::rule::{Found, Judge, One, Rule};
use crossgate_diag::{Certainty, Finding};
use crossgate_model::Change;

pub const RULE: Rule = Rule {
    code: "no-anti-replay",
    page: include_str!("no_anti_replay.md"),
    judge: Judge::One(judge),
};

/// Packets.
const WINDOW: u32 = 1024;

fn judge(one: &One<'_>, found: &mut Vec<Found>) {
    let mut told = Vec::new();
    for (_, child) in one.side.gateway.children() {
        let off = child.enabled.value && child.replay_window.value == 0;
        // All Childs of a tunnel have the tunnel's window.
        if !off || told.contains(&&child.tunnel.value) {
            continue;
        }
        told.push(&child.tunnel.value);
        let title = format!("`{}` takes packets that are replayed", child.tunnel.value);
        let finding = Finding::warning(RULE.code, title)
            .at(
                child.replay_window.span.or(child.name.span),
                "the anti-replay check is off",
            )
            .certain(Certainty::Rfc)
            .noted("RFC 4303 §3.4.3: the check is the receiver's own matter, so the peer need not change");
        let change = Change::ReplayWindow {
            child: child.name.value.clone(),
            packets: WINDOW,
        };
        let text = format!(
            "check {} against a window of {WINDOW} packets",
            one.side.name
        );
        found.push(Found::harmless(finding).cure(text, vec![(one.end, change)]));
    }
}
