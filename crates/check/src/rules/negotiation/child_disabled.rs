//! A tunnel is switched off, while its peer is not.

use super::connection_disabled::is_interface_down;
use crate::agreement::start::{self, Aspect};
use crate::rule::{Found, Judge, Pair, Party, Rule};
use crate::words::WHOEVER;
use crossgate_diag::{Certainty, Finding};
use crossgate_model::event::EventKind;
use crossgate_model::{Change, Child};

pub const RULE: Rule = Rule {
    code: "child-disabled",
    page: include_str!("child_disabled.md"),
    judge: Judge::Pair(judge),
};

fn judge(pair: &Pair<'_>, found: &mut Vec<Found>) {
    for (end, _) in pair.directions() {
        if !end.connection.enabled.value {
            continue;
        }
        let mut tunnels: Vec<&str> = Vec::new();
        for child in &end.connection.children {
            let span = child.enabled.span;
            let is_other = span.is_some_and(|span| is_interface_down(&end, span));
            let tunnel = child.tunnel.value.as_str();
            if child.enabled.value || is_other || tunnels.contains(&tunnel) {
                continue;
            }
            tunnels.push(tunnel);
            found.push(switched_off(pair, &end, child));
        }
    }
}

fn switched_off(pair: &Pair<'_>, end: &Party<'_>, child: &Child) -> Found {
    let tunnel = &child.tunnel.value;
    let effect = start::effect(pair, Aspect::Selectors);
    let Some(span) = child.enabled.span else {
        let title = format!(
            "`{tunnel}` of {} can't be used as it is written",
            end.name()
        );
        let finding = Finding::error(RULE.code, title)
            .at(child.tunnel.span, "never brought up")
            .starter(WHOEVER)
            .noted("what it lacks, or has that isn't supported, is told where the file is read");
        return Found::with(finding, effect);
    };
    let finding = Finding::error(
        RULE.code,
        format!("`{tunnel}` is disabled at {}", end.name()),
    )
    .at(span, "switched off here")
    .when("in IKE_AUTH, with its Child SA")
    .starter(WHOEVER)
    .certain(Certainty::Doc);
    let received = child.selectors.value.to_string();
    let event = EventKind::TsUnacceptable {
        refused_by: crossgate_model::event::Side::Us,
        received,
        expected: "nothing".into(),
    };
    let change = Change::EnableChild {
        child: child.name.value.clone(),
    };
    Found::with(finding, effect).event(end.end, event).cure(
        format!("enable it at {}", end.name()),
        vec![(end.end, change)],
    )
}
