//! The two files mean no tunnel with each other.

use crate::rule::{Both, Effect, Found, Judge, Rule, Side};
use crate::words::WHOEVER;
use crossgate_diag::{Finding, Span};
use crossgate_model::plan::{Plan, PlanError};

pub const RULE: Rule = Rule {
    code: "no-tunnel-meant",
    page: include_str!("no_tunnel_meant.md"),
    judge: Judge::Both(judge),
};

fn judge(both: &Both<'_>, found: &mut Vec<Found>) {
    let [first, second] = both.sides;
    let why = match Plan::new(first.gateway, second.gateway) {
        Ok(_) if !both.pairs.is_empty() => return,
        Ok(_) => strangers(&both.sides),
        // What is switched off, another rule tells.
        Err(PlanError::NothingEnabled { .. } | PlanError::AddressElsewhere { .. })
            if !both.pairs.is_empty() =>
        {
            return;
        }
        Err(why) => named(&both.sides, &why),
    };
    let mut finding = Finding::error(RULE.code, "the two files mean no tunnel with each other")
        .when("before the first message")
        .starter(WHOEVER)
        .noted(why);
    for side in &both.sides {
        for (place, words) in peers(side) {
            finding = finding.beside(place, words);
        }
    }
    found.push(Found::with(finding, Effect::NeverComesUp));
}

/// With the names that the reader has for the files.
fn named([first, second]: &[Side<'_>; 2], why: &PlanError) -> String {
    let text = why.to_string();
    let words = text.split(' ').map(|word| match word {
        "branch" => first.name.to_owned(),
        "branch's" => format!("{}'s", first.name),
        "hq" => second.name.to_owned(),
        "hq's" => format!("{}'s", second.name),
        other => other.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

fn strangers([first, second]: &[Side<'_>; 2]) -> String {
    format!(
        "no peer that {} configures is {}, and none that {} configures is {}",
        first.name, second.name, second.name, first.name
    )
}

/// Whom a file knows.
fn peers(side: &Side<'_>) -> Vec<(Option<Span>, String)> {
    let connections = side.gateway.connections.iter();
    connections
        .map(|connection| {
            let words = format!("{}: its peer is {}", side.name, connection.remote);
            (connection.name.span, words)
        })
        .collect()
}
