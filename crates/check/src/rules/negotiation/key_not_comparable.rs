//! A key is written encrypted, so that nobody but its device knows it.

use crate::rule::{Found, Judge, Pair, Party, Rule};
use crossgate_diag::{Certainty, Finding, Spanned};
use crossgate_model::{Auth, PresharedKey};

pub const RULE: Rule = Rule {
    code: "key-not-comparable",
    page: include_str!("key_not_comparable.md"),
    judge: Judge::Pair(judge),
};

fn judge(pair: &Pair<'_>, found: &mut Vec<Found>) {
    let ends = [pair.first, pair.second];
    let hidden: Vec<_> = ends
        .iter()
        .filter_map(|end| Some((end, place(end)?)))
        .collect();
    if hidden.is_empty() {
        return;
    }
    let names: Vec<_> = hidden.iter().map(|(end, _)| end.name()).collect();
    let title = format!(
        "the key of {} is encrypted and can't be compared",
        names.join(" and of ")
    );
    let mut finding = Finding::note(RULE.code, title)
        .certain(Certainty::Doc)
        .noted("the verdict is what happens if both ends have the same key");
    for (_, auth) in hidden {
        finding = finding.at(auth.span, "only the device that wrote it can decrypt it");
    }
    found.push(Found::harmless(finding));
}

fn place<'a>(end: &Party<'a>) -> Option<&'a Spanned<Auth>> {
    let connection = end.connection;
    let both = [&connection.local_auth, &connection.remote_auth];
    let is_hidden =
        |auth: &&Spanned<Auth>| matches!(auth.value, Auth::Psk(PresharedKey::Encrypted));
    both.into_iter().find(is_hidden)
}
