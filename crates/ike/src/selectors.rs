//! Traffic selectors: narrowing by the responder, and the initiator's check of the answer
//! (RFC 7296 §2.9).
//!
//! Both checks give [`SelectorsAgreed`], without which no Child SA can be made.

use crate::limits::MAX_SELECTORS;
use crossgate_model::behaviour::ResponderSelectors;
use crossgate_model::{Selector, SelectorPair};
use crossgate_wire::ike::{TrafficSelector, TsPayload};

/// The selectors of a Child SA, inside what both ends want. Only this file makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SelectorsAgreed {
    local: Vec<Selector>,
    remote: Vec<Selector>,
}

impl SelectorsAgreed {
    pub fn local(&self) -> &[Selector] {
        &self.local
    }

    pub fn remote(&self) -> &[Selector] {
        &self.remote
    }

    /// The first of each side: all there is, but for peers that give lists.
    pub fn pair(&self) -> SelectorPair {
        pair_of(&self.local, &self.remote)
    }
}

/// How well an offer suits a configured Child; the greatest is the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fit {
    /// By intersection; so many addresses of both sides remain.
    Narrowed(u128),
    /// The offer has what is configured inside it.
    Covers,
    Exact,
}

/// What a peer offers, from our point of view: `local` is its idea of our side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Offered {
    local: Vec<Selector>,
    remote: Vec<Selector>,
    /// The selectors of the packet that made the peer ask, if it told (RFC 7296 §2.9).
    packet: Option<SelectorPair>,
}

impl Offered {
    /// `ours` is the payload about our side, `theirs` the one about the peer's.
    pub fn new(ours: &TsPayload, theirs: &TsPayload) -> Self {
        let (local, remote) = (from_wire(ours), from_wire(theirs));
        let packet = packet_of(&local, &remote);
        Self {
            local: widest(local),
            remote: widest(remote),
            packet,
        }
    }

    /// Answers as responder for a Child that is configured so; `None` is TS_UNACCEPTABLE.
    pub fn narrow(
        &self,
        configured: &SelectorPair,
        manner: ResponderSelectors,
    ) -> Option<(Fit, SelectorsAgreed)> {
        let fit = self.fit(configured)?;
        let allowed = match manner {
            ResponderSelectors::Narrow => true,
            ResponderSelectors::MustCoverConfigured => fit >= Fit::Covers,
            ResponderSelectors::Exact => fit == Fit::Exact,
        };
        let agreed = SelectorsAgreed {
            local: intersections(&self.local, &[configured.local]),
            remote: intersections(&self.remote, &[configured.remote]),
        };
        let has_packet = |packet: &SelectorPair| configured.contains(packet);
        (allowed && self.packet.as_ref().is_none_or(has_packet)).then_some((fit, agreed))
    }

    /// Answers the rekey of a Child SA that agreed on `old`, if the offer still covers that
    /// (RFC 7296 §2.9.2).
    pub fn same_as(&self, old: &SelectorsAgreed) -> Option<SelectorsAgreed> {
        let covered = |offer: &[Selector], wanted: &[Selector]| {
            wanted
                .iter()
                .all(|one| offer.iter().any(|o| o.contains(one)))
        };
        let all = covered(&self.local, &old.local) && covered(&self.remote, &old.remote);
        all.then(|| old.clone())
    }

    fn fit(&self, configured: &SelectorPair) -> Option<Fit> {
        let exact = self.local == [configured.local] && self.remote == [configured.remote];
        let covers =
            |offer: &[Selector], wanted: &Selector| offer.iter().any(|o| o.contains(wanted));
        if exact {
            return Some(Fit::Exact);
        }
        if covers(&self.local, &configured.local) && covers(&self.remote, &configured.remote) {
            return Some(Fit::Covers);
        }
        let local = intersections(&self.local, &[configured.local]);
        let remote = intersections(&self.remote, &[configured.remote]);
        let count = |side: &[Selector]| {
            side.iter()
                .fold(0u128, |sum, one| sum.saturating_add(one.address_count()))
        };
        let some = !local.is_empty() && !remote.is_empty();
        some.then(|| Fit::Narrowed(count(&local).saturating_mul(count(&remote))))
    }
}

/// What came back to an offer of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answered {
    AsOffered(SelectorsAgreed),
    Narrower(SelectorsAgreed),
    /// Not inside what we offered, or nothing at all.
    Outside,
}

/// Checks, as initiator, what the responder made of our offer.
pub(crate) fn check_answer(
    offered: (&[Selector], &[Selector]),
    ours: &TsPayload,
    theirs: &TsPayload,
) -> Answered {
    let (local, remote) = (from_wire(ours), from_wire(theirs));
    let inside = |answer: &[Selector], offer: &[Selector]| {
        !answer.is_empty() && answer.iter().all(|a| offer.iter().any(|o| o.contains(a)))
    };
    let understood = local.len() == ours.entries.len() && remote.len() == theirs.entries.len();
    let few = local.len().max(remote.len()) <= MAX_SELECTORS;
    if !understood || !few || !inside(&local, offered.0) || !inside(&remote, offered.1) {
        return Answered::Outside;
    }
    let whole = |answer: &[Selector], offer: &[Selector]| offer.iter().all(|o| answer.contains(o));
    let as_offered = whole(&local, offered.0) && whole(&remote, offered.1);
    let agreed = SelectorsAgreed { local, remote };
    if as_offered {
        Answered::AsOffered(agreed)
    } else {
        Answered::Narrower(agreed)
    }
}

pub(crate) fn to_wire(selectors: &[Selector]) -> TsPayload {
    TsPayload::new(selectors.iter().map(|s| TrafficSelector {
        ip_protocol: s.protocol,
        start_port: s.start_port,
        end_port: s.end_port,
        start: s.start,
        end: s.end,
    }))
}

/// Ranges that select nothing, such as the OPAQUE ports, are left out.
fn from_wire(payload: &TsPayload) -> Vec<Selector> {
    let some = |s: &&TrafficSelector| s.start <= s.end && s.start_port <= s.end_port;
    let ranges = payload.ranges().filter(some);
    ranges
        .map(|s| Selector {
            start: s.start,
            end: s.end,
            protocol: s.ip_protocol,
            start_port: s.start_port,
            end_port: s.end_port,
        })
        .collect()
}

/// `A <-> B`, each side a list with commas: the same notation for offers and configurations.
pub(crate) fn describe(local: &[Selector], remote: &[Selector]) -> String {
    format!("{} <-> {}", list(local), list(remote))
}

/// The two payloads of a peer, from our point of view.
pub(crate) fn describe_payloads(ours: Option<&TsPayload>, theirs: Option<&TsPayload>) -> String {
    let side = |payload: Option<&TsPayload>| payload.map(from_wire).unwrap_or_default();
    describe(&side(ours), &side(theirs))
}

fn list(selectors: &[Selector]) -> String {
    if selectors.is_empty() {
        return "nothing".to_owned();
    }
    let each: Vec<String> = selectors.iter().map(Selector::to_string).collect();
    each.join(", ")
}

pub(crate) fn pair_of(local: &[Selector], remote: &[Selector]) -> SelectorPair {
    let first = |side: &[Selector]| side.first().copied().unwrap_or(Selector::ANY_V4);
    SelectorPair {
        local: first(local),
        remote: first(remote),
    }
}

/// A single address on both sides before wider ranges that have it inside: the packet's own.
fn packet_of(local: &[Selector], remote: &[Selector]) -> Option<SelectorPair> {
    let first = |side: &[Selector]| match side {
        [first, rest @ ..] if first.start == first.end => rest
            .iter()
            .any(|wider| wider.contains(first))
            .then_some(*first),
        _ => None,
    };
    Some(SelectorPair {
        local: first(local)?,
        remote: first(remote)?,
    })
}

/// Without those that are inside another one.
fn widest(selectors: Vec<Selector>) -> Vec<Selector> {
    let mut kept: Vec<Selector> = Vec::new();
    for one in selectors {
        if !kept.iter().any(|k| k.contains(&one)) {
            kept.retain(|k| !one.contains(k));
            kept.push(one);
        }
    }
    kept
}

fn intersections(a: &[Selector], b: &[Selector]) -> Vec<Selector> {
    let all = a
        .iter()
        .flat_map(|a| b.iter().filter_map(|b| a.intersection(b)));
    let mut all = widest(all.collect());
    all.truncate(MAX_SELECTORS);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(text: &str) -> Selector {
        Selector::net(text.parse().unwrap())
    }

    fn pair(local: &str, remote: &str) -> SelectorPair {
        SelectorPair {
            local: net(local),
            remote: net(remote),
        }
    }

    fn offer(local: &[&str], remote: &[&str]) -> Offered {
        let side = |texts: &[&str]| to_wire(&texts.iter().map(|t| net(t)).collect::<Vec<_>>());
        Offered::new(&side(local), &side(remote))
    }

    fn narrowed(offer: &Offered, configured: &SelectorPair, manner: ResponderSelectors) -> String {
        match offer.narrow(configured, manner) {
            Some((fit, agreed)) => {
                format!("{fit:?}: {}", describe(agreed.local(), agreed.remote()))
            }
            None => "unacceptable".into(),
        }
    }

    #[test]
    fn any_to_any_against_specific_selectors_narrows_where_the_profile_allows() {
        let configured = pair("10.1.0.0/16", "10.2.0.0/16");
        let any = offer(&["0.0.0.0/0"], &["0.0.0.0/0"]);
        for (manner, expected) in [
            (
                ResponderSelectors::Narrow,
                "Covers: 10.1.0.0/16 <-> 10.2.0.0/16",
            ),
            (
                ResponderSelectors::MustCoverConfigured,
                "Covers: 10.1.0.0/16 <-> 10.2.0.0/16",
            ),
            (ResponderSelectors::Exact, "unacceptable"),
        ] {
            assert_eq!(narrowed(&any, &configured, manner), expected);
        }
    }

    #[test]
    fn specific_selectors_against_any_to_any_depend_on_the_profile() {
        let any = SelectorPair::ANY_V4;
        let specific = offer(&["10.1.0.0/16"], &["10.2.0.0/16"]);
        for (manner, expected) in [
            (
                ResponderSelectors::Narrow,
                "Narrowed(4294967296): 10.1.0.0/16 <-> 10.2.0.0/16",
            ),
            (ResponderSelectors::MustCoverConfigured, "unacceptable"),
            (ResponderSelectors::Exact, "unacceptable"),
        ] {
            assert_eq!(narrowed(&specific, &any, manner), expected);
        }
    }

    #[test]
    fn the_exact_pair_is_exact_even_behind_the_selectors_of_a_packet() {
        let configured = pair("10.1.0.0/16", "10.2.0.0/16");
        let with_packet = offer(
            &["10.1.0.7/32", "10.1.0.0/16"],
            &["10.2.0.7/32", "10.2.0.0/16"],
        );
        let got = narrowed(&with_packet, &configured, ResponderSelectors::Exact);
        assert_eq!(got, "Exact: 10.1.0.0/16 <-> 10.2.0.0/16");
    }

    #[test]
    fn the_set_that_has_the_packet_is_chosen_and_another_is_not() {
        let wide = offer(
            &["10.1.0.7/32", "10.0.0.0/8"],
            &["10.2.0.7/32", "10.0.0.0/8"],
        );
        let manner = ResponderSelectors::Narrow;
        let right = pair("10.1.0.0/16", "10.2.0.0/16");
        let wrong = pair("10.3.0.0/16", "10.2.0.0/16");
        assert_eq!(
            narrowed(&wide, &right, manner),
            "Covers: 10.1.0.0/16 <-> 10.2.0.0/16"
        );
        assert_eq!(narrowed(&wide, &wrong, manner), "unacceptable");
    }

    #[test]
    fn an_answer_must_be_inside_the_offer() {
        let (local, remote) = ([net("10.1.0.0/16")], [net("10.2.0.0/16")]);
        let answer = |l: &str, r: &str| {
            check_answer((&local, &remote), &to_wire(&[net(l)]), &to_wire(&[net(r)]))
        };
        assert!(matches!(
            answer("10.1.0.0/16", "10.2.0.0/16"),
            Answered::AsOffered(_)
        ));
        assert!(matches!(
            answer("10.1.0.0/24", "10.2.0.0/16"),
            Answered::Narrower(_)
        ));
        assert_eq!(answer("10.0.0.0/8", "10.2.0.0/16"), Answered::Outside);
        assert_eq!(answer("10.3.0.0/16", "10.2.0.0/16"), Answered::Outside);
        let nothing = check_answer(
            (&local, &remote),
            &TsPayload::default(),
            &TsPayload::default(),
        );
        assert_eq!(nothing, Answered::Outside);
    }
}
