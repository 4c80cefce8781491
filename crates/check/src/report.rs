//! The rules run, their findings in the vendors' words, and the verdict.

use crate::agreement::start;
use crate::rule::{
    Both, Cure, Effect, Found, Judge, Known, One, Options, Pair, Party, Profile, Side, Whole,
};
use crate::rules::{self, hardening::without_weakening};
use crossgate_diag::{Amendment, Finding, Fix, Sources, Span, Symptom};
use crossgate_model::pairing;
use crossgate_model::plan::{Plan, Site, is_usable};
use crossgate_model::{Change, End, Event, Gateway, Verdict};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// Tunnels between the same two gateways, beside the first, whose way through routes, zones, rules
/// and NAT is judged: each takes a look at all of them.
pub const PATHS_MAX: usize = 64;

/// What is to be said of one configuration or two.
#[derive(Debug)]
pub struct Report {
    /// In the order of the rules; the caller adds what its dialects found at reading.
    pub findings: Vec<Finding>,
    /// Of two configurations; the worst tunnel decides.
    pub verdict: Option<Verdict>,
    pub tunnels: Vec<Tunnel>,
    /// What one file lacks and is taken from the other.
    pub assumptions: Vec<String>,
}

/// A pair of connections, and what becomes of it.
#[derive(Clone, Debug)]
pub struct Tunnel {
    pub connections: [String; 2],
    pub verdict: Verdict,
}

/// Judges what one configuration alone can be wrong about.
pub fn judge_one(sources: &Sources, side: Side<'_>, options: Options) -> Report {
    let mut found = Vec::new();
    let one = One {
        end: End::First,
        side,
        peer: None,
        pairs: &[],
        options,
    };
    run_one(&one, &mut found);
    let sides = [side, side];
    Report {
        findings: told(sources, sides, options.profile, found),
        verdict: None,
        tunnels: Vec::new(),
        assumptions: Vec::new(),
    }
}

/// Judges two configurations that are to be joined.
pub fn judge_pair(sources: &Sources, sides: [Side<'_>; 2], options: Options) -> Report {
    let [first, second] = sides;
    let plan = Plan::new(first.gateway, second.gateway).ok();
    let site = |of: fn(&Plan) -> &Site| plan.as_ref().map(of);
    let gateways = [
        assumed(first.gateway, site(|plan| &plan.branch)),
        assumed(second.gateway, site(|plan| &plan.hq)),
    ];
    let sides = with_gateways(sides, &gateways);
    let [first, second] = sides;
    let pairs = pairing::connections(first.gateway, second.gateway);

    let mut found = Vec::new();
    // What fits equally well goes by the order of the end that asks.
    let swapped = pairing::connections(second.gateway, first.gateway);
    let ends = [
        (End::First, first, second, &pairs),
        (End::Second, second, first, &swapped),
    ];
    for (end, side, peer, pairs) in ends {
        let one = One {
            end,
            side,
            peer: Some(peer),
            pairs,
            options,
        };
        run_one(&one, &mut found);
    }
    let both = Both {
        sides,
        options,
        plan: plan.as_ref(),
        pairs: &pairs,
    };
    for rule in rules::all() {
        if let Judge::Both(judge) = rule.judge {
            judge(&both, &mut found);
        }
    }
    let (mut tunnels, mut of_tunnels) = (Vec::new(), Vec::new());
    let further = further(plan.as_ref(), [first.gateway, second.gateway], &pairs);
    let whole = Whole::default();
    for &[i, j] in &pairs {
        let (Some(ours), Some(theirs)) = (
            first.gateway.connections.get(i),
            second.gateway.connections.get(j),
        ) else {
            continue;
        };
        let party = |end, side, connection| Party {
            end,
            side,
            connection,
        };
        let mut plans = plan.iter().chain(&further);
        let pair = Pair {
            first: party(End::First, first, ours),
            second: party(End::Second, second, theirs),
            pairs: &pairs,
            options,
            plan: plans.find(|plan| plan.is_of(ours, theirs)),
            whole: &whole,
            known: Known::default(),
        };
        let mut of_pair = Vec::new();
        run_pair(&pair, &mut of_pair);
        let names = [&ours.name.value, &theirs.name.value];
        let concerning = found.iter().filter(|found| found.concerns(names));
        let effects: Vec<_> = concerning.chain(&of_pair).map(|f| f.effect).collect();
        tunnels.push(Tunnel {
            connections: names.map(Clone::clone),
            verdict: verdict(&effects, &starters(&pair)),
        });
        of_tunnels.extend(of_pair);
    }
    found.extend(of_tunnels);
    let found = once(found);
    let worst = tunnels.iter().map(|tunnel| tunnel.verdict).max();
    Report {
        verdict: Some(worst.unwrap_or(Verdict::NeverComesUp)),
        findings: told(sources, sides, options.profile, found),
        tunnels,
        assumptions: assumptions(plan.into_iter().chain(further)),
    }
}

/// The networks of further tunnels between the same two gateways, as far as they are on.
fn further(plan: Option<&Plan>, [a, b]: [&Gateway; 2], pairs: &[[usize; 2]]) -> Vec<Plan> {
    let connections = pairs.iter().filter_map(|&[i, j]| {
        let both = (a.connections.get(i)?, b.connections.get(j)?);
        let is_new = plan.is_none_or(|plan| !plan.is_of(both.0, both.1));
        (is_new && is_usable(both.0) && is_usable(both.1)).then_some(both)
    });
    let plans = connections
        .take(PATHS_MAX)
        .map(|(ours, theirs)| Plan::between((a, ours), (b, theirs)));
    plans.filter_map(Result::ok).collect()
}

/// Each once.
fn assumptions(plans: impl Iterator<Item = Plan>) -> Vec<String> {
    let mut told = BTreeSet::new();
    let all = plans.flat_map(|plan| plan.assumptions);
    all.filter(|sentence| told.insert(sentence.clone()))
        .collect()
}

fn run_one(one: &One<'_>, found: &mut Vec<Found>) {
    for rule in rules::all() {
        if let Judge::One(judge) = rule.judge {
            judge(one, found);
        }
    }
}

fn run_pair(pair: &Pair<'_>, found: &mut Vec<Found>) {
    for rule in rules::all() {
        if let Judge::Pair(judge) = rule.judge {
            judge(pair, found);
        }
    }
}

/// The gateway with the address that the network as planned gives it: a copy only where its file
/// lacks one, because a hub's file is large.
fn assumed<'a>(gateway: &'a Gateway, site: Option<&Site>) -> Cow<'a, Gateway> {
    match site.filter(|site| gateway.awaits_address(&site.wan_interface)) {
        None => Cow::Borrowed(gateway),
        Some(site) => {
            let mut gateway = gateway.clone();
            gateway.assume_address(&site.wan_interface, site.wan.into());
            Cow::Owned(gateway)
        }
    }
}

fn with_gateways<'a>(sides: [Side<'a>; 2], gateways: &'a [Cow<'_, Gateway>; 2]) -> [Side<'a>; 2] {
    let [a, b] = sides;
    let [first, second] = gateways;
    [
        Side {
            gateway: first,
            ..a
        },
        Side {
            gateway: second,
            ..b
        },
    ]
}

/// The ends that their own files let start.
fn starters(pair: &Pair<'_>) -> Vec<End> {
    let ends = [pair.first, pair.second];
    let may = ends.iter().filter(|end| start::may_start(end));
    may.map(|party| party.end).collect()
}

/// All effects together. Who never starts of itself is not expected to.
fn verdict(effects: &[Effect], starters: &[End]) -> Verdict {
    let effects = || effects.iter().copied();
    let fails = |end: &&End| {
        effects().any(|effect| {
            effect == Effect::NeverComesUp || effect == Effect::FailsWhen { starts: **end }
        })
    };
    let works: Vec<_> = starters.iter().filter(|end| !fails(end)).collect();
    match works.as_slice() {
        [] => return Verdict::NeverComesUp,
        [starts] if starters.len() > 1 => return Verdict::OnlyWhen { starts: **starts },
        _ => {}
    }
    if let Some(from) = no_traffic(effects()) {
        return Verdict::NoTraffic { from };
    }
    let rekeys = effects().filter_map(|effect| match effect {
        Effect::FailsAtRekey { after } => Some(after),
        _ => None,
    });
    rekeys.min().map_or(Verdict::ComesUp, Verdict::fails_at)
}

/// From which end no packet arrives; both ends' troubles together are `Some(None)`.
fn no_traffic(effects: impl Iterator<Item = Effect>) -> Option<Option<End>> {
    let stopped = effects.filter_map(|effect| match effect {
        Effect::NoTraffic { from } => Some(from),
        _ => None,
    });
    stopped.reduce(|a, b| if a == b { a } else { None })
}

/// What several tunnels share is one cause, told once: the same sentence about the same mistake, with
/// what each of them adds.
fn once(found: Vec<Found>) -> Vec<Found> {
    let mut known: BTreeMap<_, usize> = BTreeMap::new();
    let mut told: Vec<Found> = Vec::new();
    for found in found {
        let finding = &found.finding;
        let mistakes = finding.labels.iter().filter(|label| label.primary);
        let mistakes: Vec<Span> = mistakes.map(|label| label.span).collect();
        if mistakes.is_empty() {
            told.push(found);
            continue;
        }
        let key = (finding.code, finding.title.clone(), mistakes);
        match known.get(&key).and_then(|at| told.get_mut(*at)) {
            Some(first) => first.join(found),
            None => {
                known.insert(key, told.len());
                told.push(found);
            }
        }
    }
    told
}

/// Findings with symptoms and fixes in the words of both ends' vendors.
fn told(
    sources: &Sources,
    sides: [Side<'_>; 2],
    profile: Profile,
    mut found: Vec<Found>,
) -> Vec<Finding> {
    for found in &mut found {
        let cures = std::mem::take(&mut found.cures);
        found.cures = without_weakening(profile, cures);
    }
    let of = |end: End| match (end, &sides) {
        (End::First, [first, _]) => *first,
        (End::Second, [_, second]) => *second,
    };
    let wanted = wanted(&found);
    found
        .into_iter()
        .map(|found| {
            let mut finding = found.finding;
            for (end, kind) in found.events {
                let side = of(end);
                let event = Event {
                    connection: None,
                    child: None,
                    peer: None,
                    ike_spis: None,
                    kind,
                };
                let lines = side.language.symptoms(&event);
                if lines.is_empty() {
                    let (name, kind) = (side.name, &event.kind);
                    let note = format!("{name} sees: {kind} (no published log shows its words)");
                    finding.notes.push(note);
                }
                finding
                    .symptoms
                    .extend(lines.into_iter().map(|line| Symptom {
                        end: side.name.to_owned(),
                        line,
                    }));
            }
            for cure in found.cures {
                match fix(sources, of, &cure, &wanted) {
                    Ok(fix) => finding.fixes.push(fix),
                    Err(why) => finding.notes.push(why),
                }
            }
            finding
        })
        .collect()
}

/// A cure in the words of its files; or why it has to be done by hand. `wanted` is what all the
/// findings want changed, by end.
fn fix<'a>(
    sources: &Sources,
    of: impl Fn(End) -> Side<'a>,
    cure: &Cure,
    wanted: &BTreeMap<End, Vec<Change>>,
) -> Result<Fix, String> {
    let mut changes: Vec<(End, Vec<Change>)> = Vec::new();
    for (end, change) in &cure.changes {
        match changes.iter_mut().find(|(known, _)| known == end) {
            Some((_, known)) => known.push(change.clone()),
            None => changes.push((*end, vec![change.clone()])),
        }
    }
    let mut amendments = Vec::new();
    for (end, changes) in changes {
        let side = of(end);
        let wanted = wanted.get(&end).map_or(&[][..], Vec::as_slice);
        let amendment = amend(sources, side, &changes, wanted).map_err(|why| {
            format!(
                "to {}, {} has to be changed by hand: {why}",
                cure.text, side.name
            )
        })?;
        amendments.push(amendment);
    }
    Ok(Fix {
        text: cure.text.clone(),
        amendments,
    })
}

/// What the findings' first cures change.
fn wanted(found: &[Found]) -> BTreeMap<End, Vec<Change>> {
    let mut wanted: BTreeMap<End, Vec<Change>> = BTreeMap::new();
    let first = found.iter().filter_map(|found| found.cures.first());
    for (end, change) in first.flat_map(|cure| &cure.changes) {
        wanted.entry(*end).or_default().push(change.clone());
    }
    wanted
}

fn amend(
    sources: &Sources,
    side: Side<'_>,
    changes: &[Change],
    wanted: &[Change],
) -> Result<Amendment, String> {
    let Some(span) = any_span(side.gateway) else {
        return Err("no line of the file is known".into());
    };
    side.language
        .amend_all(sources.get(span.file), changes, wanted)
        .map_err(|why| why.to_string())
}

/// Some place of the gateway's file.
fn any_span(gateway: &Gateway) -> Option<Span> {
    let connections = gateway.connections.iter().map(|c| c.name.span);
    let interfaces = gateway.interfaces.iter().map(|i| i.name.span);
    connections.chain(interfaces).flatten().next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const FAILS_WHEN_FIRST: Effect = Effect::FailsWhen { starts: End::First };
    const AT_REKEY: Effect = Effect::FailsAtRekey {
        after: Duration::from_secs(3570),
    };

    fn silent(from: Option<End>) -> Effect {
        Effect::NoTraffic { from }
    }

    #[test]
    fn what_fails_only_when_one_end_starts_leaves_the_other() {
        let starts = End::Second;
        assert_eq!(
            verdict(&[FAILS_WHEN_FIRST, AT_REKEY], &End::BOTH),
            Verdict::OnlyWhen { starts }
        );
        let both = [FAILS_WHEN_FIRST, Effect::FailsWhen { starts }];
        assert_eq!(verdict(&both, &End::BOTH), Verdict::NeverComesUp);
    }

    #[test]
    fn an_end_that_never_starts_is_not_expected_to() {
        assert_eq!(
            verdict(&[FAILS_WHEN_FIRST], &[End::Second]),
            Verdict::ComesUp
        );
        assert_eq!(
            verdict(&[FAILS_WHEN_FIRST], &[End::First]),
            Verdict::NeverComesUp
        );
        assert_eq!(verdict(&[], &[]), Verdict::NeverComesUp);
    }

    #[test]
    fn traffic_of_both_ends_and_then_the_first_rekey_decide() {
        let (first, second) = (Some(End::First), Some(End::Second));
        let of = |effects: &[Effect]| verdict(effects, &End::BOTH);
        assert_eq!(
            of(&[AT_REKEY, silent(first)]),
            Verdict::NoTraffic { from: first }
        );
        assert_eq!(
            of(&[silent(first), silent(second)]),
            Verdict::NoTraffic { from: None }
        );
        let later = Effect::FailsAtRekey {
            after: Duration::from_secs(7000),
        };
        assert_eq!(
            of(&[later, AT_REKEY]),
            Verdict::FailsAtRekey { seconds: 3570 }
        );
        assert_eq!(of(&[Effect::None]), Verdict::ComesUp);
    }

    #[test]
    fn the_same_sentence_about_the_same_places_is_told_once_with_all_that_is_offered() {
        let mut sources = Sources::new();
        let file = sources.add("branch.cfg", "one\ntwo\n");
        let (first, second) = (Span::new(file, 0..3), Span::new(file, 4..7));
        let of = |title: &str, place: Option<Span>| {
            Found::harmless(Finding::warning("weak-algorithm", title).at(place, "here"))
        };
        let discard = |third: u8| Change::RemoveRoute {
            destination: format!("10.0.{third}.0/24").parse().expect("a net"),
        };
        let offering = |changes: &[u8]| {
            let changes = changes.iter().map(|third| (End::First, discard(*third)));
            of("1DES", Some(first)).cure("take AES", changes.collect())
        };
        let found = vec![
            of("1DES", Some(first)),
            of("1DES", Some(first)),
            of("1DES", Some(second)),
            of("MD5", Some(first)),
            of("no place", None),
            of("no place", None),
            offering(&[1]),
            offering(&[1, 2]),
        ];
        let told: Vec<_> = once(found)
            .into_iter()
            .map(|found| {
                let finding = found.finding;
                let places = finding.labels.iter().map(|label| label.span.start);
                let cures = found.cures.iter().map(|cure| cure.changes.len());
                (finding.title.clone(), places.collect(), cures.collect())
            })
            .collect();
        let expected: Vec<(String, Vec<u32>, Vec<usize>)> = vec![
            ("1DES".into(), vec![0], vec![2]),
            ("1DES".into(), vec![4], vec![]),
            ("MD5".into(), vec![0], vec![]),
            ("no place".into(), vec![], vec![]),
            ("no place".into(), vec![], vec![]),
        ];
        assert_eq!(told, expected);
    }
}
