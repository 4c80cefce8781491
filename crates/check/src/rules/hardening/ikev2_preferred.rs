//! A connection falls back to IKEv1 with a peer that doesn't answer IKEv2.

use crate::rule::{Found, Judge, One, Rule};
use crossgate_diag::{Certainty, Finding};
use crossgate_model::{Change, IkeVersion};

pub const RULE: Rule = Rule {
    code: "ikev2-preferred",
    page: include_str!("ikev2_preferred.md"),
    judge: Judge::One(judge),
};

fn judge(one: &One<'_>, found: &mut Vec<Found>) {
    let connections = one.side.gateway.connections.iter();
    for connection in connections.filter(|c| c.version.value == IkeVersion::V2Preferred) {
        let name = &connection.name.value;
        let title = format!("`{name}` falls back to IKEv1 where IKEv2 gets no answer");
        let finding = Finding::warning(RULE.code, title)
            .at(
                connection.version.span.or(connection.name.span),
                "IKEv2 preferred, not required",
            )
            .when("when somebody in between drops the IKEv2 messages")
            .certain(Certainty::Doc)
            .noted("RFC 9395 has made IKEv1 historic; it gets no more repairs");
        let connection = name.clone();
        found.push(Found::harmless(finding).cure(
            format!("let {} speak IKEv2 and nothing else", one.side.name),
            vec![(one.end, Change::Ikev2Only { connection })],
        ));
    }
}
