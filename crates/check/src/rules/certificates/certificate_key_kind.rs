//! A certificate's key is of another kind than the method asks for by which its owner proves itself.

use super::parsed::Key;
use super::{Held, own};
use crate::rule::{Effect, Found, Judge, Pair, Party, Rule};
use crate::words::{IN_AUTH, WHOEVER};
use crossgate_diag::{Certainty, Finding, Spanned};
use crossgate_model::Auth;

pub const RULE: Rule = Rule {
    code: "certificate-key-kind",
    page: include_str!("certificate_key_kind.md"),
    judge: Judge::Pair(judge),
};

fn judge(pair: &Pair<'_>, found: &mut Vec<Found>) {
    for (proving, believing) in pair.directions() {
        let Some(held) = own(proving.gateway(), proving.connection) else {
            continue;
        };
        let wrong = wrong(&held, &proving, &believing);
        if !wrong.is_empty() {
            let finding = told(&held, &proving, &wrong);
            found.push(Found::with(finding, Effect::NeverComesUp));
        }
    }
}

/// A method that the certificate's key can't sign by, and what its line means.
type Wrong<'a> = (&'a Spanned<Auth>, String);

fn wrong<'a>(held: &Held<'_>, proving: &Party<'a>, believing: &Party<'a>) -> Vec<Wrong<'a>> {
    let (shows, expects) = (
        &proving.connection.local_auth,
        &believing.connection.remote_auth,
    );
    let (proves, wants) = (
        format!("{} proves itself by", proving.name()),
        format!("{} expects", believing.name()),
    );
    let both = [(shows, proves), (expects, wants)].into_iter();
    both.filter(|(auth, _)| !can_sign(held.parsed.key, &auth.value))
        .map(|(auth, words)| (auth, format!("{words} {}", auth.value.name())))
        .collect()
}

fn can_sign(key: Key, auth: &Auth) -> bool {
    !matches!(
        (auth, key),
        (Auth::RsaSignature, Key::Ec(_)) | (Auth::EcdsaSignature, Key::Rsa(_))
    )
}

fn told(held: &Held<'_>, proving: &Party<'_>, wrong: &[Wrong<'_>]) -> Finding {
    let name = &held.certificate.name;
    let title = format!(
        "{} shows the certificate `{}`, which has {}",
        proving.name(),
        name.value,
        held.parsed.key
    );
    let mut finding = Finding::error(RULE.code, title)
        .when(IN_AUTH)
        .starter(WHOEVER);
    for (auth, words) in wrong {
        finding = finding.at(auth.span, words.clone());
    }
    finding
        .beside(name.span, "its certificate")
        .certain(Certainty::Undocumented)
        .noted(
            "RFC 4754 has a method for each curve, and RFC 7296 §3.8 one for RSA: a key of one kind \
             makes no signature of the other; what a device says of it is not documented",
        )
        .help("have a certificate issued for a key of the other kind, or name the other method at both ends")
}
