//! An end is to sign, and has no certificate to show.

use super::{connections, is_signature};
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
        if !is_signature(&method.value) || connection.certificates.own.is_some() {
            continue;
        }
        let name = &connection.name.value;
        let mut finding = Finding::error(
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
        for undefined in &connection.certificates.undefined {
            let text = format!("`{}` is defined nowhere", undefined.value);
            finding = finding.beside(undefined.span, text);
        }
        let finding = finding
            .when("in IKE_AUTH")
            .starter("whoever starts")
            .certain(Certainty::Rfc)
            .help("enrol or import a certificate for this gateway, and name it in the connection");
        found.push(Found::with(finding, Effect::NeverComesUp).about(one.end, connection));
    }
}
