//! A profile that asks for protection against later quantum computers, and a connection without.

use super::standard::post_quantum;
use crate::rule::{Found, Judge, One, Rule};
use crossgate_diag::Finding;
use crossgate_model::{Connection, End};

pub const RULE: Rule = Rule {
    code: "no-post-quantum",
    page: include_str!("no_post_quantum.md"),
    judge: Judge::One(judge),
};

fn judge(one: &One<'_>, found: &mut Vec<Found>) {
    let Some(objection) = post_quantum(one.options.profile) else {
        return;
    };
    let connections = one.side.gateway.connections.iter();
    for connection in connections.filter(|c| one.is_of_concern(c) && lacks(c)) {
        // A pair that lacks it at both ends has one cause, told by the first.
        let partner = one.partner(connection);
        let theirs = partner.filter(|party| lacks(party.connection));
        if one.end == End::Second && theirs.is_some() {
            continue;
        }
        let name = &connection.name.value;
        let title = format!("`{name}` has no protection against later quantum computers");
        let finding = Finding::warning(RULE.code, title)
            .at(connection.name.span, "neither ML-KEM nor a PPK")
            .beside(
                theirs.and_then(|party| party.connection.name.span),
                "nor here",
            )
            .certain(objection.certainty)
            .noted(objection.why)
            .noted("what is recorded today can be opened once such a computer exists")
            .help("add a key exchange with ML-KEM (RFC 9370) or a post-quantum preshared key (RFC 8784) at both ends, where their releases have it");
        found.push(Found::harmless(finding));
    }
}

fn lacks(connection: &Connection) -> bool {
    connection.post_quantum.is_none()
}
