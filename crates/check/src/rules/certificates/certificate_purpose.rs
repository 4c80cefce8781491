//! A certificate says that it is for something else than IKE.

use super::{connections, own};
use crate::rule::{Found, Judge, One, Rule};
use crossgate_diag::{Certainty, Finding};

pub const RULE: Rule = Rule {
    code: "certificate-purpose",
    page: include_str!("certificate_purpose.md"),
    judge: Judge::One(judge),
};

fn judge(one: &One<'_>, found: &mut Vec<Found>) {
    let mut told = Vec::new();
    for connection in connections(one.side.gateway) {
        let Some(held) = own(one.side.gateway, connection) else {
            continue;
        };
        let no_signing = held.parsed.may_sign == Some(false);
        let no_ike = held.parsed.may_ike == Some(false);
        let why = match (no_signing, no_ike) {
            (true, true) => "its key usage has no signing, and its extended key usage no IKE",
            (true, false) => "its key usage has no signing",
            (false, true) => "its extended key usage has no IKE",
            (false, false) => continue,
        };
        let name = &held.certificate.name.value;
        if told.contains(name) {
            continue;
        }
        told.push(name.clone());
        let finding = Finding::warning(
            RULE.code,
            format!("the certificate `{name}` is not for IKE"),
        )
        .at(held.certificate.name.span, why)
        .beside(
            connection.certificates.own.as_ref().and_then(|own| own.span),
            "shown to the peer",
        )
        .when("in IKE_AUTH, if the peer looks at it")
        .starter("whoever starts")
        .certain(Certainty::Rfc)
        .noted("RFC 4945 §5.1.3.2 and §5.1.3.12 have the peer refuse it; whether a vendor's does is not documented")
        .help("have one issued with the key usage digitalSignature, and without an extended key usage or with ipsecIKE");
        found.push(Found::harmless(finding));
    }
}
