//! A pre-shared key can be guessed: it stands in a guide, or is made of words and repetitions.

use super::key::{bits, is_published, keys};
use crate::rule::{Found, Judge, One, Rule};
use crossgate_crypto::Secret;
use crossgate_diag::{Certainty, Finding};

pub const RULE: Rule = Rule {
    code: "guessable-key",
    page: include_str!("guessable_key.md"),
    judge: Judge::One(judge),
};

/// So many bits can't be tried through.
const BITS_MIN: f64 = 80.0;

pub(super) fn is_guessable(secret: &Secret) -> bool {
    is_published(secret) || bits(secret) < BITS_MIN
}

fn judge(one: &One<'_>, found: &mut Vec<Found>) {
    for key in keys(one).into_iter().filter(|key| is_guessable(key.secret)) {
        let why = match is_published(key.secret) {
            true => "stands in a published guide".to_owned(),
            false => format!("is worth {:.0} bits at most", bits(key.secret)),
        };
        let mut finding = Finding::warning(
            RULE.code,
            format!("the pre-shared key of {} {why}", key.owners()),
        );
        for span in key.spans {
            finding = finding.at(span, "can be guessed");
        }
        found.push(Found::harmless(
            finding
                .certain(Certainty::Rfc)
                .noted("whoever takes the responder's place gets an answer to try keys on, at leisure (RFC 7296 §2.15 and §5)")
                .help("draw one at random, such as by `openssl rand -base64 33`, and set it at both ends"),
        ));
    }
}
