//! A NAT stands between the ends, and one of them doesn't speak NAT traversal.

use crate::rule::{Effect, Found, Judge, Pair, Party, Rule};
use crate::words::WHOEVER;
use crossgate_diag::{Certainty, Finding};
use crossgate_model::Change;

pub const RULE: Rule = Rule {
    code: "nat-traversal-needed",
    page: include_str!("nat_traversal_needed.md"),
    judge: Judge::Pair(judge),
};

fn judge(pair: &Pair<'_>, found: &mut Vec<Found>) {
    let ends = [pair.first, pair.second];
    let off: Vec<_> = ends
        .iter()
        .filter(|end| !end.connection.nat.enabled.value)
        .collect();
    if !pair.options.nat_between || off.is_empty() {
        return;
    }
    let names: Vec<_> = off.iter().map(|end| end.name()).collect();
    let names = names.join(" and ");
    let mut finding = Finding::error(
        RULE.code,
        format!("a NAT is between the ends, and {names} has NAT traversal off"),
    );
    for end in &off {
        let nat = &end.connection.nat.enabled;
        finding = finding.at(nat.span.or(end.connection.name.span), "no NAT traversal");
    }
    let finding = finding
        .when("with the first packet: the SAs come up, but the NAT has no port to tell ESP packets apart by")
        .starter(WHOEVER)
        .certain(Certainty::Rfc);
    let changes = off.iter().map(|end: &&Party<'_>| {
        let connection = end.connection.name.value.clone();
        (end.end, Change::NatTraversal { connection })
    });
    let found_one = Found::with(finding, Effect::NoTraffic { from: None });
    found.push(found_one.cure(
        format!("turn NAT traversal on at {names}"),
        changes.collect(),
    ));
}
