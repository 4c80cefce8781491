//! An end speaks IKEv1.

use crate::rule::{Effect, Found, Judge, Pair, Party, Rule};
use crate::words::WHOEVER;
use crossgate_diag::{Certainty, Finding};
use crossgate_model::event::EventKind;
use crossgate_model::{Change, IkeVersion};

pub const RULE: Rule = Rule {
    code: "ike-version-differs",
    page: include_str!("ike_version_differs.md"),
    judge: Judge::Pair(judge),
};

fn judge(pair: &Pair<'_>, found: &mut Vec<Found>) {
    let ends = [pair.first, pair.second];
    let old: Vec<_> = ends.into_iter().filter(is_old).collect();
    let (Some(one), others) = (old.first(), ends.iter().filter(|end| !is_old(end))) else {
        return;
    };
    let title = match old.len() {
        1 => format!("{} speaks IKEv1 only", one.name()),
        _ => "both ends speak IKEv1 only".to_owned(),
    };
    let mut finding = Finding::error(RULE.code, title)
        .when("before the first message")
        .starter(WHOEVER)
        .certain(Certainty::Rfc)
        .noted("IKEv1 is obsolete (RFC 9395), and this program judges IKEv2 only");
    for end in &old {
        finding = finding.at(place(end), "IKEv1");
    }
    for end in others {
        finding = finding.beside(place(end), "IKEv2");
    }
    let names: Vec<_> = old.iter().map(Party::name).collect();
    let changes = old.iter().map(|end| {
        let connection = end.connection.name.value.clone();
        (end.end, Change::Ikev2Only { connection })
    });
    let text = format!("let {} speak IKEv2", names.join(" and "));
    let mut told = Found::with(finding, Effect::NeverComesUp).cure(text, changes.collect());
    if old.len() == 1 {
        let reason = "version 1 message, expected IKEv2".to_owned();
        let event = EventKind::MessageRejected {
            exchange: None,
            reason,
        };
        told = told.event(one.end.other(), event);
    }
    found.push(told);
}

pub(super) fn is_old(end: &Party<'_>) -> bool {
    end.connection.version.value == IkeVersion::V1
}

fn place(end: &Party<'_>) -> Option<crossgate_diag::Span> {
    end.connection.version.span.or(end.connection.name.span)
}
