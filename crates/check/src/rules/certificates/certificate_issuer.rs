//! The certificate that one end shows is of no issuer that the other trusts.

use super::parsed::Issued;
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
        match path(&shown, showing, &issuers) {
            Path::Whole => {}
            Path::Untold(below, above) => found.push(untold(&below, &above)),
            // Whom the file doesn't hold may be the one.
            _ if !is_all || issuers.is_empty() => {}
            Path::Forged(below, above) => found.push(forged(showing, checking, &below, &above)),
            Path::None => found.push(untrusted(showing, checking, &shown, &issuers)),
        }
    }
}

/// How far a path leads from the certificate towards a trusted issuer.
enum Path<'a> {
    Whole,
    None,
    /// The first certificate names the second as its issuer, whose key didn't sign it.
    Forged(Held<'a>, Held<'a>),
    /// The same, where the signature can't be verified here; all else fits.
    Untold(Held<'a>, Held<'a>),
}

/// The path by way of authorities that the showing end can send along.
fn path<'a>(shown: &Held<'a>, showing: Party<'a>, issuers: &[Held<'a>]) -> Path<'a> {
    let all = showing.gateway().certificates.iter().filter_map(held);
    let sent: Vec<Held<'_>> = all.filter(|c| c.certificate.is_authority).collect();
    let (mut at, mut untold, mut forged) = (shown.clone(), None, None);
    for _ in 0..MAX_BETWEEN + 2 {
        let is_it = |issuer: &Held<'_>| {
            issuer.certificate.der == at.certificate.der && issuer.parsed.may_issue()
        };
        if issuers.iter().any(is_it) {
            return untold.map_or(Path::Whole, |(below, above)| Path::Untold(below, above));
        }
        let above = issuers.iter().chain(&sent).filter(|c| c.parsed.may_issue());
        let links: Vec<_> = above.map(|i| (at.parsed.issued_by(&i.parsed), i)).collect();
        let of_kind = |kind| links.iter().find(|(link, _)| *link == kind);
        if let Some((_, issuer)) = of_kind(Issued::InItsName) {
            forged = forged.or(Some((at.clone(), (*issuer).clone())));
        }
        let next = match (of_kind(Issued::ByIt), of_kind(Issued::Untold)) {
            (Some((_, issuer)), _) => (*issuer).clone(),
            (None, Some((_, issuer))) => {
                untold = untold.or(Some((at.clone(), (*issuer).clone())));
                (*issuer).clone()
            }
            (None, None) => break,
        };
        at = next;
    }
    forged.map_or(Path::None, |(below, above)| Path::Forged(below, above))
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
        let but = match issuer.parsed.may_issue() {
            true => "",
            false => ", which is no authority (RFC 5280 §4.2.1.9)",
        };
        finding = finding.beside(
            issuer.certificate.name.span,
            format!("{b} trusts {}{but}", issuer.parsed.subject),
        );
    }
    let help = format!(
        "let {b} trust the issuer of {a}'s certificate, or have {a}'s issued by one that {b} trusts"
    );
    refused(showing, checking, finding.help(help))
}

/// A path that a glance at the names takes for whole.
fn forged(showing: Party<'_>, checking: Party<'_>, below: &Held<'_>, above: &Held<'_>) -> Found {
    let (a, b) = (showing.name(), checking.name());
    let issuer = &above.parsed.subject;
    let title =
        format!("{a} shows a certificate in the name of {issuer}, which another key signed");
    let finding = Finding::error(RULE.code, title)
        .at(
            below.certificate.name.span,
            format!("{} says that {issuer} issued it", below.parsed.subject),
        )
        .beside(
            above.certificate.name.span,
            format!("the key of this {issuer} didn't sign it"),
        )
        .noted("the issuer's key was renewed under the same name, or somebody forged the certificate")
        .help(format!("find out whose signature it is, then have {a}'s certificate issued anew, or let {b} trust the new certificate of {issuer}"));
    refused(showing, checking, finding)
}

fn refused(showing: Party<'_>, checking: Party<'_>, finding: Finding) -> Found {
    let finding = finding
        .when("in IKE_AUTH")
        .starter("whoever starts")
        .certain(Certainty::Rfc)
        .noted("issuers are compared by name, key identifier and signature (RFC 5280 §6.1.3)");
    let failed = |refused_by| EventKind::AuthenticationFailed {
        refused_by,
        method: showing.connection.local_auth.value.name().to_owned(),
        identity: showing.connection.local_identity.value.to_string(),
    };
    Found::with(finding, Effect::NeverComesUp)
        .event(checking.end, failed(By::Us))
        .event(showing.end, failed(By::Peer))
}

/// All fits, as far as it can be told.
fn untold(below: &Held<'_>, above: &Held<'_>) -> Found {
    let (name, issuer) = (&below.parsed.subject, &above.parsed.subject);
    let title = format!("whether {issuer} signed the certificate of {name} can't be told here");
    let finding = Finding::note(RULE.code, title)
        .at(below.certificate.name.span, "signed in a way that this program doesn't verify")
        .beside(above.certificate.name.span, "has the issuer's name and key identifier")
        .noted("verified are RSA from 1024 bits (PKCS #1 v1.5, and PSS with a salt of the hash's size), ECDSA and Ed25519");
    Found::harmless(finding)
}
