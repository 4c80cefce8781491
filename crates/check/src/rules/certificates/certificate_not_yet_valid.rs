//! A certificate is not valid yet.

use super::Held;
use super::certificate_expired::{invalid, of_validity};
use crate::rule::{Found, Judge, One, Rule};

pub const RULE: Rule = Rule {
    code: "certificate-not-yet-valid",
    page: include_str!("certificate_not_yet_valid.md"),
    judge: Judge::One(judge),
};

fn judge(one: &One<'_>, found: &mut Vec<Found>) {
    let Some(now) = one.options.now else {
        return;
    };
    let is_early = |held: &Held<'_>| held.parsed.valid_from > now;
    for (connection, held) in of_validity(one, is_early) {
        let hours = (held.parsed.valid_from - now + 3599) / 3600;
        let title = format!(
            "the certificate `{}` is not valid yet",
            held.certificate.name.value
        );
        let label = format!("begins within {hours} hours after the moment asked about");
        found.push(invalid(one, RULE.code, connection, &held, title, label));
    }
}
