//! An end is to check its peer's signature, and trusts no issuer.

use super::{connections, is_signature};
use crate::rule::{Effect, Found, Judge, One, Rule};
use crossgate_diag::{Certainty, Finding};

pub const RULE: Rule = Rule {
    code: "certificate-profile-missing",
    page: include_str!("certificate_profile_missing.md"),
    judge: Judge::One(judge),
};

fn judge(one: &One<'_>, found: &mut Vec<Found>) {
    for connection in connections(one.side.gateway) {
        let (method, uses) = (&connection.remote_auth, &connection.certificates);
        // Where an end lacks its own certificate as well, it lacks one thing: what names both.
        let is_one_cause = is_signature(&connection.local_auth.value) && uses.own.is_none();
        if !is_signature(&method.value) || !uses.trusted.is_empty() || is_one_cause {
            continue;
        }
        let name = &connection.name.value;
        let mut finding = Finding::error(
            RULE.code,
            format!(
                "`{name}` expects its peer to authenticate by {}, but trusts no issuer of certificates",
                method.value.name()
            ),
        )
        .at(method.span.or(connection.name.span), "needs an authority to check against");
        for undefined in &uses.undefined {
            let text = format!("`{}` is defined nowhere", undefined.value);
            finding = finding.beside(undefined.span, text);
        }
        let finding = finding
            .when("in IKE_AUTH")
            .starter("whoever starts")
            .certain(Certainty::Rfc)
            .help("import the certificate of the peer's issuer, and name it in the connection");
        found.push(Found::with(finding, Effect::NeverComesUp).about(one.end, connection));
    }
}
