//! An end is to check its peer's signature, and trusts no issuer.

use super::{beside_undefined, connections, is_signature, lacks_own};
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
        let is_undefined = !uses.undefined.is_empty()
            && uses
                .trusted
                .iter()
                .all(|name| uses.undefined.contains(name));
        // Where an end lacks its own certificate as well, it lacks one thing: what names both.
        if !is_signature(&method.value) || !is_undefined || lacks_own(connection) {
            continue;
        }
        let name = &connection.name.value;
        let finding = Finding::error(
            RULE.code,
            format!(
                "`{name}` expects its peer to authenticate by {}, but trusts no issuer of certificates",
                method.value.name()
            ),
        )
        .at(method.span.or(connection.name.span), "needs an authority to check against");
        let finding = beside_undefined(finding, connection)
            .when("in IKE_AUTH")
            .starter("whoever starts")
            .certain(Certainty::Rfc)
            .help("import the certificate of the peer's issuer, and name it in the connection");
        found.push(Found::with(finding, Effect::NeverComesUp).about(one.end, connection));
    }
}
