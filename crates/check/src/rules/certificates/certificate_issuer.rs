//! The certificate that one end shows is of no issuer that the other trusts.

use super::{Held, held, is_signature, own, trusted};
use crate::rule::{Effect, Found, Judge, Pair, Party, Rule};
use crossgate_diag::{Certainty, Finding};
use crossgate_model::event::{EventKind, Side as By};

pub const RULE: Rule = Rule {
    code: "certificate-issuer",
    page: include_str!("certificate_issuer.md"),
    judge: Judge::Pair(judge),
};

/// Authorities between the trusted one and the peer's certificate: so many at most.
const MAX_BETWEEN: usize = 8;

fn judge(pair: &Pair<'_>, found: &mut Vec<Found>) {
    for (showing, checking) in pair.directions() {
        if !is_signature(&checking.connection.remote_auth.value) {
            continue;
        }
        let Some(shown) = own(showing.gateway(), showing.connection) else {
            continue;
        };
        let (issuers, is_all) = trusted(checking.gateway(), checking.connection);
        // Whom the file doesn't hold may be the one.
        if is_all && !issuers.is_empty() && !leads_to(&shown, showing, &issuers) {
            found.push(untrusted(showing, checking, &shown, &issuers));
        }
    }
}

/// Whether a path leads from the certificate to a trusted issuer, by way of authorities that the
/// showing end can send along.
fn leads_to(shown: &Held<'_>, showing: Party<'_>, issuers: &[Held<'_>]) -> bool {
    let sent: Vec<Held<'_>> = showing
        .gateway()
        .certificates
        .iter()
        .filter_map(held)
        .collect();
    let mut at = shown.clone();
    for _ in 0..=MAX_BETWEEN {
        let is_it = |issuer: &Held<'_>| issuer.certificate.der == at.certificate.der;
        if issuers
            .iter()
            .any(|issuer| is_it(issuer) || at.parsed.is_issued_by(&issuer.parsed))
        {
            return true;
        }
        let mut above = sent.iter().filter(|c| c.certificate.is_authority);
        match above
            .find(|above| at.parsed.is_issued_by(&above.parsed) && !at.parsed.is_self_issued())
        {
            Some(above) => at = above.clone(),
            None => return false,
        }
    }
    false
}

fn untrusted(
    showing: Party<'_>,
    checking: Party<'_>,
    shown: &Held<'_>,
    issuers: &[Held<'_>],
) -> Found {
    let (a, b) = (showing.name(), checking.name());
    let mut finding = Finding::error(
        RULE.code,
        format!("{b} trusts no issuer of the certificate that {a} shows"),
    )
    .at(
        shown.certificate.name.span,
        format!("{a} shows this, issued by {}", shown.parsed.issuer),
    );
    for issuer in issuers {
        finding = finding.beside(
            issuer.certificate.name.span,
            format!("{b} trusts {}", issuer.parsed.subject),
        );
    }
    let finding = finding
        .when("in IKE_AUTH")
        .starter("whoever starts")
        .certain(Certainty::Rfc)
        .noted("issuers are compared by name and key identifier (RFC 5280 §4.2.1.1)")
        .help(format!("let {b} trust the issuer of {a}'s certificate, or have {a}'s issued by one that {b} trusts"));
    let failed = |refused_by| EventKind::AuthenticationFailed {
        refused_by,
        method: showing.connection.local_auth.value.name().to_owned(),
        identity: showing.connection.local_identity.value.to_string(),
    };
    Found::with(finding, Effect::NeverComesUp)
        .event(checking.end, failed(By::Us))
        .event(showing.end, failed(By::Peer))
}
