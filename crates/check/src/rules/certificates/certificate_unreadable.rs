//! What a file holds as a certificate is none.

use super::parsed::Parsed;
use crate::rule::{Found, Judge, One, Rule};
use crossgate_diag::Finding;

pub const RULE: Rule = Rule {
    code: "certificate-unreadable",
    page: include_str!("certificate_unreadable.md"),
    judge: Judge::One(judge),
};

fn judge(one: &One<'_>, found: &mut Vec<Found>) {
    let certificates = one.side.gateway.certificates.iter();
    for certificate in certificates.filter(|c| Parsed::from_der(&c.der).is_none()) {
        let name = &certificate.name.value;
        let finding =
            Finding::warning(RULE.code, format!("the certificate `{name}` can't be read"))
                .at(
                    certificate.name.span,
                    format!(
                        "expected an X.509 certificate, found {} octets of something else",
                        certificate.der.len()
                    ),
                )
                .help("export it again, and see that no line of it is cut off");
        found.push(Found::harmless(finding));
    }
}
