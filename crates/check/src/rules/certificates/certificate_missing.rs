//! An end is to sign, and has no certificate to show.

use super::{beside_undefined, connections, lacks_own};
use crate::rule::{Effect, Found, Judge, One, Rule};
use crossgate_diag::{Certainty, Finding};

pub const RULE: Rule = Rule {
    code: "certificate-missing",
    page: include_str!("certificate_missing.md"),
    judge: Judge::One(judge),
};

fn judge(one: &One<'_>, found: &mut Vec<Found>) {
    for connection in connections(one.side.gateway) {
        let method = &connection.local_auth;
        if !lacks_own(connection) {
            continue;
        }
        let name = &connection.name.value;
        let finding = Finding::error(
            RULE.code,
            format!(
                "`{name}` authenticates itself by {}, but has no certificate to show",
                method.value.name()
            ),
        )
        .at(
            method.span.or(connection.name.span),
            "needs a certificate of its own",
        );
        let finding = beside_undefined(finding, connection)
            .when("in IKE_AUTH")
            .starter("whoever starts")
            .certain(Certainty::Rfc)
            .help("enrol or import a certificate for this gateway, and name it in the connection");
        found.push(Found::with(finding, Effect::NeverComesUp).about(one.end, connection));
    }
}
