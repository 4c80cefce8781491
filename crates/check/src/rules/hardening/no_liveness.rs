//! Nobody asks whether the peer is alive. That only one end does is told elsewhere.

use crate::rule::{Found, Judge, One, Rule};
use crossgate_diag::{Certainty, Finding};
use crossgate_model::{Change, Connection, End};
use std::time::Duration;

pub const RULE: Rule = Rule {
    code: "no-liveness",
    page: include_str!("no_liveness.md"),
    judge: Judge::One(judge),
};

const INTERVAL: Duration = Duration::from_secs(10);

fn judge(one: &One<'_>, found: &mut Vec<Found>) {
    let connections = one.side.gateway.connections.iter();
    for connection in connections.filter(|c| one.is_of_concern(c) && c.liveness.is_none()) {
        let partner = one.partner(connection);
        if partner.is_some_and(|p| one.end == End::Second || p.connection.liveness.is_some()) {
            continue;
        }
        let name = &connection.name.value;
        let title = match partner {
            Some(_) => format!("neither end of `{name}` asks whether its peer is alive"),
            None => format!("`{name}` does not ask whether its peer is alive"),
        };
        let lifetime = child_lifetime(connection).as_secs();
        let mut finding = Finding::warning(RULE.code, title)
            .at(connection.name.span, "no dead-peer detection")
            .when(format!(
                "after an end has lost its SAs: until the next rekey, up to {lifetime} s"
            ))
            .certain(Certainty::Rfc)
            .noted("an end that only answers its peer's questions learns nothing from them (RFC 7296 §2.4)");
        let mut ends = vec![(one.end, connection)];
        if let Some(party) = partner {
            finding = finding.at(party.connection.name.span, "nor here");
            ends.push((party.end, party.connection));
        }
        let changes = ends.into_iter().map(|(end, connection)| {
            let connection = connection.name.value.clone();
            let interval = INTERVAL;
            (
                end,
                Change::Liveness {
                    connection,
                    interval,
                },
            )
        });
        let text = format!("ask after {} s of silence", INTERVAL.as_secs());
        found.push(Found::harmless(finding).cure(text, changes.collect()));
    }
}

/// For so long packets are sent to a peer that can't open them.
fn child_lifetime(connection: &Connection) -> Duration {
    let children = connection.children.iter();
    let lifetimes = children.map(|child| child.lifetime.time.value);
    lifetimes.max().unwrap_or(connection.lifetime.value)
}
