//! Lifetimes that aren't alike: harmless, but who rekeys, and when?

use crate::agreement::rekey::{Window, believed};
use crate::rule::{Found, Judge, Pair, Party, Rule};
use crate::words::seconds;
use crossgate_diag::{Certainty, Finding, Span, Spanned};
use crossgate_model::behaviour::{Claim, RekeyMargin};
use crossgate_model::{Change, Child};
use std::time::Duration;

pub const RULE: Rule = Rule {
    code: "lifetimes-differ",
    page: include_str!("lifetimes_differ.md"),
    judge: Judge::Pair(judge),
};

fn judge(pair: &Pair<'_>, found: &mut Vec<Found>) {
    ike(pair, found);
    let mut told: Vec<[Option<Span>; 4]> = Vec::new();
    for &[ours, theirs] in pair.children() {
        let places = places(ours, theirs);
        if told.contains(&places) {
            continue;
        }
        told.push(places);
        children(pair, [ours, theirs], found);
        kilobytes(pair, [ours, theirs], found);
    }
}

/// Children of one tunnel have their lifetimes from one line.
fn places(ours: &Child, theirs: &Child) -> [Option<Span>; 4] {
    let kilobytes = |child: &Child| child.lifetime.kilobytes.and_then(|limit| limit.span);
    let time = |child: &Child| child.lifetime.time.span;
    [time(ours), time(theirs), kilobytes(ours), kilobytes(theirs)]
}

struct Times<'a> {
    what: &'static str,
    ends: [Party<'a>; 2],
    times: [Spanned<Duration>; 2],
    /// Where a default has no line.
    names: [Option<Span>; 2],
    windows: [Window; 2],
    margins: [Claim<RekeyMargin>; 2],
}

fn ike(pair: &Pair<'_>, found: &mut Vec<Found>) {
    let ends = [pair.first, pair.second];
    let times = Times {
        what: "IKE",
        ends,
        times: ends.map(|end| end.connection.lifetime),
        names: ends.map(|end| end.connection.name.span),
        windows: ends.map(|end| Window::of_ike(&end)),
        margins: ends.map(|end| end.gateway().behaviour.ike_rekey),
    };
    let change = |end: usize, to: Duration| {
        let connection = ends.get(end)?.connection.name.value.clone();
        Some(Change::IkeLifetime { connection, to })
    };
    found.extend(times.told(change));
}

fn children(pair: &Pair<'_>, both: [&Child; 2], found: &mut Vec<Found>) {
    let ends = [pair.first, pair.second];
    let [ours, theirs] = both;
    let times = Times {
        what: "Child",
        ends,
        times: both.map(|child| child.lifetime.time),
        names: both.map(|child| child.name.span),
        windows: [
            Window::of_child(&pair.first, ours),
            Window::of_child(&pair.second, theirs),
        ],
        margins: ends.map(|end| end.gateway().behaviour.child_rekey),
    };
    let change = |end: usize, to: Duration| {
        let child = both.get(end)?.name.value.clone();
        Some(Change::ChildLifetime { child, to })
    };
    found.extend(times.told(change));
}

impl Times<'_> {
    fn told(&self, change: impl Fn(usize, Duration) -> Option<Change>) -> Option<Found> {
        let ([a, b], [first, second]) = (self.times, self.ends);
        if a.value == b.value {
            return None;
        }
        let title = format!(
            "{} lifetimes differ: {} has {}, {} {}",
            self.what,
            first.name(),
            seconds(a.value),
            second.name(),
            seconds(b.value)
        );
        let [our_name, their_name] = self.names;
        let finding = Finding::note(RULE.code, title)
            .beside(
                a.span.or(our_name),
                format!("{}: {}", first.name(), seconds(a.value)),
            )
            .beside(
                b.span.or(their_name),
                format!("{}: {}", second.name(), seconds(b.value)),
            )
            .certain(Certainty::Rfc)
            .noted("lifetimes are not negotiated (RFC 7296 §2.8): each end goes by its own")
            .noted(self.who_rekeys());
        let mut finding = finding;
        let margins = self.ends.iter().map(Party::name).zip(self.margins);
        finding.notes.extend(believed(margins));
        // The shorter one is the safer.
        let (longer, to) = match a.value > b.value {
            true => (0, b.value),
            false => (1, a.value),
        };
        let found = Found::harmless(finding);
        let (Some(party), Some(change)) = (self.ends.get(longer), change(longer, to)) else {
            return Some(found);
        };
        let text = format!("give {} a lifetime of {}", party.name(), seconds(to));
        Some(found.cure(text, vec![(party.end, change)]))
    }

    fn who_rekeys(&self) -> String {
        let ([a, b], [first, second]) = (self.windows, self.ends);
        let by = |end: &Party<'_>, window: &Window| {
            let latest = seconds(window.latest);
            match window.earliest == window.latest {
                true => format!("{} rekeys first, {latest} after the SA came up", end.name()),
                false => format!(
                    "{} rekeys first, {} to {latest} after the SA came up",
                    end.name(),
                    window.earliest.as_secs()
                ),
            }
        };
        if a.is_before(&b) {
            return by(&first, &a);
        }
        if b.is_before(&a) {
            return by(&second, &b);
        }
        format!(
            "either end may rekey first, from {} after the SA came up on",
            seconds(a.earliest.min(b.earliest))
        )
    }
}

/// Told where an end states a limit and the other has another one.
fn kilobytes(pair: &Pair<'_>, both: [&Child; 2], found: &mut Vec<Found>) {
    let ends = [pair.first, pair.second];
    let [a, b] = both.map(|child| child.lifetime.kilobytes);
    let value = |limit: Option<Spanned<u64>>| limit.map(|limit| limit.value);
    let is_stated = [a, b].iter().flatten().any(|limit| limit.span.is_some());
    if value(a) == value(b) || !is_stated {
        return;
    }
    let words = |limit| value(limit).map_or("no limit".to_owned(), |kb| format!("{kb} kB"));
    let [first, second] = ends;
    let title = format!(
        "Child lifetimes by volume differ: {} has {}, {} {}",
        first.name(),
        words(a),
        second.name(),
        words(b)
    );
    let mut finding = Finding::note(RULE.code, title)
        .certain(Certainty::Rfc)
        .noted("volumes are not negotiated: the end with the lower limit rekeys when it is near");
    for ((end, child), limit) in ends.iter().zip(both).zip([a, b]) {
        let span = limit.and_then(|limit| limit.span).or(child.name.span);
        finding = finding.beside(span, format!("{}: {}", end.name(), words(limit)));
    }
    // The lower one is the safer; no limit is the highest.
    let rank = |limit| value(limit).unwrap_or(u64::MAX);
    let ((end, child), to) = match rank(a) > rank(b) {
        true => ((first, both[0]), value(b)),
        false => ((second, both[1]), value(a)),
    };
    let change = Change::ChildKilobytes {
        child: child.name.value.clone(),
        to,
    };
    let text = format!("give {} the limit of the other end", end.name());
    found.push(Found::harmless(finding).cure(text, vec![(end.end, change)]));
}
