//! A certificate is no longer valid.

use super::{Held, connections, own, trusted};
use crate::rule::{Effect, Found, Judge, One, Rule};
use crossgate_diag::{Certainty, Finding};
use crossgate_model::Connection;

pub const RULE: Rule = Rule {
    code: "certificate-expired",
    page: include_str!("certificate_expired.md"),
    judge: Judge::One(judge),
};

fn judge(one: &One<'_>, found: &mut Vec<Found>) {
    let Some(now) = one.options.now else {
        return;
    };
    let is_over = |held: &Held<'_>| held.parsed.valid_to < now;
    for (connection, held) in of_validity(one, is_over) {
        let days = (now - held.parsed.valid_to) / 86_400;
        let title = format!(
            "the certificate `{}` has expired",
            held.certificate.name.value
        );
        let label = format!("ended {days} days before the moment asked about");
        found.push(invalid(one, RULE.code, connection, &held, title, label));
    }
}

/// Certificates, their own and those that they trust, whose dates are wrong, each once.
pub(super) fn of_validity<'a>(
    one: &One<'a>,
    is_wrong: impl Fn(&Held<'_>) -> bool,
) -> Vec<(&'a Connection, Held<'a>)> {
    let gateway = one.side.gateway;
    let mut wrong: Vec<(&Connection, Held<'_>)> = Vec::new();
    for connection in connections(gateway) {
        let (issuers, _) = trusted(gateway, connection);
        for held in own(gateway, connection).into_iter().chain(issuers) {
            let is_known = wrong
                .iter()
                .any(|(_, known)| known.certificate.der == held.certificate.der);
            if is_wrong(&held) && !is_known {
                wrong.push((connection, held));
            }
        }
    }
    wrong
}

/// The peer refuses a certificate of the wrong time; of an authority, that is its own matter
/// (RFC 5280 §6.2: a trust anchor's dates need not be checked).
pub(super) fn invalid(
    one: &One<'_>,
    code: &'static str,
    connection: &Connection,
    held: &Held<'_>,
    title: String,
    label: String,
) -> Found {
    let uses = &connection.certificates;
    let place = held.certificate.name.span;
    let (finding, effect) = match held.certificate.is_authority {
        true => (
            Finding::warning(code, title).at(place, label).noted(
                "an authority's own dates need not be checked (RFC 5280 §6.2), but often are",
            ),
            Effect::None,
        ),
        false => (
            Finding::error(code, title)
                .at(place, label)
                .beside(
                    uses.own.as_ref().and_then(|own| own.span),
                    "shown to the peer",
                )
                .when("in IKE_AUTH, and again at each new start"),
            Effect::NeverComesUp,
        ),
    };
    let finding = finding
        .starter("whoever starts")
        .certain(Certainty::Rfc)
        .noted(format!(
            "subject {}, issuer {}",
            held.parsed.subject, held.parsed.issuer
        ))
        .help("have it issued anew, and see that the clocks of both ends are right");
    Found::with(finding, effect).about(one.end, connection)
}
