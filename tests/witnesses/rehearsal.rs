//! The second witness: both engines in virtual time.

use super::prediction::{Judged, Reported};
use super::{unshown, words};
use crossgate_model::plan::Plan;
use crossgate_model::{End, Time, Verdict};
use crossgate_rehearse::observe::{Observation, Options, observe};
use crossgate_rehearse::scenario::Start;
use crossgate_rehearse::{Detail, Happening, Network, NodeId, Scenario, World};
use std::time::Duration;

/// A rehearsal may end before an unanswered end gives up: it has sent again, and that will do.
const STANDS_FOR: [(&str, &str); 1] = [("peer-dead", "retransmitted")];

/// For a pair that is not observed, since it means no tunnel: as long as an observation waits.
const UNPLANNED: Duration = Duration::from_secs(60);

/// Where, and the code.
type Seen = (Option<End>, String);

/// Codes told where a rule predicts none.
const TOLD: usize = 2;
/// The same where it predicts something else.
const LONGER: usize = 6;

/// In what the prediction came true; or what happened instead. `base` is the pair without fault.
pub fn confirm(
    judged: &Judged,
    base: &Judged,
    code: &str,
    nat_between: bool,
) -> Result<String, String> {
    let predicted = judged.events(code);
    let mut told = Vec::new();
    for nat in nats(nat_between) {
        let observation = observed(judged, nat);
        let rekeyed = confirm_verdict(judged, &observation)?;
        let evidence = match is_unplanned(&observation) && !predicted.is_empty() {
            true => run_unplanned(judged, base)?,
            false => observation
                .evidence
                .into_iter()
                .map(|e| (e.end, e.code.to_owned()))
                .collect(),
        };
        told.push(rekeyed + &confirm_events(code, &predicted, &evidence)?);
    }
    told.dedup();
    Ok(told.join("; "))
}

/// Nothing was run, because one file has nothing for the other.
fn is_unplanned(observation: &Observation) -> bool {
    observation
        .evidence
        .iter()
        .any(|e| e.code == "no-tunnel-meant")
}

/// What the ends report all the same, in the network that the pair without fault means.
fn run_unplanned(judged: &Judged, base: &Judged) -> Result<Vec<Seen>, String> {
    let [first, second] = &base.gateways;
    let plan = Plan::new(first, second).map_err(|error| error.to_string())?;
    let [first, second] = &judged.gateways;
    let mut seen = Vec::new();
    for starter in End::BOTH {
        let scenario = Scenario {
            start: Start::Only(starter),
            ..Scenario::default()
        };
        let mut world = World::new(Network::of(first, second, &plan), scenario, Detail::EVENTS);
        world.begin();
        world.run_until(Time::START + UNPLANNED);
        for entry in &world.trace().entries {
            if let Happening::Event { node, event } = &entry.what {
                let end = End::BOTH
                    .into_iter()
                    .find(|end| NodeId::from(*end) == *node);
                seen.push((end, event.kind.code().to_owned()));
            }
        }
    }
    Ok(seen)
}

/// Whether nothing fails any more.
pub fn confirm_cured(judged: &Judged, nat_between: bool) -> Result<(), String> {
    for nat in nats(nat_between) {
        let observation = observed(judged, nat);
        if observation.verdict != Verdict::ComesUp {
            return Err(differs(&observation));
        }
    }
    Ok(())
}

/// It may stand before either end.
fn nats(between: bool) -> Vec<Option<End>> {
    match between {
        true => End::BOTH.into_iter().map(Some).collect(),
        false => vec![None],
    }
}

fn observed(judged: &Judged, nat: Option<End>) -> Observation {
    let [first, second] = &judged.gateways;
    let options = Options {
        nat,
        ..Options::default()
    };
    observe(first, second, options)
}

/// The same in kind, direction and time.
fn confirm_verdict(judged: &Judged, observation: &Observation) -> Result<String, String> {
    match (judged.verdict, observation.verdict) {
        (Verdict::FailsAtRekey { .. }, Verdict::FailsAtRekey { seconds }) => {
            let rekey = judged.rekey().ok_or("nobody rekeys at that time")?;
            match rekey.within.contains(&seconds) {
                true => Ok(format!("after {seconds} s: ")),
                false => Err(format!("after {seconds} s, not within {:?}", rekey.within)),
            }
        }
        (predicted, observed) if predicted == observed => Ok(String::new()),
        _ => Err(differs(observation)),
    }
}

fn confirm_events(rule: &str, predicted: &[Reported], evidence: &[Seen]) -> Result<String, String> {
    let mut seen: Vec<Seen> = Vec::new();
    let mut unreported = String::new();
    for (end, code) in predicted {
        let has = |code: &&str| evidence.contains(&(Some(*end), (*code).to_owned()));
        let stands_for = STANDS_FOR.iter().find(|(whole, _)| whole == code);
        let found = [Some(code.as_str()), stands_for.map(|(_, part)| *part)];
        let why = unshown::unreported(rule, code);
        match (found.into_iter().flatten().find(has), why) {
            (Some(found), None) => seen.push((Some(*end), found.to_owned())),
            (Some(found), Some(_)) => {
                return Err(format!("{found} is reported by now, so not to be listed"));
            }
            (None, Some(why)) => unreported += &format!("; no {code}: {why}"),
            (None, None) => {
                let instead = words::codes(&firsts(evidence, LONGER));
                return Err(format!("{}: no {code}; but {instead}", words::name(*end)));
            }
        }
    }
    match predicted.is_empty() {
        true => Ok(words::codes(&firsts(evidence, TOLD))),
        false if seen.is_empty() => Ok(words::codes(&firsts(evidence, LONGER)) + &unreported),
        false => Ok(words::codes(&seen) + &unreported),
    }
}

/// The first so many that differ.
fn firsts(evidence: &[Seen], count: usize) -> Vec<Seen> {
    let mut firsts: Vec<Seen> = Vec::new();
    for one in evidence {
        if firsts.len() < count && !firsts.contains(one) {
            firsts.push(one.clone());
        }
    }
    firsts
}

fn differs(observation: &Observation) -> String {
    let evidence = observation.evidence.iter().take(4);
    let evidence: Vec<_> = evidence
        .map(|e| format!("{:?} {}", e.end, e.text))
        .collect();
    let verdict = observation.verdict.sentence(super::case::ENDS);
    format!("{verdict} ({})", evidence.join("; "))
}
