//! More identities are accepted than the one peer's.

use crate::rule::{Found, Judge, One, Rule};
use crossgate_diag::{Certainty, Finding};
use crossgate_model::{Change, Connection, IdentityMatch};

pub const RULE: Rule = Rule {
    code: "identity-match-too-wide",
    page: include_str!("identity_match_too_wide.md"),
    judge: Judge::One(judge),
};

fn judge(one: &One<'_>, found: &mut Vec<Found>) {
    let connections = &one.side.gateway.connections;
    let has_several = connections.len() > 1;
    for connection in connections {
        if let Some(told) = too_wide(one, connection, has_several) {
            found.push(told);
        }
    }
}

fn too_wide(one: &One<'_>, connection: &Connection, has_several: bool) -> Option<Found> {
    let wide = connection
        .remote_identities
        .iter()
        .find(|wanted| match &wanted.value {
            IdentityMatch::Any => true,
            IdentityMatch::Exactly(_) => false,
            IdentityMatch::AddressWithin(net) => {
                has_several && net.prefix_len() < net.max_prefix_len()
            }
            IdentityMatch::FqdnDomain(_) | IdentityMatch::EmailDomain(_) => has_several,
        });
    let (span, words) = match wide {
        Some(wide) => (wide.span, wide.value.to_string()),
        None if connection.remote_identities.is_empty() => (None, "any".into()),
        None => return None,
    };
    let name = &connection.name.value;
    let title = format!(
        "`{name}` of {} takes a peer of identity {words}",
        one.side.name
    );
    let finding = Finding::warning(RULE.code, title)
        .at(
            span.or(connection.name.span),
            "more than the one peer that is meant",
        )
        .certain(Certainty::Rfc)
        .noted("whoever has the key, or another peer of this gateway, can take that peer's place");
    let found = Found::harmless(finding);
    let Some(peer) = one.partner(connection) else {
        return Some(found);
    };
    if peer.connection.identity_awaits_address() {
        return Some(found);
    }
    let said = peer.connection.local_identity.value.clone();
    let text = format!("let {} expect {said}", one.side.name);
    let change = Change::RemoteIdentity {
        connection: name.clone(),
        to: IdentityMatch::Exactly(said),
    };
    Some(found.cure(text, vec![(one.end, change)]))
}
