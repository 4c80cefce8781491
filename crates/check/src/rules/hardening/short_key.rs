//! A pre-shared key has fewer than 32 characters.

use super::guessable_key::is_guessable;
use super::key::keys;
use crate::rule::{Found, Judge, One, Rule};
use crossgate_crypto::Secret;
use crossgate_diag::{Certainty, Finding};

pub const RULE: Rule = Rule {
    code: "short-key",
    page: include_str!("short_key.md"),
    judge: Judge::One(judge),
};

/// Characters.
const LENGTH_MIN: usize = 32;

pub(super) fn is_short(secret: &Secret) -> bool {
    secret.len() < LENGTH_MIN
}

fn judge(one: &One<'_>, found: &mut Vec<Found>) {
    let keys = keys(one).into_iter();
    // A key that can be guessed is told of as such; that it's short as well is the same cause.
    for key in keys.filter(|key| is_short(key.secret) && !is_guessable(key.secret)) {
        let len = key.secret.len();
        let mut finding = Finding::warning(
            RULE.code,
            format!(
                "the pre-shared key of {} has {len} characters of the {LENGTH_MIN} that it should have",
                key.owners()
            ),
        );
        for span in key.spans {
            finding = finding.at(span, format!("{len} characters"));
        }
        found.push(Found::harmless(
            finding
                .certain(Certainty::Rfc)
                .noted("whoever takes the responder's place gets an answer to try keys on, at leisure (RFC 7296 §2.15 and §5)")
                .help("draw one at random, such as by `openssl rand -base64 33`, and set it at both ends"),
        ));
    }
}
